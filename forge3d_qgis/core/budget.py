"""What a picture will cost and what it may cost, before anything is read. The numbers are the native side's.

The rule. The budget is the limit on what a *renderer* holds, on the GPU and in host-visible memory together, because on
integrated and software adapters all of it is system memory: heights with their maximum pyramid, the drape, the picture
(or the strip of it that is drawn at a time), the strips through which heights are uploaded.
``forge3d_native.memory_estimate`` says what each takes; here only the size at which a DEM is read is chosen against it,
for the device in use.

A DEM that goes to the renderer strip by strip (``core.dem.open_dem``) leaves no array in Python. One that ``read_dem``
makes, 4 bytes a sample, is listed in the plan but does not count against the budget: it belongs to the caller, who may
drop it after the upload. Reading adds strips of some 16 MiB, never a full-resolution copy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .checks import as_float, scene_error
from .errors import DemError, DeviceError, MemoryBudgetError, NativeMissingError
from .native import native, translated
from .notes import Note

MIB = 1 << 20
GIB = 1 << 30

MAX_SIDE = 16384
"""The widest texture that all desktop adapters take."""
EXPORT_STRIP = (16384, 16)
"""A strip of the widest export: a plan leaves room for one beside the picture that is shown."""
TRACED_ROWS = 8
"""Rows are traced so many at a time."""
ENOUGH = 0.8
"""A factor of whole or half cells is taken where it uses this share of the samples that the budget allows. Any other
one weighs the source cells differently from one held cell to the next, and the smoothness changes with that: measured
on fractal terrain at factors from 1.1 to 3.4 the rms slope varies by up to 8 % along this beat, on white noise at 1.1
by 20 %; at whole factors and at 1.5 by less than 0.3 %."""

LABEL_PYTHON = "heights in Python"


@dataclass(frozen=True)
class DeviceLimits:
    """What the device in use allows. Bytes, but for ``max_texture_side``. ``reason``: why the budget is what it is.

    ``held``: what the renderers that share the budget hold already, for as long as the next one draws beside them.
    """

    budget: int
    max_buffer_bytes: int
    max_texture_side: int
    kind: str
    reason: str
    held: int = 0

    @property
    def left(self) -> int:
        """Bytes of the budget for the next renderer."""
        return max(0, self.budget - self.held)


WITHOUT_NATIVE = DeviceLimits(256 * MIB, 128 * MIB, MAX_SIDE, "none", "no renderer")
"""For reading a DEM where nothing can be drawn but a hillshade by NumPy."""


def device_limits(adapter: str = "auto") -> DeviceLimits:
    """The limits of the adapter that this name chooses; makes its device. Raises DeviceError, NativeMissingError,
    SceneError.

    The budget is the one set for the process, or the default: an eighth of the free system memory where the adapter
    shares it; on a card half of its own memory, but no more than a quarter of the free system memory.
    """
    module, adapter = native(), checked_adapter(adapter)
    with translated():
        info, memory = module.device_info(adapter), module.memory_metrics()
    budget, kind = int(memory["total_limit"]), str(info["kind"])
    if budget != info["default_budget"]:
        reason = Note("chosen: {budget}", budget=format_bytes(budget))
    elif info["device_memory"] is not None:
        reason = Note(
            "{kind}, {own} of its own, {free} free: {budget}", kind=kind, own=format_bytes(info["device_memory"]),
            free=format_bytes(info["free_memory"]), budget=format_bytes(budget),
        )  # fmt: skip
    else:
        reason = Note(
            "{kind}, {free} free: {budget}",
            kind=kind,
            free=format_bytes(info["free_memory"]),
            budget=format_bytes(budget),
        )
    return DeviceLimits(
        budget=budget,
        max_buffer_bytes=int(info["max_buffer_bytes"]),
        max_texture_side=int(info["max_texture_side"]),
        kind=kind,
        reason=reason,
        held=int(memory["common_bytes"]),
    )


_KINDS = ("discrete", "integrated", "virtual", "software", "cpu", "other")


def default_budget(adapter: str = "auto") -> int:
    """Bytes that the renderers on this adapter may hold when nobody chose; see ``device_limits``, which it asks.

    Earlier versions took the kind of an adapter: one that no adapter here goes by means the one in use.
    """
    try:
        return device_limits(adapter).budget
    except DeviceError:
        if adapter not in _KINDS:
            raise
        return device_limits().budget


@dataclass(frozen=True)
class Plan:
    """How large a DEM is read and what the renderer will hold. Sizes are (columns, rows) or (width, height).

    ``bound_by``: what keeps the DEM from being read larger: "" (nothing, it is whole), "budget", "adapter" (its
    textures or buffers hold no more), or "caller" (``max_side``, ``max_samples``). ``height_bits``: of a height on the
    device, 32 or 16.
    """

    source_size: tuple[int, int]
    size: tuple[int, int]
    picture_size: tuple[int, int]
    strip_rows: int
    budget: int
    bytes_by_label: tuple[tuple[str, int], ...]
    bound_by: str = ""
    height_bits: int = 32

    @property
    def band_rows(self) -> int:
        """The name that ``strip_rows`` had before."""
        return self.strip_rows

    @property
    def factor(self) -> float:
        """Source cells to a held cell, along the longer side: 1 when nothing is left out. May be fractional."""
        longer = 0 if self.source_size[0] >= self.source_size[1] else 1
        return self.source_size[longer] / self.size[longer]

    @property
    def total_bytes(self) -> int:
        """What counts against the budget: everything but the array in Python."""
        return sum(size for label, size in self.bytes_by_label if label != LABEL_PYTHON)

    @property
    def note(self) -> str:
        """One sentence when the DEM is held smaller than its source, with the reason, else an empty text."""
        if self.size == self.source_size:
            return ""
        (cols, rows), (held_cols, held_rows) = self.source_size, self.size
        source, held = f"{cols}×{rows}", f"{held_cols}×{held_rows}"
        if self.bound_by == "budget":
            return Note(
                "{source} read as {held} to stay within {budget}",
                source=source,
                held=held,
                budget=format_bytes(self.budget),
            )
        if self.bound_by == "adapter":
            return Note("{source} read as {held} to stay within what this adapter holds", source=source, held=held)
        return Note("{source} read as {held}", source=source, held=held)


def plan(
    source_size: tuple[int, int],
    picture_size: tuple[int, int] = (1600, 1000),
    budget: int | None = None,
    *,
    limits: DeviceLimits | None = None,
    drape_size: tuple[int, int] | None = None,
    whole_picture: bool = False,
    max_side: int | None = None,
    max_samples: int | None = None,
    height_bits: int = 32,
    is_streamed: bool = False,
) -> Plan:
    """The largest DEM that fits, of the device whose ``limits`` these are (None: the one in use or to be made).

    ``source_size``: (columns, rows). ``picture_size``: (width, height), drawn in strips, or with ``whole_picture`` at
    once, as a preview is. ``budget``: bytes of a renderer's own, None for what is left of the device's. ``drape_size``:
    of the map that will be laid over it. ``max_side`` and ``max_samples`` limit the DEM further. ``height_bits``: of a
    height where the DEM is held whole; an averaged one takes 32. ``is_streamed``: no array of it stays in Python. Where
    a factor of whole or half cells uses 80 % of the samples that fit it is taken, else any. Sides are rounded up, so
    ``size`` covers exactly the ground of the source. Raises MemoryBudgetError when not even 64×64 samples fit beside
    the picture, SceneError for arguments, DemError for a source of less than 2×2.
    """
    source_size = checked_pair("source_size", source_size)
    picture_size = checked_pair("picture_size", picture_size, most=MAX_SIDE)  # the widest picture, too
    if drape_size is not None:
        drape_size = checked_pair("drape_size", drape_size)
    if limits is None:
        limits = _limits_in_use()
    if drape_size is not None and max(drape_size) > limits.max_texture_side:
        got = f"{drape_size[0]}×{drape_size[1]}"
        limit = f"sides of 1..{limits.max_texture_side}, the adapter's limit"
        raise scene_error("drape_size", limit, got, "give a smaller one")
    held = limits.held if budget is None else 0
    budget = limits.budget if budget is None else checked_budget(budget)
    lines = picture_size[1] if whole_picture else strip_rows(picture_size, budget)
    most_samples = math.inf if max_samples is None else max(4, _checked_count("max_samples", max_samples))
    most_side = math.inf if max_side is None else max(2, _checked_count("max_side", max_side))
    longer = 0 if source_size[0] >= source_size[1] else 1

    def bits(size: tuple[int, int]) -> int:
        return height_bits if size == source_size else 32

    def cost(size: tuple[int, int]) -> dict[str, Any]:
        return estimate(size, (picture_size[0], lines), drape_size, height_bits=bits(size))

    # A picture that stays, as a preview does, leaves room for an export beside it.
    export = estimate(None, EXPORT_STRIP, None)["total_bytes"] if whole_picture else 0
    room = held + export

    def bound(size: tuple[int, int]) -> str:
        """What this size does not keep; an empty text when it fits."""
        if size[0] * size[1] > most_samples or max(size) > most_side:
            return "caller"
        if max(size) > limits.max_texture_side:
            return "adapter"
        needs = cost(size)
        if needs["largest_binding_bytes"] > limits.max_buffer_bytes:
            return "adapter"
        return "budget" if needs["total_bytes"] + room > budget else ""

    least = _smaller(source_size, min(source_size[longer], 64))
    if bound(least) == "budget":
        needs = cost(least)["total_bytes"] + room
        width, height = picture_size
        raise MemoryBudgetError(
            f"memory budget: expected at least {format_bytes(needs)} for a picture of {width}×{height}; "
            f"got {format_bytes(budget)}; fix: raise the memory budget or make the picture smaller"
        )
    size, bound_by = source_size, ""
    if bound(source_size):
        # The largest longer side that fits. None at all where the caller wants less than a cell: two samples then.
        low, high = 2, source_size[longer]
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if bound(_smaller(source_size, middle)) else (middle, high)
        size, bound_by = _smaller(source_size, low), bound(_smaller(source_size, high))
        even = _smaller(source_size, math.ceil(source_size[longer] / (math.ceil(2 * source_size[longer] / low) / 2)))
        # It may take more than a larger one: the strips of its upload are whole rows.
        if even[0] * even[1] >= ENOUGH * size[0] * size[1] and not bound(even):
            size = even
    return Plan(
        source_size=source_size,
        size=size,
        picture_size=picture_size,
        strip_rows=lines,
        budget=budget,
        bytes_by_label=(
            *((str(label), int(count)) for label, count in cost(size)["items"]),
            ("room for an export", export),
            ("held by others", held),
            (LABEL_PYTHON, 0 if is_streamed else 4 * size[0] * size[1]),
        ),
        bound_by=bound_by,
        height_bits=bits(size),
    )


def _limits_in_use() -> DeviceLimits:
    try:
        return device_limits()
    except NativeMissingError:
        return WITHOUT_NATIVE


def estimate(
    size: tuple[int, int] | None,
    picture: tuple[int, int] | None,
    drape: tuple[int, int] | None,
    *,
    height_bits: int = 32,
) -> dict[str, Any]:
    """``forge3d_native.memory_estimate``; without the native part only what the heights themselves take."""
    try:
        module = native()
    except NativeMissingError:
        count = size[0] * size[1] if size is not None else 0
        items = [("height texture", 4 * count)]
        return {"items": items, "total_bytes": 4 * count, "host_visible_bytes": 0, "largest_binding_bytes": 0}
    with translated(argument_error=DemError):
        found: dict[str, Any] = module.memory_estimate(size, picture, drape, height_bits=height_bits)
    return found


def peak_bytes(
    dem_size: tuple[int, int], picture_size: tuple[int, int], lines: int, drape_size: tuple[int, int] | None = None,
    budget: int | None = None, *, height_bits: int = 32, is_loaded: bool = False,
) -> int:  # fmt: skip
    """Bytes that a renderer holds at most, from the upload of the heights to the last strip of the picture.

    ``dem_size``: (columns, rows) of the heights held, each in ``height_bits``. ``lines``: rows of the picture that are
    drawn at a time. What heights and drape are uploaded through is gone before a strip is drawn. A strip's bytes are
    still the caller's while the next one is drawn, as long as ``budget`` has room for both. ``is_loaded``: the heights
    are there already.
    """
    width, height = picture_size
    frame = estimate(None, None, None)["total_bytes"]
    heights = estimate(dem_size, None, None, height_bits=height_bits)
    while_loading = heights["total_bytes"]
    held = while_loading - _staging(heights)
    if is_loaded:
        while_loading = held
    if drape_size is not None:
        held += 4 * drape_size[0] * drape_size[1]
        while_loading = max(while_loading, held + _staging(estimate(None, None, drape_size)))

    def strip(rows: int) -> int:
        needs = estimate(None, (width, rows), None)
        return int(needs["total_bytes"]) - _staging(needs) - int(frame)

    most = held + strip(min(lines, height))
    if lines < height:
        # The last strip may be lower than the one before it, whose bytes still wait.
        rows = lines if height >= 2 * lines else height - lines
        two = held + strip(rows) + 4 * width * lines
        if budget is None or two <= budget:
            most = max(most, two)
    return int(max(while_loading, most))


def _staging(needs: dict[str, Any]) -> int:
    return int(dict(needs["items"]).get("upload staging", 0))


def _smaller(size: tuple[int, int], longer: int) -> tuple[int, int]:
    """``size`` with its longer side at ``longer``, the other in proportion, rounded up."""
    # Two samples a side at least: one row of samples has no cell that could be drawn.
    cols, rows = size
    if cols >= rows:
        return longer, max(math.ceil(rows * longer / cols), min(rows, 2))
    return max(math.ceil(cols * longer / rows), min(cols, 2)), longer


def strip_rows(
    picture_size: tuple[int, int], budget: int, *, dem_size: tuple[int, int] | None = None,
    drape_size: tuple[int, int] | None = None, height_bits: int = 32,
) -> int:  # fmt: skip
    """Rows of the picture that are drawn at a time: all of them, or as many as a quarter of the budget holds.

    Without ``dem_size`` the quarter has room for the upload of heights as well: what a plan keeps free beside them.
    With ``dem_size`` (columns, rows of the heights held, each in ``height_bits``) they are there, what they were
    uploaded through is gone, and a strip may take all that they and the drape leave of the quarter and the budget. Then
    more than eight rows are a multiple of eight, as rows are traced eight at a time. At least one row.
    """
    width, height = picture_size
    frame = estimate(None, None, None)["total_bytes"]

    def fits(rows: int) -> bool:
        strip = estimate(None, (width, rows), None)
        if dem_size is None:
            return bool(strip["total_bytes"] - frame <= budget // 4)
        if strip["total_bytes"] - _staging(strip) - frame > budget // 4:
            return False
        needs = estimate(dem_size, (width, rows), drape_size, height_bits=height_bits)
        return bool(needs["total_bytes"] - _staging(needs) <= budget)

    rows = largest(height, fits)
    return rows if dem_size is None or rows == height or rows <= TRACED_ROWS else rows // TRACED_ROWS * TRACED_ROWS


def largest(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number in 1..limit that fits; 1 where none does."""
    if fits(limit):
        return limit
    low, high = 1, limit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def checked_pair(name: str, size: tuple[int, int], *, most: float = math.inf) -> tuple[int, int]:
    """``size`` as two ints in 1..``most``. Raises SceneError."""
    try:
        x, y = (int(value) for value in size)
        if (x, y) == tuple(size) and min(x, y) >= 1 and max(x, y) <= most:
            return x, y
    except (TypeError, ValueError, OverflowError):
        pass
    expected = "two whole numbers from 1" + (f" to {most:.0f}" if math.isfinite(most) else "")
    raise scene_error(name, expected, size, "give for example (1600, 1000)")


def _checked_count(name: str, count: float) -> float:
    number = as_float(count)
    if math.isnan(number):
        raise scene_error(name, "a number", count, "give None for no limit")
    return number


def checked_adapter(adapter: object) -> str:
    """``adapter`` where it is a text, as names of adapters are. Raises SceneError."""
    if not isinstance(adapter, str):
        raise scene_error(
            "adapter", "a name", adapter, "give auto, hardware, software, a key, an index, or part of a name"
        )
    return adapter


def checked_budget(budget: float) -> int:
    """``budget`` in whole bytes, at most 2⁶³ - 1: the native side counts in 64 bits. Raises SceneError."""
    most = 2**63 - 1
    if isinstance(budget, int) and not isinstance(budget, bool):  # exact, and of any length
        return max(0, min(budget, most))
    number = as_float(budget)
    if math.isnan(number):
        raise scene_error("memory budget", "bytes", budget, "parse_bytes('256MiB') makes them of a text")
    return int(number) if 0 < number < most else (0 if number <= 0 else most)


_UNITS = {"": 1, "B": 1}
for _power, _letter in enumerate("KMGT", start=1):
    _UNITS[_letter] = _UNITS[f"{_letter}IB"] = 1024**_power
    _UNITS[f"{_letter}B"] = 1000**_power


def parse_bytes(text: str) -> int:
    """Bytes of ``256MiB``, ``1.5 GiB``, ``512MB`` (10⁶), ``512M`` (2²⁰) or a plain number, at most 2⁶³ - 1.

    Raises SceneError.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text) if isinstance(text, str) else None
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or unit is None or float(match[1]) * unit < 1:
        raise scene_error("memory size", "a number above 0 with a unit", text, "write 256MiB or 2GiB")
    return int(min(float(match[1]) * unit, 2**63 - 1))


def format_bytes(count: int) -> str:
    """``256 MiB``, ``1.5 GiB``: three digits at most."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1023.5 and len(units) > 1:
        value /= 1024
        del units[0]
    return f"{value:.3g} {units[0]}" if value < 999.5 else f"{value:.0f} {units[0]}"
