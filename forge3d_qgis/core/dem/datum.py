"""Planetary radii, and other heights far from zero: what to take out of them.

Elevation models of the Moon and planets often hold radii, some 1 737 400 m for the Moon. There one step of float32 is
0.125 m, and shadows and slopes of them turn into stairs; the renderer wants heights within ±1 000 km. So a datum is
taken out in double precision before heights become float32, and kept beside them: ``Dem.datum_m``.

The rule: heights of a first row of known ones that all lie more than 100 km from zero, on one side of it and within
1000 km of each other, lose a datum. No relief of a body is a fifth of that high above its datum (Olympus Mons: 22 km),
so ordinary elevation models are never touched; at 100 km a float32 step is 8 mm. The datum is a number that belongs to
the data, so that heights above it mean something: the offset of the band if that is as near as 100 km, else the radius
of the body that the CRS names, else the first known height in whole kilometres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..notes import Note
from .grid import WholeWindow
from .ground_units import body_radius_m
from .source import LevelledSource
from .voids import UndeclaredVoid

LEAST_RADIUS_M = 100e3
GREATEST_RADIUS_M = 1e8  # Jupiter's is 7.1e7
GREATEST_RELIEF_M = 1e6
_ROWS_ASKED = 16
_CELLS_ASKED = 16384


def find_datum(source: LevelledSource, area: WholeWindow, metres_per_unit: float) -> float:
    """What to take out of the heights in the window ``area``, in the band's unit: 0 for those near zero."""
    known = _first_known(source, area)
    if known is None:
        return 0.0
    low, high = (abs(metres_per_unit) * one for one in known)
    if low < 0:
        low, high = -high, -low
    if not (LEAST_RADIUS_M < low <= high < GREATEST_RADIUS_M and high - low < GREATEST_RELIEF_M):
        return 0.0
    middle = (known[0] + known[1]) / 2
    offset, radius = source.band_offset, body_radius_m(source.crs_wkt)
    for datum in (offset, None if radius is None else math.copysign(radius / metres_per_unit, middle)):
        if datum is not None and abs(datum - middle) * metres_per_unit < LEAST_RADIUS_M:
            return datum
    kilometre = 1000 / metres_per_unit
    return round(middle / kilometre) * kilometre


def datum_note(source: LevelledSource, datum_m: float) -> Note:
    """What was done, in words. Only the CRS can tell radii of its body from heights with any other offset."""
    radius, metres = body_radius_m(source.crs_wkt), f"{datum_m:.10g}"
    if radius is not None and abs(abs(datum_m) - radius) < LEAST_RADIUS_M < abs(datum_m):
        return Note("radii as heights above {metres} m", metres=metres)
    return Note("heights counted from {metres} m", metres=metres)


def _first_known(source: LevelledSource, area: WholeWindow) -> tuple[float, float] | None:
    """(lowest, highest) height of the first row with any, in the band's unit, of a few rows spread over the window."""
    left, top, cols, rows = area
    wide = min(cols, _CELLS_ASKED)
    for row in _spread(rows):
        voids = UndeclaredVoid(well_known=not source.declares_voids, declared=source.nodata)
        window = (left + (cols - wide) // 2, top + row, wide, 1)
        heights = source.read(window, (1, wide), voids=voids)
        finite = heights[np.isfinite(heights)]
        if finite.size:
            return float(finite.min()), float(finite.max())
    return None


def _spread(rows: int) -> Iterator[int]:
    """A few of the ``rows``: the first, then halves, quarters and so on, so that sequential formats seldom go back."""
    asked = {0}
    yield 0
    parts = 2
    while len(asked) < min(rows, _ROWS_ASKED):
        for part in range(1, parts, 2):
            row = rows * part // parts
            if row not in asked and len(asked) < _ROWS_ASKED:
                asked.add(row)
                yield row
        parts *= 2
