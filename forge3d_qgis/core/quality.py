"""How finely to draw: presets by name, what each takes of memory, and how to step down and up again where memory is
short. Pure: the bytes are those of ``core.budget``, nothing is made here.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from .budget import (
    MAX_SIDE,
    DeviceLimits,
    checked_budget,
    checked_pair,
    device_limits,
    format_bytes,
    peak_bytes,
    plan,
    strip_rows,
)
from .checks import scene_error
from .errors import MemoryConstraintError
from .fields import translatable

Size = tuple[int, int]

PICTURE: Size = (1600, 1000)
"""Pixels of a picture of ``scale`` 1 where nobody gives a size."""
ASSUMED_DEM: Size = (4096, 4096)
"""The DEM whose memory is told where none is given: about that of a tile of one arc second (3601×3601)."""
_ROOMY = DeviceLimits(1 << 62, 1 << 62, MAX_SIDE, "none", "no limit")


# presets ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quality:
    """What a preset sets. Single options go over it.

    ``samples``: rays a pixel. ``scale``: sides of the picture, in sides of ``PICTURE`` or of the preview.
    ``dem_samples``: the most heights that are held; a larger DEM is averaged down. None: as many as memory allows.
    ``drape_scale``: sides of the map over the terrain, in those that the picture asks for. ``label`` and ``tip``:
    English words for forms.
    """

    name: str
    samples: int
    scale: float
    dem_samples: int | None
    drape_scale: float
    label: str
    tip: str

    @property
    def size(self) -> Size:
        """(width, height) in pixels where nobody gives a size."""
        return round(PICTURE[0] * self.scale), round(PICTURE[1] * self.scale)

    def held_size(self, dem_size: Size) -> Size:
        """(columns, rows) at which a DEM of this size is held, as far as the preset goes."""
        return plan(dem_size, (1, 1), limits=_ROOMY, max_samples=self.dem_samples).size

    def calculate_memory_usage(
        self,
        size: Size | None = None,
        *,
        dem_size: Size | None = None,
        drape_size: Size | None = None,
        budget: int | None = None,
        height_bits: int = 32,
    ) -> int:
        """Bytes that the renderer holds at most while it draws, from the upload to the last row read back.

        ``size``: (width, height) in pixels, None for the preset's own. ``dem_size``: (columns, rows) of the DEM, None
        for ``ASSUMED_DEM``; it counts as finely as the preset holds it. ``drape_size``: of the map over it, if any.
        ``budget``: the picture is drawn in the strips that it asks for; None: at once. ``height_bits``:
        of a height where the DEM is held whole, 32 or 16; an averaged one takes 32. Raises SceneError, DemError.
        """
        size = self.size if size is None else checked_pair("size", size, most=MAX_SIDE)
        dem_size = ASSUMED_DEM if dem_size is None else checked_pair("dem_size", dem_size)
        drape_size = None if drape_size is None else checked_pair("drape_size", drape_size)
        budget = None if budget is None else checked_budget(budget)
        held = self.held_size(dem_size)
        bits = height_bits if held == dem_size else 32
        lines = size[1]
        if budget is not None:
            lines = strip_rows(size, budget, dem_size=held, drape_size=drape_size, height_bits=bits)
        return peak_bytes(held, size, lines, drape_size, budget, height_bits=bits)


QUALITIES: dict[str, Quality] = {
    one.name: one
    for one in (
        Quality(
            "draft", 4, 0.5, 1024 * 1024, 0.5,
            translatable("Draft"),
            translatable("A quick look: half the size, few samples, coarse heights"),
        ),
        Quality(
            "balanced", 16, 1.0, 4096 * 4096, 1.0,
            translatable("Balanced"),
            translatable("For the screen: smooth, with heights of up to 4096×4096"),
        ),
        Quality(
            "high_quality", 32, 2.0, 8192 * 8192, 1.0,
            translatable("High quality"),
            translatable("Soft light without grain, with heights of up to 8192×8192"),
        ),
        Quality(
            "print", 64, 3.0, None, 2.0,
            translatable("Print"),
            translatable("Every height that memory allows, and the most samples: takes minutes"),
        ),
    )
}  # fmt: skip
"""By name, the quickest first."""


def get_preset_config(name: str) -> Quality:
    """The preset of this name. Raises SceneError."""
    found = QUALITIES.get(name.strip().lower().replace("-", "_")) if isinstance(name, str) else None
    if found is None:
        raise scene_error("quality", "one of " + ", ".join(QUALITIES), name, "use 'balanced'")
    return found


def validate_memory_constraint(
    config: Quality,
    *,
    size: Size | None = None,
    budget: int | None = None,
    dem_size: Size | None = None,
    drape_size: Size | None = None,
    height_bits: int = 32,
) -> None:
    """Passes where a picture of this quality fits ``budget`` (None: what is left of the device's), drawn in strips.

    Other arguments as in ``Quality.calculate_memory_usage``. Raises MemoryConstraintError, a ValueError, with the
    numbers; drawing it all the same would average the DEM further down.
    """
    if not isinstance(config, Quality):
        raise scene_error("config", "a preset", config, "get one with get_preset_config('balanced')")
    limit = device_limits().left if budget is None else checked_budget(budget)
    needed = config.calculate_memory_usage(
        size, dem_size=dem_size, drape_size=drape_size, budget=limit, height_bits=height_bits
    )
    if needed > limit:
        width, height = config.size if size is None else size
        cols, rows = config.held_size(ASSUMED_DEM if dem_size is None else dem_size)
        raise MemoryConstraintError(
            f"quality {config.name}: expected at most {format_bytes(limit)}; got {format_bytes(needed)} for a picture "
            f"of {width}×{height} of {cols}×{rows} heights; fix: take a quality of less detail, make the picture "
            "smaller, or raise the memory budget"
        )


# stepping down and up ---------------------------------------------------------------------------------------------


class Tier(enum.IntEnum):
    """How much of the detail that is wanted is drawn; the value divides its sides."""

    HIGH = 1
    MEDIUM = 2
    LOW = 4

    @property
    def divisor(self) -> int:
        """Of the sides."""
        return int(self)


@dataclass(frozen=True)
class Rung:
    """Detail of the map over the terrain, of the heights, and of the preview."""

    drape: Tier = Tier.HIGH
    dem: Tier = Tier.HIGH
    preview: Tier = Tier.HIGH


LADDER = (
    Rung(),
    Rung(Tier.MEDIUM),
    Rung(Tier.LOW),
    Rung(Tier.LOW, Tier.MEDIUM),
    Rung(Tier.LOW, Tier.LOW),
    Rung(Tier.LOW, Tier.LOW, Tier.MEDIUM),
    Rung(Tier.LOW, Tier.LOW, Tier.LOW),
)
"""What is given up, in this order: the map first, which hides nothing of the relief; the preview last: it is seen."""

BYTES_A_HEIGHT = 6
"""With its part of the pyramid, rounded up: how many heights a budget holds before any were read."""


def heights_at(tier: Tier, wanted: int | None, full: Size | None, budget: int) -> int | None:
    """Of how many samples a DEM is read at most; None: of as many as ``budget`` bytes allow.

    ``wanted``: what a preset allows, None for all. ``full``: (columns, rows) when it was read in full, if it was.
    """
    if tier is Tier.HIGH:
        return wanted
    most = full[0] * full[1] if full is not None else budget // BYTES_A_HEIGHT
    return max(4, min(most, wanted or most) // tier.divisor**2)


LOW_SHARE, MEDIUM_SHARE = 50 / 512, 200 / 512
"""Of the budget: with less than these available quality is low, or medium."""
STRETCH = 0.75
"""Heights that are read anew fit whatever budget there is: a rung is climbed to when this part of what it took before
fits."""
REST_S = 10.0
"""There must have been room for so long before a rung is climbed."""
LONGEST_REST_S = 640.0
"""After a climb that was refused the rest doubles, up to this."""


def memory_tier(available: int, budget: int) -> Tier:
    """The tier for something new where ``available`` bytes are left of ``budget``."""
    if available < LOW_SHARE * budget:
        return Tier.LOW
    return Tier.MEDIUM if available < MEDIUM_SHARE * budget else Tier.HIGH


def adaptive_quality(
    size: Size, target: str = "high_quality", *, available: int | None = None, budget: int | None = None
) -> tuple[Quality, Size]:
    """The quality and the size of picture for the memory that is there: ``target`` at ``size`` where it is plenty,
    balanced where it is medium, a draft of half the size where it is low. Never above ``target``.

    ``available``: bytes that are left of ``budget`` bytes; None: of the device's budget now.
    """
    wanted, size = get_preset_config(target), checked_pair("size", size, most=MAX_SIDE)
    if available is None or budget is None:
        limits = device_limits()
        budget = limits.budget if budget is None else budget
        available = limits.left if available is None else available
    tier = memory_tier(available, budget)
    if tier is Tier.HIGH:
        return wanted, size
    at_most = QUALITIES["balanced" if tier is Tier.MEDIUM else "draft"]
    chosen = min(wanted, at_most, key=list(QUALITIES.values()).index)
    return chosen, size if tier is Tier.MEDIUM else (max(1, size[0] // 2), max(1, size[1] // 2))


class QualityLadder:
    """Which rung of ``LADDER`` a relief stands on. Knows no clock: every call is told the time, in seconds.

    ``needs(rung)``: bytes that the relief takes on a rung, as far as that is known. A rung that needs no less than the
    one above it is passed over: there is nothing to give up on it.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Another relief: from the top."""
        self.level = 0
        self._room_since: float | None = None
        self._rest, self._not_before = REST_S, 0.0
        self._climbed_at: float | None = None

    @property
    def rung(self) -> Rung:
        """Where it stands."""
        return LADDER[self.level]

    def refused(self, needs: Callable[[Rung], int], now: float) -> bool:
        """A reservation or the driver said no: one rung down that gives something up. False at the foot.

        The way up is closed for a while, twice as long each time when the refusal follows a climb.
        """
        if self._climbed_at is not None and now - self._climbed_at < LONGEST_REST_S:
            self._rest = min(LONGEST_REST_S, 2 * self._rest)
        self._not_before, self._climbed_at, self._room_since = now + self._rest, None, None
        for level in range(self.level + 1, len(LADDER)):
            if needs(LADDER[level]) < needs(self.rung):
                self.level = level
                return True
        return False

    def consider(self, needs: Callable[[Rung], int], budget: int, now: float) -> bool:
        """Whether it moved: down at once to the first rung that fits ``budget``, up when there was room long enough."""
        if needs(self.rung) > budget:
            self._room_since = None
            return self._step_down(needs, budget, now)
        higher = self._highest_with_room(needs, budget)
        if higher is None:
            self._room_since = None
            return False
        if self._room_since is None:
            self._room_since = now
        if now < max(self._room_since + REST_S, self._not_before):
            return False
        self.level, self._room_since, self._climbed_at = higher, None, now
        return True

    def climb_again(self, needs: Callable[[Rung], int], now: float) -> bool:
        """Whether it moved, under a budget that was chosen: the relief was planned to fit it, so only a refusal has
        led down. Up by one rung that takes more than this one when the rest after the refusal is over.
        """
        if self.level == 0:
            return False
        if self._room_since is None:
            self._room_since = now
        if now < max(self._room_since + REST_S, self._not_before):
            return False
        more = [level for level in range(self.level) if needs(LADDER[level]) > needs(self.rung)]
        least = min((needs(LADDER[level]) for level in more), default=needs(self.rung))
        # The highest of those that take the same: the others give nothing up.
        self.level = next(level for level in range(self.level) if needs(LADDER[level]) <= least)
        self._room_since, self._climbed_at = None, now
        return True

    def _step_down(self, needs: Callable[[Rung], int], budget: int, now: float) -> bool:
        before, best = self.level, needs(self.rung)
        for level in range(self.level + 1, len(LADDER)):
            needed = needs(LADDER[level])
            if needed < best:
                self.level, best = level, needed
                if needed <= budget:
                    break
        if self.level != before:
            self._not_before = max(self._not_before, now + REST_S)
        return self.level != before

    def _highest_with_room(self, needs: Callable[[Rung], int], budget: int) -> int | None:
        """The highest rung above this one that would leave ``LOW_SHARE`` of the budget."""
        for level in range(self.level):
            reads_anew = LADDER[level].dem is not self.rung.dem
            needed = needs(LADDER[level]) * (STRETCH if reads_anew else 1.0)
            if needed <= (1 - LOW_SHARE) * budget:
                return level
        return None
