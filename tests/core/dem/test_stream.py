"""A DEM as a stream: what read_dem reads, strip by strip, for two threads that may end at any time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from forge3d_qgis.core.budget import GIB, MIB, DeviceLimits
from forge3d_qgis.core.dem import (
    BeginAgain,
    DemFacts,
    DemStream,
    HeightStream,
    ReadAhead,
    gdal_filling,
    gdal_source,
    open_dem,
    open_source,
    read_dem,
)
from forge3d_qgis.core.errors import Cancelled, DemError

Write = Callable[..., Path]
LIMITS = DeviceLimits(GIB, GIB, 16384, "software", "")
TIGHT = DeviceLimits(22 * MIB, GIB, 16384, "software", "")


def taken(stream: HeightStream) -> np.ndarray:
    """The heights, by whatever passes it takes."""
    for _ in range(3):
        strips = []
        try:
            strips.extend(strip.copy() for strip in stream.strips())
        except BeginAgain:
            continue
        heights = np.concatenate(strips)
        assert heights.shape == stream.shape and heights.dtype == np.float32
        return heights
    raise AssertionError("it never ended")


def hills(rows: int, cols: int, dtype: str = "i2") -> np.ndarray:
    y, x = np.mgrid[0:rows, 0:cols]
    return np.round(300 + 200 * np.sin(x / 9) + 90 * np.cos(y / 5)).astype(dtype)


SOURCES = {
    "16 bits": (hills(300, 211), {"nodata": -9999}),
    "floats": (hills(300, 211).astype("f4") + 0.25, {}),
    "feet": (hills(300, 211), {"unit": "ft", "nodata": -9999}),
    "scaled": (hills(300, 211, "u2"), {"scale": 0.1, "offset": -100.0}),
    "radii": (hills(300, 211).astype("f8") + 1737400, {}),
    "undeclared voids": (np.where(hills(300, 211) > 500, -9999, hills(300, 211)).astype("i2"), {}),
}

WHY_32_BITS = {
    "feet": "heights held as 32-bit numbers, as they are not stored in metres",
    "scaled": "heights held as 32-bit numbers, as the band's scale or offset allows no others",
}
"""Of the sources of 16 bits."""


@pytest.mark.parametrize("samples", [None, 5000, 777])
@pytest.mark.parametrize("name", SOURCES)
def test_a_stream_gives_what_read_dem_reads(
    write_raster: Write, monkeypatch: pytest.MonkeyPatch, name: str, samples: int | None
) -> None:
    monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 16384)
    monkeypatch.setattr(gdal_source, "_cores", lambda: 3)
    heights, options = SOURCES[name]
    path = write_raster(heights, options=("TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64"), **options)
    dem = read_dem(path, max_samples=samples, limits=LIMITS)
    with open_dem(path, max_samples=samples, limits=LIMITS) as stream:
        np.testing.assert_array_equal(taken(stream), dem.heights)
        facts = stream.facts()
    assert facts.size == dem.size and facts.averaged == dem.averaged
    assert facts.height_range() == dem.height_range()
    assert facts.cell_to_world == dem.cell_to_world == stream.cell_to_world()
    assert facts.georeference == dem.georeference
    assert (facts.datum_m, facts.source_window, facts.name) == (dem.datum_m, dem.source_window, dem.name)
    assert facts.map_from_cell(3, 4) == dem.map_from_cell(3, 4)
    assert facts.world_from_cell(3, 4) == dem.world_from_cell(3, 4)
    in_16_bits = samples is None and name in ("16 bits", "undeclared voids")
    assert facts.height_bits == (16 if in_16_bits else 32)
    told = {"heights held as 16-bit numbers"} if in_16_bits else {WHY_32_BITS[name]} if name in WHY_32_BITS else set()
    assert set(facts.notes) - set(dem.notes) == (told if samples is None else set())


BASES = {
    "signed": ("i2", None, {}, -32768),
    "signed, void below": ("i2", -32768, {}, -32768),
    "signed, void inside": ("i2", -9999, {}, -32768),
    "signed, void above": ("i2", 32767, {}, -32769),
    "unsigned": ("u2", None, {}, -1),
    "unsigned, void zero": ("u2", 0, {}, 0),
    "unsigned, void above": ("u2", 65535, {}, -1),
    "bytes": ("u1", None, {}, -1),
    "whole offset": ("u2", None, {"offset": -500.0}, -501),
    "offset of a half": ("u2", None, {"offset": 0.5}, None),
    "a scale": ("i2", None, {"scale": 0.5}, None),
    "feet": ("i2", None, {"unit": "ft"}, None),
    "long numbers": ("i4", None, {}, None),
    "floats": ("f4", None, {}, None),
}


@pytest.mark.parametrize("name", BASES)
def test_how_heights_are_held_is_chosen_before_anything_is_read(
    write_raster: Write, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    dtype, nodata, options, base = BASES[name]
    heights = np.clip(hills(40, 30), 1, 200).astype(dtype)
    with open_dem(write_raster(heights, nodata=nodata, **options), limits=LIMITS) as stream:
        assert stream.height_base == base
        monkeypatch.setattr(DemStream, "strips", lambda self: pytest.fail("it was read"))
        assert stream.plan.height_bits == (32 if base is None else 16)
    with open_dem(write_raster(heights, nodata=nodata, **options), limits=LIMITS, max_samples=300) as averaged:
        assert averaged.height_base is None


@pytest.mark.parametrize(
    ("dtype", "nodata", "extreme"),
    [
        ("i2", -9999, -32768),
        ("i2", -9999, 32767),
        ("u2", None, 0),
        ("u2", 65535, 65534),
        ("u2", 7, 65535),
        ("i2", None, -32768),
    ],
)
def test_no_height_is_lost_where_the_codes_end(
    write_raster: Write, dtype: str, nodata: int | None, extreme: int
) -> None:
    heights = hills(90, 70, dtype)
    if extreme == -32768 and nodata is None:
        heights -= 32700  # ground that really reaches the usual void value
        heights[:2] = np.arange(-32767, -32697)
    heights[50, 40] = extreme
    path = write_raster(heights, nodata=nodata)
    with open_dem(path, limits=LIMITS) as stream:
        got = taken(stream)
        np.testing.assert_array_equal(got, heights.astype("f4"))
        falls_back = (nodata, extreme) in ((-9999, -32768), (7, 65535), (None, -32768))
        assert stream.facts().height_bits == (32 if falls_back else 16)
        told = [note for note in stream.facts().notes if "numbers" in note]
        expected = f"heights held as 32-bit numbers, as {extreme} m is one of them"
        assert told == [expected if falls_back else "heights held as 16-bit numbers"]


def test_a_16_bit_dem_is_read_whole_where_its_half_of_the_bytes_fits(write_raster: Write) -> None:
    heights = hills(1600, 1600)
    whole = write_raster(heights, nodata=-9999)
    small = (64, 64)
    assert read_dem(whole, limits=TIGHT, picture_size=small).size < (1600, 1600)
    with open_dem(whole, limits=TIGHT, picture_size=small) as stream:
        assert stream.size == (1600, 1600) and stream.plan.total_bytes <= TIGHT.budget
        assert dict(stream.plan.bytes_by_label)["heights in Python"] == 0
    heights[800, 800] = -32768
    with open_dem(write_raster(heights, nodata=-9999), limits=TIGHT, picture_size=small) as stream:
        assert stream.size == (1600, 1600)
        averaged = taken(stream)
        assert stream.facts().size == averaged.shape[::-1] < (1600, 1600)
        assert stream.plan.total_bytes <= TIGHT.budget


def test_a_value_that_was_mistaken_for_void_begins_the_stream_once_more(write_raster: Write) -> None:
    heights = np.linspace(-10500, -9500, 64 * 64).reshape(64, 64).astype("i2")
    heights[5, 5] = -9999
    with open_dem(write_raster(heights), limits=LIMITS) as stream:
        with pytest.raises(BeginAgain):
            list(stream.strips())
        np.testing.assert_array_equal(taken(stream), heights.astype("f4"))
        assert not [note for note in stream.facts().notes if "void" in note]


def test_only_voids_are_told_after_the_last_row(write_raster: Write) -> None:
    with open_dem(write_raster(np.full((9, 9), -9999, "i2"), nodata=-9999), limits=LIMITS) as stream:
        taken(stream)
        with pytest.raises(DemError, match="only void cells"):
            stream.facts()


def test_each_block_is_decoded_once_and_no_strip_is_kept(write_raster: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 20000)
    source = open_source(write_raster(np.ones((250, 310), dtype="i2"), nodata=-9999, options=("BLOCKYSIZE=16",)))
    rows_read = np.zeros(250, dtype=int)
    cells = gdal_source._Level.cells

    def count(level: object, x: int, y: int, cols: int, rows: int) -> np.ndarray:
        rows_read[y : y + rows] += 1
        return cells(level, x, y, cols, rows)  # type: ignore[arg-type]

    with open_dem(source, limits=LIMITS) as stream:
        monkeypatch.setattr(gdal_source._Level, "cells", count)
        for strip in stream.strips():
            assert strip.base is None and strip.shape[0] <= 32
    np.testing.assert_array_equal(rows_read, 1)


def test_a_stream_is_cancelled_between_two_strips(write_raster: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 4096)
    over = threading.Event()
    shares: list[float] = []
    with open_dem(write_raster(hills(300, 200)), limits=LIMITS, cancel=over, progress=shares.append) as stream:
        strips = stream.strips()
        next(strips)
        over.set()
        with pytest.raises(Cancelled):
            next(strips)
    assert shares[0] == 0.0 < shares[-1] < 1.0


# --------------------------------------------------------------------------------------------------------------------
# Two threads


class Feeding:
    """``feed`` of a ReadAhead in a thread, and what became of it."""

    def __init__(self, ahead: ReadAhead, check: Callable[[], None] = lambda: None) -> None:
        self.facts: DemFacts | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(ahead, check), daemon=True)
        self._thread.start()

    def _run(self, ahead: ReadAhead, check: Callable[[], None]) -> None:
        try:
            self.facts = ahead.feed(check)
        except BaseException as error:
            self.error = error

    def over(self) -> bool:
        self._thread.join(5)
        return not self._thread.is_alive()


@pytest.fixture
def stream(write_raster: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[DemStream]:
    """Of some 75 strips."""
    monkeypatch.setattr(gdal_filling, "CHUNK_BYTES", 1600)
    with open_dem(write_raster(hills(300, 200), options=("BLOCKYSIZE=4",)), limits=LIMITS) as made:
        yield made


def test_what_comes_through_two_threads_is_the_same(stream: DemStream) -> None:
    expected = taken(stream)
    ahead = ReadAhead(stream)
    feeding = Feeding(ahead)
    np.testing.assert_array_equal(taken(ahead), expected)
    assert ahead.cell_to_world() == stream.cell_to_world()
    assert feeding.facts is None, "the renderer may still want them once more"
    np.testing.assert_array_equal(taken(ahead), expected)
    ahead.ended(None)
    assert feeding.over() and feeding.error is None and feeding.facts is stream.facts()


def test_at_most_two_strips_wait(stream: DemStream) -> None:
    ahead = ReadAhead(stream)
    given: list[int] = []
    strips = stream.strips
    stream.strips = lambda: (given.append(1) or strip for strip in strips())  # type: ignore[method-assign, func-returns-value]
    feeding = Feeding(ahead)
    for count, _ in enumerate(ahead.strips(), start=1):
        threading.Event().wait(0.01)
        assert len(given) <= count + 3, "two that wait and one that is being read"
    ahead.ended(None)
    assert feeding.over()


def test_a_pass_that_begins_again_is_begun_by_both(write_raster: Write) -> None:
    heights = hills(90, 70)
    heights[50, 40] = -32768
    with open_dem(write_raster(heights, nodata=-9999), limits=LIMITS) as made:
        ahead = ReadAhead(made)
        feeding = Feeding(ahead)
        np.testing.assert_array_equal(taken(ahead), heights.astype("f4"))
        assert ahead.height_base is None
        ahead.ended(None)
        assert feeding.over() and feeding.facts is not None and feeding.facts.height_bits == 32


class Stopped(Exception):
    pass


@pytest.mark.parametrize("after", [0, 1, 2, 40])
def test_the_drawing_side_may_end_it_at_any_strip(stream: DemStream, after: int) -> None:
    ahead, error = ReadAhead(stream), Stopped("no room")
    feeding = Feeding(ahead)
    strips = ahead.strips()
    for _ in range(after):
        next(strips)
    ahead.ended(error)
    assert feeding.over() and feeding.error is error and feeding.facts is None
    with pytest.raises(Stopped):
        next(strips)


@pytest.mark.parametrize("after", [0, 1, 2, 40])
def test_the_reading_side_may_end_it_at_any_strip(stream: DemStream, after: int) -> None:
    given = [0]
    strips = stream.strips

    def broken() -> Iterator[np.ndarray]:
        for strip in strips():
            if given[0] == after:
                raise Stopped("the disk is gone")
            given[0] += 1
            yield strip

    stream.strips = broken  # type: ignore[method-assign]
    ahead = ReadAhead(stream)
    feeding = Feeding(ahead)
    with pytest.raises(Stopped, match="the disk is gone"):
        for _ in ahead.strips():
            pass
    assert feeding.over() and isinstance(feeding.error, Stopped)


@pytest.mark.parametrize("waits", ["for the renderer", "for room"])
def test_who_waits_is_told_when_the_task_is_cancelled(stream: DemStream, waits: str) -> None:
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise Cancelled("the task was cancelled")

    ahead = ReadAhead(stream)
    feeding = Feeding(ahead, check)
    strips = ahead.strips()
    if waits == "for room":
        next(strips)
    over.set()
    assert feeding.over() and isinstance(feeding.error, Cancelled)
    with pytest.raises(Cancelled):
        for _ in strips:
            pass


def test_the_drawing_side_may_stop_while_it_waits(stream: DemStream) -> None:
    def stop() -> None:
        raise Stopped("by the user")

    strips = ReadAhead(stream, stop=stop).strips()  # nobody feeds it
    with pytest.raises(Stopped):
        next(strips)


def test_the_thread_of_its_own_ends_with_the_block(stream: DemStream) -> None:
    before = threading.active_count()
    with pytest.raises(Stopped), ReadAhead.of(stream) as ahead:
        for _ in ahead.strips():
            raise Stopped("in the middle")
    assert threading.active_count() == before


def test_a_closed_stream_says_so(write_raster: Write) -> None:
    stream = open_dem(write_raster(hills(40, 30)), limits=LIMITS)
    stream.close()
    stream.close()
    for use in (lambda: list(stream.strips()), lambda: stream.read(np.empty(stream.shape, "f4")), stream.__enter__):
        with pytest.raises(DemError, match="expected an open stream; got a closed one; fix: open it again"):
            use()
