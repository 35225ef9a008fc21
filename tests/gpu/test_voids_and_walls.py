"""Voids are holes: transparent, without walls, spikes or dark rims. The block around them is solid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from f64_twins import WHITE_RAMP, OrbitCamera

from forge3d_qgis.core import Camera, ColorRamp, Scene, Sun

WALL = (0, 255, 0)
FROM_ABOVE = Camera(pitch=90, projection="orthographic", resolution=0.5, target=(0, 0, 0))
SCENE = Scene(background="transparent", wall_color="#00ff00", sun=Sun(azimuth=60, altitude=35))
OBLIQUE = [Camera(heading=h, pitch=p, target=(0, 0, 5), distance=90) for h, p in ((0, 40), (130, 25), (245, 22))]
ROWS, COLS = 40, 60


def plane() -> np.ndarray:
    rows, cols = np.mgrid[0:ROWS, 0:COLS]
    return (8 + 0.15 * cols - 0.1 * rows).astype(np.float32)


def one_sample(heights: np.ndarray) -> None:
    heights[20, 31] = np.nan


def block_of_samples(heights: np.ndarray) -> None:
    heights[12:25, 20:38] = np.nan


def half_of_it(heights: np.ndarray) -> None:
    heights[:, 30:] = np.nan


def at_the_border(heights: np.ndarray) -> None:
    heights[:6, 10:30] = heights[25:, -5:] = heights[-1, 0] = np.inf


def scattered(heights: np.ndarray) -> None:
    heights[np.random.default_rng(2).random(heights.shape) < 0.03] = -np.inf


HOLES = [one_sample, block_of_samples, half_of_it, at_the_border, scattered]


def with_hole(hole: Callable[[np.ndarray], None]) -> np.ndarray:
    heights = plane()
    hole(heights)
    return heights


def whole_cells(heights: np.ndarray) -> np.ndarray:
    """Cells with four valid corners, (rows - 1, cols - 1)."""
    valid = np.isfinite(heights)
    whole: np.ndarray = valid[:-1, :-1] & valid[1:, :-1] & valid[:-1, 1:] & valid[1:, 1:]
    return whole


def where_rays_meet_the_plane(camera: Camera, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(column, row) of ``plane()`` under each pixel's centre, by an f64 camera."""
    origin, direction = OrbitCamera(camera, size).rays()
    # z = 8 + 0.15 column - 0.1 row, with column = x + (COLS - 1) / 2 and row = (ROWS - 1) / 2 - y.
    normal = np.array([-0.15, -0.1, 1.0])
    level = 8 + 0.15 * (COLS - 1) / 2 - 0.1 * (ROWS - 1) / 2
    place = origin + direction * ((level - origin @ normal) / (direction @ normal))[..., None]
    return place[..., 0] + (COLS - 1) / 2, (ROWS - 1) / 2 - place[..., 1]


@pytest.mark.parametrize("hole", HOLES)
def test_from_above_exactly_the_cells_with_a_void_corner_are_transparent(
    draw: Callable[..., np.ndarray], hole: Callable[[np.ndarray], None]
) -> None:
    heights = with_hole(hole)
    # Two by two pixels a cell, none on a cell's edge.
    picture = draw(heights, replace(SCENE, camera=FROM_ABOVE), (2 * (COLS - 1), 2 * (ROWS - 1)))
    expected = np.where(np.kron(whole_cells(heights), np.ones((2, 2))), 255, 0)
    np.testing.assert_array_equal(picture[..., 3], expected)


@pytest.mark.parametrize("shading", ["relief", "horn"])
@pytest.mark.parametrize("hole", HOLES)
def test_around_holes_in_a_plane_colours_are_those_without_holes(
    draw: Callable[..., np.ndarray], hole: Callable[[np.ndarray], None], shading: Any
) -> None:
    heights = with_hole(hole)
    # Absolute colours: the range of heights may lose its ends with the voids.
    ramp = ColorRamp(((5.0, (250, 90, 80, 255)), (20.0, (90, 80, 250, 255))))
    scene = replace(SCENE, camera=FROM_ABOVE, shading=shading, color_ramp=ramp)
    size = (2 * (COLS - 1), 2 * (ROWS - 1))
    holed, full = (draw(h, scene, size, samples=8).astype(int) for h in (heights, plane()))
    # Away from cells that are partly a hole: those mix in the background at their edges.
    inside = np.kron(whole_cells(heights), np.ones((2, 2))).astype(bool) & (holed[..., 3] == 255)
    assert inside.sum() > 500
    difference = np.abs(holed - full).max(axis=-1)[inside]
    if hole is scattered:  # a sample all alone among voids has no neighbours to tell its slope
        assert (difference <= 2).mean() > 0.995
    else:
        assert difference.max() <= 2


@pytest.mark.parametrize("camera", OBLIQUE)
@pytest.mark.parametrize("hole", HOLES)
def test_from_the_side_each_pixel_is_as_without_the_hole_or_shows_what_lies_behind_it(
    draw: Callable[..., np.ndarray], hole: Callable[[np.ndarray], None], camera: Camera
) -> None:
    scene = replace(SCENE, camera=camera, color_ramp=WHITE_RAMP)
    heights = with_hole(hole)
    holed, full = (draw(h, scene, (160, 90)).astype(int) for h in (heights, plane()))
    same = np.abs(holed - full).max(axis=-1) <= 2
    see_through = holed[..., 3] == 0
    # A plane behind a hole is the same plane: nothing of another colour may come up, no wall, no spike, no rim.
    ground_behind = (holed[..., 0] > 0) & (holed[..., 3] == 255) & (full[..., 1] == 255) & (full[..., 0] == 0)
    wrong = ~(same | see_through | ground_behind)
    assert not wrong.any(), f"{wrong.sum()} pixels, first at {np.argwhere(wrong)[0]}"
    # Where the ray of a pixel's centre meets the plane in a cell of the hole, the hole is seen through; in a whole
    # cell, the ground. Not near a cell's edge, where rounding decides.
    ground = (full[..., 3] == 255) & ~(full[..., :3] == WALL).all(axis=-1)
    column, row = where_rays_meet_the_plane(camera, (160, 90))
    sure = ground & (np.abs(column - np.round(column)) > 0.02) & (np.abs(row - np.round(row)) > 0.02)
    whole = whole_cells(heights)[
        np.clip(row, 0, ROWS - 2).astype(int), np.clip(column, 0, COLS - 2).astype(int)
    ]  # fmt: skip
    np.testing.assert_array_equal(see_through[sure & ~whole], True)
    np.testing.assert_array_equal(same[sure & whole], True)
    assert (sure & whole).sum() > 200 and ((sure & ~whole).any() or hole is one_sample)
    is_wall = (holed[..., :3] == WALL).all(axis=-1)
    assert not (is_wall & ~(full[..., :3] == WALL).all(axis=-1)).any()


def test_voids_enter_neither_the_range_nor_the_fitted_view(make_renderer: Callable[..., Any]) -> None:
    heights = plane()
    heights[5:9, 5:9] = np.nan
    renderer = make_renderer(40, 30)
    renderer.set_scene(SCENE)
    views = []
    for field in (plane(), heights):
        renderer.set_height_data(field)
        views.append(renderer.view())
        assert renderer.uniform_lanes()[37] == pytest.approx(float(np.ptp(plane())))
    assert views[0]["eye"] == pytest.approx(views[1]["eye"]) and views[0]["target"] == pytest.approx(views[1]["target"])


@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, -3e38, np.float32(3.4e38)])
def test_far_values_and_infinities_never_draw_as_ground(
    make_renderer: Callable[..., Any], native: Any, fill: float
) -> None:
    heights = plane()
    heights[10:14, 10:14] = fill
    renderer = make_renderer(40, 30)
    renderer.set_scene(SCENE)
    if np.isfinite(fill):
        with pytest.raises(native.InputError, match="nodata"):
            renderer.set_height_data(heights)
    else:
        renderer.set_height_data(heights)
        assert renderer.uniform_lanes()[37] < 20


# Walls


@pytest.mark.parametrize("camera", OBLIQUE)
@pytest.mark.parametrize("shape", [(2, 2), (3, 61), (40, 41), (64, 65), (129, 100), (257, 33)])
def test_the_block_has_no_holes(draw: Callable[..., np.ndarray], shape: tuple[int, int], camera: Camera) -> None:
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    heights = 5 + 2 * np.sin(rows / 9.0) + 2 * np.cos(cols / 7.0)
    cell = 60.0 / max(shape)
    scene = replace(SCENE, camera=camera)
    picture = draw(heights, scene, (200, 120), cell_to_world=(cell, 0.0, 0.0, -cell))
    covered = picture[..., 3] > 0
    # Solid below its top: in each column of pixels one unbroken run.
    runs = np.count_nonzero(np.diff(covered.astype(int), axis=0, prepend=0) == 1, axis=0)
    assert covered.sum() > 200
    # Hills may stand apart from the rest at the skyline, never from what is under them.
    bottom = np.where(covered.any(axis=0), covered.shape[0] - 1 - covered[::-1].argmax(axis=0), -1)
    top = covered.argmax(axis=0)
    holes = sum((~covered[t : b + 1, x]).sum() for x, (t, b) in enumerate(zip(top, bottom)) if b >= 0)
    assert holes == 0 and runs.max() == 1


def test_walls_have_their_own_plain_colour(draw: Callable[..., np.ndarray]) -> None:
    heights = np.full((20, 20), 30.0, dtype=np.float32)
    heights[10, 10] = 0  # so that the walls reach down
    camera = Camera(heading=30, pitch=10, target=(0, 0, 15), distance=120)
    picture = draw(heights, replace(SCENE, camera=camera, color_ramp=WHITE_RAMP), (120, 90))
    wall = (picture == (*WALL, 255)).all(axis=-1)
    green = picture[..., 1].astype(int) > picture[..., 0].astype(int) + 100
    assert wall.sum() > 800
    np.testing.assert_array_equal(wall, green)
