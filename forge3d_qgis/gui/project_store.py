"""Views kept in the QGIS project: the current one and the named ones. Only a user's change makes the project dirty.

An entry is a view's JSON with ``forge3d_view``. Entries of version 1, flat and with names of their own, are read too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProject

from ..core import camera as cameras
from ..core.checks import as_float
from ..core.view import View
from .current_view import plain_view

SCOPE = "forge3d_qgis"
CURRENT = "view"
NAMED = "views"
VERSION = 2


def _read(key: str) -> dict:
    text, found = QgsProject.instance().readEntry(SCOPE, key, "")
    if not found or not text:
        return {}
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(key: str, data: dict) -> None:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    project = QgsProject.instance()
    # writeEntry marks the project as changed even when nothing changed: ask first.
    if project.readEntry(SCOPE, key, "")[0] != text:
        project.writeEntry(SCOPE, key, text)


def load_current() -> tuple[View, str, bool] | None:
    """The view stored with the project, the id of its layer and whether it was pinned; None when there is none."""
    data = _read(CURRENT)
    if not data:
        return None
    return view_of_entry(data), str(data.get("layer", "")), data.get("pinned") is True


def save_current(view: View, layer_id: str, pinned: bool) -> None:
    _write(CURRENT, {**entry_of_view(view), "layer": layer_id, "pinned": pinned})


def named_views() -> dict[str, View]:
    """The saved views by name, in alphabetical order."""
    data = _read(NAMED)
    return {name: view_of_entry(data[name]) for name in sorted(data, key=str.casefold) if name}


def save_named(name: str, view: View) -> None:
    _write(NAMED, {**_read(NAMED), name: entry_of_view(view)})


def rename_named(old: str, new: str) -> None:
    data = _read(NAMED)
    if old in data and new:
        data[new] = data.pop(old)
        _write(NAMED, data)


def delete_named(name: str) -> None:
    data = _read(NAMED)
    if data.pop(name, None) is not None:
        _write(NAMED, data)


# Entries


def entry_of_view(view: View) -> dict[str, Any]:
    """What the project file holds of a view."""
    return {"forge3d_view": VERSION, **view.as_dict()}


def view_of_entry(entry: object) -> View:
    """The view of an entry of any version. What is missing, unknown or broken keeps its default: a project file may
    come from another version or another hand, and must never keep the dock from opening."""
    plain = plain_view()
    if not isinstance(entry, Mapping):
        return plain
    if "forge3d_view" in entry:
        return View.salvaged(entry, plain)
    pose = entry.get("pose")
    view = View.salvaged(_of_version_1(entry, pose if isinstance(pose, Mapping) else {}), plain)
    span = as_float(pose.get("span")) if isinstance(pose, Mapping) else 0.0
    camera = view.scene.camera
    if camera.target is None or not 0.0 < span < 1e12:
        return view.fitted()
    return view.with_camera(cameras.with_span(camera, span))


def _of_version_1(entry: Mapping[str, Any], pose: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of a view, under today's names."""
    scene = {
        "exaggeration": entry.get("exaggeration"),
        "sun": {"azimuth": entry.get("azimuth"), "altitude": entry.get("altitude"), "size": entry.get("softness")},
        "cast_shadows": entry.get("cast_shadows"),
        "sky_intensity": entry.get("sky"),
        "shading": entry.get("shading"),
        "color_ramp": {"stops": entry["ramp"], "relative": True} if entry.get("ramp") else None,
        "camera": {name: pose.get(name) for name in ("heading", "pitch", "projection", "target")},
    }
    source = {name: entry.get(name) for name in ("band", "colours", "theme")}
    source["area_of"] = entry.get("area")
    source["area"] = entry.get("drawn") or None
    backdrop = _hexadecimal(entry.get("background"))
    if backdrop is not None:
        scene["background"] = source["backdrop"] = backdrop
    if entry.get("transparent") is True:
        scene["background"] = "transparent"
    return {**_without_none(scene), "source": _without_none(source)}


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value is not None
    }


def _hexadecimal(colour: object) -> str | None:
    """#rrggbb of three bytes; None of anything else."""
    if not isinstance(colour, (list, tuple)) or len(colour) != 3:
        return None
    if not all(isinstance(channel, int) and 0 <= channel <= 255 for channel in colour):
        return None
    return "#{:02x}{:02x}{:02x}".format(*colour)
