"""Cache of scattering rates: in memory for the points of a sweep, in files of the output directory for later runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpcx.io.cache import load_arrays, save_arrays
from hpcx.parallel.fingerprint import code_fingerprint, fingerprint
from hpcx.parallel.run import Run
from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.energy_grid import Grid
from hpcx.wigner.processes import Process, emission_processes
from hpcx.wigner.rates import Rates, assemble_rates

if TYPE_CHECKING:
    from mpi4py import MPI

#: folder of the files below that of the results
FOLDER = "rates"


def flat_rates(comm: MPI.Comm, excitons: Excitons, grid: Grid, harmonics: int, run: Run) -> Rates:
    """Return the rates of all processes from memory, from a file, or assembled by all ranks; collective."""
    processes = emission_processes(excitons)
    name = f"wigner/rates/{rates_key(excitons, grid, harmonics, processes)}"
    known = run.shared.get(name)
    if not isinstance(known, Rates):
        known = run.shared[name] = kept_rates(comm, excitons, grid, harmonics, processes, run)
    return known


def kept_rates(
    comm: MPI.Comm, excitons: Excitons, grid: Grid, harmonics: int, processes: Sequence[Process], run: Run
) -> Rates:
    """Return the rates of `processes` from a file, or assemble them and write it; collective."""
    key = rates_key(excitons, grid, harmonics, processes)
    found = comm.bcast(load_rates(run, grid, key) if comm.rank == 0 else None)
    if found is None:
        found = assemble_rates(comm, excitons, grid, harmonics, processes)
        if comm.rank == 0:
            save_rates(run, found, key)
    return found


def rates_key(excitons: Excitons, grid: Grid, harmonics: int, processes: Sequence[Process]) -> str:
    """Return a hash of the arguments of `assemble_rates` and of the code of the packages that it uses."""
    return fingerprint(code_fingerprint("wigner", "physics"), excitons, grid, harmonics, processes)


def load_rates(run: Run, grid: Grid, key: str) -> Rates | None:
    """Return the rates in the file of `key`, or None."""
    arrays = load_arrays(_path(run.directory, key), key) if run.directory is not None else None
    if arrays is None:
        return None
    return Rates(grid, *(_unpacked(arrays, name, grid.size) for name in ("intravalley", "intervalley")))


def save_rates(run: Run, found: Rates, key: str) -> None:
    """Write the file of `key`, if there is a directory: nonzero entries in the upper halves of the symmetric fluxes."""
    if run.directory is not None:
        packed = _packed("intravalley", found.intravalley_mij) | _packed("intervalley", found.intervalley_mij)
        save_arrays(_path(run.directory, key), key, packed)


def _path(directory: Path, key: str) -> Path:
    return directory / FOLDER / f"{key[:16]}.h5"


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
