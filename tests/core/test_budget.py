"""The plan: what a picture will hold, before anything is read. Judged by the native side's own estimate."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from any_values import cases
from hypothesis import given
from hypothesis import strategies as st

from forge3d_qgis import native_loader
from forge3d_qgis.core import (
    DemError,
    MemoryBudgetError,
    SceneError,
    budget,
    default_budget,
    format_bytes,
    memory_tracker,
    parse_bytes,
    plan,
)
from forge3d_qgis.core.budget import (
    EXPORT_STRIP,
    MIB,
    WITHOUT_NATIVE,
    DeviceLimits,
    device_limits,
    peak_bytes,
    strip_rows,
)
from forge3d_qgis.core.errors import DeviceError, NativeMissingError


@pytest.fixture(scope="module")
def native() -> ModuleType:
    """The real module: an estimate makes no device, so no adapter is needed."""
    return native_loader.load()


def limits_of(budget: int, *, side: int = 16384, buffer: int = 1 << 30, held: int = 0) -> DeviceLimits:
    return DeviceLimits(
        budget=budget, max_buffer_bytes=buffer, max_texture_side=side, kind="software",
        reason="for a test", held=held,
    )  # fmt: skip


ROOMY = limits_of(1 << 40)

# Every plan

LIMITS = st.builds(
    DeviceLimits,
    budget=st.integers(24 * MIB, 400 * MIB) | st.integers(24 * MIB, 1 << 36),
    # What WebGPU guarantees, and what cards have.
    max_buffer_bytes=st.sampled_from([128 * MIB, 256 * MIB, 1 << 30, (1 << 31) - 4, 1 << 40]),
    max_texture_side=st.sampled_from([2048, 8192, 16384, 32768]),
    kind=st.sampled_from(["discrete", "integrated", "virtual", "software", "other"]),
    reason=st.just("drawn"),
    held=st.just(0) | st.integers(0, 300 * MIB),
)
SIDES = st.integers(2, 300) | st.integers(2, 40_000) | st.sampled_from([4096, 16384, 16385, 20_000, 400_000])
PICTURE_SIDES = st.integers(1, 5000) | st.sampled_from([1, 16384])


class Judge:
    """What one adapter allows beside one picture, from the native estimate and the limits alone."""

    def __init__(
        self, native: ModuleType, limits: DeviceLimits, budget: int, held: int, picture: Any, drape: Any, stays: bool
    ) -> None:
        """``stays``: the picture is one that an export is drawn beside."""
        self.native, self.limits, self.budget, self.picture, self.drape = native, limits, budget, picture, drape
        self.room = held + (native.memory_estimate(None, EXPORT_STRIP)["total_bytes"] if stays else 0)

    def total(self, size: tuple[int, int]) -> int:
        return int(self.native.memory_estimate(size, self.picture, self.drape)["total_bytes"]) + self.room

    def suits_the_adapter(self, size: tuple[int, int]) -> bool:
        needs = self.native.memory_estimate(size, self.picture, self.drape)
        return (
            max(size) <= self.limits.max_texture_side
            and needs["largest_binding_bytes"] <= self.limits.max_buffer_bytes
        )  # fmt: skip

    def fits(self, size: tuple[int, int]) -> bool:
        return self.suits_the_adapter(size) and self.total(size) <= self.budget


def in_proportion(source: tuple[int, int], longer: int) -> tuple[int, int]:
    """The size of that longer side whose other side just covers the source's proportions, two samples at least."""
    cols, rows = source
    other = max(-(-min(cols, rows) * longer // max(cols, rows)), 2)
    return (longer, other) if cols >= rows else (other, longer)


def largest(source: tuple[int, int], judge: Judge) -> tuple[int, int]:
    low, high = 1, max(source)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if judge.fits(in_proportion(source, middle)) else (low, middle - 1)
    return in_proportion(source, low)


@pytest.mark.properties
@cases(8)
@given(
    limits=LIMITS, source=st.tuples(SIDES, SIDES), picture=st.tuples(PICTURE_SIDES, PICTURE_SIDES),
    own=st.none() | st.integers(24 * MIB, 1 << 32),
    drape=st.none() | st.tuples(st.integers(1, 2048), st.integers(1, 2048)),
    whole=st.booleans(),
)  # fmt: skip
def test_every_plan_keeps_all_limits_and_uses_what_it_may(
    native: ModuleType, limits: DeviceLimits, source: Any, picture: Any, own: int | None, drape: Any, whole: bool
) -> None:
    budget, held = (limits.budget, limits.held) if own is None else (own, 0)
    lines = picture[1] if whole else strip_rows(picture, budget)
    judge = Judge(native, limits, budget, held, (picture[0], lines), drape, whole)
    try:
        made = plan(source, picture, own, limits=limits, drape_size=drape, whole_picture=whole)
    except MemoryBudgetError as error:
        smallest = in_proportion(source, min(64, max(source)))
        assert judge.total(smallest) > budget
        assert f"got {format_bytes(budget)}" in str(error) and "fix:" in str(error)
        return
    assert made.source_size == source and made.budget == budget and made.strip_rows == lines
    assert made.total_bytes == judge.total(made.size) <= budget
    assert judge.suits_the_adapter(made.size)
    assert made.size == in_proportion(source, max(made.size)) and made.factor >= 1
    if made.size == source:
        assert made.bound_by == made.note == ""
        return
    best = largest(source, judge)
    assert made.size[0] * made.size[1] >= 0.8 * best[0] * best[1]
    more = in_proportion(source, max(made.size) + 1)
    if judge.fits(more):  # the only reason for less: every sample then stands for as many whole or half cells
        cells = made.factor * 2
        assert abs(cells - round(cells)) < 2 * cells / max(made.size)
        more = in_proportion(source, max(best) + 1)
    assert made.bound_by == ("budget" if judge.suits_the_adapter(more) else "adapter")
    reason = format_bytes(budget) if made.bound_by == "budget" else "adapter"
    assert reason in made.note and f"{made.size[0]}×{made.size[1]}" in made.note


@pytest.mark.properties
@cases(2)
@given(source=st.tuples(SIDES, SIDES), side=st.integers(0, 20_000), samples=st.integers(0, 10**8))
def test_a_caller_may_want_less(native: ModuleType, source: tuple[int, int], side: int, samples: int) -> None:
    made = plan(source, limits=ROOMY, max_side=side, max_samples=samples)
    # Two samples a side, the least that can be drawn, also where less is wanted.
    assert max(made.size) <= max(side, 2) and made.size[0] * made.size[1] <= max(samples, 4)
    assert (made.bound_by == "") == (made.size == source)
    if made.bound_by:
        wider = in_proportion(source, 16385)
        caller_allows = side >= 16385 and wider[0] * wider[1] <= samples
        assert made.bound_by == ("adapter" if max(source) > 16384 and caller_allows else "caller")
        assert made.note.startswith(f"{source[0]}×{source[1]} read as {made.size[0]}×{made.size[1]}")


# Single plans


def test_a_dem_that_fits_is_held_whole(native: ModuleType) -> None:
    made = plan((4096, 4096), (1600, 1000), 256 * MIB, limits=ROOMY)
    assert made.size == (4096, 4096) and made.factor == 1 and made.note == ""


def test_the_bytes_are_named_and_the_array_in_python_is_the_callers(native: ModuleType) -> None:
    made = plan((3000, 2000), (1600, 1000), 256 * MIB, limits=ROOMY)
    by_label = dict(made.bytes_by_label)
    assert by_label["heights in Python"] == 24_000_000
    assert made.total_bytes == sum(by_label.values()) - 24_000_000
    # At least the samples themselves, and for the pyramid a third of them and no more than 0.4.
    heights = native.memory_estimate((3000, 2000))["total_bytes"] - native.memory_estimate((2, 2))["total_bytes"]
    assert 24_000_000 * 4 / 3 <= heights <= 24_000_000 * 1.4 + 32 * MIB


def test_the_large_dem_and_the_large_budget_are_held_by_an_adapter_of_small_bindings(native: ModuleType) -> None:
    # The binding of software adapters: 128 MiB. What the maximum pyramid would need of it must not pass that.
    software = limits_of(512 * MIB, buffer=128 * MIB)
    made = plan((12_000, 12_000), (1600, 1000), 2048 * MIB, limits=software)
    needs = native.memory_estimate(made.size, (1600, made.strip_rows))
    assert needs["largest_binding_bytes"] <= 128 * MIB
    assert made.bound_by == "adapter" and 8000 <= made.size[0] < 12_000
    assert made.note == f"12000×12000 read as {made.size[0]}×{made.size[1]} to stay within what this adapter holds"


def test_what_others_hold_counts_against_the_common_budget_and_not_against_ones_own(native: ModuleType) -> None:
    free, busy = limits_of(256 * MIB), limits_of(256 * MIB, held=128 * MIB)
    common = [plan((9000, 9000), limits=limits).size[0] for limits in (free, busy)]
    own = [plan((9000, 9000), budget=256 * MIB, limits=limits).size[0] for limits in (free, busy)]
    assert common[1] < 0.8 * common[0] and own[0] == own[1] == common[0]


def test_a_factor_of_half_cells_is_not_taken_where_it_needs_more_than_a_smaller_one(native: ModuleType) -> None:
    # 23.5 cells a sample: strips of whole rows of 17022 samples take a little more than those of 17023.
    made = plan((400_000, 4066), (1, 1), 43_767_524, limits=limits_of(43_767_524, side=32768, buffer=128 * MIB))
    assert made.total_bytes <= 43_767_524


def test_a_drape_and_a_whole_picture_take_their_part(native: ModuleType) -> None:
    plain = plan((20_000, 20_000), (3840, 2160), 384 * MIB, limits=ROOMY).size[0]
    draped = plan((20_000, 20_000), (3840, 2160), 384 * MIB, limits=ROOMY, drape_size=(4096, 4096)).size[0]
    whole = plan((20_000, 20_000), (3840, 2160), 384 * MIB, limits=ROOMY, whole_picture=True).size[0]
    assert draped < plain and whole < plain


def test_pictures_larger_than_the_budget_are_drawn_in_bands(native: ModuleType) -> None:
    rows = strip_rows((16384, 16384), 512 * MIB)
    frame = native.memory_estimate()["total_bytes"]
    assert 1 <= rows < 16384
    assert native.memory_estimate(None, (16384, rows))["total_bytes"] - frame <= 128 * MIB
    assert native.memory_estimate(None, (16384, rows + 1))["total_bytes"] - frame > 128 * MIB


def test_a_budget_without_room_for_any_dem_is_refused_with_what_is_needed(native: ModuleType) -> None:
    with pytest.raises(MemoryBudgetError, match=r"expected at least .*; got 4 MiB; fix"):
        plan((4096, 4096), (1600, 1000), 4 * MIB, limits=ROOMY)


def test_what_renderers_with_budgets_of_their_own_hold_is_not_held_of_the_common_one(native: ModuleType) -> None:
    before = device_limits().held
    renderer = native.Renderer(64, 48, memory_budget=64 * MIB)
    try:
        renderer.set_height_data(np.zeros((1500, 1500), dtype=np.float32))
        assert device_limits().held == before
        assert native.memory_metrics()["total_bytes"] >= before + 1500 * 1500 * 4
    finally:
        renderer.close()


def test_a_drape_beyond_the_adapters_textures_is_refused_at_once() -> None:
    limits = limits_of(1 << 40)
    with pytest.raises(SceneError, match="drape_size: expected sides of"):
        plan((100, 100), limits=limits, drape_size=(limits.max_texture_side + 1, 10))


def test_without_the_native_part_a_dem_is_planned_for_the_hillshade(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> ModuleType:
        raise NativeMissingError("none here")

    monkeypatch.setattr(budget, "native", missing)
    made = plan((20_000, 20_000))
    assert made.budget == WITHOUT_NATIVE.budget and 4 * made.size[0] * made.size[1] <= made.budget
    assert made.bound_by == "budget" and made.size[0] > 4000


@pytest.mark.parametrize(
    "changes",
    [
        {"source_size": (0, 5)}, {"source_size": "big"}, {"picture_size": (0, 0)}, {"picture_size": (16385, 5)},
        {"budget": "256MiB"}, {"budget": math.nan}, {"drape_size": (1,)}, {"drape_size": (0, 5)}, {"max_side": "far"},
        {"max_samples": math.nan},
    ],
    ids=repr,
)  # fmt: skip
def test_arguments_that_are_none_are_refused(native: ModuleType, changes: dict[str, Any]) -> None:
    with pytest.raises(SceneError, match=r"expected .*; got .*; fix: ."):
        plan(**{"source_size": (100, 100), "limits": ROOMY, **changes})


@pytest.mark.parametrize("source", [(1, 1), (1, 500), (500, 1)])
def test_a_source_without_a_cell_that_could_be_drawn_is_the_dems_fault(
    native: ModuleType, source: tuple[int, int]
) -> None:
    with pytest.raises(DemError, match="at least 2×2 samples"):
        plan(source, limits=ROOMY)


# Limits of the device


def test_the_limits_are_the_devices_and_the_default_budget_comes_with_its_reason(fake_native: Any) -> None:
    found = device_limits()
    assert (found.budget, found.kind, found.max_texture_side) == (fake_native.DEFAULT_BUDGET, "software", 8192)
    assert found.reason == "software, 4 GiB free: 512 MiB"
    fake_native.set_memory_budget(100 * MIB)
    assert device_limits().budget == 100 * MIB and device_limits().reason == "chosen: 100 MiB"


def test_the_reason_of_a_card_names_its_own_memory(fake_native: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    info = {**fake_native.device_info(), "kind": "discrete", "device_memory": 8 << 30, "free_memory": 64 << 30}
    monkeypatch.setattr(fake_native, "device_info", lambda adapter="auto": info)
    assert device_limits().reason == "discrete, 8 GiB of its own, 64 GiB free: 512 MiB"


def test_the_default_budget_is_asked_for_by_an_adapters_name_or_as_once_by_its_kind(
    fake_native: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("auto", "soft", "software", "discrete", "integrated", "virtual", "cpu", "other"):
        assert default_budget(name) == fake_native.DEFAULT_BUDGET
    with pytest.raises(DeviceError, match="voodoo"):
        default_budget("voodoo")
    # A machine without the software one.
    known = fake_native.device_info

    def device_info(adapter: str = "auto") -> Any:
        return known("voodoo" if adapter == "software" else adapter)

    monkeypatch.setattr(fake_native, "device_info", device_info)
    assert default_budget("software") == fake_native.DEFAULT_BUDGET
    assert memory_tracker.plan is plan and memory_tracker.MIB == MIB


# Sizes in bytes


@pytest.mark.parametrize(
    ("text", "count"),
    [("256MiB", 256 << 20), ("2GiB", 2 << 30), ("1.5 GiB", 3 << 29), ("512MB", 512_000_000), ("64M", 64 << 20),
     ("1000", 1000), ("1kb", 1000), ("1 KiB", 1024), ("9" * 400, 2**63 - 1), ("9000000000GiB", 2**63 - 1)],
)  # fmt: skip
def test_sizes_are_read_as_people_write_them(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "much", "-5MiB", "5 potatoes", "0", "MiB", "1e9", 5, None])
def test_what_is_no_size_is_refused(text: Any) -> None:
    with pytest.raises(SceneError, match=r"memory size: expected .*; got .*; fix"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (256 << 20, "256 MiB"), (3 << 29, "1.5 GiB"), (1048575, "1 MiB")],
)
def test_sizes_are_written_short(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize("budget", [10 * MIB, 16 * MIB, 18 * MIB, 40 * MIB])
def test_strips_take_what_the_upload_of_heights_has_let_go_of(native: ModuleType, budget: int) -> None:
    size, dem = (1600, 4000), (400, 340)
    rows = strip_rows(size, budget, dem_size=dem)
    assert rows % 8 == 0

    def needs(lines: int) -> int:
        found = native.memory_estimate(None, (size[0], lines))
        return int(found["total_bytes"] - dict(found["items"])["frame"] - dict(found["items"])["upload staging"])

    assert needs(rows) <= budget // 4 < needs(rows + 8)
    assert peak_bytes(dem, size, rows, None, budget) <= budget


def test_few_rows_are_taken_as_they_come(native: ModuleType) -> None:
    assert 1 < strip_rows((16384, 16384), 8 * MIB, dem_size=(100, 100)) < 9
    assert strip_rows((400, 13), 64 * MIB, dem_size=(100, 100)) == 13
