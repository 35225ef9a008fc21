"""PNG files: GDAL reads back what was written, and nothing half-written is ever left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from forge3d_qgis.core import ExportError, Image, PngWriter, save_png

RNG = np.random.default_rng(4)


def picture(width: int, height: int) -> np.ndarray:
    """Smooth in one half, noise in the other, every alpha."""
    y, x = np.mgrid[0:height, 0:width]
    rgba = np.stack([x * 3, y * 5, x + y, x * 7], axis=-1).astype(np.uint8)
    rgba[:, width // 2 :] = RNG.integers(0, 256, (height, width - width // 2, 4), dtype=np.uint8)
    return rgba


def read_back(path: Path) -> np.ndarray:
    dataset = gdal.Open(str(path))
    return dataset.ReadAsArray().transpose(1, 2, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (300, 200), (1031, 517)])
def test_gdal_reads_back_every_byte(tmp_path: Path, size: tuple[int, int]) -> None:
    rgba = picture(*size)
    rgba[0, 0, 3] = 254  # one pixel at least that is not opaque, so alpha is written
    save_png(rgba, tmp_path / "a.png")
    np.testing.assert_array_equal(read_back(tmp_path / "a.png"), rgba)


def test_an_image_is_saved_like_its_array(tmp_path: Path) -> None:
    rgba = picture(20, 10)
    save_png(Image(rgba), tmp_path / "a.png")
    np.testing.assert_array_equal(read_back(tmp_path / "a.png"), rgba)
    np.testing.assert_array_equal(np.asarray(Image(rgba), dtype=np.float32), rgba)


def test_alpha_is_left_out_where_all_is_opaque(tmp_path: Path) -> None:
    rgba = picture(30, 20)
    rgba[..., 3] = 255
    save_png(rgba, tmp_path / "a.png")
    np.testing.assert_array_equal(read_back(tmp_path / "a.png"), rgba[..., :3])
    save_png(rgba[..., :3], tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


@pytest.mark.parametrize("bands", [[200], [1] * 200, [7, 50, 143], [199, 1]])
def test_bands_of_any_height_make_the_same_picture(tmp_path: Path, bands: list[int]) -> None:
    rgba = picture(300, 200)
    with PngWriter(tmp_path / "bands.png", 300, 200) as writer:
        top = 0
        for rows in bands:
            writer.write_rows(rgba[top : top + rows])
            top += rows
    np.testing.assert_array_equal(read_back(tmp_path / "bands.png"), rgba)


def test_rows_that_are_no_contiguous_memory_are_written_right(tmp_path: Path) -> None:
    rgba = picture(40, 30)
    save_png(rgba[::-1, ::2], tmp_path / "a.png")
    np.testing.assert_array_equal(read_back(tmp_path / "a.png"), rgba[::-1, ::2])


def test_dots_per_inch_and_the_srgb_mark_are_stored(tmp_path: Path) -> None:
    save_png(picture(10, 10), tmp_path / "a.png", dpi=300)
    content = (tmp_path / "a.png").read_bytes()
    assert b"sRGB\x00" in content
    place = content.index(b"pHYs") + 4
    assert content[place : place + 9] == (11811).to_bytes(4, "big") * 2 + b"\x01"  # 300 / 0.0254 a metre
    # Chunks that say how to read the pixels stand before them.
    assert content.index(b"sRGB") < content.index(b"pHYs") < content.index(b"IDAT")


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    for failure in (ValueError, KeyboardInterrupt):
        with pytest.raises(failure), PngWriter(path, 10, 10) as writer:
            writer.write_rows(picture(10, 5))
            assert len(list(tmp_path.iterdir())) == 2
            raise failure
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"] and path.read_bytes() == b"old"


@pytest.mark.parametrize(
    "rows",
    [np.zeros((5, 9, 4), np.uint8), np.zeros((5, 10, 3), np.uint8), np.zeros((5, 10, 4), np.float32),
     np.zeros((11, 10, 4), np.uint8)],
)  # fmt: skip
def test_wrong_rows_are_refused_and_leave_nothing(tmp_path: Path, rows: np.ndarray) -> None:
    with pytest.raises(ExportError, match="expected"), PngWriter(tmp_path / "a.png", 10, 10) as writer:
        writer.write_rows(rows)
    assert not list(tmp_path.iterdir())


def test_missing_rows_are_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="expected 10; got 5"), PngWriter(tmp_path / "a.png", 10, 10) as writer:
        writer.write_rows(picture(10, 5))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"nowhere.*a\.png"):
        save_png(picture(4, 4), tmp_path / "nowhere" / "a.png")


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.float32), np.zeros((0, 4, 4), np.uint8)]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, bad: np.ndarray) -> None:
    with pytest.raises(ExportError, match="expected"):
        save_png(bad, tmp_path / "a.png")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_file_can_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        save_png(picture(4, 4), tmp_path / "a.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o644
