"""What is done about lost devices: another one, then software, then none."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis")

from forge3d_qgis.gui.device_loss import MOST, WHILE_S, Losses, Remedy


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_losses_far_apart_are_each_answered_with_another_device(clock):
    losses = Losses(clock)
    for _ in range(50):
        clock.now += WHILE_S / MOST + 1.0
        assert losses.remedy(is_software=False) is Remedy.ANOTHER


def test_a_card_that_goes_on_dying_gives_way_to_software_and_software_to_none(clock):
    losses = Losses(clock)
    found = [losses.remedy(is_software=False) for _ in range(MOST + 1)]
    assert found == [Remedy.ANOTHER] * MOST + [Remedy.SOFTWARE]
    found = [losses.remedy(is_software=True) for _ in range(MOST + 1)]
    assert found == [Remedy.ANOTHER] * MOST + [Remedy.NONE]
