"""Prints plan, ledger and the memory of the whole process for DEMs of several sizes within several budgets.

    python benches/bench_memory.py [--sides 2048,8192,20000] [--budgets 128MiB,512MiB] [--size 1600x1000]
                                   [--adapter software] [--keep FOLDER]

Each row is one `forge3d-qgis render` of a synthetic GeoTIFF (Int16, DEFLATE, tiled by 256, no overviews) with one
sample, in a process of its own:

plan      what `core.budget.plan` says that the renderer will hold, without the room kept for an export beside it
ledger    what the renderer held at most, on the device and in host-visible memory; the budget bounds this
heights   the float32 array in Python, which is the caller's and does not count
process   resident memory of the process at its peak (VmHWM), everything included; on a software adapter the ledger's
          bytes are part of it. «nothing» is a picture of 16×16 pixels of 16×16 samples: Python, GDAL, driver, compiler
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench_render import size_of

from forge3d_qgis.core import format_bytes, parse_bytes, plan
from forge3d_qgis.core.budget import LABEL_PYTHON, device_limits

MIB = 1 << 20
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
    bands: int
    planned: int
    ledger: int
    process: int


def terrain(folder: Path, side: int) -> Path:
    """The DEM, written by a process of its own: its arrays are not this one's."""
    path = folder / f"terrain-{side}.tif"
    if not path.exists():
        subprocess.run([sys.executable, "-c", WRITE, str(path), str(side)], check=True, cwd=Path(__file__).parent)
    return path


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
    made = plan((side, side), size, budget, limits=device_limits(adapter))
    aside = (LABEL_PYTHON, "room for an export")
    return Run(
        held=tuple(metrics["dem"]["size"]),
        bands=metrics["picture"]["bands"],
        planned=sum(count for label, count in made.bytes_by_label if label not in aside),
        ledger=metrics["memory"]["device_peak_bytes"],
        process=int(peak.read_text()) * 1024,
    )


def main() -> int:
    """Measures and prints; 1 where the ledger passed its budget or its plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sides", type=lambda text: [int(part) for part in text.split(",")], default=[2048, 8192, 20000]
    )
    parser.add_argument(
        "--budgets", type=lambda text: [parse_bytes(part) for part in text.split(",")], default=[128 * MIB, 512 * MIB]
    )
    parser.add_argument("--size", type=size_of, default=(1600, 1000), metavar="WxH")
    parser.add_argument("--adapter", default="software", help="as in forge3d-qgis render (default: software)")
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
        print(f"{'DEM':>8}{'budget':>10}{'held':>14}{'bands':>7}{'plan':>8}{'ledger':>8}{'heights':>9}{'process':>9}")
        for side in options.sides:
            dem = terrain(dems, side)
            for budget in options.budgets:
                found = run(dem, side, options.size, budget, options.adapter, folder)
                passed = found.ledger > min(budget, found.planned)
                over |= passed
                cols, rows = found.held
                print(
                    f"{f'{side}²':>8}{format_bytes(budget):>10}{f'{cols}×{rows}':>14}{found.bands:>7}"
                    f"{found.planned / MIB:>8.0f}{found.ledger / MIB:>8.0f}{4 * cols * rows / MIB:>9.0f}"
                    f"{found.process / MIB:>9.0f}{'  OVER' if passed else ''}",
                    flush=True,
                )
            if options.keep is None:
                dem.unlink()
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
