"""Every failure of forge3d_qgis, one class a kind. Texts read «expected …; got …; fix …». Knows nothing else."""

from __future__ import annotations


class Forge3dError(Exception):
    """Base of all of them: ``except Forge3dError`` catches every failure that this package foresees."""


class DemError(Forge3dError):
    """A height source cannot be opened, read or understood."""


class SceneError(Forge3dError, ValueError):
    """A value of a scene, or of an argument that describes the picture, is out of its range."""


class ShaderError(Forge3dError, ValueError):
    """A shader or a surface style is wrong. Its text has ``file:line:column:``, that line and a caret."""


class DeviceError(Forge3dError):
    """No adapter, no device, or the device was lost."""


class RenderError(Forge3dError):
    """Upload, tracing or read back failed on the device."""


class MemoryBudgetError(Forge3dError, MemoryError):
    """What was asked for does not fit the memory budget. Nothing was allocated for it."""


class MemoryConstraintError(MemoryBudgetError, ValueError):
    """A preset, at a size, takes more than the memory budget; told beforehand, from the estimate."""


class ExportError(Forge3dError):
    """A file cannot be written. No half-written file is left."""


class Cancelled(Forge3dError):
    """The caller's ``cancel`` asked to stop; everything stays usable."""


class NativeMissingError(Forge3dError, ImportError):
    """The compiled part, ``forge3d_native``, is absent or of another version.

    ``needs_restart``: another version is loaded in this process already, which only a restart of it ends.
    """

    def __init__(self, text: str, *, needs_restart: bool = False) -> None:
        super().__init__(text)
        self.needs_restart = needs_restart
