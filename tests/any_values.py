"""Values that nobody has checked, drawn by hypothesis, for the tests that say what happens to any of them.

Two profiles: ``suite``, which draws the same cases at every run, and ``long`` for runs by hand, which draws new ones:
``python -m pytest -m properties --hypothesis-profile=long``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SUITE_CASES, LONG_CASES = 100, 2000
"""Cases of a test of weight 1."""


def register_profiles() -> None:
    # No deadline: the machine decides how long a case takes. No database: what was found becomes a test of its own.
    plain = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True)
    settings.register_profile("suite", plain, max_examples=SUITE_CASES, derandomize=True)
    settings.register_profile("long", plain, max_examples=LONG_CASES, derandomize=False)
    settings.load_profile("suite")


def cases(weight: float = 1.0) -> settings:
    """Settings of a test that is worth ``weight`` times the cases of the profile in use."""
    return settings(max_examples=max(1, round(settings().max_examples * weight)))


class Raises:
    """Raises whatever is asked of it but its name, which hypothesis tells of a case that fails."""

    def _raise(self, *arguments: object) -> Any:
        raise ZeroDivisionError("in the caller's own code")

    __str__ = __index__ = __int__ = __float__ = __len__ = __iter__ = __getitem__ = __bool__ = _raise
    __lt__ = __gt__ = __le__ = __ge__ = _raise


class Unprintable:
    """Raises when it is shown."""

    def __repr__(self) -> str:
        raise ZeroDivisionError("in the caller's own code")


THINGS = st.sampled_from(
    [
        None, True, False, "", "a", "5", "auto", "\0", "é", "\ud800", "#12345é", "x" * 400, b"", b"5", [], [1], (),
        (1,), (1, 2), (1, 2, 3), (1.5, 2), [[1, 2], [3]], {}, {"a": 1}, {1, 2}, 1j, object, Ellipsis,
        NotImplemented, len, Fraction(1, 3), Decimal("NaN"),
        Decimal("1e400"), 10**400, -(10**400), range(3), memoryview(b"abcd"),
        np.float16(2), np.float32("nan"), np.float64("inf"), np.longdouble("1e4000"), np.int8(-3),
        np.uint64(2**64 - 1), np.bool_(True), np.datetime64("NaT"), np.array(4), np.array([1, 2]),
        np.array([], dtype="f4"), np.ma.masked,
    ]
)  # fmt: skip
"""No number that any argument could mean, most of them."""

EDGES = st.sampled_from(
    [
        0, 1, 2, -1, 3, 255, 256, 257, 1024, 1025, 16384, 16385, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1,
        2**63 - 1, 2**63, 2**64, -(2**31), -(2**63), -(2**64), 0.0, -0.0, 0.5, 1.5, 1e-45, 1e-30, -1e-300, 5e-324, 1e9,
        1e10, 3.4e38, 3.5e38, -3.5e38, 1e300, 1.8e308, float("inf"), float("-inf"), float("nan"),
    ]
)  # fmt: skip

NUMBERS = EDGES | st.floats() | st.integers(-(2**70), 2**70) | st.floats(-100, 100) | st.integers(-10, 100)
ANYTHING = NUMBERS | THINGS | st.text(max_size=8)


def or_anything(
    good: st.SearchStrategy[Any], often: int = 3, anything: st.SearchStrategy[Any] = ANYTHING
) -> st.SearchStrategy[Any]:
    """Mostly ``good``: a call with one wrong argument goes further than one with five."""
    return st.integers(0, often).flatmap(lambda n: good if n else anything)


def says_what_how_and_remedy(error: BaseException) -> bool:
    """Whether the text has the parts that every complaint about an argument has."""
    return re.search(r"expected .*; got .*; (fix: .|use `)", str(error), re.DOTALL) is not None
