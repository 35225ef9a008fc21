"""The table of a scene's numbers: name, range, default, unit and words. ``Scene`` checks by it; forms are made of it.

English words are marked by ``translatable``, so that a front finds them in its language. Knows nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from .checks import check_bearing, check_number


def translatable(text: str) -> str:
    """``text`` itself. Marks a literal of core that fronts show in the user's language."""
    return text


@dataclass(frozen=True)
class Field:
    """One number of a scene. ``path`` is where it stands in ``Scene``: ``sun.altitude``.

    ``low``..``high`` are what ``Scene`` takes; ``offered`` is the part that a form offers where that is less. A
    ``bearing`` takes any finite number and wraps it into 0..360. ``advice``: how to mend a value out of range.
    ``label`` and ``tip``: for forms and help; ``&`` stands before the letter that reaches the control.
    """

    path: str
    default: float
    low: float
    high: float
    label: str
    tip: str
    advice: str
    unit: str = ""
    step: float = 1.0
    decimals: int = 1
    logarithmic: bool = False
    bearing: bool = False
    offered: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """The attribute's own name: the last part of ``path``."""
        return self.path.rpartition(".")[2]

    @property
    def form_range(self) -> tuple[float, float]:
        """Lowest and highest value that a form offers."""
        return self.offered or (self.low, self.high)

    def clamped(self, value: float) -> float:
        """The nearest value that ``Scene`` takes."""
        return value % 360.0 if self.bearing else min(self.high, max(self.low, value))


FIELDS: dict[str, Field] = {
    field.path: field
    for field in (
        Field(
            "exaggeration", 1.0, 0.01, 1000.0,
            translatable("E&xaggeration"),
            translatable("Vertical exaggeration. 1 is true scale, 2 doubles the heights."),
            "1 draws heights as they are, 2 doubles them",
            unit=" ×", step=0.1, decimals=2, logarithmic=True,
            offered=(0.02, 50.0),  # symmetric about 1, so that true scale is the middle of a slider
        ),
        Field(
            "sun.azimuth", 315.0, 0.0, 360.0,
            translatable("A&zimuth"), translatable("Direction the light comes from, clockwise from north"),
            "give a compass bearing: 0 north, 90 east", unit="°", step=5.0, bearing=True,
        ),
        Field(
            "sun.altitude", 45.0, 0.0, 90.0,
            translatable("A&ltitude"), translatable("Height of the sun: 0 on the horizon, 90 overhead"),
            "degrees above the horizon: 0 horizon, 90 zenith", unit="°", step=5.0,
        ),
        Field(
            "sun.size", 2.0, 0.0, 45.0,
            translatable("So&ftness"),
            translatable("Softness of the shadows: the diameter of the sun. The real sun has 0.5°."),
            "degrees across the disk: 0.53 is the real sun, 2 to 10 look soft", unit="°",
        ),
        Field(
            "sun.intensity", 1.0, 0.0, 10.0,
            translatable("Sun light"), translatable("Strength of the direct light; 1 is full daylight"),
            "1 is full daylight", step=0.1, decimals=2,
        ),
        Field(
            "sky_intensity", 1.0, 0.0, 2.0,
            translatable("S&ky light"),
            translatable(
                "Light from the whole sky; 1 is natural. It brightens what is open and leaves valleys dark."
            ),
            "1 is the natural amount of sky light, 0 none", step=0.1, decimals=2,
        ),
        Field(
            "exposure", 1.0, 0.01, 100.0,
            translatable("Exposure"), translatable("Brightness of the whole picture; 2 is twice as bright"),
            "1 is neutral, 2 twice as bright", step=0.1, decimals=2, logarithmic=True,
        ),
        Field(
            "camera.heading", 0.0, 0.0, 360.0,
            translatable("&Heading"), translatable("Direction you look to, clockwise from north"),
            "give a compass bearing: 0 north, 90 east", unit="°", step=5.0, bearing=True,
        ),
        Field(
            "camera.pitch", 45.0, 0.0, 90.0,
            translatable("P&itch"), translatable("How far you look down: 0 level, 90 from above"),
            "degrees below the horizon: 0 looks level, 90 straight down", unit="°", step=5.0,
        ),
        Field(
            "camera.zoom", 1.0, 1e-3, 1e6,
            translatable("Zoom"), translatable("Magnification: 1 fits the whole DEM, 2 makes it twice as large"),
            "1 fits the whole DEM, 2 makes it twice as large", unit=" ×", step=0.1, decimals=2, logarithmic=True,
        ),
        Field(
            "camera.field_of_view", 35.0, 1.0, 120.0,
            translatable("Field of view"), translatable("Vertical opening of the perspective; 35 looks natural"),
            "vertical angle in degrees: 35 looks natural", unit="°",
        ),
    )
}  # fmt: skip


def check_field(owner: object, path: str) -> None:
    """Makes the attribute of ``owner`` that ``path`` ends in a float in its range, or raises SceneError."""
    field = FIELDS[path]
    if field.bearing:
        check_bearing(owner, field.name)
    else:
        check_number(owner, field.name, field.low, field.high, field.advice)
