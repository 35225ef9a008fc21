"""A file is whole or not there, whatever its path leads to and wherever an interrupt falls."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core.errors import ExportError
from forge3d_qgis.core.export import PngWriter, WholeFile, png, save_png, whole_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, devices, pipes and modes are meant as Unix has them")


def write(path: Path, content: bytes = b"new") -> None:
    with WholeFile(path) as file:
        file.write(content)


# What the path leads to


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with WholeFile(path) as file:
        file.write(b"n")
        file.write(b"ew")
        assert path.read_bytes() == b"old" and file.bytes_written == 3
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("before", [b"old", None])
def test_a_link_stays_and_the_file_that_it_points_to_is_replaced(tmp_path: Path, before: bytes | None) -> None:
    real = tmp_path / "elsewhere" / "real"
    real.parent.mkdir()
    if before is not None:
        real.write_bytes(before)
    (tmp_path / "middle").symlink_to("elsewhere/real")
    (tmp_path / "link").symlink_to(tmp_path / "middle")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "middle").is_symlink()
    assert real.read_bytes() == b"new" and os.listdir(real.parent) == ["real"]


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ExportError, match="a: expected"):
        write(tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A character device that may be lost: one with the numbers of /dev/null, or where none may be made, a terminal."""
    node = tmp_path / "null.png"
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.stat("/dev/null").st_rdev)
        yield node
    except PermissionError:
        ours, theirs = os.openpty()
        yield Path(os.ttyname(theirs))
        os.close(ours)
        os.close(theirs)


def test_a_device_is_written_into_and_stays_a_device(device: Path, tmp_path: Path) -> None:
    before = os.lstat(device)
    write(device)
    (tmp_path / "link").symlink_to(device)
    write(tmp_path / "link")
    save_png(np.zeros((2, 2, 4), np.uint8), device)
    after = os.lstat(device)
    assert stat.S_ISCHR(after.st_mode) and (after.st_ino, after.st_rdev) == (before.st_ino, before.st_rdev)
    assert not list(tmp_path.glob(".*"))


def test_a_full_device_is_an_error_and_stays_a_device(tmp_path: Path) -> None:
    node = tmp_path / "full"
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.stat("/dev/full").st_rdev)
    except PermissionError:
        if os.geteuid() == 0:
            raise  # a link would put the machine's own device at stake
        node.symlink_to("/dev/full")
    with pytest.raises(ExportError, match="No space left"):
        write(node)
    assert stat.S_ISCHR(os.stat(node).st_mode) and os.listdir(tmp_path) == ["full"]


def test_a_pipe_with_a_reader_gets_the_bytes_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = os.urandom(1 << 20)  # more than a pipe holds
    received: list[bytes] = []
    ready = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    def read() -> None:
        os.set_blocking(ready, True)
        with open(ready, "rb") as file:
            received.append(file.read())

    with WholeFile(pipe) as file:
        reader = threading.Thread(target=read)
        reader.start()
        file.write(content)
    reader.join(20)
    assert received == [content] and stat.S_ISFIFO(os.lstat(pipe).st_mode)


def test_a_pipe_that_nobody_reads_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExportError, match="nobody reads"):
        write(tmp_path / "pipe")
    assert stat.S_ISFIFO(os.lstat(tmp_path / "pipe").st_mode)


def test_a_descriptor_of_this_process_is_written_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as log:
        log.write(b"begun ")
        before = path.stat().st_ino
        write(Path(f"/dev/fd/{log.fileno()}"))
        (tmp_path / "link").symlink_to(f"/dev/fd/{log.fileno()}")
        write(tmp_path / "link", b" and more")
        log.write(b" ended")
    assert path.read_bytes() == b"begun new and more ended" and path.stat().st_ino == before


def test_folders_and_sockets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may only have about 100 bytes
    os.mkdir("folder")
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind("socket")
        for name in ("folder", "socket"):
            with pytest.raises(ExportError, match=f"got a {name}"):
                write(Path(name))
    assert sorted(os.listdir()) == ["folder", "socket"]


def test_a_block_device_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "disk"
    try:
        os.mknod(node, stat.S_IFBLK | 0o600, os.makedev(7, 250))  # a loop device that nothing is bound to
    except PermissionError:
        node.touch()
        real = os.stat

        def disk(path: Any, **options: Any) -> Any:
            found = real(path, **options)
            return os.stat_result([stat.S_IFBLK, *found[1:]]) if str(path) == str(node) else found

        monkeypatch.setattr(whole_file.os, "stat", disk)
    with pytest.raises(ExportError, match="block device"):
        write(node)
    assert os.listdir(tmp_path) == ["disk"]


def test_what_came_there_in_the_meantime_is_not_replaced_unless_it_is_a_file(tmp_path: Path) -> None:
    file = WholeFile(tmp_path / "a")
    os.mkfifo(tmp_path / "a")
    with pytest.raises(ExportError, match="got a pipe"):
        file.close()
    assert os.listdir(tmp_path) == ["a"]


# Names and modes


def test_names_as_long_as_the_file_system_takes_work_and_longer_ones_are_told_at_once(tmp_path: Path) -> None:
    longest = tmp_path / ("ä" * 125 + "x.png")
    assert len(os.fsencode(longest.name)) == 255
    write(longest)
    assert longest.read_bytes() == b"new"
    with pytest.raises(ExportError, match="shorter name"):
        WholeFile(tmp_path / ("x" * 252 + ".png"))
    with pytest.raises(ExportError, match="null byte"):
        WholeFile(tmp_path / "a\0b")
    assert os.listdir(tmp_path) == [longest.name]


def test_the_mode_is_the_umasks_and_the_umask_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", None)  # threads of this process that make files would see it change
        write(tmp_path / "a")
        monkeypatch.undo()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_foreign_link_under_the_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "victim").write_bytes(b"old")
    monkeypatch.setattr(whole_file.os, "urandom", lambda count: bytes(count))
    (tmp_path / f".forge3d-{bytes(8).hex()}.part").symlink_to("victim")
    with pytest.raises(ExportError, match="exists"):
        write(tmp_path / "a")
    assert (tmp_path / "victim").read_bytes() == b"old"


def test_bytes_after_the_end_are_refused(tmp_path: Path) -> None:
    with WholeFile(tmp_path / "a") as file:
        pass
    with pytest.raises(ExportError, match="after its end"):
        file.write(b"more")
    assert (tmp_path / "a").read_bytes() == b""


def test_a_forgotten_file_is_taken_back(tmp_path: Path) -> None:
    file = WholeFile(tmp_path / "a")
    file.write(b"half")
    assert len(os.listdir(tmp_path)) == 1
    del file
    assert os.listdir(tmp_path) == []


def test_a_forked_child_that_ends_does_not_take_the_file_from_its_parent(tmp_path: Path) -> None:
    file = WholeFile(tmp_path / "a")
    begun = file._begun
    child = os.fork()
    if child == 0:
        begun.take_back()
        os._exit(0)
    os.waitpid(child, 0)
    file.write(b"new")
    file.close()
    assert (tmp_path / "a").read_bytes() == b"new"


# Interrupts


ROWS = np.arange(4 * 6 * 4, dtype=np.uint8).reshape(4, 6, 4)
SOURCES = {png.__file__, whole_file.__file__}


def picture_in_two_bands(path: Path) -> None:
    with PngWriter(path, 6, 4, dpi=300) as writer:
        writer.write_rows(ROWS[:2])
        writer.write_rows(ROWS[2:])


def picture_that_fails(path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), PngWriter(path, 6, 4) as writer:
        writer.write_rows(ROWS[:2])
        raise ZeroDivisionError


def picture_with_rows_missing(path: Path) -> None:
    with contextlib.suppress(ExportError), PngWriter(path, 6, 4) as writer:
        writer.write_rows(ROWS[:2])


def plain_file(path: Path) -> None:
    with WholeFile(path) as file:
        file.write(b"new")


def interrupt(work: Callable[[], None], point: int, *, each_instruction: bool) -> bool:
    """Runs ``work`` and raises KeyboardInterrupt before the given line, or bytecode instruction, of the writers' code.

    False when the work was over before.
    """
    passed = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal passed
        if frame.f_code.co_filename not in SOURCES:
            return None
        frame.f_trace_opcodes = each_instruction
        if event == ("opcode" if each_instruction else "line"):
            passed += 1
            if passed == point:
                raise KeyboardInterrupt
        return trace

    def run() -> None:
        sys.settrace(trace)
        with contextlib.suppress(KeyboardInterrupt):
            work()

    # A thread of its own: what a tracer raises at the end of an `except` clause stays Python's current exception, with
    # all that its frames hold, until the thread ends. Signals are never delivered there.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return passed >= point


@pytest.mark.parametrize("each_instruction", [False, True], ids=["line", "instruction"])
@pytest.mark.parametrize("there_before", [False, True], ids=["new", "over an old one"])
@pytest.mark.parametrize("work", [picture_in_two_bands, picture_that_fails, picture_with_rows_missing, plain_file])
def test_an_interrupt_anywhere_leaves_the_whole_file_or_the_old_one(
    tmp_path: Path, work: Callable[[Path], None], there_before: bool, each_instruction: bool
) -> None:
    whole = tmp_path / "whole"
    work(whole)
    allowed = {b"old" if there_before else None}
    if whole.exists():
        allowed.add(whole.read_bytes())
        whole.unlink()
    open_files = len(os.listdir("/dev/fd"))
    path = tmp_path / "a.png"
    seen = set()
    point = 0
    while True:
        point += 1
        path.unlink(missing_ok=True)
        if there_before:
            path.write_bytes(b"old")
        reached = interrupt(lambda: work(path), point, each_instruction=each_instruction)
        assert set(os.listdir(tmp_path)) <= {path.name}, f"left at point {point}"
        content = path.read_bytes() if path.exists() else None
        assert content in allowed, f"neither whole nor untouched at point {point}"
        seen.add(content)
        if not reached:
            break
    assert point > 20 and len(os.listdir("/dev/fd")) == open_files
    assert seen == allowed
