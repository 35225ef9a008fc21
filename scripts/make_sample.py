"""Writes resources/sample/jacksboro_fault.tif and its source note from the array that matplotlib ships.

    python scripts/make_sample.py [jacksboro_fault_dem.npz]

Without an argument the array of an installed matplotlib is taken. Needs numpy and GDAL's Python bindings.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "sample"

NOTE = """\
jacksboro_fault.tif

Terrain around the Jacksboro fault, Tennessee, USA: elevations in whole metres, EPSG:4326, {cols} columns by {rows} rows
of {arc:.4g} arc seconds.

Source: NASA / USGS Shuttle Radar Topography Mission (SRTM), 3 arc seconds, in the public domain. Taken without change
from the array `elevation` of `jacksboro_fault_dem.npz`, a sample data file of matplotlib, with the bounds stored beside
it, which are the outer edges of the cells. Made by scripts/make_sample.py.
"""


def find_array() -> Path:
    """The sample data file of an installed matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "sample_data" / "jacksboro_fault_dem.npz"


def main(arguments: list[str]) -> None:
    gdal.UseExceptions()
    osr.UseExceptions()
    content = np.load(Path(arguments[0]) if arguments else find_array())
    elevation = content["elevation"]
    rows, cols = elevation.shape
    # The names ymin and ymax are swapped in the file: row 0 is the northernmost.
    west, east = sorted((float(content["xmin"]), float(content["xmax"])))
    south, north = sorted((float(content["ymin"]), float(content["ymax"])))

    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "jacksboro_fault.tif"
    options = ["COMPRESS=DEFLATE", "PREDICTOR=2", "ZLEVEL=9", f"BLOCKYSIZE={rows}", "TILED=NO"]
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), cols, rows, 1, gdal.GDT_Int16, options)
    dataset.SetGeoTransform((west, (east - west) / cols, 0.0, north, 0.0, (south - north) / rows))
    system = osr.SpatialReference()
    system.ImportFromEPSG(4326)
    dataset.SetProjection(system.ExportToWkt())
    band = dataset.GetRasterBand(1)
    band.SetUnitType("m")
    band.WriteRaster(0, 0, cols, rows, np.ascontiguousarray(elevation, dtype=np.int16).tobytes())
    band = dataset = None  # closes the file
    note = NOTE.format(cols=cols, rows=rows, arc=(east - west) / cols * 3600)
    path.with_suffix(".txt").write_text(note, encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes, {cols}×{rows}, {elevation.min()}..{elevation.max()} m")


if __name__ == "__main__":
    main(sys.argv[1:])
