"""Rates that are assembled once: kept in memory for the points of a sweep, and in files of the output directory for later runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from hpcx.io.tables import load_table, save_table
from hpcx.parallel.run import Run
from hpcx.wigner import grid as grid_module
from hpcx.wigner import parameters, processes, rates
from hpcx.wigner.grid import Grid
from hpcx.wigner.parameters import Excitons
from hpcx.wigner.processes import DEFAULT_QUADRATURE
from hpcx.wigner.rates import Rates, assemble_rates

#: folder of the files below that of the results
FOLDER = "rates"


def flat_rates(comm: MPI.Comm, excitons: Excitons, grid: Grid, harmonics: int, run: Run) -> Rates:
    """Return the rates of all processes from memory, from a file, or assembled by all ranks; collective."""
    key = rates_key(excitons, grid, harmonics, "all")
    name = f"wigner rates {key}"
    if name not in run.shared:
        found = comm.bcast(load_rates(run, grid, key) if comm.rank == 0 else None)
        if found is None:
            found = assemble_rates(comm, excitons, grid, harmonics)
            if comm.rank == 0:
                save_rates(run, found, key)
        run.shared[name] = found
    return run.shared[name]


def kept_rates(run: Run, grid: Grid, key: str, assemble: Callable[[], Rates]) -> Rates:
    """Return rates from the file of `key`, or assemble them and write it; by one rank."""
    found = load_rates(run, grid, key)
    if found is None:
        found = assemble()
        save_rates(run, found, key)
    return found


def rates_key(excitons: Excitons, grid: Grid, harmonics: int, which: str) -> str:
    """Return a hash of all that rates depend on: physics, bins, quadrature, and the modules that assemble them."""
    state = hashlib.sha256()
    for module in (grid_module, parameters, processes, rates):
        state.update(Path(module.__file__).read_bytes())
    for item in (excitons, grid, DEFAULT_QUADRATURE, harmonics, which):
        _feed(state, item)
    return state.hexdigest()


def load_rates(run: Run, grid: Grid, key: str) -> Rates | None:
    """Return the rates in the file of `key`, or None."""
    arrays = load_table(_path(run, key), key) if run.directory is not None else None
    if arrays is None:
        return None
    return Rates(grid, *(_unpacked(arrays, name, grid.size) for name in ("intravalley", "intervalley")))


def save_rates(run: Run, found: Rates, key: str) -> None:
    """Write the file of `key`, if there is a directory for it: of the symmetric fluxes the upper halves that are not zero."""
    if run.directory is not None:
        packed = _packed("intravalley", found.intravalley_mij) | _packed("intervalley", found.intervalley_mij)
        save_table(_path(run, key), key, packed)


def _path(run: Run, key: str) -> Path:
    return run.directory / FOLDER / f"{key[:16]}.h5"


def _packed(name: str, flux_mij: np.ndarray) -> dict[str, np.ndarray]:
    place = np.flatnonzero(np.triu(np.any(flux_mij != 0, axis=0)))
    return {f"{name}_index": place, f"{name}_flux": flux_mij.reshape(len(flux_mij), -1)[:, place]}


def _unpacked(arrays: dict[str, np.ndarray], name: str, size: int) -> np.ndarray:
    place, flux = arrays[f"{name}_index"], arrays[f"{name}_flux"]
    row, column = np.divmod(place, size)
    flux_mij = np.zeros((len(flux), size, size))
    flux_mij[:, row, column] = flux
    flux_mij[:, column, row] = flux
    return flux_mij


def _feed(state: Any, item: Any) -> None:
    """Add a value to a hash, with the names of its parts, independently of how Python stores it."""
    if is_dataclass(item):
        for field in fields(item):
            state.update(field.name.encode())
            _feed(state, getattr(item, field.name))
    elif isinstance(item, tuple):
        for part in item:
            _feed(state, part)
    elif isinstance(item, np.ndarray):
        state.update(f"{item.dtype}{item.shape}".encode() + np.ascontiguousarray(item).tobytes())
    else:
        state.update(repr(item).encode())
