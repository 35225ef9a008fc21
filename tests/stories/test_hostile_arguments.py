"""Whatever the arguments: a picture, or one line that says what is wrong. Never a traceback, never half a file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stranger import SAMPLE

from forge3d_qgis.__main__ import main

ANY = [
    "", " ", "0", "-1", "1e400", "-1e400", "nan", "inf", "9" * 400, "9" * 5000, "0x10", "1_0", "٣", "½", "1,5",
    "\ud800", "a\0b", "x" * 300, "x" * 5000, "folder", "folder/a.png", "folder.png", "loop", "loop/a.png",
    "dangling.png", "noise", "..", "/", "-", "--", "%s", "{}", "×", "99999999TiB", 'NETCDF:"x":y', "/vsimem/x",
    "<VRTDataset/>", "PG:dbname=x", "nan,1,2,3", "\n", "a\nb.png", "\x1b[2J",
]  # fmt: skip
GOOD = {
    "--size": ["8x8", "3×3", "1x40"], "--samples": ["1", "2"], "--background": ["transparent", "#123456"],
    "--scene": ["scene.json"], "--azimuth": ["1e9", "-5"], "--altitude": ["3"], "--heading": ["1"],
    "--pitch": ["90", "0"], "--zoom": ["2"], "--field-of-view": ["1"], "--projection": ["orthographic"],
    "--resolution": ["1", "1e8"], "--exaggeration": ["9"], "--shading": ["horn", "relief"],
    "--ramp": ["terrain", "ramp.txt"], "--band": ["1", "2"], "--z-factor": ["1", "1e-30", "1e30"],
    "--adapter": ["auto", "software"], "--memory-budget": ["300MiB", "1MiB"], "--metrics": ["m.json", "out.png"],
}  # fmt: skip


@st.composite
def arguments(draw: st.DrawFn) -> list[str]:
    """Mostly right, with something wrong in some place."""

    def value(good: list[str]) -> str:
        kind = draw(st.integers(0, 7))
        if kind == 0:
            return draw(st.text(max_size=20)).replace("/", "_")  # nothing is written outside the folder
        return draw(st.sampled_from(ANY if kind == 1 else good))

    given_ = ["render", value(["dem.tif"]), value(["out.png"]), "--size", "8x8"]
    for option in draw(st.lists(st.sampled_from([*GOOD, "--no-shadows", "--unknown", "--s"]), max_size=4)):
        given_.append(option)
        if option in GOOD and draw(st.integers(0, 15)):
            given_.append(value(GOOD[option]))
    return given_


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_native: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLE, "dem.tif")
    Path("scene.json").write_text('{"exaggeration": 2}')
    Path("ramp.txt").write_text("0 1 2 3\n9 4 5 6\n")
    Path("noise").write_bytes(bytes(range(256)))
    for name in ("folder", "folder.png"):
        Path(name).mkdir()
    os.symlink("loop", "loop")
    os.symlink("nowhere/x", "dangling.png")
    return tmp_path


@pytest.mark.skipif(os.name != "posix", reason="the names are hostile to Unix")
def test_any_arguments_give_a_picture_or_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = set()

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(arguments())
    def check(argv: list[str]) -> None:
        Path("out.png").unlink(missing_ok=True)
        code = main(argv)
        told = capsys.readouterr()
        codes.add(code)
        assert code in (0, 1, 2)
        assert len((told.err if code else told.out).splitlines()) == 1 and len(told.err) < 5000
        if code == 0 and argv[2] == "out.png":
            assert Path("out.png").read_bytes().endswith(b"IEND\xae\x42\x60\x82")
        left = [path for place in (folder, folder / "folder") for path in place.iterdir() if path.suffix == ".part"]
        assert not left
        assert Path("dem.tif").read_bytes() == SAMPLE.read_bytes()

    check()
    assert codes == {0, 1, 2}
