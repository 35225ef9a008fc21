"""The native part in QGIS: loaded, watched for crashes, run by a worker thread, its log and its facts. No widgets."""

from __future__ import annotations

import enum
import sys
from dataclasses import dataclass
from typing import Any

from qgis.core import Qgis, QgsMessageLog
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from .. import __version__, native_loader
from ..core import devices
from ..core.budget import DeviceLimits
from ..core.errors import DeviceError
from ..core.native import drained_log, native
from ..text import tr
from . import preferences, sentinel
from .device_loss import Remedy
from .worker import Frame, RenderWorker

LOG_TAG = "Forge3D"
STOP_S = 2.0
LOG_EVERY_MS = 500
LEVELS = {
    "error": Qgis.MessageLevel.Critical,
    "warn": Qgis.MessageLevel.Warning,
    "warning": Qgis.MessageLevel.Warning,
}


def log(text: str, level: Qgis.MessageLevel = Qgis.MessageLevel.Info) -> None:
    QgsMessageLog.logMessage(text, LOG_TAG, level, False)


def apply_log_level() -> None:
    """Lets the native part, where it is loaded already, log what the user wants."""
    if native_loader.MODULE in sys.modules:
        devices.set_log_level(preferences.log_level())


class Missing(enum.Enum):
    """Why the renderer cannot be used."""

    NOT_INSTALLED = enum.auto()
    RESTART_NEEDED = enum.auto()  # another version is loaded in this process
    NO_DEVICE = enum.auto()


@dataclass(frozen=True)
class Problem:
    """``text``: what is wrong, in the words of who noticed it."""

    missing: Missing
    text: str


class Post(QObject):
    """Carries what other threads deliver over to the user's thread."""

    arrived = pyqtSignal(str, object)


class NativeHost(QObject):
    """``problem`` says why there is no renderer; None while nothing is known to be wrong."""

    frame = pyqtSignal(object)  # Frame
    picked = pyqtSignal(str, object, int)  # tag, hit or None, token
    failed = pyqtSignal(object)  # Exception: this picture cannot be drawn
    device_failed = pyqtSignal()  # no picture can be drawn; see ``problem``
    device_came = pyqtSignal()  # pictures can be drawn after all
    notice = pyqtSignal(str)  # worth a line in the message bar
    drape_failed = pyqtSignal(object)  # Exception: the relief stands without its map
    metered = pyqtSignal(dict)  # the ledger of now, likewise; see ``Frame.memory``
    memory = pyqtSignal(object)  # DeviceLimits of now, every few seconds while heights are held

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._post = Post()
        self._post.arrived.connect(self._arrived)
        self._worker: RenderWorker | None = None
        self._closed = False
        self._last_frame: Frame | None = None
        self._limits: DeviceLimits | None = None
        self._device_key = ""
        self._missing_adapters: set[str] = set()  # that were told of
        self.losses = 0
        self._is_returning = False
        self.problem: Problem | None = None
        self.is_software_after_crash = False
        self._log_timer = QTimer(self)
        self._log_timer.setInterval(LOG_EVERY_MS)
        self._log_timer.timeout.connect(self.drain_log)

    @property
    def worker(self) -> RenderWorker | None:
        """The thread that draws, if one was started."""
        return self._worker

    def start(self) -> RenderWorker | None:
        """The running worker, made if need be; None where the native part is missing."""
        if self._worker is not None and self._worker.is_alive():
            return self._worker
        try:
            native_loader.load()
        except native_loader.NativeNotFoundError as error:
            missing = Missing.RESTART_NEEDED if error.needs_restart else Missing.NOT_INSTALLED
            self.problem = Problem(missing, str(error))
            log(str(error), Qgis.MessageLevel.Warning)
            return None
        self.problem = None
        apply_log_level()
        if preferences.validation() and not native().want_validation(True):
            log(tr("The driver's checks begin when QGIS starts the next time."))
        adapter = preferences.adapter()
        crashed = sentinel.crashed_adapter()
        if crashed is not None and crashed != "software":
            adapter, self.is_software_after_crash = "software", True
            self.notice.emit(
                tr(
                    "QGIS ended the last time while the graphics device was being made. Software is used this time; "
                    "choose the adapter in Settings ▸ Options ▸ Forge3D."
                )
            )
        guard = sentinel.Sentinel(adapter)
        self._worker = RenderWorker(
            adapter,
            preferences.budget_bytes(),
            self._post.arrived.emit,
            before_device=guard.put_up,
            after_frame=guard.take_down,
        )
        self._worker.start()
        self._log_timer.start()
        return self._worker

    def stop(self) -> None:
        """Ends the thread; takes two seconds at most."""
        worker, self._worker = self._worker, None
        if worker is not None and not worker.stop(STOP_S):
            log("The renderer did not stop in time.", Qgis.MessageLevel.Warning)
        self.drain_log()

    def shutdown(self) -> None:
        """For good: nothing is told any more."""
        self._closed = True
        self.stop()
        self._log_timer.stop()

    def pixels_a_second(self) -> float | None:
        """Measured speed, one sample a pixel; None before a picture was drawn."""
        return self._worker.rate * 1000.0 if self._worker is not None and self._last_frame is not None else None

    def budget(self) -> int | None:
        """Bytes that the renderer may hold; None while neither the user nor the device has said."""
        return preferences.budget_bytes() or (self._limits.left if self._limits is not None else None)

    def diagnostics(self) -> str:
        """Facts for a bug report, as plain text. Starts no driver."""
        mebibytes = preferences.budget_mebibytes()
        lines = [
            f"Forge3D {__version__}",
            f"QGIS {Qgis.QGIS_VERSION}",
            f"Adapter wanted: {preferences.adapter()}",
            f"Budget wanted: {mebibytes or 'automatic'}{' MiB' if mebibytes else ''}",
        ]
        if self._limits is not None:
            lines.append(f"Budget: {self._limits.reason}")
        if self._device_key:
            lines.append(f"Device: {self._device_key}")
        if self.losses:
            lines.append(f"Devices lost so far: {self.losses}")
        if self.problem is not None:
            subject = "Device" if self.problem.missing is Missing.NO_DEVICE else "Native part"
            lines.append(f"{subject}: {self.problem.text}")
        return "\n".join(devices.without_home(line) for line in [*lines, *devices.diagnostics(make_device=False)])

    def drain_log(self) -> None:
        """Brings what the native part has logged into QGIS's panel."""
        for level, target, text in drained_log():
            log(f"{target}: {text}", LEVELS.get(level.lower(), Qgis.MessageLevel.Info))

    def _arrived(self, kind: str, value: Any) -> None:
        if self._closed:
            return
        if kind == "frame":
            self._last_frame = value
            if self._is_returning:
                self._is_returning = False
                self.notice.emit(tr("The graphics device was lost. Another one has drawn the picture anew."))
            self.frame.emit(value)
        elif kind == "picked":
            self.picked.emit(*value)
        elif kind == "device":
            device, self._limits = value
            self._device_key = f"{device['key']} {device['name']}"
            if self.problem is not None and self.problem.missing is Missing.NO_DEVICE:
                self.problem = None  # tried again, and there is one now
                self.device_came.emit()
            log(f"Device: {device}")
        elif kind == "adapter_missing":
            self._adapter_missing(*value)
        elif kind == "failed":
            self._failed(value)
        elif kind == "lost":
            self._lost(*value)
        elif kind == "drape_failed":
            self.drape_failed.emit(value)
        elif kind == "memory":
            self._limits, metrics = value
            self.metered.emit(metrics)
            self.memory.emit(self._limits)

    def _lost(self, error: Exception, remedy: Remedy) -> None:
        self.losses += 1
        log(f"The graphics device was lost ({remedy.name.lower()}): {error}", Qgis.MessageLevel.Warning)
        self._is_returning = remedy is Remedy.ANOTHER  # told when it has drawn again
        if remedy is Remedy.SOFTWARE:
            self.notice.emit(
                tr(
                    "The graphics device was lost again and again. The processor draws from now on; choose the adapter "
                    "in Settings ▸ Options ▸ Forge3D to try it again."
                )
            )

    def _adapter_missing(self, chosen: str, used: str) -> None:
        if chosen in self._missing_adapters:
            return
        self._missing_adapters.add(chosen)
        self.notice.emit(
            tr("The chosen adapter “{chosen}” is not here: drawn with {used}.").format(chosen=chosen, used=used)
        )

    def _failed(self, error: Exception) -> None:
        if isinstance(error, DeviceError):
            self.problem = Problem(Missing.NO_DEVICE, str(error))
            self.device_failed.emit()
        else:
            self.failed.emit(error)
