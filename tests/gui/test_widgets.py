"""The dock's own widgets, with the events of real hands."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qgis")

from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QMouseEvent
from qgis.PyQt.QtWidgets import QApplication, QHBoxLayout, QWidget

from forge3d_qgis.core.fields import FIELDS
from forge3d_qgis.core.forecast import Forecast
from forge3d_qgis.core.scene import ColorRamp
from forge3d_qgis.gui.controls import NumberSlider
from forge3d_qgis.gui.current_view import CurrentView, plain_view
from forge3d_qgis.gui.export_dialog import ExportDialog, fitted_to_limit
from forge3d_qgis.gui.foot import AMBER, CALM, RED, MemoryMeter, meter_colour
from forge3d_qgis.gui.panel import Panel
from forge3d_qgis.gui.preview import PreviewLabel
from forge3d_qgis.gui.ramp_button import core_ramp, qgis_ramp
from forge3d_qgis.gui.sun_dial import SunDial

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def preview(qtbot):
    label = PreviewLabel()
    qtbot.addWidget(label)
    label.resize(200, 150)
    label.show()
    label.show_image(np.full((150, 200, 4), 200, dtype=np.uint8))
    return label


def move(widget, x, y, button):
    """A pointer's move with a button held; pytest-qt's own moves never arrive without a display."""
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(x, y), QPointF(x, y), button, button, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)


def heard(signal):
    calls = []
    signal.connect(lambda *values: calls.append(values))
    return calls


def test_picture_is_painted_pixel_for_pixel(preview):
    rgba = np.zeros((150, 200, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    rgba[20, 30] = (255, 0, 0, 255)
    preview.show_image(rgba)
    shown = preview.grab().toImage()
    assert shown.pixelColor(30, 20) == QColor(255, 0, 0)
    assert shown.pixelColor(31, 20) == QColor(0, 0, 0)


def test_transparent_picture_shows_a_checkerboard(preview):
    preview.show_image(np.zeros((150, 200, 4), dtype=np.uint8))
    shown = preview.grab().toImage()
    assert {shown.pixelColor(x, 100).red() for x in range(2, 40, 4)} == {214, 236}


def test_left_drag_orbits(preview, qtbot):
    orbits, ends, clicks = heard(preview.orbited), heard(preview.drag_ended), heard(preview.clicked)
    qtbot.mousePress(preview, LEFT, pos=QPoint(50, 50))
    move(preview, 70, 60, LEFT)
    qtbot.mouseRelease(preview, LEFT, pos=QPoint(70, 60))
    assert sum(right for right, _ in orbits) > 0 and sum(up for _, up in orbits) > 0
    assert len(ends) == 1 and clicks == []


@pytest.mark.parametrize(
    ("button", "held"), [(RIGHT, Qt.KeyboardModifier.NoModifier), (LEFT, Qt.KeyboardModifier.ShiftModifier)]
)
def test_right_drag_and_shift_drag_pan(preview, qtbot, button, held):
    starts, moves, orbits = heard(preview.pan_started), heard(preview.pan_moved), heard(preview.orbited)
    qtbot.mousePress(preview, button, held, pos=QPoint(50, 75))
    move(preview, 100, 75, button)
    qtbot.mouseRelease(preview, button, pos=QPoint(100, 75))
    assert starts == [(QPointF(0.25, 0.5),)] and moves[-1] == (QPointF(0.5, 0.5),) and orbits == []


def test_click_without_moving_is_a_click(preview, qtbot):
    clicks, ends = heard(preview.clicked), heard(preview.drag_ended)
    qtbot.mouseClick(preview, LEFT, pos=QPoint(100, 75))
    assert clicks == [(QPointF(0.5, 0.5),)] and ends == []


def test_click_on_the_compass_faces_north(preview, qtbot):
    preview.set_heading(123.0)
    norths = heard(preview.north_wanted)
    qtbot.mouseClick(preview, LEFT, pos=QPoint(200 - 26, 26))
    assert len(norths) == 1


@pytest.mark.parametrize(
    ("key", "signal"),
    [
        (Qt.Key.Key_Left, "orbited"),
        (Qt.Key.Key_Up, "orbited"),
        (Qt.Key.Key_Plus, "zoomed"),
        (Qt.Key.Key_Minus, "zoomed"),
        (Qt.Key.Key_N, "north_wanted"),
        (Qt.Key.Key_T, "top_wanted"),
        (Qt.Key.Key_Home, "home_wanted"),
    ],
)
def test_keys(preview, qtbot, key, signal):
    calls = heard(getattr(preview, signal))
    qtbot.keyClick(preview, key)
    assert len(calls) == 1


def test_without_a_picture_no_hand_does_anything(qtbot):
    label = PreviewLabel()
    qtbot.addWidget(label)
    calls = [heard(getattr(label, name)) for name in ("orbited", "pan_started", "clicked", "recentred")]
    label.set_message("Title", "hint")
    label.show()
    qtbot.mouseClick(label, LEFT, pos=QPoint(40, 40))
    qtbot.mouseDClick(label, LEFT, pos=QPoint(40, 40))
    assert calls == [[], [], [], []]


@pytest.mark.parametrize(
    ("place", "azimuth", "altitude"),
    [
        ((63, 63), None, 90.0),
        ((63, 39), 0.0, 45.0),
        ((87, 63), 90.0, 45.0),
        ((63, 87), 180.0, 45.0),
        ((39, 63), 270.0, 45.0),
    ],
)
def test_sun_stands_where_it_is_dragged(qtbot, place, azimuth, altitude):
    dial = SunDial()
    qtbot.addWidget(dial)
    dial.resize(126, 126)
    qtbot.mouseClick(dial, LEFT, pos=QPoint(*place))
    if azimuth is not None:
        assert min(abs(dial.azimuth - azimuth), 360 - abs(dial.azimuth - azimuth)) < 3
    assert dial.altitude == pytest.approx(altitude, abs=2.5)


def test_sun_by_keys(qtbot):
    dial = SunDial()
    qtbot.addWidget(dial)
    qtbot.keyClick(dial, Qt.Key.Key_Right)
    qtbot.keyClick(dial, Qt.Key.Key_Up)
    qtbot.keyClick(dial, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert (dial.azimuth, dial.altitude) == (320.0, 49.0)


def test_logarithmic_slider_has_true_scale_in_the_middle(qtbot):
    slider = NumberSlider("x", 0.1, 10.0, 1.0, decimals=2, logarithmic=True)
    qtbot.addWidget(slider)
    calls = heard(slider.changed)
    assert slider.slider.value() == 500
    slider.set_value(3.0)
    assert calls == []
    slider.slider.setValue(1000)
    assert calls[-1] == (10.0,) and slider.value() == 10.0
    slider.box.clear()
    assert slider.value() == 1.0 and slider.slider.value() == 500


@pytest.mark.parametrize(
    ("share", "colour"), [(0.0, CALM), (0.75, CALM), (0.76, AMBER), (0.90, AMBER), (0.91, RED), (2.0, RED)]
)
def test_meter_colour(share, colour):
    assert meter_colour(share, (0.75, 0.90)) == colour


def test_meter_names_the_top_consumers(qtbot):
    meter = MemoryMeter()
    qtbot.addWidget(meter)
    metrics = {
        "total_bytes": 125 << 20,
        "python_bytes": 30 << 20,
        "total_limit": 100 << 20,
        "device_peak_bytes": 99 << 20,
        "health_marks": (0.75, 0.90),
        "top": [("heights", 80 << 20)],
        "reason": "integrated, 16 GiB free: 2 GiB",
    }
    meter.set_memory(metrics)
    assert "integrated, 16 GiB free: 2 GiB" in meter.toolTip()
    assert "heights: 80 MiB" in meter.toolTip()
    # What lies in Python is told, and is no part of the budget.
    assert "95 MiB of 100 MiB" in meter.toolTip() and "beside the budget: 30 MiB" in meter.toolTip()
    assert meter.grab().toImage().pixelColor(4, meter.height() // 2) == RED
    # Where high and critical begin the ledger says.
    meter.set_memory({**metrics, "health_marks": (0.96, 0.97)})
    assert meter.grab().toImage().pixelColor(4, meter.height() // 2) == CALM


@pytest.mark.parametrize("make", [SunDial, MemoryMeter])
def test_a_theme_gives_its_ink(qtbot, make):
    """As QGIS's dark themes do it: the style sheet colours labels and leaves the palette as it was."""
    ground = QWidget()
    qtbot.addWidget(ground)
    ground.setStyleSheet("QWidget { background: #323232; } QLabel { color: #ff00ff; }")
    widget = make()
    QHBoxLayout(ground).addWidget(widget)
    ground.show()
    shown = widget.grab().toImage()
    colours = (shown.pixelColor(x, y) for x in range(shown.width()) for y in range(shown.height()))
    assert any(colour.red() > 180 and colour.green() < 70 and colour.blue() > 180 for colour in colours)


def test_every_control_says_what_it_is(qtbot):
    panel = Panel(CurrentView())
    qtbot.addWidget(panel)
    names = set()
    for widget in (
        panel.band, panel.area, panel.exaggeration, panel.dial, panel.azimuth, panel.altitude, panel.cast_shadows,
        panel.softness, panel.sky, panel.colours, panel.ramp, panel.theme, panel.shading, panel.background,
        panel.transparent, panel.projection, panel.heading, panel.pitch,
    ):  # fmt: skip
        assert widget.objectName().startswith("forge3d"), widget
        assert widget.toolTip() or widget.parentWidget().toolTip(), widget.objectName()
        names.add(widget.objectName())
    assert len(names) == 18


@pytest.fixture
def form(qtbot):
    """(the form, the view that it shows and changes)."""
    current = CurrentView()
    panel = Panel(current)
    qtbot.addWidget(panel)
    return panel, current


def test_the_form_shows_silently_and_tells_the_users_changes(form):
    panel, current = form
    calls = heard(current.changed)
    hillshade = panel.shading.itemData(1)
    current.show(
        plain_view().changed({"scene.exaggeration": 4.0, "scene.sun.azimuth": 12.0, "scene.shading": hillshade})
    )
    assert calls == []
    assert panel.exaggeration.value() == 4.0 and panel.dial.azimuth == 12.0 and not panel.sky.isEnabled()
    panel.cast_shadows.setEnabled(True)
    panel.cast_shadows.click()
    assert len(calls) == 1
    assert current.view.scene.cast_shadows is False and current.view.scene.exaggeration == 4.0


def test_reset_brings_the_default_back(form):
    panel, current = form
    current.change({"scene.shading": panel.shading.itemData(1)})
    button = panel.findChild(type(panel.draw), "forge3dShadingReset")
    assert button.isEnabled()
    button.click()
    assert current.view.scene.shading == "relief" and not button.isEnabled()


@pytest.mark.parametrize(
    ("control", "path"),
    [
        ("exaggeration", "exaggeration"), ("azimuth", "sun.azimuth"), ("altitude", "sun.altitude"),
        ("softness", "sun.size"), ("sky", "sky_intensity"), ("heading", "camera.heading"), ("pitch", "camera.pitch"),
    ],
)  # fmt: skip
def test_numbers_have_range_default_and_words_from_the_scenes_table(form, control, path):
    panel, current = form
    box = getattr(panel, control).box
    field = FIELDS[path]
    assert (box.minimum(), box.maximum()) == field.form_range
    assert box.value() == field.default == current.view.value(f"scene.{path}")
    assert box.suffix() == field.unit and field.tip in box.toolTip()
    box.setValue(field.form_range[1])
    assert current.view.value(f"scene.{path}") == field.clamped(field.form_range[1])


def test_a_form_may_exaggerate_fifty_times(form):
    panel, current = form
    panel.exaggeration.slider.setValue(panel.exaggeration.slider.maximum())
    assert current.view.scene.exaggeration >= 50.0


def test_a_value_beyond_what_the_form_offers_outlives_other_changes(form):
    panel, current = form
    current.show(plain_view().changed({"scene.exaggeration": 500.0}))
    panel.altitude.box.setValue(10.0)
    assert current.view.scene.exaggeration == 500.0 and current.view.scene.sun.altitude == 10.0


def test_the_heading_stays_at_the_end_of_its_slider(form):
    panel, current = form
    panel.heading.slider.setValue(panel.heading.slider.maximum())
    assert current.view.scene.camera.heading == 0.0
    assert panel.heading.slider.value() == panel.heading.slider.maximum()


def test_the_backdrop_comes_back_after_transparency(form):
    panel, current = form
    panel.background.setColor(QColor(1, 2, 3))
    panel.transparent.click()
    assert current.view.scene.background == "transparent"
    panel.transparent.click()
    assert current.view.scene.background == "#010203"


def test_another_area_lets_go_of_the_place_that_was_looked_at(form):
    panel, current = form
    current.change({"scene.camera.target": (1.0, 2.0, 3.0), "scene.camera.distance": 50.0})
    panel.area.activated.emit(panel.area.findData("canvas"))
    assert current.view.source.area_of == "canvas"
    assert current.view.scene.camera.target is None and current.view.scene.camera.distance is None


def test_the_ramp_button_keeps_a_ramp():
    ramp = ColorRamp(((0.0, (0, 0, 0, 255)), (0.25, (10, 20, 30, 255)), (1.0, (255, 255, 255, 255))), relative=True)
    assert core_ramp(qgis_ramp(ramp)) == ramp


def test_a_ramp_of_metres_is_shown_over_its_own_range():
    metres = ColorRamp(((200.0, (0, 0, 0, 255)), (300.0, (9, 9, 9, 255)), (600.0, (255, 255, 255, 255))))
    assert [value for value, _ in core_ramp(qgis_ramp(metres)).stops] == pytest.approx([0.0, 0.25, 1.0])


@pytest.fixture
def dialog(qtbot, tmp_path):
    from forge3d_qgis.gui import preferences

    preferences.remember("export_folder", str(tmp_path))
    one = ExportDialog((800, 500), "Höhen/1", False)
    qtbot.addWidget(one)
    return one


def test_export_presets(dialog):
    sizes = {}
    for index in range(dialog.preset.count() - 1):
        dialog.preset.setCurrentIndex(index)
        wanted = dialog.settings()
        sizes[index] = (wanted.width, wanted.height, wanted.dpi)
    assert list(sizes.values()) == [
        (800, 500, 96.0), (1600, 1000, 192.0), (3200, 2000, 384.0), (3508, 2480, 300.0), (4961, 3508, 300.0),
    ]  # fmt: skip


def test_export_keeps_the_shape_and_the_limit(dialog):
    dialog.width_box.setValue(16384)
    assert (dialog.settings().width, dialog.settings().height) == (16384, 10240)
    assert dialog.preset.currentData() is None
    assert fitted_to_limit(40000, 20000) == (16384, 8192)


def test_limits_of_size_and_samples_are_the_renderers(qtbot, monkeypatch):
    from forge3d_qgis.gui import export_dialog, options, preferences

    for module in (export_dialog, options, preferences):
        monkeypatch.setattr(module, "MAX_SAMPLES", 77)  # as if the renderer took no more
    monkeypatch.setattr(export_dialog, "MAX_PICTURE_SIDE", 5000)
    page = options.OptionsPage(lambda: "", lambda: None)
    dialog = ExportDialog((400, 300), "dem", False)
    for one in (page, dialog):
        qtbot.addWidget(one)
        assert one.samples.maximum() == 77 and "1 to 77" in one.samples.toolTip()
    assert dialog.width_box.maximum() == dialog.height_box.maximum() == 5000
    assert fitted_to_limit(10_000, 100) == (5000, 50)
    preferences.set_samples(100)
    try:
        assert preferences.samples() == 77
    finally:
        preferences.set_samples(preferences.DEFAULT_SAMPLES)


def test_the_export_dialog_tells_what_the_picture_will_take_and_asks_when_nobody_changes_it_any_more(dialog, qtbot):
    asked = []
    dialog.forecast = lambda size, samples: asked.append((size, samples)) or Forecast(512 << 20, 9, 40.0)
    rests = heard(dialog.rested)
    for width in (1000, 1100, 1200):
        dialog.width_box.setValue(width)
    dialog.samples.setValue(5)
    assert asked[-1] == ((1200, 750), 5) and dialog.summary.text().endswith(" · 512 MiB in 9 bands, about 40 s")
    qtbot.waitUntil(lambda: rests != [])
    qtbot.wait(100)
    assert rests == [((1200, 750), 5)]
    dialog.forecast = lambda size, samples: None
    dialog.summarise()
    assert "about" not in dialog.summary.text()


def test_export_name_and_folder(dialog, tmp_path):
    assert dialog.settings().path == str(tmp_path / "Höhen_1_relief.png")
    dialog.file.setFilePath(str(tmp_path / "picture"))
    assert dialog.settings().path.endswith("picture.png")
    dialog.file.setFilePath("/no/such/folder/x.png")
    assert not dialog.save.isEnabled()
