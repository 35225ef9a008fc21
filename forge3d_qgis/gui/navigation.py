"""From the hand to the camera: orbit, pan, zoom, look at, and what lies under the pointer. Knows no widgets.

A place in the picture is answered by the renderer, a moment later: ``ask`` sends the question, ``answer`` takes what
came. Places are shares of the picture, (0, 0) left top.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from qgis.core import QgsPointXY
from qgis.PyQt.QtCore import QObject, QPointF, pyqtSignal

from ..core import camera as cameras
from ..core.dem import Dem, DemFacts
from ..core.scene import Camera
from .current_view import CurrentView
from .worker import Frame

Hit = tuple[float, float, float, float, float]  # column, row, world east, world north, true height in metres


class Navigation(QObject):
    pointed = pyqtSignal(object)  # (x, y, metres) in the layer's CRS, or None
    place_clicked = pyqtSignal(object)  # QgsPointXY in the layer's CRS
    released = pyqtSignal()

    def __init__(
        self, current: CurrentView, ask: Callable[[str, float, float], None], parent: QObject | None = None
    ) -> None:
        """``ask(tag, x, y)``: what is at that place? Leads to ``answer(tag, hit)``, of a tag's newest question."""
        super().__init__(parent)
        self._current = current
        self._ask_renderer = ask
        self._dem: Dem | DemFacts | None = None
        self._frame: Frame | None = None
        self._aspect = 1.0
        self._held: cameras.Vector | None = None  # the ground in the hand
        self._zoom = 1.0
        self._over = False
        self._pivot: tuple[float, float] | None = None  # the DEM's centre, until the user looks at another place

    def begin(self, dem: Dem | DemFacts) -> None:
        """Other heights."""
        self.end()
        self._dem = dem

    def end(self) -> None:
        """The heights go, and with them what was held."""
        self._dem = self._frame = self._held = self._pivot = None
        self._zoom = 1.0

    def saw(self, frame: Frame, aspect: float) -> None:
        """A picture came, of this width by its height: from now on the hand is on this one."""
        self._frame, self._aspect = frame, aspect

    # hands --------------------------------------------------------------------------------------------------------

    def orbit(self, right: float, up: float) -> None:
        """Degrees."""
        camera = self._pinned()
        if camera is not None:
            self._move(cameras.orbited(camera, right, up, self._pivot))

    def face_north(self) -> None:
        camera = self._pinned()
        if camera is not None:
            self._move(cameras.orbited(camera, -camera.heading, 0.0, self._pivot), dragging=False)

    def look_down(self) -> None:
        camera = self._pinned()
        if camera is not None:
            self._move(dataclasses.replace(camera, pitch=90.0), dragging=False)

    def go_home(self) -> None:
        """The whole of the heights, from the present side."""
        self._move(cameras.fitted(self._current.view.scene.camera), dragging=False)

    def start_pan(self, at: QPointF) -> None:
        self._held = None
        self._ask("pan", at)

    def pan(self, at: QPointF) -> None:
        camera = self._pinned()
        if camera is not None and self._held is not None:
            self._pivot = None
            self._move(cameras.panned(camera, self._held, at.x(), at.y(), self._aspect))

    def zoom(self, at: QPointF, factor: float) -> None:
        # Notches come faster than answers: they add up until the ground under the cursor is known.
        self._zoom *= factor
        self._ask("zoom", at)

    def recentre(self, at: QPointF) -> None:
        self._ask("recentre", at)

    def point(self, at: QPointF) -> None:
        self._over = True
        self._ask("hover", at)

    def leave(self) -> None:
        self._over = False
        self.pointed.emit(None)

    def click(self, at: QPointF) -> None:
        self._ask("click", at)

    def release(self) -> None:
        """The hand let go."""
        self._held = None
        self.released.emit()

    @property
    def held(self) -> cameras.Vector | None:
        """The ground that the panning hand holds: world metres, exaggerated; None before it is known."""
        return self._held

    # answers ------------------------------------------------------------------------------------------------------

    def answer(self, tag: str, hit: Hit | None) -> None:
        """What the renderer found at the place that was asked for."""
        if self._dem is None:
            return
        ground = None
        if hit is not None:
            up = (hit[4] - self._dem.datum_m) * self._current.view.scene.exaggeration
            ground = (hit[2], hit[3], up)
        if tag == "hover":
            self.pointed.emit(self._place(hit) if hit is not None and self._over else None)
        elif tag == "click" and hit is not None:
            x, y, _ = self._place(hit)
            self.place_clicked.emit(QgsPointXY(x, y))
        elif tag == "pan":
            self._held = ground
        elif tag in ("recentre", "zoom"):
            self._look_at(tag, ground)

    def _look_at(self, tag: str, ground: cameras.Vector | None) -> None:
        camera, self._pivot = self._pinned(), None
        factor = 1.0
        if tag == "zoom":
            factor, self._zoom = self._zoom, 1.0
        if camera is None:
            return
        if tag == "zoom":
            self._move(cameras.zoomed(camera, factor, ground, self._span_limits()))
        elif ground is not None:
            self._move(dataclasses.replace(camera, target=ground), dragging=False)

    def _ask(self, tag: str, at: QPointF) -> None:
        if self._frame is not None:
            self._ask_renderer(tag, at.x(), at.y())

    def _place(self, hit: Hit) -> tuple[float, float, float]:
        return (*self._dem.map_from_cell(hit[0], hit[1]), hit[4])

    def _span_limits(self) -> tuple[float, float]:
        """Closest: four cells across the picture; farthest: ten times the DEM."""
        cells = self._dem.cell_size_m
        return 4.0 * min(cells), 10.0 * max(side * metres for side, metres in zip(self._dem.size, cells))

    def _pinned(self) -> Camera | None:
        """The camera of the last picture, held fast; None before there is one."""
        camera = self._current.view.scene.camera
        if not cameras.is_fitted(camera):
            return camera
        if self._frame is None:
            return None
        self._pivot = (0.0, 0.0)
        view = self._frame.view
        return cameras.pinned(camera, tuple(view["target"]), view["resolution"] * view["picture_height"])

    def _move(self, camera: Camera, *, dragging: bool = True) -> None:
        self._current.move(camera, dragging=dragging)
