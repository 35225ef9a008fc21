"""A view at the command line: a part of the DEM by its corners, and scene files that say what they are a picture of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from stranger import SAMPLE
from test_command_line import run

PART = "-84.33,36.52,-84.24,36.62"  # 108 by 120 cells of the sample


@pytest.mark.parametrize("options", [("--area", PART), (f"--area={PART}",)])
def test_corners_choose_a_part_of_the_dem_though_they_begin_with_a_minus(tmp_path: Path, options: tuple) -> None:
    done = run("render", SAMPLE, tmp_path / "part.png", "--size", "20x20", *options)
    assert done.returncode == 0, done.stderr
    cols, rows = done.stdout.split("DEM ")[1].split(";")[0].split("×")
    assert int(cols) in (108, 109) and int(rows) in (120, 121)


@pytest.mark.parametrize("corners", ["1,2,3", "3,2,1,4", "1,2,x,4", "here", "1,2,inf,4"])
def test_wrong_corners_are_wrong_arguments(tmp_path: Path, corners: str) -> None:
    done = run("render", SAMPLE, tmp_path / "part.png", f"--area={corners}")
    assert done.returncode == 2 and "expected xmin,ymin,xmax,ymax" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_corners_beside_the_dem_are_told_and_no_picture_is_left(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "part.png", "--area", "10,50,11,51")
    assert done.returncode == 1 and "expected an area that covers some of it" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_area_within_one_cell_is_drawn_with_the_cells_beside_it(
    tmp_path: Path, write_raster: Callable[..., Path]
) -> None:
    dem = write_raster(np.arange(30, dtype="f4").reshape(5, 6))
    one = ("--area", "500021,5099971,500022,5099972", "--size", "20x20")
    done = run("render", dem, tmp_path / "a.png", *one)
    assert done.returncode == 0 and "DEM 2×2" in done.stdout, done.stderr
    row = write_raster(np.arange(6, dtype="f4").reshape(1, 6), name="row.tif")
    done = run("render", row, tmp_path / "b.png", "--area", "500021,5099992,500022,5099998")
    assert done.returncode == 1 and "expected at least 2×2 cells; got 2×1" in done.stderr


def test_a_scene_file_may_say_which_part_and_which_band(tmp_path: Path, write_raster) -> None:
    low, high = np.zeros((40, 50), "f4"), np.full((40, 50), 7.0, "f4")
    dem = write_raster(low, high, geotransform=(0.0, 10.0, 0.0, 400.0, 0.0, -10.0))
    view = tmp_path / "view.json"
    view.write_text(json.dumps({"source": {"band": 3, "area": [100, 100, 200, 300]}}))
    done = run("render", dem, tmp_path / "a.png", "--size", "20x20", "--scene", view)
    assert done.returncode == 1 and "band 1..2" in done.stderr  # the file's band was asked for
    done = run("render", dem, tmp_path / "a.png", "--size", "20x20", "--scene", view, "--band", "2")
    assert done.returncode == 0 and "DEM 10×20;" in done.stdout
    done = run("render", dem, tmp_path / "a.png", "--size", "20x20", "--scene", view, "--band", "2",
               "--area", "0,0,500,400")  # fmt: skip
    assert done.returncode == 0 and "DEM 50×40;" in done.stdout  # what is given here goes over the file


def test_a_drape_that_only_qgis_can_draw_is_told(tmp_path: Path) -> None:
    view = tmp_path / "view.json"
    view.write_text(json.dumps({"source": {"colours": "theme", "theme": "Winter"}}))
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "20x20", "--scene", view)
    assert done.returncode == 0 and "the drape is left out" in done.stdout


def test_a_wrong_source_in_a_scene_file_is_named(tmp_path: Path) -> None:
    view = tmp_path / "view.json"
    view.write_text(json.dumps({"source": {"area": [3, 2, 1]}}))
    done = run("render", SAMPLE, tmp_path / "a.png", "--scene", view)
    assert done.returncode == 2 and "area: expected four finite numbers" in done.stderr
