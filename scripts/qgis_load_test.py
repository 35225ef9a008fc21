"""Run in QGIS by scripts/qgis_tour/run.sh: the plugin loads in a fresh profile and, unloaded, leaves nothing behind."""

import os
import sys
import traceback

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QDockWidget
from qgis.utils import iface, plugins, unloadPlugin

PLUGIN = "forge3d_qgis"


def traces():
    """What a plugin may leave in the main window."""
    window = iface.mainWindow()
    return {
        "raster menu": len(iface.rasterMenu().actions()),
        "toolbar": len(iface.pluginToolBar().actions()),
        "help menu": len(iface.pluginHelpMenu().actions()),
        "docks": len(window.findChildren(QDockWidget)),
    }


def leave(status):
    """Ends QGIS: politely, or at once where a modal dialog might hold it."""
    print(f"load test: {'passed' if status == 0 else 'failed'}", file=sys.stderr, flush=True)
    if status:
        os._exit(status)
    QgsProject.instance().clear()
    QgsProject.instance().setDirty(False)
    iface.actionExit().trigger()


def check():
    """Loaded with its actions; unloaded without a trace."""
    try:
        if PLUGIN not in plugins:
            raise RuntimeError(f"expected {PLUGIN} among the plugins; got {sorted(plugins)}")
        loaded = traces()
        if not unloadPlugin(PLUGIN):
            raise RuntimeError("unloadPlugin answered False")
        QApplication.processEvents()
        unloaded = traces()
        print(f"loaded {loaded}, unloaded {unloaded}", file=sys.stderr)
        if loaded["raster menu"] <= unloaded["raster menu"] or loaded["toolbar"] <= unloaded["toolbar"]:
            raise RuntimeError(
                "expected an action in the Raster menu and on the toolbar, and both gone after unloading"
            )
        left = [name for name in sys.modules if name == PLUGIN or name.startswith(f"{PLUGIN}.")]
        if left:
            raise RuntimeError(f"expected no module of the plugin after unloading; got {left}")
    except Exception:
        traceback.print_exc()
        leave(3)
    else:
        leave(0)


def watchdog():
    """A modal dialog would wait for ever: name it and stop."""
    widget = QApplication.activeModalWidget()
    print(f"watchdog: modal {type(widget).__name__} {widget.windowTitle() if widget else ''}", file=sys.stderr)
    leave(4)


QTimer.singleShot(0, check)
QTimer.singleShot(60_000, watchdog)
