"""Tight-binding files: the same model from every format, and a message with file and line for every malformed one."""

import re
from pathlib import Path

import numpy as np
import pytest
from tight_binding_files import LATTICE, centres_text, example, honeycomb, hr_text, tb_text, xatu_text

from hpcx.io.scan import FileError
from hpcx.io.wannier import read_hr, read_lattice, read_tb
from hpcx.io.xatu import read_xatu

LATTICE_3D = np.array([[*LATTICE[0], 0], [*LATTICE[1], 0], [0, 0, 20]])
MOMENTA = 10 * np.random.default_rng(3).normal(size=(7, 2))


@pytest.fixture
def write(tmp_path):
    def write(text, name="x.dat"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def same(model, other):
    assert np.allclose(model.hamiltonian(MOMENTA), other.hamiltonian(MOMENTA), atol=1e-13)
    assert np.allclose(model.centre_ix, other.centre_ix)


def test_every_format_holds_the_same_model(write):
    model = honeycomb(hopping=-2.3 + 0.4j)
    same(read_tb(write(tb_text(model))), model)
    same(read_tb(write(tb_text(model, degeneracy=3))), model)
    same(read_hr(write(hr_text(model)), write(centres_text(model), "c.xyz"), LATTICE_3D), model)
    same(read_xatu(write(xatu_text(model))), model)
    same(read_xatu(write(xatu_text(model, half=True))), model)


def test_the_model_that_comes_along_is_written_by_its_script():
    path = Path(__file__).resolve().parents[2] / "inputs" / "models" / "honeycomb_tb.dat"
    assert path.read_text() == tb_text(example())
    assert read_tb(path).gap(np.array([[0.0, 0.0], read_tb(path).reciprocal_vx.sum(axis=0) / 3]), 1) == pytest.approx(
        1.8
    )


def wsvec_text(model):
    """Return a _wsvec.dat file that moves half of one hopping by three cells, and its opposite."""
    lines = ["## moves"]
    for cell in model.cell_rv.tolist():
        for i in (1, 2):
            for j in (1, 2):
                moves = ["0 0 0", "3 0 0"] if cell == [1, 0] and (i, j) == (1, 2) else ["0 0 0"]
                moves = ["0 0 0", "-3 0 0"] if cell == [-1, 0] and (i, j) == (2, 1) else moves
                lines += [f"{cell[0]} {cell[1]} 0 {i} {j}", str(len(moves)), *moves]
    return "\n".join(lines) + "\n"


def test_vectors_that_move_hoppings_to_nearer_images(write):
    model = honeycomb()
    moved = read_tb(write(tb_text(model)), write(wsvec_text(model), "w.dat"))
    # on momenta of a 3 x 3 mesh nothing changes, between them half of the hopping belongs to R + 3 a1
    mesh = np.stack(np.mgrid[:3, :3], axis=-1).reshape(-1, 2) @ model.reciprocal_vx / 3
    assert np.allclose(moved.hamiltonian(mesh), model.hamiltonian(mesh), atol=1e-13)
    change = -2.3 / 2 * (np.exp(0.4j * MOMENTA @ LATTICE[0]) - np.exp(0.1j * MOMENTA @ LATTICE[0]))
    assert np.allclose((moved.hamiltonian(MOMENTA) - model.hamiltonian(MOMENTA))[:, 0, 1], change, atol=1e-13)


def refused(read, message):
    """The message names the file and the line, what was expected and what was found."""
    with pytest.raises(FileError, match=rf"\.(dat|xyz|win|model), {message}") as caught:
        read()
    assert re.search(r"\.\w+, line \d+: expected .+, found .+", str(caught.value))


def replaced(old, new, count=1):
    """Return a change of a text that does change it."""

    def change(text):
        assert old in text
        return text.replace(old, new, count)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 3], "line 52: expected .* found the end of the file"),
        (replaced("2.5 0.0 0.0", "2.5 zero 0.0"), "line 2: expected a lattice vector, found 'zero'"),
        (replaced("2.5 0.0 0.0", "nan 0.0 0.0"), "line 2: expected a lattice vector with a finite value"),
        (replaced("2.5 0.0 0.0", "2_5 0.0 0.0"), "line 2: expected a lattice vector, found '2_5'"),
        (replaced("2.5 0.0 0.0", "0.0 0.0 0.0"), "line 4: expected lattice vectors that are independent"),
        (replaced("2.5 0.0 0.0", "1.25 -2.165063509461097 0.0"), "line 4: expected lattice vectors that are indep"),
        (replaced("2.5 0.0 0.0", "2.5 0.0 0.1"), "line 4: expected the first two lattice vectors in the plane z = 0"),
        (replaced("0.0 0.0 20.0", "0.0 0.0 0.0"), "line 4: expected lattice vectors that are independent"),
        (replaced("\n2\n7\n", "\n2\n0\n"), "line 6: expected the number of cells, at least 1, found 0"),
        (replaced("\n1\n", "\n0\n"), "line 7: expected the degeneracy of a cell, at least 1, found 0"),
        (replaced("\n1 2 ", "\n1 9 "), "line 18: expected orbitals up to 2, found 1 9"),
        (
            replaced("\n2 2 -3.5", "\n1 1 -3.5"),
            "line 19: expected a new element .*, found 1 1, as on line 16",
        ),
        (replaced("\n1 0 0\n", "\n0 0 0\n"), "line 21: expected a new cell, found 0 0 0"),
        (replaced("\n0 0 0\n", "\n5 5 0\n"), "line .*: expected a cell of the Hamiltonian, found 0 0 0"),
        (lambda text: text.replace("\n0 0 0\n", "\n5 5 0\n"), "line 97: expected positions of the cell 0 0 0, found"),
        (
            lambda text: text.replace("\n1 0 0\n", "\n4 0 0\n"),
            "line .*: expected a Hermitian .* not have that cell",
        ),
        (replaced("1 2 -2.3", "1 2 -2.9"), "line 18: expected .*orbitals 2 1, -2.3-0j eV, found -2.9"),
        (
            lambda text: text[:-50] + text[-50:].replace("2 2 ", "1 1 "),
            "line 97: expected a new element .* found 1 1, as on line 94",
        ),
        (lambda text: text[::-1].replace("\n0 1- 1-\n", "\n0 1- 2-\n", 1)[::-1], "line .* of the Ham.* found -2 -1 0"),
        (lambda text: text[::-1].replace("0.0 0.0", "0.9 0.0", 1)[::-1], None),
        (replaced("1 1 0.0 0.0 0.0 0.0 0.0 0.0", "1 1 0.0 0.5 0.0 0.0 0.0 0.0"), "line 58: expected a real centre"),
        (lambda text: text + "1 1 0.0\n", "line 98: expected the end of the file, found '1'"),
        (lambda text: text + "\x00", "line 98: expected the end of the file"),
        (lambda text: text + "\n \n", None),
    ],
)
def test_malformed_tb_files(write, change, message):
    path = write(change(tb_text(honeycomb())))
    if message is None:
        read_tb(path)
    else:
        refused(lambda: read_tb(path), message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            replaced("0 0 0 2 2 ", "0 0 0 1 1 "),
            "line 8: expected a new element of cell 0 0 0, found 1 1, as on line 5",
        ),
        (replaced("1 0 0 2 2 ", "7 0 0 2 2 "), "line .*: expected one of the 7 cells above, found"),
        (replaced("0 0 0 1 2 -2.3", "0 0 0 1 2 -2.2"), "line 7: expected a Hermitian Hamiltonian"),
        (lambda text: text + "0 0 0 1 1 0 0\n", "line 33: expected the end of the file, found '0'"),
        (lambda text: text[:-30], "line 31: expected an orbital, found the end of the file"),
    ],
)
def test_malformed_hr_files(write, change, message):
    path, centres = write(change(hr_text(honeycomb()))), write(centres_text(honeycomb()), "c.xyz")
    refused(lambda: read_hr(path, centres, LATTICE_3D), message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced("3\n", "4\n"), "line 5: expected an atom, found the end of the file"),
        (replaced("3\n", "2\n"), "line 5: expected the end of the file, found 'Mo'"),
        (replaced("Mo", "X"), "line 5: expected 2 centres X, found 3"),
        (replaced("X", "W"), "line 5: expected 2 centres X, found 1"),
        (replaced("X 0.0", "X far"), "line 3: expected a coordinate, found 'far'"),
    ],
)
def test_malformed_centres(write, change, message):
    path, centres = write(hr_text(honeycomb())), write(change(centres_text(honeycomb())), "c.xyz")
    refused(lambda: read_hr(path, centres, LATTICE_3D), message)


WIN = "num_wann = 2\nBegin Unit_Cell_Cart ! here\nbohr\n1 0 0 # first\n\n0 2 0\n0 0 3.0d1\nend unit_cell_cart\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:12], "line 1: expected a block 'begin unit_cell_cart', found the end of the file"),
        (lambda text: text + text, "line 10: expected one block"),
        (replaced("0 2 0\n", ""), "line 7: expected three lattice vectors before it, found 2"),
        (replaced("0 2 0", "0 2"), "line 6: expected three numbers of a lattice vector, found 2"),
        (replaced("0 2 0", "0 2 0 0"), "line 6: expected three numbers of a lattice vector, found 4"),
        (replaced("bohr", "inch"), "line 3: expected a lattice vector, found 'inch'"),
        (replaced("0 2 0", "2 0 0"), "line 8: expected lattice vectors that are independent"),
        (replaced("end", "begin"), "line 8: expected a lattice vector, found 'begin'"),
        (replaced("end unit_cell_cart\n", ""), "line 7: expected 'end unit_cell_cart', found the end of the file"),
    ],
)
def test_lattice_of_a_win_file(write, change, message):
    assert np.allclose(read_lattice(write(WIN)), 0.529177210903 * np.diag([1, 2, 30]))
    assert np.allclose(read_lattice(write(WIN.replace("bohr\n", ""))), np.diag([1, 2, 30]))
    path = write(change(WIN), "x.win")
    refused(lambda: read_lattice(path), message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            replaced("0 0 0 2 2\n1\n0 0 0", "0 0 0 1 1\n1\n0 0 0"),
            "line 11: expected a new cell and pair of orbitals, found 0 0 0 1 1",
        ),
        (replaced("0 0 0 2 2", "9 0 0 2 2"), "line 11: expected a cell of the Hamiltonian, found 9 0 0"),
        (replaced("0 0 0 2 2", "0 0 0 2 3"), "line 11: expected orbitals up to 2, found 2 3"),
        (replaced("2\n0 0 0\n3 0 0", "2\n0 0 0\n0 0 0"), "line .*: expected vectors that differ"),
        (replaced("2\n0 0 0\n3 0 0", "2\n0 0 0\n6 0 0"), "line .*: expected a Hermitian Hamiltonian"),
        (replaced("2\n0 0 0\n3 0 0", "0"), "line .*: expected the number of vectors, at least 1, found 0"),
        (lambda text: text[:-15], "line .*: expected .*, found the end of the file"),
        (lambda text: text + "0 0 0", "line .*: expected the end of the file, found '0'"),
    ],
)
def test_malformed_wsvec_files(write, change, message):
    tb, wsvec = write(tb_text(honeycomb()), "x_tb.dat"), write(change(wsvec_text(honeycomb())), "x_wsvec.dat")
    refused(lambda: read_tb(tb, wsvec), message)


def test_three_dimensional_models_are_refused(write):
    path = write(tb_text(honeycomb(), across=1.0))
    refused(lambda: read_tb(path), "line 24: expected a two-dimensional model, .*, found 2.3 eV")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced("# motif", "# motive"), "line 8: expected a new section of .*, motif, .*, found '# motive'"),
        (replaced("# hamiltonian", "# motif"), "line 19: expected a new section of .*, found '# motif'"),
        (replaced("# dimension\n2", "# overlap\n2"), "line 1: expected a new section .*, found '# overlap'"),
        (lambda text: text.partition("# hamil")[0], "line 18: expected a section '# hamiltonian', found the end of"),
        (replaced("# dimension\n", ""), "line 1: expected a section '# name', found '2'"),
        (replaced("2 ! in the plane", "3"), "line 2: expected integers from 2 on and below 3, found 3"),
        (replaced("1 1\n", "1 1.5\n"), "line 4: expected integers from 1 on, found 1 1.5"),
        (replaced("1 1\n", "1 1\n1 1\n"), "line 3: expected one line"),
        (replaced("1 1\n", ""), "line 3: expected numbers in this section, found none"),
        (replaced("2.5 0.0 0.0", "2.5 0.0"), "line 6: expected 3 numbers, found 2"),
        (replaced("2.5 0.0 0.0", "2.5 0.0 nan"), "line 6: expected a number with a finite value, found nan"),
        (replaced("2.5 0.0 0.0", "2.5 0.0 0.5"), "line 5: expected two lattice vectors in the plane"),
        (replaced("2.5 0.0 0.0", "0.0 0.0 0.0"), "line 5: expected lattice vectors that are independent"),
        (replaced("0.0 0.0 0.0 0\n", "0.0 0.0 0.0 0.5\n"), "line 9: expected integers from 0 on and below 2"),
        (replaced("0.0 0.0 0.0 0\n", "0.0 0.0 0.0 2\n"), "line 9: expected integers from 0 on and below 2, found 2"),
        (replaced("2.5 0.0 0.0\n-1", "2.5 0.3 0.0\n-1", 2), "line 15: expected a lattice point, .*0.3 angstrom"),
        (lambda text: text[::-1].replace("0.0 0.0 5.2", "0.3 0.0 5.2", 1)[::-1], "line 15: expected a lattice point"),
        (
            lambda text: text[::-1].replace("0.0 0.0 5.2", "0.0 0.0 0.0", 1)[::-1],
            "line 15: expected a new Bravais vector",
        ),
        (replaced("&\n", ""), "line 24: expected 2 rows before '&', found 4"),
        (replaced("j\n", "q\n"), "line 20: expected numbers 'a \\+bj'"),
        (replaced("-2.3 +0.0j\n", "-2.3 0.0\n"), "line 20: expected numbers 'a \\+bj'"),
        (replaced("-2.3 +0.0j\n", "\n"), "line 20: expected 2 matrix elements, found 1"),
        (replaced("3.5 +0.0j", "3.5 +1.e9999j"), "line 20: expected a number with a finite value"),
        (replaced("-2.3 +0.0j\n", "-2.4 +0.0j\n"), "line 20: expected a Hermitian Hamiltonian: .*orbitals 1 2"),
        (lambda text: text.rpartition("&")[0], "line .*: expected '&'"),
        (lambda text: text.replace("0.0 +0.0j 0.0 +0.0j\n&\n#", "#"), "line .*: expected '&'"),
        (replaced("# hamiltonian", "1.0 0.0 0.0\n# hamiltonian"), "line 19: expected a lattice point"),
        (replaced("# hamiltonian", "5.0 0.0 0.0\n# hamiltonian"), "line 41: expected 8 matrices, .*, found 7"),
    ],
)
def test_malformed_model_files(write, change, message):
    path = write(change(xatu_text(honeycomb())), "x.model")
    refused(lambda: read_xatu(path), message)


def test_missing_and_binary_files(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_tb(tmp_path / "none_tb.dat")
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))
    with pytest.raises(FileError, match="not a text file"):
        read_tb(tmp_path / "binary")
