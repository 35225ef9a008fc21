"""The Dem: its array, and its places on the map and in the world."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forge3d_qgis.core import Dem, DemError, Georeference, read_dem
from forge3d_qgis.core.dem import corner_from_map, covering_window, map_from_corner

Write = Callable[..., Path]


def made_by_hand(heights: np.ndarray) -> Dem:
    """Through the constructor, as those do who hold a georeference already."""
    return Dem(heights, (1.0, 0.0, 0.0, -1.0), Georeference((0.0, 1.0, 0.0, 0.0, 0.0, -1.0)), (3, 3))


def turned(angle: float, size: float = 10.0) -> tuple[float, ...]:
    a = math.radians(angle)
    return (5e5, size * math.cos(a), size * math.sin(a), 5e6, size * math.sin(a), -size * math.cos(a))


@pytest.mark.parametrize(
    ("geotransform", "flip"),
    [(turned(0), False), (turned(30), False), (turned(-120), False), ((5e5, 10.0, 0, 5e6, 0, 10.0), True)],
    ids=["north-up", "turned 30°", "turned -120°", "south-up"],
)
def test_the_hill_stands_in_the_world_where_it_stands_on_the_map(
    write_raster: Write, hill: np.ndarray, geotransform: tuple[float, ...], flip: bool
) -> None:
    dem = read_dem(write_raster(hill[::-1] if flip else hill, geotransform=geotransform))
    row, col = np.unravel_index(np.argmax(dem.heights), dem.heights.shape)
    top, centre = dem.map_from_cell(col, row), dem.map_from_world(0, 0)
    world = dem.world_from_cell(col, row)
    assert world == pytest.approx((top[0] - centre[0], top[1] - centre[1]), abs=1e-6)
    if geotransform[2] == 0:
        assert world[0] < 0 < world[1]  # north-west


def test_cells_map_and_world_lead_back_to_each_other(write_raster: Write, hill: np.ndarray) -> None:
    dem = read_dem(write_raster(hill, geotransform=turned(30)), max_samples=700)
    for cell in [(0.0, 0.0), (3.25, 17.5), (-2.0, 40.0)]:
        assert dem.cell_from_map(*dem.map_from_cell(*cell)) == pytest.approx(cell, abs=1e-6)
        assert dem.cell_from_world(*dem.world_from_cell(*cell)) == pytest.approx(cell, abs=1e-6)
        assert dem.world_from_map(*dem.map_from_cell(*cell)) == pytest.approx(dem.world_from_cell(*cell), abs=1e-6)
    middle = (dem.size[0] - 1) / 2, (dem.size[1] - 1) / 2
    assert dem.world_from_cell(*middle) == pytest.approx((0, 0), abs=1e-9)


def test_a_float32_array_is_kept_and_not_copied() -> None:
    heights = np.zeros((5, 7), dtype=np.float32)
    dem = Dem.from_array(heights, cell_size_m=2.0)
    assert dem.heights is heights
    assert dem.cell_to_world == (2.0, 0.0, 0.0, -2.0)
    assert dem.world_from_map(0, 0) == pytest.approx((0, 0))


def test_other_arrays_are_converted_and_stay_upright() -> None:
    heights = np.arange(12.0).reshape(3, 4).T
    dem = Dem.from_array(heights)
    assert dem.heights.flags.c_contiguous and dem.heights.dtype == np.float32
    np.testing.assert_array_equal(dem.heights, heights)


@pytest.mark.parametrize("bad", [np.zeros(5), np.zeros((2, 2, 2)), np.zeros((0, 5)), np.zeros((2, 2), complex)])
def test_arrays_that_are_no_heights_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(DemError, match="expected"):
        Dem.from_array(bad)


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf])
def test_cells_have_a_size(size: float) -> None:
    with pytest.raises(DemError, match="cell_size_m"):
        Dem.from_array(np.zeros((2, 2)), cell_size_m=size)


def test_masked_cells_of_an_array_are_void() -> None:
    heights = np.ma.masked_array(np.arange(9, dtype=np.int16).reshape(3, 3), mask=np.eye(3, dtype=bool))
    held = Dem.from_array(heights).heights
    assert np.isnan(held[0, 0]) and np.isnan(held[2, 2]) and held[0, 1] == 1


def test_masked_cells_of_a_dem_made_by_hand_are_void() -> None:
    heights = np.ma.masked_array(np.arange(9, dtype=np.float32).reshape(3, 3), mask=np.eye(3, dtype=bool))
    dem = made_by_hand(heights)
    assert type(dem.heights) is np.ndarray
    np.testing.assert_array_equal(np.isnan(dem.heights), np.eye(3, dtype=bool))
    assert dem.height_range() == (1.0, 7.0)


@pytest.mark.parametrize("heights", [np.arange(24.0).reshape(4, 6)[:, ::2], np.arange(12, dtype=">i2").reshape(4, 3).T])
def test_any_array_of_numbers_makes_a_dem_by_hand(heights: np.ndarray) -> None:
    dem = made_by_hand(heights)
    assert dem.heights.dtype == np.float32 and dem.heights.flags.c_contiguous
    np.testing.assert_array_equal(dem.heights, heights)


@pytest.mark.parametrize(
    "heights",
    [[[1.0, 2.0], [3.0]], "heights", None, [["a", "b"]], object(), [[1, 2], [3, 10**400]], np.zeros((3, 3, 1))],
    ids=["ragged", "text", "None", "words", "object", "endless integer", "3-D"],
)
def test_what_is_no_table_of_numbers_makes_no_dem(heights: object) -> None:
    for make in (Dem.from_array, made_by_hand):
        with pytest.raises(DemError, match=r"heights: expected .* got .* fix: "):
            make(heights)  # type: ignore[arg-type]


def test_a_finite_height_beyond_float32_is_refused_and_does_not_vanish() -> None:
    heights = np.array([[1.0, 2.0], [-1e39, np.inf]])
    with pytest.raises(DemError, match="got -1e\\+39"):
        Dem.from_array(heights)
    hidden = np.ma.masked_array(heights, mask=heights == -1e39)
    held = Dem.from_array(hidden).heights
    assert np.isnan(held[1, 0]) and not np.isfinite(held[1, 1])


def test_the_datum_is_in_the_range_that_people_see() -> None:
    dem = replace(Dem.from_array(np.array([[-5.0, 7.0]])), datum_m=1737400.0)
    assert dem.height_range() == (1737395.0, 1737407.0)
    np.testing.assert_array_equal(dem.heights, [[-5.0, 7.0]])


@pytest.mark.parametrize("geotransform", [turned(0), turned(30), turned(-120), (5e5, 10.0, 0.0, 5e6, 0.0, 10.0)])
def test_the_window_that_covers_an_extent_holds_every_cell_in_it(geotransform: tuple) -> None:
    size = (40, 30)
    x, y = map_from_corner(geotransform, 13.0, 11.0)
    extent = (x - 42.0, y - 33.0, x + 42.0, y + 33.0)
    window = covering_window(geotransform, size, extent)
    assert window is not None
    left, top, cols, rows = window
    assert left >= 0 and top >= 0 and left + cols <= size[0] and top + rows <= size[1]
    for col in range(size[0]):
        for row in range(size[1]):
            px, py = map_from_corner(geotransform, col + 0.5, row + 0.5)
            if extent[0] <= px <= extent[2] and extent[1] <= py <= extent[3]:
                assert left <= col < left + cols and top <= row < top + rows
    assert cols <= 20 and rows <= 20  # no more than the extent's diagonal and a cell on each side


@pytest.mark.parametrize("extent", [(0.0, 0.0, 1.0, 1.0), (5e5, 5e6, 5e5 + 1, 5e6 + 1), (math.nan, 0, 1, 1)])
def test_an_extent_beside_the_raster_has_no_window(extent: tuple) -> None:
    assert covering_window(turned(0), (40, 30), extent) is None


def test_places_and_cells_are_inverse() -> None:
    for geotransform in (turned(30), turned(-120)):
        assert corner_from_map(geotransform, *map_from_corner(geotransform, 3.25, 17.5)) == pytest.approx((3.25, 17.5))
