"""Distribution over ranks: blocks of rows, columns balanced by work, and values fetched from other ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mpi4py import MPI


def block_rows(total: int, ranks: int) -> np.ndarray:
    """Return the first row of every rank's block and the total, (ranks + 1,); sizes differ by one at most."""
    return np.arange(ranks + 1) * total // ranks


def own_rows(comm: MPI.Comm, total: int) -> slice:
    """Return this rank's block of rows."""
    first = block_rows(total, comm.size)
    return slice(int(first[comm.rank]), int(first[comm.rank + 1]))


def deal_columns(work_c: np.ndarray, ranks: int, block: int) -> np.ndarray:
    """Return the owner of each column, for columns sorted by falling work.

    Snake order (0 1 2 2 1 0 0 1 ...) balances work and lengths; with fewer than two blocks of columns per rank
    contiguous runs of equal work keep the blocks tight.
    """
    columns = np.arange(len(work_c))
    if len(work_c) >= 2 * block * ranks:
        turn, place = np.divmod(columns, ranks)
        return np.where(turn % 2, ranks - 1 - place, place)
    middle = np.cumsum(work_c) - work_c / 2
    return np.minimum((middle * ranks / max(work_c.sum(), 1)).astype(int), ranks - 1)


class Locator:
    """Finds the positions of keys in an array of distinct keys."""

    def __init__(self, keys: np.ndarray) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def __call__(self, keys: np.ndarray) -> np.ndarray:
        """Return the position of each of `keys`; raises KeyError if one is missing."""
        place = np.searchsorted(self._sorted, keys)
        found = self._sorted.take(place, mode="clip") if len(self._sorted) else np.full(len(keys), -1)
        if not np.array_equal(found, keys):
            raise KeyError("a rank was asked for a value that it does not own")
        return self._order[place]


class Pull:
    """Values of a distributed array that this rank needs, fetched by lists that are made once.

    The values stand in one buffer: first this rank's own part of the array, then what comes from others. `index` says
    where each requested value is in it, so that what is local is not moved at all.

    Attributes:
        index: position in the buffer of every requested key.
        local: length of this rank's own part.
        far: how many values come from other ranks.
    """

    def __init__(self, comm: MPI.Comm, keys: np.ndarray, owners: np.ndarray, available: np.ndarray) -> None:
        """Make the lists; collective.

        Args:
            comm: the ranks.
            keys: what this rank needs, any order, repetitions allowed.
            owners: the rank that owns each of `keys`.
            available: the keys of this rank's own part of the array, in its order; entries of -1 are never asked for.
        """
        self.comm, self.local = comm, len(available)
        remote = owners != comm.rank
        wanted, inverse = np.unique(keys[remote], return_inverse=True)
        holder = np.empty(len(wanted), np.int32)
        holder[inverse] = owners[remote]
        order = np.argsort(holder, kind="stable")
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order))
        locate = Locator(available)
        self.index: np.ndarray = np.empty(len(keys), _index_type(self.local + len(wanted)))
        self.index[~remote] = locate(keys[~remote])
        self.index[remote] = self.local + place[inverse]
        self._receive = counts_and_places(np.bincount(holder, minlength=comm.size))
        self._ask(wanted[order], locate)
        self.far = len(wanted)

    def _ask(self, wanted: np.ndarray, locate: Locator) -> None:
        counts = np.empty_like(self._receive[0])
        self.comm.Alltoall(self._receive[0], counts)
        self._send = counts_and_places(counts)
        asked = np.empty(counts.sum(), wanted.dtype)
        self.comm.Alltoallv([wanted, self._receive], [asked, self._send])
        self._positions: np.ndarray = locate(asked).astype(_index_type(self.local))

    def start(self, own: np.ndarray, far: np.ndarray) -> MPI.Request | None:
        """Start to send this rank's `own` part and to fetch others' values into `far`; return the MPI request."""
        if self.comm.size == 1:
            return None
        return self.comm.Ialltoallv([own.take(self._positions), self._send], [far[: self.far], self._receive])

    def fetch(self, own: np.ndarray) -> np.ndarray:
        """Return the requested values, in the order of their keys, of this rank's `own` part; collective."""
        buffer = np.empty(self.local + self.far, own.dtype)
        buffer[: self.local] = own
        request = self.start(own, buffer[self.local :])
        if request is not None:
            request.Wait()
        return buffer[self.index]

    def sent(self, itemsize: int) -> tuple[int, int]:
        """Return how many messages this rank sends in one fetch, and their bytes."""
        counts = self._send[0]
        return int(np.count_nonzero(counts)), int(counts.sum()) * itemsize


def _index_type(length: int) -> type:
    """Return the type of indices into an array of this length: lists of them are much of the memory."""
    return np.int32 if length <= np.iinfo(np.int32).max else np.int64


def counts_and_places(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return counts and displacements as MPI wants them."""
    counts = counts.astype(np.int32)
    return counts, np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int32)
