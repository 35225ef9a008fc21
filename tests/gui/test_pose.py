"""Moving the camera: what the hand holds stays under the hand. Judged by projecting points back into the picture."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qgis")

from forge3d_qgis.gui.pose import Pose

ASPECT = 1.6
LIMITS = (1.0, 1e6)


def picture_place(pose: Pose, point: tuple[float, float, float]) -> tuple[float, float]:
    """Where a world point appears, in shares: written from the axes alone, not from ``Pose.ray``."""
    forward, right, up = (np.array(axis) for axis in pose.axes())
    from_target = np.array(point) - np.array(pose.target)
    depth = from_target @ forward + pose.distance
    scale = pose.span if pose.projection == "orthographic" else pose.span * depth / pose.distance
    return 0.5 + (from_target @ right) / (scale * ASPECT), 0.5 - (from_target @ up) / scale


def poses() -> list[Pose]:
    return [
        Pose(heading=heading, pitch=pitch, projection=projection, target=(120.0, -40.0, 30.0), span=800.0)
        for heading in (0.0, 70.0, 200.0)
        for pitch in (25.0, 60.0, 90.0)
        for projection in ("perspective", "orthographic")
    ]


@pytest.mark.parametrize("pose", poses())
def test_ray_passes_through_what_is_seen_there(pose):
    origin, direction = (np.array(part) for part in pose.ray(0.3, 0.7, ASPECT))
    for reach in (0.8, 1.0, 1.3):
        length = reach * (1.0 if pose.projection == "perspective" else pose.distance)
        assert picture_place(pose, tuple(origin + direction * length)) == pytest.approx((0.3, 0.7), abs=1e-9)


@pytest.mark.parametrize("pose", poses())
def test_zoom_keeps_the_ground_under_the_cursor(pose):
    ground = (200.0, 10.0, 55.0)
    before = picture_place(pose, ground)
    after = pose.zoomed(1.7, ground, LIMITS)
    assert after.span == pytest.approx(pose.span / 1.7)
    assert picture_place(after, ground) == pytest.approx(before, abs=1e-9)


@pytest.mark.parametrize("pose", poses())
def test_pan_brings_the_ground_to_the_cursor(pose):
    ground = (200.0, 10.0, 55.0)
    after = pose.panned(ground, 0.62, 0.71, ASPECT)
    assert picture_place(after, ground) == pytest.approx((0.62, 0.71), abs=1e-9)
    assert after.target[2] == pose.target[2]


def test_pan_ignores_the_sky():
    pose = Pose(pitch=10.0, target=(0.0, 0.0, 0.0), span=100.0)
    assert pose.panned((0.0, 0.0, 0.0), 0.5, 0.0, ASPECT) is pose


def test_zoom_stops_at_its_limits():
    pose = Pose(target=(0.0, 0.0, 0.0), span=10.0)
    assert pose.zoomed(1e9, None, (4.0, 1e6)).span == 4.0
    assert pose.zoomed(1e-9, None, (4.0, 1e6)).span == 1e6


def test_orbit_about_a_pivot_keeps_the_pivot_in_place():
    pose = Pose(target=(0.0, -500.0, 20.0), span=3000.0)
    pivot = (0.0, 0.0, 20.0)
    before = picture_place(pose, pivot)
    after = pose.orbited(75.0, 0.0, (0.0, 0.0))
    assert after.heading == 75.0
    assert picture_place(after, pivot) == pytest.approx(before, abs=1e-9)


def test_pitch_stays_between_level_and_straight_down():
    pose = Pose(target=(0.0, 0.0, 0.0), span=1.0)
    assert pose.orbited(0.0, 999.0).pitch == 90.0
    assert pose.orbited(0.0, -999.0).pitch == 0.0


def test_a_fitted_pose_is_held_fast_once():
    pose = Pose(heading=30.0)
    held = pose.pinned((1.0, 2.0, 3.0), 50.0)
    assert (held.target, held.span) == ((1.0, 2.0, 3.0), 50.0)
    assert held.pinned((9.0, 9.0, 9.0), 9.0) == held
    assert pose.camera(100).target is None


def test_orthographic_shows_the_same_ground_at_any_size():
    pose = Pose(projection="orthographic", target=(0.0, 0.0, 0.0), span=900.0)
    assert pose.camera(300).resolution == 3.0
    assert pose.camera(900).resolution == 1.0


def test_round_trip():
    pose = Pose(heading=12.5, pitch=80.0, projection="orthographic", target=(1.0, 2.0, 3.0), span=4.0)
    assert Pose.from_dict(pose.as_dict()) == pose
    assert Pose.from_dict({}) == Pose()
