"""Old names of datasets: files have them as links, and commands accept them, for one release."""

from __future__ import annotations

#: words in the names of datasets, old -> present
WORDS = {
    "oscillator_weight": "oscillator_strength",
    "width_squared": "mean_squared_displacement",
    "lattice_correction": "finite_mesh_correction",
}


def present(name: str) -> str:
    """Return the present name of a dataset."""
    for old, new in WORDS.items():
        name = name.replace(old, new)
    return name


def old(name: str) -> str:
    """Return the old name of a dataset, or its name if it has always been this."""
    for former, new in WORDS.items():
        name = name.replace(new, former)
    return name
