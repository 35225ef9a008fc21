"""``python -m forge3d_qgis`` or ``forge3d-qgis``: how the process starts, speaks and ends; the work is command_line's.

Everything else is imported inside ``main``: an interrupt while modules load ends as quietly as a later one.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import NoReturn, TextIO

OK, FAILED, WRONG_ARGUMENTS, INTERRUPTED = 0, 1, 2, 130

# What ends a process that does not handle it, and may be handled. Not SIGABRT and the like: they tell of a crash.
_ENDING_SIGNALS = (
    "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGALRM", "SIGVTALRM", "SIGPROF",
    "SIGPOLL", "SIGPWR", "SIGSTKFLT", "SIGBREAK",
)  # fmt: skip

# For terminals and files that know fewer letters than we write.
_PLAIN = {
    "×": "x", "−": "-", "–": "-", "—": "-", "…": "...", "°": " deg", "²": "2", "≥": ">=", "≤": "<=", "«": '"', "»": '"',
    "“": '"', "”": '"', "’": "'", "′": "'", "µ": "u", "→": "->", "▸": ">", "█": "#", "░": ".",
}  # fmt: skip
_PLAIN_LETTERS = "forge3d-plain"

_LONGEST_COMPLAINT = 4000
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    try:
        with _signals_heard():
            _take_standard_descriptors()
            _speak_any_encoding()
            # libwayland complains on stderr where this is unset, as it is on servers. No picture here needs a display.
            os.environ.setdefault("XDG_RUNTIME_DIR", "/nonexistent")
            # numpy's OpenBLAS starts threads that are of no use here and that, where memory is short, try for ever to
            # get their 128 MiB each and let nobody end the process.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            return _run(argv)
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    finally:
        if sys.stderr is not None:
            try:
                sys.stderr.flush()  # of a progress whose terminal has gone
            except OSError:
                _abandon(sys.stderr)


def _run(argv: Sequence[str] | None) -> int:
    from .command_line import WrongArguments, run
    from .core.errors import Forge3dError, ShaderError

    try:
        try:
            lines = run(argv, heed=_heed_signals, log=_error_line if _log_is_wanted() else None, tell=_complain)
        finally:
            _heed_signals()  # goes before what the interrupted code has made of it, such as an ImportError
    except WrongArguments as error:
        _complain(str(error))
        return WRONG_ARGUMENTS
    except ShaderError as error:  # with the line that is wrong, and a caret under the place
        first, *place = str(error).splitlines()
        _complain(first)
        for line in place:
            _error_line(line)
        return FAILED
    except Forge3dError as error:
        _complain(str(error))
        return FAILED
    except MemoryError:
        _complain("the system is out of memory; fix: lower --memory-budget or --size")
        return FAILED
    except ImportError as error:  # NumPy's own text has many lines, the reason in the last one
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        _complain(f"expected a working installation; got: {reason}; fix: install what is missing, or free some memory")
        return FAILED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"{place}{error.strerror or error}")
        return FAILED
    except SystemExit as end:  # of --help and --version, or of a signal
        told = _tell([])
        return told if end.code in (None, OK) else int(end.code or FAILED)
    return _tell(lines)


def _tell(lines: Sequence[str]) -> int:
    """Writes to standard output, and out of its buffer, where a failure can still be told. Returns the exit code."""
    if sys.stdout is None:  # closed by the caller, as services do
        return OK
    try:
        for line in lines:
            sys.stdout.write(line.translate(_CONTROL) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the reader went away: nobody to tell
        _abandon(sys.stdout)
        return FAILED
    except OSError as error:
        _abandon(sys.stdout)
        _complain(f"standard output: {error.strerror or error}")
        return FAILED
    return OK


def _log_is_wanted() -> bool:
    """Whether the user has said, in a variable that the native part heeds, what to log."""
    return bool(os.environ.get("FORGE3D_LOG") or os.environ.get("RUST_LOG"))


def _complain(text: str) -> None:
    _error_line(f"forge3d-qgis: {text}")


def _error_line(text: str) -> None:
    """One line on standard error; where that fails, nothing is left to say."""
    if sys.stderr is None:
        return
    if len(text) > _LONGEST_COMPLAINT:  # an argument of any length may be quoted; what is wrong and the fix stand last
        text = f"{text[: _LONGEST_COMPLAINT // 2]}…{text[-_LONGEST_COMPLAINT // 2 :]}"
    try:
        sys.stderr.write(text.translate(_CONTROL) + "\n")
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def _abandon(stream: TextIO) -> None:
    """What is left in the stream's buffer goes nowhere: Python would complain at its end, with a code of its own."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _take_standard_descriptors() -> None:
    """Opens what the caller has closed of 0, 1 and 2: the picture would get such a number, and a driver's words."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


_ENDS = (KeyboardInterrupt, SystemExit)
"""What a signal raises. Where it is lost it is heeded later, and nobody needs to read of it."""
_asked_to_end: list[int] = []
"""The signals that have come."""


@contextlib.contextmanager
def _signals_heard() -> Iterator[None]:
    """`kill`, `timeout` and a closed terminal end a run as Ctrl-C does: what was begun is deleted."""
    _asked_to_end.clear()
    before = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in _ENDING_SIGNALS if hasattr(signal, name)]  # Windows has few
        if hasattr(signal, "SIGRTMIN"):
            numbers += range(signal.SIGRTMIN, signal.SIGRTMAX + 1)
        for number in numbers:
            handler = signal.getsignal(number)
            if handler in (signal.SIG_DFL, signal.default_int_handler):  # not what `nohup` has set aside
                before[number] = handler
                signal.signal(number, _end)
    hooks = sys.unraisablehook, sys.excepthook
    sys.unraisablehook = lambda lost: None if isinstance(lost.exc_value, _ENDS) else hooks[0](lost)
    sys.excepthook = lambda kind, value, trace: None if isinstance(value, _ENDS) else hooks[1](kind, value, trace)
    try:
        yield
    finally:
        sys.unraisablehook, sys.excepthook = hooks
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> NoReturn:
    _asked_to_end.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _heed_signals() -> None:
    """Ends again where the first exception was lost: finalizers, and C code that loads a module, let none through."""
    if _asked_to_end:
        _end(_asked_to_end[-1], None)


def _speak_any_encoding() -> None:
    """Letters that an output cannot show are written plainly: «40x30» instead of «40×30», not an error in the end."""
    codecs.register_error(_PLAIN_LETTERS, _plainly)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_PLAIN_LETTERS)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    plain = (_PLAIN.get(letter) or letter.encode("ascii", "backslashreplace").decode("ascii") for letter in letters)
    return "".join(plain), error.end


if __name__ == "__main__":
    sys.exit(main())
