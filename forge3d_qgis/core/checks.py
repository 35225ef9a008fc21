"""Checks of single values, for the frozen classes of a scene. Each raises SceneError; knows no more than that."""

from __future__ import annotations

import math
import re
from typing import Any, TypeVar

from .errors import SceneError

_T = TypeVar("_T", bound=str)
_LONGEST_VALUE = 160


def scene_error(what: str, expected: str, got: object, fix: str) -> SceneError:
    """The error to raise. What is too long for a message is shown by its beginning."""
    try:
        shown = repr(got)
    except ValueError:  # Python writes no integer of more than 4300 digits
        shown = f"an integer of {int(got).bit_length()} bits" if isinstance(got, int) else type(got).__name__
    if len(shown) > _LONGEST_VALUE:
        shown = shown[:_LONGEST_VALUE] + "…"
    return SceneError(f"{what}: expected {expected}; got {shown}; fix: {fix}")


def is_text(value: object) -> bool:
    """Whether it is a text that UTF-8 can write: no half of a pair of surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_float(value: Any) -> float:
    """The number, NaN for what is none: texts, booleans, arrays, integers beyond any float."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def check_number(owner: object, name: str, low: float, high: float, fix: str) -> None:
    """Makes the attribute a float in ``low``..``high``, or raises."""
    value = getattr(owner, name)
    what = f"{type(owner).__name__}.{name}"
    expected = f"a number in {low:g}..{high:g}"
    number = as_float(value)
    if not low <= number <= high:  # NaN too
        raise scene_error(what, expected, value, fix)
    object.__setattr__(owner, name, number)


def check_bearing(owner: object, name: str) -> None:
    """Makes the attribute a compass bearing in 0..360 (360 itself excluded) from any finite number of degrees."""
    value = getattr(owner, name)
    what = f"{type(owner).__name__}.{name}"
    number = as_float(value)
    if not math.isfinite(number):
        raise scene_error(what, "a finite number of degrees", value, "give a compass bearing: 0 north, 90 east")
    # The second remainder: -1e-20 % 360 rounds up to 360 itself.
    object.__setattr__(owner, name, number % 360.0 % 360.0)


def check_choice(owner: object, name: str, choices: tuple[_T, ...]) -> None:
    value = getattr(owner, name)
    if value not in choices:
        what = f"{type(owner).__name__}.{name}"
        raise scene_error(what, "one of " + ", ".join(choices), value, f"use {choices[0]!r}")


def check_flag(owner: object, name: str) -> None:
    value = getattr(owner, name)
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
        raise scene_error(f"{type(owner).__name__}.{name}", "True or False", value, "give a boolean")
    object.__setattr__(owner, name, bool(value))


def check_color(owner: object, name: str, *, transparent: bool) -> None:
    value = getattr(owner, name)
    if isinstance(value, str):
        lower = value.strip().lower()
        if re.fullmatch(r"#[0-9a-f]{6}", lower) or (transparent and lower == "transparent"):
            object.__setattr__(owner, name, lower)
            return
    expected = "'#rrggbb'" + (" or 'transparent'" if transparent else "")
    raise scene_error(f"{type(owner).__name__}.{name}", expected, value, "give a colour such as '#f4f1ea'")
