"""Reading heights as a QGIS task: progress in the status bar, a cancel button, and no way to take QGIS down.

The rules these classes keep, each met by somebody: nothing escapes ``run`` (QGIS would show nothing, a bare application
would abort); results live in an object of our own (the task is deleted after ``finished``); ``CancelWithoutPrompt``, so
that quitting QGIS asks nothing; no dependent layers, or *New project* is refused while the task runs.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any

from qgis.core import QgsTask

from ..core.budget import WITHOUT_NATIVE, DeviceLimits
from ..core.dem import ReadAhead
from ..core.errors import Cancelled
from ..layers import LayerDem, Reading
from ..text import tr


class Outcome:
    """What a task left: its value or its error. Outlives the task."""

    def __init__(self) -> None:
        self.value: Any = None
        self.error: Exception | None = None
        self.started = threading.Event()
        self.done = threading.Event()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def cancelled(self) -> bool:
        return self._cancelled.is_set()


class BackgroundTask(QgsTask):
    """Runs ``work(set_progress, cancelled)`` in QGIS's pool and tells ``on_done(outcome)`` on the user's thread."""

    def __init__(
        self,
        title: str,
        work: Callable[[Callable[[float], None], Callable[[], bool]], Any],
        on_done: Callable[[Outcome], None],
    ) -> None:
        super().__init__(title, QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt)
        self.outcome = Outcome()
        self._work = work
        self._on_done: Callable[[Outcome], None] | None = on_done

    def run(self) -> bool:
        outcome = self.outcome
        outcome.started.set()
        try:
            if self._cancelled():
                raise Cancelled("the task was cancelled before it began")
            outcome.value = self._work(self._tell_progress, self._cancelled)
        except Exception as error:  # noqa: BLE001 (see the rules above)
            outcome.error = error
            # The error is kept; what the frames on its way hold, sources and providers, is not.
            traceback.clear_frames(error.__traceback__)
        finally:
            outcome.done.set()
        return outcome.error is None

    # The work may leave something behind that asks and tells on: heights are read again when a device was lost. QGIS
    # has deleted the task by then.

    def _tell_progress(self, share: float) -> None:
        if not self.outcome.done.is_set():
            self.setProgress(100.0 * share)

    def _cancelled(self) -> bool:
        return self.outcome.cancelled() or (not self.outcome.done.is_set() and self.isCanceled())

    def finished(self, ok: bool) -> None:
        listener, self._on_done = self._on_done, None
        if self.outcome.error is None and not self.outcome.done.is_set():
            self.outcome.error = Cancelled("the task was cancelled before it began")
        if listener is not None:
            listener(self.outcome)

    def cancel_silently(self) -> None:
        """Ends the work and tells nobody. On the user's thread."""
        self._on_done = None
        self.outcome.cancel()
        self.cancel()

    def wait(self, seconds: float) -> bool:
        """Until ``run`` has ended, or is known never to begin. Releases the interpreter, or ``run`` could not end."""
        return not self.outcome.started.is_set() or self.outcome.done.wait(seconds)


def reading_task(
    reading: Reading,
    limits: Callable[[Callable[[], bool]], DeviceLimits | None],
    room: Callable[[DeviceLimits], dict[str, Any]],
    on_progress: Callable[[float], None],
    on_done: Callable[[Outcome], None],
    hand_over: Callable[[ReadAhead], None] | None = None,
) -> BackgroundTask:
    """``limits(cancelled)``: asked in the task, where it may wait for the device whose memory is planned with; None
    where there is none. ``room(limits)``: the budget and what will be held beside the heights, see ``Reading.read``.
    ``hand_over``: see ``Reading.stream``; without it, and without a device, the heights are read into an array."""

    def work(set_progress: Callable[[float], None], cancelled: Callable[[], bool]) -> LayerDem:
        def progress(share: float) -> None:
            set_progress(share)
            on_progress(share)

        found = limits(cancelled)
        if found is None or hand_over is None:
            found = found or WITHOUT_NATIVE
            return reading.read(limits=found, **room(found), progress=progress, cancel=cancelled)
        return reading.stream(limits=found, **room(found), progress=progress, cancel=cancelled, hand_over=hand_over)

    return BackgroundTask(tr("Reading heights of “{name}”").format(name=reading.name), work, on_done)
