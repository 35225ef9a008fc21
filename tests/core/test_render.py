"""Driving the renderer: bands, progress, cancel, errors of our own kinds. A fake where the GPU is not the subject."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core import (
    Camera,
    Cancelled,
    Dem,
    DemError,
    DeviceError,
    MemoryBudgetError,
    RenderError,
    RenderSession,
    Scene,
    SceneError,
    Sun,
    adapters,
    render,
    render_strips,
)
from forge3d_qgis.core.budget import MIB, default_budget, device_limits, plan, strip_rows
from forge3d_qgis.core.render import strip_steps

HILLS = np.add.outer(np.sin(np.arange(60) / 6), np.cos(np.arange(80) / 8)).astype(np.float32) * 40
DEM = Dem.from_array(HILLS, cell_size_m=10.0)

# With the fake


def test_a_picture_has_the_size_asked_for_and_its_numbers(fake_native: Any) -> None:
    image = render(DEM, size=(30, 20), samples=5)
    assert image.size == (30, 20) and image.rgba.shape == (20, 30, 4) and image.rgba.dtype == np.uint8
    assert image.metrics["samples"] == 5 and image.metrics["bands"] == 1 and image.metrics["adapter"] == "fake adapter"
    assert image.metrics["total_ms"] > 0 and "total_limit" in image.metrics["memory"]
    renderer = fake_native.renderers[-1]
    assert renderer.closed and renderer.heights is DEM.heights and renderer.cell_to_world == DEM.cell_to_world
    assert renderer.scene == Scene()


def test_a_picture_too_large_for_its_budget_comes_in_bands_that_fit_together(fake_native: Any) -> None:
    budget = 40 * MIB
    width, height = 1000, 1250
    rows = strip_rows((width, height), budget, dem_size=DEM.size)
    assert rows < height
    image = render(DEM, size=(width, height), samples=1, memory_budget=budget)
    np.testing.assert_array_equal(image.rgba[:, 0, 0], np.arange(height) % 256)
    assert image.metrics["bands"] == -(-height // rows)
    assert image.metrics["trace_ms"] == 2.0 * image.metrics["bands"]
    assert len(fake_native.renderers) == 1  # heights are uploaded once
    # The budget is the renderer's own: what others may hold is not touched.
    assert fake_native.renderers[-1].memory_budget == budget
    assert fake_native.memory_metrics()["total_limit"] == fake_native.DEFAULT_BUDGET


def test_progress_climbs_to_one(fake_native: Any) -> None:
    fractions: list[float] = []
    render(DEM, size=(1000, 1250), samples=6, memory_budget=40 * MIB, progress=fractions.append)
    assert fractions[0] == 0 and fractions[-1] == 1 and fractions == sorted(fractions)


def test_cancel_ends_the_picture_and_frees_it(fake_native: Any) -> None:
    calls = iter([False, False, False, True])
    with pytest.raises(Cancelled):
        render(DEM, size=(10, 10), samples=50, cancel=lambda: next(calls))
    assert fake_native.renderers[-1].closed
    event = threading.Event()
    event.set()
    with pytest.raises(Cancelled):
        render(DEM, size=(10, 10), cancel=event)


def test_cancel_ends_a_long_upload_as_well(fake_native: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = threading.Event()

    def long_upload(self: Any, heights: np.ndarray, *, cell_to_world: tuple) -> None:
        if cancelled.wait(10):
            raise fake_native.Cancelled("[Cancelled] upload of the heights")

    monkeypatch.setattr(fake_native.Renderer, "set_height_data", long_upload)
    monkeypatch.setattr(fake_native.Renderer, "cancel", lambda self: cancelled.set())
    calls = iter([False, False, True])
    start = time.perf_counter()
    with pytest.raises(Cancelled, match="upload"):
        render(DEM, size=(10, 10), cancel=lambda: next(calls))
    assert time.perf_counter() - start < 2


def test_stopping_to_take_bands_frees_the_renderer(fake_native: Any) -> None:
    bands = render_strips(DEM, size=(1000, 1250), samples=1, memory_budget=40 * MIB)
    next(bands)
    bands.close()
    assert fake_native.renderers[-1].closed


@pytest.mark.parametrize(
    ("name", "kind"),
    [("RenderError", RenderError), ("DeviceError", DeviceError), ("Cancelled", Cancelled),
     ("MemoryBudgetError", MemoryBudgetError), ("InputError", SceneError)],
)  # fmt: skip
def test_native_failures_become_ours_with_their_text_and_no_category(
    fake_native: Any, monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Exception]
) -> None:
    monkeypatch.setenv("FAKE_ERROR", name)
    with pytest.raises(kind, match=r"^expected a working device") as caught:
        render(DEM, size=(10, 10))
    assert type(caught.value) is kind
    assert fake_native.renderers[-1].closed


def test_heights_that_the_renderer_refuses_are_the_dems_fault(fake_native: Any) -> None:
    with pytest.raises(DemError, match="at least 2×2"):
        render(Dem.from_array(np.zeros((1, 5))), size=(10, 10))


def test_other_exceptions_are_not_dressed_up(fake_native: Any) -> None:
    def broken(fraction: float) -> None:
        raise ZeroDivisionError("in the caller's own code")

    with pytest.raises(ZeroDivisionError):
        render(DEM, size=(10, 10), progress=broken)


@pytest.mark.parametrize("size", [(0, 5), (5, 16385), (5.5, 5), (5,), "big", None])
def test_sizes_are_checked(fake_native: Any, size: Any) -> None:
    with pytest.raises(SceneError, match="size: expected"):
        render(DEM, size=size)


@pytest.mark.parametrize("samples", [0, -1, 1025, True, 1.5, "2", None])
def test_samples_are_checked(fake_native: Any, samples: Any) -> None:
    with pytest.raises(SceneError, match="samples: expected"):
        render(DEM, samples=samples)


SESSION_CALLS: dict[str, tuple[Callable[[RenderSession], object], type[Exception], str]] = {
    "a new one of no size": (lambda s: RenderSession(None), SceneError, "size"),  # type: ignore[arg-type]
    "a new one of half a size": (lambda s: RenderSession((0,)), SceneError, "size"),  # type: ignore[arg-type]
    "a new one by number": (lambda s: RenderSession((8, 8), adapter=5), SceneError, "adapter"),  # type: ignore[arg-type]
    "resize to nothing": (lambda s: s.resize(None), SceneError, "size"),  # type: ignore[arg-type]
    "resize to half a size": (lambda s: s.resize((3,)), SceneError, "size"),  # type: ignore[arg-type]
    "crop of a number": (lambda s: s.set_crop(0, 0, 5), SceneError, "size"),  # type: ignore[arg-type]
    "no DEM": (lambda s: s.set_dem(None), DemError, "dem"),  # type: ignore[arg-type]
    "an array for a DEM": (lambda s: s.set_dem(HILLS), DemError, "dem"),  # type: ignore[arg-type]
    "heights of nobody": (lambda s: s.share_heights(None), SceneError, "other"),  # type: ignore[arg-type]
    "no scene": (lambda s: s.set_scene(None), SceneError, "scene"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("call", SESSION_CALLS)
def test_a_session_refuses_what_it_cannot_use_in_words(fake_native: Any, call: str) -> None:
    act, kind, what = SESSION_CALLS[call]
    with RenderSession((8, 8)) as session:
        with pytest.raises(kind, match=rf"^{what}: expected .*; got .*; fix: "):
            act(session)
        assert session.size == (8, 8)


def test_what_is_no_dem_scene_progress_or_adapter_draws_nothing_and_is_named(fake_native: Any) -> None:
    with pytest.raises(DemError, match=r"dem: expected a Dem; got NoneType; fix: "):
        render(None)  # type: ignore[arg-type]
    for name in ("scene", "progress", "adapter"):
        with pytest.raises(SceneError, match=rf"{name}: expected .*; got 5; fix: "):
            render(DEM, **{name: 5})
    with pytest.raises(SceneError, match=r"adapter: expected a name; got None"):
        device_limits(None)  # type: ignore[arg-type]
    assert fake_native.renderers == []


@pytest.mark.parametrize("budget", ["256MiB", True, float("nan"), (1,)])
def test_budgets_are_checked(fake_native: Any, budget: Any) -> None:
    with pytest.raises(SceneError, match="memory budget: expected bytes"):
        render(DEM, memory_budget=budget)
    with pytest.raises(SceneError, match="memory budget: expected bytes"):
        plan((10, 10), budget=budget)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "integrated", "free_memory": 16 << 30, "default_budget": 2 << 30}, "integrated, 16 GiB free: 2 GiB"),
        (
            {"kind": "discrete", "device_memory": 8 << 30, "free_memory": 64 << 30, "default_budget": 4 << 30},
            "discrete, 8 GiB of its own, 64 GiB free: 4 GiB",
        ),
    ],
)
def test_the_default_budget_is_told_with_its_reason(
    fake_native: Any, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], reason: str
) -> None:
    info = {**fake_native.device_info(), **changes}
    monkeypatch.setattr(fake_native, "device_info", lambda adapter="auto": info)
    monkeypatch.setattr(fake_native, "DEFAULT_BUDGET", info["default_budget"])
    fake_native.set_memory_budget(None)
    limits = device_limits()
    assert limits.reason == reason and limits.budget == info["default_budget"] == default_budget()
    fake_native.set_memory_budget(300 * MIB)
    assert device_limits().reason == "chosen: 300 MiB"


def test_adapters_come_in_the_order_of_auto(fake_native: Any) -> None:
    assert [info["kind"] for info in adapters()] == ["discrete", "software"]


# With the real one


@pytest.mark.gpu
def test_the_picture_is_not_empty_and_the_background_is_the_scenes() -> None:
    scene = Scene(background="#102030")
    image = render(DEM, scene, size=(160, 100), samples=2, adapter="software")
    assert tuple(image.rgba[0, 0]) == (0x10, 0x20, 0x30, 255)
    middle = image.rgba[40:60, 60:100, :3].astype(int)
    assert middle.std() > 3 and middle.mean() > 60
    assert image.metrics["samples"] == 2 and image.metrics["peak_bytes"] > 0


@pytest.mark.gpu
def test_a_transparent_background_has_no_alpha_and_the_terrain_all() -> None:
    image = render(DEM, Scene(background="transparent"), size=(160, 100), samples=2, adapter="software")
    assert image.rgba[0, 0, 3] == 0 and image.rgba[50, 80, 3] == 255


@pytest.mark.gpu
def test_bands_make_the_picture_that_one_frame_makes() -> None:
    # Without random rays: those of a band have a sequence of their own.
    scene = Scene(shading="horn", cast_shadows=False)
    whole = render(DEM, scene, size=(400, 300), samples=2, adapter="software")
    with RenderSession((400, 77), adapter="software") as session:
        session.set_dem(DEM)
        session.set_scene(scene)
        parts = []
        for top in range(0, 300, 77):
            session.resize((400, min(77, 300 - top)))
            session.set_window(0, top, (400, 300))
            while session.refine(samples=2) < 2:
                pass
            parts.append(session.read().rgba)
    difference = np.abs(np.concatenate(parts).astype(int) - whole.rgba)
    assert (difference <= 1).mean() > 0.9999  # rays start from positions that are rounded differently


@pytest.mark.gpu
def test_the_slope_that_faces_the_sun_is_the_bright_one() -> None:
    ridge = np.full((60, 60), 0.0, dtype=np.float32)
    ridge += 30 - np.abs(np.arange(60) - 29.5)[:, None]  # runs east to west: slopes face north and south
    dem = Dem.from_array(ridge, cell_size_m=1.0)
    camera = Camera(pitch=90, projection="orthographic", resolution=0.5)
    base = Scene(camera=camera, cast_shadows=False)
    light = {}
    for azimuth in (0, 180):
        image = render(dem, replace(base, sun=Sun(azimuth=azimuth)), size=(100, 100), samples=4, adapter="software")
        light[azimuth] = image.rgba[20:40, 30:70, :3].mean() - image.rgba[60:80, 30:70, :3].mean()
    assert light[0] > 10 and light[180] < -10


@pytest.mark.gpu
def test_cancel_ends_a_running_picture_long_before_its_end() -> None:
    event = threading.Event()
    shares: list[float] = []

    def tell(share: float) -> None:
        shares.append(share)
        if share > 0:
            event.set()

    with pytest.raises(Cancelled):
        render(DEM, size=(2000, 1500), samples=1024, adapter="software", cancel=event, progress=tell)
    # The first step that was told is the last one that was made.
    assert len([share for share in shares if share > 0]) == 1 and shares[-1] < 0.1


@pytest.mark.gpu
def test_a_picture_gives_back_all_its_memory() -> None:
    import forge3d_native

    render(DEM, size=(200, 100), samples=1, adapter="software")
    before = forge3d_native.memory_metrics()["total_bytes"]
    render(DEM, size=(800, 600), samples=1, adapter="software", memory_budget=64 * MIB)
    after = forge3d_native.memory_metrics()
    assert after["total_bytes"] == before and after["total_limit"] > 64 * MIB


@pytest.mark.gpu
@pytest.mark.parametrize("lines", [40, 17])
def test_bands_have_the_samples_asked_for_whatever_the_session_drew_before(lines: int) -> None:
    scene = Scene(sun=Sun(size=20))
    with RenderSession((60, 40), adapter="software") as session:
        session.set_dem(DEM)
        session.set_scene(scene)

        def bands(disturb: bool) -> np.ndarray:
            parts = []
            for step in strip_steps(session, (60, 40), samples=2, lines=lines, slice_ms=0.0):
                if step.rows is not None:
                    parts.append(step.rows.copy())
                if disturb:  # a preview of the same size and scene
                    session.resize((60, 40))
                    session.refine(1000.0, samples=5)
                    disturb = False
            return np.concatenate(parts)

        expected = bands(False)
        session.resize((60, 40))
        while session.refine(samples=8) < 8:  # the preview holds more samples than the picture wants
            pass
        np.testing.assert_array_equal(bands(False), expected)
        session.set_window(3, 5, (100, 100))  # and a window of another picture
        np.testing.assert_array_equal(bands(True), expected)


def test_strips_that_the_driver_has_no_room_for_are_drawn_half_as_high(fake_native: Any) -> None:
    keep, refused = fake_native.Renderer.refine, []

    def refine(renderer: Any, milliseconds: float = 50.0, *, samples: int = 1024) -> int:
        if renderer.height > 16:
            refused.append(renderer.height)
            raise fake_native.MemoryBudgetError("[Budget] the driver is out of memory; fix: none")
        return int(keep(renderer, milliseconds, samples=samples))

    fake_native.Renderer.refine = refine
    image = render(Dem.from_array(np.zeros((4, 5), dtype=np.float32)), size=(20, 100), samples=4)
    assert refused == [100, 50, 25] and image.metrics["bands"] == 8
    np.testing.assert_array_equal(image.rgba[:, 0, 0], np.arange(100))
