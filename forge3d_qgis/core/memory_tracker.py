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
from .quality import Quality, adaptive_quality, get_preset_config, validate_memory_constraint

__all__ = [
    "GIB", "MAX_SIDE", "MIB", "Plan", "Quality", "adaptive_quality", "band_rows", "checked_budget", "default_budget",
    "format_bytes", "get_preset_config", "parse_bytes", "plan", "validate_memory_constraint",
]  # fmt: skip
