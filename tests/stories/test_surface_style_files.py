"""A surface style at the command line: a shipped one, one's own, its numbers, and what is wrong with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from stranger import SAMPLE
from test_command_line import pixels, run

from forge3d_qgis.core import Scene, SurfaceStyle
from forge3d_qgis.core.surface_styles import find_style, shipped_styles

SMALL = ("--size", "60x40", "--samples", "1", "--adapter", "software")


def native() -> dict[str, str]:
    """The real native module, wherever the tests take it from."""
    name = "FORGE3D_NATIVE"
    return {name: os.environ[name]} if name in os.environ else {}


def draw(out: Path, *arguments: object) -> None:
    done = run("render", SAMPLE, out, *SMALL, *arguments, fake=False, **native())
    assert done.returncode == 0, done.stderr


def test_a_style_of_ones_own_with_its_numbers_changes_the_picture(tmp_path: Path) -> None:
    mine = tmp_path / "mine.wgsl"
    mine.write_text(
        "// @param blue 0 0..1\nfn surface(s: Surface) -> vec4f { return vec4f(0.5, 0.5, params.blue, 1.0); }\n",
        encoding="utf-8",
    )
    plain, grey, blue = (tmp_path / f"{name}.png" for name in ("plain", "grey", "blue"))
    draw(plain)
    draw(grey, "--surface", mine)
    draw(blue, "--surface", mine, "--surface-param", "blue=1")
    assert (pixels(plain) != pixels(grey)).any()
    assert (pixels(blue)[..., 2] > pixels(grey)[..., 2]).any() and (pixels(blue)[..., 0] == pixels(grey)[..., 0]).all()


def test_a_scene_file_carries_its_style_and_options_go_over_it(tmp_path: Path) -> None:
    scene = tmp_path / "scene.json"
    style = SurfaceStyle.from_file(find_style("slope_classes"), first=5)
    scene.write_text(Scene(surface=style).to_json(), encoding="utf-8")
    from_file, from_options, later = (tmp_path / f"{name}.png" for name in ("file", "options", "later"))
    draw(from_file, "--scene", scene)
    draw(from_options, "--surface", "slope_classes", "--surface-param", "first=5")
    draw(later, "--scene", scene, "--surface-param", "first=60")
    assert from_file.read_bytes() == from_options.read_bytes() != later.read_bytes()


def test_a_wrong_style_ends_with_1_line_and_caret_and_leaves_no_picture(tmp_path: Path) -> None:
    wrong, out = tmp_path / "wrong.wgsl", tmp_path / "out.png"
    wrong.write_text("// Mine.\nfn surface(s: Surface) -> vec4f {\n    return vec4f(s.hight);\n}\n", encoding="utf-8")
    done = run("render", SAMPLE, out, *SMALL, "--surface", wrong, fake=False, **native())
    first, line, caret = done.stderr.splitlines()
    assert done.returncode == 1 and not out.exists() and done.stdout == ""
    assert first.startswith("forge3d-qgis: wrong.wgsl:3:") and "hight" in first
    assert line.endswith("return vec4f(s.hight);") and line[caret.index("^") :].startswith("hight")


def test_a_wrong_parameter_line_ends_with_1_and_a_caret(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.wgsl"
    wrong.write_text("// @param level 5\n", encoding="utf-8")
    done = run("render", SAMPLE, tmp_path / "out.png", "--surface", wrong)
    assert done.returncode == 1 and "wrong.wgsl:1:4: expected // @param name" in done.stderr
    assert done.stderr.splitlines()[-1].strip(" |") == "^" * len("@param level 5")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--surface", "missing.wgsl"), "--surface: .*readable file"),
        (("--surface", "snow", "--surface-param", "x=1"), "names among snow_line"),
        (("--surface", "snow", "--surface-param", "snow_line=99999"), r"a number in 0\.\.9000"),
        (("--surface", "snow", "--surface-param", "snow_line"), "name=value"),
        (("--surface-param", "snow_line=1"), "add --surface"),
    ],
)
def test_arguments_that_cannot_be_meant_end_with_2(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    done = run("render", SAMPLE, tmp_path / "out.png", *arguments)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert re.search(why, done.stderr), done.stderr


def test_the_style_that_is_read_is_never_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(find_style("snow").read_bytes())
    done = run("render", SAMPLE, mine, "--surface", mine)
    assert done.returncode == 1 and "the surface style that is read" in done.stderr
    assert mine.read_bytes() == find_style("snow").read_bytes()


def test_help_names_the_shipped_styles() -> None:
    shown = run("render", "--help").stdout
    assert "--surface " in shown and "--surface-param NAME=VALUE" in shown
    assert all(path.stem in shown for path in shipped_styles())
