"""Averages by their definition, slow and obvious."""

from __future__ import annotations

import numpy as np


def exact_mean(
    heights: np.ndarray, rows: int, cols: int, window: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """Area-weighted means of the known cells of a window (col, row, cols, rows), which may reach beyond the array."""
    left, top, wide, high = window or (0, 0, heights.shape[1], heights.shape[0])

    def weights(count: int, start: float, length: float, size: int) -> np.ndarray:
        edges = np.linspace(start, start + length, count + 1)
        cells = np.arange(size)
        overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
        return np.clip(overlap, 0, None)

    across, down = weights(cols, left, wide, heights.shape[1]), weights(rows, top, high, heights.shape[0])
    known = ~np.isnan(heights)
    sums = down @ np.where(known, heights, 0).astype(np.float64) @ across.T
    area = down @ known.astype(np.float64) @ across.T
    return np.where(area > 1e-6, sums / np.where(area > 1e-6, area, 1), np.nan)
