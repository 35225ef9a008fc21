"""A dial for the sun: the sky seen from above, with a sun to drag over it."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPalette, QPen, QRadialGradient
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QWidget

from ..text import tr

MARGIN = 15  # room for the letters round the disk
KEY_STEPS = {
    Qt.Key.Key_Left: (-5.0, 0.0),
    Qt.Key.Key_Right: (5.0, 0.0),
    Qt.Key.Key_Up: (0.0, 5.0),
    Qt.Key.Key_Down: (0.0, -5.0),
}


class SunDial(QLabel):
    """The angle is the azimuth (north up, clockwise); the centre is the zenith, the rim the horizon.

    The disk is shaded like a ball under that sun, so that the dial shows what it does. A label, because QGIS's dark
    themes give their ink to labels and not to plain widgets.
    """

    changed = pyqtSignal(float, float)  # azimuth, altitude; only by the user's hand
    drag_ended = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.azimuth = 315.0
        self.altitude = 45.0
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Sun position"))
        self.setToolTip(
            tr(
                "Sun position. Drag the sun: the direction is its azimuth (0–360°, clockwise from north), the distance "
                "from the centre its altitude (90° overhead in the centre, 0° on the rim). Arrow keys move it by 5°, "
                "with Shift by 1°. Double click: 315° / 45°."
            )
        )

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(126, 126)

    def set_sun(self, azimuth: float, altitude: float) -> None:
        self.azimuth = azimuth % 360.0
        self.altitude = min(90.0, max(0.0, altitude))
        self.setAccessibleDescription(f"{self.azimuth:.0f}°, {self.altitude:.0f}°")
        self.update()

    # geometry -----------------------------------------------------------------------------------------------------

    def _disk(self) -> tuple[QPointF, float]:
        side = min(self.width(), self.height())
        return QPointF(self.width() / 2, self.height() / 2), side / 2 - MARGIN

    def _place(self, azimuth: float, altitude: float) -> QPointF:
        centre, radius = self._disk()
        reach = radius * (90.0 - altitude) / 90.0
        turn = math.radians(azimuth)
        return QPointF(centre.x() + reach * math.sin(turn), centre.y() - reach * math.cos(turn))

    def _take(self, where: QPointF) -> None:
        centre, radius = self._disk()
        right, up = where.x() - centre.x(), centre.y() - where.y()
        reach = min(1.0, math.hypot(right, up) / radius)
        # At the very zenith a direction has no meaning: keep the old one instead of jumping to north.
        azimuth = self.azimuth if reach < 0.01 else math.degrees(math.atan2(right, up)) % 360.0
        self._move(round(azimuth, 1), round(90.0 * (1.0 - reach), 1))

    def _move(self, azimuth: float, altitude: float) -> None:
        self.set_sun(azimuth, altitude)
        self.changed.emit(self.azimuth, self.altitude)

    # events -------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragging = True
            self._take(QPointF(event.pos()))

    def mouseMoveEvent(self, event) -> None:  # noqa: N802
        if self._dragging:
            self._take(QPointF(event.pos()))

    def mouseReleaseEvent(self, event) -> None:  # noqa: N802
        if self._dragging:
            self._dragging = False
            self.drag_ended.emit()

    def mouseDoubleClickEvent(self, event) -> None:  # noqa: N802
        self._move(315.0, 45.0)
        self.drag_ended.emit()

    def keyPressEvent(self, event) -> None:  # noqa: N802
        step = KEY_STEPS.get(event.key())
        if step is None:
            super().keyPressEvent(event)
            return
        size = 0.2 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        self._move(self.azimuth + step[0] * size, self.altitude + step[1] * size)
        self.drag_ended.emit()

    def paintEvent(self, event) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre, radius = self._disk()
        ink = self.palette().color(self.foregroundRole())
        faint = QColor(ink)
        faint.setAlpha(90)
        sun = self._place(self.azimuth, self.altitude)

        # The light end of the gradient lies under the sun, a little inside the rim where Qt would clip it.
        focus = centre + (sun - centre) * 0.96
        reach = math.hypot(sun.x() - centre.x(), sun.y() - centre.y())
        ball = QRadialGradient(centre, radius + 0.55 * reach, focus)
        warm = 1.0 - math.sin(math.radians(self.altitude))  # a low sun is a warm one
        ball.setColorAt(0.0, QColor(255, 252 - int(14 * warm), 244 - int(64 * warm)))
        ball.setColorAt(0.35, QColor(226, 226, 222))
        ball.setColorAt(0.75, QColor(150, 156, 164))
        ball.setColorAt(1.0, QColor(96, 104, 118))
        painter.setPen(QPen(faint, 1.0))
        painter.setBrush(ball)
        painter.drawEllipse(centre, radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(255, 255, 255, 110), 1.0))
        for altitude in (30.0, 60.0):
            reach = radius * (90.0 - altitude) / 90.0
            painter.drawEllipse(centre, reach, reach)

        painter.setPen(QPen(faint, 1.0))
        for azimuth in range(0, 360, 30):
            turn = math.radians(azimuth)
            outward = QPointF(math.sin(turn), -math.cos(turn))
            painter.drawLine(centre + outward * radius, centre + outward * (radius + (4 if azimuth % 90 else 2)))
        font = self.font()
        font.setPointSizeF(max(6.5, font.pointSizeF() * 0.8))
        painter.setFont(font)
        painter.setPen(ink)
        for azimuth, letter in ((0, tr("N")), (90, tr("E")), (180, tr("S")), (270, tr("W"))):
            turn = math.radians(azimuth)
            at = centre + QPointF(math.sin(turn), -math.cos(turn)) * (radius + MARGIN * 0.55)
            painter.drawText(QRectF(at.x() - 8, at.y() - 8, 16, 16), Qt.AlignmentFlag.AlignCenter, letter)

        painter.setPen(QPen(QColor(120, 72, 0), 1.2))
        for ray in range(8):
            turn = math.radians(ray * 45.0)
            outward = QPointF(math.sin(turn), -math.cos(turn))
            painter.drawLine(sun + outward * 7.5, sun + outward * 10.0)
        painter.setBrush(QColor(255, 196, 37))
        painter.drawEllipse(sun, 5.5, 5.5)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1.5))
            painter.drawEllipse(centre, radius + 1.5, radius + 1.5)
