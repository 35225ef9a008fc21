"""Checks that the one version, Cargo.toml's, is also the one that people and QGIS are told.

An argument is one more version that must agree: the release workflow passes its tag.
"""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _found(path: str, pattern: str) -> str:
    match = re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if not match:
        raise SystemExit(f"{path}: expected a version as in {pattern!r}; got none")
    return match.group(1)


def workspace_version() -> str:
    """The version of the Cargo workspace. Written without tomllib, which Python 3.10 lacks."""
    return _found("Cargo.toml", r'\[workspace\.package\].*?^version = "([^"]+)"')


def versions() -> dict[str, str]:
    """Every place that states the version, with what it states."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    return {
        "Cargo.toml": workspace_version(),
        "Cargo.lock": _found("Cargo.lock", r'name = "forge3d_native"\nversion = "([^"]+)"'),
        "forge3d_qgis/__init__.py": _found("forge3d_qgis/__init__.py", r'^__version__ = "([^"]+)"'),
        "metadata.txt": metadata["general"]["version"],
        "metadata.txt changelog": metadata["general"]["changelog"].split()[0],
        "CHANGELOG.md": _found("CHANGELOG.md", r"^## \[(\d[^\]]*)\]"),
    }


def _loader_version(version: str) -> str:
    """``version`` if the loader asks for a native part of its major and minor number."""
    wanted = _found("forge3d_qgis/native_loader.py", r'^VERSION = "([^"]+)"')
    return version if version.startswith(f"{wanted}.") else wanted


def main(arguments: list[str]) -> int:
    """Prints what differs; 0 if nothing does."""
    stated = versions()
    stated["forge3d_qgis/native_loader.py"] = _loader_version(stated["Cargo.toml"])
    stated.update({f"argument {text!r}": text.removeprefix("v") for text in arguments})
    expected = stated["Cargo.toml"]
    wrong = {place: version for place, version in stated.items() if version != expected}
    if not re.fullmatch(r"\d+\.\d+\.\d+", expected):
        # plugins.xml picks the newest version by comparing strings; anything else sorts wrongly there.
        wrong["Cargo.toml (expected MAJOR.MINOR.PATCH)"] = expected
    for place, version in wrong.items():
        print(f"{place}: expected version {expected}; got {version}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
