#!/usr/bin/env bash
# The job scripts on a SLURM of one node, made from Debian's packages for this test and removed after it: make test-slurm
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec timeout --foreground -k 60 720 "$1" -m pytest -q -rs --tb=short -o faulthandler_timeout=600 tests/slurm </dev/null
