"""What a picture will cost, before anything is read or allocated. Knows no GDAL and no GPU.

The rule. The budget is the limit on what the *renderer* holds, on the GPU and in host-visible memory together, because
on integrated and software adapters all of it is system memory:

- the heights: 4 bytes a sample, and their maximum pyramid, a third of that;
- the frame: 24 bytes a pixel (light sums 16, picture 4, read back 4), of one band of the picture at a time;
- the strip through which heights are uploaded, 16 MiB.

The float32 array in Python, 4 bytes a sample, is listed in the plan but does not count against the budget: it belongs
to the caller, who may drop it after the upload. Reading adds strips of at most 16 MiB, never a full-resolution copy.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import MemoryBudgetError, SceneError
from .notes import Note

MIB = 1 << 20
GIB = 1 << 30

BYTES_PER_SAMPLE = 4 + 4 / 3
BYTES_PER_PIXEL = 24
LIGHT_BYTES_PER_PIXEL = 16
STAGING_BYTES = 16 * MIB
BAND_LIGHT_LIMIT = 128 * MIB  # WebGPU's default limit on one storage binding
MAX_SIDE = 16384
"""The widest texture that all desktop adapters take."""

LABEL_HEIGHTS = "height texture"
LABEL_PYRAMID = "maximum pyramid"
LABEL_FRAME = "picture"
LABEL_STAGING = "upload staging"
LABEL_PYTHON = "heights in Python"


@dataclass(frozen=True)
class Plan:
    """How large a DEM is read and what the renderer will hold. Sizes are (columns, rows) or (width, height)."""

    source_size: tuple[int, int]
    size: tuple[int, int]
    picture_size: tuple[int, int]
    band_rows: int
    budget: int
    bytes_by_label: tuple[tuple[str, int], ...]

    @property
    def factor(self) -> float:
        """Source cells to a held cell, along the longer side: 1 when nothing is left out."""
        longer = 0 if self.source_size[0] >= self.source_size[1] else 1
        return self.source_size[longer] / self.size[longer]

    @property
    def total_bytes(self) -> int:
        """What counts against the budget: everything but the array in Python."""
        return sum(size for label, size in self.bytes_by_label if label != LABEL_PYTHON)

    @property
    def note(self) -> str:
        """One sentence when the DEM is held smaller than its source, else an empty text."""
        if self.size == self.source_size:
            return ""
        (cols, rows), (held_cols, held_rows) = self.source_size, self.size
        return Note(
            "{source} read as {held} to stay within {budget}",
            source=f"{cols}×{rows}",
            held=f"{held_cols}×{held_rows}",
            budget=format_bytes(self.budget),
        )


def plan(
    source_size: tuple[int, int],
    picture_size: tuple[int, int] = (1600, 1000),
    budget: int | None = None,
    *,
    max_side: int = MAX_SIDE,
    max_samples: int | None = None,
) -> Plan:
    """Largest DEM that fits. ``source_size``: (columns, rows). ``picture_size``: (width, height). ``budget``: bytes.

    The factor is a whole number (2: a quarter of the samples), so that every held height averages the same number of
    source cells; a factor of 1.3 would draw its beat into the shading. Sides are rounded up, so ``size`` covers exactly
    the ground of the source and the true factor may be a little smaller: 20000 / 3 gives 6667 cells of 2.99985.

    ``budget`` None: ``default_budget("software")``, which every adapter has. Raises MemoryBudgetError when not even
    64×64 samples fit beside the picture.
    """
    budget = default_budget("software") if budget is None else checked_budget(budget)
    cols, rows = source_size
    width, height = picture_size
    lines = band_rows(picture_size, budget)
    frame = width * lines * BYTES_PER_PIXEL
    room = budget - frame - STAGING_BYTES
    samples = math.floor(room / BYTES_PER_SAMPLE)
    least = min(cols * rows, 64 * 64)
    if samples < least:
        need = math.ceil(least * BYTES_PER_SAMPLE) + frame + STAGING_BYTES
        raise MemoryBudgetError(
            f"memory budget: expected at least {format_bytes(need)} for a picture of {width}×{height}; "
            f"got {format_bytes(budget)}; fix: raise the memory budget or make the picture smaller"
        )
    if max_samples is not None:
        samples = min(samples, max(4, max_samples))
    factor = max(1, math.ceil(max(cols, rows) / max_side), math.isqrt(max(0, cols * rows - 1) // samples))
    while not _fits(held := _divided(source_size, factor), samples, max_side):
        factor += 1
    count = held[0] * held[1]
    return Plan(
        source_size=source_size,
        size=held,
        picture_size=picture_size,
        band_rows=lines,
        budget=budget,
        bytes_by_label=(
            (LABEL_HEIGHTS, 4 * count),
            (LABEL_PYRAMID, math.ceil(4 * count / 3)),
            (LABEL_FRAME, frame),
            (LABEL_STAGING, STAGING_BYTES),
            (LABEL_PYTHON, 4 * count),
        ),
    )


def _divided(size: tuple[int, int], factor: int) -> tuple[int, int]:
    # Two samples a side at least: one row of samples has no cell that could be drawn.
    cols, rows = size
    return max(math.ceil(cols / factor), min(cols, 2)), max(math.ceil(rows / factor), min(rows, 2))


def _fits(size: tuple[int, int], samples: int, max_side: int) -> bool:
    return size == (2, 2) or (size[0] * size[1] <= samples and max(size) <= max_side)


def band_rows(picture_size: tuple[int, int], budget: int) -> int:
    """Rows of the picture that are traced at a time: all of them, or as many as a quarter of the budget holds.

    A band's light sums stay within 128 MiB, the size of one storage binding. At least one row.
    """
    width, height = picture_size
    by_budget = budget // 4 // (width * BYTES_PER_PIXEL)
    by_binding = BAND_LIGHT_LIMIT // (width * LIGHT_BYTES_PER_PIXEL)
    return max(1, min(height, by_budget, by_binding))


def checked_budget(budget: float) -> int:
    """``budget`` in whole bytes, at most 2⁶³: the native side counts in 64 bits. Raises SceneError."""
    if isinstance(budget, (bool, str, bytes)) or not hasattr(budget, "__int__") or budget != budget:
        raise SceneError(
            f"memory budget: expected bytes; got {budget!r}; fix: parse_bytes('256MiB') makes them of a text"
        )
    return int(max(0, min(budget, 2**63)))


def default_budget(kind: str) -> int:
    """Bytes for an adapter of this kind (``AdapterInfo["kind"]``) when nobody chose: the rule of the native side.

    ``discrete``: half of the device's memory, at most 4 GiB; only the native side knows how much that is, so this is
    the 4 GiB (``render.adapter_budget`` takes the smaller). Others use the system's memory: a quarter of it, at most
    512 MiB.
    """
    if kind == "discrete":
        return 4 * GIB
    return min(system_memory() // 4, 512 * MIB)


def system_memory() -> int:
    """Bytes of memory this process may use: of the machine, or of its container where that is less."""
    total = 4 * GIB  # a cautious guess where nothing can be asked
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        total = _windows_memory() or total
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return total


def _windows_memory() -> int | None:
    import ctypes

    windll = getattr(ctypes, "windll", None)
    if windll is None:
        return None
    kilobytes = ctypes.c_ulonglong()
    if not windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes)):
        return None
    return kilobytes.value * 1024


_UNITS = {"": 1, "B": 1}
for _power, _letter in enumerate("KMGT", start=1):
    _UNITS[_letter] = _UNITS[f"{_letter}IB"] = 1024**_power
    _UNITS[f"{_letter}B"] = 1000**_power


def parse_bytes(text: str) -> int:
    """Bytes of ``256MiB``, ``1.5 GiB``, ``512MB`` (10⁶), ``512M`` (2²⁰) or a plain number. Raises SceneError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or unit is None or float(match[1]) * unit < 1:
        raise SceneError(f"memory size: expected a number with a unit; got {text!r}; fix: write 256MiB or 2GiB")
    return int(float(match[1]) * unit)


def format_bytes(count: int) -> str:
    """``256 MiB``, ``1.5 GiB``: three digits at most."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1023.5 and len(units) > 1:
        value /= 1024
        del units[0]
    return f"{value:.3g} {units[0]}" if value < 999.5 else f"{value:.0f} {units[0]}"
