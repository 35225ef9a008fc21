"""Notes on what was done to the data: English text that knows its template, so that a front can translate it."""

from __future__ import annotations


class Note(str):
    """``template``, a literal wherever a note is made, for the translations' list; filled with ``values``: ``Note("{a} read as {b}", a="4×4", b="2×2") == "4×4 read as 2×2"``."""

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, **values: str) -> Note:
        note = super().__new__(cls, template.format(**values))
        note.template, note.values = template, values
        return note
