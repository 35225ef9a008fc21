"""The dock's form: every control of a view, and nothing else. Shows a ViewSettings, says what the user changed."""

from __future__ import annotations

import dataclasses

from qgis.core import QgsApplication, QgsGradientColorRamp, QgsGradientStop, QgsProject
from qgis.gui import (
    QgsCollapsibleGroupBox,
    QgsColorButton,
    QgsColorRampButton,
    QgsRasterBandComboBox,
)
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

from ..core.scene import ColorRamp
from ..text import tr
from .controls import NumberSlider, add_row
from .sun_dial import SunDial
from .view_settings import ViewSettings

SAMPLED_STOPS = 64  # for ramps of QGIS that are not gradients


def ramp_from_stops(stops: tuple) -> QgsGradientColorRamp:
    """QGIS's gradient from ((share, (r, g, b, a)), …)."""
    first, last = QColor(*stops[0][1]), QColor(*stops[-1][1])
    between = [QgsGradientStop(share, QColor(*colour)) for share, colour in stops[1:-1]]
    return QgsGradientColorRamp(first, last, False, between)


def stops_from_ramp(ramp) -> tuple:
    """((share, (r, g, b, a)), …) of any ramp QGIS has."""
    if isinstance(ramp, QgsGradientColorRamp):
        shares = [0.0, *(stop.offset for stop in ramp.stops()), 1.0]
    else:
        shares = [step / (SAMPLED_STOPS - 1) for step in range(SAMPLED_STOPS)]
    shares = sorted(set(shares))
    return tuple((share, ramp.color(share).getRgb()) for share in shares)


def default_stops() -> tuple:
    """The package's own ramp, as shares of the height range."""
    ramp = ColorRamp.named(_default_name())
    low, high = ramp.stops[0][0], ramp.stops[-1][0]
    return tuple(((value - low) / (high - low), colour) for value, colour in ramp.stops)


def _default_name() -> str:
    from ..core.scene import DEFAULT_RAMP

    return DEFAULT_RAMP


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
    """``changed(settings, dragging)`` comes from the user's hand only; ``show_settings`` is silent."""

    changed = pyqtSignal(object, bool)
    drag_ended = pyqtSignal()
    draw_area_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("forge3dPanel")
        self._settings = ViewSettings()
        self._silent = False
        self._resets: list = []  # (button, field name)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 6)
        column.setSpacing(4)
        column.addWidget(self._terrain_group())
        column.addWidget(self._light_group())
        column.addWidget(self._colour_group())
        column.addWidget(self._view_group())
        column.addStretch(1)
        self.show_settings(self._settings)

    # building -----------------------------------------------------------------------------------------------------

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

    def _with_reset(self, widget: QWidget, field: str, *more: QWidget) -> QWidget:
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
        button.clicked.connect(lambda: self._change(**{field: getattr(ViewSettings(), field)}))
        row.addWidget(button)
        self._resets.append((button, field))
        holder.setFocusProxy(widget)
        return holder

    def _slider(self, field: str, *args, **options) -> NumberSlider:
        slider = NumberSlider(f"forge3d{field.title().replace('_', '')}", *args, **options)
        slider.changed.connect(lambda value: self._change(dragging=slider.slider.isSliderDown(), **{field: value}))
        slider.drag_ended.connect(self.drag_ended)
        return slider

    def _combo(self, name: str, entries: tuple, field: str) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        for value, words in entries:
            combo.addItem(words, value)
        combo.activated.connect(lambda index: self._change(**{field: combo.itemData(index)}))
        return combo

    def _terrain_group(self) -> QWidget:
        group, form = self._group(tr("Terrain"), "forge3dTerrainGroup")
        self.band = QgsRasterBandComboBox()
        self.band.setObjectName("forge3dBand")
        self.band.bandChanged.connect(self._band_chosen)
        self.band_label = add_row(
            form, tr("&Band"), self._with_reset(self.band, "band"), tr("Band of the raster that holds the heights")
        )
        self.area = self._combo(
            "forge3dArea",
            (
                ("layer", tr("Whole layer")),
                ("canvas", tr("Map canvas extent")),
                ("drawn", tr("Drawn rectangle")),
            ),
            "area",
        )
        self.area.activated.connect(self._area_chosen)
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
            self._with_reset(self.area, "area", self.draw),
            tr("Part of the layer to render. Less area shows more detail of a large raster."),
        )
        self.exaggeration = self._slider(
            "exaggeration", 0.1, 10.0, 1.0, decimals=2, suffix=" ×", step=0.1, logarithmic=True
        )
        add_row(
            form,
            tr("E&xaggeration"),
            self.exaggeration,
            tr("Vertical exaggeration, 0.1 to 10 times. 1.0 is true scale."),
        )
        group.setLayout(form)
        return group

    def _light_group(self) -> QWidget:
        group, form = self._group(tr("Light"), "forge3dLightGroup")
        self.dial = SunDial()
        self.dial.setObjectName("forge3dSunDial")
        self.dial.changed.connect(lambda azimuth, altitude: self._change(True, azimuth=azimuth, altitude=altitude))
        self.dial.drag_ended.connect(self.drag_ended)
        self.azimuth = self._slider("azimuth", 0.0, 360.0, 315.0, suffix="°", step=5.0, wrapping=True)
        self.altitude = self._slider("altitude", 0.0, 90.0, 45.0, suffix="°", step=5.0)
        # The dial does the sliding here: only the numbers stand beside it.
        self.azimuth.slider.hide()
        self.altitude.slider.hide()
        numbers = QFormLayout()
        numbers.setContentsMargins(0, 0, 0, 0)
        numbers.setVerticalSpacing(5)
        numbers.setHorizontalSpacing(10)
        add_row(
            numbers,
            tr("A&zimuth"),
            self.azimuth,
            tr("Direction the light comes from, 0 to 360° clockwise from north"),
        )
        add_row(
            numbers,
            tr("A&ltitude"),
            self.altitude,
            tr("Height of the sun, 0 to 90°: 0 on the horizon, 90 overhead"),
        )
        beside = QHBoxLayout()
        beside.setContentsMargins(0, 2, 0, 2)
        beside.setSpacing(14)
        beside.addWidget(self.dial, 0, Qt.AlignmentFlag.AlignVCenter)
        beside.addLayout(numbers, 1)
        beside.setAlignment(numbers, Qt.AlignmentFlag.AlignVCenter)
        form.addRow(beside)
        self.cast_shadows = QCheckBox(tr("&Cast shadows"))
        self.cast_shadows.setObjectName("forge3dCastShadows")
        self.cast_shadows.clicked.connect(lambda on: self._change(cast_shadows=on))
        self.cast_shadows.setToolTip(tr("Whether mountains throw shadows on the land behind them. On by default."))
        form.addRow(self._with_reset(self.cast_shadows, "cast_shadows"))
        self.softness = self._slider("softness", 0.0, 45.0, 2.0, suffix="°", step=1.0)
        self.softness_label = add_row(
            form,
            tr("So&ftness"),
            self.softness,
            tr("Softness of the shadows: the diameter of the sun, 0 to 45°. The real sun has 0.5°."),
        )
        self.sky = self._slider("sky", 0.0, 2.0, 1.0, decimals=2, step=0.1)
        add_row(
            form,
            tr("S&ky light"),
            self.sky,
            tr("Light from the whole sky, 0 to 2 (1 is natural). It brightens what is open and leaves valleys dark."),
        )
        group.setLayout(form)
        return group

    def _colour_group(self) -> QWidget:
        group, form = self._group(tr("Colours"), "forge3dColourGroup")
        self.colours = self._combo(
            "forge3dColours",
            (
                ("layer", tr("Style of the layer")),
                ("ramp", tr("Colour ramp")),
                ("canvas", tr("Drape the map canvas")),
                ("theme", tr("Drape a map theme")),
            ),
            "colours",
        )
        add_row(
            form,
            tr("Colou&rs"),
            self._with_reset(self.colours, "colours"),
            tr(
                "What colours the terrain: the layer's own style, a colour ramp over the heights, or a map laid over it"
            ),
        )
        self.ramp = QgsColorRampButton()
        self.ramp.setObjectName("forge3dRamp")
        self.ramp.setShowGradientOnly(True)
        self.ramp.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.ramp.setDefaultColorRamp(ramp_from_stops(default_stops()))
        self.ramp.setColorRamp(ramp_from_stops(default_stops()))
        self.ramp.setColorRampDialogTitle(tr("Colours of the heights"))
        self.ramp.colorRampChanged.connect(self._ramp_chosen)
        self.ramp_row = self._with_reset(self.ramp, "ramp")
        self.ramp_label = add_row(
            form,
            tr("Ram&p"),
            self.ramp_row,
            tr("Colours from the lowest to the highest point; the arrow opens QGIS's ramps"),
        )
        self.theme = ThemeCombo()
        self.theme.setObjectName("forge3dTheme")
        self.theme.activated.connect(lambda index: self._change(theme=self.theme.itemText(index)))
        self.theme_row = self._with_reset(self.theme, "theme")
        self.theme_label = add_row(
            form, tr("The&me"), self.theme_row, tr("Map theme of this project that is laid over the terrain")
        )
        self.shading = self._combo(
            "forge3dShading",
            (("relief", tr("Relief: sun, shadows and sky")), ("horn", tr("Hillshade: grey, after Horn"))),
            "shading",
        )
        add_row(
            form,
            tr("Sha&ding"),
            self._with_reset(self.shading, "shading"),
            tr("Relief computes light; Hillshade is the classical grey picture, the same as gdaldem's"),
        )
        self.background = QgsColorButton()
        self.background.setObjectName("forge3dBackground")
        self.background.setColorDialogTitle(tr("Background"))
        self.background.setDefaultColor(QColor(*ViewSettings().background))
        self.background.setMinimumWidth(64)
        self.background.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.background.colorChanged.connect(self._background_chosen)
        self.transparent = QCheckBox(tr("&Transparent"))
        self.transparent.setObjectName("forge3dTransparent")
        self.transparent.setToolTip(tr("Nothing behind the terrain: the picture is transparent there. Off by default."))
        self.transparent.clicked.connect(lambda on: self._change(transparent=on))
        add_row(
            form,
            tr("Back&ground"),
            self._with_reset(self.background, "background", self.transparent),
            tr("Colour behind the terrain"),
        )
        group.setLayout(form)
        return group

    def _view_group(self) -> QWidget:
        group, form = self._group(tr("View"), "forge3dViewGroup", collapsed=True)
        self.projection = self._combo(
            "forge3dProjection",
            (("perspective", tr("Perspective")), ("orthographic", tr("Orthographic: no foreshortening"))),
            "projection",
        )
        self.projection.activated.disconnect()
        self.projection.activated.connect(lambda index: self._change_pose(projection=self.projection.itemData(index)))
        add_row(
            form,
            tr("Pro&jection"),
            self._with_pose_reset(self.projection, "projection"),
            tr("Perspective as the eye sees, or orthographic: equal lengths stay equal over the whole picture"),
        )
        self.heading = NumberSlider("forge3dHeading", 0.0, 360.0, 0.0, suffix="°", step=5.0, wrapping=True)
        self.pitch = NumberSlider("forge3dPitch", 0.0, 90.0, 45.0, suffix="°", step=5.0)
        for slider, field in ((self.heading, "heading"), (self.pitch, "pitch")):
            slider.changed.connect(
                lambda value, field=field, slider=slider: self._change_pose(
                    dragging=slider.slider.isSliderDown(), **{field: value}
                )
            )
            slider.drag_ended.connect(self.drag_ended)
        add_row(form, tr("&Heading"), self.heading, tr("Direction you look to, 0 to 360° clockwise from north"))
        add_row(form, tr("P&itch"), self.pitch, tr("How far you look down, 0 to 90°: 0 level, 90 from above"))
        group.setLayout(form)
        return group

    def _with_pose_reset(self, widget: QWidget, field: str) -> QWidget:
        holder = self._with_reset(widget, "pose")
        button, _ = self._resets.pop()
        button.clicked.disconnect()
        button.clicked.connect(lambda: self._change_pose(**{field: getattr(ViewSettings().pose, field)}))
        self._resets.append((button, f"pose.{field}"))
        return holder

    # showing ------------------------------------------------------------------------------------------------------

    def set_layer(self, layer) -> None:
        """The layer whose bands are offered; None empties the list."""
        self._silent = True
        self.band.setLayer(layer)
        self._silent = False
        several = layer is not None and layer.bandCount() > 1
        self.band_label.setVisible(several)
        self.band.parentWidget().setVisible(several)

    def show_settings(self, settings: ViewSettings) -> None:
        """Every control shows ``settings``; nothing is emitted."""
        self._settings = settings
        self._silent = True
        self.band.setBand(settings.band)
        self.area.setCurrentIndex(max(0, self.area.findData(settings.area)))
        self.draw.setEnabled(settings.area == "drawn")
        for slider, value in (
            (self.exaggeration, settings.exaggeration),
            (self.azimuth, settings.azimuth),
            (self.altitude, settings.altitude),
            (self.softness, settings.softness),
            (self.sky, settings.sky),
            (self.heading, settings.pose.heading),
            (self.pitch, settings.pose.pitch),
        ):
            slider.set_value(value)
        self.dial.set_sun(settings.azimuth, settings.altitude)
        self.cast_shadows.setChecked(settings.cast_shadows)
        self.colours.setCurrentIndex(max(0, self.colours.findData(settings.colours)))
        self.ramp.setColorRamp(ramp_from_stops(settings.ramp or default_stops()))
        self.theme.choose(settings.theme)
        self.shading.setCurrentIndex(max(0, self.shading.findData(settings.shading)))
        self.background.setColor(QColor(*settings.background))
        self.transparent.setChecked(settings.transparent)
        self.projection.setCurrentIndex(max(0, self.projection.findData(settings.pose.projection)))
        self._show_dependants()
        self._silent = False

    def _show_dependants(self) -> None:
        """Shows what belongs to the present choice and greys what has no effect in it."""
        settings, relief = self._settings, self._settings.shading == "relief"
        for label, row, on in (
            (self.ramp_label, self.ramp_row, settings.colours == "ramp"),
            (self.theme_label, self.theme_row, settings.colours == "theme"),
        ):
            label.setVisible(on)
            row.setVisible(on)
        self.colours.setEnabled(relief)
        self.cast_shadows.setEnabled(relief)
        self.softness.setEnabled(relief and settings.cast_shadows)
        self.sky.setEnabled(relief)
        self.background.setEnabled(not settings.transparent)
        plain = ViewSettings()
        for button, field in self._resets:
            if field.startswith("pose."):
                name = field.partition(".")[2]
                button.setEnabled(getattr(settings.pose, name) != getattr(plain.pose, name))
            else:
                button.setEnabled(getattr(settings, field) != getattr(plain, field))

    # the user's hand ----------------------------------------------------------------------------------------------

    def settings(self) -> ViewSettings:
        return self._settings

    def _change(self, dragging: bool = False, **fields) -> None:
        if self._silent:
            return
        if fields.get("colours") == "theme" and not self._settings.theme:
            fields["theme"] = self.theme.first()
        settings = dataclasses.replace(self._settings, **fields)
        if settings == self._settings:
            return
        self.show_settings(settings)
        self.changed.emit(settings, dragging)

    def _change_pose(self, dragging: bool = False, **fields) -> None:
        if not self._silent:
            self._change(dragging, pose=dataclasses.replace(self._settings.pose, **fields))

    def _band_chosen(self, band: int) -> None:
        if band > 0:
            self._change(band=band)

    def _area_chosen(self) -> None:
        if self.area.currentData() == "drawn":
            self.draw_area_wanted.emit()

    def _ramp_chosen(self) -> None:
        if not self._silent and not self.ramp.isNull():
            self._change(ramp=stops_from_ramp(self.ramp.colorRamp()))

    def _background_chosen(self, colour: QColor) -> None:
        self._change(background=(colour.red(), colour.green(), colour.blue()))
