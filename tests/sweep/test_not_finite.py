"""Values that are not finite: a meaning is written beside them, or the point fails and nothing is written."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.parallel.errors import AgreedError
from hpcx.sweep.compute import _refuse_silent


def test_the_meaning_is_an_attribute(tmp_path):
    result = Result()
    result.add("fit/time", np.array([1.0, np.nan]), ("resonance",), "fs", "rise time", missing="NaN: the trace is zero")
    result.add("fit/energy", np.array([1.0, 2.0]), ("resonance",), "eV", "energy")
    write_result(MPI.COMM_SELF, tmp_path / "result.h5", result, {})
    with h5py.File(tmp_path / "result.h5") as file:
        assert file["fit/time"].attrs["missing_meaning"] == "NaN: the trace is zero"
        assert "missing_meaning" not in file["fit/energy"].attrs


@pytest.mark.parametrize("value", [np.nan, np.inf, 1j * np.nan])
def test_a_value_without_meaning_is_an_error(value):
    result = Result()
    result.add("singlet/energy", np.array([-0.5, value]), ("state",), "eV", "energy")
    result.add("singlet/name", np.array(["a", "b"]), ("state",), "1", "name")
    result.add("singlet/late", np.array([value]), (("one"),), "fs", "time", missing="not finite: it never comes")
    with pytest.raises(
        AgreedError, match=r"infinite or NaN values were computed in singlet/energy, so no result is written"
    ):
        _refuse_silent(MPI.COMM_SELF, result)


def test_finite_results_are_not_held_up():
    result = Result()
    result.add("singlet/energy", np.array([-0.5, 1e300]), ("state",), "eV", "energy")
    result.add("singlet/number", np.array([3]), (("one"),), "1", "number")
    _refuse_silent(MPI.COMM_SELF, result)
