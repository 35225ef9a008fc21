"""The real native module, pictures of small worlds, and what judges them.

``FORGE3D_TEST_ADAPTER`` chooses another adapter than the software one, which every machine has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from forge3d_qgis import native_loader
from forge3d_qgis.core import Scene

ROOT = Path(__file__).resolve().parents[2]
NORTH_UP = (1.0, 0.0, 0.0, -1.0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.gpu)


@pytest.fixture(scope="session")
def adapter() -> str:
    return os.environ.get("FORGE3D_TEST_ADAPTER", "software")


@pytest.fixture(scope="session")
def native() -> ModuleType:
    return native_loader.load()


@pytest.fixture
def make_renderer(native: ModuleType, adapter: str) -> Iterator[Callable[..., Any]]:
    """Makes renderers; all are closed in the end."""
    made = []

    def make(width: int = 32, height: int = 24) -> Any:
        made.append(native.Renderer(width, height, adapter=adapter))
        return made[-1]

    yield make
    for renderer in made:
        renderer.close()


@pytest.fixture
def draw(make_renderer: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """Heights, scene, (width, height) → RGBA bytes, row 0 on top."""

    def draw(
        heights: np.ndarray,
        scene: Scene,
        size: tuple[int, int],
        *,
        cell_to_world: tuple[float, float, float, float] = NORTH_UP,
        samples: int = 1,
    ) -> np.ndarray:
        renderer = make_renderer(*size)
        try:
            renderer.set_height_data(np.ascontiguousarray(heights, dtype=np.float32), cell_to_world=cell_to_world)
            renderer.set_scene(scene)
            picture: np.ndarray = renderer.render_terrain_rgba(samples)
        finally:
            renderer.close()
        return picture

    return draw


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
