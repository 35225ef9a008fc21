"""The ledger in Python's words: what it tells, what is entered into it, and how the program enters its own."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forge3d_qgis import native_loader
from forge3d_qgis.core import MemoryBudgetError, NativeMissingError, RenderSession, Scene, SceneError, read_dem, render
from forge3d_qgis.core.dem import Dem
from forge3d_qgis.core.memory_tracker import global_tracker, profile_memory_usage
from forge3d_qgis.core.resource_tracker import in_ledger, register_buffer, register_texture, texture_bytes

pytestmark = pytest.mark.gpu
MIB = 1 << 20
KEYS = {
    "buffer_count", "buffer_bytes", "texture_count", "texture_bytes", "host_visible_bytes", "device_local_bytes",
    "total_bytes", "peak_bytes", "limits", "utilization_ratio", "within_budget", "top",
}  # fmt: skip
SLOPE = Dem.from_array(np.tile(np.arange(300, dtype=np.float32), (200, 1)))


@pytest.fixture(autouse=True)
def software() -> Iterator[None]:
    """The adapter that every machine has; nobody's garbage in the ledger."""
    native_loader.load().device_info("software")
    gc.collect()
    yield


def held() -> int:
    gc.collect()
    return int(global_tracker().get_metrics().python_bytes)


def test_metrics_have_the_keys_and_attributes_and_their_sums_agree() -> None:
    with RenderSession((200, 100), adapter="software") as session:
        session.set_dem(SLOPE)
        metrics = global_tracker().get_metrics()
        assert set(metrics) >= KEYS
        for key in KEYS:
            assert getattr(metrics, key) == metrics[key]
        assert metrics.total_bytes == metrics.buffer_bytes + metrics.texture_bytes > SLOPE.heights.nbytes
        assert metrics.texture_count >= 1 <= metrics.buffer_count and metrics.peak_bytes >= metrics.total_bytes
        assert set(metrics.limits) == {"total", "host_visible"} and metrics.within_budget is True
        shares = [
            metrics.common_bytes / metrics.limits["total"],
            metrics.common_host_visible_bytes / metrics.limits["host_visible"],
        ]
        assert metrics.utilization_ratio == pytest.approx(max(shares), abs=1e-6)
        assert "forge3d.heightfield.texture" in dict(metrics.top)
    with pytest.raises(AttributeError, match="total_bytes"):
        _ = metrics.total
    assert global_tracker() is global_tracker()


def test_health_follows_the_share_of_the_budget() -> None:
    tracker, native = global_tracker(), native_loader.load()
    now = tracker.get_metrics()
    native.set_memory_budget(now.common_bytes + 100 * MIB)
    try:
        limit = tracker.get_metrics().limits["total"]
        for share, health in ((0.7, "normal"), (0.8, "high"), (0.95, "critical")):
            with register_buffer(int(share * limit - now.common_bytes), False):
                found = tracker.get_metrics()
                assert found.health == health and found.utilization_ratio == pytest.approx(share, abs=1e-6)
        with pytest.raises(MemoryBudgetError, match=r"limit of .* are held; got 101\.0 MiB; .*fix:"):
            tracker.check_budget(101 * MIB)
        tracker.check_budget(99 * MIB)
        with pytest.raises(MemoryBudgetError, match="too much of mine"):
            register_buffer(101 * MIB, True, label="too much of mine")
        tracker.set_budget_policy("warn")
        with register_buffer(101 * MIB, False):
            assert not tracker.get_metrics().within_budget
    finally:
        tracker.set_budget_policy("enforce")
        native.set_memory_budget()
    with pytest.raises(SceneError, match="strict"):
        tracker.set_budget_policy("strict")
    with pytest.raises(SceneError, match="whole number"):
        tracker.check_budget("much")  # type: ignore[arg-type]


def test_handles_end_with_their_block_with_the_last_name_or_with_their_owner() -> None:
    before = held()
    with register_buffer(size=MIB, is_host_visible=True) as handle:
        assert handle.bytes == MIB and held() == before + MIB
    assert handle.bytes == 0 and held() == before
    handle = register_texture(512, 512, "rgba8unorm")
    assert held() == before + MIB
    del handle
    assert held() == before
    owner = np.zeros(10)
    register_buffer(MIB, False, owner=owner, counted=False)
    view = owner[2:]
    del owner
    assert held() == before + MIB, "a view keeps the array"
    del view
    assert held() == before
    owner = np.zeros(10)
    handle = register_buffer(MIB, False, owner=owner)
    handle.release()
    assert held() == before
    del owner, handle
    assert held() == before, "once"
    with pytest.raises(SceneError, match="weakly referenced"):
        register_buffer(MIB, False, owner=5)
    assert held() == before


def test_an_entry_that_ended_leaves_nothing_with_its_owner() -> None:
    owner, before = np.zeros(10), held()
    left = set(weakref.finalize._registry)  # type: ignore[attr-defined]
    for _ in range(1000):
        register_buffer(8, False, owner=owner).release()
        with register_buffer(8, False, owner=owner, counted=False) as handle:
            assert handle.bytes == 8
        assert handle.bytes == 0
    assert set(weakref.finalize._registry) == left and held() == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", ["yes", 1, None, 0.0])
def test_whether_the_host_maps_it_is_said_by_a_boolean(wrong: Any) -> None:
    with pytest.raises(SceneError, match=f"is_host_visible: expected True or False; got {wrong!r}; fix: "):
        register_buffer(10, wrong)


def told_by(call: Callable[[], object], kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_an_error_tells_the_number_that_was_given() -> None:
    tracker = global_tracker()
    for number in (2**63, 2**64, 2**70, -3):
        assert f"got {number};" in told_by(lambda number=number: register_buffer(number), SceneError)  # type: ignore[misc]
    for number in (2**64, 2**70):
        assert f"got {number};" in told_by(lambda number=number: tracker.check_budget(number), MemoryBudgetError)  # type: ignore[misc]
    assert "got -3;" in told_by(lambda: tracker.check_budget(-3), SceneError)
    assert "got more than 10^38;" in told_by(lambda: register_buffer(10**60), SceneError)
    for width in (-1, 2**32, 2**70):
        assert f"width: expected a number of 1..4294967295; got {width};" in told_by(
            lambda width=width: register_texture(width, 1, "rgba8unorm"),  # type: ignore[misc]
            SceneError,
        )
    native = native_loader.load()
    assert "got -5×5;" in told_by(lambda: native.memory_estimate((-5, 5)), native.InputError)
    assert "got -5×7;" in told_by(lambda: native.memory_estimate(None, (-5, 7)), native.InputError)
    assert f"got -4×{2**70};" in told_by(lambda: native.Renderer(-4, 2**70), native.InputError)


def test_small_budgets_are_told_in_small_units_and_nothing_always_fits() -> None:
    native = native_loader.load()
    now = global_tracker().get_metrics().common_bytes
    try:
        native.set_memory_budget(now + 5000)
        with register_buffer(4000, label="mine"):
            text = told_by(lambda: register_buffer(50_000), MemoryBudgetError)
            assert "expected at most 1000 bytes more" in text and "got 48.8 KiB" in text and "mine 3.9 KiB" in text
            native.set_memory_budget(now + 200_000)
            # In MiB both were 0.2.
            text = told_by(lambda: register_buffer(196_001), MemoryBudgetError)
            assert "expected at most 196000 bytes more" in text and "got 196001 bytes" in text
            native.set_memory_budget(now + 1000)  # passed by what is held
            with register_buffer(0) as nothing:
                assert nothing.bytes == 0
            global_tracker().check_budget(0)
            with pytest.raises(MemoryBudgetError):
                register_buffer(1)
    finally:
        native.set_memory_budget()


def test_where_health_begins_is_told_by_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    native = native_loader.load()
    keep = native.memory_metrics
    assert keep()["health_marks"] == (0.75, 0.90)
    for marks, health in (((0.75, 0.90), "high"), ((0.85, 0.90), "normal"), ((0.1, 0.7), "critical")):
        found = {**keep(), "common_bytes": 80, "total_limit": 100, "health_marks": marks}
        monkeypatch.setattr(native, "memory_metrics", lambda found=found: found)
        assert global_tracker().get_metrics().health == health


def test_textures_have_the_bytes_of_their_format() -> None:
    assert texture_bytes(1024, 1024, "bc1-rgba-unorm") == MIB // 2
    with register_texture(1024, 1024, "bc1-rgba-unorm", 11, 6) as handle:
        assert handle.bytes == texture_bytes(1024, 1024, "bc1-rgba-unorm", mips=11, layers=6)
    with pytest.raises(SceneError, match="no such WebGPU format"):
        register_texture(4, 4, "rgb32float")


def test_what_the_program_holds_in_python_is_told_until_it_goes(write_raster: Callable[..., Path]) -> None:
    before = held()
    dem = read_dem(write_raster(np.tile(np.arange(400, dtype=np.float32), (300, 1))))
    top = dict(global_tracker().get_metrics().top)
    assert held() - before == dem.heights.nbytes == top["heights in Python"]
    image = render(dem, size=(300, 200), samples=1, adapter="software")
    assert held() - before == dem.heights.nbytes + image.rgba.nbytes
    kept = image.rgba[5:]
    del image
    assert held() - before == dem.heights.nbytes + 300 * 200 * 4
    del kept, dem
    assert held() == before


def test_a_picture_that_the_renderer_had_to_copy_is_told_as_pythons() -> None:
    with RenderSession((100, 60), adapter="software") as session:
        session.set_dem(SLOPE)
        session.set_scene(Scene())
        before = held()
        pictures = [session.read().rgba for _ in range(4)]
        # Two of them lie where the GPU put them.
        assert held() - before == 2 * 100 * 60 * 4
        del pictures
        assert held() == before


def test_an_array_is_entered_as_it_is_and_nothing_hangs_on_the_ledger() -> None:
    array = np.zeros((100, 100))
    before = held()
    assert in_ledger(array, "test") is array and held() - before == array.nbytes
    gone = weakref.ref(array)
    del array
    assert gone() is None and held() == before


def test_a_profile_prints_what_a_function_took_and_returns_its_result(capsys: pytest.CaptureFixture[str]) -> None:
    kept = []

    def take_and_keep(size: int, *, twice: bool) -> str:
        kept.append(register_buffer(size, False, counted=False))
        register_texture(1024, 1024, "rgba8unorm", counted=False).release()
        return "done" if twice else "not"

    assert profile_memory_usage(take_and_keep, 3 * 1024, twice=True) == "done"
    lines = dict(line.split(": ") for line in capsys.readouterr().out.splitlines())
    assert lines["Function"] == "take_and_keep" and lines["Duration"].endswith("s")
    assert lines["Buffer growth"] == "3.0 KiB" and lines["Texture growth"] == "0.0 KiB"
    total = global_tracker().get_metrics().total_bytes
    assert float(lines["Peak memory"].split()[0]) == pytest.approx((total + 4 * MIB) / MIB, abs=0.1)
    kept[0].release()


def test_without_the_native_module_there_is_no_ledger_and_arrays_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> Any:
        raise native_loader.NativeNotFoundError("there is none")

    monkeypatch.setattr(native_loader, "load", load)
    array = np.zeros(5)
    assert in_ledger(array, "test") is array
    for call in (lambda: register_buffer(5, False), global_tracker().get_metrics, global_tracker().reset_peak):
        with pytest.raises(NativeMissingError):
            call()


def test_the_fakes_of_other_tests_take_entries_too(fake_native: Any) -> None:
    array = np.zeros(5)
    assert in_ledger(array, "test") is array and register_buffer(5, True).bytes == 5
