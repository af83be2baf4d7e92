"""The stiff linear stepper against the matrix exponential."""

import numpy as np
import pytest
from petsc4py import PETSc
from scipy import sparse
from scipy.linalg import expm

from hpcx.petsc.linear_ode import integrate_linear
from hpcx.petsc.stepping import IntegrationError, Segment

RATE = np.array([[-3.0, 1.0, 0.0], [3.0, -1.5, 200.0], [0.0, 0.5, -200.0]])
OMEGA = 1.3


def source(time):
    return np.outer([1.0, 0.0, -1.0], [np.cos(OMEGA * time), np.sin(OMEGA * time), 0.0])


def exact(initial, time):
    """Solve with the source as two more unknowns that rotate."""
    columns = []
    for column in range(3):
        phase = [(1.0, 0.0), (0.0, -1.0), (0.0, 0.0)][column]
        matrix = np.zeros((5, 5))
        matrix[:3, :3] = RATE
        matrix[:3, 3] = [1.0, 0.0, -1.0]
        matrix[3, 4], matrix[4, 3] = -OMEGA, OMEGA
        start = np.concatenate([initial[:, column], [phase[0], phase[1]]])
        columns.append((expm(matrix * time) @ start)[:3])
    return np.array(columns).T


def run(step):
    initial = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    segments = [Segment(0.5, step), Segment(2.0, 2 * step)]
    trajectory = integrate_linear(sparse.csr_matrix(RATE), source, initial, 0.0, segments)
    return trajectory, np.abs(trajectory.state_tnc[-1] - exact(initial, 2.0)).max()


def test_fourth_order_for_three_columns():
    errors = [run(step)[1] for step in (0.05, 0.025)]
    assert errors[0] < 1e-4
    assert errors[0] / errors[1] > 8


def test_one_factorisation_per_segment_and_pair_of_columns():
    trajectory, _ = run(0.05)
    first_stages = 2 if PETSc.Sys.getVersion() >= (3, 20) else 0  # newer PETSc solves for the rate at the start
    assert trajectory.statistics["factorizations"] == 2 * 2 + first_stages
    assert trajectory.statistics["steps"] == 2 * (10 + 15)
    assert trajectory.time[-1] == pytest.approx(2.0, abs=1e-12) and len(trajectory.time) == 26


def test_the_origin_of_time_does_not_matter():
    def state(start: float) -> np.ndarray:
        def source(time: float) -> np.ndarray:
            return np.full((2, 1), np.exp(-(((time - start - 30.0) / 10.0) ** 2)))

        segments = [Segment(start + 50.0, 2.0), Segment(start + 100.0, 5.0)]
        rates = sparse.csr_matrix(np.array([[-0.3, 0.1], [0.3, -0.1]]))
        return integrate_linear(rates, source, np.zeros((2, 1)), start, segments).state_tnc

    assert np.abs(state(-70.0) - state(0.0)).max() < 1e-9


def test_what_the_operator_conserves_stays_to_rounding():
    trajectory, _ = run(0.05)
    total = trajectory.state_tnc.sum(axis=1)
    assert np.abs(total - total[0]).max() < 1e-12


def test_stiff_components_are_damped():
    stiff = sparse.csr_matrix(np.diag([-1e6, -1.0]))
    trajectory = integrate_linear(stiff, lambda t: np.zeros((2, 1)), np.ones((2, 1)), 0.0, [Segment(1.0, 0.1)])
    assert abs(trajectory.state_tnc[1:, 0]).max() < 1e-2
    assert abs(trajectory.state_tnc[-1, 0, 0]) < 1e-12
    assert trajectory.state_tnc[-1, 1, 0] == pytest.approx(np.exp(-1.0), rel=1e-4)


def test_a_failed_step_says_what_to_turn():
    growing = sparse.csr_matrix(np.array([[np.nan]]))
    with pytest.raises(IntegrationError, match="time.refinement"):
        integrate_linear(growing, lambda t: np.zeros((1, 1)), np.ones((1, 1)), 0.0, [Segment(1.0, 0.1)])
