"""What to draw: frozen, checked values that round-trip through JSON. Knows no GDAL, no GPU, no Qt."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from .checks import check_choice, check_color, check_flag, check_number, scene_error
from .fields import FIELDS, check_field
from .ramps import DEFAULT_RAMP, INTERPOLATIONS, ColorRamp, Interpolation, Rgba, ramp_names
from .styles import canonical_shading, shading_names
from .surface_styles import SurfaceStyle

__all__ = [  # noqa: RUF022 - what has its home in ramps stands last
    "JSON_VERSION", "PROJECTIONS", "Camera", "Projection", "Scene", "Shading", "Sun",
    "DEFAULT_RAMP", "INTERPOLATIONS", "ColorRamp", "Interpolation", "Rgba", "ramp_names",
]  # fmt: skip

Projection = Literal["perspective", "orthographic"]
Shading = str

PROJECTIONS: tuple[Projection, ...] = ("perspective", "orthographic")
DEFAULT_SHADING: Shading = "relief"

JSON_VERSION = 1
SOURCE_KEY = "source"
"""Where a view's JSON says what it is a picture of."""

_T = TypeVar("_T")


def __getattr__(name: str) -> Any:
    """``SHADINGS``, as scripts of earlier versions ask for the names of the models: ``core.styles`` has the table."""
    if name == "SHADINGS":
        return shading_names()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class Sun:
    """Direct light. ``azimuth``: degrees clockwise from north, where it stands. ``altitude``: 0 horizon .. 90 zenith.

    ``size``: angular diameter of its disk in degrees, 0..45 (the real one: 0.53): the softness of the shadows.
    ``intensity``: 0..10, 1 is full daylight. Azimuths outside 0..360 are wrapped; anything else out of range, NaN and
    infinities raise SceneError.
    """

    azimuth: float = FIELDS["sun.azimuth"].default
    altitude: float = FIELDS["sun.altitude"].default
    size: float = FIELDS["sun.size"].default
    intensity: float = FIELDS["sun.intensity"].default

    def __post_init__(self) -> None:
        for name in ("azimuth", "altitude", "size", "intensity"):
            check_field(self, f"sun.{name}")


@dataclass(frozen=True)
class Camera:
    """An orbit camera. ``heading``: compass bearing it looks to. ``pitch``: degrees it looks down, 0..90 (from above).

    Without ``target`` the whole DEM is fitted into the picture and ``zoom`` (> 0) magnifies that view. With ``target``
    (world metres from the DEM's centre: east, north, exaggerated height) the camera stands ``distance`` metres /
    ``zoom`` away from it; an orthographic picture then has the scale that the perspective has at the target, whatever
    the picture's size. ``field_of_view``: vertical, degrees, 1..120 (perspective). ``resolution``: metres a pixel
    (orthographic; replaces the fit and the distance). How a camera is moved: ``core.camera``. Raises SceneError.
    """

    heading: float = FIELDS["camera.heading"].default
    pitch: float = FIELDS["camera.pitch"].default
    zoom: float = FIELDS["camera.zoom"].default
    field_of_view: float = FIELDS["camera.field_of_view"].default
    projection: Projection = "perspective"
    resolution: float | None = None
    target: tuple[float, float, float] | None = None
    distance: float | None = None

    def __post_init__(self) -> None:
        for name in ("heading", "pitch", "zoom", "field_of_view"):
            check_field(self, f"camera.{name}")
        check_choice(self, "projection", PROJECTIONS)
        if self.resolution is not None:
            check_number(self, "resolution", 1e-6, 1e9, "metres a pixel, or None to fit the DEM")
        if self.distance is not None:
            check_number(self, "distance", 1e-6, 1e12, "metres from camera to target, or None to fit the DEM")
        if self.target is not None:
            try:
                east, north, up = (float(v) for v in self.target)
            except (TypeError, ValueError, OverflowError):
                east = north = up = math.nan
            if not all(map(math.isfinite, (east, north, up))):
                raise scene_error(
                    "Camera.target",
                    "three finite numbers (east, north, up) in metres",
                    self.target,
                    "give metres from the DEM's centre, or None to fit the DEM",
                )
            object.__setattr__(self, "target", (east, north, up))


def _default_ramp() -> ColorRamp:
    return ColorRamp.named(DEFAULT_RAMP)


OLD_NAMES = {"sky_view": "sky_intensity"}
"""Names of ``Scene`` as scripts and files of earlier versions write them."""


def _taking_old_names(kind: type[_T]) -> type[_T]:
    made = kind.__init__

    @functools.wraps(made)
    def __init__(self: _T, *values: Any, **named: Any) -> None:
        made(self, *values, **_renamed(named))

    kind.__init__ = __init__  # type: ignore[assignment] # a dataclass has no other place for an alias
    return kind


def _renamed(named: dict[str, Any]) -> dict[str, Any]:
    """Old names replaced. ``dataclasses.replace`` passes the present value along: what was named on purpose wins."""
    old = {OLD_NAMES[name]: value for name, value in named.items() if name in OLD_NAMES}
    return {**{name: value for name, value in named.items() if name not in OLD_NAMES}, **old}


@_taking_old_names
@dataclass(frozen=True)
class Scene:
    """Everything about the picture but its size and the DEM. Change a copy with ``dataclasses.replace``.

    ``shading``: one of ``core.styles.shading_models()``, by its name or an alias: ``relief`` (sun, cast shadows, sky
    light, colours), ``hillshade`` (gdaldem's grey one, once called ``horn``), ….
    ``cast_shadows``: whether terrain shades terrain. ``sky_intensity`` (``sky_view`` is its old name, an alias): amount
    of sky light, 0..2. ``exaggeration``: factor on heights, 0.01..1000. ``exposure``: factor on light, 0.01..100.
    ``background``: ``#rrggbb`` or ``transparent``. ``wall_color``: of the solid's side walls. ``surface``: a style that
    colours the ground over the ramp and below a drape, in models that use colours; None: the ramp alone. Anything out
    of range, NaN and infinities raise SceneError. Ranges and defaults stand in ``core.fields``.
    """

    camera: Camera = field(default_factory=Camera)
    sun: Sun = field(default_factory=Sun)
    shading: Shading = DEFAULT_SHADING
    cast_shadows: bool = True
    sky_intensity: float = FIELDS["sky_intensity"].default
    exaggeration: float = FIELDS["exaggeration"].default
    exposure: float = FIELDS["exposure"].default
    color_ramp: ColorRamp = field(default_factory=_default_ramp)
    background: str = "#ffffff"
    wall_color: str = "#8c857b"
    surface: SurfaceStyle | None = None

    def __post_init__(self) -> None:
        for name, kind in (("camera", Camera), ("sun", Sun), ("color_ramp", ColorRamp)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise scene_error(f"Scene.{name}", f"a {kind.__name__}", value, f"make one with {kind.__name__}(…)")
        if self.surface is not None and not isinstance(self.surface, SurfaceStyle):
            fix = "make one with SurfaceStyle.from_file(…)"
            raise scene_error("Scene.surface", "a SurfaceStyle or None", self.surface, fix)
        if self.shading != DEFAULT_SHADING:  # known without asking the native part, which may not be loaded yet
            object.__setattr__(self, "shading", canonical_shading(self.shading))
        check_flag(self, "cast_shadows")
        for name in ("sky_intensity", "exaggeration", "exposure"):
            check_field(self, name)
        check_color(self, "background", transparent=True)
        check_color(self, "wall_color", transparent=False)

    @property
    def sky_view(self) -> float:
        """``sky_intensity`` under its old name."""
        return self.sky_intensity

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON: what ``from_dict`` turns into an equal scene."""
        plain = {"forge3d_scene": JSON_VERSION, **dataclasses.asdict(self)}
        # A scene without a style reads as it always did, also for earlier versions.
        del plain["surface"]
        return plain if self.surface is None else {**plain, "surface": self.surface.as_dict()}

    def to_json(self) -> str:
        """JSON text that ``from_json`` turns into an equal scene."""
        return json_text(self.as_dict())

    @classmethod
    def from_json(cls, text: str) -> Scene:
        """The scene of JSON text. Keys left out keep their defaults; unknown keys and wrong values raise SceneError.

        ``color_ramp`` may also be the name of a ramp that comes with the package. Of a view (``core.view``) it is the
        scene alone.
        """
        content = json_object(text)
        content.pop(SOURCE_KEY, None)
        return cls.from_dict(content)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Scene:
        """The scene of plain values by name; see ``from_json``."""
        content = plain_object(content)
        version = content.pop("forge3d_scene", JSON_VERSION)
        if version != JSON_VERSION:
            raise scene_error("scene", f"forge3d_scene version {JSON_VERSION}", version, "update forge3d_qgis")
        for name, kind in (("camera", Camera), ("sun", Sun), ("color_ramp", ColorRamp)):
            if name not in content:
                continue
            if name == "color_ramp" and isinstance(content[name], str):
                content[name] = ColorRamp.named(content[name])
            else:
                content[name] = from_plain(kind, content[name], name)
        if content.get("surface") is not None:
            content["surface"] = SurfaceStyle.from_plain(content["surface"], "scene: surface")
        scene: Scene = from_plain(cls, content, "scene")
        return scene


def json_text(content: Mapping[str, Any]) -> str:
    """``content`` as JSON that people can read and edit: colours and corners on one line each."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    # Lists over several lines only: what looks like one within a text stands on one line.
    return re.sub(r"\[\n\s*(-?[\d.eE+]+(?:,\n\s*-?[\d.eE+]+)*)\n\s*\]", lambda m: f"[{' '.join(m[1].split())}]", text)


def json_object(text: str) -> dict[str, Any]:
    """The JSON object of ``text``. Raises SceneError."""
    if not isinstance(text, str):
        raise scene_error("scene", "JSON text", type(text).__name__, "read the file as text first")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise scene_error("scene", "JSON text", f"line {error.lineno}: {error.msg}", "correct that line") from None
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits, thousands of brackets
        raise scene_error("scene", "JSON text of a scene", str(error), "save a scene and compare") from None
    return plain_object(content)


def plain_object(content: object) -> dict[str, Any]:
    """A copy of ``content``, values by name. Raises SceneError."""
    if not isinstance(content, Mapping):
        raise scene_error("scene", "a JSON object {…}", type(content).__name__, "save a scene and compare")
    return dict(content)


def from_plain(kind: type[Any], content: object, where: str) -> Any:
    """A frozen value of ``kind`` from its plain values by name. Raises SceneError, which names ``where``."""
    if not isinstance(content, dict):
        raise scene_error(f"scene: {where}", "a JSON object {…}", content, "give its values by name")
    known = [entry.name for entry in dataclasses.fields(kind)]
    for key in content:
        if key not in known and not (kind is Scene and key in OLD_NAMES):
            raise scene_error(f"scene: {where}", "keys among " + ", ".join(known), key, "remove or rename it")
    for old, new in OLD_NAMES.items():
        if kind is Scene and old in content and new in content:
            raise scene_error(f"scene: {where}", f"{new} or its old name {old}", [old, new], f"remove {old}")
    if kind is ColorRamp and "stops" not in content:
        raise scene_error(f"scene: {where}", "a key stops", sorted(content), "give [[value, [r, g, b, a]], …]")
    if "stops" in content and not isinstance(content["stops"], list):
        raise scene_error(f"scene: {where}.stops", "[[value, [r, g, b, a]], …]", content["stops"], "give a list")
    return kind(**content)
