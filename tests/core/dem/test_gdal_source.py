"""Opening rasters and reading their numbers, for any type of cell, in both of GDAL's modes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

from forge3d_qgis.core import DemError, read_dem

Write = Callable[..., Path]

STEPS = np.arange(12).reshape(3, 4)


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


def test_a_raster_of_points_has_its_samples_on_them(write_raster: Write) -> None:
    # Written as a point raster, whose tie point is the centre of the first cell: GDAL shifts it by half a cell.
    path = write_raster(
        STEPS.astype("i2"), crs=4326, geotransform=(7 - 0.5 / 1200, 1 / 1200, 0, 47 + 0.5 / 1200, 0, -1 / 1200),
        metadata={"AREA_OR_POINT": "Point"},
    )  # fmt: skip
    assert read_dem(path).map_from_cell(0, 0) == pytest.approx((7, 47), abs=1e-9)


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
