"""The command line of a user who is not root, where home, outputs, encodings, disk and signals are not as hoped."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from stranger import FAKE, Stranger

from forge3d_qgis import native_loader

pytestmark = pytest.mark.skipif(os.name != "posix", reason="users, signals and descriptors are meant as Unix has them")

SMALL = ("--size", "40x30", "--samples", 1)


def check_picture(path: Path) -> None:
    """The fake renderer's picture, whole: row r is grey r."""
    rows = gdal.Open(str(path)).ReadAsArray()
    np.testing.assert_array_equal(rows[0], np.repeat(np.arange(30)[:, None], 40, axis=1))


def failed(done: subprocess.CompletedProcess[bytes], *words: str) -> None:
    text = done.stderr.decode(errors="replace")
    assert done.returncode == 1 and len(text.splitlines()) == 1 and text.startswith("forge3d-qgis: "), text
    for word in words:
        assert word in text, text


# Home


def unreadable(folder: Path) -> str:
    closed = folder / "closed"
    (closed / ".local" / "share" / "forge3d_native").mkdir(parents=True)
    closed.chmod(0)
    if os.geteuid() == 0:
        os.chown(closed, 0, 0)
    return str(closed)


@pytest.mark.parametrize(
    "home",
    [unreadable, lambda folder: str(folder / "none"), lambda folder: None, lambda folder: "", lambda folder: "program"],
    ids=["unreadable", "missing", "not set", "empty", "relative"],
)
def test_a_home_that_is_of_no_use_hinders_nothing(stranger: Stranger, home: Callable[[Path], str | None]) -> None:
    # As installed: the native module lies in site-packages and nothing names it.
    environment = stranger.environment(HOME=home(stranger.folder), FORGE3D_NATIVE=None)
    done = stranger.run("render", stranger.dem, "a.png", *SMALL, environment=environment)
    assert done.returncode == 0, done.stderr
    check_picture(stranger.folder / "a.png")


@pytest.mark.parametrize("variable", ["XDG_DATA_HOME", "HOME"])
def test_no_library_is_loaded_from_the_folder_that_one_stands_in(stranger: Stranger, variable: str) -> None:
    name = f"{native_loader.VERSION}.99-{native_loader.platform_tag()}"
    below_home = (".local", "share") if sys.platform != "darwin" else ("Library", "Application Support")
    # Below HOME=. and below XDG_DATA_HOME=.
    for folder in (stranger.folder.joinpath(*below_home), stranger.folder):
        (folder / "forge3d_native" / name).mkdir(parents=True)
        (folder / "forge3d_native" / name / "forge3d_native.abi3.so").write_bytes(b"no library")
    environment = stranger.environment(FORGE3D_NATIVE=None, **{"HOME": "/nonexistent", variable: "."})
    code = (
        "import sys, forge3d_qgis.native_loader as loader; tried = []; folder = loader.default_user_folder();"
        "print([str(file) for _, file in loader._candidates(folder, tried) if file])"
    )
    done = stranger.run(command=("-c", code), environment=environment)
    assert done.stdout.decode().strip() == "[]", done.stderr
    done = stranger.run("render", stranger.dem, "a.png", *SMALL, environment=environment)
    assert done.returncode == 0, done.stderr


# Outputs


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"])
def test_closed_descriptors_put_no_foreign_word_into_the_picture(stranger: Stranger, closed: str) -> None:
    """A driver that writes to 1 and 2 must not meet the picture there."""
    noisy = stranger.folder / "program" / "noisy.py"
    noise = "import os\nfor number in (1, 2):\n    os.write(number, b'a word of the driver')\n"
    noisy.write_text(FAKE.read_text().replace("def read_rgba(self):", f"def read_rgba(self):\n        exec({noise!r})"))
    noisy.chmod(0o644)
    environment = stranger.environment(FORGE3D_NATIVE=str(noisy))

    def close() -> None:
        for number in range(3):
            if f"{number}{'<' if number == 0 else '>'}&-" in closed:
                os.close(number)

    done = stranger.run(
        "render", stranger.dem, "a.png", *SMALL, "--metrics", "m.json", environment=environment, before=close
    )
    assert done.returncode == 0
    check_picture(stranger.folder / "a.png")
    assert json.loads((stranger.folder / "m.json").read_text())["adapter"] == "fake adapter"


@pytest.mark.parametrize("arguments", [("--help",), ("render", "--help"), ("devices",), ("--version",)])
def test_a_full_standard_output_is_told_whatever_was_asked(stranger: Stranger, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        failed(stranger.run(*arguments, stdout=full), "standard output", "No space left")


@pytest.mark.parametrize("arguments", [("--help",), ("devices",)])
def test_a_reader_who_has_gone_is_no_reason_for_words(stranger: Stranger, arguments: tuple[str, ...]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = stranger.run(*arguments, stdout=theirs)
    os.close(theirs)
    assert done.returncode == 1 and done.stderr == b""


def test_a_full_standard_error_changes_no_exit_code(stranger: Stranger) -> None:
    with open("/dev/full", "wb") as full:
        assert stranger.run("render", "none.tif", "a.png", stderr=full).returncode == 1
        assert stranger.run("render", "none.tif", stderr=full).returncode == 2


def test_a_terminal_that_goes_away_ends_the_progress_and_not_the_picture(stranger: Stranger) -> None:
    ours, theirs = os.openpty()
    environment = stranger.environment(FAKE_SLEEP_MS="300")
    process = stranger.start(
        "render", stranger.dem, "a.png", "--size", "40x30", "--samples", 6,
        environment=environment, stdout=subprocess.DEVNULL, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    assert os.read(ours, 1)  # the progress has begun
    os.close(ours)
    assert process.wait(60) == 0
    check_picture(stranger.folder / "a.png")


def test_metrics_can_go_to_standard_output(stranger: Stranger) -> None:
    done = stranger.run("render", stranger.dem, "a.png", *SMALL, "--metrics", "/dev/stdout")
    content, _, closing = done.stdout.decode().strip().rpartition("\n")
    assert done.returncode == 0 and json.loads(content)["samples"] == 1 and closing.startswith("a.png: 40×30")
    with (stranger.folder / "log").open("wb") as log:  # a file under standard output is not replaced either
        done = stranger.run("render", stranger.dem, "a.png", *SMALL, "--metrics", "/dev/stdout", stdout=log)
    assert "memory 1 MiB (budget " in (stranger.folder / "log").read_text().splitlines()[-1]


def test_what_the_system_refuses_is_told_by_its_own_name(stranger: Stranger) -> None:
    """And not as a fault of standard output, which it once was whatever had failed."""
    program = (
        "import sys, forge3d_qgis.core.dem as dem; from forge3d_qgis.__main__ import main\n"
        "def failing(*arguments, **options): raise OSError(5, 'Input/output error', '/media/usb/dem.tif')\n"
        "dem.open_source = failing\n"
        "sys.exit(main())"
    )
    done = stranger.run("render", stranger.dem, "a.png", command=("-c", program))
    failed(done, "forge3d-qgis: /media/usb/dem.tif: Input/output error")
    assert stranger.left() == set()


# Encodings


ENCODINGS = [
    {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp437"}, {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "no_such.locale"},
]  # fmt: skip


@pytest.mark.parametrize("variables", ENCODINGS, ids=lambda variables: ",".join(map("=".join, variables.items())))
def test_every_word_finds_letters_in_every_encoding(
    stranger: Stranger, variables: dict[str, str], write_raster: Callable[..., Path]
) -> None:
    environment = stranger.environment(**variables)
    heights = np.full((20, 20), 5, dtype="i2")
    heights[:8] = -9999  # not declared as void: a note with a minus sign
    dem = stranger.folder / "dem.tif"
    dem.write_bytes(write_raster(heights).read_bytes())
    dem.chmod(0o644)
    done = stranger.run("render", dem, "bild_ü.png", *SMALL, environment=environment)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    assert b"40x30" in done.stdout or "40×30".encode(variables.get("PYTHONIOENCODING", "utf-8")[:7]) in done.stdout
    check_picture(stranger.folder / "bild_ü.png")
    for arguments in (("--help",), ("render", "--help")):
        shown = stranger.run(*arguments, environment=environment)
        assert shown.returncode == 0 and shown.stderr == b"" and b"--" in shown.stdout
    failed(stranger.run("render", "näher×.tif", "a.png", environment=environment), "no such file")


def test_a_name_that_is_no_text_is_one_clear_line(stranger: Stranger) -> None:
    os.link(stranger.dem, os.fsencode(stranger.folder) + b"/\xff.tif")
    done = stranger.run("render", os.fsdecode(b"\xff.tif"), os.fsdecode(b"\xfe.png"), *SMALL)
    assert b"Traceback" not in done.stderr and len((done.stdout + done.stderr).splitlines()) == 1
    assert done.returncode in (0, 1) and not [name for name in stranger.left() if name.endswith(".part")]


def test_a_name_cannot_speak_to_the_terminal(stranger: Stranger) -> None:
    done = stranger.run("render", "a\x1b[2J\nb.tif", "a.png")
    failed(done, "\\x1b[2J\\x0ab.tif")


# Disk


def test_a_limit_on_file_sizes_leaves_nothing(stranger: Stranger) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    done = stranger.run("render", stranger.dem, "a.png", "--size", "400x3000", "--samples", "1", before=limit)
    failed(done, "a.png", os.strerror(errno.EFBIG))
    assert stranger.left() == set()


def test_a_full_disk_is_told_with_the_files_name(stranger: Stranger) -> None:
    (stranger.folder / "full.png").symlink_to("/dev/full")
    failed(stranger.run("render", stranger.dem, "full.png", *SMALL), "full.png", "No space left", "make room")
    done = stranger.run("render", stranger.dem, "a.png", *SMALL, "--metrics", "full.png")
    failed(done, "full.png", "No space left")
    assert os.readlink(stranger.folder / "full.png") == "/dev/full" and stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_folder_that_may_not_be_written_is_told_before_anything_is_drawn(stranger: Stranger) -> None:
    folder = stranger.folder / "read_only"
    folder.mkdir()
    folder.chmod(0o555)
    environment = stranger.environment(FAKE_ERROR="RenderError")
    for arguments in ((folder / "a.png",), ("a.png", "--metrics", folder / "m.json")):
        done = stranger.run("render", stranger.dem, *arguments, *SMALL, environment=environment)
        failed(done, str(arguments[-1]), os.strerror(errno.EACCES))
    assert stranger.left() == {"read_only"} and not list(folder.iterdir())


def test_what_cannot_become_the_picture_is_told_before_anything_is_drawn(stranger: Stranger) -> None:
    (stranger.folder / "folder.png").mkdir()
    os.mkfifo(stranger.folder / "pipe.png")
    (stranger.folder / "pipe.png").chmod(0o666)
    environment = stranger.environment(FAKE_ERROR="RenderError")
    for name, words in (("folder.png", "folder"), ("x" * 252 + ".png", "shorter name"), ("pipe.png", "nobody reads")):
        failed(stranger.run("render", stranger.dem, name, *SMALL, environment=environment), words)
    assert stranger.left() == {"folder.png", "pipe.png"}


def test_the_longest_name_works(stranger: Stranger) -> None:
    name = "x" * 251 + ".png"
    assert stranger.run("render", stranger.dem, name, *SMALL).returncode == 0
    check_picture(stranger.folder / name)


def test_no_output_replaces_what_is_read_or_the_other_output(stranger: Stranger) -> None:
    ramp, scene = stranger.folder / "ramp.png", stranger.folder / "scene.json"
    ramp.write_text("0 1 2 3\n")
    scene.write_text("{}")
    (stranger.folder / "link.json").symlink_to("a.png")
    for arguments, words in (
        (("ramp.png", "--ramp", "ramp.png"), "the ramp that is read"),
        (("a.png", "--scene", "scene.json", "--metrics", "../" + stranger.folder.name + "/scene.json"), "the scene"),
        (("a.png", "--metrics", "a.png"), "the picture's own name"),
        (("a.png", "--metrics", "link.json"), "the picture's own name"),
        (("a.png", "--metrics", stranger.dem.name), "the DEM itself"),
    ):
        failed(stranger.run("render", stranger.dem, *arguments, *SMALL), words)
    assert ramp.read_text() == "0 1 2 3\n" and scene.read_text() == "{}"
    assert stranger.left() == {"ramp.png", "scene.json", "link.json"}


# Texts that never end, or never come


@pytest.mark.parametrize("option", ["--ramp", "--scene"])
def test_a_text_without_end_is_one_clear_line(stranger: Stranger, option: str) -> None:
    def limit() -> None:  # 4 GiB: reading on would end in an error of memory
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

    done = stranger.run("render", stranger.dem, "a.png", option, "/dev/zero", before=limit)
    assert done.returncode == 2 and b"at most 1 MiB" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("option", "text"), [("--ramp", b"0 1 2 3\n9 4 5 6\n"), ("--scene", b'{"exaggeration": 2}')])
def test_a_text_through_a_pipe_is_read(stranger: Stranger, option: str, text: bytes) -> None:
    pipe = stranger.folder / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    writer = threading.Thread(target=lambda: pipe.write_bytes(text), daemon=True)
    writer.start()
    done = stranger.run("render", stranger.dem, "a.png", *SMALL, option, pipe)
    assert done.returncode == 0, done.stderr


# Signals


ENDING = [
    signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF,
    signal.SIGRTMIN + 3,
]  # fmt: skip


@pytest.mark.parametrize("sent", ENDING)
def test_whatever_ends_the_run_leaves_nothing_half_written(stranger: Stranger, sent: int) -> None:
    environment = stranger.environment(FAKE_SLEEP_MS="20000")
    process = stranger.start("render", stranger.dem, "a.png", stderr=subprocess.PIPE, environment=environment)
    deadline = time.monotonic() + 20
    while not stranger.left() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [Path(name).suffix for name in stranger.left()] == [".part"]
    process.send_signal(sent)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + sent and errors == b""
    assert stranger.left() == set()


def test_a_second_and_third_signal_leave_nothing_either(stranger: Stranger) -> None:
    environment = stranger.environment(FAKE_SLEEP_MS="20000")
    process = stranger.start("render", stranger.dem, "a.png", stderr=subprocess.PIPE, environment=environment)
    while not stranger.left():
        time.sleep(0.01)
    while process.poll() is None:  # a user who has lost patience
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.002)
    assert process.returncode != 0 and stranger.left() == set()


@pytest.mark.parametrize("delay_ms", range(0, 200, 20))
def test_a_signal_during_the_start_leaves_nothing_and_no_traceback(stranger: Stranger, delay_ms: int) -> None:
    environment = stranger.environment(FAKE_SLEEP_MS="20000")
    process = stranger.start("render", stranger.dem, "a.png", stderr=subprocess.PIPE, environment=environment)
    time.sleep(delay_ms / 1000)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    # Until Python has read the first line of ours it ends as any process does.
    assert process.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM) and errors == b""
    assert stranger.left() == set()


def test_ctrl_c_while_modules_load_is_as_quiet_as_later(stranger: Stranger) -> None:
    code = (
        "import sys, forge3d_qgis.__main__ as program\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'argparse': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder()); sys.modules.pop('argparse', None)\n"
        "sys.exit(program.main(['devices']))"
    )
    done = stranger.run(command=("-c", code))
    assert (done.returncode, done.stderr) == (130, b"forge3d-qgis: interrupted\n")


@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_that_other_code_swallows_still_ends_the_run(stranger: Stranger, sent: str, code: int) -> None:
    """C code that loads a module may drop the exception that the signal raised; GDAL's bindings do."""
    program = (
        "import os, signal, sys, forge3d_qgis.core.dem as dem; from forge3d_qgis.__main__ import main\n"
        "opened = dem.open_source\n"
        "def swallowing(*arguments, **options):\n"
        f"    try: os.kill(os.getpid(), signal.{sent})\n"
        "    except BaseException: pass\n"
        "    return opened(*arguments, **options)\n"
        "dem.open_source = swallowing\n"
        "sys.exit(main())"
    )
    done = stranger.run("render", stranger.dem, "a.png", command=("-c", program))
    assert done.returncode == code and stranger.left() == set()


# Memory


def test_a_process_short_of_address_space_ends_and_says_why(stranger: Stranger) -> None:
    """NumPy's algebra library used to try for memory for ever, and nobody could end the process but by force."""
    for mebibytes in (60, 120, 200, 300):

        def limit(size: int = mebibytes << 20) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (size, size))

        done = stranger.run("render", stranger.dem, "a.png", *SMALL, before=limit)
        if done.returncode != 0:
            failed(done)
        assert not [name for name in stranger.left() if name.endswith(".part")]
