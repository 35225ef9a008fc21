#!/bin/bash
# Builds the wheel for any Linux with glibc 2.17 or newer into build/manylinux: zig links against that old glibc, whatever
# this machine has. A target folder of its own, because cargo would otherwise rebuild everything at each change of linker.
#   scripts/build_manylinux.sh [TARGET]      default: this machine's, such as x86_64-unknown-linux-gnu
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-$(uname -m)-unknown-linux-gnu}
.venv/bin/python -m pip --quiet install -r scripts/requirements-manylinux.txt
rm -rf build/manylinux
# The venv's bin holds python-zig, which maturin calls.
PATH=$PWD/.venv/bin:$PATH CARGO_TARGET_DIR=$PWD/target/manylinux .venv/bin/maturin build --release --locked --zig \
    --target "$target" --compatibility manylinux2014 --out build/manylinux
.venv/bin/python scripts/check_manylinux.py build/manylinux/*.whl
