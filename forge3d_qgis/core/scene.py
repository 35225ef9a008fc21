"""What to draw: frozen, checked values that round-trip through JSON. Knows no GDAL, no GPU, no Qt."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from .errors import SceneError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Projection = Literal["perspective", "orthographic"]
Shading = Literal["relief", "horn"]
Interpolation = Literal["linear", "discrete"]
Rgba = tuple[int, int, int, int]

PROJECTIONS: tuple[Projection, ...] = ("perspective", "orthographic")
SHADINGS: tuple[Shading, ...] = ("relief", "horn")
INTERPOLATIONS: tuple[Interpolation, ...] = ("linear", "discrete")

JSON_VERSION = 1
DEFAULT_RAMP = "terrain"

_T = TypeVar("_T", bound=str)


def _error(what: str, expected: str, got: object, fix: str) -> SceneError:
    return SceneError(f"{what}: expected {expected}; got {got!r}; fix: {fix}")


def _as_float(value: Any) -> float:
    """The number, NaN for what is none: texts, booleans, integers beyond any float."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _number(owner: object, name: str, low: float, high: float, fix: str) -> None:
    """Makes the attribute a float in ``low``..``high``, or raises."""
    value = getattr(owner, name)
    what = f"{type(owner).__name__}.{name}"
    expected = f"a number in {low:g}..{high:g}"
    number = _as_float(value)
    if not low <= number <= high:  # NaN too
        raise _error(what, expected, value, fix)
    object.__setattr__(owner, name, number)


def _bearing(owner: object, name: str) -> None:
    """Makes the attribute a compass bearing in 0..360 (360 itself excluded) from any finite number of degrees."""
    value = getattr(owner, name)
    what = f"{type(owner).__name__}.{name}"
    number = _as_float(value)
    if not math.isfinite(number):
        raise _error(what, "a finite number of degrees", value, "give a compass bearing: 0 north, 90 east")
    # The second remainder: -1e-20 % 360 rounds up to 360 itself.
    object.__setattr__(owner, name, number % 360.0 % 360.0)


def _choice(owner: object, name: str, choices: tuple[_T, ...]) -> None:
    value = getattr(owner, name)
    if value not in choices:
        what = f"{type(owner).__name__}.{name}"
        raise _error(what, "one of " + ", ".join(choices), value, f"use {choices[0]!r}")


def _flag(owner: object, name: str) -> None:
    value = getattr(owner, name)
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
        raise _error(f"{type(owner).__name__}.{name}", "True or False", value, "give a boolean")
    object.__setattr__(owner, name, bool(value))


def _color(owner: object, name: str, *, transparent: bool) -> None:
    value = getattr(owner, name)
    if isinstance(value, str):
        lower = value.strip().lower()
        if re.fullmatch(r"#[0-9a-f]{6}", lower) or (transparent and lower == "transparent"):
            object.__setattr__(owner, name, lower)
            return
    expected = "'#rrggbb'" + (" or 'transparent'" if transparent else "")
    raise _error(f"{type(owner).__name__}.{name}", expected, value, "give a colour such as '#f4f1ea'")


@dataclass(frozen=True)
class Sun:
    """Direct light. ``azimuth``: degrees clockwise from north, where it stands. ``altitude``: 0 horizon .. 90 zenith.

    ``size``: angular diameter of its disk in degrees, 0..45 (the real one: 0.53): the softness of the shadows.
    ``intensity``: 0..10, 1 is full daylight. Azimuths outside 0..360 are wrapped; anything else out of range, NaN and
    infinities raise SceneError.
    """

    azimuth: float = 315.0
    altitude: float = 45.0
    size: float = 2.0
    intensity: float = 1.0

    def __post_init__(self) -> None:
        _bearing(self, "azimuth")
        _number(self, "altitude", 0.0, 90.0, "degrees above the horizon: 0 horizon, 90 zenith")
        _number(self, "size", 0.0, 45.0, "degrees across the disk: 0.53 is the real sun, 2 to 10 look soft")
        _number(self, "intensity", 0.0, 10.0, "1 is full daylight")


@dataclass(frozen=True)
class Camera:
    """An orbit camera. ``heading``: compass bearing it looks to. ``pitch``: degrees it looks down, 0..90 (from above).

    Without ``target`` the whole DEM is fitted into the picture and ``zoom`` (> 0) magnifies that view. With ``target``
    (world metres from the DEM's centre: east, north, exaggerated height) the camera stands ``distance`` metres /
    ``zoom`` away from it. ``field_of_view``: vertical, degrees, 1..120 (perspective). ``resolution``: metres a pixel
    (orthographic; replaces the fit). Raises SceneError.
    """

    heading: float = 0.0
    pitch: float = 45.0
    zoom: float = 1.0
    field_of_view: float = 35.0
    projection: Projection = "perspective"
    resolution: float | None = None
    target: tuple[float, float, float] | None = None
    distance: float | None = None

    def __post_init__(self) -> None:
        _bearing(self, "heading")
        _number(self, "pitch", 0.0, 90.0, "degrees below the horizon: 0 looks level, 90 straight down")
        _number(self, "zoom", 1e-3, 1e6, "1 fits the whole DEM, 2 makes it twice as large")
        _number(self, "field_of_view", 1.0, 120.0, "vertical angle in degrees: 35 looks natural")
        _choice(self, "projection", PROJECTIONS)
        if self.resolution is not None:
            _number(self, "resolution", 1e-6, 1e9, "metres a pixel, or None to fit the DEM")
        if self.distance is not None:
            _number(self, "distance", 1e-6, 1e12, "metres from camera to target, or None to fit the DEM")
        if self.target is not None:
            try:
                east, north, up = (float(v) for v in self.target)
            except (TypeError, ValueError, OverflowError):
                east = north = up = math.nan
            if not all(map(math.isfinite, (east, north, up))):
                raise _error("Camera.target", "three finite numbers (east, north, up) in metres", self.target,
                             "give metres from the DEM's centre, or None to fit the DEM")  # fmt: skip
            object.__setattr__(self, "target", (east, north, up))


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
        _flag(self, "relative")
        _choice(self, "interpolation", INTERPOLATIONS)
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
                    raise _error(
                        "ColorRamp.stops", "colours of 4 bytes 0..255", color, "give (red, green, blue, alpha)"
                    )
                stops.append((float(value), channels))
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, SceneError):
                raise
            raise _error("ColorRamp.stops", "((value, (r, g, b, a)), …)", self.stops, "give numbers") from None
        if not 1 <= len(stops) <= 4096:
            raise _error("ColorRamp.stops", "1..4096 stops", len(stops), "give at least one (value, colour)")
        values = [value for value, _ in stops]
        low, high = (0.0, 1.0) if self.relative else (-3.4e38, 3.4e38)
        for value in values:
            if not low <= value <= high:
                raise _error("ColorRamp.stops", f"values in {low:g}..{high:g}", value,
                             "relative values are parts of the height range, absolute ones metres")  # fmt: skip
        for before, after in pairwise(values):
            if not before < after:
                raise _error("ColorRamp.stops", "values in ascending order", (before, after), "sort the stops")
        object.__setattr__(self, "stops", tuple(stops))

    @classmethod
    def named(cls, name: str) -> ColorRamp:
        """One of the ramps that come with the package (``ramp_names()``). Raises SceneError."""
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
        try:
            text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise _error("color ramp", "a readable text file", str(path), error.strerror or str(error)) from None
        return _parse_ramp(text, str(path), height_range)

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
            raise _error(what, "a height, a percentage or nv", fields[0], "write: value red green blue")
        if percent:
            value /= 100.0
            if not 0.0 <= value <= 1.0:
                raise _error(what, "0%..100%", fields[0], "percentages are parts of the height range")
        value = max(-3.4e38, min(3.4e38, value))  # QGIS ends its discrete maps with inf
        named = _COLOR_NAMES.get(fields[1].lower())
        # A label may follow in files from QGIS: only what stands where alpha belongs is read as alpha.
        parts = fields[2:3] if named else fields[1:5]
        try:
            channels = [round(float(part)) for part in parts[: 1 if named else 3]]
            alpha = [] if named or len(parts) < 4 or math.isnan(_number_or_nan(parts[3])) else [round(float(parts[3]))]
        except (ValueError, OverflowError):  # inf is no byte either
            raise _error(what, "three bytes or one of gdaldem's colour names", " ".join(fields[1:]),
                         "known names: " + ", ".join(_COLOR_NAMES)) from None  # fmt: skip
        rgba = [*named, *channels] if named else [*channels, *alpha]
        if len(rgba) == 3:
            rgba.append(255)
        if len(rgba) != 4 or not all(0 <= channel <= 255 for channel in rgba):
            raise _error(what, "value red green blue [alpha], bytes 0..255", line.strip(), "correct the line")
        entries.append((value, percent, (rgba[0], rgba[1], rgba[2], rgba[3])))
    if not entries:
        raise _error(f"color ramp {name}", "lines such as '500 120 160 90'", "no colour", "is it a text ramp?")
    relative = all(percent for _, percent, _ in entries)
    if relative or not any(percent for _, percent, _ in entries):
        stops = [(value, rgba) for value, _, rgba in entries]
    elif height_range is None:
        raise _error(f"color ramp {name}", "heights or percentages", "both mixed", "use one of them in the whole file")
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
        raise _error("color ramp", "one of " + ", ".join(names), name, "give such a name, or a file to from_file")
    return ColorRamp.from_file(resource_path("ramps", f"{name}.txt"))


def _default_ramp() -> ColorRamp:
    return ColorRamp.named(DEFAULT_RAMP)


@dataclass(frozen=True)
class Scene:
    """Everything about the picture but its size and the DEM. Change a copy with ``dataclasses.replace``.

    ``shading``: ``relief`` (sun, cast shadows, sky light, colours) or ``horn`` (gdaldem's grey hillshade).
    ``cast_shadows``: whether terrain shades terrain. ``sky_view``: amount of sky light, 0..2. ``exaggeration``: factor
    on heights, 0.01..1000. ``exposure``: factor on light, 0.01..100. ``background``: ``#rrggbb`` or ``transparent``.
    ``wall_color``: of the solid's side walls. Anything out of range, NaN and infinities raise SceneError.
    """

    camera: Camera = field(default_factory=Camera)
    sun: Sun = field(default_factory=Sun)
    shading: Shading = "relief"
    cast_shadows: bool = True
    sky_view: float = 1.0
    exaggeration: float = 1.0
    exposure: float = 1.0
    color_ramp: ColorRamp = field(default_factory=_default_ramp)
    background: str = "#ffffff"
    wall_color: str = "#8c857b"

    def __post_init__(self) -> None:
        for name, kind in (("camera", Camera), ("sun", Sun), ("color_ramp", ColorRamp)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise _error(f"Scene.{name}", f"a {kind.__name__}", value, f"make one with {kind.__name__}(…)")
        _choice(self, "shading", SHADINGS)
        _flag(self, "cast_shadows")
        _number(self, "sky_view", 0.0, 2.0, "1 is the natural amount of sky light, 0 none")
        _number(self, "exaggeration", 0.01, 1000.0, "1 draws heights as they are, 2 doubles them")
        _number(self, "exposure", 0.01, 100.0, "1 is neutral, 2 twice as bright")
        _color(self, "background", transparent=True)
        _color(self, "wall_color", transparent=False)

    def to_json(self) -> str:
        """JSON text that ``from_json`` turns into an equal scene."""
        content: dict[str, Any] = {"forge3d_scene": JSON_VERSION, **dataclasses.asdict(self)}
        text = json.dumps(content, indent=2, allow_nan=False)
        # Colours on one line each: people read and edit these files.
        return re.sub(
            r"\[\s+(-?[\d.eE+]+(?:,\s+-?[\d.eE+]+)*)\s+\]", lambda m: "[" + " ".join(m[1].split()) + "]", text
        )

    @classmethod
    def from_json(cls, text: str) -> Scene:
        """The scene of JSON text. Keys left out keep their defaults; unknown keys and wrong values raise SceneError.

        ``color_ramp`` may also be the name of a ramp that comes with the package.
        """
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise _error("scene", "JSON text", f"line {error.lineno}: {error.msg}", "correct that line") from None
        except (ValueError, RecursionError) as error:  # an integer of thousands of digits, thousands of brackets
            raise _error("scene", "JSON text of a scene", str(error), "save a scene and compare") from None
        if not isinstance(content, dict):
            raise _error("scene", "a JSON object {…}", type(content).__name__, "save a scene and compare")
        version = content.pop("forge3d_scene", JSON_VERSION)
        if version != JSON_VERSION:
            raise _error("scene", f"forge3d_scene version {JSON_VERSION}", version, "update forge3d_qgis")
        for name, kind in (("camera", Camera), ("sun", Sun), ("color_ramp", ColorRamp)):
            if name not in content:
                continue
            if name == "color_ramp" and isinstance(content[name], str):
                content[name] = ColorRamp.named(content[name])
            else:
                content[name] = _from_dict(kind, content[name], name)
        scene: Scene = _from_dict(cls, content, "scene")
        return scene


def _from_dict(kind: type[Any], content: object, where: str) -> Any:
    if not isinstance(content, dict):
        raise _error(f"scene: {where}", "a JSON object {…}", content, "give its values by name")
    known = [entry.name for entry in dataclasses.fields(kind)]
    for key in content:
        if key not in known:
            raise _error(f"scene: {where}", "keys among " + ", ".join(known), key, "remove or rename it")
    if kind is ColorRamp and "stops" not in content:
        raise _error(f"scene: {where}", "a key stops", sorted(content), "give [[value, [r, g, b, a]], …]")
    if "stops" in content and not isinstance(content["stops"], list):
        raise _error(f"scene: {where}.stops", "[[value, [r, g, b, a]], …]", content["stops"], "give a list")
    return kind(**content)
