"""Rate matrices: what each mechanism conserves, by construction."""

import numpy as np
import pytest

from hpcx.petsc.slow_modes import slowest_modes
from hpcx.physics.constants import HBAR, HBAR2_PER_M0
from hpcx.valley.blocks import generator, out_rate
from hpcx.valley.mechanisms import exchange
from hpcx.valley.modes import parity_projector
from hpcx.valley.phonon_kernel import grouped_emission
from hpcx.valley.rates import FLIPS, PHONONS, build_rates
from hpcx.valley.transfer_kernel import coherence_width, transfer_rate

EVERYTHING = {"mechanisms": {"set": "full + spin_flip"}}

#: mechanisms that conserve the spin exactly
SPIN_CONSERVING = (*PHONONS, "dexter_intravalley", "dexter_dark")


def boltzmann(problem):
    """Return the normalised thermal populations w exp(-E / kT), flattened."""
    energy = problem.energies()
    population = problem.weights() * np.exp(-(energy - energy.min()) / problem.thermal_energy)
    return population / population.sum()


@pytest.fixture(scope="module")
def everything(setup):
    config, problem = setup(**EVERYTHING)
    return config, problem, build_rates(problem, config, {})


def matrices(everything):
    return {name: w for name, w in everything[2].matrices.items() if w.nnz}


def test_every_mechanism_has_its_matrix(everything):
    assert set(matrices(everything)) == {*PHONONS, *FLIPS, "exchange", "dexter_intravalley", "dexter_dark"}
    assert all(w.data.min() > 0 for w in matrices(everything).values())


def test_columns_add_up_to_nothing(everything):
    for name, w in [*matrices(everything).items(), ("total", everything[2].total())]:
        g = generator(w)
        assert np.abs(g.sum(axis=0)).max() < 1e-14 * np.abs(g.data).max(), name


def test_detailed_balance_of_every_phonon_block(everything):
    problem = everything[1]
    log_thermal = np.log(problem.weights()) - problem.energies() / problem.thermal_energy
    for name in (*PHONONS, *FLIPS):
        w = matrices(everything)[name].tocoo()
        back = matrices(everything)[name][w.col, w.row]
        ratio = np.log(w.data) + log_thermal[w.col] - np.log(np.asarray(back).ravel()) - log_thermal[w.row]
        assert np.abs(ratio).max() < 1e-12, name
        g, thermal = generator(matrices(everything)[name]), boltzmann(problem)
        assert np.abs(g @ thermal).max() < 1e-13 * (np.abs(g) @ thermal).max(), name


def test_mirror_symmetry_is_exact(everything):
    problem = everything[1]
    image = np.arange(problem.size).reshape(len(problem.species), -1)[problem.mirror].ravel()
    for name, w in matrices(everything).items():
        dense = w.toarray()
        assert np.abs(dense[np.ix_(image, image)] - dense).max() <= 1e-12 * dense.max(), name


def test_spin_is_conserved_by_all_but_exchange_and_flips(everything):
    problem = everything[1]
    spin = np.repeat([species.spin for species in problem.species], problem.grid.cells)
    for name, w in matrices(everything).items():
        entries = w.tocoo()
        changed = np.abs(spin[entries.row] - spin[entries.col])
        assert changed.max() == {"exchange": 2.0, "spin_flip": 1.0}.get(name, 0.0), name
    assert set(SPIN_CONSERVING) == set(matrices(everything)) - {"exchange", "spin_flip"}


@pytest.mark.parametrize(
    ("mechanisms", "zeros"), [("phonons", 2), ("full", 1), ("full - exchange", 2), ("full + detailed_balance", 1)]
)
def test_zero_modes(setup, mechanisms, zeros):
    config, problem = setup(momentum={"points": 40}, mechanisms={"set": mechanisms})
    g = build_rates(problem, config, {}).generator()
    eigenvalue = np.linalg.eigvals(g.toarray())
    scale = np.abs(g.data).max()
    assert np.sum(np.abs(eigenvalue) < 1e-14 * scale * len(eigenvalue)) == zeros
    assert eigenvalue.real.max() < 1e-14 * scale * len(eigenvalue)


def test_detailed_balance_kernel_relaxes_to_boltzmann(setup):
    config, problem = setup(momentum={"points": 40}, mechanisms={"set": "full + detailed_balance"})
    g = build_rates(problem, config, {}).generator()
    thermal = boltzmann(problem)
    assert np.abs(g @ thermal).max() < 1e-13 * (np.abs(g) @ thermal).max()
    config, problem = setup(momentum={"points": 40})
    assert (
        np.abs(build_rates(problem, config, {}).generator() @ thermal).max()
        > 1e-6 * np.abs(g.diagonal() * thermal).max()
    )


def test_parity_splits_the_generator_exactly(everything):
    problem, g = everything[1], everything[2].generator()
    even, odd = (parity_projector(problem, sign) for sign in (1.0, -1.0))
    assert np.abs((even @ g @ odd.T).toarray()).max() < 1e-14 * np.abs(g.data).max()
    assert np.abs((even @ even.T).toarray() - np.eye(problem.size // 2)).max() < 1e-14


def test_exchange_is_linear_in_momentum_and_as_strong_as_derived(everything):
    config, problem, rates = everything
    pair = exchange.pairs(problem)[0]
    assert pair.element_i / problem.grid.momentum == pytest.approx(0.026, rel=0.02)  # eV nm
    out = out_rate(rates.phonons())
    width = coherence_width(problem, config, pair, out)
    assert transfer_rate(problem, config, pair, out) == pytest.approx(2 * pair.element_i**2 / (HBAR * width))
    assert len(exchange.pairs(problem)) == 2


def test_emission_of_a_dispersionless_phonon_far_above_threshold(setup):
    """With form factor one the emitted rate is 2 pi / hbar DOS |g|^2 (n + 1), whatever the cells are."""
    problem = setup()[1]
    p = problem.parameters
    initial = next(i for i, s in enumerate(problem.species) if s.label == "K' up - K' up")
    final = next(i for i, s in enumerate(problem.species) if s.label == "K up - K' up")
    closure = np.ones((problem.grid.cells, problem.grid.cells, 1))
    rate = grouped_emission(problem, initial, final, p.zone_edge["h:K-K'"], closure)[:, 0].sum()
    states = problem.species[final].mass / (2 * np.pi * HBAR2_PER_M0)
    expected = 0.0
    for group in p.zone_edge["h:K-K'"]:
        strength = group.potential**2 * HBAR**2 / p.mass_density / (2 * group.energy)
        expected += 2 * np.pi / HBAR * states * strength / (1 - np.exp(-group.energy / problem.thermal_energy))
    assert rate == pytest.approx(expected, rel=1e-6)


def test_phonon_matrices_are_built_once_for_all_sets(setup, monkeypatch):
    built = []
    for name, module in PHONONS.items():
        real = module.matrix
        monkeypatch.setattr(module, "matrix", lambda *a, name=name, real=real: built.append(name) or real(*a))
    shared = {}
    for mechanisms in ("full", "phonons", "phonons + exchange", "full - phonon_hole", "full + detailed_balance"):
        config, problem = setup(momentum={"points": 12}, mechanisms={"set": mechanisms})
        build_rates(problem, config, shared)
    assert sorted(built) == sorted(PHONONS)
    config, problem = setup(momentum={"points": 12}, temperature=300)
    build_rates(problem, config, shared)
    assert len(built) == 2 * len(PHONONS)


@pytest.mark.parametrize("path", ["intravalley", "intervalley"])
def test_activated_flips_follow_their_law(setup, path):
    def matrix(temperature):
        law = {"law": "activated", "path": path, "rate": "2 1/ps", "activation": "100 meV"}
        config, problem = setup(mechanisms={"set": "full + spin_flip"}, spin_flip=law, temperature=temperature)
        return problem, build_rates(problem, config, {}).matrices["spin_flip"]

    problem, w = matrix(300)
    entries = w.tocoo()
    edge = np.repeat([species.edge for species in problem.species], problem.grid.cells)
    down = edge[entries.row] <= edge[entries.col]
    assert entries.data[down] == pytest.approx(2e-3, rel=1e-9)
    assert (edge[entries.row] == edge[entries.col]).all() == (path == "intervalley")
    cold_problem, cold = matrix(150)
    arrhenius = np.exp(-0.1 / cold_problem.thermal_energy + 0.1 / problem.thermal_energy)
    assert cold.max() / w.max() == pytest.approx(arrhenius, rel=1e-9)


@pytest.mark.parametrize("interference", ["difference", "sum"])
def test_interference_of_electron_and_hole(setup, interference):
    """The two coherent options average to the incoherent one."""

    def matrix(option):
        config, problem = setup(
            momentum={"points": 12}, mechanisms={"set": "phonon_intravalley", "phonon_interference": option}
        )
        return build_rates(problem, config, {}).total()

    mean = 0.5 * (matrix("difference") + matrix("sum"))
    assert np.abs((mean - matrix("none")).toarray()).max() < 1e-12 * mean.max()
    assert np.abs((matrix(interference) - mean).toarray()).max() > 0.05 * mean.max()


def test_dephasing_within_cells_takes_the_grid_out_of_the_result(setup):
    """The depolarisation hardly depends on the grid once scattering within cells dephases,
    and falls with the cells if not.
    """

    def slowest(points, within_cells):
        config, problem = setup(momentum={"points": points}, dephasing={"within_cells": within_cells})
        odd = parity_projector(problem, -1.0)
        return (
            -1e-3
            / slowest_modes(odd @ build_rates(problem, config, {}).generator() @ odd.T, 1, 1e-7).eigenvalue[0].real
        )

    fine, coarse = slowest(100, True), slowest(50, True)
    assert coarse == pytest.approx(fine, rel=0.01)
    assert slowest(50, False) > 1.02 * slowest(100, False) > 1.02 * fine
