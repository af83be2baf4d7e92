"""Absorption spectra of the trion, at zero temperature or averaged over the momentum of the charge that was there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from hpcx.exciton.absorption import Spectrum, advance, lines, make_spectrum
from hpcx.exciton.restart import Restart
from hpcx.io.part import Part
from hpcx.io.result import Dataset
from hpcx.parallel.recursion import Recursion
from hpcx.petsc.eigen import Operator
from hpcx.physics.haydock import ContinuedFraction, rounding_error
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import TrionProblem
from hpcx.trion.states import PairOrder
from hpcx.trion.thermal import boltzmann_points, moving_problem


class SavedRecursions:
    """The recursions of a point in its checkpoint: all coefficients, and the two vectors of the unfinished one."""

    def __init__(self, restart: Restart) -> None:
        """Take the checkpoint of the point."""
        self._restart = restart

    def resume(self, label: str, recursion: Recursion, operator: TrionOperator) -> None:
        """Give a recursion what the checkpoint knows of it; collective."""
        saved = self._restart.take(label)
        if saved is None:
            return
        alpha, beta = (saved.value(f"{label}/{name}") for name in ("alpha", "beta"))
        vectors = np.zeros((2, operator.rows), complex)
        if f"{label}/recursion" in saved:
            vectors = PairOrder(operator).from_file(lambda first, last: saved.rows(f"{label}/recursion", first, last))
        recursion.resume(alpha, beta, *vectors)

    def keep(self, label: str, recursion: Recursion, operator: TrionOperator) -> None:
        """Save if it is time to, and stop if that is asked for; collective. Raises Stopped."""
        self._restart.keep(lambda: {**_coefficients(label, recursion), **_vectors(label, recursion, operator)})

    def finish(self, label: str, recursion: Recursion) -> None:
        """Keep the coefficients of a recursion that is done."""
        self._restart.note(_coefficients(label, recursion))


def _coefficients(label: str, recursion: Recursion) -> dict[str, Dataset]:
    values = {"alpha": np.array(recursion.alpha), "beta": np.array(recursion.beta)}
    return {f"{label}/{name}": Dataset(array, ("step",), "eV", name) for name, array in values.items()}


def _vectors(label: str, recursion: Recursion, operator: TrionOperator) -> dict[str, Dataset]:
    order = PairOrder(operator)
    block, start = order.to_file(np.array([recursion.previous, recursion.current]))
    return {f"{label}/recursion": Dataset(block, ("pair", "vector"), "1", "two vectors", Part.rows(start, order.total, block.shape))}


def optical_vector(operator: TrionOperator) -> np.ndarray:
    """Return this rank's coordinates of V|i>; Tempelaar and Berkelbach 2019, Eq. 2."""
    sector = operator.sector
    return sector.pack(operator.problem.created(sector.k1, sector.k2).astype(complex))


def created_norm(problem: TrionProblem) -> float:
    """Return <i|V^2|i>: sum_k |d(k)|^2 over the points that the first charge can take."""
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
    saved: SavedRecursions,
    dress: Callable[[TrionOperator], Operator] = lambda operator: operator,
) -> tuple[Spectrum, Recursion]:
    """Return the spectrum and the recursion of the most likely initial state; collective.

    Args:
        config: the input.
        operator: the Hamiltonian for the second charge at its minimum.
        exciton_energy: energy of the 1s exciton, eV.
        label: name of this spectrum in checkpoints.
        saved: earlier recursions.
        dress: makes of an operator one with further interactions on the same coordinates.
    """
    points, probabilities = boltzmann_points(operator.problem, config.trion.temperature)
    parts = []
    for point, probability in zip(points, probabilities, strict=True):
        there = operator
        if point:
            there = TrionOperator(operator.comm, moving_problem(operator.problem, int(point)), "none", config.solver.kernel)
        parts.append((probability, *_recursion(config, there, dress(there), exciton_energy, f"{label}/{point}", saved)))
    return _average(config, exciton_energy, parts), parts[0][1]


def _recursion(
    config: Config, operator: TrionOperator, hamiltonian: Operator, exciton_energy: float, label: str, saved: SavedRecursions
) -> tuple[Recursion, ContinuedFraction, float, float]:
    """Return the recursion and its fraction, the energy of the initial state, and the sum rule."""
    problem = operator.problem
    recursion = Recursion(operator.comm, hamiltonian.apply, optical_vector(operator))
    saved.resume(label, recursion, operator)
    initial_energy = float(problem.second.energy_k[problem.initial])
    keep = partial(saved.keep, label, recursion, operator)
    fraction = advance(recursion, config.absorption, exciton_energy, initial_energy, keep, _longest_time(config))
    saved.finish(label, recursion)
    return recursion, fraction, initial_energy, created_norm(problem)


def _longest_time(config: Config) -> float:
    """Return the longest waiting time of two-dimensional spectra, or 0, fs."""
    return max(config.twod.trace_end, *config.twod.waiting_times) if config.twod.enabled else 0.0


def _average(config: Config, exciton_energy: float, parts: list[tuple]) -> Spectrum:
    """Add up the lines of all initial states with their probabilities."""
    energies, weights, bound_w, spectrum_w, steps, sum_rule, rounding = [], [], 0.0, 0.0, 0, 0.0, 0.0
    for probability, recursion, fraction, initial_energy, square_norm in parts:
        energy, weight = lines(recursion)
        energies.append(energy - initial_energy)
        weights.append(probability * weight)
        bound_w = bound_w + probability * fraction.bound_w
        spectrum_w = spectrum_w + probability * fraction.spectrum_w
        steps += len(recursion.alpha)
        rounding += probability * rounding_error(len(recursion.alpha), recursion.band_width, config.absorption.broadening)
        sum_rule += probability * square_norm
    sticks = np.concatenate(energies), np.concatenate(weights)
    error = float(bound_w.max() / spectrum_w.max()) + rounding
    return make_spectrum(*sticks, error, config.absorption, exciton_energy, steps, sum_rule)
