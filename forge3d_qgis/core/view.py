"""A picture wholly described: what is drawn (``Scene``) and of what (``Source``). JSON both ways, as scene files.

A view's JSON is a scene file of version 1 with one more key, ``source``. Knows no GDAL, no GPU, no Qt.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from . import camera as cameras
from .checks import as_float, check_choice, check_color, scene_error
from .errors import SceneError, ShaderError
from .fields import FIELDS
from .ramps import ColorRamp
from .scene import OLD_NAMES, SOURCE_KEY, Camera, Scene, from_plain, json_object, json_text, plain_object
from .surface_styles import SurfaceStyle

AreaChoice = Literal["layer", "canvas", "drawn"]
Colours = Literal["ramp", "layer", "canvas", "theme"]
Area = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax

AREA_CHOICES: tuple[AreaChoice, ...] = ("layer", "canvas", "drawn")
COLOURS: tuple[Colours, ...] = ("ramp", "layer", "canvas", "theme")


@dataclass(frozen=True)
class Source:
    """Where heights and colours come from.

    ``path``: of the raster, and ``layer``: the name of its layer, both for people; who reads a view knows the raster.
    ``crs``: what its map coordinates are in, an authority's code such as ``EPSG:32633`` or WKT; empty: what it says.
    ``band``: counted from 1. ``area_of``: the whole ``layer``, what the map ``canvas`` shows, or ``drawn``: the corners
    in ``area``, (xmin, ymin, xmax, ymax) in the raster's CRS. ``colours``: by the scene's ``ramp``, by the style of the
    ``layer``, or from a map laid over the terrain: the ``canvas`` or the map ``theme`` of that name. ``backdrop``: the
    colour that comes back when the scene's background is no longer transparent. Raises SceneError.
    """

    path: str = ""
    layer: str = ""
    crs: str = ""
    band: int = 1
    area_of: AreaChoice = "layer"
    area: Area | None = None
    colours: Colours = "ramp"
    theme: str = ""
    backdrop: str = "#ffffff"

    def __post_init__(self) -> None:
        for name in ("path", "layer", "crs", "theme"):
            if not isinstance(getattr(self, name), str):
                raise scene_error(f"Source.{name}", "a text", getattr(self, name), "give a text, or leave it out")
        if isinstance(self.band, bool) or not isinstance(self.band, int) or self.band < 1:
            raise scene_error("Source.band", "a whole number from 1", self.band, "bands are counted from 1")
        check_choice(self, "area_of", AREA_CHOICES)
        check_choice(self, "colours", COLOURS)
        check_color(self, "backdrop", transparent=False)
        if self.area is not None:
            object.__setattr__(self, "area", checked_area(self.area))

    @property
    def corners(self) -> Area | None:
        """The area to read, in the raster's CRS; None for the whole raster."""
        return self.area if self.area_of == "drawn" else None

    @property
    def is_draped(self) -> bool:
        """Whether a map is laid over the terrain, which only QGIS can draw."""
        return self.colours in ("canvas", "theme")

    def same_heights(self, other: Source) -> bool:
        """Whether both ask for the same heights, on the same ground."""
        return (self.band, self.area_of, self.area, self.crs) == (other.band, other.area_of, other.area, other.crs)


def checked_area(area: object) -> Area:
    """``area`` as (xmin, ymin, xmax, ymax), finite and not empty. Raises SceneError."""
    if isinstance(area, (list, tuple)) and len(area) == 4:
        xmin, ymin, xmax, ymax = (as_float(value) for value in area)
        if all(map(math.isfinite, (xmin, ymin, xmax, ymax))) and xmin < xmax and ymin < ymax:
            return xmin, ymin, xmax, ymax
    raise scene_error(
        "area", "four finite numbers xmin, ymin, xmax, ymax, with xmin < xmax and ymin < ymax", area,
        "give the corners in the DEM's CRS",
    )  # fmt: skip


def area_text(area: Area) -> str:
    """``area`` as the option ``--area`` takes it, without loss."""
    return ",".join(f"{value:.17g}" if float(f"{value:.15g}") != value else f"{value:.15g}" for value in area)


def parse_area(text: str) -> Area:
    """The area of ``xmin,ymin,xmax,ymax``. Raises SceneError."""
    try:
        return checked_area([float(part) for part in text.split(",")])
    except (ValueError, SceneError):
        raise scene_error(
            "area", "xmin,ymin,xmax,ymax with xmin < xmax and ymin < ymax", text, "give the corners in the DEM's CRS"
        ) from None


@dataclass(frozen=True)
class View:
    """``scene``: what is drawn. ``source``: of what. Frozen; ``changed`` gives another one. Raises SceneError."""

    scene: Scene = field(default_factory=Scene)
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        for name, kind in (("scene", Scene), ("source", Source)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise scene_error(f"View.{name}", f"a {kind.__name__}", value, f"make one with {kind.__name__}(…)")

    def value(self, path: str) -> Any:
        """The value at ``path``, such as ``scene.sun.altitude``. Raises SceneError."""
        found: Any = self
        for name in _names_of(path):
            found = getattr(found, _known_name(found, name, path))
        return found

    def changed(self, changes: Mapping[str, Any]) -> View:
        """This view with values replaced by path. Raises SceneError.

        The camera follows: other ground is fitted anew, and a place looked at rises with the exaggeration.
        """
        if not isinstance(changes, Mapping):
            raise scene_error("changes", "values by path", changes, "give for example {'scene.sun.altitude': 20}")
        after = self
        for path, value in changes.items():
            after = _replaced(after, _names_of(path), value, path)
        if not after.source.same_heights(self.source):
            return after.fitted()
        if after.scene.exaggeration != self.scene.exaggeration and after.scene.camera == self.scene.camera:
            return after.with_camera(
                cameras.raised(after.scene.camera, after.scene.exaggeration / self.scene.exaggeration)
            )
        return after

    def notes(self) -> tuple[str, ...]:
        """What a picture of this view cannot show outside QGIS, for people to read."""
        if self.source.colours == "ramp":
            return ()
        return ("the drape is left out: colours by height instead",)

    def with_camera(self, camera: Camera) -> View:
        """The same from another place."""
        return dataclasses.replace(self, scene=dataclasses.replace(self.scene, camera=camera))

    def fitted(self) -> View:
        """Looking the same way at the whole of the heights."""
        return self.with_camera(cameras.fitted(self.scene.camera))

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON: what ``from_dict`` turns into an equal view."""
        return {**self.scene.as_dict(), SOURCE_KEY: dataclasses.asdict(self.source)}

    def to_json(self) -> str:
        """JSON text that ``from_json`` turns into an equal view. An area still to be drawn is none that it takes."""
        return json_text(self.as_dict())

    @classmethod
    def from_json(cls, text: str) -> View:
        """The view of JSON text, that of a scene alone included. Raises SceneError as ``Scene.from_json`` does."""
        return cls.from_dict(json_object(text))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> View:
        """The view of plain values by name; see ``from_json``."""
        content = plain_object(content)
        source = content.pop(SOURCE_KEY, {})
        if isinstance(source, dict):
            source = _with_area_choice(source)
            if source["area_of"] == "drawn" and source.get("area") is None:
                raise scene_error(
                    f"scene: {SOURCE_KEY}.area", "the corners of the drawn area, as area_of is drawn", None,
                    'give "area": [xmin, ymin, xmax, ymax], or "area_of": "layer" for all of it',
                )  # fmt: skip
        return cls(Scene.from_dict(content), from_plain(Source, source, SOURCE_KEY))

    @classmethod
    def salvaged(cls, content: Mapping[str, Any], base: View) -> View:
        """What can be used of ``content``, over ``base``: for files of another version or another hand.

        Numbers out of range go to the end of it; whatever is broken or unknown keeps the value of ``base``.
        """
        source = content.get(SOURCE_KEY)
        plain = _with_area_choice(source) if isinstance(source, dict) else {}
        return cls(_salvaged(base.scene, content, ""), _salvaged(base.source, plain, ""))


def _with_area_choice(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"area_of": "drawn" if source.get("area") is not None else "layer", **source}


def _names_of(path: object) -> list[str]:
    if not isinstance(path, str):
        raise scene_error("path", "names joined by points", path, "write for example 'scene.sun.altitude'")
    return path.split(".")


def _known_name(owner: object, name: str, path: str) -> str:
    """``name``, under its present form, of a value that ``owner`` has."""
    known = [entry.name for entry in dataclasses.fields(owner)] if dataclasses.is_dataclass(owner) else []
    name = OLD_NAMES.get(name, name) if isinstance(owner, Scene) else name
    if name not in known:
        expected = f"one of {', '.join(known)} for {name!r}" if known else f"an end before {name!r}"
        raise scene_error("path", expected, path, "write for example 'scene.sun.altitude'")
    return name


def _replaced(owner: Any, names: list[str], value: Any, path: str) -> Any:
    name, *rest = _known_name(owner, names[0], path), *names[1:]
    return dataclasses.replace(owner, **{name: _replaced(getattr(owner, name), rest, value, path) if rest else value})


def _salvaged(base: Any, content: Mapping[str, Any], where: str) -> Any:
    for entry in dataclasses.fields(base):
        if entry.name not in content:
            continue
        value, path = content[entry.name], where + entry.name
        held = getattr(base, entry.name)
        try:
            if isinstance(held, ColorRamp):
                value = from_plain(ColorRamp, value, path)
            elif path == "surface":
                value = None if value is None else SurfaceStyle.salvaged(value)
            elif dataclasses.is_dataclass(held):
                value = _salvaged(held, value, f"{path}.") if isinstance(value, dict) else held
            elif path in FIELDS and math.isfinite(as_float(value)):
                value = FIELDS[path].clamped(as_float(value))
            base = dataclasses.replace(base, **{entry.name: value})
        except (SceneError, ShaderError, TypeError):
            continue
    return base
