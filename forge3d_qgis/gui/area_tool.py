"""Drawing a rectangle on the map canvas, once, and giving the canvas its former tool back."""

from __future__ import annotations

from qgis.core import QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapToolExtent
from qgis.PyQt.QtCore import QObject, pyqtSignal


class AreaTool(QObject):
    drawn = pyqtSignal(object)  # QgsRectangle in the canvas's CRS

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._tool = QgsMapToolExtent(canvas)
        self._tool.extentChanged.connect(self._extent_changed)
        self._former = None

    def begin(self) -> None:
        if self._canvas.mapTool() is not self._tool:
            self._former = self._canvas.mapTool()
        self._canvas.setMapTool(self._tool)

    def end(self) -> None:
        self._tool.clearRubberBand()
        if self._canvas.mapTool() is self._tool:
            if self._former is not None:
                self._canvas.setMapTool(self._former)
            else:
                self._canvas.unsetMapTool(self._tool)
        self._former = None

    def _extent_changed(self, extent: QgsRectangle) -> None:
        if self._canvas.mapTool() is self._tool and not extent.isEmpty():
            rectangle = QgsRectangle(extent)
            self.end()
            self.drawn.emit(rectangle)
