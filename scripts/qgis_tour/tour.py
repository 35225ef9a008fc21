"""What a user does on the first day, with real mouse and keys; a screenshot of each step. `make qgis` plays it."""

from __future__ import annotations

import os
import time

from driver import OUT, Hands, iface, play, say, shot
from qgis.core import (
    QgsColorRampShader,
    QgsProject,
    QgsRasterContourRenderer,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QApplication, QMenu
from qgis.utils import plugins

from forge3d_qgis.core.camera import span

FIRST_PICTURE_S = 2.0
GOOD_SAMPLES = 24


def scenario():
    hands = Hands()
    window = iface.mainWindow()
    plugin = plugins["forge3d_qgis"]
    layer = next(iter(QgsProject.instance().mapLayers().values()))
    iface.setActiveLayer(layer)
    yield 1.0

    say("the menu")
    for action in (iface.rasterMenu().menuAction(), _submenu(iface.rasterMenu()).menuAction(), plugin.render_action):
        yield from _click_action(hands, window, action)
        if action is not plugin.render_action:
            yield 0.3
    # The menu was photographed open, in _click_action, just before its last click.
    start = time.monotonic()
    yield lambda: plugin.dock is not None and plugin.dock.preview.image() is not None
    seconds = time.monotonic() - start
    say(f"first picture after {seconds:.2f} s")
    if seconds > FIRST_PICTURE_S:
        raise RuntimeError(f"expected the first picture within {FIRST_PICTURE_S} s; got {seconds:.2f} s")
    dock = plugin.dock
    good = _good(dock)
    yield good
    shot("02_first_picture")

    say("orbit")
    hands.drag(dock.preview, (0.35, 0.55), (0.62, 0.47))
    yield hands.done
    camera = dock.current.view.scene.camera
    if camera.heading == 0.0 or camera.pitch == 45.0:
        raise RuntimeError(f"expected another view after dragging; got {camera}")
    yield good
    shot("03_orbit")

    say("zoom to the cursor, pan, and look at a place")
    before = span(dock.current.view.scene.camera)
    for _ in range(4):
        hands.click(dock.preview, 0.45, 0.55, 4)
        yield hands.done
        yield 0.15
    hands.drag(dock.preview, (0.45, 0.55), (0.5, 0.62), button=3)
    yield hands.done
    if not span(dock.current.view.scene.camera) < before:
        raise RuntimeError("expected a closer view after turning the wheel")
    yield good
    hands.move(dock.preview, 0.5, 0.62)
    yield hands.done
    yield 0.4
    shot("04_zoom")

    say("a low evening sun")
    hands.click(dock.preview, 0.2, 0.9)  # the keyboard goes to the picture
    hands.key("Home")
    yield hands.done
    hands.drag(dock.panel.dial, (0.38, 0.38), (0.17, 0.47))
    yield hands.done
    if dock.current.view.scene.sun.altitude > 40.0:
        raise RuntimeError(f"expected a low sun; got {dock.current.view.scene.sun}")
    yield good
    shot("05_low_sun")

    say("the map draped over it")
    contours = _draw_a_map(layer)
    yield 0.6
    dock.scroll.ensureWidgetVisible(dock.panel.transparent)
    yield 0.3
    hands.click(dock.panel.colours)
    yield hands.done
    yield 0.3
    hands.key("Home", "Down", "Down", "Return")
    yield hands.done
    yield 1.0
    yield lambda: not dock.relief.drape.is_drawing
    yield 0.3
    yield good
    if dock.current.view.source.colours != "canvas":
        raise RuntimeError(f"expected the canvas draped; got {dock.current.view.source}")
    shot("06_drape")
    hands.click(dock.panel.colours)
    yield hands.done
    yield 0.3
    hands.key("Home", "Down", "Return")
    yield hands.done
    yield 0.5
    yield good

    say("a surface style")
    hands.click(dock.panel.style.combo)
    yield hands.done
    yield 0.3
    hands.key("End", "Return")
    yield hands.done
    yield lambda: dock.current.view.scene.surface is not None
    for name, value in (("snow_line", 650.0), ("transition", 150.0)):
        dock.panel.style.sliders[name].box.setValue(value)
    yield 0.3
    dock.scroll.ensureWidgetVisible(dock.panel.transparent)
    yield 0.5
    yield good
    shot("06_surface_style")
    dock.current.change({"scene.surface": None})
    yield 0.3
    yield good

    say("export")
    hands.click(dock.head.export)
    yield lambda: dock.exporter.dialog is not None and dock.exporter.dialog.isVisible()
    dialog = dock.exporter.dialog
    picture = OUT / "exported_relief.png"
    picture.unlink(missing_ok=True)
    yield 0.4
    dialog.samples.setValue(16)
    line = dialog.file.lineEdit()
    hands.click(line, 0.3)
    hands.key("ctrl+a")
    yield hands.done
    hands.type(str(picture))
    yield hands.done
    yield 0.4
    shot("07_export")
    hands.click(dialog.save)
    yield picture.exists
    yield 0.8
    shot("08_exported")

    say("named view and options")
    hands.click(dock.head.views)
    yield hands.done
    yield 0.4
    shot("09_views")
    hands.key("Escape")
    yield hands.done
    QTimer.singleShot(0, lambda: iface.showOptionsDialog(window, "forge3dOptions"))
    yield lambda: QApplication.activeModalWidget() is not None
    yield 1.2
    shot("10_options")
    QApplication.activeModalWidget().reject()
    yield 0.3

    say("a narrow dock, and a wide one")
    iface.messageBar().clearWidgets()
    window.resizeDocks([dock], [360], Qt.Orientation.Horizontal)
    yield 0.5
    yield good
    dock.scroll.verticalScrollBar().setValue(0)
    yield 0.2
    shot("11_narrow")
    dock.setFloating(True)
    dock.setGeometry(250, 130, 1150, 760)
    yield 0.6
    yield good
    shot("12_wide")
    dock.setFloating(False)
    yield 0.3

    say("the layer goes")
    QgsProject.instance().removeMapLayers([contours, layer.id()])
    yield lambda: dock.preview.image() is None
    yield 0.5
    shot("13_no_layer")


def _draw_a_map(layer) -> str:
    """Soft colours by height and contour lines over them; the id of the layer of the lines."""
    function = QgsColorRampShader(236, 1076)
    function.setColorRampItemList(
        [
            QgsColorRampShader.ColorRampItem(height, QColor(colour))
            for height, colour in (
                (236, "#b7d3a8"),
                (400, "#e6e3b3"),
                (650, "#e7c99b"),
                (900, "#cfa98b"),
                (1076, "#f4efe9"),
            )
        ]
    )
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(function)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader))
    layer.triggerRepaint()
    lines = QgsRasterLayer(layer.source(), "contours 100 m")
    renderer = QgsRasterContourRenderer(lines.dataProvider())
    renderer.setContourInterval(100.0)
    renderer.setContourIndexInterval(500.0)
    renderer.setDownscale(2.0)
    lines.setRenderer(renderer)
    QgsProject.instance().addMapLayer(lines)
    iface.setActiveLayer(layer)
    return lines.id()


def _good(dock):
    """A picture of the present view with enough samples to be shown to people."""
    relief = dock.relief

    def good() -> bool:
        frame = relief.last_frame
        return frame is not None and not frame.draft and frame.samples >= min(GOOD_SAMPLES, frame.wanted)

    return good


def _submenu(menu: QMenu) -> QMenu:
    return next(action.menu() for action in menu.actions() if action.menu() and "Forge3D" in action.text())


def _click_action(hands: Hands, window, action):
    """Clicks an action where it is shown: in the menu bar or in an open menu."""
    for owner in action.associatedWidgets():
        if not owner.isVisible() or not hasattr(owner, "actionGeometry") or owner.inherits("QToolBar"):
            continue
        rectangle = owner.actionGeometry(action)
        if rectangle.isEmpty():
            continue
        at = owner.mapToGlobal(QPoint(rectangle.center()))
        say(f"{action.text()} in {owner.objectName() or type(owner).__name__} at {at.x()}, {at.y()}")
        hands.do("mousemove", at.x(), at.y())
        yield hands.done
        yield 0.2
        if action.menu() is None:
            shot("01_menu")
        hands.do("click", 1)
        yield hands.done
        return
    raise RuntimeError(f"the action {action.text()!r} is not on the screen")


if os.environ.get("TOUR_SCENARIO"):
    play(scenario)
