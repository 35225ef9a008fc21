"""Times the package forge3d on one DEM; a process of its own, started by bench_render.py, because its driver may crash.

    python benches/other_forge3d.py renderer|viewer sample|SIDE WIDTH HEIGHT FRAMES

Prints one JSON line. `renderer` is its in-process TerrainRenderer, from array to array; `viewer` is its interactive
viewer in a subprocess, from GeoTIFF to PNG, and needs a display. Both: sun from the north-west, no shadow maps.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forge3d
import numpy as np
import numpy.typing as npt

import synthetic
from forge3d_qgis.core import read_dem, resource_path


def measured(frame: Callable[[], object], frames: int) -> dict[str, float]:
    """Median and fastest of ``frames`` frames after one that is not counted."""
    frame()
    times = []
    for _ in range(frames):
        start = time.perf_counter()
        frame()
        times.append((time.perf_counter() - start) * 1e3)
    return {"median_ms": statistics.median(times), "fastest_ms": min(times)}


def renderer(heights: npt.NDArray[np.float32], cell_m: float, size: tuple[int, int], frames: int) -> dict[str, float]:
    """TerrainRenderer with a plain colour ramp."""
    from forge3d.terrain_params import PomSettings, ShadowSettings, make_terrain_params_config

    low, high = float(heights.min()), float(heights.max())
    # World coordinates beyond ±65536 are refused, so large terrain is shrunk, heights with it.
    shrink = min(1.0, 30_000.0 / (max(heights.shape) * cell_m))
    span = max(heights.shape) * cell_m * shrink
    with tempfile.TemporaryDirectory() as folder:
        sky = Path(folder) / "grey.hdr"  # an environment map is mandatory
        sky.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n" + bytes([128] * 128))
        environment: Any = forge3d.IBL.from_hdr(str(sky), intensity=1.0)
    ramp = forge3d.Colormap1D.from_stops(stops=[(low, "#7f9f6f"), (high, "#e6e2da")], domain=(low, high))
    configuration = make_terrain_params_config(
        size_px=size,
        render_scale=1.0,
        terrain_span=span,
        msaa_samples=1,
        z_scale=shrink,
        exposure=1.0,
        domain=(low, high),
        albedo_mode="colormap",
        colormap_strength=1.0,
        hue_variation_strength=0.0,
        ibl_enabled=True,
        ibl_intensity=0.5,
        light_azimuth_deg=225.0,
        light_elevation_deg=45.0,
        sun_intensity=2.5,
        cam_radius=span * 1.2,
        cam_phi_deg=270.0,
        cam_theta_deg=45.0,
        fov_y_deg=45.0,
        camera_mode="mesh:zup",
        culling="none",
        overlays=[forge3d.OverlayLayer.from_colormap1d(ramp, strength=1.0, domain=(low, high))],
        clip=(span * 0.01, span * 10),
        pom=PomSettings(False, "Occlusion", 0.0, 1, 1, 0, False, False),
        shadows=ShadowSettings(False, "PCF", 2048, 3, span * 4, 1.0, 0.8, 0.002, 0.001, 0.3, 1e-4, 0.5, 2.0, 0.9),
    )
    parameters = forge3d.TerrainRenderParams(configuration)
    terrain = forge3d.TerrainRenderer(forge3d.Session(window=False))
    materials = forge3d.MaterialSet.terrain_default()

    def frame() -> None:
        picture = terrain.render_terrain_pbr_pom(
            material_set=materials, env_maps=environment, params=parameters, heightmap=heights
        )
        picture.to_numpy()

    return measured(frame, frames)


def viewer(heights: npt.NDArray[np.float32], cell_m: float, size: tuple[int, int], frames: int) -> dict[str, float]:
    """The viewer process, driven over its socket."""
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    span = max(heights.shape) * cell_m
    with tempfile.TemporaryDirectory() as folder:
        source, target = str(Path(folder) / "dem.tif"), str(Path(folder) / "frame.png")
        placed = (cell_m, 0.0, 0.0, 0.0, -cell_m, heights.shape[0] * cell_m)
        forge3d.gis.write_raster(source, heights, crs="EPSG:32633", transform=placed, overwrite=True)
        with forge3d.open_viewer_async(terrain_path=source, width=size[0], height=size[1]) as window:
            window.send_ipc({"cmd": "set_terrain_pbr", "enabled": True, "exposure": 1.0, "ibl_intensity": 0.4})
            window.set_orbit_camera(phi_deg=90.0, theta_deg=45.0, radius=span * 1.25, fov_deg=45.0)
            window.set_sun(azimuth_deg=225.0, elevation_deg=45.0)
            return measured(lambda: window.snapshot(target, width=size[0], height=size[1]), frames)


def main() -> None:
    """Measures what the arguments say."""
    way, dem, width, height, frames = sys.argv[1:]
    if dem == "sample":
        sample = read_dem(resource_path("sample", "jacksboro_fault.tif"))
        heights, cell_m = np.ascontiguousarray(sample.heights), abs(sample.cell_to_world[3])
    else:
        heights, cell_m = synthetic.heights(int(dem)), synthetic.CELL_SIZE_M
    run = {"renderer": renderer, "viewer": viewer}[way]
    print(json.dumps(run(heights, cell_m, (int(width), int(height)), int(frames))))


if __name__ == "__main__":
    main()
