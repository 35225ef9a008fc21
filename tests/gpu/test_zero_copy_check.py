"""What ``_validate`` says of an array before, and what the renderer says that it did, agree for arrays of all kinds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from any_values import cases
from hypothesis import given
from hypothesis import strategies as st

from forge3d_qgis._validate import check_zero_copy_compatibility, ptr
from forge3d_qgis.tools import profile_copies

DTYPES = (
    "float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "longdouble", "bool", "complex64", "U3", "M8[s]", "object",
)  # fmt: skip


class Labelled(np.ndarray):
    """A subclass that changes nothing."""


@st.composite
def arrays(draw: Callable[..., Any], ndims: tuple[int, ...], dtypes: tuple[str, ...]) -> np.ndarray:
    """Any shape, type, byte order, memory order, stride, alignment, mask, class and flag."""
    ndim = draw(st.sampled_from(ndims))
    sides = [draw(st.integers(0, 6)) for _ in range(ndim)]
    if ndim == 3 and draw(st.booleans()):
        sides[2] = 4
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    array = np.zeros(sides, dtype=dtype)
    if dtype.kind in "fiu":
        array[...] = np.arange(array.size).reshape(sides) % 100
    if draw(st.booleans()):
        array = array.astype(array.dtype.newbyteorder(draw(st.sampled_from("<>"))))
    layout = draw(st.sampled_from(["C", "F", "transposed", "gaps", "backwards", "columns", "unaligned"]))
    if layout == "F":
        array = np.asfortranarray(array)
    elif layout == "transposed":
        array = array.T
    elif layout == "backwards" and ndim:
        array = array[::-1]
    elif layout == "gaps" and ndim:
        array = np.repeat(array, 2, axis=0)[::2]
    elif layout == "columns" and ndim > 1:
        array = np.repeat(array, 2, axis=1)[:, ::2]
    elif layout == "unaligned" and array.dtype.kind != "O":
        room = np.zeros(array.nbytes + 1, dtype=np.uint8)
        off = room[1:].view(array.dtype).reshape(array.shape) if array.nbytes else array
        off[...] = array
        array = off
    kind = draw(st.sampled_from(["plain", "plain", "masked", "labelled", "matrix"]))
    if kind == "masked":
        hidden = np.array(draw(st.lists(st.booleans(), min_size=array.size, max_size=array.size)), dtype=bool)
        hidden = hidden.reshape(array.shape)
        if ndim > 1:
            hidden[:2, :2] = False  # one cell whole: heights of voids alone are refused
        mask = draw(st.sampled_from([np.ma.nomask, False, hidden]))
        array = np.ma.MaskedArray(array, mask=mask)
    elif kind == "labelled":
        array = array.view(Labelled)
    elif kind == "matrix" and ndim == 2:
        array = np.asmatrix(array)
    if draw(st.booleans()):
        array.flags.writeable = False
    return array


@pytest.fixture(scope="module")
def renderer(native: ModuleType, adapter: str) -> Iterator[Any]:
    renderer = native.Renderer(8, 8, adapter=adapter)
    yield renderer
    renderer.close()


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.properties
@cases(10)
@given(array=arrays((0, 1, 2, 2, 2, 2, 3), ("float32", "float32", "float32", *DTYPES)))
def test_heights_are_borrowed_copied_or_refused_as_it_says(
    renderer: Any, native: ModuleType, array: np.ndarray
) -> None:
    told = check_zero_copy_compatibility(array, "heights")
    if told["role"] != "heights":
        return
    assert told["compatible"] == (told["issues"] == [])
    try:
        renderer.set_height_data(array)
    except native.InputError:
        assert told["copied_bytes"] is None and not told["compatible"], f"refused, and it said {told}"
        return
    step = renderer.copy_report()["heights"]
    assert (step["borrowed"], step["copied_bytes"]) == (told["compatible"], told["copied_bytes"])
    assert (step["pointer"], step["bytes"]) == (told["pointer"], told["bytes"]) == (ptr(array), array.nbytes)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.properties
@cases(10)
@given(array=arrays((2,), ("float32", *DTYPES[:12])))
def test_the_remedies_make_heights_that_are_borrowed_and_lose_no_value_and_no_void(array: np.ndarray) -> None:
    told = check_zero_copy_compatibility(array, "heights")
    if told["copied_bytes"] is None:
        return
    mended = array
    for issue in told["issues"]:
        mended = eval(issue.partition(": use ")[2], {"np": np, "heights": mended})
    assert check_zero_copy_compatibility(mended)["compatible"]
    expected = np.array(np.ma.getdata(array), dtype=np.float64)
    expected[np.ma.getmaskarray(array)] = np.nan
    np.testing.assert_array_equal(np.asarray(mended), expected)
    if isinstance(array, np.ma.MaskedArray):
        assert len(told["issues"]) == 1, "another remedy would lose the voids"


@pytest.mark.properties
@cases(5)
@given(array=arrays((3,), ("uint8", "uint8", "uint8", *DTYPES)))
def test_drapes_are_borrowed_or_refused_as_it_says(renderer: Any, native: ModuleType, array: np.ndarray) -> None:
    told = check_zero_copy_compatibility(array, "drape")
    try:
        renderer.set_drape(array)
    except native.InputError:
        assert not told["compatible"] and told["copied_bytes"] is None
        return
    step = renderer.copy_report()["drape"]
    assert told["compatible"] and step["borrowed"] and step["copied_bytes"] == 0
    assert (step["pointer"], step["bytes"]) == (ptr(array), array.nbytes)


@pytest.mark.parametrize("value", [None, 3, [[1.0, 2.0], [3.0, 4.0]], "heights", b"1234"])
def test_what_is_no_array_is_told_and_has_no_pointer(value: Any) -> None:
    told = check_zero_copy_compatibility(value, "heights")
    assert not told["compatible"] and told["pointer"] is None and told["copied_bytes"] is None
    assert "heights is no NumPy array" in told["issues"][0] and type(value).__name__ in told["issues"][0]
    with pytest.raises(TypeError, match=r"expected a NumPy array; got \w+; fix:"):
        ptr(value)


def test_every_issue_names_the_array_and_a_remedy_that_helps() -> None:
    hills = np.arange(12.0).reshape(3, 4).T
    told = check_zero_copy_compatibility(hills, "hills")
    assert len(told["issues"]) == 2 and all(
        "hills" in issue and "np.ascontiguousarray" in issue for issue in told["issues"]
    )
    assert check_zero_copy_compatibility(np.ascontiguousarray(hills, dtype=np.float32))["compatible"]


def test_pictures_are_read_only_and_a_copy_is_not(make_renderer: Callable[..., Any], adapter: str) -> None:
    from forge3d_qgis.core import Dem, Scene, render

    renderer = make_renderer(16, 16)
    heights = np.zeros((3, 3), np.float32)
    renderer.set_height_data(heights)
    renderer.set_scene(Scene())
    for picture in [renderer.render_terrain_rgba() for _ in range(3)]:  # two where the GPU put them, and a copy
        with pytest.raises(ValueError, match="read-only"):
            picture[0, 0] = 0
        with pytest.raises(ValueError, match="WRITEABLE"):
            picture.flags.writeable = True
        own = picture.copy()
        own[0, 0] = 0
    whole = render(Dem.from_array(heights), size=(16, 16), samples=1, adapter=adapter).rgba
    whole[0, 0] = 0  # one of the caller's own


def test_a_picture_that_is_a_copy_says_so(make_renderer: Callable[..., Any]) -> None:
    renderer = make_renderer(16, 16)
    assert renderer.copy_report() == {"heights": None, "drape": None, "picture": None}
    renderer.set_height_data(np.zeros((3, 3), np.float32))
    from forge3d_qgis.core import Scene

    renderer.set_scene(Scene())
    held = [renderer.render_terrain_rgba() for _ in range(2)]
    assert renderer.copy_report()["picture"]["pointer"] == ptr(held[1])
    third = renderer.render_terrain_rgba()
    step = renderer.copy_report()["picture"]
    assert not step["borrowed"] and step["copied_bytes"] == third.nbytes and step["pointer"] == ptr(third)


# The tool


def profiled(capsys: pytest.CaptureFixture[str], adapter: str, *arguments: str) -> tuple[int, list[str]]:
    code = profile_copies.main(["--adapter", adapter, "--terrain-size", "64", "--render-size", "96x64", *arguments])
    return code, capsys.readouterr().out.splitlines()


def test_the_tool_is_content_with_a_terrain_that_is_borrowed(capsys: pytest.CaptureFixture[str], adapter: str) -> None:
    code, lines = profiled(capsys, adapter)
    assert (code, lines[-1]) == (0, "zero-copy OK")
    table = {line.split("  ")[0].strip(): line for line in lines}
    assert f" {64 * 64 * 4} " in table["rows to staging buffers"]
    assert f" {96 * 64 * 4} " in table["bytes to read-back buffer"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--terrain-dtype", "float64"], "terrain to Dem: 16384 bytes: terrain has dtype float64, not float32"),
        (["--terrain-dtype", "int16"], "terrain has dtype int16"),
        (["--terrain-dtype", ">f4"], "another byte order"),
        (["--terrain-order", "F"], "not C-contiguous but of Fortran order"),
        (["--terrain-order", "strided"], "not C-contiguous but a view with gaps"),
        (["--terrain-order", "masked"], "masked array"),
    ],
)
def test_the_tool_names_a_copy_of_the_terrain_and_fails(
    capsys: pytest.CaptureFixture[str], adapter: str, arguments: list[str], named: str
) -> None:
    code, lines = profiled(capsys, adapter, *arguments)
    assert code == 1 and "zero-copy OK" not in lines
    assert lines[-1].startswith("unexpected copy: ") and named in lines[-1]


def test_the_tool_names_a_picture_that_the_budget_has_no_buffer_for(
    capsys: pytest.CaptureFixture[str], native: ModuleType, adapter: str
) -> None:
    items = dict(native.memory_estimate((64, 64), (1600, 1000))["items"])
    budget = sum(items[name] for name in ("frame", "height texture", "maximum pyramid", "picture")) + (5 << 20)
    code, lines = profiled(capsys, adapter, "--render-size", "1600x1000", "--memory-budget", str(budget))
    assert code == 1
    assert lines[-1].startswith("unexpected copy: read-back buffer to NumPy: 6400000 bytes: the memory budget")


def test_the_tool_tells_a_failure_in_one_line(capsys: pytest.CaptureFixture[str], adapter: str) -> None:
    code = profile_copies.main(["--adapter", adapter, "--memory-budget", "1000"])
    captured = capsys.readouterr()
    assert code == 1 and captured.out == "" and captured.err.count("\n") == 1 and "fix:" in captured.err


@pytest.mark.parametrize("arguments", [["--render-size", "0x9"], ["--render-size", "9"], ["--terrain-size", "1"]])
def test_the_tool_refuses_wrong_arguments(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        profile_copies.main(arguments)
    assert stopped.value.code == 2 and "expected" in capsys.readouterr().err


@pytest.mark.parametrize(
    "dtype", ["soft", "(2,3)f4", "f4,f4", "(2,3", "U3", "bool", "complex64", "M8[s]", "object", ""]
)
def test_the_tool_refuses_types_that_are_no_real_numbers(capsys: pytest.CaptureFixture[str], dtype: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        profile_copies.main(["--terrain-dtype", dtype])
    assert (
        stopped.value.code == 2
        and f"expected a type of real numbers of NumPy; got {dtype!r}" in capsys.readouterr().err
    )


@pytest.mark.parametrize("budget", ["-5", "0", "much"])
def test_the_tool_refuses_budgets_that_are_none(capsys: pytest.CaptureFixture[str], budget: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        profile_copies.main(["--memory-budget", budget])
    assert stopped.value.code == 2 and f"got '{budget}'; fix: write 256MiB" in capsys.readouterr().err


def test_the_tool_ends_quietly_where_its_reader_has_gone(root: Path, adapter: str) -> None:
    command = [sys.executable, "-m", "forge3d_qgis.tools.profile_copies", "--verbose", "--adapter", adapter]
    small = ["--terrain-size", "64", "--render-size", "96x64"]
    process = subprocess.Popen([*command, *small], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == ""
    assert process.wait(60) == 1
