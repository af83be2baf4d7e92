"""Products with the interaction times the overlap of the moving carrier, for blocks of columns.

All kernels turn x[b, c, p'] into sum_p' Wc[p, p'] x[b, c, p'] with Wc[p, p'] = w(p - p') sum_a conj(s_a(p)) s_a(p') for
the spinor s of the carrier that moves; b is a component of another carrier's spinor, c a column.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from hpcx.exciton.convolution import BoxConvolution
from hpcx.parallel.layout import deal_columns
from hpcx.physics.mesh import ValleyMesh
from hpcx.physics.screening import interaction_between
from hpcx.trion.blocks import Blocks, Box, Stair, Staircase, box_blocks, largest
from hpcx.trion.problem import TrionProblem

#: columns of a block: enough for the matrix product to run at full speed, few enough to follow the staircase
BLOCK_WIDTH = 16
#: entries of the transforms that are worked on together: 2 MB, the second-level cache and a little more
_BATCH = 1 << 17
#: points of the mesh per spinor component from which on the FFT is faster than the matrix product, whose cost is that
#: of one component less
FFT_FROM = 425
#: rows of a matrix that are made together
_ROWS = 256


class Kernel(Protocol):
    """A way to form products; what it makes of a carrier, and its blocks, are of its own kinds.

    Attributes:
        blocks: the columns of this rank.
        precision: of the products, complex128 or complex64.
        flops: floating-point operations of one call of `multiply` for all blocks.
    """

    blocks: Blocks[Any]
    precision: type
    flops: float

    def moving(self, spinor_ck: np.ndarray, which: int) -> Any:
        """Return what `multiply` needs to know of the carrier that moves, by which of the problem's `interactions`."""
        ...

    def spectator(self, spinor_ck: np.ndarray) -> Any:
        """Return what `dress` and `undress` need to know of another carrier, whose momentum is p + r."""
        ...

    def dress(self, spectator: Any, block: Any, z_cp: np.ndarray, work: np.ndarray) -> np.ndarray:
        """Return conj(u_b(p + r)) z, (b, c, p), in `work`; zero where p + r is off the mesh."""
        ...

    def undress(self, spectator: Any, block: Any, y_bcp: np.ndarray, out_cp: np.ndarray) -> None:
        """Set `out` to sum_b u_b(p + r) y_b; y is overwritten."""
        ...

    def multiply(self, moving: Any, block: Any, x_bcp: np.ndarray) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        ...


def add_up(parts: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Set `out` to the sum over the first, short axis of `parts`: faster than its method `sum`."""
    np.copyto(out, parts[0])
    for part in parts[1:]:
        out += part
    return out


class MatrixKernel:
    """Matrix products with leading parts of one n x n matrix per carrier."""

    def __init__(
        self, problem: TrionProblem, stairs: Staircase, blocks: Blocks[Stair], precision: type = np.complex128
    ) -> None:
        self.blocks, self.precision = blocks, precision
        self._problem, self._order = problem, stairs.order
        self._matrices: list[tuple[int, np.ndarray, np.ndarray]] = []
        components = max(len(problem.resident.spinor_ck), len(problem.opposite.spinor_ck))
        self._result: np.ndarray = np.empty(components * largest(blocks), precision)
        self.flops = 8.0 * components * sum(len(block.columns) * block.height**2 for block in blocks.blocks)

    def moving(self, spinor_ck: np.ndarray, which: int) -> np.ndarray:
        """Return Wc transposed, rows in the order of the staircase; equal or conjugate spinors share one matrix."""
        for known, known_ck, matrix in self._matrices:
            if known == which and np.array_equal(known_ck, spinor_ck):
                return matrix
            if known == which and np.array_equal(known_ck, spinor_ck.conj()):
                return matrix.T
        self._matrices.append((which, spinor_ck, self._make(spinor_ck, self._problem.interactions[which])))
        return self._matrices[-1][2]

    def _make(self, spinor_ck: np.ndarray, w_ij: np.ndarray) -> np.ndarray:
        index_px, spinor_cp = self._problem.mesh.index_kx[self._order], spinor_ck[:, self._order]
        matrix: np.ndarray = np.empty((len(index_px),) * 2, self.precision)
        for start in range(0, len(index_px), _ROWS):
            rows = slice(start, start + _ROWS)
            overlap = spinor_cp[:, rows].T @ spinor_cp.conj()
            matrix[rows] = overlap * interaction_between(w_ij, index_px[rows], index_px)
        return matrix

    def spectator(self, spinor_ck: np.ndarray) -> dict[int, np.ndarray]:
        """Return the spinor of another carrier on every block, (b, c, p), by the block's start."""
        return {start: spinor.astype(self.precision) for start, spinor in self.blocks.spinors(spinor_ck).items()}

    def dress(self, spectator: dict[int, np.ndarray], block: Stair, z_cp: np.ndarray, work: np.ndarray) -> np.ndarray:
        """Return conj(u_b(p + r)) z, (b, c, p), in `work`."""
        u_bcp = spectator[block.start]
        x_bcp = work[: u_bcp.size].reshape(u_bcp.shape)
        np.conjugate(u_bcp, out=x_bcp)
        x_bcp *= z_cp
        return x_bcp

    def undress(self, spectator: dict[int, np.ndarray], block: Stair, y_bcp: np.ndarray, out_cp: np.ndarray) -> None:
        """Set `out` to sum_b u_b(p + r) y_b; y is overwritten."""
        y_bcp *= spectator[block.start]
        add_up(y_bcp, out_cp)

    def multiply(self, moving: np.ndarray, block: Stair, x_bcp: np.ndarray) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        height = block.height
        flat = x_bcp.reshape(-1, height)
        result = self._result[: flat.size].reshape(flat.shape)
        np.matmul(flat, moving[:height, :height], out=result)
        return result.reshape(x_bcp.shape)


class FourierKernel:
    """Convolutions on the box of each block, for every pair of spinor components."""

    def __init__(self, problem: TrionProblem, blocks: Blocks[Box], precision: type = np.complex128) -> None:
        self.blocks, self.precision = blocks, precision
        self._convolutions = [BoxConvolution(w_ij, precision) for w_ij in problem.interactions]
        moving = max(len(problem.photoexcited.spinor_ck), len(problem.resident.spinor_ck))
        spectators = max(len(problem.resident.spinor_ck), len(problem.opposite.spinor_ck))
        sizes = [
            moving * spectators * len(block.columns) * math.prod(BoxConvolution.padded(block.extent))
            for block in blocks.blocks
        ]
        self._work: np.ndarray = np.empty(max(sizes, default=0), precision)
        self._results: np.ndarray = np.empty((2, spectators * largest(blocks)), precision)
        self._middle = 2 * blocks.mesh.reach + max(map(abs, blocks.mesh.offset))
        self._shift = (blocks.mesh.index_kx - blocks.mesh.offset).tolist()
        self.flops = float(sum(10 * size * np.log2(size) for size in sizes))

    def moving(self, spinor_ck: np.ndarray, which: int) -> tuple[np.ndarray, np.ndarray, BoxConvolution]:
        """Return what `spectator` does, and the convolution with the interaction."""
        return *self.spectator(spinor_ck), self._convolutions[which]

    def spectator(self, spinor_ck: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a spinor and its complex conjugate on a box that holds all sums of two points,
        (a, i, j), zero outside the mesh.

        What a block needs of them is a part, moved by r for a carrier at p + r.
        """
        mesh, wider = self.blocks.mesh, self._middle - 2 * self.blocks.mesh.reach
        padded_ck = np.concatenate([spinor_ck, np.zeros_like(spinor_ck[:, :1])], axis=1).astype(self.precision)
        i, j = np.ogrid[2 * (slice(-2 * mesh.reach, 2 * mesh.reach + 1),)]
        spinor = np.pad(padded_ck.take(mesh.lookup(i, j), axis=1), ((0, 0), (wider, wider), (wider, wider)))
        return spinor, spinor.conj()

    def _part(self, spinor: np.ndarray, block: Box, r: int | None = None) -> np.ndarray:
        """Return the part of a spinor on a block's box, moved by the point r if there is one,
        (a, i, j), without copying.
        """
        (i, j), (rows, columns), middle = block.corner, block.extent, self._middle
        if r is not None:
            i, j = i + self._shift[r][0], j + self._shift[r][1]
        return spinor[:, i + middle : i + middle + rows, j + middle : j + middle + columns]

    def dress(
        self, spectator: tuple[np.ndarray, np.ndarray], block: Box, z_cp: np.ndarray, work: np.ndarray
    ) -> np.ndarray:
        """Return conj(u_b(p + r)) z, (b, c, p), in `work`."""
        x_bcp = work[: len(spectator[1]) * z_cp.size].reshape(-1, *block.shape)
        x_bcij, z_cij = self._on_box(block, x_bcp), self._on_box(block, z_cp)
        for column, r in enumerate(block.columns):
            np.multiply(self._part(spectator[1], block, r), z_cij[column], out=x_bcij[:, column])
        return x_bcp

    def undress(
        self, spectator: tuple[np.ndarray, np.ndarray], block: Box, y_bcp: np.ndarray, out_cp: np.ndarray
    ) -> None:
        """Set `out` to sum_b u_b(p + r) y_b; y is overwritten."""
        y_bcij = self._on_box(block, y_bcp)
        for column, r in enumerate(block.columns):
            y_bcij[:, column] *= self._part(spectator[0], block, r)
        add_up(y_bcp, out_cp)

    @staticmethod
    def _on_box(block: Box, x: np.ndarray) -> np.ndarray:
        """Return a view of values (..., c, p) on the box, (..., c, i, j)."""
        return x.reshape(*x.shape[:-1], *block.extent)

    def multiply(
        self, moving: tuple[np.ndarray, np.ndarray, BoxConvolution], block: Box, x_bcp: np.ndarray
    ) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        spinor, conjugate = (self._part(part, block)[:, None, None] for part in moving[:2])
        rows, columns = block.extent
        shape = (len(spinor), *x_bcp.shape[:2], *BoxConvolution.padded(block.extent))
        work = self._work[: math.prod(shape)].reshape(shape)
        np.multiply(spinor, self._on_box(block, x_bcp), out=work[..., :rows, :columns])
        convolved = moving[2].apply(work, block.extent)
        total, product = (room[: x_bcp.size].reshape(convolved.shape[1:]) for room in self._results)
        np.multiply(convolved[0], conjugate[0], out=total)
        for part, factor in zip(convolved[1:], conjugate[1:], strict=True):
            total += np.multiply(part, factor, out=product)
        return total.reshape(x_bcp.shape)


def choose_kernel(kernel: str, size: int, components: int) -> str:
    """Return the kernel for a mesh of `size` points and spinors of so many components: "auto" is the faster one."""
    if kernel != "auto":
        return kernel
    return "gemm" if size < FFT_FROM * max(components, 2) else "fft"


def is_single(kernel: str) -> bool:
    """Say whether products are formed in single precision."""
    return kernel.endswith("-single")


def deal(mesh: ValleyMesh, columns: np.ndarray, ranks: int) -> tuple[np.ndarray, Staircase]:
    """Return the owner of each of `columns` and the order of rows that goes with them."""
    stairs = Staircase(mesh, columns)
    return deal_columns(stairs.height_c.astype(float) ** 2, ranks, BLOCK_WIDTH), stairs


def along_short_boxes(problem: TrionProblem) -> TrionProblem:
    """Return the problem in integers (i, i + j) of a hexagonal mesh, for kernels alone: points and their order stay.

    The columns of a symmetric sector lie between the directions of b1 and b2. Points that a column allows are a lens
    across it, which fits into a box of b1 - b2 and b2 more tightly than into one of b1 and b2: transforms have 0.83
    (C6v) and 0.78 (C3v) of the operations.
    """
    mesh = problem.mesh
    if not mesh.lattice.is_hexagonal:
        return problem
    sheared, middle = replace(mesh, index_kx=mesh.index_kx @ [[1, 1], [0, 1]]), problem.w_ij.shape[0] // 2
    i, j = np.ogrid[2 * (slice(-2 * sheared.reach, 2 * sheared.reach + 1),)]
    occurs = np.abs(j - i) <= middle
    attraction, *other = (
        np.where(occurs, w_ij[i + middle, np.where(occurs, j - i, 0) + middle], 0) for w_ij in problem.interactions
    )
    return replace(problem, mesh=sheared, w_ij=attraction, repulsion_ij=other[0] if other else None)


def make_kernel(kernel: str, problem: TrionProblem, columns: np.ndarray, mine: np.ndarray, stairs: Staircase) -> Kernel:
    """Return the kernel "gemm" or "fft", or one of them in single precision,
    for this rank's columns `columns[mine]`.
    """
    precision = np.complex64 if is_single(kernel) else np.complex128
    if kernel.startswith("fft"):
        problem = along_short_boxes(problem)
        side = 2 * (2 * problem.mesh.reach + 1)
        width = max(1, _BATCH // (problem.components**2 * side**2))
        return FourierKernel(problem, box_blocks(problem.mesh, columns[mine], width), precision)
    return MatrixKernel(problem, stairs, stairs.blocks(problem.mesh, columns, mine, BLOCK_WIDTH), precision)
