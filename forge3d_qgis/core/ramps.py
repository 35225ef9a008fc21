"""Colours by height: the value, the ramps that come with the package, and text ramps as gdaldem reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .checks import check_choice, check_flag, scene_error
from .errors import SceneError
from .text_file import read_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Interpolation = Literal["linear", "discrete"]
Rgba = tuple[int, int, int, int]

INTERPOLATIONS: tuple[Interpolation, ...] = ("linear", "discrete")
DEFAULT_RAMP = "terrain"


@dataclass(frozen=True)
class ColorRamp:
    """Colours by height. ``stops``: ((value, (r, g, b, a)), …), bytes, values ascending, at least one.

    ``relative``: values are 0..1 of the DEM's height range instead of metres. ``linear`` interpolates between stops (in
    sRGB, as gdaldem does); ``discrete`` gives every height up to a stop's value that stop's colour. Heights beyond the
    ends take the end's colour. Raises SceneError.
    """

    stops: tuple[tuple[float, Rgba], ...]
    relative: bool = False
    interpolation: Interpolation = "linear"

    def __post_init__(self) -> None:
        check_flag(self, "relative")
        check_choice(self, "interpolation", INTERPOLATIONS)
        stops = []
        try:
            for value, color in self.stops:
                channels = tuple(int(c) for c in color)
                if len(channels) == 3:
                    channels = (*channels, 255)
                if (
                    len(channels) != 4
                    or not all(0 <= c <= 255 for c in channels)
                    or channels[: len(color)] != tuple(color)
                ):
                    raise scene_error(
                        "ColorRamp.stops", "colours of 4 bytes 0..255", color, "give (red, green, blue, alpha)"
                    )
                stops.append((float(value), channels))
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, SceneError):
                raise
            raise scene_error("ColorRamp.stops", "((value, (r, g, b, a)), …)", self.stops, "give numbers") from None
        if not 1 <= len(stops) <= 4096:
            raise scene_error("ColorRamp.stops", "1..4096 stops", len(stops), "give at least one (value, colour)")
        values = [value for value, _ in stops]
        low, high = (0.0, 1.0) if self.relative else (-3.4e38, 3.4e38)
        for value in values:
            if not low <= value <= high:
                raise scene_error(
                    "ColorRamp.stops",
                    f"values in {low:g}..{high:g}",
                    value,
                    "relative values are parts of the height range, absolute ones metres",
                )
        for before, after in pairwise(values):
            if not before < after:
                raise scene_error("ColorRamp.stops", "values in ascending order", (before, after), "sort the stops")
        object.__setattr__(self, "stops", tuple(stops))

    @classmethod
    def named(cls, name: str) -> ColorRamp:
        """One of the ramps that come with the package (``ramp_names()``). Raises SceneError."""
        if not isinstance(name, str):
            raise scene_error("color ramp", "a name", name, "give one of ramp_names()")
        return _named_ramp(name)

    @classmethod
    def from_file(cls, path: str | Path, *, height_range: tuple[float, float] | None = None) -> ColorRamp:
        """A text ramp as ``gdaldem color-relief`` reads it. Raises SceneError.

        A line is ``value colour [alpha]``: the value a height or a percentage of the height range (``12.5%``), the
        colour three bytes or one of gdaldem's names, separated by blanks, commas, tabs or colons. Lines that begin with
        # or / are comments; ``nv`` (the colour of nodata) is passed over, as voids are holes here. Two lines of one
        value make a step. Files that QGIS exports for a colour map work as well, with their ``INTERPOLATION:`` line.

        ``height_range``: lowest and highest metres, only needed for a file that mixes heights and percentages.
        """
        return _parse_ramp(read_text(path, "color ramp"), str(path), height_range)

    def colors_at(
        self, heights: npt.ArrayLike, height_range: tuple[float, float] | None = None
    ) -> npt.NDArray[np.uint8]:
        """The colours of ``heights`` (metres, any shape) as uint8 (…, 4), NaN as (0, 0, 0, 0).

        ``height_range``: the (lowest, highest) metres that a relative ramp spans; without it ``heights`` are taken as
        0..1 already. Meant for legends and tests; the renderer computes the same on the GPU.
        """
        import numpy as np

        values = np.asarray(heights, dtype=np.float64)
        if self.relative and height_range is not None:
            low, high = height_range
            values = (values - low) / (high - low) if high > low else np.where(np.isnan(values), np.nan, 0.0)
        void = np.isnan(values)
        known = np.where(void, 0.0, values)
        stops = np.array([value for value, _ in self.stops])
        colors = np.array([color for _, color in self.stops], dtype=np.float64)
        if self.interpolation == "discrete":
            result = colors[np.minimum(np.searchsorted(stops, known, side="left"), len(stops) - 1)]
        else:
            result = np.stack([np.interp(known, stops, colors[:, channel]) for channel in range(4)], axis=-1)
        result[void] = 0.0
        # 0.45 and not a half: gdaldem rounds so.
        colors_of_heights: npt.NDArray[np.uint8] = np.floor(result + 0.45).astype(np.uint8)
        return colors_of_heights


# The names that gdaldem color-relief knows, with its values.
_COLOR_NAMES: Mapping[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "magenta": (255, 0, 255),
    "cyan": (0, 255, 255),
    "aqua": (0, 191, 191),
    "grey": (191, 191, 191),
    "gray": (191, 191, 191),
    "orange": (255, 127, 0),
    "brown": (191, 127, 63),
    "purple": (127, 0, 255),
    "violet": (127, 0, 255),
    "indigo": (0, 127, 255),
}


def _parse_ramp(text: str, name: str, height_range: tuple[float, float] | None) -> ColorRamp:
    interpolation: Interpolation = "linear"
    entries: list[tuple[float, bool, Rgba]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = [part for part in re.split(r"[ ,\t:]+", line.strip()) if part]
        if len(fields) < 2 or fields[0][0] in "#/" or fields[0].lower() == "nv":
            continue
        what = f"color ramp {name}, line {number}"
        if fields[0].upper() == "INTERPOLATION":
            interpolation = "linear" if fields[1].upper() == "INTERPOLATED" else "discrete"
            continue
        percent = len(fields[0]) > 1 and fields[0].endswith("%")
        value = _number_or_nan(fields[0].rstrip("%"))
        if math.isnan(value):
            raise scene_error(what, "a height, a percentage or nv", fields[0], "write: value red green blue")
        if percent:
            value /= 100.0
            if not 0.0 <= value <= 1.0:
                raise scene_error(what, "0%..100%", fields[0], "percentages are parts of the height range")
        value = max(-3.4e38, min(3.4e38, value))  # QGIS ends its discrete maps with inf
        named = _COLOR_NAMES.get(fields[1].lower())
        # A label may follow in files from QGIS: only what stands where alpha belongs is read as alpha.
        parts = fields[2:3] if named else fields[1:5]
        try:
            channels = [round(float(part)) for part in parts[: 1 if named else 3]]
            alpha = [] if named or len(parts) < 4 or math.isnan(_number_or_nan(parts[3])) else [round(float(parts[3]))]
        except (ValueError, OverflowError):  # inf is no byte either
            raise scene_error(
                what,
                "three bytes or one of gdaldem's colour names",
                " ".join(fields[1:]),
                "known names: " + ", ".join(_COLOR_NAMES),
            ) from None
        rgba = [*named, *channels] if named else [*channels, *alpha]
        if len(rgba) == 3:
            rgba.append(255)
        if len(rgba) != 4 or not all(0 <= channel <= 255 for channel in rgba):
            raise scene_error(what, "value red green blue [alpha], bytes 0..255", line.strip(), "correct the line")
        entries.append((value, percent, (rgba[0], rgba[1], rgba[2], rgba[3])))
    if not entries:
        raise scene_error(f"color ramp {name}", "lines such as '500 120 160 90'", "no colour", "is it a text ramp?")
    relative = all(percent for _, percent, _ in entries)
    if relative or not any(percent for _, percent, _ in entries):
        stops = [(value, rgba) for value, _, rgba in entries]
    elif height_range is None:
        raise scene_error(
            f"color ramp {name}", "heights or percentages", "both mixed", "use one of them in the whole file"
        )
    else:
        low, high = height_range
        stops = [(low + (high - low) * value if percent else value, rgba) for value, percent, rgba in entries]
    stops.sort(key=lambda stop: stop[0])  # stable: of two lines of one value the first stays the lower
    return ColorRamp(_steps_apart(stops, lowest=0.0 if relative else -3.4e38), relative, interpolation)


def _number_or_nan(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _steps_apart(stops: list[tuple[float, Rgba]], lowest: float) -> tuple[tuple[float, Rgba], ...]:
    """Ascending values from non-descending ones: of equal values the first moves down by about one float32 step.

    gdaldem does the same. float32, because that is what the GPU compares.
    """
    apart: list[tuple[float, Rgba]] = []
    for value, rgba in stops:
        if apart and apart[-1][0] >= value:
            below = value - max(abs(value), 1e-6) * 2.0**-22
            # No room below: at the end of the scale, or for the second of three of one value, which nobody could see.
            if below < lowest or (len(apart) > 1 and apart[-2][0] >= below):
                apart.pop()
            else:
                apart[-1] = (below, apart[-1][1])
        apart.append((value, rgba))
    return tuple(apart)


def ramp_names() -> tuple[str, ...]:
    """The names that ``ColorRamp.named`` knows, the default first, then in alphabetical order."""
    from . import resource_path

    names = sorted(path.stem for path in resource_path("ramps").glob("*.txt"))
    return tuple(sorted(names, key=lambda name: name != DEFAULT_RAMP))


@lru_cache(maxsize=64)
def _named_ramp(name: str) -> ColorRamp:
    from . import resource_path

    names = ramp_names()
    if name not in names:
        raise scene_error("color ramp", "one of " + ", ".join(names), name, "give such a name, or a file to from_file")
    return ColorRamp.from_file(resource_path("ramps", f"{name}.txt"))
