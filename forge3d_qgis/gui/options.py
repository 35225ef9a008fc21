"""The page in Settings ▸ Options: memory budget, adapter, samples of the preview."""

from __future__ import annotations

import sys
from collections.abc import Callable

from qgis.core import QgsApplication
from qgis.gui import QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGroupBox,
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
        for info in known_adapters():
            name = str(info["name"])
            self.adapter.addItem(f"{name} ({info['backend']})", name)
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
        facts = QGroupBox(tr("Diagnostics"))
        column = QVBoxLayout(facts)
        column.addWidget(QLabel(tr("Facts to copy into a bug report:")))
        self.text = QPlainTextEdit(diagnostics())
        self.text.setObjectName("forge3dDiagnostics")
        self.text.setReadOnly(True)
        column.addWidget(self.text)
        copy = QPushButton(tr("&Copy"))
        copy.setObjectName("forge3dCopyDiagnostics")
        copy.clicked.connect(lambda: QgsApplication.clipboard().setText(self.text.toPlainText()))
        column.addWidget(copy)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(memory)
        whole.addWidget(facts, 1)

    def apply(self) -> None:
        """QGIS calls it when the user accepts the dialog."""
        before = (preferences.budget_mebibytes(), preferences.adapter(), preferences.samples())
        after = (self.budget.value(), self.adapter.currentData(), self.samples.value())
        preferences.set_budget_mebibytes(after[0])
        preferences.set_adapter(after[1])
        preferences.set_samples(after[2])
        if before != after:
            self._changed()


class OptionsFactory(QgsOptionsWidgetFactory):
    def __init__(self, icon, diagnostics: Callable[[], str], changed: Callable[[], None]) -> None:
        super().__init__(tr("Forge3D"), icon)
        self._diagnostics = diagnostics
        self._on_change = changed

    def createWidget(self, parent=None) -> OptionsPage:  # noqa: N802 (QGIS's name)
        return OptionsPage(self._diagnostics, self._on_change, parent)
