"""The one table of what is spelled otherwise in this project than in the founding documents, and of what cannot run.

Each block of a page is run as it stands there, with these texts replaced, in this order, and with nothing else changed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Respelling:
    """``theirs``: a text of the pages. ``ours``: what stands for it. ``reason``: why they differ."""

    theirs: str
    ours: str
    reason: str


NEEDS_GROUND = (
    "their renderer drew a triangle without data; a relief needs heights and a scene, so the page's renderers have "
    "both: `ground_renderer(width, height)` makes a forge3d_native.Renderer with them"
)

RESPELLINGS = (
    Respelling("forge3d.Renderer(", "ground_renderer(", NEEDS_GROUND),
    Respelling(
        "forge3d.Scene(", "ground_renderer(",
        "theirs held heights and drew them, as our Renderer does; our Scene only describes a picture",
    ),
    Respelling("f3d.Renderer(", "ground_renderer(", NEEDS_GROUND),
    Respelling("render_triangle_rgba", "render_terrain_rgba", "there is a relief to draw, and no triangle"),
    Respelling(
        "from forge3d.shadows import", "from forge3d.core.memory_tracker import",
        "shadows are rays and take no memory; what has presets and a price is the picture as a whole",
    ),
    Respelling("validate_shadow_memory_constraint", "validate_memory_constraint", "the same: the whole picture's"),
    Respelling("forge3d.async_readback", "forge3d.core.async_readback", "all of Python's side lives in `core`"),
    Respelling("import wgpu\n", "", "formats go by their names in the WebGPU specification; Python needs no wgpu"),
    Respelling("wgpu.TextureFormat.Rgba8Unorm", '"rgba8unorm"', "the same"),
    Respelling(
        "# Verify cleanup\n    del renderer\n", "# Verify cleanup\n    del renderer, result\n",
        "a picture is the memory that the GPU copied it into: it stands in the ledger until it is dropped, too",
    ),
    Respelling(
        "renderer.add_terrain(heights, spacing=(1.0, 1.0), exaggeration=2.0)",
        "renderer.set_height_data(heights, cell_to_world=(1.0, 0.0, 0.0, -1.0))",
        "cells may be turned and unequal, so four numbers place them; exaggeration belongs to the scene",
    ),
    Respelling("python/tools/profile_copies.py", "-m forge3d_qgis.tools.profile_copies", "it travels in the package"),
    Respelling("from hlx_vulkan import VulkanContext", "from forge3d_qgis.core import Context", "the import name"),
    Respelling("VulkanContext(", "Context(", "the same on Vulkan, Direct3D 12 and Metal"),
    Respelling(
        "from hlx_runtime.vulkan_bridge import VulkanBridge\nfrom hlx_runtime.ls_ops import collapse\n"
        "from hlx_runtime.contracts import CONTRACT_IDS\n",
        "from forge3d_qgis.core import Context\nCONTRACT_IDS = {'VULKAN_SHADER': 900}\n",
        "no runtime of another language is wanted between a mapping and a shader: 900 is the number on the page",
    ),
    Respelling("handle = collapse(shader_contract)", "handle = shader_contract", "the same: a mapping does it"),
    Respelling("VulkanBridge()", "Context()", "the same: a context takes a contract itself"),
    Respelling("load_shader_from_hlx(", "load_shader(", "the same"),
    Respelling("from forge3d.", "from forge3d_qgis.", "the import name"),
    Respelling("import forge3d", "import forge3d_qgis", "the import name"),
)  # fmt: skip

CANNOT_RUN: dict[tuple[str, int], str] = {
    ("memory_guide", 11): (
        "`render_triangle_batch` never was: pictures in a row are `AsyncRenderer.frames(scenes)`, and each scene says "
        "what its picture shows"
    ),
}
"""(page, number of the block): why it cannot run."""


def respelled(code: str) -> str:
    """A block of a page as it runs here."""
    for row in RESPELLINGS:
        code = code.replace(row.theirs, row.ours)
    return code


def blocks(page: str) -> dict[int, str]:
    """The code blocks of a page, by number: a text file in which each follows a line ``=== number heading``."""
    found: dict[int, str] = {}
    for part in ("\n" + page).split("\n=== ")[1:]:
        heading, _, code = part.partition("\n")
        found[int(heading.split()[0])] = code.rstrip() + "\n"
    return found
