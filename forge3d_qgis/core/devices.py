"""What can draw here, told in full; a page of facts for a bug report; one device as an object."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from .. import native_loader
from . import shaders
from .budget import device_limits, format_bytes
from .checks import scene_error
from .errors import DeviceError, RenderError
from .native import native, translated

LOG_LEVELS = ("off", "error", "warn", "info", "debug", "trace")
VARIABLES = (
    "FORGE3D_PREFER_SOFTWARE", "FORGE3D_VALIDATION", "FORGE3D_LOG", "RUST_LOG", "FORGE3D_SHADER_CHECKS",
    "FORGE3D_FAULTS", "WGPU_BACKEND", "VK_INSTANCE_LAYERS",
)  # fmt: skip
"""Of the environment: those that change what the native side does, and hold no names of files."""
NOT_TOLD = "not told"


def adapters() -> list[dict[str, Any]]:
    """What can draw here, in the order in which ``auto`` chooses. Keys as in ``forge3d_native.AdapterInfo``.

    Raises NativeMissingError, DeviceError.
    """
    with translated():
        return [dict(info) for info in native().adapters()]


def find_adapter(adapter: str = "auto") -> dict[str, Any]:
    """The adapter that this name, key or index chooses, without making its device. Raises DeviceError."""
    with translated():
        return dict(native().find_adapter(adapter))


def preferring_software(adapter: str, prefer_software: bool) -> str:
    """``adapter``, or software where there is any, when nobody named an adapter."""
    return "prefer-software" if prefer_software and adapter in ("", "auto") else adapter


def set_log_level(level: str) -> bool:
    """Makes the native side log from ``level`` on, one of ``LOG_LEVELS``, at once.

    False where ``FORGE3D_LOG`` or ``RUST_LOG`` says what is logged: they go before. Raises SceneError.
    """
    with translated():
        return bool(native().set_log_level(level))


def listing(found: list[dict[str, Any]], *, verbose: bool = False) -> list[str]:
    """A line an adapter; ``verbose``: with its key, limits and memory below. ``auto`` marks the one that is taken when
    nobody chooses."""
    width = max((len(str(info["name"])) for info in found), default=0)
    taken = find_adapter()["key"] if found else ""
    lines = []
    for info in found:
        mark = "auto" if info["key"] == taken else ""
        line = f"{mark:4}  {info['kind']!s:10}  {info['name']!s:{width}}  {info['backend']}  {info['driver']}"
        lines.append(line.rstrip())
        if verbose:
            lines += [f"      {line}" for line in described(info)]
    return lines


def described(info: dict[str, Any]) -> list[str]:
    """Lines on one adapter, of ``adapters()``: how it is chosen, what it allows, its memory."""
    version, memory = info["api_version"], "unified" if info["unified_memory"] else "of its own"
    interface = f"Vulkan {version}" if info["backend"] == "vulkan" else str(version)
    limits = [_limit(name, value) for name, value in info["limits"].items()]
    lines = [
        f"index {info['index']}, key {info['key']}, vendor {info['vendor']:04x}, device {info['device']:04x}",
        f"{interface}, memory {memory}",
        *(f"limits: {', '.join(limits[first : first + 4])}" for first in range(0, len(limits), 4)),
    ]
    if info["heaps"] is None:
        return [*lines, f"memory heaps: {NOT_TOLD} by {info['backend']}"]
    for number, heap in enumerate(info["heaps"]):
        used, budget = (NOT_TOLD if heap[key] is None else format_bytes(heap[key]) for key in ("used", "budget"))
        size, flags = format_bytes(heap["size"]), ", ".join(heap["flags"]) or "no flags"
        lines.append(f"memory heap {number}: {size} ({flags}), used here {used}, budget {budget}")
    return lines


def _limit(name: str, value: int) -> str:
    words = name.replace("_", " ")
    return f"{words.removesuffix(' bytes')} {format_bytes(value)}" if name.endswith("_bytes") else f"{words} {value}"


def diagnostics(adapter: str = "auto", *, make_device: bool = True) -> list[str]:
    """Facts for a bug report, a line each: versions, the native part, every adapter, the budget with its reason, what
    is held. No names of files but the native part's, with the home left out, and nothing secret.

    ``make_device``: whether the device of ``adapter`` is made where there is none yet; else only what is known is told,
    and no driver is started. What cannot be found out says so in its line: it never raises.
    """
    lines = [
        f"Python {platform.python_version()}, NumPy {_version_of('numpy')}, GDAL {_version_of('osgeo.gdal')}",
        f"Platform {native_loader.platform_tag()} ({platform.platform()})",
    ]
    lines += [f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name)]
    if make_device:
        try:
            native()
        except Exception as error:  # a page of facts has no better use for any of them
            return [*lines, f"Native part: {without_home(str(error))}"]
    module = sys.modules.get(native_loader.MODULE)
    if module is None:
        return [*lines, "Native part: not in this process yet"]
    file = without_home(str(getattr(module, "__file__", "")))
    lines.append(f"Native part: {getattr(module, '__version__', 'of an unknown version')} {file}".rstrip())
    try:
        with translated():
            lines += _of_native(module, adapter, make_device)
    except Exception as error:  # likewise
        lines.append(f"Devices: {without_home(str(error))}")
    return lines


def _of_native(module: Any, adapter: str, make_device: bool) -> list[str]:
    lines = []
    validation = module.validation()
    if make_device or validation is not None:
        lines += ["Adapters:", *(f"  {line}" for line in listing(adapters(), verbose=True))]
        validation = module.validation()
    lines.append(f"Checks by the driver's interface: {validation or 'no adapter was asked for yet'}")
    if make_device:
        limits = device_limits(adapter)
        lines += [f"Device: {find_adapter(adapter)['key']}, wanted as {adapter!r}", f"Budget: {limits.reason}"]
    return [*lines, *ledger_lines(module.memory_metrics())]


def ledger_lines(metrics: dict[str, Any]) -> list[str]:
    """Lines on what the renderers hold, of ``forge3d_native.memory_metrics()``."""
    held, in_python = format_bytes(metrics["total_bytes"] - metrics["python_bytes"]), metrics["python_bytes"]
    visible, peak = format_bytes(metrics["host_visible_bytes"]), format_bytes(metrics["device_peak_bytes"])
    count = metrics["buffer_count"] + metrics["texture_count"]
    allocator = metrics["allocator_bytes"]
    driver = NOT_TOLD if allocator is None else format_bytes(allocator)
    within = "" if metrics["within_budget"] else ", beyond a budget"
    lines = [f"Held: {held} in {count} pieces, {visible} host-visible, at most {peak}; driver {driver}{within}"]
    if in_python:
        lines.append(f"  and {format_bytes(in_python)} in Python")
    return lines + [f"  {label} {format_bytes(size)}" for label, size in metrics["top"]]


def _version_of(name: str) -> str:
    try:
        return str(getattr(import_module(name), "__version__", "of an unknown version"))
    except ImportError:
        return "missing"


def without_home(text: str) -> str:
    """``text`` with ~ in place of this user's home."""
    home = str(Path.home()) if os.path.isabs(os.path.expanduser("~")) else ""
    return text.replace(home, "~") if len(home) > 1 else text


class Context:
    """One device, chosen by its index: its name, its memory, shaders by content. All contexts of a process that name
    one adapter share its device, and all share the cache of shaders.

    Use it with ``with``, or call ``cleanup`` in the end; any other call after that raises RenderError.
    """

    def __init__(
        self, device_index: int = 0, enable_validation: bool = False, *, prefer_software: bool = False
    ) -> None:
        """``device_index``: place in ``adapters()``, the best is 0. ``enable_validation``: with the checks of the
        driver's own interface; a missing layer is a warning in the log. Where an adapter was asked for before they come
        too late, which is a warning. ``prefer_software``: software where there is any, when the index is 0.

        Raises DeviceError, which names all there are, SceneError, NativeMissingError.
        """
        if isinstance(device_index, bool) or not hasattr(device_index, "__index__") or device_index < 0:
            raise scene_error("device_index", "a whole number from 0", device_index, "devices lists them with numbers")
        index = int(device_index)
        self._adapter = "prefer-software" if prefer_software and index == 0 else str(index)
        self._closed = False
        module = native()
        if enable_validation and not module.want_validation(True):
            warnings.warn(
                "enable_validation: the process uses the driver without checks already; "
                "fix: make this Context first, or set FORGE3D_VALIDATION=1",
                stacklevel=2,
            )
        known = adapters()
        if index and index >= len(known):  # the best one of none: the native side says how to get one
            names = ", ".join(f"{info['index']} {info['name']}" for info in known) or "none"
            raise DeviceError(
                f"device_index: expected one of {names}; got {device_index}; fix: choose one, or leave it out"
            )
        with translated():
            self._info = dict(module.device_info(self._adapter))

    def __enter__(self) -> Context:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cleanup()

    def _open(self) -> dict[str, Any]:
        if self._closed:
            raise RenderError("context: expected an open one; got one after cleanup; fix: make a new Context")
        return self._info

    @property
    def device_name(self) -> str:
        """Name as the driver gives it."""
        return str(self._open()["name"])

    @property
    def api_version(self) -> str:
        """Of Vulkan, such as "1.3.238"; "Direct3D 12" or "Metal" elsewhere."""
        return str(self._open()["api_version"])

    @property
    def info(self) -> dict[str, Any]:
        """All that is known of the device: ``forge3d_native.DeviceInfo``, of the moment of the call."""
        self._open()
        with translated():
            return dict(native().device_info(self._adapter))

    def get_memory_info(self) -> dict[str, Any]:
        """``heap_count``, ``heap_sizes_bytes``, ``heaps`` (with flags, and used and budget bytes where the driver
        tells), ``unified_memory``, and the renderers' own side: ``budget_bytes``, ``held_bytes``. Sizes are bytes."""
        info = self.info
        heaps = info["heaps"] or []
        with translated():
            metrics = native().memory_metrics()
        return {
            "heap_count": len(heaps),
            "heap_sizes_bytes": [heap["size"] for heap in heaps],
            "heaps": heaps,
            "unified_memory": info["unified_memory"],
            "budget_bytes": metrics["total_limit"],
            "held_bytes": metrics["total_bytes"] - metrics["python_bytes"],
        }

    def load_shader(self, source: str | bytes | Mapping[str, Any], entry_point: str = "main") -> str:
        """Checks a compute shader, SPIR-V bytes, WGSL text or a contract, and returns the id of its content: see
        ``core.shaders.load_shader``. Raises ShaderError."""
        self._open()
        return shaders.load_shader(source, entry_point)

    def is_shader_cached(self, shader_id: str) -> bool:
        """Whether a shader of this id was loaded and not cleared since."""
        self._open()
        return shaders.is_shader_cached(shader_id)

    def cache_size(self) -> int:
        """How many shaders the process holds, the renderer's own included."""
        self._open()
        return shaders.cache_size()

    def clear_cache(self) -> None:
        """Forgets all shaders. A renderer keeps what it uses."""
        self._open()
        shaders.clear_cache()

    def cleanup(self) -> None:
        """Ends the use of this object. The device is the process's and stays. Twice is fine."""
        self._closed = True

    close = cleanup
