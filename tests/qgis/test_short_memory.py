"""Memory that gets short while the dock draws: less detail, told once, and all of it again when there is room."""

from __future__ import annotations

import numpy as np
import pytest
from conftest_qgis import let_run, small, wait_for
from qgis.core import QgsHillshadeRenderer
from qgis.PyQt.QtCore import Qt

from forge3d_qgis import native_loader
from forge3d_qgis.core import MemoryBudgetError, RenderSession, quality
from forge3d_qgis.core.budget import estimate
from forge3d_qgis.gui import preferences, worker
from forge3d_qgis.gui.room import export_bytes

pytestmark = pytest.mark.gpu

COLS, ROWS = 6000, 5000  # 153 MiB with the pyramid
SHORT, PLENTY = 0, 32 << 30  # bytes free: a budget of 128 MiB, the least that there is, and of 4 GiB


@pytest.fixture
def free(monkeypatch):
    """Makes that many bytes free. The budget follows at once, and room is believed in soon."""
    monkeypatch.setattr(worker, "FOLLOW_S", 0.05)
    monkeypatch.setattr(quality, "REST_S", 0.3)
    assume = native_loader.load()._assume_free_memory
    preferences.set_adapter("software")
    assume(PLENTY)
    yield assume
    assume(None)
    preferences.set_adapter("auto")


@pytest.fixture
def terrain(write_raster):
    rows, cols = np.linspace(0, 40, ROWS, dtype=np.float32), np.linspace(0, 40, COLS, dtype=np.float32)
    return write_raster((100 * np.sin(rows)[:, None] * np.cos(cols)).astype(np.float32))


@pytest.fixture
def make_dock(free, plugin, add_layer, terrain):
    docks = []

    def make():
        preferences.set_samples(1)
        add_layer(terrain)
        docks.append(small(plugin.ensure_dock()))
        plugin.render_selected()
        wait_for(lambda: sharp(docks[0]))
        return docks[0]

    yield make
    preferences.set_samples(preferences.DEFAULT_SAMPLES)
    preferences.set_budget_mebibytes(0)
    preferences.set_quality("")


def sharp(dock) -> bool:
    frame = dock.relief.last_frame
    return frame is not None and not frame.draft and frame.samples == frame.wanted


def held(dock) -> tuple[int, int] | None:
    return dock.relief.loaded.dem.size if dock.relief.loaded is not None and sharp(dock) else None


def told(iface) -> int:
    return sum("Memory is short" in text for text in iface.words())


def test_heights_get_coarser_when_memory_is_short_and_come_back_when_there_is_room(make_dock, free, iface):
    dock = make_dock()
    # What renderers hold counts as free, also what another one still holds here.
    assert 0 <= dock.foot.meter.limit - PLENTY // 8 < 1 << 20
    assert held(dock) == (COLS, ROWS) and "1:2" not in dock.foot.data.text()
    empty = []
    dock.preview.set_message = lambda *words: empty.append(words)
    free(SHORT)
    wait_for(lambda: held(dock) == (COLS // 2, ROWS // 2))
    wait_for(lambda: dock.foot.meter.limit == 128 << 20)
    assert dock.foot.meter.held < 128 << 20
    assert "heights at 1:2, memory is short" in dock.foot.data.text() and "map at" not in dock.foot.data.text()
    let_run(600)
    assert held(dock) == (COLS // 2, ROWS // 2) and told(iface) == 1
    free(PLENTY)
    wait_for(lambda: held(dock) == (COLS, ROWS))
    assert "memory is short" not in dock.foot.data.text() and told(iface) == 1
    assert dock.preview.image() is not None and not empty  # a picture stood all the time


def test_a_map_over_the_terrain_is_given_up_first(make_dock, free, iface):
    dock = make_dock()
    layer = dock.relief.layer
    layer.setRenderer(QgsHillshadeRenderer(layer.dataProvider(), 1, 315.0, 45.0))
    dock.current.change({"source.colours": "layer"})
    wait_for(lambda: sharp(dock) and dock.relief.drape.drawn_size and not dock.relief.drape.is_drawing)
    before, loaded = dock.relief.drape.drawn_size, dock.relief.loaded
    needed = estimate(loaded.dem.size, (200, 150), before)["total_bytes"] + export_bytes()
    free(8 * (needed - (1 << 20)) - int(dock.relief.last_frame.memory["total_bytes"]))
    wait_for(lambda: sharp(dock) and dock.relief.drape.drawn_size[0] <= before[0] // 2)
    wait_for(lambda: not dock.relief.drape.is_drawing)
    assert dock.relief.loaded is loaded and told(iface) == 1
    assert "map at 1:2, memory is short" in dock.foot.data.text() and "heights at" not in dock.foot.data.text()
    free(PLENTY)
    wait_for(lambda: sharp(dock) and dock.relief.drape.drawn_size == before)
    assert dock.relief.loaded is loaded and told(iface) == 1


def test_a_budget_that_the_user_chose_never_moves(make_dock, free, iface):
    preferences.set_budget_mebibytes(700)
    dock = make_dock()
    shown = dock.relief.loaded
    free(SHORT)
    let_run(600)
    dock.relief.draw()
    wait_for(lambda: sharp(dock))
    assert dock.relief.loaded is shown and dock.relief.host.budget() == 700 << 20 and told(iface) == 0


def test_a_driver_that_refuses_gets_fewer_heights_and_a_picture_stands(make_dock, iface, monkeypatch):
    keep = RenderSession.set_dem

    def set_dem(session, dem):
        if dem.size[0] > 2000:
            raise MemoryBudgetError("[Budget] the driver is out of memory; fix: none")
        keep(session, dem)

    monkeypatch.setattr(RenderSession, "set_dem", set_dem)
    dock = make_dock()
    wait_for(lambda: held(dock) == (COLS // 4, ROWS // 4))
    assert told(iface) == 1 and not any("cannot be drawn" in text for text in iface.words())
    monkeypatch.setattr(RenderSession, "set_dem", keep)
    dock.render(again=True)  # the user's own wish begins at the top
    wait_for(lambda: held(dock) == (COLS, ROWS))


def test_a_refusal_under_a_chosen_budget_is_made_good_and_the_picture_is_the_same_again(make_dock, iface, monkeypatch):
    keep = RenderSession.set_dem
    refused = []

    def set_dem(session, dem):
        if dem.size[0] > 2000:
            refused.append(dem.size)
            raise MemoryBudgetError("[Budget] the driver is out of memory; fix: none")
        keep(session, dem)

    preferences.set_budget_mebibytes(700)
    dock = make_dock()
    size, picture = held(dock), dock.relief.last_frame.rgba.copy()
    monkeypatch.setattr(RenderSession, "set_dem", set_dem)
    dock.render(again=True)
    wait_for(lambda: held(dock) == (COLS // 4, ROWS // 4))  # a picture stands
    assert len(refused) >= 2 and dock.relief.host.budget() == 700 << 20
    monkeypatch.setattr(RenderSession, "set_dem", keep)
    wait_for(lambda: held(dock) == size and not dock.relief.detail.is_lowered)
    np.testing.assert_array_equal(dock.relief.last_frame.rgba, picture)
    assert "memory is short" not in dock.foot.data.text()


def test_an_export_is_not_broken_off_by_memory_that_gets_short(make_dock, free, tmp_path):
    from forge3d_qgis.gui.export_dialog import ExportSettings

    dock = make_dock()
    shown, path = dock.relief.loaded, tmp_path / "export.png"
    assert dock.exporter.export(ExportSettings(str(path), 900, 600, 8, 96.0, False))
    free(SHORT)
    while_busy = []

    def ended() -> bool:
        if dock.exporter.busy:
            while_busy.append(dock.relief.loaded)
        return not dock.exporter.busy

    wait_for(ended)
    assert path.exists() and all(one is shown for one in while_busy)
    wait_for(lambda: held(dock) == (COLS // 2, ROWS // 2))


def test_the_quality_box_sets_heights_samples_and_the_size_of_the_picture_and_is_remembered(make_dock, plugin):
    dock = make_dock()
    box = dock.panel.quality
    assert box.currentData() == "" and box.count() == 1 + len(quality.QUALITIES)
    assert all(box.itemData(row, role=Qt.ItemDataRole.ToolTipRole) for row in range(box.count()))
    box.setCurrentIndex(box.findData("draft"))
    box.activated.emit(box.currentIndex())
    wait_for(lambda: held(dock) is not None and held(dock)[0] < 1200)
    frame = dock.relief.last_frame
    assert frame.wanted == 4 and frame.rgba.shape[:2] == (75, 100) and dock.preview.badge == ""
    assert preferences.quality() is quality.QUALITIES["draft"]
    box.setCurrentIndex(0)
    box.activated.emit(0)
    wait_for(lambda: held(dock) == (COLS, ROWS))
    assert dock.relief.last_frame.rgba.shape[:2] == (150, 200) and preferences.quality() is None
