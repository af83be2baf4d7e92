"""Inputs of tight-binding models: what is wrong is refused before anything is computed, with the key and the reason."""

import numpy as np
import pytest
from tight_binding_files import honeycomb, tb_text

from hpcx.config.errors import InputError
from hpcx.config.load import load_plan
from hpcx.exciton.tight_binding import load_model, path_of
from hpcx.exciton.tight_binding_config import TightBindingFiles

INPUT = """model = "exciton"
material = "MoS2"
mesh = { N = 12, region = "zone" }
bands = { model = "tight-binding" }
"""
BUILTIN = INPUT + 'tight_binding = { builtin = "liu2013:WSe2" }\nzone = { valence = 2, conduction = 2 }\n'


@pytest.fixture
def plan(tmp_path):
    def load(text, *settings):
        path = tmp_path / "input.toml"
        path.write_text(text)
        return load_plan(str(path), list(settings))

    return load


def test_a_model_that_is_built_in(plan):
    assert plan(BUILTIN, "zone.path=G-K-(0.1,0.2)").points[0].error == ""


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("zone.reach=500", r"zone\.reach = '500 angstrom': must be at most 19\.95 angstrom, half the width"),
        ("zone.path=G-X", r"zone\.path.*'X' is not a point of this zone; known are G, Gamma, K, K', M"),
        ("zone.path=G", "expected at least two points"),
        ("zone.valence=3", "do not fit into 6 bands"),
        (
            "zone.valence=1",
            r"zone\.valence.*bands 1 and 2 are degenerate at points of the mesh",
        ),  # of both spins, from G to M
        ("zone.conduction=1", r"zone\.conduction.*bands 3 and 4 are degenerate"),
        ("tight_binding.occupied=3", "there is no gap above this band"),
        ("tight_binding.builtin=liu2013:MoSi2", "did you mean"),
        ("tight_binding.file=x_tb.dat", "cannot both be given"),
        ("mesh.region=disks", "mesh.k0 is missing"),
    ],
)
def test_what_is_refused(plan, setting, message):
    with pytest.raises(InputError, match=message):
        plan(BUILTIN, setting)


def test_files_are_read_by_the_check_and_count_like_the_input(plan, tmp_path):
    path = tmp_path / "mine_tb.dat"
    path.write_text(tb_text(honeycomb()))
    text = INPUT + f'tight_binding = {{ file = "{path}", occupied = 1 }}\n'
    first = plan(text).points[0].hash
    path.write_text(tb_text(honeycomb(gap=6.0)))
    assert plan(text).points[0].hash != first
    path.write_text(tb_text(honeycomb())[:300])
    with pytest.raises(
        InputError, match=r"tight_binding\.file.*mine_tb\.dat, line \d+: expected .*, found the end of the file"
    ):
        plan(text)
    with pytest.raises(InputError, match="tight_binding.occupied is missing"):
        plan(text.replace(", occupied = 1", ""))


def test_momenta_of_a_path_are_equally_spaced_along_it_and_corners_are_where_they_are_passed():
    """G-K-M of a hexagonal lattice: |GK| = 4 pi / 3a, |KM| half of it,
    so nine steps of equal length pass K after six.
    """
    model = load_model(TightBindingFiles(builtin="liu2013:WSe2"))
    path = path_of("G-K-M", 10, model)
    side = 4 * np.pi / 3 / np.linalg.norm(model.lattice_vx[0])
    assert path.corners == ["G", "K", "M"] and np.allclose(path.along_c, [0, side, 1.5 * side], rtol=1e-12)
    momentum_qx = path.fraction_qv @ model.reciprocal_vx
    assert np.allclose(np.linalg.norm(np.diff(momentum_qx, axis=0), axis=1), side / 6, rtol=1e-12)
    assert np.allclose(path.along_q, side / 6 * np.arange(10), rtol=1e-12)
