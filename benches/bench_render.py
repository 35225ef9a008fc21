"""Prints what a picture costs, beside what `gdaldem hillshade` costs on the same cores in the same run.

    python benches/bench_render.py [DEM FOLDER] [--frames 7] [--size 1024x768] [--adapter software] [--json FILE]

G, the unit of the table, is the median wall time of the whole process `gdaldem hillshade IN OUT -q` on the synthetic
4096² DEM, an uncompressed float32 GeoTIFF in a temporary folder, after one run that is not counted.

A row is the median of warm frames of one sample (primary, sun and sky ray) in the default view, read back into numpy.
One renderer a DEM: heights are uploaded once, before the clock starts; every frame starts again from zero samples.
Rows named rough (a fractal, rms slope 0.7 in cells of 30 m) and lidar (rms slope 1 in cells of 1 m) have no bound.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from osgeo import gdal, osr

import synthetic
from forge3d_qgis import native_loader
from forge3d_qgis.core import Camera, Dem, Scene, read_dem, resource_path

gdal.UseExceptions()

SAMPLE = resource_path("sample", "jacksboro_fault.tif")
HILLSHADE_SHARE = 0.8  # `hillshade` with shadows may cost this share of what `relief` may
START_BOUND_S = 1.5
MEMORY_BOUND_MIB = 400.0
MIB = 1024.0 * 1024.0


@dataclasses.dataclass
class Row:
    """One line of the table. Times in milliseconds; ``bound`` in units of G."""

    name: str
    ms: float | None = None
    fastest_ms: float | None = None
    cover: float | None = None
    bound: float | None = None
    note: str = ""
    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)


def median_ms(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """(median, fastest) wall time of ``work`` after one run that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times), min(times)


def write_geotiff(path: Path, heights: npt.NDArray[np.float32]) -> None:
    """An uncompressed float32 GeoTIFF in metres, UTM 33 north."""
    rows, columns = heights.shape
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), columns, rows, 1, gdal.GDT_Float32)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32633)
    dataset.SetProjection(reference.ExportToWkt())
    cell = synthetic.CELL_SIZE_M
    dataset.SetGeoTransform((500_000.0, cell, 0.0, 5_000_000.0, 0.0, -cell))
    dataset.GetRasterBand(1).WriteArray(heights)
    dataset = None  # closes the file


def gdaldem_ms(folder: Path, heights: npt.NDArray[np.float32], repeats: int) -> tuple[float, float]:
    """G and the fastest of its runs."""
    source, target = folder / "synthetic.tif", folder / "hillshade.tif"
    write_geotiff(source, heights)
    command = ["gdaldem", "hillshade", str(source), str(target), "-q"]
    return median_ms(lambda: subprocess.run(command, check=True), repeats)


class Bench:
    """One DEM on the GPU, any number of scenes timed on it."""

    def __init__(
        self, heights: npt.NDArray[Any], cell_to_world: tuple[float, ...], options: argparse.Namespace
    ) -> None:
        self.frames = options.frames
        self.renderer = native_loader.load().Renderer(*options.size, adapter=options.adapter)
        self.renderer.set_height_data(heights, cell_to_world=cell_to_world)

    def row(self, name: str, scene: Scene, bound: float | None = None) -> Row:
        """Times ``scene`` and measures how much of the picture the terrain covers."""
        self.renderer.set_scene(dataclasses.replace(scene, background="transparent"))
        cover = float(np.mean(self.renderer.render_terrain_rgba(1)[..., 3] > 127))
        self.renderer.set_scene(scene)
        ms, fastest = median_ms(lambda: self.renderer.render_terrain_rgba(1), self.frames)
        return Row(name, ms, fastest, cover, bound, metrics=dict(self.renderer.render_metrics()))

    def pair(self, name: str, scene: Scene, bound: float | None = None) -> list[Row]:
        """``scene`` in relief shading, then in hillshade shading with cast shadows."""
        hillshade = dataclasses.replace(scene, shading="hillshade", cast_shadows=True)
        hillshade_bound = None if bound is None else bound * HILLSHADE_SHARE
        return [self.row(f"{name} relief", scene, bound), self.row(f"{name} hillshade", hillshade, hillshade_bound)]

    def close(self) -> None:
        """Frees the GPU's memory for the next DEM."""
        self.renderer.close()


NORTH_UP = (synthetic.CELL_SIZE_M, 0.0, 0.0, -synthetic.CELL_SIZE_M)


def renderer_rows(large: npt.NDArray[np.float32], options: argparse.Namespace) -> list[Row]:
    """The rows that have bounds."""
    rows = []
    dem = read_dem(SAMPLE)
    bench = Bench(dem.heights, dem.cell_to_world, options)
    rows += bench.pair("sample", Scene(), 1.0)
    bench.close()
    bench = Bench(large, NORTH_UP, options)
    rows += bench.pair("4096²", Scene(), 1.4)
    rows += bench.pair("4096² pitch 10", Scene(camera=Camera(**synthetic.low_view(4096))), 2.8)
    bench.close()
    bench = Bench(synthetic.heights(8192), NORTH_UP, options)
    rows += bench.pair("8192²", Scene(), 1.8)
    bench.close()
    return rows


def rough_rows(side: int, options: argparse.Namespace) -> list[Row]:
    """Rows without bounds: grounds on which rays meet more of the pyramid's levels than on smooth hills."""
    rows = []
    for name, make, cell in (
        ("rough", synthetic.rough_heights, synthetic.CELL_SIZE_M),
        ("lidar", synthetic.lidar_heights, synthetic.LIDAR_CELL_SIZE_M),
    ):
        heights = make(side)
        bench = Bench(heights, (cell, 0.0, 0.0, -cell), options)
        low_view = synthetic.low_view(side, cell, float(heights.mean()))
        rows += bench.pair(f"{side}² {name}", Scene())
        rows += bench.pair(f"{side}² {name} pitch 10", Scene(camera=Camera(**low_view)))
        bench.close()
    return rows


def folder_rows(folder: Path, options: argparse.Namespace) -> list[Row]:
    """A row for every DEM that GDAL opens in ``folder``. What fails says why: that is a result too."""
    rows = []
    for path in sorted(folder.iterdir()):
        try:
            gdal.OpenEx(str(path), gdal.OF_RASTER)
        except RuntimeError:
            continue  # not a raster
        try:
            start = time.perf_counter()
            dem: Dem = read_dem(path)
            read_ms = (time.perf_counter() - start) * 1e3
            bench = Bench(dem.heights, dem.cell_to_world, options)
            row = bench.row(path.name, Scene())
            bench.close()
            height, width = dem.heights.shape
            row.note = f"{width}×{height}, read in {read_ms:.0f} ms"
        except Exception as error:
            row = Row(path.name, note=f"{type(error).__name__}: {error}")
        rows.append(row)
    return rows


# Prints seconds from the parent's clock reading (monotonic is one clock for all processes) to the picture in memory.
_FIRST_PICTURE = """
import sys, time
from forge3d_qgis.core import Scene, read_dem, render
width, height = int(sys.argv[3]), int(sys.argv[4])
image = render(read_dem(sys.argv[2]), Scene(), size=(width, height), samples=1)
print(time.monotonic() - float(sys.argv[1]))
"""


def first_picture_s(cache: Path, options: argparse.Namespace) -> float:
    """Seconds from the start of a process to its first picture of the sample, with ``cache`` as its shader cache."""
    environment = {**os.environ, "MESA_SHADER_CACHE_DIR": str(cache), "XDG_CACHE_HOME": str(cache)}
    arguments = [str(SAMPLE), *map(str, options.size)]
    start = str(time.monotonic())
    command = [sys.executable, "-c", _FIRST_PICTURE, start, *arguments]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def peak_memory_mib(folder: Path, options: argparse.Namespace) -> float:
    """Peak resident memory of the command line rendering the sample with its default samples."""
    width, height = options.size
    command = [sys.executable, "-m", "forge3d_qgis", "render", str(SAMPLE), str(folder / "sample.png")]
    child = subprocess.Popen(
        [*command, "--size", f"{width}x{height}", "--adapter", options.adapter],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)  # reaped here, or Popen would warn
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {child.returncode}")
    return usage.ru_maxrss / 1024.0


def forge3d_rows(options: argparse.Namespace) -> list[Row]:
    """The package forge3d on the same DEMs, if it is installed. Each in a process of its own: a crash is a result."""
    if importlib.util.find_spec("forge3d") is None:
        return []
    rows = []
    frames = 3  # up to thirteen seconds each
    for dem in ("sample", "4096"):
        for way in ("renderer", "viewer"):
            script = str(Path(__file__).with_name("other_forge3d.py"))
            command = [sys.executable, script, way, dem, *map(str, options.size), str(frames)]
            if way == "viewer" and "DISPLAY" not in os.environ:
                command = ["xvfb-run", "-a", *command]
            row = Row(f"forge3d {way} {dem}", note=f"{frames} frames")
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            except subprocess.TimeoutExpired:
                row.note = "no answer in 300 s"
            else:
                if done.returncode == 0:
                    result = json.loads(done.stdout.splitlines()[-1])
                    row.ms, row.fastest_ms = result["median_ms"], result["fastest_ms"]
                else:
                    said = done.stderr.strip().splitlines()
                    row.note = f"ended with {done.returncode}: {said[-1] if said else 'no message'}"
            rows.append(row)
    return rows


def table(rows: list[Row], unit_ms: float) -> str:
    """The rows as text, each with its ratio to G and whether it keeps its bound."""
    lines = [f"{'picture':<34}{'median ms':>10}{'fastest':>9}{'cover':>7}{'/ G':>7}{'bound':>7}  "]
    for row in rows:
        if row.ms is None:
            lines.append(f"{row.name:<34}  {row.note}")
            continue
        cover = "" if row.cover is None else f"{row.cover:.0%}"
        bound = "" if row.bound is None else f"{row.bound:.2f}"
        ratio = row.ms / unit_ms
        judged = "" if row.bound is None else verdict(ratio, row.bound)
        numbers = f"{row.ms:>10.1f}{row.fastest_ms:>9.1f}{cover:>7}{ratio:>7.2f}{bound:>7}"
        lines.append(f"{row.name:<34}{numbers}  {judged} {row.note}")
    return "\n".join(line.rstrip() for line in lines)


def verdict(value: float, bound: float) -> str:
    """``ok`` or ``OVER``."""
    return "ok" if value <= bound else "OVER"


def size_of(text: str) -> tuple[int, int]:
    """``1024x768`` as two numbers."""
    width, height = text.lower().split("x")
    return int(width), int(height)


def main() -> int:
    """Measures, prints, and answers 1 if a bound was passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dems", nargs="?", type=Path, help="a folder whose DEMs are timed too")
    parser.add_argument("--frames", type=int, default=7, help="warm frames a row (default 7)")
    parser.add_argument("--size", type=size_of, default=(1024, 768), metavar="WxH")
    parser.add_argument("--adapter", default="software", help="as in forge3d-qgis render (default: software)")
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    options = parser.parse_args()

    native = native_loader.load()
    for adapter in native.adapters():
        print("adapter: {name} ({backend}, {kind}, {driver})".format(**adapter))
    device = native.device_info(options.adapter)
    width, height = options.size
    print(f"in use: {device['name']}, {len(os.sched_getaffinity(0))} cores; pictures of {width}×{height} pixels")
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"load average {busy:.1f}: other work on this machine disturbs these numbers")

    with tempfile.TemporaryDirectory(prefix="forge3d-bench-") as name:
        folder = Path(name)
        # Before this process holds a device: measured as a user would meet them.
        cache = folder / "shader-cache"
        cold_s = first_picture_s(cache, options)
        warm_s = statistics.median(first_picture_s(cache, options) for _ in range(3))
        peak_mib = peak_memory_mib(folder, options)

        large = synthetic.heights(4096)
        unit_ms, unit_fastest_ms = gdaldem_ms(folder, large, 5)
        rows = renderer_rows(large, options)
        del large
        rows += rough_rows(4096, options)
        if options.dems:
            rows += folder_rows(options.dems, options)
        rows += forge3d_rows(options)

    print(f"G = gdaldem hillshade of the synthetic 4096²: {unit_ms:.0f} ms (fastest {unit_fastest_ms:.0f})\n")
    print(table(rows, unit_ms))
    print()
    for label, value, unit, bound in (
        ("start of the process to the sample's first picture", warm_s, "s", START_BOUND_S),
        ("the same with an empty shader cache", cold_s, "s", START_BOUND_S),
        ("peak memory of the process rendering the sample", peak_mib, "MiB", MEMORY_BOUND_MIB),
    ):
        print(f"{label:<52}{value:>8.2f} {unit:<4}bound {bound:g}  {verdict(value, bound)}")
    if options.json:
        numbers = {
            "adapter": device["name"],
            "gdaldem_ms": unit_ms,
            "rows": [dataclasses.asdict(row) for row in rows],
            "first_picture_s": {"cold": cold_s, "warm": warm_s},
            "peak_memory_mib": peak_mib,
        }
        options.json.write_text(json.dumps(numbers, indent=1, default=str) + "\n", encoding="utf-8")
    over = [row for row in rows if row.bound is not None and row.ms is not None and row.ms > row.bound * unit_ms]
    return 1 if over or warm_s > START_BOUND_S or peak_mib > MEMORY_BOUND_MIB else 0


if __name__ == "__main__":
    sys.exit(main())
