"""Which cells are void: declared, well known, masked, or higher than any planet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from forge3d_qgis.core import DemError, read_dem
from forge3d_qgis.core.dem import UndeclaredVoid

Write = Callable[..., Path]

STEPS = np.arange(12).reshape(3, 4)


def test_declared_nodata_nan_and_infinities_are_void(write_raster: Write) -> None:
    heights = np.array([[1, 2, -1], [np.nan, np.inf, -np.inf], [4, 5, 6]], dtype="f4")
    dem = read_dem(write_raster(heights, nodata=-1))
    np.testing.assert_array_equal(np.isnan(dem.heights), [[0, 0, 1], [1, 1, 1], [0, 0, 0]])
    assert dem.height_range() == (1.0, 6.0)


@pytest.mark.parametrize("declared", [-3.4028234663852886e38, -3.40282347e38, -3.4e38])
def test_float32_lowest_is_void_however_it_is_written(write_raster: Write, declared: float) -> None:
    lowest = np.finfo(np.float32).min
    heights = np.array([[1, 2, lowest], [3, 4, 5]], dtype="f4")
    dem = read_dem(write_raster(heights, nodata=declared))
    assert np.isnan(dem.heights[0, 2]) and dem.height_range() == (1.0, 5.0)


def test_a_mask_band_hides_cells(write_raster: Write) -> None:
    path = write_raster(STEPS.astype("i2"))
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
    hidden = STEPS % 5 == 0
    dataset.GetRasterBand(1).GetMaskBand().WriteRaster(0, 0, 4, 3, np.where(hidden, 0, 255).astype("u1").tobytes())
    dataset = None
    np.testing.assert_array_equal(np.isnan(read_dem(path).heights), hidden)


def test_an_alpha_band_hides_cells(write_raster: Write) -> None:
    heights, alpha = STEPS.astype("u2"), np.where(STEPS == 7, 0, 65535).astype("u2")
    path = write_raster(heights, alpha, options=("ALPHA=YES",))
    np.testing.assert_array_equal(np.isnan(read_dem(path).heights), STEPS == 7)


def test_all_void_is_an_error_that_says_so(write_raster: Write) -> None:
    with pytest.raises(DemError, match="only void"):
        read_dem(write_raster(np.full((3, 4), -9999, dtype="i2"), nodata=-9999))


@pytest.mark.parametrize("value", [-32768, -32767, -9999, 32767])
def test_a_well_known_void_value_that_nobody_declared_is_void_and_is_told(write_raster: Write, value: int) -> None:
    heights = np.full((10, 10), 300, dtype="i2")
    heights[0, :4] = value
    dem = read_dem(write_raster(heights))
    assert np.isnan(dem.heights[0, :4]).all() and dem.height_range() == (300.0, 300.0)
    assert any("undeclared nodata, 4 %" in note and str(abs(value)) in note for note in dem.notes)


@pytest.mark.parametrize("value", [-3.4028234663852886e38, 1e20, 1e30, -1e30])
def test_heights_beyond_any_planet_are_void(write_raster: Write, value: float) -> None:
    heights = np.array([[value, 10], [20, 30]], dtype="f4")
    assert np.isnan(read_dem(write_raster(heights)).heights[0, 0])


def test_a_sea_that_really_is_9999_m_deep_is_kept(write_raster: Write) -> None:
    heights = np.linspace(-10900, -9000, 400).reshape(20, 20).astype("i2")
    heights[5, 5] = -9999
    dem = read_dem(write_raster(heights))
    np.testing.assert_array_equal(dem.heights, heights)
    assert not any("void" in note for note in dem.notes)


def test_a_declared_nodata_ends_the_search_for_others(write_raster: Write) -> None:
    heights = np.array([[-9999, -1], [20, 30]], dtype="i2")
    dem = read_dem(write_raster(heights, nodata=-1))
    assert dem.heights[0, 0] == -9999 and np.isnan(dem.heights[0, 1])


def test_voids_do_not_pull_averages_down(write_raster: Write) -> None:
    heights = np.full((40, 40), 1000, dtype="i2")
    heights[::3, ::2] = -9999
    for nodata in (-9999, None):
        dem = read_dem(write_raster(heights, nodata=nodata), max_samples=100)
        np.testing.assert_array_equal(dem.heights, np.full((10, 10), 1000))


def test_masked_cells_do_not_enter_averages(write_raster: Write) -> None:
    heights, alpha = np.full((8, 8), 500, dtype="u2"), np.full((8, 8), 65535, dtype="u2")
    heights[0, 0], alpha[0, 0] = 60000, 0
    dem = read_dem(write_raster(heights, alpha, options=("ALPHA=YES",)), max_samples=16)
    np.testing.assert_array_equal(dem.heights, np.full((4, 4), 500))


def test_a_double_beyond_float32_is_void_and_is_told(write_raster: Write) -> None:
    heights = np.full((10, 10), 300.0)
    heights[0, :5] = 1e39
    dem = read_dem(write_raster(heights, nodata=-9999))
    assert np.isnan(dem.heights[0, :5]).all() and dem.height_range() == (300.0, 300.0)
    assert "1e+39 read as void (undeclared nodata, 5 %)" in dem.notes


def test_many_different_heights_beyond_any_planet_share_one_note(write_raster: Write) -> None:
    heights = np.full((10, 10), 300.0)
    heights[:2] = np.geomspace(1e19, 1e300, 20).reshape(2, 10)
    dem = read_dem(write_raster(heights))
    assert "values beyond ±1e18 read as void (20 %)" in dem.notes
    assert sum("read as void" in note for note in dem.notes) == 1


def test_the_declared_void_value_in_other_digits_is_not_told(write_raster: Write) -> None:
    heights = np.array([[1, 2, np.finfo(np.float32).min], [3, 4, 5]], dtype="f4")
    dem = read_dem(write_raster(heights, nodata=-3.4e38))
    assert np.isnan(dem.heights[0, 2]) and not any("void" in note for note in dem.notes)


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8"])
def test_looking_in_parts_finds_what_looking_at_once_finds(dtype: str) -> None:
    values = np.random.default_rng(4).integers(0, 3000, (40, 30)).astype(dtype)
    values[3, :] = -9999
    values[30:, 5] = 32767
    if dtype.startswith("f"):
        values[11, 11], values[12, 12] = 1e30, np.nan
    whole, parts = UndeclaredVoid(), UndeclaredVoid()
    expected = whole.find(values)
    found = []
    for strip in np.array_split(values, 7):
        part = parts.like()
        void = part.find(strip)
        found.append(np.zeros(strip.shape, bool) if void is None else void)
        parts.add(part)
    np.testing.assert_array_equal(np.concatenate(found), expected)
    assert parts.notes == whole.notes and len(whole.notes) == (3 if dtype.startswith("f") else 2)
    assert (parts.lowest, parts.highest, parts.mistaken) == (whole.lowest, whole.highest, False)


@pytest.mark.parametrize("voids", [True, False])
def test_overviews_of_a_raster_without_undeclared_voids_are_used(write_raster: Write, voids: bool) -> None:
    heights = np.full((256, 256), 800, dtype="f4")
    if voids:
        heights[:101] = -9999
    path = write_raster(heights)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.BuildOverviews("NEAREST", [2, 4])
    overview = dataset.GetRasterBand(1).GetOverview(1)
    overview.WriteRaster(40, 40, 1, 1, np.float32(900).tobytes())  # to see whether it is read
    overview = dataset = None
    assert (np.nanmax(read_dem(path, max_samples=64 * 64).heights) == 900) == (not voids)
