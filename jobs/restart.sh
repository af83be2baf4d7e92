# What the job scripts share: run hpcx, hand signals on, and queue the job again when its time is over. Not run by itself:
#     source "$HPCX/jobs/restart.sh"; run_to_the_end inputs/trion_quickstart.toml
#
# The batch system sends USR1 to this script some minutes before the end (#SBATCH --signal=B:USR1@300). mpirun hands it on
# to every rank; hpcx writes checkpoints and ends with status 75; the job is queued again under its own number and goes on.
# A run that ends with 75 for another reason (a file STOP, --time-limit) is not queued again.
#
# LAUNCHER      how ranks are started: mpirun, or where there is none `srun --mpi=pmix`; another one: export LAUNCHER="..."
# MOST_RESTARTS how often a job may be queued again (50)

export PATH="$HPCX/.venv/bin:$PATH"
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# when mpirun itself is told to end, ranks that are still writing get 30 s before they are killed, not 1 s
export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-30}

end_of_job() {    # in seconds since 1970, from SLURM 23.02 on in the environment; nothing outside a job
    if [ -n "${SLURM_JOB_END_TIME:-}" ]; then echo "$SLURM_JOB_END_TIME"
    elif [ -n "${SLURM_JOB_ID:-}" ]; then date -d "$(squeue -h -j "$SLURM_JOB_ID" -o %e)" +%s 2>/dev/null || true; fi
}

launcher() {
    if [ -n "${LAUNCHER:-}" ]; then echo "$LAUNCHER"
    elif command -v mpirun > /dev/null; then echo mpirun
    else echo srun --mpi=pmix; fi
}

run_to_the_end() {    # the words of `hpcx run`; returns its status, unless the job is queued again
    local status=0 pid again=0 interrupted=0
    SLURM_JOB_END_TIME=$(end_of_job)
    export SLURM_JOB_END_TIME
    $(launcher) hpcx run "$@" &
    pid=$!
    trap 'again=1; interrupted=1; kill -USR1 $pid 2>/dev/null' USR1
    trap 'interrupted=1; kill -TERM $pid 2>/dev/null' TERM
    while :; do    # a trap ends `wait` early; only a wait without one has the status of the run
        interrupted=0
        wait $pid && status=0 || status=$?
        [ $interrupted = 1 ] || break
    done
    [ $status = 75 ] && time_is_over $again && queue_again
    return $status
}

time_is_over() {    # whether the batch system has told so, or will within two minutes
    [ "$1" = 1 ] || { [ -n "$SLURM_JOB_END_TIME" ] && [ $((SLURM_JOB_END_TIME - $(date +%s))) -lt 120 ]; }
}

queue_again() {
    if [ "${SLURM_RESTART_COUNT:-0}" -ge "${MOST_RESTARTS:-50}" ]; then
        echo "stopped with a checkpoint after ${SLURM_RESTART_COUNT} restarts; not queued again (MOST_RESTARTS)" >&2
    elif scontrol requeue "$SLURM_JOB_ID"; then
        echo "stopped with a checkpoint; queued again (restart $((${SLURM_RESTART_COUNT:-0} + 1)))" >&2
        exit 0    # the controller ends this script in a moment
    else
        echo "stopped with a checkpoint; this cluster does not queue jobs again: submit the same command" >&2
    fi
}
