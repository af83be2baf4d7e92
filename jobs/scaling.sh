#!/usr/bin/env bash
# Strong scaling of one calculation on 1, 2, 4, ... ranks of a job, measured and as `hpcx check` predicts it:
#     sbatch jobs/scaling.sh inputs/trion_large.toml
#     RANKS="1 2" bash jobs/scaling.sh inputs/trion_large.toml --set mesh.N=160        without SLURM
# Further words are passed to `hpcx run`. The network of the prediction: NETWORK="--latency '2 us' --bandwidth '10 GB/s'".
#SBATCH --job-name=hpcx-scaling
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=32
#SBATCH --cpus-per-task=1
#SBATCH --exclusive                     # others on the node would be measured, too
#SBATCH --time=2:00:00
##SBATCH --account=ACCOUNT
##SBATCH --partition=PARTITION
# module load MODULES                   # those that `make env` was called with
set -euo pipefail
HPCX=${HPCX:-${SLURM_SUBMIT_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}}         # where hpcx lies
source "$HPCX/jobs/restart.sh"
input=${1:?the input file is missing}; shift
folder=results/scaling/$(basename "$input" .toml)
most=${SLURM_NTASKS:-$(getconf _NPROCESSORS_ONLN)}

for ranks in ${RANKS:-$(for ((p = 1; p <= most; p *= 2)); do echo "$p"; done)}; do
    $(launcher) -n "$ranks" "$HPCX/.venv/bin/hpcx" run "$input" "$@" --fresh --set "output.directory=$folder/$ranks"
done
eval '"$HPCX/.venv/bin/python" "$HPCX/jobs/scaling.py" "$folder"' "${NETWORK:-}"    # the words of NETWORK have quotes of their own
