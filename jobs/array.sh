#!/usr/bin/env bash
# A sweep shared by the tasks of an array: small jobs start sooner than a large one, and as many work as the queue lets in.
#     sbatch jobs/array.sh inputs/trion_quickstart.toml
# All tasks get the same input. Each takes points that no other has; one that finds none left ends. So the number of tasks
# need not be the number of points, tasks may be added later (sbatch --array=8-15 ...), and any of them may fail.
#SBATCH --job-name=hpcx-array
#SBATCH --array=0-7
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=06:00:00
#SBATCH --signal=B:USR1@300             # five minutes before the end: checkpoints of this task's points
#SBATCH --requeue                       # queued again after that, and after the failure of a node
#SBATCH --open-mode=append              # one log per task through all restarts
##SBATCH --account=ACCOUNT
##SBATCH --partition=PARTITION
# module load MODULES                   # those that `make env` was called with

HPCX=${HPCX:-$SLURM_SUBMIT_DIR}         # where hpcx lies
source "$HPCX/jobs/restart.sh"
run_to_the_end --shared "$@"         # a task that finds no point left has done its part, although others compute
