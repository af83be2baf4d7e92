"""Tight-binding models from .model files of xatu. Lengths in files are in angstrom, those of models in nm.

Sections begin with "# name", comments with "!", and matrices end with "&". Grammar: the user guide of xatu.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hpcx.io.hoppings import check_lattice, model_of
from hpcx.io.scan import Scanner
from hpcx.physics.tightbinding import TightBinding

#: the sections that make a model, and those that may stand beside them: the last "#" of a file has no name
_NEEDED = ("bravaislattice", "motif", "norbitals", "bravaisvectors", "hamiltonian")
_KNOWN = (*_NEEDED, "dimension", "filling", "")
#: how far a vector may be from the plane, and a Bravais vector from a lattice point, angstrom
_OFF = 1e-3
#: a complex number, its parts perhaps apart
_COMPLEX = re.compile(r"([-+.\deEdD]+)\s*([-+][-+.\deEdD]+)[ij]")


@dataclass(frozen=True)
class _Section:
    """The lines of a section without comments, each with its number.

    Attributes:
        scan: the file.
        line: of its name.
        lines: numbers and texts.
    """

    scan: Scanner
    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)

    def table(self, columns: int | None) -> np.ndarray:
        """Return rows of as many finite numbers; raises FileError."""
        rows = [[self.scan.finite(word, "a number", number) for word in line.split()] for number, line in self.lines]
        if not rows:
            raise self.scan.error("numbers in this section", "none", self.line)
        for (number, _), row in zip(self.lines, rows, strict=True):
            if len(row) != (columns or len(rows[0])):
                raise self.scan.error(f"{columns or len(rows[0])} numbers", str(len(row)), number)
        return np.array(rows)

    def integers(self, number: int, value_x: np.ndarray, least: int, below: float = np.inf) -> np.ndarray:
        """Return numbers of the row `number` as integers from `least` on and below a limit; raises FileError."""
        value_n = np.rint(value_x)
        if np.any(value_n != value_x) or value_x.min() < least or value_x.max() >= below:
            limit = "" if np.isinf(below) else f" and below {below:g}"
            found = " ".join(f"{value:g}" for value in value_x)
            raise self.scan.error(f"integers from {least} on{limit}", found, self.lines[number][0])
        return value_n.astype(int)


def read_xatu(path: Path) -> TightBinding:
    """Return the model of a .model file of xatu; raises FileError."""
    scan = Scanner(path)
    sections = _sections(scan)
    lattice_vx, centre_ix = _lattice(sections), _centres(sections)
    vectors = sections["bravaisvectors"]
    cell_rv = _cells(vectors, lattice_vx)
    blocks, lines = _matrices(sections["hamiltonian"], len(centre_ix))
    if len(blocks) != len(cell_rv):
        raise scan.error(f"{len(cell_rv)} matrices, one per Bravais vector", str(len(blocks)), lines[-1][-1] + 1)
    line_rij = np.broadcast_to(np.array(lines)[..., None], (*np.shape(lines), len(centre_ix)))
    completed = _completed(cell_rv, np.array(blocks), line_rij)
    return model_of(scan, lattice_vx, completed[0], completed[1], centre_ix, completed[2])


def _sections(scan: Scanner) -> dict[str, _Section]:
    """Return the sections by name in lower case; raises FileError for one that is missing, unknown or given twice."""
    sections: dict[str, _Section] = {}
    current: _Section | None = None
    while not scan.is_at_end():
        line = scan.line().partition("!")[0].strip()
        if line.startswith("#"):
            name = line.lstrip("#").strip().lower()
            if name not in _KNOWN or name in sections:
                raise scan.error(f"a new section of {', '.join(_KNOWN[:-1])}", repr(line))
            current = sections[name] = _Section(scan, scan.line_number)
        elif line:
            if current is None:
                raise scan.error("a section '# name'", repr(line))
            current.lines.append((scan.line_number, line))
    for name in _NEEDED:
        if name not in sections:
            raise scan.error(f"a section '# {name}'", "the end of the file")
    return sections


def _lattice(sections: dict[str, _Section]) -> np.ndarray:
    """Return two lattice vectors of a layer, (2, 2)."""
    section = sections["bravaislattice"]
    if "dimension" in sections:
        sections["dimension"].integers(0, sections["dimension"].table(1)[:1, 0], 2, 3)
    lattice_vx = section.table(3)
    if len(lattice_vx) != 2 or np.abs(lattice_vx[:, 2]).max() > _OFF:
        raise section.scan.error("two lattice vectors in the plane z = 0", str(lattice_vx.tolist()), section.line)
    check_lattice(section.scan, lattice_vx, section.line)
    return lattice_vx[:, :2]


def _centres(sections: dict[str, _Section]) -> np.ndarray:
    """Return the centre of every orbital, (orbitals, 3): atoms in order, each with the orbitals of its species."""
    section = sections["norbitals"]
    table = section.table(None)
    if len(table) != 1:
        raise section.scan.error("one line, a number per species", f"{len(table)} lines", section.line)
    orbitals_s = section.integers(0, table[0], 1)
    motif = sections["motif"]
    motif_ax = motif.table(4)
    species = [motif.integers(n, row[3:], 0, len(orbitals_s))[0] for n, row in enumerate(motif_ax)]
    return np.repeat(motif_ax[:, :3], orbitals_s[species], axis=0)


def _cells(section: _Section, lattice_vx: np.ndarray) -> np.ndarray:
    """Return the cells of the Bravais vectors, (cells, 2)."""
    vectors_rx = section.table(3)
    cell_rv = np.rint(vectors_rx[:, :2] @ np.linalg.inv(lattice_vx)).astype(int)
    apart_r = np.linalg.norm(np.c_[cell_rv @ lattice_vx, np.zeros(len(cell_rv))] - vectors_rx, axis=1)
    found: set[tuple[int, ...]] = set()
    for (line, text), cell, apart in zip(section.lines, map(tuple, cell_rv.tolist()), apart_r, strict=True):
        if apart > _OFF:
            raise section.scan.error("a lattice point", f"{text}, {apart:.3g} angstrom away from one", line)
        if cell in found:
            raise section.scan.error("a new Bravais vector", text, line)
        found.add(cell)
    return cell_rv


def _matrices(section: _Section, orbitals: int) -> tuple[list[list[list[complex]]], list[list[int]]]:
    """Return the matrices (orbitals, orbitals) of the section, each ended by "&", and the lines of their rows."""
    blocks: list[list[list[complex]]] = []
    lines: list[list[int]] = []
    rows: list[list[complex]] = []
    numbers: list[int] = []
    for number, line in section.lines:
        body, ended, _ = line.partition("&")
        if body.strip():
            rows.append(_complex_row(section.scan, number, body, orbitals))
            numbers.append(number)
        if ended:
            if len(rows) != orbitals:
                raise section.scan.error(f"{orbitals} rows before '&'", str(len(rows)), number)
            blocks.append(rows)
            lines.append(numbers)
            rows, numbers = [], []
    if rows or not blocks:
        last = section.lines[-1][0] if section.lines else section.line
        raise section.scan.error("'&' after a matrix", "the end of the section", last)
    return blocks, lines


def _complex_row(scan: Scanner, number: int, text: str, orbitals: int) -> list[complex]:
    if _COMPLEX.sub("", text).strip():
        raise scan.error("numbers 'a +bj'", repr(text.strip()), number)
    pairs = [[part.replace("+-", "-") for part in pair] for pair in _COMPLEX.findall(text)]
    row = [complex(*(scan.finite(part, "a number", number) for part in pair)) for pair in pairs]
    if len(row) != orbitals:
        raise scan.error(f"{orbitals} matrix elements", str(len(row)), number)
    return row


def _completed(
    cell_rv: np.ndarray, hopping_rij: np.ndarray, line_rij: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add the adjoint if the file has only one triangle of every H(R), as H(0) shows; the diagonal counts once.

    Returns cells, matrices and lines.
    """
    home_ij = hopping_rij[(cell_rv == 0).all(axis=1)].sum(axis=0)
    lower, upper = np.abs(np.tril(home_ij, -1)).max(initial=0.0), np.abs(np.triu(home_ij, 1)).max(initial=0.0)
    if not min(lower, upper) == 0 < max(lower, upper):
        return cell_rv, hopping_rij, line_rij
    both_rij = np.concatenate([hopping_rij, hopping_rij.conj().swapaxes(1, 2)])
    both_rij *= np.where(np.eye(len(home_ij), dtype=bool), 0.5, 1.0)
    cells, first, place = np.unique(np.concatenate([cell_rv, -cell_rv]), axis=0, return_index=True, return_inverse=True)
    whole_rij = np.zeros((len(cells), *home_ij.shape), complex)
    np.add.at(whole_rij, place.ravel(), both_rij)
    return cells, whole_rij, np.concatenate([line_rij, line_rij])[first]
