"""The explicit integrator: accuracy, output times, tolerances by block, and a named error."""

from __future__ import annotations

import numpy as np
import pytest

from hpcx.petsc.explicit_ode import ExplicitOde
from hpcx.petsc.stepping import IntegrationError

FREQUENCY = np.array([[1.0], [3.0]])


def rotation(time: float, state: np.ndarray) -> np.ndarray:
    return 1j * FREQUENCY * state


def test_outputs_are_hit_and_accurate():
    ode = ExplicitOde(rotation, 1e-9, np.full((2, 1), 1e-9), 1.0, "test_")
    start = np.array([[1.0], [2.0 + 1.0j]])
    times = [-1.0, 0.0, 0.37, 5.0]
    for time, state in zip(times, ode.integrate(start, -1.0, times)):
        assert state == pytest.approx(start * np.exp(1j * FREQUENCY * (time + 1)), abs=1e-7)
    assert ode.statistics.evaluations >= 6 * ode.statistics.steps > 0


def test_a_short_pulse_after_a_long_rest_is_not_stepped_over():
    ode = ExplicitOde(lambda t, y: np.full_like(y, np.exp(-((t - 80) ** 2))), 1e-8, np.full(1, 1e-8), 1.0, "test_")
    [end] = ode.integrate(np.zeros(1, complex), 0.0, [100.0])
    assert end[0] == pytest.approx(np.sqrt(np.pi), rel=1e-6)


def test_tolerances_act_block_by_block():
    loose = ExplicitOde(rotation, 1e-12, np.array([[1e-9], [10.0]]), 10.0, "test_")
    tight = ExplicitOde(rotation, 1e-12, np.array([[1e-9], [1e-9]]), 10.0, "test_")
    start = np.array([[0.0], [1.0 + 0j]])  # the first block, with the tight tolerance, does not move
    steps = [len(ode.integrate(start, 0.0, [20.0])) and ode.statistics.steps for ode in (loose, tight)]
    assert steps[0] < 0.5 * steps[1]


@pytest.mark.filterwarnings("ignore:overflow")
def test_failure_names_the_option_to_turn():
    ode = ExplicitOde(lambda t, y: y * y, 1e-8, np.full(1, 1e-8), 1.0, "test_")
    with pytest.raises(IntegrationError, match="test_ts_rk_type"):
        ode.integrate(np.ones(1, complex), 0.0, [2.0])


def test_what_the_watch_raises_ends_the_integration():
    calls = []

    def watch():
        calls.append(1)
        if len(calls) == 4:
            raise InterruptedError("enough")

    ode = ExplicitOde(rotation, 1e-9, np.full((2, 1), 1e-9), 1.0, "test_", watch)
    with pytest.raises(InterruptedError, match="enough"):
        ode.integrate(np.ones((2, 1), complex), 0.0, [1000.0])
    assert len(calls) == 4
