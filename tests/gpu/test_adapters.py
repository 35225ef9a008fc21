"""What the real native module tells of adapters, and how one is chosen: by key, index, name, or environment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

# Of a process of its own: the environment, and what the first adapter was asked with, decide for the whole process.
CHILD = """
import json, sys
from forge3d_qgis import native_loader
native = native_loader.load()
print(json.dumps(eval(sys.argv[1])))
"""


def in_a_process(expression: str, **environment: str) -> Any:
    """The value of an expression of ``native`` in a new Python."""
    command = [sys.executable, "-c", CHILD, expression]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_adapter_is_chosen_by_its_key_and_by_its_index(native: ModuleType) -> None:
    found = native.adapters()
    assert len({info["key"] for info in found}) == len(found) > 0
    for index, info in enumerate(found):
        assert info["index"] == index
        for name in (info["key"], info["key"].upper(), str(index)):
            assert native.find_adapter(name)["key"] == info["key"]


def test_the_device_is_the_one_that_was_chosen(native: ModuleType, adapter: str) -> None:
    wanted = native.find_adapter(adapter)
    info = native.device_info(wanted["key"])
    assert {key: info[key] for key in ("key", "index", "name", "driver")} == {
        key: wanted[key] for key in ("key", "index", "name", "driver")
    }


def test_an_adapter_that_is_not_there_is_told_with_those_that_are(native: ModuleType) -> None:
    known = native.adapters()[0]
    for name in ("99", "ffff:ff:1f.7", "no such card"):
        with pytest.raises(native.DeviceError, match=re.escape(known["key"])):
            native.find_adapter(name)


def test_vulkan_tells_its_version_and_its_heaps(native: ModuleType, adapter: str) -> None:
    info = native.find_adapter(adapter)
    assert info["backend"] == "vulkan"
    assert re.fullmatch(r"1\.\d+\.\d+", info["api_version"])
    heaps = info["heaps"]
    assert sum(heap["size"] for heap in heaps if heap["device_local"]) > 1 << 26
    for heap in heaps:
        assert heap["host_visible"] == ("host_visible" in heap["flags"])
        assert (heap["used"] is None) == (heap["budget"] is None)
        assert heap["budget"] is None or 0 < heap["budget"] <= heap["size"]
    if info["kind"] == "software":
        assert info["unified_memory"] and all(heap["host_visible"] for heap in heaps)
    limits = info["limits"]
    assert limits["texture_side"] >= 8192 and limits["buffer_bytes"] >= limits["storage_binding_bytes"] >= 1 << 27


def test_the_environment_prefers_software_where_nobody_says_more() -> None:
    ask = "[native.find_adapter(name)['kind'] for name in ('auto', 'prefer-software', 'software')]"
    assert in_a_process(ask, FORGE3D_PREFER_SOFTWARE="1") == ["software"] * 3
    assert in_a_process("native.find_adapter('auto')['index']", FORGE3D_PREFER_SOFTWARE="0") == 0


def test_the_log_level_counts_at_once_and_the_environment_goes_before_it() -> None:
    ask = "[native.set_log_level('{}'), native.Renderer(4, 4, adapter='software') is None, native.drain_log()]"
    heard, _, records = in_a_process(ask.format("debug"), FORGE3D_LOG="", RUST_LOG="")
    assert heard and any(level == "DEBUG" and "forge3d_native" in target for level, target, _ in records)
    heard, _, records = in_a_process(ask.format("off"), FORGE3D_LOG="", RUST_LOG="")
    assert heard and records == []
    heard, _, records = in_a_process(ask.format("debug"), FORGE3D_LOG="error")
    assert not heard and records == []


def test_a_level_that_is_none_is_refused_with_all_there_are(native: ModuleType) -> None:
    with pytest.raises(native.InputError, match="off, error, warn, info, debug, trace"):
        native.set_log_level("loud")


SCENE = "[native.{first}, native.validation(), native.Renderer(4, 4, adapter='software') is None, native.validation()]"


@pytest.mark.parametrize("way", ["call", "environment"])
def test_the_drivers_checks_are_there_when_they_were_wished_for_in_time(way: str) -> None:
    if way == "call":
        heard, before, _, after = in_a_process(SCENE.format(first="want_validation(True)"))
        assert heard
    else:
        _, before, _, after = in_a_process(SCENE.format(first="drain_log()"), FORGE3D_VALIDATION="1")
    assert (before, after) == (None, "on")


def test_a_wish_for_checks_that_comes_too_late_is_not_heard() -> None:
    ask = "[native.adapters()[0]['index'], native.want_validation(True), native.want_validation(False)]"
    assert in_a_process(ask) == [0, False, True]


def test_checks_without_their_layer_are_a_warning_and_no_error(tmp_path: Any) -> None:
    ask = (
        "[native.Renderer(4, 4, adapter='software') is None, native.validation(), "
        "[text for level, _, text in native.drain_log() if level == 'WARN']]"
    )
    # The loader looks for layers in this folder alone, where there is none.
    _, state, warnings = in_a_process(ask, FORGE3D_VALIDATION="1", VK_LAYER_PATH=str(tmp_path))
    assert state == "wanted, but the layer is not installed"
    assert any("expected Vulkan's validation layer" in text and "fix: install it" in text for text in warnings)
