"""Any values, in any order of calls: a result, or an exception of the module that names its category. Never a crash.

After each case the same renderer still draws a good scene, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from any_values import ANYTHING as PLAIN_VALUES
from any_values import EDGES, NUMBERS, Raises, Unprintable, cases, says_what_how_and_remedy
from any_values import or_anything as or_plain_values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn

from forge3d_qgis.core import Camera, Scene, Sun

pytestmark = pytest.mark.properties

GOOD = np.add.outer(np.arange(20.0), np.sin(np.arange(30.0)) * 3).astype(np.float32)
GOOD_SCENE = Scene(camera=Camera(heading=20, pitch=40), sun=Sun(azimuth=200))
SIZE = (24, 16)
BUDGET = 40 << 20

KINDS = {
    "Device": "DeviceError", "Budget": "MemoryBudgetError", "Input": "InputError", "Cancelled": "Cancelled",
    "Upload": "RenderError", "Render": "RenderError", "Readback": "RenderError",
}  # fmt: skip


def assert_one_of_the_modules(native: ModuleType, error: BaseException, call: object) -> None:
    """Its category names its kind. ``[Internal]`` is a panic that was caught: no input may cause one."""
    found = re.match(r"\[(\w+)\]( \S|$)", str(error))
    assert found is not None and found[1] in KINDS, f"{call} raised {type(error).__name__}: {error}"
    assert type(error) is getattr(native, KINDS[found[1]]), f"{call} raised {type(error).__name__}: {error}"
    if found[1] == "Input":
        assert says_what_how_and_remedy(error), f"{call} says only: {error}"


# Arguments

ANYTHING = PLAIN_VALUES | st.builds(Raises)
or_anything = partial(or_plain_values, often=9, anything=ANYTHING)


@st.composite
def float_arrays(draw: Callable[..., Any]) -> np.ndarray:
    """Arrays that could be heights but for their values, order, type or mask."""
    rows, cols = draw(st.integers(2, 40)), draw(st.integers(2, 40))
    values = np.random.default_rng(draw(st.integers(0, 99))).normal(0, 1, (rows, cols))
    values = values * draw(st.sampled_from([0.0, 1e-45, 1e-30, 1.0, 100.0, 3000.0])) + draw(
        st.sampled_from([0.0, 0.0, 0.0, -10911.0, 8848.0, 1e5, 1.7e6, 1e7, 3.5e38, 1e300])
    )
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, rows * cols - 1))
        values.flat[place : place + draw(st.sampled_from([1, 7, 10_000]))] = draw(NUMBERS.map(clipped_float))
    kind = draw(st.sampled_from(["f4", "f4", "f4", "f8", "f2", "i2", "u1", "i8", "u8", ">f4", ">i4", "g"]))
    with np.errstate(all="ignore"):
        array = values.astype(kind)
    shape: Callable[[np.ndarray], np.ndarray] = draw(st.sampled_from([
        lambda a: a, lambda a: a.T, np.asfortranarray, lambda a: a[::-1], lambda a: a[:, ::-2], lambda a: a[1:],
        lambda a: np.ma.masked_invalid(a) if a.dtype.kind == "f" else np.ma.masked_array(a),
        lambda a: np.ma.masked_array(a, mask=np.indices(a.shape).sum(axis=0) % 5 == 0), lambda a: a[None],
        lambda a: np.broadcast_to(a[0], a.shape), lambda a: a.view(np.recarray), lambda a: a.astype(object),
        lambda a: a,
    ]))  # fmt: skip
    array = shape(array)
    if draw(st.booleans()):
        array.setflags(write=False)
    return array


def clipped_float(value: float) -> float:
    return float(max(-(2**70), min(2**70, value))) if isinstance(value, int) else value


def far_too_large(dtype: str) -> st.SearchStrategy[np.ndarray]:
    """Arrays that take no memory and would take more than there is."""
    sides = st.sampled_from([2, 20_000, 2**20, 2**32 - 1, 2**32, 2**33])
    return st.tuples(sides, sides).filter(lambda shape: max(shape) > 2**17 and shape[0] * shape[1] < 2**60).map(
        lambda shape: np.broadcast_to(np.zeros((), dtype=dtype), shape)
    )  # fmt: skip


SHAPES = drawn.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)
ANY_ARRAYS = drawn.arrays(drawn.scalar_dtypes() | drawn.array_dtypes(), SHAPES)
HEIGHTS = or_anything(or_plain_values(float_arrays(), often=5, anything=ANY_ARRAYS | far_too_large("f4")))
FACTORS = st.sampled_from([1.0, -1.0, 10.0, 0.0, 30.0, 1e-3, -1e-6, 1e-12, 1e6, 1e30]) | st.floats(-50, 50)
GOOD_MATRICES = st.sampled_from(
    [(1.0, 0.0, 0.0, -1.0), (30.0, 0.0, 0.0, 90.0), (0.0, 7.5, 7.5, 0.0), (3.0, 4.0, -4.0, 3.0)]
)
ODD_MATRICES = st.tuples(FACTORS, FACTORS, FACTORS, FACTORS) | st.tuples(*[NUMBERS] * 4)
MATRICES = or_anything(or_plain_values(GOOD_MATRICES, often=3, anything=ODD_MATRICES))
COLORS = st.sampled_from([(8, 9, 4), (1, 1, 4), (5, 6, 3), (5, 6), (0, 4, 4), (3, 0, 4), (2, 70_000, 4), (4, 4, 5)])
GOOD_DRAPES = drawn.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4)))
ODD_DRAPES = COLORS.map(lambda shape: np.full(shape, 77, dtype=np.uint8)) | ANY_ARRAYS
DRAPES = or_plain_values(GOOD_DRAPES, often=3, anything=ODD_DRAPES | ANYTHING)
GOOD_RAYS = drawn.arrays(np.float32, st.tuples(st.integers(0, 5), st.just(6)), elements=st.floats(width=32))
RAYS = or_plain_values(GOOD_RAYS, often=3, anything=ANY_ARRAYS | ANYTHING)

STOPS = st.lists(st.tuples(NUMBERS, st.tuples(*[st.integers(-1, 256)] * 4) | ANYTHING), max_size=4)
GOOD_STOPS = st.lists(st.integers(-9000, 9000), min_size=1, max_size=5, unique=True).map(
    lambda values: [(value, (9, 99, 199, 255)) for value in sorted(values)]
)
# For each attribute values within its range, its ends among them.
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "camera": st.nothing(), "sun": st.nothing(), "color_ramp": st.nothing(),
    "camera.heading": st.floats(-1e6, 1e6), "camera.pitch": st.floats(0, 90), "camera.zoom": st.floats(1e-3, 1e6),
    "camera.field_of_view": st.floats(1, 120), "camera.projection": st.sampled_from(["orthographic", "perspective"]),
    "camera.resolution": st.none() | st.floats(1e-6, 1e9), "camera.target": st.tuples(*[st.floats(-1e7, 1e7)] * 3),
    "camera.distance": st.none() | st.floats(1e-6, 1e12), "sun.azimuth": st.floats(-720, 720),
    "sun.altitude": st.floats(0, 90), "sun.size": st.floats(0, 45), "sun.intensity": st.floats(0, 10),
    "shading": st.sampled_from(["relief", "horn", "hillshade"]), "cast_shadows": st.booleans(),
    "sky_intensity": st.floats(0, 2), "exaggeration": st.floats(0.01, 1000), "exposure": st.floats(0.01, 100),
    "color_ramp.stops": GOOD_STOPS | STOPS, "color_ramp.relative": st.booleans(),
    "color_ramp.interpolation": st.sampled_from(["linear", "discrete"]),
    "background": st.sampled_from(["transparent", "#ff0000"]),
    "wall_color": st.sampled_from(["#010203", "transparent"]),
}  # fmt: skip


@st.composite
def scenes(draw: Callable[..., Any]) -> object:
    """A good scene with a few of its attributes replaced or gone, never checked by the class itself."""
    if not draw(st.integers(0, 9)):
        return draw(ANYTHING)
    content = asdict(GOOD_SCENE)
    for part in ("camera", "sun", "color_ramp"):
        content[part] = SimpleNamespace(**content[part])
    scene = SimpleNamespace(**content)
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=5)):
        *path, last = name.split(".")
        owner = scene
        for part in path:
            owner = getattr(owner, part, None)
        if not isinstance(owner, SimpleNamespace) or not hasattr(owner, last):
            continue  # gone with what held it
        if draw(st.integers(0, 20)):
            setattr(owner, last, draw(or_anything(FIELDS[name]) if not FIELDS[name].is_empty else ANYTHING))
        else:
            delattr(owner, last)
    return scene


SIDES = or_anything(st.integers(1, 40))
PLACES = or_anything(st.integers(-1, 12))
FULL_SIDES = or_anything(st.integers(40, 400))
POSITIONS = or_anything(st.floats(-5, 50))
# Never many samples that are allowed: they would only take time.
SAMPLES = or_anything(st.integers(-1, 4)).filter(lambda n: not (isinstance(n, (int, np.integer)) and 8 < n <= 1024))
MILLISECONDS = or_anything(st.sampled_from([0.0, 0.01, 1.0, 5.0]))

CALLS: dict[str, tuple[Any, ...]] = {
    "resize": (SIDES, SIDES),
    "set_window": (PLACES, PLACES, FULL_SIDES, FULL_SIDES),
    "set_height_data": (HEIGHTS, MATRICES),
    "set_drape": (DRAPES,),
    "set_scene": (scenes(),),
    "refine": (MILLISECONDS, SAMPLES),
    "read_rgba": (),
    "render_terrain_rgba": (SAMPLES,),
    "reserve_pictures": (or_anything(st.integers(-1, 8)),),
    "want_picture": (scenes(), SAMPLES),
    "next_picture": (),
    "forget_pictures": (),
    "progress": (),
    "cancel": (),
    "pick": (POSITIONS, POSITIONS),
    "cast_rays": (RAYS,),
    "view": (),
    "render_metrics": (),
    "uniform_lanes": (),
    "read_full_height_texture": (),
    "debug_read_height_patch": (PLACES, PLACES, PLACES, PLACES),
    "share_heights": (st.sampled_from(["full", "empty", "closed", "itself"]),),
    "width": (),
}
BY_NAME = {"refine": ("samples",), "set_height_data": ("cell_to_world",)}
ONE_CALL = st.one_of([st.tuples(st.just(name), st.tuples(*arguments)) for name, arguments in CALLS.items()])


class Bench:
    """The renderer under test, others to take heights from, and the picture that it must still draw after each case."""

    def __init__(self, native: ModuleType, adapter: str) -> None:
        self.native = native
        self.renderer = native.Renderer(*SIZE, adapter=adapter, memory_budget=BUDGET)
        self.others = {name: native.Renderer(4, 4, adapter=adapter) for name in ("full", "empty", "closed")}
        self.others["itself"] = self.renderer
        self.others["full"].set_height_data(GOOD[::-1])
        self.others["closed"].close()
        self.expected = self.good_picture()
        self.held = native.memory_metrics()["total_bytes"]

    def good_picture(self) -> np.ndarray:
        self.renderer.forget_pictures()
        self.renderer.resize(*SIZE)
        self.renderer.set_drape(None)
        self.renderer.set_height_data(GOOD)
        self.renderer.set_scene(GOOD_SCENE)
        return self.renderer.render_terrain_rgba(1).copy()

    def call(self, name: str, arguments: tuple[Any, ...]) -> None:
        """One call, judged."""
        if name == "width":
            assert 1 <= self.renderer.width <= 16384 and 1 <= self.renderer.height <= 16384
            return
        if name == "share_heights":
            arguments = (self.others[arguments[0]],)
        named = BY_NAME.get(name, ())
        plain, by_name = (
            arguments[: len(arguments) - len(named)],
            dict(zip(named, arguments[len(arguments) - len(named) :])),
        )
        try:
            result = getattr(self.renderer, name)(*plain, **by_name)
        except Exception as error:
            assert_one_of_the_modules(self.native, error, name)
        else:
            if name in ("read_rgba", "render_terrain_rgba"):
                assert result.shape == (self.renderer.height, self.renderer.width, 4) and result.dtype == np.uint8
            elif name == "next_picture" and result is not None:
                assert result.ndim == 3 and result.shape[2] == 4 and result.dtype == np.uint8
            elif name == "refine":
                assert 0 <= result <= 1024

    def close(self) -> None:
        for renderer in (self.renderer, *self.others.values()):
            renderer.close()


@pytest.fixture(scope="module")
def bench(native: ModuleType, adapter: str) -> Iterator[Bench]:
    bench = Bench(native, adapter)
    yield bench
    bench.close()


@cases(5)
@given(calls=st.lists(ONE_CALL, min_size=1, max_size=6))
def test_any_calls_in_any_order_end_in_a_result_or_a_failure_with_its_category(
    bench: Bench, calls: list[tuple[str, tuple[Any, ...]]]
) -> None:
    for name, arguments in calls:
        bench.call(name, arguments)
    np.testing.assert_array_equal(bench.good_picture(), bench.expected)
    metrics = bench.native.memory_metrics()
    assert metrics["within_budget"] and metrics["total_bytes"] <= bench.held + BUDGET


@cases(4)
@given(array=HEIGHTS, matrix=MATRICES)
def test_any_array_is_drawn_or_refused_and_what_is_drawn_came_whole(bench: Bench, array: Any, matrix: Any) -> None:
    try:
        bench.renderer.set_height_data(array, cell_to_world=matrix)
    except Exception as error:
        assert_one_of_the_modules(bench.native, error, "set_height_data")
    else:
        with np.errstate(over="ignore"):
            filled = (
                array.astype("f4").filled(np.nan) if isinstance(array, np.ma.MaskedArray) else np.asarray(array, "f4")
            )
        held = bench.renderer.read_full_height_texture()
        np.testing.assert_array_equal(held, np.where(np.isfinite(filled), filled, np.float32(np.nan)))
        picture = bench.renderer.render_terrain_rgba(1)
        assert picture.shape == (SIZE[1], SIZE[0], 4)
    np.testing.assert_array_equal(bench.good_picture(), bench.expected)


@cases(3)
@given(scene=scenes())
def test_any_scene_is_drawn_or_refused_and_a_refused_one_changes_nothing(bench: Bench, scene: object) -> None:
    bench.good_picture()
    try:
        bench.renderer.set_scene(scene)
    except Exception as error:
        assert_one_of_the_modules(bench.native, error, "set_scene")
        np.testing.assert_array_equal(bench.renderer.render_terrain_rgba(1), bench.expected)
        return
    picture = bench.renderer.render_terrain_rgba(1)
    assert picture.shape == (SIZE[1], SIZE[0], 4)
    view = bench.renderer.view()
    assert all(np.isfinite(view[key]).all() for key in ("eye", "target", "forward", "right", "up"))
    np.testing.assert_array_equal(bench.good_picture(), bench.expected)


@cases(1)
@given(width=SIDES, height=SIDES, adapter=or_anything(st.just("software")), budget=st.none() | or_anything(NUMBERS))
def test_any_renderer_is_made_or_refused(
    native: ModuleType, width: Any, height: Any, adapter: Any, budget: Any
) -> None:
    try:
        renderer = native.Renderer(width, height, adapter=adapter, memory_budget=budget)
    except Exception as error:
        assert_one_of_the_modules(native, error, "Renderer")
    else:
        assert (renderer.width, renderer.height) == (int(width), int(height))
        renderer.close()


ESTIMATES = st.none() | or_anything(st.tuples(EDGES | st.integers(1, 40_000), EDGES | st.integers(1, 40_000)))


@cases(1)
@given(grid=ESTIMATES, picture=ESTIMATES, drape=ESTIMATES)
def test_any_estimate_is_a_sum_of_its_items_or_refused(native: ModuleType, grid: Any, picture: Any, drape: Any) -> None:
    try:
        found = native.memory_estimate(grid, picture, drape)
    except Exception as error:
        assert_one_of_the_modules(native, error, "memory_estimate")
    else:
        # 64 bits at most: more is as much as nobody has.
        assert found["total_bytes"] == min(sum(count for _, count in found["items"]), 2**64 - 1)
        assert 0 <= found["host_visible_bytes"] <= found["total_bytes"]


@cases(0.5)
@given(total=st.none() | ANYTHING, host_visible=st.none() | ANYTHING)
def test_any_budget_is_set_or_refused_and_the_default_comes_back(
    native: ModuleType, adapter: str, total: Any, host_visible: Any
) -> None:
    default = native.device_info(adapter)["default_budget"]
    try:
        native.set_memory_budget(total, host_visible)
    except Exception as error:
        assert_one_of_the_modules(native, error, "set_memory_budget")
    finally:
        native.set_memory_budget()
    assert native.memory_metrics()["total_limit"] == default


# What drawing found, by name

NO_NAMES = [5, None, b"software", ["software"], "\ud800", Unprintable()]


@pytest.mark.parametrize("name", NO_NAMES, ids=range(len(NO_NAMES)))
def test_what_is_no_name_of_an_adapter_is_an_input_error(native: ModuleType, name: Any) -> None:
    for call in (
        lambda: native.Renderer(8, 8, adapter=name),
        lambda: native.device_info(name),
        lambda: native.set_memory_budget(adapter=name),
    ):
        with pytest.raises(native.InputError, match=r"^\[Input\] adapter: expected .*; got .*; fix: ."):
            call()


@pytest.mark.parametrize(
    "other", [None, 5, "renderer", Unprintable()], ids=["None", "a number", "a text", "unprintable"]
)
def test_heights_are_shared_by_renderers_only(
    make_renderer: Callable[..., Any], native: ModuleType, other: Any
) -> None:
    with pytest.raises(native.InputError, match=r"^\[Input\] .*expected a Renderer; got .*; fix: ."):
        make_renderer().share_heights(other)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2"])
def test_a_masked_array_is_refused_for_its_size_before_anything_is_converted(
    make_renderer: Callable[..., Any], native: ModuleType, dtype: str
) -> None:
    # By converting it first, a terabyte would be asked for.
    huge = np.broadcast_to(np.zeros((), dtype=dtype), (2**20, 2**20))
    masked = np.ma.MaskedArray(huge, mask=np.broadcast_to(np.bool_(False), huge.shape), copy=False, shrink=False)
    with pytest.raises(native.InputError, match="on this adapter"):
        make_renderer().set_height_data(masked)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
@pytest.mark.parametrize("part", ["grid", "picture", "drape"])
def test_an_estimate_of_nothing_is_an_input_error(native: ModuleType, part: str, size: tuple[int, int]) -> None:
    with pytest.raises(native.InputError, match=r"expected .*; got .*; fix: ."):
        native.memory_estimate(**{part: size})


def test_what_cannot_be_shown_is_told_by_its_type(make_renderer: Callable[..., Any], native: ModuleType) -> None:
    renderer = make_renderer()
    for call in (renderer.set_height_data, renderer.refine, renderer.set_scene, renderer.set_drape, renderer.cast_rays):
        with pytest.raises(native.InputError, match="Unprintable"):
            call(Unprintable())
