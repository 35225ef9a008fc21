"""The menu of named views: show, save, rename and delete one, and copy the view for the command line."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QApplication, QInputDialog, QMenu, QWidget

from ..core.view import View, area_text
from ..text import tr
from . import project_store
from .current_view import CurrentView


class ViewsMenu(QObject):
    """``portable_view``: what ``copy`` copies, None without a picture. ``say(text, level)``: to the user."""

    def __init__(
        self,
        menu: QMenu,
        current: CurrentView,
        portable_view: Callable[[], View | None],
        say: Callable[[str, Qgis.MessageLevel], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._menu = menu
        self._current = current
        self._portable_view = portable_view
        self._say = say
        self._window = parent
        menu.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """Today's views of the project."""
        menu = self._menu
        menu.clear()
        named = project_store.named_views()
        for name, view in named.items():
            menu.addAction(name).triggered.connect(lambda _=False, view=view: self._current.choose(view))
        if named:
            menu.addSeparator()
        menu.addAction(tr("Save this view…")).triggered.connect(self._ask_save)
        for title, then in ((tr("Rename"), self._ask_rename), (tr("Delete"), project_store.delete_named)):
            submenu = menu.addMenu(title)
            submenu.setEnabled(bool(named))
            for name in named:
                submenu.addAction(name).triggered.connect(lambda _=False, name=name, then=then: then(name))
        menu.addSeparator()
        action = menu.addAction(tr("Copy view"))
        action.setObjectName("forge3dCopyView")
        action.setToolTip(tr("Copy this view as a scene file, for the command line's --scene"))
        action.setEnabled(self._portable_view() is not None)
        action.triggered.connect(self.copy)

    def copy(self) -> None:
        """Puts the JSON that ``--scene`` takes onto the clipboard, and tells what it leaves out."""
        view = self._portable_view()
        if view is None:
            return
        QApplication.clipboard().setText(view.to_json())
        told = [tr("The view is on the clipboard: a scene file for the command line's --scene.")]
        if view.source.corners is not None:
            told.append(f"--area {area_text(view.source.corners)}")
        if view.source.colours != "ramp":
            told.append(tr("The map laid over the terrain is left out; a colour ramp takes its place."))
        self._say(" ".join(told), Qgis.MessageLevel.Success)

    def _ask_save(self) -> None:
        name, ok = QInputDialog.getText(self._window, tr("Save this view"), tr("Name of the view:"))
        if ok and name.strip():
            project_store.save_named(name.strip(), self._current.view)

    def _ask_rename(self, old: str) -> None:
        name, ok = QInputDialog.getText(
            self._window, tr("Rename view"), tr("New name of “{name}”:").format(name=old), text=old
        )
        if ok and name.strip() and name.strip() != old:
            project_store.rename_named(old, name.strip())
