"""Two-exciton states of all partial waves: pairs of 1s by another way,
the Hartree-Fock terms as their first order, the molecule of hydrogen atoms.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpcx.formation.excited_pairs import (
    FAR,
    Particles,
    configuration,
    elements,
    exchanged,
    paired_states,
    solve_excited_pairs,
)
from hpcx.formation.two_exciton import PairMedium, solve_two_excitons
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_gaussian import lowest_states
from hpcx.physics.wannier_radial import RadialGrid, solve_wannier

GRID = (110, 3.2, 40, 30.0)
MEDIUM = PairMedium(0.46, 0.54, RytovaKeldysh(4.14, 2.121))


@pytest.fixture(scope="module")
def states():
    return solve_wannier(RadialGrid.uniform_with_tail(*GRID), 0.46 * 0.54, MEDIUM.interaction).up_to(1.45)


@pytest.fixture(scope="module")
def pairs(states):
    return solve_excited_pairs(states, MEDIUM, False, 3)


def test_the_basis_holds_the_first_two_states(states):
    basis = lowest_states(states, 3)
    assert basis.energy_s[:2] == pytest.approx(states.energy_l[:2], abs=1e-4)
    assert np.all(basis.energy_s >= states.energy_l[:3] - 1e-5)
    overlap_sl = paired_states(states, 3)
    assert np.abs(overlap_sl[0, 0]) > 0.9995 and np.abs(overlap_sl[1, 1]) > 0.999
    assert overlap_sl @ overlap_sl.T == pytest.approx(np.eye(3), abs=2e-3)
    assert np.array_equal(paired_states(states, 1)[0], np.eye(states.energy_l.size)[0])


def test_hartree_fock_terms_are_the_first_order_in_the_basis(states):
    """<D_14|23> of pairs at rest is V_1234, symmetric in 2 and 3, from the integrals in momentum space."""
    basis = lowest_states(states, 3)
    first = -exchanged(basis, Particles.of(MEDIUM))  # (1, 4, 2, 3)
    weight_k, coulomb_kk = states.grid.weight_k, states.coulomb_kk
    phi_sk = basis.in_momentum(states.grid.k_k)
    dressed_sk = (phi_sk * weight_k) @ coulomb_kk
    triple = np.einsum("k,ak,bk,dk,ck->adbc", weight_k, phi_sk, phi_sk, phi_sk, dressed_sk)
    square_stk = phi_sk[:, None] * phi_sk * weight_k
    exchange = np.einsum("abk,kl,cdl->adbc", square_stk, coulomb_kk, square_stk)
    expected = 2 * (triple - exchange)
    assert 0.5 * (first + first.swapaxes(2, 3)) == pytest.approx(
        0.5 * (expected + expected.swapaxes(2, 3)), abs=2e-3 * np.abs(expected).max()
    )


def test_pairs_of_1s_alone_are_those_of_the_other_way(states):
    """Products of two 1s states and a Gaussian of their distance: the integrals of the whole basis, contracted."""
    basis, particles = lowest_states(states, 1), Particles.of(MEDIUM)
    width, amplitude = 1 / (2 * basis.exponent_g), basis.coefficient_sg[0] / basis.exponent_g
    functions = np.array([np.diag([one, two, far**-2]) for far in FAR for one in width for two in width])
    contract = lambda values: np.einsum(
        "s,...fs->...f", np.outer(amplitude, amplitude).ravel(), values.reshape(*values.shape[:-1], len(FAR), -1)
    )
    parts = [
        (contract(contract(overlap).T), contract(contract(energy).T), contract(source))
        for overlap, energy, source in elements(functions, basis, particles)
    ]
    expected = solve_two_excitons(states, MEDIUM)
    binding, antibinding = (configuration(parts, sign, 2 * basis.energy_s[0]) for sign in (1, -1))
    assert binding.energy_n[0] == pytest.approx(
        expected.binding.energy_n[0], rel=0.02
    )  # -9.19 and, with momenta up to 8/nm, -9.04 meV
    for found, other in ((binding, expected.binding), (antibinding, expected.antibinding)):
        assert np.sum(found.coupling_nab**2) == pytest.approx(np.sum(other.coupling_nab**2), rel=0.03)


def test_molecule_of_two_excitons_in_two_dimensions():
    """Without screening two excitons of equal masses are bound by 0.193 of one
    (Usukura, Suzuki, Varga, PRB 59, 5652 (1999)).
    """
    medium = PairMedium(0.4, 0.4, RytovaKeldysh(0.0, 8.0))
    alone = solve_wannier(RadialGrid.uniform_with_tail(*GRID), 0.2, medium.interaction).up_to(1.45)
    found = solve_excited_pairs(alone, medium, False, 1)
    # both excitons in the molecule lack the cusp as they do alone
    lacking = 2 * (lowest_states(alone, 1).energy_s[0] - alone.energy_l[0])
    assert (found.binding.energy_n[0] - lacking) / alone.energy_l[0] == pytest.approx(0.193, abs=0.006)
    assert found.antibinding.energy_n[0] > 0


def test_more_functions_bind_the_biexciton_more(states, pairs, monkeypatch):
    """9 meV are those of pairs of 1s, 14 of s states up to 4s: p and d states of the excitons matter as much."""
    monkeypatch.setattr("hpcx.formation.excited_pairs.CORRELATED", 60)
    fewer = solve_excited_pairs(states, MEDIUM, False, 1)
    assert pairs.binding.energy_n[0] < fewer.binding.energy_n[0] < -0.0165
    assert 1e3 * pairs.binding.energy_n[0] == pytest.approx(-19.5, abs=0.15)
    assert pairs.antibinding.energy_n[0] > -1e-6  # without a singlet nothing is bound
    assert pairs.exchange_energy == pytest.approx(solve_two_excitons(states, MEDIUM).exchange_energy, rel=0.015)


def test_sources_are_symmetric_in_the_two_excitons(pairs):
    coupling_nab = pairs.antibinding.coupling_nab
    strength = np.einsum("nab,nab->ab", coupling_nab, coupling_nab)
    assert strength == pytest.approx(strength.T, rel=1e-6)
