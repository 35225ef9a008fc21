"""The dock: head, picture, form and foot. Joins the user's hands to the relief and shows its answer."""

from __future__ import annotations

from qgis.core import Qgis, QgsGeometry
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from .. import layers
from ..core.view import View
from ..text import number, tr
from . import preferences
from .area_tool import AreaTool
from .current_view import CurrentView
from .export import ExportController
from .foot import Foot
from .head import Head
from .layer_choice import LayerChoice, single_shot
from .notice import NativeNotice
from .panel import Panel
from .preview import PreviewLabel
from .relief import Relief
from .views_menu import ViewsMenu
from .worker import Frame

WIDE = 1.15  # from this ratio of width to height the form stands beside the picture
RESIZE_MS = 60
MAP_MS = 500  # the map has come to rest
SOFTWARE = "software"


class ReliefDock(QgsDockWidget):
    def __init__(self, iface, parent: QWidget | None = None) -> None:
        super().__init__(tr("Forge3D Relief"), parent)
        self.setObjectName("Forge3DReliefDock")
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self.current = CurrentView(self)
        self.relief = Relief(self._canvas, self.current, self)
        self.head = Head()
        self.preview = PreviewLabel()
        self.panel = Panel(self.current)
        self.foot = Foot()
        self.notice = NativeNotice()
        self.exporter = ExportController(iface, self.relief, self.current, self)
        self.views = ViewsMenu(self.head.views_menu, self.current, self.relief.portable_view, self.say, self)
        self.area_tool = AreaTool(self._canvas, self)
        self.choice = LayerChoice(iface, self.head, self.current, self.isUserVisible, self)
        self._build()
        self._resize_timer = single_shot(RESIZE_MS, self._resized, self)
        self._map_timer = single_shot(MAP_MS, self._follow_map, self)
        self._follows_map = False  # since an area of the map canvas was rendered
        self._wire()
        self.setFocusProxy(self.preview)
        self._show_empty()
        self.choice.restore()

    # building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        column.addWidget(self.preview, 1)
        column.addWidget(self.foot)
        self.scroll = QScrollArea()
        self.scroll.setObjectName("forge3dControls")
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(self.panel)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("forge3dSplitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(picture)
        self.splitter.addWidget(self.scroll)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        body = QWidget()
        body.setObjectName("forge3dBody")
        whole = QVBoxLayout(body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.head)
        whole.addWidget(self.splitter, 1)
        self.setWidget(body)
        self.setMinimumWidth(320)

    def _wire(self) -> None:
        relief, preview, head, navigation = self.relief, self.preview, self.head, self.relief.navigation
        relief.frame.connect(self._show_frame)
        relief.cpu_picture.connect(self._show_cpu_picture)
        relief.reading.connect(self._show_reading)
        relief.emptied.connect(self._show_empty)
        relief.dem_ready.connect(self._show_provenance)
        relief.trouble.connect(self._show_trouble)
        relief.notice.connect(self.say)
        navigation.pointed.connect(self._show_pointer)
        navigation.place_clicked.connect(self._flash)
        preview.orbited.connect(navigation.orbit)
        preview.pan_started.connect(navigation.start_pan)
        preview.pan_moved.connect(navigation.pan)
        preview.zoomed.connect(navigation.zoom)
        preview.recentred.connect(navigation.recentre)
        preview.hovered.connect(navigation.point)
        preview.left.connect(navigation.leave)
        preview.clicked.connect(navigation.click)
        preview.drag_ended.connect(navigation.release)
        preview.north_wanted.connect(navigation.face_north)
        preview.top_wanted.connect(navigation.look_down)
        preview.home_wanted.connect(navigation.go_home)
        preview.resized.connect(self._resize_timer.start)
        head.refresh.clicked.connect(lambda: self.render(again=True))
        head.home.clicked.connect(navigation.go_home)
        head.copy.clicked.connect(self.exporter.copy)
        head.export.clicked.connect(self.exporter.ask)
        head.layout_menu.aboutToShow.connect(lambda: self.exporter.fill_layouts(head.layout_menu))
        self.current.changed.connect(self._changed_by_user)
        self.current.shown.connect(self._show_view)
        self.panel.drag_ended.connect(lambda: relief.draw())
        self.panel.draw_area_wanted.connect(self._draw_area)
        self.area_tool.drawn.connect(self._area_drawn)
        self.choice.chosen.connect(self.panel.set_layer)
        self.choice.wanted.connect(lambda: self.render())
        self.choice.left.connect(self._layers_leave)
        self.choice.project_left.connect(self._project_left)
        self.notice.retry_wanted.connect(lambda: self.render(again=True))
        self._canvas.extentsChanged.connect(self._map_timer.start)
        self._canvas.destinationCrsChanged.connect(self._map_timer.start)
        relief.drape.is_watched = self.isUserVisible
        relief.is_exporting = lambda: self.exporter.busy
        relief.detail_changed.connect(self._show_provenance)
        relief.host.metered.connect(self.foot.meter.set_memory)
        self.panel.show_quality(preferences.quality())
        self.panel.quality_chosen.connect(self._choose_quality)
        self.visibilityChanged.connect(self._visibility_changed)

    # pictures -----------------------------------------------------------------------------------------------------

    def render_layer(self, layer) -> None:
        """Shows ``layer``, as the menus do; says why not when it is no DEM."""
        problem = layers.problem_with(layer)
        if problem is not None:
            self.say(problem)
            if self.relief.loaded is None:
                self._show_trouble(tr("This layer is not a DEM"), problem)
        elif self.choice.layer is not layer:
            self.choice.choose(layer)
        else:
            self.render()

    def render(self, *, again: bool = False) -> None:
        layer = self.choice.layer
        if layer is None:
            self._show_empty()
            return
        if again:
            self.relief.drape.forget()
        self._follows_map = self.current.view.source.area_of == "canvas"
        self.relief.size, self.relief.screen = self.preview.pixel_size(), self.preview.screen_pixels()
        self.relief.render(layer, again=again)

    def _changed_by_user(self, before: View, dragging: bool) -> None:
        source = self.current.view.source
        if source.same_heights(before.source):
            self.relief.draw(dragging=dragging)
        elif source.area_of != "drawn" or source.area is not None:  # else the rectangle is still to be drawn
            self.render()

    def _follow_map(self) -> None:
        """The area of the map canvas is another one, and the map has come to rest."""
        layer = self.choice.layer
        if not self._follows_map or layer is None or not self.isUserVisible():
            return
        if self.current.view.source.area_of != "canvas":
            return
        if self.exporter.busy:
            self._map_timer.start()  # reading anew would end the export
        elif not self.relief.shows(layer):
            self.current.show(self.current.view.fitted())
            self.render()

    def _choose_quality(self, name: str) -> None:
        preferences.set_quality(name)
        self.relief.requality()

    def _visibility_changed(self, _: bool) -> None:
        if self.isUserVisible():
            self.relief.drape.catch_up()
            self._map_timer.start()

    def _resized(self) -> None:
        size = self.preview.pixel_size()
        if self.relief.loaded is not None:
            self.relief.resize(size)

    def _draw_area(self) -> None:
        if self.choice.layer is not None:
            self.area_tool.begin()
            self.say(tr("Drag a rectangle on the map canvas. Esc keeps the area as it is."), Qgis.MessageLevel.Info)

    def _area_drawn(self, rectangle) -> None:
        layer = self.choice.layer
        if layer is None:
            return
        area = layers.extent_in_layer(layer, rectangle, self._canvas.mapSettings().destinationCrs())
        if area is None:
            self.say(
                tr("The area does not overlap “{name}”. Choose another area, or the whole layer.").format(
                    name=layer.name()
                )
            )
            return
        self.current.change({"source.area_of": "drawn", "source.area": area})

    def _layers_leave(self, ids: list[str]) -> None:
        self.exporter.layers_leave(ids)
        self.relief.forget_layer(ids)

    def _project_left(self) -> None:
        self._follows_map = False
        self.exporter.cancel()
        self.relief.forget_layer()

    # showing ------------------------------------------------------------------------------------------------------

    def say(self, text: str, level: Qgis.MessageLevel = Qgis.MessageLevel.Warning) -> None:
        self._iface.messageBar().pushMessage(tr("Forge3D"), text, level, 8)

    def _show_frame(self, frame: Frame) -> None:
        self.notice.hide()
        coarser = tr("Drawn at 1:{divisor} to stay within the memory budget").format(divisor=frame.divisor)
        self.preview.set_badge(coarser if frame.divisor > self.relief.detail.chosen_divisor else "")
        self.preview.show_image(frame.rgba)
        self.preview.set_heading(self.current.view.scene.camera.heading)
        self.preview.set_busy(None if frame.samples >= frame.wanted else frame.samples / frame.wanted)
        device = frame.device
        self.foot.set_adapter(
            str(device.get("name", "")),
            device.get("kind") == SOFTWARE,
            frame.samples,
            frame.wanted,
            frame.milliseconds,
        )
        self.foot.meter.set_memory(frame.memory)
        self.head.enable_output(True)

    def _show_cpu_picture(self, rgba) -> None:
        self.preview.show_image(rgba)
        self.preview.set_heading(None)
        self.preview.set_busy(None)
        self.preview.set_badge(tr("CPU preview"))
        self.foot.adapter.setText(tr("The compiled part is missing: a hillshade from above is shown instead."))
        self.head.enable_output(True)
        if self.relief.host.problem is not None:
            self.notice.explain(self.relief.host.problem, self.relief.host.diagnostics())

    def _show_reading(self, share: float) -> None:
        if share < 0:
            return
        self.preview.set_busy(share)
        if share == 0.0 and self.preview.image() is None:
            self.preview.set_message(tr("Reading the heights…"))

    def _show_view(self) -> None:
        if self.relief.host.problem is None:
            self.preview.set_heading(self.current.view.scene.camera.heading)
        self._show_provenance()

    def _show_provenance(self) -> None:
        self.foot.data.setText(self.relief.provenance())

    def _show_trouble(self, title: str, text: str) -> None:
        self.preview.clear_image()
        self.preview.set_busy(None)
        self.preview.set_message(title, text)
        self.foot.clear()
        self.head.enable_output(False)

    def _show_empty(self) -> None:
        self._show_trouble(
            tr("No relief yet"), tr("Select a raster layer of heights (a DEM) and choose Render selected layer.")
        )

    def _show_pointer(self, place) -> None:
        if place is None or self.relief.layer is None:
            self.preview.set_place("")
            return
        decimals = 5 if self.relief.layer.crs().isGeographic() else 1
        x, y, metres = place
        self.preview.set_place(
            tr("{x}, {y} · {height} m").format(x=number(x, decimals), y=number(y, decimals), height=number(metres, 1))
        )

    def _flash(self, point) -> None:
        layer = self.relief.layer
        if layer is not None:
            self._canvas.flashGeometries([QgsGeometry.fromPointXY(point)], layer.crs())

    # Qt's events --------------------------------------------------------------------------------------------------

    def event(self, event) -> bool:
        # QGIS's own F5 redraws the map. A second shortcut would make both ambiguous, and neither would do anything.
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_F5:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_F5:
            self.render(again=True)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event) -> None:  # noqa: N802
        super().resizeEvent(event)
        wide = event.size().width() > WIDE * event.size().height() and event.size().width() > 720
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.splitter.orientation() != orientation:
            self.splitter.setOrientation(orientation)
            self.splitter.setSizes([700, 360] if wide else [3, 2])

    # the end ------------------------------------------------------------------------------------------------------

    def shutdown(self) -> bool:
        """Stops all work and lets go of QGIS's signals; True when nothing runs any more."""
        self.choice.shutdown()
        for timer in (self._resize_timer, self._map_timer):
            timer.stop()
        self._canvas.extentsChanged.disconnect(self._map_timer.start)
        self._canvas.destinationCrsChanged.disconnect(self._map_timer.start)
        self.visibilityChanged.disconnect(self._visibility_changed)
        self.area_tool.end()
        self.exporter.shutdown()
        return self.relief.shutdown()
