"""Says whether this interpreter can import what hpcx is built on, and whether the parts fit together.

    python3 jobs/check_stack.py

prints nothing and exits 0 if all is well; otherwise prints one line for each thing that is missing or wrong and exits
1. `make env` asks it which stack to use; on a cluster it tells whether the loaded modules suffice.
"""

import os
import sys
import tempfile
from importlib import import_module

os.environ.setdefault("H5PY_ALWAYS_USE_MPI", "1")  # Debian's h5py otherwise hides its parallel build outside mpirun

ENGINES = ("numpy", "scipy", "mpi4py", "petsc4py", "slepc4py", "h5py")


def missing_packages():
    """Return a line for each engine that cannot be imported."""
    lines = []
    for name in ENGINES:
        try:
            import_module(name)
        except Exception as error:  # a broken installation raises anything
            reason = str(error).splitlines() or [type(error).__name__]
            lines.append("python package %s: %s" % (name, reason[0]))
    return lines


def wrong_scalars():
    """Return a line if PETSc or SLEPc cannot be loaded or calculates with real numbers."""
    import slepc4py

    try:
        slepc4py.init([])
        from petsc4py import PETSc
        from slepc4py import SLEPc

        SLEPc.EPS().create(PETSc.COMM_SELF).destroy()
    except Exception as error:
        return ["PETSc and SLEPc do not load: %s" % error]
    if PETSc.ScalarType().dtype.kind != "c":
        return ["PETSc is built for real numbers; hpcx needs --with-scalar-type=complex"]
    return []


def wrong_mpi():
    """Return a line if more than one MPI library is loaded into this process (where /proc tells)."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {
                os.path.realpath(line.split()[-1]) for line in maps if "/libmpi.so" in line or "/libmpich.so" in line
            }
    except OSError:
        return []
    return ["different MPI libraries are mixed: " + ", ".join(sorted(paths))] if len(paths) > 1 else []


def wrong_hdf5():
    """Return a line if h5py is serial or cannot write through the MPI of mpi4py."""
    import h5py
    from mpi4py import MPI

    if not h5py.get_config().mpi:
        return ["h5py is built without MPI; hpcx needs it on parallel HDF5"]
    try:
        with tempfile.TemporaryDirectory() as folder:
            with h5py.File(os.path.join(folder, "check.h5"), "w", driver="mpio", comm=MPI.COMM_SELF) as file:
                file["x"] = [1.0, 2.0]
    except Exception as error:
        return ["h5py cannot write in parallel: %s" % error]
    return []


def problems():
    """Return everything that is missing or wrong, a line each."""
    if sys.version_info < (3, 11):
        return ["Python 3.11 or newer (%s is %d.%d)" % ((sys.executable,) + sys.version_info[:2])]
    return missing_packages() or wrong_scalars() + wrong_mpi() + wrong_hdf5()


if __name__ == "__main__":
    found = problems()
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)
