"""Whether an array crosses to the renderer without a copy: asked of the array alone, before anything is rendered.

``forge3d_native.Renderer.copy_report`` tells afterwards what was copied; both agree, which a test over arrays of all
kinds holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import numpy.typing as npt

HEIGHTS = "heights"
PICTURE = "picture"
SMALLEST_SIDE = 2


class Compatibility(TypedDict):
    """``compatible``: borrowed where it lies. ``issues``: why not, each with its remedy; empty where compatible.

    ``role``: ``heights`` (two dimensions: a DEM) or ``picture`` (three: a drape, or what a renderer gave).
    ``pointer``: address of the first sample, None for what is no array. ``copied_bytes``: what the renderer would copy
    beside it, None where it refuses the array.
    """

    name: str
    compatible: bool
    issues: list[str]
    role: str
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    c_contiguous: bool
    f_contiguous: bool
    aligned: bool
    writeable: bool
    pointer: int | None
    bytes: int
    copied_bytes: int | None


def ptr(array: npt.NDArray[Any]) -> int:
    """Address of the array's first sample in memory. Raises TypeError for what is no array."""
    import numpy as np

    if not isinstance(array, np.ndarray):
        raise TypeError(f"array: expected a NumPy array; got {type(array).__name__}; fix: numpy.asarray(…)")
    return int(array.ctypes.data)


def check_zero_copy_compatibility(array: object, name: str = "array") -> Compatibility:
    """Whether ``Renderer.set_height_data`` (two dimensions) or ``set_drape`` (three) borrows ``array`` as it is.

    Heights: float32 in the processor's byte order, C-contiguous, aligned, no masked array, 2×2 samples at least.
    Drapes: uint8 (h, w, 4), C-contiguous. Heights of other real types and memory orders are rendered too, but copied
    strip by strip; drapes are refused. Looks at no sample: heights that are all void, or beyond what the adapter
    holds, are refused later.
    """
    import numpy as np

    if not isinstance(array, np.ndarray):
        issue = (
            f"{name} is no NumPy array but {type(array).__name__}: use np.ascontiguousarray({name}, dtype=np.float32)"
        )
        return Compatibility(
            name=name, compatible=False, issues=[issue], role=HEIGHTS, dtype=type(array).__name__, shape=(), strides=(),
            c_contiguous=False, f_contiguous=False, aligned=False, writeable=False, pointer=None, bytes=0,
            copied_bytes=None,
        )  # fmt: skip
    role = PICTURE if array.ndim == 3 else HEIGHTS
    refusals, copies = _of_picture(array, name) if role == PICTURE else _of_heights(array, name)
    copied = array.size * 4 if copies else 0
    return Compatibility(
        name=name,
        compatible=not (refusals or copies),
        issues=refusals + copies,
        role=role,
        dtype=array.dtype.str,
        shape=array.shape,
        strides=array.strides,
        c_contiguous=bool(array.flags.c_contiguous),
        f_contiguous=bool(array.flags.f_contiguous),
        aligned=bool(array.flags.aligned),
        writeable=bool(array.flags.writeable),
        pointer=ptr(array),
        bytes=array.nbytes,
        copied_bytes=None if refusals else copied,
    )


def _of_heights(array: npt.NDArray[Any], name: str) -> tuple[list[str], list[str]]:
    """Why heights would be refused, and why copied."""
    import numpy as np

    refusals, copies = [], []
    fix = f"np.ascontiguousarray({name}, dtype=np.float32)"
    if array.ndim != 2:
        refusals.append(f"{name} has {array.ndim} dimensions: heights are (rows, columns)")
    elif min(array.shape) < SMALLEST_SIDE:
        refusals.append(f"{name} has shape {array.shape}: one cell of heights takes 2×2 samples")
    if array.dtype.kind not in "fiu":
        refusals.append(f"{name} has dtype {array.dtype}: heights are real numbers")
    if isinstance(array, np.ma.MaskedArray) and not refusals:
        # The one remedy, whatever else is the matter: any other would bring to light what lies under the mask.
        fix = f"np.ascontiguousarray({name}.astype(np.float32).filled(np.nan))"
        return refusals, [f"{name} is a masked array, whose masked cells become void: use {fix}"]
    if array.dtype.kind in "fiu":
        if array.dtype.newbyteorder("=") != np.float32:
            copies.append(f"{name} has dtype {array.dtype}, not float32: use {fix}")
        elif not array.dtype.isnative:
            copies.append(f"{name} has another byte order than the processor's: use {fix}")
    if not array.flags.c_contiguous:
        order = "of Fortran order" if array.flags.f_contiguous else "a view with gaps"
        copies.append(f"{name} is not C-contiguous but {order}: use {fix}")
    if not array.flags.aligned:
        copies.append(f"{name} begins off its alignment: use {name}.copy()")
    return refusals, copies


def _of_picture(array: npt.NDArray[Any], name: str) -> tuple[list[str], list[str]]:
    """Why a drape would be refused; none is copied."""
    import numpy as np

    refusals = []
    if array.dtype != np.uint8:
        refusals.append(f"{name} has dtype {array.dtype}, not uint8: use {name}.astype(np.uint8)")
    if array.shape[2] != 4 or 0 in array.shape:
        refusals.append(f"{name} has shape {array.shape}: a picture is (height, width, 4) with sides from 1")
    if not array.flags.c_contiguous:
        refusals.append(f"{name} is not C-contiguous: use np.ascontiguousarray({name})")
    return refusals, []
