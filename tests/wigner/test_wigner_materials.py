"""All four monolayers have what the model needs: stationary diffusion from 5 to 300 K,
and what their valleys say of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.load import load_plan
from hpcx.parallel.run import Run
from hpcx.wigner.solve import solve

ROOT = Path(__file__).resolve().parents[2]
COARSE = ["momentum.growth=1.3", "momentum.largest_bin=0.85", "momentum.energy_max=240", "sweep.temperature=[5, 300]"]


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, float], dict[str, np.ndarray]]:
    """Return the stationary numbers by material and temperature."""
    found = {}
    for point in load_plan(str(ROOT / "inputs/wigner_materials.toml"), COARSE).points:
        assert not point.error
        result = solve(MPI.COMM_SELF, point.config, point.material, Run())
        names = ("stationary_diffusivity_common", "relaxation_time", "equilibrium_population")
        found[point.material.name, point.config.temperature] = {
            name: np.asarray(result.value(f"rates/{name}")) for name in names
        }
    return found


def test_diffusivities_are_those_of_thermal_excitons(results):
    for numbers in results.values():
        assert 0.2 < numbers["stationary_diffusivity_common"] < 5
        assert np.all((10 < numbers["relaxation_time"]) & (numbers["relaxation_time"] < 10_000))


def test_diffusivities_at_300_K_are_those_of_the_page(results):
    """MODEL.md has these numbers, of finer bins."""
    for name, diffusivity in {"MoS2": 1.94, "MoSe2": 0.99, "WS2": 0.97, "WSe2": 0.92}.items():
        assert results[name, 300]["stationary_diffusivity_common"] == pytest.approx(diffusivity, rel=0.01)


def test_excitons_are_in_the_lowest_valley_when_it_is_cold(results):
    """KK' is level with KK in MoS2, above it in MoSe2, and below it in WS2 and WSe2."""
    cold = {name: numbers["equilibrium_population"] for (name, kelvin), numbers in results.items() if kelvin == 5}
    assert cold["MoS2"][:2] == pytest.approx([0.49, 0.51], abs=0.01)
    assert cold["MoSe2"][0] > 0.999
    assert cold["WS2"][1] > 0.999 and cold["WSe2"][1] > 0.999
