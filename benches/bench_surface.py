"""What surface styles cost: warm frames without and with each example, compiling, the longest submit of endless ones.

Medians of warm frames, 1024×768 of the sample DEM, default view, one sample a pixel, read back into numpy. Compiling:
the first picture of the style in a process of its own, with an empty shader cache of the driver and with a filled one.
``--adapter NAME`` chooses another adapter than the software one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from forge3d_qgis.core import RenderSession, Scene, SurfaceStyle, read_dem, resource_path
from forge3d_qgis.core.surface_styles import shipped_styles

SIZE = (1024, 768)
FRAMES = 7
ENDLESS = {
    "loop {}": "loop { }",
    "loop, counting": "var x = 0.0; loop { x += 1.0; }  return vec4f(x);",
    "loop of sines": "var x = s.height; loop { x = sin(x) * cos(x) + pow(abs(x), 1.3); } return vec4f(x);",
    "three loops nested": "var x = 0.0; loop { loop { loop { x += 1.0; } } } return vec4f(x);",
}


def styles() -> dict[str, SurfaceStyle | None]:
    found: dict[str, SurfaceStyle | None] = {"none": None}
    found.update({path.stem: SurfaceStyle.from_file(path) for path in shipped_styles()})
    return found


def endless() -> dict[str, SurfaceStyle]:
    return {
        name: SurfaceStyle("endless.wgsl", f"fn surface(s: Surface) -> vec4f {{ {body} }}")
        for name, body in ENDLESS.items()
    }


def draw(session: RenderSession, style: SurfaceStyle | None) -> tuple[float, dict[str, float]]:
    """Milliseconds of a frame from its scene to its bytes, and the renderer's metrics after it."""
    start = time.perf_counter()
    session.set_scene(replace(Scene(), surface=style))
    session.resize(session.size)
    session.refine(1e6, samples=1)
    metrics = session.read().metrics
    return (time.perf_counter() - start) * 1000, metrics


def compile_ms(name: str, adapter: str) -> float:
    """In this process: what the style's program takes beyond those that every picture needs."""
    session = RenderSession((64, 48), adapter=adapter)
    session.set_dem(read_dem(resource_path("sample", "jacksboro_fault.tif")))
    before = draw(session, None)[1]["compile_ms"]
    style = {**styles(), **endless()}[name]
    return draw(session, style)[1]["compile_ms"] - before


def compiled_elsewhere(name: str, adapter: str, cache: Path) -> float:
    environment = {**os.environ, "MESA_SHADER_CACHE_DIR": str(cache), "MESA_SHADER_CACHE_DISABLE": "false"}
    command = [sys.executable, __file__, "--adapter", adapter, "--compile", name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def main(adapter: str = "software") -> None:
    session = RenderSession(SIZE, adapter=adapter)
    session.set_dem(read_dem(resource_path("sample", "jacksboro_fault.tif")))
    print(f"{'style':20} {'median ms':>10} {'fastest':>8} {'compile, empty cache':>21} {'filled':>7}")
    for name, style in styles().items():
        draw(session, style)
        times = [draw(session, style)[0] for _ in range(FRAMES)]
        line = f"{name:20} {statistics.median(times):10.1f} {min(times):8.1f}"
        if style is not None:
            with tempfile.TemporaryDirectory() as folder:
                cold, warm = (compiled_elsewhere(name, adapter, Path(folder)) for _ in range(2))
            line += f" {cold:21.1f} {warm:7.1f}"
        print(line, flush=True)
    print(f"\n{'endless style':20} {'frame ms':>10} {'longest submit ms':>18} {'submits':>8}")
    for name, style in endless().items():
        milliseconds, metrics = draw(session, style)
        print(f"{name:20} {milliseconds:10.1f} {metrics['longest_submit_ms']:18.1f} {metrics['submits']:8}", flush=True)
    session.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapter", default="software")
    parser.add_argument("--compile", metavar="STYLE", help="print the milliseconds of compiling this style, and end")
    arguments = parser.parse_args()
    if arguments.compile:
        print(json.dumps(compile_ms(arguments.compile, arguments.adapter)))
    else:
        main(arguments.adapter)
