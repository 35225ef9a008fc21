"""The native module for core: loaded when it is first needed, its failures told as ours. Knows no GDAL and no Qt."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from .. import native_loader
from .errors import (
    Cancelled,
    DeviceError,
    Forge3dError,
    MemoryBudgetError,
    NativeMissingError,
    RenderError,
    SceneError,
    ShaderError,
)

# By name, because the native classes exist only where the native module does.
_TRANSLATIONS: dict[str, type[Forge3dError]] = {
    "Cancelled": Cancelled,
    "DeviceError": DeviceError,
    "MemoryBudgetError": MemoryBudgetError,
    "RenderError": RenderError,
    "ShaderError": ShaderError,
}

_CATEGORY = re.compile(r"^\[[A-Za-z]+\] ")
"""What the native module's texts begin with; here the class says it."""


@contextmanager
def translated(argument_error: type[Forge3dError] = SceneError) -> Iterator[None]:
    """Turns exceptions of forge3d_native into those of ``core.errors``, with its text but for the ``[Category]``.

    ``argument_error``: what the native InputError becomes.
    """
    try:
        yield
    except Forge3dError:
        raise
    except Exception as error:
        for kind in type(error).__mro__:
            target = argument_error if kind.__name__ == "InputError" else _TRANSLATIONS.get(kind.__name__)
            if target is not None and kind.__module__ == native_loader.MODULE:
                raise target(_CATEGORY.sub("", str(error))) from error
        raise


def drained_log() -> list[tuple[str, str, str]]:
    """(level, target, text) of what the native module has logged since the last call; nothing where it is not loaded.

    It keeps 1000 records. What it logs follows the variables ``FORGE3D_LOG`` and ``RUST_LOG``.
    """
    drain = getattr(sys.modules.get(native_loader.MODULE), "drain_log", None)
    return [] if drain is None else list(drain())


def native() -> ModuleType:
    """The native module. Raises NativeMissingError."""
    try:
        return native_loader.load()
    except native_loader.NativeNotFoundError as error:
        raise NativeMissingError(str(error), needs_restart=error.needs_restart) from None
