"""How the dock feels in the real QGIS, on a virtual screen: time to the first picture, and pauses of the event loop.

    benches/bench_qgis.py PLUGIN.zip        what `make bench-qgis` does

It writes two synthetic GeoTIFFs, starts QGIS with a fresh profile by scripts/qgis_tour/run.sh, and plays this very
file in there. A pause is the time between two rounds of QGIS's event loop, in which nothing answers; a timer of 1 ms
sees it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "bench_qgis"
FIRST_PICTURE_S, PAUSE_MS = 2.0, 100.0  # the promises
SIDES = (4096, 10000)


def write_dem(path: Path, side: int) -> None:
    from osgeo import gdal, osr

    from synthetic import CELL_SIZE_M, heights

    options = ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=3", "NUM_THREADS=ALL_CPUS"]
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), side, side, 1, gdal.GDT_Float32, options)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32633)
    dataset.SetProjection(reference.ExportToWkt())
    dataset.SetGeoTransform((400000.0, CELL_SIZE_M, 0.0, 5300000.0, 0.0, -CELL_SIZE_M))
    dataset.GetRasterBand(1).WriteArray(heights(side))


def main(arguments: list[str]) -> int:
    """Prints the table; 1 when a promise is not kept."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    dems = [OUT / f"synthetic_{side}.tif" for side in SIDES]
    for dem, side in zip(dems, SIDES):
        if not dem.exists():
            write_dem(dem, side)
    result = OUT / "result.json"
    result.unlink(missing_ok=True)
    load = os.getloadavg()[0]
    command = [ROOT / "scripts/qgis_tour/run.sh", arguments[0], OUT, Path(__file__).resolve(), *dems]
    subprocess.run(list(map(str, command)), check=True)
    rows = json.loads(result.read_text())
    print(f"load of the machine before: {load:.2f}")
    for text, value, unit, bound in rows:
        verdict = "" if bound is None else f"   bound {bound:g}  {'ok' if value <= bound else 'BROKEN'}"
        print(f"{text:66} {value:8.2f} {unit:2}{verdict}")
    return int(any(bound is not None and value > bound for _, value, _, bound in rows))


class Pauses:
    """The longest time between two rounds of the event loop since ``start``."""

    def __init__(self) -> None:
        from qgis.PyQt.QtCore import Qt, QTimer

        self.worst = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.worst, self._last = max(self.worst, now - self._last), now

    def start(self) -> None:
        self.worst, self._last = 0.0, time.perf_counter()

    def milliseconds(self) -> float:
        self._tick()
        return 1000.0 * self.worst


def scenario():
    """In QGIS."""
    from driver import OUT as out
    from driver import Hands, iface, shot
    from qgis.core import QgsProject
    from qgis.utils import plugins

    hands, pauses, rows = Hands(), Pauses(), []
    plugin = plugins["forge3d_qgis"]
    small, large = sorted(QgsProject.instance().mapLayers().values(), key=lambda layer: layer.width())
    iface.setActiveLayer(small)
    yield 2.0
    yield lambda: not iface.mapCanvas().isDrawing()
    yield 1.0
    pauses.start()
    yield 2.0
    rows.append(("QGIS at rest: longest pause in 2 s", pauses.milliseconds(), "ms", None))

    pauses.start()
    start = time.perf_counter()
    plugin.render_action.trigger()
    opened = time.perf_counter() - start
    dock = plugin.dock
    yield lambda: dock.preview.image() is not None
    rows.append(
        (
            f"{small.width()}²: menu entry to the first picture, the dock made for it",
            time.perf_counter() - start,
            "s",
            FIRST_PICTURE_S,
        )
    )
    rows.append(("   of it, the dock: made once, in one pause", 1000.0 * opened, "ms", None))
    yield lambda: _sharp(dock)
    rows.append((f"   all {dock.relief.last_frame.wanted} samples", time.perf_counter() - start, "s", None))

    yield 0.5
    pauses.start()
    start = time.perf_counter()
    iface.setActiveLayer(large)
    plugin.render_action.trigger()
    yield lambda: dock.relief.last_frame is not None and dock.relief.layer is large
    rows.append((f"{large.width()}²: menu entry to the first picture", time.perf_counter() - start, "s", None))
    yield lambda: _sharp(dock)
    rows.append(("   longest pause while reading and rendering", pauses.milliseconds(), "ms", PAUSE_MS))
    rows.append((f"   all {dock.relief.last_frame.wanted} samples", time.perf_counter() - start, "s", None))

    frames = []
    dock.relief.frame.connect(frames.append)
    pauses.start()
    start = time.perf_counter()
    hands.drag(dock.preview, (0.3, 0.5), (0.8, 0.4), steps=100, pause=0.02)
    yield hands.done
    seconds = time.perf_counter() - start
    rows.append(("   longest pause while dragging", pauses.milliseconds(), "ms", PAUSE_MS))
    rows.append(("   pictures a second while dragging", len(frames) / seconds, "", None))
    yield lambda: _sharp(dock)
    shot("end")
    (out / "result.json").write_text(json.dumps(rows))


def _sharp(dock) -> bool:
    frame = dock.relief.last_frame
    return frame is not None and not frame.draft and frame.samples >= frame.wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
elif os.environ.get("TOUR_SCENARIO"):
    from driver import play

    play(scenario)
