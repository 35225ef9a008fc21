"""What is refused before a parser or a driver goes down with it, and that what is permitted is drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core import Scene, ShaderError, SurfaceStyle
from forge3d_qgis.core.shaders import cache_size, clear_cache, load_shader

Draw = Callable[..., np.ndarray]
BEGIN, END = "fn surface(s: Surface) -> vec4f { ", " return vec4f(1.0); }"
MAIN = "@compute @workgroup_size(1) fn main() {}"


def body(text: str) -> str:
    return BEGIN + text + END


# Each overflowed the stack of a parser, or took it seconds; what is a text and what the refusal says.
DEEP = {
    "not": (body("let a=" + "!" * 60000 + "true;"), "signs"),
    "complement": (body("let a=" + "~" * 60000 + "1;"), "signs"),
    "minus": (body("let a=" + "- " * 31900 + "s.height;"), "signs"),
    "pointers": (body("let a=" + "&*" * 31900 + "s;"), "signs"),
    "signs in brackets": (body("let a=" + "(!!!!" * 12000 + "true;"), "fewer"),
    "signs behind a comment": ("// x\r" + body("let a=" + "!" * 60000 + "true;"), "signs"),
    "parts": (body("let a=s" + ".a" * 31000 + ";"), "parts"),
    "parts of a number": (body("let a=1." + ".a" * 31000 + ";"), "parts"),
    "indices": (body("let b=1; let a=b" + "[0]" * 19800 + ";"), "parts"),
    "sum of constants": ("const a=1" + "+1" * 31900 + ";" + body(""), "operators"),
    "or": (body("let b=true; let a=b" + "||b" * 19800 + ";"), "operators"),
    "elses": (body("if true {}" + " else if true {}" * 4000), "`else`"),
    "types": ("alias a=" + "array<" * 10000 + "f32;" + body(""), "operators"),
    "brackets": (body("let a=" + "f(" * 31000), "brackets"),
    "blocks": (body("{" * 31000), "brackets"),
    "a chain of constants": (
        "".join(f"const a{i}=a{i + 1};" for i in range(3500)) + "const a3500=1;" + body("return vec4f(f32(a0));"),
        "",
    ),
}
CHECK = """
import sys
from forge3d_qgis.core import ShaderError, SurfaceStyle
try:
    SurfaceStyle("x.wgsl", sys.stdin.read()).check()
    print("ok")
except ShaderError as error:
    print(error)
"""
LOAD = """
import sys
from forge3d_qgis.core import ShaderError
from forge3d_qgis.core.shaders import load_shader
try:
    load_shader(sys.stdin.read())
    print("ok")
except ShaderError as error:
    print(error)
"""


def in_a_child(program: str, text: str, root: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, input=text.encode(), capture_output=True, timeout=60,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout.decode()


@pytest.mark.parametrize("name", DEEP)
def test_a_text_deeper_than_a_parsers_stack_is_refused_and_the_process_lives(name: str, root: Path) -> None:
    text, what = DEEP[name]
    told = in_a_child(CHECK, text, root)
    assert told == "ok\n" if not what else (told.startswith("x.wgsl:1:") or "\r" in text) and what in told
    assert len(told) < 1000


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("const a = 1" + "+1" * 40000 + ";" + MAIN, "operators in a chain"),
        (MAIN + " " * (1 << 20), "at most 1024 KiB"),
        ("".join(f"const a{i}=a{i + 1};" for i in range(40000)) + "const a40000=1;" + MAIN, "ok"),
        ("".join(f"fn a{i}(){{a{i + 1}();}}" for i in range(30000)) + "fn a30000(){} " + MAIN, "ok"),
    ],
    ids=["operators", "length", "constants", "functions"],
)
def test_shaders_of_any_depth_leave_the_process_alive(text: str, what: str, root: Path) -> None:
    assert what in in_a_child(LOAD, text, root)


def test_just_below_the_limits_everything_is_read() -> None:
    for text in (
        "let a=" + "!" * 250 + "true;",
        "let a = 1" + " + 1" * 990 + ";",
        "let b = s.height > 1.0; let a = b" + " || b" * 990 + ";",
        "let a = " + "(" * 100 + "1" + ")" * 100 + ";",
        "".join(f"let a{i} = -s.height * -1.0 + s.world.x - 2.0;" for i in range(500)),
    ):
        SurfaceStyle("x.wgsl", body(text)).check()


READS = "i = i * 7u + 1u; x += {0}[i % {1}u];"
# The largest arrays there may be, with as many reads and writes as operations allow: none takes a driver long.
LARGEST = {
    "private": ("var<private> g: array<f32, 128>;", "g[i % 128u] = s.height;" + READS.format("g", 128) * 50),
    "local": ("", "var g: array<f32, 128>; g[i % 128u] = s.height;" + READS.format("g", 128) * 50),
    "written": ("", "var g: array<f32, 128>;" + "i = i * 7u; g[i % 128u] = x;" * 50 + "x = g[i % 3u];"),
    "vectors": ("var<private> g: array<vec4f, 32>;", "g[i % 32u] = vec4f(x);" + "i *= 7u; x += g[i % 32u].y;" * 40),
    "table": (f"const T = array<f32, 64>({','.join(f'{i}.5' for i in range(64))});", READS.format("T", 64)),
    "small tables": (f"const T = array<f32, 8>({','.join(f'{i}.5' for i in range(8))});", READS.format("T", 8) * 8),
    "copied in a loop": (
        "struct P { a: array<f32, 32> }",
        "var p: P; var q: P; for (var j = 0u; j < 9u; j++) { q = p; p.a[(i + j) % 32u] = q.a[j % 5u]; } x = p.a[1];",
    ),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_permitted_arrays_are_drawn(draw: Draw, name: str) -> None:
    before, inside = LARGEST[name]
    text = f"{before}\n{BEGIN} var i = u32(s.height); var x = 0.5; {inside} return vec4f(fract(x)); }}"
    picture = draw(np.ones((9, 9), dtype=np.float32), replace(Scene(), surface=SurfaceStyle("x.wgsl", text)), (32, 32))
    assert picture[..., 3].any()


@pytest.mark.parametrize(
    "text",
    [
        "var<private> g: array<f32, 129>;" + body("g[u32(s.height) % 129u] = 1.0;"),
        "const T = array<f32, 65>();" + body("let x = T[u32(s.height) % 65u];"),
        body("let t = array<f32, 8>(1,2,3,4,5,6,7,8); var i = u32(s.height);" + "i += u32(t[i % 8u]);" * 16),
        "struct P { a: array<vec4f, 20> }" + body("var p: P; let q = p; p.a[u32(s.height)] = q.a[3];"),
    ],
)
def test_larger_arrays_are_refused_with_the_limit(text: str) -> None:
    with pytest.raises(ShaderError, match="at most 512 bytes of arrays"):
        SurfaceStyle("x.wgsl", text).check()


def test_structs_alike_and_structs_with_names_of_ours_are_types_of_their_own(draw: Draw) -> None:
    text = """struct Rock { colour: vec3f } struct Snow { colour: vec3f } struct StyleStruct { a: f32 }
    struct StyleSurface { b: f32 }
    fn surface(s: Surface) -> vec4f {
        let rock = Rock(vec3f(0.1)); let snow = Snow(vec3f(0.9)); let third = StyleStruct(0.5);
        return vec4f(rock.colour.x, snow.colour.y, third.a * StyleSurface(1.0).b, 1.0);
    }"""
    one, other = (
        draw(np.ones((9, 9), dtype=np.float32), replace(Scene(), surface=SurfaceStyle("x.wgsl", source)), (32, 32))
        for source in (text, BEGIN + "return vec4f(0.1, 0.9, 0.5, 1.0); }")
    )
    assert (one == other).all()


@pytest.mark.parametrize("parameter", ["", "// @param level 1 0..2\n"])
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("alias f32 = u32;", "f32"), ("alias vec2f = vec4f;", "vec2f"), ("struct vec2f { x: f32 }", "vec2f"),
        ("const f32 = 1.0;", "f32"), ("fn mix(a: f32) -> f32 { return a; }", "mix"), ("var<private> u32: i32;", "u32"),
        ("struct Parameters { a: f32 }", "Parameters"), ("const params = 1;", "params"),
        ("alias Surface = f32;", "Surface"),
    ],
)  # fmt: skip
def test_names_that_are_there_already_are_refused_where_they_stand(text: str, name: str, parameter: str) -> None:
    with pytest.raises(ShaderError) as caught:
        SurfaceStyle("x.wgsl", parameter + text + "\n" + body("")).check()
    first, line, caret = str(caught.value).splitlines()
    assert f"`{name}`, which" in first and "there already" in first and line.endswith(text)
    assert line[caret.index("^") :].startswith(name)


@pytest.mark.parametrize(
    "text",
    [
        BEGIN + "let a = 1.0 /* no end", BEGIN + "let a = /* no end", body("") + "fn", body("") + "@",
        body("") + "struct", body("") + "const a = ", body("let a = s.height.x;"), body("let a = s.height[0];"),
        body("let a=1; let b=a[0];"),
        body("") + "\n/* " * 9 + "long" * 500,
    ],
)  # fmt: skip
def test_errors_show_nothing_of_ours_and_stay_short(text: str) -> None:
    with pytest.raises(ShaderError) as caught:
        SurfaceStyle("x.wgsl", text).check()
    told = str(caught.value)
    lines = told.splitlines()
    assert lines[0].startswith("x.wgsl:") and len(lines[0]) < 300 and len(lines) <= 4
    for ours in ("ground", "DEM", "struct`", 'found "struct', "Metres", "rgb", "indexed", " ["):
        assert ours not in told.replace(text, "")


def test_edits_of_a_style_leave_only_the_last_few(make_renderer: Callable[..., Any]) -> None:
    clear_cache()
    renderer = make_renderer(16, 16)
    renderer.set_height_data(np.zeros((9, 9), dtype=np.float32))
    renderer.set_scene(Scene())
    renderer.render_terrain_rgba(1)
    own = cache_size()
    for edit in range(12):
        surface = SurfaceStyle("x.wgsl", BEGIN + f"return vec4f(0.{edit:02}); }}")
        surface.check()
        renderer.set_scene(replace(Scene(), surface=surface))
        renderer.render_terrain_rgba(1)
    assert own < cache_size() <= own + 8
    load_shader(MAIN)
    assert own < cache_size() <= own + 9


GROWTH = """
from dataclasses import replace
from pathlib import Path
import re
import numpy as np
from forge3d_qgis import native_loader
from forge3d_qgis.core import Scene, SurfaceStyle
renderer = native_loader.load().Renderer(16, 16, adapter="software")
renderer.set_height_data(np.zeros((9, 9), dtype=np.float32))
def held():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10
for edit in range(30):
    if edit == 10:
        before = held()
    text = "fn surface(s: Surface) -> vec4f { return vec4f(sin(s.height + 0.%02d)); }" % edit
    renderer.set_scene(replace(Scene(), surface=SurfaceStyle("x.wgsl", text)))
    renderer.render_terrain_rgba(1)
print(held() - before)
"""


def test_twenty_edits_more_take_little_memory_more(root: Path) -> None:
    assert int(in_a_child(GROWTH, "", root)) < 40  # MiB; about 4 each where none is freed


TIME_OUT = """
from dataclasses import replace
import numpy as np
from forge3d_qgis import native_loader
from forge3d_qgis.core import Scene, SurfaceStyle
native = native_loader.load()
style = "fn surface(s: Surface) -> vec4f { return vec4f(0.%02d); }"
renderer = native.Renderer(16, 16, adapter="software")
renderer.set_height_data(np.zeros((9, 9), dtype=np.float32))
def draw(number):
    renderer.set_scene(replace(Scene(), surface=SurfaceStyle("mine.wgsl", style % number)))
    return renderer.render_terrain_rgba(1).copy()
draw(1)
native._faults(time_out_at=2**60)
draw(2)
places = native._faults()["places"]
told = []
for at in range(places):
    native._faults(time_out_at=at)
    try:
        draw(10 + at)
    except native.ShaderError as error:
        told.append(str(error))
        native._faults()
        assert (draw(10 + at) == draw(1)).mean() < 1, "the same renderer, the same device"
    except native.RenderError as error:
        renderer = native.Renderer(16, 16, adapter="software")
        renderer.set_height_data(np.zeros((9, 9), dtype=np.float32))
print(told)
"""


def test_a_style_that_is_not_ready_in_time_is_at_fault_and_not_the_device(root: Path) -> None:
    told = in_a_child(TIME_OUT, "", root, FORGE3D_FAULTS="1")
    assert "mine.wgsl: expected a style that the driver is ready to draw within 10 s; got none; fix:" in told
