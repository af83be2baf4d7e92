"""Start of PETSc and SLEPc with a run's options, and the question which of them nobody asked for."""

from __future__ import annotations

import ctypes
import shlex


def initialize(arguments: list[str] | str = ()) -> None:
    """Start PETSc and SLEPc with options such as ["-trion_eps_ncv", "40"]; once they run, only add the options.

    Collective. Solvers read their options under their prefix (`exciton_`, `trion_`, ...) when they are set up.
    """
    import petsc4py
    import slepc4py

    options = shlex.split(arguments) if isinstance(arguments, str) else list(arguments)
    petsc4py.init(["hpcx", *options])
    slepc4py.init()
    from petsc4py import PETSc

    PETSc.Options().insertString(shlex.join(options))


def unused_options(prefixes: tuple[str, ...]) -> list[str]:
    """Return the names of options with one of the `prefixes` that were given and that no solver has read so far."""
    from petsc4py import PETSc

    library = ctypes.CDLL(PETSc.__file__)
    used = ctypes.c_int()
    unused = []
    for name in PETSc.Options().getAll():
        library.PetscOptionsUsed(None, f"-{name}".encode(), ctypes.byref(used))
        if name.startswith(prefixes) and not used.value:
            unused.append(name)
    return unused
