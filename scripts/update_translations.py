"""Brings resources/i18n/*.ts up to date with the strings in the source: new ones come in untranslated, old ones go.

Every call ``tr("literal")`` counts, and of core every ``translatable("literal")`` and the template of every
``Note("literal", …)``. Own code instead of pylupdate, which takes the class for the context. Run it after changing
words; a test fails while a file is out of date or a translation lacks a placeholder.
"""

from __future__ import annotations

import ast
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
CONTEXT = "Forge3D"
MARKS = ("tr", "translatable", "Note")


def source_texts() -> list[str]:
    """All literals in calls of ``MARKS``, in the order of the files, each once."""
    found: dict[str, None] = {}
    for path in sorted((ROOT / "forge3d_qgis").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS):
                continue
            text = node.args[0]
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                mark = f'{path}:{node.lineno}: expected {node.func.id}("literal")'
                raise SystemExit(f"{mark}; got an expression; fix: use a literal")
            found.setdefault(text.value)
    return list(found)


def translations(path: Path) -> dict[str, str]:
    """What a .ts file knows; untranslated texts are left out."""
    if not path.exists():
        return {}
    known = {}
    for message in ET.parse(path).getroot().iter("message"):
        target = message.find("translation")
        if target is not None and target.get("type") != "unfinished" and target.text:
            known[message.findtext("source", "")] = target.text
    return known


def ts_text(language: str, texts: list[str], known: dict[str, str]) -> str:
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE TS>"]
    lines.append(f'<TS version="2.1" language="{language}" sourcelanguage="en">')
    lines += ["<context>", f"    <name>{CONTEXT}</name>"]
    for text in texts:
        translated = known.get(text)
        target = (
            f"<translation>{escape(translated)}</translation>" if translated else '<translation type="unfinished"/>'
        )
        lines += ["    <message>", f"        <source>{escape(text)}</source>", f"        {target}", "    </message>"]
    return "\n".join([*lines, "</context>", "</TS>", ""])


def main() -> int:
    texts = source_texts()
    for path in sorted((ROOT / "resources" / "i18n").glob("forge3d_*.ts")):
        known = translations(path)
        path.write_text(ts_text(path.stem.removeprefix("forge3d_"), texts, known), encoding="utf-8")
        print(f"{path.name}: {sum(text in known for text in texts)} of {len(texts)} translated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
