"""PETSc objects that live longer on one rank than on others."""

import gc
import weakref

import pytest
from petsc4py import PETSc

from hpcx.parallel.errors import AgreedError, agreed
from hpcx.petsc.communicator import duplicates_kept

pytestmark = pytest.mark.mpi


def test_objects_can_be_made_while_one_rank_still_has_an_old_one(comm):
    """Without the duplicate that is kept, rank 0 would not duplicate the communicator again,
    and the others would wait for it.
    """
    own = comm.Dup()
    with duplicates_kept([own]):
        old = PETSc.Vec().createMPI((1, own.size), comm=own)
        if own.rank > 0:
            old.destroy()
        new = PETSc.Vec().createMPI((1, own.size), comm=own)
        new.set(1.0)
        assert new.sum() == own.size
        new.destroy()
        old.destroy()
    own.Free()


class Thing:
    """Something that the frame of an error holds."""


def test_an_agreed_error_leaves_nothing_to_the_garbage_collector(comm):
    found = []

    def fail():
        thing = Thing()
        found.append(weakref.ref(thing))
        with agreed(comm):
            if comm.rank == 0:
                raise OSError("only here")

    gc.disable()
    try:
        with pytest.raises(AgreedError, match="only here") as caught:
            fail()
        del caught
        assert found[0]() is None
    finally:
        gc.enable()
