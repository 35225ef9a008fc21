"""What a run of the command line says while it goes on: how far it is, what it will take, what the native side logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from .core.forecast import WORTH_TELLING_S, Forecast
from .core.native import drained_log

Log = Callable[[str], object]


class Progress:
    """A line on stderr that says how far a step is. Silent where stderr is no terminal.

    At each step ``heed`` is called, which raises when the run has to end, and ``log`` with what was logged meanwhile.
    """

    def __init__(self, heed: Callable[[], object], log: Log | None, tell: Log) -> None:
        self.heed, self._log, self._tell = heed, log, tell
        self.expected: Forecast | None = None
        self.expected_at = 0.0
        # None where the caller has closed it, as services do.
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._last = 0.0
        self._open = False

    def step(self, label: str) -> Callable[[float], None]:
        def show(fraction: float) -> None:
            self.heed()
            tell_log(self._log, self.clear)
            now = time.monotonic()
            if not self._shown or (now - self._last < 0.05 and 0 < fraction < 1):
                return
            self._last, self._open = now, True
            bar = "█" * round(24 * fraction)
            self._write(f"\r\x1b[K{label:8} {bar:░<24} {fraction:4.0%}")

        return show

    def forecast(self, expected: Forecast) -> None:
        """Says what the picture will take, where that is worth a line."""
        self.expected, self.expected_at = expected, time.perf_counter()
        if expected.seconds >= WORTH_TELLING_S:
            self.clear()
            self._tell(expected.note)

    def clear(self) -> None:
        if self._open:
            self._write("\r\x1b[K")
            self._open = False

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # the terminal has gone: that ends the line, not the picture
            self._shown = self._open = False


def tell_log(log: Log | None, make_room: Callable[[], object] = lambda: None) -> None:
    """Hands what the native side has logged to ``log``, a line a record. ``make_room`` is called before the first."""
    records = [] if log is None else drained_log()
    if log is None or not records:
        return
    make_room()
    for level, target, text in records:
        log(f"{level} {target}: {text}")
