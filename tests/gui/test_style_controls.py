"""The form's part for a surface style: files of a profile, numbers as sliders, errors with line and caret."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

pytest.importorskip("qgis")

from forge3d_qgis.core import SurfaceStyle
from forge3d_qgis.core.surface_styles import find_style
from forge3d_qgis.core.view import View
from forge3d_qgis.gui import style_files
from forge3d_qgis.gui.current_view import CurrentView, plain_view
from forge3d_qgis.gui.panel import Panel

RIGHT = "// @param level 5 0..10 m «Level»\nfn surface(s: Surface) -> vec4f { return vec4f(params.level); }\n"
WRONG = "fn surface(s: Surface) -> vec4f {\n    return vec4f(s.hight);\n}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(style_files, "own_folder", lambda: tmp_path / "styles")
    (tmp_path / "styles").mkdir()
    return tmp_path / "styles"


@pytest.fixture
def panel(folder, qtbot):
    made = Panel(CurrentView())
    qtbot.addWidget(made)
    made.show()
    return made


def surface(panel):
    return panel._current.view.scene.surface


def choose(panel, words):
    combo = panel.style.combo
    panel.style._fill()
    index = combo.findText(words)
    assert index >= 0, [combo.itemText(i) for i in range(combo.count())]
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def test_examples_and_own_files_are_offered_and_none_is_the_first(panel, folder):
    (folder / "my_own.wgsl").write_text(RIGHT, encoding="utf-8")
    panel.style.combo.showPopup()
    words = [panel.style.combo.itemText(i) for i in range(panel.style.combo.count())]
    assert words[0] and {"my own", "snow", "slope classes", "contours"} <= set(words[1:])
    assert surface(panel) is None and not panel.style.numbers.isVisible() and not panel.style.error.isVisible()


def test_a_chosen_style_has_its_numbers_as_sliders_and_none_takes_them_away(panel):
    choose(panel, "snow")
    assert surface(panel) == SurfaceStyle.from_file(find_style("snow"))
    assert list(panel.style.sliders) == [entry.name for entry in surface(panel).declared]
    panel.style.sliders["snow_line"].box.setValue(1234)
    assert dict(surface(panel).values)["snow_line"] == 1234
    choose(panel, "slope classes")
    assert list(panel.style.sliders) == ["first", "width", "opacity"]
    choose(panel, panel.style.combo.itemText(0))
    assert surface(panel) is None and not panel.style.sliders and not panel.style.numbers.isVisible()


def test_a_view_brings_its_style_and_its_values(panel):
    style = SurfaceStyle.from_file(find_style("snow"), snow_line=800)
    plain = plain_view()
    panel._current.show(View(replace(plain.scene, surface=style), plain.source))
    assert panel.style.combo.currentText() == "snow" and panel.style.sliders["snow_line"].value() == 800
    foreign = SurfaceStyle("foreign.wgsl", RIGHT)
    panel._current.show(View(replace(plain.scene, surface=foreign), plain.source))
    assert panel.style.combo.currentText().startswith("foreign") and list(panel.style.sliders) == ["level"]


def test_a_wrong_file_is_told_with_line_and_caret_and_the_view_stays(panel, folder):
    (folder / "wrong.wgsl").write_text(WRONG, encoding="utf-8")
    choose(panel, "snow")
    before = surface(panel)
    choose(panel, "wrong")
    assert surface(panel) == before
    first, line, caret = panel.style.error.toPlainText().splitlines()
    assert first.startswith("wrong.wgsl:2:") and line[caret.index("^") :].startswith("hight")
    assert panel.style.error.isVisible() and panel.style.error.isReadOnly()
    choose(panel, "contours")
    assert surface(panel).name == "contours.wgsl" and not panel.style.error.isVisible()


@pytest.mark.parametrize("way", ["over it", "in its place"])
def test_a_file_that_is_saved_is_drawn_anew_and_keeps_its_numbers(panel, folder, qtbot, way):
    path = folder / "mine.wgsl"

    def save(text):
        if way == "over it":
            path.write_text(text, encoding="utf-8")
        else:  # as many editors do
            (folder / "mine.wgsl~").write_text(text, encoding="utf-8")
            os.replace(folder / "mine.wgsl~", path)

    save(RIGHT)
    choose(panel, "mine")
    panel.style.sliders["level"].box.setValue(7)
    save(RIGHT.replace("0..10", "0..20"))
    qtbot.waitUntil(lambda: "0..20" in surface(panel).source, timeout=5000)
    assert dict(surface(panel).values) == {"level": 7.0}
    save(WRONG)
    qtbot.waitUntil(lambda: "hight" in panel.style.error.toPlainText(), timeout=5000)
    assert "0..20" in surface(panel).source, "the picture stays as it was"
    save(RIGHT.replace("0..10", "0..30"))
    qtbot.waitUntil(lambda: "0..30" in surface(panel).source, timeout=5000)
    assert not panel.style.error.isVisible()


def test_a_broken_style_of_a_project_is_told_and_left_out(panel):
    plain = plain_view()
    broken = SurfaceStyle("old.wgsl", WRONG)
    panel._current.show(View(replace(plain.scene, surface=broken), plain.source))
    assert "old.wgsl:2:" in panel.style.error.toPlainText() and not panel.style.sliders
    assert style_files.text_problem(broken) and not style_files.text_problem(None)


def test_models_without_colours_grey_the_style(panel):
    panel._current.change({"scene.shading": "hillshade"})
    assert not panel.style.combo.isEnabled()
    panel._current.change({"scene.shading": "relief"})
    assert panel.style.combo.isEnabled()


def test_the_reset_takes_the_style_away(panel):
    choose(panel, "snow")
    button = next(button for button, path in panel._resets.items() if path == "scene.surface")
    assert button.isEnabled()
    button.click()
    assert surface(panel) is None and not button.isEnabled()
