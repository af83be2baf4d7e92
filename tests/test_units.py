"""Units at the border: plain numbers, text with units, and what is refused."""

import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.constants import physical_constants

from hpcx import units
from hpcx.config.base import Unit
from hpcx.config.datasets import datasets_of
from hpcx.config.fields import keys_of
from hpcx.io.result import Result
from hpcx.physics import constants
from hpcx.registry import MODELS, config_class


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
    [
        "2,5 eV",
        "1,9",
        "1 9 eV",
        "1 + 1 eV",
        "2*3 eV",
        "9**9**9 eV",
        "1e3e3 eV",
        "(1 eV)",
        "eV",
        "1 eV^999",
        "1 eV 2",
        "--1 eV",
        "0x1 eV",
    ]
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


@pytest.mark.parametrize(
    "text", ["1" * 20000 + ",", "9**9**9**9 eV", "1 " + "eV " * 5000, "1e" + "9" * 5000, " " * 50000 + "1"]
)
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


def documented_units() -> list[str]:
    """Return the units of all keys and datasets."""
    keys = {key.unit for model in MODELS for key in keys_of(config_class(model))}
    return sorted(keys | {dataset.unit for model in MODELS for dataset in datasets_of(model)})


@pytest.mark.parametrize("unit", documented_units())
def test_the_units_inside_the_models_are_one_system(unit):
    inside = units.internal(unit)[0]
    assert inside == "s" or not re.search(r"[munp]eV|\bps\b|\bs\b|[umc]m\b|angstrom", inside)
    if unit:
        assert units.to_internal(3.0, unit) == pytest.approx(units.convert(3.0, unit, inside), rel=1e-14)
        assert units.from_internal(units.to_internal(0.7, unit), unit) == pytest.approx(0.7, rel=1e-15)


def test_units_inside():
    assert units.internal("cm^2/V/s")[0] == "nm^2/V/fs" and units.internal("eV*angstrom^2")[0] == "eV*nm^2"
    assert (
        units.internal("1/ps/meV")[0] == "1/fs/eV"
        and units.internal("cm^-2")[0] == "nm^-2"
        and units.internal("s")[0] == "s"
    )
    assert units.to_internal(2.0, "cm^2/s") == 0.2
    assert Unit("uJ/cm^2").inside == "eV/nm^2" and Unit("ps").inside == "fs"


def test_a_configuration_has_documented_units_and_internal_ones():
    """Lists of pairs, what may be absent, sections of sections; what is written does not change."""
    config = config_class("wigner")(
        model="wigner", material="WS2", temperature=300.00000000000006, time={"end": 0.7, "densities": [[0.1, 0.3]]}
    )
    inside = config.internal
    assert (inside.time.end, inside.time.densities, inside.temperature) == (700.0, [(100.0, 300.0)], config.temperature)
    assert (inside.space.width, inside.landscape.depth, inside.mechanisms.disorder) == (6000.0, 0.02, 0.0)
    assert inside.momentum.first_bin is None and inside.title == config.title and inside.output.checkpoint == 600.0
    assert inside.internal is inside and config.model_dump()["time"]["end"] == 0.7
    assert config.model_copy(update={"temperature": 5.0}).internal.temperature == 5.0


def test_results_are_written_in_their_unit():
    result = Result()
    result.add_internal("a/diffusivity", np.array([0.1, 1.0]), ("time",), "cm^2/s", "diffusivity")
    result.add_internal("a/name", np.array(["KK"]), ("valley",), "1", "valley")
    assert list(result.value("a/diffusivity")) == [1.0, 10.0] and result.datasets["a/diffusivity"].units == "cm^2/s"


@pytest.mark.parametrize(
    ("text", "value"), [("1.8eV", 1.8), ("8e-1eV", 0.8), ("1.E2meV", 0.1), ("180meV", 0.18), (".5 eV", 0.5)]
)
def test_a_unit_may_follow_at_once(text, value):
    assert units.parse(text, "eV") == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "unit", "told"), [("25 mev", "eV", "did you mean 'meV'"), ("20 k", "K", "write K for kelvin")]
)
def test_wrong_capitals_are_told(text, unit, told):
    with pytest.raises(ValueError, match=told):
        units.parse(text, unit)


def test_constants_of_nature():
    # each is stated or derived once; 4e-8 is how far e^2 / (4 pi epsilon_0) is rounded
    codata = {
        "BOHR_MAGNETON": "Bohr magneton in eV/T",
    }
    assert all(
        getattr(constants, name) == pytest.approx(physical_constants[of][0], rel=4e-8) for name, of in codata.items()
    )
    joule, mass = 1 / physical_constants["elementary charge"][0], physical_constants["electron mass"][0]
    assert constants.ELECTRON_MASS == pytest.approx(joule * mass * 1e12, rel=1e-9)
    hartree, bohr = physical_constants["Hartree energy in eV"][0], 1e9 * physical_constants["Bohr radius"][0]
    assert constants.HBAR2_PER_M0 == pytest.approx(hartree * bohr**2, rel=1e-9)
