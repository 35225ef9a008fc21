"""Every copy on the way from an array of heights to an array of pixels, with its bytes and milliseconds.

``python -m forge3d_qgis.tools.profile_copies --render-size 512x512 [--terrain-size 1024] [--verbose]``

Renders a synthetic terrain and asks the renderer where it read and wrote. The last line is ``zero-copy OK`` where the
array was read where it lies and the picture's array lies over the buffer that the GPU copied it into. Else it names
what was copied beside them, and the exit code is 1. 2: wrong arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._validate import check_zero_copy_compatibility, ptr
from ..core.budget import parse_bytes
from ..core.errors import Forge3dError, SceneError
from ..core.render import RenderSession, checked_size
from ..core.scene import Scene

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ORDERS = ("C", "F", "strided", "masked")
MOST_TERRAIN = 16384


@dataclass(frozen=True)
class Step:
    """``copied``: bytes of a copy in the processor's memory that needs not be. ``ms`` None: part of the next step's."""

    what: str
    bytes: int
    ms: float | None
    how: str
    copied: int = 0


def terrain(side: int, dtype: str, order: str) -> npt.NDArray[Any]:
    """Hills of ``side`` × ``side`` samples, in metres, of a type and an order in memory."""
    import numpy as np

    axis = np.arange(side, dtype=np.float64)
    hills = (np.add.outer(np.sin(axis / 17), np.cos(axis / 23)) * 20 + 100).astype(dtype)
    if order == "F":
        return np.asfortranarray(hills)
    if order == "strided":
        wide = np.zeros((side, 2 * side), dtype=dtype)
        wide[:, ::2] = hills
        return wide[:, ::2]
    return np.ma.MaskedArray(hills, mask=hills > 135) if order == "masked" else hills


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and milliseconds."""
    start = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - start) * 1e3


def steps_of(heights: npt.NDArray[Any], session: RenderSession) -> tuple[list[Step], npt.NDArray[np.uint8]]:
    """All steps from ``heights`` to the picture, which is the second result. Raises the kinds of ``core.errors``."""
    from ..core.dem import Dem

    dem, dem_ms = timed(lambda: Dem.from_array(heights, 30.0, name="terrain"))
    is_same = ptr(dem.heights) == ptr(heights)
    session.set_dem(dem)
    session.set_scene(Scene())
    while session.refine(samples=1) < 1:
        pass
    image = session.read()
    report, metrics = session.copy_report(), image.metrics
    up, down = report["heights"], report["picture"]
    if up["pointer"] != ptr(dem.heights) or down["pointer"] != ptr(image.rgba):
        raise Forge3dError(
            "pointers: expected the renderer's and NumPy's to agree; got others; fix: report this defect"
        )
    pixels = image.rgba.nbytes
    steps = [
        Step("terrain to Dem", 0, dem_ms, f"the same array, at {ptr(heights):#x}")
        if is_same
        else Step("terrain to Dem", dem.heights.nbytes, dem_ms, "a float32 copy in C order", dem.heights.nbytes),
        Step("Dem to rows of float32", 0, up["copied_ms"], f"read where it lies, at {up['pointer']:#x}")
        if up["borrowed"]
        else Step("Dem to rows of float32", up["copied_bytes"], up["copied_ms"], "converted", up["copied_bytes"]),
        Step("rows to staging buffers", dem.heights.nbytes, None, "copied strip by strip, the only way to a GPU"),
        Step(
            "staging to height texture", dem.heights.nbytes, up["transfer_ms"], "by the GPU, while the next is filled"
        ),
        Step("light to bytes", pixels, None, "made by the GPU"),
        Step("bytes to read-back buffer", pixels, metrics["resolve_ms"], "copied by the GPU"),
        Step("read-back buffer to NumPy", 0, down["transfer_ms"], f"the array lies over it, at {down['pointer']:#x}")
        if down["borrowed"]
        else Step("read-back buffer to NumPy", down["bytes"], down["copied_ms"], "in pieces", down["copied_bytes"]),
    ]
    return steps, image.rgba


def reason(step: Step, heights: npt.NDArray[Any]) -> str:
    """Why a step copied."""
    if step.what.startswith("read-back"):
        return "the memory budget has no room for a read-back buffer of the whole picture"
    return "; ".join(check_zero_copy_compatibility(heights, "terrain")["issues"]) or "unknown"


def _pair(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
        return checked_size((width, height))
    except (ValueError, Forge3dError):
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT, for example 512x512; got {text!r}") from None


def _side(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= MOST_TERRAIN:
        raise argparse.ArgumentTypeError(f"expected a number of 2..{MOST_TERRAIN}; got {text!r}")
    return int(text)


def _bytes(text: str) -> int:
    try:
        return parse_bytes(text)
    except SceneError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _dtype(text: str) -> str:
    import numpy as np

    try:
        if np.dtype(text).kind in "fiu":
            return text
    except (TypeError, ValueError, SyntaxError):
        pass
    raise argparse.ArgumentTypeError(f"expected a type of real numbers of NumPy; got {text!r}; fix: float32 or int16")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m forge3d_qgis.tools.profile_copies", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--render-size", type=_pair, default=(512, 512), metavar="WxH", help="of the picture")
    parser.add_argument("--terrain-size", type=_side, default=1024, metavar="N", help="samples along a side")
    parser.add_argument(
        "--terrain-dtype", type=_dtype, default="float32", metavar="TYPE", help="of NumPy, e.g. float64, int16, >f4"
    )
    parser.add_argument("--terrain-order", choices=ORDERS, default="C", help="how it lies in memory")
    parser.add_argument("--adapter", default="auto")
    parser.add_argument("--memory-budget", type=_bytes, metavar="BYTES", help="that the renderer may hold")
    parser.add_argument("--verbose", action="store_true", help="pointers, flags and what the renderer measured")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table and the verdict; quiet where the reader of it has gone."""
    try:
        code = _profile(arguments(argv))
        sys.stdout.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError):  # Python itself flushes at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _profile(options: argparse.Namespace) -> int:
    heights = terrain(options.terrain_size, options.terrain_dtype, options.terrain_order)
    try:
        with RenderSession(
            options.render_size, adapter=options.adapter, memory_budget=options.memory_budget
        ) as session:
            steps, picture = steps_of(heights, session)
            if options.verbose:
                details = {"terrain": check_zero_copy_compatibility(heights, "terrain")}
                details["picture"] = check_zero_copy_compatibility(picture, "picture")
                details["renderer"] = session.copy_report()
                details["metrics"] = session.metrics()
                for name, values in details.items():
                    print(f"{name}:")
                    for key, value in values.items():
                        print(f"  {key}: {value:#x}" if key == "pointer" else f"  {key}: {value}")
                print()
    except Forge3dError as error:
        print(error, file=sys.stderr)
        return 1
    width = max(len(step.what) for step in steps)
    print(f"{'step':<{width}}{'bytes':>14}{'ms':>10}  how")
    for step in steps:
        ms = "" if step.ms is None else f"{step.ms:.3f}"
        print(f"{step.what:<{width}}{step.bytes:>14}{ms:>10}  {step.how}")
    _, copy_ms = timed(picture.copy)
    print(f"a copy of the picture's {picture.nbytes} bytes, which is not made, would take {copy_ms:.1f} ms here")
    unexpected = [step for step in steps if step.copied]
    for step in unexpected:
        print(f"unexpected copy: {step.what}: {step.copied} bytes: {reason(step, heights)}")
    if not unexpected:
        print("zero-copy OK")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
