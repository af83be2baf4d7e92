"""PETSc is started once, however often models ask for it."""

import atexit

from hpcx.petsc.options import initialize


def test_later_calls_register_nothing_for_the_end_of_python():
    initialize([])
    before = atexit._ncallbacks()
    for _ in range(3):
        initialize([])
    assert atexit._ncallbacks() == before
