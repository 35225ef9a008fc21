"""An export between the bands of which the preview draws: whole or not there, ended by nobody's cancel but its own."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from osgeo import gdal

pytest.importorskip("qgis")

from forge3d_qgis.core import Cancelled, Dem, RenderSession, Scene
from forge3d_qgis.gui.export import ExportJob
from forge3d_qgis.gui.export_dialog import ExportSettings

WIDTH, HEIGHT, SAMPLES = 40, 90, 4
DEM = Dem.from_array(np.zeros((10, 10), dtype=np.float32))


@pytest.fixture
def session(fake_native):
    with RenderSession((8, 8)) as one:
        one.set_dem(DEM)
        yield one


@pytest.fixture
def wanted(tmp_path) -> ExportSettings:
    return ExportSettings(str(tmp_path / "picture.png"), WIDTH, HEIGHT, SAMPLES, 96.0, False)


def job_in_bands(wanted, rows=20) -> ExportJob:
    speed = rows * WIDTH * SAMPLES / 0.6  # as slow as to give bands of so many rows
    return ExportJob(wanted, Scene(), 1 << 30, DEM.size, speed=speed + 1.0)


def test_an_export_is_whole_though_the_preview_draws_between_its_bands(session, wanted, tmp_path, fake_native):
    job, bands = job_in_bands(wanted), 1
    while not job.step(session):
        bands += 1
        assert fake_native.renderers[-1].scene.exposure == 1.0  # each band shows the export's scene, not the preview's
        session.resize((16, 12))  # as the preview does
        session.set_scene(Scene(exposure=2.0))
        session.refine()
    assert bands == 5 and job.error is None and job.over.is_set()
    rows = gdal.Open(wanted.path).ReadAsArray()[0, :, 0]
    np.testing.assert_array_equal(rows, np.arange(HEIGHT))  # the fake paints each row of the picture in its own grey
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_an_export_goes_on_at_its_row_with_another_device(session, wanted, tmp_path, fake_native):
    drape = np.full((5, 5, 4), 7, dtype=np.uint8)
    job = ExportJob(wanted, Scene(), 1 << 30, DEM.size, lambda: drape, (5, 5), 20 * WIDTH * SAMPLES / 0.6 + 1.0)
    assert not job.step(session) and not job.step(session)
    job.device_lost()
    tops = []
    with RenderSession((8, 8)) as another:
        another.set_dem(DEM)
        renderer = fake_native.renderers[-1]
        while not job.step(another):
            tops.append(renderer.crop[1])
    assert tops == [40, 60] and renderer.drape is drape and job.error is None
    rows = gdal.Open(wanted.path).ReadAsArray()[0, :, 0]
    np.testing.assert_array_equal(rows, np.arange(HEIGHT))
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_its_own_cancel_ends_it_and_leaves_nothing(session, wanted, tmp_path):
    job = job_in_bands(wanted)
    assert not job.step(session)
    job.cancel()
    assert job.step(session)
    assert isinstance(job.error, Cancelled) and list(tmp_path.iterdir()) == []


def test_a_call_cancelled_by_another_is_told_to_the_worker_and_closing_leaves_nothing(
    session, wanted, tmp_path, monkeypatch
):
    job = job_in_bands(wanted)
    assert not job.step(session)

    def cancelled(*_args, **_options):
        raise Cancelled("the layer goes")

    monkeypatch.setattr(session, "refine", cancelled)
    with pytest.raises(Cancelled, match="the layer goes"):
        job.step(session)
    assert not job.over.is_set()
    job.close()
    assert isinstance(job.error, Cancelled) and list(tmp_path.iterdir()) == []


def test_a_task_that_follows_passes_its_cancel_on(session, wanted):
    job, asked, errors = job_in_bands(wanted), threading.Event(), []

    def follow():
        try:
            job.wait(lambda share: None, lambda: asked.is_set() or asked.set())
        except Cancelled as error:
            errors.append(error)

    follower = threading.Thread(target=follow)
    follower.start()
    assert asked.wait(5)  # asked once, and told to go on; from now on the user wants it to end
    while not job.step(session):
        time.sleep(0.1)
    follower.join(5)
    assert len(errors) == 1 and not follower.is_alive()
