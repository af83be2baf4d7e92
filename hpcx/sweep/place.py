"""Checks of the output directory for `hpcx check`, which change nothing."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from hpcx.config.load import Plan


def refuse_place(plan: Plan) -> None:
    """Raise OSError if the output directory cannot be written, OtherPhysics if it has results of another input."""
    directory = Path(plan.config.output.directory)
    try:
        _refuse_unwritable(directory.absolute())
    except OSError as error:
        raise OSError(f"cannot write to output.directory = '{directory}': {error.strerror}") from error
    if directory.is_dir():
        with suppress(OSError, ModuleNotFoundError):  # files that cannot be read are left to the run, as without h5py
            _refuse_other(plan, directory)


def _refuse_unwritable(directory: Path) -> None:
    """Raise OSError if no file can be written in the directory, or in the nearest existing one above it."""
    found = next(path for path in (directory, *directory.parents) if _is_there(path))
    if not found.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(found, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _is_there(path: Path) -> bool:
    """Say whether a path exists; raises OSError for impossible names and broken links."""
    try:
        path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise
        return False
    return True


def _refuse_other(plan: Plan, directory: Path) -> None:
    from hpcx.sweep.record import refuse_other_result, refuse_other_sweep
    from hpcx.sweep.store import Store

    if plan.axes:
        refuse_other_sweep(directory, plan)
    else:
        refuse_other_result(Store(directory, single=True), plan.points[0])
