"""Tight-binding models from files: Wannier90's _tb.dat, _hr.dat with _centres.xyz, _wsvec.dat, and xatu's .model.

Lengths in files are in angstrom, those of models in nm. Grammar: the user guide of Wannier90, and that of xatu.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hpcx.io.scan import FileError, Scanner
from hpcx.physics.tightbinding import TightBinding
from hpcx.units import to_internal

#: hoppings out of the plane below which a lattice counts as two-dimensional, eV
_IN_PLANE = 1e-6
#: angstrom per unit of the lattice in a .win file
_LENGTHS = {"bohr": 0.529177210903, "ang": 1.0, "angstrom": 1.0}
#: what a vector W_T of _wsvec.dat belongs to: (cell, i, j) -> cells T
Shifts = dict[tuple[int, int, int, int, int], list[tuple[int, int, int]]]


def read_tb(path: Path, wsvec: Path | None = None) -> TightBinding:
    """Return the model of a _tb.dat file; raises FileError."""
    scan = Scanner(path)
    scan.line()
    lattice_vx = np.array([[scan.number("a lattice vector") for _ in range(3)] for _ in range(3)])
    orbitals, degeneracy_r = _head(scan)
    cell_rv, hopping_rij = _blocks(scan, orbitals, len(degeneracy_r), 1)
    positions_rv, position_rijx = _blocks(scan, orbitals, len(degeneracy_r), 3)
    home = np.flatnonzero((positions_rv == 0).all(axis=1))
    if not home.size:
        raise FileError(f"{path}: has no positions of the cell 0 0 0")
    centre_ix = np.einsum("iix->ix", position_rijx[home[0]]).real
    return _model(path, lattice_vx, cell_rv, hopping_rij[..., 0] / degeneracy_r[:, None, None], centre_ix, wsvec)


def read_hr(path: Path, centres: Path, lattice_vx: np.ndarray, wsvec: Path | None = None) -> TightBinding:
    """Return the model of a _hr.dat file with the centres of a _centres.xyz file;
    lattice (3, 3) in angstrom; raises FileError.
    """
    scan = Scanner(path)
    scan.line()
    orbitals, degeneracy_r = _head(scan)
    place: dict[tuple[int, ...], int] = {}
    hopping_rij = np.zeros((len(degeneracy_r), orbitals, orbitals), complex)
    for _ in range(len(degeneracy_r) * orbitals**2):
        cell = _three(scan, "a cell")
        i, j = _orbital_pair(scan, orbitals)
        if cell not in place and len(place) == len(degeneracy_r):
            raise scan.error(f"one of {len(degeneracy_r)} cells", " ".join(map(str, cell)))
        number = place.setdefault(cell, len(place))
        hopping_rij[number, i, j] = complex(scan.number("Re H"), scan.number("Im H"))
    if len(place) != len(degeneracy_r):
        raise FileError(f"{path}: expected {len(degeneracy_r)} cells, found {len(place)}")
    if not scan.is_at_end():
        raise scan.error("the end of the file", repr(scan.word("")))
    hopping_rij /= degeneracy_r[:, None, None]
    return _model(path, lattice_vx, np.array(list(place)), hopping_rij, read_centres(centres, orbitals), wsvec)


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
    if len(centres) < orbitals:
        raise FileError(f"{path}: expected {orbitals} centres X, found {len(centres)}")
    return np.array(centres[:orbitals])


def read_lattice(path: Path) -> np.ndarray:
    """Return the lattice vectors (3, 3), angstrom, of the block unit_cell_cart of a .win file; raises FileError."""
    scan = Scanner(path)
    while not scan.is_at_end():
        if scan.line().lower().split()[:2] == ["begin", "unit_cell_cart"]:
            unit = _LENGTHS[scan.word("a unit").lower()] if scan.peek().lower() in _LENGTHS else 1.0
            return unit * np.array([[scan.number("a lattice vector") for _ in range(3)] for _ in range(3)])
    raise FileError(f"{path}: has no block 'begin unit_cell_cart'")


def _head(scan: Scanner) -> tuple[int, np.ndarray]:
    """Return the number of orbitals and the degeneracies of the cells."""
    orbitals, cells = scan.integer("the number of orbitals", 1), scan.integer("the number of cells", 1)
    return orbitals, np.array([scan.integer("the degeneracy of a cell", 1) for _ in range(cells)], float)


def _orbital_pair(scan: Scanner, orbitals: int) -> tuple[int, int]:
    pair = scan.integer("an orbital", 1), scan.integer("an orbital", 1)
    if max(pair) > orbitals:
        raise scan.error(f"orbitals up to {orbitals}", f"{pair[0]} {pair[1]}")
    return pair[0] - 1, pair[1] - 1


def _blocks(scan: Scanner, orbitals: int, cells: int, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cells (cells, 3) and matrices (cells, orbitals, orbitals, components)
    of blocks "R, then i j Re Im [Re Im ...]".
    """
    cell_rv = np.empty((cells, 3), int)
    value_rijx = np.zeros((cells, orbitals, orbitals, components), complex)
    for number in range(cells):
        cell_rv[number] = [scan.integer("a cell") for _ in range(3)]
        for _ in range(orbitals**2):
            i, j = _orbital_pair(scan, orbitals)
            value_rijx[number, i, j] = [
                complex(scan.number("a real part"), scan.number("an imaginary part")) for _ in range(components)
            ]
    return cell_rv, value_rijx


def _model(
    path: Path,
    lattice_vx: np.ndarray,
    cell_rv: np.ndarray,
    hopping_rij: np.ndarray,
    centre_ix: np.ndarray,
    wsvec: Path | None,
) -> TightBinding:
    """Return the model in the plane; its cells must have no hoppings along the third lattice vector."""
    if wsvec is not None:
        cell_rv, hopping_rij = _shifted(cell_rv, hopping_rij, read_wsvec(wsvec), wsvec)
    flat = cell_rv[:, 2] == 0
    across = np.abs(hopping_rij[~flat]).max(initial=0.0)
    if across > _IN_PLANE:
        raise FileError(
            f"{path}: is no two-dimensional model: hoppings along the third lattice vector reach {across:.3g} eV"
        )
    if abs(lattice_vx[:2, 2]).max() > 1e-6:
        raise FileError(
            f"{path}: expected the first two lattice vectors in the plane z = 0, found {lattice_vx[:2].tolist()}"
        )
    return _checked(path, lattice_vx[:2, :2], cell_rv[flat, :2], hopping_rij[flat], centre_ix)


def _checked(
    path: Path, lattice_vx: np.ndarray, cell_rv: np.ndarray, hopping_rij: np.ndarray, centre_ix: np.ndarray
) -> TightBinding:
    """Return the model of a lattice and centres in angstrom; raises FileError if it is not Hermitian."""
    try:
        return TightBinding(
            to_internal(lattice_vx, "angstrom"), cell_rv, hopping_rij, to_internal(centre_ix, "angstrom")
        )
    except ValueError as error:
        raise FileError(f"{path}: {error}") from error


def read_wsvec(path: Path) -> Shifts:
    """Return by cell and orbitals (R1, R2, R3, i, j) the lattice vectors T that a _wsvec.dat file adds;
    raises FileError.
    """
    scan = Scanner(path)
    shifts: Shifts = {}
    scan.line()
    while not scan.is_at_end():
        cell = tuple(scan.integer("a cell") for _ in range(3))
        i, j = scan.integer("an orbital", 1), scan.integer("an orbital", 1)
        count = scan.integer("the number of vectors", 1)
        shifts[cell[0], cell[1], cell[2], i - 1, j - 1] = [_three(scan, "a vector") for _ in range(count)]
    return shifts


def _three(scan: Scanner, what: str) -> tuple[int, int, int]:
    return scan.integer(what), scan.integer(what), scan.integer(what)


def _shifted(cell_rv: np.ndarray, hopping_rij: np.ndarray, shifts: Shifts, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Distribute every H_ij(R) evenly over the cells R + T_ij."""
    moved: dict[tuple[int, ...], np.ndarray] = {}
    for cell, hopping_ij in zip(cell_rv.tolist(), hopping_rij, strict=True):
        for (i, j), value in np.ndenumerate(hopping_ij):
            if (*cell, i, j) not in shifts:
                raise FileError(f"{path}: has no vectors for cell {cell} and orbitals {i + 1} {j + 1}")
            vectors = shifts[(*cell, i, j)]
            for vector in vectors:
                target = tuple(a + b for a, b in zip(cell, vector, strict=True))
                moved.setdefault(target, np.zeros_like(hopping_ij))[i, j] += value / len(vectors)
    return np.array(list(moved)), np.array(list(moved.values()))


# ---------------------------------------------------------------- xatu


def read_xatu(path: Path) -> TightBinding:
    """Return the model of a .model file of xatu; raises FileError."""
    sections = _sections(path)
    missing = [
        name
        for name in ("bravaislattice", "motif", "norbitals", "bravaisvectors", "hamiltonian")
        if name not in sections
    ]
    if missing:
        raise FileError(f"{path}: has no section '# {missing[0]}'")
    lattice_vx = _table(path, sections["bravaislattice"], 3)
    vectors_rx = _table(path, sections["bravaisvectors"], 3)
    motif_ax = _table(path, sections["motif"], 4)
    orbitals_s = _table(path, sections["norbitals"], None)[0].astype(int)
    species = motif_ax[:, 3].astype(int)
    if len(lattice_vx) != 2 or species.min() < 0 or species.max() >= len(orbitals_s):
        raise FileError(f"{path}: expected two lattice vectors and species below {len(orbitals_s)}")
    centre_ix = np.repeat(motif_ax[:, :3], orbitals_s[species], axis=0)
    blocks = list(_hamiltonian_blocks(path, sections["hamiltonian"], len(centre_ix)))
    if len(blocks) != len(vectors_rx):
        raise FileError(f"{path}: expected {len(vectors_rx)} matrices, one per Bravais vector, found {len(blocks)}")
    cell_rv = np.rint(vectors_rx[:, :2] @ np.linalg.inv(lattice_vx[:, :2])).astype(int)
    apart = np.abs(cell_rv @ lattice_vx[:, :2] - vectors_rx[:, :2]).max()
    if apart > 1e-3:
        raise FileError(f"{path}: a Bravais vector is {apart:.3g} angstrom away from a lattice point")
    return _completed(path, lattice_vx[:, :2], cell_rv, np.array(blocks), centre_ix)


def _completed(
    path: Path, lattice_vx: np.ndarray, cell_rv: np.ndarray, hopping_rij: np.ndarray, centre_ix: np.ndarray
) -> TightBinding:
    """Add the adjoint where a file holds only one triangle of every H(R),
    as that of R = 0 tells, each with its whole diagonal.
    """
    home_ij = hopping_rij[(cell_rv == 0).all(axis=1)].sum(axis=0)
    lower, upper = np.abs(np.tril(home_ij, -1)).max(initial=0.0), np.abs(np.triu(home_ij, 1)).max(initial=0.0)
    if min(lower, upper) == 0 < max(lower, upper):
        cells = np.concatenate([cell_rv, -cell_rv])
        both_rij = np.concatenate([hopping_rij, hopping_rij.conj().swapaxes(1, 2)])
        both_rij *= np.where(np.eye(len(centre_ix), dtype=bool), 0.5, 1.0)
        cell_rv, place = np.unique(cells, axis=0, return_inverse=True)
        hopping_rij = np.zeros((len(cell_rv), *home_ij.shape), complex)
        np.add.at(hopping_rij, place.ravel(), both_rij)
    return _checked(path, lattice_vx, cell_rv, hopping_rij, centre_ix)


def _sections(path: Path) -> dict[str, list[tuple[int, str]]]:
    """Return by name in lower case the lines of a section with their numbers; text after "!" is a comment."""
    scan, number = Scanner(path), 0
    sections: dict[str, list[tuple[int, str]]] = {}
    current: list[tuple[int, str]] = []
    while not scan.is_at_end():
        number += 1
        line = scan.line().partition("!")[0].strip()
        if line.startswith("#"):
            current = sections.setdefault(line.lstrip("#").strip().lower(), [])
        elif line:
            current.append((number, line))
    return sections


def _table(path: Path, lines: list[tuple[int, str]], columns: int | None) -> np.ndarray:
    rows = []
    for number, line in lines:
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError:
            raise FileError(f"{path}, line {number}: expected numbers, found {line!r}") from None
        if columns is not None and len(rows[-1]) != columns:
            raise FileError(f"{path}, line {number}: expected {columns} numbers, found {len(rows[-1])}")
    if not rows:
        raise FileError(f"{path}: a section has no numbers")
    return np.array(rows)


def _hamiltonian_blocks(path: Path, lines: list[tuple[int, str]], orbitals: int) -> Iterator[np.ndarray]:
    """Yield the matrices (orbitals, orbitals) of the section, each ended by "&"."""
    rows: list[list[complex]] = []
    for number, line in lines:
        body, ended, _ = line.partition("&")
        if body.strip():
            rows.append(_complex_row(path, number, body, orbitals))
        if ended:
            if len(rows) != orbitals:
                raise FileError(f"{path}, line {number}: expected {orbitals} rows before '&', found {len(rows)}")
            yield np.array(rows)
            rows = []
    if rows:
        raise FileError(f"{path}, line {lines[-1][0]}: expected '&' after a matrix, found the end of the section")


def _complex_row(path: Path, number: int, text: str, orbitals: int) -> list[complex]:
    words = text.split()
    if len(words) == 2 * orbitals:
        words = [real + imaginary for real, imaginary in zip(words[::2], words[1::2], strict=True)]
    try:
        row = [complex(word.replace("i", "j").replace("+-", "-")) for word in words]
    except ValueError:
        raise FileError(f"{path}, line {number}: expected numbers 'a +bj', found {text.strip()!r}") from None
    if len(row) != orbitals:
        raise FileError(f"{path}, line {number}: expected {orbitals} matrix elements, found {len(row)}")
    return row
