"""Area-weighted averages of blocks of cells, voids left out: numbers in, numbers out.

Own work and not GDAL's: its averages of integer rasters are rounded to whole units, which a relief shows as steps, it
moves windows to whole cells, and lets undeclared voids and NaN spread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Edges = npt.NDArray[np.float64]
Sums = npt.NDArray[np.float64]

LEAST_AREA = 1e-6
"""Of a cell. Less is what rounding leaves: nothing known."""
_ROWS_AT_ONCE = 16  # of sums over full rows of cells: they stay in the processor's cache until columns are summed


def block_sums(cells: npt.NDArray[Any], edges_x: Edges, edges_y: Edges) -> tuple[Sums, Sums]:
    """Area-weighted sums of the known (not NaN) cells of each block, and the area known: two (rows, cols) float64.

    The edges, n + 1 for n blocks, ascend within the array, in cells of it, and may lie within cells.
    """
    void = np.isnan(cells) if cells.dtype.kind == "f" else None
    return known_sums(cells, void, edges_x, edges_y)


def block_mean(cells: npt.NDArray[Any], edges_x: Edges, edges_y: Edges) -> Sums:
    """Area-weighted means of the known cells of each block, NaN where none is known: (rows, cols) float64.

    Edges as in ``block_sums``.
    """
    return mean(*block_sums(cells, edges_x, edges_y))


def mean(sums: Sums, areas: Sums) -> Sums:
    """Sums over areas; NaN where nothing is known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        means: Sums = sums / areas
    means[areas <= LEAST_AREA] = np.nan
    return means


def known_sums(
    cells: npt.NDArray[Any], void: npt.NDArray[np.bool_] | None, edges_x: Edges, edges_y: Edges
) -> tuple[Sums, Sums]:
    """As ``block_sums``, of cells (rows, cols) of any real type but for those that are ``void``; None: none is."""
    sums, areas = np.empty((2, len(edges_y) - 1, len(edges_x) - 1))
    for start, part, known, _ in grouped_sums(cells, void, edges_x, edges_y):
        sums[start : start + len(part)], areas[start : start + len(part)] = part, known
    return sums, areas


def grouped_sums(
    cells: npt.NDArray[Any], void: npt.NDArray[np.bool_] | None, edges_x: Edges, edges_y: Edges
) -> Iterator[tuple[int, Sums, Sums, bool]]:
    """``known_sums`` a few rows at a time: (first row, sums, areas, whether something is known of each block).

    Sums and areas are overwritten by the next ones.
    """
    rows, cols = len(edges_y) - 1, len(edges_x) - 1
    if rows < 1 or cols < 1:
        return
    first, last = _touched(edges_y)
    down = np.empty((min(rows, _ROWS_AT_ONCE), cells.shape[1]))
    scratch = np.empty((int((last - first).max()), cells.shape[1]))
    columns = _Columns(edges_x, cells.shape[1], len(down))
    widths, heights = np.diff(edges_x), np.diff(edges_y)
    narrowest = widths.min()
    areas = np.empty((len(down), cols))
    known: npt.NDArray[np.bool_] | None = None

    def summed(start: int, stop: int, of: npt.NDArray[Any], where: npt.NDArray[np.bool_] | None) -> Sums:
        for row in range(start, stop):
            lines = slice(first[row], last[row])
            taken = scratch[: last[row] - first[row]]
            np.copyto(taken, of[lines])
            if where is not None:
                np.copyto(taken, 0.0, where=where[lines])
            _sum_lines(taken, edges_y[row], edges_y[row + 1], down[row - start])
        return columns.sums(down[: stop - start])

    for start in range(0, rows, _ROWS_AT_ONCE):
        stop = min(rows, start + _ROWS_AT_ONCE)
        area = areas[: stop - start]
        if void is not None and void[first[start] : last[stop - 1]].any():
            known = ~void if known is None else known
            area[...] = summed(start, stop, known, None)
            yield start, summed(start, stop, cells, void), area, False
        else:
            np.multiply(heights[start:stop, None], widths, out=area)
            yield start, summed(start, stop, cells, None), area, narrowest * heights[start:stop].min() > LEAST_AREA


def _touched(edges: Edges) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First cell of each block and the one after its last, cells that an edge cuts included."""
    first = np.floor(edges[:-1] + 1e-9).astype(np.intp)
    return first, np.maximum(np.ceil(edges[1:] - 1e-9).astype(np.intp), first)


def _sum_lines(lines: Sums, top: float, bottom: float, out: Sums) -> None:
    """The sum of ``lines``, which are the cells' rows from floor(top) on, between ``top`` and ``bottom``.

    Changes ``lines``.
    """
    if len(lines) == 0:
        out[:] = 0.0
        return
    start = np.floor(top + 1e-9)
    upper, lower = top - start, start + len(lines) - bottom  # what the edges cut off the first and the last line
    if len(lines) == 1:
        np.multiply(lines[0], bottom - top, out=out)
        return
    if upper > 1e-9:
        lines[0] *= 1.0 - upper
    if lower > 1e-9:
        lines[-1] *= 1.0 - lower
    np.add.reduce(lines, axis=0, out=out)


class _Columns:
    """Sums of float64 cells between edges along rows, parts of cells by their share, with memory kept between calls.

    All first cells of the blocks at a time, then all second ones, and so on: sums up to each edge, whose differences
    would do as well, take twice as long.
    """

    def __init__(self, edges: Edges, cols: int, rows: int) -> None:
        first, last = _touched(edges)
        self._taps: list[tuple[npt.NDArray[np.intp], Edges | None]] = []
        for offset in range(max(1, int((last - first).max()))):
            cell = first + offset
            share = np.clip(np.minimum(edges[1:], cell + 1.0) - np.maximum(edges[:-1], cell), 0.0, 1.0)
            share[share < 1e-9] = 0.0
            whole = bool((share > 1 - 1e-9).all())
            self._taps.append((np.minimum(cell, cols - 1), None if whole else share))
        self._sums: Sums = np.empty((rows, len(edges) - 1))
        self._tap: Sums = np.empty_like(self._sums)

    def sums(self, cells: Sums) -> Sums:
        """(rows, n) of cells (rows, cols); overwritten by the next call."""
        sums, tap = self._sums[: len(cells)], self._tap[: len(cells)]
        for number, (cell, share) in enumerate(self._taps):
            taken = tap if number else sums
            np.take(cells, cell, axis=1, out=taken, mode="clip")  # the default mode copies once more
            if share is not None:
                taken *= share
            if number:
                sums += taken
        return sums
