"""A band model is one class and one line for exciton and trion;
its symmetry is that of its bands, tested before it is used.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.errors import InputError
from hpcx.config.load import load_plan
from hpcx.exciton.problem import exciton_problem
from hpcx.materials.band_models import BAND_MODELS, BandEntry
from hpcx.parallel.run import Run
from hpcx.physics.bands import Band, parabolic_band
from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.registry import solver

KEYS = ("carriers.electron_A_mass", "carriers.hole_A_mass")
INPUT = (
    'model = "{}"\nmaterial = "MoS2"\nparameter_set = "mayers2015"\nenvironment = "hBN"\nbands.model = "{}"\n'
    "mesh = {{ N = 24, k0 = 0.12 }}\nsolver = {{ states = 2{} }}\n"
).format


@dataclass(frozen=True)
class Warped:
    """Parabolic bands that are steeper along three directions: E (1 + c tau cos 3 phi); valleys are mirror images."""

    electron_mass: float
    hole_mass: float
    warping: ClassVar[float] = 0.0

    @classmethod
    def of_material(cls, material, masses):
        return cls(*(material.number(key, "m0") for key in KEYS))

    def band(self, momentum_kx, carrier):
        plain = parabolic_band(momentum_kx, self.electron_mass if carrier.conduction else self.hole_mass)
        angle = np.arctan2(momentum_kx[:, 1], momentum_kx[:, 0])
        return Band(plain.energy_k * (1 + self.warping * carrier.valley * np.cos(3 * angle)), plain.spinor_ck)

    def dipole(self, electron, hole, helicity):
        return np.ones(electron.energy_k.size, complex)


@pytest.fixture
def warped(monkeypatch):
    """Register the model, which is all that a new one needs; return a function that sets its warping."""
    monkeypatch.setitem(BAND_MODELS, "warped", BandEntry(f"{__name__}:Warped", KEYS))
    return lambda warping: monkeypatch.setattr(Warped, "warping", warping)


def point_of(tmp_path, model, bands, more=""):
    path = tmp_path / "input.toml"
    path.write_text(INPUT(model, bands, more))
    return load_plan(str(path), []).points[0]


def result_of(tmp_path, model, bands, more=""):
    """Return the energies of a run, after all checks of the input."""
    point = point_of(tmp_path, model, bands, more)
    result = solver(model)(MPI.COMM_SELF, point.config, point.material, Run())
    return np.array(
        [result.value(f"{name}/energy") for name in {"exciton": ["exciton"], "trion": ["singlet", "triplet"]}[model]]
    )


@pytest.mark.parametrize(("model", "more"), [("exciton", ""), ("trion", ', symmetry = "none"')])
def test_a_new_band_model_is_one_class_and_one_line(model, more, warped, tmp_path):
    plain = result_of(tmp_path, model, "parabolic", more)
    warped(0.0)
    assert result_of(tmp_path, model, "warped", more) == pytest.approx(plain, abs=1e-8)
    energies = []
    for warping in (0.4, -0.4):
        warped(warping)
        energies.append(result_of(tmp_path, model, "warped", more))
    assert energies[0] == pytest.approx(energies[1], abs=1e-8)  # those of the mirror image
    assert (np.abs(energies[0] - plain).max(axis=1) > 1e-4).all()


def test_warping_enters_the_exciton_as_it_stands(warped, tmp_path):
    warped(0.4)
    point = point_of(tmp_path, "exciton", "warped")
    problem = exciton_problem(point.config, point.material)
    x, y = problem.mesh.momentum_kx.T
    mass = point.material.number(KEYS[0], "m0") / 2
    expected = (
        HBAR2_PER_M0 / (2 * mass) * (x**2 + y**2 + 0.4 * (x**3 - 3 * x * y**2) / np.maximum(np.hypot(x, y), 1e-300))
    )
    assert problem.kinetic_k == pytest.approx(expected, abs=1e-12)


def test_a_symmetry_that_the_bands_do_not_have_is_refused_with_what_breaks_it(warped, tmp_path):
    warped(0.1)
    with pytest.raises(
        InputError, match="the rotation by 60 degrees changes the energy of the photoexcited carrier by up to .* meV"
    ):
        result_of(tmp_path, "trion", "warped", ', symmetry = "C6v"')


def test_the_symmetry_that_the_bands_have_is_found(warped, tmp_path):
    warped(0.1)
    assert result_of(tmp_path, "trion", "warped") == pytest.approx(
        result_of(tmp_path, "trion", "warped", ', symmetry = "C3v"'), abs=1e-12
    )


def test_an_unknown_band_model_is_told_with_those_that_there_are(warped, tmp_path):
    with pytest.raises(InputError) as caught:
        point_of(tmp_path, "exciton", "wraped")
    assert (
        "bands.model = 'wraped': must be one of 'dirac', 'parabolic', 'tight-binding', 'warped'; did you mean 'warped'?"
        in str(caught.value)
    )
