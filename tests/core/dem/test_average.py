"""Averages, against plain block means and the definition by area."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from exact import exact_mean
from osgeo import gdal

from forge3d_qgis.core import read_dem

Write = Callable[..., Path]


def test_whole_factors_give_plain_block_means(write_raster: Write) -> None:
    heights = np.random.default_rng(1).normal(500, 100, (120, 180)).astype("f4")
    dem = read_dem(write_raster(heights), max_samples=40 * 60)
    assert dem.size == (60, 40)
    np.testing.assert_allclose(dem.heights, heights.reshape(40, 3, 60, 3).mean(axis=(1, 3)), rtol=1e-6)
    assert dem.cell_to_world == (30.0, 0.0, 0.0, -30.0)
    assert dem.source_size == (180, 120)


def test_whole_factors_agree_with_gdals_average(write_raster: Write) -> None:
    heights = np.random.default_rng(2).integers(-50, 3000, (128, 128)).astype("i2")
    path = write_raster(heights.astype("f4"))
    dem = read_dem(path, max_samples=32 * 32)
    average = gdal.Translate("", str(path), format="MEM", width=32, height=32, resampleAlg="average")
    np.testing.assert_allclose(dem.heights, average.ReadAsArray(), rtol=1e-5)


@pytest.mark.parametrize("size", [(101, 67), (100, 50), (53, 97)])
@pytest.mark.parametrize("voids", [False, True])
def test_odd_sizes_are_averaged_by_area_and_keep_their_extent(
    write_raster: Write, size: tuple[int, int], voids: bool
) -> None:
    cols, rows = size
    rng = np.random.default_rng(3)
    heights = rng.normal(500, 100, (rows, cols)).astype("f4")
    if voids:
        heights[rng.random((rows, cols)) < 0.3] = np.nan
        heights[:9, :9] = np.nan
    dem = read_dem(write_raster(heights), max_samples=cols * rows // 9 + 60)
    held_cols, held_rows = dem.size
    assert held_cols < cols
    expected = exact_mean(heights, held_rows, held_cols)
    np.testing.assert_array_equal(np.isnan(dem.heights), np.isnan(expected))
    np.testing.assert_allclose(dem.heights, expected, rtol=2e-6)
    g = dem.georeference.geotransform
    assert (g[0] + held_cols * g[1], g[3] + held_rows * g[5]) == pytest.approx((5e5 + 10 * cols, 5.1e6 - 10 * rows))
    assert dem.cell_to_world == pytest.approx((10 * cols / held_cols, 0, 0, -10 * rows / held_rows), rel=1e-12)
