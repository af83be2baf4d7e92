#!/usr/bin/env bash
# All tests: `bash tests/run.sh PYTHON` runs the serial ones in two processes, then tests/parallel under mpirun with 1, 2, 3 and 4 ranks.
# `make test` calls it and sets what mpirun needs. A part under mpirun may take TEST_TIMEOUT seconds (600). The last line is the
# sum; the exit status is 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$1
tally=$(mktemp)
trap 'rm -f "$tally"' EXIT
passed=0
failed=0

part() {    # name, then the command: runs it and adds up; a part without tests (pytest's status 5) is no failure
    local status=0 ok bad
    echo "== $1"
    echo "0 0" > "$tally"
    "${@:2}" --tally "$tally" </dev/null || status=$?
    read -r ok bad < "$tally"
    case $status in
        0 | 5) ;;
        *)  echo "== $1: exit status $status"
            [ "$bad" -gt 0 ] || bad=1 ;;    # ended without counting: killed, timed out, not started
    esac
    passed=$((passed + ok))
    failed=$((failed + bad))
}

part serial "$python" -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not mpi and not validate" --ignore=tests/slurm tests
for ranks in 1 2 3 4; do
    part "$ranks ranks" timeout --foreground -k 10 "${TEST_TIMEOUT:-600}" "${MPIRUN:-mpirun}" -n $ranks \
        "$python" -m mpi4py -m pytest -q --with-mpi --ranks $ranks -m "mpi and not validate" -p no:cacheprovider tests/parallel
done

echo "$passed passed, $failed failed"
[ $passed -gt 0 ] && [ $failed = 0 ]
