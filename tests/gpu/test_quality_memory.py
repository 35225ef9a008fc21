"""What presets say that they take is what the ledger sees, and the default budget follows the free memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core import MemoryBudgetError, RenderSession
from forge3d_qgis.core.budget import GIB, MIB, device_limits
from forge3d_qgis.core.quality import QUALITIES

COLS, ROWS = 2600, 1400


@pytest.fixture
def heights() -> np.ndarray:
    rows, cols = np.mgrid[0:ROWS, 0:COLS]
    waves: np.ndarray = (200 * np.sin(rows / 90) * np.cos(cols / 70)).astype(np.float32)
    return waves


@pytest.fixture
def dem(write_raster: Callable[..., Path], heights: np.ndarray) -> Path:
    return write_raster(heights)


def peak_of(root: Path, dem: Path, adapter: str, *options: str) -> dict[str, Any]:
    """What a process of its own tells that draws with these options, one sample a pixel."""
    told = dem.with_name("told.json")
    command = [
        sys.executable, "-m", "forge3d_qgis", "render", dem, dem.with_name("a.png"), "--adapter", adapter,
        "--samples", "1", "--metrics", told, *options,
    ]  # fmt: skip
    done = subprocess.run(list(map(str, command)), cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(told.read_text())
    return content


@pytest.mark.parametrize("name", QUALITIES)
@pytest.mark.parametrize("budget", [None, 96 * MIB])
def test_the_memory_of_a_preset_is_what_the_ledger_sees_at_most(
    root: Path, dem: Path, adapter: str, name: str, budget: int | None
) -> None:
    limit = [] if budget is None else ["--memory-budget", str(budget)]
    content = peak_of(root, dem, adapter, "--quality", name, *limit)
    cols, rows = content["dem"]["size"]
    assert (cols, rows) == QUALITIES[name].held_size((COLS, ROWS))
    assert (content["picture"]["bands"] > 1) is (budget is not None and name != "draft")
    expected = QUALITIES[name].calculate_memory_usage(dem_size=(COLS, ROWS), budget=budget)
    assert content["renderer"]["peak_bytes"] == pytest.approx(expected, rel=0.05)
    assert content["forecast"]["bytes"] == pytest.approx(expected, rel=0.001)
    assert content["forecast"]["bands"] == content["picture"]["bands"]


@pytest.mark.parametrize("budget", [None, 48 * MIB])
def test_a_forecast_over_heights_of_16_bits_is_what_the_ledger_sees(
    root: Path, write_raster: Callable[..., Path], heights: np.ndarray, adapter: str, budget: int | None
) -> None:
    limit = [] if budget is None else ["--memory-budget", str(budget)]
    # A small picture: nearly all that is held are heights.
    whole = write_raster(heights.astype(np.int16))
    content = peak_of(root, whole, adapter, "--quality", "print", "--size", "400x300", *limit)
    assert content["dem"]["height_bits"] == 16 and content["dem"]["size"] == [COLS, ROWS]
    expected = QUALITIES["print"].calculate_memory_usage(
        (400, 300), dem_size=(COLS, ROWS), budget=budget, height_bits=16
    )
    assert content["renderer"]["peak_bytes"] == pytest.approx(expected, rel=0.05)
    assert content["forecast"]["bytes"] == pytest.approx(content["renderer"]["peak_bytes"], rel=0.05)
    as_floats = QUALITIES["print"].calculate_memory_usage((400, 300), dem_size=(COLS, ROWS), budget=budget)
    assert as_floats > 1.1 * expected


@pytest.fixture
def free(native: ModuleType, adapter: str) -> Iterator[Callable[[int], None]]:
    """Makes that many bytes free on a machine whose renderers share its memory."""
    if device_limits(adapter).kind not in ("software", "integrated"):
        pytest.skip("an adapter with memory of its own goes by that")
    yield native._assume_free_memory
    native._assume_free_memory(None)
    native.set_memory_budget()
    device_limits(adapter)


def test_the_default_budget_falls_with_the_free_memory_and_rises_again(free: Callable[[int], None]) -> None:
    for gib, budget in [(64, 8 * GIB), (16, 2 * GIB), (15, 2 * GIB), (4, GIB // 2), (4.9, GIB // 2), (64, 8 * GIB)]:
        free(int(gib * GIB))
        assert device_limits().budget == pytest.approx(budget, rel=0.01), gib
    free(0)
    assert device_limits().budget == 128 * MIB  # what a small picture of a small DEM needs


def test_what_renderers_hold_counts_as_free(native: ModuleType, free: Callable[[int], None], adapter: str) -> None:
    free(2 * GIB)
    with RenderSession((64, 48), adapter=adapter) as session:
        session._renderer.set_height_data(np.zeros((3000, 3000), dtype=np.float32))
        free(2 * GIB - native.memory_metrics()["total_bytes"])  # the system has less by what was given to us
        assert native.device_info(adapter)["free_memory"] == 2 * GIB
        assert not native.follow_free_memory() and device_limits().budget == pytest.approx(GIB // 4, rel=0.01)


def test_what_is_held_stays_when_the_budget_falls_and_more_is_refused(
    native: ModuleType, free: Callable[[int], None], adapter: str
) -> None:
    free(4 * GIB)
    device_limits(adapter)
    with RenderSession((64, 48), adapter=adapter) as session:
        session._renderer.set_height_data(np.zeros((8000, 5000), dtype=np.float32))
        free(0)
        assert native.follow_free_memory()
        assert not native.memory_metrics()["within_budget"] and device_limits().budget == 128 * MIB
        assert native.memory_metrics()["total_bytes"] > 4 * 8000 * 5000
        with pytest.raises(MemoryBudgetError, match="top consumers"):
            session.set_drape(np.zeros((2000, 2000, 4), dtype=np.uint8))
        free(64 * GIB)
        assert native.follow_free_memory()
        session.set_drape(np.zeros((2000, 2000, 4), dtype=np.uint8))


def test_a_budget_that_was_chosen_never_moves(native: ModuleType, free: Callable[[int], None]) -> None:
    free(16 * GIB)
    native.set_memory_budget(300 * MIB)
    for gib in (64, 1, 16):
        free(gib * GIB)
        native.follow_free_memory()
        assert device_limits().budget == native.memory_metrics()["total_limit"] == 300 * MIB
        assert device_limits().reason == "chosen: 300 MiB"


def test_whole_numbers_that_are_held_in_16_bits_are_told_and_seen_as_half(
    root: Path, write_raster: Callable[..., Path], adapter: str
) -> None:
    rows, cols = np.mgrid[0:ROWS, 0:COLS]
    dem = write_raster((200 * np.sin(rows / 90) * np.cos(cols / 70)).astype("i2"))
    content = peak_of(root, dem, adapter, "--quality", "balanced", "--size", "400x300")
    assert content["dem"]["height_bits"] == 16
    expected = QUALITIES["balanced"].calculate_memory_usage((400, 300), dem_size=(COLS, ROWS), height_bits=16)
    assert expected < QUALITIES["balanced"].calculate_memory_usage((400, 300), dem_size=(COLS, ROWS))
    assert content["renderer"]["peak_bytes"] == pytest.approx(expected, rel=0.05)
    assert content["forecast"]["bytes"] == expected


def test_heights_that_turn_out_to_need_32_bits_are_told_and_seen_as_such(
    root: Path, write_raster: Callable[..., Path], adapter: str
) -> None:
    heights = np.linspace(64700, 65300, 1500 * 1500).reshape(1500, 1500).astype(np.uint16)
    heights[-1, -1] = 65535
    content = peak_of(root, write_raster(heights), adapter, "--size", "800x500")
    assert "as 65535 m is one of them" in str(content["dem"]["notes"])
    assert content["renderer"]["peak_bytes"] == pytest.approx(content["forecast"]["bytes"], rel=0.05)
