"""Played in the real QGIS by scripts/qgis_tour/run.sh: render, and quit TOUR_DELAY milliseconds later.

With TOUR_EXPORT=PATH the picture is awaited, and an export to PATH is what QGIS is quit in.
"""

import os
import time

from driver import iface, play, say
from qgis.utils import plugins


def scenario():
    yield 0.5
    plugin = plugins["forge3d_qgis"]
    plugin.render_action.trigger()
    if os.environ.get("TOUR_EXPORT"):
        from forge3d_qgis.gui.export_dialog import ExportSettings

        yield lambda: plugin.dock.relief.last_frame is not None
        plugin.dock.exporter.export(ExportSettings(os.environ["TOUR_EXPORT"], 9000, 9000, 8, 96.0, False))
    yield float(os.environ["TOUR_DELAY"]) / 1000.0
    say(f"leaving at {time.time()} ")
    iface.messageBar().clearWidgets()


play(scenario)
