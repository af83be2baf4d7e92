#!/usr/bin/env bash
# Benchmarks: `bash tests/benchmarks/run.sh PYTHON` runs every bench_*.py, or those named in BENCH. See README.md in this folder.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
shopt -s nullglob

echo "# made $(date -u +%Y-%m-%dT%H:%M:%SZ), revision $(git describe --always --dirty=+ 2>/dev/null || echo unknown), $(getconf _NPROCESSORS_ONLN) cores"
failed=0
for script in ${BENCH:-tests/benchmarks/bench_*.py}; do
    for ranks in $(sed -n 's/^# ranks: *//p' "$script" | grep . || echo 1); do
        echo "== $script, ranks: $ranks"
        "${MPIRUN:-mpirun}" -n "$ranks" "$1" -m mpi4py "$script" </dev/null || { echo "== $script failed"; failed=1; }
    done
done
exit $failed
