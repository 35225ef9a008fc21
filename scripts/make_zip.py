"""Builds the plugin's zips in dist/: the portable one, and with --wheel one for that wheel's platform.

The portable zip holds no binaries and is fit for the plugin site. The platform zip is the same with the extension
module out of the wheel in forge3d_qgis/native/, for «Install from ZIP». The user guide travels in both, as a page that
a browser opens without a network. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import markdown
from check_versions import ROOT, workspace_version

PACKAGE = "forge3d_qgis"
NATIVE_NAME = re.compile(r"forge3d_native/forge3d_native(\.abi3\.so|\.pyd)")
# Zip's own epoch: a build time in the zip would make every build differ.
_TIME = (1980, 1, 1, 0, 0, 0)

_GUIDE_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2.5rem auto; padding: 0 1.2rem; }}
h1, h2 {{ line-height: 1.25; }}
h2 {{ margin-top: 2.4rem; }}
img {{ max-width: 100%; height: auto; border: 1px solid #8886; border-radius: 4px; }}
table {{ border-collapse: collapse; }}
th, td {{ border-bottom: 1px solid #8886; padding: .35rem .9rem .35rem 0; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def wheel_platform(wheel: Path) -> str:
    """``linux_x86_64`` for ``…-cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl``, and so on."""
    tags = wheel.stem.split("-")[-1].split(".")
    tag = next((tag for tag in tags if tag.endswith("universal2")), tags[0])
    tag = re.sub(r"^(manylinux|musllinux)(_\d+_\d+|20\d\d|1)", "linux", tag)
    tag = re.sub(r"^macosx_\d+_\d+", "macos", tag)
    return {"win_amd64": "windows_x86_64", "win_arm64": "windows_arm64"}.get(tag, tag)


def compiled_translations(folder: Path) -> dict[str, bytes]:
    """``resources/i18n/*.ts`` as the binary .qm that Qt reads. Needs Qt's lrelease."""
    sources = sorted((ROOT / "resources" / "i18n").glob("*.ts"))
    if not sources:
        return {}
    names = ("lrelease", "/usr/lib/qt5/bin/lrelease", "/usr/lib/qt6/bin/lrelease")
    lrelease = next((path for path in map(shutil.which, names) if path), None)
    if lrelease is None:
        raise SystemExit("translations: expected Qt's lrelease; got none; fix: apt-get install qttools5-dev-tools")
    compiled = {}
    for source in sources:
        target = folder / source.with_suffix(".qm").name
        subprocess.run([lrelease, "-silent", str(source), "-qm", str(target)], check=True)
        compiled[f"resources/i18n/{target.name}"] = target.read_bytes()
    return compiled


def guide_files() -> dict[str, bytes]:
    """The user guide and what it leads to, as pages with their pictures, for the help menu."""
    folder, files = ROOT / "docs", {}
    for name in ("user_guide", "surface_styles"):
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        title = text.splitlines()[0].lstrip("# ")
        linked = re.sub(r"\]\((\w+)\.md([)#])", r"](\1.html\2", text)
        body = markdown.markdown(linked, extensions=["tables", "sane_lists", "fenced_code"])
        files[f"docs/{name}.html"] = _GUIDE_PAGE.format(title=title, body=body).encode()
        for image in sorted(set(re.findall(r"\]\((images/[^)]+)\)", text))):
            files[f"docs/{image}"] = (folder / image).read_bytes()
    return files


def portable_files() -> dict[str, bytes]:
    """What the plugin folder holds without the native part: path inside it, content."""
    files = {name: (ROOT / name).read_bytes() for name in ("LICENSE", "metadata.txt")}
    package = ROOT / PACKAGE
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        if not {"__pycache__", "native", "resources"} & set(inside.parts):
            files[inside.as_posix()] = path.read_bytes()
    for path in sorted((ROOT / "resources").rglob("*")):
        if path.is_file() and path.suffix not in {".ts", ".qm"} and not path.name.endswith(".aux.xml"):
            files[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        files.update(compiled_translations(Path(folder)))
    return {**files, **guide_files()}


def native_file(wheel: Path) -> tuple[str, bytes]:
    """The extension module in ``wheel``: file name, content."""
    with zipfile.ZipFile(wheel) as archive:
        found = [name for name in archive.namelist() if NATIVE_NAME.fullmatch(name)]
        if len(found) != 1:
            raise SystemExit(f"{wheel}: expected one file like {NATIVE_NAME.pattern}; got {found}")
        return found[0].rpartition("/")[2], archive.read(found[0])


def write_zip(target: Path, files: dict[str, bytes]) -> Path:
    """``files`` under one top folder, in one order, with plain permissions."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{PACKAGE}/{name}", _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the permissions below are read
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return target


def build(folder: Path, wheels: list[Path]) -> list[Path]:
    """Writes the portable zip and one per wheel into ``folder``."""
    version = workspace_version()
    files = portable_files()
    zips = [write_zip(folder / f"{PACKAGE}-{version}.zip", files)]
    for wheel in wheels:
        name, content = native_file(wheel)
        target = folder / f"{PACKAGE}-{version}-{wheel_platform(wheel)}.zip"
        zips.append(write_zip(target, {**files, f"native/{name}": content}))
    return zips


def main() -> int:
    """Builds, and prints what was built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, nargs="*", default=[], help="wheels to take the native part from")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    for old in options.out.glob(f"{PACKAGE}-*.zip"):
        old.unlink()
    for path in build(options.out, options.wheel):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
