"""Where the state lives: one cell, or cells in one or two dimensions that are shared among ranks.

PETSc's scalars are complex and the states are real, so two reals are packed into one scalar. That is exact as long as only
real linear combinations of vectors are formed. A state is seen as real array [cell, component, value], value fastest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from mpi4py import MPI

from hpcx.petsc.options import initialize

if TYPE_CHECKING:
    from petsc4py.PETSc import Vec


def _petsc() -> Any:
    initialize([])
    from petsc4py import PETSc

    return PETSc


class SingleCell:
    """One cell, kept whole by this rank.

    Args: number of components and of values (even) in the cell.
    Raises ValueError for an odd number of values.
    """

    def __init__(self, components: int, values: int) -> None:
        _require_even(values)
        self.comm = MPI.COMM_SELF
        self.shape = (1, components, values)
        self.dm = None

    def create_vector(self) -> Vec:
        """Return a new PETSc vector for a state."""
        return _petsc().Vec().createSeq(self.shape[1] * self.shape[2] // 2, comm=self.comm)

    def ghosted(self, vector: Vec) -> np.ndarray:
        """Return the real array [cell, component, value] of a vector."""
        return real_view(vector, self.shape)


class CellGrid:
    """A periodic grid of cells in one or two dimensions, in blocks, with `stencil` ghost cells on every side.

    Arrays are [y, x, component, value] in two dimensions and [x, component, value] in one.
    Raises ValueError for an odd number of values and for blocks that would be thinner than the stencil.
    """

    def __init__(self, comm: MPI.Comm, points: tuple[int, ...], components: int, values: int, stencil: int = 2) -> None:
        _require_even(values)
        petsc = _petsc()
        self.comm = comm
        self.points = points
        self.components, self.values, self.stencil = components, values, stencil
        self.dm = petsc.DMDA().create(
            dim=len(points),
            dof=components * values // 2,
            sizes=tuple(reversed(points)),
            proc_sizes=_process_grid(comm.size, points, stencil),
            boundary_type=(petsc.DM.BoundaryType.PERIODIC,) * len(points),
            stencil_type=petsc.DMDA.StencilType.STAR,
            stencil_width=stencil,
            comm=comm,
        )
        ranges = tuple(reversed(self.dm.getRanges()))
        self.start = tuple(first for first, _ in ranges)
        self.local_points = tuple(last - first for first, last in ranges)
        self.shape = (int(np.prod(self.local_points)), components, values)
        self._local = self.dm.createLocalVector()

    def create_vector(self) -> Vec:
        """Return a new distributed PETSc vector for a state."""
        return self.dm.createGlobalVector()

    def ghosted(self, vector: Vec) -> np.ndarray:
        """Return this rank's block with up-to-date ghost cells, valid until the next call. Collective."""
        self.dm.globalToLocal(vector, self._local)
        shape = tuple(points + 2 * self.stencil for points in self.local_points)
        return real_view(self._local, (*shape, self.components, self.values))


def real_view(vector: Vec, shape: tuple[int, ...], writable: bool = False) -> np.ndarray:
    """Return the entries of a vector as real array of `shape` without copying."""
    array = vector.array if writable else vector.array_r
    return array.view(np.float64).reshape(shape)


def _require_even(values: int) -> None:
    if values % 2:
        raise ValueError(f"{values} real values cannot be packed in pairs")


def _process_grid(ranks: int, points: tuple[int, ...], stencil: int) -> tuple[int, ...]:
    """Cut the slowest direction first: its halos are contiguous; cut both when the blocks would become too thin."""
    slow = max((d for d in range(1, ranks + 1) if ranks % d == 0 and points[0] // d >= 2 * stencil), default=0)
    if len(points) == 1:
        grid = (ranks,) if slow == ranks else None
    else:
        fast = ranks // slow if slow else 0
        grid = (fast, slow) if slow and points[1] // fast >= 2 * stencil else None
    if grid is None:
        raise ValueError(f"{points} cells are too few for {ranks} ranks: each needs {2 * stencil} cells in each direction")
    return grid
