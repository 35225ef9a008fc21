"""From the blocks of a raster to heights: each block decoded once, averaged as it comes, by as many threads as given.

The raster is taken in swaths of whole rows of blocks. A row of the answer that two swaths share is added up from both;
swaths are put together in their order, so that the sums, and so the bytes, do not depend on which thread was first.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..budget import MIB
from .average import Edges, Sums, grouped_sums, known_sums, mean
from .grid import Heights, Size, Window
from .voids import HUGE, Mask, UndeclaredVoid, either, equals_nodata

CHUNK_BYTES = 4 * MIB
"""Source cells that a thread takes at a time, where blocks are small; a whole row of blocks where that is not much."""
ROW_OF_BLOCKS_BYTES = 12 * MIB
"""What of a row of blocks is not much; each thread holds it twice, as GDAL decodes it and as an array."""
LARGE_BLOCK_BYTES = 32 * MIB
READING_BYTES = 256 * MIB
"""What all threads together may hold while they read: each its cells, GDAL's decoded blocks of them, and sums."""


class Linear(NamedTuple):
    """height = raw · scale + offset."""

    scale: float
    offset: float


class Level(Protocol):
    """What is read: one resolution of a band."""

    size: Size
    block: Size
    dtype: np.dtype[Any]

    def cells(self, x: int, y: int, cols: int, rows: int) -> npt.NDArray[Any]: ...
    def hidden(self, x: int, y: int, cols: int, rows: int) -> Mask | None: ...
    def forget(self) -> None: ...


@dataclass
class _Part:
    """What one swath gives to a row of the answer that it shares with others."""

    row: int
    sums: Sums
    areas: Sums


class Rows(NamedTuple):
    """Some finished rows of the answer, the first of them ``first``."""

    first: int
    heights: Heights


@dataclass
class _SwathDone:
    until: int  # source row after its last
    own: Rows | None
    shared: list[_Part]
    seen: UndeclaredVoid


@dataclass
class Filling:
    """One window of one level on its way into an answer of ``shape`` (rows, cols).

    ``rows(first, end)`` gives the room for some of its rows; each row is asked for once. ``window`` is in cells of the
    source, whose size is ``full_size``.
    """

    shape: tuple[int, int]
    rows: Callable[[int, int], Heights]
    window: Window
    full_size: Size
    level: Level
    nodata: float | None
    linear: Linear
    _pending: dict[int, _Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cols, rows = self.level.size
        across, down = cols / self.full_size[0], rows / self.full_size[1]
        left, top = self.window[0] * across, self.window[1] * down
        right, bottom = (self.window[0] + self.window[2]) * across, (self.window[1] + self.window[3]) * down
        count_y, count_x = self.shape
        self.x0, self.x1 = _whole_cells(left, right, cols)
        self.y0, self.y1 = _whole_cells(top, bottom, rows)
        # Cells one to one: nothing to average.
        self.is_copy = (
            _same(right - left, count_x)
            and _same(bottom - top, count_y)
            and all(_same(edge, round(edge)) for edge in (left, top))
        )
        self.corner = (round(left), round(top))
        self.edges_x: Edges = np.clip(np.linspace(left, right, count_x + 1), 0, cols)
        self.edges_y: Edges = np.clip(np.linspace(top, bottom, count_y + 1), 0, rows)
        self._plan_swaths()

    def _plan_swaths(self) -> None:
        width, cells = self.x1 - self.x0, max(1, CHUNK_BYTES // self.level.dtype.itemsize)
        wide, high = self.level.block
        # GDAL decodes a block as a whole. One larger than that stays in its cache until the last row is taken from it.
        self.large_blocks = wide * high * self.level.dtype.itemsize > LARGE_BLOCK_BYTES
        if self.large_blocks:
            self.chunk_cols, self.swath_rows = min(max(1, width), cells), max(1, cells // max(1, width))
        elif wide >= width or width * high * self.level.dtype.itemsize <= ROW_OF_BLOCKS_BYTES:
            self.chunk_cols, self.swath_rows = max(1, width), high * max(1, cells // max(1, width * high))
        else:
            self.chunk_cols, self.swath_rows = wide * max(1, cells // (high * wide)), high

    def swaths(self) -> Iterator[tuple[int, int]]:
        """Source rows (first, end) of the swaths, from the top."""
        if self.x1 > self.x0:
            for start in range(self.y0 // self.swath_rows * self.swath_rows, self.y1, self.swath_rows):
                yield max(start, self.y0), min(start + self.swath_rows, self.y1)

    @property
    def most_threads(self) -> int:
        """How many handles are worth opening: two swaths for each; one where each would decode the same large block."""
        if self.large_blocks:
            return 1
        held = 3 * self.chunk_cols * self.swath_rows * self.level.dtype.itemsize
        return max(1, min((self.y1 - self.y0) // self.swath_rows // 2, READING_BYTES // held))

    def _chunks(self) -> Iterator[tuple[int, int]]:
        start = self.x0
        while start < self.x1:
            end = min(self.x1, (start // self.chunk_cols + 1) * self.chunk_cols)
            yield start, end
            start = end

    def read_swath(self, level: Level, top: int, bottom: int, seen: UndeclaredVoid) -> _SwathDone:
        """In any thread: makes the rows of the answer that lie in the swath, and the parts of those it shares."""
        with np.errstate(all="ignore"):  # of this thread: the numbers of a damaged file
            return (self._copy if self.is_copy else self._average)(level, top, bottom, seen)

    def _raw(self, level: Level, x: int, y: int, cols: int, rows: int, seen: UndeclaredVoid) -> tuple[Any, Mask | None]:
        """Numbers of the file and where they are void."""
        raw = level.cells(x, y, cols, rows)
        declared = either(None, level.hidden(x, y, cols, rows))
        if self.nodata is not None:
            declared = either(declared, equals_nodata(raw, self.nodata))
        if not self.large_blocks:
            level.forget()
        return raw, either(declared, seen.find(raw, self.linear.scale, declared))

    def _copy(self, level: Level, top: int, bottom: int, seen: UndeclaredVoid) -> _SwathDone:
        lines = self.rows(top - self.corner[1], bottom - self.corner[1])
        for start, end in self._chunks():
            raw, void = self._raw(level, start, top, end - start, bottom - top, seen)
            part = lines[:, start - self.corner[0] : end - self.corner[0]]
            self._write(part, raw)
            if void is not None:
                part[void] = np.nan
        return _SwathDone(bottom, Rows(top - self.corner[1], lines), [], seen)

    def _average(self, level: Level, top: int, bottom: int, seen: UndeclaredVoid) -> _SwathDone:
        edges = self.edges_y
        first = max(0, int(np.searchsorted(edges, top + 1e-6, side="right")) - 1)
        end = min(len(edges) - 1, int(np.searchsorted(edges, bottom - 1e-6, side="left")))
        inside_y: Edges = np.clip(edges[first : end + 1], top, bottom) - float(top)
        whole_from = first + (edges[first] < top - 1e-6)
        whole_end = end - (edges[end] > bottom + 1e-6)
        shared: list[_Part] = []
        own_rows = Rows(whole_from, self.rows(whole_from, whole_end)) if whole_from < whole_end else None

        def keep(row: int, sums: Sums, areas: Sums, complete: bool) -> None:
            """Rows of sums from ``row`` on: the swath's own become heights, the others are given back."""
            own_from, own_end = max(row, whole_from), min(row + len(sums), whole_end)
            if own_rows is not None and own_from < own_end:
                own = slice(own_from - row, own_end - row)
                means = np.divide(sums[own], areas[own], out=sums[own]) if complete else mean(sums[own], areas[own])
                self._write(own_rows.heights[own_from - whole_from : own_end - whole_from], means)
            for other in range(row, row + len(sums)):
                if not whole_from <= other < whole_end:
                    shared.append(_Part(other, sums[other - row].copy(), areas[other - row].copy()))

        chunks = list(self._chunks())
        if len(chunks) == 1:
            raw, void = self._raw(level, self.x0, top, self.x1 - self.x0, bottom - top, seen)
            for row, sums, areas, complete in grouped_sums(raw, void, self.edges_x - float(self.x0), inside_y):
                keep(first + row, sums, areas, complete)
            return _SwathDone(bottom, own_rows, shared, seen)
        all_sums, all_areas = np.zeros((2, end - first, self.shape[1]))
        for start, stop in chunks:
            raw, void = self._raw(level, start, top, stop - start, bottom - top, seen)
            left = max(0, int(np.searchsorted(self.edges_x, start + 1e-6, side="right")) - 1)
            right = min(len(self.edges_x) - 1, int(np.searchsorted(self.edges_x, stop - 1e-6, side="left")))
            inside_x: Edges = np.clip(self.edges_x[left : right + 1], start, stop) - float(start)
            part, known = known_sums(raw, void, inside_x, inside_y)
            all_sums[:, left:right] += part
            all_areas[:, left:right] += known
        keep(first, all_sums, all_areas, False)
        return _SwathDone(bottom, own_rows, shared, seen)

    def take(self, done: _SwathDone, voids: UndeclaredVoid) -> tuple[list[Rows], int]:
        """In one thread, in the order of the swaths: the rows that they finish, in order, and how many from the top."""
        voids.add(done.seen)
        finished = [] if done.own is None else [done.own]
        for part in done.shared:
            held = self._pending.get(part.row)
            if held is None:
                self._pending[part.row] = part
            else:
                held.sums += part.sums
                held.areas += part.areas
        until = done.until + 1e-6
        for row in [row for row in self._pending if self.edges_y[row + 1] <= until or done.until >= self.y1]:
            part = self._pending.pop(row)
            heights = self.rows(row, row + 1)
            self._write(heights, mean(part.sums, part.areas)[None, :])
            finished.append(Rows(row, heights))
        finished.sort(key=lambda rows: rows.first)
        if done.until >= self.y1:
            return finished, self.shape[0]
        if self.is_copy:
            return finished, max(0, done.until - self.corner[1])
        return finished, max(0, int(np.searchsorted(self.edges_y, until, side="right")) - 1)

    def _write(self, out: Heights, numbers: npt.NDArray[Any]) -> None:
        """Numbers of the file, or averages of them, as heights."""
        if self.linear == Linear(1.0, 0.0):
            np.copyto(out, numbers, casting="unsafe")
            return
        heights = numbers.astype(np.float64)
        heights *= self.linear.scale
        heights += self.linear.offset
        np.copyto(out, heights, casting="unsafe")
        damaged = ~(np.abs(out) < HUGE)  # by a scale that no heights have
        if damaged.any():
            out[damaged] = np.nan


def fill_in_order(filling: Filling, levels: Sequence[Level], voids: UndeclaredVoid) -> Iterator[tuple[list[Rows], int]]:
    """Reads all swaths, each of ``levels`` in a thread of its own; yields what ``Filling.take`` gives for each."""
    if len(levels) == 1:
        for swath in filling.swaths():
            yield filling.take(filling.read_swath(levels[0], *swath, voids.like()), voids)
        return
    free: SimpleQueue[Level] = SimpleQueue()
    for level in levels:
        free.put(level)

    def read(swath: tuple[int, int]) -> _SwathDone:
        level = free.get()
        try:
            return filling.read_swath(level, *swath, voids.like())
        finally:
            free.put(level)

    waiting: deque[Future[_SwathDone]] = deque()
    with ThreadPoolExecutor(len(levels), thread_name_prefix="forge3d-read") as pool:
        try:
            for swath in filling.swaths():
                waiting.append(pool.submit(read, swath))
                if len(waiting) > len(levels):
                    yield filling.take(waiting.popleft().result(), voids)
            while waiting:
                yield filling.take(waiting.popleft().result(), voids)
        finally:
            for future in waiting:
                future.cancel()


def _whole_cells(low: float, high: float, limit: int) -> tuple[int, int]:
    """First and end of the whole cells that cover low..high, within the raster. A hair of rounding is no cell."""
    first = max(0, math.floor(low + 1e-6))
    return first, min(limit, math.ceil(high - 1e-6))


def _same(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6
