"""The row over the picture: which layer, and what can be done with its picture."""

from __future__ import annotations

from qgis.core import QgsApplication, QgsMapLayerProxyModel
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from ..text import tr


class Head(QWidget):
    """Box, buttons and menus; who uses them connects them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layer_combo = QgsMapLayerComboBox()
        self.layer_combo.setObjectName("forge3dLayer")
        self.layer_combo.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.layer_combo.setAllowEmptyLayer(True, tr("No raster layer"))
        self.layer_combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.layer_combo.setToolTip(tr("Raster layer of heights that is shown"))
        self.layer_combo.setAccessibleName(tr("Layer"))
        self.pin = self._button("forge3dPin", "/unlocked.svg", tr("Keep this layer when another one becomes active"))
        self.pin.setCheckable(True)
        self.pin.toggled.connect(self._show_lock)
        self.refresh = self._button("forge3dRefresh", "/mActionRefresh.svg", tr("Read and render again (F5)"))
        self.home = self._button("forge3dHome", "/mActionZoomFullExtent.svg", tr("Show everything (Home)"))
        self.views = self._button("forge3dViews", "/mActionShowBookmarks.svg", tr("Named views of this project"))
        self.views_menu = self._menu(self.views)
        self.views_menu.setToolTipsVisible(True)
        self.copy = self._button("forge3dCopy", "/mActionEditCopy.svg", tr("Copy the picture to the clipboard"))
        self.layout_button = self._button(
            "forge3dLayout", "/mLayoutItemPicture.svg", tr("Add the picture to a print layout")
        )
        self.layout_menu = self._menu(self.layout_button)
        self.export = self._button(
            "forge3dExport", "/mActionSaveMapAsImage.svg", tr("Export the view as a PNG picture…")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 5, 6, 3)
        row.setSpacing(2)
        row.addWidget(self.layer_combo, 1)
        for one in (self.pin, self.refresh, self._separator()):
            row.addWidget(one)
        for one in (self.home, self.views, self.copy, self.layout_button, self.export):
            row.addWidget(one)

    def set_layer(self, layer) -> None:
        """Shows ``layer``, or the empty entry, and tells nobody."""
        self.layer_combo.blockSignals(True)
        if layer is None:
            self.layer_combo.setCurrentIndex(0)
        else:
            self.layer_combo.setLayer(layer)
        self.layer_combo.blockSignals(False)

    def set_pinned(self, on: bool) -> None:
        """Shows the lock, and tells nobody."""
        self.pin.blockSignals(True)
        self.pin.setChecked(on)
        self.pin.blockSignals(False)
        self._show_lock(on)

    def enable_output(self, on: bool) -> None:
        """Whether there is a picture to do something with."""
        for one in (self.copy, self.layout_button, self.export, self.home):
            one.setEnabled(on)

    def _show_lock(self, on: bool) -> None:
        self.pin.setIcon(QgsApplication.getThemeIcon("/locked.svg" if on else "/unlocked.svg"))

    def _button(self, name: str, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setAutoRaise(True)
        button.setIcon(QgsApplication.getThemeIcon(icon))
        button.setIconSize(QSize(18, 18))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    @staticmethod
    def _menu(button: QToolButton) -> QMenu:
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        button.setMenu(menu)
        return menu

    @staticmethod
    def _separator() -> QFrame:
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        return line
