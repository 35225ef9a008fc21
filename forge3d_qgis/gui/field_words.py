"""Labels and tooltips of a scene's fields and shading models, in the user's language."""

from __future__ import annotations

from ..core.fields import FIELDS
from ..core.quality import QUALITIES, Quality
from ..core.styles import ShadingModel
from ..text import number, tr, tr_core


def label(path: str) -> str:
    """With the ``&`` of its key."""
    return tr_core(FIELDS[path].label)


def tip(path: str) -> str:
    """What the number means, its range in the form, and its default."""
    field = FIELDS[path]
    low, high = field.form_range
    bounds = tr("{low} to {high}, default {default}").format(
        low=_short(low), high=_short(high) + field.unit, default=_short(field.default) + field.unit
    )
    return f"{tr_core(field.tip)}\n{bounds}"


def shading(name: str, model: ShadingModel | None) -> str:
    """A model for the list. One that nobody has translated yet shows the words of its row, if it has one."""
    words = {
        "relief": tr("Relief: sun, shadows and sky"),
        "hillshade": tr("Hillshade: grey, after Horn"),
    }
    title = name.replace("_", " ").capitalize()
    return words.get(name, f"{title}: {model.summary}" if model is not None else title)


def qualities() -> list[tuple[str, str, str]]:
    """Name, words and tip of each preset, for a box; the first, without a name, sets nothing."""
    free = ("", tr("As fine as memory allows"), tr("All heights that fit the memory, and the samples of the options"))
    return [
        free,
        *((name, tr_core(one.label), f"{tr_core(one.tip)}\n{_numbers(one)}") for name, one in QUALITIES.items()),
    ]


def _numbers(quality: Quality) -> str:
    return tr("{samples} samples a pixel").format(samples=quality.samples)


def _short(value: float) -> str:
    return number(value, 0 if float(value).is_integer() else 2)
