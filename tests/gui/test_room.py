"""Heights, picture and the map over it share one budget: whatever the dock grows to, something is drawn."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

pytest.importorskip("qgis")

from forge3d_qgis.core.budget import MIB, WITHOUT_NATIVE, estimate, plan
from forge3d_qgis.core.errors import MemoryBudgetError
from forge3d_qgis.core.scene import Scene
from forge3d_qgis.gui.refining import Refining, Wanted
from forge3d_qgis.gui.room import Room, longest_side

LIMITS = dataclasses.replace(WITHOUT_NATIVE, max_buffer_bytes=1 << 40)
SCREENS = [(1280, 800), (1920, 1080), (3840, 2160), (7680, 4320)]


@pytest.mark.gpu  # the estimates are the native part's; no device is made
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("budget", [24 * MIB, 128 * MIB, 1024 * MIB])
@pytest.mark.parametrize("is_draped", [False, True])
def test_heights_picture_and_drape_fit_together_and_the_heights_have_their_share(screen, budget, is_draped):
    picture, drape = Room(screen, is_draped).planned(budget, 8192)
    made = plan((6000, 6000), picture, budget, limits=LIMITS, drape_size=drape, whole_picture=True)
    assert estimate(made.size, picture, drape)["total_bytes"] <= budget
    assert 4 * made.size[0] * made.size[1] >= 0.1 * budget
    assert (drape is not None) is is_draped
    if screen == (1920, 1080) and budget >= 128 * MIB:
        assert picture == screen  # the smallest budget that anybody chooses draws a usual screen sharp


@pytest.mark.gpu
def test_a_drape_is_as_long_as_fits_beside_the_heights():
    heights, picture, budget = (3000, 3000), (800, 64), 90 * MIB

    def total(side):
        return estimate(heights, picture, (side, side))["total_bytes"]

    side = longest_side(8192, lambda one: (one, one), heights, picture, budget)
    assert 1000 < side < 8192
    assert total(side) <= budget < total(side + 1)


class Session:
    """A renderer whose pictures may have this many pixels: it says so when it begins one."""

    def __init__(self, most: int) -> None:
        self.most, self.size, self.samples = most, (1, 1), 0

    def resize(self, size):
        self.size, self.samples = size, 0

    def set_scene(self, scene):
        pass

    def progress(self):
        return float(self.samples)

    def refine(self, milliseconds, *, samples):
        if self.size[0] * self.size[1] > self.most:
            raise MemoryBudgetError("[Budget]")
        self.samples = min(samples, self.samples + 1)
        return self.samples


@pytest.mark.parametrize("dragging", [False, True])
def test_a_picture_that_the_budget_refuses_is_drawn_coarser_and_stays_so(dragging):
    session, refining = Session(500_000), Refining()
    for _ in range(2):
        refining.begin(session, Wanted(Scene(), 1920, 1080, 4, dragging), lambda: False)
        while refining.samples < 4 or refining.is_draft:
            refining.go_on(session)
        assert session.size == (640, 360) and session.samples == 4 and refining.divisor == 3
    refining.begin(session, Wanted(Scene(), 800, 600, 1), lambda: False)
    refining.go_on(session)
    assert session.size == (800, 600) and refining.divisor == 1


def test_a_picture_that_can_be_drawn_but_not_be_read_back_is_drawn_coarser(fake_native, monkeypatch):
    from forge3d_qgis.core import Dem, RenderSession
    from forge3d_qgis.gui.worker import RenderWorker

    keep = RenderSession.read

    def read(session):
        if session.size[0] > 100:
            raise MemoryBudgetError("[Budget] read back")
        return keep(session)

    monkeypatch.setattr(RenderSession, "read", read)
    frames, failures, done = [], [], threading.Event()

    def deliver(kind, value):
        (frames if kind == "frame" else failures if kind == "failed" else []).append(value)
        if failures or (frames and frames[-1].samples == 4):
            done.set()

    worker = RenderWorker("auto", None, deliver)
    worker.start()
    worker.load(Dem.from_array(np.zeros((10, 10), dtype=np.float32)))
    worker.show(Wanted(Scene(), 250, 100, 4))
    assert done.wait(5) and worker.stop()
    assert not failures and frames[-1].rgba.shape[:2] == (33, 83) and frames[-1].divisor == 3


@pytest.mark.parametrize("what", ["set_dem", "set_drape"])
def test_heights_and_drapes_have_the_room_of_the_picture_which_begins_anew(fake_native, monkeypatch, what):
    from forge3d_qgis.core import Dem, RenderSession
    from forge3d_qgis.gui.worker import RenderWorker

    keep = getattr(RenderSession, what)

    def bring(session, content):
        if content is not None and session.size[0] > 16:
            raise MemoryBudgetError("[Budget] beside the picture")
        keep(session, content)

    monkeypatch.setattr(RenderSession, what, bring)
    dem = Dem.from_array(np.zeros((10, 10), dtype=np.float32))
    told, done = [], threading.Event()

    def deliver(kind, value):
        told.append(kind)
        if kind == "frame" and value.samples == 4 and value.rgba.shape[:2] == (100, 250):
            done.set()

    worker = RenderWorker("auto", None, deliver)
    worker.start()
    worker.load(dem)
    worker.set_drape(lambda: np.zeros((5, 5, 4), dtype=np.uint8))
    worker.show(Wanted(Scene(), 250, 100, 4))
    assert done.wait(5) and worker.stop()
    assert not {"failed", "drape_failed"} & set(told)
    assert fake_native.renderers[-1].heights is not None and fake_native.renderers[-1].drape is not None


def test_a_budget_for_no_picture_at_all_is_told():
    refining = Refining()
    with pytest.raises(MemoryBudgetError):
        refining.begin(Session(10), Wanted(Scene(), 1920, 1080, 4, True), lambda: False)


@pytest.mark.gpu
def test_the_map_gets_what_the_plan_left_beside_the_heights_that_were_read():
    budget, room = 128 * MIB, Room((1920, 1080), True)
    picture, drape = room.planned(budget, 8192)
    heights = plan((6000, 6000), picture, budget, limits=LIMITS, drape_size=drape, whole_picture=True).size
    assert room.drape_side(4096, lambda side: (side, side), heights, budget) >= drape[0]
    picture = Room((400, 300), False).planned(budget, 8192)[0]
    heights = plan((6000, 6000), picture, budget, limits=LIMITS, whole_picture=True).size  # for a dock that stays small
    assert room.drape_side(4096, lambda side: (side, side), heights, budget) < 0.5 * drape[0]
