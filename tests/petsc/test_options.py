"""PETSc options: how words are paired, and which of them nobody has looked at."""

import pytest

from hpcx.petsc.options import given_options, initialize, pairs


def test_pairs():
    words = ["-trion_eps_ncv", "40", "-log_view", "-shift", "-0.5", "--eps_type", "lanczos"]
    assert pairs(words) == [("trion_eps_ncv", "40"), ("log_view", None), ("shift", "-0.5"), ("eps_type", "lanczos")]
    with pytest.raises(ValueError, match="'40' follows no option name"):
        pairs(["40"])


def test_unused_options_are_known():
    initialize(["-hpcx_test_read", "7", "-hpcx_test_unread", "8"])
    from petsc4py import PETSc

    options = PETSc.Options()
    try:
        assert options.getInt("hpcx_test_read") == 7
        assert "-hpcx_test_read 7" in given_options(used=True) and "-hpcx_test_unread 8" in given_options(used=False)
    finally:
        options.delValue("hpcx_test_read")
        options.delValue("hpcx_test_unread")
