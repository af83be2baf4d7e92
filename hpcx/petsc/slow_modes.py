"""The slowest modes of a generator of decay: eigenvalues next to zero with right and left eigenvectors, by SLEPc.

Two-sided Krylov-Schur with shift and invert. The operator is real and at most a few thousand wide, so every process solves its
own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from petsc4py import PETSc
from scipy import sparse
from slepc4py import SLEPc


class ModesError(RuntimeError):
    """The eigensolver did not converge; the message says what to change."""


@dataclass(frozen=True)
class SlowModes:
    """Eigenpairs by falling real part.

    Attributes:
        eigenvalue: (modes,), complex.
        right_nm, left_nm: eigenvectors (size, modes) with left^H right = 1 for each mode.
        residual: |G x - lambda x| for normalised right eigenvectors (modes,).
    """

    eigenvalue: np.ndarray
    right_nm: np.ndarray
    left_nm: np.ndarray
    residual: np.ndarray


def slowest_modes(operator: sparse.spmatrix, count: int, target: float, prefix: str = "slow_modes_") -> SlowModes:
    """Return the `count` eigenpairs of a real operator nearest to `target`, which must not be an eigenvalue itself.

    Raises ModesError if fewer pairs converge.
    """
    rows = sparse.csr_matrix(operator)
    matrix = PETSc.Mat().createAIJ(rows.shape, csr=(rows.indptr, rows.indices, rows.data.astype(complex)), comm=PETSc.COMM_SELF)
    matrix.assemble()
    solver = _solver(matrix, min(count, rows.shape[0]), target, prefix)
    solver.solve()
    found = solver.getConverged()
    if found < min(count, rows.shape[0]):
        raise ModesError(f"only {found} of {count} slow modes converged; lower modes.count or give -{prefix}eps_ncv")
    modes = _collect(solver, matrix, min(count, rows.shape[0]))
    solver.destroy()
    return modes


def _solver(matrix, count: int, target: float, prefix: str):
    solver = SLEPc.EPS().create(matrix.getComm())
    solver.setOptionsPrefix(prefix)
    solver.setOperators(matrix)
    solver.setProblemType(SLEPc.EPS.ProblemType.NHEP)
    solver.setType(SLEPc.EPS.Type.KRYLOVSCHUR)
    solver.setTwoSided(True)
    solver.setDimensions(count, min(matrix.getSize()[0], max(4 * count, count + 40)))
    solver.setTolerances(1e-11, 500)
    solver.setWhichEigenpairs(SLEPc.EPS.Which.TARGET_MAGNITUDE)
    solver.setTarget(target)
    transform = solver.getST()
    transform.setType(SLEPc.ST.Type.SINVERT)
    transform.getKSP().setType("preonly")
    transform.getKSP().getPC().setType("lu")
    start = matrix.createVecRight()
    start.array = 1.0 + np.cos(np.arange(start.getSize()))
    solver.setInitialSpace([start])
    solver.setLeftInitialSpace([start])
    solver.setFromOptions()
    return solver


def _collect(solver, matrix, count: int) -> SlowModes:
    right, left = matrix.createVecRight(), matrix.createVecRight()
    values, rights, lefts, residuals = [], [], [], []
    for index in range(count):
        values.append(solver.getEigenvalue(index))
        solver.getEigenvector(index, right)
        solver.getLeftEigenvector(index, left)
        rights.append(right.array_r.copy())
        lefts.append(left.array_r / np.conj(np.vdot(left.array_r, right.array_r)))
        residuals.append(solver.computeError(index, SLEPc.EPS.ErrorType.ABSOLUTE))
    order = np.argsort(-np.real(values), kind="stable")
    return SlowModes(np.array(values)[order], np.array(rights)[order].T, np.array(lefts)[order].T, np.array(residuals)[order])
