"""What the pages of the founding documents leave to their reader: heights, a scene, names imported further up."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from forge3d_qgis import native_loader
from forge3d_qgis.core import Camera, Scene


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "founding" in item.path.parts:
            item.add_marker(pytest.mark.gpu)


@pytest.fixture(scope="session")
def adapter() -> str:
    return os.environ.get("FORGE3D_TEST_ADAPTER", "software")


@pytest.fixture(scope="session")
def native(adapter: str) -> ModuleType:
    module = native_loader.load()
    module.device_info(adapter)
    return module


@pytest.fixture
def ground_renderer(native: ModuleType, adapter: str) -> Callable[[int, int], Any]:
    """A renderer with heights and a scene that costs little to draw."""
    slope = np.tile(np.arange(64, dtype=np.float32), (64, 1))

    def make(width: int, height: int) -> Any:
        renderer = native.Renderer(width, height, adapter=adapter)
        renderer.set_height_data(slope)
        renderer.set_scene(Scene(shading="hillshade", camera=Camera(pitch=90.0)))
        return renderer

    return make
