"""One source for Qt 5 and Qt 6: dock and dialogs are built under PyQt6, in a Python of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from forge3d_qgis import native_loader

HERE = Path(__file__).resolve().parent
PYTHON = Path(os.environ.get("FORGE3D_QT6_PYTHON") or HERE.parents[1] / ".venv-qt6" / "bin" / "python")


def test_dock_and_dialogs_under_qt6(tmp_path):
    if not PYTHON.exists():
        pytest.skip("needs PyQt6 and numpy in .venv-qt6; `make test` makes it")
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "QT_PLUGIN_PATH")}
    ran = subprocess.run(
        [str(PYTHON), "-W", "error::DeprecationWarning:forge3d_qgis", str(HERE / "qt6_smoke.py")],
        env={
            **environment,
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(tmp_path),
            # That Python has no native part of its own; the form is made of what ours lists.
            native_loader.ENVIRONMENT: str(native_loader.load().__file__),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
