"""Units where numbers enter and leave the program, and the one system of units inside the models.

Inside the models numbers are plain floats in **eV, nm, fs, m0 and K**. Inputs, results, messages, `hpcx show`, hashes
and provenance have the units that are documented with each key and dataset. Numbers change from one to the other in
three places, nowhere else:

* inputs: a configuration holds documented units (`hpcx.config.base.Unit`); `config.internal` is the same in internal
  ones,
* materials: `material.number(key, unit)` is asked for an internal unit,
* results: `hpcx.io.result.Result.add_internal` takes internal numbers and writes the declared unit; messages and
  summaries call `from_internal`.

Lattice data and files of other programs are read in angstrom. Wall-clock times are in s.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from hpcx.physics.constants import ELEMENTARY_CHARGE_C
from hpcx.spelling import suggestion

if TYPE_CHECKING:
    import numpy as np
    import pint

Number = TypeVar("Number", float, "np.ndarray")


#: longest text of a unit, and of a number with a unit
_LONGEST, _LONGEST_TEXT = 60, 400
_NAME = r"[^\W\d_]\w*(?:(?:\^|\*\*)[+-]?\d{1,2})?"
#: names with powers, multiplied by a space or "*", divided by "/"; "1/nm" begins with 1, which "8e11/cm^2" has no need
#: of
_UNIT = re.compile(rf"1|(?:1?\s*/\s*)?{_NAME}(?:\s*[*/]\s*{_NAME}|\s+{_NAME})*")
#: possessive quantifiers, so that long text is refused at once; in "1.8eV" the e is not part of the number
_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)(?![eE][+-]?[0-9])(?:\s*(?P<unit>[^\W\d_].*|/.*|\s1\s*/.*))?"
)
#: units that inputs have, with capitals that are often missed
_USUAL = (
    *("eV", "meV", "K", "fs", "ps", "ns", "s", "nm", "um", "angstrom", "m0", "THz", "MB", "GB"),
    *("uJ/cm^2", "1/nm", "1/angstrom", "1/cm^2", "cm^2/s"),
)
_AMPERE = re.compile(r"\bA\b")
#: name of a documented unit -> name inside the models, and the power of ten between them, for joules beside `_CHARGE`
_INTERNAL = {
    "meV": ("eV", -3),
    "ps": ("fs", 3),
    "s": ("fs", 15),
    "um": ("nm", 3),
    "cm": ("nm", 7),
    "angstrom": ("nm", -1),
    "uJ": ("eV", 13),
}
#: a joule is 1e19 eV over this
_CHARGE = 1e19 * ELEMENTARY_CHARGE_C
_FACTOR = re.compile(r"(?P<over>/?)\s*(?P<name>[^\W\d_]\w*)(?:(?:\^|\*\*)(?P<power>[+-]?\d+))?")


@lru_cache(maxsize=1)
def registry() -> pint.UnitRegistry:
    """Return the registry of units, made on first use (pint takes a while to load and only rank 0 needs it)."""
    import pint

    units: pint.UnitRegistry = pint.UnitRegistry()
    units.define("m0 = 1 * electron_mass = free_electron_mass")
    return units


def convert(value: float, source: str, target: str) -> float:
    """Return `value`, given in `source`, in the unit `target`.

    Raises ValueError if one of the units is unknown or the two have different dimensions.
    """
    return float(value) if source == target else _converted(float(value), source, target)


@lru_cache(maxsize=4096)
def _converted(value: float, source: str, target: str) -> float:
    """Convert a number; kept, because every point of a sweep has the same material."""
    return _magnitude(registry().Quantity(value, _unit(source)), target)


def to_internal(value: Number, unit: str) -> Number:
    """Return a number or an array in the models' unit from one in the documented `unit`."""
    _, up, down = internal(unit)
    return value if up == down else value * up / down


def from_internal(value: Number, unit: str) -> Number:
    """Return a number or an array in the documented `unit` from one in the models' unit."""
    _, up, down = internal(unit)
    return value if up == down else value * down / up


@lru_cache(maxsize=256)
def internal(unit: str) -> tuple[str, float, float]:
    """Return the internal unit and the factors up and down, of which one is 1: one rounding. Pint is too slow."""
    if unit == "s":  # wall-clock time
        return unit, 1.0, 1.0
    power = joules = 0
    for factor in _FACTOR.finditer(unit):
        exponent = int(factor["power"] or 1) * (-1 if factor["over"] else 1)
        power += exponent * _INTERNAL.get(factor["name"], ("", 0))[1]
        joules += exponent * (factor["name"] == "uJ")
    name = _FACTOR.sub(
        lambda factor: factor[0].replace(factor["name"], _INTERNAL.get(factor["name"], (factor["name"], 0))[0], 1), unit
    )
    return name, float(10 ** max(power, 0)), 10 ** max(-power, 0) * _CHARGE**joules


def parse(text: str | float | int, unit: str) -> float:
    """Return a number in `unit` from a plain number (taken to be in `unit`) or from text such as "25 meV".

    Text is a number, then a unit, and nothing else: it is never evaluated. Raises ValueError that says what was
    expected.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise ValueError(f"expected a number or text with a unit such as {_example(unit)}")
    return finite(_parsed(text, unit) if isinstance(text, str) else text)


def finite(number: int | float) -> float:
    """Return a number as a float; raises ValueError if it is not finite, as an integer of 400 digits is not."""
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError("expected a finite number")
    return value


def _example(unit: str) -> str:
    return "'1.5'" if unit == "1" else f"'1.5 {unit}'"


@lru_cache(maxsize=1024)
def _parsed(text: str, unit: str) -> float:
    """Understand text with a unit; kept, because every point of a sweep has the same defaults."""
    found = _NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST_TEXT else None
    if found is None:
        hint = "; write a decimal point, not a comma" if re.match(r"\s*[+-]?\d+,\d", text) else ""
        raise ValueError(f"expected a number and a unit, such as {_example(unit)}{hint}")
    value = float(found["number"])
    return _magnitude(registry().Quantity(value, _unit(found["unit"])), unit) if found["unit"] else value


@lru_cache(maxsize=256)
def _unit(text: str) -> pint.Unit:
    """Return a unit: names with integer powers, multiplied or divided, such as "uJ/cm^2" or "1/nm"."""
    if len(text) > _LONGEST or not _UNIT.fullmatch(text.strip()):
        raise ValueError(
            f"cannot read {_short(text)} as a unit; expected names with powers such as 'eV', 'uJ/cm^2' or '1/nm'"
        )
    try:
        found = registry().Unit(f"1{text.strip()}" if text.strip().startswith("/") else text.strip())
        zero = registry().Quantity(0.0, found).to_base_units().magnitude
    except Exception as error:  # pint raises errors of many kinds on bad text
        raise ValueError(f"unknown unit {_short(text)}{_meant(text.strip())}") from error
    if zero != 0:
        raise ValueError(
            f"the unit {_short(text)} does not start at zero; write temperatures in K, ratios as plain numbers"
        )
    return found


def _meant(text: str) -> str:
    """Return the usual unit that is written like this apart from capitals, as a hint: "mev" for "meV"."""
    return suggestion(text, _USUAL, 0.99)


def _short(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")


def _magnitude(quantity: pint.Quantity, unit: str) -> float:
    import pint

    try:
        return float(quantity.to(_unit(unit)).magnitude)
    except pint.DimensionalityError as error:
        ampere = "; 'A' is the ampere, write 'angstrom'" if _AMPERE.search(f"{quantity.units:~}") else ""
        kelvin = "; write K for kelvin" if unit == "K" else ""
        raise ValueError(f"{quantity:~} is not convertible to {unit}{ampere}{kelvin}") from error
    except OverflowError:
        return math.inf
