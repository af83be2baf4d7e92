"""Units where numbers enter and leave the program: text with a unit in, plain numbers in a documented unit out.

Inside, numbers are plain floats. Masses are in m0, temperatures in K, lattice data in angstrom; otherwise

    exciton, trion, valley    eV, angstrom, fs
    formation                 eV, nm, fs
    wigner                    meV, nm, ps

An input is held in the unit that its key documents (`hpcx.config.base.Unit`), and converted where a model first uses it.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint


#: longest text of a unit, and of a number with a unit
_LONGEST, _LONGEST_TEXT = 60, 400
_NAME = r"[^\W\d_]\w*(?:(?:\^|\*\*)[+-]?\d{1,2})?"
#: names with powers, multiplied by a space or "*", divided by "/"; "1/nm" begins with 1, which "8e11/cm^2" has no need of
_UNIT = re.compile(rf"1|(?:1?\s*/\s*)?{_NAME}(?:\s*[*/]\s*{_NAME}|\s+{_NAME})*")
#: possessive, so that long text is refused at once and "8e11" is one number whatever follows
_NUMBER = re.compile(r"(?P<number>[+-]?(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)(?:\s*(?P<unit>[^\W\d_].*|/.*|\s1\s*/.*))?")
_AMPERE = re.compile(r"\bA\b")


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


def parse(text: str | float | int, unit: str) -> float:
    """Return a number in `unit` from a plain number (taken to be in `unit`) or from text such as "25 meV".

    Text is a number, then a unit, and nothing else: it is never evaluated. Raises ValueError that says what was expected.
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
        raise ValueError(f"cannot read {_short(text)} as a unit; expected names with powers such as 'eV', 'uJ/cm^2' or '1/nm'")
    try:
        found = registry().Unit(f"1{text.strip()}" if text.strip().startswith("/") else text.strip())
        zero = registry().Quantity(0.0, found).to_base_units().magnitude
    except Exception as error:  # pint raises errors of many kinds on bad text
        raise ValueError(f"unknown unit {_short(text)}") from error
    if zero != 0:
        raise ValueError(f"the unit {_short(text)} does not start at zero; write temperatures in K, ratios as plain numbers")
    return found


def _short(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")


def _magnitude(quantity: pint.Quantity, unit: str) -> float:
    import pint

    try:
        return float(quantity.to(_unit(unit)).magnitude)
    except pint.DimensionalityError as error:
        ampere = "; 'A' is the ampere, write 'angstrom'" if _AMPERE.search(f"{quantity.units:~}") else ""
        raise ValueError(f"{quantity:~} is not convertible to {unit}{ampere}") from error
    except OverflowError:
        return math.inf
