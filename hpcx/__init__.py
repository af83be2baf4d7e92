"""hpcx: excitons and trions in two-dimensional semiconductors on parallel machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import xarray

__version__ = "0.1.0"


def open(path: str | Path) -> xarray.DataTree:
    """Open the `result.h5` or `sweep.h5` of a run, or its directory; see `hpcx.tree.open_tree`. Needs no MPI."""
    from hpcx.tree import open_tree

    return open_tree(path)
