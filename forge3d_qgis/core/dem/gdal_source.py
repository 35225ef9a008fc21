"""A band of a GDAL raster as a height source: opening, georeference, levels. How it is read is in gdal_filling."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..budget import MIB, format_bytes
from ..errors import DemError
from ..notes import Note
from .gdal_calls import FAILURES, ask, checked_gdal, last_message, quiet_gdal, unasked
from .gdal_filling import Filling, Linear, Rows, fill_in_order
from .grid import Geotransform, Heights, Size, WholeWindow, Window, is_invertible
from .source import NOT_WHOLE
from .voids import Mask, UndeclaredVoid

# Numbers of GDALDataType. Spelt here because names of newer types are missing from older bindings.
_DTYPES: dict[int, str] = {
    1: "u1", 2: "u2", 3: "i2", 4: "u4", 5: "i4", 6: "f4", 7: "f8", 12: "u8", 13: "i8", 14: "i1", 15: "f2",
}  # fmt: skip
_GDT_BYTE = 1
_MASK_ALL_VALID, _MASK_NODATA = 0x01, 0x08

MOST_THREADS = 16  # more wait for each other and for the disk


NOTED_BLOCK_BYTES = 256 * MIB
"""A block of this size is worth a note: reading takes that memory beside the plan's."""


class _Level:
    """One resolution of a band: the band itself or an overview of it."""

    def __init__(self, dataset: Any, band: Any, name: str, dtype: np.dtype[Any], masked: bool) -> None:
        # The dataset stays referenced as long as the band is: GDAL frees bands with it, and crashes on a freed one.
        self._dataset = dataset
        self._band, self._name, self.dtype = band, name, dtype
        self._type = band.DataType
        self.size: Size = (int(band.XSize), int(band.YSize))
        blocks = band.GetBlockSize()
        self.block: Size = (max(1, int(blocks[0])), max(1, int(blocks[1])))
        self._mask = ask(band.GetMaskBand) if masked else None
        if self._mask is not None and (self._mask.XSize, self._mask.YSize) != self.size:
            raise ValueError("a mask of another size than its band")

    def cells(self, x: int, y: int, cols: int, rows: int) -> npt.NDArray[Any]:
        """The numbers of the file, (rows, cols)."""
        return self._read(self._band, self._type, self.dtype, x, y, cols, rows)

    def hidden(self, x: int, y: int, cols: int, rows: int) -> Mask | None:
        """Where the band's mask hides cells; None for a band without one."""
        if self._mask is None:
            return None
        return np.asarray(self._read(self._mask, _GDT_BYTE, np.dtype("u1"), x, y, cols, rows) == 0)

    def close(self) -> None:
        """Lets go of the dataset."""
        self._dataset = self._band = self._mask = None

    def forget(self) -> None:
        """Drops the blocks that GDAL has decoded and keeps, up to 5 % of the machine's memory, of this handle alone."""
        with quiet_gdal(), suppress(*FAILURES):
            self._band.FlushCache()
            if self._mask is not None:
                self._mask.FlushCache()

    def _read(
        self, band: Any, kind: int, dtype: np.dtype[Any], x: int, y: int, cols: int, rows: int
    ) -> npt.NDArray[Any]:
        data, reason = None, ""
        with quiet_gdal() as gdal:
            for _ in range(2):  # for the reason that `ask` has
                try:
                    data = band.ReadRaster(x, y, cols, rows, buf_type=kind)
                    break
                except FAILURES as error:
                    reason = str(error)
            reason = last_message(gdal) or reason
        if data is None or len(data) != cols * rows * dtype.itemsize:
            raise DemError(
                f"{self._name}: expected {cols}×{rows} cells at column {x}, row {y}; got {reason or 'a read error'}; "
                "fix: check that the file is complete"
            )
        return np.frombuffer(data, dtype=dtype).reshape(rows, cols)


class _Handle:
    """An open dataset of our own and the levels of one band in it: for one thread at a time."""

    def __init__(self, dataset: Any, band_number: int, name: str) -> None:
        self.dataset = dataset
        self.band = band = dataset.GetRasterBand(band_number)
        flags = ask(band.GetMaskFlags) or _MASK_ALL_VALID
        self.masked = not flags & _MASK_ALL_VALID and flags != _MASK_NODATA
        dtype = np.dtype(_DTYPES[band.DataType])
        if dtype == np.uint8 and ask(band.GetMetadataItem, "PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE":
            dtype = np.dtype("i1")
        self.levels = [_Level(dataset, band, name, dtype, self.masked)]
        for number in range(ask(band.GetOverviewCount) or 0):
            with suppress(*FAILURES):  # a broken overview is none
                overview = ask(band.GetOverview, number)
                if overview is not None and overview.DataType == band.DataType:
                    level = _Level(dataset, overview, name, dtype, self.masked)
                    if 0 < level.size[0] < band.XSize and 0 < level.size[1] <= band.YSize:
                        self.levels.append(level)
        self.levels[1:] = sorted(self.levels[1:], key=lambda level: -level.size[0])

    def close(self) -> None:
        """GDAL closes the dataset now, and not when the last frame of some kept exception goes."""
        for level in self.levels:
            level.close()
        self.dataset = self.band = None


class GdalSource:
    """One band of a GDAL raster as a LevelledSource. Not for two threads at a time. Made by ``open_source``."""

    def __init__(
        self,
        dataset: Any,
        band_number: int,
        name: str,
        *,
        crs_wkt: str = "",
        reopen: Callable[[], Any] | None = None,
    ) -> None:
        """``reopen``: gives the dataset once more, for another thread; None where only one handle should read."""
        self.name, self.band_number = name, band_number
        self.notes: tuple[str, ...] = ()
        with checked_gdal(name):
            self._handle = _Handle(dataset, band_number, name)
            band = self._handle.band
            self.size: Size = self._handle.levels[0].size
            self.unit: str = str(ask(band.GetUnitType) or "").strip()
            nodata = ask(band.GetNoDataValue)
            self.nodata: float | None = None if nodata is None else float(nodata)
            self._check_block()
            self._linear = self._read_scale(band)
            self.geotransform, file_crs = self._read_georeference()
        self.crs_wkt = crs_wkt or file_crs
        self._reopen = reopen
        self._overviews_hold_voids: bool | None = None

    def _check_block(self) -> None:
        """GDAL decodes a block as a whole, and holds its compressed bytes beside it: it must fit."""
        level = self._handle.levels[0]
        needed = level.block[0] * level.block[1] * level.dtype.itemsize
        as_tiles = "gdal_translate -co TILED=YES -co COMPRESS=DEFLATE makes small ones"
        with quiet_gdal() as gdal:
            most = (ask(gdal.GetUsablePhysicalRAM) or 4 << 30) // 2
        if needed > most:
            limit = format_bytes(most)
            raise DemError(
                f"{self.name}: expected blocks of at most {limit}; got one of {format_bytes(needed)}; fix: {as_tiles}"
            )
        if needed >= NOTED_BLOCK_BYTES:
            self.notes += (
                Note("stored as one block, decoded as a whole: {size} of memory", size=format_bytes(needed)),
            )

    def _read_scale(self, band: Any) -> Linear:
        scale, offset = ask(band.GetScale), ask(band.GetOffset)
        linear = Linear(1.0 if scale is None else float(scale), 0.0 if offset is None else float(offset))
        if math.isfinite(linear.scale) and linear.scale != 0 and math.isfinite(linear.offset):
            return linear
        self.notes += (Note("its scale and offset are no numbers to reckon with and were left aside"),)
        return Linear(1.0, 0.0)

    def _read_georeference(self) -> tuple[Geotransform | None, str]:
        dataset = self._handle.dataset
        crs = str(ask(dataset.GetProjection) or "")
        transform = ask(dataset.GetGeoTransform, can_return_null=True)
        if transform is None and (ask(dataset.GetGCPCount) or 0) >= 3:
            with quiet_gdal() as gdal:
                transform = ask(gdal.GCPsToGeoTransform, ask(dataset.GetGCPs))
            crs = str(ask(dataset.GetGCPProjection) or crs)
            if transform is not None:
                self.notes += (Note("placed by its ground control points"),)
        if transform is None:
            return None, crs
        g = tuple(map(float, transform))
        if len(g) != 6 or not is_invertible(g):
            self.notes += (Note("its georeference is degenerate and was left aside"),)
            return None, crs
        return g, crs

    def files(self) -> tuple[str, ...]:
        """Names of the files that the raster is made of, side files and a VRT's sources among them.

        Takes as long as looking at each of them.
        """
        with quiet_gdal():
            return tuple(map(str, ask(self._handle.dataset.GetFileList) or ()))

    @property
    def levels(self) -> tuple[Size, ...]:
        """See LevelledSource: the band and its overviews."""
        return tuple(level.size for level in self._handle.levels)

    @property
    def declares_voids(self) -> bool:
        """See LevelledSource."""
        return self.nodata is not None or self._handle.masked

    @property
    def whole_range(self) -> tuple[int, int] | Note | None:
        """See StripSource: of bytes and of 16-bit numbers, without a scale."""
        level, (scale, offset) = self._handle.levels[0], self._linear
        small = level.dtype.kind in "iu" and level.dtype.itemsize <= 2
        if not small:
            return None
        if not (scale == 1.0 and offset == math.floor(offset) and abs(offset) <= 1e6):
            return NOT_WHOLE
        # An overview of nearly the size of the band may be read in its place, and holds averages.
        alone = all(size[0] < 0.95 * self.size[0] or size[1] < 0.95 * self.size[1] for size in self.levels[1:])
        if not alone:
            return Note("heights held as 32-bit numbers, as an overview of nearly the same size holds averages")
        limits = np.iinfo(level.dtype)
        return int(limits.min) + int(offset), int(limits.max) + int(offset)

    @property
    def band_offset(self) -> float:
        """See LevelledSource."""
        return self._linear.offset

    def read(
        self, window: Window, shape: tuple[int, int], *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Heights:
        """See LevelledSource."""
        heights: Heights = np.empty(shape, dtype=np.float32)
        for _ in self.fill(heights, window, datum=datum, voids=voids):
            pass
        return heights

    def fill(
        self, out: Heights, window: Window, *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Iterator[int]:
        """See LevelledSource. Voids are found before averages; large GeoTIFFs are read by all cores."""
        left, top, cols, rows = window
        if min(left, top) < 0 or left + cols > self.size[0] or top + rows > self.size[1]:
            out[...] = np.nan
        shape = out.shape[0], out.shape[1]
        for _, done in self._fill(shape, lambda first, end: out[first:end], window, datum, voids):
            yield done

    def strips(
        self, window: WholeWindow, shape: tuple[int, int], *, datum: float = 0.0, voids: UndeclaredVoid | None = None
    ) -> Iterator[Heights]:
        """See StripSource. At the cost of ``fill``: each block is decoded once, by as many threads."""

        def room(first: int, end: int) -> Heights:
            return np.empty((end - first, shape[1]), dtype=np.float32)

        for finished, _ in self._fill(shape, room, window, datum, voids):
            for rows in finished:
                yield rows.heights

    def _fill(
        self,
        shape: tuple[int, int],
        rows: Callable[[int, int], Heights],
        window: Window,
        datum: float,
        voids: UndeclaredVoid | None,
    ) -> Iterator[tuple[list[Rows], int]]:
        seen = UndeclaredVoid(well_known=False, declared=self.nodata) if voids is None else voids
        number = self._level_for(window, shape, seen)
        filling = Filling(
            shape=shape,
            rows=rows,
            window=window,
            full_size=self.size,
            level=self._handle.levels[number],
            nodata=self.nodata,
            linear=Linear(self._linear.scale, self._linear.offset - datum),
        )
        handles = self._handles(filling.most_threads)
        try:
            yield from fill_in_order(filling, [handle.levels[number] for handle in handles], seen)
        finally:
            for handle in handles[1:]:
                handle.close()

    def close(self) -> None:
        """Closes the dataset; nothing can be read any more. Twice is fine.

        A program in which GDAL ends before Python does, as it does in QGIS, must not leave that to the garbage
        collector: a dataset that is closed after GDAL's end takes the process down.
        """
        self._handle.close()

    def _level_for(self, window: Window, shape: tuple[int, int], voids: UndeclaredVoid) -> int:
        """The coarsest level that need not be enlarged: enlarging shows as stripes."""
        factor = min(window[2] / shape[1], window[3] / shape[0])
        number = 0
        for finer, size in enumerate(self.levels):
            # 1 %: sizes of overviews are rounded.
            if self.size[0] / size[0] <= factor * 1.01 and self.size[1] / size[1] <= factor * 1.01:
                number = finer
        return 0 if number and voids.well_known and self._voids_in_overviews() else number

    def _voids_in_overviews(self) -> bool:
        """Whether undeclared void values may have been averaged into the overviews.

        Looks where voids are: at the outermost rows and columns, and over the smallest overview. Terrain whose only
        void is an island missed by both keeps its overviews.
        """
        if self._overviews_hold_voids is None:
            cols, rows = self.size
            probe = UndeclaredVoid()
            base, smallest = self._handle.levels[0], self._handle.levels[-1]
            if smallest.size[0] * smallest.size[1] <= 4 * MIB:
                probe.find(smallest.cells(0, 0, *smallest.size), self._linear.scale)
            for edge in ((0, 0, cols, 1), (0, rows - 1, cols, 1), (0, 0, 1, rows), (cols - 1, 0, 1, rows)):
                probe.find(base.cells(*edge), self._linear.scale)
            base.forget()
            self._overviews_hold_voids = probe.found and not probe.mistaken
        return self._overviews_hold_voids

    def _handles(self, most: int) -> list[_Handle]:
        """Our own handle and as many more as there are cores to read with, ``most`` in all."""
        handles = [self._handle]
        wanted = min(most, MOST_THREADS, _cores()) if self._reopen is not None else 1
        with quiet_gdal(), suppress(*FAILURES):  # fewer handles than wanted do the same, later
            while len(handles) < wanted and self._reopen is not None:
                dataset = self._reopen()
                if dataset is None:
                    break
                handle = _Handle(dataset, self.band_number, self.name)
                if [level.size for level in handle.levels] != list(self.levels):
                    break
                handles.append(handle)
        return handles


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Windows and macOS
        return os.cpu_count() or 1


# --------------------------------------------------------------------------------------------------------------------
# Opening


def open_source(path: str | Path, band: int | None = None, *, name: str | None = None, crs_wkt: str = "") -> GdalSource:
    """Opens a raster for reading. ``path``: anything that GDAL opens, connection strings and /vsi paths included.

    ``band``: counted from 1. None takes the first, and refuses what looks like a picture, not heights; a number
    insists. ``name``: for people, None for the file's. ``crs_wkt``: in place of the file's, if not empty. Raises
    DemError.
    """
    text = str(path)
    name = name or Path(text).name or text
    if "\0" in text:
        raise DemError(f"{name!r}: expected a path; got one with a null character; fix: check the path")
    if band is not None and (isinstance(band, bool) or not hasattr(band, "__index__")):
        raise DemError(f"{name}: expected a band's number; got {band!r}; fix: count bands from 1")
    with checked_gdal(name) as gdal, unasked():
        dataset = None
        with suppress(*FAILURES):
            dataset = gdal.OpenEx(text, gdal.OF_RASTER | gdal.OF_READONLY)
        if dataset is None:
            raise DemError(_why_not(gdal, text, last_message(gdal)))
        if dataset.RasterCount == 0:
            inner = [key for key, _ in ask(dataset.GetSubDatasets) or ()]
            hint = f"open one of its rasters: {', '.join(inner[:4])}" if inner else "give a raster of heights"
            raise DemError(f"{name}: expected a raster with bands; got none; fix: {hint}")
        number = 1 if band is None else int(band)
        if not 1 <= number <= dataset.RasterCount:
            count = dataset.RasterCount
            raise DemError(f"{name}: expected a band 1..{count}; got {number}; fix: choose one that exists")
        if band is None:
            _refuse_pictures(gdal, dataset, name)
        chosen = dataset.GetRasterBand(number)
        if chosen is None or chosen.DataType not in _DTYPES:
            kind = "no band" if chosen is None else gdal.GetDataTypeName(chosen.DataType)
            raise DemError(f"{name}: expected real numbers in band {number}; got {kind}; fix: choose a band of heights")

        def again() -> Any:
            with unasked():
                return gdal.OpenEx(text, gdal.OF_RASTER | gdal.OF_READONLY)

        # Tiles and strips of a GeoTIFF on disk decode on their own. Other formats and archives would be read from their
        # beginning by each thread, and servers be asked by many.
        apart = (
            dataset.GetDriver().ShortName in ("GTiff", "COG") and not text.startswith("/vsi") and os.path.isfile(text)
        )
        return GdalSource(dataset, number, name, crs_wkt=crs_wkt, reopen=again if apart else None)


def _why_not(gdal: Any, path: str, message: str) -> str:
    name = Path(path).name or path
    ordinary = ":" not in path[2:] and not path.startswith(("/vsi", "<"))
    if ordinary and not os.path.exists(path):  # pathlib raises where a name is too long
        return f"{path}: expected a raster file; got no such file; fix: check the path"
    if ordinary and os.path.isdir(path):
        return f"{path}: expected a raster file; got a folder; fix: give a file inside it"
    vector = None
    with suppress(*FAILURES):
        vector = gdal.OpenEx(path, gdal.OF_VECTOR | gdal.OF_READONLY)
    if vector is not None:
        return f"{name}: expected a raster of heights; got vector data; fix: give a DEM, or rasterise it first"
    if path.lower().endswith(".zip") and ordinary:
        return f"{name}: expected a raster; got a zip; fix: name the file inside it, /vsizip/{path}/dem.tif"
    got = message or "an unknown format"
    return f"{name}: expected a raster that GDAL reads; got: {got}; fix: convert it to GeoTIFF"


def _refuse_pictures(gdal: Any, dataset: Any, name: str) -> None:
    first = dataset.GetRasterBand(1)
    if ask(first.GetColorTable) is not None and first.DataType == gdal.GDT_Byte:
        what = "a picture with a colour table"
    elif dataset.RasterCount >= 3 and [ask(dataset.GetRasterBand(i).GetColorInterpretation) for i in (1, 2, 3)] == [
        gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand,
    ]:  # fmt: skip
        what = "a picture of red, green and blue bands"
    else:
        return
    raise DemError(
        f"{name}: expected heights; got what looks like {what}; fix: give a DEM, or insist on a band (--band 1, band=1)"
    )
