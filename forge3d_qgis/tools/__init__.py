"""Programs for whoever develops with the package: ``python -m forge3d_qgis.tools.NAME``."""
