"""Products with the interaction times the overlap of the moving carrier, for blocks of columns.

All kernels turn x[b, c, p'] into sum_p' Wc[p, p'] x[b, c, p'] with Wc[p, p'] = w(p - p') sum_a conj(s_a(p)) s_a(p') for the
spinor s of the carrier that moves; b is a component of another carrier's spinor, c a column.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from hpcx.exciton.convolution import BoxConvolution
from hpcx.parallel.layout import deal_columns
from hpcx.physics.screening import interaction_between
from hpcx.trion.blocks import Block, Blocks, Staircase, box_blocks
from hpcx.trion.problem import TrionProblem

#: columns of a block: enough for the matrix product to run at full speed, few enough to follow the staircase
BLOCK_WIDTH = 16
#: entries of the transforms that are worked on together: 2 MB, the second-level cache and a little more
_BATCH = 1 << 17
#: points of the mesh per spinor component from which on the FFT is faster than the matrix product, whose cost is that of one component less
FFT_FROM = 275
#: rows of a table that are made together
_TABLE_ROWS = 256


class Kernel(Protocol):
    """A way to form products.

    Attributes:
        blocks: the columns of this rank.
        precision: of the products, complex128 or complex64.
        flops: floating-point operations of one call of `multiply` for all blocks.
    """

    blocks: Blocks
    precision: type
    flops: float

    def table(self, spinor_ck: np.ndarray) -> object:
        """Return what `multiply` needs to know of the moving carrier."""
        ...

    def multiply(self, table: object, block: Block, x_bcp: np.ndarray) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        ...


def add_up(parts: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Set `out` to the sum over the first, short axis of `parts`: faster than its method `sum`."""
    np.copyto(out, parts[0])
    for part in parts[1:]:
        out += part
    return out


class MatrixKernel:
    """Matrix products with leading parts of one n x n table per carrier."""

    def __init__(self, problem: TrionProblem, stairs: Staircase, blocks: Blocks, precision: type = np.complex128) -> None:
        self.blocks, self.precision = blocks, precision
        self._problem, self._order = problem, stairs.order
        self._tables: list[tuple[np.ndarray, np.ndarray]] = []
        components = max(len(problem.resident.spinor_ck), len(problem.opposite.spinor_ck))
        largest = max((block.columns.size * block.rows.size for block in blocks.blocks), default=0)
        self._result = np.empty(components * largest, precision)
        self.flops = 8.0 * components * sum(block.columns.size * block.rows.size**2 for block in blocks.blocks)

    def table(self, spinor_ck: np.ndarray) -> np.ndarray:
        """Return Wc transposed, rows in the order of the staircase; equal or conjugate spinors share one table."""
        for known_ck, table in self._tables:
            if np.array_equal(known_ck, spinor_ck):
                return table
            if np.array_equal(known_ck, spinor_ck.conj()):
                return table.T
        self._tables.append((spinor_ck, self._make(spinor_ck)))
        return self._tables[-1][1]

    def _make(self, spinor_ck: np.ndarray) -> np.ndarray:
        index_px, spinor_cp = self._problem.mesh.index_kx[self._order], spinor_ck[:, self._order]
        table = np.empty((len(index_px),) * 2, self.precision)
        for start in range(0, len(index_px), _TABLE_ROWS):
            rows = slice(start, start + _TABLE_ROWS)
            overlap = spinor_cp[:, rows].T @ spinor_cp.conj()
            table[rows] = overlap * interaction_between(self._problem.w_ij, index_px[rows], index_px)
        return table

    def multiply(self, table: np.ndarray, block: Block, x_bcp: np.ndarray) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        height = len(block.rows)
        flat = x_bcp.reshape(-1, height)
        result = self._result[: flat.size].reshape(flat.shape)
        np.matmul(flat, table[:height, :height], out=result)
        return result.reshape(x_bcp.shape)


class FourierKernel:
    """Convolutions on the box of each block, for every pair of spinor components."""

    precision = np.complex128

    def __init__(self, problem: TrionProblem, blocks: Blocks) -> None:
        self.blocks = blocks
        self._convolution = BoxConvolution(problem.w_ij)
        moving = max(len(problem.photoexcited.spinor_ck), len(problem.resident.spinor_ck))
        spectators = max(len(problem.resident.spinor_ck), len(problem.opposite.spinor_ck))
        sizes = [moving * spectators * len(block.columns) * int(np.prod(self._convolution.padded(block.extent))) for block in blocks.blocks]
        self._work = np.empty(max(sizes, default=0), complex)
        largest = max((block.columns.size * block.rows.size for block in blocks.blocks), default=0)
        self._result = np.empty(spectators * largest, complex)
        self.flops = float(sum(10 * size * np.log2(size) for size in sizes))

    def table(self, spinor_ck: np.ndarray) -> dict[int, np.ndarray]:
        """Return the spinor on the box of each block, (a, 1, 1, i, j), zero outside the mesh; by the block's start."""
        padded_ck = np.concatenate([spinor_ck, np.zeros_like(spinor_ck[:, :1])], axis=1)
        return {block.start: padded_ck.take(block.rows, axis=1).reshape(-1, 1, 1, *block.extent) for block in self.blocks.blocks}

    def multiply(self, table: dict[int, np.ndarray], block: Block, x_bcp: np.ndarray) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        spinor, (rows, columns) = table[block.start], block.extent
        shape = (len(spinor), *x_bcp.shape[:2], *self._convolution.padded(block.extent))
        work = self._work[: np.prod(shape)].reshape(shape)
        np.multiply(spinor, x_bcp.reshape(*x_bcp.shape[:2], rows, columns), out=work[..., :rows, :columns])
        result = self._convolution.apply(work, block.extent)
        result *= spinor.conj()
        return add_up(result, self._result[: x_bcp.size].reshape(result.shape[1:])).reshape(x_bcp.shape)


def choose_kernel(kernel: str, size: int, components: int) -> str:
    """Return the kernel for a mesh of `size` points and spinors of so many components: "auto" is the faster one."""
    if kernel != "auto":
        return kernel
    return "gemm" if size < FFT_FROM * max(components, 2) else "fft"


def deal(problem: TrionProblem, columns: np.ndarray, ranks: int) -> tuple[np.ndarray, Staircase]:
    """Return the owner of each of `columns` and the order of rows that goes with them."""
    stairs = Staircase(problem.mesh, columns)
    return deal_columns(stairs.height_c.astype(float) ** 2, ranks, BLOCK_WIDTH), stairs


def make_kernel(kernel: str, problem: TrionProblem, columns: np.ndarray, mine: np.ndarray, stairs: Staircase) -> Kernel:
    """Return the kernel "gemm", "gemm-single" or "fft" for this rank's columns `columns[mine]`."""
    if kernel == "fft":
        side = 2 * (2 * problem.mesh.reach + 1)
        width = max(1, _BATCH // (problem.components**2 * side**2))
        return FourierKernel(problem, box_blocks(problem.mesh, columns[mine], width))
    precision = np.complex64 if kernel == "gemm-single" else np.complex128
    return MatrixKernel(problem, stairs, stairs.blocks(problem.mesh, columns, mine, BLOCK_WIDTH), precision)
