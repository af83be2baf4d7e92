"""The exciton's Hamiltonian without a matrix: rows of the vector and convolutions are spread over the ranks."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.exciton.convolution import BoxConvolution
from hpcx.exciton.problem import ExcitonProblem
from hpcx.parallel.rows import SpreadRows
from hpcx.parallel.traffic import Traffic


class ExcitonOperator:
    """Products with the exciton's Hamiltonian.

    Each rank owns a block of rows; the vector is gathered, every rank convolves its share of the spinor components over
    the whole mesh, and the sums are scattered back to rows.

    Attributes:
        own: the rows of this rank.
        rows: their number.
        dtype, flops: as of other operators.
    """

    def __init__(self, comm: MPI.Comm, problem: ExcitonProblem) -> None:
        self.comm = comm
        self._spread = SpreadRows.blocks(comm, problem.mesh.size)
        self.own, self.rows = self._spread.own, self._spread.rows
        self._kinetic = problem.kinetic_k[self.own]
        self._spinor_sk = problem.pair_spinor_sk[comm.rank :: comm.size]
        self._convolution = BoxConvolution(problem.mesh, problem.w_ij)
        corner = problem.mesh.index_kx.min(axis=0)
        self._place = tuple((problem.mesh.index_kx - corner).T)
        rows, columns = np.ptp(problem.mesh.index_kx, axis=0) + 1
        self._extent = int(rows), int(columns)
        self._work = np.zeros((len(self._spinor_sk), *self._convolution.padded(problem.mesh.index_kx)), np.complex128)
        self.dtype = complex
        self.flops = 10.0 * self._work.size * np.log2(max(self._work.size, 2))

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's rows of the product, eV, in `out` if given; collective."""
        return np.subtract(self._kinetic * x, self._spread.summed(self._attraction(self._spread.gathered(x))), out=out)

    def whole(self, x: np.ndarray) -> np.ndarray:
        """Return the whole vector of this rank's rows; collective."""
        return self._spread.gathered(x)

    @property
    def traffic(self) -> Traffic:
        """Traffic of this rank in products."""
        return self._spread.traffic

    def _attraction(self, x_k: np.ndarray) -> np.ndarray:
        """This rank's share of sum_k' w(k - k') <c k|c k'> <v k'|v k> x(k')."""
        if not len(self._spinor_sk):
            return np.zeros_like(x_k)
        inside = (slice(None), *self._place)
        rows, columns = self._extent
        self._work[:, :rows, :columns] = 0
        self._work[inside] = self._spinor_sk.conj() * x_k
        convolved_sk = self._convolution.apply(self._work, self._extent)[inside]
        return np.einsum("sk,sk->k", self._spinor_sk, convolved_sk)
