"""Layer removed, project replaced, plugin unloaded or QGIS ended, at any moment: no crash, nothing left over."""

from __future__ import annotations

import gc
import threading
import time

import pytest
from conftest_qgis import SAMPLE, let_run, play_in_qgis, small, wait_for
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer

pytestmark = pytest.mark.gpu

# From «nothing has begun» over reading, upload, first sample and refinement to «all is done», in milliseconds.
DELAYS = [0, 1, 2, 4, 7, 11, 16, 22, 30, 40, 55, 75, 100, 130, 165, 205, 250, 320, 400, 520]
EXIT_DELAYS = [0, 60, 200, 500]


def render_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "forge3d-render"]


@pytest.fixture
def dock(plugin, iface, add_layer):
    layer = add_layer()
    one = small(plugin.ensure_dock())
    one.setUserVisible(True)
    one.render_layer(layer)
    wait_for(lambda: one.relief.last_frame is not None)
    return one


def new_layer(iface) -> QgsRasterLayer:
    layer = QgsRasterLayer(str(SAMPLE), "dem", "gdal")
    QgsProject.instance().addMapLayer(layer)
    iface.setActiveLayer(layer)
    return layer


@pytest.mark.parametrize("delay", DELAYS)
def test_layer_removed(dock, iface, delay):
    layer = new_layer(iface)
    dock.render_layer(layer)
    let_run(delay)
    start = time.monotonic()
    QgsProject.instance().removeMapLayer(layer.id())
    del layer
    gc.collect()
    let_run(60)
    assert time.monotonic() - start < 2.0
    other = new_layer(iface)
    dock.render_layer(other)
    wait_for(lambda: dock.relief.last_frame is not None)  # and it still works
    assert dock.relief.layer.id() == other.id()


@pytest.mark.parametrize("delay", DELAYS)
def test_project_replaced(dock, iface, delay):
    dock.render_layer(new_layer(iface))
    let_run(delay)
    start = time.monotonic()
    QgsProject.instance().clear()
    let_run(60)
    assert time.monotonic() - start < 2.0
    assert dock.relief.loaded is None and dock.preview.image() is None
    assert not QgsProject.instance().isDirty()


@pytest.mark.parametrize("delay", DELAYS)
def test_next_project_at_once(dock, iface, delay):
    """No layer to render is lost between two projects: the thread may not even have noticed that the first one went."""
    for _ in range(3):
        dock.render_layer(new_layer(iface))
        let_run(delay)
        QgsProject.instance().clear()
        dock.render_layer(new_layer(iface))
        wait_for(lambda: dock.relief.last_frame is not None, seconds=10.0)


@pytest.mark.parametrize("delay", DELAYS)
def test_plugin_unloaded(plugin, iface, add_layer, delay):
    layer = add_layer()
    small(plugin.ensure_dock()).setUserVisible(True)
    plugin.render_selected()
    let_run(delay)
    start = time.monotonic()
    plugin.unload()
    assert time.monotonic() - start < 2.0
    assert render_threads() == []
    let_run(40)
    assert QgsApplication.taskManager().countActiveTasks() == 0
    assert layer.isValid()  # the user's layer is no business of ours
    assert iface.docks == iface.menu == iface.toolbar == iface.context == iface.factories == []


@pytest.mark.parametrize("delay", DELAYS)
def test_export_interrupted(dock, iface, tmp_path, delay):
    from forge3d_qgis.gui.export_dialog import ExportSettings

    path = tmp_path / "picture.png"
    assert dock.exporter.export(ExportSettings(str(path), 700, 500, 8, 96.0, False))
    let_run(delay)
    start = time.monotonic()
    QgsProject.instance().removeMapLayer(dock.relief.layer.id())
    assert time.monotonic() - start < 2.0
    let_run(60)
    wait_for(lambda: not dock.exporter.busy and QgsApplication.taskManager().countActiveTasks() == 0)
    left = list(tmp_path.glob("*picture*"))
    assert left in ([], [path])  # whole or not at all
    if left:
        from osgeo import gdal

        picture = gdal.Open(str(path))
        assert (picture.RasterXSize, picture.RasterYSize) == (700, 500)
        assert picture.ReadAsArray() is not None


@pytest.mark.parametrize("delay", EXIT_DELAYS)
def test_qgis_ends(tmp_path, delay):
    """Asked to quit at this moment, the process is gone within two seconds."""
    quit_in_qgis(tmp_path, TOUR_DELAY=str(delay))


def test_qgis_ends_in_an_export(tmp_path):
    target = tmp_path / "pictures"
    target.mkdir()
    quit_in_qgis(tmp_path / "out", TOUR_DELAY="700", TOUR_EXPORT=str(target / "large.png"))
    assert list(target.iterdir()) == []


def quit_in_qgis(out, **more: str) -> None:
    log = play_in_qgis("quit_scenario.py", out, **more)
    ended = time.time()
    left = float(log.split("leaving at ")[1].split()[0])
    assert ended - left < 2.0 + 0.5  # half a second for the virtual screen to close


def test_plugin_reloaded(tmp_path):
    assert "reloaded and still drawing" in play_in_qgis("reload_scenario.py", tmp_path)
