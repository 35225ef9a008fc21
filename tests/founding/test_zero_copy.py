"""The code blocks of the founding document on zero copy (zero_copy.txt), run in order under this project's names.

``RESPELLINGS`` is all that is changed in them; what else the document promises stands in docs/founding_documents.md.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forge3d_qgis import native_loader
from forge3d_qgis._validate import ptr

TEXT = (Path(__file__).parent / "zero_copy.txt").read_text(encoding="utf-8")

RESPELLINGS = {
    # The module's name. The blocks use np without importing it; a scene gives a picture its camera and light.
    "import forge3d as f3d": (
        "import numpy as np\n"
        "from forge3d_qgis import native_loader\n"
        "from forge3d_qgis.core import Scene\n"
        "f3d = native_loader.load()"
    ),
    "from forge3d._validate import": "from forge3d_qgis._validate import",
    "python python/tools/profile_copies.py": "python -m forge3d_qgis.tools.profile_copies",
    # There is no triangle to draw: a renderer draws the terrain that it was given.
    "rgba = renderer.render_triangle_rgba()": (
        "renderer.set_height_data(np.zeros((4, 4), dtype=np.float32))\n"
        "renderer.set_scene(Scene())\n"
        "rgba = renderer.render_terrain_rgba()"
    ),
    # Heights are set with their cells' matrix; exaggeration belongs to the scene.
    "renderer.add_terrain(heights, spacing=(1.0, 1.0), exaggeration=2.0)": (
        "renderer.set_height_data(heights, cell_to_world=(1.0, 0.0, 0.0, -1.0))\n"
        "renderer.set_scene(Scene(exaggeration=2.0))"
    ),
}

pytestmark = pytest.mark.gpu


def blocks(language: str) -> list[str]:
    """The code of all blocks in one language, without their indentation, respelled."""
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:(?:    .*)?\n)+)", TEXT)
    codes = []
    for body in found:
        code = re.sub(r"(?m)^ {4}", "", body)
        for old, new in RESPELLINGS.items():
            code = code.replace(old, new)
        codes.append(code.strip() + "\n")
    return codes


def test_every_respelling_is_needed_and_every_block_is_found() -> None:
    assert len(blocks("python")) == 5 and len(blocks("bash")) == 2
    assert TEXT.count(".. code-block::") == 7
    for old in RESPELLINGS:
        assert old in TEXT, old


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the blocks know after all of them ran, one after the other."""
    native_loader.load().device_info("software")
    names: dict[str, Any] = {}
    for number, code in enumerate(blocks("python")):
        exec(compile(code, f"zero_copy.txt, block {number}", "exec"), names)
        names[f"renderer {number}"] = names["renderer"]
    return names


def test_the_picture_lies_where_the_renderer_wrote_it(names: dict[str, Any]) -> None:
    rgba = names["rgba"]
    assert rgba.flags["C_CONTIGUOUS"] and rgba.dtype == np.uint8 and rgba.shape == (512, 512, 4)
    picture = names["renderer 0"].copy_report()["picture"]
    assert picture["borrowed"] and picture["pointer"] == ptr(rgba) and picture["copied_bytes"] == 0


def test_the_heights_are_read_where_numpy_has_them(names: dict[str, Any]) -> None:
    heights = names["heights"]
    step = names["renderer 1"].copy_report()["heights"]
    assert step["borrowed"] and step["copied_bytes"] == 0 and step["bytes"] == heights.nbytes
    assert step["pointer"] == ptr(heights) == names["data_ptr"], "no block after it had a reason to copy them"
    assert np.array_equal(names["renderer 1"].read_full_height_texture(), heights)


def test_the_validator_finds_them_compatible(names: dict[str, Any]) -> None:
    assert names["result"]["compatible"] and names["result"]["issues"] == []


@pytest.mark.parametrize("number", [0, 1])
def test_the_profiler_ends_with_its_verdict(number: int) -> None:
    command = shlex.split(blocks("bash")[number])
    assert command[0] == "python"
    done = subprocess.run([sys.executable, *command[1:]], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "zero-copy OK"
    assert ("pointer: 0x" in done.stdout) == ("--verbose" in command)
