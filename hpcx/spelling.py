"""Suggestions for misspelt words: the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """Return the known word that looks most like `word`, capitals apart first, or None."""
    others = list(known)
    if word in others:
        return None
    folded = {other.casefold(): other for other in reversed(others)}
    if word.casefold() in folded:
        return folded[word.casefold()]
    close = get_close_matches(word, others, n=1, cutoff=cutoff) or get_close_matches(
        word.casefold(), folded, n=1, cutoff=cutoff
    )
    return folded.get(close[0], close[0]) if close else None


def suggestion(word: object, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return "; did you mean 'x'?" for the nearest known word, or nothing."""
    found = nearest(str(word), known, cutoff)
    return f"; did you mean '{found}'?" if found else ""
