"""Starting PETSc with the user's options, and reporting which of them were used."""

from __future__ import annotations

from functools import lru_cache


def initialize(arguments: list[str]) -> None:
    """Start PETSc and SLEPc with option words such as ["-trion_eps_ncv", "40"]; collective on all ranks.

    Raises RuntimeError if the PETSc that is installed was built for real scalars. The first call decides, and all ranks
    must make it together; later calls only add their options, and groups of ranks may make them alone.
    """
    _start()
    from petsc4py import PETSc

    options = PETSc.Options()
    for name, value in pairs(arguments):
        options.setValue(name, value)


@lru_cache(maxsize=1)
def _start() -> object:
    """Start SLEPc once and keep a duplicate of the communicator of all ranks; collective at the first call.

    Every start registers one more collective clean-up at the end of Python, so all ranks must start equally often. The
    duplicate is kept because petsc4py cleans up on this communicator at the end of Python: a rank without objects on it
    would then duplicate it again, and wait for ranks that still have the duplicate.
    """
    import slepc4py

    # PETSc's own handlers end the job with a banner, also at SIGHUP, SIGQUIT and SIGPIPE
    slepc4py.init(["hpcx", "-no_signal_handler"])
    from petsc4py import PETSc

    PETSc.Options().delValue("no_signal_handler")  # it is no option of the user

    if PETSc.ScalarType().dtype.kind != "c":
        raise RuntimeError("hpcx needs PETSc and SLEPc built with complex scalars; this PETSc has real ones")
    return PETSc.COMM_WORLD.duplicate()


def pairs(words: list[str]) -> list[tuple[str, str | None]]:
    """Split option words into (name, value); an option without a value has None.

    A word that begins with "-" and is not a number is a name.
    """
    found: list[tuple[str, str | None]] = []
    for word in words:
        if word.startswith("-") and not _is_number(word):
            found.append((word.lstrip("-"), None))
        elif found and found[-1][1] is None:
            found[-1] = (found[-1][0], word)
        else:
            raise ValueError(f"PETSc option value '{word}' follows no option name")
    return found


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def given_options(used: bool | None = None) -> str:
    """Return PETSc's options, of command line, environment, files and input, as they would be typed.

    With `used` only those that some solver has looked at, or that none has.
    """
    from petsc4py import PETSc

    given = sorted(PETSc.Options().getAll().items())
    return " ".join(f"-{name} {value or ''}".strip() for name, value in given if used is None or _is_used(name) == used)


def _is_used(name: str) -> bool:
    """Ask PETSc itself: petsc4py does not wrap PetscOptionsUsed."""
    import ctypes

    from petsc4py import PETSc

    flag = ctypes.c_int(0)  # wide enough for PetscBool as an enumeration and as a C bool
    ctypes.CDLL(PETSc.__file__).PetscOptionsUsed(None, name.encode(), ctypes.byref(flag))
    return bool(flag.value)
