"""Matrices H(R) read from a file, with the line of every element, and the tight-binding model of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hpcx.io.scan import Scanner
from hpcx.physics.tightbinding import HERMITIAN, TightBinding, asymmetry
from hpcx.units import to_internal

Cell = tuple[int, int, int]

#: smallest sine of the angle between two lattice vectors, and of one of them with the plane of the others
_PARALLEL = 1e-3


@dataclass(frozen=True, eq=False)
class Hoppings:
    """Matrices by cell, each element read once.

    Attributes:
        scan: the file.
        place: number of every cell, in the order of the file.
        value_rijx: the elements, (cells, orbitals, orbitals, components).
        line_rij: the lines on which they stand; 0: not read yet.
    """

    scan: Scanner
    value_rijx: np.ndarray
    line_rij: np.ndarray
    place: dict[Cell, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, scan: Scanner, cells: int, orbitals: int, components: int = 1) -> Hoppings:
        """Return matrices of which nothing is read yet."""
        shape = (cells, orbitals, orbitals)
        return cls(scan, np.zeros((*shape, components), complex), np.zeros(shape, int))

    @property
    def cell_rv(self) -> np.ndarray:
        """The cells, (cells, 3)."""
        return np.array(list(self.place))

    def add_cell(self, cell: Cell) -> int:
        """Return the number of a cell that the file has not named before; raises FileError."""
        if cell in self.place:
            raise self.scan.error("a new cell", told(cell))
        return self.place.setdefault(cell, len(self.place))

    def read_element(self, number: int) -> None:
        """Read "i j Re Im [Re Im ...]" of a cell; raises FileError, also for what has been read before."""
        i, j = orbital_pair(self.scan, self.value_rijx.shape[1])
        if self.line_rij[number, i, j]:
            raise self.scan.error(
                f"a new element of cell {told(list(self.place)[number])}",
                f"{i + 1} {j + 1}, as on line {self.line_rij[number, i, j]}",
            )
        self.line_rij[number, i, j] = self.scan.line_number
        self.value_rijx[number, i, j] = [
            complex(self.scan.number("a real part"), self.scan.number("an imaginary part"))
            for _ in range(self.value_rijx.shape[3])
        ]


def told(cell: Cell) -> str:
    """Return "1 0 -1"."""
    return " ".join(map(str, cell))


def orbital_pair(scan: Scanner, orbitals: int) -> tuple[int, int]:
    """Return two numbers of orbitals, counted from 0; raises FileError."""
    pair = scan.integer("an orbital", 1), scan.integer("an orbital", 1)
    if max(pair) > orbitals:
        raise scan.error(f"orbitals up to {orbitals}", f"{pair[0]} {pair[1]}")
    return pair[0] - 1, pair[1] - 1


def check_lattice(scan: Scanner, lattice_vx: np.ndarray, line: int | None = None) -> None:
    """Raise FileError, at a line or at the present one, if two or three vectors span no plane or space."""
    lengths = np.linalg.norm(lattice_vx, axis=1)
    volume = np.sqrt(max(0.0, np.linalg.det(lattice_vx @ lattice_vx.T)))
    if not volume > _PARALLEL * lengths.prod():
        raise scan.error("lattice vectors that are independent of each other", str(lattice_vx.tolist()), line)


def model_of(
    scan: Scanner,
    lattice_vx: np.ndarray,
    cell_rv: np.ndarray,
    hopping_rij: np.ndarray,
    centre_ix: np.ndarray,
    line_rij: np.ndarray,
    position_rijx: np.ndarray | None = None,
) -> TightBinding:
    """Return the model of lattice vectors (2, 2), centres and positions <0 i|x|R j>, the centres among them (angstrom).

    Raises FileError, with the line, if it has no home cell or is not Hermitian.
    """
    home_r = (cell_rv == 0).all(axis=1)
    if not home_r.any():
        raise scan.error("a cell 0 0 0", f"{len(cell_rv)} other cells")
    check_hermitian(scan, cell_rv, hopping_rij, line_rij)
    lattice_vx, centre_ix = (to_internal(places, "angstrom") for places in (lattice_vx, centre_ix))
    if position_rijx is None:
        return TightBinding(lattice_vx, cell_rv, hopping_rij, centre_ix)
    is_centre_rij = np.multiply.outer(home_r, np.eye(len(centre_ix), dtype=bool))
    dipole_rijx = np.where(is_centre_rij[..., None], 0, to_internal(position_rijx, "angstrom"))
    return TightBinding(lattice_vx, cell_rv, hopping_rij, centre_ix, dipole_rijx if dipole_rijx.any() else None)


def check_hermitian(scan: Scanner, cell_rv: np.ndarray, hopping_rij: np.ndarray, line_rij: np.ndarray) -> None:
    """Raise FileError with the line of the element that differs most from that of the opposite cell."""
    deviation_rij = np.abs(asymmetry(cell_rv, hopping_rij))
    number, i, j = np.unravel_index(int(deviation_rij.argmax()), deviation_rij.shape)
    if deviation_rij[number, i, j] <= HERMITIAN:
        return
    opposite = np.flatnonzero((cell_rv == -cell_rv[number]).all(axis=1))
    back = f"{hopping_rij[opposite[0], j, i].conj():.6g}" if opposite.size else "0, as the file does not have that cell"
    raise scan.error(
        f"a Hermitian Hamiltonian: for cell {told(cell_rv[number].tolist())} and orbitals {i + 1} {j + 1} the conjugate"
        f" of cell {told((-cell_rv[number]).tolist())} and orbitals {j + 1} {i + 1}, {back} eV",
        f"{hopping_rij[number, i, j]:.6g} eV",
        int(line_rij[number, i, j]),
    )
