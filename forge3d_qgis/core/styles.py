"""The models of shading, as the native side lists them. Knows no GDAL, no Qt, and no list of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .errors import NativeMissingError, SceneError
from .native import native


@dataclass(frozen=True)
class ShadingModel:
    """A row of the native table. ``aliases``: names of earlier versions. ``summary``: for people who choose, in
    English.

    ``is_display``: writes display values, as gdaldem does, not linear light. ``uses_…``: which of the scene's values
    have an effect.
    """

    name: str
    aliases: tuple[str, ...]
    summary: str
    is_display: bool
    uses_colors: bool
    uses_shadows: bool
    uses_sun_size: bool
    uses_sky: bool


@lru_cache(maxsize=1)
def _table() -> tuple[ShadingModel, ...]:
    return tuple(ShadingModel(**{**row, "aliases": tuple(row["aliases"])}) for row in native().shading_models())


def shading_models() -> tuple[ShadingModel, ...]:
    """All models, the default first; none where the native part is missing, as nothing can be drawn there."""
    try:
        return _table()
    except NativeMissingError:
        return ()


def canonical_shading(name: str) -> str:
    """The present name of a model: ``hillshade`` for ``horn``. Raises SceneError for an unknown one.

    Where the native part is missing every name passes: a project keeps what it says until it can be drawn.
    """
    models = shading_models()
    for model in models:
        if name == model.name or name in model.aliases:
            return model.name
    if not models and isinstance(name, str):
        return name
    known = ", ".join(model.name for model in models)
    raise SceneError(f"Scene.shading: expected one of {known}; got {name!r}; fix: use 'relief'")
