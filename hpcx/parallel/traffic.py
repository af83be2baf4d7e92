"""What exchanges between ranks cost: messages, bytes, and the time that a rank waits in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Traffic:
    """What this rank has sent in exchanges of one kind, and how long it has waited for them.

    Attributes:
        exchanges: how many there were.
        messages, bytes: sent by this rank.
        seconds: spent waiting for other ranks.
    """

    exchanges: int = 0
    messages: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def sent(self, messages: int, size: int) -> None:
        """Note an exchange in which this rank sends `messages` of `size` bytes in all."""
        self.exchanges += 1
        self.messages += messages
        self.bytes += size

    def add(self, other: Traffic) -> None:
        """Add what another has counted."""
        self.exchanges += other.exchanges
        self.messages += other.messages
        self.bytes += other.bytes
        self.seconds += other.seconds

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of the body of a `with` statement as waiting."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start
