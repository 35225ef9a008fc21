"""Write a file so that it is whole or not there. The one home of that idea; knows nothing of what is written."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
import weakref
from io import FileIO
from pathlib import Path
from types import TracebackType

from ..errors import ExportError

_MAX_LINKS = 40  # what Linux follows before it speaks of a loop


class _Begun:
    """What has been begun on the disk, apart from its WholeFile, so that it can be taken back after that is gone."""

    def __init__(self) -> None:
        self.file: FileIO | None = None  # unbuffered, so that closing it writes nothing and cannot wait
        self.part: Path | None = None  # the temporary file; None when bytes go straight into the target
        self._process = os.getpid()

    def take_back(self) -> None:
        """Closes the file and deletes the temporary one. Can be interrupted, and called again, at any point."""
        if os.getpid() != self._process:
            return  # a forked child ends: the file is its parent's
        if self.file is not None:
            with contextlib.suppress(OSError):
                self.file.close()
        if self.part is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.part)
        # Last: an interrupt before this line leaves something to call again for.
        self.file = self.part = None


class WholeFile:
    """A file that appears under its name when it is complete, or never: the old one stays until then.

    Bytes go to a temporary file in the same folder, which takes the name in ``close``. It is deleted by ``discard``, by
    an exception that leaves the ``with`` block, when this object is collected, and when the interpreter ends::

        with WholeFile("metrics.json") as file:
            file.write(b"{}")

    What a path leads to decides how it is written:

    - a symbolic link stays a link: the file that it points to is replaced;
    - a character device, a pipe with a reader and a descriptor of this process (``/dev/stdout``, ``/dev/fd/3``) cannot
      be replaced: bytes go into them as they come, and what has gone cannot be taken back;
    - folders, block devices and sockets are refused.

    The file's mode is what the umask, or the folder's default access list, gives to a new file.
    """

    def __init__(self, path: str | Path) -> None:
        """Begins the temporary file, so that a place where nothing can be written is told now. Raises ExportError."""
        self.path = Path(path)
        self.bytes_written = 0
        self._target = self.path
        self._begun = _Begun()
        # For an interrupt where no `with` stands guard yet, or no longer. Called at collection, at exit at the latest.
        self._guard = weakref.finalize(self, self._begun.take_back)
        try:
            self._begin()
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
            self.discard()
            raise self._failure(error) from None
        except BaseException:
            self.discard()
            raise

    def _begin(self) -> None:
        descriptor = _own_descriptor(self.path)
        if descriptor is not None:
            self._begun.file = FileIO(os.dup(descriptor), "wb")
            return
        kind = _kind(self.path)
        if kind in ("character device", "pipe"):
            # A pipe that nobody reads answers with an error, instead of waiting for a reader for ever.
            flags = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
            self._begun.file = FileIO(self.path, "wb", opener=lambda name, _: os.open(name, flags))
            return
        if kind not in ("file", None):
            raise ExportError(f"{self.path}: expected a file to write; got a {kind}; fix: choose another name")
        self._target = Path(os.path.realpath(self.path))
        # A name of its own length: one made from the target's would be too long where that is as long as can be.
        part = self._target.with_name(f".forge3d-{os.urandom(8).hex()}.part")
        self._begun.part = part  # before it exists, so that no interrupt falls between
        self._begun.file = FileIO(part, "xb")  # x: never into a file or a link that somebody has put there

    def _failure(self, error: OSError | ValueError) -> ExportError:
        number = getattr(error, "errno", None)
        if number == errno.ENOENT and not os.path.isdir(self._target.parent):
            folder = self._target.parent
            return ExportError(f"{self.path}: expected an existing folder; got {folder}; fix: make it first")
        if number == errno.ENXIO:
            return ExportError(f"{self.path}: expected a reader; got a pipe that nobody reads; fix: start it first")
        reason = getattr(error, "strerror", None) or str(error)
        fix = {
            errno.ENAMETOOLONG: "choose a shorter name",
            errno.ENOSPC: "make room, or choose another place",
        }.get(number or 0, "choose another place")
        return ExportError(f"{self.path}: expected to write there; got: {reason}; fix: {fix}")

    @property
    def closed(self) -> bool:
        """Whether the file has been completed or given up."""
        return self._begun.file is None

    def write(self, content: bytes | bytearray | memoryview) -> None:
        """Appends bytes. Raises ExportError; the file is given up then."""
        file = self._begun.file
        if file is None:
            raise ExportError(f"{self.path}: expected an open file; got bytes after its end; fix: begin a new one")
        left = memoryview(content)
        try:
            while left:
                taken = file.write(left)
                if taken is None:  # a pipe or terminal that takes no more for now
                    time.sleep(0.005)
                else:
                    left = left[taken:]
        except OSError as error:
            self.discard()
            raise self._failure(error) from None
        except BaseException:
            self.discard()
            raise
        self.bytes_written += len(content)

    def close(self) -> None:
        """Completes the file and gives it its name. Raises ExportError. Twice is fine."""
        if self._begun.file is None:
            return
        try:
            self._begun.file.close()
            if self._begun.part is not None:
                kind = _kind(self._target, follow_links=False)
                if kind not in ("file", None):  # it has come since this file was begun
                    raise ExportError(f"{self.path}: expected a file to write; got a {kind}; fix: choose another name")
                os.replace(self._begun.part, self._target)
        except OSError as error:
            self.discard()
            raise self._failure(error) from None
        except BaseException:
            self.discard()
            raise
        self._begun.file = self._begun.part = None
        self._guard.detach()

    def discard(self) -> None:
        """Gives up: deletes what was written so far. The file of that name was never touched."""
        self._begun.take_back()
        self._guard.detach()

    def __enter__(self) -> WholeFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _kind(path: Path, *, follow_links: bool = True) -> str | None:
    """What stands under this name, in words; None for nothing, or a link to nothing."""
    try:
        mode = os.stat(path, follow_symlinks=follow_links).st_mode
    except FileNotFoundError:
        return None
    return _KINDS.get(stat.S_IFMT(mode), "thing of an unknown kind")


_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}


def _own_descriptor(path: Path) -> int | None:
    """The number of the open descriptor of this process that the path leads to: 1 for ``/dev/stdout``; else None.

    Such a file is written where it stands: replacing it would take the output's other half away from under it.
    """
    if os.name != "posix":
        return None
    own = {"/dev/fd", os.path.realpath("/proc/self/fd")}
    for _ in range(_MAX_LINKS):
        folder = os.path.realpath(path.parent)
        if folder in own and path.name.isdecimal():
            return int(path.name)
        if not os.path.islink(path):
            return None
        path = Path(folder, os.readlink(path))
    return None
