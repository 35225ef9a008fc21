"""What a picture will take, told before it is drawn. How near the seconds come benches/bench_quality.py measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forge3d_qgis.core import Dem, RenderSession, render_strips
from forge3d_qgis.core.budget import MIB, peak_bytes
from forge3d_qgis.core.export import encode_in_vain
from forge3d_qgis.core.forecast import STRIPS, Forecast, Pace, duration_text, measured_pace

DEM = Dem.from_array(np.zeros((40, 50), dtype=np.float32))


@pytest.mark.parametrize(
    ("forecast", "words"),
    [
        (Forecast(512 * MIB, 9, 40.2), "512 MiB in 9 bands, about 40 s"),
        (Forecast(512 * MIB, 1, 41.6), "512 MiB in one band, about 42 s"),
        (Forecast(10 * MIB, 2, 3000.0), "10 MiB in 2 bands, about 50 min"),
    ],
)
def test_a_forecast_reads_as_people_speak(forecast: Forecast, words: str) -> None:
    assert forecast.note == words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "1 s"), (3.4, "3 s"), (99, "99 s"), (100, "1.7 min"), (754, "13 min"), (5900, "98 min"), (9000, "2.5 h"),
     (100_000, "28 h")],
)  # fmt: skip
def test_a_wait_is_told_in_two_digits(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_time_grows_with_samples_pixels_and_bands_each_by_its_part() -> None:
    pace = Pace(sample_ms=1e-3, pixel_ms=1e-2, strip_ms=5.0)
    assert pace.seconds((1000, 1000), 1, 1) == pytest.approx(1 + 10 + 0.005)
    assert pace.seconds((1000, 1000), 16, 100) == pytest.approx(16 + 10 + 0.5)


@pytest.mark.parametrize(("size", "samples"), [((200, 3000), 16), ((200, 3000), 1), ((300, 20), 64), ((50, 3), 1)])
def test_a_little_of_the_very_picture_is_traced_from_top_to_bottom(
    fake_native: Any, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], samples: int
) -> None:
    crops, encoded = [], []
    keep = fake_native.Renderer.set_crop

    def set_crop(renderer: Any, x: int, y: int, full_width: int, full_height: int) -> None:
        crops.append((x, y, renderer.width, renderer.height, full_width, full_height))
        keep(renderer, x, y, full_width, full_height)

    monkeypatch.setattr(fake_native.Renderer, "set_crop", set_crop)
    with RenderSession((8, 8)) as session:
        session.set_dem(DEM)
        measured_pace(session, size, samples, lambda rows: encoded.append(rows.shape[0]))
    last = crops[-1][3]
    strips = [crop for crop in crops[1:] if crop[3] == last]  # the first ones find out how high a strip is worth it
    strips, encoded = strips[-STRIPS:], encoded[-len(strips[-STRIPS:]) :]
    assert 1 <= len(strips) == len(encoded) <= STRIPS
    for x, y, width, rows, *full in strips:
        assert (x, width, tuple(full)) == (0, size[0], size) and 0 <= y <= size[1] - rows
    assert sum(encoded) <= max(8, 0.17 * size[1])
    assert sum(encoded) <= max(8 * len(encoded), 0.025 * samples * size[1])
    tops = [y for _, y, *_ in strips]
    if size[1] == 3000 and samples == 16:
        assert tops[0] < 300 and tops[-1] > 2600


def test_it_is_told_once_before_the_first_strip_and_changes_no_byte(fake_native: Any) -> None:
    told: list[Any] = []
    pictures = []
    for listener in (None, told.append):
        rows = []
        for _, strip in render_strips(DEM, size=(300, 400), samples=4, memory_budget=24 * MIB, told=listener):
            assert listener is None or len(told) == 1
            rows.append(strip.copy())
        pictures.append(np.concatenate(rows))
    np.testing.assert_array_equal(*pictures)
    assert told[0].bands == len(rows)
    assert told[0].bytes == peak_bytes(DEM.size, (300, 400), -(-400 // len(rows)), None, 24 * MIB)


def test_encoding_in_vain_takes_the_bytes_that_a_file_would() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (40, 60, 4), dtype=np.uint8)
    assert encode_in_vain(noise) > 40 * 60 * 4 * 0.9 > encode_in_vain(noise, alpha=False) > 40 * 60 * 3 * 0.9
    assert encode_in_vain(np.zeros((400, 60, 4), dtype=np.uint8)) < 2000


@pytest.mark.parametrize("lines", [1, 3, 8, 24])
def test_no_more_rows_are_traced_at_a_time_than_the_picture_will_be_drawn_in(fake_native: Any, lines: int) -> None:
    rows: list[int] = []
    with RenderSession((8, 8)) as session:
        session.set_dem(DEM)
        measured_pace(session, (200, 3000), 16, lambda strip: rows.append(strip.shape[0]), lines=lines)
    assert max(rows) <= lines and len(rows) > STRIPS
