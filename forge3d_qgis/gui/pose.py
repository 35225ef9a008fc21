"""Where the camera stands, free of the picture's size, and how hands move it. Plain maths: no Qt, no GPU.

World: metres from the DEM's centre, x east, y north, z up (exaggerated). Picture places are shares: (0, 0) left top,
(1, 1) right bottom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..core.scene import Camera

Vector = tuple[float, float, float]

LEVEL_RAY = -0.02  # steepness under which a ray is too flat to grab the ground with


@dataclass(frozen=True)
class Pose:
    """``span``: metres across the picture's height at ``target``; with it the projection can change and nothing jumps.

    Without ``target`` the whole DEM is fitted.
    """

    heading: float = 0.0
    pitch: float = 45.0
    projection: str = "perspective"
    field_of_view: float = 35.0
    target: Vector | None = None
    span: float | None = None

    @property
    def fitted(self) -> bool:
        return self.target is None or self.span is None

    def camera(self, picture_height: int) -> Camera:
        if self.fitted:
            return Camera(
                heading=self.heading, pitch=self.pitch, projection=self.projection, field_of_view=self.field_of_view
            )
        return Camera(
            heading=self.heading,
            pitch=self.pitch,
            projection=self.projection,
            field_of_view=self.field_of_view,
            target=self.target,
            distance=self.distance,
            resolution=self.span / picture_height if self.projection == "orthographic" else None,
        )

    @property
    def distance(self) -> float:
        return self.span / (2.0 * math.tan(math.radians(self.field_of_view) / 2.0))

    # directions ---------------------------------------------------------------------------------------------------

    def axes(self) -> tuple[Vector, Vector, Vector]:
        """Forward, right and up of the picture in world."""
        heading, pitch = math.radians(self.heading), math.radians(self.pitch)
        sin_h, cos_h, sin_p, cos_p = math.sin(heading), math.cos(heading), math.sin(pitch), math.cos(pitch)
        return (sin_h * cos_p, cos_h * cos_p, -sin_p), (cos_h, -sin_h, 0.0), (sin_h * sin_p, cos_h * sin_p, cos_p)

    def ray(self, x: float, y: float, aspect: float) -> tuple[Vector, Vector]:
        """Origin and direction of the ray through picture place (x, y); ``aspect`` is width by height."""
        forward, right, up = self.axes()
        eye = tuple(t - f * self.distance for t, f in zip(self.target, forward))
        across, upward = (x - 0.5) * self.span * aspect, (0.5 - y) * self.span
        at_target = tuple(t + r * across + u * upward for t, r, u in zip(self.target, right, up))
        if self.projection == "orthographic":
            return tuple(p - f * self.distance for p, f in zip(at_target, forward)), forward
        return eye, tuple(p - e for p, e in zip(at_target, eye))

    # hands --------------------------------------------------------------------------------------------------------

    def orbited(self, degrees_right: float, degrees_up: float, pivot: tuple[float, float] | None = None) -> Pose:
        """Turned about the vertical axis through ``pivot`` (east, north), or through the target."""
        heading, pitch = (self.heading + degrees_right) % 360.0, min(90.0, max(0.0, self.pitch + degrees_up))
        target = self.target
        if pivot is not None and target is not None:
            turn = math.radians(degrees_right)
            east, north = target[0] - pivot[0], target[1] - pivot[1]
            target = (
                pivot[0] + east * math.cos(turn) + north * math.sin(turn),
                pivot[1] - east * math.sin(turn) + north * math.cos(turn),
                target[2],
            )
        return replace(self, heading=heading, pitch=pitch, target=target)

    def zoomed(self, factor: float, ground: Vector | None, span_limits: tuple[float, float]) -> Pose:
        """Magnified by ``factor``; what is seen at ``ground`` stays where it is in the picture."""
        span = min(span_limits[1], max(span_limits[0], self.span / factor))
        real = self.span / span
        anchor = ground if ground is not None else self.target
        target = tuple(a + (t - a) / real for a, t in zip(anchor, self.target))
        return replace(self, span=span, target=target)

    def panned(self, ground: Vector, x: float, y: float, aspect: float) -> Pose:
        """Moved over the ground so that ``ground`` appears at (x, y). Too flat a ray moves nothing."""
        origin, direction = self.ray(x, y, aspect)
        length = math.sqrt(sum(d * d for d in direction))
        if direction[2] / length > LEVEL_RAY:
            return self
        reach = (ground[2] - origin[2]) / direction[2]
        shift = [g - (o + d * reach) for g, o, d in zip(ground, origin, direction)]
        return replace(self, target=(self.target[0] + shift[0], self.target[1] + shift[1], self.target[2]))

    def recentred(self, ground: Vector) -> Pose:
        return replace(self, target=ground)

    def pinned(self, target: Vector, span: float) -> Pose:
        """The same view held fast: turning a fitted view would otherwise fit anew at every angle, and breathe."""
        return replace(self, target=tuple(target), span=span) if self.fitted else self

    def as_dict(self) -> dict:
        return {
            "heading": self.heading,
            "pitch": self.pitch,
            "projection": self.projection,
            "target": list(self.target) if self.target is not None else None,
            "span": self.span,
        }

    @classmethod
    def from_dict(cls, data: dict) -> Pose:
        target = data.get("target")
        return cls(
            heading=float(data.get("heading", 0.0)),
            pitch=float(data.get("pitch", 45.0)),
            projection="orthographic" if data.get("projection") == "orthographic" else "perspective",
            target=tuple(float(t) for t in target) if target else None,
            span=float(data["span"]) if data.get("span") else None,
        )
