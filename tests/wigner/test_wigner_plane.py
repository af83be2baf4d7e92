"""Negative diffusion at 20 K from the full equation in the plane, equal to the moments."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.load import load_plan
from hpcx.parallel.stop import StopRequests
from hpcx.sweep.run import run_plan

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.validate
def test_the_spot_shrinks_in_the_plane_as_the_moments_say(tmp_path):
    plan = load_plan(str(ROOT / "inputs/wigner_plane_20K.toml"), [f'output.directory="{tmp_path}"'])
    report = run_plan(MPI.COMM_SELF, plan, StopRequests())
    assert [entry.status for entry in report.entries] == ["done"]
    with h5py.File(tmp_path / "result.h5") as file:
        shown = json.loads(file["provenance/diagnostics"].asstr()[()])
        time, diffusivity = file["observables/time"][()], file["observables/diffusivity"][:, 0]
        density = file["density/density"][:, 0]
    assert shown["difference_from_moments"] < 1e-4 and shown["mirror_symmetry"]
    negative = time[(time > 1) & (diffusivity < 0)]
    assert 28 < negative[0] < 31 and 64 < negative[-1] < 67  # 34 to 81 ps on fine bins
    assert diffusivity[(time > 1)].min() < -40
    assert np.isfinite(density).all()
