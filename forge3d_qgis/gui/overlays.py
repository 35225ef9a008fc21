"""What is painted round the picture: words where there is none, compass, chips, a bar, and the checkers behind it."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QFont, QPainter, QPainterPath, QPalette, QPen, QPixmap, QTextOption

from ..text import tr

COMPASS_RADIUS = 17


def checkers() -> QBrush:
    """What shows through a transparent picture."""
    square = QPixmap(16, 16)
    square.fill(QColor(236, 236, 236))
    pen = QPainter(square)
    pen.fillRect(0, 0, 8, 8, QColor(214, 214, 214))
    pen.fillRect(8, 8, 8, 8, QColor(214, 214, 214))
    pen.end()
    return QBrush(square)


def paint_words(painter: QPainter, whole: QRectF, palette: QPalette, font: QFont, title: str, hint: str) -> None:
    """Title and hint in the middle, under a quiet drawing of a mountain."""
    painter.fillRect(whole, palette.color(QPalette.ColorRole.Base))
    ink = palette.color(QPalette.ColorRole.Text)
    _paint_ridge(painter, whole, ink)
    title_font = QFont(font)
    title_font.setPointSizeF(font.pointSizeF() * 1.15)
    title_font.setBold(True)
    centred = QTextOption(Qt.AlignmentFlag.AlignHCenter)
    width = max(80.0, whole.width() - 48)
    painter.setFont(title_font)
    top = whole.height() * 0.42
    box = painter.boundingRect(QRectF(24, top, width, whole.height()), title, centred)
    painter.setPen(ink)
    painter.drawText(box, title, centred)
    painter.setFont(font)
    ink.setAlpha(165)
    painter.setPen(ink)
    below = QRectF(24, box.bottom() + 6, width, max(0.0, whole.height() - box.bottom() - 10))
    painter.drawText(below, hint, centred)


def _paint_ridge(painter: QPainter, whole: QRectF, ink: QColor) -> None:
    unit = min(whole.width(), whole.height()) / 9.0
    middle, base = whole.center().x(), whole.height() * 0.36
    ridge = QPainterPath(QPointF(middle - 2.0 * unit, base))
    for right, up in ((-0.7, 1.35), (-0.1, 0.7), (0.7, 1.8), (2.2, 0.0)):
        ridge.lineTo(middle + right * unit, base - up * unit)
    ridge.closeSubpath()
    shade = QColor(ink)
    shade.setAlpha(34)
    painter.fillPath(ridge, shade)
    dark = QPainterPath(QPointF(middle + 0.7 * unit, base - 1.8 * unit))
    for right, up in ((2.2, 0.0), (0.95, 0.0), (0.45, 0.75)):
        dark.lineTo(middle + right * unit, base - up * unit)
    dark.closeSubpath()
    painter.fillPath(dark, shade)


def paint_compass(painter: QPainter, centre: QPointF, heading: float, font: QFont) -> None:
    """A needle to the north for a picture that looks to ``heading``."""
    painter.save()
    painter.translate(centre)
    painter.setPen(QPen(QColor(255, 255, 255, 150), 1.0))
    painter.setBrush(QColor(30, 34, 40, 120))
    painter.drawEllipse(QPointF(0, 0), COMPASS_RADIUS, COMPASS_RADIUS)
    painter.rotate(-heading)
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, tip in ((QColor(255, 255, 255), -11.0), (QColor(255, 255, 255, 90), 11.0)):
        needle = QPainterPath(QPointF(0.0, tip))
        needle.lineTo(4.5, 0.0)
        needle.lineTo(-4.5, 0.0)
        needle.closeSubpath()
        painter.fillPath(needle, colour)
    font = QFont(font)
    font.setPointSizeF(6.5)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(40, 44, 52))
    painter.drawText(QRectF(-5, -10.5, 10, 11), Qt.AlignmentFlag.AlignCenter, tr("N"))
    painter.restore()


def paint_chip(painter: QPainter, text: str, whole: QRectF, *, at_top: bool) -> None:
    """A short text on a dark ground, in a corner of the picture."""
    metrics = painter.fontMetrics()
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(40, round(whole.width()) - 32))
    box = QRectF(8, 8, metrics.horizontalAdvance(text) + 16, metrics.height() + 6)
    if not at_top:
        box.moveBottom(whole.height() - 9)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(30, 34, 40, 170))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def paint_bar(painter: QPainter, whole: QRectF, colour: QColor, share: float) -> None:
    """How far the work is, along the lower edge; a negative share is under way without a known end."""
    track = QColor(colour)
    track.setAlpha(60)
    painter.fillRect(QRectF(0, whole.height() - 3, whole.width(), 3), track)
    if share >= 0:
        painter.fillRect(QRectF(0, whole.height() - 3, whole.width() * min(1.0, share), 3), colour)
