"""What Python registers in the process's ledger, what a budget says to it, and the bytes of textures."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

MIB = 1 << 20


@pytest.fixture
def room(native: ModuleType, adapter: str) -> Iterator[int]:
    """A common budget of 100 MiB more than is held, with a log that was read up to here."""
    native.device_info(adapter)
    gc.collect()
    held = native.memory_metrics()
    native.set_memory_budget(
        held["common_bytes"] + 100 * MIB, held["common_host_visible_bytes"] + 50 * MIB, adapter=adapter
    )
    native.drain_log()
    yield 100 * MIB
    native.set_budget_policy("enforce")
    native.set_memory_budget(adapter=adapter)


def told(native: ModuleType) -> list[tuple[str, str]]:
    """(level, text) of what the ledger logged since the last call."""
    return [(level, text) for level, target, text in native.drain_log() if "ledger" in target]


def test_each_kind_counts_where_it_belongs_and_python_bytes_tells_all_of_it(native: ModuleType, room: int) -> None:
    before = native.memory_metrics()
    keys = ("buffer_count", "buffer_bytes", "texture_count", "texture_bytes", "host_visible_bytes", "python_bytes",
            "device_local_bytes", "total_bytes", "common_bytes", "common_host_visible_bytes")  # fmt: skip

    def grown() -> dict[str, int]:
        now = native.memory_metrics()
        return {key: now[key] - before[key] for key in keys if now[key] != before[key]}

    with native.reserve("test.buffer", 5 * MIB) as held:
        assert held.bytes == 5 * MIB
        counted = dict.fromkeys(("buffer_bytes", "total_bytes", "python_bytes", "common_bytes"), 5 * MIB)
        assert grown() == {**counted, "device_local_bytes": 5 * MIB, "buffer_count": 1}
        assert ("test.buffer", 5 * MIB) in native.memory_metrics()["top"]
    assert grown() == {} and held.bytes == 0
    with native.reserve("test.visible", 5 * MIB, kind="host_visible"):
        visible = {"host_visible_bytes": 5 * MIB, "common_host_visible_bytes": 5 * MIB}
        assert grown() == {**counted, **visible, "buffer_count": 1}
    with native.reserve("test.texture", 5 * MIB, kind="texture"):
        del counted["buffer_bytes"]
        assert grown() == {**counted, "texture_bytes": 5 * MIB, "device_local_bytes": 5 * MIB, "texture_count": 1}
    # An array of a caller's: in the ledger, of any size, and against no budget.
    with native.reserve("test.array", 5000 * MIB, counted=False):
        assert grown() == {
            "buffer_count": 1, "buffer_bytes": 5000 * MIB, "total_bytes": 5000 * MIB, "python_bytes": 5000 * MIB,
        }  # fmt: skip
        assert native.memory_metrics()["within_budget"]
    assert grown() == {}


def test_a_reservation_ends_once_by_whatever_comes_first(native: ModuleType) -> None:
    before = native.memory_metrics()["python_bytes"]
    held = native.reserve("test", MIB, counted=False)
    threads = [threading.Thread(target=held.release) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held.release()
    assert native.memory_metrics()["python_bytes"] == before
    dropped = native.reserve("test", MIB, counted=False)
    assert native.memory_metrics()["python_bytes"] == before + MIB
    del dropped
    assert native.memory_metrics()["python_bytes"] == before
    with pytest.raises(KeyError), native.reserve("test", MIB, counted=False):
        raise KeyError
    assert native.memory_metrics()["python_bytes"] == before


def test_what_passes_the_budget_is_refused_with_what_is_held_and_counted_nowhere(native: ModuleType, room: int) -> None:
    before = native.memory_metrics()
    with native.reserve("test.large", 60 * MIB):
        for ask in (lambda: native.check_budget(60 * MIB), lambda: native.reserve("test.more", 60 * MIB)):
            with pytest.raises(native.MemoryBudgetError) as caught:
                ask()
            for part in ("40.0 MiB more", "total limit of", "are held", "60.0 MiB", "test.large 60.0 MiB", "fix:"):
                assert part in str(caught.value), f"{part!r} is missing in {caught.value}"
        native.check_budget(40 * MIB)
    with pytest.raises(native.MemoryBudgetError, match=r"host.visible limit"):
        native.reserve("test.visible", 51 * MIB, kind="host_visible")
    after = native.memory_metrics()
    assert after["total_bytes"] == before["total_bytes"] and after["within_budget"]


def test_a_policy_that_warns_makes_it_says_so_and_logs_one_record(native: ModuleType, room: int) -> None:
    native.set_budget_policy("warn")
    assert native.memory_metrics()["budget_policy"] == "warn"
    with native.reserve("test.large", room + MIB), native.reserve("test.more", MIB):
        assert not native.memory_metrics()["within_budget"]
        records = told(native)
        assert len(records) == 1 and records[0][0] == "WARN" and "test.large 101.0 MiB" in records[0][1]
        # The question is about the budget, whatever the policy.
        with pytest.raises(native.MemoryBudgetError):
            native.check_budget(1)
    assert native.memory_metrics()["within_budget"]
    native.set_budget_policy("enforce")
    with pytest.raises(native.MemoryBudgetError):
        native.reserve("test.large", room + MIB)


def test_a_renderer_too_draws_beyond_its_budget_where_the_policy_only_warns(native: ModuleType, adapter: str) -> None:
    native.device_info(adapter)
    heights = np.zeros((1000, 1000), dtype=np.float32)
    native.set_budget_policy("warn")
    try:
        renderer = native.Renderer(32, 24, adapter=adapter, memory_budget=2 * MIB)
        renderer.set_height_data(heights)
        assert not native.memory_metrics()["within_budget"]
        renderer.close()
        assert native.memory_metrics()["within_budget"]
    finally:
        native.set_budget_policy("enforce")


def test_health_is_one_record_for_each_share_that_is_passed(native: ModuleType, room: int) -> None:
    limit = native.memory_metrics()["total_limit"]
    free = room
    held = native.reserve("test.most", int(free - 0.2 * limit))  # 80 %
    assert [(level, "75 %" in text) for level, text in told(native)] == [("INFO", True)]
    for _ in range(50):
        native.reserve("test.little", MIB).release()
    assert told(native) == []
    more = native.reserve("test.more", int(0.15 * limit))  # 95 %
    assert [(level, "90 %" in text) for level, text in told(native)] == [("WARN", True)]
    more.release()
    held.release()
    assert told(native) == []
    with native.reserve("test.most", int(free - 0.05 * limit)):
        assert [(level, "90 %" in text) for level, text in told(native)] == [("WARN", True)], "one record, the higher"


def test_the_peak_begins_anew_when_it_is_reset(native: ModuleType) -> None:
    with native.reserve("test", 300 * MIB, counted=False):
        assert native.memory_metrics()["peak_bytes"] >= 300 * MIB
    native.reset_peak()
    now = native.memory_metrics()
    assert now["peak_bytes"] == now["total_bytes"]
    assert now["device_peak_bytes"] == now["total_bytes"] - now["python_bytes"]
    device = now["device_peak_bytes"]
    with native.reserve("test", 300 * MIB, counted=False):
        assert native.memory_metrics()["device_peak_bytes"] == device, "an array in Python lies on no device"


def test_many_threads_leave_the_ledger_as_they_found_it(native: ModuleType) -> None:
    before = native.memory_metrics()

    def reserve_and_let_go(number: int) -> None:
        for turn in range(200):
            with native.reserve(f"test.{number}", 1000 + turn, kind=("buffer", "texture")[turn % 2], counted=False):
                pass

    threads = [threading.Thread(target=reserve_and_let_go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = native.memory_metrics()
    for key in ("buffer_count", "texture_count", "total_bytes", "python_bytes", "top"):
        assert after[key] == before[key], key


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda native: native.reserve(5, 10), "a text; got 5"),
        (lambda native: native.reserve("x", 1.5), "a whole number; got 1.5"),
        (lambda native: native.reserve("x", -1), "bytes from 0; got -1"),
        (lambda native: native.reserve("x", 2**80, counted=False), "bytes that a machine has"),
        (lambda native: native.reserve("x", 10, kind="heap"), "'host_visible'|\"host_visible\""),
        (lambda native: native.reserve("x", 10, counted="yes"), "True or False"),
        (lambda native: native.check_budget(-1), "bytes from 0"),
        (lambda native: native.set_budget_policy("strict"), "\"enforce\" or \"warn\"; got \"strict\""),
        (lambda native: native.set_budget_policy(None), "a text; got None"),
        (lambda native: native.texture_bytes(4, 4, 4), "a text; got 4"),
    ],
)  # fmt: skip
def test_bad_arguments_are_told_as_such(native: ModuleType, call: Callable[[ModuleType], Any], words: str) -> None:
    with pytest.raises(native.InputError, match=words) as caught:
        call(native)
    assert "expected" in str(caught.value) and "fix:" in str(caught.value)


# Textures


# Bytes of a pixel or, with a block's sides, of a block: the numbers of the WebGPU specification's tables of formats.
PIXELS = {
    1: "r8unorm r8snorm r8uint r8sint stencil8",
    2: "r16unorm r16snorm r16uint r16sint r16float rg8unorm rg8snorm rg8uint rg8sint depth16unorm",
    4: "r32uint r32sint r32float rg16unorm rg16snorm rg16uint rg16sint rg16float rgba8unorm rgba8unorm-srgb "
       "rgba8snorm rgba8uint rgba8sint bgra8unorm bgra8unorm-srgb rgb9e5ufloat rgb10a2uint rgb10a2unorm rg11b10ufloat "
       "depth32float depth24plus depth24plus-stencil8",
    8: "rg32uint rg32sint rg32float rgba16unorm rgba16snorm rgba16uint rgba16sint rgba16float depth32float-stencil8",
    16: "rgba32uint rgba32sint rgba32float",
}  # fmt: skip
BLOCKS = {
    8: "bc1-rgba-unorm bc1-rgba-unorm-srgb bc4-r-unorm bc4-r-snorm etc2-rgb8unorm etc2-rgb8unorm-srgb etc2-rgb8a1unorm "
       "etc2-rgb8a1unorm-srgb eac-r11unorm eac-r11snorm",
    16: "bc2-rgba-unorm bc2-rgba-unorm-srgb bc3-rgba-unorm bc3-rgba-unorm-srgb bc5-rg-unorm bc5-rg-snorm "
        "bc6h-rgb-ufloat bc6h-rgb-float bc7-rgba-unorm bc7-rgba-unorm-srgb etc2-rgba8unorm etc2-rgba8unorm-srgb "
        "eac-rg11unorm eac-rg11snorm",
}  # fmt: skip
ASTC = ("4x4", "5x4", "5x5", "6x5", "6x6", "8x5", "8x6", "8x8", "10x5", "10x6", "10x8", "10x10", "12x10", "12x12")
FORMATS = {
    **{name: (1, 1, count) for count, names in PIXELS.items() for name in names.split()},
    **{name: (4, 4, count) for count, names in BLOCKS.items() for name in names.split()},
    **{f"astc-{block}-{kind}": (*map(int, block.split("x")), 16) for block in ASTC for kind in ("unorm", "unorm-srgb")},
}


def test_the_table_is_of_all_formats_of_the_specification() -> None:
    assert len(FORMATS) == 5 + 10 + 22 + 9 + 3 + 10 + 14 + 28


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_bytes_in_whole_blocks_of_every_level_and_layer(native: ModuleType, name: str) -> None:
    width, height, count = FORMATS[name]

    def by_hand(cols: int, rows: int, mips: int = 1) -> int:
        return sum(-(-max(1, cols >> m) // width) * -(-max(1, rows >> m) // height) * count for m in range(mips))

    for size in ((1, 1), (width, height), (width + 1, height), (100, 75), (1024, 1024), (16384, 3)):
        chain = max(size).bit_length()
        for mips in (1, chain):
            assert native.texture_bytes(*size, name, mips) == by_hand(*size, mips)
            assert native.texture_bytes(*size, name, mips, 6) == 6 * by_hand(*size, mips)
    if (width, height) == (1, 1):
        assert native.texture_bytes(100, 75, name, samples=4) == 4 * by_hand(100, 75)
    else:
        with pytest.raises(native.InputError, match="compressed"):
            native.texture_bytes(100, 75, name, samples=4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((4, 4, "rgb16float"), "none of three channels\\); fix: did you mean \"rgba16float\""),
        ((4, 4, "Rgba8UnormSrgb"), "did you mean \"rgba8unorm-srgb\""),
        ((4, 4, "bc1-rgba"), "did you mean \"bc1-rgba-unorm\""),
        ((4, 4, ""), "no such WebGPU format"),
        ((4, 4, "\U0001f30d" * 1000), "no such WebGPU format"),
        ((4, 4, "r64uint"), "no such WebGPU format"),  # wgpu has it, the specification has not
        ((0, 4, "r8unorm"), "from 1; got 0×4"),
        ((4, -4, "r8unorm"), "height: expected a number of 1..4294967295; got -4"),
        ((5, 4, "r8unorm", 4), "expected 1..3, down to one pixel of 5×4; got 4"),
        ((5, 4, "r8unorm", 0), "got 0"),
        ((4, 4, "r8unorm", 1, 0), "0 layers"),
        ((4, 4, "r8unorm", 1, 1, 2), "1 or 4, what WebGPU has; got 2"),
        ((4, 4, "r8unorm", 2, 1, 4), "one level of one layer"),
        ((4, 4, "r8unorm", 1, 2, 4), "one level of one layer"),
        ((2**32 - 1, 2**32 - 1, "rgba32float", 1, 2**32 - 1), "64 bits"),
    ],
)  # fmt: skip
def test_what_is_no_texture_of_webgpu_is_told(native: ModuleType, arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(native.InputError, match=words):
        native.texture_bytes(*arguments)
