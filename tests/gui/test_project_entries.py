"""Views that a project file holds: whole again after a round trip, those of earlier versions too, harmless when broken.

The old entries are text as the plugin's first version wrote it, before views were scene files.
"""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

pytest.importorskip("qgis")

from forge3d_qgis.core.scene import Camera, ColorRamp, Scene, Sun
from forge3d_qgis.core.surface_styles import SurfaceStyle, find_style
from forge3d_qgis.core.view import Source, View
from forge3d_qgis.gui.current_view import plain_view
from forge3d_qgis.gui.project_store import entry_of_view, view_of_entry

TAN = math.tan(math.radians(17.5))  # half of the field of view that every old view had

OLD_DEFAULT = (
    '{"altitude": 45.0, "area": "layer", "azimuth": 315.0, "background": [244, 246, 248], "band": 1,'
    ' "cast_shadows": true, "colours": "layer", "drawn": [], "exaggeration": 1.0, "layer": "dem_1", "pinned":'
    ' false, "pose": {"heading": 0.0, "pitch": 45.0, "projection": "perspective", "span": null, "target":'
    ' null}, "ramp": [], "shading": "relief", "sky": 1.0, "softness": 2.0, "theme": "", "transparent": false,'
    ' "version": 1}'
)
OLD_MOVED = (
    '{"altitude": 20.0, "area": "drawn", "azimuth": 90.0, "background": [10, 20, 200], "band": 3,'
    ' "cast_shadows": false, "colours": "ramp", "drawn": [-84.3, 36.2, -84.1, 36.4], "exaggeration": 2.5,'
    ' "layer": "dem_1", "pinned": true, "pose": {"heading": 33.0, "pitch": 61.5, "projection": "orthographic",'
    ' "span": 12000.0, "target": [150.0, -80.5, 400.0]}, "ramp": [[0.0, [1, 2, 3, 255]], [0.5, [9, 9, 9,'
    ' 255]], [1.0, [4, 5, 6, 255]]], "shading": "horn", "sky": 0.3, "softness": 8.0, "theme": "Summer",'
    ' "transparent": true, "version": 1}'
)
OLD_THEME = (
    '{"altitude": 45.0, "area": "canvas", "azimuth": 360.0, "background": [244, 246, 248], "band": 1,'
    ' "cast_shadows": true, "colours": "theme", "drawn": [], "exaggeration": 10.0, "pose": {"heading": 200.0,'
    ' "pitch": 0.0, "projection": "perspective", "span": 900.5, "target": [0.0, 0.0, -20.0]}, "ramp": [],'
    ' "shading": "horn", "sky": 0.0, "softness": 0.0, "theme": "Winter", "transparent": false, "version": 1}'
)
PLAIN_SCENE = plain_view().scene
HILLSHADE = Scene(shading="horn").shading  # whatever that model is called today


def test_an_old_view_as_the_dock_opened_it_is_todays_plain_view() -> None:
    assert view_of_entry(json.loads(OLD_DEFAULT)) == plain_view()


def test_an_old_view_with_every_value_changed_comes_back() -> None:
    view = view_of_entry(json.loads(OLD_MOVED))
    ramp = ColorRamp(((0.0, (1, 2, 3, 255)), (0.5, (9, 9, 9, 255)), (1.0, (4, 5, 6, 255))), relative=True)
    assert view.source == Source(
        band=3, area_of="drawn", area=(-84.3, 36.2, -84.1, 36.4), colours="ramp", theme="Summer", backdrop="#0a14c8"
    )
    camera = view.scene.camera
    assert camera.distance == pytest.approx(6000.0 / TAN)
    assert view.scene == Scene(
        camera=Camera(
            heading=33.0, pitch=61.5, projection="orthographic", target=(150.0, -80.5, 400.0), distance=camera.distance
        ),
        sun=Sun(azimuth=90.0, altitude=20.0, size=8.0),
        shading=HILLSHADE,
        cast_shadows=False,
        sky_intensity=0.3,
        exaggeration=2.5,
        color_ramp=ramp,
        background="transparent",
    )


def test_an_old_view_draped_with_a_theme_comes_back() -> None:
    view = view_of_entry(json.loads(OLD_THEME))
    assert view.source == Source(area_of="canvas", colours="theme", theme="Winter", backdrop="#f4f6f8")
    assert view.scene.shading == HILLSHADE
    assert view.scene.sun == Sun(azimuth=0.0, size=0.0) and view.scene.sky_intensity == 0.0
    assert view.scene.exaggeration == 10.0
    assert view.scene.camera == Camera(
        heading=200.0, pitch=0.0, target=(0.0, 0.0, -20.0), distance=view.scene.camera.distance
    )
    assert view.scene.camera.distance == pytest.approx(450.25 / TAN)


@pytest.mark.parametrize("old", [OLD_DEFAULT, OLD_MOVED, OLD_THEME])
def test_a_view_is_the_same_after_the_project_file(old: str) -> None:
    view = view_of_entry(json.loads(old))
    assert view_of_entry(json.loads(json.dumps(entry_of_view(view)))) == view


@pytest.mark.parametrize("entry", [None, 7, [], "view", {}, {"unknown": 1, "version": 99}, {"forge3d_view": 99}])
def test_what_is_no_view_at_all_is_the_plain_one(entry: object) -> None:
    assert view_of_entry(entry) == plain_view()


def altered(text: str, **values: object) -> View:
    return view_of_entry({**json.loads(text), **values})


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"exaggeration": "much"}, "scene.exaggeration"),
        ({"azimuth": None}, "scene.sun.azimuth"),
        ({"cast_shadows": "no"}, "scene.cast_shadows"),
        ({"shading": "neon"}, "scene.shading"),
        ({"ramp": "red"}, "scene.color_ramp"),
        ({"ramp": [[0.0, [1, 2, 3, 999]]]}, "scene.color_ramp"),
        ({"background": [1], "transparent": False}, "scene.background"),
        ({"background": [1, 2, 999], "transparent": False}, "source.backdrop"),
        ({"band": -1}, "source.band"),
        ({"band": True}, "source.band"),
        ({"colours": 3}, "source.colours"),
        ({"drawn": [1, 2]}, "source.area"),
        ({"drawn": [3, 1, 2, 4]}, "source.area"),
        ({"theme": 5}, "source.theme"),
        ({"pose": 7}, "scene.camera"),
        ({"pose": {"target": ["a", "b", "c"], "span": 4.0}}, "scene.camera"),
        ({"pose": {"target": [1, 2, 3], "span": "wide"}}, "scene.camera"),
        ({"pose": {"target": [1, 2, 3], "span": -4}}, "scene.camera"),
    ],
)
def test_a_broken_value_becomes_its_default_and_the_others_stay(values: dict, path: str) -> None:
    whole, broken = view_of_entry(json.loads(OLD_MOVED)), altered(OLD_MOVED, **values)
    assert broken.value(path) == plain_view().value(path) != whole.value(path)
    kept = {"scene.exaggeration", "scene.sun.altitude", "scene.sky_intensity", "scene.sun.size"} - {path}
    assert {one: broken.value(one) for one in kept} == {one: whole.value(one) for one in kept}


@pytest.mark.parametrize(
    ("values", "path", "expected"),
    [
        ({"altitude": 1e9}, "scene.sun.altitude", 90.0),
        ({"altitude": -5}, "scene.sun.altitude", 0.0),
        ({"softness": 90}, "scene.sun.size", 45.0),
        ({"sky": 9}, "scene.sky_intensity", 2.0),
        ({"exaggeration": 0}, "scene.exaggeration", 0.01),
        ({"azimuth": -90}, "scene.sun.azimuth", 270.0),
    ],
)
def test_a_number_out_of_range_goes_to_the_end_of_it(values: dict, path: str, expected: float) -> None:
    assert altered(OLD_MOVED, **values).value(path) == expected


def test_todays_entry_with_one_broken_part_keeps_the_rest() -> None:
    entry = entry_of_view(view_of_entry(json.loads(OLD_MOVED)))
    entry["sun"] = {"azimuth": "east", "altitude": 12.0}
    entry["color_ramp"] = {"stops": 4}
    view = view_of_entry(entry)
    assert view.scene.sun == Sun(azimuth=315.0, altitude=12.0, size=PLAIN_SCENE.sun.size)
    assert view.scene.color_ramp == PLAIN_SCENE.color_ramp
    assert view.scene.exaggeration == 2.5 and view.source.band == 3


def test_a_surface_style_goes_into_the_project_with_its_text_and_its_numbers() -> None:
    style = SurfaceStyle.from_file(find_style("snow"), snow_line=700)
    view = View(dataclasses.replace(PLAIN_SCENE, surface=style))
    entry = json.loads(json.dumps(entry_of_view(view)))
    assert view_of_entry(entry) == view
    entry["surface"]["parameters"] = {"snow_line": -5, "of another version": 1}
    surface = view_of_entry(entry).scene.surface
    assert surface is not None and dict(surface.values)["snow_line"] == 0.0
    assert "surface" not in entry_of_view(View())
