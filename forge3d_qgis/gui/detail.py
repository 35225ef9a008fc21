"""With how much detail the relief is read and drawn: what the user asks for, less what memory has no room for.
No Qt, no QGIS: who asks says the time and the sizes.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.budget import estimate
from ..core.quality import Quality, QualityLadder, Rung, Tier, heights_at
from .room import export_bytes

Size = tuple[int, int]


class Detail:
    """``quality``: the user's preset, asked for each time; None draws as finely as memory allows."""

    def __init__(self, quality: Callable[[], Quality | None]) -> None:
        self._quality = quality
        self._ladder = QualityLadder()
        self._bits = 32  # of a height when they were last read in full; smaller ones are averages, and floats
        self._full: Size | None = None  # columns and rows of the heights when they were last read in full
        self.is_told = False  # that memory is short, since everything was last drawn in full

    @property
    def rung(self) -> Rung:
        """What is given up for want of memory."""
        return self._ladder.rung

    @property
    def is_lowered(self) -> bool:
        """Whether anything is."""
        return self._ladder.level > 0

    def begin(self) -> None:
        """Another relief, or the same once more by the user's wish: all of it, as far as memory goes."""
        self._ladder.reset()
        self._full = None
        self.is_told = False

    # for who reads and draws ----------------------------------------------------------------------------------------

    def most_heights(self, budget: int) -> int | None:
        """Of how many samples a DEM is read at most; None: as many as ``budget`` bytes allow."""
        quality = self._quality()
        return heights_at(self.rung.dem, None if quality is None else quality.dem_samples, self._full, budget)

    def heights_came(self, size: Size, bits: int = 32) -> None:
        """Heights of (columns, rows) were read, and are held in ``bits`` each."""
        if self.rung.dem is Tier.HIGH:
            self._bits = bits
        if self.rung.dem is Tier.HIGH or self._full is None:
            self._full = (size[0] * self.rung.dem.divisor, size[1] * self.rung.dem.divisor)

    @property
    def drape_scale(self) -> float:
        """Sides of the map over the terrain, in those that the picture asks for."""
        quality = self._quality()
        return (1.0 if quality is None else quality.drape_scale) / self.rung.drape.divisor

    @property
    def chosen_divisor(self) -> int:
        """Of the preview's sides, as the user's quality has it."""
        quality = self._quality()
        return 1 if quality is None else max(1, round(1.0 / quality.scale))

    @property
    def divisor(self) -> int:
        """Of the preview's sides."""
        return self.chosen_divisor * self.rung.preview.divisor

    # moving ---------------------------------------------------------------------------------------------------------

    def _needs(self, picture: Size, drape: Size | None) -> Callable[[Rung], int]:
        now = self.rung

        def part(size: Size, before: Tier, after: Tier) -> Size:
            return max(2, size[0] * before // after), max(2, size[1] * before // after)

        def needs(rung: Rung) -> int:
            divisor = self.chosen_divisor * rung.preview.divisor
            shown = (max(1, picture[0] // divisor), max(1, picture[1] // divisor))
            heights = part(self._full or (2, 2), Tier.HIGH, rung.dem)
            over = part(drape, now.drape, rung.drape) if drape is not None else None
            bits = self._bits if rung.dem is Tier.HIGH else 32
            return int(estimate(heights, shown, over, height_bits=bits)["total_bytes"]) + export_bytes()

        return needs

    def consider(self, picture: Size, drape: Size | None, budget: int | None, now: float) -> bool:
        """Whether it moved, for a preview of ``picture`` pixels, a map of ``drape`` pixels as it is now, and ``budget``
        bytes; None: a budget that was chosen, see ``QualityLadder.climb_again``."""
        if budget is None:
            return self._ladder.climb_again(self._needs(picture, drape), now)
        return self._ladder.consider(self._needs(picture, drape), budget, now)

    def refused(self, picture: Size, drape: Size | None, now: float) -> bool:
        """Whether there was something to give up when a reservation or the driver said no."""
        return self._ladder.refused(self._needs(picture, drape), now)
