"""Tight-binding files: the same model from every format, and a message with file and line for every malformed one."""

import numpy as np
import pytest
from tight_binding_files import LATTICE, centres_text, honeycomb, hr_text, tb_text, xatu_text

from hpcx.io.scan import FileError
from hpcx.io.wannier import read_hr, read_lattice, read_tb, read_xatu

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


def test_vectors_that_move_hoppings_to_nearer_images(write):
    model = honeycomb()
    lines = ["## moves"]
    for cell in model.cell_rv.tolist():
        for i in (1, 2):
            for j in (1, 2):
                moves = ["0 0 0", "3 0 0"] if cell == [1, 0] and (i, j) == (1, 2) else ["0 0 0"]
                moves = ["0 0 0", "-3 0 0"] if cell == [-1, 0] and (i, j) == (2, 1) else moves
                lines += [f"{cell[0]} {cell[1]} 0 {i} {j}", str(len(moves)), *moves]
    moved = read_tb(write(tb_text(model)), write("\n".join(lines), "w.dat"))
    # on momenta of a 3 x 3 mesh nothing changes, between them half of the hopping belongs to R + 3 a1
    mesh = np.stack(np.mgrid[:3, :3], axis=-1).reshape(-1, 2) @ model.reciprocal_vx / 3
    assert np.allclose(moved.hamiltonian(mesh), model.hamiltonian(mesh), atol=1e-13)
    change = -2.3 / 2 * (np.exp(0.4j * MOMENTA @ LATTICE[0]) - np.exp(0.1j * MOMENTA @ LATTICE[0]))
    assert np.allclose((moved.hamiltonian(MOMENTA) - model.hamiltonian(MOMENTA))[:, 0, 1], change, atol=1e-13)
    with pytest.raises(FileError, match="no vectors for cell"):
        read_tb(write(tb_text(model)), write("\n".join(lines[:-3]), "w.dat"))


def test_lattice_of_a_win_file(write):
    text = "num_wann = 2\nBegin Unit_Cell_Cart\nbohr\n1 0 0\n0 2 0\n0 0 3.0d1\nend unit_cell_cart\n"
    assert np.allclose(read_lattice(write(text)), 0.529177210903 * np.diag([1, 2, 30]))
    assert np.allclose(read_lattice(write(text.replace("bohr\n", ""))), np.diag([1, 2, 30]))
    with pytest.raises(FileError, match="unit_cell_cart"):
        read_lattice(write("num_wann = 2\n"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 3], "expected .* found the end of the file"),
        (lambda text: text.replace("2.5 0.0 0.0", "2.5 zero 0.0"), "line 2: expected a lattice vector, found 'zero'"),
        (lambda text: text.replace("2.5 0.0 0.0", "nan 0.0 0.0"), "line 2: expected a lattice vector, finite"),
        (lambda text: text.replace("\n1 2 ", "\n1 9 ", 1), "line 18: expected orbitals up to 2, found 1 9"),
        (lambda text: text.replace("\n2\n7\n", "\n2\n0\n", 1), "expected the number of cells, at least 1"),
        (lambda text: text.replace("1 2 -2.3", "1 2 -2.9", 1), "not Hermitian"),
        (lambda text: text + "\x00", None),
    ],
)
def test_malformed_tb_files(write, change, message):
    text = change(tb_text(honeycomb()))
    if message is None:
        read_tb(write(text))
    else:
        with pytest.raises(FileError, match=message):
            read_tb(write(text))


def test_three_dimensional_models_are_refused(write):
    with pytest.raises(FileError, match="no two-dimensional model"):
        read_tb(write(tb_text(honeycomb(), across=1.0)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("# motif", "# motive"), "no section '# motif'"),
        (lambda text: text.replace("&\n", "", 1), "expected 2 rows before '&', found 4"),
        (lambda text: text.replace("j\n", "q\n", 1), "line .*: expected numbers 'a \\+bj'"),
        (lambda text: text.rpartition("&")[0], "expected '&'"),
        (lambda text: text.replace("2.5 0.0 0.0", "2.5 0.0"), "expected 3 numbers, found 2"),
    ],
)
def test_malformed_model_files(write, change, message):
    with pytest.raises(FileError, match=message):
        read_xatu(write(change(xatu_text(honeycomb()))))


def test_missing_and_binary_files(tmp_path, write):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_tb(tmp_path / "none_tb.dat")
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))
    with pytest.raises(FileError, match="not a text file"):
        read_tb(tmp_path / "binary")
    with pytest.raises(FileError, match="expected 2 centres X, found 1"):
        read_hr(write(hr_text(honeycomb())), write("2\n\nX 0 0 0\nMo 0 0 0\n", "c.xyz"), LATTICE_3D)
