"""Absorption of the exciton: against full diagonalisation, sum rule, the other helicity."""

import numpy as np
import pytest
from mpi4py import MPI
from pydantic import ValidationError

from hpcx.exciton.config import Config
from hpcx.exciton.problem import exciton_problem
from hpcx.exciton.solve import solve
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.physics.spectra import lorentzian_spectrum


def config_of(material="MoS2", N=48, **tables):
    settings = {"enabled": True, "accuracy": 1e-5}
    table = {"model": "exciton", "material": material, "mesh": {"N": N, "k0": 0.1}, "absorption": settings}
    return Config.model_validate(table | tables)


@pytest.mark.parametrize("material", ["MoS2", "WSe2"])
@pytest.mark.parametrize("helicity", ["same", "opposite"])
@pytest.mark.parametrize("gap", [None, 2.5])
def test_spectrum_equals_full_diagonalisation(material, helicity, gap):
    config = config_of(material, absorption={"enabled": True, "accuracy": 1e-5, "helicity": helicity}, gap=gap)
    data = load_material(material)
    result = solve(MPI.COMM_SELF, config, data, Run())
    problem = exciton_problem(config, data)
    energy, vectors = np.linalg.eigh(problem.dense())
    weight = np.abs(vectors.conj().T @ problem.dipole_k) ** 2
    photon_energy, spectrum = (result.value(f"exciton/absorption/{name}") for name in ("photon_energy", "absorption"))
    exact = lorentzian_spectrum(photon_energy, energy + (gap or 0), weight, config.absorption.broadening)
    estimate = result.value("exciton/absorption/error_estimate")
    assert np.abs(spectrum - exact).max() <= 1.01 * estimate * exact.max() < 1.1e-5 * exact.max()
    assert result.value("exciton/absorption/stick_weight").sum() == pytest.approx(weight.sum(), rel=1e-12)


def test_steps_end_at_their_limit_and_it_is_said():
    result = solve(MPI.COMM_SELF, config_of(absorption={"enabled": True, "max_steps": 5}), load_material("MoS2"), Run())
    assert result.value("exciton/absorption/steps") == 5
    assert result.value("exciton/absorption/error_estimate") > 1e-3
    assert any("raise absorption.max_steps" in line for line in result.summary)


def test_phonons_give_the_width_that_could_have_been_written():
    phonons = {"enabled": True, "temperature": 77, "residual": "1 meV"}
    result = solve(MPI.COMM_SELF, config_of("WS2", phonons=phonons), load_material("WS2"), Run())
    parts = [result.value(f"exciton/dephasing/{name}") for name in ("acoustic", "optical", "intervalley")]
    width = float(result.value("exciton/dephasing/half_width"))
    assert width == pytest.approx(1e-3 + sum(parts)) and min(parts) > 0
    both = solve(MPI.COMM_SELF, config_of("WS2", phonons=phonons | {"transverse": True}), load_material("WS2"), Run())
    assert both.value("exciton/dephasing/acoustic") / parts[0] == pytest.approx(1 + (0.571 * 4.3 / 2.2) ** 2, rel=0.01)
    given = solve(
        MPI.COMM_SELF,
        config_of("WS2", absorption={"enabled": True, "accuracy": 1e-5, "broadening": width}),
        load_material("WS2"),
        Run(),
    )
    for name in ("absorption", "error_estimate", "stick_energy"):
        np.testing.assert_array_equal(
            result.value(f"exciton/absorption/{name}"), given.value(f"exciton/absorption/{name}")
        )


def test_large_meshes_need_no_matrix():
    result = solve(MPI.COMM_SELF, config_of(N=160), load_material("MoS2"), Run())
    assert result.value("exciton/absorption/stick_energy")[0] == pytest.approx(
        result.value("exciton/energy")[0], abs=1e-6
    )


@pytest.mark.parametrize("absorption", [{"window": ["10 meV", "-10 meV"]}, {"helicity": "opposite"}])
def test_mistakes_are_told(absorption):
    with pytest.raises(ValidationError):
        config_of(absorption=absorption, bands={"model": "parabolic"})
