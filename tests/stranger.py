"""The command line as a process of a user who is not root. The native module is the fake, which needs no GPU."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FAKE = ROOT / "tests" / "core" / "fakes" / "forge3d_native.py"
SAMPLE = ROOT / "resources" / "sample" / "jacksboro_fault.tif"
NOBODY = 65534


def hear_signals() -> None:
    """For a new process: one that a shell has put into the background would not hear Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Stranger:
    """A user who is not root, with a copy of the program, in a folder of his own: ``folder``.

    Where the tests run as root, processes become another user; where they do not, they stay who they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "program"
        ignored = shutil.ignore_patterns("__pycache__", "i18n", "resources")
        shutil.copytree(ROOT / "forge3d_qgis", self.program / "forge3d_qgis", ignore=ignored)
        shutil.copytree(ROOT / "resources", self.program / "resources", ignore=ignored)
        self.fake = Path(shutil.copy(FAKE, self.program))
        self.dem = Path(shutil.copy(SAMPLE, folder))
        self.is_other = os.geteuid() == 0
        folder.chmod(0o700)
        self.own(folder)

    def own(self, folder: Path) -> None:
        """Gives the folder, and all in it, to this user."""
        if self.is_other:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def environment(self, **more: str | None) -> dict[str, str]:
        """Of a plain user; None takes a variable away."""
        plain = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "TMPDIR": str(self.folder),
            "PYTHONPATH": str(self.program), "PYTHONDONTWRITEBYTECODE": "1", "FORGE3D_NATIVE": str(self.fake),
            "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        return {name: value for name, value in {**plain, **more}.items() if value is not None}

    def start(
        self,
        *arguments: object,
        environment: dict[str, str] | None = None,
        before: Callable[[], object] = lambda: None,
        command: tuple[str, ...] = ("-m", "forge3d_qgis"),
        **options: Any,
    ) -> subprocess.Popen[bytes]:
        """``python`` with ``command`` and the arguments. ``before`` runs in the new process, as the new user."""

        def become() -> None:
            hear_signals()
            if self.is_other:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            before()

        return subprocess.Popen(
            # The interpreter itself: the virtual environment may lie in a folder that others cannot enter.
            [os.path.realpath(sys.executable), *command, *map(str, arguments)],
            env=self.environment() if environment is None else environment,
            cwd=options.pop("cwd", self.folder), preexec_fn=become, **options,
        )  # fmt: skip

    def run(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Starts, waits, and gives exit code, standard output and standard error as bytes."""
        for stream in ("stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        with self.start(*arguments, **options) as process:
            try:
                out, errors = process.communicate(timeout=60)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def left(self) -> set[str]:
        """What lies in the folder besides what was there from the beginning."""
        return set(os.listdir(self.folder)) - {"program", self.dem.name}
