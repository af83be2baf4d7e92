"""Channels coupled by exchange: reference numbers, the Hamiltonian element by element,
the order of carriers, contacts.
"""

import numpy as np
import pytest
from mpi4py import MPI
from trion_oracle import E2, MATERIALS, Oracle

from hpcx.exciton.problem import exciton_problem
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.trion.config import Config
from hpcx.trion.contact import ContactOperator
from hpcx.trion.coupled_solve import _rotation, coupled_operator
from hpcx.trion.estimate import estimate
from hpcx.trion.exchange_pairs import lacking_partners
from hpcx.trion.exchange_symmetry import coupled_sectors
from hpcx.trion.observables import turned_together
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.trion.refusals import refusals
from hpcx.trion.solve import solve

COMM, WSE2 = MPI.COMM_SELF, load_material("WSe2")
#: the pair at K beside an electron of K, and the pair at K' beside the same one
INTRA, INTER = ("K:c2", "K:c1", "K:v1"), ("K':c2", "K:c1", "K':v1")
CONTACT = 7.89


def config_of(channels, N=40, k0=0.075, contact=CONTACT, long_range=True, **tables):
    exchange = {"long_range": long_range, "contact": contact}
    trion = {"species": [], "channels": channels}
    return Config(model="trion", material="WSe2", mesh={"N": N, "k0": k0}, trion=trion, exchange=exchange, **tables)


def matrices_of(config, names, material=WSE2):
    """Return the Hamiltonians of all sectors of coupled channels."""
    exciton = exciton_of(config, material)
    operators = [
        coupled_operator(COMM, config, material, exciton, list(names), sector)
        for sector in coupled_sectors(config, material, exciton, list(names))
    ]
    return [
        np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T for operator in operators
    ]


def matrix_of(config, names, material=WSE2):
    (h,) = matrices_of(without_symmetry(config), names, material)
    return h


def without_symmetry(config):
    return config.model_copy(update={"solver": config.solver.model_copy(update={"symmetry": "none"})})


def turn(oracle, carrier, k, component):
    """Return the phase of a state: a contact has no overlaps,
    and its strength is one number in the gauge in which this component is positive.
    """
    value = oracle.bands[carrier][k][1][component]
    return value / abs(value)


def by_hand(N, k0, first, second, J):
    """Return the Hamiltonian of (bright pair, spectator) at K and at K' from the bands of the oracle, pair by pair."""
    channels = [Oracle("WSe2", N, k0, three) for three in (first, second)]
    pairs = channels[0].pairs()
    chi, area = MATERIALS["WSe2"][4], channels[0].area
    h = np.zeros((2 * len(pairs),) * 2, complex)
    for c, oracle in enumerate(channels):
        h[c * len(pairs) : (c + 1) * len(pairs), c * len(pairs) : (c + 1) * len(pairs)] = oracle.matrix()
    for c, left in enumerate(channels):
        for n, (k1, k2) in enumerate(pairs):
            q = np.linalg.norm(left.vector(k2))
            u = 2 * np.pi * E2 / (q * (1 + 2 * np.pi * chi * q)) / (N**2 * area) if q > 1e-9 else 0.0
            made_here = np.vdot(left.bands[0][k1][1], left.bands[2][k1[0] + k2[0], k1[1] + k2[1]][1])
            for d, right in enumerate(channels):
                for m, (p1, p2) in enumerate(pairs):
                    if p2 == k2:
                        gone = np.vdot(right.bands[0][p1][1], right.bands[2][p1[0] + p2[0], p1[1] + p2[1]][1])
                        h[c * len(pairs) + n, d * len(pairs) + m] += u * made_here * np.conj(gone)
                    if c == d == 1 and p1 == k1:  # electron 2 and the hole of K' have equal spin
                        made, gone = (
                            turn(left, 1, k[1], 0).conj() * turn(left, 2, (k[0][0] + k[1][0], k[0][1] + k[1][1]), 1)
                            for k in ((k1, k2), (p1, p2))
                        )
                        h[c * len(pairs) + n, d * len(pairs) + m] += J / (N**2 * area) * made * np.conj(gone)
    assert np.abs(h - h.conj().T).max() < 1e-13
    return np.linalg.eigvalsh(h)


def test_every_energy_of_two_coupled_channels():
    # the oracle's eigenvectors have other phases at every point: energies do not know them
    expected = by_hand(
        40, 0.075, ((1, 1, "c"), (1, -1, "c"), (1, 1, "v")), ((-1, -1, "c"), (1, -1, "c"), (-1, -1, "v")), CONTACT
    )
    h = matrix_of(config_of({"intra": INTRA, "inter": INTER}), ("intra", "inter"))
    assert np.abs(h - h.conj().T).max() < 1e-13
    assert np.abs(np.linalg.eigvalsh(h) - expected).max() < 1e-12


@pytest.mark.parametrize(
    "words", [{"intra": INTRA, "inter": INTER}, {"intra": INTRA}, {"inter": INTER}], ids=lambda words: "+".join(words)
)
@pytest.mark.parametrize(("symmetry", "kernel"), [("C3", "gemm"), ("C6v", "fft")])
def test_sectors_have_the_energies_of_no_symmetry(words, symmetry, kernel):
    expected = np.linalg.eigvalsh(matrix_of(config_of(words), words))
    sectors = matrices_of(config_of(words, solver={"symmetry": symmetry, "kernel": kernel}), words)
    found = np.concatenate([np.linalg.eigvalsh(h) for h in sectors])
    assert len(sectors) == len(words) and all(np.abs(h - h.conj().T).max() < 1e-12 for h in sectors)
    assert max(np.abs(expected - energy).min() for energy in found) < 1e-12 and min(found) == pytest.approx(
        expected[0], abs=1e-12
    )


def test_order_of_the_like_carriers_does_not_matter():
    expected = np.linalg.eigvalsh(matrix_of(config_of({"intra": INTRA, "inter": INTER}), ("intra", "inter")))
    swapped = config_of({"intra": INTRA, "inter": ("K:c1", "K':c2", "K':v1")})
    assert np.abs(np.linalg.eigvalsh(matrix_of(swapped, ("intra", "inter"))) - expected).max() < 1e-12


def test_positive_trions_are_those_of_electrons_and_holes_exchanged():
    # Dirac bands of one gap are the same for electrons and holes
    positive = {"a": ("K:v+", "K':v-", "K:c+"), "b": ("K':v-", "K:v+", "K':c-")}
    negative = {"a": ("K:c+", "K':c-", "K:v+"), "b": ("K':c-", "K:c+", "K':v-")}
    found = [
        np.linalg.eigvalsh(matrix_of(config_of(words), [name])) for words in (positive, negative) for name in ("a", "b")
    ]
    assert all(np.abs(energy - found[0]).max() < 1e-12 for energy in found)


def test_contact_alone_is_the_contact_operator():
    config = config_of({"inter": ("K:c2", "K':c1", "K:v1")}, long_range=False)
    operator = TrionOperator(COMM, trion_problem(config, WSE2, exciton_problem(config, WSE2), "inter"), "none", "gemm")
    contact = ContactOperator(operator, config.exchange.internal.contact)
    expected = np.array([contact.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T
    assert np.abs(matrix_of(config, ["inter"]) - expected).max() < 1e-15


def test_splitting_of_bright_trions_in_hbn():
    # specification of bands, section 9.3, Dirac bands, kappa 4.5, r0 45 angstrom, N = 48: 18.8912 and 18.9601 meV
    # without exchange, 18.5425 and 13.0412 with it
    material = WSE2.with_parameters({"interaction.r0": "4.5 nm"})
    config = config_of(
        {"intra": INTRA, "inter": INTER, "dark": ("K:c1", "K':c1", "K:v1")}, N=48, k0=0.1, screening={"kappa": 4.5}
    )
    result = solve(COMM, config, material, Run())
    without = [1e3 * float(result.value(f"{name}/binding_energy")) for name in ("intra", "inter")]
    assert without == pytest.approx([18.8912, 18.9601], abs=6e-5)
    weight, binding = (
        result.value("exchange/intra+inter/weight"),
        1e3 * result.value("exchange/intra+inter/binding_energy"),
    )
    assert weight.sum(axis=1) == pytest.approx(1) and weight[0, 0] > 0.9
    assert [binding[0], binding[weight.argmax(axis=1).tolist().index(1)]] == pytest.approx([18.5425, 13.0412], abs=6e-5)
    # the electron of K' and the hole of K have equal spin in the dark trion, too: a contact alone
    assert result.value("exchange/dark/energy")[0] > result.value("dark/energy")[0] + 1e-3


def test_states_with_exchange_are_named_after_what_commutes():
    words, place = {"intra": INTRA, "inter": INTER}, "exchange/intra+inter"
    config = without_symmetry(config_of(words))
    exciton = exciton_of(config, WSE2)
    (sector,) = coupled_sectors(config, WSE2, exciton, list(words))
    order, momenta = _rotation(config, WSE2, exciton, list(words), [sector])
    assert (order, momenta) == (6, (0, 2))
    operator = coupled_operator(COMM, config, WSE2, exciton, list(words), sector)
    x = np.random.default_rng(0).normal(size=(1, operator.rows)) + 0j
    for offsets, least, most in ((momenta, 0, 1e-12), ((0, 4), 1e-3, 1)):
        hx, moved = operator.apply(x[0])[None], turned_together(operator, order, offsets, x)
        change = operator.apply(moved[0]) - turned_together(operator, order, offsets, hx)[0]
        assert least <= np.abs(change).max() < most
    free, symmetric = (
        solve(COMM, config_of(words, solver={"symmetry": name, "states": 6}), WSE2, Run()) for name in ("none", "auto")
    )
    energy, irrep = (free.value(f"{place}/{name}") for name in ("energy", "irrep"))
    for level, name in zip(symmetric.value(f"{place}/energy"), symmetric.value(f"{place}/irrep"), strict=True):
        if level < energy[-1] + 1e-9:
            assert irrep[np.abs(energy - level).argmin()] == name
    assert irrep[:5].tolist() == ["A", "E2-", "A", "E1-", "E1+"]
    assert free.value(f"{place}/main_channel")[:2].tolist() == ["intra", "inter"]
    assert any("(E2-)" in line and "of C6 by the angular momentum of intra" in line for line in free.summary)
    # threefold rotations tell less
    threefold = solve(COMM, config_of(words, solver={"symmetry": "C3", "states": 2}), WSE2, Run())
    assert threefold.value(f"{place}/irrep").tolist() == ["A", "E+"]


def test_spectra_with_exchange_have_the_lines_of_the_matrix():
    words, light = {"intra": INTRA, "inter": INTER}, {"enabled": True, "accuracy": 1e-6}
    energy, vector_in = np.linalg.eigh(matrix_of(config_of(words), words))
    results = [
        solve(COMM, config_of(words, absorption=light, solver={"symmetry": name}), WSE2, Run())
        for name in ("none", "auto")
    ]
    for part, name in enumerate(words):
        problem = trion_problem(config_of(words), WSE2, exciton_of(config_of(words), WSE2), name)
        sector = TrionOperator(COMM, problem, "none", "gemm").sector
        created = np.zeros((2, len(sector.key)), complex)
        created[part] = problem.created(sector.k1, sector.k2)
        weight = np.abs(vector_in.conj().T @ created.ravel()) ** 2
        brightest = int(weight[:4].argmax())
        spectra = [result.value(f"exchange/intra+inter/{name}/absorption/absorption") for result in results]
        assert np.abs(spectra[1] - spectra[0]).max() < 1e-5 * spectra[0].max()
        for result in results:
            sticks = [
                result.value(f"exchange/intra+inter/{name}/absorption/stick_{what}") for what in ("energy", "weight")
            ]
            nearest = np.abs(sticks[0] - energy[brightest]).argmin()
            assert [stick[nearest] for stick in sticks] == pytest.approx(
                [energy[brightest], weight[brightest]], rel=1e-6
            )
    with pytest.raises(ValueError, match="a resident carrier at rest"):
        config = config_of(words, absorption=light)
        Config(
            **config.model_dump(exclude_unset=True) | {"trion": {"species": [], "channels": words, "temperature": 50}}
        )


@pytest.mark.validate
def test_splitting_of_bright_trions_in_vacuum():
    # the same section, r0 = 2 pi 7.18 angstrom, N = 80: 30.4725 and 23.5263 meV with both, 26.3307 with the contact
    # alone
    both = solve(COMM, config_of({"intra": INTRA, "inter": INTER}, N=80, k0=0.1), WSE2, Run())
    weight, binding = both.value("exchange/intra+inter/weight"), 1e3 * both.value("exchange/intra+inter/binding_energy")
    assert [binding[0], binding[weight.argmax(axis=1).tolist().index(1)]] == pytest.approx([30.4725, 23.5263], abs=6e-5)
    without = [1e3 * both.value(f"{name}/binding_energy") for name in ("intra", "inter")]
    assert without == pytest.approx([33.1792, 33.3345], abs=6e-5)
    contact = solve(COMM, config_of({"inter": INTER}, N=80, k0=0.1, long_range=False), WSE2, Run())
    assert 1e3 * contact.value("exchange/inter/binding_energy")[0] == pytest.approx(26.3307, abs=6e-5)


def test_what_is_said_of_exchange():
    facts = estimate(config_of({"intra": INTRA, "inter": INTER}), WSE2, 2).facts
    assert facts["sectors of intra+inter with exchange"] == "2 (C6)"
    assert len(lacking_partners(config_of({"intra": INTRA}), WSE2)) == 1
    assert lacking_partners(config_of({"intra": INTRA, "inter": ("K:c1", "K':c2", "K':v1")}), WSE2)[:1] == []
    (refusal,) = refusals(config_of({"x": ("K:c2", "K:c2", "K:v1")}), WSE2)
    assert "two like carriers in one band" in refusal.message
    result = solve(COMM, config_of({"dark": ("K:c1", "K':c1", "K:v1")}, contact=0), WSE2, Run())
    assert any("dark has no electron-hole pair" in line for line in result.summary)
    assert "exchange/dark/energy" not in result.datasets
    with pytest.raises(ValueError, match="there are none"):
        Config(model="trion", material="WSe2", mesh={"N": 40, "k0": 0.1}, exchange={"contact": 5})
