"""A thousand random operations, in a process of its own; after each group of them the ledger beside two witnesses.

Arguments: a seed, how many operations, how many a group. Prints one JSON line: what was done, and for each group
``ledger`` (bytes), ``python`` (of them registered by Python), ``allocator`` (the driver-side allocator's own sum), and
``grown`` (what the process's resident memory grew by since it was warm; ``kept`` is the same before the C library gave
back what numpy had freed). ``lost``: what each lost device left behind, since it is never destroyed.
"""

from __future__ import annotations

import ctypes
import gc
import json
import random
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from forge3d_qgis import native_loader
from forge3d_qgis.core import Camera, DeviceError, Image, MemoryBudgetError, RenderError, RenderSession, Scene
from forge3d_qgis.core.dem import Dem
from forge3d_qgis.core.render import strip_steps
from forge3d_qgis.core.resource_tracker import in_ledger

native = native_loader.load()
MIB = 1 << 20
ADAPTER = "software"
MOST_SESSIONS, MOST_DEMS, MOST_PICTURES = 6, 3, 4
MOST_HELD = 700 * MIB  # of what is held at a time: other processes run beside this one


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def give_back() -> None:
    """Lets the C library return to the system what was freed: arrays of up to 32 MiB lie in its heap, which keeps them.
    The native part does so by itself, after each 64 MiB that its devices freed."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class World:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.sessions: list[RenderSession] = []
        self.dems: list[Dem] = []
        self.drapes: list[np.ndarray] = []
        self.pictures: list[Image] = []
        self.shadings = [model["name"] for model in native.shading_models()]
        self.refused = 0

    # what is done ---------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """An array as a reader makes it."""
        cols, rows = (int(2 ** self.dice.uniform(7, 12)) for _ in range(2))
        heights = in_ledger(np.empty((rows, cols), dtype=np.float32), "heights in Python")
        np.multiply(*np.ogrid[0:rows, 0:cols], out=heights, casting="unsafe")
        heights %= 1000
        self.dems.append(Dem.from_array(heights))
        del self.dems[:-MOST_DEMS]

    def open(self) -> None:
        budget = self.dice.choice([None, None, 64 * MIB, 256 * MIB])
        self.sessions.append(RenderSession(self.size(), adapter=ADAPTER, memory_budget=budget))
        if len(self.sessions) > MOST_SESSIONS:
            self.close(self.sessions[0])

    def load(self) -> None:
        self.any_session().set_dem(self.any_dem())

    def share(self) -> None:
        one, other = self.any_session(), self.any_session()
        with suppress(RenderError):  # it has none
            one.share_heights(other)

    def resize(self) -> None:
        self.any_session().resize(self.size())

    def drape(self) -> None:
        if self.dice.random() < 0.3:
            self.any_session().set_drape(None)
            return
        cols, rows = (int(2 ** self.dice.uniform(6, 11.3)) for _ in range(2))
        rgba = in_ledger(np.full((rows, cols, 4), 200, dtype=np.uint8), "drape in Python")
        self.any_session().set_drape(rgba)
        self.drapes = [rgba]  # as the dock keeps its own

    def render(self) -> Image | None:
        session = self.any_session()
        session.set_scene(self.scene())
        try:
            session.refine(20, samples=1)
            return session.read()
        except RenderError as error:
            assert "heights" in str(error) or "scene" in str(error), error
            return None

    def keep(self) -> None:
        image = self.render()
        if image is not None:
            self.pictures.append(image)
            del self.pictures[:-MOST_PICTURES]

    def export(self) -> None:
        session = self.any_session()
        session.set_scene(self.scene())
        width, height = self.size()
        rows = 0
        with suppress(RenderError):  # no heights
            for step in strip_steps(session, (width, height), samples=1, lines=max(1, height // 3)):
                rows += 0 if step.rows is None else len(step.rows)

    def close_one(self) -> None:
        self.close(self.any_session())

    def drop(self) -> None:
        del self.any_of(self.pictures, self.drapes, self.dems)[:]

    def lose(self) -> None:
        """The device goes, as with a driver that is reset: all its renderers are of no use, the next makes another."""
        native._faults(lose_at=1)
        try:
            self.any_session().set_dem(self.any_dem())
        except DeviceError:
            pass
        else:
            raise SystemExit("the device was not lost")
        self.end()

    # with what ------------------------------------------------------------------------------------------------------

    def any_of(self, *lists: Any) -> Any:
        return self.dice.choice(lists)

    def any_session(self) -> RenderSession:
        if not self.sessions:
            self.open()
        return self.dice.choice(self.sessions)

    def any_dem(self) -> Dem:
        if not self.dems:
            self.read()
        return self.dice.choice(self.dems)

    def size(self) -> tuple[int, int]:
        width, height = (int(2 ** self.dice.uniform(5, 10.6)) for _ in range(2))
        return width, height

    def scene(self) -> Scene:
        camera = Camera(heading=self.dice.uniform(0, 360), pitch=self.dice.uniform(20, 90))
        return replace(Scene(), camera=camera, shading=self.dice.choice(self.shadings))

    def close(self, session: RenderSession) -> None:
        self.sessions.remove(session)
        if self.dice.random() < 0.5:
            session.close()

    def end(self) -> None:
        for session in self.sessions:
            session.close()
        self.sessions, self.dems, self.drapes, self.pictures = [], [], [], []

    def step(self) -> str:
        name = self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if native.memory_metrics()["total_bytes"] > MOST_HELD:
            self.end()
        try:
            getattr(self, name)()
        except MemoryBudgetError:
            self.refused += 1
        return name


WEIGHTS = {
    "read": 10, "open": 6, "load": 14, "share": 7, "resize": 12, "drape": 8, "render": 18, "keep": 8, "export": 6,
    "close_one": 5, "drop": 5, "lose": 0.5,
}  # fmt: skip


def witnesses(baseline: int) -> dict[str, int]:
    gc.collect()
    kept = resident()
    give_back()
    found = native.memory_metrics()
    return {
        "ledger": found["total_bytes"], "python": found["python_bytes"], "allocator": found["allocator_bytes"],
        "reserved": found["allocator_reserved_bytes"],
        "grown": resident() - baseline, "kept": kept - baseline,
    }  # fmt: skip


def warm_up() -> int:
    """Everything once, so that what is compiled and loaded does not count as memory of pictures."""
    world = World(0)
    world.read()
    for shading in world.shadings:
        world.open()
        world.load()
        world.drape()
        session = world.sessions[-1]
        session.set_dem(world.dems[-1])
        session.set_scene(replace(Scene(), shading=shading))
        session.refine(20, samples=1)
        session.read()
    world.export()
    world.end()
    del world
    return witnesses(0)["grown"]


def main() -> None:
    seed, count, group = (int(argument) for argument in sys.argv[1:4])
    baseline = warm_up()
    world = World(seed)
    groups, lost, done = [], [], dict.fromkeys(WEIGHTS, 0)
    for number in range(1, count + 1):
        name = world.step()
        done[name] += 1
        if name == "lose":
            warm = warm_up()
            lost.append(warm - baseline)
            baseline = warm
        if number % group == 0:
            groups.append(witnesses(baseline))
    world.end()
    end = witnesses(baseline)
    # Thirteen DEMs of 64 MiB at once.
    side = 4096
    heights = np.empty((side, side), dtype=np.float32)
    np.add(*np.ogrid[0:side, 0:side], out=heights, casting="unsafe")
    dem = Dem.from_array(heights)
    thirteen = []
    native.set_memory_budget(13 * 100 * MIB, adapter=ADAPTER)
    for _ in range(13):
        thirteen.append(RenderSession((64, 48), adapter=ADAPTER))
        thirteen[-1].set_dem(dem)
    story = witnesses(baseline + heights.nbytes)
    del thirteen
    after = witnesses(baseline + heights.nbytes)
    print(
        json.dumps(
            {
                "done": done,
                "refused": world.refused,
                "lost": lost,
                "groups": groups,
                "end": end,
                "thirteen": story,
                "after": after,
            }
        )
    )


if __name__ == "__main__":
    main()
