"""Units at the border: plain numbers, text with units, and what is refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcx import units


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        (0.025, "eV", 0.025),
        ("0.025", "eV", 0.025),
        ("25 meV", "eV", 0.025),
        ("0.5 um", "nm", 500.0),
        ("10 min", "s", 600.0),
        ("8e11 cm^-2", "1/nm^2", 8e-3),
        ("0.25 m0", "electron_mass", 0.25),
        ("5 uJ/cm^2", "J/m^2", 0.05),
        ("1e8 eV/cm", "meV/nm", 1e4),
        ("-100 fs", "ps", -0.1),
        (" +1.5e-3eV ", "meV", 1.5),
        ("0.4 1/angstrom", "1/nm", 4.0),
        ("15 eV angstrom**2", "eV*angstrom^2", 15.0),
        (".5 kg*m^2/s^2", "J", 0.5),
        ("7 Å", "nm", 0.7),
        ("8e11/cm^2", "1/nm^2", 8e-3),
        ("300 K", "K", 300.0),
        ("3", "1", 3.0),
    ],
)
def test_parse(text, unit, value):
    assert units.parse(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["25 mEV", "10 nm", "abc", "", True, None, [1.0]])
def test_parse_refuses(text):
    with pytest.raises(ValueError):
        units.parse(text, "eV")


@pytest.mark.parametrize(
    "text",
    ["2,5 eV", "1,9", "1 9 eV", "1 + 1 eV", "2*3 eV", "9**9**9 eV", "1e3e3 eV", "(1 eV)", "eV", "1 eV^999", "1 eV 2", "--1 eV", "0x1 eV"]
    + ["1/2 eV", "１.5 eV", "1_000 eV", "1 eV^-999", "1d3 eV", "5 10^-3 eV", "∞ eV"],
)
def test_text_is_a_number_and_a_unit_and_never_evaluated(text):
    with pytest.raises(ValueError, match="expected|unknown unit"):
        units.parse(text, "eV")


def test_a_decimal_comma_is_explained():
    with pytest.raises(ValueError, match=r"such as '1\.5 ps'; write a decimal point, not a comma"):
        units.parse("2,5 ps", "ps")


def test_the_letter_of_the_ampere_is_explained():
    with pytest.raises(ValueError, match="not convertible .* write 'angstrom'"):
        units.parse("15 eV A^2", "eV*angstrom^2")


@pytest.mark.parametrize(("text", "unit"), [("25 degC", "K"), ("77 degF", "K"), ("3 dB", "1"), ("3 dBm", "W")])
def test_units_with_an_offset_or_a_logarithm_are_refused(text, unit):
    """A temperature of 25 degC is no multiple of a unit."""
    with pytest.raises(ValueError, match="does not start at zero"):
        units.parse(text, unit)


@pytest.mark.parametrize("text", ["1" * 20000 + ",", "9**9**9**9 eV", "1 " + "eV " * 5000, "1e" + "9" * 5000, " " * 50000 + "1"])
def test_no_text_takes_long(text):
    start = time.process_time()
    with pytest.raises(ValueError, match="expected|cannot read"):
        units.parse(text, "eV")
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("text", [float("inf"), float("nan"), "inf", "nan eV", "1e999 eV", 10**400, "1" * 400])
def test_numbers_that_are_not_finite(text):
    with pytest.raises(ValueError, match="expected"):
        units.parse(text, "eV")


@pytest.mark.parametrize("unit", ["m**9**9", "eV*" * 40 + "eV", "2*eV", "eV; import os", "", "()"])
def test_units_are_names_with_powers(unit):
    with pytest.raises(ValueError, match="unit"):
        units.convert(1.0, unit, "eV")


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_conversion_is_undone_by_its_inverse(value):
    there = units.convert(value, "eV", "meV")
    assert units.convert(there, "meV", "eV") == pytest.approx(value, rel=1e-12, abs=1e-300)
