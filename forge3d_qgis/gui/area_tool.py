"""Drawing a rectangle on the map canvas, once, and giving the canvas its former tool back."""

from __future__ import annotations

from qgis.core import QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapToolExtent
from qgis.PyQt.QtCore import QObject, pyqtSignal


class AreaTool(QObject):
    drawn = pyqtSignal(object)  # QgsRectangle in the canvas's CRS

    def __init__(self, canvas: QgsMapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._tool: QgsMapToolExtent | None = None  # made when it is first wanted
        self._former = None

    @property
    def is_active(self) -> bool:
        """Whether the canvas waits for the rectangle."""
        return self._tool is not None and self._canvas.mapTool() is self._tool

    def begin(self) -> None:
        if self._tool is None:
            self._tool = QgsMapToolExtent(self._canvas)
            self._tool.extentChanged.connect(self.take)
        if not self.is_active:
            self._former = self._canvas.mapTool()
        self._canvas.setMapTool(self._tool)

    def end(self) -> None:
        if self._tool is not None:
            self._tool.clearRubberBand()
        if self.is_active:
            if self._former is not None:
                self._canvas.setMapTool(self._former)
            else:
                self._canvas.unsetMapTool(self._tool)
        self._former = None

    def take(self, extent: QgsRectangle) -> None:
        """The rectangle is there."""
        if self.is_active and not extent.isEmpty():
            rectangle = QgsRectangle(extent)
            self.end()
            self.drawn.emit(rectangle)
