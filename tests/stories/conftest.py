"""A folder and a copy of the program for a user who is not root."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stranger import Stranger


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    # Not in tmp_path: pytest keeps that for the user who runs it.
    folder = Path(tempfile.mkdtemp(prefix="forge3d-stranger-", dir="/tmp" if os.geteuid() == 0 else None))
    yield Stranger(folder)
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)
