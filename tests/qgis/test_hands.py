"""Every gesture and key of the picture, as real events in the real QGIS."""

from __future__ import annotations

import pytest
from conftest_qgis import play_in_qgis

pytestmark = pytest.mark.gpu


def test_mouse_and_keys(tmp_path):
    log = play_in_qgis("hands_scenario.py", tmp_path)
    assert "all hands understood" in log
    assert "Ambiguous shortcut" not in log
