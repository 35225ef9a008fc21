"""A DEM that fills the memory budget: whatever the user asks for afterwards is drawn, coarser if need be."""

from __future__ import annotations

import numpy as np
import pytest
from conftest_qgis import small, wait_for
from osgeo import gdal
from qgis.core import QgsHillshadeRenderer
from qgis.PyQt.QtCore import QSize

from forge3d_qgis.gui import preferences
from forge3d_qgis.gui.export_dialog import ExportSettings

pytestmark = pytest.mark.gpu

SIDE, BUDGET_MIB = 3000, 64


@pytest.fixture
def dock(plugin, add_layer, write_raster, monkeypatch):
    """With a small preview on a larger screen."""
    preferences.set_budget_mebibytes(BUDGET_MIB)
    preferences.set_samples(1)
    steps = np.linspace(0, 40, SIDE, dtype=np.float32)
    add_layer(write_raster(100 * np.sin(steps)[:, None] * np.cos(steps)))
    one = small(plugin.ensure_dock())
    monkeypatch.setattr(one.preview, "screen_pixels", lambda: QSize(1400, 800))
    plugin.render_selected()
    wait_for(lambda: sharp(one))
    yield one
    preferences.set_budget_mebibytes(0)
    preferences.set_samples(preferences.DEFAULT_SAMPLES)


def sharp(dock) -> bool:
    frame = dock.relief.last_frame
    assert "cannot be drawn" not in dock.preview.words
    return frame is not None and not frame.draft and frame.samples == frame.wanted


def size_after(dock, width: int, height: int) -> tuple[int, int]:
    """Of the picture when the preview has become so large."""
    dock.relief.last_frame = None
    dock.preview.setFixedSize(QSize(width, height))
    wait_for(lambda: sharp(dock) and dock.relief.size == QSize(width, height))
    rows, cols = dock.relief.last_frame.rgba.shape[:2]
    return cols, rows


def draped(dock) -> bool:
    """Whether the picture that is shown has a map over it, as the renderer tells."""
    if not sharp(dock):
        return False
    held = dict(dock.relief.last_frame.memory["top"])
    return held.get("forge3d.style.drape", 0) > 1000


def test_the_dock_may_grow_to_its_screen_and_beyond(dock):
    assert dock.relief.loaded.dem.averaged  # the heights take what they may
    assert size_after(dock, 1400, 800) == (1400, 800) and dock.preview.badge == ""
    cols, rows = size_after(dock, 3000, 2100)
    divisor = dock.relief.last_frame.divisor
    assert divisor > 1 and (cols, rows) == (round(3000 / divisor), round(2100 / divisor))
    assert f"1:{divisor}" in dock.preview.badge
    assert size_after(dock, 400, 300) == (400, 300) and dock.preview.badge == ""


def test_a_style_that_only_a_map_shows_is_draped_though_heights_had_taken_its_room(dock, iface):
    before = dock.relief.loaded.dem.size
    layer = dock.relief.layer
    layer.setRenderer(QgsHillshadeRenderer(layer.dataProvider(), 1, 315.0, 45.0))
    dock.current.change({"source.colours": "layer"})
    wait_for(lambda: draped(dock))
    assert not any("cannot be draped" in text for text in iface.words())
    assert dock.relief.loaded.dem.size[0] <= before[0]
    shown = dock.relief.loaded
    size_after(dock, 1400, 800)
    wait_for(lambda: draped(dock))
    assert dock.relief.loaded is shown  # read once more at most
    assert not any("cannot be draped" in text for text in iface.words())


def test_an_export_is_draped_as_finely_as_the_budget_allows(dock, iface, tmp_path):
    iface.canvas.setLayers([dock.relief.layer])
    dock.current.change({"source.colours": "canvas"})
    wait_for(lambda: draped(dock))
    path = tmp_path / "large.png"
    assert dock.exporter.export(ExportSettings(str(path), 6000, 40, 1, 96.0, False))
    wait_for(lambda: not dock.exporter.busy)
    assert not any("failed" in text for text in iface.words())
    assert gdal.Open(str(path)).RasterXSize == 6000
    wait_for(lambda: draped(dock))  # and the preview comes back
