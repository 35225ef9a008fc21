"""Prints by how much QGIS grows when a relief of a layer is drawn: with the layer loaded, over QGIS at rest.

    python benches/bench_qgis_memory.py [DEM.tif] [--budget 512]

Without a DEM one of 8192×8192 heights (Int16, DEFLATE) is made.

QGIS's own libraries without a screen, a map canvas with the layer drawn, the dock's controllers without its widgets.
The highest resident memory of the process (VmHWM) is set back once QGIS is at rest; Linux only. The bound is the budget
and 250 MiB. GDAL's block cache is the process's, and as large as QGIS has it: «cache» is what it holds at rest, and at
the end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench_memory import terrain

MIB = 1 << 20
ABOVE_BUDGET = 250 * MIB


def resident(key: str) -> int:
    """Bytes of ``VmRSS`` or ``VmHWM``."""
    with open("/proc/self/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith(key)).split()[1]) * 1024


def main() -> int:
    """Measures and prints; 1 where QGIS grew by more than the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dem", nargs="?")
    parser.add_argument("--budget", type=int, default=512, help="MiB that the renderer may hold (default: 512)")
    options = parser.parse_args()
    folder = tempfile.TemporaryDirectory()
    if options.dem is None:
        options.dem = str(terrain(Path(folder.name), 8192))

    from osgeo import gdal
    from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
    from qgis.gui import QgsMapCanvas
    from qgis.PyQt.QtCore import QCoreApplication, QSize

    application = QgsApplication([], True)
    application.initQgis()
    from forge3d_qgis.gui import preferences
    from forge3d_qgis.gui.current_view import CurrentView
    from forge3d_qgis.gui.relief import Relief

    def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            QCoreApplication.processEvents()
            time.sleep(0.002)
            if time.monotonic() > end:
                raise SystemExit("waited too long")

    layer = QgsRasterLayer(options.dem, "dem", "gdal")
    QgsProject.instance().addMapLayer(layer)
    canvas = QgsMapCanvas()
    canvas.resize(1200, 800)
    canvas.setDestinationCrs(layer.crs())
    canvas.setLayers([layer])
    canvas.setExtent(layer.extent())
    canvas.refresh()
    canvas.waitWhileRendering()
    preferences.set_budget_mebibytes(options.budget)
    preferences.set_adapter("software")
    preferences.set_samples(1)
    relief = Relief(canvas, CurrentView())
    relief.trouble.connect(lambda title, text: sys.exit(f"{title}: {text}"))
    relief.size = QSize(1200, 800)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as peaks:
        peaks.write("5")
    rest, cached, begun = resident("VmRSS"), gdal.GetCacheUsed(), time.perf_counter()
    relief.render(layer)
    wait_for(lambda: relief.last_frame is not None and not relief.last_frame.draft)
    took, growth, bound = time.perf_counter() - begun, resident("VmHWM") - rest, options.budget * MIB + ABOVE_BUDGET
    dem = relief.loaded.dem
    print(
        f"{Path(options.dem).name}: held {dem.size[0]}×{dem.size[1]} in {dem.height_bits} bits, "
        f"budget {options.budget} MiB; "
        f"QGIS at rest {rest / MIB:.0f} MiB, grew by {growth / MIB:.0f} MiB, bound {bound / MIB:.0f}  "
        f"{'ok' if growth <= bound else 'OVER'}; ledger {relief.last_frame.memory['peak_bytes'] / MIB:.0f} MiB, "
        f"cache {cached / MIB:.0f}, {gdal.GetCacheUsed() / MIB:.0f} of {gdal.GetCacheMax() / MIB:.0f} MiB; "
        f"first picture {took:.2f} s",
        flush=True,
    )
    preferences.set_budget_mebibytes(0)
    preferences.set_adapter("auto")
    preferences.set_samples(preferences.DEFAULT_SAMPLES)
    relief.shutdown()
    folder.cleanup()
    os._exit(int(growth > bound))  # QGIS's own teardown is of no interest here


if __name__ == "__main__":
    sys.exit(main())
