"""Played in the real QGIS by scripts/qgis_tour/run.sh: the plugin is reloaded at many moments of a rendering."""

import threading

import qgis.utils
from driver import iface, play, say

PLUGIN = "forge3d_qgis"
DELAYS_MS = (0, 15, 60, 150, 400)


def scenario():
    yield 0.5
    actions = len(iface.rasterMenu().actions())
    for delay in DELAYS_MS:
        qgis.utils.plugins[PLUGIN].render_action.trigger()
        yield delay / 1000.0
        if not qgis.utils.reloadPlugin(PLUGIN):
            raise RuntimeError("QGIS could not reload the plugin")
        left = [thread.name for thread in threading.enumerate() if thread.name.startswith("forge3d")]
        if left or len(iface.rasterMenu().actions()) != actions:
            raise RuntimeError(f"left behind: {left}, {len(iface.rasterMenu().actions())} menu entries")
        yield 0.1
    plugin = qgis.utils.plugins[PLUGIN]
    plugin.render_action.trigger()
    yield lambda: plugin.dock.relief.last_frame is not None
    say("reloaded and still drawing")
    iface.messageBar().clearWidgets()


play(scenario)
