"""Heading, pitch and place: letters read as letters, corners land where an f64 camera puts them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from f64_twins import OrbitCamera, bilinear, grid_corners, seen_heights, two_colors

from forge3d_qgis.core import Camera, Scene, Sun, read_dem

RED, BLUE = (255, 0, 0), (0, 0, 255)
# Overhead sun and no sky: no slope, however steep, is black.
F_SCENE = Scene(
    color_ramp=two_colors(10.0, RED, BLUE), background="transparent", wall_color="#00ff00", cast_shadows=False,
    sky_view=0, sun=Sun(altitude=90),
)  # fmt: skip


def is_letter(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 2] > picture[..., 0]) & (picture[..., 2] > picture[..., 1]) & (picture[..., 3] > 0)


# The letter


def test_an_f_reads_as_an_f_from_above_with_row_0_on_top(draw: Callable[..., np.ndarray], letter_f: np.ndarray) -> None:
    camera = Camera(pitch=90, projection="orthographic", resolution=1.0, target=(0, 0, 0))
    picture = draw(letter_f, replace(F_SCENE, camera=camera), (50, 70))
    np.testing.assert_array_equal(is_letter(picture)[1:-1, 1:-1], (letter_f > 10)[1:-1, 1:-1])


@pytest.mark.parametrize(
    ("turn", "matrix"),
    [
        (lambda f: f, (2.0, 0.0, 0.0, -2.0)),
        (lambda f: f[::-1], (2.0, 0.0, 0.0, 2.0)),
        (lambda f: f[:, ::-1], (-2.0, 0.0, 0.0, -2.0)),
        (lambda f: f[::-1, ::-1], (-2.0, 0.0, 0.0, 2.0)),
        (lambda f: f.T, (0.0, 2.0, -2.0, 0.0)),
        (lambda f: np.rot90(f), (0.0, -2.0, -2.0, 0.0)),
    ],
    ids=["north-up", "south-up", "east on the left", "upside down", "columns go south", "turned by 90°"],
)
def test_an_f_in_a_file_reads_as_an_f_whatever_its_geotransform(
    draw: Callable[..., np.ndarray], write_raster: Callable[..., Path], letter_f: np.ndarray, turn: Any, matrix: Any
) -> None:
    xc, xr, yc, yr = matrix
    path = write_raster(turn(letter_f), geotransform=(500000.0, xc, xr, 5100000.0, yc, yr))
    dem = read_dem(path)
    camera = Camera(pitch=90, projection="orthographic", resolution=2.0, target=(0, 0, 0))
    picture = draw(dem.heights, replace(F_SCENE, camera=camera), (50, 70), cell_to_world=dem.cell_to_world)
    np.testing.assert_array_equal(is_letter(picture)[1:-1, 1:-1], (letter_f > 10)[1:-1, 1:-1])


@pytest.mark.parametrize("pitch", [90.0, 45.0])
@pytest.mark.parametrize("projection", ["orthographic", "perspective"])
def test_an_f_is_seen_where_an_f64_camera_with_heading_0_sees_it(
    draw: Callable[..., np.ndarray], letter_f: np.ndarray, pitch: float, projection: Any
) -> None:
    size = (110, 131)
    camera = Camera(
        heading=0, pitch=pitch, projection=projection, target=(0.0, 0.0, 10.0), resolution=0.7, distance=130,
        field_of_view=40,
    )  # fmt: skip
    picture = draw(letter_f, replace(F_SCENE, camera=camera), size)
    seen = seen_heights(letter_f, OrbitCamera(camera, size))
    expected = seen > 10
    # Seen from the south, what is low in the letter lies low in the picture.
    assert expected.sum() > 800
    # Where the two colours meet on a steep side, or behind an edge, a hair decides.
    sure = np.abs(seen - 10) > 0.5
    wrong = (is_letter(picture) != expected) & (sure | np.isnan(seen))
    assert wrong.sum() <= 5, f"{wrong.sum()} of {expected.sum()} pixels of the letter"


@pytest.mark.parametrize("heading", [90.0, 180.0, 270.0])
def test_other_headings_turn_the_letter(draw: Callable[..., np.ndarray], letter_f: np.ndarray, heading: float) -> None:
    camera = Camera(heading=heading, pitch=90, projection="orthographic", resolution=1.0, target=(0, 0, 0))
    turns = round(heading / 90)
    expected = np.rot90(letter_f > 10, turns)  # looking east, north is on the left: the map turns counter-clockwise
    picture = draw(letter_f, replace(F_SCENE, camera=camera), (expected.shape[1], expected.shape[0]))
    np.testing.assert_array_equal(is_letter(picture)[1:-1, 1:-1], expected[1:-1, 1:-1])


# Light from the right side

SIDES = {0: (0, 1), 90: (1, 0), 180: (0, -1), 270: (-1, 0)}


@pytest.mark.parametrize("shading", ["relief", "horn"])
@pytest.mark.parametrize("heading", [0.0, 90.0, 180.0, 270.0])
@pytest.mark.parametrize("azimuth", [0, 90, 180, 270])
def test_the_slope_that_faces_the_sun_is_the_brightest_and_the_opposite_one_the_darkest(
    draw: Callable[..., np.ndarray], azimuth: int, heading: float, shading: Any
) -> None:
    rows, cols = np.mgrid[0:41, 0:41]
    pyramid = 10.0 - 0.5 * np.maximum(abs(rows - 20), abs(cols - 20))
    size = (96, 72)
    camera = Camera(heading=heading, pitch=60, target=(0, 0, 5), distance=70)
    ramp = two_colors(1e6, (200, 200, 200), (200, 200, 200))
    scene = Scene(camera=camera, shading=shading, sun=Sun(azimuth=azimuth, altitude=40), color_ramp=ramp)
    picture = draw(pyramid, scene, size, samples=2)
    view = OrbitCamera(camera, size)
    light = {}
    for side, (east, north) in SIDES.items():
        x, y = view.pixel(np.array([10.0 * east, 10.0 * north, 5.0]))
        light[side] = picture[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2, :3].mean()
    order = sorted(light, key=light.__getitem__)
    assert order[-1] == azimuth and order[0] == (azimuth + 180) % 360, light
    assert light[order[-1]] > light[order[-2]] + 15 and light[order[0]] < light[order[1]] - 15, light


# The same ground in rasters of any direction

CENTRE = (500000.0, 5100000.0)
RELIEF = Scene(
    color_ramp=two_colors(1e6, (220, 210, 190), (0, 0, 0)), background="transparent", sun=Sun(azimuth=300, altitude=35)
)


def ground(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Smooth, of no symmetry."""
    return (
        60 * np.exp(-((east - 90) ** 2 + (north - 60) ** 2) / 12000)
        + 25 * np.sin(east / 70 + north / 190)
        - 0.1 * north
    )  # fmt: skip


def write_ground(write_raster: Callable[..., Path], name: str, cols: int, rows: int, matrix: tuple[float, ...]) -> Path:
    """``ground`` in a raster whose middle lies at ``CENTRE``: matrix = (xc, xr, yc, yr) metres a column and row."""
    xc, xr, yc, yr = matrix
    j, i = np.mgrid[0:rows, 0:cols] + 0.5
    east, north = xc * (i - cols / 2) + xr * (j - rows / 2), yc * (i - cols / 2) + yr * (j - rows / 2)
    corner = (CENTRE[0] - xc * cols / 2 - xr * rows / 2, CENTRE[1] - yc * cols / 2 - yr * rows / 2)
    return write_raster(
        ground(east, north).astype(np.float32), name=name, geotransform=(corner[0], xc, xr, corner[1], yc, yr)
    )


VIEWS = {
    "from above": Camera(pitch=90, projection="orthographic", resolution=7.0, target=(0, 0, 0)),
    "from the side": Camera(heading=25, pitch=40, target=(10, -20, 10), distance=1100),
}


def share_within_two(first: np.ndarray, second: np.ndarray, where: np.ndarray | None = None) -> float:
    close = (np.abs(first.astype(int) - second) <= 2).all(axis=-1)
    return float(close.mean() if where is None else close[where].mean())


@pytest.mark.parametrize("view", VIEWS)
def test_south_up_and_turned_rasters_of_the_same_samples_make_the_same_picture(
    draw: Callable[..., np.ndarray], write_raster: Callable[..., Path], view: str
) -> None:
    rasters = {
        "north-up": (80, 61, (10.0, 0.0, 0.0, -10.0)),
        "south-up": (80, 61, (10.0, 0.0, 0.0, 10.0)),
        "east on the left": (80, 61, (-10.0, 0.0, 0.0, -10.0)),
        "turned by 90°": (61, 80, (0.0, 10.0, 10.0, 0.0)),
        "turned by 270°": (61, 80, (0.0, -10.0, -10.0, 0.0)),
    }
    pictures = {}
    for name, (cols, rows, matrix) in rasters.items():
        dem = read_dem(write_ground(write_raster, f"{name}.tif", cols, rows, matrix))
        assert dem.cell_to_world == pytest.approx(matrix)
        scene = replace(RELIEF, camera=VIEWS[view])
        pictures[name] = draw(dem.heights, scene, (140, 100), cell_to_world=dem.cell_to_world, samples=4)
    reference = pictures.pop("north-up")
    assert reference[..., 3].any() and reference[reference[..., 3] > 0][:, 0].std() > 8
    shares = {name: share_within_two(reference, picture) for name, picture in pictures.items()}
    assert min(shares.values()) >= 0.99, shares


@pytest.mark.parametrize("view", VIEWS)
def test_a_raster_turned_by_30_degrees_makes_the_same_picture_where_both_cover(
    draw: Callable[..., np.ndarray], write_raster: Callable[..., Path], view: str
) -> None:
    cos, sin = 4 * math.cos(math.radians(30)), 4 * math.sin(math.radians(30))
    pictures = []
    for name, matrix in (("plain.tif", (4.0, 0.0, 0.0, -4.0)), ("turned.tif", (cos, -sin, -sin, -cos))):
        dem = read_dem(write_ground(write_raster, name, 200, 200, matrix))
        assert dem.cell_to_world == pytest.approx(matrix)
        scene = replace(RELIEF, camera=VIEWS[view])
        pictures.append(draw(dem.heights, scene, (140, 100), cell_to_world=dem.cell_to_world, samples=32))
    # Ground within 350 m of the middle, found through the f64 camera: heights move a ray's end by less than 150 m.
    origin, direction = OrbitCamera(VIEWS[view], (140, 100)).rays()
    place = origin - direction * (origin[..., 2] / direction[..., 2])[..., None]
    where = np.hypot(place[..., 0], place[..., 1]) < (380 if view == "from above" else 230)
    assert where.sum() > 1500 and (pictures[0][where][:, 3] == 255).all()
    share = share_within_two(pictures[0], pictures[1], where)
    assert share >= 0.99, share


# Corners

MATRICES = {
    "oblong cells": (10.0, 0.0, 0.0, -25.0),
    "turned": (12.0 * math.cos(0.6), 20.0 * math.sin(0.6), 12.0 * math.sin(0.6), -20.0 * math.cos(0.6)),
}
SHAPE, FLAT, EXAGGERATION = (23, 37), 40.0, 1.5


def corner_camera(projection: Any, heading: float, pitch: float) -> Camera:
    return Camera(
        heading=heading, pitch=pitch, projection=projection, target=(30.0, -20.0, 50.0), resolution=6.3,
        distance=1800.0, zoom=1.6, field_of_view=31.0,
    )  # fmt: skip


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("pitch", [90.0, 45.0, 10.0])
@pytest.mark.parametrize("heading", [0.0, 37.0, 200.0])
@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_corners_lie_within_half_a_pixel_of_an_f64_camera(
    make_renderer: Callable[..., Any], projection: Any, heading: float, pitch: float, matrix: str
) -> None:
    size = (131, 97)
    camera = corner_camera(projection, heading, pitch)
    scene = Scene(
        camera=camera, exaggeration=EXAGGERATION, color_ramp=two_colors(1e6, RED, RED), wall_color="#00ff00",
        background="transparent", cast_shadows=False,
    )  # fmt: skip
    renderer = make_renderer(*size)
    renderer.set_height_data(np.full(SHAPE, FLAT, dtype=np.float32), cell_to_world=MATRICES[matrix])
    renderer.set_scene(scene)
    picture = renderer.render_terrain_rgba(1)
    view = OrbitCamera(camera, size)
    corners = grid_corners(SHAPE, MATRICES[matrix], FLAT * EXAGGERATION)

    # Covered by the top, and by nothing else, is what lies inside the projected corners.
    top = (picture[..., 0] > picture[..., 1]) & (picture[..., 3] > 0)
    inside = view.signed_distance(corners)
    assert (inside > 0.5).sum() > 200
    assert top[inside > 0.5].all() and not top[inside < -0.5].any()

    # The lanes, which the GPU gets, say the same.
    lanes = renderer.uniform_lanes().astype(np.float64)
    clip = np.c_[corners, np.ones(4)] @ (lanes[16:32].reshape(4, 4) @ lanes[:16].reshape(4, 4)).T
    ndc = clip[:, :3] / clip[:, 3:]
    pixels = np.c_[(ndc[:, 0] + 1) / 2 * size[0], (1 - ndc[:, 1]) / 2 * size[1]]
    np.testing.assert_allclose(pixels, view.pixel(corners), atol=0.02)
    assert (clip[:, 3] > 0).all() and (ndc[:, 2] >= 0).all() and (ndc[:, 2] <= 1).all()
    depth = (corners - view.eye) @ view.axes[0]
    assert (np.argsort(ndc[:, 2]) == np.argsort(depth)).all() or np.ptp(depth) < 1e-6, "farther is larger z"


@pytest.mark.parametrize("pitch", [90.0, 45.0, 20.0])
@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("size", [(160, 90), (90, 160)])
def test_without_a_target_the_whole_ground_fits_the_picture_with_a_small_margin(
    draw: Callable[..., np.ndarray], hill: np.ndarray, size: tuple[int, int], projection: Any, pitch: float
) -> None:
    camera = Camera(heading=20, pitch=pitch, projection=projection)
    picture = draw(hill / 50, Scene(camera=camera, background="transparent"), size)
    covered = picture[..., 3] > 0
    assert not (covered[0].any() or covered[-1].any() or covered[:, 0].any() or covered[:, -1].any())
    width, height = covered.any(axis=0).sum() / size[0], covered.any(axis=1).sum() / size[1]
    assert 0.85 < max(width, height) < 1.0, (width, height)


def test_lanes_32_to_43_hold_sun_exposure_spacing_range_and_exaggeration(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer()
    heights = np.array([[3.25, 10.0], [np.nan, 4.0], [5.0, 700.5], [0.5, 8.0]], dtype=np.float32)
    heights = np.pad(heights, 2, mode="edge")
    renderer.set_height_data(heights, cell_to_world=(7.0, 0.0, 0.0, -7.0))
    renderer.set_scene(Scene(sun=Sun(azimuth=123.0, altitude=31.0), exposure=1.7, exaggeration=2.5))
    lanes = renderer.uniform_lanes()
    assert lanes.dtype == np.float32 and lanes.shape == (44,)
    a, h = math.radians(123), math.radians(31)
    expected = [math.sin(a) * math.cos(h), math.cos(a) * math.cos(h), math.sin(h), 1.7, 7.0, 700.0, 2.5, 0.0]
    np.testing.assert_allclose(lanes[32:40], expected, rtol=1e-6)
    assert not lanes[40:].any()


# Picking


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_pick_finds_the_ground_that_the_f64_camera_shows_there(
    make_renderer: Callable[..., Any], hill: np.ndarray, projection: Any
) -> None:
    size, matrix, exaggeration = (211, 127), (4.0, 0.0, 0.0, -6.0), 1.3
    camera = Camera(
        heading=340, pitch=55, projection=projection, target=(5.0, 3.0, 80.0), distance=450, resolution=2.6
    )  # fmt: skip
    renderer = make_renderer(*size)
    renderer.set_height_data(hill, cell_to_world=matrix)
    renderer.set_scene(Scene(camera=camera, exaggeration=exaggeration))
    view = OrbitCamera(camera, size)
    random = np.random.default_rng(4)
    rows, cols = hill.shape
    found = 0
    for column, row in zip(random.uniform(1, cols - 2, 25), random.uniform(1, rows - 2, 25)):
        height = float(bilinear(hill, np.array(column), np.array(row)))
        east, north = matrix[0] * (column - (cols - 1) / 2), matrix[3] * (row - (rows - 1) / 2)
        x, y = view.pixel(np.array([east, north, height * exaggeration]))
        if not (0 <= x < size[0] and 0 <= y < size[1]):
            continue
        picked = renderer.pick(x, y)
        assert picked is not None
        if math.hypot(picked[0] - column, picked[1] - row) > 1:  # the hill hides its far side
            assert column < 35 and row < 25
            continue
        found += 1
        assert picked[:2] == pytest.approx((column, row), abs=0.01)
        assert picked[2:4] == pytest.approx((east, north), abs=0.05)
        assert picked[4] == pytest.approx(height, abs=0.05)
    assert found >= 10
    assert renderer.pick(0.5, 0.5) is None  # beside the block


def test_the_view_tells_the_fitted_camera_and_an_explicit_one_like_it_draws_the_same(
    make_renderer: Callable[..., Any], hill: np.ndarray
) -> None:
    renderer = make_renderer(90, 70)
    renderer.set_height_data(hill)
    scene = Scene(camera=Camera(heading=77, pitch=33), shading="horn", cast_shadows=False)
    renderer.set_scene(scene)
    fitted, view = renderer.render_terrain_rgba(1), renderer.view()
    assert (view["heading"], view["pitch"]) == pytest.approx((77, 33))
    np.testing.assert_allclose(
        np.array(view["eye"]) + np.array(view["forward"]) * view["distance"], view["target"], atol=1e-6
    )
    explicit = Camera(heading=77, pitch=33, target=view["target"], distance=view["distance"])
    renderer.set_scene(replace(scene, camera=explicit))
    difference = np.abs(renderer.render_terrain_rgba(1).astype(int) - fitted)
    assert (difference <= 1).all()
    twin = OrbitCamera(explicit, (90, 70))
    np.testing.assert_allclose(twin.eye, view["eye"], atol=1e-6)
    np.testing.assert_allclose(twin.axes, [view["forward"], view["right"], view["up"]], atol=1e-9)
