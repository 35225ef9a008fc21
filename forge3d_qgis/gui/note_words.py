"""What core did to the data, in the user's words."""

from __future__ import annotations

from ..core.notes import Note
from ..text import tr_core


def note_text(note: str) -> str:
    """A note of ``core`` on what was done to the data, in the user's language; other texts as they are."""
    return tr_core(note.template).format(**note.values) if isinstance(note, Note) else note
