"""The lowest eigenpairs of a Hermitian operator given by its products, with complete degenerate levels."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from mpi4py import MPI

from hpcx.petsc.basis import smallest_basis
from hpcx.petsc.krylov_schur import Found, Keep, Operator, Shell, SolverError, Task, krylov_schur
from hpcx.petsc.missing import is_state_missing
from hpcx.petsc.ritz import Partial

__all__ = ["Eigenpairs", "Keep", "Operator", "SolverError", "follow_state", "lowest_states"]

#: returns this rank's part of the random vector of a number; the same on any number of ranks
Draw = Callable[[int], np.ndarray]
#: smallest share of its average weight in the random vector with which a missing state is found, beside several states
#: and beside one. The risk of less weight is 1e-6 for complex and 8e-4 for real vectors (sectors without degeneracy by
#: symmetry); beside one state 1e-2 and 8e-2, but there only a degenerate partner can be missing, or a state that the
#: start vector lacked
_SHARE, _SHARE_OF_ONE = 1e-6, 1e-2
#: share of all products before the search for missing states, for several states and for one (measured for trions: 0.69
#: to 0.72, and 0.77 to 0.80)
_SEARCH, _SEARCH_OF_ONE = 0.7, 0.78


@dataclass(frozen=True)
class Eigenpairs(Found):
    """Lowest eigenpairs in ascending order, and what they cost.

    There may be more than were asked for: the rest of the highest level, and other converged states.

    Attributes:
        products: products with the operator.
        product_seconds: time spent in products on this rank.
        seconds: time spent in the whole solution on this rank.
    """

    products: int
    product_seconds: float
    seconds: float


def lowest_states(
    comm: MPI.Comm,
    operator: Operator,
    count: int,
    tolerance: float,
    prefix: str,
    draw: Draw,
    level_width: float,
    known: Partial | None = None,
    start: np.ndarray | None = None,
    keep: Keep | None = None,
    progress: Callable[[float], None] | None = None,
    basis: Callable[[int], int] = smallest_basis,
) -> Eigenpairs:
    """Return the `count` lowest eigenpairs of a Hermitian `operator` and all that are degenerate with them; collective.

    After the first run others follow, from other random vectors, until one more state at or below the highest wanted
    one is unlikely (see `hpcx.petsc.missing`).

    Args:
        comm: the ranks over which vectors are spread.
        operator: what to diagonalise.
        count: number of states; no more than the dimension are returned.
        tolerance: largest residual norm |H x - E x|, in the units of the operator.
        prefix: of this solver's options, e.g. "trion_".
        draw: returns random vectors with a part in all states.
        level_width: distance up to which states are degenerate, larger than `tolerance`.
        known: what an earlier run knew; its states are deflated.
        start: this rank's part of the start vector (rows,) of the first run; by default what `known` suggests, or
            draw(0).
        keep: called after every restart or step with a function that returns what is known; may raise Stopped, alike on
            all ranks.
        progress: called after every restart or step with the share of the products that is done, a guess.
        basis: number of vectors of the basis for a number of states (see `hpcx.petsc.basis`).

    Raises:
        SolverError: the states did not converge, with advice.
        Stopped: `keep` said so.
    """
    begin = time.perf_counter()
    task = replace(_task(comm, operator, tolerance, prefix, keep, progress), basis=basis)
    nothing = Partial(np.empty((0, operator.rows), operator.dtype), 0)
    known = known or nothing
    states, count = _known_states(task, known.found), min(count, task.size)
    complete, hint = known.complete, known
    search = _SEARCH if count > 1 else _SEARCH_OF_ONE
    if len(states.values) < count:
        first = partial(hint.start, partial(draw, 0) if start is None else lambda: start)
        states, hint = (
            states.joined(krylov_schur(_reporting(task, 0.0, search), states, count - len(states.values), first)),
            nothing,
        )
    while not complete and len(states.values) < task.size:
        complete = not _is_incomplete(_reporting(task, search, 1.0), states, count, level_width, draw)
        task = replace(task, progress=None)  # no progress is reported for a second search
        if not complete:
            first = partial(hint.start, partial(draw, len(states.values)))
            states, hint = states.joined(_others(task, states, count, level_width, first)), nothing
    return _paid(states, task.shell, begin)


def _reporting(task: Task, begin: float, end: float) -> Task:
    """Return a task whose progress from 0 to 1 is told as that from `begin` to `end`."""
    tell = task.progress
    return task if tell is None else replace(task, progress=lambda share: tell(begin + (end - begin) * share))


def follow_state(
    comm: MPI.Comm, operator: Operator, tolerance: float, prefix: str, start: np.ndarray, keep: Keep | None = None
) -> Eigenpairs:
    """Return the lowest state in the Krylov space of a vector that is close to it; collective.

    It is not tested whether a lower state exists. Arguments and errors are those of `lowest_states`.
    """
    begin = time.perf_counter()
    task = _task(comm, operator, tolerance, prefix, keep, None)
    states = krylov_schur(task, _known_states(task, np.empty((0, operator.rows), operator.dtype)), 1, lambda: start)
    return _paid(states, task.shell, begin)


def _task(
    comm: MPI.Comm,
    operator: Operator,
    tolerance: float,
    prefix: str,
    keep: Keep | None,
    progress: Callable[[float], None] | None,
) -> Task:
    size = comm.allreduce(operator.rows)
    if size == 0:
        raise SolverError(f"{prefix.strip('_')}: the space has dimension 0; raise mesh.N or mesh.k0")
    return Task(comm, Shell(operator, prefix), size, tolerance, prefix, keep, progress)


def _paid(states: Found, shell: Shell, begin: float) -> Eigenpairs:
    return Eigenpairs(
        **vars(states), products=shell.products, product_seconds=shell.seconds, seconds=time.perf_counter() - begin
    )


def _limit(values: np.ndarray, count: int, level_width: float) -> float:
    """Return the energy up to which states matter."""
    return float(np.sort(values)[count - 1]) + level_width


def _is_incomplete(task: Task, states: Found, count: int, level_width: float, draw: Draw) -> bool:
    """Say whether a random vector that was not used before (numbered by the states found) shows a missing state."""
    known = Partial(states.vectors, len(states.vectors))
    return is_state_missing(
        task.comm,
        task.shell.apply,
        states.vectors,
        _limit(states.values, count, level_width),
        draw(len(states.values)),
        _SHARE if count > 1 else _SHARE_OF_ONE,
        lambda: None if task.keep is None else task.keep(lambda: known),
        task.progress,
    )


def _others(task: Task, states: Found, count: int, level_width: float, start: Callable[[], np.ndarray]) -> Found:
    """Return at least one state more, and all that matter as far as one start vector shows them."""
    most = min(count, task.size - len(states.values))
    limit = partial(_limit, count=count, level_width=level_width)
    quiet = replace(task, progress=None)
    return krylov_schur(quiet, states, most, start, lambda new: limit(np.concatenate([states.values, new])))


def _known_states(task: Task, known: np.ndarray) -> Found:
    """Return values and residuals of states that were known, in ascending order, by an explicit product each."""
    values, residuals = np.empty(len(known)), np.empty(len(known))
    for state, vector in enumerate(known):
        product = task.shell.apply(vector)
        values[state] = task.comm.allreduce(np.vdot(vector, product).real)
        residuals[state] = np.sqrt(task.comm.allreduce(float((np.abs(product - values[state] * vector) ** 2).sum())))
    none = np.empty(0)
    return Found(none, known[:0], none, 0).joined(Found(values, known, residuals, 0))
