"""Stands in for the native module where the GPU is not the subject: the same calls, a picture of grey rows.

FAKE_SLEEP_MS makes each slice last; FAKE_ERROR names an exception that refine raises. Each slice logs a record, of
which three are kept.
"""

from __future__ import annotations

import os
import time

import numpy as np

__version__ = "0.1.0"


class RenderError(RuntimeError):
    pass


class DeviceError(RenderError):
    pass


class Cancelled(RenderError):
    pass


class InputError(ValueError):
    pass


class ShaderError(InputError):
    pass


class MemoryBudgetError(MemoryError):
    pass


MAX_PICTURE_SIDE = 16384
MAX_SAMPLES = 1024

DEFAULT_BUDGET = 512 << 20
_limit = DEFAULT_BUDGET
renderers: list[Renderer] = []
_log: list[tuple[str, str, str]] = []


class Renderer:
    def __init__(self, width, height, *, adapter="auto", memory_budget=None):
        self.width, self.height, self.adapter, self.memory_budget = width, height, adapter, memory_budget
        self.crop = None
        self.samples = 0.0
        self.closed = False
        self.heights = self.scene = self.drape = None
        self._wanted = []
        renderers.append(self)

    def resize(self, width, height):
        self.width, self.height, self.samples, self.crop = width, height, 0.0, None

    def set_crop(self, x, y, full_width, full_height):
        crop = (x, y, full_width, full_height)
        if self.crop != crop:
            self.crop, self.samples = crop, 0.0

    set_window = set_crop

    def set_height_data(self, heights, *, cell_to_world=(1.0, 0.0, 0.0, -1.0)):
        if heights.shape[0] < 2 or heights.shape[1] < 2:
            raise InputError("[Input] heights: expected at least 2×2; got less; fix: a larger array")
        self._height_base = getattr(heights, "height_base", None)
        if hasattr(heights, "strips"):
            heights = np.concatenate([np.array(strip) for strip in heights.strips()])
        self.heights, self.cell_to_world = heights, cell_to_world() if callable(cell_to_world) else cell_to_world

    def share_heights(self, other):
        self.heights, self.cell_to_world = other.heights, other.cell_to_world

    def set_drape(self, rgba):
        self.drape = rgba

    def set_scene(self, scene):
        self.scene, self.samples = scene, 0.0

    def refine(self, milliseconds=50.0, *, samples=1024):
        time.sleep(float(os.environ.get("FAKE_SLEEP_MS", "0")) / 1000)
        _log.append(("DEBUG", "fake", f"slice {self.crop}\nafter {self.samples:.0f} samples"))
        del _log[:-3]
        name = os.environ.get("FAKE_ERROR")
        if name:
            raise globals()[name](f"[{name}] expected a working device; got a fake; fix: none")
        self.samples = min(samples, self.samples + 2)
        return int(self.samples)

    def read_rgba(self):
        top = self.crop[1] if self.crop else 0
        rows = (np.arange(top, top + self.height) % 256).astype(np.uint8)
        rgba = np.full((self.height, self.width, 4), 255, dtype=np.uint8)
        rgba[..., :3] = rows[:, None, None]
        return rgba

    def render_terrain_rgba(self, samples=1):
        self.samples = 0.0
        while self.refine(samples=samples) < samples:
            pass
        return self.read_rgba()

    def reserve_pictures(self, count, *, pre_allocate=True):
        return count

    def want_picture(self, scene, samples=1):
        self._wanted.append((scene, samples))

    def next_picture(self):
        if not self._wanted:
            return None
        scene, samples = self._wanted.pop(0)
        self.set_scene(scene)
        return self.render_terrain_rgba(samples)

    def forget_pictures(self):
        self._wanted.clear()

    def copy_report(self):
        step = {
            "pointer": 64, "bytes": 80, "borrowed": True, "copied_bytes": 0, "copied_ms": 0.0, "transfer_ms": 1.0,
        }  # fmt: skip
        return {"heights": step, "drape": None, "picture": step}

    def progress(self):
        return self.samples

    def cancel(self):
        pass

    def pick(self, x, y):
        return None

    def cast_rays(self, rays):
        return np.full((len(rays), 4), -1, dtype=np.float32)

    def view(self):
        axes = {"forward": (0.0, 1.0, 0.0), "right": (1.0, 0.0, 0.0), "up": (0.0, 0.0, 1.0)}
        places = {"eye": (0.0, -1.0, 0.0), "target": (0.0, 0.0, 0.0)}
        return {**places, **axes, "distance": 1.0, "resolution": 1.0, "heading": 0.0, "pitch": 0.0}

    def uniform_lanes(self):
        return np.zeros(44, dtype=np.float32)

    def read_full_height_texture(self):
        return np.array(np.zeros((self.height, self.width)) if self.heights is None else self.heights, dtype=np.float32)

    def debug_read_height_patch(self, row, col, rows, cols):
        return self.read_full_height_texture()[row : row + rows, col : col + cols]

    def render_metrics(self):
        return {
            "upload_ms": 1.0, "pyramid_ms": 1.0, "compile_ms": 1.0, "encode_ms": 0.5, "gpu_ms": 1.5, "trace_ms": 2.0,
            "resolve_ms": 1.0, "readback_ms": 1.0, "longest_submit_ms": 3.0, "submits": 4,
            "bytes_up": 10, "bytes_down": 20,
            "samples": int(self.samples), "peak_bytes": 1 << 20, "adapter": "fake adapter",
        }  # fmt: skip

    def close(self):
        self.closed = True

    cleanup = close


def _adapter(index, name, kind):
    heap = {
        "size": 4 << 30, "device_local": True, "host_visible": kind == "software", "flags": ["device_local"],
        "used": 1 << 20, "budget": 3 << 30,
    }  # fmt: skip
    return {
        "key": f"0000:0{index}:00.0", "index": index, "name": name, "kind": kind, "backend": "vulkan", "driver": "1.0",
        "api_version": "1.3.238", "unified_memory": kind == "software", "vendor": 0, "device": 0,
        "limits": {"texture_side": 8192}, "heaps": [heap],
    }  # fmt: skip


def adapters():
    if os.environ.get("FAKE_ADAPTERS") == "none":
        return []
    return [_adapter(0, "big card", "discrete"), _adapter(1, "soft", "software")]


def find_adapter(adapter="auto"):
    found = adapters()
    wanted = {"auto": "0", "hardware": "0", "software": "1", "prefer-software": "1", "soft": "1"}.get(adapter, adapter)
    for info in found:
        if wanted in (str(info["index"]), info["key"]):
            return info
    raise DeviceError(f"[Device] adapter: expected a name among soft; got {adapter!r}; fix: see devices")


def device_info(adapter="auto"):
    return {
        **find_adapter("software" if adapter in ("auto", "hardware") else adapter),
        "max_texture_side": 8192, "max_buffer_bytes": 1 << 30, "default_budget": DEFAULT_BUDGET,
        "default_host_visible": 256 << 20, "free_memory": 4 << 30, "device_memory": None,
    }  # fmt: skip


def want_validation(wanted):
    return True


def validation():
    return "off"


def memory_metrics():
    return {
        "buffer_count": 0, "buffer_bytes": 0, "texture_count": 0, "texture_bytes": 0, "host_visible_bytes": 0,
        "device_local_bytes": 0, "python_bytes": 0, "total_bytes": 0, "peak_bytes": 1 << 20,
        "device_peak_bytes": 1 << 20, "allocation_count": 0, "host_visible_limit": 256 << 20, "total_limit": _limit,
        "common_bytes": 0, "common_host_visible_bytes": 0, "within_budget": True, "budget_policy": "enforce", "top": [],
        "health_marks": (0.75, 0.90), "allocator_bytes": None, "allocator_reserved_bytes": None,
    }  # fmt: skip


def memory_estimate(grid=None, picture=None, drape=None, *, height_bits=32):
    """Plain numbers: 16/3 bytes a sample of 32 bits, 24 a pixel, 4 a pixel of the drape, 16 MiB of staging."""
    items = []
    if grid is not None:
        texture = height_bits // 8 * grid[0] * grid[1]
        items += [("height texture", texture), ("maximum pyramid", texture // 3)]
    if picture is not None:
        items += [("picture", 20 * picture[0] * picture[1]), ("read back", 4 * picture[0] * picture[1])]
    if drape is not None:
        items.append(("drape", 4 * drape[0] * drape[1]))
    if grid is not None or drape is not None:
        items.append(("upload staging", 16 << 20))
    return {
        "items": items,
        "total_bytes": sum(count for _, count in items),
        "host_visible_bytes": sum(count for name, count in items if name in ("read back", "upload staging")),
        "largest_binding_bytes": texture // 3 if grid is not None else 0,
        "largest_texture_side": max(grid or (0, 0)),
    }


def shading_models():
    common = {"uses_shadows": True}
    return [
        {"name": "relief", "aliases": [], "summary": "light", "is_display": False, "uses_colors": True,
         "uses_sun_size": True, "uses_sky": True, **common},
        {"name": "hillshade", "aliases": ["horn"], "summary": "grey", "is_display": True, "uses_colors": False,
         "uses_sun_size": False, "uses_sky": False, **common},
    ]  # fmt: skip


_shaders = set()


def load_shader(source, entry_point="main", stage="compute", *, constants=(), name="shader"):
    if "wrong" in str(source):
        raise ShaderError(f"[Shader] {name}:1:1: wrong\n   1 | wrong\n     | ^^^^^")
    _shaders.add(key := f"{abs(hash((source, entry_point, stage, tuple(constants)))):064x}")
    return key


def is_shader_cached(shader_id):
    return shader_id in _shaders


def shader_cache_size():
    return len(_shaders)


def clear_shader_cache():
    _shaders.clear()


def check_surface_style(style):
    load_shader(style.source, "surface", name=style.name)


class Reservation:
    def __init__(self, bytes):
        self.bytes = bytes

    def release(self):
        self.bytes = 0

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.release()


def reserve(label, bytes, *, kind="buffer", counted=True):
    return Reservation(bytes)


def texture_bytes(width, height, format, mips=1, layers=1, samples=1):
    return 4 * width * height * layers * samples


def reset_peak():
    pass


def check_budget(bytes):
    if bytes > _limit:
        raise MemoryBudgetError(f"[Budget] expected at most {_limit} bytes; got {bytes}; fix: less")


def set_budget_policy(policy):
    pass


def drain_log():
    records = _log[:]
    _log.clear()
    return records


def set_log_level(level):
    return True


def set_memory_budget(total=None, host_visible=None, *, adapter="auto"):
    global _limit
    _limit = total if total is not None else DEFAULT_BUDGET


def follow_free_memory():
    return False


def _assume_free_memory(bytes):
    pass
