"""Entries of Python's own in the native ledger of memory: what a program holds beside what renderers hold.

A handle ends once, by whatever comes first: ``release``, the end of its ``with`` block, or the end of its owner;
without an owner, when it is dropped.
"""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from .checks import scene_error
from .errors import NativeMissingError
from .native import native, translated

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Scalar = TypeVar("Scalar", bound=np.generic)


class Handle(Protocol):
    """An entry in the ledger: a ``forge3d_native.Reservation``."""

    @property
    def bytes(self) -> int:
        """0 once it ended."""

    def release(self) -> None:
        """Ends it; twice is fine."""

    def __enter__(self) -> Handle: ...
    def __exit__(self, *_error: object) -> None: ...


def register_buffer(
    size: int, is_host_visible: bool = False, *, label: str = "buffer of Python", owner: object = None,
    counted: bool = True,
) -> Handle:  # fmt: skip
    """Enters a buffer of ``size`` bytes into the ledger.

    - ``is_host_visible``: the host maps it, so that it counts against the host-visible limit, too.
    - ``label``: what it is called where the largest users are named; 80 letters of it.
    - ``owner``: an object that can be weakly referenced, as an array: the entry ends with it, not with the handle.
    - ``counted``: against the budget that renderers without one of their own share, and refused where it would pass a
      limit; else in the ledger alone, as for memory that belongs to somebody else.

    Raises MemoryBudgetError, SceneError, NativeMissingError.
    """
    if type(is_host_visible).__name__ not in ("bool", "bool_"):  # NumPy's, too
        raise scene_error("is_host_visible", "True or False", is_host_visible, "True is what the host maps")
    return _reserve(label, size, "host_visible" if is_host_visible else "buffer", owner, counted)


def register_texture(
    width: int, height: int, format: str, mips: int = 1, layers: int = 1, samples: int = 1, *,
    label: str = "texture of Python", owner: object = None, counted: bool = True,
) -> Handle:  # fmt: skip
    """Enters a texture into the ledger, with the bytes that ``texture_bytes`` tells; else as ``register_buffer``."""
    size = texture_bytes(width, height, format, mips, layers, samples)
    return _reserve(label, size, "texture", owner, counted)


def texture_bytes(width: int, height: int, format: str, mips: int = 1, layers: int = 1, samples: int = 1) -> int:
    """Bytes of a 2D texture: whole blocks of every level, times layers, times samples.

    ``format``: a name of the WebGPU specification, as ``rgba8unorm-srgb``, ``bc1-rgba-unorm``, ``astc-4x4-unorm``; its
    block and the bytes of one are wgpu's own description. Where the specification leaves the size open it is what
    drivers commonly take: depth24plus and depth24plus-stencil8 4 bytes a pixel, depth32float-stencil8 8. ``mips``: 1 up
    to the level of one pixel. ``samples``: 1 or 4; 4 of one level of one layer of an uncompressed format.
    Raises SceneError, NativeMissingError.
    """
    with translated():
        return int(native().texture_bytes(width, height, format, mips, layers, samples))


def in_ledger(array: npt.NDArray[Scalar], label: str) -> npt.NDArray[Scalar]:
    """``array`` itself, its bytes in the ledger, outside the budget, until it goes: a view of it keeps it.

    Where there is no native module there is no ledger, and nothing happens.
    """
    with suppress(NativeMissingError):
        register_buffer(array.nbytes, label=label, owner=array, counted=False)
    return array


def _reserve(label: str, size: int, kind: str, owner: object, counted: bool) -> Handle:
    module = native()
    try:
        reference = None if owner is None else weakref.ref(owner)
    except TypeError:
        expected = "an object that can be weakly referenced, as an array"
        raise scene_error("owner", expected, type(owner).__name__, "leave it out") from None
    with translated():
        handle: Handle = module.reserve(label, size, kind=kind, counted=counted)
    return handle if reference is None else _OwnedHandle(handle, owner)


class _OwnedHandle:
    """A handle that ends with its owner, too, and lets go of it once it ended."""

    def __init__(self, entry: Handle, owner: object) -> None:
        self._entry = entry
        # The reference to `release` keeps the entry until the owner goes. At exit the process gives all back anyway.
        self._end = weakref.finalize(owner, entry.release)
        self._end.atexit = False

    @property
    def bytes(self) -> int:
        return self._entry.bytes

    def release(self) -> None:
        self._end()  # once, and then nothing of it is left with the owner

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()
