"""What a user wants of an exported picture: size, samples, background, resolution, place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsApplication
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
)

from ..core.forecast import Forecast
from ..core.render import MAX_PICTURE_SIDE, MAX_SAMPLES
from ..text import number, tr
from . import preferences
from .controls import add_row
from .note_words import note_text

REST_MS = 300
PAPER = {"a4": (3508, 2480), "a3": (4961, 3508)}  # landscape at 300 dpi


@dataclass(frozen=True)
class ExportSettings:
    path: str
    width: int
    height: int
    samples: int
    dpi: float
    transparent: bool


def fitted_to_limit(width: float, height: float) -> tuple[int, int]:
    """The size, or the largest of the same shape that can be drawn."""
    scale = min(1.0, MAX_PICTURE_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


class ExportDialog(QDialog):
    rested = pyqtSignal(object, int)  # (width, height) and samples that nobody has changed for a moment

    def __init__(self, view: tuple[int, int], name: str, transparent: bool, parent=None) -> None:
        super().__init__(parent)
        self.forecast: Callable[[tuple[int, int], int], Forecast | None] = lambda size, samples: None
        self.setObjectName("forge3dExportDialog")
        self.setWindowTitle(tr("Export View as PNG"))
        self._view = view
        self._rest_timer = QTimer(self)
        self._rest_timer.setSingleShot(True)
        self._rest_timer.setInterval(REST_MS)
        self._rest_timer.timeout.connect(self._tell_rest)
        self._setting = False
        portrait = view[1] > view[0]
        self.preset = QComboBox()
        for words, size, dpi in self._presets(portrait):
            self.preset.addItem(words, (size, dpi))
        self.preset.addItem(tr("Custom"), None)
        self.width_box, self.height_box = self._pixel_box("forge3dExportWidth"), self._pixel_box("forge3dExportHeight")
        self.lock = QToolButton()
        self.lock.setObjectName("forge3dExportLock")
        self.lock.setAutoRaise(True)
        self.lock.setIcon(QgsApplication.getThemeIcon("/locked.svg"))
        self.lock.setCheckable(True)
        self.lock.setChecked(True)
        self.lock.toggled.connect(
            lambda on: self.lock.setIcon(QgsApplication.getThemeIcon("/locked.svg" if on else "/unlocked.svg"))
        )
        self.lock.setToolTip(tr("Keep the shape of the view: width and height change together"))
        self.lock.setAccessibleName(self.lock.toolTip())
        self.samples = QSpinBox()
        self.samples.setRange(1, MAX_SAMPLES)
        self.samples.setValue(preferences.remembered("export_samples", preferences.preview_samples(), int))
        self.dpi = QSpinBox()
        self.dpi.setRange(30, 2400)
        self.dpi.setSuffix(" dpi")
        self.dpi.setValue(preferences.remembered("export_dpi", 96, int))
        self.transparent = QCheckBox(tr("&Transparent background"))
        self.transparent.setObjectName("forge3dExportTransparent")
        self.transparent.setToolTip(tr("Nothing behind the terrain, for use over other pictures"))
        self.transparent.setChecked(transparent or preferences.remembered("export_transparent", False, bool))
        self.file = QgsFileWidget()
        self.file.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.file.setFilter(tr("PNG pictures (*.png)"))
        self.file.setDialogTitle(tr("Export View as PNG"))
        folder = preferences.remembered("export_folder", str(Path.home()), str)
        stem = re.sub(r"[^\w\- ]+", "_", name).strip() or "relief"
        self.file.setFilePath(str(Path(folder) / f"{stem}_relief.png"))
        self.summary = QLabel()
        self.summary.setObjectName("forge3dExportSummary")
        self.summary.setWordWrap(True)

        form = QFormLayout()
        add_row(
            form,
            tr("Si&ze"),
            self.preset,
            tr("Common sizes; the picture shows what the view shows"),
            "forge3dExportPreset",
        )
        sizes = QHBoxLayout()
        sizes.addWidget(self.width_box, 1)
        sizes.addWidget(QLabel("×"))
        sizes.addWidget(self.height_box, 1)
        sizes.addWidget(self.lock)
        form.addRow(tr("Pixels"), sizes)
        add_row(
            form,
            tr("Sa&mples"),
            self.samples,
            tr("Rays a pixel, 1 to {limit}: 1 is a sketch, 16 smooth, 64 for print. Time grows with them.").format(
                limit=MAX_SAMPLES
            ),
            "forge3dExportSamples",
        )
        add_row(
            form,
            tr("&Resolution"),
            self.dpi,
            tr("Pixels an inch, 30 to 2400, written into the file"),
            "forge3dExportDpi",
        )
        form.addRow("", self.transparent)
        add_row(
            form,
            tr("&File"),
            self.file,
            tr("Where the picture goes; it appears when it is complete"),
            "forge3dExportFile",
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.button(QDialogButtonBox.StandardButton.Save)
        self.save.setText(tr("&Export"))
        self.save.setObjectName("forge3dExportSave")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.summary)
        column.addStretch(1)
        column.addWidget(buttons)
        self.setMinimumWidth(440)

        self.preset.currentIndexChanged.connect(self._preset_chosen)
        self.width_box.valueChanged.connect(lambda value: self._side_changed(value, None))
        self.height_box.valueChanged.connect(lambda value: self._side_changed(None, value))
        for box in (self.samples, self.dpi):
            box.valueChanged.connect(self._summarise)
        self.file.fileChanged.connect(self._summarise)
        last = preferences.remembered("export_preset", 1, int)
        self.preset.setCurrentIndex(last if 0 <= last < self.preset.count() - 1 else 1)
        self._preset_chosen()

    def _presets(self, portrait: bool) -> list[tuple[str, tuple[int, int], int]]:
        width, height = self._view
        entries = [(tr("As the view"), (width, height), 96)]
        for factor in (2, 4):
            size = fitted_to_limit(width * factor, height * factor)
            entries.append((tr("{factor} times the view").format(factor=factor), size, 96 * factor))
        for paper, words in (("a4", tr("A4 at 300 dpi")), ("a3", tr("A3 at 300 dpi"))):
            size = PAPER[paper]
            entries.append((words, size[::-1] if portrait else size, 300))
        return entries

    @staticmethod
    def _pixel_box(name: str) -> QSpinBox:
        box = QSpinBox()
        box.setObjectName(name)
        box.setRange(1, MAX_PICTURE_SIDE)
        box.setSuffix(" px")
        box.setKeyboardTracking(False)
        box.setToolTip(tr("Pixels, 1 to {limit}").format(limit=MAX_PICTURE_SIDE))
        return box

    def _preset_chosen(self) -> None:
        entry = self.preset.currentData()
        if entry is not None:
            size, dpi = entry
            self._set_size(*size)
            self.dpi.setValue(dpi)
        self._summarise()

    def _set_size(self, width: int, height: int) -> None:
        self._setting = True
        self.width_box.setValue(width)
        self.height_box.setValue(height)
        self._setting = False

    def _side_changed(self, width: int | None, height: int | None) -> None:
        if self._setting:
            return
        self.preset.blockSignals(True)
        self.preset.setCurrentIndex(self.preset.count() - 1)
        self.preset.blockSignals(False)
        if self.lock.isChecked():
            across, down = self._view
            size = (width, width * down / across) if width is not None else (height * across / down, height)
            self._set_size(*fitted_to_limit(*size))
        self._summarise()

    def _summarise(self, *_) -> None:
        self.summarise()
        self._rest_timer.start()

    def _tell_rest(self) -> None:
        self.rested.emit((self.width_box.value(), self.height_box.value()), self.samples.value())

    def summarise(self) -> None:
        """Says what the picture will be and what it will take, as far as that is known now."""
        width, height, dpi = self.width_box.value(), self.height_box.value(), self.dpi.value()
        parts = [
            tr("{width} × {height} px").format(width=number(width), height=number(height)),
            tr("{width} × {height} cm").format(
                width=number(width / dpi * 2.54, 1), height=number(height / dpi * 2.54, 1)
            ),
        ]
        expected = self.forecast((width, height), self.samples.value())
        if expected is not None:
            parts.append(note_text(expected.note))
        self.summary.setText(" · ".join(parts))
        path = self.file.filePath().strip()
        writable = bool(path) and Path(path).parent.is_dir()
        self.save.setEnabled(writable)
        self.save.setToolTip("" if writable else tr("Choose a file in a folder that exists"))

    def settings(self) -> ExportSettings:
        path = self.file.filePath().strip()
        if not path.lower().endswith(".png"):
            path += ".png"
        return ExportSettings(
            path,
            self.width_box.value(),
            self.height_box.value(),
            self.samples.value(),
            float(self.dpi.value()),
            self.transparent.isChecked(),
        )

    def accept(self) -> None:
        preferences.remember("export_preset", self.preset.currentIndex())
        preferences.remember("export_samples", self.samples.value())
        preferences.remember("export_dpi", self.dpi.value())
        preferences.remember("export_transparent", self.transparent.isChecked())
        preferences.remember("export_folder", str(Path(self.file.filePath()).parent))
        super().accept()
