"""What to do about a device that is lost: another one, then software, then none. No Qt, no QGIS."""

from __future__ import annotations

import enum
import time
from collections import deque
from collections.abc import Callable

MOST = 3  # times in a while that a device is made anew; one that goes on dying would be made for ever
WHILE_S = 60.0
PAUSE_S = 0.5  # before another try where none could be made: a driver that is reset takes its time


class Remedy(enum.Enum):
    """What to draw with after a loss."""

    ANOTHER = enum.auto()  # a new device of the same adapter
    SOFTWARE = enum.auto()  # the processor, from now on
    NONE = enum.auto()  # nothing: whatever is made is lost


class Losses:
    """Counts losses, and failures to make a device after one, for one worker."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._times: deque[float] = deque()

    def remedy(self, *, is_software: bool) -> Remedy:
        """For a loss that was noticed now, on software or something faster."""
        now = self._now()
        self._times.append(now)
        while self._times[0] < now - WHILE_S:
            self._times.popleft()
        if len(self._times) <= MOST:
            return Remedy.ANOTHER
        self._times.clear()  # another adapter, another count
        return Remedy.NONE if is_software else Remedy.SOFTWARE
