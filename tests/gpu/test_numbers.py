"""What the renderer tells of itself: progress, metrics, ledger, log."""

from __future__ import annotations

import gc
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import stub as stub_file

from forge3d_qgis.core import Camera, Scene

STUB = stub_file.read()

HILLS = (np.add.outer(np.sin(np.arange(120) / 9), np.cos(np.arange(150) / 13)) * 12).astype(np.float32)


def test_progress_climbs_to_the_samples_asked_for(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(300, 200)
    renderer.set_height_data(HILLS)
    renderer.set_scene(Scene())
    seen = [renderer.progress()]
    whole = 0
    while whole < 6:
        whole = renderer.refine(0.5, samples=6)
        seen.append(renderer.progress())
        assert whole <= seen[-1] < whole + 1
    assert seen[0] == 0 and seen == sorted(seen) and seen[-1] == 6
    assert renderer.refine(50, samples=6) == 6  # nothing more to do
    renderer.set_scene(Scene())  # nothing changed
    assert renderer.progress() == 6
    renderer.set_scene(Scene(exposure=1.1))
    assert renderer.refine(1000, samples=1) == 1 and renderer.progress() == 1


def test_more_samples_come_nearer_to_the_picture_of_many(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(90, 60)
    renderer.set_height_data(HILLS)
    renderer.set_scene(Scene())
    best = renderer.render_terrain_rgba(256).astype(float)
    errors = [np.abs(renderer.render_terrain_rgba(samples) - best).mean() for samples in (1, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < errors[0] / 6, errors


def test_metrics_count_what_was_done(make_renderer: Callable[..., Any], native: ModuleType, adapter: str) -> None:
    renderer = make_renderer(200, 130)
    renderer.set_height_data(HILLS)
    renderer.set_drape(np.zeros((10, 20, 4), dtype=np.uint8))
    renderer.set_scene(Scene())
    renderer.render_terrain_rgba(3)
    metrics = renderer.render_metrics()
    assert metrics["samples"] == 3 and metrics["submits"] >= 1
    assert metrics["bytes_up"] == HILLS.nbytes + 800
    assert metrics["bytes_down"] == 200 * 130 * 4
    assert metrics["adapter"] == native.device_info(adapter)["name"]
    for name in ("upload_ms", "pyramid_ms", "compile_ms", "encode_ms", "trace_ms", "readback_ms"):
        assert 0 < metrics[name] < 60_000, name
    assert metrics["resolve_ms"] == 0  # part of the last submit
    assert 0 < metrics["longest_submit_ms"] <= metrics["trace_ms"]
    memory = native.memory_metrics()
    assert metrics["peak_bytes"] == memory["device_peak_bytes"] >= memory["total_bytes"] - memory["python_bytes"] > 0
    renderer.read_rgba()
    again = renderer.render_metrics()
    assert again["bytes_down"] == 2 * 200 * 130 * 4 and 0 < again["resolve_ms"] < 60_000


def test_compiling_counts_once_a_process(make_renderer: Callable[..., Any]) -> None:
    compiled = []
    for size in ((40, 30), (400, 300), (41, 31)):
        renderer = make_renderer(*size)
        renderer.set_height_data(HILLS)
        renderer.set_scene(Scene())
        renderer.render_terrain_rgba(1)
        compiled.append(renderer.render_metrics()["compile_ms"])
    assert 0 < compiled[0] == compiled[1] == compiled[2]


def test_the_stub_documents_every_public_name_and_no_other(native: ModuleType) -> None:
    public = {name for name in dir(native) if not name.startswith("_")} - {"forge3d_native"}
    assert public == STUB.names - {"__version__"} and native.__version__
    for name, documented in STUB.members.items():
        assert {member for member in dir(getattr(native, name)) if not member.startswith("_")} == documented


def test_the_stub_documents_the_parameters_of_every_call(native: ModuleType) -> None:
    for name, documented in STUB.functions.items():
        stub_file.assert_same_signature(inspect.signature(getattr(native, name)), documented, name)
    for name, documented in STUB.methods.items():
        if name == "__init__":
            called = inspect.signature(native.Renderer)
            documented = documented.replace(parameters=list(documented.parameters.values())[1:])
        else:
            called = inspect.signature(getattr(native.Renderer, name))
        stub_file.assert_same_signature(called, documented, name)


def test_the_stub_documents_the_keys_of_every_dict(
    make_renderer: Callable[..., Any], native: ModuleType, adapter: str
) -> None:
    renderer = make_renderer()
    renderer.set_height_data(HILLS)
    report = renderer.copy_report()
    told = {
        "AdapterInfo": native.adapters()[0], "DeviceInfo": native.device_info(adapter),
        "MemoryHeap": native.adapters()[0]["heaps"][0],
        "MemoryMetrics": native.memory_metrics(), "MemoryEstimate": native.memory_estimate((9, 9), (9, 9), (9, 9)),
        "ShadingModel": native.shading_models()[0], "RenderMetrics": renderer.render_metrics(),
        "CopyReport": report, "CopyStep": report["heights"],
    }  # fmt: skip
    assert set(told) == set(STUB.dicts)
    for name, content in told.items():
        assert set(content) == STUB.dicts[name], name


def test_the_clock_of_the_gpu_is_within_that_of_the_wall(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(200, 130)
    renderer.set_height_data(HILLS)
    renderer.set_scene(Scene())
    renderer.render_terrain_rgba(2)
    first = renderer.render_metrics()
    assert first["gpu_ms"] is not None, "the software adapter has a clock"
    assert 0 < first["gpu_ms"] <= first["trace_ms"]
    for samples in range(3, 83):  # more submits than spans of time are kept
        assert renderer.refine(0.0, samples=samples) <= samples
    renderer.read_rgba()
    after = renderer.render_metrics()
    assert after["submits"] >= first["submits"] + 80
    assert first["gpu_ms"] < after["gpu_ms"] <= after["trace_ms"] + after["resolve_ms"]
    renderer.set_scene(Scene(exposure=1.1))
    renderer.render_terrain_rgba(1)
    assert renderer.render_metrics()["gpu_ms"] < after["gpu_ms"], "another picture begins at zero"


def test_a_warm_frame_reserves_nothing(make_renderer: Callable[..., Any], native: ModuleType) -> None:
    renderer = make_renderer(160, 120)
    renderer.set_height_data(HILLS)
    renderer.set_scene(Scene())
    renderer.render_terrain_rgba(1)
    before = native.memory_metrics()
    for heading in range(40):
        renderer.set_scene(replace(Scene(), camera=Camera(heading=heading)))
        renderer.refine(30, samples=2)
        renderer.read_rgba()
        renderer.uniform_lanes()
        renderer.view()
    after = native.memory_metrics()
    assert after["allocation_count"] == before["allocation_count"]
    assert after["total_bytes"] == before["total_bytes"]


@pytest.mark.parametrize("way", ["close", "del"])
def test_the_ledger_is_back_at_its_baseline_when_renderers_go(native: ModuleType, adapter: str, way: str) -> None:
    gc.collect()
    native.device_info(adapter)
    baseline = native.memory_metrics()
    for _ in range(3):
        renderer = native.Renderer(160, 120, adapter=adapter)
        renderer.set_height_data(HILLS)
        renderer.set_drape(np.zeros((10, 20, 4), dtype=np.uint8))
        renderer.set_scene(Scene())
        renderer.render_terrain_rgba(2)
        renderer.pick(80, 60)
        assert native.memory_metrics()["total_bytes"] > baseline["total_bytes"]
        if way == "close":
            renderer.close()
        del renderer
    after = native.memory_metrics()
    for key in ("total_bytes", "buffer_count", "texture_count", "host_visible_bytes"):
        assert after[key] == baseline[key], key


def test_the_ledger_agrees_with_the_drivers_allocator(
    make_renderer: Callable[..., Any], native: ModuleType, adapter: str
) -> None:
    renderer = make_renderer(800, 600)
    renderer.set_height_data(np.tile(HILLS, (10, 10)))
    renderer.set_scene(Scene())
    renderer.render_terrain_rgba(1)
    memory = native.memory_metrics()
    # Vulkan and DX12 have an allocator that tells; Metal has none.
    assert (memory["allocator_bytes"] is None) == (native.device_info(adapter)["backend"] == "metal")
    if memory["allocator_bytes"] is not None:
        on_the_device = memory["total_bytes"] - memory["python_bytes"]
        assert on_the_device == pytest.approx(memory["allocator_bytes"], rel=0.05)
    assert memory["buffer_bytes"] + memory["texture_bytes"] == memory["total_bytes"]
    sizes = [size for _, size in memory["top"]]
    assert sizes == sorted(sizes, reverse=True) and 0 < len(sizes) <= 8 and sum(sizes) <= memory["total_bytes"]


FIRST_USE = """
import json, sys
from forge3d_qgis import native_loader
native = native_loader.load()
info = native.device_info(sys.argv[1])
first = native.drain_log()
print(json.dumps([info["name"], first, native.drain_log()]))
"""


def test_the_log_names_the_adapter_once_and_is_empty_after_it_was_drained(root: Path, adapter: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE, adapter], cwd=root, capture_output=True, text=True, check=True
    )
    name, first, second = json.loads(done.stdout)
    lines = [text for level, _, text in first if level.lower() == "info" and text.startswith("adapter ")]
    assert len(lines) == 1 and name in lines[0]
    assert all(len(record) == 3 for record in first) and second == []
    assert not [record for record in first if record[0].lower() == "error"]
