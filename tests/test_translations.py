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
