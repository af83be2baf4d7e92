"""Tables that all ranks need, each made by one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hpcx.parallel.errors import agreed


def make_together(comm: Any, shared: dict[str, object], wanted: Mapping[str, Callable[[], object]]) -> None:
    """Put into `shared` of every rank what `wanted` makes by name and some rank lacks, dealt out in turn; collective.

    A single rank makes nothing here: it does when it needs it. `wanted` has the same names on all ranks, and what it makes
    must not communicate. Raises AgreedError on all ranks if something cannot be made.
    """
    if comm.size == 1:
        return
    lacking = set().union(*comm.allgather([name for name in wanted if name not in shared]))
    mine = [name for name in wanted if name in lacking][comm.rank :: comm.size]
    made: dict[str, object] = {}
    with agreed(comm):
        made = {name: wanted[name]() for name in mine}
    for part in comm.allgather(made):
        shared.update(part)
