"""Calls into GDAL: the one place that knows how they fail."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import DemError

# What leaves GDAL's bindings: RuntimeError where the process has chosen exceptions, and of a damaged raster in either
# mode also what Python raises on the way: text that is no text, a number beyond its type, a pointer that is null.
FAILURES = (RuntimeError, ValueError, TypeError, OverflowError, SystemError, MemoryError)


@contextmanager
def quiet_gdal() -> Iterator[Any]:
    """GDAL with its messages kept off stderr; whether it raises or returns None stays as the process has chosen.

    The choice is one for the process, and other plugins rely on theirs: callers here deal with both, None and
    ``FAILURES``. The error handler that is pushed belongs to this thread.
    """
    try:
        from osgeo import gdal
    except ImportError as error:
        raise DemError(
            f"GDAL: expected its Python bindings (osgeo); got {error}; "
            "fix: install python3-gdal, or use the Python of QGIS"
        ) from None
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    gdal.ErrorReset()
    try:
        yield gdal
    finally:
        gdal.PopErrorHandler()


@contextmanager
def unasked() -> Iterator[None]:
    """GDAL 3.7 and later ask every program to choose between exceptions and None, by a warning when a raster or a CRS
    is first made. Both choices are dealt with here. The filter is one for all threads: not for those that read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def last_message(gdal: Any) -> str:
    """What GDAL complained of last, on one line; damaged bytes that are no characters become question marks."""
    try:
        text = str(gdal.GetLastErrorMsg() or "")
    except FAILURES:
        return ""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


def ask(question: Callable[..., Any], *details: Any, **options: Any) -> Any:
    """What GDAL answers to a question about a raster; None where it has no answer.

    With exceptions it raises also where it has an answer and a complaint, such as a damaged tag that it can do without.
    It complains once: the second time the answer comes. So both modes read the same.
    """
    for _ in range(2):
        with suppress(*FAILURES):
            return question(*details, **options)
    return None


@contextmanager
def checked_gdal(name: str) -> Iterator[Any]:
    """As ``quiet_gdal``, with ``FAILURES`` as DemError about the raster ``name``."""
    with quiet_gdal() as gdal:
        try:
            yield gdal
        except FAILURES as error:
            reason = last_message(gdal) or str(error) or type(error).__name__
            raise DemError(
                f"{name}: expected a raster that GDAL reads; got: {reason}; fix: check that the file is complete"
            ) from None
