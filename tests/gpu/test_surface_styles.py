"""What surface styles draw, judged by f64 twins; what they must not change; and ends that must come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from f64_twins import WHITE_RAMP, linear_light

from forge3d_qgis.core import Camera, Cancelled, ColorRamp, Dem, Scene, ShaderError, Sun, SurfaceStyle, render
from forge3d_qgis.core.surface_styles import find_style, shipped_folder, style_files

Draw = Callable[..., np.ndarray]
SIDE = 41
FROM_ABOVE = Camera(pitch=90, projection="orthographic", resolution=1.0, target=(0, 0, 0))
PLAIN = Scene(
    camera=FROM_ABOVE, color_ramp=WHITE_RAMP, cast_shadows=False, sky_intensity=0.0, sun=Sun(315, 50, size=0)
)  # fmt: skip
WHOLE = slice(4, -4)  # without the edges, where gradients are continued


def style(text: str, **parameters: float) -> SurfaceStyle:
    lines = "".join(f"// @param {name} {value} -1e6..1e6\n" for name, value in parameters.items())
    return SurfaceStyle("test.wgsl", lines + text)


def returning(value: str, **parameters: float) -> SurfaceStyle:
    return style(f"fn surface(s: Surface) -> vec4f {{ return {value}; }}", **parameters)


def cone(slope: float = 1.0) -> np.ndarray:
    """A cone of 41×41 cells of one metre, its top in the middle."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    heights: np.ndarray = (100.0 - slope * np.hypot(x, y)).astype(np.float32)
    return heights


def waves() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    heights: np.ndarray = (9 * np.sin(x / 6) + 7 * np.cos(y / 5) + 0.02 * x * y).astype(np.float32)
    return heights


def horn(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dz/d(east), dz/d(north) at the inner samples, in f64 (Horn 1981)."""
    z = heights.astype(np.float64)
    row = lambda a: (a[:-2] + 2 * a[1:-1] + a[2:]) / 8  # noqa: E731
    return row(z[:, 2:] - z[:, :-2]), row((z[:-2] - z[2:]).T).T


def colours(draw: Draw, heights: np.ndarray, surface: SurfaceStyle, scene: Scene = PLAIN) -> np.ndarray:
    """sRGB values 0..1 of the ground itself: the picture's light over that of a white ground."""
    size = (SIDE, SIDE)
    lit = linear_light(draw(heights, replace(scene, surface=None, color_ramp=WHITE_RAMP), size)[..., :3])
    share = linear_light(draw(heights, replace(scene, surface=surface), size)[..., :3]) / np.maximum(lit, 1e-3)
    ground: np.ndarray = np.where(share <= 0.0031308, 12.92 * share, 1.055 * np.maximum(share, 0) ** (1 / 2.4) - 0.055)
    return ground


# One sample goes through the pixel's centre, which lies on a sample of the grid: SIDE is odd.


def test_slope_and_aspect_are_those_of_the_ground_without_exaggeration(draw: Draw) -> None:
    heights = waves()
    east, north = horn(heights)
    steepness = np.degrees(np.arctan(np.hypot(east, north)))
    aspect = np.degrees(np.arctan2(-east, -north)) % 360.0
    flat = returning("vec4f(s.steepness / 90.0, s.aspect / 360.0, 0.5, 1.0)")
    for exaggeration in (1.0, 2.5):
        # Light that every slope gets: no slope faces away from the sun in the zenith.
        scene = replace(PLAIN, exaggeration=exaggeration, sun=Sun(0, 90, size=0), exposure=0.9)
        found = colours(draw, heights, flat, scene)[1:-1, 1:-1]
        assert np.abs(found[..., 0] * 90 - steepness)[WHOLE, WHOLE].max() < 1.5
        turned = np.abs((found[..., 1] * 360 - aspect + 180) % 360 - 180)[WHOLE, WHOLE]
        assert np.quantile(turned, 0.99) < 4, "bytes of a dark colour are steps of some degrees"


def test_slope_classes_are_those_of_a_numpy_twin(draw: Draw) -> None:
    heights = 1.8 * waves()
    east, north = horn(heights)
    steepness = np.degrees(np.arctan(np.hypot(east, north)))
    shipped = SurfaceStyle.from_file(find_style("slope_classes"), first=25, width=6, opacity=100)
    palette = np.array([[0xF4, 0xE3, 0x4C], [0xF3, 0x9B, 0x2D], [0xDB, 0x3A, 0x34], [0x8A, 0x4A, 0xA8], [255] * 3])
    classes = np.where(steepness < 25, 4, np.clip((steepness - 25) // 6, 0, 3)).astype(int)
    scene = replace(PLAIN, sun=Sun(0, 90, size=0), exposure=0.9)
    found = colours(draw, heights, shipped, scene)[1:-1, 1:-1] * 255
    # What lies within a thousandth of a degree of a border may fall to either side.
    sure = np.abs((steepness - 25) / 6 - np.round((steepness - 25) / 6)) > 1e-3
    assert len(np.unique(classes)) == 5 and sure.mean() > 0.99
    assert np.abs(found - palette[classes])[sure].max() < 5


def test_heights_places_and_the_range_are_those_of_the_dem(draw: Draw) -> None:
    heights = cone()
    y, x = np.mgrid[:SIDE, :SIDE]
    scene = replace(PLAIN, sun=Sun(0, 90, size=0), exaggeration=2.0)
    range_ = "vec4f((s.height - s.lowest) / (s.highest - s.lowest), s.place / 40.0, 1.0)"
    found = colours(draw, heights, returning(range_), scene)
    part = (heights - heights.min()) / np.ptp(heights)
    for channel, expected in enumerate((part, x / 40.0, y / 40.0)):
        assert np.abs(found[..., channel] - expected)[WHOLE, WHOLE].max() < 0.02
    world = colours(draw, heights, returning("vec4f(s.world / vec3f(40.0, 40.0, 400.0) + 0.5, 1.0)"), scene)
    for channel, expected in enumerate(((x - 20) / 40 + 0.5, (20 - y) / 40 + 0.5, 2 * heights / 400 + 0.5)):
        assert np.abs(world[..., channel] - np.minimum(expected, 1.0))[WHOLE, WHOLE].max() < 0.02
    ones = colours(draw, heights, returning("vec4f(s.pixel / 2.0, s.cell / 2.0, length(s.normal) / 2.0, 1.0)"), scene)
    assert np.abs(ones[WHOLE, WHOLE] - 0.5).max() < 0.02


def test_a_pixel_spans_what_the_perspective_makes_of_it(draw: Draw) -> None:
    # 100 m above level ground, 90 degrees over 41 rows: the middle pixel sees 200 / 41 m.
    camera = Camera(pitch=90, field_of_view=90, target=(0, 0, 0), distance=100)
    scene = replace(PLAIN, camera=camera, sun=Sun(0, 90, size=0))
    level = np.zeros((SIDE, SIDE), dtype=np.float32)
    found = colours(draw, level, returning("vec4f(vec3f(s.pixel / 10.0), 1.0)"), scene)
    assert found[20, 20] == pytest.approx(20 / SIDE, abs=0.02)


def test_alpha_lays_the_style_over_the_ramp_in_light(draw: Draw) -> None:
    level = np.zeros((SIDE, SIDE), dtype=np.float32)
    red = ColorRamp(((0.0, (200, 0, 0, 255)),), relative=True)
    scene = replace(PLAIN, color_ramp=red, sun=Sun(0, 90, size=0))
    lit = linear_light(draw(level, replace(scene, color_ramp=WHITE_RAMP), (SIDE, SIDE))[20, 20, :3])
    for alpha in (0.0, 0.3, 1.0):
        picture = draw(level, replace(scene, surface=returning(f"vec4f(0.0, 0.0, 1.0, {alpha})")), (SIDE, SIDE))
        expected = lit * ((1 - alpha) * linear_light(np.array([200, 0, 0])) + alpha * np.array([0, 0, 1]))
        assert linear_light(picture[20, 20, :3]) == pytest.approx(expected, abs=0.01)
    assert (
        draw(level, replace(scene, surface=returning("vec4f(0.0)")), (SIDE, SIDE)) == draw(level, scene, (SIDE, SIDE))
    ).all()


def test_a_style_lies_below_a_drape_and_is_lit_like_any_ground(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(SIDE, SIDE)
    renderer.set_height_data(cone())
    renderer.set_scene(replace(PLAIN, surface=returning("vec4f(1.0, 1.0, 1.0, 1.0)")))
    white = renderer.render_terrain_rgba(1).copy()
    assert (white[30, 20, :3] < white[10, 10, :3]).all(), "the slope to the sun is the brighter one"
    renderer.set_drape(np.full((4, 4, 4), (0, 90, 0, 255), dtype=np.uint8))
    draped = renderer.render_terrain_rgba(1).copy()
    assert (draped[WHOLE, WHOLE, 0] == 0).all() and (draped[WHOLE, WHOLE, 1] > 0).any()


@pytest.mark.parametrize(
    ("value", "same_as"),
    [
        ("vec4f(7.0, -3.0, 2.0, 9.0)", "vec4f(1.0, 0.0, 1.0, 1.0)"),
        ("vec4f(0.5, 0.5, 0.5, -4.0)", "vec4f(0.0)"),
        ("vec4f(1.0, sqrt(params.minus), 1.0, 1.0)", "vec4f(0.0)"),
        ("vec4f(1.0, 1.0, 1.0, params.zero / params.zero)", "vec4f(0.0)"),
        ("vec4f(1.0 / params.zero, 1.0, 1.0, 1.0)", "vec4f(0.0)"),
        ("vec4f(f32(i32(params.minus) / i32(params.zero)) * 0.0, 1.0, 1.0, 1.0)", "vec4f(0.0, 1.0, 1.0, 1.0)"),
    ],
)
def test_numbers_beyond_all_bounds_are_tamed(draw: Draw, value: str, same_as: str) -> None:
    scenes = (replace(PLAIN, surface=returning(text, minus=-1.0, zero=0.0)) for text in (value, same_as))
    first, second = (draw(cone(), scene, (SIDE, SIDE)) for scene in scenes)
    assert (first == second).all()


def test_an_index_beyond_an_array_reads_only_the_array(draw: Draw) -> None:
    text = """
    fn surface(s: Surface) -> vec4f {
        var grey = array<f32, 3>(0.5, 0.5, 0.5);
        grey[i32(params.far)] = 0.5;
        return vec4f(vec3f(grey[i32(params.far)] + grey[u32(params.further)] - 0.5), 1.0);
    }"""
    found = draw(cone(), replace(PLAIN, surface=style(text, far=-1e6, further=1e6)), (SIDE, SIDE))
    assert (found == draw(cone(), replace(PLAIN, surface=returning("vec4f(0.5, 0.5, 0.5, 1.0)")), (SIDE, SIDE))).all()


ENDLESS = {
    "loop": "loop { turns += 1.0; }",
    "while": "while true { turns += 1.0; }",
    "for": "for (;;) { turns += 1.0; }",
    "nested": "for (;;) { for (;;) { loop { turns += 1.0; } turns += 1.0; } turns += 1.0; }",
    "helper": "loop { turns += ever(s.height); }",
    "continuing": "loop { turns += 1.0; continuing { break if turns < 0.0; } }",
    "loop in continuing": "loop { turns += 1.0; continuing { loop { turns += 1.0; } } }",
    "continue": "loop { turns += 1.0; if turns > 0.0 { continue; } break; }",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_loops_without_an_end_end_within_a_hundred_thousand_turns(draw: Draw, name: str) -> None:
    text = f"""
    fn ever(x: f32) -> f32 {{ var turns = 0.0; loop {{ turns += 1.0; }} return turns; }}
    fn surface(s: Surface) -> vec4f {{
        var turns = 0.0;
        {ENDLESS[name]}
        return vec4f(turns / 1e5, select(0.0, 1.0, turns > 1000.0), 0.0, 1.0);
    }}"""
    found = colours(draw, np.zeros((SIDE, SIDE), dtype=np.float32), style(text))
    assert (found[WHOLE, WHOLE, 0] < 0.99).all(), "all loops and helpers together draw on one counter"
    assert (found[WHOLE, WHOLE, 1] > 0.9).all(), "and a thousand turns are always there"


def test_a_picture_of_an_endless_style_can_be_cancelled() -> None:
    text = "fn surface(s: Surface) -> vec4f { var x = 1.0; loop { x = sin(x) + pow(x, 1.1); } return vec4f(x); }"
    endless = style(text)
    dem = Dem.from_array(np.zeros((SIDE, SIDE), dtype=np.float32))
    asked: list[float] = []

    def cancel() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 2

    with pytest.raises(Cancelled):
        render(dem, replace(PLAIN, surface=endless), size=(1600, 1600), samples=64, cancel=cancel)
    # A submit is to take a tenth of a second; the whole picture would take many minutes.
    assert time.monotonic() - asked[2] < 3


def test_parameters_change_the_picture_and_compile_nothing(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(SIDE, SIDE)
    renderer.set_height_data(cone())
    grey = returning("vec4f(vec3f(params.grey), 1.0)", grey=0.0)
    pictures, compiled = [], []
    for value in (0.1, 0.5, 0.9):
        renderer.set_scene(replace(PLAIN, surface=grey.with_values(grey=value)))
        pictures.append(int(renderer.render_terrain_rgba(1)[10, 10, 0]))
        compiled.append(renderer.render_metrics()["compile_ms"])
    assert pictures == sorted(set(pictures)) and compiled[0] == compiled[1] == compiled[2]


def test_sixteen_parameters_arrive_each_at_its_place(draw: Draw) -> None:
    values = {f"number_{chr(97 + i)}": float(i) for i in range(16)}
    right = " && ".join(f"params.{name} == {value}" for name, value in values.items())
    found = colours(draw, cone(0.2), returning(f"vec4f(select(0.0, 1.0, {right}))", **values))
    assert (found[WHOLE, WHOLE] > 0.95).all()


def test_a_wrong_style_is_told_and_the_scene_before_it_stays(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(SIDE, SIDE)
    renderer.set_height_data(cone())
    renderer.set_scene(PLAIN)
    before = renderer.render_terrain_rgba(1).copy()
    wrong = SurfaceStyle("snow.wgsl", "fn surface(s: Surface) -> vec4f {\n    return hight;\n}\n")
    with pytest.raises(Exception, match=r"\[Shader\] snow\.wgsl:2:12: .*hight"):
        renderer.set_scene(replace(PLAIN, surface=wrong))
    assert (renderer.render_terrain_rgba(1) == before).all()
    with pytest.raises(ShaderError, match=r"snow\.wgsl:2:12"):
        wrong.check()


def test_models_without_colours_draw_as_if_there_were_no_style(draw: Draw) -> None:
    grey = replace(PLAIN, shading="hillshade")
    with_style = draw(cone(), replace(grey, surface=returning("vec4f(1.0, 0.0, 0.0, 1.0)")), (SIDE, SIDE))
    assert (with_style == draw(cone(), grey, (SIDE, SIDE))).all()


def test_heights_are_true_ones_also_where_a_datum_was_taken_out() -> None:
    base = 3.0e6  # far from zero the renderer holds heights above a datum
    dem = replace(Dem.from_array(waves()), datum_m=base)
    near = f"select(0.0, 1.0, abs(s.height - {base}) < 200.0), select(0.0, 1.0, abs(s.lowest - {base}) < 200.0)"
    text = f"vec4f({near}, 1.0, 1.0)"
    picture = render(dem, replace(PLAIN, sun=Sun(0, 90), surface=returning(text)), size=(SIDE, SIDE), samples=1).rgba
    assert (picture[WHOLE, WHOLE, :2] > 100).all()


@pytest.mark.parametrize("path", style_files([shipped_folder()]), ids=lambda path: path.stem)
def test_every_shipped_example_changes_the_picture_and_leaves_it_whole(draw: Draw, path: Any) -> None:
    surface = SurfaceStyle.from_file(path)
    surface.check()
    heights = 1500 + 60 * waves()
    camera = replace(FROM_ABOVE, resolution=30.0)
    scene = replace(PLAIN, sun=Sun(315, 60), camera=camera, color_ramp=ColorRamp.named("terrain"))
    plain, styled = (
        draw(heights, replace(scene, surface=one), (SIDE, SIDE), cell_to_world=(30, 0, 0, -30))
        for one in (None, surface)
    )
    assert (plain[..., 3] == styled[..., 3]).all() and (plain != styled).any(axis=-1).mean() > 0.05


def test_a_picture_in_strips_has_the_bytes_of_the_whole(draw: Draw, make_renderer: Callable[..., Any]) -> None:
    scene = replace(Scene(), surface=SurfaceStyle.from_file(find_style("snow"), snow_line=95, transition=10))
    whole = draw(cone(), scene, (48, 40), samples=2)
    strip = make_renderer(48, 16)
    strip.set_height_data(cone())
    strip.set_scene(scene)
    strip.set_crop(0, 16, 48, 40)
    assert (strip.render_terrain_rgba(2) == whole[16:32]).all()
