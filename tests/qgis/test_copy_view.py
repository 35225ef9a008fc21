"""«Copy view»: what the dock exports and what the command line draws of the copied view are one picture."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
from conftest_qgis import SAMPLE, small, wait_for
from osgeo import gdal
from qgis.core import (
    QgsColorRampShader,
    QgsCoordinateReferenceSystem,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import QPointF
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QApplication

from forge3d_qgis.__main__ import main
from forge3d_qgis.core.camera import span
from forge3d_qgis.core.surface_styles import SurfaceStyle, find_style
from forge3d_qgis.gui.export_dialog import ExportSettings

pytestmark = pytest.mark.gpu

WIDTH, HEIGHT, SAMPLES = 320, 230, 4


@pytest.fixture
def dock(plugin, add_layer):
    add_layer()
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: sharp(one))
    return one


def sharp(dock) -> bool:
    return dock.relief.last_frame is not None and not dock.relief.last_frame.draft


def change(dock, **changes) -> None:
    dock.relief.last_frame = None
    dock.current.change({path.replace("__", "."): value for path, value in changes.items()})
    wait_for(lambda: sharp(dock))


def styled(dock) -> None:
    """A style of the layer in metres, as QGIS's own panel makes it."""
    function = QgsColorRampShader(236, 1076)
    items = [(236, "#225522"), (500, "#ccbb77"), (1076, "#ffffff")]
    function.setColorRampItemList([QgsColorRampShader.ColorRampItem(value, QColor(name)) for value, name in items])
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(function)
    layer = dock.relief.layer
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader))
    change(dock, source__colours="layer")


def moved(dock) -> None:
    dock.preview.orbited.emit(40.0, 10.0)
    before = span(dock.current.view.scene.camera)
    dock.preview.zoomed.emit(QPointF(0.5, 0.6), 2.5)
    wait_for(lambda: span(dock.current.view.scene.camera) < before)


def in_a_part(dock) -> None:
    extent = dock.relief.layer.extent()
    extent.scale(0.41)
    change(
        dock,
        source__area_of="drawn",
        source__area=(extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()),
    )


def lit(dock) -> None:
    change(dock, scene__sun__azimuth=120.0, scene__sun__altitude=20.0, scene__sky_intensity=0.4)
    change(dock, scene__exaggeration=2.5, scene__background="#102030")


def exported(dock, path, width=WIDTH, height=HEIGHT) -> np.ndarray:
    assert dock.exporter.export(ExportSettings(str(path), width, height, SAMPLES, 96.0, False))
    wait_for(lambda: not dock.exporter.busy)
    return gdal.Open(str(path)).ReadAsArray()


def drawn(tmp_path, *options: str, dem=SAMPLE, width=WIDTH, height=HEIGHT) -> np.ndarray:
    path = tmp_path / "drawn.png"
    size = ("--size", f"{width}x{height}", "--samples", str(SAMPLES))
    assert main(["render", str(dem), str(path), *size, *options]) == 0
    return gdal.Open(str(path)).ReadAsArray()


def copied(dock, tmp_path) -> str:
    """A scene file with what «Copy view» puts onto the clipboard."""
    dock.views.copy()
    path = tmp_path / "view.json"
    path.write_text(QApplication.clipboard().text(), encoding="utf-8")
    return str(path)


def snowed(dock) -> None:
    change(dock, scene__surface=SurfaceStyle.from_file(find_style("snow"), snow_line=600, transition=150))


@pytest.mark.parametrize(
    "steps",
    [[lit], [styled], [moved], [in_a_part], [snowed], [in_a_part, moved, lit, styled, snowed]],
    ids=["light", "style of the layer", "moved", "part", "surface style", "all of them"],
)
@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_dock_and_command_line_draw_the_same_picture(dock, tmp_path, steps, projection):
    dock.current.change({"scene.camera.projection": projection})
    for step in steps:
        step(dock)
    one, other = exported(dock, tmp_path / "exported.png"), drawn(tmp_path, "--scene", copied(dock, tmp_path))
    assert one.shape == other.shape == (3, HEIGHT, WIDTH)
    assert np.abs(one.astype(int) - other).max() <= 1
    assert np.ptp(one) > 50  # a picture, not a blank


@pytest.mark.parametrize("height", [150, 230])
def test_a_picture_as_wide_as_the_preview_holds_its_own_samples(dock, tmp_path, height):
    """The preview holds more of them, of a picture of the same size."""
    change(dock, scene__sun__size=20.0)  # soft shadows: other samples are another picture
    wait_for(lambda: dock.relief.last_frame.samples == dock.relief.last_frame.wanted > SAMPLES)
    size = {"width": 200, "height": height}
    one = exported(dock, tmp_path / "exported.png", **size)
    other = drawn(tmp_path, "--scene", copied(dock, tmp_path), **size)
    assert one.shape == (3, height, 200) and np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("given", ["EPSG:2263", "of the user's own"])
def test_a_crs_that_the_user_gave_the_layer_travels(plugin, add_layer, write_raster, hill, tmp_path, given):
    """Cells of ten feet, which a file without a CRS does not say."""
    path = write_raster(hill, crs=None)
    crs = QgsCoordinateReferenceSystem("EPSG:2263")
    if given != "EPSG:2263":
        crs = QgsCoordinateReferenceSystem()
        crs.createFromProj("+proj=tmerc +lat_0=46 +lon_0=15 +ellps=bessel +units=us-ft")
        assert crs.authid() == ""
    layer = add_layer(path)
    layer.setCrs(crs)
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: sharp(one))
    scene = copied(one, tmp_path)
    picture = exported(one, tmp_path / "exported.png")
    assert np.abs(picture.astype(int) - drawn(tmp_path, "--scene", scene, dem=path)).max() <= 1
    assert np.abs(picture.astype(int) - drawn(tmp_path, dem=path)).max() > 20  # taken as metres it is another picture
    content = json.loads(QApplication.clipboard().text())
    assert content["source"]["crs"] == (given if given == "EPSG:2263" else crs.toWkt())
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32633"))  # now metres: read again, and told
    one.relief.last_frame = None
    wait_for(lambda: sharp(one))
    assert one.relief.loaded.dem.cell_size_m == pytest.approx((10.0, 10.0))
    copied(one, tmp_path)
    assert json.loads(QApplication.clipboard().text())["source"]["crs"] == "EPSG:32633"


def test_the_files_own_crs_is_not_told(dock, tmp_path):
    copied(dock, tmp_path)
    assert json.loads(QApplication.clipboard().text())["source"]["crs"] == ""


def test_the_style_of_the_layer_is_drawn_and_travels_as_stops_in_metres(dock, tmp_path):
    before = exported(dock, tmp_path / "before.png")
    styled(dock)
    with open(copied(dock, tmp_path), encoding="utf-8") as file:
        ramp = json.load(file)["color_ramp"]
    assert ramp["relative"] is False
    assert [[value, color[:3]] for value, color in ramp["stops"]] == [
        [236.0, [0x22, 0x55, 0x22]], [500.0, [0xCC, 0xBB, 0x77]], [1076.0, [255, 255, 255]],
    ]  # fmt: skip
    assert not np.array_equal(before, exported(dock, tmp_path / "after.png"))


def test_the_area_is_told_as_the_option_that_reads_the_same_cells(dock, tmp_path, iface):
    in_a_part(dock)
    scene = copied(dock, tmp_path)
    words = next(text for text in iface.words() if "--area" in text)
    option, corners = shlex.split(words[words.index("--area") :])[:2]
    content = json.loads(QApplication.clipboard().text())
    del content["source"]
    alone = tmp_path / "alone.json"
    alone.write_text(json.dumps(content), encoding="utf-8")
    without = drawn(tmp_path, "--scene", str(alone))
    one, other = drawn(tmp_path, "--scene", scene), drawn(tmp_path, "--scene", str(alone), option, corners)
    assert np.array_equal(one, other) and not np.array_equal(one, without)


def test_a_drape_is_left_out_and_told(dock, tmp_path, iface, capsys):
    iface.canvas.setLayers([dock.relief.layer])
    dock.current.change({"source.colours": "canvas"})
    wait_for(lambda: dock.relief.drape.is_shown and not dock.relief.drape.is_drawing)
    scene = copied(dock, tmp_path)
    assert any("left out" in text for text in iface.words())
    drawn(tmp_path, "--scene", scene)
    assert "the drape is left out" in capsys.readouterr().out


def test_the_menu_offers_it_with_a_picture_only(dock, plugin, iface):
    def action():
        dock.views.fill()
        return next(one for one in dock.head.views_menu.actions() if one.objectName() == "forge3dCopyView")

    assert action().isEnabled()
    iface.words()
    dock.relief.forget_layer()
    assert not action().isEnabled()
