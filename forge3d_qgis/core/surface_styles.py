"""Surface styles: WGSL files of one function that colours the ground. Values and files; the native side makes programs
of them. Knows no numpy, no GDAL, no Qt."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .checks import as_float, check_number, is_text, scene_error
from .errors import ShaderError
from .native import native, translated
from .text_file import read_text

SUFFIX = ".wgsl"
MOST_PARAMETERS = 16
MOST_BYTES = 64 << 10
_PARAM = re.compile(r"^[ \t]*//[ \t]*@param\b(?P<rest>.*)$", re.MULTILINE)
_REST = re.compile(
    r"""[ \t]+(?P<name>[A-Za-z][A-Za-z0-9_]*)
        [ \t]+(?P<default>[^\s.][^\s]*|\.\d\S*)
        [ \t]+(?P<low>\S+?)\.\.(?P<high>\S+)
        (?:[ \t]+(?P<unit>[^\s«"“][^«"“]*?))?
        (?:[ \t]*[«"“](?P<label>[^»"”]*)[»"”])?[ \t]*""",
    re.VERBOSE,
)
_EXPECTED = "// @param name default low..high unit «Label»"


@dataclass(frozen=True)
class Parameter:
    """A number of a style as its ``@param`` line says: ``default`` in ``low``..``high``. ``label``: for people."""

    name: str
    default: float
    low: float
    high: float
    unit: str
    label: str


@lru_cache(maxsize=64)
def declared_parameters(source: str, name: str = "style") -> tuple[Parameter, ...]:
    """The parameters that the ``// @param name default low..high unit «Label»`` lines of ``source`` declare, in order.

    ``unit`` and the label, also in "…" or “…”, may be left out. Raises ShaderError with the line and a caret.
    """
    found: dict[str, Parameter] = {}
    for line in _PARAM.finditer(source):
        match = _REST.fullmatch(line["rest"].rstrip("\r"))
        numbers = [_number(match[part]) for part in ("default", "low", "high")] if match else [math.nan]
        if match is None or any(map(math.isnan, numbers)):
            raise _wrong_line(name, source, line, f"expected {_EXPECTED}", "for example // @param level 1500 0..9000 m")
        default, low, high = numbers
        if not low <= default <= high or low == high:
            got = f"{default:g} in {low:g}..{high:g}"
            raise _wrong_line(name, source, line, f"expected low <= default <= high; got {got}", "correct the range")
        if match["name"] in found:
            raise _wrong_line(name, source, line, f"expected another name; got {match['name']} twice", "rename one")
        if len(found) == MOST_PARAMETERS:
            message = f"expected at most {MOST_PARAMETERS} parameters; got more"
            raise _wrong_line(name, source, line, message, "make some of them constants")
        label = (match["label"] or match["name"].replace("_", " ").capitalize()).strip()
        found[match["name"]] = Parameter(match["name"], default, low, high, (match["unit"] or "").strip(), label)
    return tuple(found.values())


def _number(text: str) -> float:
    """The number, NaN for what is none that float32 holds."""
    if "_" in text:  # Python writes 1_000 for 1000, nobody else does
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if abs(value) <= 3.4e38 else math.nan


def _wrong_line(name: str, source: str, line: re.Match[str], message: str, fix: str) -> ShaderError:
    number = source.count("\n", 0, line.start("rest")) + 1
    text = line[0].rstrip("\r").replace("\t", " ")
    column = line.start("rest") - line.start() - len("@param")
    caret = " " * column + "^" * max(1, len(text) - column)
    return ShaderError(f"{name}:{number}:{column + 1}: {message}; fix: {fix}\n{number:>4} | {text}\n     | {caret}")


@dataclass(frozen=True)
class SurfaceStyle:
    """A style with the values of its parameters. Frozen; ``with_values`` gives another one.

    ``name``: of its file, which errors begin with. ``source``: WGSL with ``fn surface(s: Surface) -> vec4f``, at most
    64 KiB: see docs/surface_styles.md. ``parameters``: values by name, those left out at their defaults; kept as
    ((name, value), …) of all that the source declares, in its order. ``height_offset``: metres that the true heights
    lie above those at hand, set by who draws with heights that a datum was taken out of. Raises SceneError, ShaderError
    for a wrong ``@param`` line; the rest of the source is checked by ``check``, and when it is drawn.
    """

    name: str
    source: str
    parameters: Any = ()
    height_offset: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= 200 or not self.name.isprintable():
            expected = "a name of 1..200 letters that can be shown"
            raise scene_error("SurfaceStyle.name", expected, self.name, "give the file's name")
        if not is_text(self.source) or len(self.source.encode()) > MOST_BYTES:
            got = type(self.source).__name__ if not isinstance(self.source, str) else f"{len(self.source)} letters"
            expected = f"WGSL text of at most {MOST_BYTES >> 10} KiB, in letters that UTF-8 can write"
            raise scene_error("SurfaceStyle.source", expected, got, "shorten it, or read the file as UTF-8")
        check_number(self, "height_offset", -3.4e38, 3.4e38, "give the metres, 0.0 for none")
        given = self.parameters
        try:
            pairs = dict(given.items() if isinstance(given, Mapping) else given)
        except (TypeError, ValueError):
            raise scene_error("SurfaceStyle.parameters", "values by name", given, "give {'name': value}") from None
        values = []
        for entry in self.declared:
            value = as_float(pairs.pop(entry.name, entry.default))
            if not entry.low <= value <= entry.high:  # NaN too
                raise scene_error(
                    f"{self.name}: {entry.name}", f"a number in {entry.low:g}..{entry.high:g}", value, "choose another"
                )
            values.append((entry.name, value))
        if pairs:
            known = ", ".join(entry.name for entry in self.declared) or "none, as it has no @param line"
            raise scene_error(
                f"{self.name}: parameters", f"names among {known}", next(iter(pairs)), "remove or rename it"
            )
        object.__setattr__(self, "parameters", tuple(values))

    @property
    def declared(self) -> tuple[Parameter, ...]:
        """What its source says of its parameters."""
        return declared_parameters(self.source, self.name)

    @property
    def values(self) -> tuple[tuple[str, float], ...]:
        """((name, value), …) of all parameters."""
        values: tuple[tuple[str, float], ...] = self.parameters
        return values

    @property
    def title(self) -> str:
        """Its name for people: that of the file, without its ending."""
        return self.name.removesuffix(SUFFIX).replace("_", " ")

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **parameters: float) -> SurfaceStyle:
        """The style of a UTF-8 file. Raises SceneError (cannot be read), ShaderError (a wrong @param line)."""
        return cls(Path(path).name, read_text(path, "surface style"), parameters)

    def with_values(self, **values: float) -> SurfaceStyle:
        """The same with other values of some parameters. Raises SceneError."""
        return dataclasses.replace(self, parameters={**dict(self.values), **values})

    def with_source(self, source: str) -> SurfaceStyle:
        """The same with another text, as its file changed: values stay where it still has them. Raises ShaderError."""
        return SurfaceStyle.salvaged({"name": self.name, "source": source, "parameters": dict(self.values)})

    def check(self) -> None:
        """Checks the source as drawing it would, without a device. Raises ShaderError, NativeMissingError."""
        with translated():
            native().check_surface_style(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return {"name": self.name, "source": self.source, "parameters": dict(self.values)}

    @classmethod
    def from_plain(cls, content: object, where: str) -> SurfaceStyle:
        """The style of plain values by name. Raises SceneError, which names ``where``, and ShaderError."""
        if not isinstance(content, Mapping) or not {"name", "source"} <= set(content) <= {
            "name",
            "source",
            "parameters",
        }:
            expected = "an object with name, source and parameters"
            raise scene_error(where, expected, content, "save a scene with a style and compare, or write null")
        if not isinstance(content.get("parameters", {}), Mapping):
            raise scene_error(f"{where}.parameters", "values by name", content["parameters"], "give {'name': value}")
        return cls(content["name"], content["source"], content.get("parameters", {}))

    @classmethod
    def salvaged(cls, content: Mapping[str, Any]) -> SurfaceStyle:
        """As ``from_plain``, but values go to the end of their range, and those that the source does not declare go."""
        plain = cls.from_plain({**content, "parameters": {}}, "surface")
        given = content.get("parameters")
        given = given if isinstance(given, Mapping) else {}
        kept = {}
        for entry in plain.declared:
            value = as_float(given.get(entry.name, entry.default))
            kept[entry.name] = entry.default if value != value else max(entry.low, min(entry.high, value))
        return plain.with_values(**kept)


def style_files(folders: Iterable[str | os.PathLike[str]]) -> tuple[Path, ...]:
    """The style files of these folders, by name; of two of one name the earlier folder's. A folder may be missing."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            names = sorted(os.listdir(folder), key=str.casefold)
        except OSError:
            continue
        for name in names:
            if name.endswith(SUFFIX) and not name.startswith("."):
                found.setdefault(name, Path(folder) / name)
    return tuple(found[name] for name in sorted(found, key=str.casefold))


def shipped_folder() -> Path:
    """The folder of the examples that come with the package."""
    from . import resource_path

    return resource_path("styles")


def shipped_styles() -> tuple[Path, ...]:
    """The files of the examples that come with the package."""
    return style_files([shipped_folder()])


def named_value(text: str) -> tuple[str, float]:
    """The parts of ``name=value``. Raises SceneError."""
    name, sign, value = text.partition("=")
    number = _number(value)
    if not (name.isidentifier() and sign) or math.isnan(number):
        raise scene_error("parameter", "name=value with a number", text, "write for example snow_line=1800")
    return name, number


def find_style(name: str | os.PathLike[str]) -> Path:
    """The file of that name, or the shipped example of that name, with or without its ending.

    Raises SceneError for a name that is neither a path nor an example's.
    """
    path = Path(name)
    if os.fspath(name) and (path.exists() or path.name != os.fspath(name)):
        return path
    for candidate in shipped_styles():
        if os.fspath(name) in (candidate.name, candidate.stem):
            return candidate
    if path.suffix == SUFFIX:
        return path  # a file of one's own that is not there: reading it says so
    known = ", ".join(candidate.stem for candidate in shipped_styles())
    raise scene_error("surface style", f"a file, or one of the examples: {known}", os.fspath(name), "name one of them")
