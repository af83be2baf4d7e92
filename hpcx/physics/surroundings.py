"""The numbers of a layer's surroundings that an interaction can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Surroundings(Protocol):
    """Numbers and words that describe what is around a layer, by dotted key,
    such as the content of an environment file.
    """

    @property
    def texts(self) -> Mapping[str, str]:
        """All words, by key."""
        ...

    @property
    def knows_layer(self) -> bool:
        """Whether they hold the layer's own polarisability, so that its r0 does not count."""
        ...

    def has(self, key: str) -> bool:
        """Say whether there is a number `key`."""
        ...

    def number(self, key: str, unit: str) -> float:
        """Return the number `key` in `unit`; raises ValueError if it is missing or of another dimension."""
        ...

    def numbers_of(self, key: str, unit: str) -> tuple[float, ...]:
        """Return the list of numbers `key` in `unit`; raises ValueError as `number` does."""
        ...

    def text(self, key: str) -> str:
        """Return the word `key`; raises ValueError if it is missing."""
        ...
