"""Everything the user chose about a view: one frozen value that goes to the project file and comes back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from .pose import Pose

VERSION = 1

AREAS = ("layer", "canvas", "drawn")
COLOURS = ("layer", "ramp", "canvas", "theme")
SHADINGS = ("relief", "horn")

Stops = tuple  # ((share 0..1, (r, g, b, a)), …)


@dataclass(frozen=True)
class ViewSettings:
    exaggeration: float = 1.0
    azimuth: float = 315.0
    altitude: float = 45.0
    softness: float = 2.0  # the sun's diameter in degrees
    cast_shadows: bool = True
    sky: float = 1.0
    shading: str = "relief"
    colours: str = "layer"
    ramp: Stops = ()
    theme: str = ""
    background: tuple = (244, 246, 248)
    transparent: bool = False
    area: str = "layer"
    drawn: tuple = ()  # (west, south, east, north) in the layer's CRS
    band: int = 1
    pose: Pose = field(default_factory=Pose)

    def as_dict(self) -> dict:
        data = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        data["pose"] = self.pose.as_dict()
        data["version"] = VERSION
        return data

    @classmethod
    def from_dict(cls, data: dict) -> ViewSettings:
        """What ``data`` holds, in range; anything missing, unknown or broken keeps its default.

        A project file may come from another version or another hand: it must never keep the dock from opening.
        """
        plain = cls()
        taken = {}
        for name, low, high in (
            ("exaggeration", 0.1, 10.0),
            ("azimuth", 0.0, 360.0),
            ("altitude", 0.0, 90.0),
            ("softness", 0.0, 45.0),
            ("sky", 0.0, 2.0),
        ):
            value = data.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                taken[name] = min(high, max(low, float(value)))
        for name, allowed in (("shading", SHADINGS), ("colours", COLOURS), ("area", AREAS)):
            if data.get(name) in allowed:
                taken[name] = data[name]
        for name in ("cast_shadows", "transparent"):
            if isinstance(data.get(name), bool):
                taken[name] = data[name]
        if isinstance(data.get("theme"), str):
            taken["theme"] = data["theme"]
        if isinstance(data.get("band"), int) and data["band"] > 0:
            taken["band"] = data["band"]
        for name, length in (("background", 3), ("drawn", 4)):
            value = data.get(name)
            if isinstance(value, (list, tuple)) and len(value) == length:
                taken[name] = tuple(value)
        taken["ramp"] = _stops(data.get("ramp"))
        try:
            taken["pose"] = Pose.from_dict(data.get("pose") or {})
        except (TypeError, ValueError, AttributeError):
            taken["pose"] = plain.pose
        return dataclasses.replace(plain, **taken)


def _stops(value: object) -> Stops:
    try:
        stops = tuple((float(share), tuple(int(c) for c in colour)) for share, colour in value)
    except (TypeError, ValueError):
        return ()
    good = all(len(colour) == 4 and all(0 <= c <= 255 for c in colour) for _, colour in stops)
    return stops if good and list(stops) == sorted(stops) else ()
