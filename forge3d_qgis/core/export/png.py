"""PNG files of any size, row by row in the memory of a strip. Knows zlib; no GDAL, no Qt."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import ExportError
from .whole_file import WholeFile

if TYPE_CHECKING:
    from ..render import Image

_FILTER_UP = 2
_IDAT_BYTES = 1 << 20
_BLOCK_ROWS_BYTES = 4 << 20


class PngWriter:
    """Writes a PNG from rows that arrive from top to bottom: a picture of any height needs the memory of a strip.

    Own code because GDAL's PNG driver only copies a finished dataset (no Create), and Qt's writer takes a whole image.

    The file appears under its name only when it is complete (``WholeFile``). Use it with ``with``::

        with PngWriter(path, width, height, dpi=300) as writer:
            for rows in strips:
                writer.write_rows(rows)
    """

    def __init__(
        self, path: str | Path, width: int, height: int, *, dpi: float | None = None, alpha: bool = True, level: int = 4
    ) -> None:
        """``dpi``: pixels an inch (pHYs). ``alpha`` False drops the fourth channel. ``level``: of zlib, 0..9.

        Raises ExportError.
        """
        if not (1 <= width < 2**31 and 1 <= height < 2**31):
            raise ExportError(f"PNG: expected a size from 1×1; got {width}×{height}; fix: give the picture's size")
        if dpi is not None and not 1 <= dpi <= 100_000:
            raise ExportError(f"dpi: expected 1..100000 pixels an inch; got {dpi!r}; fix: 300 suits print")
        self.path = Path(path)
        self.width, self.height, self.rows_written = width, height, 0
        self._channels = 4 if alpha else 3
        self._above = np.zeros((1, width * self._channels), dtype=np.uint8)
        self._compressor = _compressor(level)
        self._waiting = bytearray()
        self._file = WholeFile(self.path)
        try:
            self._file.write(b"\x89PNG\r\n\x1a\n")
            self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6 if alpha else 2, 0, 0, 0))
            self._chunk(b"sRGB", b"\x00")  # perceptual intent; the bytes are sRGB already
            if dpi is not None:
                per_metre = round(dpi / 0.0254)
                self._chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
        except BaseException:
            self.discard()
            raise

    @property
    def bytes_written(self) -> int:
        """Size of the file so far."""
        return self._file.bytes_written

    def _chunk(self, kind: bytes, content: bytes | bytearray) -> None:
        checksum = zlib.crc32(content, zlib.crc32(kind))
        self._file.write(struct.pack(">I", len(content)) + kind)
        self._file.write(content)
        self._file.write(struct.pack(">I", checksum))

    def write_rows(self, rgba: npt.NDArray[np.uint8]) -> None:
        """Appends rows: uint8 (rows, width, 4), straight alpha, sRGB. Raises ExportError."""
        if self._file.closed:
            raise ExportError(f"{self.path}: expected an open file; got rows after its end; fix: make a new PngWriter")
        try:
            if rgba.ndim != 3 or rgba.shape[1:] != (self.width, 4) or rgba.dtype != np.uint8:
                raise ExportError(
                    f"PNG rows: expected uint8 (rows, {self.width}, 4); got {rgba.dtype} {rgba.shape}; "
                    "fix: pass RGBA bytes"
                )
            if self.rows_written + rgba.shape[0] > self.height:
                raise ExportError(f"PNG rows: expected {self.height} in all; got more; fix: check the height")
            step = max(1, _BLOCK_ROWS_BYTES // (4 * self.width))
            for start in range(0, rgba.shape[0], step):
                self._write_block(rgba[start : start + step, :, : self._channels])
        except BaseException:  # rows that were written in part cannot be continued
            self.discard()
            raise

    def _write_block(self, pixels: npt.NDArray[np.uint8]) -> None:
        rows = pixels.shape[0]
        filtered, self._above = _filtered(pixels, self._above)
        self._waiting += self._compressor.compress(filtered.data)
        if len(self._waiting) >= _IDAT_BYTES:
            self._chunk(b"IDAT", self._waiting)
            self._waiting.clear()
        self.rows_written += rows

    def close(self) -> None:
        """Completes the file and gives it its name. Raises ExportError, also when rows are missing. Twice is fine."""
        if self._file.closed:
            return
        try:
            if self.rows_written != self.height:
                raise ExportError(f"PNG rows: expected {self.height}; got {self.rows_written}; fix: write all of them")
            self._waiting += self._compressor.flush()
            self._chunk(b"IDAT", self._waiting)
            self._chunk(b"IEND", b"")
        except BaseException:
            self.discard()
            raise
        self._file.close()

    def discard(self) -> None:
        """Gives up: deletes what was written so far. The picture's own name was never touched."""
        self._file.discard()

    def __enter__(self) -> PngWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _compressor(level: int) -> zlib._Compress:
    # FILTERED: the bytes are differences, mostly small: less string matching, more Huffman coding.
    return zlib.compressobj(level, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)


def _filtered(
    pixels: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Rows as PNG holds them, for the row ``above`` the first; and the last row."""
    rows = pixels.shape[0]
    lines = np.ascontiguousarray(pixels).reshape(rows, -1)
    filtered = np.empty((rows, lines.shape[1] + 1), dtype=np.uint8)
    filtered[:, 0] = _FILTER_UP
    np.subtract(lines[:1], above, out=filtered[:1, 1:])  # uint8 wraps around, as the filter wants
    np.subtract(lines[1:], lines[:-1], out=filtered[1:, 1:])
    return filtered, lines[-1:].copy()


def encode_in_vain(rgba: npt.NDArray[np.uint8], *, alpha: bool = True, level: int = 4) -> int:
    """Does what ``PngWriter`` does with rows, writes nothing, and tells the bytes: for timing it."""
    pixels = rgba[:, :, : 4 if alpha else 3]
    above = np.zeros((1, pixels.shape[1] * pixels.shape[2]), dtype=np.uint8)
    compressor = _compressor(level)
    return len(compressor.compress(_filtered(pixels, above)[0].data)) + len(compressor.flush())


def save_png(picture: Image | npt.NDArray[np.uint8], path: str | Path, *, dpi: float | None = None) -> None:
    """Writes a picture, or uint8 (height, width, 4) or (height, width, 3), as PNG. Raises ExportError.

    Alpha is left out when all of it is opaque. ``dpi``: pixels an inch.
    """
    pixels = np.asarray(picture)
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or pixels.dtype != np.uint8 or pixels.size == 0:
        raise ExportError(
            f"picture: expected uint8 (height, width, 4); got {pixels.dtype} {pixels.shape}; fix: pass RGBA bytes"
        )
    if pixels.shape[2] == 3:
        pixels = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 255, dtype=np.uint8)], axis=2)
    height, width = pixels.shape[:2]
    with PngWriter(path, width, height, dpi=dpi, alpha=bool(pixels[..., 3].min() < 255)) as writer:
        writer.write_rows(pixels)
