"""A process in which faults come at random places of a whole story with the renderer. Run by test_faults.py.

    FORGE3D_FAULTS=1 python faults_child.py FIRST_SEED SEEDS FOLDER

Prints one line of JSON: how often each fault came, and what was wrong afterwards.
"""

from __future__ import annotations

import collections
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forge3d_qgis import native_loader
from forge3d_qgis.core import Dem, DeviceError, Forge3dError, MemoryBudgetError, Scene, render, save_png

ADAPTER = "software"
HEIGHTS = np.random.default_rng(1).random((500, 700), dtype=np.float32) * 50
DRAPE = np.random.default_rng(2).integers(0, 255, (300, 400, 4), dtype=np.uint8)
LONGEST_S = 30.0  # what takes longer hangs

native: Any = native_loader.load()


class Story:
    """Load, render, resize, drape, share, export in strips, read back. Each step gives what it made; a step may be told
    again, on the same renderers, and gives the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[Any] = []

    def renderer(self, width: int, height: int) -> Any:
        self.made.append(native.Renderer(width, height, adapter=ADAPTER))
        return self.made[-1]

    def close(self) -> None:
        for one in self.made:
            one.close()
            one.close()

    def steps(self) -> list[Callable[[], object]]:
        held: dict[str, Any] = {}

        def make() -> None:
            held["first"] = self.renderer(200, 150)

        def load() -> object:
            held["first"].set_height_data(HEIGHTS, cell_to_world=(10.0, 0.0, 0.0, -10.0))
            held["first"].set_scene(Scene())
            return held["first"].debug_read_height_patch(3, 3, 10, 10)

        def look() -> object:
            held["first"].resize(200, 150)
            held["first"].refine(10.0, samples=2)
            held["first"].refine(1e4, samples=2)
            return held["first"].read_rgba()

        def draped() -> object:
            held["first"].set_drape(DRAPE)
            held["first"].resize(320, 200)
            return held["first"].render_terrain_rgba(1), held["first"].pick(160.0, 100.0)

        def shared() -> object:
            held["second"] = self.renderer(64, 64)
            held["second"].share_heights(held["first"])
            held["second"].set_scene(Scene(exposure=2.0))
            return held["second"].render_terrain_rgba(2)

        def strips() -> object:
            rows = []
            for top in range(0, 600, 200):
                held["first"].resize(300, 200)
                held["first"].set_crop(0, top, 300, 600)
                held["first"].refine(1e4, samples=2)
                rows.append(np.array(held["first"].read_rgba()))
            return np.concatenate(rows)

        def other_heights() -> object:
            held["first"].set_drape(None)
            held["first"].set_height_data(HEIGHTS[:300, :300])
            held["first"].resize(100, 80)
            return held["first"].render_terrain_rgba(1)

        def export() -> object:
            path = self.folder / "picture.png"
            path.unlink(missing_ok=True)
            dem = Dem.from_array(HEIGHTS)
            save_png(render(dem, Scene(), size=(90, 70), samples=1, adapter=ADAPTER), path)
            return path.read_bytes()

        return [make, load, look, draped, shared, strips, other_heights, export]


def told(folder: Path) -> list[object]:
    """The whole story, without a fault."""
    story = Story(folder)
    try:
        return [copied(step()) for step in story.steps()]
    finally:
        story.close()


def copied(made: object) -> object:
    """What a step made, without the memory of the renderer."""
    if isinstance(made, np.ndarray):
        return np.array(made).tobytes()
    return [copied(one) for one in made] if isinstance(made, tuple) else made


def told_in_spite(folder: Path, whole: list[object], wrong: Callable[[str], None]) -> collections.Counter[str]:
    """The story where a fault may come: without memory the step is told again; without a device all from the beginning,
    on a device that must be another."""
    outcomes: collections.Counter[str] = collections.Counter()
    for _ in range(2):
        story = Story(folder)
        try:
            for number, step in enumerate(story.steps()):
                try:
                    made = copied(step())
                except (MemoryBudgetError, native.MemoryBudgetError):
                    outcomes["again on the same renderer"] += 1
                    made = copied(step())
                if made != whole[number]:
                    wrong(f"step {number} made something else")
            return outcomes
        except (DeviceError, native.DeviceError):
            outcomes["again on another device"] += 1
            left = [path.name for path in folder.iterdir() if path.name != "picture.png"]
            if left:
                wrong(f"half a file is left: {left}")
        finally:
            story.close()
    wrong("one fault made two attempts fail")
    return outcomes


def main(first: int, count: int, folder: Path) -> None:
    whole = told(folder)
    native._faults(lose_at=2**60)
    told(folder)
    places = native._faults()["places"]
    came: collections.Counter[str] = collections.Counter()
    outcomes: collections.Counter[str] = collections.Counter()
    wrongs: list[str] = []
    seed = first
    while sum(came.values()) < count:
        native._faults(seed=seed, within=places)
        start = time.monotonic()

        def wrong(text: str, seed: int = seed) -> None:
            wrongs.append(f"seed {seed}: {text}")

        try:
            outcomes += told_in_spite(folder, whole, wrong)
        except (Forge3dError, native.RenderError, native.InputError, MemoryError) as error:
            wrong(f"{type(error).__name__}: {error}")
        came.update(kind for kind, _ in native._faults()["came"])
        held = native.memory_metrics()
        if held["total_bytes"] or held["host_visible_bytes"]:
            wrong(f"{held['total_bytes']} bytes are still held: {held['top']}")
        if time.monotonic() - start > LONGEST_S:
            wrong("it took too long")
        seed += 1
    print(json.dumps({"came": came, "outcomes": outcomes, "wrong": wrongs, "places": places}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
