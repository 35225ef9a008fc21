"""The dock: the picture, the form under it, and the foot. Joins the user's hands to the relief and shows its answer."""

from __future__ import annotations

import dataclasses

from qgis.core import Qgis, QgsApplication, QgsGeometry, QgsMapLayerProxyModel, QgsProject
from qgis.gui import QgsDockWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QEvent, QSize, Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import layers
from ..text import number, tr
from . import project_store
from .area_tool import AreaTool
from .export import ExportController
from .foot import Foot
from .notice import NativeNotice
from .panel import Panel
from .preview import PreviewLabel
from .relief import Relief
from .view_settings import ViewSettings
from .worker import Frame

WIDE = 1.15  # from this ratio of width to height the form stands beside the picture
FOLLOW_MS = 250
RESIZE_MS = 60
SAVE_MS = 400
MAP_MS = 500  # the map has come to rest
SOFTWARE = "software"


class ReliefDock(QgsDockWidget):
    def __init__(self, iface, parent: QWidget | None = None) -> None:
        super().__init__(tr("Forge3D Relief"), parent)
        self.setObjectName("Forge3DReliefDock")
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self._dirty = False
        self._chosen_id = ""
        self._area_tool: AreaTool | None = None
        self._settings_by_layer: dict[str, ViewSettings] = {}
        self.relief = Relief(self._canvas, self)
        self.preview = PreviewLabel()
        self.panel = Panel()
        self.foot = Foot()
        self.notice = NativeNotice()
        self.exporter = ExportController(iface, self.relief, self)
        self._build()
        self._choose_timer = self._timer(0, self._layer_chosen)
        self._follow_timer = self._timer(FOLLOW_MS, self._follow)
        self._resize_timer = self._timer(RESIZE_MS, self._resized)
        self._save_timer = self._timer(SAVE_MS, self._save)
        self._map_timer = self._timer(MAP_MS, self._follow_map)
        self._follows_map = False  # since an area of the map canvas was rendered
        self._wire()
        self.setFocusProxy(self.preview)
        self._show_empty()
        self._restore()

    def _timer(self, milliseconds: int, then) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(then)
        return timer

    # building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.layer_combo = QgsMapLayerComboBox()
        self.layer_combo.setObjectName("forge3dLayer")
        self.layer_combo.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.layer_combo.setAllowEmptyLayer(True, tr("No raster layer"))
        self.layer_combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.layer_combo.setToolTip(tr("Raster layer of heights that is shown"))
        self.layer_combo.setAccessibleName(tr("Layer"))
        self.pin = self._button("forge3dPin", "/unlocked.svg", tr("Keep this layer when another one becomes active"))
        self.pin.setCheckable(True)
        self.pin.toggled.connect(
            lambda on: self.pin.setIcon(QgsApplication.getThemeIcon("/locked.svg" if on else "/unlocked.svg"))
        )
        self.refresh = self._button("forge3dRefresh", "/mActionRefresh.svg", tr("Read and render again (F5)"))
        self.home = self._button("forge3dHome", "/mActionZoomFullExtent.svg", tr("Show everything (Home)"))
        self.views = self._button("forge3dViews", "/mActionShowBookmarks.svg", tr("Named views of this project"))
        self.views.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.views_menu = QMenu(self.views)
        self.views_menu.setToolTipsVisible(True)
        self.views.setMenu(self.views_menu)
        self.copy = self._button("forge3dCopy", "/mActionEditCopy.svg", tr("Copy the picture to the clipboard"))
        self.layout_button = self._button(
            "forge3dLayout", "/mLayoutItemPicture.svg", tr("Add the picture to a print layout")
        )
        self.layout_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.layout_menu = QMenu(self.layout_button)
        self.layout_button.setMenu(self.layout_menu)
        self.export = self._button(
            "forge3dExport", "/mActionSaveMapAsImage.svg", tr("Export the view as a PNG picture…")
        )

        head = QHBoxLayout()
        head.setContentsMargins(6, 5, 6, 3)
        head.setSpacing(2)
        head.addWidget(self.layer_combo, 1)
        for one in (self.pin, self.refresh):
            head.addWidget(one)
        head.addWidget(self._separator())
        for one in (self.home, self.views, self.copy, self.layout_button, self.export):
            head.addWidget(one)

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
        whole.addLayout(head)
        whole.addWidget(self.splitter, 1)
        self.setWidget(body)
        self.setMinimumWidth(320)

    def _button(self, name: str, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setAutoRaise(True)
        button.setIcon(QgsApplication.getThemeIcon(icon))
        button.setIconSize(QSize(18, 18))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    def _separator(self) -> QFrame:
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        return line

    def _wire(self) -> None:
        relief, preview, panel = self.relief, self.preview, self.panel
        relief.frame.connect(self._show_frame)
        relief.cpu_picture.connect(self._show_cpu_picture)
        relief.reading.connect(self._show_reading)
        relief.emptied.connect(self._show_empty)
        relief.dem_ready.connect(self._show_provenance)
        relief.trouble.connect(self._show_trouble)
        relief.notice.connect(self.say)
        relief.pose_changed.connect(self._pose_moved)
        relief.pointed.connect(self._show_pointer)
        relief.place_clicked.connect(self._flash)
        preview.orbited.connect(relief.orbit)
        preview.pan_started.connect(relief.start_pan)
        preview.pan_moved.connect(relief.pan)
        preview.zoomed.connect(relief.zoom)
        preview.recentred.connect(relief.recentre)
        preview.hovered.connect(relief.point)
        preview.left.connect(relief.leave)
        preview.clicked.connect(relief.click)
        preview.drag_ended.connect(relief.settle)
        preview.north_wanted.connect(relief.face_north)
        preview.top_wanted.connect(relief.look_down)
        preview.home_wanted.connect(relief.go_home)
        preview.resized.connect(self._resize_timer.start)
        panel.changed.connect(self._changed_by_user)
        panel.drag_ended.connect(relief.settle)
        panel.draw_area_wanted.connect(self._draw_area)
        self.layer_combo.layerChanged.connect(self._choose_timer.start)
        self.refresh.clicked.connect(lambda: self.render(again=True))
        self.home.clicked.connect(relief.go_home)
        self.copy.clicked.connect(self.exporter.copy)
        self.export.clicked.connect(self.exporter.ask)
        self.views_menu.aboutToShow.connect(self._fill_views)
        self.layout_menu.aboutToShow.connect(lambda: self.exporter.fill_layouts(self.layout_menu))
        self.pin.toggled.connect(self._mark_changed)
        self.notice.retry_wanted.connect(lambda: self.render(again=True))
        self._iface.currentLayerChanged.connect(self._active_layer_changed)
        project = QgsProject.instance()
        project.layersWillBeRemoved.connect(self._layers_leave)
        project.cleared.connect(self._project_left)
        project.readProject.connect(self._project_came)
        self._canvas.extentsChanged.connect(self._map_timer.start)
        self._canvas.destinationCrsChanged.connect(self._map_timer.start)
        relief.awake = self.isUserVisible
        self.visibilityChanged.connect(self._visibility_changed)

    # layers -------------------------------------------------------------------------------------------------------

    def render_layer(self, layer) -> None:
        """Shows ``layer``, as the menus do; says why not when it is no DEM."""
        problem = layers.problem_with(layer)
        if problem is not None:
            self.say(problem)
            if self.relief.loaded is None:
                self._show_trouble(tr("This layer is not a DEM"), problem)
            return
        if self.layer_combo.currentLayer() is not layer:
            self._set_combo(layer)
            self._layer_chosen()
        else:
            self.render(again=False)

    def render(self, *, again: bool = False) -> None:
        layer = self.layer_combo.currentLayer()
        if layer is None:
            self._show_empty()
            return
        if again:
            self.relief.refresh_drape()
        self._follows_map = self.panel.settings().area == "canvas"
        self.relief.size = self.preview.pixel_size()
        self.relief.render(layer, self.panel.settings(), again=again)

    def _set_combo(self, layer) -> None:
        """Shows ``layer``, or the empty entry, and tells nobody."""
        self.layer_combo.blockSignals(True)
        if layer is None:
            self.layer_combo.setCurrentIndex(0)
        else:
            self.layer_combo.setLayer(layer)
        self.layer_combo.blockSignals(False)

    def _layer_chosen(self) -> None:
        layer = self.layer_combo.currentLayer()
        self.panel.set_layer(layer)
        self._chosen_id = layer.id() if layer is not None else ""
        if layer is None:
            return
        old, layer_id = self.panel.settings(), layer.id()
        known = self._settings_by_layer.get(layer_id)
        if known is None:
            # Light and taste stay; what belongs to the ground of another layer does not.
            pose = dataclasses.replace(old.pose, target=None, span=None)
            colours = old.colours
            if colours in ("layer", "ramp"):
                colours = "layer" if layers.prefers_own_style(layer) else "ramp"
            known = dataclasses.replace(old, pose=pose, area="layer", drawn=(), band=1, colours=colours)
        self.panel.show_settings(known)
        if self.isUserVisible():
            self.render()

    def _active_layer_changed(self, layer) -> None:
        if not self.pin.isChecked() and self.isUserVisible():
            self._follow_timer.start()

    def _follow(self) -> None:
        layer = self._iface.activeLayer()
        if self.pin.isChecked() or layer is None or layers.problem_with(layer) is not None:
            return
        if layer is not self.layer_combo.currentLayer():
            self._set_combo(layer)
            self._layer_chosen()

    def _layers_leave(self, ids: list[str]) -> None:
        for one in ids:
            self._settings_by_layer.pop(one, None)
        if self._chosen_id in ids:
            # Left to itself the box takes a neighbour, before this is called: nobody asked for that one.
            self._choose_timer.stop()
            self._set_combo(None)
            self._chosen_id = ""
            self.panel.set_layer(None)
        self.exporter.layers_leave(ids)
        self.relief.forget_layer(list(ids))

    def _project_left(self) -> None:
        self._save_timer.stop()
        self._follows_map = False
        self._dirty = False
        self._settings_by_layer.clear()
        self.exporter.cancel()
        self.relief.forget_layer()
        self.panel.show_settings(ViewSettings())
        self.pin.setChecked(False)
        self._dirty = False

    def _project_came(self, *_) -> None:
        self._restore()
        if self.isUserVisible() and self.layer_combo.currentLayer() is not None:
            self.render()

    def _restore(self) -> None:
        """The view that the project holds, if any."""
        stored = project_store.load_current()
        if stored is None:
            layer = self._iface.activeLayer()
            # Where the active one is no DEM the box has chosen by itself: the form must be about the same layer.
            self._silently_choose(layer if layers.problem_with(layer) is None else None, None)
            return
        settings, layer_id, pinned = stored
        layer = QgsProject.instance().mapLayer(layer_id)
        self._silently_choose(layer if layers.problem_with(layer) is None else None, settings)
        self.pin.blockSignals(True)
        self.pin.setChecked(pinned)
        self.pin.setIcon(QgsApplication.getThemeIcon("/locked.svg" if pinned else "/unlocked.svg"))
        self.pin.blockSignals(False)

    def _silently_choose(self, layer, settings: ViewSettings | None) -> None:
        if layer is not None:
            self._set_combo(layer)
        current = self.layer_combo.currentLayer()
        self.panel.set_layer(current)
        self._chosen_id = current.id() if current is not None else ""
        if settings is None and current is not None:
            colours = "layer" if layers.prefers_own_style(current) else "ramp"
            settings = dataclasses.replace(self.panel.settings(), colours=colours)
        if settings is not None:
            self.panel.show_settings(settings)
            self.relief.settings = settings

    # the user's changes -------------------------------------------------------------------------------------------

    def _changed_by_user(self, settings: ViewSettings, dragging: bool) -> None:
        before = self.relief.settings
        self._mark_changed()
        if (settings.band, settings.area, settings.drawn) != (before.band, before.area, before.drawn):
            if settings.area == "drawn" and not settings.drawn:
                return  # the rectangle is still to be drawn
            pose = dataclasses.replace(settings.pose, target=None, span=None)
            settings = dataclasses.replace(settings, pose=pose)
            self.panel.show_settings(settings)
            self.render()
            return
        if settings.exaggeration != before.exaggeration and settings.pose.target is not None:
            # The ground under the target rises with the terrain: keep looking at the same place.
            x, y, z = settings.pose.target
            target = (x, y, z * settings.exaggeration / before.exaggeration)
            settings = dataclasses.replace(settings, pose=dataclasses.replace(settings.pose, target=target))
            self.panel.show_settings(settings)
        self.relief.apply(settings, dragging=dragging)
        self._show_provenance()

    def _pose_moved(self, pose) -> None:
        self.panel.show_settings(dataclasses.replace(self.panel.settings(), pose=pose))
        self.preview.set_heading(pose.heading)
        self._mark_changed()

    def _mark_changed(self, *_) -> None:
        self._dirty = True
        self._save_timer.start()

    def _save(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        layer = self.layer_combo.currentLayer()
        settings = self.panel.settings()
        if layer is not None:
            self._settings_by_layer[layer.id()] = settings
        project_store.save_current(settings, layer.id() if layer is not None else "", self.pin.isChecked())

    def _follow_map(self) -> None:
        """The area of the map canvas is another one, and the map has come to rest."""
        layer, settings = self.layer_combo.currentLayer(), self.panel.settings()
        if not self._follows_map or settings.area != "canvas" or layer is None or not self.isUserVisible():
            return
        if self.exporter.busy:
            self._map_timer.start()  # reading anew would end the export
        elif not self.relief.shows(layer, settings):
            pose = dataclasses.replace(settings.pose, target=None, span=None)
            self.panel.show_settings(dataclasses.replace(settings, pose=pose))
            self.render()

    def _visibility_changed(self, _: bool) -> None:
        if self.isUserVisible():
            self.relief.wake()
            self._map_timer.start()

    def _draw_area(self) -> None:
        layer = self.layer_combo.currentLayer()
        if layer is None:
            return
        if self._area_tool is None:
            self._area_tool = AreaTool(self._canvas)
            self._area_tool.drawn.connect(self._area_drawn)
        self._area_tool.begin()
        self.say(tr("Drag a rectangle on the map canvas. Esc keeps the area as it is."), Qgis.MessageLevel.Info)

    def _area_drawn(self, rectangle) -> None:
        layer = self.layer_combo.currentLayer()
        if layer is None:
            return
        extent = layers.extent_in_layer(layer, rectangle, self._canvas.mapSettings().destinationCrs())
        if extent is None:
            self.say(
                tr("The area does not overlap “{name}”. Choose another area, or the whole layer.").format(
                    name=layer.name()
                )
            )
            return
        settings = dataclasses.replace(self.panel.settings(), area="drawn", drawn=extent)
        self.panel.show_settings(settings)
        self._changed_by_user(settings, False)

    # named views --------------------------------------------------------------------------------------------------

    def _fill_views(self) -> None:
        menu = self.views_menu
        menu.clear()
        named = project_store.named_views()
        for name, settings in named.items():
            action = menu.addAction(name)
            action.triggered.connect(lambda _=False, settings=settings: self.show_view(settings))
        if named:
            menu.addSeparator()
        menu.addAction(tr("Save this view…")).triggered.connect(self._ask_save_view)
        for title, then in ((tr("Rename"), self._ask_rename_view), (tr("Delete"), project_store.delete_named)):
            submenu = menu.addMenu(title)
            submenu.setEnabled(bool(named))
            for name in named:
                submenu.addAction(name).triggered.connect(lambda _=False, name=name, then=then: then(name))

    def show_view(self, settings: ViewSettings) -> None:
        """Shows a saved view of the layer at hand."""
        before = self.panel.settings()
        self.panel.show_settings(settings)
        self._mark_changed()
        if (settings.band, settings.area, settings.drawn) != (before.band, before.area, before.drawn):
            self.render()
        else:
            self.relief.apply(settings)
        self.preview.set_heading(settings.pose.heading)
        self._show_provenance()

    def _ask_save_view(self) -> None:
        name, ok = QInputDialog.getText(self, tr("Save this view"), tr("Name of the view:"))
        if ok and name.strip():
            project_store.save_named(name.strip(), self.panel.settings())

    def _ask_rename_view(self, old: str) -> None:
        name, ok = QInputDialog.getText(self, tr("Rename view"), tr("New name of “{name}”:").format(name=old), text=old)
        if ok and name.strip() and name.strip() != old:
            project_store.rename_named(old, name.strip())

    # showing ------------------------------------------------------------------------------------------------------

    def say(self, text: str, level: Qgis.MessageLevel = Qgis.MessageLevel.Warning) -> None:
        self._iface.messageBar().pushMessage(tr("Forge3D"), text, level, 8)

    def _show_frame(self, frame: Frame) -> None:
        self.notice.hide()
        self.preview.set_badge("")
        self.preview.show_image(frame.rgba)
        self.preview.set_heading(self.relief.settings.pose.heading)
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
        self._enable_output(True)

    def _show_cpu_picture(self, rgba) -> None:
        self.preview.show_image(rgba)
        self.preview.set_heading(None)
        self.preview.set_busy(None)
        self.preview.set_badge(tr("CPU preview"))
        self.foot.adapter.setText(tr("The compiled part is missing: a hillshade from above is shown instead."))
        self._enable_output(True)
        self.notice.explain(self.relief.native_problem or "", self.relief.diagnostics())

    def _show_reading(self, share: float) -> None:
        if share < 0:
            return
        self.preview.set_busy(share)
        if share == 0.0 and self.preview.image() is None:
            self.preview.set_message(tr("Reading the heights…"))

    def _show_provenance(self) -> None:
        self.foot.data.setText(self.relief.provenance())

    def _show_trouble(self, title: str, text: str) -> None:
        self.preview.clear_image()
        self.preview.set_busy(None)
        self.preview.set_message(title, text)
        self.foot.clear()
        self._enable_output(False)

    def _show_empty(self) -> None:
        self._show_trouble(
            tr("No relief yet"), tr("Select a raster layer of heights (a DEM) and choose Render selected layer.")
        )

    def _enable_output(self, on: bool) -> None:
        for one in (self.copy, self.layout_button, self.export, self.home):
            one.setEnabled(on)

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

    def _resized(self) -> None:
        size = self.preview.pixel_size()
        if self.relief.loaded is not None:
            self.relief.resize(size)

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
        if self._dirty:
            self._save()
        for timer in (self._choose_timer, self._follow_timer, self._resize_timer, self._save_timer, self._map_timer):
            timer.stop()
        project = QgsProject.instance()
        self._iface.currentLayerChanged.disconnect(self._active_layer_changed)
        project.layersWillBeRemoved.disconnect(self._layers_leave)
        project.cleared.disconnect(self._project_left)
        project.readProject.disconnect(self._project_came)
        self._canvas.extentsChanged.disconnect(self._map_timer.start)
        self._canvas.destinationCrsChanged.disconnect(self._map_timer.start)
        self.visibilityChanged.disconnect(self._visibility_changed)
        if self._area_tool is not None:
            self._area_tool.end()
        self.exporter.shutdown()
        return self.relief.shutdown()
