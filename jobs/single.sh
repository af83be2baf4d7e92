#!/usr/bin/env bash
# One calculation on all ranks of the job:   sbatch jobs/single.sh inputs/trion_large.toml
#SBATCH --job-name=hpcx
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G                # `hpcx check --ranks 32 FILE` says what a rank needs
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@300             # five minutes before the end: checkpoint
#SBATCH --requeue                       # queued again after that, and after the failure of a node
#SBATCH --open-mode=append              # one log through all restarts
##SBATCH --account=ACCOUNT
##SBATCH --partition=PARTITION
# module load MODULES                   # those that `make env` was called with

HPCX=${HPCX:-$SLURM_SUBMIT_DIR}         # where hpcx lies
source "$HPCX/jobs/restart.sh"
run_to_the_end "$@"
