"""Every string that people read is in the German and French files, translated, with its placeholders."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import update_translations  # noqa: E402


@pytest.mark.parametrize("language", ["de", "fr"])
def test_translation_is_complete(language):
    texts = update_translations.source_texts()
    path = ROOT / "resources" / "i18n" / f"forge3d_{language}.ts"
    known = update_translations.translations(path)
    assert path.read_text(encoding="utf-8") == update_translations.ts_text(language, texts, known), (
        "out of date; fix: python scripts/update_translations.py"
    )
    for text in texts:
        assert text in known, f"untranslated: {text!r}"
        fields = sorted(re.findall(r"\{\w*\}", text))
        assert sorted(re.findall(r"\{\w*\}", known[text])) == fields, text
        assert known[text].count("&") == text.count("&"), text


def templates() -> set[str]:
    """What every call of ``Note`` is given for a template."""
    import ast

    found = set()
    for path in (ROOT / "forge3d_qgis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Note":
                template = node.args[0]
                assert isinstance(template, ast.Constant), f"{path}:{node.lineno}: a note's template is a literal"
                found.add(template.value)
    return found


@pytest.mark.parametrize("language", ["de", "fr"])
def test_every_note_of_core_is_shown_in_the_users_language(language, monkeypatch):
    from forge3d_qgis import text
    from forge3d_qgis.core.notes import Note
    from forge3d_qgis.gui.note_words import note_text

    known = update_translations.translations(ROOT / "resources" / "i18n" / f"forge3d_{language}.ts")

    class Translator:
        @staticmethod
        def translate(context: str, source: str) -> str:
            return known.get(source, source) if context == text.CONTEXT else source

    monkeypatch.setattr(text, "QCoreApplication", Translator)
    found = templates()
    assert len(found) > 20
    for template in found:
        values = {name: f"<{name}>" for name in re.findall(r"\{(\w+)\}", template)}
        assert note_text(Note(template, **values)) == known[template].format(**values)


def test_a_note_without_a_translator_reads_as_core_wrote_it_and_other_texts_pass():
    from forge3d_qgis.core.notes import Note
    from forge3d_qgis.gui.note_words import note_text

    note = Note("{unit} × {factor}", unit="fathoms", factor="1.8288")
    assert note == note_text(note) == "fathoms × 1.8288"
    assert note_text(Note("degrees as {across}×{down} m a cell", across="74.6", down="92.5")) == (
        "degrees as 74.6×92.5 m a cell"
    )
    assert note_text("written by another {source}") == "written by another {source}"
