"""The names that plans and budgets had before they moved to ``core.budget``."""

from __future__ import annotations

from .budget import (
    GIB,
    MAX_SIDE,
    MIB,
    Plan,
    checked_budget,
    default_budget,
    format_bytes,
    parse_bytes,
    plan,
)
from .budget import strip_rows as band_rows

__all__ = [
    "GIB", "MAX_SIDE", "MIB", "Plan", "band_rows", "checked_budget", "default_budget", "format_bytes", "parse_bytes",
    "plan",
]  # fmt: skip
