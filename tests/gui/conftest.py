"""Qt without a display, for widgets that need QGIS's widget library."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest


@pytest.fixture(autouse=True)
def _application(qgis_app):
    """QGIS's own application object: its widgets crash under a plain one."""
