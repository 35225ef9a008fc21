"""What was planned really uploads and draws, and the ledger holds what the plan said."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from any_values import cases
from hypothesis import given
from hypothesis import strategies as st

from forge3d_qgis.core import Scene, plan
from forge3d_qgis.core.budget import MIB, device_limits

SIDES = st.integers(2, 400) | st.integers(400, 24_000)


@pytest.mark.properties
@cases(0.25)
@given(
    budget=st.integers(48 * MIB, 300 * MIB), source=st.tuples(SIDES, SIDES),
    picture=st.tuples(st.integers(1, 2000), st.integers(1, 1500)),
    drape=st.none() | st.tuples(st.integers(1, 1024), st.integers(1, 1024)),
)  # fmt: skip
def test_every_plan_uploads_and_draws_within_its_budget_as_it_said(
    native: ModuleType, adapter: str, budget: int, source: Any, picture: Any, drape: Any
) -> None:
    made = plan(source, picture, budget, limits=device_limits(adapter), drape_size=drape)
    cols, rows = made.size
    before = native.memory_metrics()
    renderer = native.Renderer(picture[0], made.strip_rows, adapter=adapter, memory_budget=made.budget)
    try:
        # One row again and again: a large world that takes no memory of ours.
        renderer.set_height_data(np.broadcast_to(np.sin(np.arange(cols, dtype=np.float32) / 50), (rows, cols)))
        if drape is not None:
            renderer.set_drape(np.full((drape[1], drape[0], 4), 200, dtype=np.uint8))
        renderer.set_scene(Scene())
        renderer.resize(picture[0], made.strip_rows)
        renderer.set_window(0, 0, *picture)
        # Once traced: what a picture needs is there from its first row on.
        renderer.refine(0.0, samples=1)
        band = renderer.read_rgba()
        assert band.shape == (made.strip_rows, picture[0], 4)
        held = native.memory_metrics()["total_bytes"] - before["total_bytes"]
        assert native.memory_metrics()["within_budget"]
    finally:
        renderer.close()
    said = {
        label: count for label, count in made.bytes_by_label if label not in ("heights in Python", "room for an export")
    }
    assert held <= sum(said.values()) <= budget, (held, said)
    # The strips through which heights went are given back.
    assert held >= 0.95 * (sum(said.values()) - said.get("upload staging", 0)) - MIB, (held, said)
    del band
    assert native.memory_metrics()["total_bytes"] == before["total_bytes"]


def test_beside_a_plan_there_is_room_for_an_export(native: ModuleType, adapter: str) -> None:
    budget = 128 * MIB
    made = plan((20_000, 20_000), (1600, 1000), budget, limits=device_limits(adapter), whole_picture=True)
    assert made.bound_by == "budget"
    native.set_memory_budget(native.memory_metrics()["total_bytes"] + budget)
    preview = native.Renderer(1600, 1000, adapter=adapter)
    export = native.Renderer(16384, 16, adapter=adapter)
    try:
        cols, rows = made.size
        preview.set_height_data(np.broadcast_to(np.sin(np.arange(cols, dtype=np.float32) / 50), (rows, cols)))
        preview.set_scene(Scene())
        preview.refine(0.0, samples=1)
        picture = preview.read_rgba()
        export.share_heights(preview)
        export.set_scene(Scene())
        export.set_window(0, 5000, 16384, 16384)
        export.refine(0.0, samples=1)
        assert export.read_rgba().shape == (16, 16384, 4) and picture.shape == (1000, 1600, 4)
        assert native.memory_metrics()["within_budget"]
    finally:
        preview.close()
        export.close()
        native.set_memory_budget()
