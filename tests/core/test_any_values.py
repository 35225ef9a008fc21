"""Any values at all: one of our own values, or one of our own exceptions that says what, how and the remedy."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from any_values import ANYTHING, LONG_CASES, NUMBERS, SUITE_CASES, cases, or_anything, says_what_how_and_remedy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn

from forge3d_qgis.core import (
    Camera,
    ColorRamp,
    Dem,
    DemError,
    Forge3dError,
    MemoryBudgetError,
    Scene,
    SceneError,
    Sun,
    format_bytes,
    parse_bytes,
    plan,
    ramp_names,
    render,
)

pytestmark = pytest.mark.properties


def made_or_refused(make: Callable[[], Any], *kinds: type[Forge3dError]) -> Any:
    """What ``make`` gives, or None where it raised one of ``kinds`` with all that a complaint needs."""
    try:
        return make()
    except kinds as error:
        assert says_what_how_and_remedy(error), f"says only: {error}"
        assert len(str(error)) < 1500
        return None


# Scenes

COLORS = st.tuples(*[st.integers(-1, 256)] * 4) | st.tuples(*[st.integers(0, 255)] * 3) | ANYTHING
GOOD_COLORS = st.tuples(*[st.integers(0, 255)] * 4)
GOOD_STOPS = st.lists(
    st.tuples(st.floats(-3.4e38, 3.4e38), GOOD_COLORS), min_size=1, max_size=8, unique_by=lambda s: s[0]
)
STOPS = GOOD_STOPS.map(sorted) | st.lists(st.tuples(NUMBERS, COLORS), max_size=5) | ANYTHING
RAMPS = st.fixed_dictionaries(
    {"stops": STOPS},
    optional={"relative": or_anything(st.booleans()), "interpolation": or_anything(st.just("discrete"))},
)  # fmt: skip
SUNS = st.fixed_dictionaries({}, optional={
    "azimuth": or_anything(st.floats(-1000, 1000)), "altitude": or_anything(st.floats(0, 90)),
    "size": or_anything(st.floats(0, 45)), "intensity": or_anything(st.floats(0, 10)),
})  # fmt: skip
CAMERAS = st.fixed_dictionaries({}, optional={
    "heading": or_anything(st.floats(-1000, 1000)), "pitch": or_anything(st.floats(0, 90)),
    "zoom": or_anything(st.floats(1e-3, 1e6)), "field_of_view": or_anything(st.floats(1, 120)),
    "projection": or_anything(st.sampled_from(["orthographic", "perspective"])),
    "resolution": or_anything(st.floats(1e-6, 1e9)), "distance": or_anything(st.floats(1e-6, 1e12)),
    "target": or_anything(st.tuples(*[st.floats(-1e7, 1e7)] * 3)),
})  # fmt: skip
SCENES = st.fixed_dictionaries({}, optional={
    "shading": or_anything(st.sampled_from(["relief", "horn"])), "cast_shadows": or_anything(st.booleans()),
    "sky_intensity": or_anything(st.floats(0, 2)), "exaggeration": or_anything(st.floats(0.01, 1000)),
    "exposure": or_anything(st.floats(0.01, 100)),
    "background": or_anything(st.sampled_from(["#010203", "transparent"])),
    "wall_color": or_anything(st.just("#ABCDEF")),
})  # fmt: skip


@cases(4)
@given(camera=CAMERAS, sun=SUNS, ramp=st.none() | RAMPS, rest=SCENES)
def test_a_scene_of_any_values_is_refused_or_survives_json(camera: Any, sun: Any, ramp: Any, rest: Any) -> None:
    def make() -> Scene:
        more = {} if ramp is None else {"color_ramp": ColorRamp(**ramp)}
        return Scene(camera=Camera(**camera), sun=Sun(**sun), **more, **rest)

    scene = made_or_refused(make, SceneError)
    if scene is not None:
        text = scene.to_json()
        assert Scene.from_json(text) == scene and Scene.from_json(text).to_json() == text
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["terrain", "relief", "#ffffff", 10**400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["camera", "sun", "color_ramp", "stops", "shading", "forge3d_scene", "azimuth", "pitch", "target", "other"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@cases(2)
@given(content=JSON)
def test_any_json_is_a_scene_or_refused(content: Any) -> None:
    scene = made_or_refused(lambda: Scene.from_json(json.dumps(content)), SceneError)
    assert scene is None or Scene.from_json(scene.to_json()) == scene


@cases(2)
@given(data=st.data())
def test_a_scenes_json_with_any_piece_replaced_is_a_scene_or_refused(data: st.DataObject) -> None:
    text = Scene(camera=Camera(target=(1, 2, 3), distance=10)).to_json()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    piece = data.draw(st.text(max_size=6) | st.sampled_from(["NaN", "1e999", "null", '"', "{", "]", ",", "9" * 5000]))
    scene = made_or_refused(lambda: Scene.from_json(text[:start] + piece + text[end:]), SceneError)
    assert scene is None or Scene.from_json(scene.to_json()) == scene


@cases(0.5)
@given(value=ANYTHING)
def test_what_is_no_text_at_all_is_refused_as_a_scene(value: Any) -> None:
    made_or_refused(lambda: Scene.from_json(value), SceneError)


# Ramps

FIELDS = st.sampled_from(
    ["0", "5", "100%", "-3", "1e40", "nan", "inf", "nv", "red", "255", "256", "-1", "1.5", "#", "x", "%"]
)
LINES = st.lists(st.lists(FIELDS | st.text(max_size=4), max_size=6).map(" ".join), max_size=8).map("\n".join)


@cases(4)
@given(text=LINES | st.text(max_size=60), height_range=st.none() | st.tuples(st.floats(-9e3, 0), st.floats(1, 9e3)))
def test_any_text_is_a_ramp_that_gives_colours_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, height_range: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "ramp.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    ramp = made_or_refused(lambda: ColorRamp.from_file(path, height_range=height_range), SceneError)
    if ramp is not None:
        colors = ramp.colors_at([-1e30, 0.0, 0.5, 1.0, 1e30, math.nan], (0.0, 1.0))
        assert colors.shape == (6, 4) and not colors[5].any()
        assert Scene.from_json(Scene(color_ramp=ramp).to_json()).color_ramp == ramp


@cases(0.5)
@given(name=ANYTHING)
def test_any_name_is_a_ramps_or_refused(name: Any) -> None:
    assert made_or_refused(lambda: ColorRamp.named(name), SceneError) is None or name in ramp_names()


# Bytes


@cases(2)
@given(text=st.from_regex(r"\s?[0-9]{0,30}(\.[0-9]{0,12})?\s?[kKMGTib]{0,3}\s?", fullmatch=True) | ANYTHING)
def test_any_size_is_a_whole_number_of_bytes_or_refused(text: Any) -> None:
    count = made_or_refused(lambda: parse_bytes(text), SceneError)
    assert count is None or (isinstance(count, int) and 1 <= count < 2**63)


@cases(1)
@given(count=st.integers(1, 2**62))
def test_a_size_as_it_is_written_is_read_as_nearly_the_same(count: int) -> None:
    # Three digits are written: half of one in the last of them, at most one part in two hundred; bytes are whole.
    assert abs(parse_bytes(format_bytes(count)) - count) <= 0.005 * count + 1


# Plans

SIZES = or_anything(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)))


@cases(2)
@given(
    source=SIZES, picture=SIZES, budget=st.none() | or_anything(st.integers(0, 2**40)),
    drape=st.none() | SIZES, whole=st.booleans(), side=st.none() | or_anything(st.integers(0, 10**5)),
    samples=st.none() | or_anything(st.integers(0, 10**9)),
)  # fmt: skip
def test_a_plan_of_any_values_is_made_or_refused(
    fake_native: Any, source: Any, picture: Any, budget: Any, drape: Any, whole: bool, side: Any, samples: Any
) -> None:
    made_or_refused(
        lambda: plan(
            source, picture, budget, drape_size=drape, whole_picture=whole, max_side=side, max_samples=samples
        ),
        SceneError, MemoryBudgetError,
    )  # fmt: skip


# Heights

ARRAYS = st.one_of(
    drawn.arrays(drawn.scalar_dtypes() | drawn.array_dtypes(), drawn.array_shapes(min_dims=0, max_dims=3, min_side=0)),
    drawn.arrays(drawn.floating_dtypes() | drawn.integer_dtypes(), drawn.array_shapes(min_dims=2, max_dims=2)),
    st.lists(st.lists(NUMBERS, max_size=4), max_size=4), ANYTHING,
)  # fmt: skip


@cases(3)
@given(values=ARRAYS, cell=or_anything(st.floats(1e-3, 1e6)) | st.tuples(NUMBERS, NUMBERS), masked=st.booleans())
def test_any_array_is_a_dem_of_the_same_heights_or_refused(values: Any, cell: Any, masked: bool) -> None:
    if masked and isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        values = np.ma.masked_array(values, mask=np.arange(values.size).reshape(values.shape) % 2 == 0)
    dem = made_or_refused(lambda: Dem.from_array(values, cell), DemError)
    if dem is None:
        return
    assert dem.heights.dtype == np.float32 and dem.heights.flags.c_contiguous and dem.heights.ndim == 2
    east, north = cell if isinstance(cell, tuple) else (cell, cell)
    assert dem.cell_to_world == (float(east), 0.0, 0.0, -float(north))
    with np.errstate(over="ignore"):
        expected = np.asarray(values, dtype=np.float32)
    if isinstance(values, np.ma.MaskedArray):
        expected = np.where(np.ma.getmaskarray(values), np.float32(np.nan), expected)
    np.testing.assert_array_equal(dem.heights, expected)


# Pictures

DEM = Dem.from_array(np.add.outer(np.arange(9.0), np.sin(np.arange(12.0))), cell_size_m=10.0)


@cases(1)
@given(
    size=or_anything(st.tuples(st.integers(1, 40), st.integers(1, 40))), samples=or_anything(st.integers(1, 3)),
    budget=st.none() | or_anything(st.integers(1 << 20, 1 << 28)),
    scene=st.none() | or_anything(st.just(Scene(shading="horn"))), adapter=st.sampled_from(["software", "no such one"]),
    drape=st.none() | or_anything(st.just(np.full((3, 4, 4), 9, dtype=np.uint8))) | ARRAYS,
)  # fmt: skip
@pytest.mark.gpu
def test_a_picture_of_any_arguments_is_drawn_or_refused(
    size: Any, samples: Any, budget: Any, scene: Any, adapter: Any, drape: Any
) -> None:
    # Wider ones are drawn too, and would only take time.
    assume(
        not (isinstance(size, tuple) and len(size) == 2 and all(isinstance(n, int) and 40 < n <= 16384 for n in size))
    )
    assume(not (isinstance(samples, (int, np.integer)) and 3 < samples <= 1024))
    image = made_or_refused(
        lambda: render(
            DEM, scene, size=size, samples=samples, memory_budget=budget, adapter=adapter, drape=drape
        ),
        Forge3dError,
    )  # fmt: skip
    if image is not None:
        assert image.size == tuple(size) and (min(size) < 4 or image.rgba[..., :3].std() > 0)


def test_the_profile_of_the_suite_draws_the_same_cases_at_every_run() -> None:
    suite, long = settings.get_profile("suite"), settings.get_profile("long")
    assert suite.derandomize and suite.database is None and suite.max_examples == SUITE_CASES
    assert not long.derandomize and long.max_examples == LONG_CASES


def test_paths_that_are_none_are_refused_as_ramps() -> None:
    for path in (Path("/nowhere/ramp.txt"), "\0", "", "/"):
        assert made_or_refused(lambda path=path: ColorRamp.from_file(path), SceneError) is None
