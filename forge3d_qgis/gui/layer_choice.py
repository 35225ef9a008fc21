"""Which layer the dock is about: the one in the box, the active one unless pinned, the one a project was saved with.

Each layer has a view of its own; the project keeps the present one. Asks for pictures by ``render``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from .. import layers
from ..core.view import View
from . import project_store
from .current_view import CurrentView
from .head import Head

FOLLOW_MS = 250
SAVE_MS = 400


def single_shot(milliseconds: int, then: Callable[[], None], parent: QObject) -> QTimer:
    """A timer that calls ``then`` once, so long after its last start."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(then)
    return timer


class LayerChoice(QObject):
    chosen = pyqtSignal(object)  # the layer in the box is another one; None: the empty entry
    left = pyqtSignal(list)  # ids of layers that are about to go
    project_left = pyqtSignal()
    wanted = pyqtSignal()  # a picture of the layer in the box

    def __init__(
        self, iface, head: Head, current: CurrentView, is_seen: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        """``is_seen``: whether anybody sees the dock."""
        super().__init__(parent)
        self._iface = iface
        self._head = head
        self._current = current
        self._is_seen = is_seen
        self._dirty = False
        self._chosen_id = ""
        self._choose_timer = single_shot(0, self._layer_chosen, self)
        self._follow_timer = single_shot(FOLLOW_MS, self._follow, self)
        self._save_timer = single_shot(SAVE_MS, self.save, self)
        head.layer_combo.layerChanged.connect(self._choose_timer.start)
        head.pin.toggled.connect(self.mark_changed)
        current.changed.connect(self.mark_changed)
        iface.currentLayerChanged.connect(self._active_layer_changed)
        project = QgsProject.instance()
        project.layersWillBeRemoved.connect(self._layers_leave)
        project.cleared.connect(self._project_left)
        project.readProject.connect(self._project_came)

    @property
    def layer(self):
        """The layer in the box."""
        return self._head.layer_combo.currentLayer()

    def choose(self, layer) -> None:
        """Puts ``layer`` into the box, with its view."""
        self._head.set_layer(layer)
        self._layer_chosen()

    def _layer_chosen(self) -> None:
        layer = self.layer
        self._set_layer(layer)
        if layer is None:
            return
        view = self._current.of_layer(layer.id())
        self._current.show(view if view is not None else self._first_view(layer))
        if self._is_seen():
            self.wanted.emit()

    def _first_view(self, layer) -> View:
        """Light and taste stay; what belongs to the ground of another layer does not."""
        view = self._current.view.fitted()
        colours = view.source.colours if view.source.is_draped else _own_colours(layer)
        source = dataclasses.replace(view.source, area_of="layer", area=None, band=1, colours=colours)
        return dataclasses.replace(view, source=source)

    def _set_layer(self, layer) -> None:
        self._chosen_id = layer.id() if layer is not None else ""
        self.chosen.emit(layer)

    def _active_layer_changed(self, layer) -> None:
        if not self._head.pin.isChecked() and self._is_seen():
            self._follow_timer.start()

    def _follow(self) -> None:
        layer = self._iface.activeLayer()
        if self._head.pin.isChecked() or layer is None or layers.problem_with(layer) is not None:
            return
        if layer is not self.layer:
            self.choose(layer)

    def _layers_leave(self, ids: list[str]) -> None:
        self._current.forget(ids)
        if self._chosen_id in ids:
            # Left to itself the box takes a neighbour, before this is called: nobody asked for that one.
            self._choose_timer.stop()
            self._head.set_layer(None)
            self._set_layer(None)
        self.left.emit(list(ids))

    # the project ----------------------------------------------------------------------------------------------------

    def mark_changed(self, *_) -> None:
        """The user changed something that the project keeps."""
        self._dirty = True
        self._save_timer.start()

    def save(self) -> None:
        """Writes into the project what the user changed."""
        if not self._dirty:
            return
        self._dirty = False
        layer = self.layer
        layer_id = layer.id() if layer is not None else ""
        if layer is not None:
            self._current.keep_for(layer_id)
        project_store.save_current(self._current.view, layer_id, self._head.pin.isChecked())

    def restore(self) -> None:
        """The view that the project holds, if any."""
        stored = project_store.load_current()
        view, layer, pinned = None, self._iface.activeLayer(), False
        if stored is not None:
            view, layer_id, pinned = stored
            layer = QgsProject.instance().mapLayer(layer_id)
        # Where the active one is no DEM the box has chosen by itself: the form must be about the same layer.
        if layers.problem_with(layer) is None:
            self._head.set_layer(layer)
        current = self.layer
        self._set_layer(current)
        if view is None and current is not None:
            view = self._current.view
            view = dataclasses.replace(view, source=dataclasses.replace(view.source, colours=_own_colours(current)))
        if view is not None:
            self._current.show(view)
        if stored is not None:
            self._head.set_pinned(pinned)

    def _project_left(self) -> None:
        self._save_timer.stop()
        self._current.clear()
        self._head.set_pinned(False)
        self._dirty = False
        self.project_left.emit()

    def _project_came(self, *_) -> None:
        self.restore()
        if self._is_seen() and self.layer is not None:
            self.wanted.emit()

    def shutdown(self) -> None:
        """Saves, and lets go of QGIS's signals."""
        self.save()
        for timer in (self._choose_timer, self._follow_timer, self._save_timer):
            timer.stop()
        self._iface.currentLayerChanged.disconnect(self._active_layer_changed)
        project = QgsProject.instance()
        project.layersWillBeRemoved.disconnect(self._layers_leave)
        project.cleared.disconnect(self._project_left)
        project.readProject.disconnect(self._project_came)


def _own_colours(layer) -> str:
    return "layer" if layers.prefers_own_style(layer) else "ramp"
