"""The terrains of the benches have the roughness that their rows name."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHES = Path(__file__).resolve().parents[1] / "benches"


@pytest.fixture
def synthetic(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHES))
    import synthetic

    yield synthetic
    del sys.modules["synthetic"]


def mean_square_slope(heights: np.ndarray, cell_size_m: float) -> float:
    """Along all edges between neighbours, in f64, both directions added."""
    z = heights.astype(np.float64) / cell_size_m
    return float(np.mean((z[1:] - z[:-1]) ** 2) + np.mean((z[:, 1:] - z[:, :-1]) ** 2))


WORLDS: dict[str, tuple[Callable[[ModuleType, int], np.ndarray], float, float]] = {
    "rough": (lambda synthetic, side: synthetic.rough_heights(side), 30.0, 0.7),
    "lidar": (lambda synthetic, side: synthetic.lidar_heights(side), 1.0, 1.0),
}


@pytest.mark.parametrize("side", [33, 128, 300])
@pytest.mark.parametrize("name", WORLDS)
def test_rough_terrains_have_exactly_the_slope_that_they_name(synthetic: ModuleType, name: str, side: int) -> None:
    make, cell, slope = WORLDS[name]
    heights = make(synthetic, side)
    assert heights.shape == (side, side) and heights.dtype == np.float32 and heights.min() == 0
    assert mean_square_slope(heights, cell) == pytest.approx(slope**2, rel=1e-5)
    assert synthetic.rms_slope(heights, cell) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("name", WORLDS)
def test_they_are_rough_at_every_scale_and_steeper_the_nearer_one_looks(synthetic: ModuleType, name: str) -> None:
    make, cell, _ = WORLDS[name]
    heights = make(synthetic, 512)
    slopes = [mean_square_slope(heights[::step, ::step], cell * step) for step in (1, 2, 4, 8, 16, 32)]
    # The finest lattice has a line at every second cell: from one to the other it is as steep as over both.
    assert slopes[1:] == sorted(slopes[1:], reverse=True) and slopes[0] > 0.8 * slopes[1] > 1.2 * slopes[2], slopes
    assert slopes[-1] > slopes[0] / 1000
    smooth = mean_square_slope(synthetic.heights(512), synthetic.CELL_SIZE_M)
    assert slopes[0] > 2 * smooth


def test_the_smooth_terrain_is_the_same_as_ever(synthetic: ModuleType) -> None:
    # Times of earlier versions were measured on these very heights.
    digest = hashlib.sha256(synthetic.heights(200).tobytes()).hexdigest()
    assert digest == "68120052d8d178d2a9f1e706d445941f7b069dd32de5cbde93999afd4f1a9b85"


def test_the_low_view_looks_along_the_middle_of_any_terrain(synthetic: ModuleType) -> None:
    assert synthetic.low_view(100) == synthetic.low_view(100, 30.0, 750.0)
    view = synthetic.low_view(100, 1.0, 40.0)
    assert view["target"] == (0.0, 0.0, 40.0) and view["distance"] == pytest.approx(33.0)
