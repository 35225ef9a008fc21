"""What `qgis --code` runs: loads the scenario as a proper module. Code that QGIS runs itself has no file."""

import importlib.util
import os
import sys

sys.path.insert(0, os.environ["TOUR_FOLDER"])
spec = importlib.util.spec_from_file_location("tour_scenario", os.environ["TOUR_SCENARIO"])
module = importlib.util.module_from_spec(spec)
sys.modules["tour_scenario"] = module
spec.loader.exec_module(module)
