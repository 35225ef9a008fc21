"""The portable zip keeps every rule of the plugin site, and each rule notices its breach."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import check_zip
import make_zip
import pytest

Files = dict[str, bytes]


@pytest.fixture(scope="session")
def files() -> Files:
    return make_zip.portable_files()


@pytest.fixture(scope="session")
def version() -> str:
    return make_zip.workspace_version()


def test_the_portable_zip_keeps_every_rule(tmp_path: Path) -> None:
    (portable,) = make_zip.build(tmp_path, [])
    assert check_zip.breaches(portable) == {}


def test_the_same_sources_give_the_same_bytes(tmp_path: Path, files: Files) -> None:
    first = make_zip.write_zip(tmp_path / "a.zip", files)
    second = make_zip.write_zip(tmp_path / "b.zip", dict(reversed(files.items())))
    assert first.read_bytes() == second.read_bytes()


def test_the_sample_and_the_ramps_travel(files: Files) -> None:
    assert "resources/sample/jacksboro_fault.tif" in files
    assert any(name.startswith("resources/ramps/") for name in files)


def test_the_surface_styles_travel_with_their_page(files: Files) -> None:
    assert {"snow", "slope_classes", "contours"} == {Path(name).stem for name in files if name.endswith(".wgsl")}
    page = files["docs/surface_styles.html"].decode()
    assert "<code" in page and "fn surface(s: Surface) -&gt; vec4f" in page and "docs/images/surface_style.png" in files


def test_the_guide_travels_with_its_pictures(files: Files) -> None:
    page = files["docs/user_guide.html"].decode()
    pictures = re.findall(r'<img [^>]*src="([^"]+)"', page)
    assert pictures and all(files[f"docs/{name}"].startswith(b"\x89PNG") for name in pictures)
    assert "<table>" in page and "<title>Forge3D Relief: user guide</title>" in page
    assert not re.search(r'(src|href)="https?:', page)  # it is read where there is no network


def _metadata(old: str, new: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        text = files["metadata.txt"].decode()
        assert old in text
        files["metadata.txt"] = text.replace(old, new, 1).encode()

    return change


def _file(name: str, content: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        files[name] = content

    return change


# Written in parts: this file itself is scanned for secrets.
_TOKEN = "AKIA" + "IOSFODNN7" + "EXAMPLE"

BREACHES: dict[str, Callable[[Files], None]] = {
    "no_leftovers": _file("__pycache__/a.pyc", b""),
    "files_the_site_demands": lambda files: files.pop("LICENSE") and None,
    "licence_is_gpl_2_or_later": _file("LICENSE", b"MIT"),
    "required_metadata": _metadata("author=", "author_of="),
    "metadata_fields_are_known": _metadata("category=", "supportsQt6=True\ncategory="),
    "version_is_three_numbers": _metadata("version=", "version=v"),
    "qgis_versions_make_a_range": _metadata("qgisMinimumVersion=3.22", "qgisMinimumVersion=5.0"),
    "ready_for_qgis_4": _metadata("qgisMaximumVersion=4.99", "qgisMaximumVersion=3.99"),
    "name_without_the_word_plugin": _metadata("name=", "name=Plugin "),
    "urls_are_urls": _metadata("tracker=https", "tracker=see https"),
    "email_is_an_address": _metadata("email=", "email=nobody "),
    "texts_without_html": _metadata("about=", "about=<b>Relief</b> "),
    "about_states_the_native_part": _metadata("Windows", "the others"),
    "category_is_one_of_the_menus": _metadata("category=Raster", "category=Relief"),
    "flags_are_booleans": _metadata("deprecated=False", "deprecated=never"),
    "provider_flag_tells_the_truth": _file(
        "provider.py", b"from qgis.core import QgsProcessingProvider  # noqa: F401\n"
    ),
    "icon_is_there": _metadata("icon=", "icon=no/"),
    "binaries_only_where_announced": _file("native/forge3d_native.abi3.so", b"\x7fELF"),
    "python_compiles": _file("broken.py", b"def\n"),
    "class_factory_is_there": _file("__init__.py", b""),
    "one_qt_for_both": _file("window.py", b"from PyQt5 import QtCore  # noqa: F401\n"),
    "bandit_finds_nothing": _file("risky.py", b"import pickle\n\npickle.loads(b'')\n"),
    "no_secrets_found": _file("keys.py", f"key = '{_TOKEN}'\n".encode()),
    "flake8_is_content": _file("style.py", b"import os\n"),
}


@pytest.mark.parametrize("rule", BREACHES)
def test_each_rule_notices_its_breach(rule: str, tmp_path: Path, files: Files, version: str) -> None:
    changed = dict(files)
    BREACHES[rule](changed)
    path = make_zip.write_zip(tmp_path / f"forge3d_qgis-{version}.zip", changed)
    assert rule in check_zip.breaches(path, (getattr(check_zip, rule),))


def _raw_zip(path: Path, entries: Files) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("rule", "entries"),
    [
        ("paths_are_safe", {"forge3d_qgis/../../x.py": b""}),
        ("paths_are_safe", {"C:/x.py": b""}),
        ("one_top_folder_that_is_an_identifier", {"one/x.py": b"", "two/x.py": b""}),
        ("one_top_folder_that_is_an_identifier", {"not-a-name/x.py": b""}),
        ("permissions_are_plain", {"forge3d_qgis/x.py": b""}),
        ("size_at_most_25_mb", {"forge3d_qgis/x.bin": bytes(check_zip.MAX_BYTES + 1)}),
    ],
)
def test_rules_on_the_archive_itself(rule: str, entries: Files, tmp_path: Path) -> None:
    path = _raw_zip(tmp_path / "forge3d_qgis-0.0.0.zip", entries)
    assert rule in check_zip.breaches(path, (getattr(check_zip, rule),))


def test_a_damaged_archive_is_noticed(tmp_path: Path) -> None:
    path = _raw_zip(tmp_path / "forge3d_qgis-0.0.0.zip", {"forge3d_qgis/x.py": b"print('whole')"})
    path.write_bytes(path.read_bytes().replace(b"whole", b"other", 1))
    assert "archive_is_whole" in check_zip.breaches(path, (check_zip.archive_is_whole,))


@pytest.mark.parametrize(
    ("wheel", "platform"),
    [
        ("forge3d_qgis-0.1.0-cp310-abi3-manylinux_2_34_x86_64.whl", "linux_x86_64"),
        ("forge3d_qgis-0.1.0-cp310-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", "linux_aarch64"),
        ("forge3d_qgis-0.1.0-cp310-abi3-linux_x86_64.whl", "linux_x86_64"),
        ("forge3d_qgis-0.1.0-cp310-abi3-win_amd64.whl", "windows_x86_64"),
        ("forge3d_qgis-0.1.0-cp310-abi3-macosx_10_12_universal2.whl", "macos_universal2"),
        (
            "forge3d_qgis-0.1.0-cp310-abi3-macosx_10_12_x86_64.macosx_11_0_arm64.macosx_10_12_universal2.whl",
            "macos_universal2",
        ),
    ],
)
def test_platform_names(wheel: str, platform: str) -> None:
    assert make_zip.wheel_platform(Path(wheel)) == platform
