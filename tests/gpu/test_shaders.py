"""Shaders by their content: ids, errors with their place, contracts; the renderer's own come from the same cache."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core import Scene, SceneError, ShaderError
from forge3d_qgis.core.shaders import cache_size, clear_cache, is_shader_cached, load_shader

WGSL = """
override width: f32 = 2.0;
@compute @workgroup_size(1) fn first() { let a = width; }
@compute @workgroup_size(1) fn second() { }
@fragment fn colour() -> @location(0) vec4f { return vec4f(1.0); }
"""


def spirv(entry: str = "main") -> bytes:
    """A compute shader that does nothing, word by word as the SPIR-V specification has it."""
    name = entry.encode() + b"\0" * (4 - len(entry) % 4)
    words = struct.unpack(f"<{len(name) // 4}I", name)
    instructions = [
        (17, 1), (14, 0, 1), (15, 5, 1, *words), (16, 1, 17, 1, 1, 1),  # Shader, Logical GLSL450, entry, LocalSize
        (19, 2), (33, 3, 2), (54, 2, 1, 0, 3), (248, 4), (253,), (56,),  # void main() { return; }
    ]  # fmt: skip
    body = [word for code, *rest in instructions for word in ((len(rest) + 1) << 16 | code, *rest)]
    return struct.pack(f"<{5 + len(body)}I", 0x07230203, 0x00010000, 0, 5, 0, *body)


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    clear_cache()
    yield
    clear_cache()


def test_the_same_content_has_the_same_id_and_anything_else_another() -> None:
    first = load_shader(WGSL, "first")
    assert load_shader(WGSL, "first", "compute", name="another name") == first
    assert len(first) == 64 and int(first, 16) > 0
    others = [
        load_shader(WGSL, "second"),
        load_shader(WGSL + " ", "first"),
        load_shader(WGSL, "colour", "fragment"),
        load_shader(WGSL, "first", constants={"width": 2.0}),
        load_shader(WGSL, "first", constants={"width": 3.0}),
    ]
    assert len({first, *others}) == 6 == cache_size()


def test_an_id_is_the_sha256_of_the_parts_with_their_lengths() -> None:
    parts = [b"wgsl", WGSL.encode(), bytes([0]), b"first", b"width", struct.pack("<d", 3.0)]
    expected = hashlib.sha256(b"".join(struct.pack("<Q", len(part)) + part for part in parts))
    assert load_shader(WGSL, "first", constants={"width": 3.0}) == expected.hexdigest()


def test_the_cache_tells_what_it_holds_and_forgets_all_of_it() -> None:
    loaded = load_shader(WGSL, "first")
    assert is_shader_cached(loaded) and cache_size() == 1
    assert not is_shader_cached(loaded[:-1]) and not is_shader_cached("")
    clear_cache()
    assert not is_shader_cached(loaded) and cache_size() == 0
    assert load_shader(WGSL, "first") == loaded


def test_spir_v_and_contracts_load_alike() -> None:
    loaded = load_shader(spirv(), "main")
    contract = {
        "spirv_binary": spirv(), "entry_point": "main", "shader_stage": "compute", "descriptor_bindings": [],
    }  # fmt: skip
    assert load_shader(contract) == load_shader({"900": contract}) == load_shader(bytearray(spirv())) == loaded
    assert load_shader({"spirv_binary": memoryview(spirv("other")), "entry_point": "other"}) != loaded
    assert cache_size() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"900": {}}, {"900": 3}, {"spirv_binary": "text"}, {"spirv_binary": b"", "entry": "main"},
        {"spirv_binary": spirv(), "descriptor_bindings": "none"}, 3, None, ["a"], "\ud800",
    ],
)  # fmt: skip
def test_what_is_no_shader_at_all_is_told_as_such(wrong: Any) -> None:
    with pytest.raises(SceneError, match=r"expected .*; got .*; fix: "):
        load_shader(wrong)


@pytest.mark.parametrize("wrong", [b"", b"abc", b"\0" * 64, spirv()[:-4], spirv()[:21], WGSL.encode()])
def test_bytes_that_are_no_spir_v_are_refused_with_a_reason(wrong: bytes) -> None:
    with pytest.raises(ShaderError, match=r"^shader: expected "):
        load_shader(wrong, "main")


def test_an_error_has_file_line_column_and_a_caret_under_the_place() -> None:
    with pytest.raises(ShaderError) as caught:
        load_shader("@compute @workgroup_size(1)\nfn main() {\n  let ä = hight;\n}", "main", name="my.wgsl")
    first, line, caret = str(caught.value).splitlines()
    assert first.startswith("my.wgsl:3:11: ") and "hight" in first
    assert line.endswith("let ä = hight;") and caret.index("^") == line.index("hight")
    assert caret.count("^") == len("hight")


def test_entries_stages_and_constants_that_are_not_there_are_told_with_those_that_are() -> None:
    with pytest.raises(ShaderError, match=r"first \(compute\), second \(compute\), colour \(fragment\); got main"):
        load_shader(WGSL)
    with pytest.raises(ShaderError, match=r"got colour \(compute\); fix"):
        load_shader(WGSL, "colour")
    with pytest.raises(SceneError, match="expected compute, vertex or fragment; got 'geometry'"):
        load_shader(WGSL, "first", "geometry")
    with pytest.raises(ShaderError, match=r"override constants \(width\); got depth"):
        load_shader(WGSL, "first", constants={"depth": 1.0})
    with pytest.raises(ShaderError, match="as the shader has none"):
        load_shader("fn helper() {}")
    assert cache_size() == 0


NUMBERS = """
override whole: u32 = 4u;
override either: i32 = 1;
override needed: f32;
override flag: bool = true;
@id(7) override n: u32 = 2u;
var<workgroup> shared_numbers: array<f32, n>;
@compute @workgroup_size(whole) fn main() { shared_numbers[0] = needed + f32(either) + f32(flag); }
@compute @workgroup_size(1) fn other() { }
"""


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "needed"),
        ({"needed": 1, "whole": -1}, "whole number from 0"), ({"needed": 1, "whole": 1.5}, "whole number"),
        ({"needed": 1, "whole": 0}, "constants"), ({"needed": 1, "whole": 1e12}, "constants"),
        ({"needed": 1, "either": 0.5}, "a whole number"), ({"needed": 1, "flag": 2}, "0 or 1"),
        ({"needed": 1, "7": 0}, "constants"),
        ({"needed": 1e300}, "constants"), ({"needed": float("inf")}, "finite"),
    ],
)  # fmt: skip
def test_values_that_the_shader_cannot_work_with_are_refused(values: dict[str, float], why: str) -> None:
    with pytest.raises(ShaderError, match=why) as caught:
        load_shader(NUMBERS, constants=values)
    assert "expected" in str(caught.value) and "fix:" in str(caught.value) and cache_size() == 0


def test_values_that_it_can_work_with_pass_and_others_entries_need_none() -> None:
    ids = {
        load_shader(NUMBERS, constants={"needed": 0.5}),
        load_shader(NUMBERS, constants={"needed": -2, "either": -3, "whole": 8, "flag": 0, "7": 5}),
        load_shader(NUMBERS, "other"),
    }
    assert len(ids) == 3


def test_texts_that_are_none_are_told_and_have_no_id() -> None:
    texts: list[dict[str, Any]] = [{name: "\ud800"} for name in ("name", "entry_point", "stage")]
    for wrong in (*texts, {"constants": [1]}, {"constants": {"\ud800": 1}}):
        with pytest.raises(SceneError, match=r"expected .*; got .*; fix: "):
            load_shader(WGSL, **{"entry_point": "first", **wrong})
    assert not is_shader_cached("\ud800")


def test_the_renderers_own_programs_come_from_the_cache_and_a_cleared_one_is_filled_anew(
    make_renderer: Callable[..., Any],
) -> None:
    def picture(renderer: Any) -> np.ndarray:
        renderer.set_height_data(np.zeros((4, 4), dtype=np.float32))
        renderer.set_scene(Scene())
        rgba: np.ndarray = renderer.render_terrain_rgba(1).copy()
        return rgba

    held = make_renderer()
    first = picture(held)
    own = cache_size()
    assert own >= 4, "two of the pyramid, one that traces, one that resolves"
    assert (picture(make_renderer()) == first).all() and cache_size() == own
    clear_cache()
    assert (picture(held) == first).all(), "what it uses lives on"
    assert (picture(make_renderer()) == first).all() and cache_size() == own
