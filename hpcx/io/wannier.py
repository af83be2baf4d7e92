"""Tight-binding models from files of Wannier90: _tb.dat, _hr.dat with _centres.xyz and .win, _wsvec.dat.

Lengths in files are in angstrom, those of models in nm. Grammar: the user guide of Wannier90.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpcx.io.hoppings import Cell, Hoppings, check_hermitian, check_lattice, model_of, orbital_pair, told
from hpcx.io.scan import Scanner
from hpcx.physics.tightbinding import TightBinding

#: hoppings out of the plane below which a lattice counts as two-dimensional, eV
_IN_PLANE = 1e-6
#: largest imaginary part of a centre that counts as rounding, angstrom
_REAL = 1e-2
#: angstrom per unit of the lattice in a .win file
_LENGTHS = {"bohr": 0.529177210903, "ang": 1.0, "angstrom": 1.0}
#: cells T of _wsvec.dat by cell and orbitals (R, i, j), with the line of the last one
Shifts = dict[tuple[Cell, int, int], tuple[list[Cell], int]]


def read_tb(path: Path, wsvec: Path | None = None) -> TightBinding:
    """Return the model of a _tb.dat file; raises FileError."""
    scan = Scanner(path)
    scan.line()
    lattice_vx = _lattice(scan)
    orbitals, degeneracy_r = _head(scan)
    hoppings = Hoppings.empty(scan, len(degeneracy_r), orbitals)
    for _ in degeneracy_r:
        _read_block(hoppings, _cell(scan))
    positions = _positions(scan, hoppings)
    centre_ix = _home_centres(positions)
    scan.check_end()
    position_rijx = positions.value_rijx[[positions.place[cell] for cell in hoppings.place], ..., :2]
    return _model(hoppings, degeneracy_r, lattice_vx, centre_ix, wsvec, position_rijx)


def _read_block(matrices: Hoppings, cell: Cell) -> None:
    """Read all elements of a cell."""
    number = matrices.add_cell(cell)
    for _ in range(matrices.line_rij[0].size):
        matrices.read_element(number)


def _positions(scan: Scanner, hoppings: Hoppings) -> Hoppings:
    """Return the positions <0 i|r|R j>, angstrom, which follow for the cells of the Hamiltonian, in any order."""
    positions = Hoppings.empty(scan, len(hoppings.place), hoppings.line_rij.shape[1], components=3)
    for _ in hoppings.place:
        cell = _cell(scan)
        if cell not in hoppings.place:
            raise scan.error("a cell of the Hamiltonian", told(cell))
        _read_block(positions, cell)
    return positions


def _home_centres(positions: Hoppings) -> np.ndarray:
    """Return the centres (orbitals, 3), angstrom: the diagonal of the positions of the home cell."""
    scan, home = positions.scan, positions.place.get((0, 0, 0))
    if home is None:
        raise scan.error("positions of the cell 0 0 0", f"those of {len(positions.place)} other cells")
    centre_ix = np.einsum("iix->ix", positions.value_rijx[home])
    i, x = np.unravel_index(int(np.abs(centre_ix.imag).argmax()), centre_ix.shape)
    if abs(centre_ix[i, x].imag) > _REAL:
        raise scan.error("a real centre", f"{centre_ix[i, x]:.6g}", int(positions.line_rij[home, i, i]))
    return centre_ix.real


def read_hr(path: Path, centres: Path, lattice_vx: np.ndarray, wsvec: Path | None = None) -> TightBinding:
    """Return the model of _hr.dat and _centres.xyz files; lattice (3, 3) in angstrom; raises FileError."""
    scan = Scanner(path)
    scan.line()
    orbitals, degeneracy_r = _head(scan)
    hoppings = Hoppings.empty(scan, len(degeneracy_r), orbitals)
    for _ in range(hoppings.line_rij.size):
        cell = _cell(scan)
        if cell not in hoppings.place and len(hoppings.place) == len(degeneracy_r):
            raise scan.error(f"one of the {len(degeneracy_r)} cells above", told(cell))
        hoppings.read_element(hoppings.place[cell] if cell in hoppings.place else hoppings.add_cell(cell))
    scan.check_end()
    return _model(hoppings, degeneracy_r, lattice_vx, read_centres(centres, orbitals), wsvec)


def read_centres(path: Path, orbitals: int) -> np.ndarray:
    """Return the centres (orbitals, 3), angstrom, of the atoms "X" of a _centres.xyz file; raises FileError."""
    scan = Scanner(path)
    atoms = scan.integer("the number of atoms", 1)
    scan.line()
    centres = []
    for _ in range(atoms):
        symbol = scan.word("an atom")
        position = [scan.number("a coordinate") for _ in range(3)]
        if symbol == "X":
            centres.append(position)
    scan.check_end()
    if len(centres) != orbitals:
        raise scan.error(f"{orbitals} centres X", str(len(centres)))
    return np.array(centres)


def read_lattice(path: Path) -> np.ndarray:
    """Return the lattice vectors (3, 3), angstrom, of the block unit_cell_cart of a .win file; raises FileError."""
    scan, found = Scanner(path), None
    while not scan.is_at_end():
        if _win_words(scan) == ["begin", "unit_cell_cart"]:
            if found is not None:
                raise scan.error("one block 'begin unit_cell_cart'", "another one")
            found = _lattice_block(scan)
    if found is None:
        raise scan.error("a block 'begin unit_cell_cart'", "the end of the file")
    return found


def _win_words(scan: Scanner) -> list[str]:
    """Return the words of the next line of a .win file, in lower case, without what "!" or "#" begin."""
    return scan.line().partition("!")[0].partition("#")[0].lower().split()


def _lattice_block(scan: Scanner) -> np.ndarray:
    """Return the lattice vectors of a block, in angstrom, and read on to its end."""
    rows: list[list[float]] = []
    unit = 1.0
    while not scan.is_at_end():
        words = _win_words(scan)
        if words == ["end", "unit_cell_cart"]:
            break
        if len(words) == 1 and words[0] in _LENGTHS and not rows:
            unit = _LENGTHS[words[0]]
        elif words:
            rows.append([scan.finite(word, "a lattice vector") for word in words])
            if len(rows[-1]) != 3:
                raise scan.error("three numbers of a lattice vector", str(len(rows[-1])))
    else:
        raise scan.error("'end unit_cell_cart'", "the end of the file")
    if len(rows) != 3:
        raise scan.error("three lattice vectors before it", str(len(rows)))
    lattice_vx = unit * np.array(rows)
    _check_layer(scan, lattice_vx)
    return lattice_vx


def _lattice(scan: Scanner) -> np.ndarray:
    """Return three lattice vectors, one a line."""
    lattice_vx = np.array([[scan.number("a lattice vector") for _ in range(3)] for _ in range(3)])
    _check_layer(scan, lattice_vx)
    return lattice_vx


def _check_layer(scan: Scanner, lattice_vx: np.ndarray) -> None:
    """Raise FileError if the vectors span no space, or the first two not the plane z = 0."""
    check_lattice(scan, lattice_vx)
    if abs(lattice_vx[:2, 2]).max() > 1e-6:
        raise scan.error("the first two lattice vectors in the plane z = 0", str(lattice_vx[:2].tolist()))


def _head(scan: Scanner) -> tuple[int, np.ndarray]:
    """Return the number of orbitals and the degeneracies of the cells."""
    orbitals, cells = scan.integer("the number of orbitals", 1), scan.integer("the number of cells", 1)
    return orbitals, np.array([scan.integer("the degeneracy of a cell", 1) for _ in range(cells)], float)


def _cell(scan: Scanner) -> Cell:
    return _three(scan, "a cell")


def _three(scan: Scanner, what: str) -> Cell:
    return scan.integer(what), scan.integer(what), scan.integer(what)


def _model(
    hoppings: Hoppings,
    degeneracy_r: np.ndarray,
    lattice_vx: np.ndarray,
    centre_ix: np.ndarray,
    wsvec: Path | None,
    position_rijx: np.ndarray | None = None,
) -> TightBinding:
    """Return the model in the plane; its cells must have no hoppings along the third lattice vector."""
    scan, cell_rv, line_rij = hoppings.scan, hoppings.cell_rv, hoppings.line_rij
    read = [hoppings.value_rijx] if position_rijx is None else [hoppings.value_rijx, position_rijx]
    value_rijx = np.concatenate(read, axis=-1) / degeneracy_r[:, None, None, None]
    check_hermitian(scan, cell_rv, value_rijx[..., 0], line_rij)
    if wsvec is not None:
        scan = Scanner(wsvec)
        cell_rv, value_rijx, line_rij = _shifted(hoppings, value_rijx, _shifts(scan, hoppings))
    hopping_rij = value_rijx[..., 0]
    across_rij = np.abs(hopping_rij) * (cell_rv[:, 2] != 0)[:, None, None]
    if across_rij.max() > _IN_PLANE:
        raise scan.error(
            "a two-dimensional model, without hoppings along the third lattice vector",
            f"{across_rij.max():.3g} eV",
            int(line_rij.flat[across_rij.argmax()]),
        )
    flat = cell_rv[:, 2] == 0
    return model_of(
        scan,
        lattice_vx[:2, :2],
        cell_rv[flat, :2],
        hopping_rij[flat],
        centre_ix,
        line_rij[flat],
        None if position_rijx is None else value_rijx[flat, ..., 1:],
    )


def _shifts(scan: Scanner, hoppings: Hoppings) -> Shifts:
    """Return the lattice vectors T that a _wsvec.dat file adds, for all elements of a Hamiltonian; raises FileError."""
    shifts: Shifts = {}
    scan.line()
    for _ in range(hoppings.line_rij.size):
        cell = _cell(scan)
        if cell not in hoppings.place:
            raise scan.error("a cell of the Hamiltonian", told(cell))
        i, j = orbital_pair(scan, hoppings.line_rij.shape[1])
        if (cell, i, j) in shifts:
            raise scan.error("a new cell and pair of orbitals", f"{told(cell)} {i + 1} {j + 1}")
        vectors = [_three(scan, "a vector") for _ in range(scan.integer("the number of vectors", 1))]
        if len(set(vectors)) < len(vectors):
            raise scan.error("vectors that differ", "; ".join(map(told, vectors)))
        shifts[cell, i, j] = vectors, scan.line_number
    scan.check_end()
    return shifts


def _shifted(hoppings: Hoppings, value_rijx: np.ndarray, shifts: Shifts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distribute all elements of R evenly over the cells R + T_ij; returns cells, elements and the lines of their T."""
    moved: dict[Cell, np.ndarray] = {}
    lines: dict[Cell, np.ndarray] = {}
    for (cell, i, j), (vectors, line) in shifts.items():
        value_x = value_rijx[hoppings.place[cell], i, j] / len(vectors)
        for vector in vectors:
            target = (cell[0] + vector[0], cell[1] + vector[1], cell[2] + vector[2])
            moved.setdefault(target, np.zeros_like(value_rijx[0]))[i, j] += value_x
            lines.setdefault(target, np.zeros_like(hoppings.line_rij[0]))[i, j] = line
    return np.array(list(moved)), np.array(list(moved.values())), np.array(list(lines.values()))
