#!/bin/bash
# Runs a command as the tests and tools expect it: no display, no bytecode in the tree, a private runtime folder
# (Qt and the Vulkan loader complain about one that others may read), always UTF-8.
set -euo pipefail
runtime=$(mktemp -d -t forge3d-run.XXXXXX)
trap 'rm -rf "$runtime"' EXIT
chmod 0700 "$runtime"
# Temporary files go there too: QGIS leaves a folder behind at each start.
mkdir "$runtime/tmp"
export TMPDIR=$runtime/tmp XDG_RUNTIME_DIR=$runtime QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
"$@"
