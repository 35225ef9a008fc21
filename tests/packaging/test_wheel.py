"""The wheel that `make` installed: one package, one extension beside it, their data, their script."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import check_manylinux
import make_zip
import pytest
from stranger import Stranger

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def wheel() -> Path:
    built = sorted((ROOT / "build" / "wheels").glob("*.whl"))
    assert len(built) == 1, f"expected one wheel in build/wheels; got {built}; fix: make test"
    return built[0]


@pytest.fixture(scope="session")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_serves_every_python_since_3_10(wheel: Path) -> None:
    assert "-cp310-abi3-" in wheel.name


def test_two_top_level_names_and_no_more(names: list[str]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"forge3d_native", "forge3d_qgis"}


def test_the_extension_is_there_with_its_types(wheel: Path, names: list[str]) -> None:
    name, _ = make_zip.native_file(wheel)
    assert name == "forge3d_native.abi3.so"
    assert "forge3d_native/py.typed" in names
    with zipfile.ZipFile(wheel) as archive:
        stub = archive.read("forge3d_native/__init__.pyi")
    # The link in the root would arrive as a path, where a checkout cannot make links.
    assert stub == (ROOT / "native" / "forge3d_native.pyi").read_bytes()


def test_every_module_and_resource_of_the_package_is_there(names: list[str]) -> None:
    package = ROOT / "forge3d_qgis"
    expected = {
        path.relative_to(ROOT).as_posix() for path in package.rglob("*.py") if "native" not in path.parent.parts[-1:]
    }
    expected |= {
        f"forge3d_qgis/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "resources").rglob("*")
        if path.is_file() and path.suffix not in {".qm", ".xml"}
    }
    assert expected <= set(names)


def test_no_leftovers(names: list[str]) -> None:
    assert [name for name in names if name.endswith((".pyc", ".aux.xml")) or "__pycache__" in name] == []


def test_the_module_finds_itself_from_anywhere(tmp_path: Path) -> None:
    """From an empty folder: the installed package, not the checkout's."""
    code = "import forge3d_native, forge3d_qgis; print(forge3d_native.__version__, forge3d_qgis.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    version, path = done.stdout.split()
    assert version == importlib.metadata.version("forge3d-qgis")
    assert not Path(path).is_relative_to(ROOT / "forge3d_qgis")


def test_the_script_answers(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("forge3d-qgis")
    done = subprocess.run([str(script), "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "render" in done.stdout


@pytest.mark.gpu
def test_it_draws_for_a_user_without_a_home_who_is_not_root(wheel: Path, stranger: Stranger) -> None:
    """The wheel unpacked, as pip does it, and nothing else: no variable names the native module."""
    installed = stranger.folder / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    stranger.own(installed)
    environment = stranger.environment(PYTHONPATH=str(installed), FORGE3D_NATIVE=None, HOME="/root")
    done = stranger.run("render", stranger.dem, "a.png", "--size", "64x48", "--samples", 1, environment=environment)
    assert done.returncode == 0, done.stderr
    assert (stranger.folder / "a.png").read_bytes().startswith(b"\x89PNG")


def test_no_numpy_came_with_it() -> None:
    """A numpy of pip's in the environment would not match the one that the system's GDAL was built for."""
    import numpy

    assert not Path(numpy.__file__).is_relative_to(sys.prefix)


def test_the_elf_reader_reads_this_wheel(wheel: Path) -> None:
    _, content = make_zip.native_file(wheel)
    elf = check_manylinux.Elf(content)
    assert "libc.so.6" in elf.libraries()
    assert any(version.startswith("GLIBC_2.") for version in elf.versions())
    # Loaded when a device is made, so that a machine without Vulkan still gets an answer.
    assert not any("vulkan" in library for library in elf.libraries())
