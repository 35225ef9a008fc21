"""Notices when the map that is draped over the terrain would look different.

A drape covers the ground of the heights, not what the canvas shows: moving the map changes nothing. What changes it is
other layers on the canvas, another style, another content of a layer, or another map theme.
"""

from __future__ import annotations

import contextlib

from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from .. import layers

CALM_MS = 500  # without another change for this long somebody is through with changing a style


class MapWatch(QObject):
    """Tells of changes of one map at a time, once they have come to rest."""

    changed = pyqtSignal()

    def __init__(self, canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._theme: str | None = None
        self._layers: list[QgsMapLayer] = []
        self._themes = None  # the collection listened to; each project has its own
        self._on = self._ignores = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CALM_MS)
        self._timer.timeout.connect(self.changed)
        canvas.layersChanged.connect(self._canvas_changed)

    def watch(self, theme: str | None = None) -> None:
        """The map theme of this name, or the map canvas."""
        self._on, self._theme = True, theme
        themes = QgsProject.instance().mapThemeCollection() if theme is not None else None
        if themes is not self._themes:
            self._leave_themes()
            self._themes = themes
            if themes is not None:
                themes.mapThemeChanged.connect(self._theme_changed)
        self._listen()

    def stop(self) -> None:
        self._on = False
        self._timer.stop()
        self._leave_layers()
        self._leave_themes()

    @property
    def is_waiting(self) -> bool:
        """Whether something changed and has not yet come to rest."""
        return self._timer.isActive()

    def again_later(self) -> None:
        """What is under way comes first: tell once more after another pause."""
        self._timer.start()

    @contextlib.contextmanager
    def ignored(self):
        """For drawing the map ourselves: a layer that stretches its colours to what is drawn says that it changed."""
        before, self._ignores = self._ignores, True
        try:
            yield
        finally:
            self._ignores = before

    def shutdown(self) -> None:
        self.stop()
        self._canvas.layersChanged.disconnect(self._canvas_changed)

    def _listen(self) -> None:
        shown = self._canvas.layers() if self._theme is None else layers.theme_layers(self._theme)[0]
        if shown == self._layers:
            return
        self._leave_layers()
        self._layers = list(shown)
        for layer in self._layers:
            layer.repaintRequested.connect(self._content_changed)

    def _leave_layers(self) -> None:
        for layer in self._layers:
            with contextlib.suppress(RuntimeError, TypeError):  # a layer may have left before us
                layer.repaintRequested.disconnect(self._content_changed)
        self._layers = []

    def _leave_themes(self) -> None:
        themes, self._themes = self._themes, None
        if themes is not None:
            with contextlib.suppress(RuntimeError, TypeError):  # it goes with its project
                themes.mapThemeChanged.disconnect(self._theme_changed)

    def _canvas_changed(self) -> None:
        if self._on and self._theme is None:
            self._listen()
            self._content_changed()

    def _theme_changed(self, name: str) -> None:
        if self._on and name == self._theme:
            self._listen()
            self._content_changed()

    def _content_changed(self, *_) -> None:
        if self._on and not self._ignores:
            self._timer.start()
