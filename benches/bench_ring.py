"""Times a turntable drawn by the ring of read-back buffers beside the loops of draw and read. Needs numpy, not GDAL.

python benches/bench_ring.py [--adapter hardware] [--before FILE] [--side 4096] [--size 1920x1080] [--frames 120]
[--rounds 7] [--pending 4] [--use crc] [--bound 1.3]

Loops, alternated round by round, each over the same scenes with one sample:

- ``refine, read``: set_scene, refine(samples=1), read; of ``--before``, an older build, where it is given;
- ``render``: set_scene, render_terrain_rgba(1), likewise;
- ``ring``: AsyncRenderer.frames.

``--use crc``: each picture's bytes are summed up by the caller, too: what a program that does something with them sees.
Every picture of the ring is compared, byte for byte, with the loop's. Answers 1 where one differs or the ring is less
than ``--bound`` times as fast as the first loop.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import importlib.util
import os
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import synthetic
from forge3d_qgis import native_loader
from forge3d_qgis.core import AsyncReadbackConfig, AsyncRenderer, Camera, Dem, RenderSession, Scene

Pictures = Callable[[], Iterator[Any]]


def module_of(path: str) -> Any:
    """The native module of a file, beside the one in use."""
    loader = importlib.machinery.ExtensionFileLoader(native_loader.MODULE, path)
    spec = importlib.util.spec_from_file_location(native_loader.MODULE, path, loader=loader)
    if spec is None:
        raise SystemExit(f"--before: expected an extension module; got {path}")
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def session_of(module: Any, size: tuple[int, int], adapter: str) -> RenderSession:
    """A RenderSession over any build of the native module."""
    session = RenderSession.__new__(RenderSession)
    session._renderer = module.Renderer(*size, adapter=adapter)
    session._datum_m, session.pictures = 0.0, 0
    return session


def refine_and_read(session: RenderSession, scenes: list[Scene]) -> Iterator[Any]:
    for scene in scenes:
        session.set_scene(scene)
        while session.refine(samples=1) < 1:
            pass
        yield session.read().rgba


def rendered(session: RenderSession, scenes: list[Scene]) -> Iterator[Any]:
    for scene in scenes:
        session.set_scene(scene)
        yield session._renderer.render_terrain_rgba(1)


def ring(renderer: AsyncRenderer, scenes: list[Scene]) -> Iterator[Any]:
    for image in renderer.frames(scenes):
        yield image.rgba


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", default="auto")
    parser.add_argument("--before", help="an extension module of an earlier version, whose loops to take")
    parser.add_argument("--side", type=int, default=4096, help="samples along a side of the DEM")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pending", type=int, default=4)
    parser.add_argument("--use", choices=("nothing", "crc"), default="nothing", help="what is done with a picture")
    parser.add_argument("--bound", type=float, default=0.0, help="least ratio of the first loop's time to the ring's")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    size, cell = (width, height), synthetic.CELL_SIZE_M
    scenes = [Scene(camera=Camera(heading=360.0 * i / options.frames)) for i in range(options.frames)]

    dem = Dem.from_array(synthetic.heights(options.side), cell)
    now = native_loader.load()
    old = module_of(options.before) if options.before else now
    print(f"{now.device_info(options.adapter)['name']}, {os.cpu_count()} cores; DEM {options.side}²; loops of "
          f"{'the module ' + options.before if options.before else 'this build'}")  # fmt: skip
    loop = session_of(old, size, options.adapter)
    one_by_one = session_of(now, size, options.adapter)
    with AsyncRenderer(*size, AsyncReadbackConfig(max_pending_ops=options.pending), adapter=options.adapter) as frames:
        for session in (loop, one_by_one, frames):
            session.set_dem(dem)
        loops: dict[str, Pictures] = {
            "refine, read": lambda: refine_and_read(loop, scenes),
            "render": lambda: rendered(loop, scenes),
            "ring": lambda: ring(frames, scenes),
        }
        if options.before:
            loops["refine, read (now)"] = lambda: refine_and_read(one_by_one, scenes)
            loops["render (now)"] = lambda: rendered(one_by_one, scenes)

        differing = 0
        for mine, theirs in zip(ring(frames, scenes), rendered(loop, scenes), strict=True):
            differing += bool((mine != theirs).any())
        blank = sum(int(picture.max() == picture.min()) for picture in ring(frames, scenes[:8]))
        print(f"{options.frames} pictures of the ring, {differing} differ from the loop's in some byte; {blank} blank")

        taken: dict[str, list[float]] = {name: [] for name in loops}
        busy: dict[str, list[float]] = {name: [] for name in loops}
        for _ in range(options.rounds):
            for name, pictures in loops.items():
                start, cpu = time.perf_counter(), time.process_time()
                for picture in pictures():
                    if options.use == "crc":
                        zlib.crc32(picture)
                taken[name].append((time.perf_counter() - start) * 1e3 / options.frames)
                busy[name].append((time.process_time() - cpu) * 1e3 / options.frames)
        steps: dict[str, list[float]] = {}
        for image in frames.frames(scenes):
            for key in ("encode_ms", "gpu_ms", "trace_ms", "readback_ms", "submits"):
                if isinstance(image.metrics.get(key), (int, float)):
                    steps.setdefault(key, []).append(image.metrics[key])
        loop.close()
        one_by_one.close()

    medians = {name: statistics.median(times) for name, times in taken.items()}
    print(f"\n{width}×{height}, one sample, {options.frames} headings, {options.rounds} rounds (ms a picture)")
    print(f"{'':<20}{'median':>10}{'fastest':>10}{'slowest':>10}{'/ ring':>10}{'processor':>12}")
    for name, times in taken.items():
        ratio = medians[name] / medians["ring"]
        print(
            f"{name:<20}{medians[name]:>10.3f}{min(times):>10.3f}{max(times):>10.3f}{ratio:>10.2f}{statistics.median(busy[name]):>12.3f}"
        )
    print("of a picture of the ring: " + ", ".join(f"{k} {statistics.median(v):.3f}" for k, v in steps.items()))
    ratio = medians["refine, read"] / medians["ring"]
    within = ratio >= options.bound and not differing and not blank
    if options.bound:
        print(f"bound: {options.bound} times as fast as refine and read: {ratio:.2f}: {'ok' if within else 'OVER'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
