"""What `hpcx info` prints: the facts on the installation that belong into a bug report."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import hpcx

_ABSENT = "not installed"
_PACKAGES = ("numpy", "scipy", "pydantic", "pint", "ducc0", "numba", "matplotlib", "xarray", "h5netcdf")
#: seconds to wait for PETSc's answer
_PATIENCE = 30
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def info_text() -> str:
    """Return the text, one line per part of the installation."""
    return "\n".join(f"{label:<12}{text}" for label, text in _lines())


def _lines() -> Iterator[tuple[str, str]]:
    yield "hpcx", f"{hpcx.__version__} in {Path(hpcx.__file__).parent}"
    yield "Python", f"{platform.python_version()}, {sys.executable}"
    yield "system", f"{platform.platform()}, {_system()}"
    yield "MPI", _mpi()
    yield "launcher", shutil.which(os.environ.get("MPIRUN", "mpirun")) or "no mpirun on the PATH"
    yield "PETSc", _petsc("petsc4py", "PETSC")
    yield "SLEPc", _petsc("slepc4py", "SLEPC")
    yield "HDF5", _hdf5()
    yield "threads", f"{_cores()} core(s) for this process, {_thread_settings()}; one BLAS thread per rank unless set"
    yield "packages", ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)


def _system() -> str:
    with suppress(OSError):
        found = re.search(r'PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text(encoding="utf-8"))
        return found[1] if found else ""
    return "unknown"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _thread_settings() -> str:
    return ", ".join(f"{name}={os.environ[name]}" for name in _THREADS if name in os.environ) or f"no {_THREADS[0]}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _ABSENT


def _loaded(module: str) -> tuple[Any, str]:
    """Return a module and "", or None and why it cannot be loaded."""
    try:
        return import_module(module), ""
    except ImportError as error:
        return None, _ABSENT if isinstance(error, ModuleNotFoundError) else f"cannot be loaded: {error}"


def _mpi() -> str:
    """Return the version of mpi4py and of its MPI, which may be asked before it is started."""
    mpi4py, absent = _loaded("mpi4py")
    if mpi4py is None:
        return f"mpi4py {absent}; only `hpcx run` and `hpcx converge` need it"
    mpi4py.rc.initialize = False
    mpi, absent = _loaded("mpi4py.MPI")
    library = absent if mpi is None else mpi.Get_library_version().split(",")[0].strip("\x00 \n")
    return f"mpi4py {mpi4py.__version__}, {library}"


def _petsc(package: str, name: str) -> str:
    """Return the version of petsc4py or slepc4py, the path of the library, and for PETSc the type of its numbers."""
    module, absent = _loaded(package)
    if module is None:
        return f"{package} {absent}; only `hpcx run` and `hpcx converge` need it"
    config: dict[str, str] = getattr(module, "get_config", dict)()  # old versions of slepc4py have none
    text = f"{package} {module.__version__} {config.get(f'{name}_DIR', '')} {config.get(f'{name}_ARCH', '')}".rstrip()
    return f"{text}, {_numbers_of_petsc()}" if name == "PETSC" else text


def _numbers_of_petsc() -> str:
    """Return the types of scalars and indices; asked in a process of its own, as loading PETSc starts MPI."""
    script = "from petsc4py import PETSc; print(PETSc.ScalarType.__name__, PETSc.IntType.__name__)"
    without_launcher = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OMPI_COMM", "OMPI_MCA_ess", "PMI", "PRTE", "SLURM_"))
    }
    try:
        run = subprocess.run(
            [sys.executable, "-c", script],
            env=without_launcher,
            capture_output=True,
            encoding="utf-8",
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"which cannot be asked: {error}"
    scalar, _, index = run.stdout.strip().partition(" ")
    if run.returncode or not index:
        return f"which cannot be loaded here: {(run.stderr.strip().splitlines() or ['no message'])[-1]}"
    return f"{scalar}{'' if scalar.startswith('complex') else ' (hpcx needs complex numbers)'}, indices {index}"


def _hdf5() -> str:
    h5py, absent = _loaded("h5py")
    if h5py is None:
        return f"h5py {absent}"
    parallel = "parallel" if h5py.get_config().mpi else "serial here (Debian's h5py is parallel under mpirun)"
    return f"h5py {h5py.__version__} on HDF5 {h5py.version.hdf5_version}, {parallel}"
