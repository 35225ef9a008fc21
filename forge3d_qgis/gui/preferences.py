"""Settings of the user, not of a project: budget, adapter, samples, log, the last export. One group in QgsSettings."""

from __future__ import annotations

from qgis.core import QgsSettings

from ..core.devices import LOG_LEVELS
from ..core.quality import QUALITIES, Quality
from ..core.render import MAX_SAMPLES

GROUP = "forge3d_qgis"
DEFAULT_SAMPLES = 64
DEFAULT_LOG_LEVEL = "info"


def _get(key: str, default, kind):
    return QgsSettings().value(f"{GROUP}/{key}", default, type=kind)


def _set(key: str, value) -> None:
    QgsSettings().setValue(f"{GROUP}/{key}", value)


def budget_mebibytes() -> int:
    """The memory limit; 0 leaves it to the adapter in use."""
    return max(0, _get("budget_mib", 0, int))


def budget_bytes() -> int | None:
    """The same in bytes; None where the adapter in use decides."""
    return budget_mebibytes() * 2**20 or None


def set_budget_mebibytes(value: int) -> None:
    _set("budget_mib", int(value))


def adapter() -> str:
    """``auto``, ``hardware``, ``software``, an adapter's key or a part of its name."""
    return _get("adapter", "auto", str) or "auto"


def set_adapter(value: str) -> None:
    _set("adapter", value)


def samples() -> int:
    """Samples a pixel at which the preview is done."""
    return min(MAX_SAMPLES, max(1, _get("samples", DEFAULT_SAMPLES, int)))


def set_samples(value: int) -> None:
    _set("samples", int(value))


def quality() -> Quality | None:
    """The preset that the user chose; None where the samples of the options count, and memory alone limits the rest."""
    return QUALITIES.get(_get("quality", "", str))


def set_quality(name: str) -> None:
    """``name``: of a preset; empty for none."""
    _set("quality", name)


def preview_samples() -> int:
    """Samples a pixel at which the preview is done: the chosen preset's, or those of the options."""
    chosen = quality()
    return samples() if chosen is None else chosen.samples


def log_level() -> str:
    """From which level on the renderer's own words go into the log panel."""
    level = _get("log_level", DEFAULT_LOG_LEVEL, str)
    return level if level in LOG_LEVELS else DEFAULT_LOG_LEVEL


def set_log_level(value: str) -> None:
    _set("log_level", value)


def validation() -> bool:
    """Whether the driver's own interface checks every call, from the next start of QGIS on."""
    return _get("validation", False, bool)


def set_validation(value: bool) -> None:
    _set("validation", bool(value))


def remembered(key: str, default, kind):
    """A value of a dialog's last use."""
    return _get(f"last/{key}", default, kind)


def remember(key: str, value) -> None:
    _set(f"last/{key}", value)
