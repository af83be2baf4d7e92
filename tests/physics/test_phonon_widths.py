"""Half widths by phonons: against the sum over momenta, another program's rates, limits and detailed balance."""

from dataclasses import replace

import numpy as np
import pytest

from hpcx.config.serving import load_for
from hpcx.physics.constants import BOLTZMANN_EV_PER_K, ELECTRON_MASS, HBAR
from hpcx.physics.phonon_widths import EMPTY, Particle, carrier, exciton, half_widths, trion
from hpcx.physics.phonons import Mode, Optical, coupling_squared, occupation
from hpcx.physics.valley_excitons import ValleyPair
from hpcx.wigner.energy_grid import energy_edges, make_grid, usual_bins
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.source import formation_rates

KT = BOLTZMANN_EV_PER_K * 77


@pytest.fixture(scope="module", params=["MoS2", "WS2"])
def excitons(request):
    return read_excitons(load_for("wigner", request.param))


def test_exciton_equals_the_rates_of_wigner(excitons):
    first, largest, _ = usual_bins(77)
    grid = make_grid(excitons, 77, energy_edges(first, 1.06, largest, 0.1), radiative=False)
    expected = HBAR * formation_rates(excitons, grid).sum() / 2
    assert sum(half_widths(excitons, KT, exciton(excitons))) == pytest.approx(expected, rel=1e-12)


def test_exciton_equals_the_sum_over_momenta(excitons):
    """pi sum_q |G|^2 n delta(E_q - E_phonon) with Gaussians for delta; their width vanishes."""
    mass = excitons.mass_v[0]
    q = np.linspace(0, 4, 400_001)[1:]
    kinetic, measure = (HBAR * q) ** 2 / (2 * mass), q * (q[1] - q[0]) / (2 * np.pi)

    def summed(potential, energy, width):
        shell = np.exp(-((kinetic - energy) ** 2) / (2 * width**2)) / (width * np.sqrt(2 * np.pi))
        coupling = coupling_squared(potential**2, energy, excitons.hbar2_per_density)
        return np.pi * np.sum(measure * coupling * occupation(energy, KT) * shell)

    acoustic = sum(
        summed(
            branch.coupling * excitons.acoustic_potential(0, q) * q,
            HBAR * branch.velocity * q,
            0.002 * mass * branch.velocity**2,
        )
        for branch in excitons.branches
    )
    optical = sum(summed(excitons.optical_potential(0, mode, q), mode.energy, 1e-4) for mode in excitons.optical)
    widths = half_widths(excitons, KT, exciton(excitons))
    assert widths.acoustic == pytest.approx(acoustic, rel=1e-3)
    assert widths.optical == pytest.approx(optical, rel=1e-3)


def test_acoustic_part_is_linear_in_temperature(excitons):
    particle = exciton(excitons)
    softness = sum(
        (branch.coupling * excitons.acoustic_potential(0, 2 * particle.mass * branch.velocity / HBAR)) ** 2
        / (excitons.mass_density * branch.velocity**2)
        for branch in excitons.branches
    )
    for temperature in (20, 300):
        kT = BOLTZMANN_EV_PER_K * temperature
        elastic = particle.mass * kT * softness / (2 * HBAR**2)
        quantum = particle.mass * excitons.branches[0].velocity ** 2 / kT  # of the phonons, over 2 kT: n x > 1 - x / 2
        assert 1 - quantum < half_widths(excitons, kT, particle).acoustic / elastic < 1


def test_without_coupling_or_heat_there_is_no_width(excitons):
    deaf = replace(excitons, electron_acoustic_v=np.zeros(3), hole_acoustic=0.0, optical=(), valley_pairs=())
    assert half_widths(deaf, KT, exciton(deaf)) == (0, 0, 0)
    assert half_widths(excitons, 0.0, exciton(excitons))[:2] == (0, 0)
    assert (half_widths(excitons, 0.0, exciton(excitons)).intervalley > 0) == (excitons.energy_v.min() < -0.03)


def test_split_phonons_are_the_lumped_ones_of_their_source():
    """The squares of the potentials of the modes of a group add up to that of Li et al., in eV/angstrom;
    energies 3 to 5 meV beside the mean absorb more than one mode there does, as n / E bends upwards.
    """
    split = read_excitons(load_for("wigner", "MoS2"))
    assert [branch.coupling for branch in split.branches] == [1.0]
    lumped, level = [], []
    for pair, known in zip(split.valley_pairs, ((1.4, 2.0), (1.5, 2.4), (4.4, 5.6), (2.0, 4.0))):
        groups = pair.modes[:2], pair.modes[2:]
        potentials = [np.sqrt(sum(mode.potential**2 for mode in group)) for group in groups]
        assert potentials == pytest.approx([10 * each for each in known], rel=1e-3)
        energies = (np.mean([mode.energy for mode in group]) for group in groups)
        lumped.append(replace(pair, modes=tuple(map(Mode, energies, potentials))))
        level.append(
            replace(pair, modes=tuple(Mode(e.energy, m.potential) for e, g in zip(lumped[-1].modes, groups) for m in g))
        )
    widths = [
        half_widths(excitons, BOLTZMANN_EV_PER_K * 300, exciton(excitons)).intervalley
        for excitons in (replace(split, valley_pairs=tuple(pairs)) for pairs in (split.valley_pairs, lumped, level))
    ]
    assert 1 < widths[0] / widths[1] < 1.08
    assert widths[2] == pytest.approx(widths[1], rel=1e-12)


def test_emission_and_absorption_balance(excitons):
    """From KK at rest into KK' at rest and back: per state of the other valley the ratio is exp(phonon energy / kT)."""
    mode = Mode(0.02, 10.0)

    def rate(first, fall):
        order = [*first, 2]
        masses, states = excitons.electron_mass_v[order], tuple(excitons.state_v[v] for v in order)
        energies, pair = np.array([fall, 0.0, 1.0]), ValleyPair(0, 1, (1, 1), (mode,))
        there = replace(excitons, energy_v=energies, electron_mass_v=masses, state_v=states, valley_pairs=(pair,))
        return half_widths(there, KT, exciton(there)).intervalley / there.mass_v[1]

    emission = rate((0, 1), mode.energy) - rate((0, 1), mode.energy - 1e-9)  # the latter has too little energy to emit
    assert emission / rate((1, 0), -mode.energy) == pytest.approx(np.exp(mode.energy / KT), rel=1e-6)


def test_phonons_that_shift_both_states_alike_do_not_dephase(excitons):
    particle = exciton(excitons)
    assert half_widths(excitons, KT, particle, particle).acoustic == 0
    assert half_widths(excitons, KT, particle, EMPTY) == half_widths(excitons, KT, particle)


@pytest.mark.parametrize("is_electron", [True, False])
def test_tight_trion_follows_the_elastic_formula(excitons, is_electron):
    """(D - D') (M D - M' D') kT / (2 hbar^2 rho c^2): three carriers in one point, less the one that was there."""
    kT, resident = BOLTZMANN_EV_PER_K * 600, carrier(0.5, is_electron)
    bound = trion(excitons, resident, 1e4)
    electron, hole = excitons.electron_acoustic_v[0], excitons.hole_acoustic
    own, whole = (electron, 2 * electron + hole) if is_electron else (hole, electron + 2 * hole)
    stiffness = sum(branch.coupling**2 / (excitons.mass_density * branch.velocity**2) for branch in excitons.branches)
    mass = excitons.mass_v[0] + 0.5 * ELECTRON_MASS
    expected = (whole - own) * (mass * whole - 0.5 * ELECTRON_MASS * own) * kT * stiffness / (2 * HBAR**2)
    assert half_widths(excitons, kT, bound, resident).acoustic == pytest.approx(expected, rel=0.02)


def test_a_cloud_far_away_scatters_no_optical_phonons(excitons):
    resident = carrier(0.5, True)
    loose, mode = trion(excitons, resident, 1e-9), Optical(0.04, 1.0, 1.0)
    assert abs(loose.optical(mode, np.array(1.0))) < 1e-6
    near = trion(excitons, resident, 1e4)
    assert near.optical(mode, np.array(1e-9)) == pytest.approx(3)


def test_form_factor_of_the_cloud(excitons):
    """Mean of exp(i q (r_2 - R)) over exp(-2 kappa r), r_2 - R being the exciton's share of the distance r."""
    resident = carrier(0.5, True)
    silent = replace(excitons, electron_acoustic_v=np.zeros(3), hole_acoustic=1.0)
    binding, q = 0.03, np.array(0.8)
    bound = trion(silent, resident, binding)
    kappa = np.sqrt(2 * binding * silent.mass_v[0] * resident.mass / bound.mass) / HBAR
    r, angle = np.linspace(0, 40, 4001), (np.arange(200) + 0.5) * np.pi / 200
    weight = r * np.exp(-2 * kappa * r)
    wave = np.cos(q * silent.mass_v[0] / bound.mass * r[:, None] * np.cos(angle)).mean(axis=1)
    inner = exciton(silent).form_factors(q)[0] * bound.spectators(q)
    assert bound.form_factors(q)[0] - inner == pytest.approx(weight @ wave / weight.sum(), rel=1e-4)
    assert isinstance(bound, Particle)
