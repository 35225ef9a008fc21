"""Typed surface of the compiled part of forge3d_qgis: the documentation of the extension module.

Angles are degrees, lengths metres, bytes bytes. World space: metres from the centre of the sample grid, x east, y north,
z up. Every call that touches the GPU releases the GIL. Every failure is an ordinary exception whose text starts with its
category in brackets: ``[Device] [Upload] [Render] [Readback] [Budget] [Input] [Shader] [Cancelled] [Internal]``.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypedDict

import numpy as np
import numpy.typing as npt

__version__: str
MAX_PICTURE_SIDE: int
"""Longest side of a picture, pixels."""
MAX_SAMPLES: int
"""Samples that a picture may hold."""

class RenderError(RuntimeError):
    """Base of ``DeviceError`` and ``Cancelled``; raised itself for upload, render, readback and internal failures."""

class DeviceError(RenderError):
    """No adapter, no device, or the device was lost."""

class Cancelled(RenderError):
    """``Renderer.cancel()`` was called while this call was in progress; the renderer stays usable."""

class InputError(ValueError):
    """An argument has the wrong shape, type or range. The text says what was expected, what came and the remedy."""

class ShaderError(InputError):
    """A shader or a surface style is wrong: ``[Shader] file:line:column: why``, the line, a caret under the place."""

class MemoryBudgetError(MemoryError):
    """A reservation would pass a limit. Nothing was allocated; the text names what, how much, limit, top users, remedy."""

class MemoryHeap(TypedDict):
    size: int  # bytes
    device_local: bool  # the adapter's own memory, or as near to it
    host_visible: bool  # the processor can map some of it
    flags: list[str]  # of the types of memory in it: "device_local", "host_visible", "host_coherent", "host_cached", …
    used: int | None  # bytes that this process has of it, where the driver tells (Vulkan's VK_EXT_memory_budget)
    budget: int | None  # bytes that this process may have of it now, likewise

class AdapterInfo(TypedDict):
    key: str  # tells it from all others, also at the next start: PCI address, else vendor:device:nth
    index: int  # in adapters()
    name: str
    backend: str  # "vulkan", "dx12", "metal"
    kind: str  # "discrete", "integrated", "virtual", "software", "other"
    driver: str
    api_version: str  # of Vulkan, as "1.3.238"; else "Direct3D 12" or "Metal"
    unified_memory: bool  # the processor sees all memory that it draws with
    vendor: int
    device: int
    limits: dict[str, int]  # what the adapter itself allows; sides in pixels, sizes in bytes
    heaps: list[MemoryHeap] | None  # where the backend tells; as they are now

class MemoryMetrics(TypedDict):
    buffer_count: int
    buffer_bytes: int
    texture_count: int
    texture_bytes: int
    host_visible_bytes: int  # buffers that the host maps
    device_local_bytes: int  # all else but the arrays in Python that were registered uncounted: those lie on no device
    python_bytes: int  # what Python registered, counted or not; the rest is what the driver's allocator must know of
    total_bytes: int
    peak_bytes: int  # highest total_bytes so far, or since reset_peak()
    device_peak_bytes: int  # the same without what Python registered
    allocation_count: int  # reservations made since the process began: unchanged by a warm frame
    host_visible_limit: int  # of the common budget, that of all renderers without one of their own
    total_limit: int  # likewise
    common_bytes: int  # held of the common budget; renderers with one of their own are not in it
    common_host_visible_bytes: int  # of that, what the host maps
    health_marks: tuple[float, float]  # shares of a limit: held beyond the first is high, beyond the second critical
    within_budget: bool  # of all budgets
    budget_policy: str  # "enforce" or "warn": see set_budget_policy
    top: list[tuple[str, int]]  # largest first, at most eight, (label, bytes)
    allocator_bytes: int | None  # the driver-side allocator's own sum, where the backend reports one
    allocator_reserved_bytes: int | None  # the blocks that it took from the driver for these, likewise

class MemoryEstimate(TypedDict):
    items: list[tuple[str, int]]  # what for, bytes
    total_bytes: int
    host_visible_bytes: int
    largest_binding_bytes: int  # an adapter must allow a storage binding of this size
    largest_texture_side: int

class DeviceInfo(AdapterInfo):
    max_texture_side: int
    max_buffer_bytes: int  # the longest storage binding
    default_budget: int  # bytes that renderers may hold when nobody chose: see forge3d_qgis.core.budget.device_limits
    default_host_visible: int
    free_memory: int  # of the system for this process now, its container's limit regarded, with what renderers hold of it
    device_memory: int | None  # the card's own, where it has any and its driver tells

class ShadingModel(TypedDict):
    name: str
    aliases: list[str]  # names of earlier versions
    summary: str  # for people who choose
    is_display: bool  # writes display values, not linear light
    uses_colors: bool  # ramp and drape
    uses_shadows: bool
    uses_sun_size: bool
    uses_sky: bool

class RenderMetrics(TypedDict):
    upload_ms: float  # heights to the GPU, of the last set_height_data, without waiting for the strips of a stream
    pyramid_ms: float  # maximum pyramid, likewise
    compile_ms: float  # shaders and pipelines, once a process and adapter
    encode_ms: float  # the processor's work for the GPU's: scene to bytes, commands, submits; since the picture was last reset
    gpu_ms: float | None  # the GPU's own, of rays and light to bytes, by its clock, as far as pictures were read; None without one
    trace_ms: float  # rays, summed since the picture was last reset
    resolve_ms: float  # light to sRGB bytes and their copy, last read_rgba; 0 where that was part of the last traced submit
    readback_ms: float  # bytes to the CPU after that, last read_rgba
    longest_submit_ms: float  # longest wait for one submit since the picture was last reset
    submits: int
    bytes_up: int
    bytes_down: int
    samples: int  # whole samples accumulated by every pixel
    peak_bytes: int  # MemoryMetrics.device_peak_bytes
    adapter: str

class CopyStep(TypedDict):
    pointer: int  # address of the array's first byte: of the one that came in, or of the one that went out
    bytes: int  # of the array
    borrowed: bool  # read, or shown, where it lies
    copied_bytes: int  # written beside it in the processor's memory: conversion, or a picture that is a copy; 0 where borrowed
    copied_ms: float
    transfer_ms: float  # from there to the GPU's memory or back, a picture's after the GPU's own work

class CopyReport(TypedDict):
    heights: CopyStep | None  # of the last set_height_data; None where strips came
    drape: CopyStep | None  # of the last set_drape
    picture: CopyStep | None  # of the last picture

class HeightStream(Protocol):
    """Heights that come strip by strip. ``shape``: (rows, cols) of all.

    ``height_base``, which may be missing: a whole number within ±8 000 000, if every height is a whole number of metres
    from ``height_base + 1`` to ``height_base + 65535``, or void. They are then held as 16-bit numbers, in half the bytes,
    and draw the same pictures. None: as floats. Another height is an InputError.
    """

    shape: tuple[int, int]
    height_base: int | None
    def strips(self) -> Iterable[npt.NDArray[Any]]:
        """Arrays (any number of rows, cols) as ``set_height_data`` takes them, from the top."""

class Renderer:
    """A picture of ``width`` × ``height`` pixels of one heightfield. May be used from any one thread at a time."""

    def __init__(self, width: int, height: int, *, adapter: str = "auto", memory_budget: int | None = None) -> None:
        """``adapter``: ``auto`` (discrete, integrated, software, in this order), ``hardware``, ``software``, ``prefer-software``
        (software where there is any, else as auto), the key or the index of an adapter, or part of its name. ``auto`` is
        ``prefer-software`` where ``FORGE3D_PREFER_SOFTWARE=1`` stands in the environment.
        ``memory_budget``: bytes that this renderer may hold, its own; None: a share of the common budget.

        Raises DeviceError, InputError (sizes outside 1..16384), MemoryBudgetError.
        """
    width: int
    height: int
    def resize(self, width: int, height: int) -> None:
        """Changes the picture's size, keeps heights and scene, starts again at zero samples, also where the size is the same.
        It is a crop of a larger picture no more."""
    def set_crop(self, x: int, y: int, full_width: int, full_height: int) -> None:
        """Makes the picture the rectangle at (x, y), of this renderer's size, of a larger picture: for export in strips of rows.
        Its pixels are, byte for byte, those of the larger picture drawn at once."""
    def set_window(self, x: int, y: int, full_width: int, full_height: int) -> None:
        """The name that ``set_crop`` had before."""
    def set_height_data(
        self,
        heights: npt.NDArray[Any] | HeightStream,
        *,
        cell_to_world: tuple[float, float, float, float] | Callable[[], tuple[float, float, float, float]] = ...,
    ) -> None:
        """Uploads ``heights``, (rows, cols), metres, NaN or ±inf = void; at least 2×2 and one whole cell.

        ``cell_to_world = (xc, xr, yc, yr)``: one column to the right moves (xc, yc) metres (east, north), one row down
        (xr, yr). North-up: ``(dx, 0, 0, -dy)``, the default with dx = dy = 1. C-contiguous float32 is borrowed; other
        real dtypes and memory orders are converted strip by strip; masked cells of a masked array are void. Raises
        InputError (among others for finite numbers beyond float32, and for cells smaller than one float32 step of their
        heights), MemoryBudgetError, Cancelled.

        A stream gives its rows strip by strip, after the memory for all of them was reserved; what it raises comes out
        unchanged, and the interpreter is held only while it is asked. ``cell_to_world`` may be a function, which is called
        once the last row has come. An upload that ends early leaves the renderer without heights, or with the old ones.
        """
    def share_heights(self, other: Renderer) -> None:
        """Takes the heights that ``other`` holds. The process holds them once, until both have let go of them; each counts
        them in its own budget. Raises RenderError (no heights), InputError (another device), MemoryBudgetError."""
    def set_drape(self, rgba: npt.NDArray[np.uint8] | None) -> None:
        """An sRGB picture (h, w, 4), straight alpha, laid over the heights: its outer pixel edges on the outer edges
        of the raster's pixels, row 0 along row 0. It covers the ramp's colours by its alpha. None takes it away."""
    def set_scene(self, scene: Any) -> None:
        """Reads the attributes of ``forge3d_qgis.core.scene.Scene``; starts again at zero samples if anything changed.
        Raises InputError, ShaderError (its surface style is wrong: the scene before it stays)."""
    def refine(self, milliseconds: float = 50.0, *, samples: int = 1024) -> int:
        """Traces for about ``milliseconds`` (at least one submit of at most 100 ms) or until every pixel holds ``samples``
        samples; returns the number of whole samples. Raises Cancelled, RenderError."""
    def read_rgba(self) -> npt.NDArray[np.uint8]:
        """The picture so far, (height, width, 4) uint8, sRGB, straight alpha, row 0 on top.

        The array lies where the GPU copied the bytes, which stay counted until it is dropped, also after ``close``. Two of a
        renderer's pictures may lie there at a time; while both are held, or the budget has no room, the next is a copy. It
        is read-only, as are all pictures: copy it to write into it.
        """
    def render_terrain_rgba(self, samples: int = 1) -> npt.NDArray[np.uint8]:
        """``refine`` to ``samples`` samples from zero, then ``read_rgba``; the last rows and the picture in one submit."""
    def reserve_pictures(self, count: int, *, pre_allocate: bool = True) -> int:
        """Lets ``count`` pictures, 1..64, lie in read-back buffers at a time, on their way or in their owners' hands; two
        without this. ``pre_allocate``: makes the buffers now. Returns how many there may be: fewer, down to none, where
        the budget has no room. Raises InputError, MemoryBudgetError (no room for the picture itself)."""
    def want_picture(self, scene: Any, samples: int = 1) -> None:
        """Wants a picture of ``scene``, from zero samples, after those wanted already; does not wait for it. Its bytes are
        those of ``set_scene(scene)`` and ``render_terrain_rgba(samples)``. Whatever else is drawn meanwhile leaves it as it
        is, but sets this renderer's scene. Raises InputError; failures of the drawing come with the picture."""
    def next_picture(self) -> npt.NDArray[np.uint8] | None:
        """The next of the wanted pictures, in order, once it is there; None when there are no more. ``render_metrics``
        then tells of this picture.

        Half of the pictures of ``reserve_pictures`` may be held where the GPU copied them; while as many are, the next is
        a copy, so that the rest goes on. Raises Cancelled, DeviceError, RenderError, MemoryBudgetError, after which
        ``forget_pictures`` is to be called."""
    def forget_pictures(self) -> None:
        """Wants no more pictures; those on their way go nowhere. Frees what ``reserve_pictures`` made."""
    def copy_report(self) -> CopyReport:
        """Which arrays were read and shown where they lie, and which were copied."""
    def progress(self) -> float:
        """Pixels traced so far in units of whole pictures (2.5: two and a half samples). Any thread, never waits."""
    def cancel(self) -> None:
        """Any thread: the call in progress raises Cancelled before its next submit. Without one it does nothing."""
    def pick(self, x: float, y: float) -> tuple[float, float, float, float, float] | None:
        """(column, row, world x, world y, height) where the ray of picture position (x, y), in pixels from the left top
        corner, meets the surface, or None. The height is in metres without exaggeration."""
    def cast_rays(self, rays: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(n, 6) world origins and directions → (n, 4): distance along the direction in units of its length (-1 for none),
        column, row, 1 for surface or 2 for wall. Exaggeration as in the scene. For tests and tools."""
    def view(self) -> dict[str, Any]:
        """The camera in use, fitted values filled in (the fit is to the rectangle that holds all heights; an eye inside the
        ground is lifted out of it): ``eye``, ``target`` (world, exaggerated z), ``distance``,
        ``resolution`` (metres a pixel at the target), ``forward``, ``right``, ``up``, ``heading``, ``pitch``."""
    def render_metrics(self) -> RenderMetrics: ...
    def uniform_lanes(self) -> npt.NDArray[np.float32]:
        """The 44 floats the shaders get: 0–15 view and 16–31 projection, row-major (``lanes[:16].reshape(4, 4) @ world``),
        clip z in 0..1; 32–34 direction to the sun in world, 35 exposure; 36 spacing (m), 37 height range (m),
        38 exaggeration, 39 zero; 40–43 zero."""
    def read_full_height_texture(self) -> npt.NDArray[np.float32]:
        """(rows, cols) heights as uploaded, NaN where void; zeros (height, width) without heights."""
    def debug_read_height_patch(self, row: int, col: int, rows: int, cols: int) -> npt.NDArray[np.float32]:
        """The same for a rectangle. Outside the raster: InputError. Without heights: zeros (rows, cols)."""
    def close(self) -> None:
        """Frees everything now; later calls raise RenderError. Twice is fine."""
    def cleanup(self) -> None:
        """Another name for ``close``."""

class Reservation:
    """Bytes that Python holds, counted until ``release``, the end of a ``with`` block, or until it is dropped."""

    bytes: int
    """0 once released."""
    def release(self) -> None:
        """Takes them out of the ledger; twice is fine."""
    def __enter__(self) -> Reservation: ...
    def __exit__(self, *_error: object) -> None: ...

def adapters() -> list[AdapterInfo]:
    """All adapters, best first."""
def find_adapter(adapter: str = "auto") -> AdapterInfo:
    """The adapter that ``adapter`` chooses, see ``Renderer``; makes no device. Raises DeviceError, which names all there are."""
def device_info(adapter: str = "auto") -> DeviceInfo:
    """The adapter in use (made on the first call)."""
def want_validation(wanted: bool) -> bool:
    """Wishes for the checks of the driver's own interface (Vulkan's validation layer, Direct3D's debug layer), which are
    logged, or takes the wish back. False where that comes too late: the first call that asks for an adapter decides for the
    process. ``FORGE3D_VALIDATION=1`` in the environment wishes, too. A layer that is missing is a warning in the log."""
def validation() -> str | None:
    """What became of it: "off", "on", or that the layer is missing; None before an adapter was asked for."""

def shading_models() -> list[ShadingModel]:
    """The table of shading models, the default first."""

def memory_metrics() -> MemoryMetrics:
    """The process's ledger: what all renderers on all devices hold."""
def memory_estimate(
    grid: tuple[int, int] | None = None,
    picture: tuple[int, int] | None = None,
    drape: tuple[int, int] | None = None,
    *,
    height_bits: int = 32,
) -> MemoryEstimate:
    """What heights (columns, rows), held as 32-bit floats or 16-bit numbers, a picture drawn at once and a drape (width, height) will take, by the functions that size
    the allocations, in a renderer that holds all of them. Makes nothing, not even a device."""
def set_memory_budget(total: int | None = None, host_visible: int | None = None, *, adapter: str = "auto") -> None:
    """Limits in bytes of the budget that renderers without one of their own share; None = the default of the adapter in use.
    What is already held stays. Makes the device of ``adapter`` if none was made yet: the defaults are its.
    """

def load_shader(
    source: str | bytes,
    entry_point: str = "main",
    stage: str = "compute",
    *,
    constants: list[tuple[str, float]] = ...,
    name: str = "shader",
) -> str:
    """Checks WGSL text or SPIR-V bytes, without a device, and returns the SHA-256 of content, entry point, stage (compute,
    vertex, fragment) and constants in hexadecimal digits. Equal ones are checked once a process. ``constants``: values of
    its override constants. ``name``: what errors call it. Raises ShaderError, InputError."""

def is_shader_cached(shader_id: str) -> bool: ...
def shader_cache_size() -> int:
    """Shaders at hand, those of the renderer included."""

def clear_shader_cache() -> None:
    """Forgets all shaders and the pipelines of the device in use; renderers keep what they use."""

def check_surface_style(style: Any) -> None:
    """Reads the attributes ``name``, ``source``, ``values`` ((name, value), …) and ``height_offset`` (metres) of a
    ``forge3d_qgis.core.surface_styles.SurfaceStyle`` and makes its program, without a device. Raises ShaderError."""
def follow_free_memory() -> bool:
    """Lets the default budget follow what the system has free now (33 µs); whether it moved. It falls when that asks for an
    eighth less, rises when it allows a quarter more, and is 128 MiB at least. What renderers hold counts as free. A budget
    that was chosen never moves. ``device_info`` does the same."""
def _assume_free_memory(bytes: int | None) -> None:
    """For tests: what is taken for the free memory of the system from now on, None for the truth."""
def reserve(label: str, bytes: int, *, kind: str = "buffer", counted: bool = True) -> Reservation:
    """Enters bytes that Python holds into the ledger, under ``label`` (80 letters of it).

    ``kind``: ``buffer``, ``host_visible`` (a buffer that the host maps) or ``texture``. ``counted``: against the common
    budget, and refused where it would pass a limit; else in the ledger alone, as for an array that belongs to a caller.
    Raises MemoryBudgetError, InputError.
    """
def texture_bytes(width: int, height: int, format: str, mips: int = 1, layers: int = 1, samples: int = 1) -> int:
    """Bytes of a 2D texture, whole blocks of each level (at least one pixel a side) by wgpu's description of the format.

    ``format``: a name of the WebGPU specification, as ``rgba8unorm-srgb``, ``bc1-rgba-unorm``, ``astc-4x4-unorm``. Where it
    leaves the size open it is what drivers commonly take: depth24plus and depth24plus-stencil8 4 bytes a pixel,
    depth32float-stencil8 8. Raises InputError: no such format, mips beyond the last level, samples other than 1 or 4, several
    samples of a compressed format, of mips or of layers.
    """
def reset_peak() -> None:
    """The peaks of memory_metrics begin anew at what is held now."""
def check_budget(bytes: int) -> None:
    """Raises MemoryBudgetError where so many bytes more would pass the common budget, whatever the policy. Before an adapter
    is in use, its budget is taken for that of one that shares the system's memory."""
def set_budget_policy(policy: str) -> None:
    """``enforce``, from the start: a reservation beyond a limit of any budget is refused. ``warn``: it is made, memory_metrics
    says ``within_budget`` False, and a log record tells that a limit was passed."""

def drain_log() -> list[tuple[str, str, str]]:
    """(level, target, text) records since the last call, oldest first, at most 1000 kept."""
def set_log_level(level: str) -> bool:
    """Keeps the renderer's records from ``level`` on ("off", "error", "warn", "info", "debug", "trace"), at once. False where
    ``FORGE3D_LOG`` or ``RUST_LOG`` says what is kept: they go before. Raises InputError."""
