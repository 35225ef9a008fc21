"""Map and height units as metres. Oracles: closed forms and published lengths."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from forge3d_qgis.core import DemError, read_dem
from forge3d_qgis.core.dem import metres_per_degree, metres_per_unit

Write = Callable[..., Path]

STEPS = np.arange(12).reshape(3, 4)


class Plain:
    """A flat source whose georeference the test chooses."""

    name, size, unit, nodata, notes = "plain", (8, 6), "", None, ()
    geotransform: tuple[float, ...] | None = (0.0, 5.0, 0.0, 0.0, 0.0, -5.0)
    crs_wkt = ""

    def read(self, window: tuple[float, float, float, float], shape: tuple[int, int]) -> np.ndarray:
        return np.ones(shape, dtype=np.float32)


def test_a_degree_of_latitude_has_its_published_length() -> None:
    wgs84 = (6378137.0, 298.257223563)
    assert metres_per_degree(0, *wgs84)[1] == pytest.approx(110574.27, abs=0.1)
    assert metres_per_degree(90, *wgs84)[1] == pytest.approx(111693.98, abs=0.1)
    assert metres_per_degree(45, *wgs84) == pytest.approx((78846.8, 111131.7), abs=0.2)
    assert metres_per_degree(0, *wgs84)[0] == pytest.approx(111319.49, abs=0.1)


@pytest.mark.parametrize(
    ("latitude", "crs", "east", "north"),
    [
        (0.0, 4326, 111319.49, 110574.28),
        (60.0, 4326, 55800.0, 111412.2),
        (-45.0, 4326, 78846.8, 111131.7),
        # The Moon and Mars as spheres: a degree is 2πR/360, times cos φ along parallels.
        (60.0, "+proj=longlat +R=1737400 +no_defs", 15161.6, 30323.4),
        (-30.0, "+proj=longlat +R=3396190 +no_defs", 51333.0, 59274.7),
    ],
)
def test_cells_in_degrees_become_metres_on_the_ellipsoid_of_their_crs(
    write_raster: Write, latitude: float, crs: int | str, east: float, north: float
) -> None:
    cell = 0.01
    path = write_raster(
        np.ones((10, 20), dtype="i2"), crs=crs, geotransform=(10, cell, 0, latitude + 5 * cell, 0, -cell)
    )
    dem = read_dem(path)
    np.testing.assert_allclose(dem.cell_to_world, (east * cell, 0, 0, -north * cell), rtol=1e-4)
    assert any(note.startswith("degrees as") for note in dem.notes)


def test_a_globe_whose_edges_pass_the_poles_is_read(write_raster: Write) -> None:
    path = write_raster(np.ones((181, 360), dtype="i2"), crs=4326, geotransform=(-180.5, 1, 0, 90.5, 0, -1))
    dem = read_dem(path)
    np.testing.assert_allclose(dem.cell_to_world, (111319.5, 0, 0, -110574.3), rtol=1e-4)


def test_a_raster_around_a_pole_in_degrees_keeps_some_width(write_raster: Write) -> None:
    path = write_raster(np.ones((10, 360), dtype="i2"), crs=4326, geotransform=(-180, 1, 0, 95, 0, -1))
    assert read_dem(path).cell_size_m[0] > 1


def test_feet_of_a_projection_become_metres(write_raster: Write) -> None:
    geotransform = (980000.0, 10.0, 0.0, 200000.0, 0.0, -10.0)
    dem = read_dem(write_raster(np.ones((4, 4), dtype="i2"), crs=2263, geotransform=geotransform))
    assert dem.cell_size_m == pytest.approx((10 * 1200 / 3937, 10 * 1200 / 3937), rel=1e-9)
    assert any("0.3048006" in note for note in dem.notes)


@pytest.mark.parametrize("latitude", [0.0, 40.0, -60.0, 75.0])
def test_web_mercator_gives_the_lengths_that_the_same_ground_has_in_degrees(
    write_raster: Write, latitude: float
) -> None:
    ones, cell = np.ones((10, 10), dtype="i2"), 0.001
    degrees = read_dem(
        write_raster(ones, crs=4326, geotransform=(7, cell, 0, latitude + 5 * cell, 0, -cell), name="degrees.tif")
    )

    def mercator(lat: float) -> float:
        return 6378137 * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))

    width = math.radians(cell) * 6378137
    top, bottom = mercator(latitude + 5 * cell), mercator(latitude - 5 * cell)
    geotransform = (math.radians(7) * 6378137, width, 0, top, 0, (bottom - top) / 10)
    dem = read_dem(write_raster(ones, crs=3857, geotransform=geotransform, name="mercator.tif"))
    assert dem.cell_size_m == pytest.approx(degrees.cell_size_m, rel=1e-4 if latitude else 0.011)


def test_utm_keeps_the_lengths_of_its_grid(write_raster: Write) -> None:
    assert read_dem(write_raster(np.ones((4, 4), dtype="i2"))).cell_to_world == (10.0, 0.0, 0.0, -10.0)


def test_a_plate_carree_far_from_its_equator_is_not_stretched(write_raster: Write) -> None:
    mars = "+proj=eqc +R=3396190 +units=m +no_defs"
    metres_per_degree_there = math.radians(1) * 3396190
    path = write_raster(
        np.ones((4, 4), dtype="i2"), crs=mars, geotransform=(0, 100, 0, 60 * metres_per_degree_there + 200, 0, -100)
    )
    assert read_dem(path).cell_size_m == pytest.approx((50.0, 100.0), rel=1e-3)


def test_an_engineering_crs_counts_in_its_unit(write_raster: Write) -> None:
    local = 'LOCAL_CS["site grid",UNIT["foot",0.3048],AXIS["E",EAST],AXIS["N",NORTH]]'
    dem = read_dem(write_raster(np.ones((4, 4), dtype="i2"), crs=local, geotransform=(0, 2, 0, 0, 0, -2)))
    assert dem.cell_size_m == pytest.approx((0.6096, 0.6096))


def test_no_crs_means_metres_and_says_so(write_raster: Write) -> None:
    dem = read_dem(write_raster(np.ones((4, 4), dtype="i2"), crs=None, geotransform=(0, 5, 0, 0, 0, -5)))
    assert dem.cell_size_m == (5.0, 5.0) and any("no CRS" in note for note in dem.notes)


def test_degrees_without_a_crs_are_recognised_by_impossible_slopes(write_raster: Write) -> None:
    heights = np.linspace(200, 1500, 100).reshape(10, 10).astype("i2")
    dem = read_dem(write_raster(heights, crs=None, geotransform=(7, 0.001, 0, 46, 0, -0.001)))
    assert dem.cell_size_m == pytest.approx((77.4, 111.1), rel=1e-3)
    assert any("taken as degrees" in note for note in dem.notes)


def test_no_georeference_means_square_cells_of_a_metre_and_says_so(write_raster: Write) -> None:
    dem = read_dem(write_raster(np.ones((4, 6), dtype="i2"), crs=None, geotransform=None))
    assert dem.cell_to_world == (1.0, 0.0, 0.0, -1.0)
    assert any("no georeference" in note for note in dem.notes)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("", 1.0), ("m", 1.0), ("METERS", 1.0), ("metre", 1.0), ("ft", 0.3048), ("Feet", 0.3048), ("foot", 0.3048),
        ("US survey foot", 1200 / 3937), ("ftUS", 1200 / 3937), ("us-ft", 1200 / 3937), ("cm", 0.01), ("km", 1000.0),
    ],
)  # fmt: skip
def test_heights_are_in_metres_whatever_the_band_counts_in(write_raster: Write, unit: str, factor: float) -> None:
    assert metres_per_unit(unit) == factor
    dem = read_dem(write_raster((STEPS * 1000).astype("f4"), unit=unit))
    np.testing.assert_allclose(dem.heights, STEPS * 1000 * factor, rtol=1e-6)


def test_the_unit_of_a_vertical_crs_counts_where_the_band_names_none(write_raster: Write) -> None:
    path = write_raster((STEPS * 1000).astype("f4"), crs="EPSG:32611+6360")  # NAVD88 height (ftUS)
    dem = read_dem(path)
    np.testing.assert_allclose(dem.heights, STEPS * 1000 * 1200 / 3937, rtol=1e-6)


def test_a_z_factor_goes_over_the_unit(write_raster: Write) -> None:
    dem = read_dem(write_raster(STEPS.astype("f4"), unit="ft"), z_factor=2.0)
    np.testing.assert_array_equal(dem.heights, STEPS * 2)


def test_an_unknown_unit_is_taken_as_metres_and_told(write_raster: Write) -> None:
    dem = read_dem(write_raster(STEPS.astype("f4"), unit="cubits"))
    np.testing.assert_array_equal(dem.heights, STEPS)
    assert any("cubits" in note for note in dem.notes)


@pytest.mark.parametrize("z_factor", [0.0, -1.0, math.nan, math.inf])
def test_a_z_factor_must_be_a_length(write_raster: Write, z_factor: float) -> None:
    with pytest.raises(DemError, match="z_factor"):
        read_dem(write_raster(STEPS.astype("f4")), z_factor=z_factor)


@pytest.mark.parametrize("exceptions", [False, True])
@pytest.mark.parametrize(
    "crs",
    [
        "PROJCS[", "no CRS at all", 'GEOGCS["x"]', 'PROJCS["\udcff",', 'GEOGCS["a\0b"]',
        'GEOGCS["y",DATUM["d",SPHEROID["s",6378137,298]],PRIMEM["Greenwich",0],UNIT["degree",0]]',
        'PROJCS["x",GEOGCS["y",DATUM["d",SPHEROID["s",0,0]],PRIMEM["Greenwich",0],UNIT["degree",0]],'
        'PROJECTION["Mercator_1SP"],UNIT["metre",0]]',
        'GEOGCS["y",DATUM["d",SPHEROID["s",-5,1]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]',
        'PROJCS["x",GEOGCS["y",DATUM["d"],PRIMEM["Greenwich",0],UNIT["degree",0.01745]],PROJECTION["nothing"]]',
    ],
)  # fmt: skip
def test_a_damaged_crs_leaves_the_heights_readable(exceptions: bool, crs: str) -> None:
    class Damaged(Plain):
        crs_wkt = crs

    before = gdal.GetUseExceptions()
    try:
        gdal.UseExceptions() if exceptions else gdal.DontUseExceptions()
        dem = read_dem(Damaged())
    finally:
        gdal.UseExceptions() if before else gdal.DontUseExceptions()
    assert all(0 < side < math.inf for side in dem.cell_size_m)
    assert "CRS not understood: map units taken as metres" in dem.notes or dem.cell_size_m != (5.0, 5.0)


@pytest.mark.parametrize(
    "geotransform",
    [(0, 1e200, 0, 0, 0, -1e200), (0, 1e-200, 0, 0, 0, -1e-200), (math.nan, 5, 0, 0, 0, -5), (0, 5, 5, 0, 5, 5)],
)
def test_a_georeference_that_gives_no_distances_is_left_aside(geotransform: tuple) -> None:
    source = Plain()
    source.geotransform = geotransform
    dem = read_dem(source)
    assert dem.cell_to_world == (1.0, 0.0, 0.0, -1.0)
    assert "its georeference is degenerate and was left aside" in dem.notes
