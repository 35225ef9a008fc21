"""A file that stands while the graphics device is being made. Found at the next start, it tells of a crash.

A driver may take the whole process down, which no exception tells. The next start then uses software and says so.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from qgis.core import QgsApplication

NAME = "forge3d_device_start.txt"


def path() -> Path:
    """Where it stands in this profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / NAME


class Sentinel:
    """Stands while a device is being made, until the first good frame. Used by one thread."""

    def __init__(self, adapter: str) -> None:
        self._adapter = adapter
        self._path = path()  # asked here, on the user's thread
        self._standing = False

    def put_up(self) -> None:
        """Called just before a device is made."""
        # A profile that cannot be written is no reason to draw nothing: there is no sentinel then.
        with contextlib.suppress(OSError):
            self._path.write_text(f"{self._adapter}\n{time.strftime('%Y-%m-%d %H:%M:%S')}\n", encoding="utf-8")
            self._standing = True

    def take_down(self) -> None:
        """Called when a good frame is there, or when the device failed in an orderly way."""
        if self._standing:
            self._standing = False
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def crashed_adapter() -> str | None:
    """The adapter asked for at the last start if that start never came to a picture, else None."""
    try:
        lines = path().read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return lines[0] if lines else "auto"
