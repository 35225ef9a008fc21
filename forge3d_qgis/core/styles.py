"""The models of shading, as the native side lists them. Knows no GDAL, no Qt, and no list of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .checks import scene_error
from .errors import NativeMissingError
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


def shading_names() -> tuple[str, ...]:
    """Every name that a scene's shading may have: those of all models, the default first, then their aliases."""
    models = shading_models()
    return (*(model.name for model in models), *(alias for model in models for alias in model.aliases))


def canonical_shading(name: str) -> str:
    """The present name of a model: ``hillshade`` for ``horn``. Raises SceneError for an unknown one.

    Where the native part is missing every name passes: a project keeps what it says until it can be drawn.
    """
    models = shading_models()
    if isinstance(name, str):
        for model in models:
            if name in (model.name, *model.aliases):
                return model.name
        if not models:
            return name
    raise scene_error("Scene.shading", f"one of {', '.join(shading_names())}", name, "use 'relief'")
