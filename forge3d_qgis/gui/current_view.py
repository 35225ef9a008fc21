"""The view that is shown: its one owner. Form, picture and project all read it here, and change it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..core.scene import Camera, Scene
from ..core.view import Source, View

BACKDROP = "#f4f6f8"


def plain_view() -> View:
    """What a layer begins with, and what the form's resets go back to."""
    return View(Scene(background=BACKDROP), Source(colours="layer", backdrop=BACKDROP))


class CurrentView(QObject):
    """``shown`` tells that ``view`` is another one, by whomever; ``changed`` comes after it, from the user alone."""

    shown = pyqtSignal()
    changed = pyqtSignal(object, bool)  # the View before; whether the hand still moves

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = plain_view()
        self._by_layer: dict[str, View] = {}

    def change(self, changes: Mapping[str, Any], *, dragging: bool = False) -> None:
        """The user chose other values, by path; see ``View.changed``."""
        self.choose(self.view.changed(changes), dragging=dragging)

    def move(self, camera: Camera, *, dragging: bool = False) -> None:
        """The user moved the camera."""
        self.choose(self.view.with_camera(camera), dragging=dragging)

    def choose(self, view: View, *, dragging: bool = False) -> None:
        """The user wants this view."""
        before = self.view
        if view != before:
            self.show(view)
            self.changed.emit(before, dragging)

    def show(self, view: View) -> None:
        """Another view without a hand of the user's: of another layer, of a project, of a map that moved."""
        self.view = view
        self.shown.emit()

    # what belongs to which layer ------------------------------------------------------------------------------------

    def keep_for(self, layer_id: str) -> None:
        """Remembers the view as the one of this layer."""
        self._by_layer[layer_id] = self.view

    def of_layer(self, layer_id: str) -> View | None:
        """What was kept for this layer."""
        return self._by_layer.get(layer_id)

    def forget(self, layer_ids: list[str]) -> None:
        """These layers leave."""
        for one in layer_ids:
            self._by_layer.pop(one, None)

    def clear(self) -> None:
        """Another project: everything as at the start."""
        self._by_layer.clear()
        self.show(plain_view())
