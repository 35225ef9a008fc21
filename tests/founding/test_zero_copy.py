"""Each code block of the founding page on zero copy runs, respelled as the one table says, and means what it says."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from respellings import blocks, respelled

from forge3d_qgis._validate import ptr

BLOCKS = blocks(Path(__file__).with_name("zero_copy.txt").read_text(encoding="utf-8"))
COMMANDS = (5, 7)


@pytest.fixture
def names(ground_renderer: Callable[[int, int], Any]) -> dict[str, Any]:
    """What the blocks know after all of them ran, one after the other; a renderer by the number of its block."""
    names: dict[str, Any] = {"ground_renderer": ground_renderer, "np": np}
    for number, code in BLOCKS.items():
        if number not in COMMANDS:
            exec(compile(respelled(code), f"block {number}", "exec"), names)
            names[f"renderer {number}"] = names["renderer"]
    return names


def test_the_page_has_seven_blocks_and_all_run() -> None:
    assert set(BLOCKS) == set(range(1, 8))


def test_the_picture_lies_where_the_renderer_wrote_it(names: dict[str, Any]) -> None:
    rgba = names["rgba"]
    assert rgba.flags["C_CONTIGUOUS"] and rgba.dtype == np.uint8 and rgba.shape == (512, 512, 4)
    picture = names["renderer 1"].copy_report()["picture"]
    assert picture["borrowed"] and picture["pointer"] == ptr(rgba) and picture["copied_bytes"] == 0


def test_the_heights_are_read_where_numpy_has_them(names: dict[str, Any]) -> None:
    heights = names["heights"]
    step = names["renderer 2"].copy_report()["heights"]
    assert step["borrowed"] and step["copied_bytes"] == 0 and step["bytes"] == heights.nbytes
    assert step["pointer"] == ptr(heights) == names["data_ptr"], "no block after it had a reason to copy them"
    assert np.array_equal(names["renderer 2"].read_full_height_texture(), heights)


def test_the_validator_finds_them_compatible(names: dict[str, Any]) -> None:
    assert names["result"]["compatible"] and names["result"]["issues"] == []


@pytest.mark.parametrize("number", COMMANDS)
def test_the_profiler_ends_with_its_verdict(number: int) -> None:
    command = shlex.split(respelled(BLOCKS[number]))
    assert command[0] == "python"
    done = subprocess.run([sys.executable, *command[1:]], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "zero-copy OK"
    assert ("pointer: 0x" in done.stdout) == ("--verbose" in command)
