"""From a Dem and a Scene to a picture: drives forge3d_native and translates its failures. Knows no GDAL and no Qt.

numpy and the native module are imported when they are first needed, so that ``--help`` and QGIS's start stay quick.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .budget import MAX_SIDE, checked_adapter, checked_budget, device_limits, strip_rows
from .checks import scene_error
from .devices import preferring_software
from .errors import Cancelled, DemError, MemoryBudgetError
from .forecast import Forecast, forecast
from .native import native, translated
from .resource_tracker import in_ledger
from .scene import Scene

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .dem import Dem, DemStream, HeightStream

    Rgba = npt.NDArray[np.uint8]

SLICE_MS = 50.0
"""How long a call into the native side lasts: cancel is asked, and progress told, this often."""
MAX_PICTURE_SIDE = MAX_SIDE
MAX_SAMPLES = 1024

Progress = Callable[[float], object]


@dataclass(frozen=True, eq=False)
class Image:
    """A picture: ``rgba`` uint8 (height, width, 4), sRGB, straight alpha, row 0 on top. ``metrics``: see ``render``.

    A session's ``rgba`` lies where the GPU put it, and is read-only: copy it to write into it. ``render``'s is its own.
    """

    rgba: Rgba
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.rgba.shape[1], self.rgba.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        import numpy as np

        if copy:
            return np.array(self.rgba, dtype=dtype)
        return np.asarray(self.rgba, dtype=dtype)


class RenderSession:
    """One native Renderer: heights are uploaded once, then any number of scenes and sizes are drawn.

    For one thread at a time; ``cancel`` and ``progress`` from any. Every method raises the kinds of ``core.errors``:
    SceneError for arguments, DemError for a DEM, MemoryBudgetError, DeviceError, RenderError, Cancelled. Close it, or
    use ``with``.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        adapter: str = "auto",
        memory_budget: int | None = None,
        prefer_software: bool = False,
    ) -> None:
        """``size``: (width, height), 1..16384 each. ``adapter``: auto, hardware, software, a key, an index, or part of
        a name. ``prefer_software``: auto takes software where there is any.

        ``memory_budget``: bytes that this session may hold, its own; None: it shares the common budget of all sessions
        without one.
        """
        width, height = checked_size(size)
        adapter = preferring_software(checked_adapter(adapter), prefer_software)
        budget = None if memory_budget is None else checked_budget(memory_budget)
        module = native()
        with translated():
            self._renderer = module.Renderer(width, height, adapter=adapter, memory_budget=budget)
        self._datum_m = 0.0
        self.pictures = 0
        """How many pictures were begun: tells whether somebody else drew in between."""

    def __enter__(self) -> RenderSession:
        self.size  # noqa: B018 (RenderError where it is closed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture, or of the strip of it."""
        with translated():
            return self._renderer.width, self._renderer.height

    def resize(self, size: tuple[int, int]) -> None:
        """Changes the size, keeps heights and scene, starts again at zero samples, also where the size is the same."""
        width, height = checked_size(size)
        with translated():
            self._renderer.resize(width, height)
        self.pictures += 1

    def set_crop(self, x: int, y: int, full_size: tuple[int, int]) -> None:
        """Draws the rectangle at (x, y), of this session's size, of a picture of ``full_size``."""
        full_width, full_height = checked_size(full_size)
        with translated():
            self._renderer.set_crop(x, y, full_width, full_height)
        self.pictures += 1

    set_window = set_crop  # its name before

    def set_dem(self, dem: Dem | HeightStream) -> None:
        """Uploads the heights; ``dem`` is not needed afterwards. DemError where they cannot be drawn.

        A stream is taken strip by strip; what it raises comes out unchanged. ``HeightStream.ended`` is left to the
        caller, who may try once more.
        """
        from .dem import BeginAgain

        dem = _checked_dem(dem)
        has_all = False
        while not has_all:
            with suppress(BeginAgain), translated(argument_error=DemError):
                self._renderer.set_height_data(getattr(dem, "heights", dem), cell_to_world=dem.cell_to_world)
                has_all = True
        self._datum_m = dem.datum_m

    def share_heights(self, other: RenderSession) -> None:
        """Takes the heights that ``other`` holds. They are held once, until both have let go of them."""
        if not isinstance(other, RenderSession):
            raise scene_error("other", "a RenderSession", other, "give the session that holds the heights")
        with translated():
            self._renderer.share_heights(other._renderer)
        self._datum_m = other._datum_m

    def set_drape(self, rgba: Rgba | None) -> None:
        """An sRGB picture (h, w, 4), straight alpha, over the whole raster; None takes it away."""
        with translated():
            self._renderer.set_drape(rgba)

    def set_scene(self, scene: Scene) -> None:
        """Starts again at zero samples if anything changed. Heights of the ramp are true ones, the datum included."""
        native_scene = self._native_scene(scene)
        with translated():
            self._renderer.set_scene(native_scene)

    def _native_scene(self, scene: object) -> Scene:
        """For the heights as the renderer holds them."""
        return _without_datum(_checked_scene(scene), self._datum_m)

    def refine(self, milliseconds: float = SLICE_MS, *, samples: int = 1024) -> int:
        """Traces for about that long or until every pixel has ``samples``; returns the number of whole samples."""
        with translated():
            return int(self._renderer.refine(milliseconds, samples=samples))

    def read(self) -> Image:
        """The picture so far."""
        with translated():
            rgba = self._renderer.read_rgba()
            return Image(rgba, self.metrics())

    def progress(self) -> float:
        """Pixels traced so far in units of whole pictures."""
        self.size  # noqa: B018 (RenderError where it is closed)
        return float(self._renderer.progress())

    def cancel(self) -> None:
        """The call in progress raises Cancelled; without one this does nothing."""
        self._renderer.cancel()

    def pick(self, x: float, y: float) -> tuple[float, float, float, float, float] | None:
        """(column, row, world east, world north, height in metres) under the picture position, or None."""
        with translated():
            found: tuple[float, float, float, float, float] | None = self._renderer.pick(x, y)
        return None if found is None else (*found[:4], found[4] + self._datum_m)

    def view(self) -> dict[str, Any]:
        """The camera in use, fitted values filled in; see the native ``Renderer.view``."""
        with translated():
            return dict(self._renderer.view())

    def metrics(self) -> dict[str, Any]:
        """``forge3d_native.RenderMetrics``."""
        with translated():
            return dict(self._renderer.render_metrics())

    def copy_report(self) -> dict[str, Any]:
        """Which arrays were read and shown where they lie, and which copied: ``forge3d_native.CopyReport``."""
        with translated():
            return dict(self._renderer.copy_report())

    def close(self) -> None:
        """Frees everything on the device now; later calls raise RenderError. Twice is fine."""
        self._renderer.close()

    cleanup = close


@dataclass(frozen=True, eq=False)
class StripStep:
    """Where a picture that is drawn strip by strip stands. ``share``: 0..1 of all samples of all pixels.

    ``rows``: uint8 (rows, width, 4) of a strip that is finished, its first row ``top``; None between strips.
    ``metrics``: of the finished strip, see ``Image``.
    """

    share: float
    top: int
    rows: Rgba | None = None
    metrics: dict[str, Any] = field(default_factory=dict)


def strip_steps(
    session: RenderSession, size: tuple[int, int], *, samples: int, lines: int, slice_ms: float = SLICE_MS
) -> Iterator[StripStep]:
    """The one loop over the strips of a picture: from top to bottom, ``lines`` rows at a time, whole samples each.

    Where the driver has no room for so many rows the next strips are half as high: the bytes are the same.
    Every step takes about ``slice_ms``, so a caller may stop, tell progress or do other work between two of them; who
    draws something else with the session meanwhile must set its scene again. The session holds heights and scene.
    Raises what ``RenderSession.refine`` does.
    """
    width, height = size

    def begin(top: int, rows: int) -> int:
        """Zero samples of this strip, whatever the session drew before."""
        session.resize((width, rows))
        if lines < height:
            session.set_crop(0, top, size)
        return session.pictures

    top = 0
    while top < height:
        rows = min(lines, height - top)
        begun, done = begin(top, rows), 0
        try:
            while done < samples:
                if session.pictures != begun:  # another one was drawn in between
                    begun = begin(top, rows)
                done = session.refine(slice_ms, samples=samples)
                share = (top + rows * min(1.0, session.progress() / samples)) / height
                if done < samples:
                    yield StripStep(share, top)
            image = session.read()
        except MemoryBudgetError:
            if rows == 1:
                raise
            lines = (rows + 1) // 2
            continue
        yield StripStep((top + rows) / height, top, image.rgba, image.metrics)
        top += rows


def _without_datum(scene: Scene, datum_m: float) -> Scene:
    """``scene`` for heights that a datum was taken out of."""
    ramp = scene.color_ramp
    if datum_m != 0.0 and scene.surface is not None:
        scene = replace(scene, surface=replace(scene.surface, height_offset=datum_m))
    if datum_m == 0.0 or ramp.relative:
        return scene
    stops = tuple((value - datum_m, color) for value, color in ramp.stops)
    return replace(scene, color_ramp=replace(ramp, stops=stops))


@contextmanager
def _cancelling(session: RenderSession, stop: Callable[[], object]) -> Iterator[None]:
    """Asks ``stop`` from a thread of its own while one long call is under way, and cancels that call."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SLICE_MS / 1000):
            if stop():
                session.cancel()  # again and again: it concerns the call in progress, and that may just be beginning

    watcher = threading.Thread(target=watch, name="forge3d-cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """``size`` as two ints in 1..16384. Raises SceneError."""
    try:
        width, height = size
        if int(width) == width and int(height) == height and min(size) >= 1 and max(size) <= MAX_PICTURE_SIDE:
            return int(width), int(height)
    except (TypeError, ValueError, OverflowError):
        pass
    expected = f"(width, height) of 1..{MAX_PICTURE_SIDE} pixels"
    raise scene_error("size", expected, size, "give for example (1600, 1000)")


def _checked_scene(scene: object) -> Scene:
    if not isinstance(scene, Scene):
        raise scene_error("scene", "a Scene", scene, "make one with Scene(…), or read one with Scene.from_json")
    return scene


def _checked_dem(dem: object) -> Dem | HeightStream:
    from .dem import Dem, HeightStream

    if not isinstance(dem, (Dem, HeightStream)):
        got = type(dem).__name__
        raise DemError(f"dem: expected a Dem; got {got}; fix: read one with read_dem, or make one with Dem.from_array")
    return dem


def render_strips(
    dem: Dem | DemStream,
    scene: Scene | None = None,
    *,
    size: tuple[int, int] = (1600, 1000),
    samples: int = 16,
    adapter: str = "auto",
    memory_budget: int | None = None,
    prefer_software: bool = False,
    drape: Rgba | None = None,
    metrics: dict[str, Any] | None = None,
    progress: Progress | None = None,
    cancel: object = None,
    told: Callable[[Forecast], object] | None = None,
    encode: Callable[[Rgba], object] | None = None,
) -> Iterator[tuple[int, Rgba]]:
    """Yields (first row, uint8 (rows, width, 4)) from top to bottom: a picture of any size in bounded memory.

    Arguments as in ``render``. ``metrics``: filled in once the last strip has been taken. ``told``: called
    before the first strip with what the picture will take, for which about 2 % of it are traced; ``encode``: what is
    done with the rows of a strip, to be timed for that. Ending early frees everything. A stream is read by a thread of
    its own while its strips are uploaded.
    """
    from .dem import DemStream, ReadAhead

    width, height = checked_size(size)
    if isinstance(samples, bool) or not hasattr(samples, "__index__") or not 1 <= samples <= MAX_SAMPLES:
        raise scene_error("samples", f"1..{MAX_SAMPLES}", samples, "1 is a sketch, 16 smooth, 64 for print")
    _checked_dem(dem)
    scene = _checked_scene(Scene() if scene is None else scene)
    adapter = preferring_software(checked_adapter(adapter), prefer_software)
    if progress is not None and not callable(progress):
        raise scene_error("progress", "a function of 0..1", progress, "give one, or None")
    if drape is not None:
        shape: tuple[int, ...] = getattr(drape, "shape", ())
        if len(shape) != 3 or shape[2] != 4 or 0 in shape:
            got = f"{type(drape).__name__} of shape {shape}"
            raise scene_error("drape", "uint8 (h, w, 4)", got, "give a picture as an array, or None")
    if memory_budget is not None:
        memory_budget = checked_budget(memory_budget)
    asked = getattr(cancel, "is_set", cancel)
    stop = asked if callable(asked) else (lambda: False)
    report = progress or (lambda fraction: None)
    module = native()
    limits = device_limits(adapter)
    budget = memory_budget if memory_budget is not None else limits.left
    drape_size = None if drape is None else (drape.shape[1], drape.shape[0])

    def bits_and_lines() -> tuple[int, int]:
        """Of a height as the stream holds it, and rows of the picture that are drawn at a time beside them."""
        bits = 16 if getattr(dem, "height_base", None) is not None else 32
        return bits, strip_rows((width, height), budget, dem_size=dem.size, drape_size=drape_size, height_bits=bits)

    summed = ("encode_ms", "trace_ms", "resolve_ms", "readback_ms", "submits", "bytes_down")
    sums: dict[str, float] = dict.fromkeys(summed, 0)
    gpu_ms: float | None = None
    longest, found, bands = 0.0, {}, 0
    with RenderSession((width, bits_and_lines()[1]), adapter=adapter, memory_budget=memory_budget) as session:
        report(0.0)

        def check() -> None:
            if stop():
                raise Cancelled("the picture was cancelled")

        check()
        begun = time.perf_counter()
        with ExitStack() as stack:
            heights = stack.enter_context(ReadAhead.of(dem, check)) if isinstance(dem, DemStream) else dem
            stack.enter_context(_cancelling(session, stop))
            session.set_dem(heights)
        heights_ms = (time.perf_counter() - begun) * 1000
        bits, lines = bits_and_lines()  # a stream may have gone over to 32 bits, and to another size, on the way
        if drape is not None:
            session.set_drape(drape)
        session.set_scene(scene)
        if told is not None:
            with _cancelling(session, stop):
                told(
                    forecast(
                        session, (width, height), samples=samples, lines=lines, dem_size=dem.size,
                        drape_size=drape_size, budget=budget, encode=encode, height_bits=bits,
                    )
                )  # fmt: skip
        for step in strip_steps(session, (width, height), samples=samples, lines=lines):
            report(step.share)
            if step.rows is not None:
                bands += 1
                found = step.metrics
                for key in sums:
                    sums[key] += found[key]
                longest = max(longest, found["longest_submit_ms"])
                if found["gpu_ms"] is not None:  # None: an adapter without a clock
                    gpu_ms = (gpu_ms or 0.0) + found["gpu_ms"]
                yield step.top, step.rows
            if step.share < 1.0 and stop():
                raise Cancelled("the picture was cancelled")
        if metrics is not None:
            with translated():
                memory = dict(module.memory_metrics())
            metrics.update(found, **sums, gpu_ms=gpu_ms, longest_submit_ms=longest, samples=samples, memory=memory)
            metrics["bands"], metrics["heights_ms"] = bands, heights_ms


render_bands = render_strips
"""The name it had before bands were of rasters only."""


def render(
    dem: Dem | DemStream,
    scene: Scene | None = None,
    *,
    size: tuple[int, int] = (1600, 1000),
    samples: int = 16,
    adapter: str = "auto",
    memory_budget: int | None = None,
    prefer_software: bool = False,
    drape: Rgba | None = None,
    progress: Progress | None = None,
    cancel: object = None,
) -> Image:
    """Draws ``scene`` (None: the default one) of ``dem``.

    - ``dem``: from ``read_dem``, or a stream from ``open_dem``, which leaves no array in Python.
    - ``size``: (width, height), 1..16384. Drawn in strips where a whole frame does not fit the budget.
    - ``samples``: rays a pixel, 1..1024: 1 is a sketch, 16 smooth, 64 for print.
    - ``adapter``: auto, hardware, software, a key, an index, or part of a name. ``prefer_software``: auto takes
      software where there is any.
    - ``memory_budget``: bytes that the renderer may hold, None for the adapter's default.
    - ``drape``: uint8 (h, w, 4), laid over the raster.
    - ``progress``: called with 0..1. ``cancel``: an object with ``is_set()``, or a callable, true to stop; asked every
      50 ms, during the upload of the heights from another thread.

    ``metrics`` of the result: those of ``forge3d_native.RenderMetrics``, summed over the strips, with ``bands``,
    ``memory`` (``MemoryMetrics``), ``heights_ms`` (until the renderer has them, the reading of a stream included) and
    ``total_ms``. Raises SceneError, DemError, MemoryBudgetError, DeviceError,
    RenderError, Cancelled, NativeMissingError.
    """
    import numpy as np

    start = time.perf_counter()
    metrics: dict[str, Any] = {}
    width, height = checked_size(size)
    rgba = in_ledger(np.empty((height, width, 4), dtype=np.uint8), "picture in Python")
    for top, strip in render_strips(
        dem, scene, size=(width, height), samples=samples, adapter=adapter, memory_budget=memory_budget,
        prefer_software=prefer_software, drape=drape, metrics=metrics, progress=progress, cancel=cancel,
    ):  # fmt: skip
        # Copied, also where it is the only one: a strip may lie in memory that counts against the budget.
        rgba[top : top + strip.shape[0]] = strip
    metrics["total_ms"] = (time.perf_counter() - start) * 1000
    return Image(rgba, metrics)
