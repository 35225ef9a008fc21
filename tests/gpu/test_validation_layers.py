"""The Vulkan validation layers have nothing to say about any pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = str(ROOT / "scripts" / "run_with_validation.py")


def test_every_pass_is_valid_vulkan() -> None:
    done = subprocess.run([sys.executable, SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]


def test_a_run_without_a_device_does_not_count() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "true"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "expected in the child's call chain" in done.stderr
