#!/usr/bin/env bash
# Ranks on a compute node, at the terminal:   bash jobs/interactive.sh inputs/trion_quickstart.toml [words of hpcx run]
# A file STOP in the output directory ends the run with a checkpoint at once, Ctrl-C after half a minute (see jobs/README.md);
# the same command goes on from there.
resources=(
    --nodes=1 --ntasks-per-node=8 --cpus-per-task=1 --mem-per-cpu=2G --time=01:00:00
    # --account=ACCOUNT --partition=PARTITION
)
# module load MODULES                   # those that `make env` was called with

HPCX=${HPCX:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}    # where hpcx lies
export PATH="$HPCX/.venv/bin:$PATH" OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# ranks that are still writing get 30 s, not 1 s, when mpirun itself is told to end
export OMPI_MCA_odls_base_sigkill_timeout=30
exec salloc "${resources[@]}" ${LAUNCHER:-mpirun} hpcx run "$@"
