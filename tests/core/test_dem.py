"""Reading elevation rasters. Oracles: closed forms, published lengths, GDAL's own numbers, and plain block means."""

from __future__ import annotations

import math
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

from forge3d_qgis.core import Cancelled, Dem, DemError, HeightSource, MemoryBudgetError, open_source, read_dem
from forge3d_qgis.core.dem import STRIP_BYTES, GdalSource, metres_per_degree, metres_per_unit

Write = Callable[..., Path]

STEPS = np.arange(12).reshape(3, 4)


# Values


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "u4", "i4", "f4", "f8"])
def test_every_real_type_keeps_its_values(write_raster: Write, dtype: str) -> None:
    heights = (STEPS * 20).astype(dtype)
    dem = read_dem(write_raster(heights))
    assert dem.heights.dtype == np.float32 and dem.heights.flags.c_contiguous
    np.testing.assert_array_equal(dem.heights, heights)


@pytest.mark.skipif(not hasattr(gdal, "GDT_Int64"), reason="GDAL before 3.5 has no 64-bit integers")
@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_64_bit_integers_and_their_nodata(write_raster: Write, dtype: str) -> None:
    heights = STEPS.astype(dtype)
    path = write_raster(heights)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(1).SetNoDataValue(5)
    dataset = None
    dem = read_dem(path)
    np.testing.assert_array_equal(np.isnan(dem.heights), heights == 5)
    np.testing.assert_array_equal(dem.heights[heights != 5], heights[heights != 5])


def test_signed_bytes_are_signed(write_raster: Write) -> None:
    heights = (STEPS - 6).astype("i1")
    path = write_raster(heights, options=("PIXELTYPE=SIGNEDBYTE",))
    np.testing.assert_array_equal(read_dem(path).heights, heights)


def test_complex_numbers_are_no_heights(write_raster: Write) -> None:
    with pytest.raises(DemError, match="expected real numbers"):
        read_dem(write_raster(STEPS.astype("c8")))


def test_scale_and_offset_are_applied_and_nodata_is_looked_for_before_them(write_raster: Write) -> None:
    raw = np.array([[0, 50, 100], [-9999, 200, 300]], dtype="i2")
    dem = read_dem(write_raster(raw, scale=0.1, offset=100.0, nodata=-9999))
    expected = np.array([[100, 105, 110], [np.nan, 120, 130]], dtype=np.float32)
    np.testing.assert_allclose(dem.heights, expected, rtol=1e-6)


# Voids


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


# Lengths


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


def test_ground_control_points_place_a_raster(write_raster: Write) -> None:
    path = write_raster(np.ones((10, 10), dtype="i2"), crs=None, geotransform=None)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    corners = [(0, 0), (10, 0), (10, 10), (0, 10)]
    utm = osr.SpatialReference()
    utm.ImportFromEPSG(32633)
    points = [gdal.GCP(500000 + 30 * c, 5e6 - 30 * r, 0, c, r) for c, r in corners]
    dataset.SetGCPs(points, utm.ExportToWkt())
    dataset = None
    dem = read_dem(path)
    np.testing.assert_allclose(dem.cell_to_world, (30, 0, 0, -30), atol=1e-6)


# Vertical units


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


# Orientation


def turned(angle: float, size: float = 10.0) -> tuple[float, ...]:
    a = math.radians(angle)
    return (5e5, size * math.cos(a), size * math.sin(a), 5e6, size * math.sin(a), -size * math.cos(a))


@pytest.mark.parametrize(
    ("geotransform", "flip"),
    [(turned(0), False), (turned(30), False), (turned(-120), False), ((5e5, 10.0, 0, 5e6, 0, 10.0), True)],
    ids=["north-up", "turned 30°", "turned -120°", "south-up"],
)
def test_the_hill_stands_in_the_world_where_it_stands_on_the_map(
    write_raster: Write, hill: np.ndarray, geotransform: tuple[float, ...], flip: bool
) -> None:
    dem = read_dem(write_raster(hill[::-1] if flip else hill, geotransform=geotransform))
    row, col = np.unravel_index(np.argmax(dem.heights), dem.heights.shape)
    top, centre = dem.map_from_cell(col, row), dem.map_from_world(0, 0)
    world = dem.world_from_cell(col, row)
    assert world == pytest.approx((top[0] - centre[0], top[1] - centre[1]), abs=1e-6)
    if geotransform[2] == 0:
        assert world[0] < 0 < world[1]  # north-west


def test_cells_map_and_world_lead_back_to_each_other(write_raster: Write, hill: np.ndarray) -> None:
    dem = read_dem(write_raster(hill, geotransform=turned(30)), max_samples=700)
    for cell in [(0.0, 0.0), (3.25, 17.5), (-2.0, 40.0)]:
        assert dem.cell_from_map(*dem.map_from_cell(*cell)) == pytest.approx(cell, abs=1e-6)
        assert dem.cell_from_world(*dem.world_from_cell(*cell)) == pytest.approx(cell, abs=1e-6)
        assert dem.world_from_map(*dem.map_from_cell(*cell)) == pytest.approx(dem.world_from_cell(*cell), abs=1e-6)
    middle = (dem.size[0] - 1) / 2, (dem.size[1] - 1) / 2
    assert dem.world_from_cell(*middle) == pytest.approx((0, 0), abs=1e-9)


def test_a_raster_of_points_has_its_samples_on_them(write_raster: Write) -> None:
    # Written as a point raster, whose tie point is the centre of the first cell: GDAL shifts it by half a cell.
    path = write_raster(
        STEPS.astype("i2"), crs=4326, geotransform=(7 - 0.5 / 1200, 1 / 1200, 0, 47 + 0.5 / 1200, 0, -1 / 1200),
        metadata={"AREA_OR_POINT": "Point"},
    )  # fmt: skip
    assert read_dem(path).map_from_cell(0, 0) == pytest.approx((7, 47), abs=1e-9)


# Averages


def test_whole_factors_give_plain_block_means(write_raster: Write) -> None:
    heights = np.random.default_rng(1).normal(500, 100, (120, 180)).astype("f4")
    dem = read_dem(write_raster(heights), max_samples=40 * 60)
    assert dem.size == (60, 40)
    np.testing.assert_allclose(dem.heights, heights.reshape(40, 3, 60, 3).mean(axis=(1, 3)), rtol=1e-6)
    assert dem.cell_to_world == (30.0, 0.0, 0.0, -30.0)
    assert dem.source_size == (180, 120)


def test_whole_factors_agree_with_gdals_average(write_raster: Write) -> None:
    heights = np.random.default_rng(2).integers(-50, 3000, (128, 128)).astype("i2")
    path = write_raster(heights.astype("f4"))
    dem = read_dem(path, max_samples=32 * 32)
    average = gdal.Translate("", str(path), format="MEM", width=32, height=32, resampleAlg="average")
    np.testing.assert_allclose(dem.heights, average.ReadAsArray(), rtol=1e-5)


def exact_mean(heights: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """Area-weighted means by the definition, one block at a time."""

    def weights(count: int, size: int) -> np.ndarray:
        edges = np.linspace(0, size, count + 1)
        cells = np.arange(size)
        overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
        return np.clip(overlap, 0, None)

    across, down = weights(cols, heights.shape[1]), weights(rows, heights.shape[0])
    known = ~np.isnan(heights)
    sums = down @ np.where(known, heights, 0).astype(np.float64) @ across.T
    area = down @ known.astype(np.float64) @ across.T
    return np.where(area > 1e-9, sums / np.where(area > 1e-9, area, 1), np.nan)


@pytest.mark.parametrize("size", [(101, 67), (100, 50), (53, 97)])
@pytest.mark.parametrize("voids", [False, True])
def test_odd_sizes_are_averaged_by_area_and_keep_their_extent(
    write_raster: Write, size: tuple[int, int], voids: bool
) -> None:
    cols, rows = size
    rng = np.random.default_rng(3)
    heights = rng.normal(500, 100, (rows, cols)).astype("f4")
    if voids:
        heights[rng.random((rows, cols)) < 0.3] = np.nan
        heights[:9, :9] = np.nan
    dem = read_dem(write_raster(heights), max_samples=cols * rows // 9 + 60)
    held_cols, held_rows = dem.size
    assert held_cols < cols
    expected = exact_mean(heights, held_rows, held_cols)
    np.testing.assert_array_equal(np.isnan(dem.heights), np.isnan(expected))
    np.testing.assert_allclose(dem.heights, expected, rtol=2e-6)
    g = dem.georeference.geotransform
    assert (g[0] + held_cols * g[1], g[3] + held_rows * g[5]) == pytest.approx((5e5 + 10 * cols, 5.1e6 - 10 * rows))
    assert dem.cell_to_world == pytest.approx((10 * cols / held_cols, 0, 0, -10 * rows / held_rows), rel=1e-12)


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


def test_strips_stay_small_and_no_full_copy_is_made(write_raster: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_raster(np.zeros((3000, 4000), dtype="f8"), options=("COMPRESS=DEFLATE", "TILED=YES"))
    sizes: list[int] = []
    raw = GdalSource._raw

    def spy(self, band, x, y, cols, rows, dtype):
        sizes.append(cols * rows * dtype.itemsize)
        return raw(self, band, x, y, cols, rows, dtype)

    monkeypatch.setattr(GdalSource, "_raw", spy)
    for samples in (None, 100_000, 37_000):
        sizes.clear()
        tracemalloc.start()
        dem = read_dem(path, max_samples=samples)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert max(sizes) <= 2 * STRIP_BYTES  # doubles: twice the bytes of the float32 strip
        assert peak < dem.heights.nbytes + 5 * STRIP_BYTES
        assert len(sizes) > 2


def marked_overviews(path: Path, *levels: int) -> None:
    """Builds overviews and fills each with its own level, so that a test sees which one was read."""
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.BuildOverviews("AVERAGE", list(levels))
    for number, level in enumerate(levels):
        overview = dataset.GetRasterBand(1).GetOverview(number)
        content = np.full((overview.YSize, overview.XSize), level, dtype="f4")
        overview.WriteRaster(0, 0, overview.XSize, overview.YSize, content.tobytes())
    dataset = None


@pytest.mark.parametrize(("side", "level"), [(256, 1), (128, 2), (86, 2), (64, 4), (52, 4), (32, 8), (13, 8)])
def test_the_coarsest_overview_that_need_not_be_enlarged_is_read(write_raster: Write, side: int, level: int) -> None:
    path = write_raster(np.full((256, 256), 1, dtype="f4"), nodata=-9999)
    marked_overviews(path, 2, 4, 8)
    dem = read_dem(path, max_samples=side * side)
    assert dem.size == (side, side) or side == 13
    np.testing.assert_allclose(dem.heights, level)


def test_overviews_with_undeclared_voids_averaged_into_them_are_left_aside(write_raster: Write) -> None:
    heights = np.full((256, 256), 800, dtype="f4")
    heights[:101] = -9999  # odd: overviews mix it with its neighbours
    path = write_raster(heights)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.BuildOverviews("AVERAGE", [2, 4])
    dataset = None
    dem = read_dem(path, max_samples=64 * 64)
    assert dem.height_range() == (800.0, 800.0)


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


# Budget, progress, cancel


def test_a_dem_too_large_for_the_budget_is_averaged_and_says_so(write_raster: Write) -> None:
    path = write_raster(np.ones((2000, 2400), dtype="i2"))
    dem = read_dem(path, memory_budget=32 << 20, picture_size=(200, 100))
    assert dem.size == (1200, 1000)
    assert "2400×2000 read as 1200×1000 to stay within 32 MiB" in dem.notes


def test_a_dem_within_the_budget_is_not_averaged(write_raster: Write) -> None:
    dem = read_dem(write_raster(np.ones((2000, 2400), dtype="i2")), memory_budget=64 << 20, picture_size=(200, 100))
    assert dem.size == (2400, 2000) and not any("read as" in note for note in dem.notes)


def test_a_budget_below_the_picture_itself_is_refused(write_raster: Write) -> None:
    with pytest.raises(MemoryBudgetError, match="raise the memory budget"):
        read_dem(write_raster(np.ones((200, 200), dtype="i2")), memory_budget=4 << 20)


def test_sides_over_the_texture_limit_are_averaged(write_raster: Write) -> None:
    dem = read_dem(write_raster(np.ones((3, 300), dtype="i2")), max_side=128)
    assert dem.size == (100, 2)


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


# What is no DEM


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemError, match=r"nowhere\.tif: .*no such file"):
        read_dem(tmp_path / "nowhere.tif")


def test_a_text_file_is_no_raster(tmp_path: Path) -> None:
    (tmp_path / "notes.tif").write_text("these are notes")
    with pytest.raises(DemError, match="expected a raster"):
        read_dem(tmp_path / "notes.tif")


def test_a_vector_file_is_called_one(tmp_path: Path) -> None:
    point = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Point",'
    (tmp_path / "points.geojson").write_text(point + '"coordinates":[1,2]}}]}')
    with pytest.raises(DemError, match="vector data"):
        read_dem(tmp_path / "points.geojson")


def test_a_photo_is_called_a_picture_unless_a_band_is_insisted_on(write_raster: Write) -> None:
    path = write_raster(*[np.full((5, 5), level, dtype="u1") for level in (10, 20, 30)], options=("PHOTOMETRIC=RGB",))
    with pytest.raises(DemError, match=r"picture of red, green and blue.*--band"):
        read_dem(path)
    assert read_dem(path, band=2).heights[0, 0] == 20


def test_a_band_that_does_not_exist_is_refused(write_raster: Write) -> None:
    for band in (0, 2, -1):
        with pytest.raises(DemError, match=r"expected a band 1\.\.1"):
            read_dem(write_raster(STEPS.astype("i2")), band=band)


def test_a_container_lists_its_rasters(tmp_path: Path, write_raster: Write) -> None:
    first = write_raster(STEPS.astype("i2"))
    path = tmp_path / "two.gpkg"
    for append in ("NO", "YES"):
        gdal.Translate(
            str(path), str(first), format="GPKG",
            creationOptions=[f"APPEND_SUBDATASET={append}", f"RASTER_TABLE=t{append}", "TILE_FORMAT=TIFF"],
        )  # fmt: skip
    with pytest.raises(DemError, match="GPKG:"):
        read_dem(path)


def test_a_raster_of_one_row_is_refused(write_raster: Write) -> None:
    with pytest.raises(DemError, match="at least 2×2"):
        read_dem(write_raster(np.ones((1, 5), dtype="i2")))


def test_a_truncated_file_is_an_error_and_no_plain(write_raster: Write) -> None:
    rng = np.random.default_rng(5)
    path = write_raster(rng.integers(0, 1000, (500, 500)).astype("i2"))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DemError):
        read_dem(path)


@pytest.mark.parametrize("exceptions", [False, True])
def test_reading_works_and_changes_nothing_whether_gdal_raises_or_not(
    write_raster: Write, tmp_path: Path, exceptions: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_raster(STEPS.astype("i2"))
    before = gdal.GetUseExceptions()
    try:
        gdal.UseExceptions() if exceptions else gdal.DontUseExceptions()
        assert read_dem(path).size == (4, 3)
        with pytest.raises(DemError, match="no such file"):
            read_dem(tmp_path / "nowhere.tif")
        assert bool(gdal.GetUseExceptions()) == exceptions
    finally:
        gdal.UseExceptions() if before else gdal.DontUseExceptions()
    assert capfd.readouterr().err == ""


# Arrays and other sources


def test_a_float32_array_is_kept_and_not_copied() -> None:
    heights = np.zeros((5, 7), dtype=np.float32)
    dem = Dem.from_array(heights, cell_size_m=2.0)
    assert dem.heights is heights
    assert dem.cell_to_world == (2.0, 0.0, 0.0, -2.0)
    assert dem.world_from_map(0, 0) == pytest.approx((0, 0))


def test_other_arrays_are_converted_and_stay_upright() -> None:
    heights = np.arange(12.0).reshape(3, 4).T
    dem = Dem.from_array(heights)
    assert dem.heights.flags.c_contiguous and dem.heights.dtype == np.float32
    np.testing.assert_array_equal(dem.heights, heights)


@pytest.mark.parametrize("bad", [np.zeros(5), np.zeros((2, 2, 2)), np.zeros((0, 5)), np.zeros((2, 2), complex)])
def test_arrays_that_are_no_heights_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(DemError, match="expected"):
        Dem.from_array(bad)


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf])
def test_cells_have_a_size(size: float) -> None:
    with pytest.raises(DemError, match="cell_size_m"):
        Dem.from_array(np.zeros((2, 2)), cell_size_m=size)


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


def test_masked_cells_of_an_array_are_void() -> None:
    heights = np.ma.masked_array(np.arange(9, dtype=np.int16).reshape(3, 3), mask=np.eye(3, dtype=bool))
    held = Dem.from_array(heights).heights
    assert np.isnan(held[0, 0]) and np.isnan(held[2, 2]) and held[0, 1] == 1
