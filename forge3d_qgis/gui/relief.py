"""One relief, without widgets: from a layer and the view to pictures. The dock shows what this says.

It owns the reading task and tells navigation, drape, fallback and native host when heights come and go; it is the one
place that ends them: ``forget_layer`` when the layer goes, ``shutdown`` when the plugin or QGIS does. After either
nothing of theirs arrives any more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable

from qgis.core import Qgis, QgsApplication, QgsRasterLayer, QgsRectangle
from qgis.PyQt.QtCore import QObject, QSize, pyqtSignal

from .. import layers
from ..core.budget import DeviceLimits
from ..core.dem import Dem, ReadAhead
from ..core.errors import Cancelled, Forge3dError, MemoryBudgetError
from ..core.scene import Scene
from ..core.view import Area, Source, View
from ..layers import LayerDem
from ..text import number, tr
from . import preferences
from .current_view import CurrentView
from .detail import Detail
from .drape import Drape
from .fallback import CpuFallback
from .native_host import STOP_S, NativeHost, Post, log
from .navigation import Navigation
from .note_words import note_text
from .refining import Wanted
from .room import Room
from .style_files import text_problem
from .task import BackgroundTask, Outcome, reading_task
from .worker import Frame, NotTaken


class Relief(QObject):
    frame = pyqtSignal(object)  # Frame
    cpu_picture = pyqtSignal(object)  # uint8 (height, width, 4)
    reading = pyqtSignal(float)  # share; negative: done
    emptied = pyqtSignal()
    dem_ready = pyqtSignal()
    trouble = pyqtSignal(str, str)  # title, text: no picture can be shown
    notice = pyqtSignal(str)  # worth a line in the message bar
    detail_changed = pyqtSignal()  # more or less of it than before, as memory allows

    def __init__(self, canvas, current: CurrentView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._current = current
        self._post = Post()
        self._post.arrived.connect(self._reading_goes_on)
        self._task: BackgroundTask | None = None
        self._reading: layers.Reading | None = None
        self._token = 0  # of the heights: what belongs to earlier ones arrives with another
        self._layer: QgsRasterLayer | None = None
        self._layer_id = ""
        self._read_for: tuple | None = None
        self.size = QSize(400, 300)
        self.screen = QSize(1920, 1080)  # the most that ``size`` may grow to; heights are read for it
        self._room = Room((1, 1), False)  # what the heights were read for
        self.loaded: LayerDem | None = None
        self.last_frame: Frame | None = None
        self.detail = Detail(preferences.quality)
        self.is_exporting: Callable[[], bool] = lambda: False  # then nothing is read anew: it would end the export
        self.host = NativeHost(self)
        self.navigation = Navigation(current, self._pick, self)
        self.drape = Drape(canvas, current, self)
        self.drape.scale = lambda: self.detail.drape_scale
        self.fallback = CpuFallback(self)
        self.host.frame.connect(self._frame_came)
        self.host.picked.connect(self._picked)
        self.host.failed.connect(self._failed)
        self.host.drape_failed.connect(self._drape_failed)
        self.host.memory.connect(self._memory_moved)
        self.host.device_failed.connect(self._device_failed)
        self.host.device_came.connect(self.draw)
        self.host.notice.connect(self.notice)
        self.navigation.released.connect(self.draw)
        self.drape.outdated.connect(self.draw)
        self.fallback.picture.connect(self.cpu_picture)
        self.fallback.failed.connect(lambda error: self._fail(tr("No picture"), error))

    # layer and heights --------------------------------------------------------------------------------------------

    @property
    def layer(self) -> QgsRasterLayer | None:
        return self._layer

    def render(self, layer: QgsRasterLayer, *, again: bool = False) -> None:
        """Shows ``layer``; reads it only when layer, band or area are others than before, or ``again``: then with all
        the detail that memory allows now."""
        self._render(layer, again, in_full=True)

    def _render(self, layer: QgsRasterLayer, again: bool, *, in_full: bool, on_device: bool = True) -> None:
        """``on_device``: False reads an array for the picture that NumPy makes, and asks for no device."""
        problem = layers.problem_with(layer)
        if problem is not None:
            self._drop()
            self.trouble.emit(tr("This layer is not a DEM"), problem)
            self.notice.emit(problem)
            return
        source = self._current.view.source
        area, problem = self._area(layer, source)
        if problem is not None:
            self._drop()
            self.trouble.emit(tr("Nothing to render there"), problem)
            return
        band = min(source.band, layer.bandCount())
        wanted = (layer.id(), band, area, layer.dataProvider().dataTimestamp().toString(), layer.crs().toWkt())
        if wanted == self._read_for and not again:
            if self.loaded is not None:
                self.draw()
            return  # or it is being read
        self._let_go()
        if in_full:
            self.detail.begin()
        self._read_for = wanted
        self._layer, self._layer_id = layer, layer.id()
        layer.rendererChanged.connect(self._restyled)
        layer.crsChanged.connect(self._placed_anew)
        worker = self.host.start() if on_device else None
        if worker is not None:
            worker.warm_up()
        self._reading = layers.height_source(layer, band, area)
        token, post = self._token, self._post

        def limits(cancelled) -> DeviceLimits | None:
            """The device first: what it may hold decides how finely the heights are read."""
            return worker.wait_for_device(cancelled) if worker is not None else None

        budget, room, detail = preferences.budget_bytes(), self._room_for(layer), self.detail

        def beside(found: DeviceLimits) -> dict:
            """What the heights leave room for."""
            left = found.left if budget is None else budget
            picture, drape = room.planned(left, found.max_texture_side)
            most = detail.most_heights(left)
            return {"budget": budget, "picture_size": picture, "drape_size": drape, "max_samples": most}

        def hand_over(strips: ReadAhead) -> None:
            """In the task: from now on the renderer takes them as they are read."""
            bits = 32 if strips.height_base is None else 16
            post.arrived.emit("planned", (token, (strips.size, bits)))
            worker.load(strips)

        self._room = room
        self._task = reading_task(
            self._reading,
            limits,
            beside,
            lambda share: post.arrived.emit("reading", (token, share)),
            lambda outcome: self._read(token, outcome, on_device),
            hand_over if worker is not None and self.host.problem is None else None,
        )
        self.reading.emit(0.0)
        QgsApplication.taskManager().addTask(self._task)

    def restart(self) -> None:
        """After adapter or budget changed: the next picture has a new renderer, and heights that fit it."""
        self.host.stop()
        layer, self._read_for = self._layer, None
        if layer is not None:
            self.render(layer, again=True)

    def shows(self, layer: QgsRasterLayer) -> bool:
        """Whether the heights at hand, or on their way, are those of the view's area."""
        area, problem = self._area(layer, self._current.view.source)
        return problem is None and self._read_for is not None and self._read_for[2] == area

    def area(self) -> Area | None:
        """The part of the layer whose heights are shown, in its CRS; None is the whole."""
        return self._read_for[2] if self._read_for is not None else None

    def forget_layer(self, ids: list[str] | None = None) -> None:
        """The layers with these ids are about to go (None: all). Ours among them: let go of everything."""
        if self._layer is not None and (ids is None or self._layer_id in ids):
            self._drop()
            self.emptied.emit()

    def shutdown(self) -> bool:
        """Ends everything; True when nothing of ours runs any more. Takes two seconds at most."""
        task = self._task
        self._let_go()
        self.host.shutdown()
        self.drape.shutdown()
        return task is None or task.wait(STOP_S)

    def _area(self, layer: QgsRasterLayer, source: Source) -> tuple[Area | None, str | None]:
        if source.area_of == "canvas":
            area = layers.extent_in_layer(layer, self._canvas.extent(), self._canvas.mapSettings().destinationCrs())
        elif source.corners is not None:
            area = layers.extent_in_layer(layer, QgsRectangle(*source.corners), layer.crs())
        else:
            return None, None
        if area is None:
            return None, tr("The area does not overlap “{name}”. Choose another area, or the whole layer.").format(
                name=layer.name()
            )
        return area, None

    def _room_for(self, layer: QgsRasterLayer) -> Room:
        largest = self.screen.expandedTo(self.size)
        return Room((max(1, largest.width()), max(1, largest.height())), self.drape.is_wanted(layer))

    def _restyled(self) -> None:
        if self.loaded is not None and self._current.view.source.colours == "layer":
            self.redraw_drape()

    def _placed_anew(self) -> None:
        """The layer has another CRS: its cells have other sizes on the ground."""
        self._current.show(self._current.view.fitted())
        self.render(self._layer)

    def _drop(self) -> None:
        """Heights and pictures go; the thread waits for the next layer."""
        self._let_go()
        if self.host.worker is not None:
            self.host.worker.clear()

    def _let_go(self) -> None:
        self._token += 1
        task, self._task = self._task, None
        if task is not None:
            self._reading.cancel()
            task.cancel_silently()
        self._reading = None
        self.fallback.end()
        self.drape.end()
        self.navigation.end()
        if self._layer is not None:
            # The layer's C++ side may be gone already when the whole project is torn down.
            with contextlib.suppress(RuntimeError, TypeError):
                self._layer.rendererChanged.disconnect(self._restyled)
                self._layer.crsChanged.disconnect(self._placed_anew)
        self._layer, self._layer_id, self._read_for = None, "", None
        self.loaded = self.last_frame = None

    def _reading_goes_on(self, kind: str, value: tuple) -> None:
        token, news = value
        if token != self._token:
            return
        if kind == "planned":
            self.detail.heights_came(*news)  # should the renderer refuse them
        elif self._task is not None:
            self.reading.emit(news)

    def _read(self, token: int, outcome: Outcome, on_device: bool) -> None:
        if token != self._token:
            return
        self._task = self._reading = None
        self.reading.emit(-1.0)
        error, layer = outcome.error, self._layer
        if error is not None:
            self._read_for = None
            if isinstance(error, NotTaken):
                if self.host.problem is not None:
                    self._render(layer, True, in_full=False, on_device=False)
                return  # the worker tells why
            if isinstance(error, MemoryError) and self._give_something_up(layer):
                return
            if isinstance(error, Cancelled):
                self.trouble.emit(tr("Reading was cancelled"), tr("Render the layer again when you like."))
            else:
                self._fail(tr("The heights cannot be read"), error)
            return
        self.loaded = outcome.value
        self.detail.heights_came(self.loaded.dem.size, self.loaded.dem.height_bits)
        self.navigation.begin(self.loaded.dem)
        self.drape.begin(self._layer, self.loaded, self._room)
        self.dem_ready.emit()
        worker = self.host.start() if on_device else None
        if worker is not None and isinstance(self.loaded.dem, Dem):
            worker.load(self.loaded.dem)
        self.draw()

    # pictures -----------------------------------------------------------------------------------------------------

    def draw(self, *, dragging: bool = False) -> None:
        """Shows the heights at hand as the view says."""
        if self.loaded is None:
            return
        worker = self.host.worker
        if self.host.problem is not None:
            if isinstance(self.loaded.dem, Dem):
                self.fallback.show(self.loaded.dem, self._current.view, self.size)
            else:
                self._render(self._layer, True, in_full=False, on_device=False)  # they went with the device
            return
        if worker is None:
            return
        if not dragging:
            if not self.detail.is_lowered and self.drape.lacks_room(self.size, self.host.budget()):
                self._render(self._layer, True, in_full=False)  # smaller heights, which leave the map its room
                return
            self.drape.update(worker, self.size, self.host.budget())
        size = self.size
        samples, divisor = preferences.preview_samples(), self.detail.divisor
        worker.show(Wanted(self.scene(), size.width(), size.height(), samples, dragging, self._token, divisor=divisor))

    def requality(self) -> None:
        """The user chose another quality: heights, map and picture follow it."""
        if self._layer is not None:
            self.drape.forget()
            self.render(self._layer, again=True)

    # memory -------------------------------------------------------------------------------------------------------

    def _memory_moved(self, limits: DeviceLimits) -> None:
        """The budget is what it is now: less detail where it does not suffice, more where it did for a while.

        A chosen budget does not move: what was given up when the driver refused is tried again after a while.
        """
        if self.loaded is None or self.is_exporting():
            return
        budget = limits.left if preferences.budget_bytes() is None else None
        before = self.detail.rung
        picture = (self.size.width(), self.size.height())
        if self.detail.consider(picture, self.drape.drawn_size, budget, time.monotonic()):
            self._redetail(read=self.detail.rung.dem is not before.dem)

    def _give_something_up(self, layer: QgsRasterLayer | None, *, read: bool = True) -> bool:
        """A reservation, the driver or the system said no: whether there was something to give up, which is done."""
        drape = self.drape.drawn_size
        if layer is None or not self.detail.refused((self.size.width(), self.size.height()), drape, time.monotonic()):
            return False
        self._redetail(read=read)
        return True

    def _redetail(self, *, read: bool) -> None:
        """Heights, map or picture with the detail of now; what is shown stays until they come."""
        rung = self.detail.rung
        log(
            f"Memory: map 1:{rung.drape.divisor}, heights 1:{rung.dem.divisor}, preview 1:{rung.preview.divisor}",
            Qgis.MessageLevel.Info,
        )
        if self.detail.is_lowered and not self.detail.is_told:
            self.notice.emit(tr("Memory is short: less detail is drawn until there is room again."))
        self.detail.is_told = self.detail.is_lowered
        self.drape.forget()
        if read:
            self._render(self._layer, True, in_full=False)
        else:
            self.draw()
        self.detail_changed.emit()

    def _failed(self, error: Exception) -> None:
        """No picture could be drawn: with less detail perhaps, where memory was the reason."""
        if not (isinstance(error, MemoryError) and self._give_something_up(self._layer)):
            self._fail(tr("The picture cannot be drawn"), error)

    def _drape_failed(self, error: Exception) -> None:
        if not (isinstance(error, MemoryError) and self._give_something_up(self._layer, read=False)):
            self.notice.emit(tr("The map cannot be draped: {reason}").format(reason=error))

    def _device_failed(self) -> None:
        if self.loaded is None and self._task is None and self._layer is not None:
            self._render(self._layer, True, in_full=False, on_device=False)  # it failed while it took the heights
        else:
            self.draw()

    def redraw_drape(self) -> None:
        """Draws the map that lies over the terrain anew."""
        self.drape.forget()
        self.draw()

    def resize(self, size: QSize) -> None:
        if size != self.size:
            self.size = size
            self.draw(dragging=True)

    def scene(self) -> Scene:
        """What the renderer draws: the view's scene, with the colours that its source asks for.

        A surface style that is wrong, as one of another version may be, is left out: the form tells of it.
        """
        scene = self._current.view.scene
        surface = None if text_problem(scene.surface) else scene.surface
        return dataclasses.replace(scene, color_ramp=self.drape.ramp, surface=surface)

    def portable_view(self) -> View | None:
        """The view for a reader outside QGIS, with ramp and area as they are shown; None without heights.

        A map laid over the terrain stays behind: ``source.colours`` then still names it.
        """
        if self.loaded is None or self._layer is None:
            return None
        source = self._current.view.source
        area = self.area()
        plain = dataclasses.replace(
            source,
            path=self._layer.publicSource(),  # without passwords
            layer=self._layer.name(),
            crs=layers.given_crs(self._layer),
            band=min(source.band, self._layer.bandCount()),
            area_of="layer" if area is None else "drawn",
            area=area,
            colours=source.colours if self.drape.is_shown else "ramp",
            theme=source.theme if self.drape.is_shown else "",
            backdrop=Source.backdrop,
        )
        return View(self.scene(), plain)

    def _frame_came(self, frame: Frame) -> None:
        if frame.token == self._token and self.loaded is not None:
            self.last_frame = frame
            self.navigation.saw(frame, self.size.width() / max(1, self.size.height()))
            self.frame.emit(frame)

    def _pick(self, tag: str, x: float, y: float) -> None:
        if self.host.worker is not None:
            self.host.worker.pick(tag, x, y, self._token)

    def _picked(self, tag: str, hit: tuple | None, token: int) -> None:
        if token == self._token:
            self.navigation.answer(tag, hit)

    def _fail(self, title: str, error: Exception) -> None:
        text = str(error) or type(error).__name__
        log(f"{title}: {type(error).__name__}: {text}", Qgis.MessageLevel.Critical)
        if isinstance(error, MemoryBudgetError):
            text += "\n" + tr("The budget is set in Settings ▸ Options ▸ Forge3D. A smaller area needs less, too.")
        elif not isinstance(error, Forge3dError):
            text += "\n" + tr("Details are in the log panel “Forge3D”.")
        self.trouble.emit(title, text)
        self.notice.emit(f"{title}: {str(error) or type(error).__name__}")

    def provenance(self) -> str:
        """What was done to the data, in one line."""
        if self.loaded is None:
            return ""
        dem = self.loaded.dem
        cols, rows = dem.size
        parts = [] if dem.averaged else [tr("{cols}×{rows} read whole").format(cols=cols, rows=rows)]
        parts += [note_text(note) for note in dem.notes]
        rung = self.detail.rung
        for words, tier, is_there in (
            (tr("map"), rung.drape, self.drape.is_shown),
            (tr("heights"), rung.dem, True),
            (tr("picture"), rung.preview, True),
        ):
            if is_there and tier.divisor > 1:
                parts.append(tr("{what} at 1:{divisor}, memory is short").format(what=words, divisor=tier.divisor))
        exaggeration = self._current.view.scene.exaggeration
        parts.append(tr("exaggeration {factor}").format(factor=number(exaggeration, 1)))
        return " · ".join(parts)
