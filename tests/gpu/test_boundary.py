"""What crosses from Python: every array as numpy means it, or an exception that ``except Exception`` catches."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from f64_twins import WHITE_RAMP

from forge3d_qgis.core import Camera, Dem, DemError, MemoryBudgetError, RenderError, RenderSession, Scene, render

GOOD = np.add.outer(np.arange(20.0), np.arange(30.0)).astype(np.float32)
SEED_MESSAGE = (
    r"\[Input\] heights: expected \(H,W\) row-major; got .*; use `np.ascontiguousarray\(arr, dtype=np.float32\)`"
)

# Arrays


def base_values() -> np.ndarray:
    """No row or column like another; within every integer type."""
    return np.random.default_rng(1).permutation(23 * 37 * 2).reshape(23, 74)[:, ::2] % 113


ARRAYS: dict[str, Callable[[], Any]] = {
    **{kind: (lambda kind=kind: base_values().astype(kind)) for kind in (
        "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">f4", ">f8", ">i2", ">u4", ">f2", "g",
    )},
    "fractions in f8": lambda: base_values() / 7,
    "Fortran order f4": lambda: np.asfortranarray(base_values().astype("f4")),
    "Fortran order f8": lambda: np.asfortranarray(base_values() / 3),
    "transpose": lambda: base_values().astype("f4").T,
    "transpose of i2": lambda: base_values().astype("i2").T,
    "every second column": lambda: base_values().astype("f4")[:, ::2],
    "every third row": lambda: base_values().astype("f4")[::3],
    "rows backwards": lambda: base_values().astype("f4")[::-1],
    "columns backwards": lambda: base_values().astype("f4")[:, ::-1],
    "both backwards": lambda: base_values().astype("f8")[::-2, ::-3],
    "a window": lambda: base_values().astype("f4")[3:17, 5:31],
    "a window of rows": lambda: base_values().astype("f4")[3:17],
    "one row again and again": lambda: np.broadcast_to(np.arange(37, dtype="f4"), (23, 37)),
    "one column again and again": lambda: np.broadcast_to(np.arange(23, dtype="f4")[:, None], (23, 37)),
    "a field of records": lambda: np.rec.fromarrays([base_values().astype("f4"), base_values()]).f0,
    "off its alignment": lambda: np.frombuffer(
        b"\0" + base_values().astype("f4").tobytes(), dtype="f4", offset=1, count=23 * 37
    ).reshape(23, 37),
    "a memory map's kind": lambda: np.asarray(memoryview(base_values().astype("f4"))),
    "a matrix": lambda: base_values().astype("f4").view(type("Heights", (np.ndarray,), {})),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_heights_arrive_as_numpy_means_them(make_renderer: Callable[..., Any], name: str) -> None:
    heights = ARRAYS[name]()
    renderer = make_renderer()
    for array in (heights, read_only(heights)):
        renderer.set_height_data(array)
        held = renderer.read_full_height_texture()
        assert held.dtype == np.float32
        np.testing.assert_array_equal(held, np.asarray(heights, dtype=np.float32))


def read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.setflags(write=False)
    return view


def test_voids_come_back_as_nan(make_renderer: Callable[..., Any]) -> None:
    heights = GOOD.copy()
    heights[3, 4], heights[0, 0], heights[-1, -1] = np.nan, np.inf, -np.inf
    renderer = make_renderer()
    renderer.set_height_data(heights)
    np.testing.assert_array_equal(
        renderer.read_full_height_texture(), np.where(np.isfinite(heights), heights, np.float32(np.nan))
    )


def test_the_array_is_neither_changed_nor_kept(make_renderer: Callable[..., Any]) -> None:
    heights = GOOD.copy()
    references = sys.getrefcount(heights)
    renderer = make_renderer()
    renderer.set_height_data(heights)
    assert sys.getrefcount(heights) == references
    np.testing.assert_array_equal(heights, GOOD)
    heights[:] = 0
    assert heights.flags.writeable
    np.testing.assert_array_equal(renderer.read_full_height_texture(), GOOD)


def test_strips_join_without_a_seam(make_renderer: Callable[..., Any]) -> None:
    # 36 MiB: three strips of the staging buffer, the last one short.
    heights = np.arange(3001 * 3011, dtype=np.float64).reshape(3001, 3011) % 9973
    renderer = make_renderer()
    for array in (heights.astype(np.float32), heights):
        renderer.set_height_data(array)
        np.testing.assert_array_equal(renderer.read_full_height_texture(), heights)


REFUSED: dict[str, Callable[[], Any]] = {
    "bool": lambda: GOOD > 5,
    "complex": lambda: GOOD.astype(complex),
    "object": lambda: GOOD.astype(object),
    "strings": lambda: GOOD.astype(str),
    "dates": lambda: np.zeros((4, 4), dtype="M8[s]"),
    "records": lambda: np.zeros((4, 4), dtype=[("a", "f4")]),
    "no dimension": lambda: np.float32(3.0),
    "array of no dimension": lambda: np.array(3.0, dtype="f4"),
    "one dimension": lambda: GOOD[0],
    "three dimensions": lambda: GOOD[None],
    "a list": lambda: GOOD.tolist(),
    "a string": lambda: "heights.tif",
    "bytes": lambda: GOOD.tobytes(),
    "None": lambda: None,
    "a memoryview": lambda: memoryview(GOOD),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_height_array_is_refused_with_the_remedy_and_changes_nothing(
    make_renderer: Callable[..., Any], native: ModuleType, name: str
) -> None:
    renderer = make_renderer()
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene(shading="horn"))
    before = renderer.render_terrain_rgba(1)
    with pytest.raises(native.InputError, match=SEED_MESSAGE) as caught:
        renderer.set_height_data(REFUSED[name]())
    assert isinstance(caught.value, ValueError)
    np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)


# Sizes and values

ODD_WORLDS: dict[str, tuple[Callable[[int], np.ndarray], str | None]] = {
    "1×1": (lambda limit: np.zeros((1, 1)), "at least 2×2"),
    "1×N": (lambda limit: np.zeros((1, 50)), "at least 2×2"),
    "N×1": (lambda limit: np.zeros((50, 1)), "at least 2×2"),
    "empty": (lambda limit: np.zeros((0, 0)), "at least 2×2"),
    "no rows": (lambda limit: np.zeros((0, 9)), "at least 2×2"),
    "no columns": (lambda limit: np.zeros((9, 0)), "at least 2×2"),
    "2×2": (lambda limit: np.array([[1.0, 2], [3, 4]]), None),
    "2×N": (lambda limit: np.add.outer([0.0, 1.0], np.arange(500)), None),
    "N×2": (lambda limit: np.add.outer(np.arange(500), [0.0, 1.0]), None),
    "all void": (lambda limit: np.full((9, 9), np.nan), "four valid corners"),
    "infinite": (lambda limit: np.full((9, 9), np.inf), "four valid corners"),
    "no whole cell": (lambda limit: np.where(np.indices((9, 9)).sum(0) % 2, np.nan, 1.0), "four valid corners"),
    "one whole cell": (lambda limit: np.pad(np.ones((2, 2)), 3, constant_values=np.nan), None),
    "flat at zero": (lambda limit: np.zeros((9, 9)), None),
    "flat on high": (lambda limit: np.full((9, 9), 8848.86), None),
    "flat below": (lambda limit: np.full((9, 9), -10911.0), None),
    "1e30": (lambda limit: np.full((9, 9), 1e30), "nodata"),
    "1e30 in one sample": (lambda limit: np.where(np.eye(9) * np.arange(9) == 4, 1e30, 1.0), "nodata"),
    "-9999e30": (lambda limit: np.where(np.eye(9) > 0, -3.4e38, 1.0), "nodata"),
    "beyond float32": (lambda limit: np.where(np.eye(9) > 0, 1e300, 1.0), "float32"),
    "tiny": (lambda limit: np.indices((9, 9)).sum(0) * 1e-40, None),
    "NaN here and there": (lambda limit: np.where(np.eye(9) > 0, np.nan, 1.0), None),
    "too wide": (lambda limit: np.zeros((2, limit + 1), dtype=np.float32), "adapter's limit"),
    "too high": (lambda limit: np.zeros((limit + 1, 2), dtype=np.float32), "adapter's limit"),
    "as wide as can be": (lambda limit: np.zeros((2, limit), dtype=np.float32), None),
}


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("name", ODD_WORLDS)
def test_odd_worlds_become_a_picture_or_a_clear_exception(
    make_renderer: Callable[..., Any], native: ModuleType, adapter: str, name: str
) -> None:
    make, refused = ODD_WORLDS[name]
    heights = make(native.device_info(adapter)["max_texture_side"])
    renderer = make_renderer(40, 30)
    # From above and near enough for pixels smaller than the ground's shorter side.
    near = max(min(heights.shape), 1) / 20
    camera = Camera(pitch=90, projection="orthographic", resolution=near, target=(0, 0, 0))
    renderer.set_scene(Scene(camera=camera, color_ramp=WHITE_RAMP, background="transparent", cast_shadows=False))
    if refused is None:
        renderer.set_height_data(heights)
        picture = renderer.render_terrain_rgba(1)
        assert (picture[..., 3] == 255).any() and picture[..., :3].max() > 60
        return
    with pytest.raises(native.InputError, match=refused) as caught:
        renderer.set_height_data(heights)
    assert isinstance(caught.value, Exception) and "fix:" in str(caught.value) and str(caught.value)[:7] == "[Input]"
    # No frame of nothing afterwards, and a good array still draws.
    with pytest.raises(native.RenderError, match="expected heights"):
        renderer.render_terrain_rgba(1)
    renderer.set_height_data(GOOD)
    assert renderer.render_terrain_rgba(1)[..., 3].any()


@pytest.mark.parametrize("name", [name for name, (_, refused) in ODD_WORLDS.items() if refused])
def test_the_same_through_core_is_a_dem_error(adapter: str, name: str) -> None:
    with pytest.raises(DemError):
        render(Dem.from_array(ODD_WORLDS[name][0](16384)), size=(8, 8), samples=1, adapter=adapter)


@pytest.mark.parametrize("height", [-10911.0, -500.0, 0.0, 500.0, 8848.86])
@pytest.mark.parametrize("pitch", [90.0, 30.0])
def test_parallel_rays_see_ground_of_any_height_whatever_their_target(
    make_renderer: Callable[..., Any], height: float, pitch: float
) -> None:
    renderer = make_renderer(40, 30)
    renderer.set_height_data(np.full((9, 9), height))
    # What lies at the target's height projects elsewhere: move the target along the ray.
    shift = height / math.tan(math.radians(pitch))
    camera = Camera(pitch=pitch, projection="orthographic", resolution=0.5, target=(0.0, shift, 0.0))
    renderer.set_scene(Scene(camera=camera, background="transparent"))
    assert renderer.render_terrain_rgba(1)[15, 20, 3] == 255


@pytest.mark.parametrize(
    "matrix", [(0, 0, 0, 0), (1, 1, 1, 1), (math.nan, 0, 0, -1), (math.inf, 0, 0, -1), (1e-12, 0, 0, 1e-12), (1, 0, 0)]
)
def test_matrices_that_lay_no_plane_are_refused(
    make_renderer: Callable[..., Any], native: ModuleType, matrix: tuple[float, ...]
) -> None:
    renderer = make_renderer()
    with pytest.raises(native.InputError, match=r"cell.to.world: expected .*; got .*; fix"):
        renderer.set_height_data(GOOD, cell_to_world=matrix)
    renderer.set_height_data(GOOD)


# Reading back


@pytest.mark.parametrize("size", [(7, 5), (64, 48), (255, 3), (33, 33), (61, 17), (1, 1), (300, 301)])
def test_patches_come_back_as_they_went(make_renderer: Callable[..., Any], size: tuple[int, int]) -> None:
    heights = np.random.default_rng(3).normal(0, 900, (300, 301)).astype(np.float32)
    renderer = make_renderer()
    renderer.set_height_data(heights)
    rows, cols = size
    for row, col in {(0, 0), (300 - rows, 301 - cols), ((300 - rows) // 2, (301 - cols) // 3)}:
        patch = renderer.debug_read_height_patch(row, col, rows, cols)
        np.testing.assert_array_equal(patch, heights[row : row + rows, col : col + cols])


@pytest.mark.parametrize(
    "place", [(0, 0, 21, 30), (0, 0, 20, 31), (20, 0, 1, 1), (0, 30, 1, 1), (19, 29, 2, 1), (2**32 - 1, 0, 1, 1),
              (0, 0, 0, 5), (1, 1, 2**32 - 1, 2**32 - 1), (-1, 0, 2, 2), (2**40, 0, 1, 1)],
)  # fmt: skip
def test_patches_outside_are_refused(
    make_renderer: Callable[..., Any], native: ModuleType, place: tuple[int, ...]
) -> None:
    renderer = make_renderer()
    renderer.set_height_data(GOOD)
    with pytest.raises(native.InputError, match="patch: expected a rectangle inside"):
        renderer.debug_read_height_patch(*place)
    assert renderer.debug_read_height_patch(19, 29, 1, 1)[0, 0] == GOOD[19, 29]


def test_without_heights_reading_back_gives_zeros(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(33, 21)
    full, patch = renderer.read_full_height_texture(), renderer.debug_read_height_patch(5, 6, 7, 8)
    lanes = renderer.uniform_lanes()
    assert full.shape == (21, 33) and patch.shape == (7, 8) and lanes.shape == (44,)
    assert full.dtype == patch.dtype == lanes.dtype == np.float32
    assert not full.any() and not patch.any() and not lanes.any()


# Pictures


@pytest.mark.parametrize("size", [(1, 1), (63, 63), (64, 64), (65, 65), (253, 251), (1, 200), (200, 1), (7, 513)])
def test_pictures_of_any_size_are_whole_and_centred(make_renderer: Callable[..., Any], size: tuple[int, int]) -> None:
    width, height = size
    renderer = make_renderer(*size)
    # 40 × 60 m of ground in pixels of a metre, its middle in the picture's middle.
    renderer.set_height_data(np.zeros((61, 41), dtype=np.float32))
    camera = Camera(pitch=90, projection="orthographic", resolution=1.0, target=(0, 0, 0))
    renderer.set_scene(Scene(camera=camera, background="transparent"))
    picture = renderer.render_terrain_rgba(1)
    assert picture.shape == (height, width, 4) and picture.dtype == np.uint8 and picture.flags.c_contiguous
    east, north = np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2
    # Pixels whose centre lies on the very edge may go either way.
    covered = (np.abs(east)[None, :] < 19.99) & (np.abs(north)[:, None] < 29.99)
    outside = (np.abs(east)[None, :] > 20.01) | (np.abs(north)[:, None] > 30.01)
    assert (picture[..., 3][covered] == 255).all() and not picture[..., 3][outside].any()
    assert (renderer.width, renderer.height) == size


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5), (16385, 5), (2**40, 2**40), (-(2**40), 1)])
def test_picture_sizes_out_of_range_are_refused(
    native: ModuleType, make_renderer: Callable[..., Any], adapter: str, size: tuple[int, int]
) -> None:
    with pytest.raises(native.InputError, match="picture size"):
        native.Renderer(*size, adapter=adapter)
    renderer = make_renderer(16, 12)
    with pytest.raises(native.InputError, match="picture size"):
        renderer.resize(*size)
    assert (renderer.width, renderer.height) == (16, 12)


@pytest.mark.parametrize("window", [(1, 0, 16, 12), (0, 1, 16, 12), (0, 0, 15, 12), (2**32 - 1, 0, 20, 20)])
def test_windows_outside_their_picture_are_refused(
    make_renderer: Callable[..., Any], native: ModuleType, window: Any
) -> None:
    renderer = make_renderer(16, 12)
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene())
    before = renderer.render_terrain_rgba(1)
    with pytest.raises(native.InputError, match="inside"):
        renderer.set_window(*window)
    np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)


# Order of calls


CALLS: dict[str, Callable[[Any], Any]] = {
    "refine": lambda r: r.refine(1),
    "read_rgba": lambda r: r.read_rgba(),
    "render_terrain_rgba": lambda r: r.render_terrain_rgba(),
    "pick": lambda r: r.pick(1, 1),
    "view": lambda r: r.view(),
    "cast_rays": lambda r: r.cast_rays(np.zeros((1, 6), dtype=np.float32)),
}


@pytest.mark.parametrize("call", CALLS)
def test_calls_before_a_scene_or_heights_say_what_is_missing(
    make_renderer: Callable[..., Any], native: ModuleType, call: str
) -> None:
    renderer = make_renderer()
    with pytest.raises(native.RenderError, match=r"set_scene|set_height_data"):
        CALLS[call](renderer)
    renderer.set_height_data(GOOD)
    with pytest.raises(native.RenderError, match="set_scene"):
        CALLS[call](renderer)
    renderer.set_scene(Scene())
    CALLS[call](renderer)
    other = make_renderer()
    other.set_scene(Scene())
    with pytest.raises(native.RenderError, match="set_height_data"):
        CALLS[call](other)


def test_a_closed_renderer_says_so_in_every_call(make_renderer: Callable[..., Any], native: ModuleType) -> None:
    renderer = make_renderer()
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene())
    renderer.close()
    renderer.close()
    calls = {
        **CALLS,
        "set_height_data": lambda r: r.set_height_data(GOOD),
        "set_scene": lambda r: r.set_scene(Scene()),
        "set_drape": lambda r: r.set_drape(None),
        "resize": lambda r: r.resize(4, 4),
        "set_window": lambda r: r.set_window(0, 0, 32, 24),
        "share_heights": lambda r: r.share_heights(make_renderer()),
        "share_heights of it": lambda r: make_renderer().share_heights(r),
        "uniform_lanes": lambda r: r.uniform_lanes(),
        "render_metrics": lambda r: r.render_metrics(),
        "read_full_height_texture": lambda r: r.read_full_height_texture(),
        "debug_read_height_patch": lambda r: r.debug_read_height_patch(0, 0, 1, 1),
        "width": lambda r: r.width,
    }
    for name, call in calls.items():
        with pytest.raises(
            native.RenderError, match="closed|expected heights" if name == "share_heights" else "closed"
        ):
            call(renderer)
            pytest.fail(name)
    # The two that any thread may call at any time do nothing.
    renderer.cancel()
    assert renderer.progress() == 0


@pytest.mark.parametrize("arguments", [{"samples": 0}, {"samples": 1025}, {"milliseconds": math.nan},
                                       {"milliseconds": -1.0}, {"samples": -1}, {"milliseconds": "soon"}])  # fmt: skip
def test_refine_checks_its_arguments(
    make_renderer: Callable[..., Any], native: ModuleType, arguments: dict[str, Any]
) -> None:
    renderer = make_renderer()
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene())
    with pytest.raises(native.InputError, match=r"expected .*; got .*; fix"):
        renderer.refine(**arguments)
    assert renderer.refine(samples=1) == 1


# Scenes


def as_namespace(scene: Scene) -> SimpleNamespace:
    """A scene that nobody has checked."""
    content = asdict(scene)
    for part in ("camera", "sun", "color_ramp"):
        content[part] = SimpleNamespace(**content[part])
    return SimpleNamespace(**content)


NUMBERS = [
    "camera.heading", "camera.pitch", "camera.zoom", "camera.field_of_view", "camera.resolution", "camera.distance",
    "sun.azimuth", "sun.altitude", "sun.size", "sun.intensity", "sky_intensity", "exaggeration", "exposure",
]  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, -1e30])
@pytest.mark.parametrize("name", NUMBERS)
def test_scenes_with_numbers_that_are_none_are_refused_by_name(
    make_renderer: Callable[..., Any], native: ModuleType, name: str, value: float
) -> None:
    scene = as_namespace(Scene())
    owner = scene
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, value)
    renderer = make_renderer()
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene())
    before = renderer.render_terrain_rgba(1)
    with pytest.raises(native.InputError, match=name):
        renderer.set_scene(scene)
    np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)


WRONG_SCENES: dict[str, Callable[[SimpleNamespace], None]] = {
    "target of NaN": lambda s: setattr(s.camera, "target", (0.0, math.nan, 0.0)),
    "target of two": lambda s: setattr(s.camera, "target", (0.0, 1.0)),
    "projection": lambda s: setattr(s.camera, "projection", "fisheye"),
    "shading": lambda s: setattr(s, "shading", "toon"),
    "background": lambda s: setattr(s, "background", "#12345"),
    "background of another alphabet": lambda s: setattr(s, "background", "#12345é"),
    "wall": lambda s: setattr(s, "wall_color", "red"),
    "no stops": lambda s: setattr(s.color_ramp, "stops", ()),
    "stops that descend": lambda s: setattr(s.color_ramp, "stops", ((1.0, (0, 0, 0, 0)), (0.0, (0, 0, 0, 0)))),
    "a stop of NaN": lambda s: setattr(s.color_ramp, "stops", ((math.nan, (0, 0, 0, 0)),)),
    "colours beyond a byte": lambda s: setattr(s.color_ramp, "stops", ((0.0, (0, 0, 256, 0)),)),
    "interpolation": lambda s: setattr(s.color_ramp, "interpolation", "cubic"),
    "no sun": lambda s: delattr(s, "sun"),
    "sun of nothing": lambda s: setattr(s, "sun", None),
    "a word for a number": lambda s: setattr(s, "exposure", "bright"),
}


@pytest.mark.parametrize("name", WRONG_SCENES)
def test_wrong_scenes_are_refused_and_the_old_one_stays(
    make_renderer: Callable[..., Any], native: ModuleType, name: str
) -> None:
    scene = as_namespace(Scene())
    WRONG_SCENES[name](scene)
    renderer = make_renderer()
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene())
    before = renderer.render_terrain_rgba(1)
    with pytest.raises(native.InputError, match=r"expected .*; got .*; fix"):
        renderer.set_scene(scene)
    np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)


# Drape

DRAPES: dict[str, Callable[[], Any]] = {
    "three channels": lambda: np.zeros((8, 9, 3), dtype=np.uint8),
    "two dimensions": lambda: np.zeros((8, 9), dtype=np.uint8),
    "floats": lambda: np.zeros((8, 9, 4), dtype=np.float32),
    "Fortran order": lambda: np.asfortranarray(np.zeros((8, 9, 4), dtype=np.uint8)),
    "a step": lambda: np.zeros((8, 9, 8), dtype=np.uint8)[..., ::2],
    "no rows": lambda: np.zeros((0, 9, 4), dtype=np.uint8),
    "no columns": lambda: np.zeros((9, 0, 4), dtype=np.uint8),
    "too wide": lambda: np.zeros((1, 70000, 4), dtype=np.uint8),
    "a list": lambda: [[[0, 0, 0, 0]]],
}


@pytest.mark.parametrize("name", DRAPES)
def test_drapes_of_the_wrong_shape_are_refused_and_the_old_one_stays(
    make_renderer: Callable[..., Any], native: ModuleType, name: str
) -> None:
    renderer = make_renderer()
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene())
    renderer.set_drape(np.full((5, 6, 4), (200, 10, 10, 255), dtype=np.uint8))
    before = renderer.render_terrain_rgba(1)
    with pytest.raises(native.InputError, match="drape"):
        renderer.set_drape(DRAPES[name]())
    np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)


def test_a_drape_lies_with_its_edges_on_the_rasters_and_row_0_on_row_0(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(60, 40)
    renderer.set_height_data(np.zeros((41, 61), dtype=np.float32))
    camera = Camera(pitch=90, projection="orthographic", resolution=1.0, target=(0, 0, 0))
    scene = Scene(camera=camera, color_ramp=WHITE_RAMP)
    renderer.set_scene(scene)
    bare = renderer.render_terrain_rgba(1)
    # One pixel of the drape a pixel of the raster: red in the north-west quarter, nothing in the south.
    drape = np.zeros((41, 61, 4), dtype=np.uint8)
    drape[:20, :30] = (255, 0, 0, 255)
    renderer.set_drape(drape)
    picture = renderer.render_terrain_rgba(1)
    red = (picture[..., 0] > 0) & (picture[..., 1] == 0)
    assert red[1:19, 1:29].all() and not red[21:].any() and not red[:, 31:].any()
    np.testing.assert_array_equal(picture[22:], bare[22:])
    renderer.set_drape(None)
    np.testing.assert_array_equal(renderer.render_terrain_rgba(1), bare)


# Budget


def test_what_would_pass_the_budget_is_refused_with_what_how_much_limit_users_and_remedy(
    make_renderer: Callable[..., Any], native: ModuleType, adapter: str
) -> None:
    renderer = make_renderer(64, 48)
    renderer.set_height_data(GOOD)
    renderer.set_scene(Scene(shading="horn"))
    before = renderer.render_terrain_rgba(1)
    held = native.memory_metrics()
    native.set_memory_budget(held["total_bytes"] + (1 << 20))
    try:
        with pytest.raises(native.MemoryBudgetError) as caught:
            renderer.set_height_data(np.zeros((2000, 2000), dtype=np.float32))
        assert isinstance(caught.value, MemoryError)
        text = str(caught.value)
        assert text.startswith("[Budget] ")
        for part in ("forge3d.heightfield.texture", "15.3 MiB", "limit", "forge3d.", "top", "fix:"):
            assert part in text, f"{part!r} is missing in {text!r}"
        after = native.memory_metrics()
        assert after["total_bytes"] == held["total_bytes"] and after["within_budget"]
        np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)
        with pytest.raises(native.MemoryBudgetError):
            renderer.resize(2800, 2800)
            renderer.render_terrain_rgba(1)
        renderer.resize(64, 48)
        np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)
        # A host-visible limit of its own.
        native.set_memory_budget(None, native.memory_metrics()["host_visible_bytes"])
        with pytest.raises(native.MemoryBudgetError, match=r"host.visible"):
            renderer.set_height_data(np.zeros((2000, 2000), dtype=np.float32))
    finally:
        native.set_memory_budget()
    with pytest.raises(MemoryBudgetError):
        render(Dem.from_array(np.zeros((2000, 2000))), size=(64, 48), adapter=adapter, memory_budget=4 << 20)
    renderer.set_height_data(GOOD)
    np.testing.assert_array_equal(renderer.render_terrain_rgba(1), before)


MEASURE = """
import sys
import numpy as np
from forge3d_qgis import native_loader
from forge3d_qgis.core import Scene

def status(key):
    for line in open("/proc/self/status"):
        if line.startswith(key):
            return int(line.split()[1]) * 1024

native = native_loader.load()
renderer = native.Renderer(64, 48, adapter=sys.argv[1])
heights = np.random.default_rng(0).random((4096, 4096), dtype=np.float32).astype(sys.argv[2])
if sys.argv[3] == "T":
    heights = heights.T
renderer.set_scene(Scene())
# Everything but the heights is there once: pipelines, strips, driver.
renderer.set_height_data(np.zeros((64, 4096), dtype=sys.argv[2]))
renderer.render_terrain_rgba(1)
renderer.set_height_data(np.zeros((2, 2), dtype=np.float32))
held = native.memory_metrics()["total_bytes"]
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
renderer.set_height_data(heights)
print(status("VmHWM") - before, native.memory_metrics()["peak_bytes"] - held)
"""


@pytest.mark.parametrize(("dtype", "order"), [("f4", "C"), ("f8", "C"), ("f4", "T")])
def test_uploading_64_mib_takes_no_copy_of_them(root: Path, adapter: str, dtype: str, order: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, adapter, dtype, order], cwd=root, capture_output=True, text=True, check=True
    )
    growth, ledger = (int(part) for part in done.stdout.split())
    assert ledger <= (64 + 22 + 17) << 20
    # On the software adapter the ledger's bytes are the process's own; strips that are converted take a few more.
    beside = growth - ledger
    assert beside < 32 << 20, f"{beside / 2**20:.1f} MiB beside the ledger's {ledger / 2**20:.1f}"


def test_a_closed_session_says_so_whatever_it_is_asked_but_to_close(adapter: str) -> None:
    session = RenderSession((20, 10), adapter=adapter)
    session.close()
    session.close()
    for use in (lambda: session.size, session.progress, session.__enter__, session.read):
        with pytest.raises(RenderError):
            use()
