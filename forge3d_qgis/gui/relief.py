"""One relief, without widgets: from a layer and a ViewSettings to pictures. The dock shows what this says.

It owns the reading task, the drape job and the render worker, and is the one place that ends them: ``forget_layer``
when the layer goes, ``shutdown`` when the plugin or QGIS does. After either nothing of theirs arrives any more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import Qgis, QgsApplication, QgsMessageLog, QgsPointXY, QgsRasterLayer, QgsRectangle
from qgis.PyQt.QtCore import QObject, QPointF, QSize, QTimer, pyqtSignal

from .. import __version__, layers, native_loader
from ..core.errors import Cancelled, DeviceError, Forge3dError, MemoryBudgetError
from ..core.memory_tracker import default_budget
from ..core.scene import ColorRamp, Scene, Sun
from ..layers import LayerDem
from ..text import number, tr
from . import preferences, sentinel
from .cpu_preview import Coarse, coarsened, hillshade
from .map_watch import MapWatch
from .note_words import note_text
from .panel import default_stops
from .pose import Pose
from .task import BackgroundTask, Outcome, reading_task
from .view_settings import ViewSettings
from .worker import Frame, RenderWorker, Wanted

LOG_TAG = "Forge3D"
STOP_S = 2.0
LOG_EVERY_MS = 500
CPU_PREVIEW_SIZE = (700, 700)
DRAPE_SIDES = 2.0  # a drape's longer side, in longer sides of the picture: sharp at twice the whole view
SMALLEST_DRAPE, LARGEST_PREVIEW_DRAPE = 1024, 4096
LEVELS = {
    "error": Qgis.MessageLevel.Critical,
    "warn": Qgis.MessageLevel.Warning,
    "warning": Qgis.MessageLevel.Warning,
}


def log(text: str, level: Qgis.MessageLevel = Qgis.MessageLevel.Info) -> None:
    QgsMessageLog.logMessage(text, LOG_TAG, level, False)


class _Post(QObject):
    """Carries what the worker delivers over to the user's thread."""

    arrived = pyqtSignal(str, object)


class Relief(QObject):
    frame = pyqtSignal(object)  # Frame
    cpu_picture = pyqtSignal(object)  # uint8 (height, width, 4)
    reading = pyqtSignal(float)  # share; negative: done
    emptied = pyqtSignal()
    dem_ready = pyqtSignal()
    trouble = pyqtSignal(str, str)  # title, text: no picture can be shown
    notice = pyqtSignal(str)  # worth a line in the message bar
    pose_changed = pyqtSignal(object)
    pointed = pyqtSignal(object)  # (x, y, metres) in the layer's CRS, or None
    place_clicked = pyqtSignal(object)  # QgsPointXY in the layer's CRS

    def __init__(self, canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._post = _Post()
        self._post.arrived.connect(self._on_post)
        self._worker: RenderWorker | None = None
        self._task: BackgroundTask | None = None
        self._reading: layers.Reading | None = None
        self._closed = False
        self._token = 0
        self._layer: QgsRasterLayer | None = None
        self._layer_id = ""
        self._read_for: tuple | None = None
        self.settings = ViewSettings()
        self.size = QSize(400, 300)
        self.loaded: LayerDem | None = None
        self.last_frame: Frame | None = None
        self.native_problem: str | None = None
        self.software_after_crash = False
        self._ramp: ColorRamp | None = None
        self._drape_job = None
        self._drape_for: tuple | None = None
        self._map = MapWatch(canvas, self)
        self._map.changed.connect(self._map_changed)
        self._map_is_old = False
        self.awake: Callable[[], bool] = lambda: True  # whether anybody sees the pictures
        self._coarse: Coarse | None = None
        self._coarse_task: BackgroundTask | None = None
        self._grab: tuple[float, float, float] | None = None
        self._zoom = 1.0
        self._over = False
        self._pivot: tuple[float, float] | None = None  # the DEM's centre, until the user looks at another place
        self._log_timer = QTimer(self)
        self._log_timer.setInterval(LOG_EVERY_MS)
        self._log_timer.timeout.connect(self.drain_log)

    # the native part ----------------------------------------------------------------------------------------------

    def _native(self) -> Any:
        """The native module, or None; the reason is then in ``native_problem``."""
        try:
            folder = Path(QgsApplication.qgisSettingsDirPath()) / "python" / native_loader.MODULE
            module = native_loader.load(folder)
        except native_loader.NativeNotFoundError as error:
            self.native_problem = str(error)
            return None
        self.native_problem = None
        return module

    def _ensure_worker(self) -> RenderWorker | None:
        if self._worker is not None and self._worker.is_alive():
            return self._worker
        if self._native() is None:
            log(self.native_problem, Qgis.MessageLevel.Warning)
            return None
        adapter = preferences.adapter()
        crashed = sentinel.crashed_adapter()
        if crashed is not None and crashed != "software":
            adapter, self.software_after_crash = "software", True
            self.notice.emit(
                tr(
                    "QGIS ended the last time while the graphics device was being made. Software is used this time; "
                    "choose the adapter in Settings ▸ Options ▸ Forge3D."
                )
            )
        post = self._post
        budget = preferences.budget_mebibytes() * 2**20 or None
        guard = sentinel.Sentinel(adapter)
        self._worker = RenderWorker(
            adapter, budget, post.arrived.emit, before_device=guard.stand, after_frame=guard.stand_down
        )
        self._worker.start()
        self._log_timer.start()
        return self._worker

    def restart(self) -> None:
        """After adapter or budget changed: the next picture has a new renderer, and heights that fit it."""
        self._stop_worker()
        layer, self._read_for = self._layer, None
        if layer is not None:
            self.render(layer, self.settings, again=True)

    def diagnostics(self) -> str:
        """Facts for a bug report, as plain text."""
        lines = [
            f"Forge3D {__version__}",
            f"QGIS {Qgis.QGIS_VERSION}",
            f"Python {platform.python_version()}, NumPy {np.__version__}",
            f"Platform {native_loader.platform_tag()} ({platform.platform()})",
            f"Adapter wanted: {preferences.adapter()}",
            f"Budget: {preferences.budget_mebibytes() or 'default'} MiB",
        ]
        override = os.environ.get(native_loader.ENVIRONMENT)
        if override:
            lines.append(f"{native_loader.ENVIRONMENT}={override}")
        if self.native_problem:
            lines.append(f"Native part: {self.native_problem}")
        else:
            module = sys.modules.get(native_loader.MODULE)
            lines.append(
                f"Native part: {getattr(module, '__version__', 'not loaded')} {getattr(module, '__file__', '')}"
            )
        if self.last_frame is not None:
            lines.append(f"Device: {self.last_frame.device}")
            lines.append(f"Memory: {self.last_frame.memory}")
        return "\n".join(lines)

    @property
    def worker(self) -> RenderWorker | None:
        return self._worker

    def pixels_a_second(self) -> float | None:
        """Measured speed, one sample a pixel; None before a picture was drawn."""
        return self._worker.rate * 1000.0 if self._worker is not None and self.last_frame is not None else None

    def budget(self) -> int:
        """Bytes that the renderer may hold."""
        chosen = preferences.budget_mebibytes() * 2**20
        if chosen or self.last_frame is None:
            return chosen or default_budget("software")
        return int(self.last_frame.memory["total_limit"])

    # layer and data -----------------------------------------------------------------------------------------------

    @property
    def layer(self) -> QgsRasterLayer | None:
        return self._layer

    def render(self, layer: QgsRasterLayer, settings: ViewSettings, *, again: bool = False) -> None:
        """Shows ``layer``; reads it only when layer, band or area are others than before, or ``again``."""
        problem = layers.problem_with(layer)
        if problem is not None:
            self._drop()
            self.trouble.emit(tr("This layer is not a DEM"), problem)
            self.notice.emit(problem)
            return
        extent, problem = self._extent(layer, settings)
        if problem is not None:
            self._drop()
            self.trouble.emit(tr("Nothing to render there"), problem)
            return
        band = min(settings.band, layer.bandCount())
        wanted = (layer.id(), band, extent, layer.dataProvider().dataTimestamp().toString())
        self.settings = settings
        if wanted == self._read_for and self.loaded is not None and not again:
            self.apply(settings)
            return
        if wanted == self._read_for and self._task is not None and not again:
            return
        self._let_go(keep_worker=True)
        self._watch(layer)
        self._read_for = wanted
        self._token += 1
        token = self._token
        worker = self._ensure_worker()
        if worker is not None:
            worker.warm_up()
        reading = layers.height_source(layer, band, extent)
        budget = preferences.budget_mebibytes() * 2**20 or None
        post = self._post
        task = reading_task(
            reading,
            budget,
            (max(1, self.size.width()), max(1, self.size.height())),
            lambda share: post.arrived.emit("reading", (token, share)),
            lambda outcome: self._read(token, outcome),
        )
        self._task = task
        self._reading = reading
        self.reading.emit(0.0)
        QgsApplication.taskManager().addTask(task)

    def shows(self, layer: QgsRasterLayer, settings: ViewSettings) -> bool:
        """Whether the heights at hand, or on their way, are those of this area."""
        extent, problem = self._extent(layer, settings)
        return problem is None and self._read_for is not None and self._read_for[2] == extent

    def _extent(self, layer: QgsRasterLayer, settings: ViewSettings) -> tuple[tuple | None, str | None]:
        if settings.area == "canvas":
            extent = layers.extent_in_layer(layer, self._canvas.extent(), self._canvas.mapSettings().destinationCrs())
        elif settings.area == "drawn" and settings.drawn:
            extent = layers.extent_in_layer(layer, QgsRectangle(*settings.drawn), layer.crs())
        else:
            return None, None
        if extent is None:
            return None, tr("The area does not overlap “{name}”. Choose another area, or the whole layer.").format(
                name=layer.name()
            )
        return extent, None

    def _watch(self, layer: QgsRasterLayer) -> None:
        self._layer, self._layer_id = layer, layer.id()
        layer.rendererChanged.connect(self._restyled)

    def _restyled(self) -> None:
        if self.loaded is not None and self.settings.colours == "layer":
            self._drape_for = None
            self.apply(self.settings)

    def forget_layer(self, ids: list[str] | None = None) -> None:
        """The layers with these ids are about to go (None: all). Ours among them: stop and let go of everything."""
        if self._layer is not None and (ids is None or self._layer_id in ids):
            self._drop()
            self.emptied.emit()

    def _drop(self) -> None:
        """Heights and pictures go; the thread waits for the next layer."""
        self._let_go(keep_worker=True)
        if self._worker is not None:
            self._worker.clear()

    def _let_go(self, *, keep_worker: bool) -> None:
        self._token += 1
        task, self._task = self._task, None
        if task is not None:
            self._reading.cancel()
            task.abandon()
        self._reading = None
        coarse_task, self._coarse_task, self._coarse = self._coarse_task, None, None
        if coarse_task is not None:
            coarse_task.abandon()
        self._stop_drape()
        self._map.stop()
        self._map_is_old = False
        if self._layer is not None:
            # The layer's C++ side may be gone already when the whole project is torn down.
            with contextlib.suppress(RuntimeError, TypeError):
                self._layer.rendererChanged.disconnect(self._restyled)
        self._layer, self._layer_id, self._read_for = None, "", None
        self.loaded = self.last_frame = None
        self._grab, self._zoom, self._pivot = None, 1.0, None
        if not keep_worker:
            self._stop_worker()

    def _read(self, token: int, outcome: Outcome) -> None:
        if token != self._token:
            return
        self._task = self._reading = None
        self.reading.emit(-1.0)
        error = outcome.error
        if error is not None:
            self._read_for = None
            if isinstance(error, Cancelled):
                self.trouble.emit(tr("Reading was cancelled"), tr("Render the layer again when you like."))
            else:
                self._fail(tr("The heights cannot be read"), error)
            return
        self.loaded = outcome.value
        self.dem_ready.emit()
        self._upload()

    def _upload(self) -> None:
        worker = self._ensure_worker()
        if worker is None:
            self._show_cpu_picture()
            return
        worker.load(self.loaded.dem)
        self._drape_for = None
        self.apply(self.settings)

    def shutdown(self) -> bool:
        """Ends everything; True when nothing of ours runs any more. Takes two seconds at most."""
        self._closed = True
        task = self._task
        self._let_go(keep_worker=False)
        self._map.shutdown()
        self._log_timer.stop()
        return task is None or task_over(task, STOP_S)

    def _stop_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None and not worker.stop(STOP_S):
            log("The renderer did not stop in time.", Qgis.MessageLevel.Warning)
        self.drain_log()

    # scene --------------------------------------------------------------------------------------------------------

    def apply(self, settings: ViewSettings, *, dragging: bool = False) -> None:
        """Shows the loaded heights with ``settings``."""
        self.settings = settings
        if self.loaded is None:
            return
        if self.native_problem is not None:
            self._show_cpu_picture()
            return
        worker = self._worker
        if worker is None:
            return
        if not dragging:
            self._update_colours()
        samples = preferences.samples()
        worker.show(
            Wanted(self.scene_function(settings), self.size.width(), self.size.height(), samples, dragging, self._token)
        )

    def resize(self, size: QSize) -> None:
        if size != self.size:
            self.size = size
            self.apply(self.settings, dragging=True)

    def scene_function(self, settings: ViewSettings) -> Callable[[int], Scene]:
        """The scene for a picture height; for the worker, so it holds values only."""
        ramp = self._ramp or ColorRamp(tuple(default_stops()), relative=True)
        scene = Scene(
            sun=Sun(azimuth=settings.azimuth, altitude=settings.altitude, size=settings.softness),
            shading=settings.shading,
            cast_shadows=settings.cast_shadows,
            sky_view=settings.sky,
            exaggeration=settings.exaggeration,
            color_ramp=ramp,
            background="transparent" if settings.transparent else "#{:02x}{:02x}{:02x}".format(*settings.background),
        )
        pose = settings.pose
        return lambda height: dataclasses.replace(scene, camera=pose.camera(height))

    def _update_colours(self) -> None:
        """Chooses the ramp, and starts a drape where only a picture can show the colours."""
        settings, layer = self.settings, self._layer
        self._ramp = ColorRamp(tuple(settings.ramp or default_stops()), relative=True)
        wanted: tuple | None = None
        if settings.colours == "layer" and layer is not None:
            exact = layers.color_ramp(layer, min(settings.band, layer.bandCount()), self.loaded.metres_per_unit)
            if exact is not None:
                self._ramp = exact
            else:
                wanted = ("layer",)
        elif settings.colours in ("canvas", "theme"):
            wanted = (settings.colours, settings.theme if settings.colours == "theme" else "")
            self._map.watch(settings.theme if settings.colours == "theme" else None)
        if settings.colours not in ("canvas", "theme"):
            self._map.stop()
        if wanted is None:
            self._stop_drape()
            if self._drape_for is not None:
                self._drape_for = None
                self._worker.set_drape(None)
            return
        side = DRAPE_SIDES * max(self.size.width(), self.size.height())
        side = int(min(LARGEST_PREVIEW_DRAPE, max(SMALLEST_DRAPE, side)))
        if self._drape_for is not None and self._drape_for[0] == wanted and self._drape_for[1] >= 0.7 * side:
            return
        self._stop_drape()
        self._drape_for = (wanted, side)
        self._drape_job, rgba = self.start_drape(side)
        token, job, worker = self._token, self._drape_job, self._worker

        def done() -> None:
            if token == self._token and job is self._drape_job:
                self._drape_job = None
                image = job.renderedImage()
                worker.set_drape(lambda: rgba(image))

        job.finished.connect(done)

    def start_drape(self, side: int) -> tuple:
        """A running map render of what the colours want, and the function to RGBA; see ``layers.drape_job``."""
        settings, styles = self.settings, None
        if settings.colours == "canvas":
            shown = self._canvas.mapSettings().layers()
        elif settings.colours == "theme":
            shown, styles = layers.theme_layers(settings.theme)
        else:
            shown = [self._layer]
        with self._map.deaf():
            return layers.drape_job(self.loaded.dem, self._layer.crs(), shown, side, styles)

    @property
    def draped(self) -> bool:
        return self._drape_for is not None

    def refresh_drape(self) -> None:
        self._drape_for = None
        self.apply(self.settings)

    def _map_changed(self) -> None:
        if self.loaded is None:
            return
        if self._drape_job is not None:
            self._map.again_later()  # breaking off a slow map at each of its changes would never show one
        elif self.awake():
            self.refresh_drape()
        else:
            self._map_is_old = True

    def wake(self) -> None:
        """Somebody looks again: catches up with the map."""
        if self._map_is_old:
            self._map_is_old = False
            self._map.again_later()

    def _stop_drape(self) -> None:
        job, self._drape_job = self._drape_job, None
        if job is not None:
            job.cancelWithoutBlocking()

    def _show_cpu_picture(self) -> None:
        settings = self.settings
        size = (max(1, self.size.width()), max(1, self.size.height()))
        if self._coarse is None:
            if self._coarse_task is None:
                dem, token = self.loaded.dem, self._token
                self._coarse_task = BackgroundTask(
                    tr("Preparing the CPU preview"),
                    lambda progress, stopped: coarsened(dem, CPU_PREVIEW_SIZE),
                    lambda outcome: self._coarse_ready(token, outcome),
                )
                QgsApplication.taskManager().addTask(self._coarse_task)
            return
        try:
            picture = hillshade(
                self._coarse, size, settings.azimuth, settings.altitude, settings.exaggeration, settings.background
            )
        except (ValueError, MemoryError) as error:
            self._fail(tr("No picture"), error)
            return
        self.cpu_picture.emit(picture)

    def _coarse_ready(self, token: int, outcome: Outcome) -> None:
        if token != self._token:
            return
        self._coarse_task = None
        if outcome.error is not None:
            self._fail(tr("No picture"), outcome.error)
            return
        self._coarse = outcome.value
        self._show_cpu_picture()

    # news from the worker -----------------------------------------------------------------------------------------

    def _on_post(self, kind: str, value: Any) -> None:
        if self._closed:
            return
        if kind == "frame":
            if value.ticket == self._token and self.loaded is not None:
                self.last_frame = value
                self.frame.emit(value)
        elif kind == "reading":
            token, share = value
            if token == self._token and self._task is not None:
                self.reading.emit(share)
        elif kind == "picked":
            self._picked(*value)
        elif kind == "failed":
            self._device_failed(value)
        elif kind == "lost":
            log(f"The graphics device was lost and is made anew: {value}", Qgis.MessageLevel.Warning)
        elif kind == "drape_failed":
            self.notice.emit(tr("The map cannot be draped: {reason}").format(reason=value))
        elif kind == "device":
            log(f"Device: {value}")

    def _device_failed(self, error: Exception) -> None:
        if isinstance(error, DeviceError):
            self.native_problem = str(error)
            if self.loaded is not None:
                self._show_cpu_picture()
            return
        self._fail(tr("The picture cannot be drawn"), error)

    def _fail(self, title: str, error: Exception) -> None:
        text = str(error) or type(error).__name__
        log(f"{title}: {type(error).__name__}: {text}", Qgis.MessageLevel.Critical)
        if isinstance(error, MemoryBudgetError):
            text += "\n" + tr("The budget is set in Settings ▸ Options ▸ Forge3D. A smaller area needs less, too.")
        elif not isinstance(error, Forge3dError):
            text += "\n" + tr("Details are in the log panel “Forge3D”.")
        self.trouble.emit(title, text)
        self.notice.emit(f"{title}: {str(error) or type(error).__name__}")

    def drain_log(self) -> None:
        module = sys.modules.get(native_loader.MODULE)
        if module is None or not hasattr(module, "drain_log"):
            return
        for level, target, text in module.drain_log():
            log(f"{target}: {text}", LEVELS.get(level.lower(), Qgis.MessageLevel.Info))

    # hands --------------------------------------------------------------------------------------------------------

    def _pinned(self) -> Pose | None:
        """The pose of the last picture, held fast; None before there is one."""
        pose = self.settings.pose
        if not pose.fitted:
            return pose
        if self.last_frame is None:
            return None
        self._pivot = (0.0, 0.0)
        view = self.last_frame.view
        return pose.pinned(view["target"], view["resolution"] * view["picture_height"])

    def _move(self, pose: Pose | None, *, dragging: bool = True) -> None:
        if pose is None or pose == self.settings.pose:
            return
        self.settings = dataclasses.replace(self.settings, pose=pose)
        self.pose_changed.emit(pose)
        self.apply(self.settings, dragging=dragging)

    def settle(self) -> None:
        """The hand let go: sharpen."""
        self._grab = None
        self.apply(self.settings)

    def orbit(self, right: float, up: float) -> None:
        pose = self._pinned()
        self._move(pose.orbited(right, up, self._pivot) if pose is not None else None)

    def face_north(self) -> None:
        pose = self._pinned()
        self._move(pose.orbited(-pose.heading, 0.0, self._pivot) if pose is not None else None, dragging=False)

    def look_down(self) -> None:
        pose = self._pinned()
        self._move(dataclasses.replace(pose, pitch=90.0) if pose is not None else None, dragging=False)

    def go_home(self) -> None:
        self._move(dataclasses.replace(self.settings.pose, target=None, span=None), dragging=False)

    def start_pan(self, at: QPointF) -> None:
        self._grab = None
        self._ask("pan", at)

    def pan(self, at: QPointF) -> None:
        pose = self._pinned()
        if pose is not None and self._grab is not None:
            self._pivot = None
            self._move(pose.panned(self._grab, at.x(), at.y(), self._aspect()))

    def zoom(self, at: QPointF, factor: float) -> None:
        # Notches come faster than answers: they add up until the ground under the cursor is known.
        self._zoom *= factor
        self._ask("zoom", at)

    def recentre(self, at: QPointF) -> None:
        self._ask("recentre", at)

    def point(self, at: QPointF) -> None:
        self._over = True
        self._ask("hover", at)

    def leave(self) -> None:
        self._over = False
        self.pointed.emit(None)

    def click(self, at: QPointF) -> None:
        self._ask("click", at)

    def _ask(self, tag: str, at: QPointF) -> None:
        if self._worker is not None and self.last_frame is not None:
            self._worker.pick(tag, at.x(), at.y(), self._token)

    def _aspect(self) -> float:
        return self.size.width() / max(1, self.size.height())

    def span_limits(self) -> tuple[float, float]:
        """Closest: four cells across the picture; farthest: ten times the DEM."""
        dem = self.loaded.dem
        cell = min(dem.cell_size_m)
        return 4.0 * cell, 10.0 * max(side * metres for side, metres in zip(dem.size, dem.cell_size_m))

    def _picked(self, tag: str, hit: tuple | None, token: int) -> None:
        if token != self._token or self.loaded is None:
            return
        ground = (hit[2], hit[3], hit[4] * self.settings.exaggeration) if hit is not None else None
        if tag == "hover":
            self.pointed.emit(self._place(hit) if hit is not None and self._over else None)
        elif tag == "click" and hit is not None:
            x, y, _ = self._place(hit)
            self.place_clicked.emit(QgsPointXY(x, y))
        elif tag == "pan":
            self._grab = ground
        elif tag == "recentre" and ground is not None:
            pose, self._pivot = self._pinned(), None
            self._move(pose.recentred(ground) if pose is not None else None, dragging=False)
        elif tag == "zoom":
            factor, self._zoom = self._zoom, 1.0
            pose, self._pivot = self._pinned(), None
            self._move(pose.zoomed(factor, ground, self.span_limits()) if pose is not None else None)

    def _place(self, hit: tuple) -> tuple[float, float, float]:
        return (*self.loaded.dem.map_from_cell(hit[0], hit[1]), hit[4])

    # words --------------------------------------------------------------------------------------------------------

    def provenance(self) -> str:
        """What was done to the data, in one line."""
        if self.loaded is None:
            return ""
        dem = self.loaded.dem
        cols, rows = dem.size
        parts = []
        if not any("read as" in note and "×" in note for note in dem.notes):
            parts.append(tr("{cols}×{rows} read whole").format(cols=cols, rows=rows))
        parts += [note_text(note) for note in dem.notes]
        parts.append(tr("exaggeration {factor}").format(factor=number(self.settings.exaggeration, 1)))
        return " · ".join(parts)


def task_over(task: BackgroundTask, seconds: float) -> bool:
    """Waits until ``run`` has ended, or never began. The wait releases the interpreter, or ``run`` could not end."""
    outcome = task.outcome
    return not outcome.started.is_set() or outcome.done.wait(seconds)
