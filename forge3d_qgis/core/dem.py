"""Read elevation rasters into float32 arrays in metres. Knows GDAL; knows nothing of Qt, QGIS or the GPU.

Two halves: a *height source* gives sizes, georeference and windows of heights (``open_source`` for files; the plugin
has another for layers), and ``read_dem`` plans, reads in strips, averages and turns map units into metres.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .errors import Cancelled, DemError
from .memory_tracker import MAX_SIDE, MIB, plan
from .notes import Note

Heights = npt.NDArray[np.float32]
Geotransform = tuple[float, float, float, float, float, float]
Window = tuple[float, float, float, float]  # col, row, cols, rows of the source; fractions of a cell are allowed
Progress = Callable[[float], object]

STRIP_BYTES = 16 * MIB
CACHED_BYTES = 64 * MIB

# --------------------------------------------------------------------------------------------------------------------
# The Dem


@dataclass(frozen=True)
class Georeference:
    """Where an array lies on the map. ``geotransform`` as GDAL has it, of the array as held; ``crs_wkt`` may be empty.

    x = g[0] + c·g[1] + r·g[2], y = g[3] + c·g[4] + r·g[5] with (c, r) in cells from the outer corner of cell (0, 0).
    """

    geotransform: Geotransform
    crs_wkt: str = ""


@dataclass(frozen=True, eq=False)
class Dem:
    """Heights and where they are. ``heights``: C-contiguous float32 (rows, cols), metres, NaN = void.

    ``cell_to_world`` = (xc, xr, yc, yr): one column to the right moves (xc, yc) metres (east, north), one row down
    (xr, yr). World coordinates are metres from the centre of the sample grid. Positions in cells are (col, row) with
    whole numbers at the *centres* of cells, where the samples are. ``notes``: what was done, for people to read.
    """

    heights: Heights
    cell_to_world: tuple[float, float, float, float]
    georeference: Georeference
    source_size: tuple[int, int]
    name: str = ""
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def from_array(
        cls, heights: npt.ArrayLike, cell_size_m: float | tuple[float, float] = 1.0, *, name: str = "array"
    ) -> Dem:
        """A north-up Dem of an array (rows, cols) in metres; NaN, ±inf and masked cells are void.

        A C-contiguous float32 array is kept, not copied. ``cell_size_m``: metres east and north of a cell, or one
        number for both. Raises DemError.
        """
        if isinstance(heights, np.ma.MaskedArray):
            heights = np.where(heights.mask, np.float32(np.nan), heights.data.astype(np.float32))
        array = np.asarray(heights)
        if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "fiub":
            raise DemError(
                f"heights: expected (rows, cols) of real numbers; got {array.shape} {array.dtype}; "
                "fix: pass a 2-D array of metres"
            )
        try:
            east, north = cell_size_m if isinstance(cell_size_m, tuple) else (cell_size_m, cell_size_m)
            east, north = float(east), float(north)
        except (TypeError, ValueError):
            east = north = math.nan
        if not (0 < east < math.inf and 0 < north < math.inf):
            raise DemError(f"cell_size_m: expected metres above 0; got {cell_size_m!r}; fix: give the cell's side")
        rows, cols = array.shape
        return cls(
            heights=np.ascontiguousarray(array, dtype=np.float32),
            cell_to_world=(east, 0.0, 0.0, -north),
            georeference=Georeference((-cols * east / 2, east, 0.0, rows * north / 2, 0.0, -north)),
            source_size=(cols, rows),
            name=name,
        )

    @property
    def size(self) -> tuple[int, int]:
        """(columns, rows) as held."""
        return self.heights.shape[1], self.heights.shape[0]

    @property
    def cell_size_m(self) -> tuple[float, float]:
        """Metres on the ground along a row and along a column of cells."""
        xc, xr, yc, yr = self.cell_to_world
        return math.hypot(xc, yc), math.hypot(xr, yr)

    def height_range(self) -> tuple[float, float]:
        """(lowest, highest) metres, voids left out. Raises DemError when all is void."""
        low, high = math.inf, -math.inf
        for start in range(0, self.heights.shape[0], 256):  # strips: no full-size temporary
            strip = self.heights[start : start + 256]
            known = strip[np.isfinite(strip)]
            if known.size:
                low, high = min(low, float(known.min())), max(high, float(known.max()))
        if low > high:
            raise DemError(f"{self.name}: expected heights; got only void cells; fix: choose another area or band")
        return low, high

    def map_from_cell(self, col: float, row: float) -> tuple[float, float]:
        """Map (x, y) of a position in cells."""
        g = self.georeference.geotransform
        c, r = col + 0.5, row + 0.5
        return g[0] + c * g[1] + r * g[2], g[3] + c * g[4] + r * g[5]

    def cell_from_map(self, x: float, y: float) -> tuple[float, float]:
        """(col, row) of a map position; it may lie outside the array."""
        g = self.georeference.geotransform
        c, r = _solve(g[1], g[2], g[4], g[5], x - g[0], y - g[3])
        return c - 0.5, r - 0.5

    def world_from_cell(self, col: float, row: float) -> tuple[float, float]:
        """World (east, north) metres of a position in cells."""
        xc, xr, yc, yr = self.cell_to_world
        c, r = col - (self.heights.shape[1] - 1) / 2, row - (self.heights.shape[0] - 1) / 2
        return xc * c + xr * r, yc * c + yr * r

    def cell_from_world(self, east: float, north: float) -> tuple[float, float]:
        """(col, row) of a world position; it may lie outside the array."""
        c, r = _solve(*self.cell_to_world, east, north)
        return c + (self.heights.shape[1] - 1) / 2, r + (self.heights.shape[0] - 1) / 2

    def world_from_map(self, x: float, y: float) -> tuple[float, float]:
        """World (east, north) metres of a map position."""
        return self.world_from_cell(*self.cell_from_map(x, y))

    def map_from_world(self, east: float, north: float) -> tuple[float, float]:
        """Map (x, y) of a world position."""
        return self.map_from_cell(*self.cell_from_world(east, north))


def _solve(a: float, b: float, c: float, d: float, x: float, y: float) -> tuple[float, float]:
    """(p, q) with a·p + b·q = x and c·p + d·q = y."""
    determinant = a * d - b * c
    return (x * d - b * y) / determinant, (a * y - x * c) / determinant


# --------------------------------------------------------------------------------------------------------------------
# Sources


@runtime_checkable
class HeightSource(Protocol):
    """Where heights come from. Files: ``GdalSource``; QGIS layers: ``layers.py`` of the plugin.

    ``size``: (columns, rows). ``geotransform``: as in Georeference, or None. ``unit``: of the heights, as the band
    names it, "" if unknown. ``nodata``: the declared void value in units of the band, None if there is none: only then
    are well-known void values looked for. ``notes``: what the user should know about the opening.
    """

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def geotransform(self) -> Geotransform | None: ...
    @property
    def crs_wkt(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def nodata(self) -> float | None: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    def read(self, window: Window, shape: tuple[int, int]) -> Heights:
        """The heights of ``window`` (col, row, cols, rows) as float32 ``shape`` (rows, cols), in the band's unit.

        Scale and offset applied, NaN where void. A smaller ``shape`` averages the known cells, area-weighted; void is
        only what has no known cell. ``read_dem`` asks for windows of about 16 MiB of source cells, inside the raster;
        they are whole cells unless ``shape`` is smaller. Raises DemError.
        """
        ...


# Numbers of GDALDataType. Spelt here because names of newer types are missing from older bindings.
_DTYPES: dict[int, str] = {
    1: "u1", 2: "u2", 3: "i2", 4: "u4", 5: "i4", 6: "f4", 7: "f8", 12: "u8", 13: "i8", 14: "i1", 15: "f2",
}  # fmt: skip
_MASK_ALL_VALID, _MASK_NODATA = 0x01, 0x08


@contextmanager
def _gdal_quiet() -> Iterator[Any]:
    """GDAL with its messages kept off stderr; whether it raises or returns None stays as the process has chosen.

    The choice is one for the process, and other plugins rely on theirs: callers here check for None *and* for
    RuntimeError. The error handler that is pushed belongs to this thread.
    """
    try:
        from osgeo import gdal
    except ImportError as error:
        raise DemError(
            f"GDAL: expected its Python bindings (osgeo); got {error}; "
            "fix: install python3-gdal, or use the Python of QGIS"
        ) from None
    with warnings.catch_warnings():
        # GDAL 3.7 and later ask every program to choose between exceptions and None; both are dealt with.
        warnings.simplefilter("ignore", FutureWarning)
        gdal.PushErrorHandler("CPLQuietErrorHandler")
        gdal.ErrorReset()
        try:
            yield gdal
        finally:
            gdal.PopErrorHandler()


class GdalSource:
    """One band of a GDAL raster as a HeightSource. Not for two threads at a time. Made by ``open_source``."""

    def __init__(self, dataset: Any, band_number: int, name: str) -> None:
        # The dataset stays referenced as long as the band is: GDAL frees bands with it, and crashes on a freed one.
        self._dataset = dataset
        self._band = band = dataset.GetRasterBand(band_number)
        self.name = name
        self.size: tuple[int, int] = (dataset.RasterXSize, dataset.RasterYSize)
        self.band_number = band_number
        self.unit: str = (band.GetUnitType() or "").strip()
        self.nodata: float | None = band.GetNoDataValue()
        scale, offset = band.GetScale(), band.GetOffset()
        self._scale = 1.0 if scale is None else float(scale)
        self._offset = 0.0 if offset is None else float(offset)
        self._dtype = np.dtype(_DTYPES[band.DataType])
        if self._dtype == np.uint8 and band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE":
            self._dtype = np.dtype("i1")
        flags = band.GetMaskFlags()
        self._since_flush = 0
        self._masked = not flags & _MASK_ALL_VALID and flags != _MASK_NODATA
        self._levels = [band]
        if band.GetOverviewCount():
            overviews = [band.GetOverview(i) for i in range(band.GetOverviewCount())]
            self._levels += sorted((o for o in overviews if o is not None), key=lambda o: -int(o.XSize))
        self.notes: tuple[str, ...] = ()
        self.geotransform, self.crs_wkt = self._read_georeference()
        self.undeclared = None if self.nodata is not None or self._masked else UndeclaredVoid()

    def _read_georeference(self) -> tuple[Geotransform | None, str]:
        dataset = self._dataset
        crs = dataset.GetProjection() or ""
        transform = dataset.GetGeoTransform(can_return_null=True)
        if transform is None and dataset.GetGCPCount() >= 3:
            with _gdal_quiet() as gdal:
                transform = gdal.GCPsToGeoTransform(dataset.GetGCPs())
            crs = dataset.GetGCPProjection() or crs
            if transform is not None:
                self.notes += (Note("placed by its ground control points"),)
        if transform is not None and (
            not all(map(math.isfinite, transform)) or transform[1] * transform[5] == transform[2] * transform[4]
        ):
            self.notes += (Note("its georeference is degenerate and was left aside"),)
            transform = None
        # A tuple of any length to the type checker; GDAL's transforms have six numbers.
        return (None if transform is None else tuple(map(float, transform))), crs  # type: ignore[return-value]

    @property
    def has_overviews(self) -> bool:
        return len(self._levels) > 1

    def keep_to_full_resolution(self) -> None:
        """Averages from the source cells from now on: overviews may have void values averaged into them."""
        del self._levels[1:]

    def read(self, window: Window, shape: tuple[int, int]) -> Heights:
        """See HeightSource. Averages here and not in GDAL, whose averaging lets NaN and undeclared voids spread."""
        col, row, cols, rows = window
        factor = min(cols / shape[1], rows / shape[0])
        level = self._levels[0]
        for overview in self._levels[1:]:
            # 1 %: sizes of overviews are rounded. A coarser one would have to be enlarged, which shows as stripes.
            if self.size[0] / overview.XSize <= factor * 1.01 and self.size[1] / overview.YSize <= factor * 1.01:
                level = overview
        sx, sy = level.XSize / self.size[0], level.YSize / self.size[1]
        left, top, right, bottom = col * sx, row * sy, (col + cols) * sx, (row + rows) * sy
        if level is self._levels[0] and shape == (rows, cols):
            return self._cells(level, int(col), int(row), int(cols), int(rows))
        result = np.empty(shape, dtype=np.float32)
        edges_x = np.linspace(left, right, shape[1] + 1)
        edges_y = np.linspace(top, bottom, shape[0] + 1)
        x0, x1 = _whole_cells(left, right, level.XSize)
        # Row by row of the result when these are tall: the strip of source cells stays small.
        lines = max(1, int(STRIP_BYTES / 8 / max(1, x1 - x0) / max(1e-9, (bottom - top) / shape[0])))
        for start in range(0, shape[0], lines):
            stop = min(shape[0], start + lines)
            result[start:stop] = self._averaged(level, x0, x1, edges_x, edges_y[start : stop + 1])
        return result

    def _averaged(
        self, level: Any, x0: int, x1: int, edges_x: npt.NDArray[np.float64], edges_y: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        y0, y1 = _whole_cells(float(edges_y[0]), float(edges_y[-1]), level.YSize)
        shape = len(edges_y) - 1, len(edges_x) - 1
        sums, counts = np.zeros(shape), np.zeros(shape)
        # In one go, but for a single row of the result that is taller than a strip.
        step = y1 - y0 if shape[0] > 1 else max(1, STRIP_BYTES // (8 * (x1 - x0)))
        for y in range(y0, y1, step):
            cells = self._cells(level, x0, y, x1 - x0, min(step, y1 - y))
            inside_x, inside_y = np.clip(edges_x - x0, 0, x1 - x0), np.clip(edges_y - y, 0, cells.shape[0])
            part, weight = block_sums(cells, inside_x, inside_y)
            sums += part
            counts += weight
        return _mean(sums, counts)

    def _cells(self, level: Any, x: int, y: int, cols: int, rows: int) -> Heights:
        """Cells of one level as float32 with NaN for void, scale and offset applied."""
        raw = self._raw(level, x, y, cols, rows, self._dtype)
        void = None
        if self.nodata is not None:
            void = _equals(raw, self.nodata)
        if self._masked:
            mask = level.GetMaskBand()
            hidden = self._raw(mask, x, y, cols, rows, np.dtype("u1")) == 0
            void = hidden if void is None else void | hidden
        with np.errstate(over="ignore", invalid="ignore"):
            if (self._scale, self._offset) == (1.0, 0.0):
                heights = raw.astype(np.float32)
                undeclared = self.undeclared
            else:
                heights = (raw.astype(np.float64) * self._scale + self._offset).astype(np.float32)
                undeclared = None
                if self.undeclared is not None:
                    # Void values are values of the file: look for them before scale and offset.
                    hidden = np.isnan(self.undeclared.strike(raw.astype(np.float32), self._scale))
                    void = hidden if void is None else void | hidden
        if raw.dtype.kind == "f":
            infinite = np.isinf(heights)
            void = infinite if void is None else void | infinite
        if void is not None:
            heights[void] = np.nan
        if undeclared is not None:
            undeclared.strike(heights)
        elif raw.dtype.kind == "f":
            # No height is 1e18 units: the remains of a void value that was written with other digits than declared.
            heights[np.abs(heights) >= _HUGE] = np.nan
        return heights

    def _raw(self, band: Any, x: int, y: int, cols: int, rows: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        data = None
        with _gdal_quiet() as gdal:
            with suppress(RuntimeError):  # where the process has chosen GDAL's exceptions
                data = band.ReadRaster(x, y, cols, rows)
            message = gdal.GetLastErrorMsg()
        if data is None:
            raise DemError(
                f"{self.name}: expected {cols}×{rows} cells at column {x}, row {y}; got {message or 'a read error'}; "
                "fix: check that the file is complete"
            )
        self._since_flush += len(data)
        if self._since_flush >= CACHED_BYTES:
            # GDAL keeps the blocks it has decoded, up to 5 % of the machine's memory, and none is needed twice. Only
            # those of our own handle go.
            band.FlushCache()
            self._since_flush = 0
        return np.frombuffer(data, dtype=dtype).reshape(rows, cols)


def _whole_cells(low: float, high: float, limit: int) -> tuple[int, int]:
    """The whole cells that cover low..high. A hair of rounding is no cell of its own."""
    first = max(0, min(limit - 1, math.floor(low + 1e-6)))
    return first, max(first + 1, min(limit, math.ceil(high - 1e-6)))


def _equals(raw: npt.NDArray[Any], nodata: float) -> npt.NDArray[np.bool_]:
    """Where ``raw`` is the declared nodata value, in the precision of its own type."""
    if raw.dtype.kind == "f":
        if math.isnan(nodata):
            return np.asarray(np.isnan(raw), dtype=np.bool_)
        with np.errstate(over="ignore"):
            value = raw.dtype.type(nodata)
        if np.isinf(value) and not math.isinf(nodata):  # text such as -3.40282347e+38 rounds past the end of float32
            value = np.copysign(np.finfo(raw.dtype).max, value)
        return np.asarray(raw == value, dtype=np.bool_)
    limits = np.iinfo(raw.dtype)
    if not math.isfinite(nodata) or nodata != math.floor(nodata) or not limits.min <= nodata <= limits.max:
        return np.zeros(raw.shape, dtype=bool)  # the file declares a value that its type cannot hold
    return np.asarray(raw == raw.dtype.type(int(nodata)), dtype=np.bool_)


# --------------------------------------------------------------------------------------------------------------------
# Averages


def block_sums(
    cells: npt.NDArray[Any], edges_x: npt.NDArray[np.float64], edges_y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Area-weighted sums of the known (not NaN) cells of each block, and the area known: two (rows, cols) float64.

    The edges, n + 1 for n blocks, are in cells of the array and may lie within cells.
    """
    void = np.isnan(cells)
    if not void.any():
        sums = _sum_along(_sum_along(cells, edges_y, 0), edges_x, 1)
        return sums, np.outer(np.diff(edges_y), np.diff(edges_x))
    known = np.where(void, np.float32(0), cells)
    sums = _sum_along(_sum_along(known, edges_y, 0), edges_x, 1)
    counts = _sum_along(_sum_along((~void).astype(np.float32), edges_y, 0), edges_x, 1)
    return sums, counts


def block_mean(
    cells: npt.NDArray[Any], edges_x: npt.NDArray[np.float64], edges_y: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Area-weighted means of the known cells of each block, NaN where none is known: (rows, cols) float64.

    Edges as in ``block_sums``.
    """
    return _mean(*block_sums(cells, edges_x, edges_y))


def _mean(sums: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums over counts; NaN where nothing is known."""
    known = counts > 1e-6
    return np.where(known, sums / np.where(known, counts, 1.0), np.nan)


def _sum_along(cells: npt.NDArray[Any], edges: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """Sums between the edges along one axis, parts of cells by their share."""
    count = len(edges) - 1
    step = round(float(edges[1] - edges[0])) if count else 0
    if step >= 1 and step * count == cells.shape[axis] and np.allclose(edges, np.arange(count + 1) * step, atol=1e-6):
        shape = (count, step, cells.shape[1]) if axis == 0 else (cells.shape[0], count, step)
        summed: npt.NDArray[np.float64] = cells.reshape(shape).sum(axis=axis + 1, dtype=np.float64)
        return summed
    # Sums of whole cells up to each edge, plus the share of the cell that the edge cuts.
    rows, cols = cells.shape
    if axis == 0:
        totals = np.zeros((rows + 1, cols))
        np.cumsum(cells, axis=0, dtype=np.float64, out=totals[1:])
    else:
        totals = np.zeros((rows, cols + 1))
        np.cumsum(cells, axis=1, dtype=np.float64, out=totals[:, 1:])
    whole = np.minimum(np.floor(edges + 1e-9).astype(np.intp), cells.shape[axis])
    share = np.clip(edges - whole, 0.0, 1.0)
    cut = np.take(cells, np.minimum(whole, cells.shape[axis] - 1), axis=axis).astype(np.float64)
    until = np.take(totals, whole, axis=axis) + cut * (share[:, None] if axis == 0 else share[None, :])
    return np.asarray(np.diff(until, axis=axis))


# --------------------------------------------------------------------------------------------------------------------
# Void values that nobody declared

_LOW_VOIDS = (-32768.0, -32767.0, -9999.0, -99999.0, -999999.0, -2147483648.0, -1e10)
_HIGH_VOIDS = (32767.0, 65535.0, 99999.0, 999999.0, 2147483647.0, 4294967295.0, 1e10)
_HUGE = np.float32(1e18)
_FAR = 1000.0


class UndeclaredVoid:
    """Takes well-known void values out of heights, and knows afterwards whether that was right.

    Right means: the nearest other value is more than 1000 units away. Values of 1e18 and more are void in any case.
    """

    def __init__(self) -> None:
        self.counts: dict[float, int] = {}
        self.cells = 0
        self.lowest, self.highest = math.inf, -math.inf
        self._scale = 1.0

    def strike(self, heights: Heights, unit_scale: float = 1.0) -> Heights:
        """Sets void values to NaN in place and returns the array. ``unit_scale``: raw to real, for the distance."""
        self.cells += heights.size
        self._scale = abs(unit_scale) or 1.0
        if not heights.size:
            return heights
        with np.errstate(invalid="ignore"):
            low, high = np.fmin.reduce(heights, axis=None), np.fmax.reduce(heights, axis=None)
            if low <= -_HUGE or high >= _HUGE:
                for value, count in zip(*np.unique(heights[np.abs(heights) >= _HUGE], return_counts=True), strict=True):
                    self._count(float(value), int(count))
                heights[np.abs(heights) >= _HUGE] = np.nan
                low, high = np.fmin.reduce(heights, axis=None), np.fmax.reduce(heights, axis=None)
            for values, extreme in ((_LOW_VOIDS, low), (_HIGH_VOIDS, high)):
                for value in values:
                    if (extreme <= value) if values is _LOW_VOIDS else (extreme >= value):
                        found = heights == np.float32(value)
                        count = int(np.count_nonzero(found))
                        if count:
                            self._count(value, count)
                            heights[found] = np.nan
            low, high = np.fmin.reduce(heights, axis=None), np.fmax.reduce(heights, axis=None)
        if low <= high:
            self.lowest, self.highest = min(self.lowest, float(low)), max(self.highest, float(high))
        return heights

    def _count(self, value: float, count: int) -> None:
        self.counts[value] = self.counts.get(value, 0) + count

    @property
    def mistaken(self) -> bool:
        """Whether a value was struck out that belongs to the terrain."""
        if self.lowest > self.highest:
            return False  # nothing else is there to compare with
        return any(
            (self.lowest - value if value < 0 else value - self.highest) * self._scale <= _FAR
            for value in self.counts
            if abs(value) < _HUGE
        )

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(
            Note(
                "{value} read as void (undeclared nodata, {share} %)",
                value=_minus(value),
                share=f"{100 * count / self.cells:.3g}",
            )
            for value, count in sorted(self.counts.items())
        )


def _minus(value: float) -> str:
    return f"{value:.7g}".replace("-", "−", 1) if value < 0 else f"{value:.7g}"


# --------------------------------------------------------------------------------------------------------------------
# Opening


def open_source(path: str | Path, band: int | None = None) -> GdalSource:
    """Opens a raster for reading. ``path``: anything that GDAL opens, connection strings and /vsi paths included.

    ``band``: counted from 1. None takes the first, and refuses what looks like a picture, not heights; a number
    insists. Raises DemError.
    """
    text = str(path)
    name = Path(text).name or text
    dataset = None
    with _gdal_quiet() as gdal:
        with suppress(RuntimeError):  # where the process has chosen GDAL's exceptions
            dataset = gdal.OpenEx(text, gdal.OF_RASTER | gdal.OF_READONLY)
        message = gdal.GetLastErrorMsg()
        if dataset is None:
            raise DemError(_why_not(gdal, text, message))
        if dataset.RasterCount == 0:
            inner = [key for key, _ in dataset.GetSubDatasets()]
            hint = f"open one of its rasters: {', '.join(inner[:4])}" if inner else "give a raster of heights"
            raise DemError(f"{name}: expected a raster with bands; got none; fix: {hint}")
        number = 1 if band is None else band
        if not 1 <= number <= dataset.RasterCount:
            count = dataset.RasterCount
            raise DemError(f"{name}: expected a band 1..{count}; got {number}; fix: choose one that exists")
        if band is None:
            _refuse_pictures(gdal, dataset, name)
        chosen = dataset.GetRasterBand(number)
        if chosen.DataType not in _DTYPES:
            kind = gdal.GetDataTypeName(chosen.DataType)
            raise DemError(f"{name}: expected real numbers in band {number}; got {kind}; fix: choose a band of heights")
        return GdalSource(dataset, number, name)


def _why_not(gdal: Any, path: str, message: str) -> str:
    name = Path(path).name or path
    ordinary = ":" not in path[2:] and not path.startswith(("/vsi", "<"))
    if ordinary and not os.path.exists(path):  # pathlib raises where a name is too long
        return f"{path}: expected a raster file; got no such file; fix: check the path"
    if ordinary and os.path.isdir(path):
        return f"{path}: expected a raster file; got a folder; fix: give a file inside it"
    vector = None
    with suppress(RuntimeError):
        vector = gdal.OpenEx(path, gdal.OF_VECTOR | gdal.OF_READONLY)
    if vector is not None:
        return f"{name}: expected a raster of heights; got vector data; fix: give a DEM, or rasterise it first"
    if path.lower().endswith(".zip") and ordinary:
        return f"{name}: expected a raster; got a zip; fix: name the file inside it, /vsizip/{path}/dem.tif"
    got = message or "an unknown format"
    return f"{name}: expected a raster that GDAL reads; got: {got}; fix: convert it to GeoTIFF"


def _refuse_pictures(gdal: Any, dataset: Any, name: str) -> None:
    first = dataset.GetRasterBand(1)
    if first.GetColorTable() is not None and first.DataType == gdal.GDT_Byte:
        what = "a picture with a colour table"
    elif dataset.RasterCount >= 3 and [dataset.GetRasterBand(i).GetColorInterpretation() for i in (1, 2, 3)] == [
        gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand,
    ]:  # fmt: skip
        what = "a picture of red, green and blue bands"
    else:
        return
    raise DemError(
        f"{name}: expected heights; got what looks like {what}; fix: give a DEM, or insist on a band (--band 1, band=1)"
    )


# --------------------------------------------------------------------------------------------------------------------
# Map units to metres

_UNIT_M = {
    "": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "mètre": 1.0, "mètres": 1.0,
    "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "'": 0.3048, "ft_intl": 0.3048, "international foot": 0.3048,
    "foot (international)": 0.3048, "international feet": 0.3048, "ftintl": 0.3048,
    "us survey foot": 1200 / 3937, "us survey feet": 1200 / 3937, "us_survey_foot": 1200 / 3937,
    "ftus": 1200 / 3937, "us-ft": 1200 / 3937, "us ft": 1200 / 3937, "usft": 1200 / 3937, "ft_us": 1200 / 3937,
    "foot_us": 1200 / 3937, "foot us": 1200 / 3937, "u.s. survey foot": 1200 / 3937, "u.s. foot": 1200 / 3937,
    "survey foot": 1200 / 3937, "ussurveyfoot": 1200 / 3937, "us foot": 1200 / 3937, "sft": 1200 / 3937,
    "km": 1000.0, "kilometre": 1000.0, "kilometer": 1000.0, "kilometres": 1000.0, "kilometers": 1000.0,
    "dm": 0.1, "decimetre": 0.1, "decimeter": 0.1, "decimetres": 0.1, "decimeters": 0.1,
    "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01, "centimetres": 0.01, "centimeters": 0.01,
    "mm": 0.001, "millimetre": 0.001, "millimeter": 0.001, "millimetres": 0.001, "millimeters": 0.001,
    "yd": 0.9144, "yard": 0.9144, "yards": 0.9144, "fathom": 1.8288, "fathoms": 1.8288, "fm": 1.8288,
}  # fmt: skip


def metres_per_unit(unit: str) -> float | None:
    """Metres of a vertical unit as bands name it (any case), 1 for "", None if the name is not known."""
    return _UNIT_M.get(" ".join(unit.strip().lower().split()))


def metres_per_degree(latitude: float, semi_major_m: float, inverse_flattening: float) -> tuple[float, float]:
    """Metres of one degree of longitude and of latitude, on an ellipsoid. ``inverse_flattening`` 0 is a sphere.

    Snyder (1987), Map Projections: A Working Manual, USGS PP 1395, p. 24-25: prime-vertical radius
    N = a / √(1 − e² sin²φ), meridian radius M = a (1 − e²) / (1 − e² sin²φ)^1.5; degrees are N cos φ and M times π/180.
    """
    flattening = 1 / inverse_flattening if inverse_flattening else 0.0
    e2 = flattening * (2 - flattening)
    phi = math.radians(latitude)
    w = 1 - e2 * math.sin(phi) ** 2
    prime_vertical = semi_major_m / math.sqrt(w)
    meridian = semi_major_m * (1 - e2) / w**1.5
    return math.radians(1) * prime_vertical * math.cos(phi), math.radians(1) * meridian


WGS84 = (6378137.0, 298.257223563)


@dataclass(frozen=True)
class _MapScale:
    """Metres on the ground of one map unit along x and along y, at the centre of the DEM."""

    x: float
    y: float
    notes: tuple[str, ...] = ()
    from_degrees: bool = False


def _map_scale(crs_wkt: str, x: float, y: float) -> _MapScale:
    """The scale of a CRS at the map position (x, y)."""
    with _gdal_quiet():
        from osgeo import osr

        srs = osr.SpatialReference()
        try:
            known = bool(crs_wkt) and srs.ImportFromWkt(crs_wkt) == 0
        except RuntimeError:
            known = False
        if not known:
            undone = Note("CRS not understood: map units taken as metres")
            return _MapScale(1.0, 1.0, (undone if crs_wkt else Note("no CRS: map units taken as metres"),))
        ellipsoid = (srs.GetSemiMajor(), srs.GetInvFlattening())
        if srs.IsGeographic():
            degrees = math.degrees(srs.GetAngularUnits())
            # Right at a pole a degree of longitude has no length; 1 m cells for a raster of 1° cells help nobody.
            latitude = max(-89.9, min(89.9, y * degrees))
            east, north = metres_per_degree(latitude, *ellipsoid)
            return _MapScale(east * degrees, north * degrees, from_degrees=True)
        unit = srs.GetLinearUnits() or 1.0
        notes: list[str] = []
        if abs(unit - 1) >= 1e-9:
            notes = [
                Note("map units of {metres} m ({name})", metres=f"{unit:.7g}", name=srs.GetLinearUnitsName() or "")
            ]
        scale = _true_scale(osr, srs, x, y, ellipsoid, unit) if srs.IsProjected() else None
        if scale is None:
            return _MapScale(unit, unit, tuple(notes))
        sx, sy = scale
        if max(abs(sx / unit - 1), abs(sy / unit - 1)) <= 0.01:
            # UTM and the like: within a per cent of true. Keep the lengths that the map's own ruler shows.
            return _MapScale(unit, unit, tuple(notes))
        stretch = "projection's stretch undone: one map unit is {across} × {down} m here"
        notes.append(Note(stretch, across=f"{sx:.4g}", down=f"{sy:.4g}"))
        return _MapScale(sx, sy, tuple(notes))


def _true_scale(
    osr: Any, srs: Any, x: float, y: float, ellipsoid: tuple[float, float], unit: float
) -> tuple[float, float] | None:
    """Ground metres of a map unit along x and y, by differences through the projection; None where it has no answer."""
    geographic = srs.CloneGeogCS()
    if geographic is None:
        return None
    source = srs.Clone()
    for system in (source, geographic):
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    step = 10.0 / unit
    try:
        transform = osr.CoordinateTransformation(source, geographic)
        points = [transform.TransformPoint(px, py) for px, py in
                  ((x, y), (x - step, y), (x + step, y), (x, y - step), (x, y + step))]  # fmt: skip
    except (RuntimeError, TypeError):
        return None
    if not all(math.isfinite(value) for point in points for value in point[:2]):
        return None
    degrees = math.degrees(geographic.GetAngularUnits())
    east, north = metres_per_degree(points[0][1] * degrees, *ellipsoid)

    def length(a: Any, b: Any) -> float:
        along = (b[0] - a[0]) * degrees
        along -= 360 * round(along / 360)  # across the antimeridian
        return math.hypot(along * east, (b[1] - a[1]) * degrees * north) / (2 * step)

    sx, sy = length(points[1], points[2]), length(points[3], points[4])
    return (sx, sy) if sx > 0 and sy > 0 else None


# --------------------------------------------------------------------------------------------------------------------
# Reading


def read_dem(
    path_or_source: str | Path | HeightSource,
    *,
    band: int | None = None,
    memory_budget: int | None = None,
    max_side: int = MAX_SIDE,
    z_factor: float | None = None,
    window: tuple[int, int, int, int] | None = None,
    max_samples: int | None = None,
    picture_size: tuple[int, int] = (1600, 1000),
    progress: Progress | None = None,
    cancel: object = None,
) -> Dem:
    """Reads heights into memory, in metres, averaged down where the budget asks for it.

    - ``path_or_source``: a path for ``open_source``, with ``band``, or a HeightSource.
    - ``memory_budget``: bytes the renderer may hold in all, for a picture of ``picture_size``; see memory_tracker.
      None: what every adapter has, min(25 % of RAM, 512 MiB). ``max_side`` and ``max_samples`` limit it further.
    - ``z_factor``: metres of one height unit; None: from the band's unit, metres if that is not known.
    - ``window``: (col, row, cols, rows) of the source to read; None: all of it.
    - ``progress``: called with 0..1. ``cancel``: an object with ``is_set()``, or a callable, true to stop; asked before
      each strip of at most 16 MiB.

    Distances are true at the DEM's centre: degrees by the ellipsoid of the CRS, feet as metres, and the stretch of
    Mercator and other projections undone where it passes 1 %. Raises DemError, MemoryBudgetError, Cancelled.
    """
    if z_factor is not None and not (math.isfinite(z_factor) and z_factor > 0):
        raise DemError(f"z_factor: expected a number above 0; got {z_factor!r}; fix: metres of one height unit")
    stop = _cancel_check(cancel)
    source = open_source(path_or_source, band) if isinstance(path_or_source, (str, Path)) else path_or_source
    area = _checked_window(source, window)
    sketch = plan((area[2], area[3]), picture_size, memory_budget, max_side=max_side, max_samples=max_samples)
    report = progress or (lambda fraction: None)
    undeclared = strike_here = None
    if isinstance(source, GdalSource):  # it strikes before it averages
        if source.undeclared is not None:
            undeclared = source.undeclared = UndeclaredVoid()
            if source.has_overviews and sketch.factor > 1:
                _distrust_polluted_overviews(source)
    elif source.nodata is None:
        undeclared = strike_here = UndeclaredVoid()
    heights = _read_strips(source, area, sketch.size, report, stop, strike_here)
    if undeclared is not None and undeclared.mistaken:
        # The rare case: terrain that really goes through -9999. Once more, as it is.
        undeclared = None
        if isinstance(source, GdalSource):
            source.undeclared = None
        heights = _read_strips(source, area, sketch.size, report, stop, None)

    notes = list(source.notes)
    held = sketch.size
    if held != (area[2], area[3]):
        memory_bound = plan((area[2], area[3]), picture_size, memory_budget).size == held
        smaller = Note("{source} read as {held}", source=f"{area[2]}×{area[3]}", held=f"{held[0]}×{held[1]}")
        notes.append(sketch.note if memory_bound else smaller)
    if undeclared is not None:
        notes.extend(undeclared.notes)
    low, high = _range(heights)
    if low > high:
        raise DemError(f"{source.name}: expected heights; got only void cells; fix: choose another band or area")
    geotransform, cell_to_world, crs_wkt, place_notes = _placed(source, area, held, high - low)
    notes.extend(place_notes)
    factor = _z_factor(source.unit, z_factor, notes)
    if factor != 1.0:
        heights *= np.float32(factor)
    return Dem(
        heights=heights,
        cell_to_world=cell_to_world,
        georeference=Georeference(geotransform, crs_wkt),
        source_size=source.size,
        name=source.name,
        notes=tuple(notes),
    )


def _cancel_check(cancel: object) -> Callable[[], None]:
    asked = getattr(cancel, "is_set", cancel)

    def check() -> None:
        if callable(asked) and asked():
            raise Cancelled("reading the DEM was cancelled")

    return check


def _checked_window(source: HeightSource, window: tuple[int, int, int, int] | None) -> tuple[int, int, int, int]:
    cols, rows = source.size
    area = (0, 0, cols, rows) if window is None else tuple(int(v) for v in window)
    if len(area) != 4 or area[0] < 0 or area[1] < 0 or area[0] + area[2] > cols or area[1] + area[3] > rows:
        raise DemError(f"window: expected (col, row, cols, rows) inside {cols}×{rows}; got {window}; fix: clip it")
    if area[2] < 2 or area[3] < 2:
        got = f"{area[2]}×{area[3]}"
        raise DemError(f"{source.name}: expected at least 2×2 cells; got {got}; fix: choose a larger raster or window")
    return area


def _distrust_polluted_overviews(source: GdalSource) -> None:
    """Without a declared nodata, overviews mix void values into their neighbours. Look before using them.

    Looks where voids are: at the outermost rows and columns, and over the smallest overview. Terrain whose only void is
    an island missed by both keeps its overviews.
    """
    cols, rows = source.size
    probe = UndeclaredVoid()
    smallest = source._levels[-1]
    if smallest.XSize * smallest.YSize <= 4 * MIB:
        probe.strike(source._raw(smallest, 0, 0, smallest.XSize, smallest.YSize, source._dtype).astype(np.float32))
    for x, y, width, height in ((0, 0, cols, 1), (0, rows - 1, cols, 1), (0, 0, 1, rows), (cols - 1, 0, 1, rows)):
        probe.strike(source._raw(source._levels[0], x, y, width, height, source._dtype).astype(np.float32))
    if probe.counts and not probe.mistaken:
        source.keep_to_full_resolution()


def _read_strips(
    source: HeightSource,
    area: tuple[int, int, int, int],
    size: tuple[int, int],
    report: Progress,
    stop: Callable[[], None],
    undeclared: UndeclaredVoid | None,
) -> Heights:
    """The heights of ``area``, ``size`` (cols, rows) of them, read in strips of at most 16 MiB of source cells."""
    left, top, area_cols, area_rows = area
    cols, rows = size
    heights = np.empty((rows, cols), dtype=np.float32)
    factor = area_rows / rows
    lines = max(1, int(STRIP_BYTES / 4 / area_cols / factor))
    report(0.0)
    for start in range(0, rows, lines):
        stop()
        end = min(rows, start + lines)
        first, last = (start, end) if rows == area_rows else (start * factor, end * factor)
        strip = source.read((left, top + first, area_cols, last - first), (end - start, cols))
        if strip.shape != (end - start, cols):
            raise DemError(f"{source.name}: expected {end - start} rows of {cols}; got {strip.shape}; fix: report it")
        heights[start:end] = strip
        if undeclared is not None:
            undeclared.strike(heights[start:end])
        report(end / rows)
    return heights


def _range(heights: Heights) -> tuple[float, float]:
    low, high = math.inf, -math.inf
    for start in range(0, heights.shape[0], 256):
        strip = heights[start : start + 256]
        a, b = float(np.fmin.reduce(strip, axis=None)), float(np.fmax.reduce(strip, axis=None))
        if a <= b:
            low, high = min(low, a), max(high, b)
    return low, high


def _placed(
    source: HeightSource, area: tuple[int, int, int, int], held: tuple[int, int], relief: float
) -> tuple[Geotransform, tuple[float, float, float, float], str, list[str]]:
    """Geotransform and cell matrix of the array as held, its CRS, and notes."""
    left, top, area_cols, area_rows = area
    fx, fy = area_cols / held[0], area_rows / held[1]
    notes: list[str] = []
    g = source.geotransform
    crs_wkt = source.crs_wkt
    if g is None:
        notes.append(Note("no georeference: square cells of 1 m, row 0 in the north"))
        g, crs_wkt = (0.0, 1.0, 0.0, float(source.size[1]), 0.0, -1.0), ""
        scale = _MapScale(1.0, 1.0)
    else:
        centre_c, centre_r = left + area_cols / 2, top + area_rows / 2
        x, y = g[0] + centre_c * g[1] + centre_r * g[2], g[3] + centre_c * g[4] + centre_r * g[5]
        if not crs_wkt and _must_be_degrees(g, source.size, relief):
            east, north = metres_per_degree(y, *WGS84)
            note = Note("no CRS: taken as degrees on WGS 84, as heights far exceed the extent")
            scale = _MapScale(east, north, (note,), from_degrees=True)
        else:
            scale = _map_scale(crs_wkt, x, y)
        notes.extend(scale.notes)
        if scale.from_degrees:
            across = math.hypot(g[1] * scale.x, g[4] * scale.y)
            down = math.hypot(g[2] * scale.x, g[5] * scale.y)
            notes.append(Note("degrees as {across}×{down} m a cell", across=_short(across), down=_short(down)))
    geotransform = (
        g[0] + left * g[1] + top * g[2], g[1] * fx, g[2] * fy,
        g[3] + left * g[4] + top * g[5], g[4] * fx, g[5] * fy,
    )  # fmt: skip
    cell_to_world = (
        geotransform[1] * scale.x, geotransform[2] * scale.x, geotransform[4] * scale.y, geotransform[5] * scale.y,
    )  # fmt: skip
    return geotransform, cell_to_world, crs_wkt, notes


def _short(metres: float) -> str:
    return f"{metres:.1f}" if 1 <= metres < 1000 else f"{metres:.4g}"


def _must_be_degrees(g: Geotransform, size: tuple[int, int], relief: float) -> bool:
    """Whether a raster without CRS can only be in degrees: it lies on the globe, and no terrain is that steep."""
    cols, rows = size
    xs = (g[0], g[0] + cols * g[1] + rows * g[2])
    ys = (g[3], g[3] + cols * g[4] + rows * g[5])
    on_globe = all(-361 <= x <= 361 for x in xs) and all(-91 <= y <= 91 for y in ys)
    return on_globe and relief > 2 * max(abs(xs[1] - xs[0]), abs(ys[1] - ys[0]))


def _z_factor(unit: str, z_factor: float | None, notes: list[str]) -> float:
    if z_factor is not None:
        if z_factor != 1.0:
            notes.append(Note("heights × {factor}", factor=f"{z_factor:.7g}"))
        return float(z_factor)
    factor = metres_per_unit(unit)
    if factor is None:
        notes.append(Note("unit of heights «{unit}» not known, taken as metres", unit=unit))
        return 1.0
    if factor != 1.0:
        templates = {0.3048: "feet × {factor}", 1200 / 3937: "US survey feet × {factor}"}
        notes.append(Note(templates.get(factor, "{unit} × {factor}"), unit=unit, factor=f"{factor:.7g}"))
    return factor
