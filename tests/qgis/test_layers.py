"""From layers to heights, colours and drapes, against what QGIS itself says about the same layer."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from conftest_qgis import SAMPLE, wait_for
from osgeo import gdal
from qgis.core import (
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsCoordinateReferenceSystem,
    QgsProject,
    QgsRasterLayer,
    QgsRasterRange,
    QgsRasterShader,
    QgsRectangle,
    QgsSingleBandGrayRenderer,
    QgsSingleBandPseudoColorRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from forge3d_qgis import layers
from forge3d_qgis.core.dem import LevelledSource, levelled
from forge3d_qgis.core.errors import Cancelled, DemError

NO_PROGRESS = {"budget": None, "picture_size": (200, 150), "progress": lambda share: None, "cancel": lambda: False}


@pytest.fixture(autouse=True)
def _application(qgis_app):
    yield
    QgsProject.instance().clear()


def read(layer, band=1, extent=None, **options):
    return layers.height_source(layer, band, extent).read(**{**NO_PROGRESS, **options})


def through_provider(layer, band=1, extent=None, **options):
    reading = layers.height_source(layer, band, extent)
    reading.path = None
    return reading.read(**{**NO_PROGRESS, **options})


def test_file_and_provider_give_the_same_heights():
    layer = QgsRasterLayer(str(SAMPLE), "dem")
    one, other = read(layer).dem, through_provider(layer).dem
    np.testing.assert_array_equal(one.heights, other.heights)
    assert one.cell_to_world == pytest.approx(other.cell_to_world)
    assert one.name == "dem"


def taken(reading, **options):
    """What a renderer would take of the strips, by a thread of its own, and what is known afterwards."""
    strips, ahead = [], []

    def take():
        strips.extend(ahead[0].strips())
        ahead[0].cell_to_world()
        ahead[0].ended(None)

    def hand_over(given):
        ahead.append(given)
        threading.Thread(target=take, daemon=True).start()

    loaded = reading.stream(**{**NO_PROGRESS, **options}, hand_over=hand_over)
    return np.concatenate(strips), loaded, ahead[0]


@pytest.mark.parametrize("by_provider", [False, True])
def test_strips_are_the_heights_that_are_read_and_come_once_more_from_the_source(by_provider):
    layer = QgsRasterLayer(str(SAMPLE), "dem")
    reading, dem = layers.height_source(layer, 1), read(layer).dem
    if by_provider:
        reading.path = None
    heights, loaded, ahead = taken(reading)
    np.testing.assert_array_equal(heights, dem.heights)
    assert loaded.metres_per_unit == 1.0 and loaded.dem.size == dem.size and loaded.dem.height_bits == 16
    assert loaded.dem.cell_to_world == pytest.approx(dem.cell_to_world)
    assert reading.used is None
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate(list(ahead.strips())), dem.heights)


def test_a_provider_that_scales_its_numbers_gives_floats(write_raster, hill):
    raw = np.round(hill).astype(np.int16)
    layer = QgsRasterLayer(str(write_raster(raw, nodata=-9, scale=0.5, offset=100.0)), "dem")
    reading = layers.height_source(layer, 1)
    reading.path = None
    heights, loaded, _ = taken(reading)
    assert loaded.dem.height_bits == 32
    np.testing.assert_array_equal(heights, through_provider(layer).dem.heights)


def test_a_reading_that_was_cancelled_before_its_strips_were_there_gives_none():
    reading = layers.height_source(QgsRasterLayer(str(SAMPLE), "dem"), 1)
    reading.cancel()
    with pytest.raises(Cancelled):
        reading.stream(**NO_PROGRESS, hand_over=lambda strips: None)


def test_scale_offset_and_void(write_raster, hill):
    raw = np.round(hill).astype(np.int16)
    raw[3:6, 4:9] = -9
    path = write_raster(raw, nodata=-9, scale=0.5, offset=100.0)
    layer = QgsRasterLayer(str(path), "dem")
    for dem in (read(layer).dem, through_provider(layer).dem):
        assert np.isnan(dem.heights).sum() == 15 and np.isnan(dem.heights[3, 4])
        assert dem.heights[40, 60] == pytest.approx(raw[40, 60] * 0.5 + 100.0)


def test_void_values_set_by_hand_in_qgis(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(100.0, 1000.0)])
    reading = layers.height_source(layer, 1)
    assert reading.path is None  # only the provider knows of them
    heights = read(layer).dem.heights
    np.testing.assert_array_equal(np.isnan(heights), hill >= 100.0)


def test_decimation_averages_and_does_not_skip(write_raster):
    noise = np.random.default_rng(1).standard_normal((600, 600)).astype(np.float32) + 10
    layer = QgsRasterLayer(str(write_raster(noise)), "dem")
    expected = noise.reshape(100, 6, 100, 6).mean(axis=(1, 3))
    source = layers.ProviderSource(layer.dataProvider().clone(), 1, "dem", "")
    np.testing.assert_allclose(source.read((0, 0, 600, 600), (100, 100)), expected, atol=2e-3)


def test_radii_lose_their_datum_through_the_provider_too(write_raster, hill):
    stored = np.round(hill * 2).astype(np.int16)
    path = write_raster(stored, scale=0.5, offset=1737400.0, crs="+proj=longlat +R=1737400 +no_defs")
    layer = QgsRasterLayer(str(path), "moon")
    for dem in (read(layer).dem, through_provider(layer).dem):
        assert dem.datum_m == 1737400.0
        np.testing.assert_allclose(dem.heights, stored * 0.5, atol=0.07)  # the provider itself may give float32
        assert dem.height_range()[0] == pytest.approx(1737400.0 + stored.min() * 0.5, abs=0.07)


def test_a_window_of_the_provider_beyond_its_edges_is_void_there(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    source = layers.ProviderSource(layer.dataProvider().clone(), 1, "dem", "")
    heights = source.read((-10, -6, 40, 24), (24, 40))
    assert np.isnan(heights[:6]).all() and np.isnan(heights[:, :10]).all()
    np.testing.assert_array_equal(heights[6:, 10:], hill[:18, :30])
    assert isinstance(source, LevelledSource) and levelled(source) is source


def test_voids_that_nobody_declared_are_found_through_the_provider(write_raster, hill):
    raw = np.round(hill).astype(np.int16)
    raw[3:6, 4:9] = -9999
    dem = through_provider(QgsRasterLayer(str(write_raster(raw)), "dem")).dem
    assert np.isnan(dem.heights).sum() == 15 and any("undeclared nodata" in note for note in dem.notes)


def test_feet_become_metres_and_so_does_the_ramp(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill, unit="ft")), "dem")
    loaded = read(layer)
    assert loaded.metres_per_unit == pytest.approx(0.3048)
    np.testing.assert_allclose(loaded.dem.heights, hill * np.float32(0.3048), rtol=1e-6)


def test_the_layers_own_crs_wins(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill, crs=None)), "dem")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32632"))
    assert "UTM" in read(layer).dem.georeference.crs_wkt


def test_area_is_cut_to_whole_cells(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    dem = read(layer, extent=(500100.0, 5099500.0, 500300.0, 5099800.0)).dem
    np.testing.assert_array_equal(dem.heights, hill[20:50, 10:30])
    # Of one cell, with its nearest neighbours: less cannot be drawn.
    dem = read(layer, extent=(500101.0, 5099793.0, 500103.0, 5099797.0)).dem
    np.testing.assert_array_equal(dem.heights, hill[19:21, 9:11])
    with pytest.raises(DemError, match="does not overlap"):
        read(layer, extent=(0.0, 0.0, 10.0, 10.0))


def test_canvas_extent_in_another_crs(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    inside = layers.extent_in_layer(
        layer, QgsRectangle(-180, -90, 180, 90), QgsCoordinateReferenceSystem("EPSG:4326")
    ) or layers.extent_in_layer(layer, layer.extent(), layer.crs())
    assert inside is not None
    away = QgsRectangle(100.0, 10.0, 101.0, 11.0)
    assert layers.extent_in_layer(layer, away, QgsCoordinateReferenceSystem("EPSG:4326")) is None


def test_virtual_raster_without_a_file(qgis_app):
    from qgis.core import QgsProviderRegistry

    if "virtualraster" not in QgsProviderRegistry.instance().providerList():
        pytest.skip("this QGIS has no virtual rasters")
    dem = QgsRasterLayer(str(SAMPLE), "dem")
    QgsProject.instance().addMapLayer(dem)
    extent = dem.extent()
    uri = (
        f"?crs=EPSG:4326&extent={extent.xMinimum()},{extent.yMinimum()},{extent.xMaximum()},{extent.yMaximum()}"
        f"&width=403&height=344&formula=%22dem%401%22%20*%202&dem:uri={SAMPLE}&dem:provider=gdal"
    )
    layer = QgsRasterLayer(uri, "twice", "virtualraster")
    assert layer.isValid()
    np.testing.assert_allclose(read(layer).dem.heights, 2 * read(dem).dem.heights, rtol=1e-5)


# --------------------------------------------------------------------------------------------------------------------
# What is no DEM


def test_not_a_dem(write_raster, hill, tmp_path):
    grey = np.zeros((8, 8), dtype=np.uint8)
    rgb = write_raster(grey, grey, grey, name="rgb.tif")
    dataset = gdal.Open(str(rgb), gdal.GA_Update)
    for band, meaning in ((1, gdal.GCI_RedBand), (2, gdal.GCI_GreenBand), (3, gdal.GCI_BlueBand)):
        dataset.GetRasterBand(band).SetColorInterpretation(meaning)
    dataset = None
    complex_path = write_raster(np.zeros((8, 8), dtype=np.complex64), name="complex.tif")
    cases = [
        (None, "No layer is selected"),
        (QgsVectorLayer("Point?crs=EPSG:4326", "points", "memory"), "not a raster"),
        (QgsRasterLayer(str(tmp_path / "no.tif"), "gone"), "cannot be read"),
        (QgsRasterLayer(str(rgb), "rgb"), "colour picture"),
        (QgsRasterLayer(str(complex_path), "complex"), "complex numbers"),
    ]
    for layer, words in cases:
        assert words in layers.problem_with(layer)
    assert layers.problem_with(QgsRasterLayer(str(SAMPLE), "dem")) is None


def test_all_void(write_raster):
    layer = QgsRasterLayer(str(write_raster(np.full((9, 9), -5.0, np.float32), nodata=-5.0)), "void")
    with pytest.raises(DemError, match="only void"):
        read(layer)


# --------------------------------------------------------------------------------------------------------------------
# Colours: QGIS's own shader is the judge


def pseudocolour(layer, items, kind, clip=False):
    function = QgsColorRampShader(items[0][0], items[-1][0])
    function.setColorRampType(kind)
    function.setClip(clip)
    function.setColorRampItemList([QgsColorRampShader.ColorRampItem(value, QColor(*colour)) for value, colour in items])
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(function)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader))
    return function


ITEMS = [(60.0, (0, 0, 255, 255)), (80.0, (0, 200, 0, 255)), (120.0, (255, 255, 0, 128)), (140.0, (255, 0, 0, 255))]


@pytest.mark.parametrize("kind", [QgsColorRampShader.Type.Interpolated, QgsColorRampShader.Type.Discrete])
def test_pseudocolour_is_exact(write_raster, hill, kind):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    items = ITEMS if kind == QgsColorRampShader.Type.Interpolated else [*ITEMS, (math.inf, (9, 9, 9, 255))]
    function = pseudocolour(layer, items, kind)
    ramp = layers.color_ramp(layer, 1, 1.0)
    for value in np.linspace(40.0, 160.0, 241):
        known, *expected = function.shade(float(value))
        assert known
        assert np.abs(ramp.colors_at(value).astype(int) - expected).max() <= 1, value


def test_ramp_follows_the_unit(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    pseudocolour(layer, ITEMS, QgsColorRampShader.Type.Interpolated)
    assert layers.color_ramp(layer, 1, 0.5).stops[0][0] == 30.0


def test_what_a_ramp_cannot_say_is_draped(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    pseudocolour(layer, ITEMS, QgsColorRampShader.Type.Exact)
    assert layers.color_ramp(layer, 1, 1.0) is None
    pseudocolour(layer, ITEMS, QgsColorRampShader.Type.Interpolated, clip=True)
    assert layers.color_ramp(layer, 1, 1.0) is None
    pseudocolour(layer, ITEMS, QgsColorRampShader.Type.Interpolated)
    layer.brightnessFilter().setBrightness(40)
    assert layers.color_ramp(layer, 1, 1.0) is None


def test_grey_is_exact(write_raster, hill):
    layer = QgsRasterLayer(str(write_raster(hill)), "dem")
    renderer = QgsSingleBandGrayRenderer(layer.dataProvider(), 1)
    stretch = QgsContrastEnhancement(layer.dataProvider().dataType(1))
    stretch.setMinimumValue(50.0)
    stretch.setMaximumValue(150.0)
    stretch.setContrastEnhancementAlgorithm(QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum)
    renderer.setContrastEnhancement(stretch)
    renderer.setGradient(QgsSingleBandGrayRenderer.Gradient.WhiteToBlack)
    layer.setRenderer(renderer)
    ramp = layers.color_ramp(layer, 1, 1.0)
    assert ramp.colors_at(50.0).tolist() == [255, 255, 255, 255]
    assert ramp.colors_at(150.0).tolist() == [0, 0, 0, 255]
    assert not layers.prefers_own_style(layer)


# --------------------------------------------------------------------------------------------------------------------
# Drapes


@pytest.mark.parametrize("turn", [0.0, 30.0, 200.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_drape_lies_on_its_cells(write_raster, turn, mirrored):
    """A raster draped over itself: the drape's row and column of the bright corner are those of the heights."""
    heights = np.zeros((40, 60), dtype=np.float32)
    heights[4:12, 6:18] = 100.0
    size, angle = 10.0, math.radians(turn)
    down = size if mirrored else -size
    transform = (
        500000.0, size * math.cos(angle), -down * math.sin(angle),
        5100000.0, size * math.sin(angle), down * math.cos(angle),
    )  # fmt: skip
    layer = QgsRasterLayer(str(write_raster(heights, geotransform=transform)), "dem")
    pseudocolour(layer, [(50.0, (0, 0, 255, 255)), (math.inf, (255, 0, 0, 255))], QgsColorRampShader.Type.Discrete)
    dem = read(layer).dem
    assert dem.size == (60, 40)
    job, rgba = layers.drape_job(dem, layer.crs(), [layer], 600)
    wait_for(lambda: not job.isActive())
    picture = rgba(job.renderedImage())
    assert picture.shape == (400, 600, 4)
    rows, cols = np.nonzero((picture[..., 0] > 200) & (picture[..., 3] > 200))
    box = (rows.min() / 10, rows.max() / 10, cols.min() / 10, cols.max() / 10)
    assert box == pytest.approx((4, 12, 6, 18), abs=1.1)  # QGIS warps turned rasters by nearest cells


def test_a_picture_is_converted_while_all_threads_of_qt_wait_for_python():
    """As a reading and an export do on two cores: Qt's own conversion of a large picture would wait for ever."""
    code = (
        "import sys, threading, time\n"
        "from qgis.PyQt.QtCore import QRunnable, QThreadPool\n"
        "from qgis.PyQt.QtGui import QColor, QImage\n"
        "from forge3d_qgis.layers import straight_rgba\n"
        "class Busy(QRunnable):\n"
        "    def run(self):\n"
        "        while not over.is_set():\n"
        "            sum(range(1000))\n"
        "over = threading.Event()\n"
        "pool = QThreadPool.globalInstance()\n"
        "image = QImage(1500, 1200, QImage.Format.Format_ARGB32_Premultiplied)\n"
        "image.fill(QColor(200, 100, 50, 128))\n"
        "jobs = [Busy() for _ in range(pool.maxThreadCount())]\n"
        "for job in jobs:\n"
        "    job.setAutoDelete(False)\n"
        "    pool.start(job)\n"
        "for _ in range(5):\n"
        "    found = straight_rgba(image)\n"
        "over.set()\n"
        "pool.waitForDone()\n"
        "assert found.shape == (1200, 1500, 4) and abs(found.astype(int) - [200, 100, 50, 128]).max() <= 1\n"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
