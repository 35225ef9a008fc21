"""Pictures larger than one storage binding of the adapter: the same picture as in windows, byte for byte or nearly."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from forge3d_qgis.core import Camera, MemoryBudgetError, Scene, Sun, render
from forge3d_qgis.core.dem import Dem

SIDE, ROWS = 4096, 160
HILLS = (np.add.outer(np.sin(np.arange(90) / 9), np.cos(np.arange(100) / 13)) * 12).astype(np.float32)
# The ground lies in the middle rows, where the picture is split; the sky around it takes little time.
SCENE = Scene(
    shading="horn", cast_shadows=False, sun=Sun(300, 40), background="#103050",
    camera=Camera(heading=25, pitch=30, target=(0, 0, 0), distance=330),
)  # fmt: skip


def test_a_picture_of_4096_by_4096_is_the_one_drawn_in_windows(native: ModuleType, adapter: str) -> None:
    whole = native.Renderer(SIDE, SIDE, adapter=adapter, memory_budget=1 << 30)
    strip = native.Renderer(SIDE, ROWS, adapter=adapter, memory_budget=1 << 30)
    try:
        whole.set_height_data(HILLS)
        whole.set_scene(SCENE)
        while whole.refine(1000.0, samples=2) < 2:
            pass
        picture = whole.read_rgba()
        assert picture.shape == (SIDE, SIDE, 4)
        strip.share_heights(whole)
        strip.set_scene(SCENE)
        # Software adapters bind 128 MiB at once: of light, 16 bytes a pixel, that ends with row 2048.
        split = (128 << 20) // (16 * SIDE)
        for top in (0, split - ROWS // 2, split + 300, SIDE - ROWS):
            strip.set_window(0, top, SIDE, SIDE)
            band = strip.render_terrain_rgba(2)
            difference = np.abs(picture[top : top + ROWS].astype(np.int16) - band)
            assert difference.max() <= 1, f"{(difference > 1).sum()} bytes of the rows from {top}"
        assert picture[split - 80 : split, :, 0].std() > 20 and picture[split : split + 80, :, 0].std() > 20
    finally:
        whole.close()
        strip.close()
    # Nothing but sky far from the ground, in whatever part.
    assert (picture[[0, 5, SIDE - 1]] == (0x10, 0x30, 0x50, 255)).all()


def test_a_whole_picture_beyond_its_budget_is_refused_and_core_draws_it_in_bands(
    native: ModuleType, adapter: str
) -> None:
    budget = 24 << 20
    renderer = native.Renderer(1200, 1000, adapter=adapter, memory_budget=budget)
    try:
        renderer.set_height_data(HILLS)
        renderer.set_scene(SCENE)
        with pytest.raises(native.MemoryBudgetError, match="fix:"):
            renderer.render_terrain_rgba(1)
    finally:
        renderer.close()
    image = render(Dem.from_array(HILLS), SCENE, size=(1200, 1000), samples=1, adapter=adapter, memory_budget=budget)
    assert image.metrics["bands"] > 1 and image.rgba[..., 0].std() > 10
    with pytest.raises(MemoryBudgetError):
        render(Dem.from_array(HILLS), SCENE, size=(1200, 1000), samples=1, adapter=adapter, memory_budget=10_000)
