"""The one thread that talks to the renderer.

Why a thread of our own and not a QgsTask: a view that is dragged makes a hundred pictures a minute. As tasks they would
flicker in the status bar and hold one of QGIS's few pool threads, which the map canvas needs to draw itself. Reading
and exporting, which a user may want to watch and stop, are tasks. Everything here obeys these rules:

- the newest wanted picture wins: there is one slot for it, not a queue;
- every native call returns within about 100 ms, so ending takes no longer, whatever goes on;
- no Qt object is touched here: results leave through ``deliver(kind, value)``, callable from any thread;
- nothing escapes: a failure is delivered as ``failed``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..core.budget import DeviceLimits, device_limits
from ..core.dem import Dem, ReadAhead
from ..core.devices import find_adapter
from ..core.errors import Cancelled, DeviceError, MemoryBudgetError, RenderError
from ..core.render import RenderSession, native, translated
from .device_loss import PAUSE_S, Losses, Remedy
from .refining import Refining, Wanted, let_go_of_picture

FOLLOW_S = 3.0  # how often the budget follows the free memory: asking takes a thirtieth of a millisecond


class NotTaken(Cancelled):
    """The renderer took no more of the strips, which ``failed`` or ``lost`` tell the reason of."""


@dataclass
class Frame:
    """A picture and the truth about it."""

    rgba: np.ndarray
    samples: int
    wanted: int
    milliseconds: float  # from wanting it to having it
    draft: bool
    divisor: int  # of the sides wanted, where the budget allows no larger picture
    token: int
    view: dict
    memory: dict
    device: dict


class Job(Protocol):
    def step(self, session: RenderSession) -> bool:
        """One stretch of work; True when all is done, or given up by who wanted it. Sets its scene itself: the preview
        has drawn another one. What it raises ends it, and is told to ``failed``."""

    def failed(self, error: Exception) -> None: ...

    def close(self) -> None:
        """The heights go, or the thread ends: leave nothing half-done."""


@dataclass
class _Slots:
    """What the user's side left for the worker; guarded by the condition."""

    wanted: Wanted | None = None
    dem: Dem | ReadAhead | None = None
    warm_up: bool = False
    drape: Callable[[], np.ndarray] | None = None
    drape_changed: bool = False
    picks: dict[str, tuple[float, float, int]] = field(default_factory=dict)
    job: Job | None = None
    clear: bool = False
    stop: bool = False


class RenderWorker:
    """``deliver``: called here with (kind, value). Start it, say what is wanted, stop it.

    ``budget``: bytes that the renderer may hold, None for the adapter's default. ``before_device`` is called just
    before a device is made, ``after_frame`` when a picture came or it failed in order.
    """

    def __init__(
        self,
        adapter: str,
        budget: int | None,
        deliver: Callable[[str, Any], None],
        *,
        before_device: Callable[[], None] = lambda: None,
        after_frame: Callable[[], None] = lambda: None,
    ) -> None:
        # A daemon: should a driver hang for ever, QGIS can still end.
        self._thread = threading.Thread(target=self._run, name="forge3d-render", daemon=True)
        self._adapter = adapter
        self._budget = budget
        self._deliver = deliver
        self._before_device = before_device
        self._after_frame = after_frame
        self._condition = threading.Condition()
        self._slots = _Slots()
        self._session: RenderSession | None = None
        self._dem: Dem | ReadAhead | None = None
        self._drape: Any = None
        self._loaded = False
        self._refining = Refining()
        self._losses = Losses()
        self._had_device = self._has_device = False  # ever; since the last loss
        self._taken = _Slots()  # what the step under way has not done yet
        self._device: dict = {}
        self._limits: DeviceLimits | None = None
        self._device_tried = threading.Event()
        self._followed_at = 0.0

    # the user's side: any thread, never waits -----------------------------------------------------------------------

    @property
    def rate(self) -> float:
        """Pixels a millisecond, one sample each, as measured last."""
        return self._refining.rate

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def warm_up(self) -> None:
        """Makes the device already, while heights are still being read."""
        with self._condition:
            self._slots.warm_up = True
            self._condition.notify()

    def wait_for_device(self, cancelled: Callable[[], bool]) -> DeviceLimits | None:
        """Memory and limits of the device, once it is made; None when it cannot be, or ``cancelled``. Not on the user's
        thread: a driver may take seconds to start."""
        while not self._device_tried.wait(0.05):
            if cancelled() or not self._thread.is_alive():
                return None
        return self._limits_now() if self._limits is not None else None

    def _limits_now(self) -> DeviceLimits:
        """Those of the device with the budget of now. What others hold was looked at before this one held anything."""
        return dataclasses.replace(device_limits(self._adapter), held=self._limits.held)

    def load(self, dem: Dem | ReadAhead) -> None:
        """Replaces what was loaded before, and takes the drape away. Strips are taken as they come; those of a reading
        that was cancelled meanwhile are left alone."""
        with self._condition:
            if isinstance(dem, ReadAhead) and dem.has_failed:
                return
            self._end_reading()
            self._slots.clear = False  # the new heights take the place of the old ones anyway
            self._slots.dem = dem
            self._slots.drape, self._slots.drape_changed = None, True
            self._condition.notify()

    def set_drape(self, make_rgba: Callable[[], np.ndarray] | None) -> None:
        """``make_rgba`` is called here, so that a large picture is converted off the user's thread; None removes it."""
        with self._condition:
            self._slots.drape, self._slots.drape_changed = make_rgba, True
            self._condition.notify()

    def show(self, wanted: Wanted) -> None:
        with self._condition:
            self._slots.wanted = wanted
            self._condition.notify()

    def pick(self, tag: str, x: float, y: float, token: int = 0) -> None:
        """The ground at the picture share (x, y): delivered as ``picked`` (tag, hit, token). A tag's newest wins."""
        with self._condition:
            self._slots.picks[tag] = (x, y, token)
            self._condition.notify()

    def run_job(self, job: Job) -> None:
        """Long work with the renderer, a stretch at a time; the preview is served between stretches."""
        with self._condition:
            self._slots.job = job
            self._condition.notify()

    def clear(self) -> None:
        """Lets go of heights, drape and picture."""
        with self._condition:
            self._end_reading()
            self._slots = _Slots(clear=True, stop=self._slots.stop, job=self._slots.job)
            self._condition.notify()
        self._cancel_call()

    def stop(self, timeout: float = 2.0) -> bool:
        """Ends the thread; True when it ended within ``timeout`` seconds."""
        with self._condition:
            self._end_reading()
            self._slots.stop = True
            self._condition.notify()
        self._cancel_call()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _end_reading(self) -> None:
        """Nobody takes the strips that were to come: the task that reads them ends."""
        for dem in (self._slots.dem, self._dem):
            if isinstance(dem, ReadAhead):
                dem.ended(NotTaken("other heights are wanted"))

    def _cancel_call(self) -> None:
        """Ends the native call in progress, if there is one."""
        session = self._session
        if session is not None:
            session.cancel()

    # the worker's side ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                try:
                    self._follow()
                    self._step()
                    self._taken = _Slots()
                except Cancelled:
                    continue  # by clear or stop, which stand in the slots
                except DeviceError as error:
                    self._device_lost(error)
                except Exception as error:  # noqa: BLE001 (a thread must not die of one picture)
                    self._give_up(error)
        finally:
            self._close()
            self._device_tried.set()

    def _wait_for_work(self) -> bool:
        with self._condition:
            while True:
                slots = self._slots
                if slots.stop:
                    if slots.job is not None:
                        slots.job.close()
                        slots.job = None
                    return False
                if slots.clear or slots.warm_up or slots.dem is not None or slots.drape_changed:
                    return True
                if slots.job is not None and self._loaded:
                    return True
                if self._loaded and (slots.wanted is not None or slots.picks):
                    return True
                patience = self._refining.patience() if self._loaded else None
                if patience is not None and patience <= 0:
                    return True
                rest = self._rest()
                if rest is not None and rest <= 0:
                    return True
                known = [one for one in (patience, rest) if one is not None]
                self._condition.wait(min(known) if known else None)

    def _rest(self) -> float | None:
        """Seconds until memory is looked at again; None where nothing is held, or a job is under way: it keeps the
        budget that it began with."""
        if not self._loaded or self._slots.job is not None:
            return None
        return self._followed_at + FOLLOW_S - time.monotonic()

    def _follow(self) -> None:
        """Lets the budget follow the free memory, where nobody chose it, and tells what is held."""
        rest = self._rest()
        if rest is None or rest > 0:
            return
        self._followed_at = time.monotonic()
        if self._budget is None and native().follow_free_memory():
            self._limits = self._limits_now()
        self._deliver("memory", (self._limits, self._memory()))

    def _step(self) -> None:
        with self._condition:
            slots = self._slots
            self._taken = taken = dataclasses.replace(slots)
            slots.clear, slots.dem, slots.warm_up, slots.drape, slots.drape_changed = False, None, False, None, False
            slots.picks = {}
            if self._loaded or taken.dem is not None:
                slots.wanted = None
        job = taken.job
        if job is not None and (taken.clear or taken.dem is not None):
            job.close()  # its heights go, and with them what was written of it
            self._forget(job)
            job = None
        if taken.clear:
            self._dem = self._drape = self._refining.current = None
            self._close()
        if taken.warm_up and self._session is None:
            self._session = self._make((256, 192))
        if taken.dem is not None:
            self._dem, self._drape = taken.dem, None
            self._upload()
        if taken.drape_changed:
            self._set_drape(taken.drape, at_once=job is None)
            taken.drape_changed = False
            taken.wanted = taken.wanted or self._refining.current
        if not self._loaded:
            return
        while taken.picks:
            tag, (x, y, token) = next(iter(taken.picks.items()))
            self._deliver("picked", (tag, self._pick(x, y), token))
            del taken.picks[tag]
        if taken.wanted is not None:
            self._begin(taken.wanted)
        elif job is not None and (self._refining.current is None or self._refining.was_shown):
            self._go_on_with(job)
        elif self._refining.patience() == 0.0 and self._refining.go_on(self._session):
            self._send()

    def _make(self, size: tuple[int, int]) -> RenderSession:
        self._before_device()
        try:
            self._adapter = self._adapter_that_is_here()
            # First of all the device: asked for anything else, the native part would make one of its own choice.
            self._limits = device_limits(self._adapter)
            with translated():
                self._device = dict(native().device_info(self._adapter))
            self._had_device = self._has_device = True
            session = RenderSession(size, adapter=self._adapter, memory_budget=self._budget)
        except Exception:
            self._after_frame()  # it failed in an orderly way: no crash to remember
            raise
        finally:
            self._device_tried.set()
        self._deliver("device", (self._device, self._limits))
        return session

    def _adapter_that_is_here(self) -> str:
        """The chosen adapter, or ``auto`` where it is gone, as a card that was taken out is. Software is never given
        up for a card: it was chosen, or a card has failed."""
        if self._adapter in ("auto", "software"):
            return self._adapter
        try:
            find_adapter(self._adapter)
        except DeviceError:
            self._deliver("adapter_missing", (self._adapter, str(find_adapter()["name"])))
            return "auto"
        return self._adapter

    def _upload(self) -> None:
        self._loaded = False
        self._refining.current = None
        if self._session is None:
            self._session = self._make((256, 192))
        self._session.set_drape(None)
        dem = self._dem
        self._with_room(lambda: self._session.set_dem(dem))
        self._loaded = True
        if isinstance(dem, ReadAhead):
            dem.ended(None)

    def _with_room(self, bring: Callable[[], None]) -> None:
        """``bring`` heights or a drape to the renderer; the picture goes where it takes their room, and begins anew."""
        try:
            bring()
        except MemoryBudgetError as refused:
            try:
                self._refining.is_displaced = True
                let_go_of_picture(self._session)
            except RenderError:
                raise refused from None  # there was none
            bring()

    def _set_drape(self, make_rgba: Callable[[], np.ndarray] | None, *, at_once: bool) -> None:
        """A drape that does not fit the budget leaves the relief without one, which is told, and the picture goes on.

        While a job runs the drape waits for its end, where the preview's drape is set in any case.
        """
        try:
            self._drape = make_rgba() if make_rgba is not None else None
            if self._loaded and at_once:
                self._refining.forget_refusals()  # what another drape left no room for may fit now
                self._with_room(lambda: self._session.set_drape(self._drape))
        except (Cancelled, DeviceError):
            raise
        except Exception as error:  # noqa: BLE001 (told to the dock; the relief stands without its drape)
            self._drape = None
            self._session.set_drape(None)
            self._deliver("drape_failed", error)

    def _begin(self, wanted: Wanted) -> None:
        if self._refining.begin(self._session, wanted, lambda: self._slots.wanted is not None):
            self._send()

    def _send(self) -> None:
        refining = self._refining
        try:
            image = self._session.read()
        except MemoryBudgetError:
            if not refining.coarser(self._session):
                raise
            return
        self._after_frame()
        view = self._session.view()
        view["picture_height"] = image.size[1]
        self._deliver(
            "frame",
            Frame(
                rgba=image.rgba,
                samples=refining.samples,
                wanted=refining.current.samples,
                milliseconds=refining.milliseconds(),
                draft=refining.is_draft,
                divisor=refining.divisor,
                token=refining.current.token,
                view=view,
                memory=self._memory(),
                device=self._device,
            ),
        )

    def _memory(self) -> dict:
        """The native side's metrics, with the limit of this renderer and why it is what it is."""
        metrics = dict(native().memory_metrics())
        if self._budget is None:
            return {**metrics, "total_limit": self._limits.budget, "reason": self._limits.reason}
        return {**metrics, "total_limit": self._budget, "reason": ""}

    def _pick(self, x: float, y: float) -> tuple | None:
        if self._refining.current is None or self._refining.is_displaced:
            return None  # during a job the renderer shows another picture
        width, height = self._session.size
        return self._session.pick(x * width, y * height)

    def _go_on_with(self, job: Job) -> None:
        """One stretch of a long job; afterwards the preview starts again, as its size and scene were replaced."""
        try:
            self._refining.is_displaced = True
            ended = job.step(self._session)
        except Cancelled:
            raise  # the heights go or the thread ends: the job is closed then
        except Exception as error:  # noqa: BLE001 (the job tells its own listener; the preview goes on)
            job.failed(error)
            ended = True
        if ended:
            self._end_job(job)

    def _forget(self, job: Job) -> None:
        with self._condition:
            if self._slots.job is job:
                self._slots.job = None

    def _end_job(self, job: Job) -> None:
        self._forget(job)
        if self._session is not None and self._loaded:
            self._session.set_drape(None)  # the job's, which need not lie beside the preview's
            self._with_room(lambda: self._session.set_drape(self._drape))
        if self._refining.current is not None and self._loaded:
            self._begin(self._refining.current)

    def _device_lost(self, error: Exception) -> None:
        """The device is gone: with another one all that was held is brought there and drawn again, and what the step
        under way had not done is done then. A device that is lost again and again gives way to software; where none was
        ever made, or software is lost as well, there is no picture."""
        software = self._adapter == "software" or self._device.get("kind") == "software"
        remedy = self._losses.remedy(is_software=software) if self._had_device else Remedy.NONE
        is_news, self._has_device = self._has_device, False
        self._leave_job(error)
        self._close()
        if remedy is Remedy.NONE:
            self._give_up(error)
            return
        self._wish_again()
        if remedy is Remedy.SOFTWARE:
            self._adapter = "software"
        if is_news or remedy is Remedy.SOFTWARE:
            self._deliver("lost", (error, remedy))
        else:
            with self._condition:
                self._condition.wait_for(lambda: self._slots.stop or self._slots.clear, PAUSE_S)

    def _wish_again(self) -> None:
        """Wishes for what was held and shown, where the user has not wished for something newer."""
        taken, shown = self._taken, self._refining.current
        self._taken, self._refining.current = _Slots(), None
        with self._condition:
            slots = self._slots
            if slots.clear or slots.stop:
                return
            slots.wanted = slots.wanted or taken.wanted or shown
            slots.picks = {**taken.picks, **slots.picks}
            slots.warm_up = slots.warm_up or taken.warm_up
            if not slots.drape_changed and (taken.drape_changed or self._drape is not None):
                drape = self._drape
                slots.drape = taken.drape if taken.drape_changed else lambda: drape
                slots.drape_changed = True
            slots.dem = slots.dem or self._dem

    def _leave_job(self, error: Exception) -> None:
        """What was written of it was drawn by a session that is no more: the job is told, and ends."""
        job = self._slots.job
        if job is not None:
            self._forget(job)
            job.failed(error)

    def _give_up(self, error: Exception) -> None:
        self._refining.current = None
        with self._condition:
            self._slots.wanted = None
        if isinstance(self._dem, ReadAhead) and not self._loaded:
            if self._dem.has_failed:
                return  # by who reads, who tells it
            self._dem.ended(NotTaken(str(error)))
        self._deliver("failed", error)

    def _close(self) -> None:
        session, self._session = self._session, None
        self._loaded = False
        if session is not None:
            with contextlib.suppress(Exception):  # it may be lost already: there is nothing left to save
                session.close()
