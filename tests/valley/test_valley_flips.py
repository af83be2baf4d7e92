"""Spin flips that dephase, Rashba mixing, and Dexter transfer that conserves energy:
their limits and what they conserve.
"""

import numpy as np
import pytest

from hpcx.physics.constants import HBAR
from hpcx.valley.blocks import generator, out_rate
from hpcx.valley.dynamics import formation_matrix
from hpcx.valley.mechanisms import dexter_dark, exchange, rashba
from hpcx.valley.polarization import build_polarization
from hpcx.valley.rates import build_rates
from hpcx.valley.transfer_kernel import contact_pairs

SMALL = {"momentum": {"points": 24, "angles": 12}}
FLIPS = {"mechanisms": {"set": "full + spin_flip"}, **SMALL}
ACTIVATED = {"law": "activated", "rate": "50 1/ps", "activation": "0 meV"}


def thermal(problem):
    energy = problem.energies()
    return problem.weights() * np.exp(-(energy - energy.min()) / problem.thermal_energy)


def rates_of(setup, shared=None, **keys):
    config, problem = setup(**keys)
    return config, problem, build_rates(problem, config, {} if shared is None else shared)


def test_flips_that_do_not_act_do_not_dephase(setup):
    """With a rate of zero every matrix is that of the model without dephasing by flips."""
    off, on = (
        rates_of(setup, **FLIPS, spin_flip={**ACTIVATED, "rate": 0, "dephases": dephases})[2]
        for dephases in (False, True)
    )
    for name, matrix in off.matrices.items():
        assert (matrix != on.matrices[name]).nnz == 0, name
    assert (off.phonons() != on.phonons()).nnz == 0


def test_flips_dephase_polarisations_and_the_coherence_of_the_exchange(setup):
    results = [rates_of(setup, **FLIPS, spin_flip={**ACTIVATED, "dephases": dephases}) for dephases in (False, True)]
    (config, problem, off), (_, _, on) = results
    slow, fast = (build_polarization(problem, config, out_rate(rates.phonons())) for rates in (off, on))
    flips = out_rate(off.matrices["spin_flip"])
    at_rest = [problem.cells_of(index).start for index in slow.bright]
    lost = 2 * (slow.eigenvalue_m - fast.eigenvalue_m).real.sum()  # the trace of their matrix
    assert lost == pytest.approx(flips[at_rest].sum(), rel=1e-9)
    assert np.all(flips[at_rest] > 0.04)  # 50 /ps down or level, 1/fs
    # the exchange is on resonance, r = 2 V^2 / hbar g: its width grows by (hbar / 2)(sum of both flip rates)
    pair, cell = exchange.pairs(problem)[0], 5
    first, second = (problem.cells_of(index).start + cell for index in (pair.first, pair.second))
    width = [2 * pair.element_i[cell] ** 2 / HBAR / rates.matrices["exchange"][second, first] for rates in (off, on)]
    assert width[1] - width[0] == pytest.approx(0.5 * HBAR * (flips[first] + flips[second]), rel=1e-9)


def test_what_flips_take_from_polarisations_becomes_population(setup):
    config, problem, rates = rates_of(setup, **FLIPS, spin_flip={**ACTIVATED, "dephases": True})
    polarization = build_polarization(problem, config, out_rate(rates.phonons()))
    formed_nj = formation_matrix(problem, polarization, rates.phonons())
    at_rest = [problem.cells_of(index).start for index in polarization.bright]
    assert formed_nj.sum(axis=0) == pytest.approx(out_rate(rates.phonons())[at_rest], rel=1e-13)


def test_rashba_mixing_conserves_holes_and_valleys_and_leads_to_equilibrium(setup):
    config, problem, rates = rates_of(setup, **FLIPS, spin_flip={"law": "rashba", "rashba": "0.2 eV*angstrom"})
    w = rates.matrices["spin_flip"].tocoo()
    cells = problem.grid.cells
    for final, initial in set(zip(w.row // cells, w.col // cells)):
        a, b = problem.species[initial], problem.species[final]
        assert a.hole == b.hole and a.electron.valley == b.electron.valley and a.electron.spin == -b.electron.spin
    g, equilibrium = generator(rates.matrices["spin_flip"]), thermal(problem)
    assert np.abs(g @ equilibrium).max() < 1e-13 * (np.abs(g) @ equilibrium).max()
    image = np.arange(problem.size).reshape(len(problem.species), -1)[problem.mirror].ravel()
    assert np.abs(w.toarray()[np.ix_(image, image)] - w.toarray()).max() <= 1e-12 * w.data.max()


def test_rashba_mixing_is_linear_in_the_momentum_and_vanishes_with_its_strength(setup):
    config, problem, weak = rates_of(setup, **FLIPS, spin_flip={"law": "rashba", "rashba": "0.1 eV*angstrom"})
    pairs = rashba.pairs(problem, 0.01)
    assert len(pairs) == 8  # four holes, two valleys of the electron
    slope = pairs[0].element_i / problem.grid.momentum
    assert slope == pytest.approx(slope[0], rel=1e-12)
    masses = [problem.species[index] for index in (pairs[0].first, pairs[0].second)]
    share = np.mean([species.electron_mass / species.mass for species in masses])
    assert slope[0] == pytest.approx(0.01 * share, rel=0.02)  # the 1s states of both masses overlap almost fully
    strong = rates_of(setup, **FLIPS, spin_flip={"law": "rashba", "rashba": "0.2 eV*angstrom"})[2]
    assert strong.matrices["spin_flip"].sum() == pytest.approx(4 * weak.matrices["spin_flip"].sum(), rel=1e-9)
    none = rates_of(setup, **FLIPS, spin_flip={"law": "rashba", "rashba": 0})[2]
    assert none.matrices["spin_flip"].nnz == 0


def test_assisted_dexter_transfer_conserves_energy_and_spin(setup):
    config, problem, rates = rates_of(setup, temperature=300, mechanisms={"set": "full + phonon_assisted"}, **SMALL)
    equilibrium = thermal(problem)
    spin = np.repeat([species.spin for species in problem.species], problem.grid.cells)
    for name in ("dexter_dark", "dexter_intravalley"):
        w = rates.matrices[name].tocoo()
        assert w.nnz and np.all(spin[w.row] == spin[w.col])
        g = generator(rates.matrices[name])
        assert np.abs(g @ equilibrium).max() < 1e-13 * (np.abs(g) @ equilibrium).max()
    # the upper species of a dark pair is never occupied: nothing ends there but from where its hole scatters to
    pair = contact_pairs(problem, 0.15, dexter_dark.VALLEYS)[0]
    edge = [species.edge for species in problem.species]
    upper = max((pair.first, pair.second), key=lambda index: edge[index])
    assert rates.matrices["dexter_dark"][problem.cells_of(upper)].nnz == 0


def test_assisted_dexter_transfer_is_the_share_of_the_upper_exciton_and_weak(setup):
    """Rates grow as V^2, and between the same states electrons scatter a hundred times faster by themselves."""
    keys = {"temperature": 300, "mechanisms": {"set": "full + phonon_assisted"}, **SMALL}
    (_, problem, once), (_, _, twice) = (
        rates_of(setup, dexter={"constant": constant}, **keys) for constant in (15, 30)
    )
    assert twice.matrices["dexter_dark"].sum() == pytest.approx(4 * once.matrices["dexter_dark"].sum(), rel=1e-9)
    dark, electron = once.matrices["dexter_dark"], once.matrices["phonon_electron"]
    equilibrium = thermal(problem)
    labels = [species.label for species in problem.species]
    lower, bright = (problem.cells_of(labels.index(name)) for name in ("K up - K' up", "K up - K up"))
    flow = [float((w[bright, lower] @ equilibrium[lower]).sum()) for w in (dark, electron)]
    assert 0 < flow[0] < 1e-2 * flow[1]
