"""Square synthetic terrains of any size: value noise of several octaves. Needs numpy alone.

``heights``: smooth hills between 0 and 1500 m. ``rough_heights`` and ``lidar_heights``: fractal down to the cell,
with a root mean square slope that is exact by construction. Slope is that of the edges between neighbouring samples.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

CELL_SIZE_M = 30.0
ROUGH_SLOPE = 0.7
LIDAR_CELL_SIZE_M = 1.0
LIDAR_SLOPE = 1.0
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
    """(side, side) float32 metres; the same for the same arguments on every machine."""
    return _value_noise(side, seed, octaves=_OCTAVES, gain=0.5)


def rough_heights(side: int, seed: int = 7) -> npt.NDArray[np.float32]:
    """(side, side) metres in cells of ``CELL_SIZE_M``: a fractal, rms slope ``ROUGH_SLOPE``, lowest height 0."""
    # Each octave has half the wavelength and 0.6 of the height of the one before: slopes grow towards the single cell.
    return _with_rms_slope(
        _value_noise(side, seed, octaves=_octaves_to_the_cell(side), gain=0.6), CELL_SIZE_M, ROUGH_SLOPE
    )


def lidar_heights(side: int, seed: int = 7) -> npt.NDArray[np.float32]:
    """(side, side) metres in cells of ``LIDAR_CELL_SIZE_M``, rms slope ``LIDAR_SLOPE``: as with trees and walls."""
    # Heights fall slowly with the wavelength: nearly all of the slope is that of steps over a few cells.
    noise = _value_noise(side, seed, octaves=_octaves_to_the_cell(side), gain=0.75)
    return _with_rms_slope(noise, LIDAR_CELL_SIZE_M, LIDAR_SLOPE)


def rms_slope(heights: npt.NDArray[np.float32], cell_size_m: float) -> float:
    """Root mean square of the gradient: of the slopes along all edges between neighbours, both directions added."""
    total = 0.0
    for axis in (0, 1):
        squares, count = 0.0, 0
        for start in range(0, heights.shape[0], _STRIP):  # strips: no full-size temporary
            strip = heights[start : start + _STRIP + 1 - axis]
            steps = np.diff(strip, axis=axis).astype(np.float64)
            squares, count = squares + float(np.sum(steps * steps)), count + steps.size
        total += squares / count
    return float(np.sqrt(total)) / cell_size_m


def _with_rms_slope(heights: npt.NDArray[np.float32], cell_size_m: float, slope: float) -> npt.NDArray[np.float32]:
    """The same heights from 0 on, multiplied so that their slope is ``slope``."""
    heights -= heights.min()
    heights *= np.float32(slope / rms_slope(heights, cell_size_m))
    return heights


def _octaves_to_the_cell(side: int) -> int:
    """So many that the last lattice has a line at every second cell, nearly."""
    return max(1, int(np.log2(side / 2 / _COARSEST)) + 1)


def _value_noise(side: int, seed: int, *, octaves: int, gain: float) -> npt.NDArray[np.float32]:
    """The sum of ``octaves`` random lattices, each twice as fine and ``gain`` times as high, the first one of 750 m.

    Made in strips of rows by all cores: the largest temporary is one lattice, stretched along rows only.
    """
    random = np.random.default_rng(seed)
    layers = []
    for octave in range(octaves):
        lattice = _COARSEST << octave
        values = random.random((lattice + 2, lattice + 2), dtype=np.float32) * np.float32(750.0 * gain**octave)
        before, part = _blend(side, lattice)
        stretched = values[:, before] * (1 - part) + values[:, before + 1] * part
        layers.append((stretched, before, part))
    result = np.empty((side, side), dtype=np.float32)

    def fill(start: int) -> None:
        strip = result[start : start + _STRIP]
        strip[:] = 0.0
        scratch = np.empty_like(strip)
        for stretched, before, part in layers:
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


def low_view(
    side: int, cell_size_m: float = CELL_SIZE_M, height_m: float = 750.0
) -> dict[str, float | tuple[float, float, float]]:
    """Camera fields for a view along the terrain of ``side`` cells that it fills to the last row of the picture.

    The narrow field of view keeps the rays between 5 and 15 degrees below the horizon: all meet ground within the DEM.
    ``height_m``: about the middle of its heights.
    """
    return {
        "pitch": 10.0,
        "field_of_view": 10.0,
        "target": (0.0, 0.0, height_m),
        "distance": side * cell_size_m * 0.33,
    }
