"""The surface styles that there are, as files of the profile and of the plugin, and news of them. No widgets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QFileSystemWatcher, QObject, QTimer, pyqtSignal

from ..core.errors import Forge3dError, NativeMissingError
from ..core.surface_styles import SurfaceStyle, shipped_folder, style_files

REST_MS = 150  # editors write a file in several steps, or put another one in its place


@lru_cache(maxsize=64)
def problem_of(style: SurfaceStyle) -> str:
    """Why this style cannot be drawn, with the line and a caret; empty where it can, or where nothing can be drawn."""
    try:
        style.check()
    except NativeMissingError:
        return ""
    except Forge3dError as error:
        return str(error)
    return ""


def text_problem(style: SurfaceStyle | None) -> str:
    """``problem_of`` its text, whatever its numbers are: a slider that moves checks nothing."""
    return "" if style is None else problem_of(SurfaceStyle(style.name, style.source))


def own_folder() -> Path:
    """Where users put styles of their own: in their QGIS profile. It may not be there yet."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "forge3d" / "styles"


class StyleFiles(QObject):
    changed = pyqtSignal()  # files came, went or were saved; the one that is watched, perhaps

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher(self)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._tell)
        self._watcher.fileChanged.connect(lambda _: self._rest.start())
        self._watcher.directoryChanged.connect(lambda _: self._rest.start())
        self._file = ""
        self._watch_again()

    def files(self) -> tuple[Path, ...]:
        """By name; of two of one name the user's own."""
        return style_files([own_folder(), shipped_folder()])

    def path_of(self, name: str) -> str:
        """The file of that name, empty where there is none."""
        return next((str(path) for path in self.files() if path.name == name), "")

    def watch(self, path: str) -> None:
        """The file in use; empty for none."""
        self._file = path
        self._watch_again()

    def make_own_folder(self) -> Path:
        """The folder for the user's styles, made if need be."""
        folder = own_folder()
        folder.mkdir(parents=True, exist_ok=True)
        self._watch_again()
        return folder

    def _tell(self) -> None:
        self._watch_again()
        self.changed.emit()

    def _watch_again(self) -> None:
        """A file that was replaced is another one, which is not watched yet."""
        watched = {*self._watcher.files(), *self._watcher.directories()}
        # The folder of the file too: a file that was removed and comes back is told by it alone.
        wanted = {str(own_folder())} | ({self._file, str(Path(self._file).parent)} if self._file else set())
        wanted = {path for path in wanted if Path(path).exists()}
        if watched - wanted:
            self._watcher.removePaths(sorted(watched - wanted))
        if wanted - watched:
            self._watcher.addPaths(sorted(wanted - watched))
