"""The page in Settings ▸ Options: budget, adapter, samples of the preview; log, checks and facts for bug reports."""

from __future__ import annotations

import sys
from collections.abc import Callable

from qgis.core import QgsApplication
from qgis.gui import QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
)

from .. import native_loader
from ..core.render import MAX_SAMPLES
from ..text import tr
from . import preferences
from .controls import add_row
from .native_host import apply_log_level

PAGE = "forge3d_qgis"


def known_adapters() -> list[dict]:
    """The adapters, when the native part is already loaded: an options page must not start a driver."""
    module = sys.modules.get(native_loader.MODULE)
    if module is None:
        return []
    try:
        return list(module.adapters())
    except (RuntimeError, OSError):
        return []


def adapter_entries(found: list[dict]) -> list[tuple[str, str]]:
    """(words, value) for each adapter. An adapter goes by its name, as it always did, and by its key where another one
    has this name too."""
    names = [str(info["name"]) for info in found]
    entries = []
    for name, info in zip(names, found):
        is_one_of_many = names.count(name) > 1
        place = f", {info['key']}" if is_one_of_many else ""
        entries.append((f"{name} ({info['backend']}{place})", str(info["key"]) if is_one_of_many else name))
    return entries


class OptionsPage(QgsOptionsPageWidget):
    def __init__(self, diagnostics: Callable[[], str], changed: Callable[[], None], parent=None) -> None:
        super().__init__(parent)
        self.setObjectName("forge3dOptions")
        self._changed = changed
        memory = QGroupBox(tr("Renderer"))
        form = QFormLayout(memory)
        self.budget = QSpinBox()
        self.budget.setRange(0, 262144)
        self.budget.setSingleStep(64)
        self.budget.setSuffix(" MiB")
        self.budget.setSpecialValueText(tr("Automatic"))
        self.budget.setValue(preferences.budget_mebibytes())
        add_row(
            form,
            tr("Memory &budget"),
            self.budget,
            tr(
                "Most memory the renderer may hold, in MiB. Larger rasters are averaged to fit. Automatic follows the "
                "adapter: half of a graphics card's own memory, or a part of the free memory that it shares."
            ),
            "forge3dBudget",
        )
        self.adapter = QComboBox()
        for value, words in (
            ("auto", tr("Automatic: the fastest there is")),
            ("hardware", tr("Graphics card only")),
            ("software", tr("Software: the processor")),
        ):
            self.adapter.addItem(words, value)
        for words, value in adapter_entries(known_adapters()):
            self.adapter.addItem(words, value)
        chosen = preferences.adapter()
        if self.adapter.findData(chosen) < 0:
            self.adapter.addItem(chosen, chosen)
        self.adapter.setCurrentIndex(self.adapter.findData(chosen))
        add_row(form, tr("&Adapter"), self.adapter, tr("What draws the picture"), "forge3dAdapterChoice")
        self.samples = QSpinBox()
        self.samples.setRange(1, MAX_SAMPLES)
        self.samples.setValue(preferences.samples())
        add_row(
            form,
            tr("&Samples of the preview"),
            self.samples,
            tr(
                "Rays a pixel at which the picture is done, 1 to {limit}. Fewer are sooner done, more are smoother."
            ).format(limit=MAX_SAMPLES),
            "forge3dSamples",
        )
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(memory)
        whole.addWidget(self._bug_reports(diagnostics), 1)

    def _bug_reports(self, diagnostics: Callable[[], str]) -> QGroupBox:
        facts = QGroupBox(tr("Diagnostics"))
        form = QFormLayout()
        self.log_level = QComboBox()
        for value, words in (
            ("off", tr("Nothing")),
            ("error", tr("Errors")),
            ("warn", tr("Warnings")),
            ("info", tr("Normal")),
            ("debug", tr("Details")),
            ("trace", tr("Everything")),
        ):
            self.log_level.addItem(words, value)
        self.log_level.setCurrentIndex(self.log_level.findData(preferences.log_level()))
        add_row(
            form,
            tr("&Log"),
            self.log_level,
            tr(
                "What the renderer writes to the log panel “Forge3D”, at once. The environment variable FORGE3D_LOG "
                "goes before it."
            ),
            "forge3dLogLevel",
        )
        self.validation = QCheckBox(tr("&Check every call to the graphics driver (slow)"))
        self.validation.setObjectName("forge3dValidation")
        self.validation.setChecked(preferences.validation())
        self.validation.setToolTip(
            tr(
                "Vulkan's validation layer or Direct3D's debug layer, from the next start of QGIS on. What they find "
                "goes to the log panel. A layer that is not installed is told there, and drawing goes on without it."
            )
        )
        form.addRow("", self.validation)
        later = QLabel(tr("This takes effect when QGIS starts the next time."))
        later.setObjectName("forge3dValidationLater")
        later.setWordWrap(True)
        later.setVisible(False)
        self.validation.toggled.connect(lambda on: later.setVisible(on != preferences.validation()))
        form.addRow("", later)
        self.text = QPlainTextEdit(diagnostics())
        self.text.setObjectName("forge3dDiagnostics")
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setMinimumHeight(140)
        copy = QPushButton(tr("C&opy"))
        copy.setObjectName("forge3dCopyDiagnostics")
        copy.clicked.connect(lambda: QgsApplication.clipboard().setText(self.text.toPlainText()))
        caption = QLabel(tr("&Facts to copy into a bug report:"))
        caption.setBuddy(self.text)
        row = QHBoxLayout()
        row.addWidget(caption, 1)
        row.addWidget(copy)
        column = QVBoxLayout(facts)
        column.addLayout(form)
        column.addLayout(row)
        column.addWidget(self.text, 1)
        return facts

    def apply(self) -> None:
        """QGIS calls it when the user accepts the dialog."""
        before = (preferences.budget_mebibytes(), preferences.adapter(), preferences.samples())
        after = (self.budget.value(), self.adapter.currentData(), self.samples.value())
        preferences.set_budget_mebibytes(after[0])
        preferences.set_adapter(after[1])
        preferences.set_samples(after[2])
        preferences.set_validation(self.validation.isChecked())
        preferences.set_log_level(self.log_level.currentData())
        apply_log_level()
        if before != after:
            self._changed()


class OptionsFactory(QgsOptionsWidgetFactory):
    def __init__(self, icon, diagnostics: Callable[[], str], changed: Callable[[], None]) -> None:
        super().__init__(tr("Forge3D"), icon)
        self._diagnostics = diagnostics
        self._on_change = changed

    def createWidget(self, parent=None) -> OptionsPage:  # noqa: N802 (QGIS's name)
        return OptionsPage(self._diagnostics, self._on_change, parent)
