"""Where the native module is looked for, and what is said when it is not there."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge3d_qgis import native_loader
from forge3d_qgis.core.errors import Forge3dError, NativeMissingError
from forge3d_qgis.core.render import native

SOURCE = "__version__ = {version!r}\nplace = __file__\n"


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No native module in this process, none installed, and .py files count as libraries."""
    before = sys.modules.pop(native_loader.MODULE, None)
    monkeypatch.delenv(native_loader.ENVIRONMENT, raising=False)
    monkeypatch.setattr(importlib.machinery, "EXTENSION_SUFFIXES", [".py"])

    def absent(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(native_loader.importlib, "import_module", absent)
    yield
    sys.modules.pop(native_loader.MODULE, None)
    if before is not None:
        sys.modules[native_loader.MODULE] = before


def put(folder: Path, version: str = native_loader.VERSION + ".0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{native_loader.MODULE}.py"
    file.write_text(SOURCE.format(version=version))
    return file


def versioned(user_folder: Path) -> Path:
    return user_folder / f"{native_loader.VERSION}.0-{native_loader.platform_tag()}"


def test_the_environment_variable_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = put(tmp_path / "named")
    put(versioned(tmp_path))
    monkeypatch.setenv(native_loader.ENVIRONMENT, str(named))
    assert native_loader.load(tmp_path).place == str(named)


def test_the_versioned_folder_goes_before_the_bundled_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "forge3d_qgis"
    put(package / "native")
    monkeypatch.setattr(native_loader, "__file__", str(package / "native_loader.py"))
    file = put(versioned(tmp_path / "user"))
    assert native_loader.load(tmp_path / "user").place == str(file)


def test_a_bundled_file_is_copied_out_of_the_plugin_and_loaded_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "forge3d_qgis"
    bundled = put(package / "native")
    monkeypatch.setattr(native_loader, "__file__", str(package / "native_loader.py"))
    place = Path(native_loader.load(tmp_path / "user").place)
    assert place.is_relative_to(tmp_path / "user") and place.read_bytes() == bundled.read_bytes()
    assert [entry for entry in place.parent.iterdir() if entry.suffix == ".part"] == []

    # Another build gets a folder of its own: the mapped file is never written again.
    old = place.read_bytes()
    bundled.write_text(bundled.read_text() + "# newer\n")
    sys.modules.pop(native_loader.MODULE)
    newer = Path(native_loader.load(tmp_path / "user").place)
    assert newer != place and place.read_bytes() == old


def test_a_copy_that_was_damaged_is_made_anew_and_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "forge3d_qgis"
    bundled = put(package / "native")
    monkeypatch.setattr(native_loader, "__file__", str(package / "native_loader.py"))
    place = Path(native_loader.load(tmp_path / "user").place)
    for damage in (b"", bundled.read_bytes().replace(b"place", b"plate")):
        place.write_bytes(damage)
        sys.modules.pop(native_loader.MODULE)
        assert Path(native_loader.load(tmp_path / "user").place) == place
        assert place.read_bytes() == bundled.read_bytes() and len(list(place.parent.iterdir())) == 1


def test_the_newest_version_is_the_one_with_the_largest_numbers(tmp_path: Path) -> None:
    for version in (f"{native_loader.VERSION}.{patch}" for patch in (9, 10, 2)):
        put(tmp_path / f"{version}-{native_loader.platform_tag()}", version)
    assert native_loader.load(tmp_path).__version__ == f"{native_loader.VERSION}.10"


def test_the_folder_that_was_set_is_the_one_of_a_load_without_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_loader, "default_user_folder", lambda: tmp_path / "default")
    file = put(versioned(tmp_path / "profile"))
    named = put(versioned(tmp_path / "named"))
    native_loader.set_user_folder(tmp_path / "profile")
    try:
        assert native_loader.load().place == str(file)
        sys.modules.pop(native_loader.MODULE)
        assert native_loader.load(tmp_path / "named").place == str(named)
    finally:
        native_loader.set_user_folder(None)
    sys.modules.pop(native_loader.MODULE)
    default = put(versioned(tmp_path / "default"))
    assert native_loader.load().place == str(default)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the XDG specification is Linux's")
def test_relative_folders_in_the_environment_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert native_loader.default_user_folder() == tmp_path / ".local" / "share" / native_loader.MODULE
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert native_loader.default_user_folder() == tmp_path / "data" / native_loader.MODULE
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", ".")
    assert native_loader.default_user_folder() is None


def test_without_a_home_the_other_places_are_tried_and_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_loader, "default_user_folder", lambda: None)
    package = tmp_path / "forge3d_qgis"
    put(package / "native")
    monkeypatch.setattr(native_loader, "__file__", str(package / "native_loader.py"))
    with pytest.raises(native_loader.NativeNotFoundError, match=r"no home.*native.*user folder.*site-packages"):
        native_loader.load()
    monkeypatch.setenv(native_loader.ENVIRONMENT, str(put(tmp_path / "named")))
    assert native_loader.load().__version__.startswith(native_loader.VERSION)


def test_what_is_loaded_stays_the_module_of_this_process(tmp_path: Path) -> None:
    put(versioned(tmp_path))
    first = native_loader.load(tmp_path)
    assert native_loader.load(tmp_path) is first is sys.modules[native_loader.MODULE]


def test_site_packages_come_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = type(sys)(native_loader.MODULE)
    installed.__version__ = native_loader.VERSION + ".9"
    monkeypatch.setattr(native_loader.importlib, "import_module", lambda name: installed)
    assert native_loader.load(tmp_path) is installed


def test_another_version_is_passed_over_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(native_loader.ENVIRONMENT, str(put(tmp_path / "old", version="0.0.7")))
    with pytest.raises(native_loader.NativeNotFoundError, match=r"got 0\.0\.7"):
        native_loader.load(tmp_path)
    assert native_loader.MODULE not in sys.modules


def test_an_old_module_in_the_process_asks_for_a_restart(tmp_path: Path) -> None:
    old = type(sys)(native_loader.MODULE)
    old.__version__ = "0.0.7"
    sys.modules[native_loader.MODULE] = old
    with pytest.raises(native_loader.NativeNotFoundError, match="restart QGIS") as caught:
        native_loader.load(tmp_path)
    assert caught.value.needs_restart
    with pytest.raises(NativeMissingError) as translated:
        native()
    assert translated.value.needs_restart


def test_a_broken_file_is_passed_over_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = put(tmp_path / "broken")
    broken.write_text("raise OSError('wrong machine')")
    monkeypatch.setenv(native_loader.ENVIRONMENT, str(broken))
    with pytest.raises(native_loader.NativeNotFoundError, match="wrong machine"):
        native_loader.load(tmp_path)
    put(versioned(tmp_path))
    assert native_loader.load(tmp_path).__version__.startswith(native_loader.VERSION)


def test_when_it_is_nowhere_the_error_tells_platform_places_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(native_loader.NativeNotFoundError) as caught:
        native_loader.load(tmp_path)
    for part in (native_loader.platform_tag(), "Python 3", "site-packages", native_loader.ENVIRONMENT, "install"):
        assert part in str(caught.value)
    assert not caught.value.needs_restart


def test_core_gives_it_its_own_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_loader, "default_user_folder", lambda: tmp_path)
    with pytest.raises(NativeMissingError) as caught:
        native()
    assert isinstance(caught.value, Forge3dError) and isinstance(caught.value, ImportError)
