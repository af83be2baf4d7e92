"""The 77 K table and the temperature series of an independent serial calculation of this model, at its grid."""

import numpy as np
import pytest

from hpcx.valley.fit import slope_time

NAN = float("nan")
DEXTER = "phonon_intravalley + dexter_coherent + dexter_intravalley"
#: set: A at 0.3, 1 and 10 ps; B at 0.3 ps, at its peak and at 10 ps; tau of A and B in ps; t1 of A and B in fs
TABLE = {
    "full": ((0.500, 0.413, 0.171), (-0.227, -0.290, -0.125), (10.2, 10.5), (92, 259)),
    "phonons": ((0.569, 0.495, 0.507), (-0.237, -0.377, -0.377), (NAN, NAN), (108, 242)),
    "phonons + exchange": ((0.505, 0.444, 0.449), (-0.229, -0.335, -0.334), (NAN, NAN), (103, 190)),
    "phonons + dexter_dark": ((0.566, 0.471, 0.445), (-0.236, -0.330, -0.295), (189, 63), (102, 383)),
    "phonons + dexter_coherent + dexter_intravalley": (
        (0.566, 0.494, 0.510),
        (-0.240, -0.379, -0.379),
        (NAN, NAN),
        (108, 233),
    ),
    "full - dexter_dark": ((0.503, 0.443, 0.449), (-0.230, -0.335, -0.334), (NAN, NAN), (101, 192)),
    DEXTER: ((0.620, 0.346, 0.210), (-0.007, -0.100, -0.100), None, None),
    "phonon_intravalley + dexter_coherent - offresonant_drive": (
        (0.624, 0.370, 0.359),
        (-0.004, -0.006, -0.003),
        None,
        None,
    ),
    "phonon_intravalley + exchange": ((0.412, 0.013, 0.0), (0.0, 0.0, 0.0), None, (220, NAN)),
    "full + detailed_balance": ((0.504, 0.443, 0.449), (-0.230, -0.335, -0.334), (NAN, NAN), (101, 192)),
    "full + spin_flip": ((0.522, 0.449, 0.237), (-0.185, -0.230, -0.048), (13.6, 6.1), (88, 247)),
}
#: temperature: tau of A with everything and without Dexter (ps), t1 of A and B (fs), peak of B, time of the odd mode
#: (ps)
SERIES = {
    77: (10.18, NAN, 92, 259, -0.290, 9.951),
    100: (8.62, 156, 85, 276, -0.284, 8.527),
    125: (6.80, 36.6, 79, 275, -0.272, 6.782),
    150: (5.17, 15.4, 73, 258, -0.257, 5.166),
    200: (3.04, 5.41, 64, 212, -0.232, 3.038),
    250: (1.99, 2.91, 57, 169, -0.214, 1.990),
    300: (1.44, 1.92, 51, 136, -0.205, 1.444),
}
TRACE_TOLERANCE = 0.02


@pytest.fixture
def calculate(calculate):
    """Return points of the reference's set, which leaves scattering within cells out of the dephasing."""
    return lambda *material, **keys: calculate(*material, **{"dephasing": {"within_cells": False}, **keys})


def assert_time(value, reference):
    """Compare lifetimes in ps: 3 % up to 20 ps, 10 % beyond; NaN means no decay."""
    assert np.isnan(value) == np.isnan(reference)
    if not np.isnan(reference):
        assert value == pytest.approx(reference, rel=0.03 if reference <= 20 else 0.10)


def traces(result):
    return result.value("dichroism/time"), result.value("dichroism/circular_dichroism")


@pytest.mark.parametrize("mechanisms", TABLE)
def test_table_at_77_kelvin(calculate, mechanisms):
    result = calculate(mechanisms={"set": mechanisms})
    a, b, tau, fast = TABLE[mechanisms]
    time, trace = traces(result)
    assert np.interp([300, 1000, 9995], time, trace[0]) == pytest.approx(a, abs=TRACE_TOLERANCE)
    at = np.interp([300, 9995], time, trace[1])
    assert (at[0], trace[1].min(), at[1]) == pytest.approx(b, abs=TRACE_TOLERANCE)
    for row in (0, 1):
        if tau:
            assert_time(result.value("dichroism/logarithmic_slope_time")[row], tau[row])
        if fast and not np.isnan(fast[row]):
            assert result.value("dichroism/fast_time")[row] == pytest.approx(fast[row], rel=0.03)


def test_dexter_alone_is_weak_and_late(calculate):
    both = calculate(mechanisms={"set": DEXTER})
    time, trace = traces(both)
    assert trace[1].argmin() == len(time) - 1
    assert both.value("dichroism/slow_time")[1] == pytest.approx(5.3, rel=0.03)
    coherent = calculate(mechanisms={"set": "phonon_intravalley + dexter_coherent - offresonant_drive"})
    strongest = traces(calculate(mechanisms={"set": "full"}))[1][1].min()
    assert strongest / traces(coherent)[1][1].min() == pytest.approx(49, rel=0.1)
    assert time[traces(coherent)[1][1].argmin()] == pytest.approx(100, abs=30)


def test_peak_of_b_and_share_of_upper_holes(calculate):
    result = calculate(mechanisms={"set": "full"})
    time, trace = traces(result)
    assert time[trace[1].argmin()] == pytest.approx(1000, abs=100)
    assert result.value("checks/upper_hole_share")[0] == pytest.approx(0.028, abs=0.002)


@pytest.mark.parametrize("temperature", SERIES)
def test_temperature_series(calculate, temperature):
    result = calculate(temperature=temperature, mechanisms={"set": "full"})
    tau, _, fast_a, fast_b, peak, mode = SERIES[temperature]
    assert_time(result.value("dichroism/logarithmic_slope_time")[0], tau)
    assert result.value("dichroism/fast_time") == pytest.approx([fast_a, fast_b], rel=0.03)
    assert traces(result)[1][1].min() == pytest.approx(peak, abs=TRACE_TOLERANCE)
    assert result.value("dichroism/slowest_eigenvalue_time") == pytest.approx(mode, rel=5e-4)


@pytest.mark.validate
@pytest.mark.parametrize("temperature", SERIES)
def test_without_dexter(calculate, temperature):
    result = calculate(temperature=temperature, mechanisms={"set": "phonons + exchange"})
    assert_time(result.value("dichroism/logarithmic_slope_time")[0], SERIES[temperature][1])


@pytest.mark.parametrize("temperature", [125, 300])
def test_late_slopes_are_the_time_of_the_mode(calculate, temperature):
    window = (5000, 9900) if temperature <= 200 else (3000, 8000)
    assert_late_slope(calculate(temperature=temperature, mechanisms={"set": "full"}), window)


@pytest.mark.validate
@pytest.mark.parametrize("temperature", SERIES)
def test_late_slopes_at_all_temperatures(calculate, temperature):
    window = (15000, 30000) if temperature <= 100 else (5000, 9900) if temperature <= 200 else (3000, 8000)
    end = {"end": "30.1 ps"} if temperature <= 100 else {}
    assert_late_slope(calculate(temperature=temperature, mechanisms={"set": "full"}, time=end), window)


def assert_late_slope(result, window):
    time, trace = traces(result)
    for row in (0, 1):
        slope = 1e-3 * slope_time(time, trace[row], *window)
        assert slope == pytest.approx(float(result.value("dichroism/slowest_eigenvalue_time")), rel=5e-3)


@pytest.mark.validate
@pytest.mark.parametrize(
    ("material", "temperature", "mode"),
    [
        ("MoSe2", 77, 0.392),
        ("MoSe2", 300, 0.114),
        ("MoS2", 77, 0.683),
        ("MoS2", 300, 0.172),
        ("WS2", 77, 68.2),
        ("WS2", 300, 2.63),
    ],
)
def test_materials(calculate, material, temperature, mode):
    result = calculate(material, temperature=temperature)
    assert result.value("dichroism/slowest_eigenvalue_time") == pytest.approx(mode, rel=0.01)
    if material == "WS2":
        assert_time(result.value("dichroism/logarithmic_slope_time")[0], {77: 52.6, 300: 2.63}[temperature])
    else:
        assert np.isnan(result.value("dichroism/logarithmic_slope_time")[0])


@pytest.mark.parametrize(
    ("material", "early", "late"), [("MoSe2", 0.259, 0.008), ("MoS2", 0.252, 0.016), ("WS2", 0.631, 0.621)]
)
def test_spin_bright_materials_depolarise_within_a_picosecond(calculate, material, early, late):
    time, trace = traces(calculate(material))
    assert np.interp([300, 1000], time, trace[0]) == pytest.approx((early, late), abs=TRACE_TOLERANCE)


@pytest.mark.validate
@pytest.mark.parametrize(("temperature", "a", "b"), [(150, 6.34, 1.81), (225, 2.53, 1.55), (300, 1.47, 1.27)])
def test_spin_flips_speed_up_b(calculate, temperature, a, b):
    slopes = calculate(temperature=temperature, mechanisms={"set": "full + spin_flip"}).value(
        "dichroism/logarithmic_slope_time"
    )
    assert slopes == pytest.approx([a, b], rel=0.03)


@pytest.mark.validate
def test_flips_between_valleys_can_turn_the_sign_of_b(calculate):
    flips = {"intravalley": 0.0, "intervalley": 1.5}
    result = calculate(temperature=300, mechanisms={"set": "full + spin_flip"}, spin_flip=flips)
    assert result.value("dichroism/logarithmic_slope_time")[0] == pytest.approx(3.26, rel=0.03)
    assert result.value("dichroism/fast_time")[1] == pytest.approx(620, rel=0.03)
    assert result.value("dichroism/sign_change_time")[1] == pytest.approx(1.22, abs=0.05)
