"""Presets, what they take, and how a relief steps down and up again. No picture is drawn here."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge3d_qgis.core import MemoryBudgetError, SceneError, format_bytes, memory_tracker
from forge3d_qgis.core.budget import MIB
from forge3d_qgis.core.errors import MemoryConstraintError
from forge3d_qgis.core.quality import (
    LADDER,
    LONGEST_REST_S,
    QUALITIES,
    REST_S,
    STRETCH,
    QualityLadder,
    Rung,
    Tier,
    adaptive_quality,
    get_preset_config,
    memory_tier,
    validate_memory_constraint,
)

# Presets


def test_presets_go_from_the_quickest_to_the_finest_in_every_field() -> None:
    assert list(QUALITIES) == ["draft", "balanced", "high_quality", "print"]
    for lower, higher in zip(list(QUALITIES.values()), list(QUALITIES.values())[1:]):
        assert lower.samples < higher.samples and lower.scale < higher.scale
        assert lower.drape_scale <= higher.drape_scale
        assert higher.dem_samples is None or lower.dem_samples < higher.dem_samples
        assert lower.calculate_memory_usage() < higher.calculate_memory_usage()


def test_a_preset_is_found_by_its_name_and_cannot_be_changed() -> None:
    preset = memory_tracker.get_preset_config("high_quality")
    assert preset is QUALITIES["high_quality"] is get_preset_config("High-Quality")
    with pytest.raises(dataclasses.FrozenInstanceError):
        preset.samples = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", ["ultra", "", 5, None])
def test_a_name_that_no_preset_has_is_refused_with_those_that_there_are(name: Any) -> None:
    with pytest.raises(SceneError, match=r"expected one of draft, balanced, high_quality, print; got .*; fix"):
        get_preset_config(name)


def test_a_dem_is_held_no_finer_than_the_preset_says_and_whole_where_it_is_smaller() -> None:
    draft = get_preset_config("draft")
    cols, rows = draft.held_size((6000, 3000))
    assert cols == 2 * rows and 0.8 * draft.dem_samples <= cols * rows <= draft.dem_samples
    assert draft.held_size((900, 900)) == (900, 900)
    assert get_preset_config("print").held_size((16000, 9000)) == (16000, 9000)


def test_memory_grows_with_picture_heights_and_drape_and_shrinks_with_the_strips_of_a_budget() -> None:
    preset = get_preset_config("balanced")
    plain = preset.calculate_memory_usage((1600, 1000), dem_size=(500, 500))
    assert plain < preset.calculate_memory_usage((3200, 1000), dem_size=(500, 500))
    assert plain < preset.calculate_memory_usage((1600, 1000), dem_size=(2500, 2500))
    assert plain < preset.calculate_memory_usage((1600, 1000), dem_size=(500, 500), drape_size=(2000, 2000))
    assert preset.calculate_memory_usage((1600, 1000), dem_size=(500, 500), budget=64 * MIB) < plain


def test_a_preset_beyond_the_budget_is_a_value_error_with_the_numbers() -> None:
    preset, dem = get_preset_config("print"), (6000, 6000)
    needed = preset.calculate_memory_usage(dem_size=dem, budget=100 * MIB)
    assert needed > 100 * MIB
    with pytest.raises(ValueError, match="quality print: expected at most 100 MiB") as caught:
        validate_memory_constraint(preset, budget=100 * MIB, dem_size=dem)
    assert isinstance(caught.value, MemoryConstraintError) and isinstance(caught.value, MemoryBudgetError)
    for words in (format_bytes(needed), "4800×3000", "6000×6000", "fix: "):
        assert words in str(caught.value)
    validate_memory_constraint(preset, budget=2 * needed, dem_size=dem)
    validate_memory_constraint(preset, budget=100 * MIB, dem_size=(600, 600), size=(1600, 1000))
    three_quarters = needed * 3 // 4
    with pytest.raises(MemoryConstraintError):
        validate_memory_constraint(preset, budget=three_quarters, dem_size=dem)
    validate_memory_constraint(preset, budget=three_quarters, dem_size=dem, height_bits=16)


@pytest.mark.parametrize("wrong", ["800x600", (800,), 800, (0, 0), (-5, 5), (1.5, 2), (800, 600, 3)])
def test_sizes_that_are_none_are_refused_with_what_was_given(wrong: Any) -> None:
    preset = get_preset_config("print")
    for call in (
        lambda: preset.calculate_memory_usage(wrong),
        lambda: preset.calculate_memory_usage(dem_size=wrong),
        lambda: preset.calculate_memory_usage(drape_size=wrong),
        lambda: validate_memory_constraint(preset, size=wrong, budget=MIB),
        lambda: adaptive_quality(wrong, available=5, budget=5),
    ):
        with pytest.raises(SceneError, match=r"size: expected two whole numbers from 1.*; got .*; fix: ") as caught:
            call()
        assert f"got {wrong!r};" in str(caught.value)


def test_the_budget_of_the_device_is_taken_where_none_is_given(fake_native: Any) -> None:
    validate_memory_constraint(get_preset_config("balanced"))
    fake_native.set_memory_budget(20 * MIB)
    with pytest.raises(MemoryConstraintError, match="expected at most 20 MiB"):
        validate_memory_constraint(get_preset_config("balanced"))
    fake_native.set_memory_budget()


def test_what_is_no_preset_is_refused() -> None:
    with pytest.raises(SceneError, match="expected a preset"):
        validate_memory_constraint("draft")  # type: ignore[arg-type]


# Tiers


@pytest.mark.parametrize(
    ("available", "tier"),
    [(512, Tier.HIGH), (200, Tier.HIGH), (199, Tier.MEDIUM), (50, Tier.MEDIUM), (49, Tier.LOW), (0, Tier.LOW)],
)
@pytest.mark.parametrize("scale", [1, 4])
def test_tiers_begin_at_shares_of_the_budget(available: int, tier: Tier, scale: int) -> None:
    assert memory_tier(available * scale * MIB, 512 * scale * MIB) is tier


@pytest.mark.parametrize(
    ("available", "target", "name", "size"),
    [
        (400, "print", "print", (1000, 600)), (100, "print", "balanced", (1000, 600)),
        (10, "print", "draft", (500, 300)), (100, "draft", "draft", (1000, 600)), (10, "balanced", "draft", (500, 300)),
    ],
)  # fmt: skip
def test_quality_adapts_to_what_is_available_and_never_passes_its_target(
    available: int, target: str, name: str, size: tuple[int, int]
) -> None:
    found = adaptive_quality((1000, 600), target, available=available * MIB, budget=512 * MIB)
    assert found == (QUALITIES[name], size)


def test_quality_adapts_to_the_device_where_nothing_is_said(fake_native: Any) -> None:
    assert adaptive_quality((1000, 600))[0] is QUALITIES["high_quality"]


# The ladder

FRAME = 2


def needs_of(drape: int = 64, heights: int = 160, picture: int = 32) -> Callable[[Rung], int]:
    """Bytes on each rung for a map, heights and a preview that take so much in full."""

    def needs(rung: Rung) -> int:
        return FRAME + (
            drape // rung.drape.divisor**2 + heights // rung.dem.divisor**2 + picture // rung.preview.divisor**2
        )

    return needs


def test_the_map_is_given_up_first_then_the_heights_then_the_preview() -> None:
    order = [(rung.drape, rung.dem, rung.preview) for rung in LADDER]
    assert order == sorted(order, key=lambda rung: rung[::-1])
    assert order[0] == (Tier.HIGH,) * 3 and order[-1] == (Tier.LOW,) * 3
    for upper, lower in itertools.pairwise(order):
        assert sum(one is not other for one, other in zip(upper, lower)) == 1


def test_nothing_moves_while_all_fits() -> None:
    ladder = QualityLadder()
    assert not any(ladder.consider(needs_of(), 258 + second % 7, float(second)) for second in range(100))
    assert ladder.level == 0


@pytest.mark.parametrize(
    ("budget", "rung"),
    [
        (257, Rung(Tier.MEDIUM)), (200, Rung(Tier.LOW)), (100, Rung(Tier.LOW, Tier.MEDIUM)),
        (50, Rung(Tier.LOW, Tier.LOW)), (30, Rung(Tier.LOW, Tier.LOW, Tier.MEDIUM)),
        (19, Rung(Tier.LOW, Tier.LOW, Tier.LOW)), (1, Rung(Tier.LOW, Tier.LOW, Tier.LOW)),
    ],
)  # fmt: skip
def test_it_steps_down_at_once_to_the_first_rung_that_fits(budget: int, rung: Rung) -> None:
    ladder = QualityLadder()
    assert ladder.consider(needs_of(), budget, 0.0) and ladder.rung == rung
    assert not ladder.consider(needs_of(), budget, 1.0)


def test_what_does_not_lie_over_the_terrain_is_not_given_up() -> None:
    ladder = QualityLadder()
    assert ladder.consider(needs_of(drape=0), 150, 0.0) and ladder.rung.dem is Tier.MEDIUM


def test_it_climbs_only_after_there_was_room_for_a_while() -> None:
    ladder, needs = QualityLadder(), needs_of()
    assert ladder.consider(needs, 100, 0.0) and ladder.rung.dem is Tier.MEDIUM
    assert not ladder.consider(needs, 400, REST_S + 1)  # first seen
    assert not ladder.consider(needs, 100, REST_S + 2)  # gone again
    assert not ladder.consider(needs, 400, REST_S + 3)
    assert not ladder.consider(needs, 400, 2 * REST_S + 2)
    assert ladder.consider(needs, 400, 2 * REST_S + 3) and ladder.level == 0


def test_heights_that_had_filled_the_budget_come_back_when_nearly_as_much_is_there_again() -> None:
    ladder, needs = QualityLadder(), needs_of(drape=0)
    full = needs(LADDER[0])
    assert ladder.consider(needs, full // 2, 0.0)
    ladder.consider(needs, round(0.9 * full), 100.0)
    assert ladder.consider(needs, round(0.9 * full), 100.0 + REST_S) and ladder.level == 0


def test_a_map_comes_back_only_where_it_fits_beside_heights_that_stay() -> None:
    ladder, needs = QualityLadder(), needs_of()
    full = needs(LADDER[0])
    assert ladder.consider(needs, full - 1, 0.0) and ladder.rung == Rung(Tier.MEDIUM)
    for second in range(20, 60):
        assert not ladder.consider(needs, full, float(second))  # nothing would be left
    ladder.consider(needs, round(full / 0.9), 60.0)
    assert ladder.consider(needs, round(full / 0.9), 60.0 + REST_S) and ladder.level == 0


def test_each_refusal_is_one_rung_that_gives_something_up_and_ends_at_the_foot() -> None:
    ladder, needs, seen = QualityLadder(), needs_of(drape=0), []
    while ladder.refused(needs, float(len(seen))):
        seen.append(ladder.level)
    assert seen == [3, 4, 5, 6] and ladder.rung == LADDER[-1]


def test_a_climb_that_is_refused_again_and_again_is_tried_less_and_less() -> None:
    ladder, needs, now, rests = QualityLadder(), needs_of(drape=0), 0.0, []
    assert ladder.refused(needs, now)
    for _ in range(10):
        begun = now
        while not ladder.consider(needs, 10_000, now):
            now += 1.0
        rests.append(now - begun)
        assert ladder.refused(needs, now)
    assert rests[0] == REST_S and rests[1] == 2 * REST_S and rests[-1] == LONGEST_REST_S
    assert all(later >= earlier for earlier, later in itertools.pairwise(rests))


def test_another_relief_begins_at_the_top() -> None:
    ladder = QualityLadder()
    ladder.refused(needs_of(), 0.0)
    ladder.reset()
    assert ladder.level == 0 and ladder.rung == Rung()


@given(
    budgets=st.lists(st.integers(1, 600), min_size=1, max_size=60),
    drape=st.sampled_from([0, 16, 200]), heights=st.integers(4, 400), picture=st.integers(4, 100),
)  # fmt: skip
def test_whatever_the_budget_does_a_rung_that_fits_is_found_and_no_two_moves_go_to_and_fro(
    budgets: list[int], drape: int, heights: int, picture: int
) -> None:
    ladder, needs = QualityLadder(), needs_of(drape, heights, picture)
    climbed: float | None = None
    for now, budget in enumerate(budgets):
        before = ladder.level
        moved = ladder.consider(needs, budget, float(now))
        assert moved is (ladder.level != before)
        # What is read anew fits the budget whatever it took before.
        part = STRETCH if LADDER[before].dem is not ladder.rung.dem and ladder.level < before else 1.0
        assert part * needs(ladder.rung) <= budget or needs(ladder.rung) == needs(LADDER[-1])
        if ladder.level < before:
            assert climbed is None or now - climbed >= REST_S
            climbed = now


def test_under_a_chosen_budget_what_a_refusal_took_comes_back_rung_by_rung_and_later_after_each_vain_climb() -> None:
    ladder, needs = QualityLadder(), needs_of()
    assert not ladder.climb_again(needs, 0.0)
    assert ladder.refused(needs, 0.0) and ladder.refused(needs, 1.0) and ladder.level == 2
    assert not ladder.climb_again(needs, 2.0)
    assert not ladder.climb_again(needs, 1.9 + REST_S)
    assert ladder.climb_again(needs, 2.0 + REST_S) and ladder.level == 1
    assert ladder.refused(needs, 3.0 + REST_S) and ladder.level == 2  # in vain: the rest is twice as long
    assert not any(ladder.climb_again(needs, 3.0 + REST_S + second) for second in range(int(2 * REST_S)))
    assert ladder.climb_again(needs, 4.0 + 3 * REST_S) and ladder.level == 1
    assert not ladder.climb_again(needs, 100.0 + 3 * REST_S)
    assert ladder.climb_again(needs, 100.0 + 4 * REST_S) and ladder.level == 0


def test_rungs_that_give_nothing_up_are_passed_over_on_the_way_up_too() -> None:
    ladder, needs = QualityLadder(), needs_of(drape=0)
    assert ladder.refused(needs, 0.0) and ladder.rung.dem is Tier.MEDIUM
    ladder.climb_again(needs, 100.0)
    assert ladder.climb_again(needs, 100.0 + REST_S) and ladder.level == 0


def test_a_preset_is_checked_with_the_bits_that_its_heights_are_held_in(fake_native: Any) -> None:
    preset, dem = get_preset_config("print"), (4000, 3000)
    size = (400, 300)
    half, whole = (preset.calculate_memory_usage(size, dem_size=dem, height_bits=bits) for bits in (16, 32))
    budget = (half + whole) // 2
    validate_memory_constraint(preset, size=size, dem_size=dem, budget=budget, height_bits=16)
    with pytest.raises(MemoryConstraintError):
        validate_memory_constraint(preset, size=size, dem_size=dem, budget=budget)
