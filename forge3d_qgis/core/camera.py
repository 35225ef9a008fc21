"""How a camera is moved over the ground: plain maths on ``core.scene.Camera``. No Qt, no GPU, no picture size.

World: metres from the DEM's centre, x east, y north, z up (exaggerated). Picture places are shares: (0, 0) left top,
(1, 1) right bottom; ``aspect`` is a picture's width by its height. Except where a function says so, the camera must be
``pinned``: target and distance known. Formulas are those of a pinhole and of a parallel projection: see the native
``scene/camera.rs``, which draws them.
"""

from __future__ import annotations

import math
from dataclasses import replace

from .errors import SceneError
from .scene import Camera

Vector = tuple[float, float, float]

LEVEL_RAY = -0.02
"""Steepness (rise by length) above which a ray is too flat to hold the ground with."""


def is_fitted(camera: Camera) -> bool:
    """Whether the whole DEM is fitted into the picture, rather than a target looked at. Any camera."""
    return camera.target is None or camera.distance is None


def fitted(camera: Camera) -> Camera:
    """Looking the same way at the whole DEM. Any camera."""
    return replace(camera, target=None, distance=None, resolution=None)


def pinned(camera: Camera, target: Vector, span: float) -> Camera:
    """A fitted camera held where ``target`` and ``span`` say; one with a target of its own is left as it is.

    Turning a fitted camera would fit it anew at every angle, and the terrain would seem to breathe.
    """
    return with_span(replace(camera, target=target), span) if is_fitted(camera) else camera


def span(camera: Camera) -> float:
    """Metres across the picture's height at the target: the scale, in both projections."""
    return 2.0 * _distance(camera) / camera.zoom * _tangent(camera)


def with_span(camera: Camera, metres: float) -> Camera:
    """The same view at another scale; distance is what keeps it, so that the projection may change."""
    return replace(camera, distance=metres * camera.zoom / (2.0 * _tangent(camera)), resolution=None)


def axes(camera: Camera) -> tuple[Vector, Vector, Vector]:
    """Unit vectors of the picture in world: forward, right and up. Any camera."""
    heading, pitch = math.radians(camera.heading), math.radians(camera.pitch)
    sin_h, cos_h, sin_p, cos_p = math.sin(heading), math.cos(heading), math.sin(pitch), math.cos(pitch)
    return (sin_h * cos_p, cos_h * cos_p, -sin_p), (cos_h, -sin_h, 0.0), (sin_h * sin_p, cos_h * sin_p, cos_p)


def ray(camera: Camera, x: float, y: float, aspect: float) -> tuple[Vector, Vector]:
    """Origin and direction of the ray through picture place (x, y); one length of it reaches the target's depth
    in perspective, and its direction is a unit vector in orthographic."""
    forward, right, up = axes(camera)
    target, away = _target(camera), _distance(camera) / camera.zoom
    across, upward = (x - 0.5) * span(camera) * aspect, (0.5 - y) * span(camera)
    in_plane = _moved(_moved(target, right, across), up, upward)
    if camera.projection == "orthographic":
        return _moved(in_plane, forward, -away), forward
    eye = _moved(target, forward, -away)
    return eye, (in_plane[0] - eye[0], in_plane[1] - eye[1], in_plane[2] - eye[2])


def orbited(camera: Camera, right: float, up: float, pivot: tuple[float, float] | None = None) -> Camera:
    """Turned by degrees about the vertical axis through ``pivot`` (east, north), or through the target. Any camera."""
    pitch = min(90.0, max(0.0, camera.pitch + up))
    target = camera.target
    if pivot is not None and target is not None:
        turn = math.radians(right)
        east, north = target[0] - pivot[0], target[1] - pivot[1]
        target = (
            pivot[0] + east * math.cos(turn) + north * math.sin(turn),
            pivot[1] - east * math.sin(turn) + north * math.cos(turn),
            target[2],
        )
    return replace(camera, heading=camera.heading + right, pitch=pitch, target=target)


def zoomed(camera: Camera, factor: float, ground: Vector | None, span_limits: tuple[float, float]) -> Camera:
    """Magnified by ``factor`` within limits of the span; what is seen at ``ground`` stays where it is."""
    before = span(camera)
    after = min(span_limits[1], max(span_limits[0], before / factor))
    magnified = before / after
    target = _target(camera)
    a = ground if ground is not None else target
    moved = (
        a[0] + (target[0] - a[0]) / magnified,
        a[1] + (target[1] - a[1]) / magnified,
        a[2] + (target[2] - a[2]) / magnified,
    )
    return with_span(replace(camera, target=moved), after)


def panned(camera: Camera, ground: Vector, x: float, y: float, aspect: float) -> Camera:
    """Moved over the ground so that ``ground`` appears at (x, y). Too flat a ray moves nothing."""
    origin, direction = ray(camera, x, y, aspect)
    if direction[2] / math.sqrt(sum(d * d for d in direction)) > LEVEL_RAY:
        return camera
    reach = (ground[2] - origin[2]) / direction[2]
    east, north, up = _target(camera)
    moved = (
        east + ground[0] - origin[0] - direction[0] * reach,
        north + ground[1] - origin[1] - direction[1] * reach,
        up,
    )
    return replace(camera, target=moved)


def raised(camera: Camera, factor: float) -> Camera:
    """Looking at the same place after heights were multiplied by ``factor``. Any camera."""
    if camera.target is None:
        return camera
    east, north, up = camera.target
    return replace(camera, target=(east, north, up * factor))


def _tangent(camera: Camera) -> float:
    return math.tan(math.radians(camera.field_of_view) / 2.0)


def _target(camera: Camera) -> Vector:
    if camera.target is None:
        raise SceneError("a camera without target: expected a pinned one; got a fitted one; fix: pin it first")
    return camera.target


def _distance(camera: Camera) -> float:
    if camera.distance is None:
        raise SceneError("a camera without distance: expected a pinned one; got a fitted one; fix: pin it first")
    return camera.distance


def _moved(point: Vector, vector: Vector, length: float) -> Vector:
    return point[0] + vector[0] * length, point[1] + vector[1] * length, point[2] + vector[2] * length
