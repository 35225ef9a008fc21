"""What the export dialog says that a picture will take, and what the ledger then sees."""

from __future__ import annotations

import numpy as np
import pytest
from conftest_qgis import let_run, small, wait_for
from qgis.core import QgsHillshadeRenderer

from forge3d_qgis import native_loader
from forge3d_qgis.core.budget import format_bytes
from forge3d_qgis.gui import preferences

pytestmark = pytest.mark.gpu


@pytest.fixture
def dock(plugin, add_layer, write_raster):
    preferences.set_samples(4)
    steps = np.linspace(0, 40, 1800, dtype=np.float32)
    add_layer(write_raster(100 * np.sin(steps)[:, None] * np.cos(steps)))
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: done(one))
    yield one
    preferences.set_samples(preferences.DEFAULT_SAMPLES)


def done(dock) -> bool:
    frame = dock.relief.last_frame
    return frame is not None and not frame.draft and frame.samples == frame.wanted


@pytest.mark.parametrize("is_draped", [False, True])
def test_the_dialog_tells_the_memory_that_the_ledger_then_sees_and_a_measured_time(dock, tmp_path, is_draped):
    native = native_loader.load()
    if is_draped:
        layer = dock.relief.layer
        layer.setRenderer(QgsHillshadeRenderer(layer.dataProvider(), 1, 315.0, 45.0))
        dock.current.change({"source.colours": "layer"})
        wait_for(lambda: done(dock) and dock.relief.drape.drawn_size and not dock.relief.drape.is_drawing)
    dock.exporter.ask()
    dialog = dock.exporter.dialog
    dialog.lock.setChecked(False)
    dialog.width_box.setValue(1300)
    dialog.height_box.setValue(900)
    dialog.samples.setValue(2)
    dialog.file.setFilePath(str(tmp_path / "a.png"))
    assert " in " in dialog.summary.text() and "about" in dialog.summary.text()  # from the preview, at once
    wait_for(lambda: ((1300, 900), 2) in dock.exporter._paces)
    told = dock.exporter._forecast((1300, 900), 2)
    assert dialog.summary.text().endswith(str(told.note)) and format_bytes(told.bytes) in dialog.summary.text()
    wait_for(lambda: done(dock))  # the preview, which was put aside for it, is whole again
    let_run(100)
    native.reset_peak()
    dialog.accept()
    wait_for(lambda: not dock.exporter.busy)
    assert (tmp_path / "a.png").exists()
    assert native.memory_metrics()["device_peak_bytes"] == pytest.approx(told.bytes, rel=0.05)
