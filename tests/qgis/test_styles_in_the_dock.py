"""Surface styles where they are seen: in the dock, on a layer, from a project."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest_qgis import small, wait_for

from forge3d_qgis.core.surface_styles import SurfaceStyle
from forge3d_qgis.core.view import View
from forge3d_qgis.gui import style_files

pytestmark = pytest.mark.gpu

RED = "fn surface(s: Surface) -> vec4f { return vec4f(1.0, 0.0, 0.0, 1.0); }\n"
WRONG = "fn surface(s: Surface) -> vec4f {\n    return s.hight;\n}\n"


@pytest.fixture
def dock(plugin, add_layer, tmp_path, monkeypatch):
    monkeypatch.setattr(style_files, "own_folder", lambda: tmp_path)
    add_layer()
    one = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: sharp(one))
    return one


def sharp(dock) -> bool:
    return dock.relief.last_frame is not None and not dock.relief.last_frame.draft


def picture(dock) -> np.ndarray:
    wait_for(lambda: sharp(dock))
    return dock.relief.last_frame.rgba.copy()


def is_red(rgba: np.ndarray) -> bool:
    middle = rgba[rgba.shape[0] // 2, rgba.shape[1] // 2].astype(int)
    return middle[0] > middle[1] + 60


def take(dock, path) -> None:
    dock.relief.last_frame = None
    dock.panel.style._take(str(path))


def test_a_file_colours_the_picture_and_a_wrong_one_leaves_it(dock, tmp_path):
    assert not is_red(picture(dock))
    path = tmp_path / "red.wgsl"
    path.write_text(RED, encoding="utf-8")
    take(dock, path)
    wait_for(lambda: dock.relief.last_frame is not None and is_red(dock.relief.last_frame.rgba))
    path.write_text(WRONG, encoding="utf-8")
    wait_for(lambda: "red.wgsl:2:" in dock.panel.style.error.toPlainText())
    assert is_red(picture(dock)) and dock.preview.image() is not None
    dock.current.change({"scene.sun.azimuth": 200.0})
    assert is_red(picture(dock)), "and goes on being drawn"


def test_a_broken_style_of_a_project_leaves_the_relief_without_one(dock):
    before = picture(dock)
    view = dock.current.view
    broken = View(replace(view.scene, surface=SurfaceStyle("old.wgsl", WRONG)), view.source)
    dock.relief.last_frame = None
    dock.current.choose(broken)
    assert (picture(dock)[..., :3].mean() - before[..., :3].mean()) < 2 and not is_red(picture(dock))
    assert "old.wgsl:2:" in dock.panel.style.error.toPlainText()
