"""Units at the border: plain numbers, text with units, and what is refused."""

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
    ],
)
def test_parse(text, unit, value):
    assert units.parse(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["25 mEV", "10 nm", "abc", "", True, None, [1.0]])
def test_parse_refuses(text):
    with pytest.raises(ValueError):
        units.parse(text, "eV")


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_conversion_is_undone_by_its_inverse(value):
    there = units.convert(value, "eV", "meV")
    assert units.convert(there, "meV", "eV") == pytest.approx(value, rel=1e-12, abs=1e-300)
