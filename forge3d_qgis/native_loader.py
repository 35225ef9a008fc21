"""Finds, checks and imports ``forge3d_native``, the compiled part. The only importer; knows nothing of the rest.

The module is loaded under its own top-level name. Inside the plugin package it would be purged from ``sys.modules``
when QGIS reloads the plugin, and a second copy would come to life beside the first.

Places, in this order:

1. the file that the environment variable ``FORGE3D_NATIVE`` names;
2. ``<user folder>/<version>-<platform>/``: a versioned folder outside the plugin, of the QGIS profile or the user;
3. ``native/`` inside the plugin package, copied to a folder of the second kind first: a loaded library is locked on
   Windows, and overwriting one that is mapped crashes the process elsewhere, so none may lie in the plugin folder;
4. site-packages, where the wheel puts it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import os
import platform
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

MODULE = "forge3d_native"
ENVIRONMENT = "FORGE3D_NATIVE"
VERSION = "0.1"
"""Major and minor version of the native module that this package works with."""


class NativeNotFoundError(ImportError):
    """No usable ``forge3d_native``. The text names every place that was tried, and why it did not do.

    ``needs_restart``: another version is loaded in this process already, which only a restart of it ends.
    """

    def __init__(self, text: str, *, needs_restart: bool = False) -> None:
        super().__init__(text)
        self.needs_restart = needs_restart


_user_folder: Path | None = None


def set_user_folder(folder: Path | None) -> None:
    """Makes ``folder`` the one whose versioned folders ``load()`` searches; None: ``default_user_folder()`` again."""
    global _user_folder
    _user_folder = folder


def platform_tag() -> str:
    """Such as ``linux-x86_64``: what a compiled file is made for."""
    return (
        sysconfig.get_platform().replace("_", "-", 1)
        if sys.platform == "win32"
        else (f"{sys.platform}-{platform.machine()}")
    )


def default_user_folder() -> Path | None:
    """Where versioned copies lie without a QGIS profile; None for a user without a home.

    Relative paths in the environment are ignored, as the XDG base directory specification wants it: they would load a
    library from whatever folder the user happens to stand in.
    """
    if sys.platform == "win32":
        given, below_home = os.environ.get("LOCALAPPDATA"), ("AppData", "Local")
    elif sys.platform == "darwin":
        given, below_home = None, ("Library", "Application Support")
    else:
        given, below_home = os.environ.get("XDG_DATA_HOME"), (".local", "share")
    if given and os.path.isabs(given):
        return Path(given, MODULE)
    home = os.path.expanduser("~")  # stays "~" where nobody knows the home
    return Path(home, *below_home, MODULE) if os.path.isabs(home) else None


def load(user_folder: Path | None = None) -> ModuleType:
    """The native module; the one already loaded in this process if there is one.

    ``user_folder``: holds the versioned folders; None: the one of ``set_user_folder``. Raises NativeNotFoundError.
    """
    loaded = sys.modules.get(MODULE)
    if loaded is not None:
        reason = _version_mismatch(loaded)
        if reason:
            raise NativeNotFoundError(f"{MODULE}: {reason}; fix: restart QGIS to finish the update", needs_restart=True)
        return loaded
    tried: list[str] = []
    for where, file in _candidates(user_folder or _user_folder or default_user_folder(), tried):
        try:
            module = importlib.import_module(MODULE) if file is None else _from_file(file)
        except ImportError as error:  # absent, or of another platform
            tried.append(f"{where}: {error}")
            continue
        except Exception as error:  # an extension's own start may fail in its own way
            tried.append(f"{where}: {type(error).__name__}: {error}")
            continue
        reason = _version_mismatch(module)
        if reason is None:
            sys.modules[MODULE] = module
            return module
        sys.modules.pop(MODULE, None)
        tried.append(f"{where}: {reason}")
    raise NativeNotFoundError(
        f"{MODULE}: expected the compiled part for {platform_tag()}, Python {platform.python_version()}; "
        f"got none ({'; '.join(tried)}); fix: install the forge3d_qgis wheel of this platform, or name the file "
        f"in {ENVIRONMENT}"
    )


def _candidates(user_folder: Path | None, tried: list[str]) -> Iterator[tuple[str, Path | None]]:
    """(place in words, file), the best place first; None: ask the import system. Failures go to ``tried``."""
    override = os.environ.get(ENVIRONMENT)
    if override:
        yield f"{ENVIRONMENT}={override}", Path(override)
    if user_folder is None:
        tried.append("user folder: this user has no home")
    else:
        for file in _versioned(user_folder, tried):
            yield str(file), file
    for bundled in _libraries(Path(__file__).resolve().parent / "native"):
        if user_folder is None:
            tried.append(f"{bundled}: cannot be copied out of the plugin without a user folder")
            continue
        try:
            yield str(bundled), _versioned_copy(bundled, user_folder)
        except OSError as error:
            tried.append(f"{bundled}: cannot be copied to {user_folder}: {error}")
    yield "site-packages", None


def _versioned(user_folder: Path, tried: list[str]) -> list[Path]:
    """The libraries in folders of this version and platform, the newest version first."""
    try:
        found = user_folder.glob(f"{VERSION}*-{platform_tag()}")
        folders = sorted(found, key=lambda folder: list(map(int, re.findall(r"\d+", folder.name))), reverse=True)
        return [file for folder in folders for file in _libraries(folder)]
    except OSError as error:  # somebody else's home
        tried.append(f"{user_folder}: {error.strerror or error}")
        return []


def _libraries(folder: Path) -> list[Path]:
    """Files in ``folder`` that this Python could load as the native module. Raises OSError."""
    names = [MODULE + suffix for suffix in importlib.machinery.EXTENSION_SUFFIXES]
    return [folder / name for name in names if (folder / name).is_file()]


def _versioned_copy(bundled: Path, user_folder: Path) -> Path:
    """A copy outside the plugin folder. Named by content: a file that a process has mapped is never written again.

    A copy that is there already is hashed before it is trusted: a full disk or another hand may have damaged it.
    """
    digest = _digest(bundled)
    target = user_folder / f"bundled-{digest[:12]}-{platform_tag()}" / bundled.name
    if not (target.is_file() and _digest(target) == digest):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        try:
            os.close(handle)
            shutil.copyfile(bundled, part)
            os.replace(part, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
    return target


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _from_file(file: Path) -> ModuleType:
    if not file.is_file():
        raise ImportError("no such file")
    if file.suffix == ".py":
        spec = importlib.util.spec_from_file_location(MODULE, file)
    else:
        loader = importlib.machinery.ExtensionFileLoader(MODULE, str(file))
        spec = importlib.util.spec_from_file_location(MODULE, file, loader=loader)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python extension")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(MODULE, None)
        raise
    return module


def _version_mismatch(module: ModuleType) -> str | None:
    version = str(getattr(module, "__version__", "none"))
    if version == VERSION or version.startswith(VERSION + "."):
        return None
    return f"expected version {VERSION}.x; got {version}"
