"""Heights, in memory or on the device, and where they lie on the map and in the world. Knows nothing of GDAL."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..errors import DemError

Heights = npt.NDArray[np.float32]
Size = tuple[int, int]  # columns, rows
Geotransform = tuple[float, float, float, float, float, float]
Window = tuple[float, float, float, float]  # col, row, cols, rows of the source; fractions of a cell are allowed
WholeWindow = tuple[int, int, int, int]  # the same in whole cells


@dataclass(frozen=True)
class Georeference:
    """Where an array lies on the map. ``geotransform`` as GDAL has it, of the array as held; ``crs_wkt`` may be empty.

    x = g[0] + c·g[1] + r·g[2], y = g[3] + c·g[4] + r·g[5] with (c, r) in cells from the outer corner of cell (0, 0).
    """

    geotransform: Geotransform
    crs_wkt: str = ""


class Ground(ABC):
    """Where the heights of a DEM lie: what ``Dem`` and ``DemFacts`` have in common."""

    cell_to_world: tuple[float, float, float, float]
    georeference: Georeference
    source_size: Size
    source_window: WholeWindow | None
    height_bits = 32

    @property
    @abstractmethod
    def size(self) -> Size:
        """(columns, rows) as held."""

    @property
    def averaged(self) -> bool:
        """Whether a height stands for more than one cell of the source."""
        return self.size != (self.source_size if self.source_window is None else self.source_window[2:])

    @property
    def cell_size_m(self) -> tuple[float, float]:
        """Metres on the ground along a row and along a column of cells."""
        xc, xr, yc, yr = self.cell_to_world
        return math.hypot(xc, yc), math.hypot(xr, yr)

    def map_from_cell(self, col: float, row: float) -> tuple[float, float]:
        """Map (x, y) of a position in cells."""
        return map_from_corner(self.georeference.geotransform, col + 0.5, row + 0.5)

    def cell_from_map(self, x: float, y: float) -> tuple[float, float]:
        """(col, row) of a map position; it may lie outside the array."""
        c, r = corner_from_map(self.georeference.geotransform, x, y)
        return c - 0.5, r - 0.5

    def world_from_cell(self, col: float, row: float) -> tuple[float, float]:
        """World (east, north) metres of a position in cells."""
        xc, xr, yc, yr = self.cell_to_world
        c, r = col - (self.size[0] - 1) / 2, row - (self.size[1] - 1) / 2
        return xc * c + xr * r, yc * c + yr * r

    def cell_from_world(self, east: float, north: float) -> tuple[float, float]:
        """(col, row) of a world position; it may lie outside the array."""
        c, r = _solve(*self.cell_to_world, east, north)
        return c + (self.size[0] - 1) / 2, r + (self.size[1] - 1) / 2

    def world_from_map(self, x: float, y: float) -> tuple[float, float]:
        """World (east, north) metres of a map position."""
        return self.world_from_cell(*self.cell_from_map(x, y))

    def map_from_world(self, east: float, north: float) -> tuple[float, float]:
        """Map (x, y) of a world position."""
        return self.map_from_cell(*self.cell_from_world(east, north))


@dataclass(frozen=True, eq=False)
class Dem(Ground):
    """Heights and where they are.

    ``heights``: C-contiguous float32 (rows, cols), metres above ``datum_m``, NaN = void; other arrays are converted,
    masked cells become void. ``datum_m``: metres taken out of the heights, 0 but for planetary radii and the like;
    heights + ``datum_m`` are the true ones. ``cell_to_world`` = (xc, xr, yc, yr): one column to the right moves
    (xc, yc) metres (east, north), one row down (xr, yr). World coordinates are metres from the centre of the sample
    grid. Positions in cells are (col, row) with whole numbers at the *centres* of cells, where the samples are.
    ``source_size``: (columns, rows) of the whole source, ``source_window``: (col, row, cols, rows) of it that the
    heights cover, None for all of it. ``notes``: what was done, for people to read. Raises DemError for heights that
    are none.
    """

    heights: Heights
    cell_to_world: tuple[float, float, float, float]
    georeference: Georeference
    source_size: Size
    name: str = ""
    notes: tuple[str, ...] = field(default=())
    datum_m: float = 0.0
    source_window: WholeWindow | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "heights", as_heights(self.heights))

    @classmethod
    def from_array(
        cls, heights: npt.ArrayLike, cell_size_m: float | tuple[float, float] = 1.0, *, name: str = "array"
    ) -> Dem:
        """A north-up Dem of an array (rows, cols) in metres; NaN, ±inf and masked cells are void.

        A C-contiguous float32 array is kept, not copied. ``cell_size_m``: metres east and north of a cell, or one
        number for both. Raises DemError, also for a finite height beyond float32 (3.4e38).
        """
        held = as_heights(heights)
        try:
            east, north = cell_size_m if isinstance(cell_size_m, tuple) else (cell_size_m, cell_size_m)
            east, north = float(east), float(north)
        except (TypeError, ValueError, OverflowError):
            east = north = math.nan
        if not (0 < east < math.inf and 0 < north < math.inf):
            raise DemError(f"cell_size_m: expected metres above 0; got {cell_size_m!r}; fix: give the cell's side")
        rows, cols = held.shape
        return cls(
            heights=held,
            cell_to_world=(east, 0.0, 0.0, -north),
            georeference=Georeference((-cols * east / 2, east, 0.0, rows * north / 2, 0.0, -north)),
            source_size=(cols, rows),
            name=name,
        )

    @property
    def size(self) -> Size:
        """(columns, rows) as held."""
        return self.heights.shape[1], self.heights.shape[0]

    def height_range(self) -> tuple[float, float]:
        """(lowest, highest) true metres, ``datum_m`` included, voids left out. Raises DemError when all is void."""
        low, high = known_range(self.heights)
        if low > high:
            raise DemError(f"{self.name}: expected heights; got only void cells; fix: choose another area or band")
        return low + self.datum_m, high + self.datum_m


@dataclass(frozen=True, eq=False)
class DemFacts(Ground):
    """All that is known of a DEM whose heights are on the device: fields as in Dem, but for the heights themselves.

    ``held``: (columns, rows) of them; ``height_bits`` of each, 32 or 16. ``lowest_m`` and ``highest_m`` are without the
    datum.
    """

    held: Size
    lowest_m: float
    highest_m: float
    cell_to_world: tuple[float, float, float, float]
    georeference: Georeference
    source_size: Size
    name: str = ""
    notes: tuple[str, ...] = ()
    datum_m: float = 0.0
    source_window: WholeWindow | None = None
    height_bits: int = 32

    @property
    def size(self) -> Size:
        """(columns, rows) as held."""
        return self.held

    def height_range(self) -> tuple[float, float]:
        """(lowest, highest) true metres, ``datum_m`` included, voids left out."""
        return self.lowest_m + self.datum_m, self.highest_m + self.datum_m


# --------------------------------------------------------------------------------------------------------------------
# Arrays


def as_heights(values: npt.ArrayLike) -> Heights:
    """``values`` as C-contiguous float32 (rows, cols): kept where they are that already, else converted.

    Masked cells become void (NaN). Raises DemError for what is no table of real numbers, and for a finite number beyond
    float32: it would become void in silence, and whoever makes an array can write NaN where void is meant.
    """
    mask = np.broadcast_to(values.mask, values.shape) if isinstance(values, np.ma.MaskedArray) else None
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise DemError(
            f"heights: expected (rows, cols) of real numbers; got {type(values).__name__}: {error}; "
            "fix: pass a 2-D array of metres, all rows equally long"
        ) from None
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "fiub":
        raise DemError(
            f"heights: expected (rows, cols) of real numbers; got {array.shape} {array.dtype}; "
            "fix: pass a 2-D array of metres"
        )
    with np.errstate(over="ignore"):
        heights: Heights = np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype.kind == "f" and array.dtype.itemsize > 4:
        beyond = np.isinf(heights) & np.isfinite(array)
        if mask is not None:
            beyond &= ~mask
        if beyond.any():
            raise DemError(
                f"heights: expected metres that float32 can hold; got {float(array[beyond][0]):g}; "
                "fix: write NaN where void is meant"
            )
    if mask is not None and mask.any():
        heights = np.where(mask, np.float32(np.nan), heights)
    return heights


def known_range(heights: Heights) -> tuple[float, float]:
    """(lowest, highest) of the finite heights; (inf, -inf) where there is none."""
    low, high = math.inf, -math.inf
    for start in range(0, heights.shape[0], 256):  # strips: no full-size temporary
        strip = heights[start : start + 256]
        a, b = float(np.fmin.reduce(strip, axis=None)), float(np.fmax.reduce(strip, axis=None))
        if math.isinf(a) or math.isinf(b):
            known = strip[np.isfinite(strip)]
            a, b = (float(known.min()), float(known.max())) if known.size else (math.nan, math.nan)
        if a <= b:
            low, high = min(low, a), max(high, b)
    return low, high


# --------------------------------------------------------------------------------------------------------------------
# Geotransforms


def map_from_corner(geotransform: Geotransform, col: float, row: float) -> tuple[float, float]:
    """Map (x, y) of a place ``col`` cells to the right of and ``row`` cells below the raster's outer corner."""
    g = geotransform
    return g[0] + col * g[1] + row * g[2], g[3] + col * g[4] + row * g[5]


def corner_from_map(geotransform: Geotransform, x: float, y: float) -> tuple[float, float]:
    """(col, row) in cells from the raster's outer corner of a map position: the inverse of ``map_from_corner``."""
    g = geotransform
    return _solve(g[1], g[2], g[4], g[5], x - g[0], y - g[3])


def plain_geotransform(size: Size) -> Geotransform:
    """That of a raster without georeference: square cells of 1, row 0 in the north, the south-west corner at (0, 0)."""
    return (0.0, 1.0, 0.0, float(size[1]), 0.0, -1.0)


def is_invertible(geotransform: Geotransform) -> bool:
    """Whether each place on the map has one place in the raster."""
    g = geotransform
    determinant = g[1] * g[5] - g[2] * g[4]
    return all(map(math.isfinite, g)) and math.isfinite(determinant) and determinant != 0


def covering_window(
    geotransform: Geotransform | None, size: Size, extent: tuple[float, float, float, float]
) -> WholeWindow | None:
    """The cells (col, row, cols, rows) of a raster that cover ``extent`` = (west, south, east, north) in its CRS.

    Cut off at the raster's edges; None where no cell is left. What fewer than 2×2 cells cover has the cells beside them
    that are nearest to it as well, as far as the raster has any: less cannot be drawn. ``size``: (columns, rows) of the
    raster.
    """
    g = geotransform or plain_geotransform(size)
    west, south, east, north = extent
    corners = ((west, south), (west, north), (east, south), (east, north))
    places = [corner_from_map(g, x, y) for x, y in corners]
    if not all(math.isfinite(value) for place in places for value in place):
        return None
    (left, cols), (top, rows) = (
        _covering(min(p[axis] for p in places), max(p[axis] for p in places), size[axis]) for axis in (0, 1)
    )
    return (left, top, cols, rows) if cols and rows else None


def _covering(low: float, high: float, count: int) -> tuple[int, int]:
    """(first, number) of ``count`` cells that cover ``low``..``high``: two at least where there are two, or none."""
    # A millionth of a cell is rounding, and no reason to take one more.
    if high <= 1e-6 or low >= count - 1e-6:
        return 0, 0
    first, end = max(0, math.floor(low + 1e-6)), min(count, math.ceil(high - 1e-6))
    if end - first < 2:
        first = max(0, min(round((low + high) / 2) - 1, count - 2))
        end = min(first + 2, count)
    return first, end - first


def _solve(a: float, b: float, c: float, d: float, x: float, y: float) -> tuple[float, float]:
    """(p, q) with a·p + b·q = x and c·p + d·q = y."""
    determinant = a * d - b * c
    return (x * d - b * y) / determinant, (a * y - x * c) / determinant
