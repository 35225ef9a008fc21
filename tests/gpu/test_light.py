"""Shadows by their tangent, sky light by its closed form, ``horn`` by gdaldem's own bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from f64_twins import WHITE_RAMP, bilinear, horn_bytes, horn_gradient, linear_light
from osgeo import gdal

from forge3d_qgis.core import Camera, ColorRamp, Scene, Sun, read_dem

SIZE = (200, 24)
PIXEL_M = 0.5
FROM_ABOVE = Camera(pitch=90, projection="orthographic", resolution=PIXEL_M, target=(0, 0, 0))
BARE = Scene(camera=FROM_ABOVE, color_ramp=WHITE_RAMP, sky_view=0, sun=Sun(270, 30, size=0))
STEP_M = 10.0
EDGE_EAST_M = -30.0
"""The plateau ends there; the foot of the step lies one metre on."""


def step(rows: int = 61) -> np.ndarray:
    """A plateau in the west, 10 m above a plain; one metre a cell."""
    heights = np.zeros((rows, 161), dtype=np.float32)
    heights[:, : 80 + int(EDGE_EAST_M) + 1] = STEP_M
    return heights


def shadow_end(picture: np.ndarray) -> float:
    """Metres from the plateau's edge to the end of the shadow, along the middle row, to half a pixel."""
    row = picture[SIZE[1] // 2, :, 0]
    east = (np.arange(SIZE[0]) + 0.5 - SIZE[0] / 2) * PIXEL_M
    # Behind the step, where the side itself is dark.
    dark = (row == 0) & (east > EDGE_EAST_M)
    return float(east[dark].max()) + PIXEL_M / 2 - EDGE_EAST_M


@pytest.mark.parametrize("altitude", [10.0, 15.0, 30.0, 45.0, 60.0])
@pytest.mark.parametrize("azimuth", [270.0, 240.0, 315.0])
def test_the_shadow_of_a_step_has_the_length_of_its_tangent(
    draw: Callable[..., np.ndarray], azimuth: float, altitude: float
) -> None:
    picture = draw(step(241), replace(BARE, sun=Sun(azimuth, altitude, size=0)), SIZE)
    # Across the edge, which runs north: the part of the shadow that goes east.
    expected = STEP_M / math.tan(math.radians(altitude)) * math.sin(math.radians(azimuth - 180))
    assert shadow_end(picture) == pytest.approx(expected, abs=PIXEL_M)
    row = picture[SIZE[1] // 2, :, 0].astype(int)
    after = round((expected + EDGE_EAST_M) / PIXEL_M + SIZE[0] / 2) + 2
    assert row[after:].min() == row[after:].max() > 0, "one shadow, and even light beyond"


def test_exaggeration_makes_the_shadow_longer_by_its_factor(draw: Callable[..., np.ndarray]) -> None:
    ends = [shadow_end(draw(step(), replace(BARE, exaggeration=factor), SIZE)) for factor in (0.5, 1.0, 3.0)]
    expected = [factor * STEP_M / math.tan(math.radians(30)) for factor in (0.5, 1.0, 3.0)]
    assert ends == pytest.approx(expected, abs=PIXEL_M)


@pytest.mark.parametrize("shading", ["relief", "horn"])
def test_without_cast_shadows_the_plain_is_evenly_lit(draw: Callable[..., np.ndarray], shading: Any) -> None:
    plain = slice(SIZE[0] // 2 + round((EDGE_EAST_M + 4) / PIXEL_M), None)
    lit, shaded = (
        draw(step(), replace(BARE, shading=shading, cast_shadows=shadows), SIZE)[SIZE[1] // 2, plain, 0].astype(int)
        for shadows in (False, True)
    )
    assert lit.min() == lit.max() > 0
    assert shaded.min() < lit.min() and shaded.max() == lit.max()


@pytest.mark.parametrize(("altitude", "size"), [(30.0, 4.0), (45.0, 10.0), (60.0, 16.0)])
def test_the_sun_disk_softens_the_shadow_as_much_as_its_edge_hides_of_it(
    draw: Callable[..., np.ndarray], altitude: float, size: float
) -> None:
    row = slice(SIZE[1] // 2 - 4, SIZE[1] // 2 + 4)
    light = linear_light(draw(step(), replace(BARE, sun=Sun(270, altitude, size=size)), SIZE, samples=128))
    east = (np.arange(SIZE[0]) + 0.5 - SIZE[0] / 2) * PIXEL_M - EDGE_EAST_M
    visible = light[row, :, 0].mean(axis=0) / light[row, -20:, 0].mean()
    # How far the disk's middle stands above the edge, in radii; then the part of a disk beyond a straight line.
    beyond = np.radians(altitude) - np.arctan(STEP_M / np.maximum(east, 0.1))
    u = np.clip(np.tan(beyond) / math.tan(math.radians(size / 2)), -1, 1)
    expected = 0.5 + (u * np.sqrt(1 - u**2) + np.arcsin(u)) / math.pi
    behind = east > 2
    assert np.abs(visible - expected)[behind].max() < 0.08
    width = PIXEL_M * ((visible > 0.02) & (visible < 0.98) & behind).sum()
    full = STEP_M * sum(
        sign / math.tan(math.radians(altitude - sign * size / 2)) for sign in (1, -1)
    )  # fmt: skip
    assert 0.6 * full - 2 * PIXEL_M < width < full + 2 * PIXEL_M


# Sky light


def sky_light(draw: Callable[..., np.ndarray], heights: np.ndarray, *, z: float = 0.0, samples: int = 256) -> float:
    """Linear light at the middle of ``heights`` under an even sky without sun: mean of 16×16 pixels a few mm apart."""
    camera = Camera(pitch=90, projection="orthographic", resolution=1e-3, target=(0, 0, z))
    # Brighter, for finer steps of the bytes: on level ground 200 of 255.
    scene = Scene(camera=camera, color_ramp=WHITE_RAMP, sun=Sun(intensity=0), exposure=2.5)
    picture = draw(heights, scene, (16, 16), samples=samples)
    assert (picture[..., 3] == 255).all() and picture[..., :3].max() < 255
    return float(linear_light(picture[..., 1]).mean())


@pytest.fixture
def open_sky(draw: Callable[..., np.ndarray]) -> float:
    return sky_light(draw, np.zeros((5, 5), dtype=np.float32))


@pytest.mark.parametrize("slope_degrees", [15.0, 35.0, 60.0])
def test_a_tilted_plane_sees_half_of_one_plus_its_cosine_of_the_sky(
    draw: Callable[..., np.ndarray], open_sky: float, slope_degrees: float
) -> None:
    slope = math.tan(math.radians(slope_degrees))
    plane = np.add.outer(np.zeros(201), slope * (np.arange(201) - 100.0)).astype(np.float32)
    expected = (1 + math.cos(math.radians(slope_degrees))) / 2
    assert sky_light(draw, plane) / open_sky == pytest.approx(expected, rel=0.025)


@pytest.mark.parametrize("elevation", [20.0, 45.0, 65.0])
def test_the_floor_of_a_long_canyon_sees_the_cosine_of_its_walls(
    draw: Callable[..., np.ndarray], open_sky: float, elevation: float
) -> None:
    # Rims 10 m beside the middle, one metre beyond the foot of the walls; 100 times as long as wide.
    height = 10 * math.tan(math.radians(elevation))
    canyon = np.zeros((2001, 31), dtype=np.float32)
    canyon[:, np.abs(np.arange(31) - 15) >= 10] = height
    expected = math.cos(math.radians(elevation))
    assert sky_light(draw, canyon) / open_sky == pytest.approx(expected, rel=0.025)


@pytest.mark.parametrize("elevation", [20.0, 45.0, 65.0])
def test_the_middle_of_a_round_pit_sees_the_squared_cosine_of_its_rim(
    draw: Callable[..., np.ndarray], open_sky: float, elevation: float
) -> None:
    rows, cols = np.mgrid[-70:71, -70:71]
    radius = np.hypot(rows, cols)
    # Full height from 60 m on: a rim of small cells, so that its steps do not count.
    pit = np.clip(radius - 59, 0, 1) * 60 * math.tan(math.radians(elevation))
    expected = math.cos(math.radians(elevation)) ** 2
    assert sky_light(draw, pit) / open_sky == pytest.approx(expected, rel=0.03)


def test_sky_view_scales_the_sky_light(draw: Callable[..., np.ndarray]) -> None:
    flat = np.zeros((5, 5), dtype=np.float32)
    base = Scene(camera=FROM_ABOVE, color_ramp=WHITE_RAMP, sun=Sun(intensity=0))
    light = [linear_light(draw(flat, replace(base, sky_view=s), (4, 4)))[2, 2, 1] for s in (0.0, 0.5, 1.0, 2.0)]
    assert light[0] == 0 and light[1:] == pytest.approx([light[2] / 2, light[2], light[2] * 2], rel=0.02)


# horn

LIGHTS = [(315.0, 45.0, 1.0), (45.0, 30.0, 2.0), (200.0, 70.0, 0.5), (0.0, 10.0, 3.0)]


def gdal_hillshade(
    heights: np.ndarray, cell: tuple[float, float], azimuth: float, altitude: float, z_factor: float
) -> np.ndarray:
    rows, cols = heights.shape
    dataset = gdal.GetDriverByName("MEM").Create("", cols, rows, 1, gdal.GDT_Float32)
    dataset.SetGeoTransform((0, cell[0], 0, 0, 0, -cell[1]))
    dataset.GetRasterBand(1).WriteRaster(0, 0, cols, rows, heights.tobytes())
    shaded = gdal.DEMProcessing(
        "", dataset, "hillshade", format="MEM", azimuth=azimuth, altitude=altitude, zFactor=z_factor
    )
    return np.frombuffer(shaded.GetRasterBand(1).ReadRaster(), dtype=np.uint8).reshape(rows, cols)


def horn_picture(
    draw: Callable[..., np.ndarray], heights: np.ndarray, pixels: tuple[int, int], cell_m: tuple[float, float],
    light: tuple[float, float, float],
) -> np.ndarray:  # fmt: skip
    """Grey at each sample, in a picture from above with ``pixels`` odd numbers of pixels a cell."""
    rows, cols = heights.shape
    resolution = cell_m[0] / pixels[0]
    assert resolution == pytest.approx(cell_m[1] / pixels[1])
    camera = Camera(pitch=90, projection="orthographic", resolution=resolution, target=(0, 0, 0))
    azimuth, altitude, z_factor = light
    scene = Scene(
        camera=camera, shading="horn", cast_shadows=False, sun=Sun(azimuth, altitude), exaggeration=z_factor
    )  # fmt: skip
    size = (cols * pixels[0], rows * pixels[1])
    picture = draw(heights, scene, size, cell_to_world=(cell_m[0], 0.0, 0.0, -cell_m[1]))
    assert (picture[..., 0] == picture[..., 1]).all() and (picture[..., 1] == picture[..., 2]).all()
    return picture[pixels[1] // 2 :: pixels[1], pixels[0] // 2 :: pixels[0], 0]


def assert_within_one(got: np.ndarray, expected: np.ndarray) -> None:
    # gdaldem leaves the outermost samples black.
    got, expected = got[1:-1, 1:-1].astype(int), expected[1:-1, 1:-1].astype(int)
    difference = np.abs(got - expected)
    share = (difference <= 1).mean()
    assert share >= 0.999, f"{share:.5f} within 1, worst {difference.max()}"
    assert expected.std() > 5, "a picture with something to judge"


@pytest.fixture(scope="module")
def sample_heights() -> np.ndarray:
    path = Path(__file__).resolve().parents[2] / "resources" / "sample" / "jacksboro_fault.tif"
    heights = read_dem(path).heights
    heights.setflags(write=False)
    return heights


@pytest.fixture(scope="module")
def rough_heights() -> np.ndarray:
    return np.random.default_rng(8).normal(0, 12, (90, 130)).astype(np.float32)


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize(("cell", "pixels"), [((90.0, 90.0), (1, 1)), ((72.0, 120.0), (3, 5))])
def test_horn_from_above_is_gdaldems_hillshade_of_the_sample(
    draw: Callable[..., np.ndarray], sample_heights: np.ndarray, cell: Any, pixels: Any, light: Any
) -> None:
    heights = sample_heights if pixels == (1, 1) else np.ascontiguousarray(sample_heights[100:220, 60:200])
    assert_within_one(horn_picture(draw, heights, pixels, cell, light), gdal_hillshade(heights, cell, *light))


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize(("cell", "pixels"), [((30.0, 30.0), (1, 1)), ((10.0, 30.0), (1, 3))])
def test_horn_from_above_is_gdaldems_hillshade_of_rough_ground(
    draw: Callable[..., np.ndarray], rough_heights: np.ndarray, cell: Any, pixels: Any, light: Any
) -> None:
    grey = horn_picture(draw, rough_heights, pixels, cell, light)
    assert_within_one(grey, gdal_hillshade(rough_heights, cell, *light))


@pytest.mark.parametrize("light", LIGHTS)
def test_horn_with_the_samples_own_cells_is_its_f64_twin_also_between_samples(
    draw: Callable[..., np.ndarray], light: tuple[float, float, float]
) -> None:
    dem = read_dem(Path(__file__).resolve().parents[2] / "resources" / "sample" / "jacksboro_fault.tif")
    dx, dy = dem.cell_size_m
    assert abs(dx / dy - 1) > 0.1, "the sample's cells are oblong"
    azimuth, altitude, exaggeration = light
    size, resolution = (300, 320), dx
    camera = Camera(pitch=90, projection="orthographic", resolution=resolution, target=(0, 0, 0))
    scene = Scene(
        camera=camera, shading="horn", cast_shadows=False, sun=Sun(azimuth, altitude), exaggeration=exaggeration
    )  # fmt: skip
    picture = draw(dem.heights, scene, size, cell_to_world=dem.cell_to_world)

    columns, rows = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    east, north = (columns - size[0] / 2) * resolution, (size[1] / 2 - rows) * resolution
    # The gradient at the inner samples, linear between them: one sample in from each side.
    at = (east / dx + (dem.size[0] - 1) / 2 - 1, -north / dy + (dem.size[1] - 1) / 2 - 1)
    right, down = (bilinear(part, *at) for part in horn_gradient(dem.heights))
    expected = horn_bytes(exaggeration * right / dx, -exaggeration * down / dy, azimuth, altitude)
    inner = np.isfinite(expected)
    assert inner.mean() > 0.9
    close = np.abs(picture[..., 0][inner] - expected[inner]) <= 1
    assert close.mean() >= 0.999


def test_horn_with_shadows_darkens_and_never_brightens(draw: Callable[..., np.ndarray], hill: np.ndarray) -> None:
    scene = Scene(camera=replace(FROM_ABOVE, resolution=1.0), shading="horn", sun=Sun(315, 20))
    with_shadows, without = (
        draw(hill, replace(scene, cast_shadows=cast), (80, 60))[..., 0].astype(int) for cast in (True, False)
    )
    assert (with_shadows <= without).all() and (with_shadows < without - 20).sum() > 50


# Colours


RAMPS = {
    "sea and land": ((-11000.0, (0, 0, 80, 255)), (0.0, (90, 160, 255, 255)), (0.01, (0, 120, 40, 255)),
                     (8848.0, (255, 250, 240, 255))),
    "narrow classes in a wide range": tuple((float(v), ((i * 97) % 256, (i * 53) % 256, (i * 31) % 256, 255))
                                            for i, v in enumerate((-5, 0, 1, 2, 5, 10, 9000))),
    "an open end": ((-3.4e38, (200, 30, 30, 255)), (0.0, (30, 200, 30, 255)), (3.4e38, (30, 30, 200, 255))),
    "one colour": ((5.0, (10, 200, 90, 255)),),
}  # fmt: skip


@pytest.mark.parametrize("interpolation", ["discrete", "linear"])
@pytest.mark.parametrize("name", RAMPS)
def test_colours_change_at_the_very_heights_that_the_ramp_names(
    draw: Callable[..., np.ndarray], name: str, interpolation: Any
) -> None:
    # Level terraces, most of them at or beside a stop's height, between a trench and a summit.
    levels = np.array([-8.0, -5.0, -4.9, -0.1, 0.0, 0.2, 1.0, 1.1, 1.9, 2.0, 2.1, 5.0, 6.0, 9.9, 10.0, 11.0])
    heights = np.repeat(np.repeat(levels[None], 5, axis=0), 5, axis=1)
    heights[0, 0], heights[0, -1] = -11000.0, 8848.0
    ramp = ColorRamp(RAMPS[name], interpolation=interpolation)
    camera = Camera(pitch=90, projection="orthographic", resolution=1.0, target=(0, 0, 0))
    scene = Scene(camera=camera, color_ramp=ramp, sky_view=0, cast_shadows=False, sun=Sun(altitude=90))
    picture = linear_light(draw(heights, scene, (heights.shape[1], 5))[3, 2::5, :3])
    # The light on level ground, from the same scene in white; it passes the ramp's colours by channel.
    white = linear_light(draw(heights, replace(scene, color_ramp=WHITE_RAMP), (heights.shape[1], 5))[3, 2::5, :3])
    expected = linear_light(ramp.colors_at(levels)[:, :3]) * white
    np.testing.assert_allclose(picture, expected, atol=0.012)
