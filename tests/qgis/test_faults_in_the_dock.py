"""A device that is lost, a driver without memory, a GPU that does not answer, while somebody uses the dock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.gpu

PLAYED = Path(__file__).resolve().parent / "faults_in_the_dock.py"
EACH = 52  # faults of one process: a lost device keeps its memory as long as the process lives


def play(chosen: str, **environment: object) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(PLAYED), "-k", chosen]
    more = {**os.environ, "FORGE3D_FAULTS": "1", **{name: str(value) for name, value in environment.items()}}
    done = subprocess.run(command, env=more, capture_output=True, text=True, timeout=280, check=False)
    said = "\n".join(line for line in done.stderr.splitlines() if "propagateSizeHints" not in line)
    assert done.returncode == 0, done.stdout[-6000:] + said[:6000]
    return done.stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", [0, 1000, 2000, 3000])
def test_the_dock_comes_back_from_random_faults(first: int) -> None:
    assert f"{EACH} faults came" in play("comes_back", FIRST_SEED=first, FAULTS=EACH)


@pytest.mark.timeout(300)
def test_an_export_goes_on_with_another_device() -> None:
    assert "2 passed" in play("export_goes_on")


@pytest.mark.timeout(300)
def test_a_device_that_goes_on_dying_does_not_go_on_being_made() -> None:
    assert "4 passed" in play("dies or held")
