"""What is held beside the heights: the picture and the map over it, and how large both may be. No Qt, no QGIS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..core.budget import EXPORT_STRIP, estimate, largest
from ..core.render import MAX_PICTURE_SIDE

Size = tuple[int, int]

SHARE_OF_PICTURE = 0.6  # of the budget, with the map over it: the rest is for the heights
LEAST = (16, 16)  # of heights and picture: what they take is needed in any case
DIVISORS = range(1, 33)
SIDES_OF_PICTURE = 2.0  # a drape's longer side, in longer sides of the picture: sharp at twice the whole view
SMALLEST, LARGEST_IN_PREVIEW = 1024, 4096


def drape_side(picture: Size) -> int:
    """The longer side of the map over a picture of this size, where memory is plenty."""
    return int(min(LARGEST_IN_PREVIEW, max(SMALLEST, SIDES_OF_PICTURE * max(picture))))


@dataclass(frozen=True)
class Room:
    """For which picture heights are read. ``screen``: its pixels, the most a preview grows to; ``is_draped``: whether a
    map will lie over the heights."""

    screen: Size
    is_draped: bool

    def planned(self, budget: int, largest_texture: int) -> tuple[Size, Size | None]:
        """The picture, and the drape if there is one, that room is kept for beside the heights: the screen's, or
        smaller by a whole divisor where that would leave too little for the heights. The drape gets smaller first."""
        picture, drape = self.screen, None
        needed = estimate(LEAST, LEAST, None)["total_bytes"]
        room = SHARE_OF_PICTURE * (budget - needed - export_bytes())
        for divisor in DIVISORS:
            width, height = (min(MAX_PICTURE_SIDE, -(-side // divisor)) for side in self.screen)
            picture = (width, height)
            for less in (1, 2, 3) if self.is_draped else (1,):
                side = min(largest_texture, drape_side(self.screen) // (divisor * less))
                drape = (side, side) if self.is_draped else None  # its shape is known when the heights are
                if estimate(LEAST, picture, drape)["total_bytes"] - needed <= room:
                    return picture, drape
        return picture, drape

    def drape_side(
        self, wanted: int, shape: Callable[[int], Size], heights: Size, budget: int, height_bits: int = 32
    ) -> int:
        """The longest side up to ``wanted`` of a drape beside ``heights`` and the planned picture."""
        picture, _ = self.planned(budget, wanted)
        return longest_side(wanted, shape, heights, picture, budget - export_bytes(), height_bits)


def export_bytes() -> int:
    """Bytes kept for a strip of an export."""
    return int(estimate(None, EXPORT_STRIP, None)["total_bytes"])


def longest_side(
    wanted: int, shape: Callable[[int], Size], heights: Size, picture: Size, budget: int, height_bits: int = 32
) -> int:
    """The longest side up to ``wanted`` whose drape, of the size ``shape(side)``, fits beside heights and picture; 1
    where none does."""

    def fits(side: int) -> bool:
        return bool(estimate(heights, picture, shape(side), height_bits=height_bits)["total_bytes"] <= budget)

    return largest(wanted, fits)
