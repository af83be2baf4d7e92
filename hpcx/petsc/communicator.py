"""PETSc's own duplicates of communicators, kept alive.

PETSc duplicates a communicator when the first object on it is made, and frees the duplicate with the last one; both are
collective. But Python may destroy an object later on one rank than on another (after an exception, when its frames are
collected as garbage). The ranks would then differ in whether there is a duplicate, and wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def duplicates_kept(comms: Iterable[Any]) -> Iterator[None]:
    """Keep PETSc's duplicate of each communicator during the body; collective."""
    from petsc4py import PETSc

    anchors = [PETSc.IS().createGeneral([], comm=comm) for comm in comms]
    yield
    for anchor in anchors:
        anchor.destroy()
