"""The slowest modes of a generator of decay: eigenvalues next to zero with right and left eigenvectors, by SLEPc.

Two-sided Krylov-Schur of the inverse 1 / (G - target), whose largest eigenvalues belong to the slowest modes. A Krylov
space contains one mode of a degenerate eigenvalue: so the modes found are removed from the inverse and the search is
repeated from another vector, until it finds only faster modes. The operator is real and has at most a few thousand
rows, so every process solves its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from petsc4py import PETSc
from scipy import sparse
from scipy.sparse.linalg import splu
from slepc4py import SLEPc

#: eigenvalues of the inverse that differ by this share belong together
_EQUAL = 1e-7
#: overlap of left and right vectors below which the modes are not complete (defective operator)
_DEFECTIVE = 1e-8


class ModesError(RuntimeError):
    """The eigensolver did not converge; the message says what to change."""


@dataclass(frozen=True)
class SlowModes:
    """Eigenpairs by falling real part.

    Attributes:
        eigenvalue: (modes,), complex.
        right_nm, left_nm: eigenvectors (size, modes) with left^H right = 1, the unit matrix also among modes of equal
            eigenvalues.
        residual: |G x - lambda x| for normalised right eigenvectors (modes,).
    """

    eigenvalue: np.ndarray
    right_nm: np.ndarray
    left_nm: np.ndarray
    residual: np.ndarray


@dataclass(frozen=True)
class _Pairs:
    """Eigenvalues of the inverse (modes,) with dual right and left eigenvectors (size, modes)."""

    value: np.ndarray
    right: np.ndarray
    left: np.ndarray

    def chosen(self, order: np.ndarray) -> _Pairs:
        """Return some of the pairs."""
        return _Pairs(self.value[order], self.right[:, order], self.left[:, order])

    def joined(self, other: _Pairs) -> _Pairs:
        """Return both sets, largest eigenvalues first, with left vectors dual to all right ones; raises ModesError."""
        value, right = np.append(self.value, other.value), np.hstack([self.right, other.right])
        left = np.hstack([self.left, other.left])
        overlap = left.conj().T @ right
        largest = np.maximum(np.abs(overlap).max(axis=1, initial=0.0), np.finfo(float).tiny)
        left, overlap = left / largest, overlap / largest[:, None]
        if np.linalg.svd(overlap, compute_uv=False)[-1] < _DEFECTIVE:
            raise ModesError("two slow modes have merged: their decay times and shapes are equal; change modes.count")
        return _Pairs(value, right, left @ np.linalg.inv(overlap).conj().T).chosen(
            _falling(np.log(np.maximum(np.abs(value), np.finfo(float).tiny)), -value.imag)
        )


class _Inverse:
    """Context of a PETSc matrix: 1 / (G - target) without the modes that are known."""

    def __init__(self, operator: sparse.csc_matrix, target: float) -> None:
        self._factors = splu(operator - target * sparse.identity(operator.shape[0], format="csc"))
        self.known: _Pairs | None = None

    def mult(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """Set y to the product with x."""
        y.setArray(self._product(x.getArray(readonly=True), "N"))

    def multTranspose(self, matrix: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """Set y to the product of the transpose with x."""
        y.setArray(self._product(x.getArray(readonly=True), "T"))

    def _product(self, vector: np.ndarray, side: str) -> np.ndarray:
        solve, known = self._factors.solve, self.known
        product = solve(vector.real.copy(), side) + 1j * solve(vector.imag.copy(), side)
        if known is None:
            return product
        right, left = (known.right, known.left) if side == "N" else (known.left.conj(), known.right.conj())
        return product - right @ (known.value * (left.conj().T @ vector))


def slowest_modes(operator: sparse.spmatrix, count: int, target: float, prefix: str = "slow_modes_") -> SlowModes:
    """Return the `count` eigenpairs of a real operator nearest to `target`, which must not be an eigenvalue itself.

    Equal eigenvalues are counted as often as they occur. Raises ModesError if fewer pairs converge.
    """
    matrix = sparse.csc_matrix(operator)
    size = matrix.shape[0]
    count = min(count, size)
    inverse = _Inverse(matrix, target)
    known = _search(inverse, size, count, prefix, 0)
    for attempt in range(1, size):
        if len(known.value) == size:
            break
        inverse.known = known
        new = _search(inverse, size, 1, prefix, attempt)
        if np.abs(new.value[0]) < (1.0 - _EQUAL) * np.abs(known.value[count - 1]):
            break
        known = known.joined(new)
    return _modes(matrix, known.chosen(np.arange(count)))


def _search(inverse: _Inverse, size: int, count: int, prefix: str, attempt: int) -> _Pairs:
    """Return `count` pairs, the largest eigenvalues first; raises ModesError."""
    matrix = PETSc.Mat().createPython((size, size), inverse, comm=PETSc.COMM_SELF)
    matrix.setUp()
    solver = _solver(matrix, count, prefix, attempt)
    solver.solve()
    found = solver.getConverged()
    if found < count:
        raise ModesError(f"only {found} of {count} slow modes converged; lower modes.count or give -{prefix}eps_ncv")
    pairs = _collect(solver, matrix, count)
    solver.destroy()
    matrix.destroy()
    return pairs


def _solver(matrix: PETSc.Mat, count: int, prefix: str, attempt: int) -> SLEPc.EPS:
    solver = SLEPc.EPS().create(matrix.getComm())
    solver.setOptionsPrefix(prefix)
    solver.setOperators(matrix)
    solver.setProblemType(SLEPc.EPS.ProblemType.NHEP)
    solver.setType(SLEPc.EPS.Type.KRYLOVSCHUR)
    solver.setTwoSided(True)
    solver.setDimensions(count, min(matrix.getSize()[0], max(4 * count, count + 40)))
    solver.setTolerances(1e-11, 500)
    solver.setWhichEigenpairs(SLEPc.EPS.Which.LARGEST_MAGNITUDE)
    start = matrix.createVecRight()
    start.array = (
        1.0 + np.cos(np.arange(start.getSize()))
        if attempt == 0
        else np.random.default_rng(attempt).standard_normal(start.getSize())
    )
    solver.setInitialSpace([start])
    solver.setLeftInitialSpace([start])
    solver.setFromOptions()
    return solver


def _collect(solver: SLEPc.EPS, matrix: PETSc.Mat, count: int) -> _Pairs:
    right, left = matrix.createVecRight(), matrix.createVecRight()
    values, rights, lefts = [], [], []
    for index in range(count):
        values.append(solver.getEigenvalue(index))
        solver.getEigenvector(index, right)
        solver.getLeftEigenvector(index, left)
        rights.append(right.array_r.copy())
        lefts.append(left.array_r.copy())
    nothing = _Pairs(np.zeros(0), *np.zeros((2, matrix.getSize()[0], 0)))
    return nothing.joined(_Pairs(np.array(values), np.array(rights).T, np.array(lefts).T))


def _modes(operator: sparse.csc_matrix, pairs: _Pairs) -> SlowModes:
    """Return the modes with eigenvalues of the operator: those of the inverse are rounded near a conserved mode."""
    applied = operator @ pairs.right
    eigenvalue = np.einsum("nm,nm->m", pairs.left.conj(), applied)
    residual = np.linalg.norm(applied - pairs.right * eigenvalue, axis=0) / np.linalg.norm(pairs.right, axis=0)
    order = _falling(eigenvalue.real, eigenvalue.imag)
    return SlowModes(eigenvalue[order], pairs.right[:, order], pairs.left[:, order], residual[order])


def _falling(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the order of falling `first`, then falling `second`: conjugate pairs have one order."""
    return np.lexsort((-second, -np.round(first / np.abs(first).max(initial=np.finfo(float).tiny), 9)))
