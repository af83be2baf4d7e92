"""The published low-temperature scenario on other energy grids: what the default grid is converged to."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.wigner.config import Config
from hpcx.wigner.problem import make_problem
from hpcx.wigner.simulation import schedule_and_moments
from hpcx.wigner.solve import solve
from hpcx.wigner.uncertainty import outcomes

pytestmark = pytest.mark.validate


@pytest.mark.parametrize(
    "first, growth, largest, rise, peak, negative, lowest",
    [
        (0.01, 1.06, 0.5, (5.69, 6.49, 7.29), 308.4, (34.1, 80.4), -47.1),
        (0.1, 1.12, 1.0, (5.69, 6.49, 7.27), 306.2, (33.0, 76.4), -52.3),
        (0.3, 1.2, 2.0, (5.79, 6.63, 7.45), 302.1, (29.6, 64.0), -68.5),
    ],
)
def test_negative_diffusion_on_other_grids(first, growth, largest, rise, peak, negative, lowest):
    config = Config(
        model="wigner",
        material="WS2",
        temperature=20.0,
        momentum={"first_bin": first, "growth": growth, "largest_bin": largest},
        time={"outputs": [(0.05, 12.0), (0.1, 90.0)], "end": 90.0},
    )
    problem = make_problem(MPI.COMM_SELF, config, load_for("wigner", "WS2"), Run())
    history = schedule_and_moments(problem, 1e-3)[1]
    time, bright = history.time / 1e3, history.observables["diffusivity"][:, 0] / 0.1
    late = time > 1
    time, bright = time[late], bright[late]
    found = outcomes(time, bright)
    assert found[0] == pytest.approx(peak, rel=0.02)
    assert [time[bright > share * peak][0] for share in (0.1, 0.5)] == pytest.approx(rise[:2], abs=0.2)
    assert found[1] == pytest.approx(rise[2], abs=0.2)
    assert found[2:4] == pytest.approx(negative, abs=0.2)
    assert found[4] == pytest.approx(lowest, rel=0.02)


def test_hot_excitons_far_out_move_outwards():
    """KK' excitons with kx > 0 over those with kx < 0 at 9 ps, 20 K,
    on the grid of an independent calculation with twelve angles.
    """
    config = Config(
        model="wigner",
        material="WS2",
        temperature=20.0,
        space={"dimension": 1, "points": 140, "width": 4.2},
        momentum={"first_bin": 0.3, "growth": 1.2, "largest_bin": 2.0, "harmonics": 6},
        time={"end": 9.0, "outputs": [(1.0, 9.0)], "distributions": [9.0]},
    )
    result = solve(MPI.COMM_SELF, config, load_for("wigner", "WS2"), Run())
    ratio = result.value("wigner/forward")[0, 1] / result.value("wigner/backward")[0, 1]
    found = np.interp([0.195, 0.405, 0.585, 0.795], result.value("wigner/x"), ratio)
    assert found == pytest.approx([1.15, 1.37, 1.63, 2.07], rel=0.02)
