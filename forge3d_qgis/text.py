"""Words and numbers for people: translation, thousands, bytes. The only place that knows the translation context."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication, QLocale

CONTEXT = "Forge3D"


def tr(text: str) -> str:
    """``text`` in the user's language. Call it with a literal only: the extractor reads the source, not the program."""
    return QCoreApplication.translate(CONTEXT, text)


def tr_core(text: str) -> str:
    """A text of core that its source marks as ``translatable``, or a note's template, in the user's language."""
    return QCoreApplication.translate(CONTEXT, text)


def number(value: float, decimals: int = 0) -> str:
    """A number with the separators of the user's locale."""
    return QLocale().toString(float(value), "f", decimals)


def size_text(count: int) -> str:
    """Bytes as MiB or GiB, with as many digits as anybody reads."""
    mebibytes = count / 2**20
    if mebibytes >= 1024:
        return f"{number(mebibytes / 1024, 1)} GiB"
    return f"{number(mebibytes, 0 if mebibytes >= 10 else 1)} MiB"
