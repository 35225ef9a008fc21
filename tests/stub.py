"""What ``native/forge3d_native.pyi`` documents, read from its text: for what must agree with it."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[1] / "native" / "forge3d_native.pyi"


@dataclass
class Stub:
    """``dicts``: keys of each TypedDict, its base's included. ``classes``: bases by name. ``values``: constants.

    ``methods`` and ``attributes`` are a Renderer's; ``members``: public names of every class that is no exception.
    """

    dicts: dict[str, set[str]] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, inspect.Signature] = field(default_factory=dict)
    methods: dict[str, inspect.Signature] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    members: dict[str, set[str]] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        """What the module offers; TypedDicts are for type checkers alone, what begins with _ for tests."""
        public = {name for name in self.functions if not name.startswith("_")}
        return set(self.classes) | public | self.values


def _value(node: ast.expr | None) -> Any:
    """Of a default; ``...`` where the stub does not say."""
    return inspect.Parameter.empty if node is None else ast.literal_eval(node)


def _signature(function: ast.FunctionDef) -> inspect.Signature:
    plain, named = function.args.args, function.args.kwonlyargs
    defaults = [None] * (len(plain) - len(function.args.defaults)) + list(function.args.defaults)
    kinds = inspect.Parameter
    return inspect.Signature(
        [kinds(a.arg, kinds.POSITIONAL_OR_KEYWORD, default=_value(d)) for a, d in zip(plain, defaults)]
        + [kinds(a.arg, kinds.KEYWORD_ONLY, default=_value(d)) for a, d in zip(named, function.args.kw_defaults)]
    )


def read() -> Stub:
    stub = Stub()
    for node in ast.parse(PATH.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            stub.functions[node.name] = _signature(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            stub.values.add(node.target.id)
        elif isinstance(node, ast.ClassDef):
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            keys = {
                part.target.id
                for part in node.body
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
            }
            if "Protocol" in bases:  # what a caller brings
                continue
            if {"TypedDict", *stub.dicts} & set(bases):
                stub.dicts[node.name] = keys.union(*(stub.dicts.get(base, set()) for base in bases))
                continue
            stub.classes[node.name] = bases
            if not bases:
                named = {part.name for part in node.body if isinstance(part, ast.FunctionDef)} | keys
                stub.members[node.name] = {name for name in named if not name.startswith("_")}
            if node.name == "Renderer":
                stub.attributes = keys
                stub.methods = {part.name: _signature(part) for part in node.body if isinstance(part, ast.FunctionDef)}
    return stub


def assert_same_signature(found: inspect.Signature, documented: inspect.Signature, name: str) -> None:
    """The same parameters, in the same order, of the same kind; the same defaults where both tell them."""
    ours, theirs = list(found.parameters.values()), list(documented.parameters.values())
    assert [p.name for p in ours] == [p.name for p in theirs], f"{name}{found}, documented {documented}"
    for one, other in zip(ours, theirs):
        # Native methods take `self` by position only, and cannot take it otherwise.
        assert one.kind == other.kind or one.name == "self", f"{name}: {one} is documented as {other}"
        has_default = one.default is not inspect.Parameter.empty
        assert has_default == (other.default is not inspect.Parameter.empty), f"{name}: {one} is documented as {other}"
        if has_default and one.default not in (..., None) and other.default not in (..., None):
            assert one.default == other.default, f"{name}: {one} is documented as {other}"
