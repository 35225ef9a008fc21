"""Where the terrain's colours come from: a ramp, or a map that QGIS draws and the renderer lays over the heights.

Owns the running drape job and the watch on the map. Knows no widgets.
"""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsRasterLayer
from qgis.PyQt.QtCore import QObject, QSize, pyqtSignal

from .. import layers
from ..core.scene import ColorRamp
from ..layers import LayerDem
from .current_view import CurrentView
from .map_watch import MapWatch
from .room import Room, drape_side, longest_side
from .worker import RenderWorker

LARGE_ENOUGH = 0.7  # of the side wanted: a picture that grows a little needs no new drape


class Drape(QObject):
    """``outdated``: the map looks different; call ``update`` when somebody looks."""

    outdated = pyqtSignal()

    def __init__(self, canvas, current: CurrentView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._current = current
        self._layer: QgsRasterLayer | None = None
        self._heights: LayerDem | None = None
        self._room: Room | None = None
        self._job = None
        self._drawn: tuple | None = None  # (what, side) of the drape that lies there or is on its way
        self._map = MapWatch(canvas, self)
        self._map.changed.connect(self._map_changed)
        self._map_is_old = False
        self.is_watched: Callable[[], bool] = lambda: True  # whether anybody sees the pictures
        self.ramp: ColorRamp = current.view.scene.color_ramp
        self.scale: Callable[[], float] = lambda: 1.0  # of its sides, in those that the picture asks for

    def begin(self, layer: QgsRasterLayer, heights: LayerDem, room: Room) -> None:
        """Other heights, without a drape so far. ``room``: what they were read for."""
        self._layer, self._heights, self._room, self._drawn = layer, heights, room, None

    def end(self) -> None:
        """The heights go."""
        self._cancel_job()
        self._map.stop()
        self._map_is_old = False
        self._layer = self._heights = self._room = self._drawn = None

    def shutdown(self) -> None:
        """For good."""
        self.end()
        self._map.shutdown()

    @property
    def is_shown(self) -> bool:
        """Whether a drape lies over the terrain, or is on its way."""
        return self._drawn is not None

    @property
    def drawn_size(self) -> tuple[int, int] | None:
        """(width, height) of the drape that lies over the terrain or is on its way; None where none does."""
        return self.shape(self._drawn[1]) if self._drawn is not None and self._heights is not None else None

    @property
    def is_drawing(self) -> bool:
        """Whether a map is being drawn."""
        return self._job is not None

    @property
    def is_waiting(self) -> bool:
        """Whether the map changed and has not yet come to rest."""
        return self._map.is_waiting

    def forget(self) -> None:
        """What was drawn is no longer right: ``update`` draws it anew."""
        self._drawn = None

    def is_wanted(self, layer: QgsRasterLayer) -> bool:
        """Whether only a drape shows the view's colours of ``layer``."""
        source = self._current.view.source
        if source.colours == "layer":
            return layers.color_ramp(layer, min(source.band, layer.bandCount()), 1.0) is None
        return source.is_draped

    def lacks_room(self, size: QSize, budget: int | None) -> bool:
        """Whether a drape is wanted beside heights that were read without the thought of one, and take its room."""
        if self._heights is None or self._room is None or self._room.is_draped or not self.is_wanted(self._layer):
            return False
        with_drape = Room(self._room.screen, True)
        planned = with_drape.planned(budget, layers.LARGEST_DRAPE)[1] if budget is not None else None
        return planned is not None and self._side(size, budget) < LARGE_ENOUGH * min(planned[0], self._side_of(size))

    def update(self, worker: RenderWorker, size: QSize, budget: int | None) -> None:
        """Chooses the ramp, and starts a drape where only a picture can show the colours.

        ``budget``: bytes that the renderer may hold, as far as they are known.
        """
        source = self._current.view.source
        self.ramp = self._current.view.scene.color_ramp
        wanted: tuple | None = None
        if source.colours == "layer":
            exact = layers.color_ramp(
                self._layer, min(source.band, self._layer.bandCount()), self._heights.metres_per_unit
            )
            if exact is not None:
                self.ramp = exact
            else:
                wanted = ("layer",)
        if source.is_draped:
            theme = source.theme if source.colours == "theme" else None
            wanted = (source.colours, theme)
            self._map.watch(theme)
        else:
            self._map.stop()
        if wanted is None:
            self._cancel_job()
            if self._drawn is not None:
                self._drawn = None
                worker.set_drape(None)
            return
        side = self._side(size, budget)
        if self._drawn is not None and self._drawn[0] == wanted and self._drawn[1] >= LARGE_ENOUGH * side:
            return
        self._cancel_job()
        self._drawn = (wanted, side)
        job, rgba = self.start_job(side)
        self._job = job

        def finished() -> None:
            if job is self._job:
                self._job = None
                image = job.renderedImage()
                worker.set_drape(lambda: rgba(image))

        job.finished.connect(finished)

    def _side(self, size: QSize, budget: int | None) -> int:
        """The longer side of the drape for a picture of ``size``, as far as memory goes."""
        wanted = self._side_of(size)
        if budget is None:
            return wanted
        dem = self._heights.dem
        return self._room.drape_side(wanted, self.shape, dem.size, budget, dem.height_bits)

    def _side_of(self, size: QSize) -> int:
        """The same where memory is plenty."""
        return max(1, round(drape_side((size.width(), size.height())) * self.scale()))

    def shape(self, side: int) -> tuple[int, int]:
        """(width, height) of a drape whose longer side that is."""
        return layers.drape_size(self._heights.dem, side)

    def export_side(self, wanted: int, picture: tuple[int, int], budget: int | None) -> int:
        """The longer side, at most ``wanted``, of a drape beside the strip ``picture`` of an export."""
        if budget is None:
            return wanted
        dem = self._heights.dem
        return longest_side(wanted, self.shape, dem.size, picture, budget, dem.height_bits)

    def start_job(self, side: int) -> tuple:
        """A running map render of what the colours want, and the function to RGBA; see ``layers.drape_job``."""
        source, styles = self._current.view.source, None
        if source.colours == "canvas":
            shown = self._canvas.mapSettings().layers()
        elif source.colours == "theme":
            shown, styles = layers.theme_layers(source.theme)
        else:
            shown = [self._layer]
        with self._map.ignored():
            return layers.drape_job(self._heights.dem, self._layer.crs(), shown, side, styles)

    def catch_up(self) -> None:
        """Somebody looks again."""
        if self._map_is_old:
            self._map_is_old = False
            self._map.again_later()

    def _map_changed(self) -> None:
        if self._heights is None:
            return
        if self._job is not None:
            self._map.again_later()  # breaking off a slow map at each of its changes would never show one
        elif self.is_watched():
            self.forget()
            self.outdated.emit()
        else:
            self._map_is_old = True

    def _cancel_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancelWithoutBlocking()
