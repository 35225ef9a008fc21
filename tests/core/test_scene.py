"""Scenes are checked when they are made, and survive JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from forge3d_qgis.core import Camera, ColorRamp, Scene, SceneError, Sun, ramp_names

RAMP = ColorRamp(stops=((-10.5, (0, 1, 2, 255)), (300.0, (255, 254, 253, 128))), interpolation="discrete")


@pytest.mark.parametrize(
    "scene",
    [
        Scene(),
        Scene(
            camera=Camera(heading=200, pitch=10, zoom=2.5, projection="orthographic", resolution=30),
            sun=Sun(azimuth=10, altitude=5, size=0.53, intensity=2),
            shading="horn", cast_shadows=False, sky_view=0.5, exaggeration=3, exposure=1.5, color_ramp=RAMP,
            background="transparent", wall_color="#000000",
        ),
        Scene(camera=Camera(target=(1, -2, 3.5), distance=1000)),
    ],
)  # fmt: skip
def test_a_scene_is_the_same_after_json(scene: Scene) -> None:
    assert Scene.from_json(scene.to_json()) == scene


def test_numpy_numbers_and_integers_make_the_same_scene_as_floats() -> None:
    made = Scene(sun=Sun(azimuth=np.float32(90), altitude=np.int64(30)), exaggeration=2, cast_shadows=np.bool_(True))
    assert made == Scene(sun=Sun(azimuth=90.0, altitude=30.0), exaggeration=2.0)
    assert Scene.from_json(made.to_json()) == made


def test_what_json_leaves_out_keeps_its_default() -> None:
    scene = Scene.from_json('{"sun": {"azimuth": 90}, "color_ramp": "plain"}')
    assert scene == replace(Scene(), sun=Sun(azimuth=90), color_ramp=ColorRamp.named("plain"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"sunn": {}}', "sunn"),
        ('{"sun": {"height": 4}}', "height"),
        ('{"forge3d_scene": 2}', "version"),
        ('{"sun": 5}', "sun"),
        ('{"camera": {"pitch": "steep"}}', "pitch"),
        ('{"color_ramp": {"relative": true}}', "stops"),
        ('{"color_ramp": {"stops": 7}}', "stops"),
        ('{"color_ramp": "no such ramp"}', "no such ramp"),
        ('{"sun": ', "line 1"),
        ("[1, 2]", "object"),
        ('{"exaggeration": NaN}', "exaggeration"),
        ('{"exaggeration": 1%s}' % ("0" * 400), "exaggeration"),
        ('{"exaggeration": 1%s}' % ("0" * 5000), "JSON text|exaggeration"),
        ('{"camera": {"heading": 1%s}}' % ("0" * 400), "heading"),
        ('{"camera": {"target": [1%s, 0, 0]}}' % ("0" * 400), "target"),
        ('{"color_ramp": {"stops": [[1%s, [1, 2, 3]]]}}' % ("0" * 400), "stops"),
        ('{"color_ramp": {"stops": [[1, [Infinity, 2, 3]]]}}', "stops"),
        ("[" * 100_000, "JSON text"),
    ],
)
def test_wrong_json_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(SceneError, match=named):
        Scene.from_json(text)


def test_json_holds_its_version_and_no_nan() -> None:
    content = json.loads(Scene().to_json())
    assert content["forge3d_scene"] == 1
    assert content["sun"] == {"azimuth": 315.0, "altitude": 45.0, "size": 2.0, "intensity": 1.0}


@pytest.mark.parametrize(
    ("make", "values"),
    [
        (lambda v: Sun(altitude=v), (-0.1, 90.1)),
        (lambda v: Sun(size=v), (-1, 46)),
        (lambda v: Sun(intensity=v), (-1, 11)),
        (lambda v: Sun(azimuth=v), ()),
        (lambda v: Camera(heading=v), ()),
        (lambda v: Camera(pitch=v), (-1, 91)),
        (lambda v: Camera(zoom=v), (0, -1)),
        (lambda v: Camera(field_of_view=v), (0.5, 121)),
        (lambda v: Camera(projection="orthographic", resolution=v), (0, -1)),
        (lambda v: Camera(target=(0, 0, 0), distance=v), (0, -5)),
        (lambda v: Camera(target=(0, v, 0), distance=1), ()),
        (lambda v: Scene(sky_view=v), (-0.1, 2.1)),
        (lambda v: Scene(exaggeration=v), (0, 1001)),
        (lambda v: Scene(exposure=v), (0, 101)),
    ],
)
def test_every_number_has_a_range_and_nan_is_in_none(make, values) -> None:
    for value in (*values, math.nan, math.inf, -math.inf, "much"):
        with pytest.raises(SceneError, match=r"expected .*; got .*; fix: "):
            make(value)


@pytest.mark.parametrize("value", [0, 360, -45, 725, -1e-20])
def test_bearings_are_wrapped(value: float) -> None:
    for bearing in (Sun(azimuth=value).azimuth, Camera(heading=value).heading):
        assert 0 <= bearing < 360
        assert math.cos(math.radians(bearing - value)) == pytest.approx(1)


@pytest.mark.parametrize(
    "change",
    [
        {"shading": "phong"}, {"background": "white"}, {"background": "#fff"}, {"wall_color": "transparent"},
        {"cast_shadows": "yes"}, {"sun": 3}, {"camera": None}, {"color_ramp": "terrain"},
    ],
)  # fmt: skip
def test_choices_and_kinds_are_checked(change: dict) -> None:
    with pytest.raises(SceneError, match=r"expected .*; got .*; fix: "):
        replace(Scene(), **change)
    with pytest.raises(SceneError):
        Camera(projection="fisheye")  # type: ignore[arg-type]


def test_colours_may_be_written_in_capitals() -> None:
    assert Scene(background="#AABBCC").background == "#aabbcc"


@pytest.mark.parametrize(
    "stops",
    [
        (), ((1, (0, 0, 0, 255)), (1, (9, 9, 9, 255))), ((2, (0, 0, 0, 255)), (1, (9, 9, 9, 255))),
        ((0, (0, 0, 256, 255)),), ((0, (0, 0)),), ((math.nan, (0, 0, 0, 255)),), ((0, (0.5, 0, 0, 255)),), 5, ((0, 1),),
    ],
)  # fmt: skip
def test_ramps_are_checked(stops: tuple) -> None:
    with pytest.raises(SceneError):
        ColorRamp(stops=stops)


def test_relative_ramps_stay_within_the_height_range() -> None:
    with pytest.raises(SceneError, match=r"0\.\.1"):
        ColorRamp(stops=((0.0, (0, 0, 0, 255)), (1.5, (255, 255, 255, 255))), relative=True)


def test_every_ramp_that_comes_along_loads_and_leaves_room_for_light() -> None:
    assert ramp_names()[0] == "terrain" and len(ramp_names()) >= 6
    for name in ramp_names():
        ramp = ColorRamp.named(name)
        assert max(max(color[:3]) for _, color in ramp.stops) <= 235
        assert all(color[3] == 255 for _, color in ramp.stops)
        assert ramp.relative == (name != "topobathy")


def test_sea_and_land_differ_at_the_shore() -> None:
    ramp = ColorRamp.named("topobathy")
    sea, land = ramp.colors_at([0.0, 1.0]).astype(int)
    assert sea[2] > sea[0] and land[1] > land[2]


def test_a_value_of_any_length_is_one_clear_error() -> None:
    with pytest.raises(SceneError, match=r"Scene\.exaggeration.*an integer of 33220 bits"):
        Scene(exaggeration=10**10_000)  # Python itself refuses to write it
    with pytest.raises(SceneError, match=r"Camera\.target: expected three finite numbers.*…") as caught:
        Camera(target=[0.5] * 100_000)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 500
