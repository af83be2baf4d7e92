"""Start vectors, and eigenvectors saved for later runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hpcx.io.states import CHUNK, global_rows, read_states, to_blocks, write_states
from hpcx.parallel.errors import BadInput, agreed
from hpcx.parallel.layout import block_rows
from hpcx.petsc.start import keyed_noise
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator


def start_vector(operator: TrionOperator, amplitude_k: np.ndarray, number: int = 0) -> np.ndarray:
    """Return the product of two excitons' amplitudes with keyed noise, so that no state of the sector is left out.

    The vector of every other `number` than 0 is noise alone, another for each.
    """
    sector = operator.sector
    size_k, noise = np.abs(amplitude_k), keyed_noise(sector.key, number)
    return sector.pack(size_k[sector.k1] * size_k[sector.k2] * (noise if number else 1 + noise))


def restart_vector(saved: np.ndarray, states: int, generic: np.ndarray) -> np.ndarray:
    """Return the sum of the `saved` states (state, rows),
    with a `generic` vector if more `states` are wanted than were saved.

    The Krylov space of the sum is the span of the saved states.
    """
    vector = saved[:states].sum(axis=0)
    return vector + generic if len(saved) < states else vector


def states_file(directory: Path, name: str, species: str) -> Path:
    """Return the file in which a run saves the states of a species."""
    return directory / f"{name}.{species}.states.h5"


def _about(operator: TrionOperator, config: Config) -> dict[str, object]:
    """Identity of saved states; vectors of another material on the same mesh are good start vectors."""
    return {
        "mesh.N": config.mesh.N,
        "mesh.k0": config.mesh.cutoff,
        "solver.symmetry": operator.symmetry,
        "solver.angular_momentum": config.solver.angular_momentum,
        "trion.momentum": str(operator.problem.mesh.offset),
        "identical carriers": bool(operator.problem.identical),
    }


def _rows(operator: TrionOperator) -> tuple[np.ndarray, int]:
    size = operator.problem.mesh.size
    return global_rows(operator.comm, operator.sector.key // size, size)


class PairOrder:
    """The common order of canonical pairs, for checkpoints of vectors; see `hpcx.exciton.saved_states.Order`.

    Coordinates are kept, not amplitudes: a Lanczos recursion without reorthogonalisation continues unchanged only from
    vectors that are the same to the last bit.

    Attributes:
        total: number of canonical pairs.
    """

    def __init__(self, operator: TrionOperator) -> None:
        self._operator = operator
        self.total = int(operator.comm.allreduce(len(operator.sector.key)))

    def to_file(self, vectors: np.ndarray) -> tuple[np.ndarray, int]:
        """Return this rank's block (pair, state) of the coordinates of vectors (state, rows),
        and its first pair; collective.
        """
        comm, rows, first = (
            self._operator.comm,
            _rows(self._operator)[0],
            block_rows(self.total, self._operator.comm.size),
        )
        states = [to_blocks(comm, rows, self._operator.sector.spread(vector)[None], first).T for vector in vectors]
        none = np.empty((first[comm.rank + 1] - first[comm.rank], 0), complex)
        return states[0] if len(states) == 1 else np.concatenate([none, *states], axis=1), int(first[comm.rank])

    def from_file(self, read: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """Return vectors (state, rows) on this rank."""
        rows, _ = _rows(self._operator)
        spread = np.empty((read(0, 0).shape[1], len(rows)), complex)
        for start in range(0, self.total, CHUNK):
            chunk = read(start, min(start + CHUNK, self.total))
            here = slice(*np.searchsorted(rows, (start, start + len(chunk))))  # rows ascend
            spread[:, here] = chunk[rows[here] - start].T
        vectors = np.empty((len(spread), self._operator.rows), self._operator.dtype)
        for row, values in zip(vectors, spread, strict=True):
            row[:] = self._operator.sector.collect(values)
        return vectors


def save(path: Path, operator: TrionOperator, config: Config, energy: np.ndarray, vectors: np.ndarray) -> None:
    """Write the amplitudes of canonical pairs (state, pair) with the pairs' points; collective."""
    sector = operator.sector
    amplitude = np.array([sector.amplitudes(vector) for vector in vectors])
    columns = {"amplitude": amplitude, "k1": sector.k1, "k2": sector.k2}
    about = {**_about(operator, config), "energy": energy}
    write_states(operator.comm, path, *_rows(operator), columns, about)


def load(start: str, species: str, operator: TrionOperator, config: Config) -> np.ndarray:
    """Return the saved states of a species as vectors (state, rows) on the present ranks; collective.

    `start` is a file, or a directory with one file of this species. Raises AgreedError if there is no such file, or if
    it belongs to another mesh or symmetry.
    """
    rows, _ = _rows(operator)
    with agreed(operator.comm):
        amplitude = read_states(_find(Path(start), species), "amplitude", rows, _about(operator, config))
    return np.array([operator.sector.pack(values) for values in amplitude])


def _find(path: Path, species: str) -> Path:
    found = sorted(path.glob(f"*.{species}.states.h5")) if path.is_dir() else [path]
    if len(found) != 1:
        raise BadInput(f"solver.start = '{path}': {len(found)} files *.{species}.states.h5 there, expected one")
    return found[0]
