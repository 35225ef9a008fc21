"""How GDAL's failures are dealt with, with stand-ins for GDAL."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from forge3d_qgis.core import DemError
from forge3d_qgis.core.dem.gdal_calls import ask, checked_gdal, last_message


def test_an_answer_that_came_with_a_complaint_is_asked_for_again() -> None:
    calls: list[str] = []

    def unit(name: str) -> str:
        calls.append(name)
        if len(calls) == 1:
            raise RuntimeError("a damaged tag")
        return "metre"

    assert ask(unit, "band 1") == "metre" and calls == ["band 1", "band 1"]


@pytest.mark.parametrize("failure", [RuntimeError, TypeError, ValueError, OverflowError, MemoryError])
def test_what_has_no_answer_is_none_and_elsewhere_an_error_of_ours(failure: type[Exception]) -> None:
    def unit() -> str:
        raise failure("no such thing")

    assert ask(unit) is None
    with pytest.raises(DemError, match=r"dem\.tif: expected .* got: no such thing; fix: "), checked_gdal("dem.tif"):
        unit()


def test_a_complaint_about_bytes_that_are_no_text_can_be_printed_everywhere() -> None:
    gdal = SimpleNamespace(GetLastErrorMsg=lambda: "line 1\nbad \udcff\x1b[31m tag")
    told = last_message(gdal)
    assert told == "line 1 bad ??[31m tag" and told.isprintable()
    told.encode("utf-8")
