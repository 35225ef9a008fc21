# `make` lists the commands. Each installs what it needs (Debian 12: Python, cargo and the package registries suffice).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
# cargo is often there but not on the PATH of a fresh login.
export PATH := $(PATH):$(HOME)/.cargo/bin

# The system's Python, never the first one on PATH: QGIS and GDAL are linked to it.
SYSTEM_PYTHON := /usr/bin/python3
PYTHON := .venv/bin/python
RUNTIME := scripts/with_runtime.sh
# Stamps live in build/, so that `make clean` forgets them together with what they stand for.
STAMPS := build/stamps
VENV := .venv/pyvenv.cfg
BUILD_TOOLS := .venv/build-tools.stamp
TEST_TOOLS := .venv/test-tools.stamp
WHEEL := $(STAMPS)/wheel
INSTALLED := .venv/installed.stamp
QT6 := .venv-qt6/installed.stamp

NATIVE_SOURCES := Cargo.toml Cargo.lock native/Cargo.toml forge3d_native.pyi \
	$(shell find native/src native/shaders -type f 2>/dev/null)
PYTHON_SOURCES := pyproject.toml README.md LICENSE \
	$(shell find forge3d_qgis resources -type f -not -name '*.pyc' -not -path '*/__pycache__/*' -not -name '*.aux.xml' -not -path 'forge3d_qgis/native/*' 2>/dev/null)
# The wheels whose native part goes into platform zips; build/manylinux/*.whl for one that others can use.
WHEELS ?= build/wheels/*.whl
SAMPLE := resources/sample/jacksboro_fault.tif

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(INSTALLED) ## Render the sample DEM to build/demo.png; the first time, install and build all that this takes
	@$(RUNTIME) .venv/bin/forge3d-qgis render $(SAMPLE) build/demo.png --size 1600x1000

.PHONY: test
test: lint test-rust test-python ## Lint and all tests

.PHONY: test-rust
test-rust: $(WHEEL) # after the wheel, which leaves the dependencies built
	$(RUNTIME) cargo test --release --locked --no-default-features --quiet

.PHONY: test-python
test-python: $(INSTALLED) $(TEST_TOOLS) $(QT6)
	$(RUNTIME) $(PYTHON) -m pytest
	@# Our shaders run without wgpu's checks of indices and loops: once with them, to see that they need none.
	FORGE3D_SHADER_CHECKS=1 $(RUNTIME) $(PYTHON) -m pytest tests/gpu

.PHONY: lint
lint: $(INSTALLED) $(TEST_TOOLS) ## Formatting, lints and types, Rust and Python; one version everywhere
	$(SYSTEM_PYTHON) scripts/check_versions.py
	cargo fmt --check
	cargo clippy --release --locked --all-targets --quiet -- -D warnings
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy --cache-dir=build/mypy

.PHONY: bench
bench: $(INSTALLED) ## Measure this renderer: against gdaldem (DEMS=folder adds every DEM in it), memory, forecasts, styles
	@failed=0; \
	for bench in "bench_render.py $(DEMS)" bench_memory.py bench_quality.py \
			"bench_ring.py --adapter software --size 640x360 --frames 40 --bound 0.95" bench_surface.py; do \
		echo; echo "== $$bench"; $(RUNTIME) $(PYTHON) benches/$$bench || failed=1; \
	done; exit $$failed

.PHONY: bench-qgis
bench-qgis: zip ## Measure the dock in a real QGIS: time to the first picture, pauses of the event loop
	$(RUNTIME) $(PYTHON) benches/bench_qgis.py dist/forge3d_qgis-*-linux_*.zip
	$(RUNTIME) $(PYTHON) benches/bench_qgis_memory.py

.PHONY: zip
zip: $(WHEEL) $(TEST_TOOLS) ## The plugin's zips in dist/, portable and for this platform, and the plugin site's checks on both
	$(PYTHON) scripts/make_zip.py --wheel $(WHEELS)
	$(RUNTIME) $(PYTHON) scripts/check_zip.py dist/*.zip
	@for zip in dist/*.zip; do \
		scripts/qgis_tour/run.sh $$zip build/qgis_load scripts/qgis_load_test.py; \
		echo "$$zip: loads in a fresh QGIS profile, and unloads without a trace"; \
	done

.PHONY: qgis
qgis: zip ## Drive the plugin in a real QGIS on a virtual screen; screenshots in build/qgis/
	@rm -rf build/qgis
	scripts/qgis_tour/run.sh dist/forge3d_qgis-*-linux_*.zip build/qgis scripts/qgis_tour/tour.py $(SAMPLE)
	@ls build/qgis

.PHONY: manylinux
manylinux: $(BUILD_TOOLS) ## The wheel for any Linux since 2014 in build/manylinux, and the check of what it asks for
	scripts/build_manylinux.sh

.PHONY: clean
clean: ## Remove everything that was made here: build, dist, target and the virtual environment
	rm -rf build dist .venv .venv-* target

.PHONY: system system-test
system:
	@scripts/setup_debian.sh run
system-test:
	@scripts/setup_debian.sh run test

# Order-only: asking dpkg at each run is cheap, being newer than everything else is not.
$(VENV): | system
	$(SYSTEM_PYTHON) -m venv --system-site-packages .venv
	@touch $@

$(BUILD_TOOLS): scripts/requirements-build.txt $(VENV)
	$(PYTHON) -m pip --quiet install -r $<
	@touch $@

$(TEST_TOOLS): scripts/requirements-test.txt $(VENV) | system-test
	$(PYTHON) -m pip --quiet install -r $<
	@touch $@

# Apart from .venv: PyQt6 must not meet the system's PyQt5, and this one sees nothing of the system.
$(QT6): scripts/requirements-qt6.txt | system
	$(SYSTEM_PYTHON) -m venv .venv-qt6
	.venv-qt6/bin/python -m pip --quiet install -r $<
	@touch $@

$(WHEEL): $(NATIVE_SOURCES) $(PYTHON_SOURCES) $(BUILD_TOOLS) | system
	rm -rf build/wheels
	.venv/bin/maturin build --release --locked --interpreter $(SYSTEM_PYTHON) --out build/wheels
	@mkdir -p $(STAMPS)
	@touch $@

# --no-deps: the system's numpy serves; a second one in .venv would not match the system's GDAL.
$(INSTALLED): $(WHEEL)
	$(PYTHON) -m pip --quiet install --no-deps --no-index --force-reinstall build/wheels/*.whl
	@touch $@
