"""The Rosenbrock-W stepper on equations with known solutions."""

import numpy as np
import pytest
from scipy import sparse
from scipy.integrate import solve_ivp

from hpcx.petsc.nonlinear_ode import integrate_nonlinear
from hpcx.petsc.stepping import Segment

FAST = 300.0


def rate(time, u):
    """Two populations that exchange with stimulation, one of them fast with a third."""
    flow = 2.0 * u[0] * (1 + u[1]) - 1.0 * u[1] * (1 + u[0])
    quick = FAST * (u[1] - u[2])
    return np.array([-flow + 0.5 * np.exp(-time), flow - quick, quick])


def jacobian(time, u):
    a, b = 2.0 * (1 + u[1]) - u[1], 2.0 * u[0] - (1 + u[0])
    return sparse.csr_matrix([[-a, -b, 0], [a, b - FAST, FAST], [0, FAST, -FAST]])


def approximate(time, u):
    return sparse.csr_matrix([[-2.0, 1.0, 0], [2.0, -1.0 - FAST, FAST], [0, FAST, -FAST]])


def run(step, matrix=jacobian):
    pattern = sparse.csr_matrix(np.ones((3, 3)))
    return integrate_nonlinear(
        rate, matrix, pattern, np.array([1.0, 0.5, 0.0]), 0.0, [Segment(1.0, step), Segment(2.0, 2 * step)]
    )


@pytest.fixture(scope="module")
def exact():
    return solve_ivp(rate, (0, 2), [1.0, 0.5, 0.0], method="Radau", rtol=1e-11, atol=1e-13).y[:, -1]


@pytest.mark.parametrize(("matrix", "order"), [(jacobian, 5.0), (approximate, 4.0)])
def test_order_with_exact_and_approximate_jacobian(exact, matrix, order):
    errors = [np.abs(run(step, matrix).state_tnc[-1, :, 0] - exact).max() for step in (0.005, 0.0025)]
    assert errors[0] < 1e-6 and errors[0] / errors[1] > order


def test_invariant_and_cost():
    trajectory = run(0.02)
    total = trajectory.state_tnc.sum(axis=1)[:, 0]
    fed = 0.5 * (1 - np.exp(-trajectory.time))
    assert np.abs(total - 1.5 - fed).max() < 1e-6
    assert trajectory.statistics["factorizations"] == trajectory.statistics["steps"] == 75
