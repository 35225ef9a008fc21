"""What a height source is: the protocol that read_dem, tiles and layers share, and readers by strips."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from ..budget import MIB
from ..errors import DemError
from ..notes import Note
from .grid import Geotransform, Heights, Size, WholeWindow, Window
from .voids import UndeclaredVoid

STRIP_BYTES = 16 * MIB
NOT_WHOLE = Note("heights held as 32-bit numbers, as the band's scale or offset allows no others")


@runtime_checkable
class HeightSource(Protocol):
    """Where heights come from: the least that ``read_dem`` can work with. ``LevelledSource`` says more.

    ``size``: (columns, rows). ``geotransform``: as in Georeference, or None. ``unit``: of the heights, as the band
    names it, "" if unknown. ``nodata``: the declared void value in units of the band, None if there is none: only then
    are well-known void values looked for. ``notes``: what the user should know about the opening.
    """

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> Size: ...
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


@runtime_checkable
class LevelledSource(HeightSource, Protocol):
    """A HeightSource that gives any window at any resolution, in the order that is cheapest for it.

    ``GdalSource`` for files, ``layers.ProviderSource`` for QGIS layers; ``levelled`` makes one of any HeightSource.
    Nothing in it changes by reading.
    """

    @property
    def levels(self) -> tuple[Size, ...]:
        """(columns, rows) of the resolutions that are held, finest first; the first is ``size``.

        A window costs as many cells as it has on the coarsest of them that need not be enlarged.
        """
        ...

    @property
    def declares_voids(self) -> bool:
        """Whether the source says itself which cells are void, by a value or a mask: none need be guessed."""
        ...

    @property
    def band_offset(self) -> float:
        """What is added to the stored numbers to make heights, in the band's unit."""
        ...

    def read(
        self, window: Window, shape: tuple[int, int], *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Heights:
        """As ``HeightSource.read``, of any window, at any level: fractions of cells and parts beyond the raster too.

        What lies beyond the raster is void; a cell of the answer that reaches beyond it may be. ``datum``: taken out of
        the heights, in the band's unit, before they become float32. ``voids`` finds void values that are not declared,
        before averages where the source can, and remembers what it saw.
        """
        ...

    def fill(
        self, out: Heights, window: Window, *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Iterator[int]:
        """As ``read`` into ``out`` (rows, cols), step by step: yields how many rows from the top are done.

        A step reads about 16 MiB of source cells. To stop, leave the iterator.
        """
        ...


@runtime_checkable
class StripSource(LevelledSource, Protocol):
    """A LevelledSource that gives a window as strips, none of which it keeps."""

    @property
    def whole_range(self) -> tuple[int, int] | Note | None:
        """The lowest and the highest height that its numbers can hold, in the band's unit, where all heights that are
        not averaged are whole numbers of 16 bits at most; None for others, or a note that says why, where what is
        stored has no more than 16 bits. Known before anything is read.
        """
        ...

    def strips(
        self, window: WholeWindow, shape: tuple[int, int], *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Iterator[Heights]:
        """As ``fill`` of a window inside the raster, the rows of which come as new arrays, from the top."""
        ...


def strips_of(
    source: LevelledSource, window: WholeWindow, shape: tuple[int, int], datum: float, voids: UndeclaredVoid
) -> Iterator[Heights]:
    """``StripSource.strips``, by windows where ``source`` has no strips of its own."""
    if isinstance(source, StripSource):
        yield from source.strips(window, shape, datum=datum, voids=voids)
        return
    for part, size in _parts(window, shape):
        yield source.read(part, size, datum=datum, voids=voids)


def _parts(window: Window, shape: tuple[int, int]) -> Iterator[tuple[Window, tuple[int, int]]]:
    """Windows of about ``STRIP_BYTES`` of source cells that make up ``window``, and their shapes, from the top."""
    left, top, cols, rows = window
    count = shape[0]
    high = rows / count
    lines = max(1, int(STRIP_BYTES / 4 / max(cols, 1) / high))
    for start in range(0, count, lines):
        end = min(count, start + lines)
        first, last = (start, end) if count == rows else (start * high, end * high)
        yield (left, top + first, cols, last - first), (end - start, shape[1])


def levelled(source: HeightSource) -> LevelledSource:
    """``source`` itself where it knows its levels, else a reader by strips over it."""
    return source if isinstance(source, LevelledSource) else _WindowsOnly(source)


class StripReader(ABC):
    """``read`` and ``fill`` of a LevelledSource over one function for windows inside the raster."""

    name: str
    size: Size

    @property
    def levels(self) -> tuple[Size, ...]:
        return (self.size,)

    @abstractmethod
    def read_inside(
        self, window: Window, shape: tuple[int, int], datum: float, voids: UndeclaredVoid | None
    ) -> Heights:
        """As ``LevelledSource.read`` of a window inside the raster."""

    def read(
        self, window: Window, shape: tuple[int, int], *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Heights:
        """See LevelledSource."""
        left, top, cols, rows = window
        spans = _inside(left, cols, shape[1], self.size[0]), _inside(top, rows, shape[0], self.size[1])
        (first_col, end_col), (first_row, end_row) = spans
        inside = end_row - first_row, end_col - first_col
        if inside == shape:
            return self._checked(window, shape, datum, voids)
        heights = np.full(shape, np.nan, dtype=np.float32)
        if min(inside) > 0:
            wide, high = cols / shape[1], rows / shape[0]
            part = (left + first_col * wide, top + first_row * high, inside[1] * wide, inside[0] * high)
            heights[first_row:end_row, first_col:end_col] = self._checked(part, inside, datum, voids)
        return heights

    def _checked(self, window: Window, shape: tuple[int, int], datum: float, voids: UndeclaredVoid | None) -> Heights:
        strip = self.read_inside(window, shape, datum, voids)
        if strip.shape != shape:
            raise DemError(
                f"{self.name}: expected {shape[0]} rows of {shape[1]}; got {strip.shape}; fix: report it to its maker"
            )
        return strip

    def fill(
        self, out: Heights, window: Window, *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Iterator[int]:
        """See LevelledSource."""
        done = 0
        for part, shape in _parts(window, (out.shape[0], out.shape[1])):
            out[done : done + shape[0]] = self.read(part, shape, datum=datum, voids=voids)
            done += shape[0]
            yield done

    @property
    def whole_range(self) -> tuple[int, int] | None:
        """See StripSource: not known of any source."""
        return None

    def strips(
        self, window: WholeWindow, shape: tuple[int, int], *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Iterator[Heights]:
        """See StripSource."""
        for part, size in _parts(window, shape):
            yield self.read(part, size, datum=datum, voids=voids)


def _inside(start: float, length: float, count: int, size: int) -> tuple[int, int]:
    """First and end of the ``count`` parts of start..start + length that lie within 0..size, but for rounding."""
    step = length / count
    first = max(0, math.ceil(-start / step - 1e-6))
    return first, max(first, min(count, math.floor((size - start) / step + 1e-6)))


class _WindowsOnly(StripReader):
    """A HeightSource as a LevelledSource: it averages before void values can be looked for, and gives float32."""

    def __init__(self, source: HeightSource) -> None:
        self._source = source
        self.name, self.size, self.geotransform = source.name, source.size, source.geotransform
        self.crs_wkt, self.unit, self.nodata, self.notes = source.crs_wkt, source.unit, source.nodata, source.notes
        self.declares_voids = source.nodata is not None
        self.band_offset = 0.0

    def read_inside(
        self, window: Window, shape: tuple[int, int], datum: float, voids: UndeclaredVoid | None
    ) -> Heights:
        heights = np.array(self._source.read(window, shape), dtype=np.float32)
        if voids is not None:
            voids.strike(heights)
        return heights if datum == 0.0 else (heights - np.float64(datum)).astype(np.float32)
