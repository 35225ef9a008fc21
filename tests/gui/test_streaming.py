"""Heights that go strip by strip from the task that reads to the thread that draws: nobody waits for ever."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from forge3d_qgis.core import RenderSession
from forge3d_qgis.core.dem import DemStream, ReadAhead, gdal_filling, open_dem, open_source
from forge3d_qgis.core.errors import Cancelled, DemError, DeviceError, MemoryBudgetError
from forge3d_qgis.core.scene import Scene
from forge3d_qgis.gui.refining import Wanted
from forge3d_qgis.gui.worker import NotTaken, RenderWorker

ROWS, COLS = 300, 50


class Bench:
    """A worker, what it told, and tasks that read for it."""

    def __init__(self, path, monkeypatch) -> None:
        monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 800)
        self.path = path
        self.told: list[tuple[str, object]] = []
        self.news = threading.Condition()
        self.worker = RenderWorker("auto", None, self.deliver)
        self.worker.start()

    def deliver(self, kind: str, value: object) -> None:
        with self.news:
            self.told.append((kind, value))
            self.news.notify_all()

    def wait_for(self, kind: str, times: int = 1) -> object:
        with self.news:
            assert self.news.wait_for(lambda: sum(one == kind for one, _ in self.told) >= times, 5), self.told
            return [value for one, value in self.told if one == kind][-1]

    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.told}


class Task:
    """The reading task: ``feed`` in a thread."""

    def __init__(self, path, stream: DemStream | None = None) -> None:
        self.stream = stream or open_dem(path)
        self.strips = ReadAhead(self.stream, reopen=lambda: open_source(path))
        self.facts = self.error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self.stream:
                self.facts = self.strips.feed()
        except BaseException as error:
            self.error = error

    def over(self) -> bool:
        self._thread.join(5)
        return not self._thread.is_alive()


@pytest.fixture
def heights() -> np.ndarray:
    return np.arange(ROWS * COLS, dtype="i2").reshape(ROWS, COLS)


@pytest.fixture
def bench(fake_native, write_raster, heights, monkeypatch):
    made = Bench(write_raster(heights, nodata=-9999, options=("BLOCKYSIZE=4",)), monkeypatch)
    yield made
    assert made.worker.stop()


def slowly(monkeypatch) -> threading.Event:
    """Strips stop coming after the third, until the event is set; it is set before the third was taken."""
    strips, go_on = DemStream.strips, threading.Event()

    def slow(stream):
        for number, strip in enumerate(strips(stream)):
            if number == 3:
                go_on.wait(5)
            yield strip

    monkeypatch.setattr(DemStream, "strips", slow)
    return go_on


def test_a_picture_comes_of_strips_and_no_array_is_held(bench, fake_native, heights):
    task = Task(bench.path)
    bench.worker.load(task.strips)
    bench.worker.show(Wanted(Scene(), 25, 10, 4))
    bench.wait_for("frame")
    assert task.over() and task.facts.height_bits == 16 and task.facts.size == (COLS, ROWS)
    np.testing.assert_array_equal(fake_native.renderers[-1].heights, heights)
    assert not bench.kinds() & {"failed", "lost"}


@pytest.mark.parametrize("end", ["stop", "clear", "load"])
def test_the_user_may_end_it_while_the_renderer_waits_for_strips(bench, monkeypatch, end):
    go_on = slowly(monkeypatch)
    task = Task(bench.path)
    bench.worker.load(task.strips)
    bench.wait_for("device")
    other = None
    if end == "stop":
        assert bench.worker.stop(), "it ends although the strips do not come"
    elif end == "clear":
        bench.worker.clear()
    else:
        other = Task(bench.path)
        bench.worker.load(other.strips)
    go_on.set()
    assert task.over() and isinstance(task.error, NotTaken)
    if other is not None:
        bench.worker.show(Wanted(Scene(), 25, 10, 4))
        bench.wait_for("frame")
        assert other.over() and other.facts is not None
    assert "failed" not in bench.kinds()


def test_a_task_that_is_cancelled_frees_the_renderer(bench, monkeypatch):
    go_on = slowly(monkeypatch)
    task = Task(bench.path)
    bench.worker.load(task.strips)
    bench.wait_for("device")
    task.strips.ended(Cancelled("by the user"))
    other = Task(bench.path)
    go_on.set()
    assert task.over() and isinstance(task.error, Cancelled) and not isinstance(task.error, NotTaken)
    bench.worker.load(other.strips)
    assert other.over() and other.facts is not None
    assert "failed" not in bench.kinds()


def test_a_reading_that_was_cancelled_before_is_not_begun(bench):
    late = Task(bench.path)
    late.strips.ended(Cancelled("another layer is shown"))
    task = Task(bench.path)
    bench.worker.load(task.strips)
    bench.worker.load(late.strips)
    assert task.over() and task.facts is not None, "the newer heights stay"


def test_a_broken_raster_is_told_by_the_task_alone(bench, monkeypatch):
    def broken(stream):
        yield np.zeros((1, COLS), dtype=np.float32)
        raise DemError("the disk is gone")

    monkeypatch.setattr(DemStream, "strips", broken)
    task = Task(bench.path)
    bench.worker.load(task.strips)
    assert task.over() and isinstance(task.error, DemError)
    monkeypatch.undo()
    other = Task(bench.path)
    bench.worker.load(other.strips)
    assert other.over() and other.facts is not None
    assert "failed" not in bench.kinds()


def test_a_renderer_without_room_tells_why_and_the_task_ends(bench, monkeypatch):
    def refuse(session, dem):
        raise MemoryBudgetError("[Budget] no room")

    monkeypatch.setattr(RenderSession, "set_dem", refuse)
    task = Task(bench.path)
    bench.worker.load(task.strips)
    assert task.over() and isinstance(task.error, NotTaken)
    assert isinstance(bench.wait_for("failed"), MemoryBudgetError)


def test_heights_are_read_again_for_the_device_that_comes_after_a_lost_one(bench, fake_native, heights, monkeypatch):
    task = Task(bench.path)
    bench.worker.load(task.strips)
    bench.worker.show(Wanted(Scene(), 25, 10, 4))
    bench.wait_for("frame")
    assert task.over()
    before, refine = len(fake_native.renderers), fake_native.Renderer.refine

    def lost(renderer, *arguments, **named):
        monkeypatch.setattr(fake_native.Renderer, "refine", refine)
        raise fake_native.DeviceError("[Device] lost")

    monkeypatch.setattr(fake_native.Renderer, "refine", lost)
    bench.worker.show(Wanted(Scene(exaggeration=2), 25, 10, 4))
    bench.wait_for("lost")
    frames = sum(kind == "frame" for kind, _ in bench.told)
    bench.wait_for("frame", frames + 1)
    assert len(fake_native.renderers) == before + 1
    np.testing.assert_array_equal(fake_native.renderers[-1].heights, heights)


def test_a_device_that_is_lost_while_it_takes_strips_gets_them_from_the_top(bench, fake_native, heights, monkeypatch):
    keep, calls = fake_native.Renderer.set_height_data, []

    def once(renderer, stream, **named):
        calls.append(renderer)
        if len(calls) == 1:
            strips = iter(stream.strips())
            next(strips)
            next(strips)
            raise fake_native.DeviceError("[Device] lost")
        keep(renderer, stream, **named)

    monkeypatch.setattr(fake_native.Renderer, "set_height_data", once)
    task = Task(bench.path)
    bench.worker.load(task.strips)
    bench.worker.show(Wanted(Scene(), 25, 10, 4))
    bench.wait_for("frame")
    assert task.over() and task.facts is not None, task.error
    assert len(calls) == 2 and isinstance(bench.wait_for("lost")[0], DeviceError)
    np.testing.assert_array_equal(fake_native.renderers[-1].heights, heights)
