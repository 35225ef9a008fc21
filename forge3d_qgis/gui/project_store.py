"""Views kept in the QGIS project: the current one and the named ones. Only a user's change makes the project dirty."""

from __future__ import annotations

import json

from qgis.core import QgsProject

from .view_settings import ViewSettings

SCOPE = "forge3d_qgis"
CURRENT = "view"
NAMED = "views"


def _read(key: str) -> dict:
    text, found = QgsProject.instance().readEntry(SCOPE, key, "")
    if not found or not text:
        return {}
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _write(key: str, data: dict) -> None:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    project = QgsProject.instance()
    # writeEntry marks the project as changed even when nothing changed: ask first.
    if project.readEntry(SCOPE, key, "")[0] != text:
        project.writeEntry(SCOPE, key, text)


def load_current() -> tuple[ViewSettings, str, bool] | None:
    """The view stored with the project, the id of its layer and whether it was pinned; None when there is none."""
    data = _read(CURRENT)
    if not data:
        return None
    return ViewSettings.from_dict(data), str(data.get("layer", "")), data.get("pinned") is True


def save_current(settings: ViewSettings, layer_id: str, pinned: bool) -> None:
    _write(CURRENT, {**settings.as_dict(), "layer": layer_id, "pinned": pinned})


def named_views() -> dict[str, ViewSettings]:
    """The saved views by name, in alphabetical order."""
    data = _read(NAMED)
    return {name: ViewSettings.from_dict(data[name]) for name in sorted(data, key=str.casefold) if name}


def save_named(name: str, settings: ViewSettings) -> None:
    _write(NAMED, {**_read(NAMED), name: settings.as_dict()})


def rename_named(old: str, new: str) -> None:
    data = _read(NAMED)
    if old in data and new:
        data[new] = data.pop(old)
        _write(NAMED, data)


def delete_named(name: str) -> None:
    data = _read(NAMED)
    if data.pop(name, None) is not None:
        _write(NAMED, data)
