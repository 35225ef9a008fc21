"""A second adapter where a machine has one: the software driver once more, under another name."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

FOLDERS = ("/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d")


def software_driver() -> Path:
    """The description that the Vulkan loader reads of Mesa's software driver."""
    return next(file for folder in FOLDERS for file in sorted(Path(folder).glob("lvp_icd*.json")))


def environment_of_two(folder: Path) -> dict[str, str]:
    """An environment in which there are two software adapters: the second driver's files are made in ``folder``."""
    first = software_driver()
    described = json.loads(first.read_text())
    library = Path(described["ICD"]["library_path"])
    if not library.is_absolute():
        library = next(found for found in Path("/usr/lib").rglob(library.name))
    copy = folder / "libvulkan_second.so"
    shutil.copyfile(library, copy)
    described["ICD"]["library_path"] = str(copy)
    second = folder / "second_icd.json"
    second.write_text(json.dumps(described))
    drivers = f"{first}:{second}"
    return {**os.environ, "VK_ICD_FILENAMES": drivers, "VK_DRIVER_FILES": drivers}
