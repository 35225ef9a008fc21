"""Area-weighted averages of blocks of cells, voids left out: numbers in, numbers out.

Own work and not GDAL's: its averages of integer rasters are rounded to whole units, which a relief shows as steps, it
moves windows to whole cells, and lets undeclared voids and NaN spread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Edges = npt.NDArray[np.float64]
Sums = npt.NDArray[np.float64]

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
    means[areas <= 1e-6] = np.nan  # the rest of an area that rounding leaves is nothing known
    return means


def known_sums(
    cells: npt.NDArray[Any], void: npt.NDArray[np.bool_] | None, edges_x: Edges, edges_y: Edges
) -> tuple[Sums, Sums]:
    """As ``block_sums``, of cells (rows, cols) of any real type but for those that are ``void``; None: none is."""
    rows, cols = len(edges_y) - 1, len(edges_x) - 1
    sums = np.empty((rows, cols))
    areas = np.outer(np.diff(edges_y), np.diff(edges_x))
    first, last = _touched(edges_y)
    down = np.empty((min(rows, _ROWS_AT_ONCE), cells.shape[1]))
    scratch = np.empty((int((last - first).max()), cells.shape[1])) if rows else down
    for start in range(0, rows, _ROWS_AT_ONCE):
        stop = min(rows, start + _ROWS_AT_ONCE)
        holes = void is not None and bool(void[first[start] : last[stop - 1]].any())
        for row in range(start, stop):
            lines = slice(first[row], last[row])
            taken = scratch[: last[row] - first[row]]
            np.copyto(taken, cells[lines])
            if holes and void is not None:
                np.copyto(taken, 0.0, where=void[lines])
            _sum_lines(taken, edges_y[row], edges_y[row + 1], down[row - start])
        sums[start:stop] = _sum_columns(down[: stop - start], edges_x)
        if holes and void is not None:
            for row in range(start, stop):
                lines = slice(first[row], last[row])
                taken = scratch[: last[row] - first[row]]
                np.copyto(taken, ~void[lines])
                _sum_lines(taken, edges_y[row], edges_y[row + 1], down[row - start])
            areas[start:stop] = _sum_columns(down[: stop - start], edges_x)
    return sums, areas


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


def _sum_columns(cells: Sums, edges: Edges) -> Sums:
    """Sums (rows, n) of cells (rows, cols) between the n + 1 edges along rows, parts of cells by their share."""
    count = len(edges) - 1
    rows, cols = cells.shape
    step = round(float(edges[1] - edges[0])) if count else 0
    if 1 <= step <= 16 and step * count == cols and np.allclose(edges, np.arange(count + 1) * step, rtol=0, atol=1e-6):
        summed = cells[:, ::step].copy()
        for offset in range(1, step):
            summed += cells[:, offset::step]
        return summed
    # Sums of whole cells up to each edge, plus the share of the cell that the edge cuts.
    totals = np.empty((rows, cols + 1))
    totals[:, 0] = 0.0
    np.cumsum(cells, axis=1, out=totals[:, 1:])
    whole = np.minimum(np.floor(edges + 1e-9).astype(np.intp), cols)
    share = np.clip(edges - whole, 0.0, 1.0)
    until = np.take(totals, whole, axis=1)
    cut = np.take(cells, np.minimum(whole, cols - 1), axis=1)
    cut *= share
    until += cut
    return np.asarray(until[:, 1:] - until[:, :-1])
