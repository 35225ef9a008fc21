"""The command line: ``python -m forge3d_qgis`` or ``forge3d-qgis``. Parses, calls ``core``, prints; no more.

numpy, GDAL and the native module are imported when a command needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from . import __version__
from .core import Forge3dError, Scene, SceneError, format_bytes, parse_bytes, ramp_names
from .core.ramps import ColorRamp
from .core.render import MAX_SAMPLES
from .core.scene import PROJECTIONS, SHADINGS, Camera, Sun
from .core.view import View, parse_area, window_of_area

OK, FAILED, WRONG_ARGUMENTS, INTERRUPTED = 0, 1, 2, 130

_T = TypeVar("_T")

_EXAMPLES = """\
examples:
  forge3d-qgis render dem.tif relief.png
  forge3d-qgis render dem.tif map.png --projection orthographic --pitch 90 --resolution 30 --shading horn
  forge3d-qgis render alps.tif poster.png --size 9000x6000 --samples 64 --heading 200 --pitch 25 --zoom 1.4
  forge3d-qgis render sea.tif sea.png --ramp topobathy --exaggeration 5 --background transparent
  forge3d-qgis devices

exit codes: 0 done, 1 failed (one line says why), 2 wrong arguments, 130 interrupted
"""

_RENDER_EXAMPLES = """\
DEM is anything that GDAL opens: GeoTIFF, .hgt, ASCII grid, VRT, /vsicurl/…, NETCDF:"file":variable. Degrees, feet,
Mercator, rotated grids, voids and scale and offset are dealt with; the closing line says what was done.

A text ramp has lines «value red green blue [alpha]», value in metres or per cent of the height range, as
gdaldem color-relief reads them.
"""


class _Arguments(argparse.ArgumentParser):
    """Ends with one line and the place to look, not with the whole usage; corners may begin with a minus."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        for at, (option, value) in reversed(list(enumerate(pairwise(given)))):
            if option == "--area" and "," in value:  # -84.3,36.2,… would be taken for an option
                given[at : at + 2] = [f"{option}={value}"]
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_ARGUMENTS, f"forge3d-qgis: {message} (see {self.prog} --help)\n")


def _argument(parse: Callable[[str], _T], name: str) -> Callable[[str], _T]:
    """``parse`` as an argparse type: its ValueError text reaches the user."""

    def convert(text: str) -> _T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    convert.__name__ = name
    return convert


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().replace("×", "x").partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and 1 <= int(width) <= 16384 >= int(height) >= 1):
        raise ValueError(f"expected WIDTHxHEIGHT of 1..16384 pixels; got {text!r}; fix: write for example 1600x1000")
    return int(width), int(height)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"expected a number; got {text!r}")
    return value


def _samples(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MAX_SAMPLES):
        raise ValueError(f"expected 1..{MAX_SAMPLES}; got {text!r}; fix: 1 is a sketch, 16 smooth, 64 for print")
    return int(text)


def _z_factor(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise ValueError(f"expected a number above 0; got {text!r}; fix: give metres of one height unit")
    return value


def _ramp(text: str) -> ColorRamp:
    if text in ramp_names():
        return ColorRamp.named(text)
    if not Path(text).exists():
        raise SceneError(f"expected a file or one of {', '.join(ramp_names())}; got {text!r}; fix: check the name")
    return ColorRamp.from_file(text)


def _png(text: str) -> Path:
    if not text.lower().endswith(".png"):
        raise ValueError(f"expected a file name ending in .png; got {text!r}; fix: name the picture something.png")
    return Path(text)


def parser() -> argparse.ArgumentParser:
    """The whole command line. Options that describe the scene default to None: not given."""
    top = _Arguments(
        prog="forge3d-qgis",
        description="Photographic shaded relief of digital elevation models.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"forge3d-qgis {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Arguments)
    commands.add_parser(
        "devices",
        help="list the adapters that can draw",
        description="Lists the adapters that can draw, in the order in which --adapter auto chooses.",
    )
    render = commands.add_parser(
        "render",
        help="draw a DEM into a PNG",
        description="Draws a DEM into a PNG: sun with soft cast shadows, sky light, colours by height.",
        epilog=_RENDER_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number = _argument(_number, "number")
    render.add_argument("dem", metavar="DEM", help="elevation raster")
    render.add_argument("out", metavar="OUT.png", type=_argument(_png, "file name"), help="picture to write")

    group = render.add_argument_group("picture")
    group.add_argument(
        "--size", type=_argument(_size, "size"), default=(1600, 1000), metavar="WxH", help="pixels (default: 1600x1000)"
    )
    group.add_argument(
        "--samples", type=_argument(_samples, "count"), default=16, metavar="N",
        help="rays a pixel: 1 a sketch, 16 smooth, 64 for print (default: 16)",
    )  # fmt: skip
    group.add_argument("--background", metavar="COLOUR", help="'#rrggbb' or transparent (default: #ffffff)")
    group.add_argument("--scene", metavar="FILE.json", help="start from a saved scene; options given here go over it")

    group = render.add_argument_group("sun")
    group.add_argument("--azimuth", type=number, metavar="DEG", help="where it stands: 0 north, 90 east (default: 315)")
    group.add_argument("--altitude", type=number, metavar="DEG", help="0 horizon .. 90 zenith (default: 45)")
    group.add_argument("--no-shadows", action="store_true", default=None, help="terrain casts no shadows")

    group = render.add_argument_group("camera")
    group.add_argument("--heading", type=number, metavar="DEG", help="compass bearing it looks to (default: 0, north)")
    group.add_argument("--pitch", type=number, metavar="DEG", help="looks down by: 0 level .. 90 (default: 45)")
    group.add_argument("--zoom", type=number, metavar="X", help="1 fits the whole DEM, 2 twice as large (default: 1)")
    group.add_argument(
        "--field-of-view", type=number, metavar="DEG", help="vertical opening, perspective, 1..120 (default: 35)"
    )
    group.add_argument("--projection", choices=PROJECTIONS, help="(default: perspective)")
    group.add_argument(
        "--resolution", type=number, metavar="M", help="metres a pixel, orthographic, in place of the fit and --zoom"
    )

    group = render.add_argument_group("terrain")
    group.add_argument("--exaggeration", type=number, metavar="X", help="factor on heights (default: 1)")
    group.add_argument(
        "--shading", choices=SHADINGS, help="relief: sun and sky in colour; horn: gdaldem's grey (default: relief)"
    )
    group.add_argument(
        "--ramp", metavar="NAME|FILE", help=f"colours by height: a text ramp or {', '.join(ramp_names())}"
    )
    group.add_argument("--band", type=int, metavar="N", help="band that holds the heights (default: 1)")
    group.add_argument(
        "--area", type=_argument(parse_area, "corners"), metavar="XMIN,YMIN,XMAX,YMAX",
        help="draw this part only, corners in the DEM's CRS (default: all of it)",
    )  # fmt: skip
    group.add_argument(
        "--z-factor", type=_argument(_z_factor, "number"), metavar="X",
        help="metres of one height unit: 0.3048 for feet (default: from the band's unit)",
    )  # fmt: skip

    group = render.add_argument_group("machine")
    group.add_argument(
        "--adapter", default="auto", metavar="NAME", help="auto, hardware, software or part of a name (default: auto)"
    )
    group.add_argument(
        "--memory-budget", type=_argument(parse_bytes, "size"), metavar="SIZE",
        help="most memory the renderer may hold: 256MiB, 2GiB (default: by adapter). A larger DEM is averaged down",
    )  # fmt: skip
    group.add_argument("--metrics", type=Path, metavar="FILE.json", help="write times and memory to this file")
    return top


def scene_of(arguments: argparse.Namespace) -> Scene:
    """The scene of ``view_of``."""
    return view_of(arguments).scene


def view_of(arguments: argparse.Namespace) -> View:
    """The view that the arguments describe: the saved one or the default, with what was given on top.

    Raises SceneError.
    """
    saved = View()
    if arguments.scene is not None:
        try:
            text = Path(arguments.scene).read_text(encoding="utf-8-sig")  # some editors on Windows write the mark
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SceneError(f"--scene: expected a readable file; got {arguments.scene}: {reason}") from None
        saved = View.from_json(text)
    base = saved.scene

    def given(kind: type[Any], *names: str) -> dict[str, Any]:
        known = {entry.name for entry in dataclasses.fields(kind)}
        values = {name: getattr(arguments, name) for name in names if name in known}
        return {name: value for name, value in values.items() if value is not None}

    camera = given(Camera, "heading", "pitch", "zoom", "field_of_view", "projection", "resolution")
    sun = given(Sun, "azimuth", "altitude")
    changes = given(Scene, "background", "exaggeration", "shading")
    if arguments.no_shadows:
        changes["cast_shadows"] = False
    if arguments.ramp is not None:
        try:
            changes["color_ramp"] = _ramp(arguments.ramp)
        except SceneError as error:
            raise SceneError(f"--ramp: {error}") from None
    scene = dataclasses.replace(
        base, camera=dataclasses.replace(base.camera, **camera), sun=dataclasses.replace(base.sun, **sun), **changes
    )
    if arguments.resolution is not None and scene.camera.projection != "orthographic":
        raise SceneError(
            "--resolution: expected an orthographic view; got perspective; fix: add --projection orthographic"
        )
    source = saved.source
    if arguments.area is not None:
        source = dataclasses.replace(source, area=arguments.area, area_of="drawn")
    return View(scene, source)


class _Progress:
    """A line on stderr that says how far a step is. Silent where stderr is no terminal."""

    def __init__(self) -> None:
        # None where the caller has closed it, as services do.
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._last = 0.0
        self._open = False

    def step(self, label: str) -> Callable[[float], None]:
        def show(fraction: float) -> None:
            now = time.monotonic()
            if not self._shown or (now - self._last < 0.05 and 0 < fraction < 1):
                return
            self._last, self._open = now, True
            bar = "█" * round(24 * fraction)
            sys.stderr.write(f"\r\x1b[K{label:8} {bar:░<24} {fraction:4.0%}")
            sys.stderr.flush()

        return show

    def clear(self) -> None:
        if self._open:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._open = False


class _DeviceStart(threading.Thread):
    """Makes the device while the DEM's header is read: both wait for other things than this process."""

    def __init__(self, adapter: str) -> None:
        super().__init__(name="forge3d-device", daemon=True)
        self._adapter = adapter
        self._budget = 0
        self._error: BaseException | None = None
        self.ms = 0.0

    def run(self) -> None:
        from .core.render import adapter_budget

        start = time.perf_counter()
        try:
            self._budget = adapter_budget(self._adapter)
        except BaseException as error:  # raised again in budget(), in the main thread
            self._error = error
        self.ms = (time.perf_counter() - start) * 1000

    def budget(self) -> int:
        self.join()
        if self._error is not None:
            raise self._error
        return self._budget


def _render(arguments: argparse.Namespace, view: View) -> int:
    """Reads, draws and writes; the scene is checked before anything else happens. Raises Forge3dError."""
    start = time.perf_counter()
    out: Path = arguments.out
    for path in (out, arguments.metrics):
        if path is not None and not path.parent.is_dir():
            raise Forge3dError(f"{path}: expected an existing folder; got {path.parent}; fix: make it first")
        # os.path: a DEM may also be a connection string or a whole VRT, which pathlib finds too long to ask about.
        if path is not None and path.exists() and os.path.exists(arguments.dem) and path.samefile(arguments.dem):
            raise Forge3dError(f"{path}: expected a file to write; got the DEM itself; fix: choose another name")
    device = _DeviceStart(arguments.adapter)
    device.start()
    try:
        return _render_on(device, arguments, view, start)
    finally:
        device.join()  # a driver that is still starting while the process ends may crash it


def _render_on(device: _DeviceStart, arguments: argparse.Namespace, view: View, start: float) -> int:
    out: Path = arguments.out
    scene, area = view.scene, view.source.corners
    from .core.dem import open_source, read_dem
    from .core.export import PngWriter
    from .core.render import render_bands

    band = arguments.band
    if band is None and view.source.band > 1:  # the first one is taken anyway, and checked to be no picture
        band = view.source.band
    source = open_source(arguments.dem, band)
    window = window_of_area(area, source.size, source.geotransform, source.name) if area is not None else None
    budget = arguments.memory_budget or device.budget()
    shown = _Progress()
    ms: dict[str, float] = {}
    read_start = time.perf_counter()
    try:
        dem = read_dem(
            source, memory_budget=budget, z_factor=arguments.z_factor, picture_size=arguments.size, window=window,
            progress=shown.step("reading"),
        )  # fmt: skip
        device.budget()  # its failure, if it has one, before anything is written
        ms["device"] = device.ms
        ms["read"] = (time.perf_counter() - read_start) * 1000
        metrics: dict[str, Any] = {}
        encode = 0.0
        width, height = arguments.size
        with PngWriter(out, width, height, alpha=scene.background == "transparent") as writer:
            for _, rows in render_bands(
                dem, scene, size=arguments.size, samples=arguments.samples, adapter=arguments.adapter,
                memory_budget=budget, metrics=metrics, progress=shown.step("drawing"),
            ):  # fmt: skip
                before = time.perf_counter()
                writer.write_rows(rows)
                encode += time.perf_counter() - before
            before = time.perf_counter()
        encode += time.perf_counter() - before
    finally:
        shown.clear()
    for step in ("upload", "pyramid", "compile", "trace", "resolve", "readback"):
        ms[step] = float(metrics[f"{step}_ms"])
    ms["encode"] = encode * 1000
    ms["total"] = (time.perf_counter() - start) * 1000
    peak = int(metrics["peak_bytes"])
    if arguments.metrics is not None:
        report = {
            "ms": {step: round(value, 3) for step, value in ms.items()},
            "adapter": metrics["adapter"],
            "samples": metrics["samples"],
            "picture": {"size": list(arguments.size), "bands": metrics["bands"], "bytes": out.stat().st_size},
            "dem": {"size": list(dem.size), "source_size": list(dem.source_size), "notes": list(dem.notes)},
            "memory": {"budget": budget, "peak_bytes": peak, **metrics["memory"]},
            "renderer": {key: value for key, value in metrics.items() if key != "memory"},
        }
        _write_json(arguments.metrics, report)
    steps = ", ".join(f"{step} {value:.0f}" for step, value in ms.items() if step not in ("total", "device"))
    facts = [
        f"{out}: {width}×{height}",
        f"DEM {dem.size[0]}×{dem.size[1]}",
        *dem.notes,
        *view.notes(),
        str(metrics["adapter"]),
    ]
    print("; ".join([*facts, f"{ms['total']:.0f} ms ({steps})", f"memory {format_bytes(peak)}"]))
    return OK


def _write_json(path: Path, content: dict[str, Any]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Forge3dError(f"{path}: expected to write there; got: {reason}; fix: choose another place") from None
    finally:
        part.unlink(missing_ok=True)


def _devices() -> int:
    from .core.errors import DeviceError
    from .core.render import adapters

    found = adapters()
    if not found:
        raise DeviceError(
            "no adapter: expected a Vulkan, DX12 or Metal driver; got none; fix: install your GPU's driver, or the "
            "software one (Debian, Ubuntu: mesa-vulkan-drivers)"
        )
    width = max(len(str(info["name"])) for info in found)
    for number, info in enumerate(found):
        mark = "auto" if number == 0 else ""
        print(f"{mark:4}  {info['kind']!s:10}  {info['name']!s:{width}}  {info['backend']}  {info['driver']}".rstrip())
    return OK


def _close_output() -> None:
    """What is left in the buffer of standard output goes nowhere: Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _leave_nothing_behind() -> None:
    """`kill`, `timeout` and a closed terminal end a run as Ctrl-C does: what was begun is deleted."""

    def end(number: int, frame: object) -> NoReturn:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if (
            number is not None
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(number) is signal.SIG_DFL  # not what `nohup` has set aside
        ):
            signal.signal(number, end)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. argparse itself exits for ``--help`` and wrong arguments."""
    # libwayland complains on stderr where this is unset, as it is on servers. No picture here needs a display.
    os.environ.setdefault("XDG_RUNTIME_DIR", "/nonexistent")
    _leave_nothing_behind()
    arguments_parser = parser()
    arguments = arguments_parser.parse_args(argv)
    if arguments.command is None:
        arguments_parser.print_help(sys.stderr)
        return WRONG_ARGUMENTS
    try:
        if arguments.command == "devices":
            code = _devices()
        else:
            try:
                view = view_of(arguments)
            except SceneError as error:
                arguments_parser.error(str(error))
            code = _render(arguments, view)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where its failure can be told, and not while Python ends
        return code
    except Forge3dError as error:
        print(f"forge3d-qgis: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("forge3d-qgis: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away
        _close_output()
        return FAILED
    except OSError as error:  # files have errors of their own: this is standard output on a full disk
        _close_output()
        print(f"forge3d-qgis: standard output: {error.strerror or error}", file=sys.stderr)
        return FAILED
    except MemoryError:
        print("forge3d-qgis: the system is out of memory; fix: lower --memory-budget or --size", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
