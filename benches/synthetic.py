"""A square synthetic terrain of any size: value noise of eight octaves between 0 and 1500 m. Needs numpy alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

CELL_SIZE_M = 30.0
_OCTAVES = 8
_COARSEST = 4  # lattice cells along a side in the first octave
_STRIP = 128


def _blend(side: int, lattice: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """For each sample of a side: the lattice line before it, and how far it is towards the next, smoothed."""
    position = np.arange(side, dtype=np.float64) * (lattice / side)
    before = position.astype(np.intp)
    part = (position - before).astype(np.float32)
    return before, part * part * (np.float32(3.0) - np.float32(2.0) * part)


def heights(side: int, seed: int = 7) -> npt.NDArray[np.float32]:
    """(side, side) float32 metres; the same for the same arguments on every machine.

    Made in strips of rows by all cores: the largest temporary is one lattice, stretched along rows only.
    """
    random = np.random.default_rng(seed)
    octaves = []
    for octave in range(_OCTAVES):
        lattice = _COARSEST << octave
        values = random.random((lattice + 2, lattice + 2), dtype=np.float32) * np.float32(750.0 * 0.5**octave)
        before, part = _blend(side, lattice)
        stretched = values[:, before] * (1 - part) + values[:, before + 1] * part
        octaves.append((stretched, before, part))
    result = np.empty((side, side), dtype=np.float32)

    def fill(start: int) -> None:
        strip = result[start : start + _STRIP]
        strip[:] = 0.0
        scratch = np.empty_like(strip)
        for stretched, before, part in octaves:
            rows = slice(start, start + len(strip))
            weight = part[rows, None]
            lines = before[rows]
            np.multiply(stretched[lines], 1 - weight, out=scratch)
            np.add(strip, scratch, out=strip)
            np.multiply(stretched[lines + 1], weight, out=scratch)
            np.add(strip, scratch, out=strip)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(0, side, _STRIP)))
    return result


def low_view(side: int) -> dict[str, float | tuple[float, float, float]]:
    """Camera fields for a view along the terrain of ``heights(side)`` that it fills to the last row of the picture.

    The narrow field of view keeps the rays between 5 and 15 degrees below the horizon: all meet ground within the DEM.
    """
    return {
        "pitch": 10.0,
        "field_of_view": 10.0,
        "target": (0.0, 0.0, 750.0),
        "distance": side * CELL_SIZE_M * 0.33,
    }
