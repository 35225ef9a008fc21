"""What QGIS loads: actions, dock and options page in; the same out again."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QObject, Qt, QTranslator, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction

from . import native_loader
from .core import resource_path
from .text import tr

MENU = "&Forge3D Relief"
GUIDE = Path(__file__).resolve().parent / "docs" / "user_guide.html"  # the zip step puts it there
HELP_PAGE = "https://github.com/forge3d-qgis/forge3d_qgis/blob/main/docs/user_guide.md"


class Forge3dPlugin(QObject):
    """Nothing heavy happens before the first use: the dock is made then, and the native part loaded by it."""

    def __init__(self, iface) -> None:
        super().__init__()
        self._iface = iface
        self._translator = self._install_translator()
        self._icon = QIcon(str(resource_path("icon.svg")))
        self.render_action: QAction | None = None
        self.show_action: QAction | None = None
        self.help_action: QAction | None = None
        self.dock = None
        self._options = None

    def initGui(self) -> None:  # noqa: N802 (QGIS's name)
        native_loader.set_user_folder(Path(QgsApplication.qgisSettingsDirPath()) / "python" / native_loader.MODULE)
        window = self._iface.mainWindow()
        self.render_action = QAction(self._icon, tr("Render selected layer"), window)
        self.render_action.setObjectName("forge3dRender")
        self.render_action.setToolTip(tr("Render the selected layer as a 3D relief"))
        self.render_action.triggered.connect(self.render_selected)
        self.show_action = QAction(self._icon, tr("Show panel"), window)
        self.show_action.setObjectName("forge3dShowPanel")
        self.show_action.setCheckable(True)
        self.show_action.triggered.connect(self._show_panel)
        self.help_action = QAction(self._icon, tr("Forge3D Relief"), window)
        self.help_action.setObjectName("forge3dHelp")
        self.help_action.triggered.connect(self.open_help)
        for action in (self.render_action, self.show_action):
            self._iface.addPluginToRasterMenu(MENU, action)
        self._iface.addToolBarIcon(self.render_action)
        self._iface.addCustomActionForLayerType(self.render_action, "", _raster_type(), True)
        self._iface.pluginHelpMenu().addAction(self.help_action)

        from .gui.options import OptionsFactory

        self._options = OptionsFactory(self._icon, self._diagnostics, self._options_changed)
        self._iface.registerOptionsWidgetFactory(self._options)
        QgsApplication.instance().aboutToQuit.connect(self._about_to_quit)

    def unload(self) -> None:
        QgsApplication.instance().aboutToQuit.disconnect(self._about_to_quit)
        self._close_dock()
        self._iface.unregisterOptionsWidgetFactory(self._options)
        self._options = None
        self._iface.removeCustomActionForLayerType(self.render_action)
        self._iface.removeToolBarIcon(self.render_action)
        for action in (self.render_action, self.show_action):
            self._iface.removePluginRasterMenu(MENU, action)
        self._iface.pluginHelpMenu().removeAction(self.help_action)
        for action in (self.render_action, self.show_action, self.help_action):
            action.deleteLater()
        self.render_action = self.show_action = self.help_action = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None

    # actions --------------------------------------------------------------------------------------------------------

    def render_selected(self) -> None:
        dock = self.ensure_dock()
        dock.setUserVisible(True)
        dock.render_layer(self._iface.activeLayer())

    def _show_panel(self, on: bool) -> None:
        self.ensure_dock().setUserVisible(on)

    def ensure_dock(self):
        """The dock, made when it is first wanted."""
        if self.dock is None:
            from .gui.dock import ReliefDock

            window = self._iface.mainWindow()
            self.dock = ReliefDock(self._iface, window)
            self.dock.setWindowIcon(self._icon)
            if not window.restoreDockWidget(self.dock):
                self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
                window.resizeDocks([self.dock], [460], Qt.Orientation.Horizontal)
            self.dock.setToggleVisibilityAction(self.show_action)
        return self.dock

    def open_help(self) -> None:
        """The user guide that travels with the plugin; where it is absent, as in a checkout, the one on the web."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(GUIDE)) if GUIDE.is_file() else QUrl(HELP_PAGE))

    # the end --------------------------------------------------------------------------------------------------------

    def _about_to_quit(self) -> None:
        self._close_dock()

    def _close_dock(self) -> None:
        dock, self.dock = self.dock, None
        if dock is not None:
            dock.shutdown()
            self._iface.removeDockWidget(dock)
            dock.deleteLater()

    # options --------------------------------------------------------------------------------------------------------

    def _diagnostics(self) -> str:
        return self.ensure_dock().relief.host.diagnostics()

    def _options_changed(self) -> None:
        if self.dock is not None:
            self.dock.relief.restart()

    @staticmethod
    def _install_translator() -> QTranslator | None:
        settings = QgsSettings()
        system = QLocale.system().name()
        locale = (
            settings.value("locale/userLocale", system)
            if settings.value("locale/overrideFlag", False, bool)
            else system
        )
        translator = QTranslator()
        for name in (str(locale), str(locale)[:2]):
            path = resource_path("i18n", f"forge3d_{name}.qm")
            if path.is_file() and translator.load(str(path)):
                QCoreApplication.installTranslator(translator)
                return translator
        return None


def _raster_type():
    """The raster layer type under its name of this QGIS."""
    kinds = getattr(Qgis, "LayerType", None)
    if kinds is not None:
        return kinds.Raster
    from qgis.core import QgsMapLayerType

    return QgsMapLayerType.RasterLayer
