"""Absorption spectra of the trion, at zero temperature or averaged over the momentum of the resident carrier."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from hpcx.exciton.absorption import Spectrum, advance, lines, make_spectrum
from hpcx.exciton.saved_states import Order, in_file
from hpcx.io.stages import Stage, Stages, State
from hpcx.parallel.recursion import Recursion
from hpcx.petsc.eigen import Operator
from hpcx.physics.spectra import ContinuedFraction, rounding_error
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import TrionProblem, moving_problem
from hpcx.trion.states import PairOrder
from hpcx.trion.thermal import boltzmann_points


def _resume(recursion: Recursion, stage: Stage, order: Order) -> None:
    """Give a recursion what an earlier run has left of it: all coefficients,
    and the two vectors of an unfinished one; collective.
    """
    earlier = stage.earlier()
    if earlier is not None:
        vectors = np.zeros((2, len(recursion.current)), complex)
        if "vectors" in earlier:
            vectors = order.from_file(lambda first, last: earlier.rows("vectors", first, last))
        recursion.resume(earlier.value("alpha"), earlier.value("beta"), *vectors)


def _coefficients(recursion: Recursion) -> State:
    return {"alpha": np.array(recursion.alpha), "beta": np.array(recursion.beta)}


def _state(recursion: Recursion, order: Order) -> State:
    return {**_coefficients(recursion), "vectors": in_file(order, np.array([recursion.previous, recursion.current]))}


def optical_vector(operator: TrionOperator) -> np.ndarray:
    """Return this rank's coordinates of V|i>, which has no angular momentum; Tempelaar and Berkelbach 2019, Eq. 2."""
    sector = operator.sector
    if not np.allclose(operator.group.turn_g, 1):
        return np.zeros(operator.rows, operator.dtype)
    return sector.pack(operator.problem.created(sector.k1, sector.k2).astype(complex))


def created_norm(problem: TrionProblem) -> float:
    """Return <i|V^2|i>: sum_k |d(k)|^2 over the points that the photoexcited carrier can take."""
    k = np.arange(problem.mesh.size)
    allowed = problem.mesh.add(k, np.full_like(k, problem.initial)) >= 0
    if problem.identical:
        allowed[problem.initial] = False
    return float((np.abs(problem.dipole_k[allowed]) ** 2).sum())


def trion_spectrum(
    config: Config,
    operator: TrionOperator,
    exciton_energy: float,
    label: str,
    stages: Stages,
    dress: Callable[[TrionOperator], Operator] = lambda operator: operator,
) -> tuple[Spectrum, Recursion]:
    """Return the spectrum and the recursion of the most likely initial state; collective.

    Args:
        config: the input.
        operator: the Hamiltonian for the resident carrier at its minimum.
        exciton_energy: energy of the 1s exciton, eV.
        label: name of this spectrum among the stages.
        stages: of the point.
        dress: makes of an operator one with further interactions on the same coordinates.
    """
    points, probabilities = boltzmann_points(operator.problem, config.trion.temperature)
    parts = []
    for point, probability in zip(points, probabilities, strict=True):
        there = operator
        if point:
            there = TrionOperator(
                operator.comm, moving_problem(operator.problem, int(point)), "none", config.solver.kernel
            )
        start, order, stage = optical_vector(there), PairOrder(there), stages.stage(f"{label}/{point}")
        parts.append(
            (probability, *_recursion(config, there.problem, dress(there), start, order, exciton_energy, stage))
        )
    return _average(config, exciton_energy, parts), parts[0][1]


def spectrum_from(
    config: Config,
    problem: TrionProblem,
    hamiltonian: Operator,
    start: np.ndarray,
    order: Order,
    exciton_energy: float,
    stage: Stage,
) -> Spectrum:
    """Return the spectrum of a Hamiltonian whose optical vector is that of `problem`
    in coordinates that `order` knows; collective.
    """
    return _average(
        config, exciton_energy, [(1.0, *_recursion(config, problem, hamiltonian, start, order, exciton_energy, stage))]
    )


def _recursion(
    config: Config,
    problem: TrionProblem,
    hamiltonian: Operator,
    start: np.ndarray,
    order: Order,
    exciton_energy: float,
    stage: Stage,
) -> tuple[Recursion, ContinuedFraction, float, float]:
    """Return the recursion and its fraction, the energy of the initial state, and the sum rule."""
    recursion = Recursion(stage.comm, hamiltonian.apply, start)
    _resume(recursion, stage, order)
    initial_energy = float(problem.resident.energy_k[problem.initial])
    keep = partial(stage.checkpoint_if_due, partial(_state, recursion, order))
    fraction = advance(recursion, config.absorption, exciton_energy, initial_energy, keep, _longest_time(config))
    stage.finish(_coefficients(recursion))
    return recursion, fraction, initial_energy, created_norm(problem)


def _longest_time(config: Config) -> float:
    """Return the longest waiting time of two-dimensional spectra, or 0, fs."""
    return max(config.twod.trace_end, *config.twod.waiting_times) if config.twod.enabled else 0.0


def _average(config: Config, exciton_energy: float, parts: list[tuple]) -> Spectrum:
    """Add up the lines of all initial states with their probabilities."""
    energies, weights, steps, sum_rule, rounding = [], [], 0, 0.0, 0.0
    bound_w, spectrum_w = np.zeros(1), np.zeros(1)
    for probability, recursion, fraction, initial_energy, square_norm in parts:
        energy, weight = lines(recursion)
        energies.append(energy - initial_energy)
        weights.append(probability * weight)
        bound_w = bound_w + probability * fraction.bound_w
        spectrum_w = spectrum_w + probability * fraction.spectrum_w
        steps += len(recursion.alpha)
        rounding += probability * rounding_error(
            len(recursion.alpha), recursion.band_width, config.absorption.broadening
        )
        sum_rule += probability * square_norm
    sticks = np.concatenate(energies), np.concatenate(weights)
    error = float(bound_w.max() / spectrum_w.max()) + rounding
    return make_spectrum(*sticks, error, config.absorption, exciton_energy, steps, sum_rule)
