"""One wanted picture, from its draft to its last sample: how coarse a draft, when to sharpen, when to show. No Qt.

A hand that moves gets lighter pictures, as many as the device can draw; when it rests the picture sharpens, and is
shown at each doubling of its samples.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..core.errors import MemoryBudgetError
from ..core.render import RenderSession
from ..core.scene import Scene

DRAFT_MS = 45.0  # a lighter frame should not take longer while the hand moves
SETTLE_S = 0.15  # without another wanted picture for this long the hand rests and the picture may sharpen
SLICE_MS = 40.0
OVERDUE_MS = 300.0  # a draft that takes this long gives way to a newer wanted picture
FIRST_GUESS = 2500.0  # pixels a millisecond before anything was measured
LARGEST_DIVISOR = 5
SMALLEST_SIDE = 64  # a budget that allows only smaller pictures allows none


@dataclass(frozen=True)
class Wanted:
    """A picture: scene, size in pixels, quality. ``token``: comes back with its frames."""

    scene: Scene
    width: int
    height: int
    samples: int
    dragging: bool = False
    token: int = 0
    divisor: int = 1  # of the sides at least: the user, or memory that is short, wants a smaller picture


class Refining:
    """``begin`` and ``go_on`` say whether there is a picture to show now. Used by the thread that has the session."""

    def __init__(self) -> None:
        self.current: Wanted | None = None
        self.is_draft = False
        self.samples = 0
        self.rate = FIRST_GUESS  # pixels a millisecond, one sample each
        self.was_shown = False
        self.is_displaced = False  # the session shows another picture, or a strip of one
        self.divisor = 1  # the sides wanted, in sides of the largest picture that the budget allows
        self._drawn_at = 1  # the same of the picture in the session
        self._begun = 0.0
        self._shown = 0

    def milliseconds(self) -> float:
        """Since the picture was wanted."""
        return 1000.0 * (time.monotonic() - self._begun)

    def patience(self) -> float | None:
        """Seconds until the picture wants more work; None when it is done, or there is none."""
        if self.current is None:
            return None
        if self.is_draft:
            rest = self._begun + SETTLE_S - time.monotonic() if self.current.dragging else 0.0
            return max(0.0, rest)
        return None if self.samples >= self.current.samples else 0.0

    def begin(self, session: RenderSession, wanted: Wanted, is_overdue: Callable[[], bool]) -> bool:
        """Another picture; ``is_overdue``: whether a newer one waits already."""
        before = self.current
        if before is None or (wanted.width, wanted.height, wanted.divisor) != (
            before.width, before.height, before.divisor,
        ):  # fmt: skip
            self.divisor = wanted.divisor
        self.current = wanted
        self._begun = time.monotonic()
        self.samples = self._shown = 0
        self.was_shown = False
        cost = wanted.width * wanted.height / (self.divisor**2 * self.rate)
        divisor = min(LARGEST_DIVISOR, max(1, math.ceil(math.sqrt(cost / DRAFT_MS))))
        self.is_draft = wanted.dragging or cost > 2 * DRAFT_MS
        self._set_up(session, divisor * self.divisor if self.is_draft else self.divisor)
        if self.is_draft:
            self._trace(session, 1, 1e4, is_overdue)
            return self._show(self.samples > 0)
        return False

    def go_on(self, session: RenderSession) -> bool:
        """One slice of the full picture."""
        if self.is_draft:
            self.is_draft = False
            self.samples = self._shown = 0
            self._set_up(session, self.divisor)
        self._trace(session, self.current.samples, SLICE_MS, lambda: False)
        # Powers of two: early pictures come fast, later ones do not spend the time on reading back.
        return self._show(self.samples >= self.current.samples or self.samples >= max(1, 2 * self._shown))

    def coarser(self, session: RenderSession) -> bool:
        """The budget refuses this picture, as heights and drape may have been read for a smaller one: the next smaller,
        from its first sample. False where there is none."""
        if max(session.size) <= SMALLEST_SIDE:
            return False
        self._set_up(session, self._drawn_at + 1)
        self.divisor = self._drawn_at
        self.samples = self._shown = 0
        return True

    def forget_refusals(self) -> None:
        """The budget may have room for the picture that is wanted."""
        self.divisor = self.current.divisor if self.current is not None else 1

    def _show(self, on: bool) -> bool:
        if on:
            self._shown = max(1, self.samples)
            self.was_shown = True
        return on

    def _set_up(self, session: RenderSession, divisor: int) -> None:
        wanted, self._drawn_at = self.current, divisor
        width, height = max(1, round(wanted.width / divisor)), max(1, round(wanted.height / divisor))
        if self.is_displaced or session.size != (width, height):
            session.resize((width, height))  # takes the other picture's strip away, too
            self.is_displaced = False
        session.set_scene(wanted.scene)

    def _trace(self, session: RenderSession, samples: int, patience_ms: float, is_overdue: Callable[[], bool]) -> None:
        before, start = session.progress(), time.perf_counter()
        while True:
            try:
                self.samples = session.refine(SLICE_MS, samples=samples)
            except MemoryBudgetError:
                if not self.coarser(session):
                    raise
                before = 0.0
                continue
            spent = 1000.0 * (time.perf_counter() - start)
            if self.samples >= samples or spent >= patience_ms or (spent > OVERDUE_MS and is_overdue()):
                break
        width, height = session.size
        traced = (session.progress() - before) * width * height
        if traced > 0 and spent > 0:
            self.rate = 0.5 * self.rate + 0.5 * traced / spent


def let_go_of_picture(session: RenderSession) -> None:
    """Makes room for heights or a drape: the memory of a picture goes when the next one begins, here a tiny one."""
    session.resize((16, 16))
    session.refine(0.0, samples=1)
