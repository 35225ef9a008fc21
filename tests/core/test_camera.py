"""Moving the camera: what the hand holds stays under the hand. Judged by projecting points back into the picture."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from forge3d_qgis.core import Camera, SceneError
from forge3d_qgis.core.camera import (
    axes,
    fitted,
    is_fitted,
    orbited,
    panned,
    pinned,
    raised,
    ray,
    span,
    with_span,
    zoomed,
)

ASPECT = 1.6
LIMITS = (1.0, 1e6)


def looking_at(target: tuple[float, float, float], metres: float, **more) -> Camera:
    return with_span(Camera(target=target, **more), metres)


def picture_place(camera: Camera, point: tuple[float, float, float]) -> tuple[float, float]:
    """Where a world point appears, in shares: written from the axes alone, not from ``ray``."""
    forward, right, up = (np.array(axis) for axis in axes(camera))
    from_target = np.array(point) - np.array(camera.target)
    away = camera.distance / camera.zoom
    at_target = 2 * away * math.tan(math.radians(camera.field_of_view / 2))
    depth = from_target @ forward + away
    scale = at_target if camera.projection == "orthographic" else at_target * depth / away
    return 0.5 + (from_target @ right) / (scale * ASPECT), 0.5 - (from_target @ up) / scale


def cameras() -> list[Camera]:
    return [
        looking_at((120.0, -40.0, 30.0), 800.0, heading=heading, pitch=pitch, projection=projection, zoom=zoom)
        for heading in (0.0, 70.0, 200.0)
        for pitch in (25.0, 60.0, 90.0)
        for projection in ("perspective", "orthographic")
        for zoom in (1.0, 2.5)
    ]


@pytest.mark.parametrize("camera", cameras())
def test_a_ray_passes_through_what_is_seen_there(camera: Camera) -> None:
    origin, direction = (np.array(part) for part in ray(camera, 0.3, 0.7, ASPECT))
    for reach in (0.8, 1.0, 1.3):
        length = reach * (1.0 if camera.projection == "perspective" else camera.distance)
        assert picture_place(camera, tuple(origin + direction * length)) == pytest.approx((0.3, 0.7), abs=1e-9)


@pytest.mark.parametrize("camera", cameras())
def test_zoom_keeps_the_ground_under_the_cursor(camera: Camera) -> None:
    ground = (200.0, 10.0, 55.0)
    before = picture_place(camera, ground)
    after = zoomed(camera, 1.7, ground, LIMITS)
    assert span(after) == pytest.approx(span(camera) / 1.7)
    assert picture_place(after, ground) == pytest.approx(before, abs=1e-9)


@pytest.mark.parametrize("camera", cameras())
def test_pan_brings_the_ground_to_the_cursor(camera: Camera) -> None:
    ground = (200.0, 10.0, 55.0)
    after = panned(camera, ground, 0.62, 0.71, ASPECT)
    assert picture_place(after, ground) == pytest.approx((0.62, 0.71), abs=1e-9)
    assert after.target[2] == camera.target[2]


def test_pan_ignores_the_sky() -> None:
    camera = looking_at((0.0, 0.0, 0.0), 100.0, pitch=10.0)
    assert panned(camera, (0.0, 0.0, 0.0), 0.5, 0.0, ASPECT) is camera


def test_zoom_stops_at_its_limits() -> None:
    camera = looking_at((0.0, 0.0, 0.0), 10.0)
    assert span(zoomed(camera, 1e9, None, (4.0, 1e6))) == pytest.approx(4.0)
    assert span(zoomed(camera, 1e-9, None, (4.0, 1e6))) == pytest.approx(1e6)


def test_orbit_about_a_pivot_keeps_the_pivot_in_place() -> None:
    camera = looking_at((0.0, -500.0, 20.0), 3000.0)
    pivot = (0.0, 0.0, 20.0)
    before = picture_place(camera, pivot)
    after = orbited(camera, 75.0, 0.0, (0.0, 0.0))
    assert after.heading == 75.0
    assert picture_place(after, pivot) == pytest.approx(before, abs=1e-9)


def test_pitch_stays_between_level_and_straight_down() -> None:
    camera = looking_at((0.0, 0.0, 0.0), 1.0)
    assert orbited(camera, 0.0, 999.0).pitch == 90.0
    assert orbited(camera, 0.0, -999.0).pitch == 0.0


def test_a_fitted_camera_is_held_fast_once_and_let_go_again() -> None:
    camera = Camera(heading=30.0)
    held = pinned(camera, (1.0, 2.0, 3.0), 50.0)
    assert held.target == (1.0, 2.0, 3.0) and span(held) == pytest.approx(50.0)
    assert pinned(held, (9.0, 9.0, 9.0), 9.0) == held
    assert is_fitted(camera) and not is_fitted(held) and fitted(held) == camera


@pytest.mark.parametrize("field_of_view", [20.0, 35.0, 90.0])
def test_the_span_is_what_a_perspective_picture_shows_at_its_target(field_of_view: float) -> None:
    camera = looking_at((0.0, 0.0, 0.0), 900.0, field_of_view=field_of_view)
    assert 2 * camera.distance * math.tan(math.radians(field_of_view / 2)) == pytest.approx(900.0)
    assert span(replace(camera, projection="orthographic")) == pytest.approx(900.0)


def test_the_target_rises_with_the_heights() -> None:
    camera = looking_at((1.0, 2.0, 30.0), 900.0)
    assert raised(camera, 2.5).target == (1.0, 2.0, 75.0)
    assert raised(Camera(), 2.5) == Camera()


def test_a_fitted_camera_has_no_scale_and_no_rays() -> None:
    for ask in (span, lambda camera: ray(camera, 0.5, 0.5, 1.0)):
        with pytest.raises(SceneError, match="pin it first"):
            ask(Camera())
