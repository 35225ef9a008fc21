"""Pictures that leave the dock: PNG of any size, the clipboard, print layouts."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsLayoutItemPicture,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import QObject, QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QApplication, QPushButton

from ..core.budget import peak_bytes, strip_rows
from ..core.errors import Cancelled
from ..core.export import PngWriter, encode_in_vain
from ..core.forecast import Forecast, Pace, measured_pace
from ..core.render import RenderSession, StripStep, strip_steps
from ..core.scene import Scene
from ..text import tr
from .current_view import CurrentView
from .export_dialog import ExportDialog, ExportSettings
from .native_host import STOP_S, Post, log
from .refining import let_go_of_picture
from .relief import Relief
from .task import BackgroundTask, Outcome

STRETCH_S = 0.6  # for one strip, at the speed measured last: between strips the preview answers
SPEED_GUESS = 2.5e6  # samples a second, before anything was measured
LAYOUT_WIDTH_MM = 180.0
LAYOUT_SAMPLES = 16  # at print resolution a dot is small: more samples would be waited for and not seen
LARGEST_EXPORT_DRAPE = 8192
LEAST_LINES = 64  # of the strips beside a drape: thinner ones take long


def export_lines(
    size: tuple[int, int], samples: int, budget: int, dem_size: tuple[int, int], drape_size: tuple[int, int] | None,
    speed: float | None, height_bits: int = 32,
) -> int:  # fmt: skip
    """Rows of a strip: as many as memory has room for, and no more than are drawn in ``STRETCH_S``."""
    by_time = int((speed or SPEED_GUESS) * STRETCH_S / (size[0] * samples))
    lines = strip_rows(size, budget, dem_size=dem_size, drape_size=drape_size, height_bits=height_bits)
    return max(1, min(lines, by_time))


class PaceJob:
    """Measures how long an export will take, by a little of it, for ``RenderWorker.run_job``.

    ``deliver``: called there with what was asked, (size, samples), and the Pace.
    """

    def __init__(
        self, size: tuple[int, int], samples: int, lines: int, scene: Scene, deliver: Callable[[tuple, Pace], object]
    ) -> None:
        """``lines``: rows of a strip that memory has room for."""
        self._size, self._samples, self._lines = size, samples, lines
        self._scene, self._deliver = scene, deliver

    def step(self, session: RenderSession) -> bool:
        session.set_scene(self._scene)
        alpha = self._scene.background == "transparent"

        def encode(rows: np.ndarray) -> int:
            return encode_in_vain(rows, alpha=alpha)

        pace = measured_pace(session, self._size, self._samples, encode, lines=self._lines)
        self._deliver((self._size, self._samples), pace)
        return True

    def failed(self, error: Exception) -> None:
        """The speed of the preview stands for it."""

    def close(self) -> None:
        pass


class ExportJob:
    """A picture in strips into a PNG, for ``RenderWorker.run_job``. Watched and cancelled from other threads."""

    def __init__(
        self,
        wanted: ExportSettings,
        scene: Scene,
        budget: int,
        dem_size: tuple[int, int],
        drape: Callable[[], np.ndarray] | None = None,
        drape_size: tuple[int, int] | None = None,
        speed: float | None = None,
        height_bits: int = 32,
    ) -> None:
        """``budget``: bytes that the renderer may hold; it holds heights of ``dem_size`` and the drape already.
        ``speed``: samples a second, as measured last."""
        self._wanted = wanted
        self._scene = scene
        self._make_drape = drape
        size = (wanted.width, wanted.height)
        self._lines = export_lines(size, wanted.samples, budget, dem_size, drape_size, speed, height_bits)
        self._steps: Iterator[StripStep] | None = None
        self._writer: PngWriter | None = None
        self._cancelled = threading.Event()
        self.share = 0.0
        self.error: Exception | None = None
        self.over = threading.Event()

    # any thread

    def cancel(self) -> None:
        self._cancelled.set()

    # the worker's thread

    def step(self, session: RenderSession) -> bool:
        """One strip."""
        wanted = self._wanted
        if self._steps is None:
            self._writer = PngWriter(wanted.path, wanted.width, wanted.height, dpi=wanted.dpi, alpha=wanted.transparent)
            if self._make_drape is not None:
                session.set_scene(self._scene)
                let_go_of_picture(session)
                session.set_drape(None)  # the preview's, which need not lie beside the new one
                session.set_drape(self._make_drape())
                self._make_drape = None
            size = (wanted.width, wanted.height)
            self._steps = strip_steps(session, size, samples=wanted.samples, lines=self._lines)
        session.set_scene(self._scene)
        while not self._cancelled.is_set():
            done = next(self._steps)
            self.share = done.share
            if done.rows is not None:
                self._writer.write_rows(done.rows)
                return done.share >= 1.0 and self._finish()
        self.failed(Cancelled("the export was cancelled"))
        return True

    def _finish(self) -> bool:
        self._writer.close()
        self.over.set()
        return True

    def failed(self, error: Exception) -> None:
        self.error = error
        if self._writer is not None:
            self._writer.discard()
        self.over.set()

    def close(self) -> None:
        if not self.over.is_set():
            self.failed(Cancelled("the export was cancelled"))

    def wait(self, set_progress: Callable[[float], None], cancelled: Callable[[], bool]) -> Path:
        """For a QGIS task: follows the job to its end."""
        while not self.over.wait(0.05):
            set_progress(self.share)
            if cancelled():
                self.cancel()
        if self.error is not None:
            raise self.error
        set_progress(1.0)
        return Path(self._wanted.path)


class ExportController(QObject):
    """Asks, exports in the background, and tells how it went."""

    def __init__(self, iface, relief: Relief, current: CurrentView, parent) -> None:
        super().__init__(parent)
        self._iface = iface
        self._relief = relief
        self._current = current
        self._dock = parent
        self._dialog: ExportDialog | None = None
        self._task: BackgroundTask | None = None
        self._job: ExportJob | None = None
        self._drape_job = None
        self._exported = Path()
        self._paces: dict[tuple, Pace] = {}  # by size and samples, of the view that the dialog is about
        self._post = Post()
        self._post.arrived.connect(self._pace_came)

    @property
    def dialog(self) -> ExportDialog | None:
        """The open dialog."""
        return self._dialog

    @property
    def busy(self) -> bool:
        return self._job is not None or self._drape_job is not None

    def copy(self) -> None:
        image = self._dock.preview.image()
        if image is not None:
            QApplication.clipboard().setImage(image)
            self._say(tr("The picture is on the clipboard."), Qgis.MessageLevel.Success)

    def ask(self) -> None:
        """Opens the dialog; it does not block, so that the map and the relief stay alive behind it."""
        if self._relief.loaded is None:
            return
        if self.busy:
            self._say(
                tr("An export is under way. Wait for it, or cancel it in the status bar."), Qgis.MessageLevel.Info
            )
            return
        if self._relief.host.problem is not None:
            self._say(
                tr("The compiled part is missing: only the CPU preview can be copied."), Qgis.MessageLevel.Warning
            )
            return
        size = self._relief.size
        dialog = ExportDialog(
            (size.width(), size.height()),
            self._relief.layer.name() if self._relief.layer is not None else "relief",
            self._current.view.scene.background == "transparent",
            self._dock,
        )
        self._paces.clear()
        dialog.forecast = self._forecast
        dialog.rested.connect(self._measure)
        dialog.summarise()
        dialog.accepted.connect(lambda: self.export(dialog.settings()))
        dialog.finished.connect(dialog.deleteLater)
        self._dialog = dialog
        dialog.destroyed.connect(self._dialog_gone)
        dialog.open()

    def _dialog_gone(self) -> None:
        self._dialog = None

    # what it will take ----------------------------------------------------------------------------------------------

    def _forecast(self, size: tuple[int, int], samples: int) -> Forecast | None:
        """Of an export; None while nothing is known of it. Before it is measured the preview's speed stands for it."""
        host, loaded = self._relief.host, self._relief.loaded
        budget, speed = host.budget(), self._speed(size, samples)
        if loaded is None or budget is None or speed is None:
            return None
        dem, drape, view = loaded.dem, self._drape_size(size), self._relief.size
        lines = export_lines(size, samples, budget, dem.size, drape, speed, dem.height_bits)
        bands = -(-size[1] // lines)
        pace = self._paces.get((size, samples)) or Pace(1000.0 / speed, 0.0, 0.0)
        shown = 4 * view.width() * view.height()  # the picture that the dock goes on showing
        held = peak_bytes(dem.size, size, lines, drape, budget, height_bits=dem.height_bits, is_loaded=True)
        return Forecast(held + shown, bands, pace.seconds(size, samples, bands))

    def _speed(self, size: tuple[int, int], samples: int) -> float | None:
        """Samples a second, as measured for this picture, or else as the preview is drawn."""
        pace = self._paces.get((size, samples))
        return self._relief.host.pixels_a_second() if pace is None else 1000.0 / max(pace.sample_ms, 1e-9)

    def _measure(self, size: tuple[int, int], samples: int) -> None:
        """The dialog has come to rest at this picture."""
        worker = self._relief.host.worker
        loaded, budget = self._relief.loaded, self._relief.host.budget()
        if worker is None or loaded is None or budget is None or self.busy or (size, samples) in self._paces:
            return
        dem, drape, post = loaded.dem, self._drape_size(size), self._post
        lines = strip_rows(size, budget, dem_size=dem.size, drape_size=drape, height_bits=dem.height_bits)
        scene = self._relief.scene()
        worker.run_job(PaceJob(size, samples, lines, scene, lambda *told: post.arrived.emit("pace", told)))

    def _pace_came(self, _: str, told: tuple) -> None:
        wanted, pace = told
        self._paces[wanted] = pace
        if self._dialog is not None:
            self._dialog.summarise()

    def _drape_side(self, size: tuple[int, int]) -> int:
        """The longer side of the map over the terrain of an export, as far as memory goes."""
        view, drape = self._relief.size, self._relief.drape
        side = min(LARGEST_EXPORT_DRAPE, max(*size, 2 * max(view.width(), view.height())))
        return drape.export_side(side, (size[0], min(size[1], LEAST_LINES)), self._relief.host.budget())

    def _drape_size(self, size: tuple[int, int]) -> tuple[int, int] | None:
        drape = self._relief.drape
        return drape.shape(self._drape_side(size)) if drape.is_shown else None

    # exporting ------------------------------------------------------------------------------------------------------

    def export(self, wanted: ExportSettings, then: Callable[[Path], None] | None = None) -> bool:
        """Starts the export; ``then`` is called with the path instead of the usual message."""
        relief = self._relief
        if relief.loaded is None or relief.host.worker is None or self.busy:
            return False
        scene = relief.scene()
        if wanted.transparent != (scene.background == "transparent"):
            background = "transparent" if wanted.transparent else self._current.view.source.backdrop
            scene = dataclasses.replace(scene, background=background)
        if not relief.drape.is_shown:
            self._start(wanted, scene, then)
            return True
        job, rgba = relief.drape.start_job(self._drape_side((wanted.width, wanted.height)))
        self._drape_job = job

        def draped() -> None:
            if self._drape_job is job:
                self._drape_job = None
                image = job.renderedImage()
                self._start(wanted, scene, then, lambda: rgba(image), (image.width(), image.height()))

        job.finished.connect(draped)
        return True

    def _start(self, wanted: ExportSettings, scene: Scene, then, drape=None, drape_size=None) -> None:
        host, loaded = self._relief.host, self._relief.loaded
        if host.worker is None or loaded is None or host.budget() is None:
            # Other heights are on their way, or none: what was to be exported is no more.
            self._say(tr("The export was cancelled. Nothing was written."), Qgis.MessageLevel.Info)
            return
        dem, speed = loaded.dem, self._speed((wanted.width, wanted.height), wanted.samples)
        job = ExportJob(wanted, scene, host.budget(), dem.size, drape, drape_size, speed, dem.height_bits)
        task = BackgroundTask(
            tr("Exporting {name}").format(name=Path(wanted.path).name),
            job.wait,
            lambda outcome: self._ended(job, outcome, then),
        )
        self._job, self._task = job, task
        host.worker.run_job(job)
        QgsApplication.taskManager().addTask(task)

    def _ended(self, job: ExportJob, outcome: Outcome, then: Callable[[Path], None] | None) -> None:
        if job is not self._job:
            return
        job.cancel()  # when the task was cancelled before it began, nobody else has told the job
        self._job = self._task = None
        if outcome.error is None:
            if then is not None:
                then(outcome.value)
            else:
                # In the next round: QGIS has a message of its own about a task that took long, which would hide this.
                self._exported = outcome.value
                QTimer.singleShot(0, self._tell)
        elif isinstance(outcome.error, Cancelled):
            self._say(tr("The export was cancelled. Nothing was written."), Qgis.MessageLevel.Info)
        else:
            log(f"Export: {type(outcome.error).__name__}: {outcome.error}", Qgis.MessageLevel.Critical)
            self._say(tr("Export failed: {reason}").format(reason=outcome.error), Qgis.MessageLevel.Critical)

    def _tell(self) -> None:
        path = self._exported
        bar = self._iface.messageBar()
        message = bar.createMessage(tr("Forge3D"), tr("Exported to {path}").format(path=str(path)))
        button = QPushButton(tr("Open"))
        button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))))
        folder = QPushButton(tr("Show folder"))
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))))
        for one in (button, folder):
            message.layout().addWidget(one)
        bar.pushWidget(message, Qgis.MessageLevel.Success, 15)

    # print layouts --------------------------------------------------------------------------------------------------

    def fill_layouts(self, menu) -> None:
        menu.clear()
        manager = QgsProject.instance().layoutManager()
        for layout in manager.printLayouts():
            name = layout.name()
            menu.addAction(name).triggered.connect(lambda _=False, name=name: self.add_to_layout(name))
        if manager.printLayouts():
            menu.addSeparator()
        menu.addAction(tr("New layout")).triggered.connect(lambda: self.add_to_layout(None))

    def add_to_layout(self, name: str | None) -> bool:
        """Draws the view at the layout's resolution, without a ground, as a picture that the project itself holds."""
        if self._relief.host.problem is not None or self._relief.loaded is None:
            self._say(
                tr("The compiled part is missing: only the CPU preview can be copied."), Qgis.MessageLevel.Warning
            )
            return False
        manager = QgsProject.instance().layoutManager()
        layout = manager.layoutByName(name) if name is not None else None
        dpi = layout.renderContext().dpi() if layout is not None else 300.0
        width = round(LAYOUT_WIDTH_MM / 25.4 * dpi)
        size = self._relief.size
        height = max(1, round(width * size.height() / max(1, size.width())))
        handle, path = tempfile.mkstemp(prefix="forge3d_", suffix=".png")
        os.close(handle)
        wanted = ExportSettings(path, width, height, LAYOUT_SAMPLES, dpi, True)
        return self.export(wanted, lambda done: self._put_into_layout(name, done, height / width))

    def _put_into_layout(self, name: str | None, path: Path, ratio: float) -> None:
        try:
            content = base64.b64encode(path.read_bytes()).decode("ascii")
        except OSError as error:
            self._say(tr("Export failed: {reason}").format(reason=error), Qgis.MessageLevel.Critical)
            return
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
        project = QgsProject.instance()
        layout = project.layoutManager().layoutByName(name) if name is not None else None
        if layout is None:
            layout = QgsPrintLayout(project)
            layout.initializeDefaults()
            layout.setName(project.layoutManager().generateUniqueTitle())
            project.layoutManager().addLayout(layout)
        millimetres = QgsUnitTypes.LayoutUnit.LayoutMillimeters
        item = QgsLayoutItemPicture(layout)
        item.setId(tr("Forge3D Relief"))
        item.setPicturePath(f"base64:{content}", QgsLayoutItemPicture.Format.FormatRaster)
        item.setResizeMode(QgsLayoutItemPicture.ResizeMode.Zoom)
        layout.addLayoutItem(item)
        item.attemptMove(QgsLayoutPoint(15, 15, millimetres))
        item.attemptResize(QgsLayoutSize(LAYOUT_WIDTH_MM, LAYOUT_WIDTH_MM * ratio, millimetres))
        self._iface.openLayoutDesigner(layout)

    # the end --------------------------------------------------------------------------------------------------------

    def layers_leave(self, ids: list[str]) -> None:
        layer = self._relief.layer
        if layer is not None and layer.id() in ids:
            self.cancel()

    def cancel(self) -> BackgroundTask | None:
        """Ends what is under way; half-written files are deleted by the worker. Tells nobody, waits for nothing."""
        if self._dialog is not None:
            self._dialog.reject()
        drape, self._drape_job = self._drape_job, None
        if drape is not None:
            drape.cancelWithoutBlocking()
        task, self._task = self._task, None
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
        if task is not None:
            task.cancel_silently()
        return task

    def shutdown(self) -> None:
        """The same, and waits for the end: two seconds at most."""
        task = self.cancel()
        if task is not None and not task.wait(STOP_S):
            log("The export did not stop in time.", Qgis.MessageLevel.Warning)

    def _say(self, text: str, level: Qgis.MessageLevel) -> None:
        self._dock.say(text, level)
