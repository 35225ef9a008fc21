"""The hillshade from above that NumPy can draw when nothing else can: Horn (1981), as gdaldem computes it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dem import Dem


@dataclass(frozen=True)
class Coarse:
    """Heights no finer than a picture needs: cheap enough to shade on the user's thread.

    ``heights``: float32 (rows, cols), metres, NaN = void. ``cell_to_world``: as in ``Dem``.
    """

    heights: npt.NDArray[np.float32]
    cell_to_world: tuple[float, float, float, float]


def coarsened(dem: Dem, size: tuple[int, int]) -> Coarse:
    """Neighbours averaged until about ``size`` (columns, rows) is left, so that no stripes appear.

    Reads all heights: for a worker.
    """
    heights = dem.heights
    step = max(1, math.ceil(max(heights.shape[1] / size[0], heights.shape[0] / size[1])))
    rows, cols = heights.shape[0] // step, heights.shape[1] // step
    coarse = np.empty((rows, cols), dtype=np.float32)
    for row in range(rows):  # row by row: no copy of the whole
        strip = heights[row * step : (row + 1) * step, : cols * step].reshape(step, cols, step)
        known = np.isfinite(strip)
        count = known.sum(axis=(0, 2))
        sums = np.where(known, strip, 0.0).sum(axis=(0, 2), dtype=np.float64)
        coarse[row] = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
    xc, xr, yc, yr = (one * step for one in dem.cell_to_world)
    return Coarse(coarse, (xc, xr, yc, yr))


def hillshade(
    coarse: Coarse,
    size: tuple[int, int],
    azimuth: float,
    altitude: float,
    exaggeration: float,
    background: tuple[int, int, int],
) -> npt.NDArray[np.uint8]:
    """uint8 RGBA (height, width, 4): the whole DEM from above, north up, fitted into ``size`` (width, height).

    ``azimuth``, ``altitude``: of the sun, degrees. ``background``: red, green, blue where nothing is. Source:
    B. Horn, Hill shading and the reflectance map, Proceedings of the IEEE 69 (1981); 1..255 as gdaldem writes it.
    """
    width, height = size
    rows, cols = coarse.heights.shape
    xc, xr, yc, yr = coarse.cell_to_world
    determinant = xc * yr - xr * yc
    grey = np.full((rows, cols), np.nan)
    z = coarse.heights * exaggeration
    if rows >= 3 and cols >= 3:
        by_col = (z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:] - z[:-2, :-2] - 2 * z[1:-1, :-2] - z[2:, :-2]) / 8
        by_row = (z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:] - z[:-2, :-2] - 2 * z[:-2, 1:-1] - z[:-2, 2:]) / 8
        east, north = (by_col * yr - by_row * yc) / determinant, (by_row * xc - by_col * xr) / determinant
        turn, rise = math.radians(azimuth), math.radians(altitude)
        sun = (math.sin(turn) * math.cos(rise), math.cos(turn) * math.cos(rise), math.sin(rise))
        light = (sun[2] - east * sun[0] - north * sun[1]) / np.sqrt(1 + east * east + north * north)
        grey[1:-1, 1:-1] = 1 + 254 * np.clip(light, 0, 1)
    scale = min(width / cols, height / rows)
    out_w, out_h = max(1, round(cols * scale)), max(1, round(rows * scale))
    grey = grey[(np.arange(out_h) * rows // out_h)[:, None], (np.arange(out_w) * cols // out_w)[None, :]]
    if yr > 0:
        grey = grey[::-1]
    picture = np.empty((height, width, 4), dtype=np.uint8)
    picture[...] = (*background, 255)
    top, left = (height - out_h) // 2, (width - out_w) // 2
    lit = np.isfinite(grey)
    target = picture[top : top + out_h, left : left + out_w]
    target[lit] = np.stack([grey[lit]] * 3 + [np.full(lit.sum(), 255)], axis=-1).astype(np.uint8)
    return picture
