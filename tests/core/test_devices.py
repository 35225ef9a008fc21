"""Adapters told in full, the page for bug reports, and a device as an object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core import Context, Dem, DeviceError, RenderError, RenderSession, SceneError, devices, render


def test_the_list_marks_what_is_taken_when_nobody_chooses(fake_native: Any) -> None:
    plain = devices.listing(devices.adapters())
    assert [line.startswith("auto") for line in plain] == [True, False] and "big card" in plain[0]
    fake_native.find_adapter = lambda adapter="auto": fake_native.adapters()[1]  # as where software is preferred
    assert [line.startswith("auto") for line in devices.listing(devices.adapters())] == [False, True]


def test_the_long_list_tells_how_an_adapter_is_chosen_what_it_allows_and_its_memory(fake_native: Any) -> None:
    text = "\n".join(devices.listing(devices.adapters(), verbose=True))
    for fact in (
        "index 0, key 0000:00:00.0", "index 1, key 0000:01:00.0", "Vulkan 1.3.238, memory of its own", "memory unified",
        "texture side 8192", "memory heap 0: 4 GiB (device_local), used here 1 MiB, budget 3 GiB",
    ):  # fmt: skip
        assert fact in text, fact


def test_what_a_driver_does_not_tell_is_said_to_be_untold(fake_native: Any) -> None:
    info = fake_native.adapters()[0]
    info["heaps"][0].update(used=None, budget=None)
    assert "used here not told, budget not told" in devices.described(info)[-1]
    info.update(heaps=None, backend="dx12", api_version="Direct3D 12")
    assert devices.described(info)[-1] == "memory heaps: not told by dx12"
    assert devices.described(info)[1].startswith("Direct3D 12, ")


@pytest.mark.parametrize(
    "adapter, prefers, taken",
    [("auto", True, "prefer-software"), ("auto", False, "auto"), ("hardware", True, "hardware")],
)
def test_software_is_preferred_where_nobody_named_an_adapter(
    fake_native: Any, adapter: str, prefers: bool, taken: str
) -> None:
    with RenderSession((4, 4), adapter=adapter, prefer_software=prefers):
        assert fake_native.renderers[-1].adapter == taken


def test_a_picture_of_one_call_prefers_software_as_well(fake_native: Any) -> None:
    render(Dem.from_array(np.zeros((4, 4), dtype=np.float32)), size=(4, 4), samples=1, prefer_software=True)
    assert fake_native.renderers[-1].adapter == "prefer-software"


def test_the_page_for_a_bug_report_tells_much_and_nothing_of_the_user(
    fake_native: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_native, "__file__", str(Path.home() / "plugins" / "forge3d_native.so"))
    monkeypatch.setenv("FORGE3D_PREFER_SOFTWARE", "1")
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    text = "\n".join(devices.diagnostics())
    for fact in (
        "NumPy ", "FORGE3D_PREFER_SOFTWARE=1", "key 0000:01:00.0", "Budget: software, 4 GiB free", "Held: 0 B",
        "at most 1 MiB", "Checks by the driver's interface: off", "~/plugins/forge3d_native.so",
    ):  # fmt: skip
        assert fact in text, fact
    assert "hunter2" not in text and str(Path.home()) not in text


def test_the_page_is_written_also_where_nothing_works(fake_native: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise fake_native.DeviceError("[Device] no adapter")

    monkeypatch.setattr(fake_native, "adapters", refuse)
    assert devices.diagnostics()[-1] == "Devices: no adapter"


def test_the_page_asks_no_driver_before_somebody_else_did(fake_native: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("a driver was asked")

    for name in ("adapters", "find_adapter", "device_info"):
        monkeypatch.setattr(fake_native, name, never)
    monkeypatch.setattr(fake_native, "validation", lambda: None)
    assert any("no adapter was asked for yet" in line for line in devices.diagnostics(make_device=False))


def test_a_context_is_one_device_with_its_memory(fake_native: Any) -> None:
    with Context(1) as context:
        assert (context.device_name, context.api_version) == ("soft", "1.3.238")
        memory = context.get_memory_info()
        assert memory["heap_count"] == 1 and memory["heap_sizes_bytes"] == [4 << 30] and memory["unified_memory"]
        assert memory["heaps"][0]["flags"] == ["device_local"]


def test_a_context_after_its_end_says_so(fake_native: Any) -> None:
    context = Context(1)
    context.cleanup()
    context.close()
    for use in (lambda: context.device_name, lambda: context.api_version, context.get_memory_info, context.__enter__):
        with pytest.raises(RenderError, match="expected an open one; got one after cleanup"):
            use()


def test_a_context_of_no_device_names_all_there_are(fake_native: Any) -> None:
    with pytest.raises(DeviceError, match="expected one of 0 big card, 1 soft; got 7"):
        Context(7)
    for index in (-1, 1.5, True, "0", None):
        with pytest.raises(SceneError, match="device_index"):
            Context(index)  # type: ignore[arg-type]


def test_checks_that_come_too_late_are_told(fake_native: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(fake_native, "want_validation", lambda wanted: asked.append(wanted))
    with pytest.warns(UserWarning, match="the process uses the driver without checks"):
        Context(1, enable_validation=True)
    assert asked == [True]
