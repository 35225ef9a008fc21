"""Played in the real QGIS by scripts/qgis_tour/run.sh: render, and quit TOUR_DELAY milliseconds later."""

import os
import time

from driver import iface, play, say
from qgis.utils import plugins


def scenario():
    yield 0.5
    plugins["forge3d_qgis"].render_action.trigger()
    yield float(os.environ["TOUR_DELAY"]) / 1000.0
    say(f"leaving at {time.time()} ")
    iface.messageBar().clearWidgets()


play(scenario)
