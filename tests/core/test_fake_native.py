"""The fake native module that other tests stand on has the calls, names and keys that the real one documents."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import stub as stub_file

STUB = stub_file.read()
# What the tests ask the fake and nobody asks the real one.
OF_THE_MODULE = {"DEFAULT_BUDGET", "renderers", "annotations", "np", "os", "time"}
OF_A_RENDERER = {
    "adapter", "cell_to_world", "closed", "drape", "heights", "memory_budget", "samples", "scene", "crop",
}  # fmt: skip


@pytest.fixture
def renderer(fake_native: Any) -> Any:
    renderer = fake_native.Renderer(30, 20)
    renderer.set_height_data(np.zeros((4, 5), dtype=np.float32))
    return renderer


def public(owner: object) -> set[str]:
    return {name for name in dir(owner) if not name.startswith("_")}


def test_it_has_the_names_of_the_stub_and_no_other(fake_native: Any, renderer: Any) -> None:
    assert public(fake_native) - OF_THE_MODULE == STUB.names - {"__version__"}
    assert public(renderer) - OF_A_RENDERER == (set(STUB.methods) | STUB.attributes) - {"__init__"}
    assert public(fake_native.reserve("label", 5)) == STUB.members["Reservation"]


def test_its_calls_have_the_signatures_of_the_stub(fake_native: Any) -> None:
    for name, documented in STUB.functions.items():
        stub_file.assert_same_signature(inspect.signature(getattr(fake_native, name)), documented, name)
    for name, documented in STUB.methods.items():
        stub_file.assert_same_signature(inspect.signature(getattr(fake_native.Renderer, name)), documented, name)


def test_its_exceptions_are_of_the_kinds_of_the_stub(fake_native: Any) -> None:
    for name, bases in STUB.classes.items():
        if bases:
            assert [base.__name__ for base in getattr(fake_native, name).__bases__] == bases


def test_its_dicts_have_the_keys_of_the_stub(fake_native: Any, renderer: Any) -> None:
    told = {
        "MemoryHeap": fake_native.adapters()[0]["heaps"][0],
        "AdapterInfo": fake_native.adapters()[0], "DeviceInfo": fake_native.device_info(),
        "MemoryMetrics": fake_native.memory_metrics(),
        "MemoryEstimate": fake_native.memory_estimate((4, 5), (6, 7), (8, 9)),
        "ShadingModel": fake_native.shading_models()[0], "RenderMetrics": renderer.render_metrics(),
        "CopyReport": renderer.copy_report(), "CopyStep": renderer.copy_report()["heights"],
    }  # fmt: skip
    assert set(told) == set(STUB.dicts)
    for name, content in told.items():
        assert set(content) == STUB.dicts[name], name


def test_its_arrays_have_the_shapes_of_the_stub(renderer: Any) -> None:
    renderer.resize(6, 4)
    assert renderer.read_rgba().shape == renderer.render_terrain_rgba(2).shape == (4, 6, 4)
    assert renderer.read_full_height_texture().shape == (4, 5) and renderer.uniform_lanes().shape == (44,)
    assert renderer.debug_read_height_patch(1, 2, 3, 2).shape == (3, 2)
    assert renderer.cast_rays(np.zeros((7, 6), dtype=np.float32)).shape == (7, 4)
    assert renderer.pick(1.0, 2.0) is None
