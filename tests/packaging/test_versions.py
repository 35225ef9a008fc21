"""One version, everywhere."""

from __future__ import annotations

import check_versions
import pytest


def test_all_places_agree() -> None:
    assert check_versions.main([]) == 0


@pytest.mark.parametrize("tag", ["v9.9.9", "9.9.9"])
def test_another_tag_is_refused(tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_versions.main([tag]) == 1
    assert "9.9.9" in capsys.readouterr().err


def test_the_right_tag_passes() -> None:
    assert check_versions.main(["v" + check_versions.workspace_version()]) == 0
