"""A device that is lost, a driver without memory, a GPU that does not answer: at any place, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
EACH = 55  # faults of one process: a lost device keeps its memory as long as the process lives
ASK = "from forge3d_qgis import native_loader as l; import sys; sys.exit(hasattr(l.load(), '_faults'))"


def in_a_process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    more = {**os.environ, **environment}
    return subprocess.run(command, env=more, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", [0, 1000, 2000, 3000])
def test_after_any_fault_the_next_call_works_and_nothing_is_held(first: int, tmp_path: Path) -> None:
    done = in_a_process(HERE / "faults_child.py", first, EACH, tmp_path, FORGE3D_FAULTS="1")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == []
    assert sum(told["came"].values()) >= EACH and set(told["came"]) == {"lost", "out of memory", "time-out"}
    assert set(told["outcomes"]) == {"again on the same renderer", "again on another device"}


@pytest.mark.parametrize("value, is_there", [("1", True), ("0", False), ("", False)])
def test_faults_can_be_made_only_where_the_environment_allowed_it_at_import(value: str, is_there: bool) -> None:
    assert in_a_process("-c", ASK, FORGE3D_FAULTS=value).returncode == int(is_there)


def test_the_module_of_everybody_has_no_such_function(native: ModuleType) -> None:
    assert os.environ.get("FORGE3D_FAULTS") == "1" or not hasattr(native, "_faults")


HELD = """
import gc, sys
import numpy as np
from forge3d_qgis import native_loader
from forge3d_qgis.core import Scene
native = native_loader.load()
def drawn():
    renderer = native.Renderer(640, 480, adapter="software")
    renderer.set_height_data(np.random.default_rng(1).random((90, 90), dtype=np.float32))
    renderer.set_scene(Scene())
    return renderer, renderer.render_terrain_rgba(1)
renderer, picture = drawn()
kept = picture.copy()
native._faults(lose_at=int(sys.argv[1]))
try:
    while True:
        renderer.resize(640, 480)
        renderer.render_terrain_rgba(1)
except native.DeviceError:
    pass
for call in (lambda: renderer.refine(), lambda: renderer.read_rgba(), lambda: renderer.pick(1.0, 1.0)):
    try:
        call()
    except native.DeviceError:
        pass
other, _ = drawn()
assert (picture == kept).all()
renderer.close()
gc.collect()
assert (picture == kept).all()
"""


@pytest.mark.parametrize("place", [1, 2, 3, 4, 5, 6])
def test_a_picture_that_somebody_holds_outlives_its_device(place: int) -> None:
    done = in_a_process("-X", "faulthandler", "-c", HELD, place, FORGE3D_FAULTS="1")
    assert done.returncode == 0, done.stderr
