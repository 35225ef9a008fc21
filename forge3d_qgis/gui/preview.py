"""PreviewLabel: the picture, and the hands on it. Knows nothing of DEMs; says what the user did in picture shares."""

from __future__ import annotations

import math

import numpy as np
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QImage, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy

from ..text import tr
from .overlays import COMPASS_RADIUS, checkers, paint_bar, paint_chip, paint_compass, paint_words

DEGREES_PER_PIXEL = 0.4
KEY_TURN = 10.0  # degrees an arrow key turns
KEY_ZOOM = 1.25
TURNS = {
    Qt.Key.Key_Left: (-KEY_TURN, 0.0),
    Qt.Key.Key_Right: (KEY_TURN, 0.0),
    Qt.Key.Key_Up: (0.0, KEY_TURN / 2),
    Qt.Key.Key_Down: (0.0, -KEY_TURN / 2),
}
KEYS = {*TURNS, *(getattr(Qt.Key, f"Key_{name}") for name in ("Plus", "Equal", "Minus", "N", "T", "Home"))}
WHEEL_ZOOM = 1.2  # for one notch
CLICK_SLACK = 4  # pixels a hand may tremble within a click


class PreviewLabel(QLabel):
    """Shows one RGBA picture, sharp on any screen, and tells what mouse and keys ask for."""

    orbited = pyqtSignal(float, float)  # degrees: right, up
    pan_started = pyqtSignal(QPointF)
    pan_moved = pyqtSignal(QPointF)
    zoomed = pyqtSignal(QPointF, float)
    recentred = pyqtSignal(QPointF)
    hovered = pyqtSignal(QPointF)
    left = pyqtSignal()
    clicked = pyqtSignal(QPointF)
    drag_ended = pyqtSignal()
    north_wanted = pyqtSignal()
    top_wanted = pyqtSignal()
    home_wanted = pyqtSignal()
    resized = pyqtSignal()

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setObjectName("forge3dPreview")
        self.setAccessibleName(tr("3D relief"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setWhatsThis(
            tr(
                "Left drag orbits, right drag or Shift+drag pans over the ground, the wheel zooms to the cursor, a "
                "double click recentres. Keys: arrows, + and −, N north, T from above, Home for everything."
            )
        )
        self._image: QImage | None = None
        self._bytes: np.ndarray | None = None  # keeps the picture's memory alive under the QImage
        self._press: QPoint | None = None
        self._last: QPoint | None = None
        self._mode = ""
        self._moved = False
        self._checkers = checkers()
        self._title, self._hint = "", ""
        self.badge = ""  # the remark in the corner
        self.place = ""  # where the pointer is, in words
        self._heading: float | None = None
        self.busy: float | None = None  # how far the bar along the bottom is

    # what it shows ------------------------------------------------------------------------------------------------

    def show_image(self, rgba: np.ndarray) -> None:
        """Shows uint8 (height, width, 4), straight alpha, without copying the bytes."""
        height, width = rgba.shape[:2]
        self._bytes = rgba
        self._image = QImage(rgba.data, width, height, width * 4, QImage.Format.Format_RGBA8888)
        self.update()

    def image(self) -> QImage | None:
        """A copy of the picture, free of the label."""
        return self._image.copy() if self._image is not None else None

    def clear_image(self) -> None:
        self._image = None
        self._bytes = None
        self.update()

    def set_message(self, title: str, hint: str = "") -> None:
        """Words in the middle while there is no picture."""
        self._title, self._hint = title, hint
        self.setAccessibleDescription(self.words)
        self.update()

    def set_badge(self, text: str) -> None:
        """A short remark in the corner of the picture, such as “CPU preview”."""
        self.badge = text
        self.update()

    def set_place(self, text: str) -> None:
        """Where the pointer is, in the lower left corner."""
        if text != self.place:
            self.place = text
            self.update()

    def set_heading(self, heading: float | None) -> None:
        """Where the compass points; None hides it."""
        self._heading = heading
        self.update()

    def set_busy(self, share: float | None) -> None:
        """A thin bar along the bottom: 0..1; negative means under way without a known end; None hides it."""
        if share != self.busy:
            self.busy = share
            self.update()

    @property
    def words(self) -> str:
        """What is written where there is no picture: title and hint."""
        return f"{self._title} {self._hint}".strip()

    def pixel_size(self) -> QSize:
        """How many real pixels the label covers."""
        ratio = self.devicePixelRatioF()
        return QSize(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))

    def screen_pixels(self) -> QSize:
        """How many real pixels the label covers on the whole of its screen."""
        return self.screen().size() * self.devicePixelRatioF()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's names from here on)
        return QSize(400, 300)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, 120)

    # hands --------------------------------------------------------------------------------------------------------

    def _share(self, where: QPoint) -> QPointF:
        return QPointF(where.x() / max(1, self.width()), where.y() / max(1, self.height()))

    def _compass(self) -> QPointF:
        return QPointF(self.width() - COMPASS_RADIUS - 9, COMPASS_RADIUS + 9)

    def _on_compass(self, where: QPoint) -> bool:
        if self._heading is None or self._image is None:
            return False
        away = QPointF(where) - self._compass()
        return math.hypot(away.x(), away.y()) <= COMPASS_RADIUS + 2

    def mousePressEvent(self, event) -> None:  # noqa: N802
        if self._image is None or self._mode:
            return
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.LeftButton and self._on_compass(event.pos()):
            self.north_wanted.emit()
            return
        if event.button() == Qt.MouseButton.LeftButton and not shifted:
            self._mode = "orbit"
        elif event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._mode = "pan"
            self.pan_started.emit(self._share(event.pos()))
        else:
            return
        self._press = self._last = event.pos()
        self._moved = False

    def mouseMoveEvent(self, event) -> None:  # noqa: N802
        where = event.pos()
        if not self._mode:
            over = self._on_compass(where)
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.CrossCursor)
            self.setToolTip(tr("Turn the view to north (N)") if over else "")
            self.hovered.emit(self._share(where))
            return
        if not self._moved and (where - self._press).manhattanLength() < CLICK_SLACK:
            return
        if not self._moved:
            self._moved = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        step = where - self._last
        self._last = where
        if self._mode == "orbit":
            self.orbited.emit(step.x() * DEGREES_PER_PIXEL, step.y() * DEGREES_PER_PIXEL)
        else:
            self.pan_moved.emit(self._share(where))

    def mouseReleaseEvent(self, event) -> None:  # noqa: N802
        if not self._mode:
            return
        mode, self._mode = self._mode, ""
        self.setCursor(Qt.CursorShape.CrossCursor)
        if self._moved:
            self.drag_ended.emit()
        elif mode == "orbit" and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self._share(event.pos()))

    def mouseDoubleClickEvent(self, event) -> None:  # noqa: N802
        on_picture = self._image is not None and not self._on_compass(event.pos())
        if on_picture and event.button() == Qt.MouseButton.LeftButton:
            self.recentred.emit(self._share(event.pos()))

    def wheelEvent(self, event) -> None:  # noqa: N802
        if self._image is None:
            return
        notches = event.angleDelta().y() / 120.0
        if notches:
            self.zoomed.emit(self._share(event.position().toPoint()), WHEEL_ZOOM**notches)
        event.accept()

    def contextMenuEvent(self, event) -> None:  # noqa: N802
        event.accept()  # the right button pans; a menu of the dock's would pop up under the hand

    def leaveEvent(self, event) -> None:  # noqa: N802
        self.left.emit()

    def event(self, event) -> bool:
        # Shortcuts that QGIS or a user gave to these keys rest while the picture has the keyboard.
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in KEYS:
            strong = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
            if not event.modifiers() & strong:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event) -> None:  # noqa: N802
        key = event.key()
        if key in TURNS:
            self.orbited.emit(*TURNS[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoomed.emit(QPointF(0.5, 0.5), KEY_ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoomed.emit(QPointF(0.5, 0.5), 1.0 / KEY_ZOOM)
        elif key == Qt.Key.Key_N:
            self.north_wanted.emit()
        elif key == Qt.Key.Key_T:
            self.top_wanted.emit()
        elif key == Qt.Key.Key_Home:
            self.home_wanted.emit()
        else:
            super().keyPressEvent(event)
            return
        event.accept()
        if not event.isAutoRepeat():
            self.drag_ended.emit()

    def keyReleaseEvent(self, event) -> None:  # noqa: N802
        if not event.isAutoRepeat():
            self.drag_ended.emit()
        super().keyReleaseEvent(event)

    def resizeEvent(self, event) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.resized.emit()

    # paint --------------------------------------------------------------------------------------------------------

    def paintEvent(self, event) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        if self._image is None:
            paint_words(painter, whole, self.palette(), self.font(), self._title, self._hint)
        else:
            if self._image.hasAlphaChannel():
                painter.fillRect(whole, self._checkers)
            exact = self._image.size() == self.pixel_size()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not exact)
            painter.drawImage(self._picture_rect(), self._image)
            if self._heading is not None:
                paint_compass(painter, self._compass(), self._heading, self.font())
            if self.badge:
                paint_chip(painter, self.badge, whole, at_top=True)
            if self.place:
                paint_chip(painter, self.place, whole, at_top=False)
        if self.busy is not None:
            paint_bar(painter, whole, self.palette().color(QPalette.ColorRole.Highlight), self.busy)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1.0))
            painter.drawRect(whole.adjusted(0.5, 0.5, -0.5, -0.5))

    def _picture_rect(self) -> QRectF:
        """The label, or the largest part of it with the picture's own shape while a new size is under way."""
        whole = QRectF(self.rect())
        wide, high = self._image.width(), self._image.height()
        scale = min(whole.width() / wide, whole.height() / high)
        # A draft is rounded to whole pixels: within two of them it fills the label rather than shiver at the edges.
        if abs(wide * scale - whole.width()) < 6 and abs(high * scale - whole.height()) < 6:
            return whole
        size = QRectF(0, 0, wide * scale, high * scale)
        size.moveCenter(whole.center())
        return size

    def changeEvent(self, event) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            self.update()
