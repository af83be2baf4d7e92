"""Small models of our own making, as the files in which users have them.

    python tests/tight_binding_files.py

writes the example that comes with the inputs, inputs/models/honeycomb_tb.dat.
"""

from pathlib import Path

import numpy as np

from hpcx.exciton.zone import ZoneProblem
from hpcx.physics.tightbinding import TightBinding

#: angstrom, as in the files
LATTICE = np.array([[2.5, 0.0], [-1.25, 2.165063509461097]])
CELLS = [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, -1)]


def honeycomb(gap: float = 7.0, hopping: complex = -2.3, second: float = 0.1) -> TightBinding:
    """Return two sites of different energy, hopping to the three neighbours,
    and `second` to the second ones of one site.
    """
    hopping_rij = np.zeros((len(CELLS), 2, 2), complex)
    hopping_rij[0] = [[gap / 2, hopping], [np.conj(hopping), -gap / 2]]
    for cell in ((1, 0), (0, -1)):
        hopping_rij[CELLS.index(cell), 0, 1] = hopping
        hopping_rij[CELLS.index(tuple(-x for x in cell)), 1, 0] = np.conj(hopping)
    for cell in CELLS[1:]:
        hopping_rij[CELLS.index(cell), 0, 0] = second
    # the neighbours of a site of the first kind in its own cell, in (1, 0) and in (0, -1): their centre is its place
    apart = -(np.array([1.0, -1.0]) @ LATTICE) / 3
    return TightBinding(0.1 * LATTICE, np.array(CELLS), hopping_rij, 0.1 * np.array([[0, 0, 0], [*apart, 0]]))


def example() -> TightBinding:
    """Return a gapped honeycomb of 3.2 angstrom like a transition-metal dichalcogenide: gap 1.8 eV at K,
    masses 0.53 and 0.51 m0.
    """
    small = honeycomb(gap=1.89, hopping=-1.3, second=0.03)
    return TightBinding(3.2 / 2.5 * small.lattice_vx, small.cell_rv, small.hopping_rij, 3.2 / 2.5 * small.centre_ix)


def spinful(model: TightBinding) -> TightBinding:
    """Return the model with both spins, interlaced."""
    return TightBinding(
        model.lattice_vx, model.cell_rv, np.kron(model.hopping_rij, np.eye(2)), np.repeat(model.centre_ix, 2, axis=0)
    )


def tb_text(model: TightBinding, degeneracy: int = 1, across: float = 0.0) -> str:
    """Return a _tb.dat file; every H(R) is multiplied with the degeneracy that the reader divides by."""
    lines = [
        "made by a test",
        *(" ".join(map(repr, (*row, 0.0))) for row in (10 * model.lattice_vx).tolist()),
        "0.0 0.0 20.0",
    ]
    cells = [*map(tuple, model.cell_rv.tolist())]
    lines += [str(model.orbitals), str(len(cells)), *[str(degeneracy)] * len(cells)]
    # opposite cells stay opposite
    height = {cell: int(np.sign(cell[0] + 0.1 * cell[1])) * (across != 0) for cell in cells}
    for cell, h_ij in zip(cells, model.hopping_rij * degeneracy, strict=True):
        lines += ["", f"{cell[0]} {cell[1]} {height[cell]}"]
        lines += [
            f"{i + 1} {j + 1} {h_ij[i, j].real!r} {h_ij[i, j].imag!r}"
            for j in range(len(h_ij))
            for i in range(len(h_ij))
        ]
    for number, cell in enumerate(cells):
        lines += ["", f"{cell[0]} {cell[1]} {height[cell]}"]
        place_ijx = np.zeros((model.orbitals, model.orbitals, 3), complex)
        if model.dipole_rijx is not None:
            place_ijx[..., :2] = 10 * degeneracy * model.dipole_rijx[number]
        if cell == (0, 0):
            place_ijx += 10 * np.eye(model.orbitals)[..., None] * model.centre_ix
        for j in range(model.orbitals):
            for i in range(model.orbitals):
                parts = [f"{x.real!r} {x.imag!r}" for x in place_ijx[i, j].tolist()]
                lines.append(f"{i + 1} {j + 1} " + " ".join(parts))
    return "\n".join(lines) + "\n"


def hr_text(model: TightBinding) -> str:
    """Return a _hr.dat file."""
    lines = ["made by a test", str(model.orbitals), str(len(model.cell_rv)), " ".join(["1"] * len(model.cell_rv))]
    for cell, h_ij in zip(model.cell_rv.tolist(), model.hopping_rij, strict=True):
        for j in range(len(h_ij)):
            lines += [
                f"{cell[0]} {cell[1]} 0 {i + 1} {j + 1} {h_ij[i, j].real!r} {h_ij[i, j].imag!r}"
                for i in range(len(h_ij))
            ]
    return "\n".join(lines) + "\n"


def centres_text(model: TightBinding) -> str:
    """Return a _centres.xyz file with one atom behind the centres."""
    lines = [
        str(model.orbitals + 1),
        "made by a test",
        *("X " + " ".join(map(repr, row)) for row in (10 * model.centre_ix).tolist()),
        "Mo 0 0 0",
    ]
    return "\n".join(lines) + "\n"


def xatu_text(model: TightBinding, half: bool = False) -> str:
    """Return a .model file; with `half` only the lower triangle of every H(R), which the reader completes."""
    cells = [*map(tuple, model.cell_rv.tolist())]
    h_rij = np.tril(model.hopping_rij) if half else model.hopping_rij
    lines = ["# dimension", "2 ! in the plane", "# norbitals", " ".join(["1"] * model.orbitals), "# bravaislattice"]
    lines += [" ".join(map(repr, (*row, 0.0))) for row in (10 * model.lattice_vx).tolist()]
    lines += [
        "# motif",
        *(" ".join(map(repr, (*row, n))) for n, row in enumerate((10 * model.centre_ix).tolist())),
        "# bravaisvectors",
    ]
    lines += [" ".join(map(repr, (*row, 0.0))) for row in (np.array(cells) @ (10 * model.lattice_vx)).tolist()]
    lines.append("# hamiltonian")
    for h_ij in h_rij:
        lines += [" ".join(f"{z.real!r} {z.imag:+}j" for z in row) for row in h_ij] + ["&"]
    return "\n".join([*lines, "#"]) + "\n"


def with_side_valleys() -> TightBinding:
    """Return a gapped honeycomb whose conduction band has minima at K and deeper ones between G and K,
    one band of either kind.
    """
    lattice_vx, near = (
        0.32 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]]),
        [(1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1)],
    )
    hopping = {cell: np.diag([-0.15, -0.1]).astype(complex) for cell in near} | {
        (2 * i, 2 * j): np.diag([0.2, 0]).astype(complex) for i, j in near
    }
    hopping[0, 0] = np.diag([1.0, -1.0]).astype(complex)
    for i, j in ((0, 0), (1, 0), (1, 1)):  # the cells of the neighbours of the first site
        hopping.setdefault((i, j), np.zeros((2, 2), complex))[0, 1] += 0.5
        hopping.setdefault((-i, -j), np.zeros((2, 2), complex))[1, 0] += 0.5
    apart = -(np.array([[0, 0], [1, 0], [1, 1]]) @ lattice_vx).mean(axis=0)
    return TightBinding(
        lattice_vx, np.array(list(hopping)), np.array(list(hopping.values())), np.array([[0, 0, 0], [*apart, 0]])
    )


def rectangular(gap=2.0, hopping=(-0.9, -0.25), mixing=0.35, lattice_vx=((0.33, 0.0), (0.0, 0.45))) -> TightBinding:
    """Return two bands of different masses along two lattice vectors, by default those of a rectangle,
    which mix by an odd hopping along the first.
    """
    cells = np.array([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)])
    h_rij = np.zeros((5, 2, 2), complex)
    h_rij[0] = np.diag([gap / 2 - 2 * sum(hopping), -gap / 2 + 2 * sum(hopping)])
    for r, t in ((1, hopping[0]), (2, hopping[0]), (3, hopping[1]), (4, hopping[1])):
        h_rij[r] = np.diag([t, -t])
    h_rij[1, 0, 1], h_rij[2, 0, 1], h_rij[1, 1, 0], h_rij[2, 1, 0] = mixing, -mixing, -mixing, mixing
    return TightBinding(np.array(lattice_vx), cells, h_rij, np.zeros((2, 3)))


def attraction(problem: ZoneProblem) -> np.ndarray:
    """Return V(R + tau_i - tau_j) of orbitals, (orbital, orbital, N, N), eV."""
    return problem.attraction_ssr[problem.site_of[:, None], problem.site_of]


if __name__ == "__main__":
    (Path(__file__).resolve().parents[1] / "inputs" / "models" / "honeycomb_tb.dat").write_text(tb_text(example()))
