"""Each code block of the README of hlx_vulkan runs, respelled as the one table says, and means what it says."""

from __future__ import annotations

import inspect
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from respellings import blocks, respelled

from forge3d_qgis.core import Context, RenderError
from forge3d_qgis.core.shaders import clear_cache

BLOCKS = blocks(Path(__file__).with_name("hlx_vulkan.txt").read_text(encoding="utf-8"))


def spirv() -> bytes:
    """A compute shader ``main`` that does nothing, word by word as the SPIR-V specification has it."""
    name = struct.unpack("<2I", b"main\0\0\0\0")
    instructions = [
        (17, 1), (14, 0, 1), (15, 5, 1, *name), (16, 1, 17, 1, 1, 1),  # Shader, Logical GLSL450, entry, LocalSize
        (19, 2), (33, 3, 2), (54, 2, 1, 0, 3), (248, 4), (253,), (56,),  # void main() { return; }
    ]  # fmt: skip
    body = [word for code, *rest in instructions for word in ((len(rest) + 1) << 16 | code, *rest)]
    return struct.pack(f"<{5 + len(body)}I", 0x07230203, 0x00010000, 0, 5, 0, *body)


@pytest.fixture(autouse=True)
def empty_cache(native: ModuleType) -> Iterator[None]:
    clear_cache()
    yield
    clear_cache()


def run(number: int, **given: Any) -> dict[str, Any]:
    """The names after the block. ``given``: what the page leaves to its reader."""
    names: dict[str, Any] = {"Context": Context, **given}
    exec(compile(respelled(BLOCKS[number]), f"block {number}", "exec"), names)
    return names


def test_1_a_context_tells_its_device_and_loads_a_shader_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, native: ModuleType
) -> None:
    (tmp_path / "shader.spv").write_bytes(spirv())
    monkeypatch.chdir(tmp_path)
    names = run(1)
    gpu, api, shader = capsys.readouterr().out.splitlines()
    best = native.adapters()[0]
    assert gpu == f"GPU: {best['name']}" and api == f"API: {best['api_version']}"
    assert re.fullmatch(r"Shader ID: [0-9a-f]{64}", shader) and names["shader_id"] in shader
    with pytest.raises(RenderError, match="after cleanup"):
        names["ctx"].load_shader(spirv(), "main")


def test_2_a_contract_is_loaded_as_the_binary_in_it() -> None:
    names = run(2, spirv_bytes=spirv())
    with Context() as context:
        assert names["shader_id"] == context.load_shader(spirv(), "main")
        assert context.cache_size() == 1


def test_3_the_constructor_has_these_arguments_and_defaults() -> None:
    run(3)
    parameters = inspect.signature(Context).parameters
    told = {name: parameters[name].default for name in list(parameters)[:2]}
    assert told == {"device_index": 0, "enable_validation": False}


def test_the_methods_of_the_page_do_what_its_reference_says() -> None:
    context = Context(device_index=0)
    shader = context.load_shader(spirv(), "main")
    assert isinstance(shader, str) and context.is_shader_cached(shader) and context.cache_size() == 1
    context.clear_cache()
    assert not context.is_shader_cached(shader) and context.cache_size() == 0
    memory = context.get_memory_info()
    assert memory["heap_count"] == len(memory["heap_sizes_bytes"]) > 0
    context.cleanup()
    context.cleanup()
    for use in (
        lambda: context.device_name, lambda: context.api_version, context.get_memory_info, context.cache_size,
        context.clear_cache, lambda: context.is_shader_cached(shader),
    ):  # fmt: skip
        with pytest.raises(RenderError, match="expected an open one; got one after cleanup"):
            use()
