"""What a person does at the command line, and what comes back: the whole process, its exit code and its words."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from stranger import FAKE, ROOT, SAMPLE, hear_signals

from forge3d_qgis.core.fields import FIELDS


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}


def run(*arguments: object, fake: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    """``python -m forge3d_qgis`` with a native module that needs no GPU, unless the real one is asked for."""
    if fake:
        more = {"FORGE3D_NATIVE": str(FAKE), **more}
    command = [sys.executable, "-m", "forge3d_qgis", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(**more), timeout=240)


def pixels(path: Path) -> np.ndarray:
    dataset = gdal.Open(str(path))
    return dataset.ReadAsArray().transpose(1, 2, 0)


# Help and wrong arguments


def test_without_arguments_the_help_is_shown_and_the_code_is_2() -> None:
    done = run()
    assert done.returncode == 2 and "examples:" in done.stderr


def test_help_names_every_option_with_its_unit_and_default() -> None:
    done = run("render", "--help")
    assert done.returncode == 0
    for option in (
        "--size", "--azimuth", "--altitude", "--heading", "--pitch", "--zoom", "--field-of-view", "--projection",
        "--resolution", "--exaggeration", "--shading", "--samples", "--no-shadows", "--ramp", "--background",
        "--adapter", "--memory-budget", "--band", "--scene", "--metrics",
    ):  # fmt: skip
        assert option in done.stdout, option
    assert "topobathy" in done.stdout
    shown = " ".join(done.stdout.split())
    options = {
        "--azimuth": "sun.azimuth", "--altitude": "sun.altitude", "--heading": "camera.heading",
        "--pitch": "camera.pitch", "--zoom": "camera.zoom", "--field-of-view": "camera.field_of_view",
        "--exaggeration": "exaggeration",
    }  # fmt: skip
    for option, path in options.items():
        field = FIELDS[path]
        words = re.search(rf" {option} \S+ (.*?\))(?: --|$| \w+:)", shown)
        limits = "" if field.bearing else f", {field.low:g}..{field.high:g}"
        assert words is not None and words[1].endswith(f"{limits} (default: {field.default:g})"), option
    assert "relief: light; hillshade or horn: grey (default: relief)" in shown and "(default: #ffffff)" in shown
    assert "--shading hillshade" in run("--help").stdout


def test_the_shadings_are_those_that_the_native_side_lists(tmp_path: Path) -> None:
    more = tmp_path / "forge3d_native.py"
    row = "{**common, 'name': 'slope', 'aliases': ['steepness'], 'summary': '100 % grey', 'is_display': True,"
    row += "'uses_colors': False, 'uses_sun_size': False, 'uses_sky': False}"
    more.write_text(
        FAKE.read_text().replace(
            '    return [\n        {"name": "relief"', f'    return [{row},\n        {{"name": "relief"'
        )
    )
    shown = " ".join(run("render", "--help", FORGE3D_NATIVE=str(more)).stdout.split())
    assert "slope or steepness: 100 % grey; relief: light; hillshade or horn: grey (default: relief)" in shown
    done = run("render", SAMPLE, tmp_path / "a.png", "--shading", "phong", FORGE3D_NATIVE=str(more))
    assert (
        done.returncode == 2
        and "one of slope, relief, hillshade, steepness, horn;" in done.stderr
        and "'phong'" in done.stderr
    )


def test_without_the_native_part_help_is_there_and_any_shading_passes(tmp_path: Path) -> None:
    nowhere = {"FORGE3D_NATIVE": str(tmp_path / "absent.so"), "XDG_DATA_HOME": str(tmp_path)}
    code = (
        "import sys; sys.modules['forge3d_native'] = None; sys.path.insert(0, sys.argv.pop(1));"
        "from forge3d_qgis.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), "render", "--help"],
        capture_output=True, text=True, timeout=60, env=environment(**nowhere),
    )  # fmt: skip
    assert done.returncode == 0 and "--shading NAME" in done.stdout and "is not there" in " ".join(done.stdout.split())


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"]])
def test_help_waits_for_neither_numpy_nor_gdal(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "forge3d_qgis", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment(FORGE3D_NATIVE=str(tmp_path / "absent.so"))
    )
    assert "argparse" in done.stderr and not re.search(r"\b(numpy|osgeo)\b", done.stderr)


@pytest.mark.parametrize("name", ["relief", "hillshade", "horn"])
def test_a_shading_is_known_by_each_of_its_names(name: str) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from forge3d_qgis.command_line import parser;"
    code += "print(parser().parse_args(['render', 'dem.tif', 'a.png', '--shading', sys.argv[2]]).shading)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), name], capture_output=True, text=True, timeout=60,
        env=environment(FORGE3D_NATIVE=str(FAKE)),
    )  # fmt: skip
    assert done.stdout.strip() == name, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "big"], "WIDTHxHEIGHT"),
        (["--size", "0x5"], "WIDTHxHEIGHT"),
        (["--size", "20000x5"], "16384"),
        (["--altitude", "95"], "0..90"),
        (["--altitude", "nan"], "number"),
        (["--pitch", "-3"], "0..90"),
        (["--zoom", "0"], "zoom"),
        (["--samples", "0"], "1..1024"),
        (["--shading", "phong"], "phong"),
        (["--projection", "fisheye"], "fisheye"),
        (["--resolution", "10"], "--projection orthographic"),
        (["--ramp", "no_such_ramp"], "no_such_ramp"),
        (["--background", "beige"], "#rrggbb"),
        (["--memory-budget", "much"], "256MiB"),
        (["--memory-budget", "-5"], "expected a number above 0 with a unit; got '-5'"),
        (["--scene", "nowhere.json"], "nowhere.json"),
        (["--exaggeration", "0"], "exaggeration"),
        (["--what"], "--what"),
    ],
)
def test_wrong_arguments_end_with_2_and_one_line_that_helps(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_no_png_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.jpg")
    assert done.returncode == 2 and ".png" in done.stderr


# Failures


def failed(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    for word in words:
        assert word in lines[0]


def test_a_missing_dem_is_one_clear_line(tmp_path: Path) -> None:
    failed(run("render", tmp_path / "none.tif", tmp_path / "a.png"), "none.tif", "no such file")


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    failed(run("render", SAMPLE, tmp_path / "none" / "a.png"), "none", "folder")


def test_a_band_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    failed(run("render", SAMPLE, tmp_path / "a.png", "--band", 3), "1..1")


def test_an_unknown_adapter_is_one_clear_line(tmp_path: Path) -> None:
    failed(run("render", SAMPLE, tmp_path / "a.png", "--adapter", "voodoo"), "adapter: expected", "voodoo")


def test_a_budget_that_is_too_small_is_one_clear_line(tmp_path: Path) -> None:
    failed(run("render", SAMPLE, tmp_path / "a.png", "--memory-budget", "1MiB"), "memory budget", "fix")


def test_a_budget_beyond_any_machine_is_no_obstacle(tmp_path: Path) -> None:
    for size in ("99999999999TiB", "9" * 400):
        done = run("render", SAMPLE, tmp_path / "a.png", "--size", "20x20", "--memory-budget", size)
        assert done.returncode == 0, done.stderr


def test_the_dem_itself_is_never_written_over(tmp_path: Path, write_raster: Callable[..., Path]) -> None:
    gdal.GetDriverByName("PNG").CreateCopy(
        str(tmp_path / "dem.png"), gdal.Open(str(write_raster(np.arange(100, dtype="u2").reshape(10, 10))))
    )
    before = (tmp_path / "dem.png").read_bytes()
    failed(run("render", tmp_path / "dem.png", tmp_path / "dem.png"), "the DEM itself")
    failed(run("render", tmp_path / "dem.png", tmp_path / "a.png", "--metrics", tmp_path / "dem.png"), "the DEM itself")
    assert (tmp_path / "dem.png").read_bytes() == before


def test_no_file_that_the_dem_is_made_of_is_written_over(tmp_path: Path, write_raster: Callable[..., Path]) -> None:
    heights = write_raster(np.arange(100, dtype="u2").reshape(10, 10))
    part = tmp_path / "part.png"
    gdal.GetDriverByName("PNG").CreateCopy(str(part), gdal.Open(str(heights)))
    gdal.BuildVRT(str(tmp_path / "whole.vrt"), [str(part)]).FlushCache()
    before = part.read_bytes()
    failed(run("render", tmp_path / "whole.vrt", part, "--band", 1), "part.png", "a part of the DEM")
    failed(run("render", tmp_path / "whole.vrt", tmp_path / "a.png", "--band", 1, "--metrics", part), "a part of")
    assert part.read_bytes() == before
    done = run("render", tmp_path / "whole.vrt", tmp_path / "a.png", "--band", 1, "--size", "20x20")
    assert done.returncode == 0, done.stderr


def test_a_missing_folder_for_the_metrics_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    failed(run("render", SAMPLE, tmp_path / "a.png", "--metrics", tmp_path / "none" / "m.json"), "none", "folder")
    assert not list(tmp_path.iterdir())


def test_a_zip_and_a_name_of_any_length_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "dem.zip").write_bytes(b"PK\5\6" + bytes(18))
    failed(run("render", tmp_path / "dem.zip", tmp_path / "a.png"), "/vsizip/")
    failed(run("render", "x" * 5000, tmp_path / "a.png"), "no such file")
    failed(run("render", "<VRTDataset>" + "x" * 5000, tmp_path / "a.png"), "expected a raster")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_full_disk_under_standard_output_is_one_clear_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "forge3d_qgis", "render", str(SAMPLE), str(tmp_path / "a.png"), "--size", "20x20"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(FORGE3D_NATIVE=str(FAKE)),
            timeout=60,
        )  # fmt: skip
    failed(done, "standard output", "No space")


def test_a_closed_standard_error_hinders_nothing(tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    command = f"exec '{sys.executable}' -m forge3d_qgis render '{SAMPLE}' '{out}' --size 20x20 2>&-"
    done = subprocess.run(["bash", "-c", command], env=environment(FORGE3D_NATIVE=str(FAKE)), timeout=60)
    assert done.returncode == 0 and out.exists()


def test_a_failing_device_leaves_no_file(tmp_path: Path) -> None:
    failed(
        run("render", SAMPLE, tmp_path / "a.png", FAKE_ERROR="RenderError"), "forge3d-qgis: expected a working device"
    )
    assert not list(tmp_path.iterdir())


def test_a_missing_native_part_says_how_to_get_it(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['forge3d_native'] = None; sys.path.insert(0, sys.argv.pop(1));"
        "from forge3d_qgis.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), "render", str(SAMPLE), str(tmp_path / "a.png")],
        capture_output=True, text=True, timeout=60,
        env=environment(FORGE3D_NATIVE=str(tmp_path / "absent.so"), XDG_DATA_HOME=str(tmp_path)),
    )  # fmt: skip
    failed(done, "forge3d_native", "install")


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [(signal.SIGINT, 130, "forge3d-qgis: interrupted"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
)
def test_ctrl_c_kill_and_a_closed_terminal_leave_no_half_written_file(
    tmp_path: Path, sent: signal.Signals, code: int, words: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "forge3d_qgis", "render", str(SAMPLE), str(tmp_path / "a.png")],
        stderr=subprocess.PIPE, text=True, env=environment(FORGE3D_NATIVE=str(FAKE), FAKE_SLEEP_MS="10000"),
        preexec_fn=hear_signals,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)  # until the file has been begun
    assert [entry.suffix for entry in tmp_path.iterdir()] == [".part"]
    process.send_signal(sent)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code and errors.strip() == words
    assert not list(tmp_path.iterdir())


# Pictures


def test_the_closing_line_tells_size_dem_adapter_times_and_memory(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "40x30")
    assert done.returncode == 0 and done.stderr == ""
    for words in ("40×30", "403×344", "degrees as 74.6×92.5 m", "fake adapter", "read", "encode", "ms", "memory 1 MiB"):
        assert words in done.stdout
    assert len(done.stdout.strip().splitlines()) == 1
    assert pixels(tmp_path / "a.png").shape == (30, 40, 3)


def test_options_go_over_a_saved_scene(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from forge3d_qgis.command_line import parser, scene_of;"
        "print(scene_of(parser().parse_args(sys.argv[2:])).to_json())"
    )

    def scene(*arguments: str) -> dict:
        command = [sys.executable, "-c", code, str(ROOT), "render", "dem.tif", "a.png", *arguments]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)

    saved = tmp_path / "scene.json"
    saved.write_text('{"sun": {"azimuth": 90, "altitude": 20}, "exaggeration": 3, "cast_shadows": false}')
    made = scene("--scene", str(saved), "--altitude", "60", "--pitch", "10", "--background", "transparent")
    assert made["sun"]["azimuth"] == 90 and made["sun"]["altitude"] == 60
    assert made["exaggeration"] == 3 and made["cast_shadows"] is False
    assert made["camera"]["pitch"] == 10 and made["background"] == "transparent"
    plain = scene("--no-shadows", "--projection", "orthographic", "--resolution", "30", "--ramp", "plain")
    assert plain["cast_shadows"] is False and plain["camera"]["resolution"] == 30
    assert len(plain["color_ramp"]["stops"]) == 2


def test_metrics_are_written_as_json(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "40x30", "--metrics", tmp_path / "m.json")
    assert done.returncode == 0
    content = json.loads((tmp_path / "m.json").read_text())
    for step in ("read", "upload", "pyramid", "compile", "trace", "resolve", "readback", "encode", "total"):
        assert content["ms"][step] >= 0
    assert content["adapter"] == "fake adapter" and content["memory"]["peak_bytes"] == 1 << 20
    assert content["dem"]["size"] == [403, 344]


def test_a_picture_larger_than_its_budget_is_written_in_bands(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "1000x1250", "--memory-budget", "40MiB", "--samples", 1)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(pixels(tmp_path / "a.png")[:, 0, 0], np.arange(1250) % 256)


def test_a_dem_larger_than_the_budget_says_how_it_was_read(tmp_path: Path, write_raster: Callable[..., Path]) -> None:
    def told(dtype: str) -> str:
        path = write_raster(np.ones((2000, 2400), dtype=dtype))
        return run("render", path, tmp_path / "a.png", "--size", "200x100", "--memory-budget", "32MiB").stdout

    assert re.search(r"2400×2000 read as \d+×\d+ to stay within 32 MiB", told("f4"))
    assert "DEM 2400×2000; heights held as 16-bit numbers" in told("i2")


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="terminals of this kind exist on Unix")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "forge3d_qgis", "render", str(SAMPLE), str(tmp_path / "a.png"), "--size", "40x30"],
        stdout=subprocess.PIPE, stderr=theirs, env=environment(FORGE3D_NATIVE=str(FAKE)),
    )  # fmt: skip
    process.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "drawing" in shown and "100%" in shown and shown.endswith("\x1b[K")


def test_devices_are_listed_with_the_one_that_auto_takes_first() -> None:
    done = run("devices")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 2
    assert lines[0].startswith("auto") and "big card" in lines[0] and "software" in lines[1]


def test_the_long_list_of_devices_tells_how_each_is_chosen() -> None:
    done = run("devices", "--verbose")
    assert done.returncode == 0
    assert "index 1, key 0000:01:00.0" in done.stdout and "memory heap 0: 4 GiB" in done.stdout


def test_the_page_for_a_bug_report_is_printed() -> None:
    done = run("devices", "--diagnostics")
    assert done.returncode == 0 and done.stdout.startswith("Forge3D ")
    assert "Budget: software, 4 GiB free" in done.stdout


def test_without_any_device_the_way_to_one_is_told() -> None:
    failed(run("devices", FAKE_ADAPTERS="none"), "mesa-vulkan-drivers")


# What the native side logs

BANDS = ("--size", "1000x1250", "--memory-budget", "40MiB", "--samples", 4)


@pytest.mark.parametrize("variable", ["FORGE3D_LOG", "RUST_LOG"])
def test_the_log_that_was_asked_for_comes_on_standard_error_while_the_run_goes_on(
    tmp_path: Path, variable: str
) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", *BANDS, "--metrics", tmp_path / "m.json", **{variable: "debug"})
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1
    lines = done.stderr.splitlines()
    # One line a record, two slices a band, and those of all bands, though the native side keeps only the last few.
    bands = json.loads((tmp_path / "m.json").read_text())["picture"]["bands"]
    # Before them those of the forecast.
    assert len(lines) > 2 * bands > 3
    drawn = [line.endswith(f"after {number} samples") for line, number in zip(lines[-2 * bands :], [0, 2] * bands)]
    assert all(drawn), lines
    assert all(re.fullmatch(r"DEBUG fake: slice \(0, .*\)\\x0aafter [02] samples", line) for line in lines), lines


def test_a_run_that_fails_tells_its_log_as_well(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", FAKE_ERROR="RenderError", FORGE3D_LOG="debug")
    logged, complaint = done.stderr.splitlines()
    assert (
        done.returncode == 1
        and logged.startswith("DEBUG fake: slice")
        and complaint.startswith("forge3d-qgis: expected a working device")
    )


def test_nobody_is_told_a_log_that_was_not_asked_for(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "20x20", FORGE3D_LOG="", RUST_LOG="")
    assert done.returncode == 0 and done.stderr == ""


# With the real renderer


@pytest.mark.gpu
def test_the_real_log_has_the_device_and_what_it_did(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "32x20", "--samples", 1, fake=False, FORGE3D_LOG="debug")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^INFO forge3d_native\S*: adapter ", done.stderr, re.M)
    assert re.search(r"^DEBUG forge3d_native\S*: renderer made in ", done.stderr, re.M)


@pytest.mark.gpu
def test_the_sample_becomes_a_relief_that_fills_the_picture(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "320x200", "--samples", 4, fake=False)
    assert done.returncode == 0, done.stderr
    rgb = pixels(tmp_path / "a.png").astype(int)
    background = (rgb == 255).all(axis=2)
    assert background[0].all() and background[-1].all()  # the whole DEM, with a margin
    assert 0.3 < 1 - background.mean() < 0.95
    terrain = rgb[60:140, 100:220]
    assert terrain.std() > 8 and (terrain < 255).all()


@pytest.mark.gpu
def test_the_real_devices_are_listed() -> None:
    done = run("devices", fake=False)
    assert done.returncode == 0 and "auto" in done.stdout


@pytest.mark.gpu
def test_a_nadir_hillshade_is_gdaldems(tmp_path: Path, write_raster: Callable[..., Path]) -> None:
    rows, cols = np.mgrid[0:120, 0:160]
    heights = (200 * np.sin(rows / 17) * np.cos(cols / 23)).astype("f4")
    path = write_raster(heights)
    done = run(
        "render", path, tmp_path / "a.png", "--size", "160x120", "--projection", "orthographic", "--resolution", 10,
        "--pitch", 90, "--shading", "horn", "--no-shadows", "--samples", 1, fake=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = gdal.DEMProcessing("", str(path), "hillshade", format="MEM", computeEdges=False).ReadAsArray()
    found = pixels(tmp_path / "a.png")[..., 0]
    difference = np.abs(found.astype(int) - expected)[2:-2, 2:-2]
    assert (difference <= 1).mean() >= 0.999


# Quality


@pytest.mark.parametrize(
    ("options", "size", "samples"),
    [
        ([], (1600, 1000), 16),
        (["--quality", "draft"], (800, 500), 4),
        (["--quality", "high-quality"], (3200, 2000), 32),
        (["--quality", "print", "--size", "30x20"], (30, 20), 64),
        (["--quality", "draft", "--samples", "9"], (800, 500), 9),
        (["--size", "30x20"], (30, 20), 16),
    ],
)
def test_a_quality_sets_what_single_options_leave_open(
    tmp_path: Path, options: list[str], size: tuple[int, int], samples: int
) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--metrics", tmp_path / "m.json", *options)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "m.json").read_text())
    assert (tuple(told["picture"]["size"]), told["samples"]) == (size, samples)
    name = options[1].replace("-", "_") if "--quality" in options else None
    assert (f"quality {name}, {samples} samples" in done.stdout) if name else ("; quality" not in done.stdout)


def test_a_draft_reads_a_large_dem_coarsely_whatever_the_budget(
    tmp_path: Path, write_raster: Callable[..., Path]
) -> None:
    dem = write_raster(np.arange(1500 * 1200, dtype="f4").reshape(1200, 1500))
    whole, draft = run("render", dem, tmp_path / "a.png"), run("render", dem, tmp_path / "a.png", "--quality", "draft")
    assert "DEM 1500×1200;" in whole.stdout and "1500×1200 read as " in draft.stdout


def test_a_quality_that_is_none_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    done = run("render", SAMPLE, tmp_path / "a.png", "--quality", "ultra")
    assert done.returncode == 2 and "one of draft, balanced, high_quality, print" in done.stderr


def test_a_long_wait_is_told_on_standard_error_and_nowhere_else(tmp_path: Path) -> None:
    slow = tmp_path / "forge3d_native.py"
    slow.write_text(FAKE.read_text().replace('"trace_ms": 2.0', '"trace_ms": 200.0'))
    done = run("render", SAMPLE, tmp_path / "a.png", "--size", "64x640", FORGE3D_NATIVE=str(slow))
    assert done.returncode == 0
    assert re.fullmatch(r"forge3d-qgis: .* MiB in one band, about [0-9.]+ (s|min|h)\n", done.stderr), done.stderr
    assert "about" not in done.stdout and len(done.stdout.strip().splitlines()) == 1


def test_memory_that_the_driver_refuses_is_less_detail_told_in_the_closing_line(
    tmp_path: Path, write_raster: Callable[..., Path]
) -> None:
    tight = tmp_path / "forge3d_native.py"
    refusal = 'if heights.size > 400_000:\n            raise MemoryBudgetError("[Budget] the driver is out of memory")'
    taken = "        self.heights, self.cell_to_world = heights, cell_to_world"
    tight.write_text(FAKE.read_text().replace(taken, f"        {refusal}\n{taken}"))
    dem, out = write_raster(np.arange(1500 * 1200, dtype="f4").reshape(1200, 1500)), tmp_path / "a.png"
    done = run("render", dem, out, "--size", "40x30", FORGE3D_NATIVE=str(tight))
    assert done.returncode == 0, done.stderr
    assert "memory was short: heights at 1:4" in done.stdout and "1500×1200 read as 375×300" in done.stdout
    out.unlink()
    # Who chose the budget gets the picture that it gives, or none.
    chosen = run("render", dem, out, "--size", "40x30", "--memory-budget", "200MiB", FORGE3D_NATIVE=str(tight))
    failed(chosen, "the driver is out of memory")
    assert not out.exists()
