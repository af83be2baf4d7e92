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
from hpcx.trion.blocks import Blocks, Box, Stair, Staircase, box_blocks, largest, mirror_blocks, operations
from hpcx.trion.problem import TrionProblem
from hpcx.trion.sector import PairGroup

#: columns of a block: enough for the matrix product to run at full speed, few enough to follow the staircase,
#: which is steeper where rows are in pairs
BLOCK_WIDTH, _PAIRS_WIDTH = 16, 12
#: entries of the transforms that are worked on together: 1 MB, half the second-level cache
_BATCH = 1 << 16
#: points of the mesh per spinor component from which on the FFT is faster than the matrix product, whose cost is that
#: of one component less, without and with mirrors
_FFT_FROM = (425, 800)
#: points of the mesh from which on real matrices are faster
_PAIRS_FROM = 250
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
    """Matrix products with leading parts of one n x n matrix per carrier and staircase."""

    def __init__(self, problem: TrionProblem, blocks: Blocks[Stair], precision: type = np.complex128) -> None:
        self.blocks, self.precision = blocks, precision
        self._problem, self._orders = problem, {block.family: block.order for block in blocks.blocks}
        self._matrices: list[tuple[int, np.ndarray, dict[int, np.ndarray]]] = []
        components = max(len(problem.resident.spinor_ck), len(problem.opposite.spinor_ck))
        self._result: np.ndarray = np.empty(components * largest(blocks), precision)
        self.flops = 8.0 * components * operations(blocks)

    def moving(self, spinor_ck: np.ndarray, which: int) -> tuple[dict[int, np.ndarray], bool]:
        """Return the matrices of all staircases and whether the conjugate of Wc is meant; equal or conjugate spinors
        share matrices.
        """
        for known, known_ck, matrices in self._matrices:
            if known == which and np.array_equal(known_ck, spinor_ck):
                return matrices, False
            if known == which and np.array_equal(known_ck, spinor_ck.conj()):
                return matrices, True
        w_ij = self._problem.interactions[which]
        matrices = {family: self._make(spinor_ck, w_ij, family) for family in self._orders}
        self._matrices.append((which, spinor_ck, matrices))
        return matrices, False

    def _make(self, spinor_ck: np.ndarray, w_ij: np.ndarray, family: int) -> np.ndarray:
        """Return Wc transposed, rows in the order of a staircase."""
        order = self._orders[family]
        matrix: np.ndarray = np.empty((len(order),) * 2, self.precision)
        for start in range(0, len(order), _ROWS):
            rows = slice(start, start + _ROWS)
            matrix[rows] = self._overlaps(spinor_ck, w_ij, order[rows], order)
        return matrix

    def _overlaps(self, spinor_ck: np.ndarray, w_ij: np.ndarray, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return w(p - q) <q|p> for points p, q, (p, q)."""
        index_kx = self._problem.mesh.index_kx
        overlap = spinor_ck[:, p].T @ spinor_ck[:, q].conj()
        return overlap * interaction_between(w_ij, index_kx[p], index_kx[q])

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

    def multiply(self, moving: Any, block: Stair, x_bcp: np.ndarray) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        (matrices, conjugated), height = moving, block.height
        matrix = matrices[block.family][:height, :height]
        flat = x_bcp.reshape(-1, height)
        result = self._result[: flat.size].reshape(flat.shape)
        np.matmul(flat, matrix.T if conjugated else matrix, out=result)
        return result.reshape(x_bcp.shape)


class MirrorKernel(MatrixKernel):
    """Matrix products with real matrices, for carriers whose overlaps a mirror m changes into their complex conjugates.

    Wc[mp, mp'] is the conjugate of Wc[p, p'] then, and Wc is real between the sums x(p) + x(mp) and the differences
    -i [x(p) - x(mp)]. A point on the mirror's line stands for two, of which the second is empty.
    """

    def __init__(
        self, problem: TrionProblem, blocks: Blocks[Stair], mirrors: np.ndarray, precision: type = np.complex128
    ) -> None:
        """Take blocks over rows in pairs, of the families of the mirrors, images (m, n)."""
        super().__init__(problem, blocks, precision)
        self._mirrors = mirrors
        self._real: type = np.float32 if precision == np.complex64 else float
        self._rotated, self._product = np.empty((2, 2 * len(self._result)), self._real)
        self.flops /= 2

    def _make(self, spinor_ck: np.ndarray, w_ij: np.ndarray, family: int) -> np.ndarray:
        """Return half of Wc between sums and differences in turn, transposed."""
        point = self._orders[family][::2]
        image = self._mirrors[family][point]
        matrix: np.ndarray = np.empty((len(point), 2, len(point), 2), self._real)
        for start in range(0, len(point), _ROWS):
            rows = slice(start, start + _ROWS)
            near, far = (self._overlaps(spinor_ck, w_ij, point[rows], q) / 2 for q in (point, image))
            matrix[rows, 0, :, 0], matrix[rows, 1, :, 1] = (near + far).real, (near - far).real
            matrix[rows, 0, :, 1], matrix[rows, 1, :, 0] = (near - far).imag, -(near + far).imag
        return matrix.reshape(2 * len(point), -1)

    def multiply(self, moving: Any, block: Stair, x_bcp: np.ndarray) -> np.ndarray:
        """Return the product for one block; the result is overwritten by the next call."""
        (matrices, conjugated), height = moving, block.height
        matrix, turn = matrices[block.family], -1 if conjugated else 1
        rotated, product = (room[: 2 * x_bcp.size] for room in (self._rotated, self._product))
        _to_sums(_members(x_bcp, turn), rotated.reshape(-1, 2, height))
        np.matmul(rotated.reshape(-1, height), matrix[:height, :height], out=product.reshape(-1, height))
        result = self._result[: x_bcp.size].reshape(x_bcp.shape)
        _from_sums(product.reshape(-1, 2, height), _members(result, turn))
        return result


def _members(x_bcp: np.ndarray, turn: int) -> np.ndarray:
    """Return a view of complex values on points and images, (member, bc, pair); with `turn` -1 images come first."""
    return np.moveaxis(x_bcp.reshape(-1, x_bcp.shape[-1] // 2, 2), 2, 0)[::turn]


def _to_sums(x_mcp: np.ndarray, out_cxp: np.ndarray) -> None:
    """Set the real and imaginary parts (x) of sums and differences in turn."""
    first, second = x_mcp
    np.add(first.real, second.real, out=out_cxp[:, 0, ::2])
    np.add(first.imag, second.imag, out=out_cxp[:, 1, ::2])
    np.subtract(first.imag, second.imag, out=out_cxp[:, 0, 1::2])
    np.subtract(second.real, first.real, out=out_cxp[:, 1, 1::2])


def _from_sums(y_cxp: np.ndarray, out_mcp: np.ndarray) -> None:
    """Set points and images from sums and differences."""
    (real, imaginary), (first, second) = np.moveaxis(y_cxp, 1, 0), out_mcp
    np.subtract(real[:, ::2], imaginary[:, 1::2], out=first.real)
    np.add(imaginary[:, ::2], real[:, 1::2], out=first.imag)
    np.add(real[:, ::2], imaginary[:, 1::2], out=second.real)
    np.subtract(imaginary[:, ::2], real[:, 1::2], out=second.imag)


class FourierKernel:
    """Convolutions on the box of each block, for every pair of spinor components."""

    def __init__(self, problem: TrionProblem, blocks: Blocks[Box], precision: type = np.complex128) -> None:
        self.blocks, self.precision = blocks, precision
        self._convolutions = [BoxConvolution(problem.mesh, w_ij, precision) for w_ij in problem.interactions]
        self._lengths = {block.start: self._convolutions[0].padded(blocks.allowed(block)) for block in blocks.blocks}
        moving = max(len(problem.photoexcited.spinor_ck), len(problem.resident.spinor_ck))
        spectators = max(len(problem.resident.spinor_ck), len(problem.opposite.spinor_ck))
        sizes = [
            moving * spectators * len(block.columns) * math.prod(self._lengths[block.start]) for block in blocks.blocks
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
        shape = (len(spinor), *x_bcp.shape[:2], *self._lengths[block.start])
        work = self._work[: math.prod(shape)].reshape(shape)
        np.multiply(spinor, self._on_box(block, x_bcp), out=work[..., :rows, :columns])
        convolved = moving[2].apply(work, block.extent)
        total, product = (room[: x_bcp.size].reshape(convolved.shape[1:]) for room in self._results)
        np.multiply(convolved[0], conjugate[0], out=total)
        for part, factor in zip(convolved[1:], conjugate[1:], strict=True):
            total += np.multiply(part, factor, out=product)
        return total.reshape(x_bcp.shape)


def choose_kernel(kernel: str, size: int, components: int, symmetry: str) -> str:
    """Return the kernel for a mesh of `size` points and spinors of so many components: "auto" is the faster one."""
    if kernel != "auto":
        return kernel
    return "gemm" if size < _FFT_FROM[in_pairs(size, symmetry)] * max(components, 2) else "fft"


def in_pairs(size: int, symmetry: str) -> bool:
    """Say whether matrix products on a mesh of `size` points are real ones, of points and their images in a mirror."""
    return symmetry.endswith("v") and size >= _PAIRS_FROM


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
    shear, middle = np.array([[1, 1], [0, 1]]), problem.w_ij.shape[0] // 2
    lattice = replace(mesh.lattice, vectors_vx=shear.T @ mesh.lattice.vectors_vx)
    sheared = replace(mesh, index_kx=mesh.index_kx @ shear, lattice=lattice)
    i, j = np.ogrid[2 * (slice(-2 * sheared.reach, 2 * sheared.reach + 1),)]
    occurs = np.abs(j - i) <= middle
    attraction, *other = (
        np.where(occurs, w_ij[i + middle, np.where(occurs, j - i, 0) + middle], 0) for w_ij in problem.interactions
    )
    return replace(problem, mesh=sheared, w_ij=attraction, repulsion_ij=other[0] if other else None)


def make_kernel(kernel: str, problem: TrionProblem, group: PairGroup, mine: np.ndarray, stairs: Staircase) -> Kernel:
    """Return the kernel "gemm" or "fft", or one of them in single precision,
    for this rank's columns, `mine` of those of the group.
    """
    precision, columns = np.complex64 if is_single(kernel) else np.complex128, group.columns
    if kernel.startswith("fft"):
        problem = along_short_boxes(problem)
        # transforms have about four times the entries of a box
        entries = _BATCH // (4 * problem.components**2)
        return FourierKernel(problem, box_blocks(problem.mesh, columns[mine], entries), precision)
    mirrors = group.permutation_gk[group.conjugates_g & ~group.swaps_g]
    if len(mirrors) and problem.mesh.size >= _PAIRS_FROM:
        pairs = mirror_blocks(problem.mesh, columns[mine], mirrors, _PAIRS_WIDTH)
        return MirrorKernel(problem, pairs, mirrors, precision)
    return MatrixKernel(problem, Blocks(problem.mesh, stairs.blocks(columns, mine, BLOCK_WIDTH)), precision)
