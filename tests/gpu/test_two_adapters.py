"""Two adapters in one process: each has one device for as long as the process lives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from two_adapters import environment_of_two

COUNT = """
import json, os
import numpy as np
from forge3d_qgis import native_loader
native = native_loader.load()

def threads():
    return len(os.listdir("/proc/self/task"))

def draw(adapter):
    renderer = native.Renderer(40, 30, adapter=adapter)
    renderer.set_height_data(np.arange(64, dtype=np.float32).reshape(8, 8))
    drawn_on = renderer.render_metrics()["adapter"]
    renderer.close()
    return drawn_on

"""


def child(script: str, folder: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", COUNT + script],
        env={**environment_of_two(folder), "FORGE3D_FAULTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_going_from_one_adapter_to_the_other_and_back_makes_no_more_devices(tmp_path: Path) -> None:
    told = child(
        """
keys = [info["key"] for info in native.adapters()]
for adapter in ("0", "1"):
    draw(adapter)
counted = threads()
for turn in range(20):
    draw(keys[turn % 2])
print(json.dumps([keys, counted, threads()]))
""",
        tmp_path,
    )
    keys, before, after = told
    assert len(set(keys)) == 2
    # The driver of each device has threads of its own, which end with the process.
    assert after == before


def test_a_lost_device_is_made_anew_and_the_other_adapters_stays(tmp_path: Path) -> None:
    before, lost, after = child(
        """
for adapter in ("0", "1"):
    draw(adapter)
counted = [threads()]
native._faults(lose_at=1)
try:
    draw("0")
except native.DeviceError:
    native._faults()
else:
    raise SystemExit("the device was not lost")
for turn in range(6):
    draw(str(turn % 2))
    counted.append(threads())
print(json.dumps([counted[0], counted[1], counted[-1]]))
""",
        tmp_path,
    )
    assert lost > before, "the lost one is never destroyed"
    assert after == lost


def test_who_asks_about_another_adapter_leaves_the_one_in_use_with_its_budget(tmp_path: Path) -> None:
    limits, keys, auto = child(
        """
native._assume_free_memory(8 << 30)
keys = [info["key"] for info in native.adapters()]
renderer = native.Renderer(40, 30, adapter=keys[0])
limits = [native.memory_metrics()["total_limit"]]
native._assume_free_memory(7 << 30)
asked = native.device_info(keys[1])
limits += [native.memory_metrics()["total_limit"], asked["default_budget"]]
auto = native.device_info("auto")["key"]
native.Renderer(40, 30, adapter=keys[1]).close()
limits.append(native.memory_metrics()["total_limit"])
native._assume_free_memory(4 << 30)
native.follow_free_memory()
limits.append(native.memory_metrics()["total_limit"])
print(json.dumps([limits, [keys[0], asked["key"], keys[1]], [auto, native.device_info("auto")["key"]]]))
""",
        tmp_path,
    )
    first, second = 1 << 30, (7 << 30) // 8
    assert limits[0] // 2**20 == first // 2**20
    assert limits[1] == limits[0], "asking moved nothing"
    # What the open renderer holds already counts as free: a little more.
    assert [limit // 2**20 for limit in limits[2:4]] == [second // 2**20] * 2
    assert limits[4] // 2**20 == 512
    assert keys[1] == keys[2]
    assert auto == [keys[0], keys[2]]
