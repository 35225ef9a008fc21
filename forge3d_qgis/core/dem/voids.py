"""Which values of a raster are void: declared ones, well-known ones that nobody declared, and what no planet has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..notes import Note
from .grid import Heights

Mask = npt.NDArray[np.bool_]

_LOW_VOIDS = (-32768.0, -32767.0, -9999.0, -99999.0, -999999.0, -2147483648.0, -1e10)
_HIGH_VOIDS = (32767.0, 65535.0, 99999.0, 999999.0, 2147483647.0, 4294967295.0, 1e10)
HUGE = 1e18
"""No height is that many units: the remains of a void value."""
_FAR = 1000.0
_NAMED = 3  # different huge values that a note still names one by one


def equals_nodata(raw: npt.NDArray[Any], nodata: float) -> Mask | None:
    """Where ``raw`` is the declared nodata value, in the precision of its own type; None where that is nowhere."""
    if raw.dtype.kind == "f":
        if math.isnan(nodata):
            return None  # NaN is void in any case
        with np.errstate(over="ignore"):
            value = raw.dtype.type(nodata)
        if np.isinf(value) and not math.isinf(nodata):  # text such as -3.40282347e+38 rounds past the end of float32
            value = np.copysign(np.finfo(raw.dtype).max, value)
    else:
        limits = np.iinfo(raw.dtype)
        if not math.isfinite(nodata) or nodata != math.floor(nodata) or not limits.min <= nodata <= limits.max:
            return None  # the file declares a value that its type cannot hold
        value = raw.dtype.type(int(nodata))
    return either(None, np.asarray(raw == value, dtype=np.bool_))


def either(one: Mask | None, other: Mask | None) -> Mask | None:
    """Where one of them is true. None is nowhere, also in the answer."""
    if other is None or not other.any():
        return one
    return other if one is None else one | other


class UndeclaredVoid:
    """Finds void values that no declaration names, and knows afterwards whether it was right to take them for that.

    Well-known void values (-9999, 32767 and the like) are looked for where ``well_known``. They are void when the
    nearest other value is more than 1000 units away. Values of 1e18 and more are void in any case; they are told in
    the notes unless ``declared``, the declared nodata value, is one of them: then they are that, in other digits.
    """

    def __init__(self, well_known: bool = True, declared: float | None = None) -> None:
        self.well_known = well_known
        self._declared = declared
        self._huge_is_declared = declared is not None and not abs(declared) < HUGE
        self._counts: dict[float, int] = {}
        self._huge: dict[float, int] = {}  # of a few different values, or of all together under infinity
        self.cells = 0
        self.lowest, self.highest = math.inf, -math.inf
        self._scale = 1.0

    def like(self) -> UndeclaredVoid:
        """One that looks for the same and has seen nothing yet."""
        return UndeclaredVoid(self.well_known, self._declared)

    def add(self, other: UndeclaredVoid) -> None:
        """What ``other`` has seen, as if seen here: another part of the same raster."""
        for value, count in other._counts.items():
            self._count(value, count)
        self._count_huge(other._huge)
        self.cells += other.cells
        self.lowest, self.highest = min(self.lowest, other.lowest), max(self.highest, other.highest)
        self._scale = other._scale

    def strike(self, heights: Heights, unit_scale: float = 1.0) -> Heights:
        """Sets void values to NaN in place and returns the array. ``unit_scale``: as in ``find``."""
        void = self.find(heights, unit_scale)
        if void is not None:
            heights[void] = np.nan
        return heights

    def find(self, values: npt.NDArray[Any], unit_scale: float = 1.0, declared: Mask | None = None) -> Mask | None:
        """Where ``values``, of any real type, are void, NaN and infinities included; None for nowhere.

        ``unit_scale``: metres of one unit of them, for the distance to other values. ``declared``: cells known to be
        void without being looked at; they are not counted for the notes.
        """
        self.cells += values.size
        self._scale = abs(unit_scale) or 1.0
        if not values.size:
            return None
        with np.errstate(all="ignore"):
            void = self._find_no_numbers(values, declared) if values.dtype.kind == "f" else None
            if self.well_known:
                void = self._find_well_known(values, void)
        return void

    def _find_no_numbers(self, values: npt.NDArray[Any], declared: Mask | None) -> Mask | None:
        """NaN, infinities and huge values."""
        void: Mask | None = None
        low, high = _extremes(values)
        if low <= -HUGE or high >= HUGE:
            void = np.asarray(np.abs(values) >= HUGE)
            if not self._huge_is_declared:
                told = void & np.isfinite(values) if declared is None else void & np.isfinite(values) & ~declared
                different, counts = np.unique(values[told], return_counts=True)
                self._count_huge(dict(zip(map(float, different), map(int, counts), strict=True)))
        # One sum over all is NaN where one value is, and cheaper than looking at each.
        if np.isnan(np.add.reduce(values, axis=None)):
            void = either(void, np.isnan(values))
        return void

    def _find_well_known(self, values: npt.NDArray[Any], void: Mask | None) -> Mask | None:
        """``void`` and the well-known void values; the extremes of all others are kept."""
        low, high = _extremes(values if void is None else values[~void])
        if low <= max(_LOW_VOIDS) or high >= min(_HIGH_VOIDS):
            for value in (*_LOW_VOIDS, *_HIGH_VOIDS):
                found = equals_nodata(values, value) if low <= value <= high else None
                if found is not None:
                    self._count(value, int(np.count_nonzero(found)))
                    void = either(void, found)
            low, high = _extremes(values if void is None else values[~void])
        if low <= high:
            self.lowest, self.highest = min(self.lowest, low), max(self.highest, high)
        return void

    def _count(self, value: float, count: int) -> None:
        self._counts[value] = self._counts.get(value, 0) + count

    def _count_huge(self, counts: dict[float, int]) -> None:
        for value, count in counts.items():
            self._huge[value] = self._huge.get(value, 0) + count
        if len(self._huge) > _NAMED:
            self._huge = {math.inf: sum(self._huge.values())}

    @property
    def found(self) -> bool:
        """Whether a void value was found that is told in the notes."""
        return bool(self._counts or self._huge)

    @property
    def mistaken(self) -> bool:
        """Whether a value was taken for void that belongs to the terrain."""
        if self.lowest > self.highest:
            return False  # nothing else is there to compare with
        return any(
            (self.lowest - value if value < 0 else value - self.highest) * self._scale <= _FAR for value in self._counts
        )

    @property
    def notes(self) -> tuple[str, ...]:
        counts = {**self._counts, **self._huge}
        many = counts.pop(math.inf, 0)
        notes = [
            Note("{value} read as void (undeclared nodata, {share} %)", value=_minus(value), share=self._share(count))
            for value, count in sorted(counts.items())
        ]
        if many:
            notes.append(Note("values beyond ±1e18 read as void ({share} %)", share=self._share(many)))
        return tuple(notes)

    def _share(self, count: int) -> str:
        return f"{100 * count / max(1, self.cells):.3g}"


def _extremes(values: npt.NDArray[Any]) -> tuple[float, float]:
    """(lowest, highest), NaN left out; NaN where there is nothing else."""
    if not values.size:
        return math.nan, math.nan
    if values.dtype.kind == "f":
        return float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))
    return float(values.min()), float(values.max())


def _minus(value: float) -> str:
    return f"{value:.7g}".replace("-", "−", 1) if value < 0 else f"{value:.7g}"
