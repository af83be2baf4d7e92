# What the job scripts share: run hpcx, hand signals on, and queue the job again when its time is over. Not run by itself:
#     source "$HPCX/jobs/restart.sh"; run_to_the_end inputs/trion_quickstart.toml
#
# The batch system sends USR1 to this script some minutes before the end (#SBATCH --signal=B:USR1@300). mpirun hands it on
# to every rank; hpcx writes checkpoints and ends with status 75; the job is queued again under its own number and goes on.
# A run that ends with 75 for another reason (a file STOP, --time-limit) is not queued again.
#
# LAUNCHER      how ranks are started: mpirun, or where there is none `srun --mpi=pmix`; another one: export LAUNCHER="..."
# MOST_RESTARTS how often a job may be queued again (50)
# LEAST_SECONDS a run that was told to stop after a shorter time is not queued again (20)
# PATIENCE      seconds that a command of SLURM may take (30)

export PATH="$HPCX/.venv/bin:$PATH"
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# when mpirun itself is told to end, ranks that are still writing get 30 s before they are killed, not 1 s
export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-30}

this_job() {    # how SLURM's commands call this job; the plain number of an array's task may be that of the whole array
    if [ -n "${SLURM_ARRAY_JOB_ID:-}" ]; then echo "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
    else echo "$SLURM_JOB_ID"; fi
}

ask() { SLURM_TIME_FORMAT=standard timeout "${PATIENCE:-30}" "$@" 2>/dev/null </dev/null || true; }    # a command of SLURM that may fail

future() {    # a time as SLURM prints it, or seconds since 1970: in seconds since 1970, or nothing if it is none or has passed
    local end=
    case $1 in
        [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*) end=$(date -d "$1" +%s 2>/dev/null) || end= ;;
        '' | *[!0-9]*) ;;
        *) end=$1 ;;
    esac
    [ -z "$end" ] || [ "$end" -le "$(date +%s)" ] || echo "$end"
}

end_of_job() {    # in seconds since 1970; nothing outside a job and where SLURM does not tell
    local end=
    [ -n "${SLURM_JOB_ID:-}" ] || return 0
    end=$(future "$(ask squeue -h -j "$(this_job)" -o %e)")
    [ -n "$end" ] || end=$(future "$(ask scontrol show job "$(this_job)" | sed -n 's/.*[[:space:]]EndTime=\([^[:space:]]*\).*/\1/p' | head -n 1)")
    [ -n "$end" ] || end=$(future "${SLURM_JOB_END_TIME:-}")    # last, because it may be left over from an earlier job
    echo "$end"
}

launcher() {
    if [ -n "${LAUNCHER:-}" ]; then echo "$LAUNCHER"
    elif command -v mpirun > /dev/null; then echo mpirun
    else echo srun --mpi=pmix; fi
}

run_to_the_end() {    # the words of `hpcx run`; returns its status, unless the job is queued again
    local status=75 pid= again=0 interrupted=0 started=$SECONDS
    trap 'again=1; interrupted=1; [ -z "$pid" ] || kill -USR1 $pid 2>/dev/null' USR1
    trap 'interrupted=1; [ -z "$pid" ] || kill -TERM $pid 2>/dev/null' TERM
    SLURM_JOB_END_TIME=$(end_of_job)
    export SLURM_JOB_END_TIME
    if [ -z "$SLURM_JOB_END_TIME" ]; then
        unset SLURM_JOB_END_TIME
        echo "when this job ends is not known (neither squeue nor scontrol tells); hpcx stops at the signal of the batch system only" >&2
    fi
    if [ $interrupted = 0 ]; then
        $(launcher) hpcx run "$@" &
        pid=$!
    fi
    while [ -n "$pid" ]; do    # a trap ends `wait` early; only a wait without one has the status of the run
        interrupted=0
        wait $pid && status=0 || status=$?
        [ $interrupted = 1 ] || break
    done
    [ $status != 75 ] || queue_again $again $((SECONDS - started))
    return $status
}

time_is_over() {    # whether the batch system has told so, or will within two minutes
    [ "$1" = 1 ] || { [ -n "${SLURM_JOB_END_TIME:-}" ] && [ $((SLURM_JOB_END_TIME - $(date +%s))) -lt 120 ]; }
}

queue_again() {    # whether the batch system has told the end, and the seconds that the run has lasted
    if ! time_is_over "$1"; then
        echo "not queued again: hpcx ended for the reason above, not because the time of the job is over" >&2
    elif [ "$2" -lt "${LEAST_SECONDS:-20}" ]; then
        echo "not queued again: hpcx was told to stop after $2 s, and would be again; give the job more time than its signal needs" >&2
    elif [ "${SLURM_RESTART_COUNT:-0}" -ge "${MOST_RESTARTS:-50}" ]; then
        echo "stopped with a checkpoint after ${SLURM_RESTART_COUNT} restarts; not queued again (MOST_RESTARTS)" >&2
    elif [ -n "${SLURM_JOB_ID:-}" ] && scontrol requeue "$(this_job)"; then
        echo "stopped with a checkpoint; queued again (restart $((${SLURM_RESTART_COUNT:-0} + 1)))" >&2
        exit 0    # the controller ends this script in a moment
    else
        echo "stopped with a checkpoint; this cluster does not queue jobs again: submit the same command" >&2
    fi
}
