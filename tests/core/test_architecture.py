"""Who may know whom: plugin → gui, processing → layers → core → native_loader → forge3d_native.

Beside it: __main__ → command_line → core.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import forge3d_qgis

ROOT = Path(forge3d_qgis.__file__).parent

# For each part: the parts it may import. `text` is the translation function, which everything but core may use.
ALLOWED = {
    "__init__": {"plugin"},
    "__main__": {"command_line", "core"},
    "command_line": {"core", "progress_line", "__init__"},
    "progress_line": {"core"},
    "plugin": {"gui", "processing", "layers", "core", "text", "native_loader", "__init__"},
    "gui": {"gui", "layers", "core", "text", "native_loader", "__init__"},
    "processing": {"processing", "layers", "core", "text", "native_loader", "__init__"},
    "layers": {"core", "text"},
    "async_readback": {"core"},
    "_validate": set(),
    "tools": {"tools", "_validate", "core"},
    "text": set(),
    "core": {"core", "native_loader"},
    "native_loader": set(),
}
QT = {"qgis", "PyQt5", "PyQt6", "sip", "PySide2", "PySide6"}
QT_ALLOWED = {"plugin", "gui", "processing", "layers", "text"}


def modules() -> list[Path]:
    return [path for path in sorted(ROOT.rglob("*.py")) if "resources" not in path.relative_to(ROOT).parts]


def part_of(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> list[tuple[str, str]]:
    """(top-level package, part of forge3d_qgis or "") of every import statement in the file, at any depth of code."""
    package = path.relative_to(ROOT).parts[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(("forge3d_qgis", *package)[: len(package) + 2 - node.level]) if node.level else []
            stem = base + (node.module.split(".") if node.module else [])
            # `from . import a, b` imports parts; `from .a import b` imports a.
            names = [[*stem, alias.name] for alias in node.names] if len(stem) <= 1 else [stem]
        else:
            continue
        for name in names:
            if name[0] != "forge3d_qgis":
                found.append((name[0], ""))
            else:
                part = name[1] if len(name) > 1 else "__init__"
                inside = (ROOT / part).is_dir() or (ROOT / f"{part}.py").exists()
                found.append((name[0], part if inside else "__init__"))
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_part_imports_only_what_lies_below_it(path: Path) -> None:
    part = part_of(path)
    assert part in ALLOWED, f"{path.name}: give the new part its place in this test and in the README's map"
    for package, other in imported(path):
        if package == "forge3d_qgis" and other != part:
            assert other in ALLOWED[part], f"{path.relative_to(ROOT)} imports {other}"
        if package in QT:
            assert part in QT_ALLOWED, f"{path.relative_to(ROOT)} imports {package}"
        if package == "forge3d_native":
            assert part == "native_loader", f"{path.relative_to(ROOT)} imports forge3d_native past the loader"


def test_the_walk_sees_relative_and_nested_imports() -> None:
    assert ("forge3d_qgis", "native_loader") in imported(ROOT / "core" / "native.py")
    assert ("forge3d_qgis", "core") in imported(ROOT / "core" / "dem" / "read.py")
    assert ("osgeo", "") in imported(ROOT / "core" / "dem" / "gdal_calls.py")
    assert ("forge3d_qgis", "plugin") in imported(ROOT / "__init__.py")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent, timeout=60
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_the_package_itself_imports_nothing_heavy() -> None:
    before, after = loaded_by("pass"), loaded_by("import forge3d_qgis")
    assert after - before <= {"forge3d_qgis", "typing", "__future__"} | set(sys.stdlib_module_names)


def test_the_command_line_starts_without_numpy_gdal_and_the_native_module() -> None:
    assert not {"numpy", "osgeo", "forge3d_native", "qgis"} & loaded_by("import forge3d_qgis.__main__")


def test_the_function_render_wins_over_the_module_of_its_name() -> None:
    loaded = "import forge3d_qgis.core.render; from forge3d_qgis.core import render; assert callable(render)"
    assert "numpy" not in loaded_by(loaded)


# What moves, draws, reads and exports without showing anything itself: a widget in there would tie it to this dock.
WITHOUT_WIDGETS = (
    "current_view", "detail", "device_loss", "drape", "fallback", "map_watch", "native_host", "navigation",
    "project_store", "refining", "relief", "room", "sentinel", "style_files", "task", "worker",
)  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_WIDGETS)
def test_controllers_import_no_widgets(name: str) -> None:
    widgets = {path.stem for path in (ROOT / "gui").glob("*.py")} - set(WITHOUT_WIDGETS)
    widgets -= {"field_words", "note_words", "preferences"}  # words and settings only
    for node in ast.walk(ast.parse((ROOT / "gui" / f"{name}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            assert not module.startswith(("qgis.gui", "qgis.PyQt.QtWidgets")), f"{name} imports {module}"
            siblings = {alias.name for alias in node.names} if node.level == 1 and not module else {module}
            assert not (node.level == 1 and siblings & widgets), f"{name} imports {siblings}"
