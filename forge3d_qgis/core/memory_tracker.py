"""The native ledger of memory in Python's words: what is held, against which budget, and what a function takes.

There is one ledger, the native module's; nothing is counted here. ``core.resource_tracker`` enters into it what Python
holds. The names of plans and budgets live in ``core.budget``, and are known here too, where they were before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

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
from .native import native, translated
from .quality import Quality, adaptive_quality, get_preset_config, validate_memory_constraint

__all__ = [
    "GIB", "MAX_SIDE", "MIB", "MemoryTracker", "Metrics", "Plan", "Quality", "adaptive_quality", "band_rows",
    "checked_budget", "default_budget", "format_bytes", "get_preset_config", "global_tracker", "parse_bytes", "plan",
    "profile_memory_usage", "validate_memory_constraint",
]  # fmt: skip

Result = TypeVar("Result")


class Metrics(dict[str, Any]):
    """What ``MemoryTracker.get_metrics`` tells; ``metrics.total_bytes`` is ``metrics["total_bytes"]``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"expected one of {', '.join(sorted(self))}; got {name!r}") from None


class MemoryTracker:
    """The ledger of the process. Get it from ``global_tracker``. Every call raises NativeMissingError without it."""

    def get_metrics(self) -> Metrics:
        """The numbers of now; bytes are of the whole process, those of ``limits`` are the common budget's.

        - ``buffer_count``, ``buffer_bytes``, ``texture_count``, ``texture_bytes``; ``total_bytes`` is their sum.
        - ``host_visible_bytes``: buffers that the host maps. ``device_local_bytes``: all else, but the arrays in Python
          that count against no budget. ``python_bytes``: what Python registered, those arrays among it.
        - ``peak_bytes``: the highest total so far, ``device_peak_bytes`` without what Python registered.
        - ``limits``: ``total`` and ``host_visible`` of the budget that renderers without one of their own share.
          Before a device was made they are 0, or, once ``check_budget`` or a first entry of ``core.resource_tracker``
          needed them, those of an adapter that shares the system's memory; the device then brings its own.
          ``utilization_ratio``: what is held of it, of whichever limit is nearer.
        - ``within_budget``: of all budgets. ``budget_policy``: "enforce" or "warn". ``health``: "normal", "high" (over
          the first share of ``health_marks``, 75 %) or "critical" (over the second, 90 %). ``top``: (label, bytes) of
          the eight largest.
        """
        with translated():
            found = native().memory_metrics()
        shares = [
            found[held] / found[limit]
            for held, limit in (
                ("common_bytes", "total_limit"),
                ("common_host_visible_bytes", "host_visible_limit"),
            )
            if found[limit]
        ]
        metrics = Metrics(found)
        metrics["limits"] = {"total": metrics.pop("total_limit"), "host_visible": metrics.pop("host_visible_limit")}
        metrics["utilization_ratio"] = max(shares, default=0.0)
        high, critical = metrics["health_marks"]
        share = metrics["utilization_ratio"]
        metrics["health"] = "critical" if share > critical else "high" if share > high else "normal"
        return metrics

    def reset_peak(self) -> None:
        """Peaks begin anew at what is held now."""
        native().reset_peak()

    def check_budget(self, bytes: int) -> None:
        """Raises MemoryBudgetError where so many bytes more would pass the budget, whatever the policy.

        The text names what was asked for, what is held, the limit, the largest users and the remedy.
        """
        with translated():
            native().check_budget(bytes)

    def set_budget_policy(self, policy: str) -> None:
        """``enforce``, the start's: a reservation beyond a limit is refused. ``warn``: it is made, ``within_budget`` is
        False as long as a limit is passed, and a log record tells it. For all budgets. Raises SceneError."""
        with translated():
            native().set_budget_policy(policy)


_TRACKER = MemoryTracker()


def global_tracker() -> MemoryTracker:
    """The one tracker, of the one ledger."""
    return _TRACKER


def profile_memory_usage(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Calls ``function`` with the other arguments, prints what it took, and returns what it returned.

    Printed: its name, seconds, what buffers and textures grew by, and the highest total while it ran: for that the
    peak begins anew.
    """
    tracker = global_tracker()
    tracker.reset_peak()
    before, start = tracker.get_metrics(), time.perf_counter()
    result = function(*args, **kwargs)
    seconds, after = time.perf_counter() - start, tracker.get_metrics()
    print(f"Function: {getattr(function, '__name__', repr(function))}")
    print(f"Duration: {seconds:.3f}s")
    print(f"Buffer growth: {(after.buffer_bytes - before.buffer_bytes) / 1024:.1f} KiB")
    print(f"Texture growth: {(after.texture_bytes - before.texture_bytes) / 1024:.1f} KiB")
    print(f"Peak memory: {after.peak_bytes / MIB:.1f} MiB")
    return result
