"""What a picture is of: checked, kept as JSON, and turned into the cells of a raster."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core import Camera, ColorRamp, Scene, SceneError, Sun
from forge3d_qgis.core.dem import covering_window
from forge3d_qgis.core.fields import FIELDS
from forge3d_qgis.core.view import Source, View, area_text, parse_area

RAMP = ColorRamp(((236.5, (1, 2, 3, 255)), (1076.25, (250, 251, 252, 255))))


def some_view() -> View:
    return View(
        Scene(
            camera=Camera(heading=33.0, projection="orthographic", target=(1.5, -2.0, 400.0), distance=9000.0),
            sun=Sun(azimuth=100.0, size=0.5),
            sky_intensity=0.4,
            color_ramp=RAMP,
        ),
        Source(
            path="/dem/höhen.tif",
            layer="Höhen",
            crs="EPSG:4326",
            band=2,
            area_of="drawn",
            area=(-84.3, 36.2, -84.1, 36.4),
        ),
    )


def test_a_view_is_the_same_after_json() -> None:
    assert View.from_json(some_view().to_json()) == some_view()
    assert View.from_json(View().to_json()) == View()


def test_a_scene_file_is_a_view_of_the_whole_first_band() -> None:
    scene = some_view().scene
    assert View.from_json(scene.to_json()) == View(scene)


def test_the_scene_of_a_views_file_is_the_views_scene() -> None:
    assert Scene.from_json(some_view().to_json()) == some_view().scene


def test_an_area_written_by_hand_needs_no_more_than_its_corners() -> None:
    view = View.from_json('{"source": {"area": [1, 2, 3, 4]}}')
    assert view.source.corners == (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ({"area": [1, 2, 3]}, "area"), ({"area": [3, 2, 1, 4]}, "area"), ({"area": [1, 2, 3, math.inf]}, "area"),
        ({"area": "here"}, "area"), ({"band": 0}, "band"), ({"band": True}, "band"), ({"band": 1.5}, "band"),
        ({"colours": "red"}, "colours"), ({"area_of": "moon"}, "area_of"), ({"path": 3}, "path"),
        ({"backdrop": "transparent"}, "backdrop"), ({"bands": 3}, "bands"), (7, "source"), ({"crs": 4326}, "crs"),
        ({"area_of": "drawn"}, "area"), ({"area_of": "drawn", "area": None}, "area"),
    ],
)  # fmt: skip
def test_a_wrong_source_is_refused_by_name(source: object, named: str) -> None:
    with pytest.raises(SceneError, match=rf"{named}.*expected .*; got .*; fix: |expected .*{named}.*; fix: "):
        View.from_json(json.dumps({"source": source}))


def test_the_place_looked_at_rises_with_the_exaggeration() -> None:
    view = some_view().changed({"scene.exaggeration": 2.0})
    assert view.scene.camera.target == (1.5, -2.0, 800.0)
    assert view.scene.camera.distance == 9000.0


@pytest.mark.parametrize(
    "changes",
    [{"source.band": 1}, {"source.area_of": "canvas"}, {"source.area": (-84.2, 36.2, -84.1, 36.4)}],
)
def test_other_heights_are_fitted_anew(changes: dict) -> None:
    camera = some_view().changed(changes).scene.camera
    assert camera.target is None and camera.distance is None and camera.heading == 33.0


@pytest.mark.parametrize("changes", [{"source.colours": "layer"}, {"scene.sun.altitude": 5.0}])
def test_other_colours_and_light_keep_the_place(changes: dict) -> None:
    assert some_view().changed(changes).scene.camera == some_view().scene.camera


def test_what_only_qgis_can_draw_is_told() -> None:
    assert View().notes() == ()
    for colours in ("canvas", "theme", "layer"):
        assert "drape" in View(source=Source(colours=colours)).notes()[0]


@pytest.mark.parametrize(
    "area", [(-84.3, 36.2, -84.1, 36.4), (1 / 3, 2 / 3, 1e7 + 1 / 3, 1e-9 + 1), (0.0, 0.0, 1.0, 1.0)]
)
def test_an_area_is_the_same_after_its_text(area: tuple) -> None:
    assert parse_area(area_text(area)) == area


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,x", "3,2,1,4", "1,2,nan,4", "1,2,inf,4", "1,2,3,4,5"])
def test_a_wrong_area_text_is_refused(text: str) -> None:
    with pytest.raises(SceneError, match=r"area: expected .*; got .*; fix: "):
        parse_area(text)


def test_the_scene_checks_by_the_table() -> None:
    for path, field in FIELDS.items():
        view = View()
        assert view.value(f"scene.{path}") == field.default
        for end in (field.low, field.high):
            view.changed({f"scene.{path}": end})
        if not field.bearing:
            for beyond in (np.nextafter(field.low, -np.inf), np.nextafter(field.high, np.inf)):
                with pytest.raises(SceneError, match=field.name):
                    view.changed({f"scene.{path}": float(beyond)})
        low, high = field.form_range
        assert field.low <= low < high <= field.high


def test_the_old_name_of_the_sky_light_goes_on_working() -> None:
    from dataclasses import replace

    scene = Scene(sky_view=0.25)  # type: ignore[call-arg]
    assert scene == Scene(sky_intensity=0.25) and scene.sky_view == scene.sky_intensity == 0.25
    assert replace(scene, sky_view=0.5).sky_intensity == 0.5
    assert replace(scene, exposure=2.0).sky_intensity == 0.25
    assert Scene.from_json('{"sky_view": 0.75}').sky_intensity == 0.75
    assert "sky_view" not in json.loads(scene.to_json())


def test_a_file_with_both_names_of_the_sky_light_is_refused() -> None:
    for read in (Scene.from_json, View.from_json):
        with pytest.raises(SceneError, match=r"sky_intensity or its old name sky_view; got .*; fix: remove sky_view"):
            read('{"sky_view": 0.75, "sky_intensity": 0.5}')


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scene.nope": 3}, "expected one of camera, sun, .* for 'nope'; got 'scene.nope'"),
        ({"nope": 3}, "expected one of scene, source for 'nope'"),
        ({"source.is_draped": True}, "for 'is_draped'"),
        ({"scene.sun.azimuth.x": 3}, "expected an end before 'x'"),
        ({"": 3}, "expected one of scene, source"),
        ({3: 3}, "path: expected names joined by points; got 3"),
        ({"scene": 3}, "View.scene: expected a Scene; got 3"),
        ({"source": None}, "View.source: expected a Source; got None"),
        (None, "changes: expected values by path; got None"),
    ],
)
def test_changes_of_what_a_view_has_not_are_refused_in_words(changes: Any, words: str) -> None:
    with pytest.raises(SceneError, match=rf"{words}.*; fix: "):
        View().changed(changes)


def test_values_are_asked_for_by_paths_that_there_are() -> None:
    assert View().changed({"scene.sky_view": 0.5}).value("scene.sky_view") == 0.5
    for path in ("scene.nope", "scene.sun.azimuth.real", None):
        with pytest.raises(SceneError, match=r"path: expected .*; got .*; fix: "):
            View().value(path)  # type: ignore[arg-type]


def test_what_holds_no_values_by_name_is_no_view() -> None:
    for read in (Scene.from_dict, View.from_dict):
        with pytest.raises(SceneError, match=r"scene: expected .*; got 'NoneType'; fix: "):
            read(None)  # type: ignore[arg-type]


NORTH_UP = (100.0, 10.0, 0.0, 900.0, 0.0, -10.0)


@pytest.mark.parametrize(
    ("area", "window"),
    [
        ((100, 100, 1100, 900), (0, 0, 100, 80)),  # the raster itself, no neighbour more
        ((120, 850, 150, 880), (2, 2, 3, 3)),  # on the edges of cells
        ((121, 851, 149, 879), (2, 2, 3, 3)),  # inside them
        ((-1e9, -1e9, 1e9, 1e9), (0, 0, 100, 80)),
        ((0, 0, 50, 50), None),
        ((100, 895, 101, 899), (0, 0, 2, 2)),  # in the corner's cell
        ((114, 883, 118, 889), (1, 0, 2, 2)),  # of a cell the right and the upper part: the nearer neighbours
        ((111, 881, 113, 883), (0, 1, 2, 2)),
        ((130, 870, 130.000001, 870.000001), (2, 2, 2, 2)),  # on a corner of four cells
        ((1095, 50, 1200, 105), (98, 78, 2, 2)),  # beyond the edge but for half a cell
        ((1100, 105, 1200, 150), None),  # along the edge
        ((112, 150, 114, 850), (0, 5, 2, 70)),
    ],
)
def test_the_cells_that_an_area_touches_are_its_window(area: tuple, window: tuple | None) -> None:
    assert covering_window(NORTH_UP, (100, 80), area) == window


def test_a_raster_of_one_row_has_windows_of_what_it_has() -> None:
    assert covering_window((0.0, 1.0, 0.0, 1.0, 0.0, -1.0), (5, 1), (2.2, 0.2, 2.4, 0.8)) == (1, 0, 2, 1)


def test_south_up_and_rotated_rasters_have_their_windows_where_the_corners_are() -> None:
    assert covering_window((100.0, 10.0, 0.0, 100.0, 0.0, 10.0), (100, 80), (120, 850, 150, 880)) == (2, 75, 3, 3)
    turned = (0.0, 0.0, 10.0, 0.0, 10.0, 0.0)  # one column north, one row east
    assert covering_window(turned, (100, 80), (20, 50, 60, 90)) == (5, 2, 4, 4)


def test_a_crs_that_nobody_knows_is_refused_and_no_file_is_opened(tmp_path) -> None:
    from forge3d_qgis.core.dem import wkt_of_crs

    path = tmp_path / "crs.wkt"
    path.write_text(wkt_of_crs("EPSG:2056"), encoding="utf-8")
    assert wkt_of_crs("") == "" and wkt_of_crs(wkt_of_crs("EPSG:2056")) == wkt_of_crs("EPSG:2056")
    for text in ("EPSG:0", "nowhere", "NOBODY:7", str(path), "PROJCS[", "https://epsg.io/2056.wkt"):
        with pytest.raises(SceneError, match=r"crs: expected .*; got .*; fix: "):
            wkt_of_crs(text)
