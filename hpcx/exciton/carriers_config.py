"""Input of carriers: words such as "K:c1", a valley and a band."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field, ValidationInfo, field_validator

from hpcx.config.base import Section
from hpcx.spelling import nearest

#: its valley, conduction or valence band, and the number of the band from the gap or the sign of its spin
CARRIER = re.compile(r"(?P<valley>[^\s:]+|\([^)]*\)):(?P<kind>[cv])(?P<which>[1-9]\d?|[+-])")
#: how a word is made
WORD = (
    "the valley (K, K', Q, Q', G, M, Lambda, or fractions of the reciprocal vectors \"(0.1,0.2)\") and c or v with the"
    " number of the band from the gap, or with + or - for the band next to the gap that has this spin"
)
#: how else a prime is written
_PRIME = re.compile(r"(?<=.)(p|prime|[’′`])$")
#: kind of band and examples of the carriers of a pair
_KINDS = {
    "electron": ("c", "an electron", "K:c1, K':c+, Lambda:c1"),
    "hole": ("v", "a hole", "K:v1, K':v+, G:v1"),
}


def nearest_valley(word: str, known: tuple[str, ...]) -> str | None:
    """Return the known valley that a misspelt one looks most like, if any does; "Kp" is K'."""
    primed = _PRIME.sub("'", word)
    return primed if primed in known else nearest(primed, known)


class Pair(Section):
    """Electron and hole of an exciton on disks, each in any valley."""

    electron: str | None = Field(None, description=f"the electron, e.g. K':c1: {WORD}; default: that of the A exciton")
    hole: str | None = Field(None, description="the hole in the same way, e.g. K:v1; default: that of the A exciton")

    @field_validator("electron", "hole")
    @classmethod
    def _readable(cls, word: str | None, info: ValidationInfo) -> str | None:
        kind, name, examples = _KINDS[str(info.field_name)]
        found = None if word is None else CARRIER.fullmatch(word)
        if word is not None and (found is None or found["kind"] != kind):
            raise ValueError(f"{word!r} is not {name}: expected a valley and a band such as {examples}")
        return word

    @property
    def words(self) -> dict[str, str]:
        """The words that are given, by "electron" and "hole"."""
        return {name: word for name in _KINDS if (word := getattr(self, name)) is not None}

    def check(self, region: str, exchange: bool, phonons: bool) -> Iterator[str]:
        """Complain if carriers are named with what is there for the A exciton alone, or not on disks."""
        keys = " and ".join(f"exciton.{name}" for name in self.words)
        if keys and region == "zone":
            yield f'mesh.region = "zone" has the pairs of all valleys, see zone.momentum: leave out {keys}'
        if keys and exchange:
            yield f"exchange is that of the A excitons of K and K': leave out {keys}, or exchange"
        if keys and phonons:
            yield f"phonons.enabled gives widths of the A exciton only: leave out {keys}"
