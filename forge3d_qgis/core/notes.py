"""Notes on what was done to the data: English text that knows its template, so that a front can translate it."""

from __future__ import annotations


class Note(str):
    """``template`` filled with ``values``: ``Note("{a} read as {b}", a="4×4", b="2×2") == "4×4 read as 2×2"``.

    The template is a literal wherever a note is made: the list of texts to translate is taken from the source.
    """

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, **values: str) -> Note:
        note = super().__new__(cls, template.format(**values))
        note.template, note.values = template, values
        return note
