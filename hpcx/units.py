"""Units at the border of the program: text with a unit in, plain numbers in a documented unit out.

Inside the program numbers are plain floats; which unit they are in is said at the top of each model package.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint


@lru_cache(maxsize=1)
def registry() -> pint.UnitRegistry:
    """Return the registry of units, made on first use (pint takes a while to load and only rank 0 needs it)."""
    import pint

    units = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    units.define("m0 = 1 * electron_mass = free_electron_mass")
    return units


def convert(value: float, source: str, target: str) -> float:
    """Return `value`, given in `source`, in the unit `target`.

    Raises ValueError if one of the units is unknown or the two have different dimensions.
    """
    if source == target:
        return float(value)
    return _magnitude(registry().Quantity(value, _unit(source)), target)


def parse(text: str | float | int, unit: str) -> float:
    """Return a number in `unit` from a plain number (taken to be in `unit`) or from text such as "25 meV".

    Raises ValueError naming what could not be understood.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise ValueError(f"expected a number or text with a unit such as '1 {unit}'")
    if not isinstance(text, str):
        return float(text)
    try:
        return float(text)
    except ValueError:
        return _parsed(text, unit)


@lru_cache(maxsize=1024)
def _parsed(text: str, unit: str) -> float:
    """Understand text with a unit; kept, because every point of a sweep has the same defaults."""
    return _magnitude(_quantity(text), unit)


def _quantity(text: str) -> pint.Quantity:
    units = registry()
    try:
        return units.Quantity(text)
    except Exception as error:  # pint raises errors of many kinds on bad text
        raise ValueError(f"cannot read {text!r} as a number with a unit") from error


def _unit(text: str) -> pint.Unit:
    try:
        return registry().Unit(text)
    except Exception as error:
        raise ValueError(f"unknown unit {text!r}") from error


def _magnitude(quantity: pint.Quantity, unit: str) -> float:
    import pint

    try:
        return float(quantity.to(_unit(unit)).magnitude)
    except pint.DimensionalityError as error:
        raise ValueError(f"{quantity:~} is not convertible to {unit}") from error
