"""read_dem: budget, windows, progress, cancel, memory, and sources of all kinds."""

from __future__ import annotations

import math
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from forge3d_qgis.core import Cancelled, Dem, DemError, HeightSource, MemoryBudgetError, open_source, plan, read_dem
from forge3d_qgis.core.dem import STRIP_BYTES, UndeclaredVoid, gdal_source, levelled

Write = Callable[..., Path]


def test_strips_stay_small_and_no_full_copy_is_made(write_raster: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_raster(np.zeros((3000, 4000), dtype="f8"), options=("COMPRESS=DEFLATE", "TILED=YES"))
    sizes: list[int] = []
    cells = gdal_source._Level.cells

    def spy(self, x: int, y: int, cols: int, rows: int) -> np.ndarray:
        sizes.append(cols * rows * self.dtype.itemsize)
        return cells(self, x, y, cols, rows)

    monkeypatch.setattr(gdal_source._Level, "cells", spy)
    for samples in (None, 100_000, 37_000):
        sizes.clear()
        tracemalloc.start()
        dem = read_dem(path, max_samples=samples)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert max(sizes) <= 2 * STRIP_BYTES  # doubles: twice the bytes of the float32 strip
        assert peak < dem.heights.nbytes + 5 * STRIP_BYTES
        assert len(sizes) > 2


def test_a_window_is_read_with_its_own_place(write_raster: Write, hill: np.ndarray) -> None:
    path = write_raster(hill)
    dem = read_dem(path, window=(10, 5, 20, 30))
    np.testing.assert_array_equal(dem.heights, hill[5:35, 10:30])
    whole = read_dem(path)
    assert dem.map_from_cell(0, 0) == pytest.approx(whole.map_from_cell(10, 5))
    assert dem.source_size == (80, 60)


@pytest.mark.parametrize("window", [(-1, 0, 5, 5), (0, 0, 81, 5), (0, 0, 5, 0), (78, 58, 3, 3)])
def test_a_window_outside_the_raster_is_refused(write_raster: Write, hill: np.ndarray, window: tuple) -> None:
    with pytest.raises(DemError, match="expected"):
        read_dem(write_raster(hill), window=window)


def test_a_dem_too_large_for_the_budget_is_averaged_and_says_so(write_raster: Write) -> None:
    path = write_raster(np.ones((2000, 2400), dtype="i2"))
    dem = read_dem(path, memory_budget=32 << 20, picture_size=(200, 100))
    assert dem.size == plan((2400, 2000), (200, 100), 32 << 20).size and dem.size[0] < 2400
    assert f"2400×2000 read as {dem.size[0]}×{dem.size[1]} to stay within 32 MiB" in dem.notes


def test_a_dem_within_the_budget_is_not_averaged(write_raster: Write) -> None:
    dem = read_dem(write_raster(np.ones((2000, 2400), dtype="i2")), memory_budget=64 << 20, picture_size=(200, 100))
    assert dem.size == (2400, 2000) and not any("read as" in note for note in dem.notes)


def test_a_budget_below_the_picture_itself_is_refused(write_raster: Write) -> None:
    with pytest.raises(MemoryBudgetError, match="raise the memory budget"):
        read_dem(write_raster(np.ones((200, 200), dtype="i2")), memory_budget=4 << 20)


def test_sides_over_the_texture_limit_are_averaged(write_raster: Write) -> None:
    dem = read_dem(write_raster(np.ones((3, 300), dtype="i2")), max_side=128)
    assert 100 <= dem.size[0] <= 128 and dem.size[1] == 2


def test_progress_climbs_to_one(write_raster: Write) -> None:
    fractions: list[float] = []
    read_dem(write_raster(np.zeros((3000, 3000), dtype="f4")), progress=fractions.append)
    assert fractions[0] == 0 and fractions[-1] == 1 and len(fractions) > 2
    assert fractions == sorted(fractions)


@pytest.mark.parametrize("kind", ["event", "callable"])
def test_cancel_stops_between_strips(write_raster: Write, kind: str) -> None:
    event = threading.Event()
    seen: list[float] = []

    def progress(fraction: float) -> None:
        seen.append(fraction)
        if fraction > 0:
            event.set()

    path = write_raster(np.zeros((4000, 4000), dtype="f4"))
    with pytest.raises(Cancelled):
        read_dem(path, progress=progress, cancel=event if kind == "event" else event.is_set)
    assert len([fraction for fraction in seen if fraction > 0]) == 1


def test_a_raster_of_one_row_is_refused(write_raster: Write) -> None:
    with pytest.raises(DemError, match="at least 2×2"):
        read_dem(write_raster(np.ones((1, 5), dtype="i2")))


class Slope:
    """A source of its own kind, as a QGIS layer is: height = column, in feet."""

    name, size, unit, nodata, notes = "slope", (100, 50), "ft", None, ("a note",)
    geotransform = (0.0, 1.0, 0.0, 50.0, 0.0, -1.0)
    crs_wkt = ""

    def read(self, window: tuple[float, float, float, float], shape: tuple[int, int]) -> np.ndarray:
        col, _, cols, _ = window
        step = cols / shape[1]
        centres = col + step * (np.arange(shape[1]) + 0.5) - 0.5
        heights = np.tile(centres, (shape[0], 1)).astype(np.float32)
        heights[:, -1] = -32768
        return heights


def test_any_source_can_be_read() -> None:
    source = Slope()
    assert isinstance(source, HeightSource)
    dem = read_dem(source)
    assert dem.size == (100, 50)
    np.testing.assert_allclose(dem.heights[0, :3], [0, 0.3048, 0.6096], rtol=1e-6)
    assert np.isnan(dem.heights[:, -1]).all()
    assert "a note" in dem.notes
    half = read_dem(source, max_samples=1250)
    assert half.size == (50, 25)
    assert half.heights[0, 0] == pytest.approx(0.5 * 0.3048)


def test_a_source_can_be_read_again_and_again(write_raster: Write) -> None:
    heights = np.full((20, 20), 300, dtype="i2")
    heights[:5] = -9999
    source = open_source(write_raster(heights))
    first, second = read_dem(source), read_dem(source, max_samples=100)
    assert first.notes[0] == "−9999 read as void (undeclared nodata, 25 %)"
    assert second.size == (10, 10) and second.height_range() == (300, 300)


def test_gdals_own_cache_does_not_grow_with_the_raster(write_raster: Write) -> None:
    path = write_raster(np.zeros((6000, 4000), dtype="f8"), options=("COMPRESS=DEFLATE", "TILED=YES"))  # 183 MiB
    before, most = gdal.GetCacheUsed(), 0

    def look(fraction: float) -> None:
        nonlocal most
        most = max(most, gdal.GetCacheUsed())

    read_dem(path, progress=look)
    assert most - before < 112 << 20


def test_what_stands_for_many_cells_is_averaged(write_raster: Write) -> None:
    path = write_raster(np.ones((30, 40), dtype="i2"))
    whole, part, coarse = read_dem(path), read_dem(path, window=(3, 4, 10, 20)), read_dem(path, max_samples=300)
    assert (whole.averaged, part.averaged, coarse.averaged) == (False, False, True)
    assert part.source_window == (3, 4, 10, 20) and part.source_size == (40, 30)
    assert coarse.source_window == (0, 0, 40, 30)
    assert not Dem.from_array(np.zeros((2, 3))).averaged


@pytest.mark.parametrize(
    "odd",
    [
        {"window": (0, 0, math.inf, 5)}, {"window": (math.nan, 0, 5, 5)}, {"window": (0, 0, 5.5, 5)}, {"window": 7},
        {"window": (0, 0, 5)}, {"window": ()}, {"window": "0 0 5 5"}, {"window": ("0", "0", "5", "5")},
        {"window": (0, 0, 10**30, 5)}, {"window": (False, False, True, True)}, {"window": (None,) * 4},
        {"max_side": math.inf}, {"max_side": 0}, {"max_side": 1}, {"max_side": -5}, {"max_side": math.nan},
        {"max_side": "64"}, {"max_side": 64.5},
        {"max_samples": math.inf}, {"max_samples": 0}, {"max_samples": -1}, {"max_samples": math.nan},
        {"max_samples": "many"}, {"max_samples": (1, 2)},
        {"band": math.inf}, {"band": math.nan}, {"band": 1.0}, {"band": "1"}, {"band": (1,)}, {"band": True},
        {"band": 10**30}, {"band": -(10**30)}, {"band": 0},
        {"z_factor": "a foot"}, {"z_factor": 10**400}, {"z_factor": 1e-300}, {"z_factor": 1e300}, {"z_factor": ()},
        {"limits": 5}, {"limits": "256MiB"}, {"progress": 5},
    ],
    ids=str,
)  # fmt: skip
def test_odd_arguments_are_refused_in_words(write_raster: Write, odd: dict) -> None:
    with pytest.raises(DemError, match=r"expected .* got .* fix: "):
        read_dem(write_raster(np.ones((30, 40), dtype="i2")), **odd)


@pytest.mark.parametrize("odd", [5, None, object(), b"dem.tif", np.zeros((3, 3)), "a\0b", "", "\udcff.tif", "/" * 5000])
def test_what_is_neither_a_path_nor_a_source_is_refused(odd: object) -> None:
    with pytest.raises(DemError, match=r"expected .* got.* fix: "):
        read_dem(odd)  # type: ignore[arg-type]


def test_whole_numbers_of_other_kinds_serve_as_well(write_raster: Write) -> None:
    path = write_raster(np.arange(1200, dtype="i2").reshape(30, 40))
    expected = read_dem(path, window=(3, 4, 10, 20)).heights
    for window in (np.array([3, 4, 10, 20]), [3.0, 4.0, 10.0, 20.0]):
        np.testing.assert_array_equal(read_dem(path, window=window, band=np.int64(1)).heights, expected)


def test_a_source_that_only_reads_windows_gives_any_window(write_raster: Write) -> None:
    source = levelled(Slope())
    assert source.levels == ((100, 50),) and not source.declares_voids
    heights = source.read((-2, -3, 20, 10), (10, 20), datum=1.0, voids=UndeclaredVoid())
    assert np.isnan(heights[:3]).all() and np.isnan(heights[:, :2]).all()
    np.testing.assert_array_equal(heights[5, 2:-1], np.arange(17) - 1.0)


@pytest.mark.parametrize("exceptions", [False, True])
def test_a_failure_while_reading_is_ours_in_both_modes(
    write_raster: Write, monkeypatch: pytest.MonkeyPatch, exceptions: bool
) -> None:
    source = open_source(write_raster(np.ones((300, 400), dtype="i2"), options=("COMPRESS=DEFLATE",)))
    before = gdal.GetUseExceptions()
    gdal.UseExceptions() if exceptions else gdal.DontUseExceptions()
    try:
        with pytest.raises(DemError, match=r"expected 5×5 cells at column 398, row 0; got .*; fix: "):
            source._handle.levels[0].cells(398, 0, 5, 5)
    finally:
        gdal.UseExceptions() if before else gdal.DontUseExceptions()
