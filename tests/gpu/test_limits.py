"""Limits and ranges that Python knows before the native module is loaded are those of the native module."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from test_boundary import as_namespace

from forge3d_qgis.core import Scene, SceneError
from forge3d_qgis.core.budget import EXPORT_STRIP, MAX_SIDE
from forge3d_qgis.core.fields import FIELDS
from forge3d_qgis.core.render import MAX_PICTURE_SIDE, MAX_SAMPLES
from forge3d_qgis.core.scene import SHADINGS
from forge3d_qgis.core.styles import shading_models
from forge3d_qgis.core.view import View

RANGES = {
    **{path: (field.low, field.high) for path, field in FIELDS.items() if not field.bearing},
    # Of no form: numbers that may also be left out.
    "camera.resolution": (1e-6, 1e9),
    "camera.distance": (1e-6, 1e12),
}
BEARINGS = [path for path, field in FIELDS.items() if field.bearing]


def test_the_largest_picture_and_the_most_samples_are_the_native_ones(native: ModuleType) -> None:
    assert MAX_PICTURE_SIDE == MAX_SIDE == EXPORT_STRIP[0] == native.MAX_PICTURE_SIDE
    assert MAX_SAMPLES == native.MAX_SAMPLES


def native_takes(renderer: Any, native: ModuleType, path: str, value: float) -> bool:
    scene: Any = as_namespace(Scene())
    *owners, name = path.split(".")
    owner = scene
    for part in owners:
        owner = getattr(owner, part)
    setattr(owner, name, value)
    try:
        renderer.set_scene(scene)
    except native.InputError as error:
        assert path in str(error)
        return False
    return True


def core_takes(path: str, value: float) -> bool:
    try:
        View().changed({f"scene.{path}": value})
    except SceneError:
        return False
    return True


@pytest.mark.parametrize("path", RANGES)
def test_core_and_the_native_side_take_the_same_numbers(
    make_renderer: Callable[..., Any], native: ModuleType, path: str
) -> None:
    renderer = make_renderer()
    low, high = RANGES[path]
    expected = {low: True, high: True, math.nextafter(low, -math.inf): False, math.nextafter(high, math.inf): False}
    assert {value: native_takes(renderer, native, path, value) for value in expected} == expected
    assert {value: core_takes(path, value) for value in expected} == expected


@pytest.mark.parametrize("path", BEARINGS)
@pytest.mark.parametrize("value", [0.0, -0.0, 359.99999999999994, 360.0, -1e-20, -1e300, 1e300])
def test_the_native_side_takes_every_bearing_that_core_makes(
    make_renderer: Callable[..., Any], native: ModuleType, path: str, value: float
) -> None:
    made = View().changed({f"scene.{path}": value}).value(f"scene.{path}")
    assert 0 <= made < 360 and native_takes(make_renderer(), native, path, made)


def test_every_name_of_a_shading_is_taken_by_both_sides(make_renderer: Callable[..., Any], native: ModuleType) -> None:
    assert SHADINGS[0] == Scene().shading and {"relief", "hillshade", "horn"} <= set(SHADINGS)
    assert set(SHADINGS) == {name for model in shading_models() for name in (model.name, *model.aliases)}
    for name in SHADINGS:
        assert native_takes(make_renderer(), native, "shading", name)  # type: ignore[arg-type]
        assert core_takes("shading", name)  # type: ignore[arg-type]
