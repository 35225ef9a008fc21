"""An adapter that was chosen once and is not here any more, as a card that was taken out."""

from __future__ import annotations

import pytest
from conftest_qgis import small, wait_for

from forge3d_qgis.gui import preferences

pytestmark = pytest.mark.gpu


@pytest.fixture
def chosen():
    preferences.set_adapter("a card that is gone")
    yield "a card that is gone"
    preferences.set_adapter("auto")


def test_another_adapter_draws_in_its_place_which_is_told_once_and_the_choice_stays(plugin, add_layer, iface, chosen):
    add_layer()
    dock = small(plugin.ensure_dock())
    plugin.render_selected()
    wait_for(lambda: dock.relief.last_frame is not None)
    device = dock.relief.last_frame.device["name"]
    dock.relief.last_frame = None
    dock.relief.restart()
    wait_for(lambda: dock.relief.last_frame is not None)
    told = f"The chosen adapter “{chosen}” is not here: drawn with {device}."
    assert [text for text in iface.words() if "not here" in text] == [told]
    assert preferences.adapter() == chosen and dock.relief.host.problem is None and dock.preview.badge == ""
