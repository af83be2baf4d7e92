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
    """Cells in one or two dimensions, cut into blocks of whole rows, with `stencil` ghost cells on every side.

    Arrays are [y, x, component, value] in two dimensions and [x, component, value] in one. The box is periodic; with `mirror`
    (direction, component), the signs that components take under reflection along x (and y), the cells are the half (quarter)
    of a mirror-symmetric box at positive coordinates, and the ghosts are its mirror images.
    Raises ValueError for an odd number of values and for more ranks than there are rows to share.
    """

    def __init__(
        self,
        comm: MPI.Comm,
        points: tuple[int, ...],
        components: int,
        values: int,
        mirror: np.ndarray | None = None,
        stencil: int = 2,
    ) -> None:
        _require_even(values)
        if comm.size * stencil > points[0] or min(points) < 2 * stencil:
            raise ValueError(f"{points[0]} rows of cells are too few for {comm.size} ranks: each rank needs {stencil}")
        petsc = _petsc()
        self.comm = comm
        self.points, self.components, self.values, self.stencil = points, components, values, stencil
        self._mirror = mirror
        kind = petsc.DM.BoundaryType.PERIODIC if mirror is None else petsc.DM.BoundaryType.GHOSTED
        self.dm = petsc.DMDA().create(
            dim=len(points),
            dof=components * values // 2,
            sizes=tuple(reversed(points)),
            proc_sizes=(1,) * (len(points) - 1) + (comm.size,),
            boundary_type=(kind,) * len(points),
            stencil_type=petsc.DMDA.StencilType.STAR,
            stencil_width=stencil,
            comm=comm,
        )
        self.start, stop = self.dm.getRanges()[-1]
        self.rows = stop - self.start
        self.local_points = (self.rows, *points[1:])
        self.shape = (int(np.prod(self.local_points)), components, values)
        self._local = self.dm.createLocalVec()

    def create_vector(self) -> Vec:
        """Return a new distributed PETSc vector for a state."""
        return self.dm.createGlobalVec()

    def ghosted(self, vector: Vec) -> np.ndarray:
        """Return this rank's block with up-to-date ghost cells, valid until the next call. Collective."""
        self.dm.globalToLocal(vector, self._local)
        shape = tuple(points + 2 * self.stencil for points in self.local_points)
        block = real_view(self._local, (*shape, self.components, self.values), writable=True)
        if self._mirror is not None:
            self._reflect(block)
        return block

    def _reflect(self, block: np.ndarray) -> None:
        """Fill the ghosts beyond the mirrors at both ends of every direction."""
        dimension = len(self.points)
        for axis in range(dimension):
            signs = self._mirror[dimension - 1 - axis][:, None]
            rows = np.moveaxis(block, axis, 0)
            ends = (self.start == 0, self.start + self.rows == self.points[0]) if axis == 0 else (True, True)
            for ghost in range(self.stencil):
                inside = 2 * self.stencil - 1 - ghost
                if ends[0]:
                    rows[ghost] = signs * rows[inside]
                if ends[1]:
                    rows[-1 - ghost] = signs * rows[-1 - inside]


def real_view(vector: Vec, shape: tuple[int, ...], writable: bool = False) -> np.ndarray:
    """Return the entries of a vector as real array of `shape` without copying."""
    array = vector.array if writable else vector.array_r
    return array.view(np.float64).reshape(shape)


def _require_even(values: int) -> None:
    if values % 2:
        raise ValueError(f"{values} real values cannot be packed in pairs")
