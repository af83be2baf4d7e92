"""Tables that several points of a sweep share, and tables that all ranks need, each made by one rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hpcx.parallel.errors import agreed
from hpcx.parallel.fingerprint import fingerprint


@dataclass(frozen=True)
class SharedTable:
    """A table that points share, identified by the hash of all arguments from which it is made.

    Attributes:
        kind: what it is, e.g. "formation/pump"; one maker per kind.
        make: returns the table; called as make(*of, *beside).
        of: all that the table depends on.
        beside: what else the maker needs, which follows from `of` or does not change the table (the question whether to
            stop).
    """

    kind: str
    make: Callable[..., Any]
    of: tuple[Any, ...]
    beside: tuple[Any, ...] = ()

    @cached_property
    def key(self) -> str:
        """The name under which the table is shared."""
        return f"{self.kind}/{fingerprint(*self.of)}"

    def made(self) -> Any:
        """Make the table."""
        return self.make(*self.of, *self.beside)

    def take(self, shared: dict[str, Any], kept: int | None = None) -> Any:
        """Return the table from `shared`, made if it is missing; at most `kept` of its kind stay, the newest."""
        if self.key not in shared:
            others = [name for name in shared if name.startswith(f"{self.kind}/")]
            for name in others[: len(others) - kept + 1] if kept else []:
                del shared[name]
            shared[self.key] = self.made()
        return shared[self.key]


def make_together(comm: Any, shared: dict[str, object], wanted: Mapping[str, Callable[[], object]]) -> None:
    """Make the tables of `wanted` that some rank lacks, each on one rank, and put them into `shared` on all;
    collective.

    A single rank makes a table when it needs it, not here. `wanted` has the same names on all ranks, and its functions
    must not communicate. Raises AgreedError on all ranks if one fails.
    """
    # without this every rank makes every table: the sweep of the formation figure took 14 % longer on two ranks
    if comm.size == 1:
        return
    lacking = set().union(*comm.allgather([name for name in wanted if name not in shared]))
    mine = [name for name in wanted if name in lacking][comm.rank :: comm.size]
    made: dict[str, object] = {}
    with agreed(comm):
        made = {name: wanted[name]() for name in mine}
    for part in comm.allgather(made):
        shared.update(part)
