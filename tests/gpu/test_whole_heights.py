"""Heights as 16-bit numbers: the same pictures as with floats, byte for byte; and heights that come strip by strip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from any_values import cases
from hypothesis import given
from hypothesis import strategies as st

from forge3d_qgis.core import Camera, ColorRamp, Scene, Sun, open_dem, read_dem, render

MATRIX = (30.0, 0.0, 0.0, -30.0)
RAMP = ColorRamp.named("terrain")


class Strips:
    """A stream of ``heights`` in strips of ``step`` rows."""

    def __init__(self, heights: np.ndarray, base: int | None = None, step: int = 7) -> None:
        self.heights, self.height_base, self.step = heights, base, step
        self.shape = heights.shape

    def strips(self) -> Iterator[np.ndarray]:
        for first in range(0, self.shape[0], self.step):
            yield self.heights[first : first + self.step]


def terrain(rows: int, cols: int, seed: int, lowest: int, highest: int, void_share: float) -> np.ndarray:
    """Whole metres that reach ``lowest`` and ``highest``, with voids."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:cols]
    wave = np.sin(x / 7 + seed) * np.cos(y / 11) + random.normal(0, 0.1, (rows, cols))
    low, high = wave.min(), wave.max()
    heights = np.round(lowest + (wave - low) / max(high - low, 1e-9) * (highest - lowest)).astype(np.float32)
    heights[random.random((rows, cols)) < void_share] = np.nan
    heights[:2, :2] = [[lowest, highest], [highest, lowest]]  # a whole cell in any case
    return heights


def pictures(renderer: Any, scenes: list[Scene]) -> list[np.ndarray]:
    found = []
    for scene in scenes:
        renderer.set_scene(scene)
        found.append(renderer.render_terrain_rgba(2).copy())
    return found


def held_as(make_renderer: Callable[..., Any], stream: Strips) -> Any:
    renderer = make_renderer(61, 43)
    renderer.set_height_data(stream, cell_to_world=MATRIX)
    return renderer


# Base, lowest, highest: what signed and unsigned types hold, beside the one number that is the void.
RANGES = [
    (-32768, -32767, 32767),
    (-32769, -32768, 32766),
    (-1, 0, 65534),
    (0, 1, 65535),
    (-1, 0, 255),
    (-32768, -430, 8849),
]
VIEWS = [Camera(pitch=p, heading=h, zoom=z) for p, h, z in ((90, 0, 1), (45, 200, 1.3), (10, 70, 1), (5, 310, 3))]


@cases(2)
@given(
    shape=st.tuples(st.integers(2, 70), st.integers(2, 70)),
    seed=st.integers(0, 2**16),
    reach=st.sampled_from(RANGES),
    voids=st.sampled_from([0.0, 0.0, 0.02, 0.4]),
    camera=st.sampled_from(VIEWS),
    shading=st.sampled_from(["relief", "hillshade"]),
    exaggeration=st.sampled_from([0.01, 0.2, 1.0]),
)
def test_16_bit_numbers_draw_the_very_bytes_that_floats_do(
    native: ModuleType, adapter: str, shape: Any, seed: int, reach: Any, voids: float, camera: Camera, shading: str,
    exaggeration: float,
) -> None:  # fmt: skip
    base, lowest, highest = reach
    heights = terrain(*shape, seed, lowest, highest, voids)
    scene = Scene(
        camera=camera, shading=shading, exaggeration=exaggeration, color_ramp=RAMP, sun=Sun(azimuth=290, altitude=20)
    )
    drawn = []
    for given_base in (None, base):
        renderer = native.Renderer(47, 31, adapter=adapter)
        try:
            renderer.set_height_data(Strips(heights, given_base), cell_to_world=MATRIX)
            np.testing.assert_array_equal(renderer.read_full_height_texture(), heights)
            drawn += pictures(renderer, [scene])
            drawn.append(np.array(renderer.pick(23.5, 15.5) or (0.0,) * 5))
        finally:
            renderer.close()
    np.testing.assert_array_equal(drawn[0], drawn[2])
    np.testing.assert_array_equal(drawn[1], drawn[3])


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 2), (64, 65), (257, 255), (5, 1024)])
def test_any_rectangle_of_16_bit_numbers_reads_back(make_renderer: Callable[..., Any], shape: tuple[int, int]) -> None:
    heights = terrain(*shape, 3, -32767, 32767, 0.1)
    renderer = held_as(make_renderer, Strips(heights, -32768))
    rows, cols = shape
    for row, col, high, wide in ((0, 0, 1, 1), (1, 1, 1, 1), (0, 1, rows, cols - 1), (rows - 1, cols - 1, 1, 1)):
        patch = renderer.debug_read_height_patch(row, col, high, wide)
        np.testing.assert_array_equal(patch, heights[row : row + high, col : col + wide])


def test_16_bit_numbers_take_half_the_bytes_and_the_estimate_knows_it(
    native: ModuleType, make_renderer: Callable[..., Any]
) -> None:
    heights = terrain(300, 401, 1, 0, 2000, 0.0)
    taken = {}
    for bits, base in ((32, None), (16, -1)):
        before = native.memory_metrics()["total_bytes"]
        renderer = make_renderer(61, 43)
        own = native.memory_metrics()["total_bytes"] - before
        renderer.set_height_data(Strips(heights, base), cell_to_world=MATRIX)
        taken[bits] = native.memory_metrics()["total_bytes"] - before - own
        items = dict(native.memory_estimate((401, 300), height_bits=bits)["items"])
        assert taken[bits] == items["height texture"] + items["maximum pyramid"]
    # Odd rows are filled up to a whole word.
    assert taken[32] / 2 <= taken[16] <= taken[32] / 2 + 2 * (300 + 300) + 320
    with pytest.raises(native.InputError, match="expected 16 or 32; got 8"):
        native.memory_estimate((401, 300), height_bits=8)


def test_shared_16_bit_heights_draw_the_same_and_may_follow_floats(make_renderer: Callable[..., Any]) -> None:
    heights = terrain(90, 77, 5, -100, 900, 0.02)
    scenes = [Scene(camera=camera) for camera in VIEWS]
    floats, codes = held_as(make_renderer, Strips(heights)), held_as(make_renderer, Strips(heights, -32768))
    expected = pictures(floats, scenes)
    other = make_renderer(61, 43)
    for owner in (codes, floats, codes):
        other.share_heights(owner)
        for one, reference in zip(pictures(other, scenes), expected):
            np.testing.assert_array_equal(one, reference)


@pytest.mark.parametrize("height", [0.5, -32768.0, 32768.0, 1e9])
def test_a_height_that_no_code_can_hold_is_refused(
    native: ModuleType, make_renderer: Callable[..., Any], height: float
) -> None:
    heights = terrain(40, 30, 1, 0, 100, 0.0)
    heights[20, 11] = height
    with pytest.raises(native.InputError, match="held as 16-bit numbers; got"):
        held_as(make_renderer, Strips(heights, -32768))


@pytest.mark.parametrize("base", [0.5, 1e9, float("nan"), "ten"])
def test_a_base_that_is_no_whole_number_is_refused(
    native: ModuleType, make_renderer: Callable[..., Any], base: Any
) -> None:
    with pytest.raises(native.InputError, match=r"expected a .*number.*; got .*; fix: ."):
        held_as(make_renderer, Strips(terrain(4, 4, 1, 0, 9, 0.0), base))


# --------------------------------------------------------------------------------------------------------------------
# Streams


def test_strips_of_any_height_and_type_make_the_raster_of_the_whole_array(make_renderer: Callable[..., Any]) -> None:
    heights = terrain(231, 1025, 2, -50, 4000, 0.05)
    whole = make_renderer(61, 43)
    whole.set_height_data(heights, cell_to_world=MATRIX)
    (expected,) = pictures(whole, [Scene()])
    doubles = Strips(heights.astype(np.float64), None, 50)
    masked = Strips(np.ma.masked_invalid(heights), None, 100)
    for stream in (Strips(heights, None, 1), Strips(heights, None, 231), Strips(heights, -32768, 3), doubles, masked):
        renderer = held_as(make_renderer, stream)
        np.testing.assert_array_equal(renderer.read_full_height_texture(), heights)
        np.testing.assert_array_equal(pictures(renderer, [Scene()])[0], expected)


def test_the_matrix_may_be_asked_for_after_the_last_row(make_renderer: Callable[..., Any]) -> None:
    heights = terrain(50, 60, 2, 0, 300, 0.0)
    asked_after = []

    class Told(Strips):
        def strips(self) -> Iterator[np.ndarray]:
            for strip in super().strips():
                asked_after.append(len(strip))
                yield strip

    def matrix() -> tuple[float, float, float, float]:
        asked_after.append(-1)
        return MATRIX

    renderer = make_renderer(61, 43)
    renderer.set_height_data(Told(heights), cell_to_world=matrix)
    assert asked_after[-1] == -1 and asked_after.count(-1) == 1 and sum(asked_after) == 50 - 1
    (picture,) = pictures(renderer, [Scene()])
    np.testing.assert_array_equal(picture, pictures(held_as(make_renderer, Strips(heights)), [Scene()])[0])


class Stopped(Exception):
    pass


def broken_after(heights: np.ndarray, rows: int, error: BaseException) -> Strips:
    class Broken(Strips):
        def strips(self) -> Iterator[np.ndarray]:
            yield self.heights[:rows]
            raise error

    return Broken(heights)


@pytest.mark.parametrize("error", [Stopped("by its maker"), KeyboardInterrupt(), MemoryError("no more")])
def test_what_a_stream_raises_comes_out_unchanged_and_the_renderer_goes_on(
    make_renderer: Callable[..., Any], error: BaseException
) -> None:
    heights = terrain(50, 60, 2, 0, 300, 0.0)
    renderer = make_renderer(61, 43)
    with pytest.raises(type(error)) as caught:
        renderer.set_height_data(broken_after(heights, 20, error), cell_to_world=MATRIX)
    assert caught.value is error
    renderer.set_height_data(Strips(heights), cell_to_world=MATRIX)
    np.testing.assert_array_equal(renderer.read_full_height_texture(), heights)


def test_a_picture_of_a_stream_is_that_of_the_dem(root: Path, adapter: str) -> None:
    path = root / "resources" / "sample" / "jacksboro_fault.tif"
    scene = Scene(camera=Camera(heading=30, pitch=25))
    whole = render(read_dem(path), scene, size=(120, 80), samples=2, adapter=adapter)
    for in_16_bits in (True, False):
        with open_dem(path, in_16_bits=in_16_bits) as stream:
            streamed = render(stream, scene, size=(120, 80), samples=2, adapter=adapter)
            assert stream.facts().height_bits == (16 if in_16_bits else 32)
        np.testing.assert_array_equal(streamed.rgba, whole.rgba)
        assert streamed.metrics["heights_ms"] >= streamed.metrics["upload_ms"] > 0


WRONG = {
    "too few rows": lambda h: [h[:30]],
    "too many rows": lambda h: [h, h[:1]],
    "another width": lambda h: [h[:, :-1]],
    "no rows in a strip": lambda h: [h[:0], h],
    "no strips": lambda h: [],
}


@pytest.mark.parametrize("name", WRONG)
def test_strips_that_make_another_raster_are_refused(
    native: ModuleType, make_renderer: Callable[..., Any], name: str
) -> None:
    heights = terrain(50, 60, 2, 0, 300, 0.0)
    stream = Strips(heights)
    stream.strips = lambda: iter(WRONG[name](heights))  # type: ignore[method-assign]
    held = native.memory_metrics()["total_bytes"]
    renderer = make_renderer(61, 43)
    own = native.memory_metrics()["total_bytes"]
    with pytest.raises(native.InputError, match=r"expected strips of 50×60 in all \(rows×cols\); got .*; fix: ."):
        renderer.set_height_data(stream, cell_to_world=MATRIX)
    assert native.memory_metrics()["total_bytes"] == own >= held, "nothing of it stays"


def test_an_upload_is_cancelled_between_two_strips(native: ModuleType, make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(61, 43)
    given_out = []

    class Cancelling(Strips):
        def strips(self) -> Iterator[np.ndarray]:
            for strip in super().strips():
                given_out.append(strip)
                if len(given_out) == 3:
                    renderer.cancel()
                yield strip

    with pytest.raises(native.Cancelled):
        renderer.set_height_data(Cancelling(terrain(100, 60, 2, 0, 300, 0.0)), cell_to_world=MATRIX)
    assert len(given_out) == 3


def test_memory_is_refused_before_the_first_strip_is_asked_for(native: ModuleType, adapter: str) -> None:
    class Unasked(Strips):
        def strips(self) -> Iterator[np.ndarray]:
            pytest.fail("rows were asked for that have no room")

    stream = Unasked(np.broadcast_to(np.float32(1), (4000, 4000)))
    renderer = native.Renderer(16, 16, adapter=adapter, memory_budget=16 << 20)
    try:
        with pytest.raises(native.MemoryBudgetError):
            renderer.set_height_data(stream)
    finally:
        renderer.close()
