"""The renderer's Python side: DEM in, picture out. Uses numpy, GDAL and forge3d_native; neither Qt nor qgis.

``from forge3d_qgis.core import read_dem, render, save_png, Scene, Sun, Camera`` is all that most programs need.
numpy, GDAL and the compiled part are imported when they are first used: ``import forge3d_qgis.core`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .async_readback import AsyncReadbackConfig, AsyncRenderer
from .devices import Context, adapters
from .errors import (
    Cancelled,
    DemError,
    DeviceError,
    ExportError,
    Forge3dError,
    MemoryBudgetError,
    MemoryConstraintError,
    NativeMissingError,
    RenderError,
    SceneError,
    ShaderError,
)
from .memory_tracker import Plan, default_budget, format_bytes, parse_bytes, plan
from .ramps import ColorRamp, ramp_names

# At once, not on first use: loading the module `render` binds its own name here, and the function must win over it.
from .render import Image, RenderSession, render, render_bands, render_strips
from .scene import Camera, Scene, Sun
from .surface_styles import SurfaceStyle
from .view import Source, View

if TYPE_CHECKING:
    from .dem import Dem, Georeference, HeightSource, open_dem, open_source, read_dem
    from .export import PngWriter, save_png

_ON_FIRST_USE = {
    **dict.fromkeys(("Dem", "Georeference", "HeightSource", "open_dem", "open_source", "read_dem"), "dem"),
    **dict.fromkeys(("PngWriter", "save_png"), "export"),
}

__all__ = [  # noqa: RUF022 - grouped by home
    "Dem", "Georeference", "HeightSource", "open_dem", "open_source", "read_dem",
    "Cancelled", "DemError", "DeviceError", "ExportError", "Forge3dError", "MemoryBudgetError",
    "MemoryConstraintError", "NativeMissingError", "RenderError", "SceneError", "ShaderError",
    "PngWriter", "save_png",
    "Plan", "default_budget", "format_bytes", "parse_bytes", "plan",
    "Context", "adapters",
    "AsyncReadbackConfig", "AsyncRenderer",
    "Image", "RenderSession", "render", "render_bands", "render_strips",
    "Camera", "ColorRamp", "Scene", "Sun", "SurfaceStyle", "ramp_names",
    "Source", "View",
    "resource_path",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public name ``name`` from a module that needs numpy."""
    home = _ON_FIRST_USE.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def resource_path(*parts: str) -> Path:
    """The path of a file or folder under ``resources/``, whether or not it exists.

    The folder lies inside the package in an installed wheel and in the QGIS plugin folder, and beside it in a checkout.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / "resources"
    root = inside if inside.is_dir() else package.parent / "resources"
    return root.joinpath(*parts)
