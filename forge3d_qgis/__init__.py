"""Photographic shaded relief of digital elevation models, in QGIS and from the command line.

Imports nothing heavy: QGIS reads this file at every start.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def classFactory(iface: Any) -> Any:
    """The plugin, made when QGIS asks for it."""
    from .plugin import Forge3dPlugin

    return Forge3dPlugin(iface)
