"""Whether wgpu's checks of indices and loops are compiled into our shaders, told by what the driver compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PICTURE = """
import sys, time
from pathlib import Path
import numpy as np
from forge3d_qgis import native_loader
from forge3d_qgis.core import Scene
renderer = native_loader.load().Renderer(16, 16, adapter="software")
renderer.set_height_data(np.zeros((9, 9), dtype=np.float32))
renderer.set_scene(Scene())
assert renderer.render_terrain_rgba(1)[..., :3].std() > 0
# Mesa writes its cache from a thread of its own, which ends with the process: until nothing new has come for a second.
before, since = -1, time.monotonic()
while time.monotonic() < since + 1:
    now = sum(path.is_file() for path in Path(sys.argv[1]).rglob("*"))
    if now != before:
        before, since = now, time.monotonic()
    time.sleep(0.05)
"""


def compiled_programs(root: Path, cache: Path, checks: str | None) -> set[str]:
    """Names in Mesa's shader cache after one picture; each is a digest of a program as the driver got it."""
    environment = {**os.environ, "MESA_SHADER_CACHE_DIR": str(cache), "MESA_SHADER_CACHE_DISABLE": "false"}
    environment.pop("FORGE3D_SHADER_CHECKS", None)
    if checks is not None:
        environment["FORGE3D_SHADER_CHECKS"] = checks
    cache.mkdir()
    subprocess.run([sys.executable, "-c", PICTURE, str(cache)], cwd=root, env=environment, check=True, timeout=120)
    found = {path.name for path in cache.rglob("*") if path.is_file() and path.name != "index"}
    assert len(found) >= 2, "Mesa kept the programs that it compiled"
    return found


def test_the_variable_brings_wgpus_checks_into_the_shaders_and_nothing_else_does(root: Path, tmp_path: Path) -> None:
    plain, zero, checked, again = (
        compiled_programs(root, tmp_path / name, checks)
        for name, checks in (("plain", None), ("zero", "0"), ("checked", "1"), ("again", "1"))
    )
    assert plain == zero and checked == again
    assert len(checked - plain) >= 2, "the programs that index heights and loop are compiled anew"
