"""Settings that a project file holds: whole again after a round trip, and harmless when broken."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("qgis")

from forge3d_qgis.gui.pose import Pose
from forge3d_qgis.gui.view_settings import ViewSettings

STOPS = ((0.0, (1, 2, 3, 255)), (0.5, (9, 9, 9, 255)), (1.0, (4, 5, 6, 255)))


def test_round_trip_through_json():
    settings = ViewSettings(
        exaggeration=2.5, azimuth=10.0, altitude=5.0, softness=8.0, cast_shadows=False, sky=0.3, shading="horn",
        colours="theme", ramp=STOPS, theme="Winter", background=(1, 2, 3), transparent=True, area="drawn",
        drawn=(1.0, 2.0, 3.0, 4.0), band=3, pose=Pose(heading=77.0, target=(1.0, 2.0, 3.0), span=9.0),
    )  # fmt: skip
    assert ViewSettings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"exaggeration": "much", "azimuth": None, "pose": 7, "ramp": "red", "background": [1], "band": -1},
        {"altitude": 1e9, "shading": "neon", "colours": 3, "drawn": [1, 2], "cast_shadows": "no"},
        {"pose": {"target": ["a", "b", "c"]}, "ramp": [[0.0, [1, 2, 3, 999]]]},
        {"unknown": 1, "version": 99},
    ],
)
def test_broken_values_become_defaults(broken):
    settings = ViewSettings.from_dict(broken)
    plain = ViewSettings()
    assert settings.pose == plain.pose and settings.ramp == () and settings.band == 1
    assert 0.0 <= settings.altitude <= 90.0
    assert settings.shading == plain.shading and settings.background == plain.background
