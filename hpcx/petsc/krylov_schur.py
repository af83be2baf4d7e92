"""One run of SLEPc's Krylov-Schur method for the lowest states of an operator, beside states that are known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from slepc4py import SLEPc

from hpcx.parallel.errors import AgreedError
from hpcx.parallel.stop import Stopped
from hpcx.petsc.basis import smallest_basis
from hpcx.petsc.ritz import Partial, of_type, partial_solution

#: called with a function that returns the present state of the solver
Keep = Callable[[Callable[[], Partial]], None]


class SolverError(AgreedError):
    """An eigensolver failed; the message says which parameter to change. Raised alike on all ranks."""


class Operator(Protocol):
    """A Hermitian operator spread over the ranks of a communicator.

    Attributes:
        rows: length of this rank's part of a vector.
        flops: floating-point operations of one product on this rank.
        dtype: of coordinates outside PETSc, whose own are complex: float if products with real vectors are real, else
            complex.
    """

    rows: int
    flops: float

    @property
    def dtype(self) -> type:
        """Kind of the coordinates."""
        ...

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's part of the product, in complex `out` if given; collective."""
        ...


class Shell:
    """Context of a PETSc python matrix: calls the operator, counts, and logs the product as a PETSc event.

    Attributes:
        operator: what is multiplied with.
        products: how many products there were.
        seconds: what they took on this rank.
    """

    def __init__(self, operator: Operator, prefix: str) -> None:
        self.operator = operator
        self._event = PETSc.Log.Event(f"{prefix}product")
        self.products = 0
        self.seconds = 0.0

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's part of the product, in `out` if given; collective."""
        start = time.perf_counter()
        self._event.begin()
        y = self.operator.apply(x, out)
        PETSc.Log.logFlops(self.operator.flops)
        self._event.end()
        self.products += 1
        self.seconds += time.perf_counter() - start
        return y

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """Set y to the product with x."""
        self.apply(x.getArray(readonly=True), y.getArray())


@dataclass(frozen=True)
class Task:
    """What to solve, the same for all runs.

    Attributes:
        comm: the ranks over which vectors are spread.
        shell: the operator.
        size: dimension of the space.
        tolerance: largest residual norm |H x - E x|, in the units of the operator.
        prefix: of the solver's options, e.g. "trion_".
        keep: called after every restart with a function that returns what is known; may raise Stopped, alike on all
            ranks.
        progress: called after every restart with the share of the work that is done, a guess.
        basis: number of vectors of the basis for a number of states.
    """

    comm: MPI.Comm
    shell: Shell
    size: int
    tolerance: float
    prefix: str
    keep: Keep | None = None
    progress: Callable[[float], None] | None = None
    basis: Callable[[int], int] = smallest_basis

    @property
    def name(self) -> str:
        """Name for messages."""
        return self.prefix.strip("_")


@dataclass(frozen=True)
class Found:
    """Eigenpairs.

    Attributes:
        values: eigenvalues, shape (state,), real.
        vectors: this rank's part of the normalised eigenvectors, shape (state, rows).
        residuals: the solver's estimate of |H x - E x|, shape (state,).
        iterations: restarts.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    iterations: int

    def joined(self, other: Found) -> Found:
        """Return these states and others in ascending order."""
        values = np.concatenate([self.values, other.values])
        order = np.argsort(values, kind="stable")
        vectors = np.concatenate([self.vectors, other.vectors])[order]
        residuals = np.concatenate([self.residuals, other.residuals])[order]
        return Found(values[order], vectors, residuals, self.iterations + other.iterations)


def krylov_schur(
    task: Task,
    known: Found,
    count: int,
    start: Callable[[], np.ndarray],
    limit: Callable[[np.ndarray], float] | None = None,
) -> Found:
    """Return the lowest states beside those that are known; collective.

    Args:
        task: what to solve.
        known: states that are deflated.
        count: how many states to find.
        start: returns this rank's part of the start vector, (rows,), which is not kept.
        limit: maps the values found so far to the energy above which no state matters; the run ends as soon as it has
            found one state and the next lies above. Without it all `count` states are found.

    Raises SolverError if states did not converge, and Stopped if `task.keep` says so.
    """
    with _solver(task, count) as eps:
        _give(eps, eps.setInitialSpace, start()[None])  # Krylov-Schur uses a single start vector
        if len(known.vectors):
            _give(eps, eps.setDeflationSpace, known.vectors)
        estimates = _Estimates(task, count)
        eps.setMonitor(estimates)
        watch = _Watch(task.keep, known.vectors, count, estimates, limit)
        eps.setStoppingTest(watch.stopping)
        eps.solve()
        if watch.stopped is not None:
            raise watch.stopped
        _check(eps, count if limit is None else 1, task)
        return _collect(eps, task.shell.operator, min(count, eps.getConverged()))


@contextmanager
def _solver(task: Task, count: int) -> Iterator[SLEPc.EPS]:
    """Make the solver with its matrix, and destroy both at the end."""
    rows, size = task.shell.operator.rows, task.size
    matrix = PETSc.Mat().createPython(((rows, size), (rows, size)), task.shell, comm=task.comm)
    matrix.setUp()
    eps = SLEPc.EPS().create(comm=task.comm)
    try:
        eps.setOptionsPrefix(task.prefix)
        eps.setOperators(matrix)
        eps.setProblemType(SLEPc.EPS.ProblemType.HEP)
        eps.setType(SLEPc.EPS.Type.KRYLOVSCHUR)
        eps.setWhichEigenpairs(SLEPc.EPS.Which.SMALLEST_REAL)
        eps.setDimensions(count, min(size, task.basis(count)))
        eps.setTolerances(task.tolerance, 10000)
        eps.setConvergenceTest(SLEPc.EPS.Conv.ABS)
        eps.setFromOptions()
        yield eps
    finally:
        eps.destroy()
        matrix.destroy()


def _give(eps: SLEPc.EPS, receive: Callable[[list[PETSc.Vec]], None], parts: np.ndarray) -> None:
    """Pass vectors, of which this rank has the `parts` (vector, rows), to a method of the solver, which copies them."""
    vectors = [eps.getOperators()[0].createVecRight() for _ in parts]
    for vector, values in zip(vectors, parts, strict=True):
        vector.getArray()[:] = values
    receive(vectors)
    for vector in vectors:
        vector.destroy()


#: ratio of the restarts for a further state to those for the first one (measured: 0.2 to 0.5)
_FURTHER = 1 / 3


class _Estimates:
    """A monitor that stores approximate values and errors, and estimates the share of the work that is done.

    Errors fall exponentially, one state after another; later states have partly converged with the earlier ones.

    Attributes:
        values: approximate values at the last restart, ascending.
        errors: estimates of their residuals.
        converged: how many of the first of them had converged.
    """

    def __init__(self, task: Task, wanted: int) -> None:
        self._progress, self._wanted, self._tolerance = task.progress, wanted, task.tolerance
        self._first = 0.0
        self.values, self.errors, self.converged = np.empty(0), np.empty(0), 0

    def __call__(self, eps: SLEPc.EPS, restart: int, converged: int, values: list, errors: list[float]) -> None:
        """Take the solver's report of a restart."""
        self.values, self.errors, self.converged = np.real(values), np.array(errors), converged
        if self._progress is not None:
            self._progress(self._share())

    def _share(self) -> float:
        error = max(self.errors[self.converged] if self.converged < len(self.errors) else 0.0, self._tolerance)
        self._first = max(self._first, error)
        begun = self._first > self._tolerance
        state = np.log(self._first / error) / np.log(self._first / self._tolerance) if begun else 1.0
        weight = np.r_[1.0, np.full(self._wanted - 1, _FURTHER), 0.0]
        return float(
            min(
                1.0, (weight[: self.converged].sum() + weight[min(self.converged, self._wanted)] * state) / weight.sum()
            )
        )

    def is_beyond(self, limit: Callable[[np.ndarray], float]) -> bool:
        """Return whether a state has converged and the next, as far as it is known, lies above the limit."""
        if not 0 < self.converged < len(self.values):
            return False
        return bool(self.values[self.converged] - self.errors[self.converged] > limit(self.values[: self.converged]))


class _Watch:
    """The stopping test: SLEPc's rule and the caller's; no exception may pass through the solver's C code."""

    def __init__(
        self,
        keep: Keep | None,
        known: np.ndarray,
        wanted: int,
        estimates: _Estimates,
        limit: Callable[[np.ndarray], float] | None,
    ) -> None:
        self.keep, self.known, self.wanted = keep, known, wanted
        self.estimates, self.limit = estimates, limit
        self.stopped: Stopped | None = None

    def stopping(self, eps: SLEPc.EPS, restart: int, most: int, converged: int, wanted: int) -> int:
        """Return the reason to end, or that there is none; the monitor has seen the restart before."""
        reasons = SLEPc.EPS.ConvergedReason
        if converged >= wanted:
            return reasons.CONVERGED_TOL
        if self.limit is not None and self.estimates.is_beyond(self.limit):
            return reasons.CONVERGED_USER
        try:
            if self.keep is not None:
                self.keep(lambda: partial_solution(eps, self.known, converged, self.wanted))
        except Stopped as stopped:
            self.stopped = stopped.with_traceback(None)  # its frames would keep the solver alive
            return reasons.CONVERGED_USER
        return reasons.DIVERGED_ITS if restart >= most else reasons.CONVERGED_ITERATING


def _check(eps: SLEPc.EPS, count: int, task: Task) -> None:
    """Turn the reason why the solver ended into an error with advice."""
    reasons = SLEPc.EPS.ConvergedReason
    reason = eps.getConvergedReason()
    if reason == reasons.DIVERGED_ITS:
        raise SolverError(
            f"{task.name}: {eps.getConverged()} of {count} states reached solver.tolerance = {task.tolerance:g} eV in "
            f"{eps.getIterationNumber()} restarts; raise -{task.prefix}eps_max_it or -{task.prefix}eps_ncv, "
            "loosen solver.tolerance, or ask for fewer solver.states"
        )
    if reason < 0 or eps.getConverged() < count:
        raise SolverError(
            f"{task.name}: the eigensolver failed (reason {reason}, {eps.getConverged()} of {count} states); "
            f"raise -{task.prefix}eps_ncv or loosen solver.tolerance = {task.tolerance:g} eV"
        )


def _collect(eps: SLEPc.EPS, operator: Operator, count: int) -> Found:
    vector = eps.getOperators()[0].createVecRight()
    values = np.empty(count)
    vectors: np.ndarray = np.empty((count, operator.rows), operator.dtype)
    for state in range(count):
        values[state] = eps.getEigenpair(state, vector).real
        vectors[state] = of_type(vector.getArray(readonly=True), operator.dtype)
    vector.destroy()
    residuals = np.array([eps.getErrorEstimate(state) for state in range(count)])
    return Found(values, vectors, residuals, eps.getIterationNumber())
