"""Each code block of the founding guide to GPU memory runs, respelled as the one table says, and means what it says."""

from __future__ import annotations

import gc
import logging
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from respellings import CANNOT_RUN, RESPELLINGS, blocks, respelled

from forge3d_qgis.core.memory_tracker import global_tracker
from forge3d_qgis.core.resource_tracker import register_buffer, register_texture, texture_bytes

MIB = 1 << 20
PAGE = (Path(__file__).with_name("memory_guide.txt")).read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)


@pytest.fixture(autouse=True)
def calm(native: ModuleType, adapter: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody's garbage in the ledger, and every setting as it was."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    gc.collect()
    yield
    native.set_budget_policy("enforce")
    native.set_memory_budget(adapter=adapter)


class Reader:
    """Runs a block, as a reader does who has the page's earlier imports and a renderer at hand."""

    def __init__(self, ground_renderer: Callable[[int, int], Any]) -> None:
        self.names: dict[str, Any] = {
            "global_tracker": global_tracker, "ground_renderer": ground_renderer, "np": np, "os": os, "time": time,
            "logging": logging, "warnings": warnings,
        }  # fmt: skip

    def run(self, number: int, **given: Any) -> dict[str, Any]:
        """The names after the block. ``given``: what the page leaves to its reader."""
        self.names.update(given)
        exec(compile(respelled(BLOCKS[number]), f"block {number}", "exec"), self.names)
        return self.names


@pytest.fixture
def reader(ground_renderer: Callable[[int, int], Any]) -> Reader:
    return Reader(ground_renderer)


@pytest.fixture
def beyond_the_budget(native: ModuleType, adapter: str) -> Iterator[Any]:
    """Memory held beyond the common budget."""
    native.set_memory_budget(64 * MIB, adapter=adapter)
    native.set_budget_policy("warn")
    with register_buffer(80 * MIB, False, label="too much") as handle:
        yield handle


def test_1_the_tracker_tells_host_visible_memory_and_whether_budgets_are_kept(reader: Reader, capsys: Any) -> None:
    with register_buffer(5 * MIB, True):
        told = reader.run(1)["metrics"]
    assert told.host_visible_bytes >= 5 * MIB and told.within_budget is True
    visible = f"{told.host_visible_bytes / MIB:.1f} MiB / 512 MiB"
    assert capsys.readouterr().out == f"Host-visible: {visible}\nWithin budget: True\n"


def test_2_whatever_a_renderer_makes_is_tracked(reader: Reader) -> None:
    before = global_tracker().get_metrics()
    made = reader.run(2)
    after = global_tracker().get_metrics()
    assert made["rgba_data"].shape == (1024, 1024, 4)
    assert after.host_visible_bytes - before.host_visible_bytes >= made["rgba_data"].nbytes, "the read-back buffer"
    assert after.texture_bytes - before.texture_bytes >= 2 * 64 * 64 * 4, "two heights"
    assert after.buffer_bytes - before.buffer_bytes >= 1024 * 1024 * 20, "the picture"


def test_3_handles_of_ones_own_count_and_end_when_they_go_out_of_scope(reader: Reader) -> None:
    before = global_tracker().get_metrics()
    names = reader.run(3)
    held = global_tracker().get_metrics()
    assert held.buffer_bytes - before.buffer_bytes == held.texture_bytes - before.texture_bytes == MIB
    assert held.host_visible_bytes - before.host_visible_bytes == MIB
    del names["buffer_handle"], names["texture_handle"]
    assert global_tracker().get_metrics().total_bytes == before.total_bytes


def test_4_detailed_metrics_are_printed(reader: Reader, capsys: Any) -> None:
    with register_texture(1024, 1024, "rgba8unorm"):
        told = reader.run(4)["metrics"]
    printed = capsys.readouterr().out
    assert f"Textures: {told.texture_count} ({told.texture_bytes / MIB:.1f} MiB)" in printed
    assert "Budget status: ✓" in printed


def test_5_an_allocation_is_checked_before_it_happens(
    reader: Reader, native: ModuleType, adapter: str, capsys: Any
) -> None:
    native.set_memory_budget(global_tracker().get_metrics().common_bytes + 101 * MIB, adapter=adapter)
    reader.run(5)
    assert capsys.readouterr().out == "Allocation would succeed\n"
    with register_buffer(10 * MIB, False, label="mine"):
        reader.run(5)
    printed = capsys.readouterr().out
    assert printed.startswith("Budget would be exceeded: check_budget: expected at most") and "mine 10.0 MiB" in printed


def test_6_a_preset_says_what_its_picture_takes_and_whether_that_fits(
    reader: Reader, native: ModuleType, adapter: str, capsys: Any
) -> None:
    native.set_memory_budget(8 << 30, adapter=adapter)
    config = reader.run(6)["config"]
    assert f"Shadow config OK: {config.calculate_memory_usage() / MIB:.1f} MiB\n" == capsys.readouterr().out
    native.set_memory_budget(20 * MIB, adapter=adapter)
    reader.run(6)
    assert "Shadow config exceeds budget: " in capsys.readouterr().out


def test_7_the_worked_example_of_a_compressed_texture_is_right(reader: Reader) -> None:
    names = reader.run(7)
    assert names["compressed"] == texture_bytes(1024, 1024, "bc3-rgba-unorm") == MIB
    assert names["uncompressed"] == texture_bytes(1024, 1024, "rgba8unorm") == 4 * MIB


# The guide's two tables: bytes of a pixel, and bytes of a block of 4×4.
PIXELS = {
    "R8Unorm": 1, "Rg8Unorm": 2, "Rgba8Unorm": 4, "R16Float": 2, "Rgba16Float": 8, "R32Float": 4, "Rgba32Float": 16,
}  # fmt: skip
BLOCK_BYTES = {"bc1-rgba-unorm": 8, "bc3-rgba-unorm": 16, "bc5-rg-unorm": 16, "bc6h-rgb-ufloat": 16}


def test_the_tables_of_formats_are_right_but_for_their_ratios() -> None:
    for name, count in PIXELS.items():
        assert texture_bytes(100, 100, name.lower()) == 100 * 100 * count
    for name, count in BLOCK_BYTES.items():
        assert texture_bytes(100, 100, name) == 25 * 25 * count
    rgba = texture_bytes(512, 512, "rgba8unorm")
    # «BC1 4:1, BC3 2:1»: it is 8:1 and 4:1, as the guide's own example of BC3 has it.
    assert rgba // texture_bytes(512, 512, "bc1-rgba-unorm") == 8
    assert rgba // texture_bytes(512, 512, "bc3-rgba-unorm") == 4


def test_8_arrays_take_what_the_guide_says_but_there_are_no_textures_of_three_channels(reader: Reader) -> None:
    names = reader.run(8)
    assert names["height_data"].nbytes == texture_bytes(512, 512, "r32float") == MIB
    # «instead of 4 MiB»: RGBA8 takes 1 MiB, too. «RGB16Float: 1.5 MiB»: the array does; the texture does not exist.
    assert texture_bytes(512, 512, "rgba8unorm") == MIB and names["color_data"].nbytes == 3 * MIB // 2
    with pytest.raises(ValueError, match=r'none of three channels.*did you mean "rgba16float"'):
        texture_bytes(512, 512, "rgb16float")
    assert texture_bytes(512, 512, "rgba16float") == 2 * MIB


def test_9_the_ratio_of_bc3_is_right(reader: Reader) -> None:
    reader.run(9)  # words only
    assert texture_bytes(512, 512, "bc3-rgba-unorm") == 256 * 1024 == texture_bytes(512, 512, "rgba8unorm") // 4


def test_10_a_renderer_reuses_its_buffers(reader: Reader) -> None:
    renderer = reader.run(10)["OptimizedRenderer"](64, 48)
    assert {picture.shape for picture in renderer.render_many(2)} == {(48, 64, 4)}
    before = global_tracker().get_metrics()
    assert len(renderer.render_many(5)) == 5
    gc.collect()
    after = global_tracker().get_metrics()
    assert (after.buffer_count, after.total_bytes) == (before.buffer_count, before.total_bytes)


def test_12_the_readback_pool_is_made_and_counted(reader: Reader) -> None:
    before = global_tracker().get_metrics().total_bytes
    renderer = reader.run(12)["renderer"]
    assert renderer.config.pre_allocate is True and renderer.config.max_pending_ops == 4
    assert global_tracker().get_metrics().total_bytes > before
    renderer.close()
    assert global_tracker().get_metrics().total_bytes == before


def test_13_what_does_not_fit_is_a_memory_error_and_something_smaller_is_made(
    reader: Reader, native: ModuleType, adapter: str, capsys: Any
) -> None:
    native.set_memory_budget(global_tracker().get_metrics().common_bytes + 100 * MIB, adapter=adapter)
    held = [register_buffer(60 * MIB, False)]
    names = reader.run(
        13, create_8k_texture=lambda: register_texture(8192, 8192, "rgba8unorm"), cleanup_unused_resources=held.clear,
        create_4k_texture=lambda: register_texture(4096, 4096, "rgba8unorm"),
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert (
        "Memory allocation failed: texture of Python: expected at most" in printed
        and "256.0 MiB" in printed
        and "Available budget" in printed
    )
    assert names["smaller_texture"].bytes == 64 * MIB


def test_14_a_budget_that_is_exceeded_is_told_with_the_numbers(
    reader: Reader, beyond_the_budget: Any, capsys: Any
) -> None:
    told = reader.run(14)["metrics"]
    printed = capsys.readouterr().out
    assert "WARNING: Memory budget exceeded!" in printed and f"Buffers: {told.buffer_bytes / MIB:.1f} MiB" in printed


def test_15_a_hundred_iterations_leak_nothing(
    reader: Reader, ground_renderer: Callable[[int, int], Any], capsys: Any
) -> None:
    renderer = ground_renderer(64, 48)
    renderer.render_terrain_rgba()
    names = reader.run(15, do_rendering_operation=renderer.render_terrain_rgba)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10 and {line.split(": ")[1] for line in lines} == {"+0.0 KiB"} and names["growth"] == 0


def test_16_a_profile_prints_what_a_function_took(
    reader: Reader, ground_renderer: Callable[[int, int], Any], capsys: Any
) -> None:
    names = reader.run(16, renderer=ground_renderer(64, 48))
    assert names["result"].shape == (48, 64, 4)
    theirs = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in theirs] == [
        "Function", "Duration", "Buffer growth", "Texture growth", "Peak memory",
    ]  # fmt: skip
    from forge3d_qgis.core.memory_tracker import profile_memory_usage

    profile_memory_usage(names["renderer"].render_terrain_rgba)
    ours = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in ours] == [line.split(":")[0] for line in theirs]
    assert ours[0] == theirs[0] == "Function: render_terrain_rgba"


def test_17_the_benchmark_of_reuse_runs(reader: Reader, capsys: Any) -> None:
    reader.run(17)["benchmark_memory_patterns"]()
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Create/destroy", "Reuse renderer", "Speedup",
    ]  # fmt: skip


def test_18_heights_are_let_go_of_with_their_owner(reader: Reader) -> None:
    before = global_tracker().get_metrics().total_bytes
    terrain = reader.run(18)["TerrainRenderer"](64, 48)
    terrain.load_terrain(np.zeros((500, 400), dtype=np.float32))
    terrain.load_terrain(np.zeros((300, 200), dtype=np.float32))
    held = global_tracker().get_metrics()
    assert 300 * 200 * 4 <= held.total_bytes - before < 500 * 400 * 4
    del terrain
    assert global_tracker().get_metrics().total_bytes == before


def test_19_a_lazy_renderer_holds_nothing_until_it_draws(reader: Reader) -> None:
    before = global_tracker().get_metrics().total_bytes
    lazy = reader.run(19)["LazyRenderer"](64, 48)
    assert global_tracker().get_metrics().total_bytes == before
    assert lazy.render().shape == (48, 64, 4) and global_tracker().get_metrics().total_bytes > before


def test_20_one_renderer_draws_heightmap_after_heightmap(reader: Reader) -> None:
    rows, cols = np.mgrid[0:50, 0:60].astype(np.float32)
    results = reader.run(20)["process_heightmaps_efficiently"]([rows, cols, rows])
    assert [picture.shape for picture in results] == [(512, 512, 4)] * 3
    np.testing.assert_array_equal(results[0], results[2])
    assert (results[0] != results[1]).any()


@pytest.mark.parametrize(("free", "quality", "size"), [(300, "high", 200), (100, "medium", 200), (30, "low", 100)])
def test_21_quality_adapts_to_the_memory_that_is_left(
    reader: Reader, native: ModuleType, capsys: Any, free: int, quality: str, size: int
) -> None:
    native.set_budget_policy("warn")
    adapt = reader.run(21)["adaptive_quality_rendering"]
    with register_buffer((512 - free) * MIB - global_tracker().get_metrics().host_visible_bytes, True):
        renderer = adapt(200, 200)
    assert f"Using {quality} quality: {size}×{size}\nAvailable memory: {free}.0 MiB\n" == capsys.readouterr().out
    assert (renderer.width, renderer.height) == (size, size)


@pytest.mark.parametrize(("held", "said"), [(300, None), (400, "high: 78.1%"), (480, "critical: 93.8%")])
def test_22_high_memory_use_warns(reader: Reader, native: ModuleType, held: int, said: str | None) -> None:
    native.set_budget_policy("warn")
    with (
        register_buffer(held * MIB - global_tracker().get_metrics().host_visible_bytes, True),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        metrics = reader.run(22)["metrics"]
    assert [str(warning.message) for warning in caught] == ([] if said is None else [f"Memory usage {said}"])
    assert metrics.host_visible_bytes == held * MIB


def test_23_memory_growth_is_watched_while_developing(
    reader: Reader, ground_renderer: Callable[[int, int], Any], capsys: Any
) -> None:
    names = reader.run(23, renderer=ground_renderer(64, 48))
    assert names["os"].environ["RUST_LOG"] == "DEBUG" and (names["DEV_WIDTH"], names["DEV_HEIGHT"]) == (256, 256)
    assert names["dev_render"]().shape == (48, 64, 4)
    names["dev_render"]()
    assert capsys.readouterr().out.splitlines()[1] == "Memory growth: 0.0 KiB"


def test_24_production_falls_back_to_a_smaller_picture(
    reader: Reader, ground_renderer: Callable[[int, int], Any], native: ModuleType, adapter: str, caplog: Any
) -> None:
    names = reader.run(24, renderer=ground_renderer(3000, 3000))
    native.set_memory_budget(global_tracker().get_metrics().common_bytes + 20 * MIB, adapter=adapter)
    assert names["prod_render"]().shape == (512, 512, 4)
    assert "Memory allocation failed: [Budget]" in caplog.text


def test_25_the_guides_own_test_of_the_budget_passes(reader: Reader) -> None:
    reader.run(25)["test_memory_budget_compliance"]()


def test_every_block_was_run_or_stands_in_the_list_with_its_reason() -> None:
    cannot = {number for page, number in CANNOT_RUN if page == "memory_guide"}
    run = {int(number) for number in re.findall(r"reader\.run\(\s*(\d+)", Path(__file__).read_text(encoding="utf-8"))}
    assert run | cannot == set(BLOCKS) == set(range(1, 26)) and not run & cannot
    assert all(len(reason) > 20 for reason in CANNOT_RUN.values())


def test_every_respelling_is_of_use_and_has_its_reason() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.txt"))
    for row in RESPELLINGS:
        assert row.reason and row.theirs != row.ours
        assert row.theirs in pages or respelled(row.theirs) in respelled(pages), row
