"""The form's part for a surface style: which file, its numbers as sliders, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices, QFontDatabase
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QPlainTextEdit, QSizePolicy, QToolButton, QWidget

from ..core.errors import Forge3dError
from ..core.surface_styles import Parameter, SurfaceStyle
from ..text import number, tr
from .controls import NumberSlider, add_row
from .current_view import CurrentView
from .style_files import StyleFiles, text_problem

LINES_OF_AN_ERROR = 5


class StyleCombo(QComboBox):
    """Asks for the files when it opens."""

    opened = pyqtSignal()

    def showPopup(self) -> None:  # noqa: N802 (Qt's name)
        self.opened.emit()
        super().showPopup()


class StyleControls(QObject):
    """``combo``, ``folder``, ``numbers`` and ``error`` are widgets for the form; they show the current view's style.

    A file that cannot be used is told in ``error``, and the view keeps what it had until the file is right.
    """

    drag_ended = pyqtSignal()

    def __init__(self, current: CurrentView, parent: QWidget) -> None:
        super().__init__(parent)
        self._current = current
        self._shown: SurfaceStyle | None = None
        self._pending = ""  # a file that was chosen and is wrong
        self._declared: tuple[Parameter, ...] = ()
        self.sliders: dict[str, NumberSlider] = {}
        self.files = StyleFiles(self)
        self.combo = StyleCombo()
        self.combo.setObjectName("forge3dStyle")
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(8)
        self.folder = QToolButton()
        self.folder.setObjectName("forge3dStyleFolder")
        self.folder.setAutoRaise(True)
        self.folder.setIcon(QgsApplication.getThemeIcon("/mActionFileOpen.svg"))
        self.folder.setToolTip(tr("Open the folder of your own styles"))
        self.folder.setAccessibleName(tr("Open the folder of your own styles"))
        self.numbers = QWidget()
        self.numbers.setObjectName("forge3dStyleNumbers")
        self._form = QFormLayout(self.numbers)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(10)
        self._form.setVerticalSpacing(5)
        self.error = QPlainTextEdit()
        self.error.setObjectName("forge3dStyleError")
        self.error.setReadOnly(True)
        self.error.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.error.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.error.setAccessibleName(tr("What is wrong with the surface style"))
        self.error.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.error.setFixedHeight(self.error.fontMetrics().lineSpacing() * LINES_OF_AN_ERROR + 16)
        self.combo.opened.connect(self._fill)
        self.combo.activated.connect(self._chosen)
        self.folder.clicked.connect(self._open_folder)
        self.files.changed.connect(self._files_changed)
        self._fill()
        self._show_error("")
        self._show_numbers()

    def show_style(self, style: SurfaceStyle | None) -> None:
        """Shows the view's style and tells nobody."""
        before, self._shown = self._shown, style
        if before is not None and style is not None and (before.name, before.source) == (style.name, style.source):
            self._show_values()
        elif style != before:
            self._pending = ""
            self._fill()
            self._show_error(text_problem(style))
            self._show_numbers()
            self.files.watch(self.files.path_of(style.name) if style is not None else "")

    # the list -----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """The files that there are now; a style without one is the project's own."""
        wanted = self._pending or (self._shown.name if self._shown is not None else "")
        self.combo.clear()
        self.combo.addItem(tr("None"), "")
        for path in self.files.files():
            self.combo.addItem(path.stem.replace("_", " "), str(path))
        at = next((i for i in range(self.combo.count()) if wanted in (self._path(i), Path(self._path(i)).name)), -1)
        if not wanted:
            at = 0
        elif at < 0 and self._shown is not None:
            self.combo.addItem(tr("{name} (of the project)").format(name=self._shown.title), self._shown.name)
            at = self.combo.count() - 1
        self.combo.setCurrentIndex(max(0, at))

    def _path(self, index: int) -> str:
        return str(self.combo.itemData(index) or "")

    def _chosen(self, index: int) -> None:
        path = self._path(index)
        if not path:
            self._pending = ""
            self._show_error("")
            self._current.change({"scene.surface": None})
        elif Path(path).is_file():
            self._take(path)

    def _open_folder(self) -> None:
        try:
            folder = self.files.make_own_folder()
        except OSError as error:
            self._show_error(str(error))
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _files_changed(self) -> None:
        path = self._pending or (self.files.path_of(self._shown.name) if self._shown is not None else "")
        self._fill()
        if path and Path(path).is_file():
            self._take(path)
        elif self._pending:  # the wrong one is gone
            self._pending = ""
            self._fill()
            self._show_error(text_problem(self._shown))

    def _take(self, path: str) -> None:
        """The style of this file for the view, or what is wrong with it."""
        try:
            style = SurfaceStyle.from_file(path)
            if self._shown is not None and self._shown.name == style.name:
                style = self._shown.with_source(style.source)
            problem = text_problem(style)
        except Forge3dError as error:
            problem = str(error)
        if problem:
            self._pending = path
            self.files.watch(path)
            self._show_error(problem)
            return
        self._pending = ""
        self._show_error("")
        self.files.watch(path)
        self._current.change({"scene.surface": style})

    # numbers and errors -------------------------------------------------------------------------------------------

    def _show_numbers(self) -> None:
        declared = self._shown.declared if self._shown is not None and not text_problem(self._shown) else ()
        if declared != self._declared:
            self._declared = declared
            self.sliders.clear()
            while self._form.rowCount():
                self._form.removeRow(0)
            for entry in declared:
                self._add_slider(entry)
        self.numbers.setVisible(bool(declared))
        self._show_values()

    def _show_values(self) -> None:
        for name, value in self._shown.values if self._shown is not None else ():
            if name in self.sliders:
                self.sliders[name].set_value(value)

    def _add_slider(self, entry: Parameter) -> None:
        span = entry.high - entry.low
        decimals = 0 if span >= 100 else 1 if span >= 10 else 2 if span >= 1 else 4
        slider = NumberSlider(
            f"forge3dStyle_{entry.name}", entry.low, entry.high, entry.default,
            decimals=decimals, suffix=f" {entry.unit}" if entry.unit else "", step=10.0**-decimals,
        )  # fmt: skip
        slider.changed.connect(lambda value: self._set_value(entry.name, value, slider.slider.isSliderDown()))
        slider.drag_ended.connect(self.drag_ended)
        tip = tr("{low} to {high}, default {default}").format(
            low=number(entry.low, decimals), high=number(entry.high, decimals), default=number(entry.default, decimals)
        )
        add_row(self._form, entry.label.replace("&", "&&"), slider, f"{entry.label}\n{tip}")
        self.sliders[entry.name] = slider

    def _set_value(self, name: str, value: float, dragging: bool) -> None:
        style = self._current.view.scene.surface
        if style is not None and name in dict(style.values):
            self._current.change({"scene.surface": style.with_values(**{name: value})}, dragging=dragging)

    def _show_error(self, text: str) -> None:
        self.error.setPlainText(text)
        self.error.setVisible(bool(text))
