"""The dock's form: every control of a view, and nothing else. Made from the tables of core; shows the current view and
changes it."""

from __future__ import annotations

from qgis.core import QgsApplication, QgsProject
from qgis.gui import QgsCollapsibleGroupBox, QgsColorButton, QgsRasterBandComboBox
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..core.fields import FIELDS
from ..core.quality import Quality
from ..core.styles import ShadingModel, shading_models
from ..text import tr
from . import field_words
from .controls import NumberSlider, add_row
from .current_view import CurrentView, plain_view
from .ramp_button import RampButton
from .style_controls import StyleControls
from .sun_dial import SunDial

TRANSPARENT = "transparent"


class ThemeCombo(QComboBox):
    """The project's map themes, asked for when needed: the collection that tells of changes dies with its project."""

    def fill(self) -> None:
        chosen = self.currentText()
        self.clear()
        self.addItems(QgsProject.instance().mapThemeCollection().mapThemes())
        self.setPlaceholderText(tr("No map theme in this project") if not self.count() else "")
        self.setCurrentIndex(self.findText(chosen))

    def choose(self, name: str) -> None:
        self.fill()
        self.setCurrentIndex(self.findText(name))

    def first(self) -> str:
        self.fill()
        return self.itemText(0)

    def showPopup(self) -> None:  # noqa: N802 (Qt's name)
        self.fill()
        super().showPopup()


class Panel(QWidget):
    """Shows ``current.view`` whenever it is another one; what the user does goes there and nowhere else."""

    drag_ended = pyqtSignal()
    draw_area_wanted = pyqtSignal()
    quality_chosen = pyqtSignal(str)  # a preset's name, empty for none: the user's, not the view's

    def __init__(self, current: CurrentView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("forge3dPanel")
        self._current = current
        self._models: dict[str, ShadingModel] = {}  # none while the native part is missing
        self._sliders: dict[str, NumberSlider] = {}  # by path of the field
        self._resets: dict[QToolButton, str] = {}  # to the path of the value
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 6)
        column.setSpacing(4)
        column.addLayout(self._quality_row())
        column.addWidget(self._terrain_group())
        column.addWidget(self._light_group())
        column.addWidget(self._colour_group())
        column.addWidget(self._view_group())
        column.addStretch(1)
        current.shown.connect(self._show_view)
        self._show_view()

    # parts --------------------------------------------------------------------------------------------------------

    def _group(self, title: str, name: str, collapsed: bool = False) -> tuple[QgsCollapsibleGroupBox, QFormLayout]:
        group = QgsCollapsibleGroupBox(title)
        group.setObjectName(name)
        group.setCollapsed(collapsed)
        form = QFormLayout()
        form.setContentsMargins(8, 4, 4, 6)
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(5)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        return group, form

    def _with_reset(self, widget: QWidget, path: str, *more: QWidget) -> QWidget:
        """``widget`` with a button after it that brings its default back; greyed while it is the default."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(widget, 1)
        for one in more:
            row.addWidget(one)
        button = QToolButton()
        button.setObjectName(f"{widget.objectName()}Reset")
        button.setAutoRaise(True)
        button.setIcon(QgsApplication.getThemeIcon("/mIconClearText.svg"))
        button.setIconSize(QSize(14, 14))
        button.setToolTip(tr("Back to the default"))
        button.setAccessibleName(tr("Back to the default"))
        button.clicked.connect(lambda: self._reset(path))
        row.addWidget(button)
        self._resets[button] = path
        holder.setFocusProxy(widget)
        return holder

    def _slider(self, form: QFormLayout, name: str, field: str) -> NumberSlider:
        """The row of a number of the scene, as its table describes it."""
        entry, path = FIELDS[field], f"scene.{field}"
        slider = NumberSlider(
            name,
            *entry.form_range,
            entry.default,
            decimals=entry.decimals,
            suffix=entry.unit,
            step=entry.step,
            logarithmic=entry.logarithmic,
            wrapping=entry.bearing,
        )
        slider.changed.connect(lambda value: self._current.change({path: value}, dragging=slider.slider.isSliderDown()))
        slider.drag_ended.connect(self.drag_ended)
        add_row(form, field_words.label(field), slider, field_words.tip(field))
        self._sliders[path] = slider
        return slider

    def _combo(self, name: str, entries: list[tuple[str, str]], path: str) -> QComboBox:
        """A choice of values, with words for them."""
        combo = QComboBox()
        combo.setObjectName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        for value, words in entries:
            combo.addItem(words, value)
        combo.activated.connect(lambda index: self._choose(path, combo.itemData(index)))
        return combo

    def _quality_row(self) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(8, 4, 4, 2)
        form.setHorizontalSpacing(10)
        self.quality = QComboBox()
        self.quality.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.quality.setMinimumContentsLength(8)
        for name, words, tip in field_words.qualities():
            self.quality.addItem(words, name)
            self.quality.setItemData(self.quality.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.quality.activated.connect(lambda index: self.quality_chosen.emit(self.quality.itemData(index)))
        add_row(
            form,
            tr("&Quality"),
            self.quality,
            tr("How finely heights are read and the picture is drawn. More takes more memory and time."),
            "forge3dQuality",
        )
        return form

    def show_quality(self, quality: Quality | None) -> None:
        """The preset in use; tells nobody."""
        self.quality.setCurrentIndex(max(0, self.quality.findData("" if quality is None else quality.name)))

    # groups -------------------------------------------------------------------------------------------------------

    def _terrain_group(self) -> QWidget:
        group, form = self._group(tr("Terrain"), "forge3dTerrainGroup")
        self.band = QgsRasterBandComboBox()
        self.band.setObjectName("forge3dBand")
        self.band.bandChanged.connect(self._band_chosen)
        self.band_label = add_row(
            form,
            tr("&Band"),
            self._with_reset(self.band, "source.band"),
            tr("Band of the raster that holds the heights"),
        )
        self.area = self._combo(
            "forge3dArea",
            [
                ("layer", tr("Whole layer")),
                ("canvas", tr("Map canvas extent")),
                ("drawn", tr("Drawn rectangle")),
            ],
            "source.area_of",
        )
        self.draw = QToolButton()
        self.draw.setObjectName("forge3dDrawArea")
        self.draw.setAutoRaise(True)
        self.draw.setIcon(QgsApplication.getThemeIcon("/mActionAddBasicRectangle.svg"))
        self.draw.setToolTip(tr("Draw the rectangle on the map canvas"))
        self.draw.setAccessibleName(tr("Draw the rectangle on the map canvas"))
        self.draw.clicked.connect(self.draw_area_wanted)
        add_row(
            form,
            tr("&Area"),
            self._with_reset(self.area, "source.area_of", self.draw),
            tr("Part of the layer to render. Less area shows more detail of a large raster."),
        )
        self.exaggeration = self._slider(form, "forge3dExaggeration", "exaggeration")
        group.setLayout(form)
        return group

    def _light_group(self) -> QWidget:
        group, form = self._group(tr("Light"), "forge3dLightGroup")
        self.dial = SunDial()
        self.dial.setObjectName("forge3dSunDial")
        self.dial.changed.connect(self._sun_moved)
        self.dial.drag_ended.connect(self.drag_ended)
        numbers = QFormLayout()
        numbers.setContentsMargins(0, 0, 0, 0)
        numbers.setVerticalSpacing(5)
        numbers.setHorizontalSpacing(10)
        self.azimuth = self._slider(numbers, "forge3dAzimuth", "sun.azimuth")
        self.altitude = self._slider(numbers, "forge3dAltitude", "sun.altitude")
        # The dial does the sliding here: only the numbers stand beside it.
        self.azimuth.slider.hide()
        self.altitude.slider.hide()
        beside = QHBoxLayout()
        beside.setContentsMargins(0, 2, 0, 2)
        beside.setSpacing(14)
        beside.addWidget(self.dial, 0, Qt.AlignmentFlag.AlignVCenter)
        beside.addLayout(numbers, 1)
        beside.setAlignment(numbers, Qt.AlignmentFlag.AlignVCenter)
        form.addRow(beside)
        self.cast_shadows = QCheckBox(tr("&Cast shadows"))
        self.cast_shadows.setObjectName("forge3dCastShadows")
        self.cast_shadows.clicked.connect(lambda on: self._current.change({"scene.cast_shadows": on}))
        self.cast_shadows.setToolTip(tr("Whether mountains throw shadows on the land behind them. On by default."))
        form.addRow(self._with_reset(self.cast_shadows, "scene.cast_shadows"))
        self.softness = self._slider(form, "forge3dSoftness", "sun.size")
        self.sky = self._slider(form, "forge3dSky", "sky_intensity")
        group.setLayout(form)
        return group

    def _colour_group(self) -> QWidget:
        group, form = self._group(tr("Colours"), "forge3dColourGroup")
        self.colours = self._combo(
            "forge3dColours",
            [
                ("layer", tr("Style of the layer")),
                ("ramp", tr("Colour ramp")),
                ("canvas", tr("Drape the map canvas")),
                ("theme", tr("Drape a map theme")),
            ],
            "source.colours",
        )
        add_row(
            form,
            tr("Colou&rs"),
            self._with_reset(self.colours, "source.colours"),
            tr(
                "What colours the terrain: the layer's own style, a colour ramp over the heights, or a map laid over it"
            ),
        )
        self.ramp = RampButton(plain_view().scene.color_ramp)
        self.ramp.setObjectName("forge3dRamp")
        self.ramp.chosen.connect(lambda ramp: self._current.change({"scene.color_ramp": ramp}))
        self.ramp_row = self._with_reset(self.ramp, "scene.color_ramp")
        self.ramp_label = add_row(
            form,
            tr("Ram&p"),
            self.ramp_row,
            tr("Colours from the lowest to the highest point; the arrow opens QGIS's ramps"),
        )
        self.theme = ThemeCombo()
        self.theme.setObjectName("forge3dTheme")
        self.theme.activated.connect(lambda index: self._current.change({"source.theme": self.theme.itemText(index)}))
        self.theme_row = self._with_reset(self.theme, "source.theme")
        self.theme_label = add_row(
            form, tr("The&me"), self.theme_row, tr("Map theme of this project that is laid over the terrain")
        )
        self.style = StyleControls(self._current, self)
        self.style.drag_ended.connect(self.drag_ended)
        add_row(
            form,
            tr("S&urface style"),
            self._with_reset(self.style.combo, "scene.surface", self.style.folder),
            tr("A text of your own or an example that colours the ground, over the ramp and below a map"),
        )
        form.addRow(self.style.numbers)
        form.addRow(self.style.error)
        self.shading = self._combo(
            "forge3dShading",
            [],
            "scene.shading",
        )
        add_row(
            form,
            tr("Sha&ding"),
            self._with_reset(self.shading, "scene.shading"),
            tr("Relief computes light; Hillshade is the classical grey picture, the same as gdaldem's"),
        )
        self.background = QgsColorButton()
        self.background.setObjectName("forge3dBackground")
        self.background.setColorDialogTitle(tr("Background"))
        self.background.setDefaultColor(QColor(plain_view().source.backdrop))
        self.background.setMinimumWidth(64)
        self.background.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.background.colorChanged.connect(lambda colour: self._set_backdrop(colour.name()))
        self.transparent = QCheckBox(tr("&Transparent"))
        self.transparent.setObjectName("forge3dTransparent")
        self.transparent.setToolTip(tr("Nothing behind the terrain: the picture is transparent there. Off by default."))
        self.transparent.clicked.connect(self._set_transparent)
        add_row(
            form,
            tr("Back&ground"),
            self._with_reset(self.background, "source.backdrop", self.transparent),
            tr("Colour behind the terrain"),
        )
        group.setLayout(form)
        return group

    def _view_group(self) -> QWidget:
        group, form = self._group(tr("View"), "forge3dViewGroup", collapsed=True)
        self.projection = self._combo(
            "forge3dProjection",
            [("perspective", tr("Perspective")), ("orthographic", tr("Orthographic: no foreshortening"))],
            "scene.camera.projection",
        )
        add_row(
            form,
            tr("Pro&jection"),
            self._with_reset(self.projection, "scene.camera.projection"),
            tr("Perspective as the eye sees, or orthographic: equal lengths stay equal over the whole picture"),
        )
        self.heading = self._slider(form, "forge3dHeading", "camera.heading")
        self.pitch = self._slider(form, "forge3dPitch", "camera.pitch")
        group.setLayout(form)
        return group

    # showing ------------------------------------------------------------------------------------------------------

    def set_layer(self, layer) -> None:
        """The layer whose bands are offered; None empties the list."""
        self.band.blockSignals(True)
        self.band.setLayer(layer)
        self.band.blockSignals(False)
        several = layer is not None and layer.bandCount() > 1
        self.band_label.setVisible(several)
        self.band.parentWidget().setVisible(several)

    def _show_view(self) -> None:
        """Every control shows the current view; none of them tells of it."""
        view = self._current.view
        scene, source = view.scene, view.source
        for widget in (self.band, self.background):
            widget.blockSignals(True)
        self.band.setBand(source.band)
        self.background.setColor(QColor(source.backdrop))
        for widget in (self.band, self.background):
            widget.blockSignals(False)
        self._fill_shadings(scene.shading)
        for path, slider in self._sliders.items():
            slider.set_value(view.value(path))
        for combo, value in (
            (self.area, source.area_of),
            (self.colours, source.colours),
            (self.shading, scene.shading),
            (self.projection, scene.camera.projection),
        ):
            combo.setCurrentIndex(max(0, combo.findData(value)))
        self.dial.set_sun(scene.sun.azimuth, scene.sun.altitude)
        self.cast_shadows.setChecked(scene.cast_shadows)
        self.ramp.show_ramp(scene.color_ramp)
        self.style.show_style(scene.surface)
        self.theme.choose(source.theme)
        self.transparent.setChecked(scene.background == TRANSPARENT)
        self._show_dependants()

    def _fill_shadings(self, shown: str) -> None:
        """The models that the native part lists; while it is missing the one that the view names."""
        if not self._models:
            self._models = {model.name: model for model in shading_models()}
            self.shading.clear()
            for name in self._models or (shown,):
                self.shading.addItem(field_words.shading(name, self._models.get(name)), name)

    def _show_dependants(self) -> None:
        """Shows what belongs to the present choice and greys what has no effect in it."""
        view = self._current.view
        scene, source, plain = view.scene, view.source, plain_view()
        model = self._models.get(scene.shading)
        for label, row, on in (
            (self.ramp_label, self.ramp_row, source.colours == "ramp"),
            (self.theme_label, self.theme_row, source.colours == "theme"),
        ):
            label.setVisible(on)
            row.setVisible(on)
        self.draw.setEnabled(source.area_of == "drawn")
        self.background.setEnabled(scene.background != TRANSPARENT)
        if model is not None:
            self.colours.setEnabled(model.uses_colors)
            self.style.combo.setEnabled(model.uses_colors)
            self.style.numbers.setEnabled(model.uses_colors)
            self.cast_shadows.setEnabled(model.uses_shadows)
            self.softness.setEnabled(model.uses_sun_size and (scene.cast_shadows or not model.uses_shadows))
            self.sky.setEnabled(model.uses_sky)
        for button, path in self._resets.items():
            button.setEnabled(view.value(path) != plain.value(path))

    # the user's hand ----------------------------------------------------------------------------------------------

    def _reset(self, path: str) -> None:
        value = plain_view().value(path)
        if path == "source.backdrop":
            self._set_backdrop(value)
        else:
            self._current.change({path: value})

    def _sun_moved(self, azimuth: float, altitude: float) -> None:
        self._current.change({"scene.sun.azimuth": azimuth, "scene.sun.altitude": altitude}, dragging=True)

    def _band_chosen(self, band: int) -> None:
        if band > 0:
            self._current.change({"source.band": band})

    def _choose(self, path: str, value: str) -> None:
        changes = {path: value}
        if (path, value) == ("source.colours", "theme") and not self._current.view.source.theme:
            changes["source.theme"] = self.theme.first()
        self._current.change(changes)
        if (path, value) == ("source.area_of", "drawn"):
            self.draw_area_wanted.emit()

    def _set_backdrop(self, colour: str) -> None:
        changes = {"source.backdrop": colour}
        if self._current.view.scene.background != TRANSPARENT:
            changes["scene.background"] = colour
        self._current.change(changes)

    def _set_transparent(self, on: bool) -> None:
        self._current.change({"scene.background": TRANSPARENT if on else self._current.view.source.backdrop})
