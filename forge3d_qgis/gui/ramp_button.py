"""QGIS's colour ramp button for a ramp of core, and back."""

from __future__ import annotations

from qgis.core import QgsGradientColorRamp, QgsGradientStop
from qgis.gui import QgsColorRampButton
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QSizePolicy

from ..core.scene import ColorRamp
from ..text import tr

SAMPLED_STOPS = 64  # for ramps of QGIS that are not gradients


def qgis_ramp(ramp: ColorRamp) -> QgsGradientColorRamp:
    """QGIS's gradient with the colours of ``ramp`` from its lowest to its highest value."""
    low, high = ramp.stops[0][0], ramp.stops[-1][0]
    first, last = QColor(*ramp.stops[0][1]), QColor(*ramp.stops[-1][1])
    between = [QgsGradientStop((value - low) / (high - low), QColor(*colour)) for value, colour in ramp.stops[1:-1]]
    return QgsGradientColorRamp(first, last, False, between)


def core_ramp(ramp) -> ColorRamp:
    """Any ramp that QGIS has, over the height range."""
    if isinstance(ramp, QgsGradientColorRamp):
        shares = [0.0, *(stop.offset for stop in ramp.stops()), 1.0]
    else:
        shares = [step / (SAMPLED_STOPS - 1) for step in range(SAMPLED_STOPS)]
    return ColorRamp(tuple((share, ramp.color(share).getRgb()) for share in sorted(set(shares))), relative=True)


class RampButton(QgsColorRampButton):
    """``chosen`` comes from the user's hand only."""

    chosen = pyqtSignal(object)  # ColorRamp

    def __init__(self, default: ColorRamp) -> None:
        super().__init__()
        self.setShowGradientOnly(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setDefaultColorRamp(qgis_ramp(default))
        self.setColorRampDialogTitle(tr("Colours of the heights"))
        self._shown: ColorRamp | None = None
        self.show_ramp(default)
        self.colorRampChanged.connect(self._changed)

    def show_ramp(self, ramp: ColorRamp) -> None:
        """Shows ``ramp`` and tells nobody."""
        if ramp != self._shown:
            self._shown = ramp
            self.blockSignals(True)
            self.setColorRamp(qgis_ramp(ramp))
            self.blockSignals(False)

    def _changed(self) -> None:
        if not self.isNull():
            self._shown = core_ramp(self.colorRamp())
            self.chosen.emit(self._shown)
