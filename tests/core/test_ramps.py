"""Text ramps mean what gdaldem color-relief makes of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from forge3d_qgis.core import ColorRamp, SceneError, ramp_names, resource_path, text_file

HEIGHTS = np.linspace(-120, 1080, 6000).reshape(60, 100).astype("f4")


def gdaldem_colors(dem: Path, ramp: Path) -> np.ndarray:
    made = gdal.DEMProcessing("", str(dem), "color-relief", colorFilename=str(ramp), format="MEM", addAlpha=True)
    return made.ReadAsArray().transpose(1, 2, 0)


RAMPS = {
    "absolute": "0 10 20 30\n500 200 100 50\n1000 255 255 255\n",
    "percent": "0% 0 0 0\n25.5% 90 30 200\n100% 255 255 255\n",
    "alpha": "-100 0 0 0 0\n900 255 0 10 255\n",
    "commas, tabs and colons": "0,10,20,30\n500\t200\t100\t50\n1000:255:255:255\n",
    "unsorted, with comments": "# heights\n1000 255 255 255\n/ more\n0 10 20 30\n\n500 200 100 50\n",
    "nodata line": "nv 255 0 0\n0 10 20 30\n1000 1 2 3\n",
    "names": "0 blue\n100 aqua\n200 white\n300 grey\n400 orange\n500 brown\n600 purple\n800 Yellow\n900 red 99\n",
    "a step": "0 0 0 0\n400 50 50 50\n400 200 200 200\n1000 255 255 255\n",
    "one line": "300 7 8 9\n",
    "negative": "-50.5 1 2 3\n-1e1 100 120 140\n1e3 200 220 240\n",
}  # fmt: skip


@pytest.mark.parametrize("text", RAMPS.values(), ids=RAMPS.keys())
def test_a_text_ramp_gives_gdaldems_colours(write_raster: Callable[..., Path], tmp_path: Path, text: str) -> None:
    ramp_file = tmp_path / "ramp.txt"
    ramp_file.write_text(text)
    expected = gdaldem_colors(write_raster(HEIGHTS), ramp_file)
    found = ColorRamp.from_file(ramp_file).colors_at(HEIGHTS, (float(HEIGHTS.min()), float(HEIGHTS.max())))
    difference = np.abs(found.astype(int) - expected)
    # gdaldem adds in float32: a few values fall to the other side of a half.
    assert difference.max() <= 1 and (difference == 0).mean() > 0.999


@pytest.mark.parametrize("name", ramp_names())
def test_gdaldem_reads_the_ramps_that_come_along(write_raster: Callable[..., Path], name: str) -> None:
    expected = gdaldem_colors(write_raster(HEIGHTS), resource_path("ramps", f"{name}.txt"))
    found = ColorRamp.named(name).colors_at(HEIGHTS, (float(HEIGHTS.min()), float(HEIGHTS.max())))
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_gdaldems_colour_names_are_known(write_raster: Callable[..., Path], tmp_path: Path) -> None:
    names = ["white", "black", "red", "green", "blue", "yellow", "magenta", "cyan", "aqua", "grey", "gray", "orange"]
    names += ["brown", "purple", "violet", "indigo"]
    dem = write_raster(np.arange(len(names), dtype="f4")[None, :].repeat(2, axis=0))
    ramp_file = tmp_path / "names.txt"
    ramp_file.write_text("".join(f"{value} {name}\n" for value, name in enumerate(names)))
    found = ColorRamp.from_file(ramp_file).colors_at(np.arange(len(names)))
    np.testing.assert_array_equal(found, gdaldem_colors(dem, ramp_file)[0])


def test_heights_and_percentages_together_need_the_height_range(tmp_path: Path) -> None:
    ramp_file = tmp_path / "mixed.txt"
    ramp_file.write_text("0% 0 0 0\n100 50 50 50\n100% 255 255 255\n")
    with pytest.raises(SceneError, match="mixed"):
        ColorRamp.from_file(ramp_file)
    ramp = ColorRamp.from_file(ramp_file, height_range=(-100, 300))
    assert [value for value, _ in ramp.stops] == [-100, 100, 300] and not ramp.relative


def test_a_colour_map_exported_by_qgis_is_read_with_its_interpolation(tmp_path: Path) -> None:
    head = "# QGIS Generated Color Map Export File\nINTERPOLATION:{}\n"
    lines = "100,1,2,3,255,100\n200,50,60,70,255,200\ninf,200,210,220,255,> 200 m\n"
    ramp_file = tmp_path / "qgis.txt"
    ramp_file.write_text(head.format("DISCRETE") + lines)
    ramp = ColorRamp.from_file(ramp_file)
    assert ramp.interpolation == "discrete"
    np.testing.assert_array_equal(ramp.colors_at([50, 100, 101, 200, 9000])[:, 0], [1, 1, 50, 50, 200])
    ramp_file.write_text(head.format("INTERPOLATED") + lines)
    assert ColorRamp.from_file(ramp_file).interpolation == "linear"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words that mean nothing",
        "0 10 20",
        "0 mauve",
        "0 10 20 300",
        "150% 1 2 3",
        "x 1 2 3",
        "nan 1 2 3",
        "5 inf 2 3",
    ],
)
def test_what_is_no_ramp_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    ramp_file = tmp_path / "bad.txt"
    ramp_file.write_text(text)
    with pytest.raises(SceneError, match=r"bad\.txt"):
        ColorRamp.from_file(ramp_file)


def test_a_missing_ramp_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"none\.txt"):
        ColorRamp.from_file(tmp_path / "none.txt")


def test_a_ramp_of_many_stops_is_read_and_a_text_beyond_a_mebibyte_is_not(tmp_path: Path) -> None:
    ramp_file = tmp_path / "long.txt"
    ramp_file.write_text("".join(f"{value} 1 2 3 # {'label' * 30}\n" for value in range(4096)))
    assert len(ColorRamp.from_file(ramp_file).stops) == 4096
    ramp_file.write_text("0 1 2 3\n" * (1 << 17) + "1")
    with pytest.raises(SceneError, match=r"at most 1 MiB; got more: .*long\.txt"):
        ColorRamp.from_file(ramp_file)
    with pytest.raises(SceneError, match="at most 1 MiB"):
        ColorRamp.from_file("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_a_pipe_is_read_to_its_end_and_a_silent_one_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            for line in (b"0 1 2 3\n", b"10 4 ", b"5 6\n"):
                file.write(line)
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    assert ColorRamp.from_file(pipe).stops == ((0.0, (1, 2, 3, 255)), (10.0, (4, 5, 6, 255)))
    writer.join()
    monkeypatch.setattr(text_file, "PATIENCE_S", 0.1)
    with pytest.raises(SceneError, match="keeps silent"):
        ColorRamp.from_file(pipe)
    held = os.open(pipe, os.O_RDWR)  # a writer who is there and writes nothing
    with pytest.raises(SceneError, match="keeps silent"):
        ColorRamp.from_file(pipe)
    os.close(held)


def test_a_folder_and_a_name_of_any_length_are_one_clear_error(tmp_path: Path) -> None:
    for name in (tmp_path, "x" * 5000, "a\0b"):
        with pytest.raises(SceneError, match="expected a readable file"):
            ColorRamp.from_file(name)


def test_a_line_of_any_length_is_shown_by_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("0 " + "mauve " * 100_000)
    with pytest.raises(SceneError, match=r"mauve.*…; fix") as caught:
        ColorRamp.from_file(tmp_path / "bad.txt")
    assert len(str(caught.value)) < 1000


def test_voids_have_no_colour() -> None:
    assert tuple(ColorRamp.named("terrain").colors_at([np.nan])[0]) == (0, 0, 0, 0)
