"""What a picture will take, told before it is drawn: bytes by the estimate, seconds by tracing a little of it.

Which rays are long depends on the view, and what a pixel costs on how near its neighbours' rays are: a coarse picture
of the same view is up to twice as slow a pixel. So thin strips of the very picture are traced, spread from top to
bottom, read back and encoded as the picture will be. That takes a second at most, and no more than some 2 % of the time
that the picture will.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .budget import TRACED_ROWS, format_bytes, peak_bytes
from .notes import Note

if TYPE_CHECKING:
    from .render import RenderSession, Rgba

WORTH_TELLING_S = 3.0
"""A shorter wait needs no words."""
SHARE = 0.02
"""Of the samples of the picture, traced for the forecast."""
ENCODED_SHARE = 0.16
"""Of the rows of the picture, read back and encoded for the forecast, at most."""
STRIPS = 16
ENOUGH_MS, MOST_MS = 10.0, 100.0
"""A strip that takes so long is high enough, at least and at most."""
LOOK = 0.0015
"""And this share of the wait."""


@dataclass(frozen=True)
class Forecast:
    """``bytes``: the most that the renderer will hold. ``bands``: strips that the picture is drawn in.

    ``seconds``: from now to the whole picture.
    """

    bytes: int
    bands: int
    seconds: float

    @property
    def note(self) -> Note:
        """«512 MiB in 9 bands, about 40 s»."""
        size, wait = format_bytes(self.bytes), duration_text(self.seconds)
        if self.bands == 1:
            return Note("{size} in one band, about {time}", size=size, time=wait)
        return Note("{size} in {bands} bands, about {time}", size=size, bands=str(self.bands), time=wait)


def duration_text(seconds: float) -> str:
    """``40 s``, ``12 min``, ``2.5 h``: two digits, as nobody can tell more."""
    if seconds < 99.5:
        return f"{max(1.0, float(f'{seconds:.2g}')):.0f} s"
    minutes = seconds / 60
    return f"{float(f'{minutes:.2g}'):g} min" if minutes < 99.5 else f"{float(f'{minutes / 60:.2g}'):g} h"


@dataclass(frozen=True)
class Pace:
    """Milliseconds, as measured: a sample of a pixel, a pixel from its light to the file, and a strip beside that."""

    sample_ms: float
    pixel_ms: float
    strip_ms: float

    def seconds(self, size: tuple[int, int], samples: int, bands: int) -> float:
        """For a picture of (width, height) pixels in so many strips."""
        pixels = size[0] * size[1]
        return (pixels * (samples * self.sample_ms + self.pixel_ms) + bands * self.strip_ms) / 1000.0


def measured_pace(
    session: RenderSession, size: tuple[int, int], samples: int, encode: Callable[[Rgba], object] | None = None,
    *, lines: int | None = None,
) -> Pace:  # fmt: skip
    """Traces strips of the picture that is ``size`` pixels in all, one sample each. The session holds heights and
    scene; it shows the last of the strips afterwards. ``encode``: what becomes of the rows, to be timed, too.
    ``lines``: the rows that the picture is drawn in at a time, and no more of them are here; None: all.

    Raises what ``RenderSession.refine`` does.
    """
    width, height = size
    limit = height if lines is None else min(height, lines)
    most = max(TRACED_ROWS, min(round(SHARE * height * samples), round(ENCODED_SHARE * height)))
    strips = max(1, min(STRIPS, most // TRACED_ROWS))
    most = min(limit, most // strips // TRACED_ROWS * TRACED_ROWS)
    strip = _Strip(session, size, encode)
    rows = min(limit, TRACED_ROWS)
    strip.measure(height // 2, rows)  # what is made once, programs above all, is not the pace
    while 2 * rows <= most:
        took = strip.measure(height // 2, rows)
        # The longer the wait, the longer may be looked: neither the clock nor the neighbours' work counts then.
        if took >= min(MOST_MS, max(ENOUGH_MS, LOOK * took * height * samples / rows)):
            break
        rows *= 2
    strip = _Strip(session, size, encode)
    for index in range(strips):
        strip.measure(round((index + 0.5) / strips * height), rows)
    pixels = strips * rows * width
    return Pace(strip.trace_ms / pixels, strip.read_ms / pixels, strip.begin_ms / strips)


class _Strip:
    """Sums of milliseconds over strips: what tracing takes, what comes before it and what after."""

    def __init__(self, session: RenderSession, size: tuple[int, int], encode: Callable[[Rgba], object] | None) -> None:
        self._session, self._size, self._encode = session, size, encode
        self.trace_ms = self.begin_ms = self.read_ms = 0.0

    def measure(self, middle: int, rows: int) -> float:
        """One sample of so many rows; the milliseconds of tracing."""
        width, height = self._size
        top = min(height - rows, max(0, middle - rows // 2))
        start = time.perf_counter()
        self._session.resize((width, rows))
        self._session.set_crop(0, top, self._size)
        self._session.refine(60_000.0, samples=1)
        traced = time.perf_counter()
        image = self._session.read()
        if self._encode is not None:
            self._encode(image.rgba)
        end = time.perf_counter()
        trace_ms = float(image.metrics["trace_ms"])
        self.trace_ms += trace_ms
        self.begin_ms += max(0.0, 1000 * (traced - start) - trace_ms)
        self.read_ms += 1000 * (end - traced)
        return trace_ms


def forecast(
    session: RenderSession, size: tuple[int, int], *, samples: int, lines: int, dem_size: tuple[int, int],
    drape_size: tuple[int, int] | None = None, budget: int | None = None,
    encode: Callable[[Rgba], object] | None = None, height_bits: int = 32,
) -> Forecast:  # fmt: skip
    """Of the picture that ``strip_steps`` will draw with these arguments. Others as in ``measured_pace`` and
    ``budget.peak_bytes``."""
    bands = -(-size[1] // lines)
    seconds = measured_pace(session, size, samples, encode, lines=lines).seconds(size, samples, bands)
    return Forecast(peak_bytes(dem_size, size, lines, drape_size, budget, height_bits=height_bits), bands, seconds)
