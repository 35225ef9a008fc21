"""The page in the options: which adapters it offers, the log level and the driver's checks."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis")

from forge3d_qgis.gui import options, preferences


@pytest.fixture
def page(fake_native):
    yield options.OptionsPage(lambda: "facts", lambda: None)
    preferences.set_log_level(preferences.DEFAULT_LOG_LEVEL)
    preferences.set_validation(False)
    preferences.set_adapter("auto")


def card(index: int, name: str = "big card") -> dict:
    return {"name": name, "backend": "vulkan", "key": f"0000:0{index}:00.0", "index": index}


def test_equal_cards_are_offered_by_their_keys_and_others_by_their_names():
    entries = options.adapter_entries([*(card(index) for index in range(4)), card(4, "soft")])
    assert [value for _, value in entries] == [f"0000:0{index}:00.0" for index in range(4)] + ["soft"]
    assert len({words for words, _ in entries}) == 5 and "0000:02:00.0" in entries[2][0]
    assert entries[4] == ("soft (vulkan)", "soft")


def test_a_card_that_was_chosen_by_its_key_stays_chosen(page, fake_native, monkeypatch):
    monkeypatch.setattr(fake_native, "adapters", lambda: [card(index) for index in range(4)])
    preferences.set_adapter("0000:03:00.0")
    again = options.OptionsPage(lambda: "", lambda: None)
    assert again.adapter.currentData() == "0000:03:00.0" and "big card" in again.adapter.currentText()
    again.apply()
    assert preferences.adapter() == "0000:03:00.0"


def test_the_log_level_counts_as_soon_as_the_page_is_accepted(page, fake_native, monkeypatch):
    heard: list[str] = []
    monkeypatch.setattr(fake_native, "set_log_level", lambda level: not heard.append(level))
    page.log_level.setCurrentIndex(page.log_level.findData("debug"))
    assert heard == []
    page.apply()
    assert heard == ["debug"] and preferences.log_level() == "debug"


def test_every_level_of_the_renderer_can_be_chosen(page):
    from forge3d_qgis.core.devices import LOG_LEVELS

    assert [page.log_level.itemData(at) for at in range(page.log_level.count())] == list(LOG_LEVELS)


def test_the_drivers_checks_are_said_to_begin_at_the_next_start(page):
    later = page.findChild(options.QLabel, "forge3dValidationLater")
    assert not page.validation.isChecked() and later.isHidden()
    page.validation.setChecked(True)
    assert not later.isHidden()
    page.apply()
    assert preferences.validation()
