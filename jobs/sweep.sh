#!/usr/bin/env bash
# A sweep inside one job: groups of ranks take points, longest first:   sbatch jobs/sweep.sh inputs/trion_quickstart.toml
# A failed point does not stop the others; the status is then 3, and submitting again tries the failed points alone.
#SBATCH --job-name=hpcx-sweep
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G                # groups are made so large that every point fits
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@300             # five minutes before the end: checkpoints of all points in flight
#SBATCH --requeue                       # queued again after that, and after the failure of a node
#SBATCH --open-mode=append              # one log through all restarts
##SBATCH --account=ACCOUNT
##SBATCH --partition=PARTITION
# module load MODULES                   # those that `make env` was called with

HPCX=${HPCX:-$SLURM_SUBMIT_DIR}         # where hpcx lies
source "$HPCX/jobs/restart.sh"
run_to_the_end "$@"                     # -- or: run_to_the_end --group-size 8 "$@"
