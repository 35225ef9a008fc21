"""What to draw: frozen, checked values that round-trip through JSON. Knows no GDAL, no GPU, no Qt."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from .checks import check_bearing, check_choice, check_color, check_flag, check_number, scene_error
from .ramps import DEFAULT_RAMP, INTERPOLATIONS, ColorRamp, Interpolation, Rgba, ramp_names

__all__ = [  # noqa: RUF022 - what has its home in ramps stands last
    "JSON_VERSION", "PROJECTIONS", "SHADINGS", "Camera", "Projection", "Scene", "Shading", "Sun",
    "DEFAULT_RAMP", "INTERPOLATIONS", "ColorRamp", "Interpolation", "Rgba", "ramp_names",
]  # fmt: skip

Projection = Literal["perspective", "orthographic"]
Shading = Literal["relief", "horn"]

PROJECTIONS: tuple[Projection, ...] = ("perspective", "orthographic")
SHADINGS: tuple[Shading, ...] = ("relief", "horn")

JSON_VERSION = 1


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
        check_bearing(self, "azimuth")
        check_number(self, "altitude", 0.0, 90.0, "degrees above the horizon: 0 horizon, 90 zenith")
        check_number(self, "size", 0.0, 45.0, "degrees across the disk: 0.53 is the real sun, 2 to 10 look soft")
        check_number(self, "intensity", 0.0, 10.0, "1 is full daylight")


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
        check_bearing(self, "heading")
        check_number(self, "pitch", 0.0, 90.0, "degrees below the horizon: 0 looks level, 90 straight down")
        check_number(self, "zoom", 1e-3, 1e6, "1 fits the whole DEM, 2 makes it twice as large")
        check_number(self, "field_of_view", 1.0, 120.0, "vertical angle in degrees: 35 looks natural")
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
                raise scene_error(f"Scene.{name}", f"a {kind.__name__}", value, f"make one with {kind.__name__}(…)")
        check_choice(self, "shading", SHADINGS)
        check_flag(self, "cast_shadows")
        check_number(self, "sky_view", 0.0, 2.0, "1 is the natural amount of sky light, 0 none")
        check_number(self, "exaggeration", 0.01, 1000.0, "1 draws heights as they are, 2 doubles them")
        check_number(self, "exposure", 0.01, 100.0, "1 is neutral, 2 twice as bright")
        check_color(self, "background", transparent=True)
        check_color(self, "wall_color", transparent=False)

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
            raise scene_error("scene", "JSON text", f"line {error.lineno}: {error.msg}", "correct that line") from None
        except (ValueError, RecursionError) as error:  # an integer of thousands of digits, thousands of brackets
            raise scene_error("scene", "JSON text of a scene", str(error), "save a scene and compare") from None
        if not isinstance(content, dict):
            raise scene_error("scene", "a JSON object {…}", type(content).__name__, "save a scene and compare")
        version = content.pop("forge3d_scene", JSON_VERSION)
        if version != JSON_VERSION:
            raise scene_error("scene", f"forge3d_scene version {JSON_VERSION}", version, "update forge3d_qgis")
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
        raise scene_error(f"scene: {where}", "a JSON object {…}", content, "give its values by name")
    known = [entry.name for entry in dataclasses.fields(kind)]
    for key in content:
        if key not in known:
            raise scene_error(f"scene: {where}", "keys among " + ", ".join(known), key, "remove or rename it")
    if kind is ColorRamp and "stops" not in content:
        raise scene_error(f"scene: {where}", "a key stops", sorted(content), "give [[value, [r, g, b, a]], …]")
    if "stops" in content and not isinstance(content["stops"], list):
        raise scene_error(f"scene: {where}.stops", "[[value, [r, g, b, a]], …]", content["stops"], "give a list")
    return kind(**content)
