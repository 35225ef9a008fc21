"""Shaders found again by their content, checked by the native side without a device. Knows no numpy, GDAL or Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .checks import as_float, is_text, scene_error
from .native import native, translated

STAGES = ("compute", "vertex", "fragment")
_CONTRACT_KEYS = ("spirv_binary", "entry_point", "shader_stage", "descriptor_bindings")


def load_shader(
    source: str | bytes | Mapping[str, Any],
    entry_point: str = "main",
    stage: str = "compute",
    *,
    constants: Mapping[str, float] | None = None,
    name: str = "shader",
) -> str:
    """Checks a shader and returns its id: SHA-256 of content, entry point, stage and constants, 64 hexadecimal digits.

    Equal content has an equal id and is checked once a process. ``source``: WGSL text, SPIR-V bytes, or a contract: a
    mapping with ``spirv_binary``, ``entry_point`` and ``shader_stage``, also as the one value of another mapping; a
    contract's own entry point and stage count. Its ``descriptor_bindings`` may be any list and are not regarded: what
    a shader binds stands in the binary itself. At most 1 MiB. ``constants``: values of the shader's ``override``
    constants by name, or by the number of their @id; the shader is checked with them, and none that it needs may be
    left out. ``name``: what errors call it.

    Raises ShaderError (the text's line with a caret; entry point, stage or constants that the shader does not have),
    SceneError for arguments of another kind, NativeMissingError.
    """
    if isinstance(source, Mapping):
        source, entry_point, stage = _of_contract(source)
    if isinstance(source, (bytearray, memoryview)):
        source = bytes(source)
    if not isinstance(source, bytes) and not is_text(source):
        raise scene_error(
            "source", "WGSL text, SPIR-V bytes or a contract", type(source).__name__, "read the file first, as UTF-8"
        )
    for what, text in (("entry_point", entry_point), ("stage", stage), ("name", name)):
        if not is_text(text):
            raise scene_error(what, "a text", text, f"leave it out, or give for example {what}='compute'")
    if not isinstance(constants, (Mapping, type(None))):
        raise scene_error("constants", "numbers by name", constants, "give for example {'width': 8.0}")
    values = []
    for constant, given in (constants or {}).items():
        value = as_float(given)
        if not is_text(constant) or value != value:
            raise scene_error("constants", "numbers by name", {constant: given}, "give for example {'width': 8.0}")
        values.append((constant, value))
    with translated():
        return str(native().load_shader(source, entry_point, stage, constants=values, name=name))


def is_shader_cached(shader_id: str) -> bool:
    """Whether a shader of this id was loaded and not cleared since."""
    return is_text(shader_id) and bool(native().is_shader_cached(shader_id))


def cache_size() -> int:
    """How many shaders are held, those of the renderer included: its pipelines are made from the same cache."""
    return int(native().shader_cache_size())


def clear_cache() -> None:
    """Forgets all shaders and the pipelines made of them. A renderer keeps what it uses; the rest is made anew."""
    native().clear_shader_cache()


def _of_contract(contract: Mapping[str, Any]) -> tuple[bytes, str, str]:
    inner: Mapping[str, Any] = contract
    if "spirv_binary" not in inner and len(inner) == 1:
        (only,) = inner.values()
        inner = only if isinstance(only, Mapping) else inner
    unknown = [key for key in inner if key not in _CONTRACT_KEYS]
    if "spirv_binary" not in inner or unknown:
        raise scene_error(
            "contract",
            "keys " + ", ".join(_CONTRACT_KEYS),
            sorted(map(str, inner)),
            "give the shader as 'spirv_binary'",
        )
    bindings = inner.get("descriptor_bindings", [])
    if not isinstance(bindings, Sequence) or isinstance(bindings, (str, bytes)):
        raise scene_error("contract: descriptor_bindings", "a list", bindings, "give [] to take them from the binary")
    binary = inner["spirv_binary"]
    if not isinstance(binary, (bytes, bytearray, memoryview)):
        raise scene_error("contract: spirv_binary", "bytes", type(binary).__name__, "read the .spv file in binary mode")
    return bytes(binary), inner.get("entry_point", "main"), inner.get("shader_stage", "compute")
