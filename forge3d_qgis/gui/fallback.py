"""The picture where the renderer cannot be: a hillshade from above, by NumPy. Knows no widgets."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, QSize, pyqtSignal

from ..core.cpu_hillshade import Coarse, coarsened, hillshade
from ..core.dem import Dem
from ..core.view import View
from ..text import tr
from .task import BackgroundTask, Outcome

FINEST = (700, 700)  # columns, rows: cheap enough to shade while the sun is dragged


class CpuFallback(QObject):
    """Averages the heights once, in a task, and shades them as often as asked."""

    picture = pyqtSignal(object)  # uint8 (height, width, 4)
    failed = pyqtSignal(object)  # Exception

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._coarse: Coarse | None = None
        self._task: BackgroundTask | None = None
        self._wanted: tuple[View, QSize] | None = None

    def show(self, dem: Dem, view: View, size: QSize) -> None:
        """Draws ``view`` of ``dem``, now or when the heights are averaged; the newest wanted view wins."""
        self._wanted = (view, size)
        if self._coarse is not None:
            self._draw()
        elif self._task is None:
            self._task = BackgroundTask(
                tr("Preparing the CPU preview"),
                lambda progress, cancelled: coarsened(dem, FINEST),
                self._averaged,
            )
            QgsApplication.taskManager().addTask(self._task)

    def end(self) -> None:
        """The heights go."""
        task, self._task = self._task, None
        self._coarse = self._wanted = None
        if task is not None:
            task.cancel_silently()

    def _averaged(self, outcome: Outcome) -> None:
        self._task = None
        if outcome.error is not None:
            self.failed.emit(outcome.error)
            return
        self._coarse = outcome.value
        self._draw()

    def _draw(self) -> None:
        view, size = self._wanted
        scene = view.scene
        colour = view.source.backdrop if scene.background == "transparent" else scene.background
        red, green, blue = bytes.fromhex(colour[1:])
        shape = (max(1, size.width()), max(1, size.height()))
        try:
            picture = hillshade(
                self._coarse, shape, scene.sun.azimuth, scene.sun.altitude, scene.exaggeration, (red, green, blue)
            )
        except (ValueError, MemoryError) as error:
            self.failed.emit(error)
            return
        self.picture.emit(picture)
