"""Elevation rasters as float32 arrays in metres. Knows GDAL; knows nothing of Qt, QGIS or the GPU.

A *height source* gives sizes, georeference and windows of heights (``open_source`` for files; the plugin has another
for layers), and ``read_dem`` plans, reads step by step, averages and turns map units into metres. ``open_dem`` plans
the same and gives a stream of strips, which a renderer takes as they come.
"""

from __future__ import annotations

from .average import block_mean, block_sums
from .gdal_source import GdalSource, open_source
from .grid import (
    Dem,
    DemFacts,
    Georeference,
    Geotransform,
    Ground,
    Heights,
    Size,
    WholeWindow,
    Window,
    corner_from_map,
    covering_window,
    map_from_corner,
)
from .ground_units import WGS84, metres_per_degree, metres_per_unit, wkt_of_crs
from .read import Progress, open_dem, read_dem
from .source import NOT_WHOLE, STRIP_BYTES, HeightSource, LevelledSource, StripReader, StripSource, levelled
from .stream import BeginAgain, DemStream, HeightStream, ReadAhead
from .voids import UndeclaredVoid

__all__ = [
    "NOT_WHOLE",
    "STRIP_BYTES",
    "WGS84",
    "BeginAgain",
    "Dem",
    "DemFacts",
    "DemStream",
    "GdalSource",
    "Georeference",
    "Geotransform",
    "Ground",
    "HeightSource",
    "HeightStream",
    "Heights",
    "LevelledSource",
    "Progress",
    "ReadAhead",
    "Size",
    "StripReader",
    "StripSource",
    "UndeclaredVoid",
    "WholeWindow",
    "Window",
    "block_mean",
    "block_sums",
    "corner_from_map",
    "covering_window",
    "levelled",
    "map_from_corner",
    "metres_per_degree",
    "metres_per_unit",
    "open_dem",
    "open_source",
    "read_dem",
    "wkt_of_crs",
]
