"""The published table: six pump energies, A and B, on the grids and with the truncation of the published calculation.

Times agree within 3 % or 0.3 fs, the delay of the peak within one step, ratios and shares within 0.01; half a unit of
the last printed digit comes on top, the table being rounded. All cells but one agree without that half: the difference
of B at 0 fs after a pump at 2.29 eV is 0.2298 against the printed 0.24.

What deviates is the coherent part of B, at every pump energy and with one sign. A time step explains it: here the
response of the two-exciton states is exact in frequency, while an exponential integrator with steps of 0.5 fs, in a
frame that rotates with twice the centre of the probe, lags by half a step if it takes the source of the beginning of
each step for the whole of it. With such steps every cell is met within the rounding of the print, times within 0.01 fs
more. That the table was computed so is inferred from its numbers alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.formation import perturbative
from hpcx.formation.fits import formation_time, rise_times
from hpcx.formation.linear import LinearResponse, linear_response
from hpcx.formation.observables import coherent_share, shares_by_extent
from hpcx.formation.problem import Pair, build_problem
from hpcx.formation.traces import CONTRIBUTIONS
from hpcx.io.stages import Stages
from hpcx.parallel.run import Run
from hpcx.physics.constants import HBAR

#: A and B alike, equal masses in the two-exciton kernels, no pairs of an A and a B exciton
REFERENCE = {"common_masses": True, "equal_mass_kernel": True, "manifold_pairs": False}

DELAYS = np.linspace(-100, 250, 71)
SLOW = 658.212
#: energy: rows of A and B: tau, tau plain, incoherent tau, peak delay, peak / plateau, t1, coherent share, difference
#: at 0
TABLE = {
    2.29: ((5.9, 2.2, 5.9, 20, 1.15, 22, 0.22, 0.10), (4.7, 1.4, 9.3, None, 1.10, None, 0.29, 0.24)),
    2.35: ((7.1, 3.2, 6.6, 25, 1.12, 24, 0.18, 0.08), (6.1, 2.8, 8.4, None, 1.09, None, 0.24, 0.16)),
    2.41: ((8.7, 4.6, 7.7, 30, 1.09, 27, 0.15, 0.07), (6.8, 3.6, 8.1, None, 1.06, None, 0.20, 0.13)),
    2.48: ((11.1, 6.6, 9.5, 35, 1.07, 32, 0.13, 0.06), (7.9, 4.8, 8.5, None, 1.03, None, 0.16, 0.10)),
    2.58: ((15.9, 10.2, 12.7, 40, 1.05, 42, 0.10, 0.06), (10.8, 7.5, 10.3, None, 1.01, None, 0.11, 0.07)),
    2.75: ((29.4, 17.9, 19.7, 50, 1.02, 69, 0.07, 0.04), (20.3, 14.1, 15.8, None, 0.99, None, 0.07, 0.05)),
}


@pytest.fixture(scope="module")
def rows(make_config, third_order):
    return {energy: read(third_order(make_config(energy, REFERENCE), DELAYS)) for energy in TABLE}


def read(traces) -> list[dict[str, float]]:
    """Return what the table shows for A and B."""
    found = []
    for r in range(2):
        full, incoherent = (traces.change_rcd[r, CONTRIBUTIONS.index(name)] for name in ("full", "incoherent"))
        times, times_incoherent = rise_times(DELAYS, np.array([full, incoherent]), SLOW, 0, 0)
        fit = times.fit
        difference = (full - incoherent) / full.max()
        found.append(
            {
                "rise": fit.rise,
                "plain": times.plain.rise,
                "incoherent": times_incoherent.plain.rise,
                "peak": DELAYS[full.argmax()],
                "ratio": full.max() / np.interp(150, DELAYS, full) * np.exp(-125 / SLOW),
                "decay": fit.decay,
                "distance": fit.distance,
                "share": coherent_share(traces)[r],
                "share of all": shares_by_extent(traces)[1, r],
                "difference": float(np.interp(0, DELAYS, difference)),
                "late difference": float(np.interp(100, DELAYS, difference)),
            }
        )
    return found


#: step (fs) of the two-exciton amplitudes of the table, and the energy (eV) with which their frame rotates
STEP, FRAME = 0.5, 2 * 1.955


def advanced_in_steps(pair: Pair, energy_w: np.ndarray) -> np.ndarray:
    """Return the response of the recursion B(t + step) = q B(t) + W (q - 1) / (energy - i gamma) P P(t),
    q = exp(-i step ...).
    """
    complex_n = pair.energy_n - 1j * pair.damping - FRAME
    decay_n = np.exp(-1j * complex_n * STEP / HBAR)
    forward_w = np.exp(-1j * (energy_w - FRAME) * STEP / HBAR)
    response_nw = ((decay_n - 1) / complex_n)[:, None] / (forward_w - decay_n[:, None])
    return ((pair.weight_n * pair.coupling_nab[:, 0, 0] ** 2) @ response_nw)[None, None]


@pytest.fixture
def third_order_in_steps(material, monkeypatch):
    """Return a function like `third_order`, with two-exciton amplitudes advanced in steps."""

    def linear_in_steps(problem, grid, probe) -> LinearResponse:
        """Return the linear response with the pairs' replaced."""
        pair_pabw = [advanced_in_steps(pair, grid.energy_w + grid.reference) for pair in problem.pairs]
        return replace(linear_response(problem, grid, probe), pair_pabw=pair_pabw)

    monkeypatch.setattr(perturbative, "linear_response", linear_in_steps)
    shared: dict[str, object] = {}  # its own, the responses being others

    def solve(config, delay_d):
        """Return the traces of the third order."""
        problem = build_problem(config, material, shared)
        return perturbative.third_order_traces(Stages(MPI.COMM_SELF, Run(shared=shared)), config, problem, delay_d)[0]

    return solve


def time_close(found: float, printed: float) -> bool:
    return abs(found - printed) <= max(0.03 * printed, 0.3) + 0.05


def share_close(found: float, printed: float) -> bool:
    return abs(found - printed) <= 0.015


@pytest.mark.parametrize("energy", TABLE)
@pytest.mark.parametrize("resonance", [0, 1])
def test_times(rows, energy, resonance):
    found, printed = rows[energy][resonance], TABLE[energy][resonance]
    for name, value in zip(("rise", "plain", "incoherent"), printed[:3]):
        assert time_close(found[name], value), (name, found[name], value)
    if resonance == 0:
        assert abs(found["peak"] - printed[3]) <= 5
        assert found["decay"] == pytest.approx(printed[5], abs=max(0.03 * printed[5], 0.3) + 0.5)
    assert found["distance"] == pytest.approx(10.0, abs=1e-3)  # the constraint of the fit is active in every row


@pytest.mark.parametrize("energy", TABLE)
@pytest.mark.parametrize("resonance", [0, 1])
def test_ratios_and_shares(rows, energy, resonance):
    found, printed = rows[energy][resonance], TABLE[energy][resonance]
    assert share_close(found["ratio"], printed[4])
    assert share_close(found["share"], printed[6])
    assert share_close(found["difference"], printed[7])
    assert abs(found["late difference"]) < 1e-3


def test_the_one_cell_off_by_more_than_a_hundredth(rows):
    assert rows[2.29][1]["difference"] == pytest.approx(0.2298, abs=2e-4)


def test_every_cell_is_met_within_its_print_when_two_excitons_advance_in_steps(make_config, third_order_in_steps):
    """Half a unit of the last digit, and 0.01 fs for the minimum of the fits."""
    names = ("rise", "plain", "incoherent", "peak", "ratio", "decay", "share", "difference")
    units = (0.12, 0.12, 0.12, 1.0, 0.01, 1.0, 0.01, 0.01)
    for energy, printed in TABLE.items():
        found = read(third_order_in_steps(make_config(energy, REFERENCE), DELAYS))
        for resonance in (0, 1):
            for name, unit, value in zip(names, units, printed[resonance]):
                assert value is None or abs(found[resonance][name] - value) <= 0.5 * unit, (energy, resonance, name)


def test_rise_with_hartree_fock_of_all_states_is_met_in_steps_too(make_config, third_order_in_steps):
    """At 2.75 eV, where the exact response gives 14.05 and 28.27 fs."""
    rows = read(third_order_in_steps(make_config(2.75, {**REFERENCE, "hartree_fock": "all"}), DELAYS))
    assert [row["rise"] for row in rows] == pytest.approx([14.3, 28.1], abs=0.06)


def test_rise_of_a_is_monotonic_in_pump_energy(rows):
    for name in ("rise", "plain", "incoherent"):
        assert np.all(np.diff([rows[energy][0][name] for energy in TABLE]) > 0)


def test_coherent_share_with_hartree_fock_of_all_states(rows):
    assert rows[2.29][0]["share of all"] == pytest.approx(0.62, abs=0.01)
    assert rows[2.75][0]["share of all"] == pytest.approx(0.34, abs=0.01)


def test_rise_with_hartree_fock_of_all_states(make_config, third_order):
    for energy, rise, ratio in ((2.29, 0.3, 1.65), (2.48, 3.4, 1.24), (2.75, 14.3, 1.03)):
        [row, _] = read(third_order(make_config(energy, {**REFERENCE, "hartree_fock": "all"}), DELAYS))
        assert time_close(row["rise"], rise)
        assert share_close(row["ratio"], ratio)


def test_rise_against_the_separation_of_the_fit(make_config, third_order):
    for energy, published in ((2.29, (6.8, 5.9, 4.9)), (2.75, (30.4, 29.4, 28.0))):
        signal = third_order(make_config(energy, REFERENCE), DELAYS).change_rcd[0, CONTRIBUTIONS.index("full")]
        [times] = rise_times(DELAYS, signal[None], SLOW, 0, 0)
        for found, rise in zip((times.highest, times.fit.rise, times.lowest), published):
            assert time_close(found, rise)


def test_grating_lengthens_the_rise_at_the_gap(make_config, third_order):
    [row_a, row_b] = read(third_order(make_config(2.29, {**REFERENCE, "grating": True}), DELAYS))
    assert time_close(row_a["rise"], 6.3)
    assert time_close(row_b["rise"], 5.9)


def test_substrate_mixes_dispersive_parts_into_the_transient(make_config, third_order):
    """On the oxide-covered crystal the published delay without fit is between -5 and 2 fs at A."""
    for energy in (2.29, 2.75):
        traces = third_order(make_config(energy, {**REFERENCE, "substrate": True}), DELAYS)
        incoherent = traces.change_rcd[0, CONTRIBUTIONS.index("incoherent")]
        assert -6 < formation_time(DELAYS, incoherent, SLOW, 150.0) < 3
