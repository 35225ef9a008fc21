"""Runs inside QGIS: plays a scenario, step by step, with a user's hands (xdotool) and eyes (screenshots).

A scenario is a generator. It yields seconds to wait, or a function that must become true; QGIS's event loop runs in
between, so nothing here blocks what it watches.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication, QMessageBox
from qgis.utils import iface

OUT = Path(os.environ["TOUR_OUT"])
START = time.monotonic()
PATIENCE_S = 30.0
TICK_MS = 20
_kept: list = []  # a timer that only its own slot refers to is garbage to Python, and a crash to Qt


def say(text: str) -> None:
    print(f"[tour {time.monotonic() - START:6.2f}s] {text}", file=sys.stderr, flush=True)


class Hands:
    """Real key and mouse events through the X server. Every method returns at once; yield ``done`` to wait for it."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen] = []

    def do(self, *words: object) -> None:
        self._running.append(subprocess.Popen(["xdotool", *map(str, words)]))

    def done(self) -> bool:
        self._running = [one for one in self._running if one.poll() is None]
        return not self._running

    @staticmethod
    def place(widget, x: float = 0.5, y: float = 0.5) -> tuple[int, int]:
        """Screen position of a share of a widget."""
        at = widget.mapToGlobal(QPoint(int(widget.width() * x), int(widget.height() * y)))
        return at.x(), at.y()

    def move(self, widget, x: float = 0.5, y: float = 0.5) -> None:
        self.do("mousemove", *self.place(widget, x, y))

    def click(self, widget, x: float = 0.5, y: float = 0.5, button: int = 1) -> None:
        self.do("mousemove", *self.place(widget, x, y), "click", button)

    def drag(self, widget, start: tuple, end: tuple, *, button: int = 1, steps: int = 24, pause: float = 0.03) -> None:
        (x0, y0), (x1, y1) = self.place(widget, *start), self.place(widget, *end)
        words: list[object] = ["mousemove", x0, y0, "mousedown", button]
        for step in range(1, steps + 1):
            share = step / steps
            words += ["sleep", pause, "mousemove", round(x0 + (x1 - x0) * share), round(y0 + (y1 - y0) * share)]
        self.do(*words, "mouseup", button)

    def key(self, *names: str) -> None:
        self.do("key", *names)

    def type(self, text: str) -> None:
        self.do("type", text)


def shot(name: str) -> None:
    """What a user sees, into OUT/name.png."""
    subprocess.run(["import", "-window", "root", str(OUT / f"{name}.png")], check=False)
    say(f"screenshot {name}")


def leave(code: int) -> None:
    say(f"exit {code}")
    QgsProject.instance().clear()  # layers under /tmp count as temporary ones: QGIS would ask
    QgsProject.instance().setDirty(False)
    if code:
        sys.stderr.flush()
        os._exit(code)  # after a failure no dialog may hold the process
    iface.actionExit().trigger()


def _after(seconds: float):
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def play(scenario) -> None:
    """Plays the generator function ``scenario`` and leaves QGIS."""
    steps = scenario()
    step = {"ready": lambda: True, "since": time.monotonic()}

    def advance() -> None:
        ready, waited = step["ready"](), time.monotonic() - step["since"]
        if ready:
            what = next(steps)
            step["since"] = time.monotonic()
            step["ready"] = what if callable(what) else _after(float(what))
        elif waited > PATIENCE_S:
            modal = QApplication.activeModalWidget()
            words = modal.text() if isinstance(modal, QMessageBox) else modal
            raise TimeoutError(f"waited {waited:.0f} s for {step['ready']}; modal: {words}")

    def tick() -> None:
        try:
            advance()
        except StopIteration:
            timer.stop()
            leave(0)
        except Exception as error:
            timer.stop()
            fail(type(error), error, error.__traceback__)

    def fail(kind, error, trace) -> None:
        # QGIS's own hook opens a modal dialog, before which the scenario would wait for ever.
        traceback.print_exception(kind, error, trace)
        shot("failure")
        leave(3)

    sys.excepthook = fail
    timer = QTimer()
    _kept.append(timer)
    timer.setInterval(TICK_MS)
    timer.timeout.connect(tick)

    def begin() -> None:
        iface.mainWindow().setGeometry(0, 0, *map(int, os.environ.get("TOUR_SCREEN", "1600x1000").split("x")))
        timer.start()

    QTimer.singleShot(0, begin)
