"""What the figures of the wigner model share: how valleys are written."""

from __future__ import annotations

#: in the order of all arrays
LABELS = ("KK", "KK$'$", r"K$\Lambda$")


def shown(valley: int) -> str:
    """Return the name of a valley for a figure."""
    return LABELS[valley]
