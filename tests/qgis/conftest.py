"""Fixtures of the tests that need QGIS; conftest_qgis.py has them under a name that scripts can import."""

from conftest_qgis import add_layer, iface, plugin

__all__ = ["add_layer", "iface", "plugin"]
