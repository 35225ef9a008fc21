"""What core did to the data, in the user's words: the one table of its notes."""

from __future__ import annotations

from ..core.notes import Note
from ..text import tr


def note_text(note: str) -> str:
    """A note of ``core`` on what was done to the data, in the user's language; other texts as they are."""
    if not isinstance(note, Note):
        return note
    words = {
        "{source} read as {held} to stay within {budget}": tr("{source} read as {held} to stay within {budget}"),
        "{source} read as {held} to stay within what this adapter holds": tr(
            "{source} read as {held} to stay within what this adapter holds"
        ),
        "{kind}, {own} of its own, {free} free: {budget}": tr("{kind}, {own} of its own, {free} free: {budget}"),
        "{kind}, {free} free: {budget}": tr("{kind}, {free} free: {budget}"),
        "chosen: {budget}": tr("chosen: {budget}"),
        "{source} read as {held}": tr("{source} read as {held}"),
        "source without a size of its own, read as {held}": tr("source without a size of its own, read as {held}"),
        "{value} read as void (undeclared nodata, {share} %)": tr(
            "{value} read as void (undeclared nodata, {share} %)"
        ),
        "degrees as {across}×{down} m a cell": tr("degrees as {across}×{down} m a cell"),
        "map units of {metres} m ({name})": tr("map units of {metres} m ({name})"),
        "projection's stretch undone: one map unit is {across} × {down} m here": tr(
            "projection's stretch undone: one map unit is {across} × {down} m here"
        ),
        "no georeference: square cells of 1 m, row 0 in the north": tr(
            "no georeference: square cells of 1 m, row 0 in the north"
        ),
        "no CRS: taken as degrees on WGS 84, as heights far exceed the extent": tr(
            "no CRS: taken as degrees on WGS 84, as heights far exceed the extent"
        ),
        "CRS not understood: map units taken as metres": tr("CRS not understood: map units taken as metres"),
        "no CRS: map units taken as metres": tr("no CRS: map units taken as metres"),
        "placed by its ground control points": tr("placed by its ground control points"),
        "its georeference is degenerate and was left aside": tr("its georeference is degenerate and was left aside"),
        "its scale and offset are no numbers to reckon with and were left aside": tr(
            "its scale and offset are no numbers to reckon with and were left aside"
        ),
        "stored as one block, decoded as a whole: {size} of memory": tr(
            "stored as one block, decoded as a whole: {size} of memory"
        ),
        "values beyond ±1e18 read as void ({share} %)": tr("values beyond ±1e18 read as void ({share} %)"),
        "radii as heights above {metres} m": tr("radii as heights above {metres} m"),
        "heights counted from {metres} m": tr("heights counted from {metres} m"),
        "heights × {factor}": tr("heights × {factor}"),
        "unit of heights «{unit}» not known, taken as metres": tr(
            "unit of heights «{unit}» not known, taken as metres"
        ),
        "feet × {factor}": tr("feet × {factor}"),
        "US survey feet × {factor}": tr("US survey feet × {factor}"),
    }
    return words.get(note.template, note.template).format(**note.values)
