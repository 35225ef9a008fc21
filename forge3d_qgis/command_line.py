"""The commands: parses arguments, calls ``core``, returns the lines to print; no more.

numpy, GDAL and the native module are imported when a command needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from . import __version__
from .core import Forge3dError, Scene, SceneError, format_bytes, parse_bytes, ramp_names
from .core.fields import FIELDS
from .core.quality import PICTURE, QUALITIES, Tier, get_preset_config
from .core.ramps import ColorRamp
from .core.render import MAX_PICTURE_SIDE, MAX_SAMPLES
from .core.scene import PROJECTIONS, Camera, Sun
from .core.styles import canonical_shading, shading_models
from .core.surface_styles import SurfaceStyle, find_style, named_value, shipped_styles
from .core.text_file import read_text
from .core.view import View, area_text, parse_area
from .progress_line import Log, Progress, tell_log

if TYPE_CHECKING:
    from .core.budget import DeviceLimits

_T = TypeVar("_T")

_EXAMPLES = """\
examples:
  forge3d-qgis render dem.tif relief.png
  forge3d-qgis render dem.tif map.png --projection orthographic --pitch 90 --resolution 30 --shading hillshade
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


class WrongArguments(Exception):
    """The command line says what it cannot mean. The text is one line and the place to look."""


class _Arguments(argparse.ArgumentParser):
    """Raises one line that says what is wrong. Corners may begin with a minus."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        for at, (option, value) in reversed(list(enumerate(pairwise(given)))):
            if option == "--area" and "," in value:  # -84.3,36.2,… would be taken for an option
                given[at : at + 2] = [f"{option}={value}"]
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        raise WrongArguments(f"{message} (see {self.prog} --help)")


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
    width, _, height = text.lower().replace("×", "x").partition("x")
    if not (1 <= _whole_number(width) <= MAX_PICTURE_SIDE >= _whole_number(height) >= 1):
        raise ValueError(
            f"expected WIDTHxHEIGHT of 1..{MAX_PICTURE_SIDE} pixels; got {text!r}; fix: write for example 1600x1000"
        )
    return int(width), int(height)


def _whole_number(text: str) -> int:
    """The number, -1 for what is none or beyond use: Python itself refuses to read thousands of digits."""
    return int(text) if text.isdecimal() and len(text) <= 9 else -1


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"expected a number; got {text!r}")
    return value


def _samples(text: str) -> int:
    if not 1 <= _whole_number(text) <= MAX_SAMPLES:
        raise ValueError(f"expected 1..{MAX_SAMPLES}; got {text!r}; fix: 1 is a sketch, 16 smooth, 64 for print")
    return int(text)


def _z_factor(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise ValueError(f"expected a number above 0; got {text!r}; fix: give metres of one height unit")
    return value


def _band(text: str) -> int:
    if _whole_number(text) < 1:
        raise ValueError(f"expected a number from 1; got {text!r}; fix: gdalinfo lists the bands")
    return int(text)


def _shading(text: str) -> str:
    canonical_shading(text)
    return text


def _shading_help() -> str:
    """A phrase for each model that the native side lists; without it nothing can be drawn anyway."""
    names = ((" or ".join((model.name, *model.aliases)), model.summary) for model in shading_models())
    text = "; ".join(f"{name}: {summary}" for name, summary in names)
    return (text or "how light falls; the compiled part, which knows the names, is not there").replace("%", "%%")


def _quality_help() -> str:
    """A phrase for each preset."""
    return "; ".join(
        f"{one.name}: {one.size[0]}x{one.size[1]}, {one.samples} samples, "
        + (f"at most {one.dem_samples} heights" if one.dem_samples is not None else "all heights that memory allows")
        for one in QUALITIES.values()
    )


def _add_field(group: argparse._ArgumentGroup, path: str, metavar: str, text: str) -> None:
    """The option of a scene's number, with its range and its default after ``text``; a bearing may be any number."""
    field = FIELDS[path]
    limits = "" if field.bearing else f", {field.low:g}..{field.high:g}"
    group.add_argument(
        "--" + field.name.replace("_", "-"), type=_argument(_number, "number"), metavar=metavar,
        help=f"{text}{limits} (default: {field.default:g})",
    )  # fmt: skip


def _ramp(text: str) -> ColorRamp:
    if text in ramp_names():
        return ColorRamp.named(text)
    try:
        os.stat(text)
    except (OSError, ValueError):
        names = ", ".join(ramp_names())
        raise SceneError(f"expected a file or one of {names}; got {text!r}; fix: check the name") from None
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
    devices = commands.add_parser(
        "devices",
        help="list the adapters that can draw",
        description="Lists the adapters that can draw, in the order in which --adapter auto chooses.",
    )
    devices.add_argument("--verbose", action="store_true", help="with index, key, limits and memory of each")
    devices.add_argument(
        "--diagnostics",
        action="store_true",
        help="as a page for a bug report, with versions and memory in use",
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
        "--size", type=_argument(_size, "size"), metavar="WxH", help="pixels (default: 1600x1000, or the quality's)"
    )
    group.add_argument(
        "--samples", type=_argument(_samples, "count"), metavar="N",
        help="rays a pixel: 1 a sketch, 16 smooth, 64 for print (default: 16, or the quality's)",
    )  # fmt: skip
    group.add_argument(
        "--quality", type=_argument(get_preset_config, "name"), metavar="NAME",
        help=f"{_quality_help()}. --size and --samples go over it (default: all heights that memory allows)",
    )  # fmt: skip
    group.add_argument("--background", metavar="COLOUR", help=f"'#rrggbb' or transparent (default: {Scene.background})")
    group.add_argument("--scene", metavar="FILE.json", help="start from a saved scene; options given here go over it")

    group = render.add_argument_group("sun")
    _add_field(group, "sun.azimuth", "DEG", "where it stands: 0 north, 90 east")
    _add_field(group, "sun.altitude", "DEG", "how high it stands: 0 horizon, 90 zenith")
    group.add_argument("--no-shadows", action="store_true", default=None, help="terrain casts no shadows")

    group = render.add_argument_group("camera")
    _add_field(group, "camera.heading", "DEG", "compass bearing it looks to: 0 north, 90 east")
    _add_field(group, "camera.pitch", "DEG", "looks down by: 0 level, 90 from above")
    _add_field(group, "camera.zoom", "X", "1 fits the whole DEM, 2 twice as large")
    _add_field(group, "camera.field_of_view", "DEG", "vertical opening, perspective")
    group.add_argument("--projection", choices=PROJECTIONS, help=f"(default: {Camera.projection})")
    group.add_argument(
        "--resolution", type=number, metavar="M", help="metres a pixel, orthographic, in place of the fit and --zoom"
    )

    group = render.add_argument_group("terrain")
    _add_field(group, "exaggeration", "X", "factor on heights")
    group.add_argument(
        "--shading",
        type=_argument(_shading, "name"),
        metavar="NAME",
        help=f"{_shading_help()} (default: {Scene.shading})",
    )
    group.add_argument(
        "--ramp", metavar="NAME|FILE", help=f"colours by height: a text ramp or {', '.join(ramp_names())}"
    )
    group.add_argument(
        "--surface", metavar="NAME|FILE",
        help=f"colour the ground by a style: a .wgsl file or {', '.join(path.stem for path in shipped_styles())}",
    )  # fmt: skip
    group.add_argument(
        "--surface-param", type=_argument(named_value, "name=value"), action="append", metavar="NAME=VALUE",
        help="a number of the surface style, as its file names it; may be given again for others",
    )  # fmt: skip
    group.add_argument(
        "--band", type=_argument(_band, "number"), metavar="N", help="band that holds the heights (default: 1)"
    )
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
        "--adapter", default="auto", metavar="NAME",
        help="auto, hardware, software, prefer-software, or what `devices --verbose` tells: an index, a key, part of a "
        "name (default: auto)",
    )  # fmt: skip
    group.add_argument(
        "--memory-budget", type=_argument(parse_bytes, "size"), metavar="SIZE",
        help="most memory the renderer may hold: 256MiB, 2GiB (default: by adapter). A larger DEM is averaged down",
    )  # fmt: skip
    group.add_argument("--metrics", type=Path, metavar="FILE.json", help="write times and memory to this file")
    return top


DEFAULT_SAMPLES = 16


def _fill_in(arguments: argparse.Namespace) -> None:
    """Size and samples that were not given: the quality's, or the defaults."""
    quality = arguments.quality
    if arguments.size is None:
        arguments.size = PICTURE if quality is None else quality.size
    if arguments.samples is None:
        arguments.samples = DEFAULT_SAMPLES if quality is None else quality.samples


def scene_of(arguments: argparse.Namespace) -> Scene:
    """The scene of ``view_of``."""
    return view_of(arguments).scene


def view_of(arguments: argparse.Namespace) -> View:
    """The view that the arguments describe: the saved one or the default, with what was given on top.

    Raises SceneError.
    """
    saved = View()
    if arguments.scene is not None:
        saved = View.from_json(read_text(arguments.scene, "--scene"))
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
    surface = base.surface
    if arguments.surface is not None:
        try:
            surface = SurfaceStyle.from_file(find_style(arguments.surface))
        except SceneError as error:
            raise SceneError(f"--surface: {error}") from None
    if arguments.surface_param:
        if surface is None:
            raise SceneError("--surface-param: expected a surface style; got none; fix: add --surface")
        surface = surface.with_values(**dict(arguments.surface_param))
    changes["surface"] = surface
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


class _DeviceStart(threading.Thread):
    """Makes the device while the DEM's header is read: both wait for other things than this process."""

    def __init__(self, adapter: str) -> None:
        super().__init__(name="forge3d-device", daemon=True)
        self._adapter = adapter
        self._limits: DeviceLimits | None = None
        self._error: BaseException | None = None
        self.ms = 0.0

    def run(self) -> None:
        from .core.budget import device_limits

        start = time.perf_counter()
        try:
            self._limits = device_limits(self._adapter)
        except BaseException as error:  # raised again in limits(), in the main thread
            self._error = error
        self.ms = (time.perf_counter() - start) * 1000

    def limits(self) -> DeviceLimits:
        """What the device allows, once it is made; raises what its making raised."""
        self.join()
        if self._error is not None or self._limits is None:
            raise self._error or RuntimeError("the thread that makes the device was not started")
        return self._limits


def _refuse_to_lose(arguments: argparse.Namespace) -> None:
    """No output may replace what is read, nor the other output. Raises Forge3dError."""
    ramp = None if arguments.ramp in ramp_names() else arguments.ramp
    read = {
        "the DEM itself": arguments.dem,
        "the scene that is read": arguments.scene,
        "the ramp that is read": ramp,
        "the surface style that is read": arguments.surface,
        "the picture's own name": arguments.out,
    }
    for what, other in read.items():
        for out in (arguments.out, arguments.metrics):
            if None not in (out, other) and out is not other and _same_file(out, other):
                raise Forge3dError(f"{out}: expected a file to write; got {what}; fix: choose another name")


def _refuse_to_lose_a_part(arguments: argparse.Namespace, files: Callable[[], Sequence[str]]) -> None:
    """The same for the DEM's other files, which are known once it is open, and looked for where there is a danger."""
    for out in (arguments.out, arguments.metrics):
        if out is not None and os.path.isfile(out) and any(_same_file(out, part) for part in files()):
            raise Forge3dError(f"{out}: expected a file to write; got a part of the DEM; fix: choose another name")


def _same_file(one: str | Path, other: str | Path) -> bool:
    """Whether both names lead to one regular file, which may not be there yet. A device may well be named twice."""
    # os.path: a DEM may also be a connection string or a whole VRT, which pathlib finds too long to ask about.
    if os.path.exists(one) and not os.path.isfile(one):
        return False
    with contextlib.suppress(ValueError):  # a NUL, which no name has
        try:
            return os.path.samefile(one, other)
        except OSError:  # one of them is not there yet
            return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
    return False


def _render(
    arguments: argparse.Namespace, view: View, heed: Callable[[], object], log: Log | None, tell: Log
) -> list[str]:
    """Reads, draws and writes; the scene is checked before anything else happens. Raises Forge3dError."""
    start = time.perf_counter()
    _refuse_to_lose(arguments)
    device = _DeviceStart(arguments.adapter)
    device.start()
    try:
        return _render_on(device, arguments, view, start, Progress(heed, log, tell))
    finally:
        device.join()  # a driver that is still starting while the process ends may crash it


def _render_on(
    device: _DeviceStart, arguments: argparse.Namespace, view: View, start: float, shown: Progress
) -> list[str]:
    from .core.budget import device_limits
    from .core.dem import covering_window, open_dem, open_source, wkt_of_crs
    from .core.errors import DemError
    from .core.export import PngWriter, WholeFile, encode_in_vain
    from .core.quality import heights_at
    from .core.render import render_strips

    out: Path = arguments.out
    scene = view.scene
    ms: dict[str, float] = {}
    metrics: dict[str, Any] = {}
    width, height = arguments.size
    with contextlib.ExitStack() as stack:
        # Both files are begun first: what cannot be written is told before anything is read or drawn.
        report = stack.enter_context(WholeFile(arguments.metrics)) if arguments.metrics is not None else None
        with PngWriter(out, width, height, alpha=scene.background == "transparent") as writer:
            try:
                # Without a wanted band the first is taken, and checked to be no picture.
                band = arguments.band or (view.source.band if view.source.band > 1 else None)
                source = open_source(arguments.dem, band, crs_wkt=wkt_of_crs(view.source.crs))
                _refuse_to_lose_a_part(arguments, source.files)
                area, window = view.source.corners, None
                if area is not None:
                    window = covering_window(source.geotransform, source.size, area)
                    if window is None:
                        raise DemError(
                            f"{source.name}: expected an area that covers some of it; got {area_text(area)}; "
                            "fix: give corners inside the raster, in its own CRS"
                        )
                limits = device.limits()
                chosen = arguments.memory_budget
                wanted = arguments.quality.dem_samples if arguments.quality is not None else None
                full, encode = None, 0.0
                alpha = scene.background == "transparent"
                for tier in Tier:
                    budget = chosen or limits.budget
                    reason = f"chosen: {format_bytes(chosen)}" if chosen else limits.reason
                    read_start = time.perf_counter()
                    try:
                        stream = open_dem(
                            source, memory_budget=chosen, limits=limits, z_factor=arguments.z_factor,
                            picture_size=arguments.size, window=window, progress=shown.step("reading"),
                            max_samples=heights_at(tier, wanted, full, budget),
                        )  # fmt: skip
                        full = full or stream.size
                        ms["device"] = device.ms
                        ms["read"] = (time.perf_counter() - read_start) * 1000
                        for _, rows in render_strips(
                            stream, scene, size=arguments.size, samples=arguments.samples, adapter=arguments.adapter,
                            memory_budget=chosen, metrics=metrics, progress=shown.step("drawing"),
                            told=shown.forecast, encode=lambda rows: encode_in_vain(rows, alpha=alpha),
                        ):  # fmt: skip
                            before = time.perf_counter()
                            writer.write_rows(rows)
                            encode += time.perf_counter() - before
                        break
                    except MemoryError:
                        # A chosen budget gives the same picture each time, or none.
                        if chosen or writer.rows_written or tier is Tier.LOW:
                            raise
                    limits = device_limits(arguments.adapter)
            finally:
                shown.clear()
            shown.heed()
            before = time.perf_counter()
            writer.close()
            encode += time.perf_counter() - before
            drawn_ms = (time.perf_counter() - shown.expected_at) * 1000
        dem = stream.facts()
        # Reading goes on while strips are uploaded: what was waited for it.
        ms["read"] += max(0.0, metrics["heights_ms"] - metrics["upload_ms"] - metrics["pyramid_ms"])
        for step in ("upload", "pyramid", "compile", "trace", "resolve", "readback"):
            ms[step] = float(metrics[f"{step}_ms"])
        ms["encode"] = encode * 1000
        ms["total"] = (time.perf_counter() - start) * 1000
        peak = int(metrics["peak_bytes"])
        if report is not None:
            content = {
                "ms": {step: round(value, 3) for step, value in ms.items()},
                "adapter": metrics["adapter"],
                "samples": metrics["samples"],
                "picture": {"size": list(arguments.size), "bands": metrics["bands"], "bytes": writer.bytes_written},
                "dem": {
                    "size": list(dem.size),
                    "height_bits": dem.height_bits,
                    "source_size": list(dem.source_size),
                    "notes": list(dem.notes),
                },
                "memory": {"budget": budget, "budget_reason": reason, **metrics["memory"]},
                "forecast": {
                    "bytes": shown.expected.bytes,
                    "bands": shown.expected.bands,
                    "ms": round(1000 * shown.expected.seconds, 3),
                    "came_ms": round(drawn_ms, 3),
                },
                "renderer": {key: value for key, value in metrics.items() if key != "memory"},
            }
            report.write(json.dumps(content, indent=2).encode() + b"\n")
    steps = ", ".join(f"{step} {value:.0f}" for step, value in ms.items() if step not in ("total", "device"))
    facts = [f"{out}: {width}×{height}"]
    if arguments.quality is not None:
        facts.append(f"quality {arguments.quality.name}, {arguments.samples} samples")
    facts += [f"DEM {dem.size[0]}×{dem.size[1]}", *dem.notes, *view.notes()]
    if tier is not Tier.HIGH:
        facts.append(f"memory was short: heights at 1:{tier.divisor}")
    facts.append(str(metrics["adapter"]))
    return ["; ".join([*facts, f"{ms['total']:.0f} ms ({steps})", f"memory {format_bytes(peak)} (budget {reason})"])]


def _devices(arguments: argparse.Namespace) -> list[str]:
    from .core import devices
    from .core.errors import DeviceError

    if arguments.diagnostics:
        return [f"Forge3D {__version__}", *devices.diagnostics()]
    found = devices.adapters()
    if not found:
        raise DeviceError(
            "no adapter: expected a Vulkan, DX12 or Metal driver; got none; fix: install your GPU's driver, or the "
            "software one (Debian, Ubuntu: mesa-vulkan-drivers)"
        )
    return devices.listing(found, verbose=arguments.verbose)


def run(
    argv: Sequence[str] | None = None,
    *,
    heed: Callable[[], object] = lambda: None,
    log: Log | None = None,
    tell: Log = lambda line: None,
) -> list[str]:
    """Runs one command and returns what it has to say. argparse itself prints and exits for ``--help``.

    ``heed`` is called every now and then; what it raises ends the run. ``log``: called with each line that the native
    side logs, during the run and at its end, a failed one's too. ``tell``: called with a line that somebody who waits
    wants at once. Raises WrongArguments, Forge3dError.
    """
    try:
        return _run(argv, heed, log, tell)
    finally:
        from .core import devices

        tell_log(log)
        told = devices.missing_checks()
        if told is not None:
            tell(told)


def _run(argv: Sequence[str] | None, heed: Callable[[], object], log: Log | None, tell: Log) -> list[str]:
    arguments_parser = parser()
    arguments = arguments_parser.parse_args(argv)
    if arguments.command is None:
        arguments_parser.exit(2, arguments_parser.format_help())
    if arguments.command == "devices":
        return _devices(arguments)
    try:
        view = view_of(arguments)
    except SceneError as error:
        arguments_parser.error(str(error))
    if view.scene.surface is not None:
        view.scene.surface.check()  # before anything is read
    _fill_in(arguments)
    return _render(arguments, view, heed, log, tell)
