"""Times one real GPU: 3840×2160 of a synthetic 16384² DEM, relief, one sample, read back. Needs numpy, not GDAL.

python benches/bench_device.py [--adapter hardware] [--side 16384] [--size 3840x2160] [--frames 30] [--png OUT.png]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import forge3d_native
import synthetic
from forge3d_qgis.core.scene import Camera, Scene

BOUND_MS = 3.0
STEPS = ("trace_ms", "resolve_ms", "readback_ms", "longest_submit_ms", "submits")


def write_png(path: Path, rgba: npt.NDArray[np.uint8]) -> None:
    """A plain RGBA PNG; GDAL, which the package itself writes with, may be absent here."""
    height, width, _ = rgba.shape
    rows = np.empty((height, 1 + width * 4), dtype=np.uint8)
    rows[:, 0] = 0  # filter: none
    rows[:, 1:] = rgba.reshape(height, -1)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 3)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def timed(renderer: Any, scene: Scene, frames: int) -> dict[str, Any]:
    """Warm frames of ``scene``: wall times, and the median of each step that the renderer reports."""
    renderer.set_scene(scene)
    start = time.perf_counter()
    rgba = renderer.render_terrain_rgba(1)
    first_ms = (time.perf_counter() - start) * 1e3
    for _ in range(3):
        renderer.render_terrain_rgba(1)
    walls, steps = [], []
    for _ in range(frames):
        start = time.perf_counter()
        rgba = renderer.render_terrain_rgba(1)
        walls.append((time.perf_counter() - start) * 1e3)
        steps.append(renderer.render_metrics())
    if not np.ptp(rgba[..., :3]):
        raise SystemExit("the picture has one colour only: nothing was rendered, the times mean nothing")
    return {
        "median_ms": statistics.median(walls),
        "fastest_ms": min(walls),
        "slowest_ms": max(walls),
        "first_ms": first_ms,
        **{step: statistics.median(m[step] for m in steps) for step in STEPS},
    }


def main() -> int:
    """Measures, prints, and answers 1 if the default view is over its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", default="hardware")
    parser.add_argument("--side", type=int, default=16384, help="samples along a side of the DEM")
    parser.add_argument("--size", default="3840x2160")
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--png", type=Path, help="keep the default view's picture of 16 samples")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))

    for adapter in forge3d_native.adapters():
        print("adapter: {name} ({backend}, {kind}, {driver})".format(**adapter))
    start = time.perf_counter()
    heights = synthetic.heights(options.side)
    print(f"DEM {options.side}² made in {time.perf_counter() - start:.1f} s")

    start = time.perf_counter()
    renderer = forge3d_native.Renderer(width, height, adapter=options.adapter)
    print(f"device in {(time.perf_counter() - start) * 1e3:.0f} ms: {forge3d_native.device_info(options.adapter)}")
    cell = synthetic.CELL_SIZE_M
    start = time.perf_counter()
    renderer.set_height_data(heights, cell_to_world=(cell, 0.0, 0.0, -cell))
    metrics = renderer.render_metrics()
    print(f"heights set in {(time.perf_counter() - start) * 1e3:.0f} ms: upload {metrics['upload_ms']:.0f},"
          f" pyramid {metrics['pyramid_ms']:.1f}")  # fmt: skip
    del heights

    default = Scene()
    scenes = {
        "relief": default,
        "hillshade with shadows": dataclasses.replace(default, shading="hillshade", cast_shadows=True),
        "relief, pitch 10": dataclasses.replace(default, camera=Camera(**synthetic.low_view(options.side))),
        "relief, from above": dataclasses.replace(default, camera=Camera(pitch=90.0)),
    }
    results = {name: timed(renderer, scene, options.frames) for name, scene in scenes.items()}

    print(f"\n{width}×{height}, one sample, read back, {options.frames} warm frames each (ms)")
    columns = ("median_ms", "fastest_ms", "slowest_ms", "first_ms", *STEPS)
    print(f"{'':<20}" + "".join(f"{c.removesuffix('_ms'):>16}" for c in columns))
    for name, result in results.items():
        print(f"{name:<20}" + "".join(f"{result[c]:>16.2f}" for c in columns))
    within = results["relief"]["median_ms"] <= BOUND_MS
    print(f"bound for relief: {BOUND_MS} ms: {'ok' if within else 'OVER'}")
    print(f"compile {renderer.render_metrics()['compile_ms']:.0f} ms; memory {forge3d_native.memory_metrics()}")

    if options.png:
        renderer.set_scene(default)
        write_png(options.png, renderer.render_terrain_rgba(16))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
