"""The foot of the dock: what was done to the data, who draws, how far the picture is, and how much memory it takes."""

from __future__ import annotations

from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ..text import number, size_text, tr
from .note_words import note_text

CALM, AMBER, RED = QColor(86, 140, 98), QColor(224, 150, 24), QColor(200, 48, 40)


def meter_colour(share: float, marks: tuple[float, float]) -> QColor:
    """``marks``: the shares beyond which it is amber, and red."""
    amber, red = marks
    if share > red:
        return RED
    return AMBER if share > amber else CALM


def in_words(top: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The ledger's largest labels as what people know them by, summed, largest first."""
    known = {
        "forge3d.heightfield": tr("Heights"), "forge3d.target": tr("Picture"), "forge3d.readback": tr("Picture"),
        "forge3d.frame": tr("Picture"), "forge3d.style.ramp": tr("Colours"), "forge3d.style.drape": tr("Map"),
        "forge3d.upload": tr("Upload"), "heights in Python": tr("Heights in Python"),
        "drape in Python": tr("Map in Python"), "picture in Python": tr("Picture in Python"),
    }  # fmt: skip
    sums: dict[str, int] = {}
    for label, size in top:
        words = next((words for start, words in known.items() if label.startswith(start)), label)
        sums[words] = sums.get(words, 0) + size
    return sorted(sums.items(), key=lambda item: -item[1])


class ElidedLabel(QLabel):
    """One line that shortens itself and shows the whole in its tooltip."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)

    def setText(self, text: str) -> None:  # noqa: N802 (Qt's name)
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, event) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, text)


class MemoryMeter(QLabel):
    """Memory held against the budget: calm, amber where that is high, red where it is critical.

    A label, because QGIS's dark themes give their ink to labels and not to plain widgets.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("forge3dMemoryMeter")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.held, self.limit = 0, 0
        self._marks = (1.0, 1.0)  # told with the memory
        self.setToolTip(tr("Memory of the renderer"))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(118, self.fontMetrics().height() + 6)

    def share(self) -> float:
        return self.held / self.limit if self.limit else 0.0

    def set_memory(self, metrics: dict) -> None:
        # Arrays in Python stand in the ledger, too, but the budget bounds what the renderers hold.
        in_python = int(metrics["python_bytes"])
        self.held, self.limit = int(metrics["total_bytes"]) - in_python, int(metrics["total_limit"])
        self._marks = metrics["health_marks"]
        lines = [
            tr("{held} of {limit} in use ({share} %)").format(
                held=size_text(self.held), limit=size_text(self.limit), share=number(100 * self.share())
            ),
            tr("Highest so far: {peak}").format(peak=size_text(int(metrics["device_peak_bytes"]))),
        ]
        if in_python:
            lines.append(tr("In Python, beside the budget: {size}").format(size=size_text(in_python)))
        lines += [f"{words}: {size_text(size)}" for words, size in in_words(metrics.get("top", []))]
        if metrics.get("reason"):
            lines.append(note_text(metrics["reason"]))
        lines.append(tr("The budget is set in Settings ▸ Options ▸ Forge3D."))
        self.setToolTip("\n".join(lines))
        self.setAccessibleDescription(lines[0])
        self.update()

    def paintEvent(self, event) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(self.foregroundRole())
        text = size_text(self.held) if self.limit else "–"
        painter.setPen(ink)
        words = painter.fontMetrics().horizontalAdvance(text)
        whole = QRectF(self.rect())
        painter.drawText(whole, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        track = QRectF(0, whole.center().y() - 3, max(12.0, whole.width() - words - 7), 6)
        ink.setAlpha(46)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawRoundedRect(track, 3, 3)
        filled = QRectF(track)
        filled.setWidth(track.width() * min(1.0, self.share()))
        painter.setBrush(meter_colour(self.share(), self._marks))
        if filled.width() >= 1:
            painter.drawRoundedRect(filled, 3, 3)


class Badge(QLabel):
    """A small rounded word, for “software”."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setContentsMargins(6, 0, 6, 0)
        self.hide()

    def paintEvent(self, event) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(224, 150, 24, 60))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0, 0.5, 0, -0.5), 4, 4)
        painter.end()
        super().paintEvent(event)


class Foot(QWidget):
    """Two quiet lines under the picture, always true."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("forge3dFoot")
        font = self.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.88))
        self.setFont(font)
        self.data = ElidedLabel("forge3dProvenance")
        self.adapter = ElidedLabel("forge3dAdapter")
        self.badge = Badge("forge3dSoftwareBadge")
        self.badge.setText(tr("software"))
        self.badge.setToolTip(tr("No graphics card is used: the processor draws. It works everywhere and is slower."))
        self.meter = MemoryMeter()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 5)
        column.setSpacing(2)
        column.addWidget(self.data)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.badge)
        row.addWidget(self.adapter, 1)
        row.addWidget(self.meter)
        column.addLayout(row)
        self.clear()

    def clear(self) -> None:
        self.data.setText("")
        self.adapter.setText("")
        self.badge.hide()

    def set_adapter(self, name: str, software: bool, samples: int, wanted: int, milliseconds: float) -> None:
        self.badge.setVisible(software)
        parts = [tr("{done} of {wanted} samples").format(done=samples, wanted=wanted)]
        if milliseconds < 1000:
            parts.append(tr("{time} ms").format(time=number(milliseconds)))
        else:
            parts.append(tr("{time} s").format(time=number(milliseconds / 1000, 1)))
        self.adapter.setText(" · ".join([*parts, name]))
