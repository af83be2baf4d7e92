"""Tables that points of a sweep usually share."""

from __future__ import annotations

from collections.abc import Callable

from hpcx.formation.config import Config
from hpcx.formation.problem import convergence_table, two_exciton_tables
from hpcx.materials.loader import Material


def shared_tables(config: Config, material: Material) -> dict[str, Callable[[], object]]:
    """Return the makers of the expensive tables by their names in `Run.shared`, the most expensive first.

    Raises MaterialError if the material lacks a number.
    """
    wanted = [*two_exciton_tables(config, material).values(), convergence_table(config, material)]
    return {table.key: table.made for table in wanted}
