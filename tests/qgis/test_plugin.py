"""What the user meets, paragraph by paragraph, in QGIS's own Python with real pictures."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from conftest_qgis import SAMPLE, let_run, play_in_qgis, small, wait_for
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsMapThemeCollection,
    QgsProject,
    QgsSimpleFillSymbolLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QPointF, QSize, QTimer
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QApplication

from forge3d_qgis import native_loader
from forge3d_qgis.core.camera import is_fitted, span
from forge3d_qgis.core.errors import DeviceError
from forge3d_qgis.core.scene import Camera, ColorRamp
from forge3d_qgis.gui import preferences, project_store, sentinel
from forge3d_qgis.gui.current_view import plain_view
from forge3d_qgis.gui.export_dialog import ExportSettings

needs_gpu = pytest.mark.gpu


@pytest.fixture
def dock(plugin, iface, add_layer):
    layer = add_layer()
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: full(one))
    assert one.relief.layer is layer
    return one


def full(dock) -> bool:
    frame = dock.relief.last_frame
    return frame is not None and not frame.draft and frame.samples >= 1


def next_picture(dock) -> np.ndarray:
    dock.relief.last_frame = None
    wait_for(lambda: full(dock))
    return dock.relief.last_frame.rgba


def choose(dock, path, value) -> None:
    """As if the user had changed a control."""
    dock.current.change({path: value})


def camera(dock) -> Camera:
    return dock.current.view.scene.camera


def place_under(dock, x, y) -> tuple[float, float, float]:
    """(x, y, metres) on the map under a share of the picture, as the pointer tells it."""
    places = []
    dock.relief.navigation.pointed.connect(places.append)
    dock.preview.hovered.emit(QPointF(x, y))
    wait_for(lambda: places)
    dock.relief.navigation.pointed.disconnect(places.append)
    return places[-1]


# Loading and unloading


def test_loads_without_touching_the_native_part(plugin, iface):
    assert len(iface.menu) == 2 and len(iface.toolbar) == len(iface.context) == len(iface.factories) == 1
    assert plugin.dock is None and iface.docks == []
    assert {action.objectName() for action in iface.menu} == {"forge3dRender", "forge3dShowPanel"}
    plugin.unload()
    assert iface.menu == iface.toolbar == iface.context == iface.factories == iface.docks == []
    assert iface.help_menu.actions() == []


def test_help_opens_the_guide_that_came_along_or_the_one_on_the_web(plugin, iface, monkeypatch, tmp_path):
    from forge3d_qgis import plugin as module

    opened = []
    monkeypatch.setattr(module.QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    guide = tmp_path / "user_guide.html"
    monkeypatch.setattr(module, "GUIDE", guide)
    (entry,) = iface.help_menu.actions()
    entry.trigger()
    guide.write_text("<p>guide</p>")
    entry.trigger()
    assert opened == [module.HELP_PAGE, guide.as_uri()]


# The first picture


@needs_gpu
def test_the_event_loop_goes_on_while_a_large_dem_is_read_and_drawn(plugin, iface, write_raster, add_layer):
    """How long it takes is measured by benches/bench_qgis.py; here QGIS must answer many times before it is there."""
    rng = np.random.default_rng(3)
    coarse = rng.standard_normal((65, 65)).astype(np.float32) * 200 + 1000
    steps = np.linspace(0, 64, 4096)
    lower, share = np.minimum(steps.astype(int), 63), (steps % 1).astype(np.float32)
    rows = coarse[lower] * (1 - share)[:, None] + coarse[lower + 1] * share[:, None]
    heights = rows[:, lower] * (1 - share) + rows[:, lower + 1] * share
    add_layer(write_raster(heights.astype(np.float32)))
    dock = small(plugin.ensure_dock())
    rounds = []
    timer = QTimer()
    timer.timeout.connect(lambda: rounds.append(dock.preview.image() is None))
    plugin.render_selected()
    assert dock.preview.image() is None  # the menu entry itself waits for nothing
    timer.start(1)
    wait_for(lambda: full(dock))
    timer.stop()
    assert rounds.count(True) > 10
    assert "4096×4096" in dock.foot.data.text()


@needs_gpu
def test_picture_sharpens_to_the_wanted_samples(dock):
    preferences.set_samples(8)
    choose(dock, "scene.sun.azimuth", 200.0)
    wait_for(lambda: full(dock) and dock.relief.last_frame.samples == dock.relief.last_frame.wanted == 8)
    let_run(150)
    assert dock.relief.last_frame.samples == 8
    assert dock.preview.busy is None
    preferences.set_samples(preferences.DEFAULT_SAMPLES)


@needs_gpu
def test_picture_fills_the_label_at_its_pixel_ratio(dock):
    dock.preview.setFixedSize(QSize(260, 170))
    wait_for(lambda: full(dock) and dock.relief.last_frame.rgba.shape[:2] == (170, 260))


# Hands


@needs_gpu
def test_orbit_zoom_pan_and_home(dock):
    home = next_picture_after(dock, lambda: None)
    dock.preview.orbited.emit(40.0, 10.0)
    turned = next_picture(dock)
    assert camera(dock).heading == 40.0 and not np.array_equal(home, turned)
    before = span(camera(dock))
    dock.preview.zoomed.emit(QPointF(0.5, 0.6), 2.0)
    wait_for(lambda: span(camera(dock)) < 0.6 * before)
    wait_for(lambda: full(dock))
    before = camera(dock).target
    dock.preview.pan_started.emit(QPointF(0.5, 0.6))
    wait_for(lambda: dock.relief.navigation.held is not None)
    dock.preview.pan_moved.emit(QPointF(0.6, 0.7))
    assert camera(dock).target != before
    dock.preview.drag_ended.emit()
    dock.preview.home_wanted.emit()
    assert is_fitted(camera(dock))
    dock.preview.top_wanted.emit()
    dock.preview.north_wanted.emit()
    assert (camera(dock).pitch, camera(dock).heading) == (90.0, 0.0)


def next_picture_after(dock, act) -> np.ndarray:
    act()
    wait_for(lambda: full(dock))
    return dock.relief.last_frame.rgba.copy()


@needs_gpu
def test_pan_keeps_the_ground_under_the_hand(dock):
    dock.preview.top_wanted.emit()
    next_picture(dock)
    dock.preview.pan_started.emit(QPointF(0.4, 0.5))
    wait_for(lambda: dock.relief.navigation.held is not None)
    held = dock.relief.navigation.held
    dock.preview.pan_moved.emit(QPointF(0.55, 0.6))
    dock.preview.drag_ended.emit()
    next_picture(dock)
    found = dock.relief.loaded.dem.world_from_map(*place_under(dock, 0.55, 0.6)[:2])
    cell = max(dock.relief.loaded.dem.cell_size_m)
    assert found == pytest.approx(held[:2], abs=2 * cell)


@needs_gpu
def test_the_newest_view_wins_and_no_queue_builds_up(dock):
    frames = []
    dock.relief.frame.connect(frames.append)
    for _ in range(200):
        dock.preview.orbited.emit(1.0, 0.0)
    dock.preview.drag_ended.emit()
    wait_for(lambda: full(dock) and dock.relief.last_frame.view["heading"] == pytest.approx(200.0))
    assert len(frames) < 20


@needs_gpu
def test_pointer_reads_the_map_and_a_click_flashes_it(dock, iface):
    dock.preview.hovered.emit(QPointF(0.5, 0.5))
    wait_for(lambda: dock.preview.place)
    x, y, metres = place_under(dock, 0.5, 0.5)
    extent = dock.relief.layer.extent()
    assert extent.xMinimum() < x < extent.xMaximum() and extent.yMinimum() < y < extent.yMaximum()
    assert 236 <= metres <= 1076
    dataset = gdal.Open(str(SAMPLE))
    transform = dataset.GetGeoTransform()
    column, row = int((x - transform[0]) / transform[1]), int((y - transform[3]) / transform[5])
    assert metres == pytest.approx(float(dataset.ReadAsArray(column, row, 1, 1)[0, 0]), abs=60)
    places = []
    dock.relief.navigation.place_clicked.connect(places.append)
    dock.preview.clicked.emit(QPointF(0.5, 0.5))
    wait_for(lambda: places)
    assert (places[0].x(), places[0].y()) == pytest.approx((x, y))
    dock.preview.left.emit()
    assert dock.preview.place == ""


# Controls


@pytest.fixture
def ridge(plugin, add_layer, write_raster):
    """A ridge that runs north to south, seen from above: its west slope is the left half, the east slope the right."""
    across = np.abs(np.arange(120) - 59.5)
    add_layer(write_raster(np.tile(300 - 4 * across, (90, 1)).astype(np.float32)))
    preferences.set_samples(4)
    dock = small(plugin.ensure_dock())
    dock.current.change(
        {
            "scene.camera.pitch": 90.0,
            "scene.camera.projection": "orthographic",
            "scene.sun.azimuth": 270.0,
            "scene.sun.altitude": 30.0,
        }
    )
    plugin.render_selected()
    wait_for(lambda: done(dock))
    yield dock
    preferences.set_samples(preferences.DEFAULT_SAMPLES)


def done(dock) -> bool:
    frame = dock.relief.last_frame
    return frame is not None and not frame.draft and frame.samples == frame.wanted


def slopes(dock, changes=None) -> tuple[float, float]:
    """Mean brightness of the west and of the east slope after the user's changes."""
    if changes is not None:
        dock.relief.last_frame = None
        dock.current.change(changes)
        wait_for(lambda: done(dock))
    green = dock.relief.last_frame.rgba[50:100, :, 1].astype(float)
    return green[:, 40:90].mean(), green[:, 110:160].mean()


@needs_gpu
def test_the_sun_lights_the_slope_that_faces_it(ridge):
    west, east = slopes(ridge)
    assert west > 1.5 * east
    west, east = slopes(ridge, {"scene.sun.azimuth": 90.0})
    assert east > 1.5 * west


@needs_gpu
def test_a_higher_sun_brightens_the_slope_in_the_shade(ridge):
    before = slopes(ridge)[1]
    assert slopes(ridge, {"scene.sun.altitude": 75.0})[1] > 1.2 * before


@needs_gpu
def test_heights_exaggerated_part_light_and_shade(ridge):
    west, east = slopes(ridge)
    steep_west, steep_east = slopes(ridge, {"scene.exaggeration": 3.0})
    assert steep_east < east and steep_west / steep_east > west / east


@needs_gpu
def test_sky_light_and_exposure_brighten_and_no_sky_darkens(ridge):
    west, east = slopes(ridge)
    assert slopes(ridge, {"scene.exposure": 1.5})[0] > west
    darker = slopes(ridge, {"scene.exposure": 1.0, "scene.sky_intensity": 0.0})
    brighter = slopes(ridge, {"scene.sky_intensity": 2.0})
    assert darker[1] < east < brighter[1]


@needs_gpu
def test_cast_shadows_darken_what_lies_behind_the_ridge(ridge):
    ridge.current.change({"scene.exaggeration": 3.0, "scene.sun.altitude": 10.0, "scene.sky_intensity": 0.0})
    with_shadows = slopes(ridge, {"scene.cast_shadows": True, "scene.sun.size": 0.0})
    west, east = slopes(ridge, {"scene.cast_shadows": False})
    assert west == pytest.approx(with_shadows[0], abs=2)
    assert east >= with_shadows[1]


@needs_gpu
def test_hillshade_is_grey_and_relief_is_not(ridge):
    assert np.ptp(ridge.relief.last_frame.rgba[75, 60, :3]) > 5
    slopes(ridge, {"scene.shading": ridge.panel.shading.itemData(1)})
    assert np.ptp(ridge.relief.last_frame.rgba[75, 60, :3]) == 0
    assert not ridge.panel.sky.isEnabled() and not ridge.panel.colours.isEnabled()


@needs_gpu
def test_background_and_transparency_show_where_there_is_no_terrain(ridge):
    ridge.panel.background.setColor(QColor(10, 20, 200))
    wait_for(lambda: done(ridge) and tuple(ridge.relief.last_frame.rgba[0, 0]) == (10, 20, 200, 255))
    ridge.panel.transparent.click()
    wait_for(lambda: done(ridge) and ridge.relief.last_frame.rgba[0, 0, 3] == 0)
    ridge.panel.transparent.click()
    wait_for(lambda: done(ridge) and tuple(ridge.relief.last_frame.rgba[0, 0]) == (10, 20, 200, 255))


@needs_gpu
def test_a_ramp_colours_by_height(ridge):
    low, high = (200, 0, 0, 255), (0, 0, 200, 255)
    ramp = ColorRamp(((0.0, low), (1.0, high)), relative=True)
    slopes(ridge, {"source.colours": "ramp", "scene.color_ramp": ramp})
    foot, crest = ridge.relief.last_frame.rgba[75, [15, 97]].astype(int)
    assert foot[0] > 3 * foot[2] and crest[2] > 3 * crest[0]


@needs_gpu
def test_area_of_the_canvas(dock, iface):
    extent = dock.relief.layer.extent()
    extent.scale(0.5)
    iface.canvas.setDestinationCrs(dock.relief.layer.crs())
    iface.canvas.setExtent(extent)
    choose(dock, "source.area_of", "canvas")
    next_picture(dock)
    cols, rows = dock.relief.loaded.dem.size
    assert cols < 403 and rows < 344
    assert f"{cols}×{rows} read whole" in dock.foot.data.text()


@needs_gpu
def test_area_of_the_canvas_follows_the_canvas(dock, iface):
    layer = dock.relief.layer
    iface.canvas.setDestinationCrs(layer.crs())
    extent = layer.extent()
    extent.scale(0.5)
    iface.canvas.setExtent(extent)
    choose(dock, "source.area_of", "canvas")
    next_picture(dock)
    before = dock.relief.loaded.dem.size
    dock.preview.orbited.emit(20.0, 0.0)  # a view of one's own: its target belongs to the ground that goes
    let_run(600)
    QgsProject.instance().setDirty(False)
    readings = []
    dock.relief.dem_ready.connect(lambda: readings.append(dock.relief.loaded.dem.size))
    for _ in range(8):  # a pan in steps is one change of the map
        extent.scale(0.93)
        iface.canvas.setExtent(extent)
        let_run(30)
    wait_for(lambda: readings and full(dock))
    let_run(900)
    assert len(readings) == 1 and readings[0][0] < before[0] and readings[0][1] < before[1]
    assert camera(dock).heading == 20.0 and is_fitted(camera(dock))
    assert not QgsProject.instance().isDirty()  # the map moved, not the user's settings
    far = layer.extent()
    far.setXMinimum(far.xMinimum() + 50.0)
    far.setXMaximum(far.xMaximum() + 50.0)
    iface.canvas.setExtent(far)
    wait_for(lambda: dock.preview.image() is None)
    assert "does not overlap" in dock.preview.words and iface.words() == []
    iface.canvas.setExtent(extent)
    wait_for(lambda: full(dock))
    del layer


@needs_gpu
def test_drawn_area(dock, iface):
    extent = dock.relief.layer.extent()
    extent.scale(0.3)
    iface.canvas.setDestinationCrs(dock.relief.layer.crs())
    before = iface.canvas.mapTool()
    choose(dock, "source.area_of", "drawn")
    dock.panel.draw.click()
    assert dock.area_tool.is_active
    shown = dock.relief.loaded
    choose(dock, "scene.sun.azimuth", 90.0)  # nothing is drawn yet: the light changes all the same
    next_picture(dock)
    assert dock.relief.loaded is shown
    dock.area_tool.take(extent)
    next_picture(dock)
    assert dock.relief.loaded.dem.size[0] < 140
    assert not dock.area_tool.is_active and iface.canvas.mapTool() is before


@needs_gpu
def test_drape_of_canvas_and_theme(dock, iface):
    project = QgsProject.instance()
    red = coloured("red", dock.relief.layer.extent(), (255, 0, 0))
    iface.canvas.setLayers([red])
    choose(dock, "source.colours", "canvas")
    wait_for(lambda: not dock.relief.drape.is_drawing)

    def is_red() -> bool:
        middle = dock.relief.last_frame.rgba[75, 100].astype(int)
        return middle[0] > 2 * middle[1]

    wait_for(lambda: full(dock) and is_red())
    record = QgsMapThemeCollection.MapThemeRecord()
    record.addLayerRecord(QgsMapThemeCollection.MapThemeLayerRecord(red))
    project.mapThemeCollection().insert("Red", record)
    choose(dock, "source.colours", "ramp")
    wait_for(lambda: full(dock) and not is_red())
    dock.panel.colours.activated.emit(dock.panel.colours.findData("theme"))
    assert dock.current.view.source.theme == "Red"
    wait_for(lambda: full(dock) and is_red())
    del red


def coloured(name, extent, colour):
    """A layer of one polygon, filled."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:4326", name, "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromRect(extent))
    layer.dataProvider().addFeatures([feature])
    layer.renderer().symbol().changeSymbolLayer(0, QgsSimpleFillSymbolLayer(QColor(*colour)))
    QgsProject.instance().addMapLayer(layer)
    return layer


def strongest(dock) -> int:
    """The channel that prevails in the middle of the picture."""
    frame = dock.relief.last_frame
    return int(frame.rgba[75, 100, :3].argmax()) if frame is not None else -1


def recolour(layer, colour) -> None:
    layer.renderer().symbol().symbolLayer(0).setColor(QColor(*colour))
    layer.triggerRepaint()  # as the styling panel does


@needs_gpu
def test_the_drape_follows_the_map(dock, iface):
    extent = dock.relief.layer.extent()
    one, other = coloured("one", extent, (255, 0, 0)), coloured("other", extent, (0, 0, 255))
    iface.canvas.setLayers([one])
    choose(dock, "source.colours", "canvas")
    wait_for(lambda: strongest(dock) == 0)
    iface.canvas.setLayers([other, one])  # another layer on top
    wait_for(lambda: strongest(dock) == 2)
    recolour(other, (0, 255, 0))  # another style
    wait_for(lambda: strongest(dock) == 1)
    dock.setUserVisible(False)
    recolour(other, (255, 0, 0))
    let_run(900)
    assert strongest(dock) == 1  # nobody looks: nothing is drawn
    dock.setUserVisible(True)
    wait_for(lambda: strongest(dock) == 0)
    choose(dock, "source.colours", "ramp")
    recolour(other, (0, 0, 255))
    assert not dock.relief.drape.is_waiting
    del one, other


@needs_gpu
def test_the_drape_follows_its_theme(dock):
    themes = QgsProject.instance().mapThemeCollection()
    extent = dock.relief.layer.extent()
    one, other = coloured("one", extent, (255, 0, 0)), coloured("other", extent, (0, 0, 255))
    for layer in (one, other):
        record = QgsMapThemeCollection.MapThemeRecord()
        record.addLayerRecord(QgsMapThemeCollection.MapThemeLayerRecord(layer))
        if layer is one:
            themes.insert("Season", record)
            dock.current.change({"source.colours": "theme", "source.theme": "Season"})
            wait_for(lambda: strongest(dock) == 0)
        else:
            themes.update("Season", record)
    wait_for(lambda: strongest(dock) == 2)
    del one, other, layer


@needs_gpu
def test_a_map_that_changes_by_being_drawn_is_not_drawn_for_ever(dock, iface):
    """Colours stretched to what the canvas shows: each drawing, of another extent, changes the style."""
    from qgis.core import QgsRasterMinMaxOrigin

    layer = dock.relief.layer
    origin = QgsRasterMinMaxOrigin()
    origin.setLimits(QgsRasterMinMaxOrigin.Limits.MinMax)
    origin.setExtent(QgsRasterMinMaxOrigin.Extent.UpdatedCanvas)
    layer.renderer().setMinMaxOrigin(origin)
    extent = layer.extent()
    extent.scale(0.4)
    iface.canvas.setDestinationCrs(layer.crs())
    iface.canvas.setExtent(extent)
    iface.canvas.setLayers([layer])
    drapes = []
    keep = dock.relief.drape.start_job
    dock.relief.drape.start_job = lambda side: (drapes.append(side), keep(side))[1]
    choose(dock, "source.colours", "canvas")
    let_run(3000)
    assert 1 <= len(drapes) <= 2
    del layer


@needs_gpu
def test_a_layer_that_asks_for_repaint_while_it_is_drawn_is_not_drawn_for_ever(dock, iface, monkeypatch):
    from forge3d_qgis import layers

    drapes = []
    keep = layers.drape_job

    def drape_job(dem, crs, shown, *rest):
        drapes.append(shown)
        shown[0].triggerRepaint()
        return keep(dem, crs, shown, *rest)

    monkeypatch.setattr(layers, "drape_job", drape_job)
    iface.canvas.setLayers([dock.relief.layer])
    choose(dock, "source.colours", "canvas")
    let_run(2000)
    assert len(drapes) == 1


def test_follows_the_active_layer_unless_pinned(plugin, iface, add_layer):
    first = add_layer(name="first")
    dock = small(plugin.ensure_dock())
    dock.setUserVisible(True)
    plugin.render_selected()
    assert dock.head.layer_combo.currentLayer() is first
    second = add_layer(name="second")
    wait_for(lambda: dock.head.layer_combo.currentLayer() is second)
    dock.head.pin.setChecked(True)
    iface.setActiveLayer(first)
    let_run(400)
    assert dock.head.layer_combo.currentLayer() is second


# The foot


@needs_gpu
def test_foot_tells_the_truth(dock):
    frame = dock.relief.last_frame
    assert "403×344 read whole" in dock.foot.data.text() and "exaggeration 1.0" in dock.foot.data.text()
    assert "degrees as" in dock.foot.data.text()
    assert str(frame.device["name"]) in dock.foot.adapter.text()
    assert dock.foot.badge.isVisible() == (frame.device["kind"] == "software")
    assert dock.foot.meter.held == frame.memory["total_bytes"] - frame.memory["python_bytes"] > 0
    assert not hasattr(dock.relief.loaded.dem, "heights"), "they went to the device strip by strip"
    tip = dock.foot.meter.toolTip()
    assert "Heights: " in tip and "Picture: " in tip and "forge3d." not in tip


@needs_gpu
def test_without_a_device_from_now_on_the_heights_are_read_for_the_picture_that_numpy_makes(dock):
    relief, pictures = dock.relief, []
    relief.cpu_picture.connect(pictures.append)
    assert not hasattr(relief.loaded.dem, "heights")
    relief.host._arrived("failed", DeviceError("[Device] lost for good"))
    wait_for(lambda: pictures)
    assert relief.loaded.dem.heights.shape == (344, 403) and relief.host.problem is not None


# Export


@needs_gpu
def test_export_equals_the_preview(dock, iface, tmp_path):
    preferences.set_samples(4)
    choose(dock, "scene.sun.azimuth", 300.0)
    wait_for(lambda: full(dock) and dock.relief.last_frame.samples == dock.relief.last_frame.wanted == 4)
    shown = dock.relief.last_frame.rgba
    path = tmp_path / "same.png"
    assert dock.exporter.export(ExportSettings(str(path), 200, 150, 4, 254.0, True))
    wait_for(path.exists)
    wait_for(lambda: not dock.exporter.busy)
    picture = gdal.Open(str(path)).ReadAsArray()
    assert picture.shape == (4, 150, 200)
    opaque = picture[3] == 255
    difference = np.abs(picture[:3].transpose(1, 2, 0)[opaque].astype(int) - shown[opaque][:, :3])
    assert opaque.any() and difference.max() <= 1
    assert (10000).to_bytes(4, "big") in path.read_bytes()[:120]  # 254 dpi are 10000 pixels a metre
    wait_for(lambda: any("same.png" in text for text in iface.words()))
    preferences.set_samples(preferences.DEFAULT_SAMPLES)


@needs_gpu
def test_export_in_bands_while_the_preview_goes_on(dock, tmp_path, monkeypatch):
    from forge3d_qgis.gui import export

    monkeypatch.setattr(export, "STRETCH_S", 0.02)
    path = tmp_path / "large.png"
    frames = []
    dock.relief.frame.connect(frames.append)
    assert dock.exporter.export(ExportSettings(str(path), 600, 450, 1, 96.0, False))
    dock.preview.orbited.emit(30.0, 0.0)
    wait_for(path.exists)
    wait_for(lambda: full(dock) and dock.relief.last_frame.view["heading"] == pytest.approx(30.0))
    assert gdal.Open(str(path)).RasterYSize == 450
    assert list(tmp_path.iterdir()) == [path]


@needs_gpu
def test_another_layer_ends_the_export(dock, add_layer, tmp_path, iface):
    assert dock.exporter.export(ExportSettings(str(tmp_path / "x.png"), 900, 700, 64, 96.0, False))
    let_run(30)
    dock.render_layer(add_layer(name="other"))
    wait_for(lambda: not dock.exporter.busy and full(dock))
    assert list(tmp_path.glob("*x.png*")) == []
    assert any("Nothing was written" in text for text in iface.words())


def test_a_neighbour_does_not_take_the_place_of_a_removed_layer(plugin, iface, add_layer):
    other = add_layer(name="aaa")
    layer = add_layer(name="dem")
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    assert dock.relief.layer is layer
    dock.head.pin.setChecked(True)
    QgsProject.instance().removeMapLayer(layer.id())
    let_run(100)
    assert dock.head.layer_combo.currentLayer() is None and dock.relief.layer is None
    assert dock.preview.words.startswith("No relief yet")
    assert other.isValid()


@needs_gpu
def test_export_to_a_place_that_cannot_be_written(dock, iface, tmp_path):
    assert dock.exporter.export(ExportSettings(str(tmp_path / "no" / "x.png"), 100, 80, 1, 96.0, False))
    wait_for(lambda: any("Export failed" in text for text in iface.words()))
    assert not dock.exporter.busy
    next_picture_after(dock, lambda: dock.preview.orbited.emit(5.0, 0.0))


@needs_gpu
def test_clipboard_and_layout(dock, iface, monkeypatch):
    from forge3d_qgis.gui import export

    monkeypatch.setattr(export, "LAYOUT_WIDTH_MM", 20.0)
    monkeypatch.setattr(export, "LAYOUT_SAMPLES", 1)
    dock.exporter.copy()
    assert QApplication.clipboard().image().size() == QSize(200, 150)
    assert dock.exporter.add_to_layout(None)
    wait_for(lambda: iface.layouts)
    pictures = [one for one in iface.layouts[0].items() if hasattr(one, "picturePath")]
    assert pictures and pictures[0].picturePath().startswith("base64:") and not pictures[0].isMissingImage()
    del pictures
    iface.layouts.clear()


# The project


@needs_gpu
def test_view_is_kept_with_the_project(dock, tmp_path):
    project = QgsProject.instance()
    project.setDirty(False)
    let_run(600)
    assert not project.isDirty()  # rendering alone changes nothing of the user's
    dock.current.change({"scene.exaggeration": 2.5, "scene.sun.altitude": 20.0})
    dock.preview.orbited.emit(33.0, 0.0)
    wait_for(project.isDirty)
    path = tmp_path / "project.qgs"
    assert project.write(str(path))
    wanted = dock.current.view
    project.clear()
    assert dock.current.view == plain_view()
    assert project.read(str(path))
    wait_for(lambda: full(dock))
    assert dock.current.view == wanted
    assert dock.relief.last_frame.view["heading"] == pytest.approx(33.0)
    let_run(600)
    assert not project.isDirty()


OLD_VIEW = (  # as the first version wrote it
    '{"altitude": 20.0, "area": "drawn", "azimuth": 90.0, "background": [10, 20, 200], "band": 1, "cast_shadows":'
    ' false, "colours": "ramp", "drawn": [-84.34, 36.52, -84.24, 36.62], "exaggeration": 2.5, "layer": "LAYER",'
    ' "pinned": true, "pose": {"heading": 33.0, "pitch": 61.5, "projection": "orthographic", "span": 9000.0,'
    ' "target": [150.0, -80.5, 400.0]}, "ramp": [], "shading": "relief", "sky": 0.3, "softness": 8.0, "theme":'
    ' "", "transparent": false, "version": 1}'
)


@needs_gpu
def test_a_project_file_of_the_first_version_opens_with_its_view(plugin, iface, add_layer, tmp_path):
    layer = add_layer()
    project = QgsProject.instance()
    project.writeEntry("forge3d_qgis", "view", OLD_VIEW.replace("LAYER", layer.id()))
    project.writeEntry("forge3d_qgis", "views", '{"From the east": ' + OLD_VIEW + "}")
    path = tmp_path / "old.qgz"
    assert project.write(str(path))
    project.clear()
    dock = small(plugin.ensure_dock())
    dock.setUserVisible(True)
    assert project.read(str(path))
    wait_for(lambda: full(dock))
    frame, scene = dock.relief.last_frame, dock.current.view.scene
    assert frame.view["heading"] == pytest.approx(33.0) and frame.view["pitch"] == pytest.approx(61.5)
    assert frame.view["resolution"] * frame.view["picture_height"] == pytest.approx(9000.0)  # metres up the picture
    assert tuple(frame.rgba[0, 0]) == (10, 20, 200, 255)
    assert scene.exaggeration == 2.5 and scene.sky_intensity == 0.3 and not scene.cast_shadows
    assert dock.relief.loaded.dem.size[0] < 140  # the drawn part only
    assert dock.head.pin.isChecked()
    assert project_store.named_views() == {"From the east": dock.current.view}
    assert not project.isDirty()


def with_azimuth(degrees):
    return plain_view().changed({"scene.sun.azimuth": degrees})


def test_named_views(qgis_app):
    QgsProject.instance().clear()
    project_store.save_named("b", with_azimuth(1.0))
    project_store.save_named("a", with_azimuth(2.0))
    assert list(project_store.named_views()) == ["a", "b"]
    project_store.rename_named("a", "c")
    assert project_store.named_views()["c"] == with_azimuth(2.0)
    project_store.delete_named("b")
    assert list(project_store.named_views()) == ["c"]
    QgsProject.instance().clear()
    assert project_store.named_views() == {}


# What must not happen


def test_not_a_dem_says_one_thing(plugin, iface):
    layer = QgsVectorLayer("Point?crs=EPSG:4326", "points", "memory")
    QgsProject.instance().addMapLayer(layer)
    iface.setActiveLayer(layer)
    plugin.render_selected()
    assert len(iface.words()) == 1 and "not a raster" in iface.words()[0]
    assert plugin.dock.preview.image() is None
    del layer


def test_the_form_is_about_the_layer_in_the_box(plugin, iface, add_layer):
    add_layer()
    points = QgsVectorLayer("Point?crs=EPSG:4326", "points", "memory")
    QgsProject.instance().addMapLayer(points)
    iface.setActiveLayer(points)
    dock = plugin.ensure_dock()
    assert dock.head.layer_combo.currentLayer().name() == "dem"
    assert not dock.panel.band.isVisibleTo(dock.panel)  # it has one band only
    assert dock.current.view.source.colours == "ramp"  # and QGIS's first grey for a style
    del points


@needs_gpu
def test_no_picture_of_the_last_layer_stays_over_one_that_is_no_dem(dock, write_raster):
    path = write_raster(np.zeros((8, 8), dtype=np.complex64), name="complex.tif")
    from qgis.core import QgsRasterLayer

    layer = QgsRasterLayer(str(path), "complex")
    QgsProject.instance().addMapLayer(layer)
    dock.head.layer_combo.setLayer(layer)  # as the user does in the box
    wait_for(lambda: dock.preview.image() is None)
    let_run(200)
    assert dock.preview.image() is None and "complex numbers" in dock.preview.words
    del layer


def test_all_void_says_so(plugin, iface, write_raster, add_layer):
    add_layer(write_raster(np.full((20, 20), -5.0, np.float32), nodata=-5.0))
    small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: any("only void" in text for text in iface.words()))
    assert "only void" in plugin.dock.preview.words


@pytest.fixture
def without_native(monkeypatch):
    """No native part anywhere: not loaded, not named, not installed."""
    monkeypatch.setitem(sys.modules, native_loader.MODULE, None)  # Python's own way to say: not importable
    monkeypatch.delenv(native_loader.ENVIRONMENT, raising=False)


def test_native_part_absent(plugin, iface, add_layer, without_native):
    add_layer()
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: dock.preview.image() is not None)
    assert dock.preview.badge == "CPU preview" and dock.notice.isVisibleTo(dock)
    assert "not there" in dock.notice.text.text()
    before = dock.preview.image()
    choose(dock, "scene.sun.azimuth", 135.0)
    assert dock.preview.image() != before
    facts = dock.relief.host.diagnostics()
    assert native_loader.platform_tag() in facts and "Native part: forge3d_native: expected" in facts
    assert not dock.exporter.export(ExportSettings("x.png", 10, 10, 1, 96.0, False))


def test_native_part_of_another_version(plugin, add_layer, monkeypatch):
    class Old:
        __version__ = "0.0.1"

    monkeypatch.setitem(sys.modules, native_loader.MODULE, Old())
    add_layer()
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: dock.preview.image() is not None)
    assert "Restart QGIS" in dock.notice.text.text()


@pytest.mark.parametrize("first", ["Renderer", "device_info"])
def test_no_adapter(plugin, add_layer, fake_native, monkeypatch, first):
    def refuse(*_args, **_options):
        raise fake_native.DeviceError("[Device] no adapter")

    monkeypatch.setattr(fake_native, first, refuse)
    add_layer()
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: dock.preview.image() is not None)
    assert "No graphics adapter" in dock.notice.text.text()
    assert dock.preview.badge == "CPU preview"
    assert sentinel.crashed_adapter() is None  # an orderly refusal is no crash


@needs_gpu
def test_try_again_draws_once_there_is_a_device(plugin, add_layer, monkeypatch):
    from forge3d_qgis.gui import worker

    def refuse(adapter):
        raise DeviceError("[Device] the driver is being installed")

    keep = worker.device_limits
    monkeypatch.setattr(worker, "device_limits", refuse)
    add_layer()
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: dock.preview.badge == "CPU preview")
    monkeypatch.setattr(worker, "device_limits", keep)
    dock.notice.retry_wanted.emit()
    wait_for(lambda: full(dock))
    assert dock.preview.badge == "" and not dock.notice.isVisibleTo(dock)


@needs_gpu
def test_no_driver_in_the_real_qgis(tmp_path):
    log = play_in_qgis(
        "no_adapter_scenario.py", tmp_path, VK_DRIVER_FILES="/nonexistent", VK_ICD_FILENAMES="/nonexistent"
    )
    assert "badge CPU preview; notice True: No graphics adapter" in log
    assert "bar []" in log  # the notice in the dock is enough


def test_after_a_crash_no_device_but_the_software_one_is_ever_asked_for(plugin, add_layer, fake_native, monkeypatch):
    asked = []
    keep = fake_native.device_info
    monkeypatch.setattr(fake_native, "device_info", lambda adapter="auto": (asked.append(adapter), keep(adapter))[1])
    sentinel.path().write_text("auto\n")
    add_layer()
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: dock.relief.loaded is not None and fake_native.renderers)  # read: planned for a device, too
    let_run(200)
    assert set(asked) == {"software"} == {renderer.adapter for renderer in fake_native.renderers}


@pytest.mark.parametrize(("budget", "whole"), [(32 << 20, False), (2 << 30, True)])
def test_heights_are_read_for_the_device_in_use(
    plugin, add_layer, write_raster, fake_native, monkeypatch, budget, whole
):
    """Device first, then plan: a large card shows more than a small one, without any setting of the user's."""
    keep = fake_native.device_info
    monkeypatch.setattr(
        fake_native,
        "device_info",
        lambda adapter="auto": (time.sleep(0.3), {**keep(adapter), "default_budget": budget})[1],
    )
    keep_memory = fake_native.memory_metrics
    monkeypatch.setattr(fake_native, "memory_metrics", lambda: {**keep_memory(), "total_limit": budget})
    add_layer(write_raster(np.random.default_rng(1).random((2500, 2500), dtype=np.float32)))
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: dock.relief.loaded is not None)
    assert (dock.relief.loaded.dem.size == (2500, 2500)) is whole
    assert dock.relief.loaded.dem.averaged is not whole


def test_the_budget_belongs_to_the_renderer_and_not_to_the_process(plugin, add_layer, fake_native):
    before = fake_native.memory_metrics()["total_limit"]
    preferences.set_budget_mebibytes(64)
    try:
        add_layer()
        small(plugin.ensure_dock())
        plugin.render_selected()
        wait_for(lambda: fake_native.renderers)
        assert fake_native.renderers[-1].memory_budget == 64 << 20
        assert fake_native.memory_metrics()["total_limit"] == before
    finally:
        preferences.set_budget_mebibytes(0)


@needs_gpu
def test_radii_of_a_planet_are_shown_as_such(plugin, add_layer, write_raster):
    rows, cols = np.mgrid[0:60, 0:80]
    radii = 1_737_400.0 + 400.0 * np.exp(-((rows - 30) ** 2 + (cols - 40) ** 2) / 200.0)
    add_layer(write_raster(radii))
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: full(dock))
    x, y, metres = place_under(dock, 0.5, 0.5)
    column, row = dock.relief.loaded.dem.cell_from_map(x, y)
    assert metres == pytest.approx(radii[round(row), round(column)], abs=60)
    assert dock.current.view.scene.camera.target is None
    dock.preview.recentred.emit(QPointF(0.5, 0.5))
    wait_for(lambda: camera(dock).target is not None)
    assert abs(camera(dock).target[2]) < 1e4  # the camera looks at heights above the datum


@needs_gpu
def test_crash_sentinel(plugin, iface, add_layer, monkeypatch):
    stood = []
    keep = sentinel.Sentinel.put_up
    monkeypatch.setattr(
        sentinel.Sentinel, "put_up", lambda self: (keep(self), stood.append(sentinel.crashed_adapter()))
    )
    sentinel.path().write_text("auto\n")
    add_layer()
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: full(dock))
    assert stood == ["software"]  # it stood while the device was made, and software was asked for
    assert sentinel.crashed_adapter() is None
    assert any("Software is used this time" in text for text in iface.words())


@needs_gpu
def test_budget_too_small_names_the_knob(plugin, iface, add_layer):
    preferences.set_budget_mebibytes(1)
    try:
        add_layer()
        dock = small(plugin.ensure_dock())
        plugin.render_selected()
        wait_for(lambda: "budget" in dock.preview.words)
        assert "Settings ▸ Options ▸ Forge3D" in dock.preview.words
    finally:
        preferences.set_budget_mebibytes(0)


@needs_gpu
def test_another_budget_takes_effect_at_once(dock):
    preferences.set_budget_mebibytes(64)
    try:
        dock.relief.restart()
        wait_for(lambda: full(dock))
        assert dock.relief.last_frame.memory["total_limit"] == 64 << 20
    finally:
        preferences.set_budget_mebibytes(0)
    dock.relief.restart()
    wait_for(lambda: full(dock))
    assert dock.relief.last_frame.memory["total_limit"] > 64 << 20


@needs_gpu
def test_log_of_the_native_part_reaches_the_panel(dock):
    told = []
    QgsApplication.messageLog().messageReceived.connect(lambda *parts: told.append(parts[:2]))
    module = sys.modules[native_loader.MODULE]

    class Speaking:
        @staticmethod
        def drain_log():
            return [("WARN", "wgpu", "something")]

    sys.modules[native_loader.MODULE] = Speaking()
    try:
        dock.relief.host.drain_log()
    finally:
        sys.modules[native_loader.MODULE] = module
    assert ("wgpu: something", "Forge3D") in told


def test_options_page(plugin, iface):
    page = iface.factories[0].createWidget()
    page.budget.setValue(300)
    page.samples.setValue(16)
    page.apply()
    assert (preferences.budget_mebibytes(), preferences.samples()) == (300, 16)
    assert "QGIS" in page.text.toPlainText()
    preferences.set_budget_mebibytes(0)
    preferences.set_samples(preferences.DEFAULT_SAMPLES)
    page.deleteLater()


def test_nothing_selected_is_no_modal_window(plugin, iface):
    plugin.render_selected()
    assert len(iface.words()) == 1 and "No layer is selected" in iface.words()[0]
    assert QApplication.activeModalWidget() is None
