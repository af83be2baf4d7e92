"""Limits with closed forms: free flight, elastic disorder alone, late times, and stationary numbers without time."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.physics.constants import BOLTZMANN_EV_PER_K, HBAR
from hpcx.wigner.config import Config
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.problem import make_problem
from hpcx.wigner.solve import solve

FREE = {
    f"phonons.{name}": 0.0
    for name in (
        "acoustic.electron_potential_K", "acoustic.electron_potential_Kprime", "acoustic.electron_potential_Lambda",
        "acoustic.hole_potential", "optical.electron_potential", "optical.hole_potential",
    )
}  # fmt: skip
COARSE = {"first_bin": 0.2, "growth": 1.2, "largest_bin": 3.0}


def point(temperature=77, parameters=None, momentum=COARSE, **tables):
    material = load_for("wigner", "WS2", parameters or {})
    config = Config(model="wigner", material="WS2", temperature=temperature, momentum=momentum, **tables)
    return solve(MPI.COMM_SELF, config, material, Run())


def test_without_scattering_excitons_fly_freely():
    mechanisms = {"intervalley_off_at": 0.6, "radiative": False}
    result = point(parameters=FREE, mechanisms=mechanisms, time={"end": 40, "outputs": [(0.5, 40)], "tolerance": 1e-2})
    time, diffusivity = result.value("observables/time"), result.value("observables/diffusivity")
    late = time > 5
    for valley in range(3):
        slope, offset = np.polyfit(time[late], diffusivity[late, valley], 1)
        assert diffusivity[late, valley] == pytest.approx(slope * time[late] + offset, rel=2e-3)
        assert result.value("observables/exponent")[-1, valley] == pytest.approx(2, abs=0.03)
    assert np.isinf(result.value("rates/relaxation_time")).all()  # the input that ended in "Singular matrix"


def test_nothing_is_made_where_nothing_scatters():
    intervalley = {
        f"phonons.electron_K_{q}.potential_{kind}": 0.0
        for q in ("Kprime", "Lambda")
        for kind in ("acoustic", "optical")
    }
    with pytest.raises(Exception, match="no phonon scatters the polarisation of KK into excitons"):
        point(parameters=FREE | intervalley, time={"end": 1})


@pytest.mark.parametrize("rate", [0.5, 20.0])
def test_disorder_alone_gives_the_diffusivity_of_one_relaxation_time(rate):
    """D = kT / (M rate) in every valley; the mobility is e D / kT."""
    result = point(parameters=FREE, mechanisms={"disorder": rate}, time={"rates_only": True}, momentum={})
    expected = (
        BOLTZMANN_EV_PER_K * 77 / read_excitons(load_for("wigner", "WS2")).mass_v / (1e-3 * rate) * 10
    )  # nm^2/fs in cm^2/s
    assert result.value("rates/stationary_diffusivity") == pytest.approx(expected, rel=2e-4)
    assert result.value("rates/relaxation_time") == pytest.approx([1e3 / rate] * 3, rel=2e-4)
    common = float(result.value("rates/stationary_diffusivity_common"))
    assert result.value("rates/mobility") == pytest.approx(common / (BOLTZMANN_EV_PER_K * 77))


def test_disorder_conserves_excitons_and_adds_to_every_rate():
    clean, disordered = (
        point(mechanisms={"disorder": rate}, time={"end": 2, "outputs": [(0.1, 2)]}) for rate in (0.0, 5.0)
    )
    assert disordered.value("rates/out_rate") - clean.value("rates/out_rate") == pytest.approx(5.0, rel=1e-9)
    assert disordered.value("checks/particle_number")[-1] == pytest.approx(
        clean.value("checks/particle_number")[-1], abs=1e-9
    )


def test_late_diffusivities_are_those_of_the_rates():
    """At 300 K all valleys end with one diffusivity,
    and the intervalley part of each is what this exceeds its free flight by.
    """
    result = point(300, time={"end": 30, "outputs": [(0.5, 30)]}, mechanisms={"radiative": False})
    common = float(result.value("rates/stationary_diffusivity_common"))
    assert result.value("observables/diffusivity")[-1] == pytest.approx([common] * 3, rel=1e-4)
    late, expected = (
        result.value("observables/diffusivity_intervalley")[-1],
        result.value("rates/stationary_intervalley"),
    )
    assert late == pytest.approx(expected, abs=1e-4 * np.abs(expected).max())
    share = result.value("rates/equilibrium_population")
    assert share @ expected == pytest.approx(0, abs=1e-12 * np.abs(expected).max())
    assert result.value("observables/exponent_total")[-1] == pytest.approx(1, abs=0.05)


def test_stationary_numbers_need_no_time():
    result = point(time={"rates_only": True})
    assert "rates/stationary_intervalley" in result.datasets and not any(
        name.startswith("observables") for name in result.datasets
    )
    with pytest.raises(ValueError, match="time.rates_only needs space.dimension = 0"):
        point(time={"rates_only": True}, space={"dimension": 1})


def test_phonon_assisted_light_obeys_its_formula():
    """Emission and absorption as n + 1 to n over the squared distances; the spectrum adds up;
    light of one valley is as wide as it.
    """
    material = load_for(
        "wigner", "WS2", {f"phonons.electron_K_Lambda.potential_{kind}": 0.0 for kind in ("acoustic", "optical")}
    )
    config = Config(
        model="wigner", material="WS2", temperature=100, momentum=COARSE, time={"end": 20, "outputs": [(1, 20)]}
    )
    problem = make_problem(MPI.COMM_SELF, config, material, Run())
    found = [line for line in problem.sidebands() if line.rate_i.any()]
    assert {line.valley for line in found} == {1} and len(found) == 10  # five phonons, up and down
    width = HBAR * problem.source.damping
    for emitted, absorbed in zip(found[::2], found[1::2]):
        energy = 0.5 * (absorbed.photon_i - emitted.photon_i)
        n = 1 / np.expm1(energy / problem.grid.kT)
        expected = (n + 1) / n * (absorbed.photon_i**2 + width**2) / (emitted.photon_i**2 + width**2)
        assert emitted.rate_i / absorbed.rate_i == pytest.approx(expected, rel=1e-9)
        # rate of scattering of all excitons to KK by that phonon, per final state, times those in the light cone
        potential = next(
            mode.potential for mode in problem.excitons.valley_pairs[0].modes if mode.energy == pytest.approx(energy[0])
        )
        shape = problem.excitons.intervalley_overlap(1, 0, np.sqrt(2 * problem.excitons.mass_v[1] * 1e-4) / HBAR)
        coupling = HBAR**2 * (potential * shape) ** 2 / (2 * problem.excitons.mass_density * energy[0])
        states = problem.excitons.light_cone**2 / (4 * np.pi)
        bottom = (
            coupling * (n[0] + 1) / (emitted.photon_i[0] ** 2 + width**2) * states * problem.excitons.radiative_rate
        )
        assert emitted.rate_i[0] == pytest.approx(bottom, rel=1e-3)
    result = solve(MPI.COMM_SELF, config, material, Run())
    light, step = result.value("sidebands/spectrum"), np.diff(result.value("sidebands/photon_energy"))[0]
    total = np.interp(
        result.value("sidebands/time"),
        result.value("observables/time"),
        result.value("observables/photoluminescence_phonon")[:, 1],
    )
    assert step * light[-1].sum() == pytest.approx(total[-1], rel=1e-3)
    assert result.value("observables/mean_squared_displacement_photoluminescence_phonon")[-1] == pytest.approx(
        result.value("observables/mean_squared_displacement")[-1, 1], rel=0.02
    )
