"""Played in the real QGIS by scripts/qgis_tour/run.sh without any Vulkan driver: the dock shows its own hillshade."""

from driver import iface, play, say, shot
from qgis.utils import plugins


def scenario():
    yield 0.5
    plugin = plugins["forge3d_qgis"]
    plugin.render_action.trigger()
    dock = plugin.dock
    yield lambda: dock.preview.image() is not None
    yield 0.5
    shot("no_adapter")
    say(f"badge {dock.preview.badge}; notice {dock.notice.isVisible()}: {dock.notice.text.text()}")
    say(f"bar {[item.text() for item in iface.messageBar().items()]}")
    iface.messageBar().clearWidgets()


play(scenario)
