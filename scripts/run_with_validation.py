"""Runs the renderer under Vulkan's validation layer and fails on anything that the layer has to say.

    python scripts/run_with_validation.py            renders small scenes of every kind in a child process
    python scripts/run_with_validation.py COMMAND …  runs COMMAND instead

It cannot pass without having looked: the loader's own log must show the layer in the call chain of the child's device,
and before the child runs, a deliberately wrong call must make the layer speak.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LAYER = "VK_LAYER_KHRONOS_validation"
COMPLAINT = re.compile(r"Validation (Error|Performance Warning)|VUID-|UNASSIGNED-")

# vkCreateInstance with a structure of the wrong type: VUID-VkApplicationInfo-sType-sType. No GPU is touched.
WRONG_CALL = """
import ctypes
vulkan = ctypes.CDLL("libvulkan.so.1")
class ApplicationInfo(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("next", ctypes.c_void_p), ("name", ctypes.c_char_p),
                ("version", ctypes.c_uint), ("engine", ctypes.c_char_p), ("engine_version", ctypes.c_uint),
                ("api", ctypes.c_uint)]
class InstanceInfo(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("next", ctypes.c_void_p), ("flags", ctypes.c_uint),
                ("application", ctypes.POINTER(ApplicationInfo)), ("layers", ctypes.c_uint),
                ("layer_names", ctypes.c_void_p), ("extensions", ctypes.c_uint), ("extension_names", ctypes.c_void_p)]
application = ApplicationInfo(type=12345, api=1 << 22)
info = InstanceInfo(type=1, application=ctypes.pointer(application))
instance = ctypes.c_void_p()
vulkan.vkCreateInstance(ctypes.byref(info), None, ctypes.byref(instance))
"""

# Every pass and every kind of input once: voids, drape, both projections, both shadings, bands, resize, odd sizes.
SCENES = """
import dataclasses
import numpy as np
from forge3d_qgis import native_loader
from forge3d_qgis.core.scene import Camera, Scene
native = native_loader.load()
random = np.random.default_rng(1)
heights = (random.random((130, 97), dtype=np.float32) * 50).astype(np.float32)
heights[40:60, 30:50] = np.nan
renderer = native.Renderer(253, 131, adapter="software")
for shading in ("relief", "horn"):
    for projection in ("perspective", "orthographic"):
        renderer.set_height_data(heights, cell_to_world=(10.0, 0.0, 0.0, -10.0))
        renderer.set_scene(dataclasses.replace(Scene(), shading=shading, camera=Camera(projection=projection)))
        assert renderer.render_terrain_rgba(2).shape == (131, 253, 4)
renderer.set_drape(random.integers(0, 255, (64, 33, 4), dtype=np.uint8))
renderer.render_terrain_rgba(1)
renderer.resize(65, 64)
renderer.set_window(10, 20, 300, 200)
renderer.render_terrain_rgba(1)
renderer.pick(30.0, 30.0)
renderer.cast_rays(np.array([[0, 0, 1000, 0, 0, -1]], dtype=np.float32))
renderer.read_full_height_texture()
renderer.debug_read_height_patch(3, 5, 7, 11)
renderer.set_height_data(heights[:2, :2].copy())
renderer.render_terrain_rgba(1)
renderer.close()
print("scenes done")
"""


def run(command: list[str], folder: Path) -> tuple[int, str, str]:
    """(exit status, what the child and the layer said, what the loader logged)."""
    said = folder / "layer.txt"
    said.touch()
    settings = folder / "vk_layer_settings.txt"
    # To a file of its own: what the child prints cannot hide or fake it.
    settings.write_text(
        "khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG\n"
        "khronos_validation.report_flags = error,perf,warn\n"
        f"khronos_validation.log_filename = {said}\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "VK_INSTANCE_LAYERS": LAYER,
        "VK_LOADER_DEBUG": "layer",
        "VK_LAYER_SETTINGS_PATH": str(settings),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, said.read_text(encoding="utf-8", errors="replace") + done.stdout, done.stderr


def layer_was_loaded(loader_log: str) -> bool:
    """Whether the loader put the layer into the call chain of a device."""
    return f'Inserted device layer "{LAYER}"' in loader_log


def main(command: list[str]) -> int:
    """0 if the layer was there, can speak, and had nothing to say."""
    with tempfile.TemporaryDirectory(prefix="forge3d-validation-") as name:
        folder = Path(name)
        _, said, log = run([sys.executable, "-c", WRONG_CALL], folder)
        if not COMPLAINT.search(said):
            print(f"{LAYER}: expected a complaint about a wrong call; got none", said, log, sep="\n", file=sys.stderr)
            print("fix: apt-get install vulkan-validationlayers", file=sys.stderr)
            return 1
        (folder / "layer.txt").unlink()
        status, said, log = run(command or [sys.executable, "-c", SCENES], folder)
    complaints = [line for line in said.splitlines() if COMPLAINT.search(line)]
    if complaints:
        print(f"{len(complaints)} complaints:", *complaints[:20], sep="\n", file=sys.stderr)
    if not layer_was_loaded(log):
        print(f"{LAYER}: expected in the child's call chain; the loader's log:\n{log[-4000:]}", file=sys.stderr)
    if status != 0:
        print(f"the command ended with {status}:\n{said[-2000:]}\n{log[-4000:]}", file=sys.stderr)
    if complaints or not layer_was_loaded(log) or status != 0:
        return 1
    print(f"{LAYER}: in the call chain, and nothing to complain about")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
