"""Prints plan, ledger and the memory of the whole process for DEMs of several sizes within several budgets.

    python benches/bench_memory.py [--sides 2048,8192,20000] [--types Int16,Float32] [--budgets 128MiB,512MiB]
                                   [--size 1600x1000] [--adapter software] [--frames 15] [--keep FOLDER]

Each row is one `forge3d-qgis render` of a synthetic GeoTIFF (Int16 or Float32, DEFLATE, tiled by 256, no overviews)
with one sample, in a process of its own:

bits      of a height on the device: 16-bit heights that are read whole are held as such
plan      what `core.budget.plan` says that the renderer will hold, without the room kept for an export beside it
ledger    what the renderer held at most, on the device and in host-visible memory; the budget bounds this
process   resident memory of the process at its peak (VmHWM), everything included; on a software adapter the ledger's
          bytes are part of it. «nothing» is a picture of 16×16 pixels of 16×16 samples: Python, GDAL, driver, compiler
bound     of the process: the budget and 250 MiB

Then warm frames of 16-bit heights beside those of the same heights as floats: alternated runs, processor milliseconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench_render import size_of

from forge3d_qgis.core import format_bytes, parse_bytes, plan
from forge3d_qgis.core.budget import LABEL_PYTHON, device_limits

MIB = 1 << 20
ABOVE_BUDGET = 250 * MIB
# The command line as it is, then the highest resident memory that the kernel saw. Not the parent's ru_maxrss of its
# child: that counts what the parent held when it forked.
CHILD = """
import sys
from forge3d_qgis.__main__ import main
code = main(sys.argv[2:])
with open("/proc/self/status") as status, open(sys.argv[1], "w") as out:
    out.write(next(line for line in status if line.startswith("VmHWM")).split()[1])
sys.exit(code)
"""
WRITE = """
import sys
from pathlib import Path
from bench_read import write_terrain
write_terrain(Path(sys.argv[1]), int(sys.argv[2]))
"""


@dataclass
class Run:
    """One picture. Bytes, but for ``held``: (columns, rows) of the heights, and ``bands`` of the picture."""

    held: tuple[int, int]
    bits: int
    bands: int
    planned: int
    ledger: int
    process: int


def terrain(folder: Path, side: int, dtype: str = "Int16") -> Path:
    """The DEM, written by a process of its own: its arrays are not this one's."""
    path = folder / f"terrain-{side}.tif"
    if not path.exists():
        subprocess.run([sys.executable, "-c", WRITE, str(path), str(side)], check=True, cwd=Path(__file__).parent)
    if dtype == "Int16":
        return path
    other = folder / f"terrain-{side}-{dtype}.tif"
    if not other.exists():
        convert = "import sys; from osgeo import gdal; gdal.Translate(sys.argv[2], sys.argv[1], options=sys.argv[3])"
        options = f"-ot {dtype} -co TILED=YES -co COMPRESS=DEFLATE -co ZLEVEL=1 -co BIGTIFF=IF_SAFER"
        subprocess.run([sys.executable, "-c", convert, str(path), str(other), options], check=True)
    return other


def run(dem: Path, side: int, size: tuple[int, int], budget: int, adapter: str, folder: Path) -> Run:
    """Draws once and reads what was told."""
    told, peak, picture = folder / "metrics.json", folder / "peak.txt", folder / "picture.png"
    subprocess.run(
        [
            sys.executable, "-c", CHILD, str(peak), "render", str(dem), str(picture), "--size", f"{size[0]}x{size[1]}",
            "--samples", "1", "--adapter", adapter, "--memory-budget", str(budget), "--metrics", str(told),
        ],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    metrics = json.loads(told.read_text(encoding="utf-8"))
    bits = int(metrics["dem"]["height_bits"])
    made = plan((side, side), size, budget, limits=device_limits(adapter), height_bits=bits)
    aside = (LABEL_PYTHON, "room for an export")
    return Run(
        held=tuple(metrics["dem"]["size"]),
        bits=bits,
        bands=metrics["picture"]["bands"],
        planned=sum(count for label, count in made.bytes_by_label if label not in aside),
        ledger=metrics["memory"]["device_peak_bytes"],
        process=int(peak.read_text()) * 1024,
    )


class Strips:
    """A stream of one array."""

    def __init__(self, heights: Any, base: int | None) -> None:
        self.heights, self.height_base, self.shape = heights, base, heights.shape

    def strips(self) -> Iterator[Any]:
        """All of it at once."""
        yield self.heights


def warm_frames(adapter: str, runs: int) -> None:
    """Prints medians of alternated frames, 16-bit heights beside floats."""
    import numpy as np

    import synthetic
    from forge3d_qgis import native_loader
    from forge3d_qgis.core import Camera, Scene, read_dem

    sample = read_dem(Path(__file__).resolve().parents[1] / "resources" / "sample" / "jacksboro_fault.tif")
    matrix = (synthetic.CELL_SIZE_M, 0.0, 0.0, -synthetic.CELL_SIZE_M)
    low = Scene(camera=Camera(**synthetic.low_view(4096)))
    smooth, rough = np.round(synthetic.heights(4096)), np.round(synthetic.rough_heights(4096))
    print(f"\nwarm frames, 1024×768, one sample, processor ms of {runs} alternated runs"
          f"\n{'':>24}{'floats':>9}{'16 bits':>9}{'ratio':>8}")  # fmt: skip
    for name, heights, cell_to_world, scene in (
        ("sample", np.round(sample.heights), sample.cell_to_world, Scene()),
        ("4096²", smooth, matrix, Scene()),
        ("4096² pitch 10", smooth, matrix, low),
        ("4096² rough pitch 10", rough, matrix, low),
    ):
        renderers: list[Any] = []
        times: tuple[list[float], list[float]] = ([], [])
        for base in (None, -32768):
            renderer = native_loader.load().Renderer(1024, 768, adapter=adapter)
            renderer.set_height_data(Strips(heights, base), cell_to_world=cell_to_world)
            renderer.set_scene(scene)
            renderer.render_terrain_rgba(1)
            renderers.append(renderer)
        for number in range(runs):
            for which in (0, 1) if number % 2 else (1, 0):
                begun = time.process_time()
                renderers[which].render_terrain_rgba(1)
                times[which].append((time.process_time() - begun) * 1000)
        floats, whole = map(median, times)
        print(f"{name:>24}{floats:>9.0f}{whole:>9.0f}{whole / floats:>8.2f}", flush=True)
        for renderer in renderers:
            renderer.close()


def main() -> int:
    """Measures and prints; 1 where the ledger passed its budget or its plan, or the process its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sides", type=lambda text: [int(part) for part in text.split(",")], default=[2048, 8192, 20000]
    )
    parser.add_argument(
        "--budgets", type=lambda text: [parse_bytes(part) for part in text.split(",")], default=[128 * MIB, 512 * MIB]
    )
    parser.add_argument("--size", type=size_of, default=(1600, 1000), metavar="WxH")
    parser.add_argument("--adapter", default="software", help="as in forge3d-qgis render (default: software)")
    parser.add_argument("--types", default="Int16,Float32", help="of the rasters (default: Int16,Float32)")
    parser.add_argument("--frames", type=int, default=15, help="warm frames of each kind; 0 for none (default: 15)")
    parser.add_argument("--keep", type=Path, help="folder for the DEMs, which stay there for the next run")
    options = parser.parse_args()
    over = False
    with tempfile.TemporaryDirectory(prefix="forge3d-memory-") as name:
        folder = Path(name)
        dems = options.keep or folder
        dems.mkdir(parents=True, exist_ok=True)
        nothing = run(terrain(dems, 16), 16, (16, 16), options.budgets[0], options.adapter, folder)
        width, height = options.size
        print(f"MiB; pictures of {width}×{height}, one sample, adapter {options.adapter}; process with nothing:"
              f" {nothing.process / MIB:.0f}")  # fmt: skip
        print(f"{'DEM':>8}{'type':>9}{'budget':>9}{'held':>13}{'bits':>6}{'bands':>7}{'plan':>7}{'ledger':>8}"
              f"{'process':>9}{'bound':>7}")  # fmt: skip
        for side in options.sides:
            for dtype in options.types.split(","):
                dem = terrain(dems, side, dtype)
                for budget in options.budgets:
                    found = run(dem, side, options.size, budget, options.adapter, folder)
                    bound = budget + ABOVE_BUDGET
                    passed = found.ledger > min(budget, found.planned) or found.process > bound
                    over |= passed
                    cols, rows = found.held
                    print(
                        f"{f'{side}²':>8}{dtype:>9}{format_bytes(budget):>9}{f'{cols}×{rows}':>13}{found.bits:>6}"
                        f"{found.bands:>7}{found.planned / MIB:>7.0f}{found.ledger / MIB:>8.0f}"
                        f"{found.process / MIB:>9.0f}{bound / MIB:>7.0f}  {'OVER' if passed else 'ok'}",
                        flush=True,
                    )
    if options.frames:
        warm_frames(options.adapter, options.frames)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
