#!/bin/sh
# The layers of src/layers.txt, held against the sources and the built objects.
cd "$(dirname "$0")/../.." && exec python3 tests/arch/layers.py "${PERENNIAL_RELEASE_BUILD:-build}"
