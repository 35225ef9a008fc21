"""Damaged rasters of many formats give a Dem or an error of ours, soon, whether GDAL raises or returns None."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import damaged
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", damaged.MAKERS)
def test_a_damaged_raster_gives_a_dem_or_an_error_of_ours(name: str) -> None:
    command = [sys.executable, damaged.__file__, name, "2026", "24"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count("Error ") >= 2, "the damage does no harm"
    assert done.stderr == ""
