"""Two-dimensional spectra of a run."""

import numpy as np
import pytest
from mpi4py import MPI
from pydantic import ValidationError
from trion_spectra import exact_sticks, prepare, spectrum_of

from hpcx.materials.loader import load_material
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.physics.constants import HBAR
from hpcx.physics.spectra import merged
from hpcx.physics.twodimensional import StimulatedEmission, laser_spectrum
from hpcx.trion.config import Config
from hpcx.trion.solve import solve


def config_of(material, N, **tables):
    table = {"model": "trion", "material": material, "mesh": {"N": N, "k0": 0.1}, "twod": {"enabled": True}}
    table["solver"] = {"states": 1}
    return Config.model_validate(table | tables)


def result_of(config):
    return solve(MPI.COMM_SELF, config, load_material(config.material), Run())


def test_six_hundred_steps_equal_all_states():
    settings = {"enabled": True, "accuracy": 1e-16, "max_steps": 600}
    config = config_of("MoSe2", 40, absorption=settings, solver={"symmetry": "none", "states": 1})
    spectrum = spectrum_of(config, "singlet")
    operator, exciton_energy = prepare(config, "singlet")
    assert operator.rows == 1075
    energy, weight = merged(*exact_sticks(operator), 1e-7)
    axis = exciton_energy + np.linspace(-0.06, 0.04, 41)
    for time in (0.0, 120.0, 300.0):
        full, short = (
            StimulatedEmission(*lines, 4e-3, 250.0, "non-rephasing").signal(time, axis, axis)
            for lines in ((energy, weight), (spectrum.stick_energy, spectrum.stick_weight))
        )
        assert np.abs(full - short).max() < 1e-10 * np.abs(full).max()


def test_species_add_up_and_beats_are_found():
    result = result_of(config_of("WSe2", 48, twod={"enabled": True, "waiting_times": [0, 100], "points": 21}))
    total, singlet, triplet = (result.value(f"twod/{name}signal") for name in ("", "singlet_", "triplet_"))
    np.testing.assert_allclose(total, singlet + triplet, rtol=1e-13)
    assert total.shape == (2, 21, 21)
    period = 4.135667 / (result.value("twod/exciton_peak") - result.value("twod/trion_peak"))
    assert result.value("twod/singlet_beat_period") == pytest.approx(period, rel=0.05)
    trace, times = result.value("twod/trace/cross_peak"), result.value("twod/trace/time")
    np.testing.assert_allclose(trace[times == 100], result.value("twod/cross_peak")[1:], rtol=1e-12)


def test_phonons_give_the_coherence_time_and_each_line_its_width():
    phonons = {"enabled": True, "temperature": 20}
    result = result_of(
        config_of("WSe2", 48, phonons=phonons, twod={"enabled": True, "waiting_times": [0, 100], "points": 21})
    )
    exciton, bound = (float(result.value(f"{name}/dephasing/half_width")) for name in ("exciton", "singlet"))
    assert bound > exciton > 1e-3
    axis, absorption = (result.value(f"singlet/absorption/{name}") for name in ("photon_energy", "absorption"))
    sticks, weight = (result.value(f"singlet/absorption/stick_{name}") for name in ("energy", "weight"))
    width = np.where(
        sticks < result.value("exciton/energy")[0] - result.value("singlet/binding_energy") / 2, bound, exciton
    )
    assert np.unique(width).size == 2
    expected = (weight * width / np.pi / ((axis[:, None] - sticks) ** 2 + width**2)).sum(axis=1)
    np.testing.assert_allclose(absorption, expected, rtol=1e-12)
    peaks = np.array([result.value(f"twod/{name}_peak") for name in ("trion", "exciton")])
    emission = StimulatedEmission(sticks, weight, width, HBAR / (bound + exciton), "non-rephasing")
    laser = laser_spectrum(peaks, peaks[0], 0.017)
    corners = result.value("twod/singlet_corners") / np.outer(laser, laser)
    np.testing.assert_allclose(corners, [emission.signal(time, peaks, peaks) for time in (0.0, 100.0)], rtol=1e-10)
    assert result.value("singlet/dephasing/coherence_time") == pytest.approx(HBAR / (bound + exciton))


def test_trion_bleaches_and_the_exciton_does_so_by_interaction_alone():
    signals = [{}, {"signals": "emission and bleaching"}, {"signals": "all", "pair_shift": "1e-5 meV"}]
    runs = [result_of(config_of("MoSe2", 48, twod={"enabled": True, "points": 3} | signal)) for signal in signals]
    emission, bleached, everything = (run.value("twod/singlet_corners")[0] for run in runs)
    np.testing.assert_allclose(bleached, 2 * emission, rtol=1e-12)
    sticks, weight = (runs[2].value(f"singlet/absorption/stick_{name}") for name in ("energy", "weight"))
    bound = sticks < runs[2].value("exciton/energy")[0] - runs[2].value("singlet/binding_energy") / 2
    peaks = np.array([runs[2].value(f"twod/{name}_peak") for name in ("trion", "exciton")])
    laser = laser_spectrum(peaks, peaks[0], 0.017)
    trions = StimulatedEmission(sticks[bound], weight[bound], 4e-3, 250.0, "non-rephasing", True).signal(
        0.0, peaks, peaks
    ) * np.outer(laser, laser)
    np.testing.assert_allclose(everything, trions, atol=1e-5 * np.abs(bleached).max())
    assert abs(everything[0, 0]) > 0.8 * abs(bleached[0, 0]) and abs(everything[1, 1]) < 0.02 * abs(bleached[1, 1])


def test_pairs_need_an_interaction():
    with pytest.raises(ValidationError, match="pair_shift"):
        config_of("MoSe2", 48, twod={"enabled": True, "signals": "all"})


def test_moved_sticks_change_the_triplet_alone():
    plain = result_of(config_of("WSe2", 48))
    moved = result_of(config_of("WSe2", 48, twod={"enabled": True, "triplet_shift": "7 meV", "shift_by": "sticks"}))
    np.testing.assert_array_equal(plain.value("twod/singlet_cross_peak"), moved.value("twod/singlet_cross_peak"))
    assert moved.value("twod/triplet_beat_period") > 1.1 * plain.value("twod/triplet_beat_period")


def test_a_triplet_that_is_not_bound_cannot_be_shifted():
    with pytest.raises(AgreedError, match="no bound bright state to shift"):
        result_of(config_of("MoSe2", 48, twod={"enabled": True, "triplet_shift": "7 meV"}))


def test_window_must_hold_both_peaks():
    with pytest.raises(AgreedError, match="absorption.window"):
        result_of(config_of("MoSe2", 48, absorption={"window": ["-10 meV", "40 meV"]}))


REFUSED = [({"temperature": "20 K"}, "temperature = 0"), ({"species": ["triplet"]}, "needs the singlet")]


@pytest.mark.parametrize(("trion", "reason"), REFUSED)
def test_inputs_without_a_common_initial_state_are_refused(trion, reason):
    with pytest.raises(ValidationError, match=reason):
        config_of("MoSe2", 48, trion=trion)
