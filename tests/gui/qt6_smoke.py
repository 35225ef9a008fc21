"""Builds and pokes dock and dialogs under PyQt6, QGIS itself replaced by stubs. Run by test_qt6.py with an own Python.

It proves that names, enums and signatures exist in Qt 6, which is what breaks; not that QGIS 4 works.
"""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PyQt6 import QtCore, QtGui, QtWidgets
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt, pyqtSignal

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


class SpinBox(QtWidgets.QDoubleSpinBox):
    def setClearValue(self, value):
        self._clear_value = value


class GroupBox(QtWidgets.QGroupBox):
    def setCollapsed(self, on):
        self._collapsed = on


class LayerCombo(QtWidgets.QComboBox):
    layerChanged = pyqtSignal(object)

    def setFilters(self, filters):
        self._filters = filters

    def setAllowEmptyLayer(self, on, words=""):
        self.addItem(words)

    def currentLayer(self):
        return None

    def setLayer(self, layer):
        self._layer = layer


class BandCombo(QtWidgets.QComboBox):
    bandChanged = pyqtSignal(int)

    def setLayer(self, layer):
        self._layer = layer

    def setBand(self, band):
        self._band = band


class ColorButton(QtWidgets.QToolButton):
    colorChanged = pyqtSignal(QtGui.QColor)

    def setColorDialogTitle(self, words):
        self.setText(words)

    def setDefaultColor(self, color):
        self._default = color

    def setColor(self, color):
        self._color = color


class RampButton(QtWidgets.QToolButton):
    colorRampChanged = pyqtSignal()

    def isNull(self):
        return True

    def __getattr__(self, name):
        if name.startswith("set"):
            return lambda *values: None
        raise AttributeError(name)


class DockWidget(QtWidgets.QDockWidget):
    def isUserVisible(self):
        return True


class FileWidget(QtWidgets.QWidget):
    class StorageMode:
        SaveFile = 0

    fileChanged = pyqtSignal(str)

    def __init__(self):
        super().__init__()
        self._path = ""

    def setFilePath(self, path):
        self._path = path
        self.fileChanged.emit(path)

    def filePath(self):
        return self._path

    def setStorageMode(self, mode):
        self._mode = mode

    def setFilter(self, words):
        self._filter = words

    def setDialogTitle(self, words):
        self._title = words


class Task:
    Flag = MagicMock()


class Factory:
    def __init__(self, *values):
        pass


class Settings:
    def value(self, key, default=None, type=None):
        return default

    def setValue(self, key, value):
        pass


def module(name, **members):
    one = types.ModuleType(name)
    one.__dict__.update(members)
    # Anything else of QGIS is a mock: it answers whatever it is asked.
    one.__getattr__ = lambda wanted: one.__dict__.setdefault(wanted, MagicMock(name=f"{name}.{wanted}"))
    sys.modules[name] = one
    return one


QtWidgets.QAction = QtGui.QAction  # QGIS 4's own qgis.PyQt keeps the class in both places, too
application = QtWidgets.QApplication([])
project = MagicMock()
project.readEntry.return_value = ("", False)
project.mapThemeCollection.return_value.mapThemes.return_value = ["Winter"]
core = module(
    "qgis.core",
    QgsTask=Task,
    QgsSettings=Settings,
    QgsProject=MagicMock(instance=lambda: project),
    QgsApplication=MagicMock(
        getThemeIcon=lambda name: QtGui.QIcon(),
        qgisSettingsDirPath=lambda: "/nonexistent",
        clipboard=application.clipboard,
    ),
)
gui = module(
    "qgis.gui",
    QgsDoubleSpinBox=SpinBox,
    QgsCollapsibleGroupBox=GroupBox,
    QgsMapLayerComboBox=LayerCombo,
    QgsRasterBandComboBox=BandCombo,
    QgsColorButton=ColorButton,
    QgsColorRampButton=RampButton,
    QgsDockWidget=DockWidget,
    QgsFileWidget=FileWidget,
    QgsOptionsPageWidget=QtWidgets.QWidget,
    QgsOptionsWidgetFactory=Factory,
)
pyqt = module("qgis.PyQt", QtCore=QtCore, QtGui=QtGui, QtWidgets=QtWidgets)
sys.modules.update({"qgis.PyQt.QtCore": QtCore, "qgis.PyQt.QtGui": QtGui, "qgis.PyQt.QtWidgets": QtWidgets})
module("qgis", core=core, gui=gui, PyQt=pyqt)
osgeo = module("osgeo")


class Interface(QtCore.QObject):
    currentLayerChanged = pyqtSignal(object)

    def __init__(self):
        super().__init__()
        self.window = QtWidgets.QMainWindow()
        self.canvas = MagicMock()
        self.bar = MagicMock()

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def activeLayer(self):
        return None

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)


def mouse(kind, x, y, button=Qt.MouseButton.LeftButton, keys=Qt.KeyboardModifier.NoModifier):
    return QtGui.QMouseEvent(kind, QPointF(x, y), QPointF(x, y), button, button, keys)


def poke_preview(label):
    label.resize(200, 150)
    label.show_image(np.full((150, 200, 4), 128, dtype=np.uint8))
    label.set_heading(20.0)
    label.set_badge("badge")
    label.set_place("place")
    label.set_busy(0.5)
    for kind, x in (
        (QEvent.Type.MouseMove, 40), (QEvent.Type.MouseButtonPress, 50), (QEvent.Type.MouseMove, 90),
        (QEvent.Type.MouseButtonRelease, 90), (QEvent.Type.MouseButtonDblClick, 90),
    ):  # fmt: skip
        application.sendEvent(label, mouse(kind, x, 60))
    wheel = QtGui.QWheelEvent(
        QPointF(60, 60), QPointF(60, 60), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    application.sendEvent(label, wheel)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Plus, Qt.Key.Key_N, Qt.Key.Key_Home, Qt.Key.Key_F1):
        application.sendEvent(label, QtGui.QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))
    label.grab()
    label.clear_image()
    label.set_message("title", "hint")
    label.grab()


def main() -> None:
    from forge3d_qgis import classFactory
    from forge3d_qgis.gui.dock import ReliefDock
    from forge3d_qgis.gui.export_dialog import ExportDialog
    from forge3d_qgis.gui.native_host import Missing, Problem
    from forge3d_qgis.gui.options import OptionsPage

    classFactory(MagicMock())
    interface = Interface()
    dock = ReliefDock(interface, interface.window)
    interface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    interface.window.resize(900, 700)
    interface.window.show()
    poke_preview(dock.preview)
    dial = dock.panel.dial
    for kind, x in (
        (QEvent.Type.MouseButtonPress, 40),
        (QEvent.Type.MouseMove, 70),
        (QEvent.Type.MouseButtonRelease, 70),
    ):
        application.sendEvent(dial, mouse(kind, x, 50))
    application.sendEvent(dial, QtGui.QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier))
    assert [dock.panel.shading.itemData(at) for at in range(2)] == ["relief", "hillshade"]
    dock.current.change({"scene.exaggeration": 2.0, "scene.shading": dock.panel.shading.itemData(1)})
    dock.foot.set_adapter("adapter", True, 1, 64, 12.0)
    dock.foot.meter.set_memory(
        {
            "total_bytes": 5,
            "python_bytes": 1,
            "total_limit": 9,
            "device_peak_bytes": 6,
            "health_marks": (0.75, 0.9),
            "top": [("a", 1)],
        }
    )
    for missing in Missing:
        dock.notice.explain(Problem(missing, "why"), "facts")
    dock.views.fill()
    dock.exporter.fill_layouts(dock.head.layout_menu)
    dialog = ExportDialog((400, 300), "name", False, interface.window)
    dialog.width_box.setValue(1234)
    page = OptionsPage(lambda: "facts", lambda: None)
    page.apply()
    for widget in (interface.window, dialog, page):
        widget.grab()
    application.processEvents()
    if not dock.shutdown():
        raise SystemExit("the dock did not stop")
    print(f"Qt {QtCore.qVersion()}: dock, dialogs and options page built, painted and poked")


main()
