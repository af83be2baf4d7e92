"""Scattering rates of the Wigner model: what holds on any grid, and closed forms of the golden rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.materials.sets import load_numbers
from hpcx.physics.constants import BOLTZMANN_EV_PER_K, ELECTRON_MASS, HBAR
from hpcx.physics.phonons import Branch, Mode, Optical, occupation
from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.energy_grid import energy_edges, make_grid, usual_bins
from hpcx.wigner.observables import relaxation_times, stationary_diffusivity
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.processes import Acoustic, Dispersionless, emission_processes
from hpcx.wigner.rates import Rates, assemble_rates
from hpcx.wigner.source import formation_rates


@pytest.fixture(scope="module")
def excitons() -> Excitons:
    return read_excitons(load_for("wigner", "WS2"))


def default_edges(temperature: float) -> np.ndarray:
    first, largest, maximum = usual_bins(temperature)
    return energy_edges(first, 1.06, largest, maximum)


def rates_at(excitons: Excitons, temperature: float, harmonics: int = 1, processes=None) -> Rates:
    grid = make_grid(excitons, temperature, default_edges(temperature), radiative=False)
    return assemble_rates(MPI.COMM_SELF, excitons, grid, harmonics, processes or emission_processes(excitons))


@pytest.mark.validate
@pytest.mark.parametrize("temperature", [4, 10])
def test_largest_bins_of_cold_grids_do_not_matter(excitons, temperature):
    """885 and 368 bins, of kT/4 at most, in place of 304 and 217 give the same diffusivity."""
    kT = BOLTZMANN_EV_PER_K * temperature
    found = []
    for edges in (default_edges(temperature), energy_edges(min(3e-5, 0.05 * kT), 1.06, kT / 4, 0.075)):
        grid = make_grid(excitons, temperature, edges, False)
        rates = assemble_rates(MPI.COMM_SELF, excitons, grid, 1, emission_processes(excitons))
        found.append(stationary_diffusivity(rates, (0, 1, 2), True))
    assert found[0] == pytest.approx(found[1], rel=2e-5)


def check_invariants(rates: Rates) -> None:
    weight_i = rates.grid.weight_i
    for intervalley in (True, False):
        collision_ij = rates.collision(0, intervalley)
        size = np.abs(collision_ij)
        assert np.max(np.abs(collision_ij.sum(axis=0)) / size.sum(axis=0)) < 1e-14
        assert np.max(np.abs(collision_ij @ weight_i) / (size @ weight_i)) < 1e-14
        off_diagonal = collision_ij - np.diag(np.diag(collision_ij))
        assert off_diagonal.min() >= 0
        root = np.sqrt(weight_i)
        symmetric_ij = collision_ij * root / root[:, None]
        assert np.max(np.abs(symmetric_ij - symmetric_ij.T)) < 1e-14 * np.max(np.abs(symmetric_ij))
        top = np.linalg.eigvalsh(0.5 * (symmetric_ij + symmetric_ij.T))[-1]
        assert top < 1e-12 * np.max(np.abs(symmetric_ij))
    for harmonic in range(1, rates.harmonics + 1):
        flux_ij = rates.intravalley_mij[harmonic] + rates.intervalley_mij[harmonic]
        zeroth_ij = rates.intravalley_mij[0] + rates.intervalley_mij[0]
        assert np.all(np.abs(flux_ij) <= zeroth_ij * (1 + 1e-14))


def test_a_valley_far_above_leaves_the_others_as_they_are_and_all_rates_finite(excitons):
    """500 kT above, its weights would not be numbers; 90 kT above they are, and either way nobody is there."""
    kT = BOLTZMANN_EV_PER_K * 5
    edges = energy_edges(0.2 * kT, 1.2, 2 * kT, 0.15)
    found = []
    for distance in (90, 500):
        far = replace(excitons, energy_v=np.array([0.0, 0.0, distance * kT]))
        rates = assemble_rates(
            MPI.COMM_SELF, far, make_grid(far, 5, edges, radiative=False), 1, emission_processes(far)
        )
        assert all(np.isfinite(rates.collision(m)).all() for m in (0, 1)) and (rates.grid.weight_i > 0).all()
        found.append(stationary_diffusivity(rates, (0, 1, 2), True))
        check_invariants(rates)
    assert found[1] == pytest.approx(found[0], rel=1e-9)


@pytest.mark.parametrize("temperature, bins", [(300, 139), (77, 98), (20, 205), (4, 304)])
def test_default_grids_and_invariants(excitons, temperature, bins):
    rates = rates_at(excitons, temperature, harmonics=3)
    assert rates.grid.bins == bins
    check_invariants(rates)


@settings(max_examples=12)
@given(
    temperature=st.floats(8, 600),
    first=st.floats(1e-5, 2e-3),
    growth=st.floats(1.0, 1.5),
    largest=st.floats(1e-3, 0.012),
    maximum=st.floats(0.02, 0.12),
)
def test_invariants_on_any_grid(temperature, first, growth, largest, maximum):
    excitons = read_excitons(load_for("wigner", "WS2"))
    edges = energy_edges(max(first, maximum / 300), growth, largest, maximum)
    grid = make_grid(excitons, temperature, edges, radiative=True)
    check_invariants(assemble_rates(MPI.COMM_SELF, excitons, grid, 2, emission_processes(excitons)))


@pytest.mark.parametrize(
    "temperature, fractions",
    [(300, (0.0402, 0.337, 0.623)), (77, (3.17e-4, 0.850, 0.150)), (20, (9.22e-14, 1.0, 2.13e-5))],
)
def test_equilibrium_populations(excitons, temperature, fractions):
    grid = make_grid(excitons, temperature, default_edges(temperature), radiative=False)
    share = grid.sum_v(grid.weight_i) / grid.weight_i.sum()
    assert share == pytest.approx(fractions, rel=3e-3)


@pytest.mark.parametrize(
    "temperature, times",
    [(300, (84.0, 65.9, 43.1)), (77, (178.1, 147.9, 109.2)), (20, (532, 460, 353))],
)
def test_relaxation_times(excitons, temperature, times):
    assert relaxation_times(rates_at(excitons, temperature), excitons) == pytest.approx(times, rel=2e-3)


@pytest.mark.parametrize(
    "temperature, rates", [(300, (32.76, 1.632, 5.356)), (77, (8.151, 0.897, 2.076)), (20, (2.08, 0.857, 1.82))]
)
def test_formation_rates(excitons, temperature, rates):
    grid = make_grid(excitons, temperature, default_edges(temperature), radiative=False)
    assert 1e3 * grid.sum_v(formation_rates(excitons, grid)) == pytest.approx(rates, rel=2e-3)


def shrunk(excitons: Excitons) -> Excitons:
    """Return excitons 1e-9 as large, whose form factors do not depend on momenta."""
    return replace(excitons, state_v=tuple(replace(state, radius=1e-9 * state.radius) for state in excitons.state_v))


@pytest.mark.parametrize("temperature, tolerance", [(300, 5e-3), (3000, 1e-3)])
def test_quasielastic_acoustic_limit(excitons, temperature, tolerance):
    """One branch without form factors: tau = hbar^3 rho c^2 / (M kT D^2)."""
    point = replace(shrunk(excitons), electron_acoustic_v=np.full(3, 4.9), hole_acoustic=0.0)
    processes = [Acoustic(valley, Branch(4.3e-3, 1.0)) for valley in range(3)]
    times = relaxation_times(rates_at(point, temperature, processes=processes), point)
    kT = BOLTZMANN_EV_PER_K * temperature
    closed = HBAR**3 * excitons.mass_density * 4.3e-3**2 / (excitons.mass_v * kT * 4.9**2)
    assert times == pytest.approx(closed, rel=tolerance)


def test_dispersionless_intervalley_limit(excitons):
    """Out-rate of KK at 60 meV by one mode of 20 meV: emission and absorption with the densities of states of KK'."""
    tiny = shrunk(excitons)
    mode = Mode(0.02, 10.0)
    processes = []
    for source, final in ((0, 1), (1, 0)):

        def potential(q, source=source, final=final):
            """Return the deformation potential between the two valleys."""
            return mode.potential * tiny.intervalley_overlap(source, final, q)

        processes.append(Dispersionless(source, final, 1, mode.energy, potential, True))
    rates = rates_at(tiny, 300.0, processes=processes)
    bin_ = np.searchsorted(rates.grid.edges, 0.06) - 1
    factor = float(excitons.state_v[0].form_factor(excitons.state_v[1], 0.0)) ** 2 * mode.potential**2
    frequency = mode.energy / HBAR
    quanta = float(occupation(mode.energy, rates.grid.kT))
    closed = excitons.mass_v[1] * factor * (2 * quanta + 1) / (2 * excitons.mass_density * HBAR**2 * frequency)
    assert closed == pytest.approx(1.43341e-3, rel=1e-4)
    assert rates.out_rate()[bin_] == pytest.approx(closed, rel=1e-10)


def golden_rule_acoustic(excitons: Excitons, energy: float, kT: float) -> tuple[float, float]:
    """Out-rate and momentum-relaxation rate of KK by plain summation over final
    momenta with a narrow Gaussian for the delta.
    """
    mass = excitons.mass_v[0]
    before = np.sqrt(2 * mass * energy) / HBAR
    k = np.linspace(0.0, 2 * before, 3001)[1:]
    theta = (np.arange(600) + 0.5) * np.pi / 600
    kx, ky = k[:, None] * np.cos(theta), k[:, None] * np.sin(theta)
    q = np.hypot(kx - before, ky)
    out = momentum = 0.0
    state = excitons.state_v[0]
    for branch in excitons.branches:
        beta, alpha = ELECTRON_MASS * excitons.hole_mass / mass, ELECTRON_MASS * excitons.electron_mass_v[0] / mass
        potential = excitons.electron_acoustic_v[0] * state.form_factor(state, beta * q)
        potential = branch.coupling * (potential + excitons.hole_acoustic * state.form_factor(state, alpha * q))
        phonon = HBAR * branch.velocity * q
        coupling = HBAR * potential**2 * q / (2 * excitons.mass_density * branch.velocity)
        for sign, quanta in ((1, occupation(phonon, kT)), (-1, occupation(phonon, kT) + 1)):
            miss = (HBAR * k[:, None]) ** 2 / (2 * mass) - energy - sign * phonon
            delta = np.exp(-0.5 * (miss / 5e-5) ** 2) / (5e-5 * np.sqrt(2 * np.pi))
            area = k[:, None] * (k[1] - k[0]) * 2 * np.pi / 600 / (2 * np.pi) ** 2
            rate = 2 * np.pi / HBAR * coupling * quanta * delta * area
            out += rate.sum()
            momentum += (rate * (1 - kx / before)).sum()
    return out, momentum


def test_acoustic_rates_against_summation_over_momenta(excitons, monkeypatch):
    monkeypatch.setattr("hpcx.wigner.processes.GAUSS_POINTS", 12)
    monkeypatch.setattr("hpcx.wigner.processes.ACOUSTIC_ANGLES", 400)
    processes = [process for process in emission_processes(excitons) if isinstance(process, Acoustic)]
    edges = energy_edges(2.5e-4, 1.0, 2.5e-4, 0.06)
    grid = make_grid(excitons, 300.0, edges, radiative=False)
    rates = assemble_rates(MPI.COMM_SELF, excitons, grid, 1, processes)
    bin_ = np.searchsorted(rates.grid.edges, 0.01991) - 1
    energy = 0.5 * (rates.grid.edges[bin_] + rates.grid.edges[bin_ + 1])
    out, momentum = golden_rule_acoustic(excitons, energy, rates.grid.kT)
    assert rates.out_rate()[bin_] == pytest.approx(out, rel=5e-3)
    velocity_i = rates.grid.velocity_i
    assert -(velocity_i @ rates.collision(1))[bin_] / velocity_i[bin_] == pytest.approx(momentum, rel=5e-3)


def test_numerical_states(excitons):
    """Solved states are bound a little deeper and are sharper at the origin:
    stronger scattering at large momentum transfer.
    """
    numerical = read_excitons(load_for("wigner", "WS2"), wannier="numerical")
    exact, variational = (
        np.array([state.binding_energy for state in found.state_v]) for found in (numerical, excitons)
    )
    assert np.all(exact > variational)
    assert exact == pytest.approx(variational, rel=0.03)
    assert [state.form_factor(state, 0.0) for state in numerical.state_v] == pytest.approx([1.0] * 3, rel=1e-9)
    overlaps = [found.state_v[0].form_factor(found.state_v[2], 0.0) for found in (numerical, excitons)]
    assert overlaps[0] == pytest.approx(overlaps[1], rel=0.01)
    rates = rates_at(numerical, 300.0)
    check_invariants(rates)
    assert np.all(relaxation_times(rates, numerical) < relaxation_times(rates_at(excitons, 300.0), excitons))
    assert relaxation_times(rates, numerical) == pytest.approx([74.1, 58.0, 38.5], rel=2e-3)
    assert stationary_diffusivity(rates, range(3), True) / 0.1 == pytest.approx(0.876, rel=2e-3)


def test_optical_branches_of_one_energy_are_a_lumped_one(excitons):
    """Squares of the potentials add up;
    a set of the material has three branches with energies of their own, another one A1 alone.
    """
    [lumped] = excitons.optical
    third = Optical(lumped.energy, lumped.electron / np.sqrt(3), lumped.hole / np.sqrt(3))
    one, three = (rates_at(replace(excitons, optical=optical), 300.0) for optical in ((lumped,), (third,) * 3))
    assert three.intravalley_mij == pytest.approx(one.intravalley_mij, rel=1e-12, abs=1e-300)
    branches = [
        read_excitons(load_numbers("WS2", "wigner", name, "none")).optical for name in ("optical-branches", "a1-branch")
    ]
    assert [[1e3 * mode.energy for mode in optical] for optical in branches] == [
        pytest.approx([44.1, 44.1, 51.8]),
        pytest.approx([51.8]),
    ]
    assert all(mode.electron == lumped.electron for optical in branches for mode in optical)
