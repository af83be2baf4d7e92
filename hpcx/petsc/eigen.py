"""Lowest eigenpairs of a Hermitian operator that is given by its products, by SLEPc's Krylov-Schur method."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from slepc4py import SLEPc

from hpcx.parallel.errors import AgreedError
from hpcx.parallel.stop import Stopped
from hpcx.petsc.ritz import Partial, partial_solution

#: receives a function that returns what the solver knows
Keep = Callable[[Callable[[], Partial]], None]
#: smallest basis of the Krylov-Schur method; a larger one costs orthogonalisation, a smaller one restarts
_BASIS = 20


class SolverError(AgreedError):
    """An eigensolver did not deliver; the message says which knob to turn. Raised alike on all ranks."""


class Operator(Protocol):
    """A Hermitian operator spread over the ranks of a communicator.

    Attributes:
        rows: length of this rank's part of a vector.
        flops: floating-point operations of one product on this rank.
    """

    rows: int
    flops: float

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return this rank's part of the product from this rank's part of a vector; collective."""
        ...


@dataclass(frozen=True)
class Eigenpairs:
    """Lowest eigenpairs in ascending order, and what they cost.

    Attributes:
        values: eigenvalues, shape (state,), real.
        vectors: this rank's part of the normalised eigenvectors, shape (state, rows).
        residuals: the solver's estimate of |H x - E x|, shape (state,).
        iterations: restarts.
        products: products with the operator.
        product_seconds: time spent in products on this rank.
        seconds: time spent in the whole solution on this rank.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    iterations: int
    products: int
    product_seconds: float
    seconds: float


class _Shell:
    """Context of a PETSc python matrix: calls the operator, counts, and logs the product as a PETSc event."""

    def __init__(self, operator: Operator, prefix: str) -> None:
        self.operator = operator
        self.event = PETSc.Log.Event(f"{prefix}product")
        self.products = 0
        self.seconds = 0.0

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """Set y to the product with x."""
        start = time.perf_counter()
        self.event.begin()
        y.getArray()[:] = self.operator.apply(x.getArray(readonly=True))
        PETSc.Log.logFlops(self.operator.flops)
        self.event.end()
        self.products += 1
        self.seconds += time.perf_counter() - start


def lowest_states(
    comm: MPI.Comm,
    operator: Operator,
    count: int,
    tolerance: float,
    prefix: str,
    start: np.ndarray | None = None,
    found: np.ndarray | None = None,
    keep: Keep | None = None,
    progress: Callable[[float], None] | None = None,
) -> Eigenpairs:
    """Return the `count` lowest eigenpairs of a Hermitian `operator`; collective.

    Args:
        comm: the ranks over which vectors are spread.
        operator: what to diagonalise.
        count: number of states; no more than the dimension are returned.
        tolerance: largest residual norm |H x - E x|, in the units of the operator.
        prefix: of this solver's options, e.g. "trion_".
        start: this rank's part of the start vector, (rows,); the default, a constant vector, may miss states by symmetry.
        found: this rank's part of states that are known already, orthonormal, (state, rows); they are deflated.
        keep: called after every restart with a function that returns what is known; may raise Stopped, alike on all ranks.
        progress: called after every restart with the share of the work that is done, a guess.

    Raises:
        SolverError: the states did not converge, with advice.
        Stopped: `keep` said so.
    """
    begin = time.perf_counter()
    size = comm.allreduce(operator.rows)
    if size == 0:
        raise SolverError(f"{prefix.strip('_')}: the space has dimension 0; raise mesh.N or mesh.k0")
    shell = _Shell(operator, prefix)
    known = np.empty((0, operator.rows), complex) if found is None else found[: min(count, size)]
    left = min(count, size) - len(known)
    if left == 0:
        return _known_pairs(comm, shell, known, begin)
    with _solver(comm, shell, size, left, tolerance, prefix) as eps:
        _set_start(eps, np.ones(operator.rows) if start is None else start)
        _deflate(eps, known)
        watch = _Watch(keep, known, left)
        eps.setStoppingTest(watch.stopping)
        if progress is not None:
            eps.setMonitor(_Monitor(progress, left, tolerance))
        eps.solve()
        if watch.stopped is not None:
            raise watch.stopped
        _check(eps, left, tolerance, prefix)
        pairs = _collect(eps, shell, left, begin)
    return _joined(_known_pairs(comm, shell, known, begin), pairs) if len(known) else pairs


@contextmanager
def _solver(comm: MPI.Comm, shell: _Shell, size: int, count: int, tolerance: float, prefix: str):
    """Make the solver with its matrix, and destroy both at the end."""
    rows = shell.operator.rows
    matrix = PETSc.Mat().createPython(((rows, size), (rows, size)), shell, comm=comm)
    matrix.setUp()
    eps = SLEPc.EPS().create(comm=comm)
    try:
        eps.setOptionsPrefix(prefix)
        eps.setOperators(matrix)
        eps.setProblemType(SLEPc.EPS.ProblemType.HEP)
        eps.setType(SLEPc.EPS.Type.KRYLOVSCHUR)
        eps.setWhichEigenpairs(SLEPc.EPS.Which.SMALLEST_REAL)
        eps.setDimensions(count, min(size, max(_BASIS, 2 * count + 8)))
        eps.setTolerances(tolerance, 10000)
        eps.setConvergenceTest(SLEPc.EPS.Conv.ABS)
        eps.setFromOptions()
        yield eps
    finally:
        eps.destroy()
        matrix.destroy()


def _set_start(eps: SLEPc.EPS, start: np.ndarray) -> None:
    """Give the solver its start vector; Krylov-Schur makes use of one only."""
    vector = eps.getOperators()[0].createVecRight()
    vector.getArray()[:] = start
    eps.setInitialSpace(vector)
    vector.destroy()


def _deflate(eps: SLEPc.EPS, known: np.ndarray) -> None:
    """Keep the solver out of the span of known states."""
    vectors = []
    for values in known:
        vectors.append(eps.getOperators()[0].createVecRight())
        vectors[-1].getArray()[:] = values
    if vectors:
        eps.setDeflationSpace(vectors)
    for vector in vectors:
        vector.destroy()


class _Watch:
    """The stopping test: SLEPc's own rule, and the caller's wish; an exception must not pass through the solver's C code."""

    def __init__(self, keep: Keep | None, known: np.ndarray, wanted: int) -> None:
        self.keep, self.known, self.wanted = keep, known, wanted
        self.stopped: Stopped | None = None

    def stopping(self, eps: SLEPc.EPS, restart: int, most: int, converged: int, wanted: int) -> int:
        """Return the reason to end, or that there is none."""
        reasons = SLEPc.EPS.ConvergedReason
        if converged >= wanted:
            return reasons.CONVERGED_TOL
        try:
            if self.keep is not None:
                self.keep(lambda: partial_solution(eps, self.known, converged, self.wanted))
        except Stopped as stopped:
            self.stopped = stopped.with_traceback(None)  # its frames would keep the solver alive
            return reasons.CONVERGED_USER
        return reasons.DIVERGED_ITS if restart >= most else reasons.CONVERGED_ITERATING


class _Monitor:
    """Turns error estimates into the share of the work that is done: errors fall exponentially, state after state."""

    def __init__(self, progress: Callable[[float], None], wanted: int, tolerance: float) -> None:
        self.progress, self.wanted, self.tolerance = progress, wanted, tolerance
        self.first = 0.0

    def __call__(self, eps: SLEPc.EPS, restart: int, converged: int, values: list, errors: list[float]) -> None:
        """Report; `errors` are the estimates of the approximate states."""
        error = max(errors[converged] if converged < len(errors) else 0.0, self.tolerance)
        self.first = max(self.first, error)
        state = 1.0 if self.first <= self.tolerance else np.log(self.first / error) / np.log(self.first / self.tolerance)
        self.progress(min(1.0, (converged + float(state)) / self.wanted))


def _check(eps: SLEPc.EPS, count: int, tolerance: float, prefix: str) -> None:
    """Turn the reason why the solver ended into an error with advice."""
    reasons = SLEPc.EPS.ConvergedReason
    reason, name = eps.getConvergedReason(), prefix.strip("_")
    if reason == reasons.DIVERGED_ITS:
        raise SolverError(
            f"{name}: {eps.getConverged()} of {count} states reached solver.tolerance = {tolerance:g} eV in "
            f"{eps.getIterationNumber()} restarts; raise -{prefix}eps_max_it or -{prefix}eps_ncv, "
            f"loosen solver.tolerance, or ask for fewer solver.states"
        )
    if reason < 0 or eps.getConverged() < count:
        raise SolverError(
            f"{name}: the eigensolver failed (reason {reason}, {eps.getConverged()} of {count} states); "
            f"raise -{prefix}eps_ncv or loosen solver.tolerance = {tolerance:g} eV"
        )


def _collect(eps: SLEPc.EPS, shell: _Shell, count: int, begin: float) -> Eigenpairs:
    vector = eps.getOperators()[0].createVecRight()
    values, vectors = np.empty(count), np.empty((count, shell.operator.rows), complex)
    for state in range(count):
        values[state] = eps.getEigenpair(state, vector).real
        vectors[state] = vector.getArray(readonly=True)
    vector.destroy()
    residuals = np.array([eps.getErrorEstimate(state) for state in range(count)])
    iterations, seconds = eps.getIterationNumber(), time.perf_counter() - begin
    return Eigenpairs(values, vectors, residuals, iterations, shell.products, shell.seconds, seconds)


def _known_pairs(comm: MPI.Comm, shell: _Shell, known: np.ndarray, begin: float) -> Eigenpairs:
    """Return values and residuals of states that were known, by an explicit product each."""
    values, residuals = np.empty(len(known)), np.empty(len(known))
    for state, vector in enumerate(known):
        product = shell.operator.apply(vector)
        values[state] = comm.allreduce(np.vdot(vector, product).real)
        residuals[state] = np.sqrt(comm.allreduce(float((np.abs(product - values[state] * vector) ** 2).sum())))
    return Eigenpairs(values, known, residuals, 0, len(known), 0.0, time.perf_counter() - begin)


def _joined(known: Eigenpairs, new: Eigenpairs) -> Eigenpairs:
    """Put the states in ascending order; `new` has counted the whole cost but for the products with known states."""
    values = np.concatenate([known.values, new.values])
    order = np.argsort(values, kind="stable")
    residuals = np.concatenate([known.residuals, new.residuals])[order]
    vectors = np.concatenate([known.vectors, new.vectors])[order]
    return replace(new, values=values[order], vectors=vectors, residuals=residuals, products=known.products + new.products)
