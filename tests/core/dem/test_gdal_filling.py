"""Windows of any level, read block by block: against averages by their definition."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from exact import exact_mean
from osgeo import gdal

from forge3d_qgis.core import open_source, read_dem
from forge3d_qgis.core.dem import UndeclaredVoid, gdal_filling, gdal_source, levelled

Write = Callable[..., Path]

TILED = ("TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=16", "COMPRESS=DEFLATE")
WINDOWS = [
    ((0, 0, 150, 130), (130, 150)),
    ((0, 0, 150, 130), (65, 75)),
    ((0, 0, 150, 130), (43, 50)),
    ((0, 0, 150, 130), (1, 1)),
    ((0, 0, 150, 130), (2, 149)),
    ((17, 29, 64, 48), (48, 64)),
    ((10.3, 20.7, 100.2, 90.4), (17, 31)),
    ((10.3, 20.7, 7.2, 5.4), (20, 20)),
    ((-20, -10, 190, 150), (150, 190)),
    ((-20.5, -10, 190, 150), (37, 61)),
    ((140, 120, 60, 60), (30, 30)),
    ((400, 400, 10, 10), (5, 5)),
]


def terrain(voids: str) -> np.ndarray:
    chance = np.random.default_rng(3)
    heights = chance.integers(-400, 3000, (130, 150)).astype(np.float64)
    if voids == "scattered":
        heights[chance.random(heights.shape) < 0.3] = np.nan
        heights[60:90, 100:150] = np.nan
    if voids == "edges":
        heights[:7] = heights[-9:] = np.nan
        heights[:, :5] = heights[:, -33:] = np.nan
    return heights


@pytest.mark.parametrize("chunk", [None, 2048], ids=["one chunk", "many chunks"])
@pytest.mark.parametrize("dtype", ["i2", "f4", "f8"])
@pytest.mark.parametrize("voids", ["none", "scattered", "edges"])
@pytest.mark.parametrize(("window", "shape"), WINDOWS)
def test_any_window_at_any_resolution_is_the_mean_by_area(
    write_raster: Write, monkeypatch: pytest.MonkeyPatch, window: tuple, shape: tuple, voids: str, dtype: str, chunk
) -> None:
    if chunk:
        monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", chunk)
        monkeypatch.setattr(gdal_filling, "LARGE_BLOCK_BYTES", 2 * chunk)
    heights = terrain(voids)
    stored = np.where(np.isnan(heights), -9999, heights).astype(dtype)
    source = open_source(write_raster(stored, nodata=-9999, scale=0.5, offset=100.0, options=TILED))
    got = source.read(window, shape)
    expected = exact_mean(heights * 0.5 + 100, *shape, window)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_allclose(got, expected, rtol=2e-7)


def test_averages_of_whole_numbers_are_not_rounded(write_raster: Write) -> None:
    # GDAL's own average of an Int16 band is Int16, which a relief shows as steps.
    heights = np.tile(np.array([[0, 1], [1, 1]], dtype="i2"), (8, 8))
    dem = read_dem(write_raster(heights, nodata=-9999), max_samples=64)
    np.testing.assert_array_equal(dem.heights, np.full((8, 8), 0.75))


@pytest.mark.parametrize("block_rows", [1, 16, 64])
@pytest.mark.parametrize("samples", [None, 5000, 777])
def test_many_threads_give_the_same_bytes_as_one(
    write_raster: Write, monkeypatch: pytest.MonkeyPatch, block_rows: int, samples: int | None
) -> None:
    monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 8192)
    chance = np.random.default_rng(5)
    heights = chance.normal(1000, 300, (700, 300)).astype("f4")
    heights[chance.random(heights.shape) < 0.1] = -9999
    options = ("COMPRESS=DEFLATE", f"BLOCKYSIZE={block_rows}")
    if block_rows > 1:
        options += ("TILED=YES", "BLOCKXSIZE=64")
    path = write_raster(heights, options=options)
    handles: list[int] = []
    opened = gdal_source.GdalSource._handles

    def count(self, most: int) -> list:
        found = opened(self, most)
        handles.append(len(found))
        return found

    monkeypatch.setattr(gdal_source.GdalSource, "_handles", count)
    pictures = []
    for cores in (1, 5, 5):
        monkeypatch.setattr(gdal_source, "_cores", lambda cores=cores: cores)
        dem = read_dem(path, max_samples=samples)
        pictures.append((dem.heights.tobytes(), dem.notes))
    assert handles[0] == 1 and handles[-1] == 5
    assert pictures[0] == pictures[1] == pictures[2]


@pytest.mark.parametrize("samples", [None, 90 * 90, 1000, 64])
def test_each_block_is_decoded_once(write_raster: Write, monkeypatch: pytest.MonkeyPatch, samples: int | None) -> None:
    monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 20000)
    path = write_raster(np.ones((250, 310), dtype="i2"), nodata=-9999, options=TILED)
    source = open_source(path)
    touched = np.zeros((16, 10), dtype=int)
    cells = gdal_source._Level.cells

    def spy(self, x: int, y: int, cols: int, rows: int) -> np.ndarray:
        touched[y // 16 : -(-(y + rows) // 16), x // 32 : -(-(x + cols) // 32)] += 1
        return cells(self, x, y, cols, rows)

    shape = read_dem(path, max_samples=samples).heights.shape
    monkeypatch.setattr(gdal_source._Level, "cells", spy)
    source.read((0, 0, 310, 250), shape)
    np.testing.assert_array_equal(touched, 1)


def test_levels_say_what_is_held_and_the_coarsest_sufficient_one_is_read(write_raster: Write) -> None:
    path = write_raster(np.full((256, 200), 1, dtype="f4"), nodata=-9999)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.BuildOverviews("AVERAGE", [2, 4])
    overview = dataset.GetRasterBand(1).GetOverview(1)
    overview.WriteRaster(0, 0, 50, 64, np.full((64, 50), 4, dtype="f4").tobytes())
    overview = dataset = None
    source = open_source(path)
    assert source.levels == ((200, 256), (100, 128), (50, 64))
    # Tiles of 16 samples, 64 cells wide: from the overview, one to one.
    np.testing.assert_array_equal(source.read((64, 128, 64, 64), (16, 16)), 4)
    np.testing.assert_array_equal(source.read((64, 128, 64, 64), (32, 32)), 1)
    halo = source.read((-4, -4, 72, 72), (18, 18))
    assert np.isnan(halo[0]).all() and np.isnan(halo[:, 0]).all() and (halo[1:, 1:] == 4).all()


def test_reading_changes_nothing_in_the_source(write_raster: Write) -> None:
    heights = np.full((20, 20), 300, dtype="i2")
    heights[:5] = -9999
    source = open_source(write_raster(heights))
    before = source.read((0, 0, 20, 20), (20, 20))
    found = source.read((0, 0, 20, 20), (20, 20), voids=UndeclaredVoid())
    read_dem(source)
    after = source.read((0, 0, 20, 20), (20, 20))
    np.testing.assert_array_equal(before, heights)
    np.testing.assert_array_equal(after, heights)
    assert np.isnan(found[:5]).all() and (found[5:] == 300).all()
    assert levelled(source) is source


def test_a_raster_in_one_large_block_is_read_by_one_thread_and_told(
    write_raster: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    heights = np.arange(300 * 200, dtype="i4").reshape(300, 200)
    path = write_raster(heights, options=("COMPRESS=DEFLATE", "BLOCKYSIZE=300"))
    monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 4096)
    monkeypatch.setattr(gdal_filling, "LARGE_BLOCK_BYTES", 100_000)
    monkeypatch.setattr(gdal_source, "NOTED_BLOCK_BYTES", 100_000)
    monkeypatch.setattr(gdal_source, "_cores", lambda: 8)
    source = open_source(path)
    monkeypatch.setattr(source, "_reopen", lambda: pytest.fail("a second handle would decode the block again"))
    dem = read_dem(source)
    np.testing.assert_array_equal(dem.heights, heights)
    np.testing.assert_allclose(read_dem(source, max_samples=600).heights.mean(), heights.mean(), rtol=1e-6)
    assert "stored as one block, decoded as a whole: 234 KiB of memory" in dem.notes
    monkeypatch.setattr(gdal, "GetUsablePhysicalRAM", lambda: 400_000)
    with pytest.raises(Exception, match=r"expected blocks of at most 195 KiB; got one of 234 KiB; fix: gdal_translate"):
        open_source(path)
