"""A QGIS for the tests: application, canvas and an interface that keeps what plugins add to it."""

from __future__ import annotations

import os

# Before any Qt import: without a display Qt aborts the process.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProject, QgsRasterLayer
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QObject, QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QApplication, QMainWindow, QMenu

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SAMPLE = ROOT / "resources" / "sample" / "jacksboro_fault.tif"


class Interface(QObject):
    """What this plugin uses of QgisInterface, and lists of what it has added."""

    currentLayerChanged = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas(self.window)
        self.canvas.resize(400, 300)
        self.bar = QgsMessageBar(self.window)
        self.help_menu = QMenu(self.window)
        self.menu: list[Any] = []
        self.toolbar: list[Any] = []
        self.context: list[Any] = []
        self.factories: list[Any] = []
        self.docks: list[Any] = []
        self.layer: Any = None
        self.layouts: list[Any] = []

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def pluginHelpMenu(self) -> QMenu:
        return self.help_menu

    def activeLayer(self) -> Any:
        # As QGIS does: no layer that has left the project.
        known = QgsProject.instance().mapLayers().values()
        return self.layer if any(self.layer is one for one in known) else None

    def setActiveLayer(self, layer: Any) -> None:
        self.layer = layer
        self.currentLayerChanged.emit(layer)

    def addPluginToRasterMenu(self, _: str, action: Any) -> None:
        self.menu.append(action)

    def removePluginRasterMenu(self, _: str, action: Any) -> None:
        self.menu.remove(action)

    def addToolBarIcon(self, action: Any) -> None:
        self.toolbar.append(action)

    def removeToolBarIcon(self, action: Any) -> None:
        self.toolbar.remove(action)

    def addCustomActionForLayerType(self, action: Any, *_: Any) -> None:
        self.context.append(action)

    def removeCustomActionForLayerType(self, action: Any) -> None:
        self.context.remove(action)

    def registerOptionsWidgetFactory(self, factory: Any) -> None:
        self.factories.append(factory)

    def unregisterOptionsWidgetFactory(self, factory: Any) -> None:
        self.factories.remove(factory)

    def addDockWidget(self, area: Qt.DockWidgetArea, dock: Any) -> None:
        self.window.addDockWidget(area, dock)
        self.docks.append(dock)

    def removeDockWidget(self, dock: Any) -> None:
        self.window.removeDockWidget(dock)
        self.docks.remove(dock)

    def openLayoutDesigner(self, layout: Any) -> None:
        self.layouts.append(layout)

    def words(self) -> list[str]:
        """The messages in the bar."""
        return [item.text() for item in self.bar.items()]


@pytest.fixture
def iface(qgis_app: Any) -> Iterator[Interface]:
    interface = Interface()
    interface.window.resize(1200, 900)
    interface.window.show()
    yield interface
    QgsProject.instance().clear()
    interface.window.close()
    QApplication.processEvents()


@pytest.fixture
def add_layer(iface: Interface) -> Callable[..., QgsRasterLayer]:
    """Puts a raster into the project and makes it the active layer."""

    def add(path: Any = SAMPLE, name: str = "dem", provider: str = "gdal") -> QgsRasterLayer:
        layer = QgsRasterLayer(str(path), name, provider)
        assert layer.isValid()
        QgsProject.instance().addMapLayer(layer)
        iface.setActiveLayer(layer)
        return layer

    return add


@pytest.fixture
def plugin(iface: Interface, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The plugin, loaded; unloaded at the end if the test has not done so."""
    from forge3d_qgis import classFactory
    from forge3d_qgis.gui import sentinel

    monkeypatch.setattr(sentinel, "path", lambda: tmp_path / "sentinel.txt")
    one = classFactory(iface)
    one.initGui()
    yield one
    if one.render_action is not None:
        one.unload()
    QApplication.processEvents()


def wait_for(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Lets QGIS run until ``condition`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        QApplication.processEvents()
        time.sleep(0.002)


def let_run(milliseconds: float) -> None:
    end = time.monotonic() + milliseconds / 1000.0
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.001)


def small(dock: Any) -> Any:
    """A dock whose pictures are small, so that a test need not wait for the processor to draw."""
    dock.preview.setFixedSize(QSize(200, 150))
    QApplication.processEvents()
    return dock


def native_file() -> str:
    """The compiled library this Python would use, for another Python of the same machine."""
    override = os.environ.get("FORGE3D_NATIVE")
    if override:
        return override
    module = pytest.importorskip("forge3d_native")
    folder = Path(module.__file__).parent
    return str(next(path for path in sorted(folder.glob("forge3d_native*.so"))))


def play_in_qgis(scenario: str, out: Path, **more: str) -> str:
    """Plays a scenario in the real desktop on a virtual screen; its log. QGIS must end by itself, with code 0."""
    if shutil.which("qgis") is None or shutil.which("xvfb-run") is None:
        pytest.skip("needs the qgis program and xvfb-run")
    environment = {**os.environ, **more, "TOUR_SECONDS": "60", "FORGE3D_NATIVE": native_file()}
    command = [ROOT / "scripts/qgis_tour/run.sh", ROOT / "forge3d_qgis", out, HERE / scenario, SAMPLE]
    ran = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
    log = (out / "qgis.log").read_text(errors="replace")
    assert ran.returncode == 0, log
    assert "Traceback" not in log, log
    return log
