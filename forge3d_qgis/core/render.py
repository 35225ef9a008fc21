"""From a Dem and a Scene to a picture: drives forge3d_native and translates its failures. Knows no GDAL and no Qt.

numpy and the native module are imported when they are first needed, so that ``--help`` and QGIS's start stay quick.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, cast

from .. import native_loader
from .errors import (
    Cancelled,
    DemError,
    DeviceError,
    Forge3dError,
    MemoryBudgetError,
    NativeMissingError,
    RenderError,
    SceneError,
)
from .memory_tracker import band_rows, checked_budget, default_budget
from .scene import Scene

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .dem import Dem

    Rgba = npt.NDArray[np.uint8]

SLICE_MS = 50.0
"""How long a call into the native side lasts: cancel is asked, and progress told, this often."""
MAX_PICTURE_SIDE = 16384
MAX_SAMPLES = 1024

Progress = Callable[[float], object]

# By name, because the native classes exist only where the native module does.
_TRANSLATIONS: dict[str, type[Forge3dError]] = {
    "Cancelled": Cancelled,
    "DeviceError": DeviceError,
    "MemoryBudgetError": MemoryBudgetError,
    "RenderError": RenderError,
}


@contextmanager
def translated(argument_error: type[Forge3dError] = SceneError) -> Iterator[None]:
    """Turns exceptions of forge3d_native into those of ``core.errors``; their ``[Category] …`` text stays.

    ``argument_error``: what the native InputError becomes.
    """
    try:
        yield
    except Forge3dError:
        raise
    except Exception as error:
        for kind in type(error).__mro__:
            target = argument_error if kind.__name__ == "InputError" else _TRANSLATIONS.get(kind.__name__)
            if target is not None and kind.__module__.split(".")[0] in (native_loader.MODULE, "builtins"):
                raise target(str(error)) from error
        raise


def native() -> ModuleType:
    """The native module. Raises NativeMissingError."""
    try:
        return native_loader.load()
    except native_loader.NativeNotFoundError as error:
        raise NativeMissingError(str(error), needs_restart=error.needs_restart) from None


def adapters() -> list[dict[str, Any]]:
    """What can draw here, in the order in which ``auto`` chooses. Keys as in ``forge3d_native.AdapterInfo``.

    Raises NativeMissingError, DeviceError.
    """
    rank = {"discrete": 0, "integrated": 1, "virtual": 2, "other": 3, "software": 4}
    with translated():
        found = [dict(info) for info in native().adapters()]
    return sorted(found, key=lambda info: rank.get(str(info["kind"]), 3))


def adapter_budget(adapter: str = "auto") -> int:
    """The default memory budget of the adapter that this name chooses, in bytes. Raises DeviceError."""
    with translated():
        kind = str(native().device_info(adapter)["kind"])
        # The native side knows the card's memory, this side the limit of a container.
        return min(default_budget(kind), int(native().memory_metrics()["total_limit"]))


@dataclass(frozen=True, eq=False)
class Image:
    """A picture: ``rgba`` uint8 (height, width, 4), sRGB, straight alpha, row 0 on top. ``metrics``: see ``render``."""

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
    SceneError for arguments, MemoryBudgetError, DeviceError, RenderError, Cancelled. Close it, or use ``with``.
    """

    def __init__(self, size: tuple[int, int], *, adapter: str = "auto") -> None:
        """``size``: (width, height), 1..16384 each. ``adapter``: auto, hardware, software, or part of a name."""
        module = native()
        with translated():
            self._renderer = module.Renderer(size[0], size[1], adapter=adapter)

    def __enter__(self) -> RenderSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture, or of the band of it."""
        return self._renderer.width, self._renderer.height

    def resize(self, size: tuple[int, int]) -> None:
        """Changes the size, keeps heights and scene, starts again at zero samples."""
        with translated():
            self._renderer.resize(*size)

    def set_window(self, x: int, y: int, full_size: tuple[int, int]) -> None:
        """Draws the rectangle at (x, y), of this session's size, of a picture of ``full_size``."""
        with translated():
            self._renderer.set_window(x, y, *full_size)

    def set_dem(self, dem: Dem) -> None:
        """Uploads the heights; ``dem`` is not needed afterwards. DemError where they cannot be drawn."""
        with translated(argument_error=DemError):
            self._renderer.set_height_data(dem.heights, cell_to_world=dem.cell_to_world)

    def set_drape(self, rgba: Rgba | None) -> None:
        """An sRGB picture (h, w, 4), straight alpha, over the whole raster; None takes it away."""
        with translated():
            self._renderer.set_drape(rgba)

    def set_scene(self, scene: Scene) -> None:
        """Starts again at zero samples if anything changed."""
        with translated():
            self._renderer.set_scene(scene)

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
        return float(self._renderer.progress())

    def cancel(self) -> None:
        """The call in progress, or the next one, raises Cancelled."""
        self._renderer.cancel()

    def pick(self, x: float, y: float) -> tuple[float, float, float, float, float] | None:
        """(column, row, world east, world north, height in metres) under the picture position, or None."""
        with translated():
            found: tuple[float, float, float, float, float] | None = self._renderer.pick(x, y)
            return found

    def view(self) -> dict[str, Any]:
        """The camera in use, fitted values filled in; see the native ``Renderer.view``."""
        with translated():
            return dict(self._renderer.view())

    def metrics(self) -> dict[str, Any]:
        """``forge3d_native.RenderMetrics``."""
        with translated():
            return dict(self._renderer.render_metrics())

    def close(self) -> None:
        """Frees everything on the device now. Twice is fine."""
        self._renderer.close()


@dataclass(frozen=True, eq=False)
class BandStep:
    """Where a picture that is drawn band by band stands. ``share``: 0..1 of all samples of all pixels.

    ``rows``: uint8 (rows, width, 4) of a band that is finished, its first row ``top``; None between bands. ``metrics``: of
    the finished band, see ``Image``.
    """

    share: float
    top: int
    rows: Rgba | None = None
    metrics: dict[str, Any] = field(default_factory=dict)


def band_steps(
    session: RenderSession, size: tuple[int, int], *, samples: int, lines: int, slice_ms: float = SLICE_MS
) -> Iterator[BandStep]:
    """The one loop over the bands of a picture: from top to bottom, ``lines`` rows at a time, whole samples each.

    Every step takes about ``slice_ms``, so a caller may stop, tell progress or do other work between two of them; who
    draws something else with the session meanwhile must set its scene again. The session holds heights and scene.
    Raises what ``RenderSession.refine`` does.
    """
    width, height = size
    for top in range(0, height, lines):
        rows = min(lines, height - top)
        done = 0
        while done < samples:
            # At every step, not once a band: another picture may have been drawn in between.
            if session.size != (width, rows):
                session.resize((width, rows))
            if lines < height:
                session.set_window(0, top, size)
            done = session.refine(slice_ms, samples=samples)
            share = (top + rows * min(1.0, session.progress() / samples)) / height
            if done < samples:
                yield BandStep(share, top)
        image = session.read()
        yield BandStep((top + rows) / height, top, image.rgba, image.metrics)


@contextmanager
def _cancelling(session: RenderSession, stop: Callable[[], object]) -> Iterator[None]:
    """Asks ``stop`` from a thread of its own while one long call is under way, and cancels that call."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SLICE_MS / 1000):
            if stop():
                session.cancel()
                return

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
    except (TypeError, ValueError):
        pass
    expected = f"(width, height) of 1..{MAX_PICTURE_SIDE} pixels"
    raise SceneError(f"size: expected {expected}; got {size!r}; fix: give for example (1600, 1000)")


def render_bands(
    dem: Dem,
    scene: Scene | None = None,
    *,
    size: tuple[int, int] = (1600, 1000),
    samples: int = 16,
    adapter: str = "auto",
    memory_budget: int | None = None,
    drape: Rgba | None = None,
    metrics: dict[str, Any] | None = None,
    progress: Progress | None = None,
    cancel: object = None,
) -> Iterator[tuple[int, Rgba]]:
    """Yields (first row, uint8 (rows, width, 4)) from top to bottom: a picture of any size in bounded memory.

    Arguments as in ``render``. ``metrics``: filled in once the last band has been taken. Ending early frees everything.
    """
    width, height = checked_size(size)
    if isinstance(samples, bool) or not hasattr(samples, "__index__") or not 1 <= samples <= MAX_SAMPLES:
        raise SceneError(
            f"samples: expected 1..{MAX_SAMPLES}; got {samples!r}; fix: 1 is a sketch, 16 smooth, 64 for print"
        )
    if memory_budget is not None:
        memory_budget = checked_budget(memory_budget)
    asked = getattr(cancel, "is_set", cancel)
    stop = asked if callable(asked) else (lambda: False)
    report = progress or (lambda fraction: None)
    module = native()
    with translated():
        module.device_info(adapter)  # makes the device, so that limits are those of the adapter
        limits_before = module.memory_metrics()
        if memory_budget is not None:
            module.set_memory_budget(memory_budget)
    try:
        budget = memory_budget if memory_budget is not None else adapter_budget(adapter)
        lines = band_rows((width, height), budget)
        sums: dict[str, float] = dict.fromkeys(("trace_ms", "resolve_ms", "readback_ms", "submits", "bytes_down"), 0)
        longest, found = 0.0, {}
        with RenderSession((width, lines), adapter=adapter) as session:
            report(0.0)
            if stop():
                raise Cancelled("the picture was cancelled")
            with _cancelling(session, stop):
                session.set_dem(dem)
            if drape is not None:
                session.set_drape(drape)
            session.set_scene((Scene() if scene is None else scene).above(dem.datum_m))
            for step in band_steps(session, (width, height), samples=samples, lines=lines):
                report(step.share)
                if step.rows is not None:
                    found = step.metrics
                    for key in sums:
                        sums[key] += found[key]
                    longest = max(longest, found["longest_submit_ms"])
                    yield step.top, step.rows
                if step.share < 1.0 and stop():
                    raise Cancelled("the picture was cancelled")
            if metrics is not None:
                with translated():
                    memory = dict(module.memory_metrics())
                metrics.update(found, **sums, longest_submit_ms=longest, samples=samples, memory=memory)
                metrics["bands"] = -(-height // lines)
    finally:
        if memory_budget is not None:
            module.set_memory_budget(limits_before["total_limit"], limits_before["host_visible_limit"])


def render(
    dem: Dem,
    scene: Scene | None = None,
    *,
    size: tuple[int, int] = (1600, 1000),
    samples: int = 16,
    adapter: str = "auto",
    memory_budget: int | None = None,
    drape: Rgba | None = None,
    progress: Progress | None = None,
    cancel: object = None,
) -> Image:
    """Draws ``scene`` (None: the default one) of ``dem``.

    - ``size``: (width, height), 1..16384. Drawn in bands where a whole frame does not fit the budget.
    - ``samples``: rays a pixel, 1..1024: 1 is a sketch, 16 smooth, 64 for print.
    - ``adapter``: auto, hardware, software, or part of a name.
    - ``memory_budget``: bytes that the renderer may hold, None for the adapter's default.
    - ``drape``: uint8 (h, w, 4), laid over the raster.
    - ``progress``: called with 0..1. ``cancel``: an object with ``is_set()``, or a callable, true to stop; asked every
      50 ms, during the upload of the heights from another thread.

    ``metrics`` of the result: those of ``forge3d_native.RenderMetrics``, summed over the bands, with ``bands``,
    ``memory`` (``MemoryMetrics``) and ``total_ms``. Raises SceneError, DemError, MemoryBudgetError, DeviceError,
    RenderError, Cancelled, NativeMissingError.
    """
    import numpy as np

    start = time.perf_counter()
    metrics: dict[str, Any] = {}
    width, height = checked_size(size)
    rgba = None
    for top, band in render_bands(
        dem, scene, size=(width, height), samples=samples, adapter=adapter, memory_budget=memory_budget, drape=drape,
        metrics=metrics, progress=progress, cancel=cancel,
    ):  # fmt: skip
        if band.shape[0] == height:
            rgba = band  # the only band: no copy
        else:
            if rgba is None:
                rgba = np.empty((height, width, 4), dtype=np.uint8)
            rgba[top : top + band.shape[0]] = band
    metrics["total_ms"] = (time.perf_counter() - start) * 1000
    return Image(cast("Rgba", rgba), metrics)  # height ≥ 1, so there was a band
