"""Two-exciton states of several s states: the 1s case by another way, the Hartree-Fock terms as their first order, upper bounds."""

from __future__ import annotations

import numpy as np
import pytest

from hpcx.formation.excited_pairs import exchange_integrals, lowest_states, paired_states, solve_excited_pairs
from hpcx.formation.two_exciton import PairMedium, pair_grid, solve_two_excitons
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_radial import RadialGrid, solve_wannier

MEDIUM = PairMedium(0.46, 0.54, RytovaKeldysh(4.14, 2.121))


@pytest.fixture(scope="module")
def states():
    return solve_wannier(RadialGrid.uniform_with_tail(110, 3.2, 40, 30.0), 0.46 * 0.54, MEDIUM.interaction).up_to(1.45)


@pytest.fixture(scope="module")
def pairs(states):
    return {count: solve_excited_pairs(states, MEDIUM, False, count) for count in (1, 3)}


def test_the_basis_holds_the_first_two_states(states):
    basis = lowest_states(states, 3)
    assert basis.energy_s[:2] == pytest.approx(states.energy_l[:2], abs=1e-4)
    assert np.all(basis.energy_s >= states.energy_l[:3] - 1e-5)
    overlap_sl = paired_states(states, 3)
    assert np.abs(overlap_sl[0, 0]) > 0.9995 and np.abs(overlap_sl[1, 1]) > 0.999
    assert overlap_sl @ overlap_sl.T == pytest.approx(np.eye(3), abs=2e-3)
    assert np.array_equal(paired_states(states, 1)[0], np.eye(states.energy_l.size)[0])


def test_pairs_of_1s_alone_are_those_of_the_other_way(states, pairs):
    """There the Wannier equation takes the place of two attractions, and three Gaussians of six."""
    expected = solve_two_excitons(states, MEDIUM)
    assert pairs[1].binding.energy_n[0] == pytest.approx(expected.binding.energy_n[0], abs=1e-4)
    assert pairs[1].exchange_energy == pytest.approx(expected.exchange_energy, rel=0.015)
    for name in ("binding", "antibinding"):
        strength, other = (np.sum(getattr(table, name).coupling_nab ** 2) for table in (pairs[1], expected))
        assert strength == pytest.approx(other, rel=0.03)


def test_hartree_fock_terms_are_the_first_order_in_the_basis(states):
    """<D_14|23> of pairs at rest is V_1234, symmetric in 2 and 3, from the integrals in momentum space."""
    count, nodes = 3, pair_grid()[0].size
    basis = lowest_states(states, count)
    exchange = exchange_integrals(basis, MEDIUM, states.reduced_mass, 0.0)
    at_rest = np.arange(count**2) * nodes
    first = (exchange.right - exchange.repulsion)[np.ix_(at_rest, at_rest)].reshape((count,) * 4)  # (1, 4, 2, 3)
    weight_k, coulomb_kk = states.grid.weight_k, states.coulomb_kk
    phi_sk = basis.in_momentum(states.grid.k_k)
    dressed_sk = (phi_sk * weight_k) @ coulomb_kk
    triple = np.einsum("k,ak,bk,dk,ck->adbc", weight_k, phi_sk, phi_sk, phi_sk, dressed_sk)
    square_stk = phi_sk[:, None] * phi_sk * weight_k
    exchanged = np.einsum("abk,kl,cdl->adbc", square_stk, coulomb_kk, square_stk)
    expected = 2 * (triple - exchanged)
    expected = 0.5 * (expected + expected.swapaxes(2, 3))
    assert 0.5 * (first + first.swapaxes(2, 3)) == pytest.approx(expected, abs=2e-3 * np.abs(expected).max())


def test_more_states_bind_the_biexciton_more(pairs):
    assert 1e3 * pairs[3].binding.energy_n[0] == pytest.approx(-11.02, abs=0.02)
    assert pairs[3].antibinding.energy_n[0] > -1e-6  # without a singlet nothing is bound


def test_sources_are_symmetric_in_the_two_excitons(pairs):
    coupling_nab = pairs[3].antibinding.coupling_nab
    strength = np.einsum("nab,nab->ab", coupling_nab, coupling_nab)
    assert strength == pytest.approx(strength.T, rel=1e-6)
