"""Read a small text file that a user names: a ramp, a scene. Never more than it should hold, never for ever."""

from __future__ import annotations

import io
import os
import select
import stat
import time

from .errors import SceneError

MAX_TEXT_BYTES = 1 << 20
"""Far more than any ramp or scene: 4096 stops with long labels are a quarter of it."""
PATIENCE_S = 10.0
"""How long a pipe may take to bring its text."""


def read_text(path: str | os.PathLike[str], what: str) -> str:
    """The UTF-8 text of a file or pipe. ``what`` begins the error's text. Raises SceneError.

    A mark of byte order, which some editors on Windows write, is passed over; bytes that are no UTF-8 are replaced.
    """
    name = os.fspath(path)
    try:
        content = _read(name)
    except TimeoutError:
        raise SceneError(
            f"{what}: expected a text within {PATIENCE_S:g} s; got a pipe or device that keeps silent: {name}; "
            "fix: start what writes into it, or name a file"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise SceneError(f"{what}: expected a readable file; got {name}: {reason}; fix: check the name") from None
    if len(content) > MAX_TEXT_BYTES:
        raise SceneError(
            f"{what}: expected a text of at most {MAX_TEXT_BYTES >> 20} MiB; got more: {name}; fix: name the right file"
        )
    return content.decode("utf-8-sig", errors="replace")


def _read(name: str) -> bytes:
    """At most one byte more than allowed."""
    # O_NONBLOCK: opening a pipe that nobody writes into would wait for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    with io.FileIO(name, "rb", opener=lambda path, _: os.open(path, flags)) as file:
        waits = not stat.S_ISREG(os.fstat(file.fileno()).st_mode) and hasattr(select, "poll")
        deadline = time.monotonic() + PATIENCE_S
        content = bytearray()
        while len(content) <= MAX_TEXT_BYTES:
            if waits:
                _wait_for(file, deadline)
            chunk = file.read(MAX_TEXT_BYTES + 1 - len(content))
            if chunk == b"":
                break
            content += chunk or b""  # None: woken, and nothing there
        return bytes(content)


def _wait_for(file: io.FileIO, deadline: float) -> None:
    poll = select.poll()
    poll.register(file, select.POLLIN)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(1000 * left):
        raise TimeoutError
