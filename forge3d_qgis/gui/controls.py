"""Small parts the dock's form is made of: a slider with its number, and rows that carry label, tooltip and name."""

from __future__ import annotations

import math

from qgis.gui import QgsDoubleSpinBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QSlider, QWidget

STEPS = 1000  # positions of every slider; the number beside it is the value


class NumberSlider(QWidget):
    """A slider and a number box for one value. The box's clear button is the reset."""

    changed = pyqtSignal(float)  # only by the user's hand
    drag_ended = pyqtSignal()

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        default: float,
        *,
        decimals: int = 1,
        suffix: str = "",
        step: float = 1.0,
        logarithmic: bool = False,
        wrapping: bool = False,
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._low, self._high, self._logarithmic, self._wrapping = low, high, logarithmic, wrapping
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName(f"{name}Slider")
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(STEPS // 10)
        self.slider.setMinimumWidth(48)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box = QgsDoubleSpinBox()
        self.box.setObjectName(f"{name}Box")
        self.box.setDecimals(decimals)
        self.box.setRange(low, high)
        self.box.setSingleStep(step)
        self.box.setSuffix(suffix)
        self.box.setWrapping(wrapping)
        self.box.setClearValue(default)
        self.box.setKeyboardTracking(False)
        self.box.setFixedWidth(96)
        self.setFocusProxy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self.box)
        self.set_value(default)
        self.slider.valueChanged.connect(self._from_slider)
        self.slider.sliderReleased.connect(self.drag_ended)
        self.box.valueChanged.connect(self._from_box)

    def value(self) -> float:
        return self.box.value()

    def set_value(self, value: float) -> None:
        """Shows ``value`` and tells nobody: only the user's hand emits ``changed``."""
        if self._wrapping and value == self._low and self.value() == self._high:
            return  # the same direction: the handle under the hand stays at its end
        for widget, what in ((self.box, value), (self.slider, self._position(value))):
            widget.blockSignals(True)
            widget.setValue(what)
            widget.blockSignals(False)

    def set_tip(self, tip: str) -> None:
        for widget in (self, self.slider, self.box):
            widget.setToolTip(tip)
        self.slider.setAccessibleName(tip)

    def _position(self, value: float) -> int:
        value = min(self._high, max(self._low, value))
        if self._logarithmic:
            return round(STEPS * math.log(value / self._low) / math.log(self._high / self._low))
        return round(STEPS * (value - self._low) / (self._high - self._low))

    def _from_slider(self, position: int) -> None:
        share = position / STEPS
        if self._logarithmic:
            value = self._low * (self._high / self._low) ** share
        else:
            value = self._low + share * (self._high - self._low)
        self.box.blockSignals(True)
        self.box.setValue(value)
        self.box.blockSignals(False)
        self.changed.emit(self.box.value())

    def _from_box(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(self._position(value))
        self.slider.blockSignals(False)
        self.changed.emit(value)
        self.drag_ended.emit()


def add_row(form: QFormLayout, label: str, field: QWidget, tip: str, name: str = "") -> QLabel:
    """One labelled row: the label is the field's buddy (its & key reaches the field) and shares its tooltip."""
    caption = QLabel(label)
    caption.setBuddy(field)
    caption.setToolTip(tip)
    if name:
        field.setObjectName(name)
    if isinstance(field, NumberSlider):
        field.set_tip(tip)
    else:
        field.setToolTip(tip)
    form.addRow(caption, field)
    return caption
