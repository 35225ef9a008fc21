"""Surface styles as values and files; what becomes of their text is judged in tests/gpu."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from forge3d_qgis.core import Scene, SceneError, ShaderError, SurfaceStyle
from forge3d_qgis.core.surface_styles import declared_parameters, find_style, named_value, shipped_folder, style_files
from forge3d_qgis.core.view import View

SOURCE = """// Snow.
// @param snow_line 1500 0..9000 m «Snow line»
//  @param sharp .5 -1..1e3
\t// @param share 50 0..100 % "Share of ground"
fn surface(s: Surface) -> vec4f { return vec4f(params.snow_line); } // array[ 1, 2 ]
"""


def test_parameters_are_read_from_their_lines() -> None:
    first, second, third = declared_parameters(SOURCE)
    assert dataclasses.astuple(first) == ("snow_line", 1500.0, 0.0, 9000.0, "m", "Snow line")
    assert dataclasses.astuple(second) == ("sharp", 0.5, -1.0, 1000.0, "", "Sharp")
    assert dataclasses.astuple(third) == ("share", 50.0, 0.0, 100.0, "%", "Share of ground")
    assert declared_parameters("// @parameter x\n// no @param here\nlet param = 1;") == ()
    assert declared_parameters("// @param a_b 1 0..2 m s⁻¹ “Speed”\r\n")[0].unit == "m s⁻¹"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("// @param", "expected // @param name"), ("// @param 1a 1 0..2", "expected // @param name"),
        ("// @param a", "expected // @param name"), ("// @param a 1", "expected // @param name"),
        ("// @param a 1 0-2", "expected // @param name"), ("// @param a x 0..2", "expected // @param name"),
        ("// @param a nan 0..2", "expected // @param name"), ("// @param a 1 0..1e99", "expected // @param name"),
        ("// @param a 3 0..2", "low <= default <= high"), ("// @param a 1 1..1", "low <= default"),
        ("// @param a 1 0..2\n// @param a 1 0..2", "a twice"),
        ("\n".join(f"// @param a{i} 1 0..2" for i in range(17)), "at most 16"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_shown_with_a_caret(line: str, why: str) -> None:
    with pytest.raises(ShaderError) as caught:
        SurfaceStyle("snow.wgsl", f"// Snow.\n{line}\n")
    first, shown, caret = str(caught.value).splitlines()
    assert first.startswith(f"snow.wgsl:{len(line.splitlines()) + 1}:") and why in first and "; fix: " in first
    assert shown.endswith(line.splitlines()[-1]) and shown[caret.index("^") :].startswith("@param")


def test_a_style_holds_a_value_for_each_parameter_and_gives_others() -> None:
    style = SurfaceStyle("snow.wgsl", SOURCE, {"sharp": 2})
    assert style.values == (("snow_line", 1500.0), ("sharp", 2.0), ("share", 50.0))
    other = style.with_values(snow_line=2000)
    assert dict(other.values) == {"snow_line": 2000.0, "sharp": 2.0, "share": 50.0} and other != style
    assert hash(style) == hash(SurfaceStyle("snow.wgsl", SOURCE, (("sharp", 2.0),))) and style.title == "snow"


@pytest.mark.parametrize("parameters", [{"snow_line": 9001}, {"snow_line": "x"}, {"sharp": math.nan}, {"x": 1}, 3])
def test_values_out_of_range_and_unknown_names_are_refused(parameters: object) -> None:
    with pytest.raises(SceneError, match=r"expected .*; got .*; fix: "):
        SurfaceStyle("snow.wgsl", SOURCE, parameters)


@pytest.mark.parametrize(
    ("name", "source"), [("", SOURCE), ("a\nb", SOURCE), (3, SOURCE), ("a", 3), ("a", "x" * 70_000)]
)
def test_a_style_without_a_name_or_with_no_ordinary_text_is_refused(name: object, source: object) -> None:
    with pytest.raises(SceneError, match="SurfaceStyle"):
        SurfaceStyle(name, source)  # type: ignore[arg-type]


def test_a_changed_text_keeps_the_values_that_it_still_has() -> None:
    style = SurfaceStyle("snow.wgsl", SOURCE, {"snow_line": 8000, "sharp": 7})
    changed = style.with_source("// @param snow_line 100 0..3000\n// @param fresh 1 0..2\n")
    assert changed.values == (("snow_line", 3000.0), ("fresh", 1.0)) and changed.name == style.name


def test_a_scene_with_a_style_goes_to_json_and_back_and_one_without_reads_as_ever() -> None:
    assert "surface" not in Scene().as_dict()
    style = SurfaceStyle("snow.wgsl", SOURCE, {"sharp": 2})
    scene = Scene(surface=style)
    assert Scene.from_json(scene.to_json()) == scene
    assert json.loads(scene.to_json())["surface"]["parameters"] == {"snow_line": 1500.0, "sharp": 2.0, "share": 50.0}
    assert View.from_json(View(scene).to_json()).scene == scene
    assert Scene.from_dict({"surface": None}).surface is None


@pytest.mark.parametrize(
    "surface",
    [3, "snow", {}, {"name": "a"}, {"name": "a", "source": "", "x": 1}, {"name": "a", "source": "", "parameters": 3}],
)
def test_json_that_holds_no_style_is_refused(surface: object) -> None:
    with pytest.raises(SceneError, match="surface"):
        Scene.from_dict({"surface": surface})


def test_a_broken_style_of_a_project_is_left_out_and_its_numbers_are_brought_into_range() -> None:
    plain = View()
    kept = {"name": "snow.wgsl", "source": SOURCE, "parameters": {"snow_line": 1e9, "gone": 3, "sharp": "x"}}
    surface = View.salvaged({"surface": kept}, plain).scene.surface
    assert surface is not None and dict(surface.values) == {"snow_line": 9000.0, "sharp": 0.5, "share": 50.0}
    for broken in (3, {"name": "a", "source": "// @param"}, {"source": SOURCE}):
        assert View.salvaged({"surface": broken}, plain) == plain
    draped = View(Scene(surface=surface))
    assert View.salvaged({"surface": None}, draped).scene.surface is None


def test_files_are_listed_by_name_and_an_earlier_folder_wins(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder, names in (
        (mine, ("b.wgsl", "A.wgsl", "notes.txt", ".b.wgsl.swp.wgsl")),
        (theirs, ("b.wgsl", "c.wgsl")),
    ):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(SOURCE, encoding="utf-8")
    found = style_files([mine, tmp_path / "missing", theirs])
    assert found == (mine / "A.wgsl", mine / "b.wgsl", theirs / "c.wgsl")
    assert SurfaceStyle.from_file(mine / "b.wgsl", sharp=3).values[1] == ("sharp", 3.0)
    with pytest.raises(SceneError, match="expected a readable file"):
        SurfaceStyle.from_file(tmp_path / "missing.wgsl")


def test_a_shipped_example_is_found_by_its_name_and_a_file_by_its_path(tmp_path: Path) -> None:
    names = [path.stem for path in style_files([shipped_folder()])]
    assert len(names) >= 3
    for name in names:
        assert find_style(name) == find_style(f"{name}.wgsl") == shipped_folder() / f"{name}.wgsl"
        style = SurfaceStyle.from_file(find_style(name))
        assert style.declared and all(entry.label for entry in style.declared)
    assert find_style(tmp_path / "x.wgsl") == tmp_path / "x.wgsl"


@pytest.mark.parametrize("wrong", ["", "Snow", "snow.txt", "\ud800"])
def test_a_name_that_no_example_has_is_told_with_those_that_there_are(wrong: str) -> None:
    with pytest.raises(SceneError, match="examples: contours, slope_classes, snow; got"):
        find_style(wrong)


@pytest.mark.parametrize(
    ("field", "wrong"), [("source", "\ud800"), ("source", 3), ("height_offset", "a"), ("height_offset", float("nan"))]
)
def test_values_of_another_kind_are_told(field: str, wrong: object) -> None:
    values = {"name": "x", "source": SOURCE, field: wrong}
    with pytest.raises(SceneError, match=f"SurfaceStyle.{field}: expected .*; got .*; fix: "):
        SurfaceStyle(**values)  # type: ignore[arg-type]


def test_a_name_with_its_value_is_read_and_anything_else_refused() -> None:
    assert named_value("snow_line=1.5e3") == ("snow_line", 1500.0)
    for wrong in ("", "a", "=1", "a=", "a=x", "a=nan", "a=1=2", "a b=1", "a=1e99", "a=1_0"):
        with pytest.raises(SceneError, match="expected name=value with a number"):
            named_value(wrong)
