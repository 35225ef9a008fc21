"""Radii of planets lose their datum in double precision; ordinary heights are never touched."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forge3d_qgis.core import read_dem

Write = Callable[..., Path]

MOON = 1737400.0
ON_THE_MOON = "+proj=longlat +R=1737400 +no_defs"


def relief() -> np.ndarray:
    """Lunar heights in steps of half a metre, which float32 radii of 1 737 400 m cannot tell from steps of 0.5625."""
    rows, cols = np.mgrid[0:40, 0:50]
    return np.round(2 * (3000 * np.sin(rows / 9) + 400 * np.cos(cols / 7))) / 2


def test_the_offset_of_the_band_is_the_datum(write_raster: Write) -> None:
    # As LOLA's cubes are stored: Int16, half metres above a sphere.
    path = write_raster((relief() * 2).astype("i2"), scale=0.5, offset=MOON, crs=ON_THE_MOON)
    dem = read_dem(path)
    assert dem.datum_m == MOON
    np.testing.assert_array_equal(dem.heights, relief())
    assert dem.height_range() == (MOON + relief().min(), MOON + relief().max())
    assert "radii as heights above 1737400 m" in dem.notes


@pytest.mark.parametrize(("dtype", "step"), [("f4", 0.0625), ("f8", 1e-9)])
def test_radii_without_an_offset_lose_the_radius_that_the_crs_names(
    write_raster: Write, dtype: str, step: float
) -> None:
    heights = relief() + 0.03
    stored = (heights + MOON).astype(dtype)
    dem = read_dem(write_raster(stored, crs=ON_THE_MOON))
    assert dem.datum_m == MOON
    # float32 radii were rounded to 0.125 m when they were written; doubles keep every digit that float32 heights hold.
    np.testing.assert_allclose(dem.heights, heights, atol=step, rtol=1e-7)


def test_radii_are_averaged_in_double_precision(write_raster: Write) -> None:
    heights = np.random.default_rng(1).normal(0, 100, (64, 64))
    dem = read_dem(write_raster(heights + MOON, crs=ON_THE_MOON), max_samples=16 * 16)
    assert dem.size == (16, 16)
    np.testing.assert_allclose(dem.heights, heights.reshape(16, 4, 16, 4).mean(axis=(1, 3)), atol=1e-5)


def test_radii_of_an_unknown_body_lose_whole_kilometres(write_raster: Write) -> None:
    dem = read_dem(write_raster(relief() + 256321.0, crs=None))
    assert dem.datum_m % 1000 == 0 and abs(dem.datum_m - 256321) < 4000
    np.testing.assert_allclose(dem.heights + dem.datum_m, relief() + 256321.0)


def test_radii_in_kilometres_have_a_datum_in_metres(write_raster: Write) -> None:
    dem = read_dem(write_raster((relief() + MOON) / 1000, unit="km", crs=ON_THE_MOON))
    assert dem.datum_m == pytest.approx(MOON)
    np.testing.assert_allclose(dem.heights, relief(), atol=1e-3)


@pytest.mark.parametrize("crs", [32633, ON_THE_MOON, None])
@pytest.mark.parametrize(
    ("offset", "kept"), [(900000.0, 900000.0), (-900000.0, -900000.0), (30000.0, 30000.0), (0.0, 100000.0)]
)
def test_heights_that_are_no_radii_of_the_body_are_not_called_so(
    write_raster: Write, crs: int | str | None, offset: float, kept: float
) -> None:
    # 100 km and more above or below zero, by an offset that has nothing to do with the Earth's radius or the Moon's.
    beyond = 0.0 if abs(offset) > 1e5 else math.copysign(100500.0 - offset, offset)
    stored = np.arange(30.0).reshape(5, 6) + beyond
    dem = read_dem(write_raster(stored, offset=offset, crs=crs))
    assert dem.datum_m == pytest.approx(kept, abs=1000)
    np.testing.assert_array_equal(dem.heights + np.float64(dem.datum_m), stored + offset)
    assert f"heights counted from {dem.datum_m:.10g} m" in dem.notes and "radii" not in str(dem.notes)


@pytest.mark.parametrize("void", [-9999.0, -3.4028234663852886e38, -1e10])
@pytest.mark.parametrize("declared", [True, False])
def test_void_cells_hide_no_radii(write_raster: Write, void: float, declared: bool) -> None:
    radii = relief() + MOON
    radii[:13] = void
    dem = read_dem(write_raster(radii.astype("f4"), crs=ON_THE_MOON, nodata=void if declared else None))
    assert dem.datum_m == MOON
    assert np.isnan(dem.heights[:13]).all() and np.nanmax(np.abs(dem.heights)) < 4000


def test_a_datum_for_all_windows(write_raster: Write) -> None:
    path = write_raster((relief() + MOON).astype("f8"), crs=ON_THE_MOON)
    np.testing.assert_array_equal(read_dem(path, window=(20, 10, 20, 20)).heights, read_dem(path).heights[10:30, 20:40])


@pytest.mark.parametrize("low_and_high", [(-11000, -100), (8000, 12000), (-12000, 12000), (60000, 99000), (-5, 150000)])
@pytest.mark.parametrize("offset", [None, MOON])
def test_heights_of_the_ordinary_are_kept_byte_for_byte(
    write_raster: Write, low_and_high: tuple[float, float], offset: float | None
) -> None:
    heights = np.random.default_rng(2).uniform(*low_and_high, (30, 40)).astype("f4")
    if offset is None:
        dem = read_dem(write_raster(heights, crs=ON_THE_MOON))
        np.testing.assert_array_equal(dem.heights, heights)
    else:  # an offset that ends in ordinary heights is no datum
        stored = heights.astype("f8") - offset
        dem = read_dem(write_raster(stored, offset=offset, crs=ON_THE_MOON))
        np.testing.assert_array_equal(dem.heights, (stored + offset).astype("f4"))
    assert dem.datum_m == 0.0 and not any("radii" in note for note in dem.notes)
