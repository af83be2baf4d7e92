"""The cost of work on the machine on which the models were timed, and on this one.

Work is classified by what limits it, because machines differ more in some of these than in others. Four short jobs, one
of each kind, measure the speed of this machine.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache


def _parts(of: Work | Machine) -> tuple[float, ...]:
    return of.products, of.arrays, of.memory, of.calls, of.messages, of.bytes


@dataclass(frozen=True)
class Work:
    """Time by what limits it, s on the reference machine: one core with 63 GF/s, 14 GB/s, an assumed network.

    Attributes:
        products: matrix products.
        arrays: transforms and work element by element, in the cache.
        memory: the same on arrays that do not fit there.
        calls: Python itself, calls with small arrays, files.
        messages: latency of messages to other ranks.
        bytes: their transfer.
    """

    products: float = 0.0
    arrays: float = 0.0
    memory: float = 0.0
    calls: float = 0.0
    messages: float = 0.0
    bytes: float = 0.0

    @staticmethod
    def sending(messages: float, size: float) -> Work:
        """Return what it takes to send so many messages of `size` bytes in all."""
        return Work(messages=messages * LATENCY, bytes=size / BANDWIDTH)

    def __add__(self, other: Work) -> Work:
        return Work(*(mine + its for mine, its in zip(_parts(self), _parts(other))))

    def __mul__(self, factor: float) -> Work:
        return Work(*(factor * mine for mine in _parts(self)))

    __rmul__ = __mul__

    def __truediv__(self, number: float) -> Work:
        return self * (1 / number)

    def __sub__(self, other: Work) -> Work:
        return self + other * -1

    @staticmethod
    def total(works: Iterable[Work]) -> Work:
        """Return the sum, also of many."""
        return Work(*map(sum, zip(*map(_parts, works)))) if (works := list(works)) else Work()

    def on(self, machine: Machine) -> float:
        """Return the seconds that one core of a machine takes."""
        return sum(mine * slower for mine, slower in zip(_parts(self), _parts(machine)))

    @property
    def seconds(self) -> float:
        """Seconds on the reference machine."""
        return sum(_parts(self))


@dataclass(frozen=True)
class Machine:
    """How many times as long as the reference machine one core takes, and its network, for each kind of `Work`."""

    products: float = 1.0
    arrays: float = 1.0
    memory: float = 1.0
    calls: float = 1.0
    messages: float = 1.0
    bytes: float = 1.0

    def with_network(self, latency: float, bandwidth: float) -> Machine:
        """Return this machine with a network of a latency (s) and a bandwidth (bytes/s) per rank."""
        return replace(self, messages=latency / LATENCY, bytes=BANDWIDTH / bandwidth)

    def __str__(self) -> str:
        return (
            f"{_PRODUCT_FLOPS / _SECONDS.products / self.products / 1e9:.0f} GF/s in matrix products,"
            f" {_COPY_BYTES / _SECONDS.memory / self.memory / 1e9:.1f} GB/s of memory; transforms take"
            f" {self.arrays:.2f} times and Python {self.calls:.2f} times as long as on the machine on which costs were"
            " measured"
        )


REFERENCE = Machine()
#: what is assumed of a network: time of a message, s, and bytes per second and rank
LATENCY, BANDWIDTH = 1.5e-6, 1e9

#: what the four jobs take on the reference machine, s, and what they do: flops of the products, bytes read and written
_SECONDS = Work(products=4.3e-3, arrays=1.85e-3, memory=4.7e-3, calls=3.4e-3)
_SIDE, _LENGTH, _CALLS = 256, 4_000_000, 2000
#: least processor time that is measured, s, because some clocks are coarse, and how often a job is repeated for it at
#: most
_MEASURABLE, _MOST_TIMES = 1e-3, 64
_PRODUCT_FLOPS, _COPY_BYTES = 2 * 8.0 * _SIDE**3, 2 * 8.0 * _LENGTH


@lru_cache(maxsize=1)
def measured() -> Machine:
    """Return how fast one core of this machine is now; it takes a tenth of a second, once."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        found = [_least(job()) for job in (_products, _transforms, _copies, _calls)]
    return Machine(*(seconds / reference for seconds, reference in zip(found, _parts(_SECONDS))))


def _least(job: Callable[[], object]) -> float:
    """Return the least processor time of a job, s: whatever disturbs it makes it longer."""
    timer = timeit.Timer(job, timer=time.process_time)
    times = 1
    while (first := timer.timeit(times)) < _MEASURABLE and times < _MOST_TIMES:
        times *= 2
    least = min(first, *timer.repeat(3, times))
    return max(least, time.get_clock_info("process_time").resolution) / times


def _products() -> Callable[[], object]:
    import numpy as np

    matrix, product = np.ones((_SIDE, _SIDE), complex), np.empty((_SIDE, _SIDE), complex)
    return lambda: [np.matmul(matrix, matrix, out=product) for _ in range(2)]


def _transforms() -> Callable[[], object]:
    import ducc0.fft
    import numpy as np

    batch = np.zeros((8, 96, 96), complex)

    def job() -> None:
        """Transform all and multiply."""
        for _ in range(4):
            ducc0.fft.c2c(batch, axes=(1, 2), out=batch)
            np.multiply(batch, batch.conj(), out=batch)

    return job


def _copies() -> Callable[[], object]:
    import numpy as np

    source, target = np.ones(_LENGTH), np.ones(_LENGTH)
    return lambda: np.copyto(target, source)


def _calls() -> Callable[[], object]:
    import numpy as np

    row = np.ones(16)
    return lambda: [{"total": row.sum(), "half": 0.5 * row} for _ in range(_CALLS)]
