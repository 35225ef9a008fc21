"""Prints what reading and averaging a large DEM costs, beside `gdal_translate -r average` to the same size.

    python benches/bench_read.py [--side 20000] [--budget 512MiB] [--repeats 3] [--keep FOLDER]

The DEM is synthetic terrain with 3 m of noise, Int16, DEFLATE, tiled by 256, once without and once with overviews. It
is read as for a picture of 1600×1000 within the budget. The tools run one after the other, several times over: their
ratio holds on a busy machine too. Times are of the warm file cache; gdal_translate writes its result, read_dem keeps
it. Each read_dem is a process of its own, whose start is not counted and whose peak memory is.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

import synthetic
from forge3d_qgis.core import parse_bytes

gdal.UseExceptions()

READ = """
import resource, sys, time
from forge3d_qgis.core import read_dem
import forge3d_qgis.core.dem, osgeo.gdal
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
dem = read_dem(sys.argv[1], memory_budget=int(sys.argv[2]))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(*dem.size, seconds, before / 1024, peak / 1024, dem.heights.nbytes / 2**20)
"""


def write_terrain(path: Path, side: int) -> None:
    options = ["TILED=YES", "COMPRESS=DEFLATE", "NUM_THREADS=ALL_CPUS", "BIGTIFF=IF_SAFER"]
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), side, side, 1, gdal.GDT_Int16, options)
    cell = synthetic.CELL_SIZE_M
    dataset.SetGeoTransform((500000.0, cell, 0.0, 5100000.0, 0.0, -cell))
    system = osr.SpatialReference()
    system.ImportFromEPSG(32633)
    dataset.SetProjection(system.ExportToWkt())
    band = dataset.GetRasterBand(1)
    band.SetNoDataValue(-32768)
    heights, random = synthetic.heights(side), np.random.default_rng(1)
    for start in range(0, side, 256):
        strip = heights[start : start + 256]
        rough = strip + random.normal(0, 3, strip.shape).astype(np.float32)
        band.WriteRaster(0, start, side, len(strip), np.round(rough).astype(np.int16).tobytes())
    band = dataset = None


def add_overviews(path: Path) -> None:
    command = ["gdaladdo", "-q", "-r", "average", str(path), "2", "4", "8", "16", "32"]
    settings = {"COMPRESS_OVERVIEW": "DEFLATE", "GDAL_NUM_THREADS": "ALL_CPUS"}
    subprocess.run(command, check=True, env={**os.environ, **settings})


def compare(path: Path, budget: int, repeats: int) -> None:
    ours, theirs = [], []
    facts = ""
    for _ in range(repeats + 1):  # the first pair warms the file cache and finds the size
        command = [sys.executable, "-c", READ, str(path), str(budget)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        cols, rows, seconds, before, peak, held = done.stdout.split()
        ours.append(float(seconds))
        target = path.with_name("translated.tif")
        command = ["gdal_translate", "-q", "-r", "average", "-outsize", cols, rows, str(path), str(target)]
        start = time.perf_counter()
        subprocess.run(command, check=True)
        theirs.append(time.perf_counter() - start)
        target.unlink()
        facts = (
            f"to {cols}×{rows}; memory {float(peak):.0f} MiB at most, {float(before):.0f} of them before, "
            f"{float(held):.0f} of them the heights"
        )
    one, other = statistics.median(ours[1:]), statistics.median(theirs[1:])
    ratio = statistics.median(a / b for a, b in zip(ours[1:], theirs[1:]))
    print(
        f"{path.stem:16} read_dem {one:5.2f} s  gdal_translate {other:5.2f} s  ratio {ratio:.2f}  {facts}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=20000)
    parser.add_argument("--budget", type=parse_bytes, default=512 << 20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder for the DEMs, which stay there for the next run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        plain, layered = folder / f"plain-{options.side}.tif", folder / f"overviews-{options.side}.tif"
        if not plain.exists():
            write_terrain(plain, options.side)
        if not layered.exists():
            layered.write_bytes(plain.read_bytes())
            add_overviews(layered)
        compare(plain, options.budget, options.repeats)
        compare(layered, options.budget, options.repeats)


if __name__ == "__main__":
    main()
