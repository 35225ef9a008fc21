"""The plan: what a picture will hold, before anything is read."""

from __future__ import annotations

import pytest

from forge3d_qgis.core import MemoryBudgetError, SceneError, default_budget, format_bytes, parse_bytes, plan
from forge3d_qgis.core.memory_tracker import MIB, band_rows, system_memory


def test_a_dem_that_fits_is_held_whole() -> None:
    made = plan((4096, 4096), (1600, 1000), 256 * MIB)
    assert made.size == (4096, 4096) and made.factor == 1 and made.note == ""


def test_the_bytes_are_those_of_heights_pyramid_frame_and_staging() -> None:
    made = plan((3000, 2000), (1600, 1000), 256 * MIB)
    by_label = dict(made.bytes_by_label)
    assert by_label["height texture"] == by_label["heights in Python"] == 24_000_000
    assert by_label["maximum pyramid"] == 8_000_000
    assert by_label["picture"] == 1600 * 1000 * 24
    assert made.total_bytes == 24_000_000 + 8_000_000 + 38_400_000 + 16 * MIB


@pytest.mark.parametrize("budget", [64 * MIB, 100 * MIB, 256 * MIB, 512 * MIB])
@pytest.mark.parametrize("source", [(20000, 18000), (100_000, 50), (3, 40_000), (16385, 16385), (200, 200)])
def test_a_plan_stays_within_its_budget_and_wastes_little(source: tuple[int, int], budget: int) -> None:
    made = plan(source, (1600, 1000), budget)
    assert made.total_bytes <= budget
    assert max(made.size) <= 16384 and min(made.size) >= 2
    if made.size != source:
        # One factor less would have been too much.
        factor = round(made.factor) - 1
        larger = -(-source[0] // factor) * -(-source[1] // factor) if factor else 0
        assert factor == 0 or larger * 16 / 3 > budget - 16 * MIB - 38_400_000 or max(source) > 16384 * factor


def test_the_note_names_both_sizes_and_the_budget() -> None:
    made = plan((20000, 18000), (200, 100), 256 * MIB)
    cols, rows = made.size
    assert made.note == f"20000×18000 read as {cols}×{rows} to stay within 256 MiB"


def test_pictures_larger_than_the_budget_are_drawn_in_bands() -> None:
    rows = band_rows((16384, 16384), 512 * MIB)
    assert 1 <= rows < 16384 and 16384 * rows * 16 <= 128 * MIB
    assert plan((4096, 4096), (16384, 16384), 512 * MIB).total_bytes <= 512 * MIB


def test_a_budget_without_room_for_any_dem_is_refused_with_what_is_needed() -> None:
    with pytest.raises(MemoryBudgetError, match=r"expected at least .*; got 8 MiB; fix"):
        plan((4096, 4096), (1600, 1000), 8 * MIB)


def test_defaults_follow_the_kind_of_adapter() -> None:
    assert default_budget("discrete") == 4096 * MIB
    assert default_budget("integrated") == default_budget("software") == min(system_memory() // 4, 512 * MIB)


@pytest.mark.parametrize(
    ("text", "count"),
    [("256MiB", 256 << 20), ("2GiB", 2 << 30), ("1.5 GiB", 3 << 29), ("512MB", 512_000_000), ("64M", 64 << 20),
     ("1000", 1000), ("1kb", 1000), ("1 KiB", 1024)],
)  # fmt: skip
def test_sizes_are_read_as_people_write_them(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "much", "-5MiB", "5 potatoes", "0", "MiB", "1e9"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SceneError, match="fix"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (256 << 20, "256 MiB"), (3 << 29, "1.5 GiB"), (1048575, "1 MiB")],
)
def test_sizes_are_written_short(count: int, text: str) -> None:
    assert format_bytes(count) == text
