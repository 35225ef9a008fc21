"""Faults of the graphics device at random places of what a user does with the dock. Run by test_faults_in_the_dock.py
in a process of its own, whose native part may make faults: FORGE3D_FAULTS=1, FIRST_SEED, FAULTS."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
from conftest_qgis import SAMPLE, let_run, small, wait_for
from osgeo import gdal
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QPointF, QSize

from forge3d_qgis import native_loader
from forge3d_qgis.gui import preferences
from forge3d_qgis.gui.device_loss import MOST
from forge3d_qgis.gui.export_dialog import ExportSettings

FIRST_SEED, FAULTS = int(os.environ.get("FIRST_SEED", "0")), int(os.environ.get("FAULTS", "10"))
SAMPLES = 2
VIEWS = (
    {"scene.sun.azimuth": 135.0, "scene.camera.heading": 0.0, "source.colours": "ramp"},
    {"scene.sun.azimuth": 300.0, "scene.camera.heading": 70.0, "source.colours": "ramp"},
    {"scene.sun.azimuth": 300.0, "scene.camera.heading": 70.0, "source.colours": "canvas"},
)
WITHIN = 90  # places of one seed: most of its faults come during its acts


@pytest.fixture
def native():
    module = native_loader.load()
    yield module
    module._faults()


@pytest.fixture
def dock(plugin, iface, add_layer, monkeypatch):
    from forge3d_qgis.gui import device_loss

    # Losses of one test run follow each other faster than those of any user; each is to be forgotten by the next one.
    monkeypatch.setattr(device_loss, "WHILE_S", 0.0)
    monkeypatch.setattr(device_loss, "PAUSE_S", 0.01)
    preferences.set_samples(SAMPLES)
    preferences.set_adapter("software")
    layer = add_layer()
    iface.canvas.setLayers([layer])
    iface.canvas.setExtent(layer.extent())
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: done(one))
    yield one
    preferences.set_samples(preferences.DEFAULT_SAMPLES)
    preferences.set_adapter("auto")


def done(dock) -> bool:
    """Whether all of the picture is there, with the map over it that the view asks for."""
    frame = dock.relief.last_frame
    if frame is None or frame.draft or frame.samples < frame.wanted or dock.relief.drape.is_drawing:
        return False
    is_draped = dict(frame.memory["top"]).get("forge3d.style.drape", 0) > 1000
    return is_draped == dock.current.view.source.is_draped


def wait_in(dock, condition) -> None:
    """As ``wait_for``, and tells how things stand where nothing comes."""
    try:
        wait_for(condition)
    except AssertionError:
        frame, worker, relief = dock.relief.last_frame, dock.relief.host.worker, dock.relief
        shown = (
            None if frame is None else (frame.samples, frame.wanted, frame.draft, frame.divisor, frame.memory["top"])
        )
        drape = (relief.drape.is_drawing, relief.drape.is_shown, relief.drape.is_waiting)
        pytest.fail(
            f"frame {shown}; drape {drape}; {relief.detail.rung}; {relief.host.problem}; lost {relief.host.losses}; "
            f"loaded {relief.loaded is not None}, {worker._loaded}; slots {worker._slots}; {dock.preview.badge!r}"
        )


def is_at_rest(dock) -> bool:
    """Nothing is read or exported."""
    tasks = QgsApplication.taskManager().countActiveTasks()
    return dock.relief.loaded is not None and not dock.exporter.busy and tasks == 0


def picture_of(dock, view: int) -> np.ndarray:
    """The picture of a view when all of it is there; where memory was short, when the user has asked for all of it."""
    dock.current.change(dict(VIEWS[view]))
    dock.preview.setFixedSize(QSize(200, 150))
    wait_in(dock, lambda: dock.relief.size == QSize(200, 150))
    for _ in range(2):  # the first may be of an earlier wish, which was being drawn
        let_run(40)
        dock.relief.last_frame = None
        dock.relief.draw()
        wait_in(dock, lambda: done(dock))
    if dock.relief.detail.is_lowered or dock.relief.last_frame.rgba.shape[:2] != (150, 200):
        dock.relief.last_frame = None
        dock.relief.requality()
        wait_in(dock, lambda: done(dock) and not dock.relief.detail.is_lowered)
    return np.array(dock.relief.last_frame.rgba)


def act(dock, chance: random.Random, folder, layers) -> bool:
    """What a user may do in a second or two. Whether an export was begun."""
    is_exported = False
    acts = ["look", "drag", "size", "drape", "export", "load", "point", "wait"]
    for name in chance.sample(acts, 4):
        if name == "look":
            dock.current.change(dict(VIEWS[chance.randrange(2)]))
        elif name == "drag":
            for step in range(4):
                dock.current.change({"scene.camera.heading": 20.0 * step})
                dock.relief.draw(dragging=True)
                let_run(10)
            dock.relief.draw()
        elif name == "size":
            dock.preview.setFixedSize(QSize(chance.randrange(80, 300), chance.randrange(80, 200)))
        elif name == "drape":
            dock.current.change({"source.colours": chance.choice(["ramp", "canvas"])})
            dock.relief.redraw_drape()
        elif name == "export" and not dock.exporter.busy:
            is_exported |= dock.exporter.export(ExportSettings(str(folder / "picture.png"), 210, 160, 2, 96.0, False))
        elif name == "load":
            dock.render_layer(layers[chance.randrange(len(layers))])
        elif name == "point":
            dock.preview.hovered.emit(QPointF(0.5, 0.5))
        let_run(chance.choice([0, 5, 40, 120]))
    return is_exported


def check_export(folder, was_begun: bool, words: list[str], kinds: list[str]) -> None:
    """Whole, or not there as it was cancelled or the driver had no memory for it, which is told."""
    left = sorted(path.name for path in folder.iterdir())
    assert left in ([], ["picture.png"]), left
    if left:
        picture = gdal.Open(str(folder / "picture.png"))
        assert (picture.RasterXSize, picture.RasterYSize) == (210, 160) and picture.ReadAsArray() is not None
        (folder / "picture.png").unlink()
    elif was_begun:
        is_short = "out of memory" in kinds and any("Export failed" in text for text in words)
        assert is_short or any("export was cancelled" in text for text in words), words


@pytest.mark.timeout(100)
@pytest.mark.parametrize("colours", ["ramp", "canvas"])
def test_an_export_goes_on_where_it_was_when_the_device_is_lost(dock, iface, native, tmp_path, monkeypatch, colours):
    from forge3d_qgis.gui import export

    monkeypatch.setattr(export, "STRETCH_S", 0.005)  # many strips
    dock.current.change({"source.colours": colours})
    wait_in(dock, lambda: done(dock))

    def exported(name: str) -> bytes:
        assert dock.exporter.export(ExportSettings(str(tmp_path / name), 300, 400, 2, 96.0, False))
        if name != "whole.png":
            wait_in(dock, lambda: dock.exporter._job is not None and dock.exporter._job.share > 0.1)
            native._faults(lose_at=1)
        wait_in(dock, lambda: is_at_rest(dock))
        native._faults()
        assert (tmp_path / name).exists(), iface.words()
        return (tmp_path / name).read_bytes()

    whole = exported("whole.png")
    before = dock.relief.host.losses
    for turn in range(3):
        assert exported(f"{turn}.png") == whole
    assert dock.relief.host.losses > before


@pytest.mark.timeout(280)
def test_the_dock_comes_back_from_any_fault_and_nothing_is_lost(dock, iface, native, tmp_path, add_layer):
    first = dock.relief.layer
    second = QgsRasterLayer(str(SAMPLE), "again", "gdal")
    QgsProject.instance().addMapLayer(second)
    folder = tmp_path / "exports"
    folder.mkdir()
    told: list[str] = []
    dock.relief.notice.connect(told.append)
    troubles: list[str] = []
    dock.relief.trouble.connect(lambda title, text: troubles.append(f"{title}: {text}"))
    expected = [picture_of(dock, view) for view in range(len(VIEWS))]
    assert not np.array_equal(expected[0], expected[1]) and not np.array_equal(expected[1], expected[2])
    kinds: dict[str, int] = {}
    seed = FIRST_SEED
    while sum(kinds.values()) < FAULTS:
        chance = random.Random(seed)
        told.clear()
        troubles.clear()
        losses = dock.relief.host.losses
        native._faults(seed=seed, within=WITHIN)
        iface.bar.clearWidgets()
        is_exported = act(dock, chance, folder, [first, second])
        wait_in(dock, lambda: is_at_rest(dock))
        view = chance.randrange(len(VIEWS))
        picture = picture_of(dock, view)
        came = native._faults()["came"]
        lost = sum(kind != "out of memory" for kind, _ in came)
        wait_in(dock, lambda lost=lost: sum("was lost" in text for text in told) >= lost)
        where = f"seed {seed}, view {view}, {came}, told {told}, troubles {troubles}"
        for _ in range(6):  # what is shown may be of an earlier wish, on a machine that has more to do
            if np.array_equal(picture, expected[view]):
                break
            let_run(150)
            picture = picture_of(dock, view)
        alike = [one for one, other in enumerate(expected) if np.array_equal(picture, other)]
        gap = np.abs(picture.astype(int) - expected[view])
        assert alike == [view], f"{where}; it is the picture of {alike}, {np.count_nonzero(gap)} apart by {gap.max()}"
        assert dock.relief.host.losses - losses == lost, where
        assert sum("was lost" in text for text in told) == lost, where
        assert dock.relief.host.problem is None and dock.preview.badge == "", where
        assert dock.relief.layer in (first, second) and first.isValid() and second.isValid()
        check_export(folder, is_exported, iface.words(), [kind for kind, _ in came])
        if lost or not came:
            assert troubles == [], where
        for kind, _ in came:
            kinds[kind] = kinds.get(kind, 0) + 1
        seed += 1
    assert set(kinds) == {"lost", "out of memory", "time-out"}
    print(f"{sum(kinds.values())} faults came in {seed - FIRST_SEED} seeds: {kinds}")


@pytest.mark.timeout(100)
@pytest.mark.parametrize("distance", [6, 80])
def test_a_device_that_dies_each_time_ends_with_a_hillshade_and_a_word_about_it(
    plugin, iface, add_layer, native, distance
):
    """Before its first picture, or after it while the user goes on looking."""
    preferences.set_samples(SAMPLES)
    add_layer()
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: done(one))
    before = one.relief.host.losses
    native._faults(lose_at=distance, again=True)
    for step in range(400):
        one.current.change({"scene.camera.heading": step % 360})
        let_run(60)
        if one.relief.host.problem is not None:
            break
    wait_for(lambda: one.preview.badge == "CPU preview")
    assert one.relief.host.losses - before <= 2 * MOST
    assert "No graphics adapter" in one.notice.text.text() and one.relief.loaded is not None
    native._faults(lose_at=2**60)
    let_run(600)
    assert native._faults()["places"] == 0  # nobody tries any more
    one.notice.retry_wanted.emit()  # until the user does
    wait_for(lambda: one.relief.host.problem is None and done(one) and one.preview.badge == "")


@pytest.mark.timeout(100)
def test_a_card_that_dies_each_time_gives_way_to_software_which_is_told(plugin, iface, add_layer, native, monkeypatch):
    from forge3d_qgis.gui import worker

    real = worker.native().device_info

    class CardForOthers:
        """The software adapter under the name of a card, but where software itself is asked for."""

        def __getattr__(self, name):
            return getattr(native, name)

        def device_info(self, adapter="auto"):
            return {**real(adapter), **({} if adapter == "software" else {"kind": "discrete"})}

    monkeypatch.setattr(worker, "native", CardForOthers)
    preferences.set_samples(SAMPLES)
    add_layer()
    one = small(plugin.ensure_dock())
    told: list[str] = []
    one.relief.notice.connect(told.append)
    plugin.render_selected()
    wait_for(lambda: done(one))
    native._faults(lose_at=6, again=True)
    one.current.change(dict(VIEWS[1]))
    wait_for(lambda: any("processor draws from now on" in text for text in told))
    native._faults()
    one.relief.last_frame = None
    one.current.change(dict(VIEWS[0]))
    wait_for(lambda: done(one) and one.relief.last_frame.device["kind"] == "software")
    assert one.preview.badge == "" and one.relief.host.problem is None


@pytest.mark.timeout(100)
def test_nothing_is_held_when_the_plugin_goes_after_a_loss(plugin, iface, add_layer, native):
    preferences.set_samples(SAMPLES)
    add_layer()
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: done(one))
    one.relief.last_frame = None
    native._faults(lose_at=5)
    one.current.change(dict(VIEWS[1]))
    wait_for(lambda: done(one) and one.relief.host.losses == 1)
    plugin.unload()
    let_run(50)
    assert native.memory_metrics()["device_local_bytes"] == 0
