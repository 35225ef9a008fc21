"""Heights on their way from a source to a renderer, strip by strip: no array of them stays in Python.

``open_dem`` makes a stream, ``RenderSession.set_dem`` and ``render`` take it. ``read_ahead`` puts a thread between the
two, so that the next strip is read while one is uploaded.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np

from ..budget import Plan
from ..errors import Cancelled, DemError
from ..notes import Note
from .datum import datum_note
from .grid import DemFacts, Heights, Size, WholeWindow, known_range
from .ground_units import place
from .source import LevelledSource, StripSource, strips_of
from .voids import UndeclaredVoid

WAITING_STRIPS = 2
"""Strips that may wait between the thread that reads and the one that draws."""


class BeginAgain(Exception):
    """What has come so far does not count: the stream knows better now, and is asked for its strips once more."""


@runtime_checkable
class HeightStream(Protocol):
    """What ``RenderSession.set_dem`` takes strip by strip: the native ``HeightStream``, and what its own side needs.

    ``shape`` and ``height_base`` may change when ``strips`` raises BeginAgain. ``cell_to_world`` is asked after the
    last strip. ``ended``: the renderer has all, or will take no more; ``error`` is why.
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def height_base(self) -> int | None: ...
    @property
    def datum_m(self) -> float: ...
    def strips(self) -> Iterator[Heights]: ...
    def cell_to_world(self) -> tuple[float, float, float, float]: ...
    def ended(self, error: BaseException | None) -> None: ...


class DemStream:
    """The heights of a source, planned but not read. Made by ``open_dem``; for one thread at a time. Close it, or use
    ``with``.

    ``size``: (columns, rows) as they will be held. ``height_base``: None for heights that are held as 32-bit floats;
    else they are whole metres from ``height_base + 1`` to ``height_base + 65535`` and are held as 16-bit numbers.
    """

    def __init__(
        self,
        source: LevelledSource,
        window: WholeWindow,
        planned: Callable[[int], Plan],
        *,
        metres: float,
        datum: float,
        unit_notes: tuple[str, ...],
        report: Callable[[float], object],
        stop: Callable[[], None],
        close: Callable[[], None],
        in_16_bits: bool,
    ) -> None:
        """``planned(height_bits)``; ``metres`` of one unit of the source, ``datum`` in its units."""
        self._source, self._window, self._planned = source, window, planned
        self._metres, self._datum, self._unit_notes = metres, datum, unit_notes
        self._report, self._stop, self._close = report, stop, close
        self._is_closed = False
        self._looks_for_voids = not source.declares_voids
        self._note: Note | None = None
        self._voids = UndeclaredVoid()
        self._range = (math.inf, -math.inf)
        self._facts: DemFacts | None = None
        self.read_ms = 0.0
        base, lack = _base_of(source, metres, datum) if in_16_bits else (None, None)
        self.plan = planned(16 if base is not None else 32)
        self.height_base = base if self.plan.height_bits == 16 else None
        if self.height_base is not None:
            self._note = Note("heights held as 16-bit numbers")
        elif not self.plan.note:  # which says that they are averages
            self._note = lack

    @property
    def name(self) -> str:
        """Of the source."""
        return self._source.name

    @property
    def size(self) -> Size:
        """(columns, rows) as they will be held."""
        return self.plan.size

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.size[1], self.size[0]

    @property
    def datum_m(self) -> float:
        """Metres that are taken out of the heights."""
        return self._datum * self._metres

    def strips(self) -> Iterator[Heights]:
        """All rows from the top, float32 (rows, cols), metres, NaN where void.

        Each block of the source is decoded once. Raises DemError, also once it is closed, Cancelled; BeginAgain where a
        value was taken for void that belongs to the terrain, or a height turns up that the 16-bit numbers have no room
        for.
        """
        self._check_open()
        self._voids = voids = UndeclaredVoid(well_known=self._looks_for_voids, declared=self._source.nodata)
        self._range, self._facts = (math.inf, -math.inf), None
        done, rows = 0, self.shape[0]
        self._report(0.0)
        self._stop()
        before = time.perf_counter()
        for strip in strips_of(self._source, self._window, self.shape, self._datum, voids):
            self._check(strip, voids)
            done += strip.shape[0]
            self.read_ms += (time.perf_counter() - before) * 1000
            yield strip
            del strip  # or it would stay while the next one is read
            before = time.perf_counter()
            self._report(done / rows)
            if done < rows:
                self._stop()
        self.read_ms += (time.perf_counter() - before) * 1000

    def _check_open(self) -> None:
        if self._is_closed:
            raise DemError(f"{self.name}: expected an open stream; got a closed one; fix: open it again with open_dem")

    def _check(self, strip: Heights, voids: UndeclaredVoid) -> None:
        """In metres, within the range, and void where it is."""
        if voids.mistaken:
            # The rare case: terrain that really goes through -9999. Once more, as it is.
            self._looks_for_voids = False
            raise BeginAgain
        if self._metres != 1.0:
            with np.errstate(over="ignore", invalid="ignore"):
                strip *= np.float32(self._metres)
        low, high = known_range(strip)
        base = self.height_base
        if base is not None and low <= high and not base < low <= high <= base + 65535:
            self.height_base, self.plan = None, self._planned(32)
            odd = low if low <= base else high
            self._note = Note("heights held as 32-bit numbers, as {height} m is one of them", height=f"{odd:.0f}")
            raise BeginAgain
        self._range = min(low, self._range[0]), max(high, self._range[1])

    def read(self, out: Heights) -> None:
        """All heights into ``out`` (rows, cols), as ``strips`` gives them, without a copy on the way."""
        self._check_open()
        self._voids = voids = UndeclaredVoid(well_known=self._looks_for_voids, declared=self._source.nodata)
        self._report(0.0)
        self._stop()
        for done in self._source.fill(out, self._window, datum=self._datum, voids=voids):
            self._report(done / out.shape[0])
            if done < out.shape[0]:
                self._stop()
        if voids.mistaken:
            self._looks_for_voids = False
            self.read(out)
            return
        if self._metres != 1.0:
            with np.errstate(over="ignore", invalid="ignore"):
                out *= np.float32(self._metres)
        self._range = known_range(out)

    def facts(self) -> DemFacts:
        """What is known once all rows have come. Raises DemError where all of it is void."""
        if self._facts is None:
            source, (low, high) = self._source, self._range
            if low > high:
                raise DemError(
                    f"{source.name}: expected heights; got only void cells; fix: choose another area or band"
                )
            placement = place(source, self._window, self.size, (high - low) / self._metres)
            notes = [*source.notes, *([self.plan.note] if self.plan.note else []), *self._voids.notes]
            notes += [*placement.notes, *self._unit_notes]
            if self._note is not None:
                notes.append(self._note)
            if self._datum:
                notes.append(datum_note(source, self.datum_m))
            self._facts = DemFacts(
                held=self.size,
                lowest_m=low,
                highest_m=high,
                cell_to_world=placement.cell_to_world,
                georeference=placement.georeference,
                source_size=source.size,
                name=source.name,
                notes=tuple(notes),
                datum_m=self.datum_m,
                source_window=self._window,
                height_bits=16 if self.height_base is not None else 32,
            )
        return self._facts

    def cell_to_world(self) -> tuple[float, float, float, float]:
        """As ``Dem.cell_to_world``; once all rows have come."""
        return self.facts().cell_to_world

    def ended(self, error: BaseException | None) -> None:
        """See HeightStream: nothing waits for it."""

    def reopen(self, source: LevelledSource) -> None:
        """The same raster once more, opened anew after ``close``; this stream closes it. Who watched the first reading
        may have gone: nobody is told how far this one is.
        """
        self._source, self._close = source, getattr(source, "close", lambda: None)
        self._report, self._stop = (lambda share: None), (lambda: None)
        self._is_closed = False

    def close(self) -> None:
        """Closes the source where the stream opened it. Twice is fine."""
        self._is_closed = True
        self._close()

    def __enter__(self) -> DemStream:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _base_of(source: LevelledSource, metres: float, datum: float) -> tuple[int | None, Note | None]:
    """What code 0 stands for, so that all heights but one that no height should be have a code; None for none, and why,
    where what is stored has no more than 16 bits and no other note says it.

    65535 codes are left beside the void. Of the 65536 numbers of a 16-bit type the one that is left out is the declared
    void value where that is an end of them, else the usual one: -32768, or 65535 where zero is sea level.
    """
    found = source.whole_range if isinstance(source, StripSource) else None
    if found is None or isinstance(found, Note):
        return None, found
    if metres != 1.0:
        return None, Note("heights held as 32-bit numbers, as they are not stored in metres")
    return (_lowest_code(source, *found) if datum == 0.0 else None), None


def _lowest_code(source: LevelledSource, low: int, high: int) -> int:
    """What code 0 stands for where ``low`` to ``high`` are all that can be stored."""
    if high - low < 65535:
        return low - 1
    nodata = None if source.nodata is None else source.nodata + source.band_offset
    if nodata == high:
        return low - 1
    if nodata == low:
        return low
    return low if low + 32768 == source.band_offset else low - 1


class ReadAhead:
    """Strips of a stream from the thread that reads to the one that draws, a HeightStream itself: at most
    ``WAITING_STRIPS`` wait between them.

    The reading thread calls ``feed``, once; the drawing one takes the strips and calls ``ended``. Either may end it at
    any time by ``ended(error)``, also a third thread: both then get ``error``, and nobody waits any more.
    """

    def __init__(
        self,
        stream: DemStream,
        *,
        stop: Callable[[], object] = lambda: None,
        reopen: Callable[[], LevelledSource] | None = None,
    ) -> None:
        """``stop``: asked on the drawing thread while it waits; what it raises ends the upload. ``reopen``: gives the
        source anew, so that the strips may be taken again after the reading thread has gone: when a device was lost.
        """
        self._stream, self._stop, self._reopen = stream, stop, reopen
        self._changed = threading.Condition()
        self._waiting: deque[Heights | BeginAgain | None] = deque()
        self._passes = 0  # that were asked for
        self._is_over = False
        self._error: BaseException | None = None

    @classmethod
    @contextmanager
    def of(cls, stream: DemStream, stop: Callable[[], object] = lambda: None) -> Iterator[ReadAhead]:
        """One with a reading thread of its own, which ends with the block."""
        ahead = cls(stream, stop=stop)

        def feed() -> None:
            with suppress(BaseException):  # it is told where strips are taken
                ahead.feed()

        thread = threading.Thread(target=feed, name="forge3d-read-ahead", daemon=True)
        thread.start()
        try:
            yield ahead
        finally:
            ahead.ended(None)
            thread.join()

    @property
    def shape(self) -> tuple[int, int]:
        """See HeightStream."""
        return self._stream.shape

    @property
    def height_base(self) -> int | None:
        """See HeightStream."""
        return self._stream.height_base

    @property
    def datum_m(self) -> float:
        """See HeightStream."""
        return self._stream.datum_m

    @property
    def size(self) -> Size:
        """(columns, rows)."""
        return self._stream.size

    @property
    def has_failed(self) -> bool:
        """Whether it ended by an error; nothing comes of it any more."""
        return self._error is not None

    def ended(self, error: BaseException | None) -> None:
        """No strip is given or taken any more, but where it ended well and ``reopen`` is there. The first error that
        says why is believed."""
        with self._changed:
            self._is_over, self._error = True, self._error or error
            self._waiting.clear()
            self._changed.notify_all()

    # the drawing thread

    def strips(self) -> Iterator[Heights]:
        """See HeightStream."""
        with self._changed:
            reopen = self._reopen if self._is_over and self._error is None else None
        yield from self._handed_over() if reopen is None else self._again(reopen)

    def _again(self, reopen: Callable[[], LevelledSource]) -> Iterator[Heights]:
        """From the source, which the drawing thread opens and another one reads."""

        def stop() -> None:
            self._stop()
            if self._error is not None:
                raise self._error

        self._stream.reopen(reopen())
        with self._stream, ReadAhead.of(self._stream, stop) as ahead:
            yield from ahead.strips()

    def _handed_over(self) -> Iterator[Heights]:
        with self._changed:
            self._passes += 1
            self._waiting.clear()
            self._changed.notify_all()
        while True:
            strip = self._next()
            if strip is None:
                return
            if isinstance(strip, BeginAgain):
                raise strip
            yield strip
            del strip

    def _next(self) -> Heights | BeginAgain | None:
        while True:
            with self._changed:
                if self._is_over:
                    raise self._error or Cancelled("reading the DEM was cancelled")
                if self._waiting:
                    self._changed.notify_all()
                    return self._waiting.popleft()
                self._changed.wait(0.05)
            self._stop()

    def cell_to_world(self) -> tuple[float, float, float, float]:
        """See HeightStream. The reading thread has nothing to do then."""
        return self._stream.cell_to_world()

    # the reading thread

    def feed(self, check: Callable[[], None] = lambda: None) -> DemFacts:
        """Gives strips until the renderer has them all. ``check``: asked while it waits; what it raises ends both
        sides, as does what the stream raises."""
        try:
            number = 0
            while True:
                with self._changed:
                    while not self._is_over and self._passes == number:
                        self._changed.wait(0.05)
                        check()
                    if self._is_over:
                        break
                    number = self._passes
                self._feed_pass(number, check)
        except BaseException as error:
            self.ended(error)
            raise
        if self._error is not None:
            raise self._error
        return self._stream.facts()

    def _feed_pass(self, number: int, check: Callable[[], None]) -> None:
        try:
            for strip in self._stream.strips():
                if not self._give(strip, number, check):
                    return
                del strip
        except BeginAgain as again:
            self._give(again, number, check)
        else:
            self._give(None, number, check)

    def _give(self, strip: Heights | BeginAgain | None, number: int, check: Callable[[], None]) -> bool:
        """False where nobody wants it any more."""
        with self._changed:
            while len(self._waiting) >= WAITING_STRIPS and not self._is_over and self._passes == number:
                self._changed.wait(0.05)
                check()
            if self._is_over or self._passes != number:
                return False
            self._waiting.append(strip)
            self._changed.notify_all()
            return True
