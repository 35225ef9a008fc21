"""Prints what presets take against what the ledger sees, how a relief steps down, and how near forecasts come.

    python benches/bench_quality.py [--adapter software] [--budget 256MiB]

memory     each preset of a synthetic DEM, one sample a pixel (samples cost no memory): the bytes told beforehand, the
           ledger's peak, the difference
tiers      what a relief of 8192×8192 heights with a map of 4096×4096 over it takes on each rung in a dock of 1920×1080,
           and the free memory (of which an eighth is the budget) from which on it stands there
forecast   pictures of several sizes, samples, DEMs, pitches and budgets: seconds told, seconds that came, the
           difference (bound 30 %), the same if this process had had as much of the processors during the forecast as
           during the picture, and what the forecast itself took of the time (bound 3 %)
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, replace

import numpy as np

from forge3d_qgis.core import Camera, Dem, RenderSession, Scene, format_bytes, parse_bytes, render_strips
from forge3d_qgis.core.budget import MIB, device_limits, estimate, strip_rows
from forge3d_qgis.core.export import encode_in_vain
from forge3d_qgis.core.forecast import forecast
from forge3d_qgis.core.native import native
from forge3d_qgis.core.quality import LADDER, QUALITIES, QualityLadder, Rung
from forge3d_qgis.core.render import strip_steps
from synthetic import CELL_SIZE_M, heights, rough_heights

LARGEST_ERROR, LARGEST_COST, MEMORY_ERROR = 0.30, 0.03, 0.05


@dataclass(frozen=True)
class Job:
    """One picture."""

    name: str
    dem: Dem
    scene: Scene
    size: tuple[int, int]
    samples: int
    budget: int | None = None


def dem_of(samples: np.ndarray) -> Dem:
    """Heights of the synthetic terrains with their cells."""
    return replace(Dem.from_array(samples), cell_to_world=(CELL_SIZE_M, 0.0, 0.0, -CELL_SIZE_M))


def drawn(dem: Dem, size: tuple[int, int], adapter: str, budget: int | None) -> tuple[int, int]:
    """Strips, and the most bytes that the renderer held."""
    native().reset_peak()
    bands = 0
    for _top, rows in render_strips(dem, size=size, samples=1, adapter=adapter, memory_budget=budget):
        bands += len(rows.shape) > 0
    return bands, int(native().memory_metrics()["device_peak_bytes"])


def memory_of_presets(adapter: str, budget: int) -> bool:
    """Whether one is further off than its bound."""
    dem, off = dem_of(heights(1000)), False
    print(f"memory of 1000×1000 heights\n{'preset':14}{'budget':>10}{'bands':>7}{'told':>11}{'ledger':>11}{'off':>8}")
    for one in QUALITIES.values():
        for limit in (None, budget):
            bands, peak = drawn(dem, one.size, adapter, limit)
            told = one.calculate_memory_usage(dem_size=dem.size, budget=limit)
            error = told / peak - 1
            off |= abs(error) > MEMORY_ERROR
            limit_text = "-" if limit is None else format_bytes(limit)
            print(
                f"{one.name:14}{limit_text:>10}{bands:>7}{format_bytes(told):>11}{format_bytes(peak):>11}{error:>8.1%}",
                flush=True,
            )
    return off


def tiers() -> None:
    """Where a large relief stands for want of memory."""

    def needs(rung: Rung) -> int:
        def part(size: tuple[int, int], divisor: int) -> tuple[int, int]:
            return size[0] // divisor, size[1] // divisor

        shown = part((1920, 1080), rung.preview.divisor)
        over = part((4096, 4096), rung.drape.divisor)
        return int(estimate(part((8192, 8192), rung.dem.divisor), shown, over)["total_bytes"])

    print(f"\ntiers\n{'map':>6}{'heights':>9}{'preview':>9}{'takes':>11}{'free memory from':>18}")
    for rung in LADDER:
        needed = needs(rung)
        ladder = QualityLadder()
        ladder.consider(needs, needed, 0.0)
        assert ladder.rung == rung
        divisors = f"1:{rung.drape.divisor}", f"1:{rung.dem.divisor}", f"1:{rung.preview.divisor}"
        print(
            f"{divisors[0]:>6}{divisors[1]:>9}{divisors[2]:>9}{format_bytes(needed):>11}{format_bytes(8 * needed):>18}"
        )


def jobs() -> list[Job]:
    """Smooth and rough ground, near and far, few and many samples, whole and in strips."""
    smooth, rough, small = dem_of(heights(4096)), dem_of(rough_heights(2048)), dem_of(heights(400))
    low, steep = Scene(camera=Camera(pitch=10)), Scene(camera=Camera(pitch=60, heading=200, zoom=1.5))
    flat = Scene(camera=Camera(pitch=90, projection="orthographic"), shading="hillshade")
    return [
        Job("4096² smooth", smooth, Scene(), (1600, 1000), 8),
        Job("4096² smooth, pitch 10", smooth, low, (1600, 1000), 8),
        Job("2048² rough", rough, Scene(), (1200, 800), 16),
        Job("2048² rough, pitch 10", rough, low, (1000, 600), 16),
        Job("2048² rough, from near, strips", rough, steep, (2400, 1500), 4, 64 * MIB),
        Job("400² smooth", small, Scene(), (1600, 1000), 16),
        Job("400² smooth, many strips", small, Scene(), (3600, 2400), 4, 24 * MIB),
        Job("400² smooth, thin strips", small, Scene(), (1600, 1000), 4, 16 * MIB),
        Job("4096² smooth, hillshade from above", smooth, flat, (3000, 3000), 4),
    ]


def forecasts(adapter: str) -> bool:
    """Whether one is further off than its bound."""
    print(
        f"\n{'forecast':38}{'size':>12}{'samples':>8}{'bands':>6}{'told':>9}{'came':>9}{'off':>7}{'evenly':>8}{'cost':>7}"
    )
    off = False
    for job in jobs():
        budget = job.budget or device_limits(adapter).left
        lines = strip_rows(job.size, budget, dem_size=job.dem.size)
        with RenderSession((job.size[0], lines), adapter=adapter, memory_budget=job.budget) as session:
            session.set_dem(job.dem)
            session.set_scene(job.scene)
            begun, worked = time.perf_counter(), time.process_time()
            told = forecast(
                session, job.size, samples=job.samples, lines=lines, dem_size=job.dem.size, budget=budget,
                encode=encode_in_vain,
            )  # fmt: skip
            ready, idle = time.perf_counter(), time.process_time()
            for step in strip_steps(session, job.size, samples=job.samples, lines=lines):
                if step.rows is not None:
                    encode_in_vain(step.rows)
            came = time.perf_counter() - ready
            shares = (idle - worked) / (ready - begun), (time.process_time() - idle) / came
        error, cost = told.seconds / came - 1, (ready - begun) / came
        evenly = told.seconds * shares[0] / (came * shares[1]) - 1
        off |= abs(error) > LARGEST_ERROR or cost > LARGEST_COST
        size = f"{job.size[0]}×{job.size[1]}"
        print(
            f"{job.name:38}{size:>12}{job.samples:>8}{told.bands:>6}{told.seconds:>7.2f} s{came:>7.2f} s"
            f"{error:>7.0%}{evenly:>8.0%}{cost:>7.1%}",
            flush=True,
        )
    load = f", load of the machine {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"off by {LARGEST_ERROR:.0%} and a cost of {LARGEST_COST:.0%} at most{load}")
    return off


def main() -> int:
    """Measures and prints; 1 where a bound was passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", default="software", help="as in forge3d-qgis render (default: software)")
    parser.add_argument("--budget", type=parse_bytes, default=96 * MIB, metavar="SIZE")
    options = parser.parse_args()
    device_limits(options.adapter)
    off = memory_of_presets(options.adapter, options.budget)
    tiers()
    return int(forecasts(options.adapter) or off)


if __name__ == "__main__":
    sys.exit(main())
