"""From a height source to a Dem, or to a stream of strips: the plan, and map and height units as metres."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from typing import Any

import numpy as np

from ..budget import LABEL_PYTHON, DeviceLimits, Plan, plan
from ..errors import Cancelled, DemError
from ..resource_tracker import in_ledger
from .datum import find_datum
from .gdal_source import open_source
from .grid import Dem, WholeWindow
from .ground_units import height_factor
from .source import HeightSource, levelled
from .stream import DemStream

Progress = Callable[[float], object]


def read_dem(
    path_or_source: str | os.PathLike[str] | HeightSource,
    *,
    band: int | None = None,
    memory_budget: int | None = None,
    max_side: int | None = None,
    z_factor: float | None = None,
    window: tuple[int, int, int, int] | None = None,
    max_samples: int | None = None,
    picture_size: tuple[int, int] = (1600, 1000),
    limits: DeviceLimits | None = None,
    whole_picture: bool = False,
    drape_size: tuple[int, int] | None = None,
    progress: Progress | None = None,
    cancel: object = None,
) -> Dem:
    """Reads heights into memory, in metres, averaged down where the budget asks for it.

    - ``path_or_source``: a path for ``open_source``, with ``band``, or a HeightSource.
    - ``memory_budget``: bytes the renderer may hold in all, for a picture of ``picture_size``; None: the budget of the
      device, whose ``limits`` these are (None: the one in use or to be made). ``whole_picture``: it is drawn at once,
      not in bands; ``drape_size``: of the map over it. See ``budget.plan``. ``max_side`` (of the heights held, at least
      2) and ``max_samples`` (at least 1) limit it further.
    - ``z_factor``: metres of one height unit; None: from the band's unit, metres if that is not known.
    - ``window``: (col, row, cols, rows) of the source to read; None: all of it.
    - ``progress``: called with 0..1. ``cancel``: an object with ``is_set()``, or a callable, true to stop; asked before
      each step of some 16 MiB.

    Distances are true at the DEM's centre: degrees by the ellipsoid of the CRS, feet as metres, and the stretch of
    Mercator and other projections undone where it passes 1 %. Radii of planets, and other heights more than 100 km from
    zero, lose a datum, ``Dem.datum_m``; all others are kept as they are. Raises DemError, MemoryBudgetError, Cancelled.
    """
    stream = open_dem(
        path_or_source, band=band, memory_budget=memory_budget, max_side=max_side, z_factor=z_factor, window=window,
        max_samples=max_samples, picture_size=picture_size, limits=limits, whole_picture=whole_picture,
        drape_size=drape_size, progress=progress, cancel=cancel, in_16_bits=False,
    )  # fmt: skip
    with stream:
        heights = in_ledger(np.empty(stream.shape, dtype=np.float32), LABEL_PYTHON)
        stream.read(heights)
        facts = stream.facts()
    return Dem(
        heights=heights,
        cell_to_world=facts.cell_to_world,
        georeference=facts.georeference,
        source_size=facts.source_size,
        name=facts.name,
        notes=facts.notes,
        datum_m=facts.datum_m,
        source_window=facts.source_window,
    )


def open_dem(
    path_or_source: str | os.PathLike[str] | HeightSource,
    *,
    band: int | None = None,
    memory_budget: int | None = None,
    max_side: int | None = None,
    z_factor: float | None = None,
    window: tuple[int, int, int, int] | None = None,
    max_samples: int | None = None,
    picture_size: tuple[int, int] = (1600, 1000),
    limits: DeviceLimits | None = None,
    whole_picture: bool = False,
    drape_size: tuple[int, int] | None = None,
    progress: Progress | None = None,
    cancel: object = None,
    in_16_bits: bool = True,
) -> DemStream:
    """Plans as ``read_dem`` does, with the same arguments, and reads nothing yet: the heights go strip by strip to the
    renderer that takes the stream, and leave no array in Python.

    ``in_16_bits``: heights that are whole metres of 16 bits, read undecimated, are held in half the bytes; the pictures
    are the same. ``progress`` and ``cancel`` are for the reading, whenever that is. Raises DemError, MemoryBudgetError,
    Cancelled; the rest of it is raised where the stream is taken.
    """
    if limits is not None and not isinstance(limits, DeviceLimits):
        raise DemError(f"limits: expected DeviceLimits; got {limits!r}; fix: ask device_limits(), or give None")
    if progress is not None and not callable(progress):
        raise DemError(f"progress: expected a function of 0..1; got {progress!r}; fix: give one, or None")
    if z_factor is not None:
        z_factor = _z_factor(z_factor)
    max_side = None if max_side is None else _whole("max_side", max_side, 2)
    max_samples = None if max_samples is None else _whole("max_samples", max_samples, 1)
    stop = _cancel_check(cancel)
    with ExitStack() as opened:
        if isinstance(path_or_source, (str, os.PathLike)):
            given: HeightSource = opened.enter_context(closing(open_source(os.fspath(path_or_source), band)))
        elif isinstance(path_or_source, HeightSource):
            given = path_or_source
        else:
            got = type(path_or_source).__name__
            raise DemError(f"path_or_source: expected a path or a HeightSource; got {got}; fix: give a raster's path")
        source = levelled(given)
        area = _checked_window(source, window)

        def planned(height_bits: int) -> Plan:
            return plan(
                (area[2], area[3]), picture_size, memory_budget, limits=limits, drape_size=drape_size,
                whole_picture=whole_picture, max_side=max_side, max_samples=max_samples, height_bits=height_bits,
                is_streamed=in_16_bits,
            )  # fmt: skip

        planned(16 if in_16_bits else 32)  # what cannot be is told before anything is read
        metres, unit_notes = height_factor(source.unit, z_factor)
        stop()
        return DemStream(
            source,
            area,
            planned,
            metres=metres,
            datum=find_datum(source, area, metres),
            unit_notes=unit_notes,
            report=progress or (lambda share: None),
            stop=stop,
            in_16_bits=in_16_bits,
            close=opened.pop_all().close,
        )


def _cancel_check(cancel: object) -> Callable[[], None]:
    asked = getattr(cancel, "is_set", cancel)

    def check() -> None:
        if callable(asked) and asked():
            raise Cancelled("reading the DEM was cancelled")

    return check


def _z_factor(given: Any) -> float:
    try:
        factor = float(given)
    except (TypeError, ValueError, OverflowError):
        factor = math.nan
    # Beyond these, float32 has no heights left: all would be 0 or infinite.
    if not 1e-30 < factor < 1e30:
        raise DemError(f"z_factor: expected a number above 0; got {given!r}; fix: metres of one height unit")
    return factor


def _whole(name: str, given: Any, least: int | None = None) -> int:
    """``given`` as a whole number; a float without fraction is one."""
    try:
        number = int(given)
        if isinstance(given, (bool, str, bytes)) or number != given or (least is not None and number < least):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        bound = "" if least is None else f" of at least {least}"
        raise DemError(
            f"{name}: expected a whole number{bound}; got {given!r}; fix: give one, or leave it out"
        ) from None
    return number


def _checked_window(source: HeightSource, window: Iterable[int] | None) -> WholeWindow:
    cols, rows = source.size
    if window is None:
        area = (0, 0, cols, rows)
    else:
        try:
            numbers = [_whole("window", value) for value in window]
        except TypeError:  # nothing to go through
            numbers = []
        inside = len(numbers) == 4 and min(numbers) >= 0
        if not inside or numbers[0] + numbers[2] > cols or numbers[1] + numbers[3] > rows:
            raise DemError(
                f"window: expected (col, row, cols, rows) inside {cols}×{rows}; got {window!r}; fix: cut it off there"
            )
        area = (numbers[0], numbers[1], numbers[2], numbers[3])
    if area[2] < 2 or area[3] < 2:
        got = f"{area[2]}×{area[3]}"
        raise DemError(f"{source.name}: expected at least 2×2 cells; got {got}; fix: choose a larger raster or window")
    return area
