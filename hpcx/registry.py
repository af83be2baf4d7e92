"""The models of hpcx and the small interface through which the command line and the sweep see them.

A model `name` is a package `hpcx.name` with three modules:

* `config.py`   with `class Config(RunInput)`: what a user may write. Pure pydantic, no numerics.
* `solve.py`    with `solve(comm, config, material, run) -> Result`: one point, collective on `comm`.
* `estimate.py` with `estimate(config, material, ranks) -> Estimate`: size, memory and time, without solving anything.

and, if values of the input can be unphysical, a fourth:

* `refusals.py` with `refusals(config, material) -> list[Refusal]`. The first rank alone asks it, while it reads the
  input, so it must not load MPI or PETSc, which begin together on all ranks.

If points of a sweep share tables that are expensive, there may be

* `shared_tables.py` with `shared_tables(config, material) -> dict[str, Callable[[], object]]`: by name in `Run.shared`
  how each of them is made. The ranks make those of the first point together, each a part, before they part.

If `hpcx converge` can choose its numerical parameters, there is a module `refinement.py`, see `hpcx.refinement`.

Modules are imported when they are needed, so that a run loads only the code that it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hpcx.parallel.machine import Work

if TYPE_CHECKING:
    from hpcx.config.base import RunInput
    from hpcx.refinement import Refinement

MODELS = ("exciton", "trion", "wigner", "formation", "valley")


@dataclass(frozen=True)
class Estimate:
    """What one point will cost.

    Attributes:
        unknowns: length of the state vector or dimension of the eigenproblem that is really solved.
        bytes_per_rank: resident memory of one rank, in bytes, the interpreter included.
        work: processor time of the rank that has most to do, on the given number of ranks.
        facts: what else a user wants to see, label -> text, in the order of printing.
        warnings: sentences that say what will not work or not be meaningful.
        shared: the part of `work` for what is made once for all points that name it, by name.
        refusal: why the point cannot be computed on this number of ranks, or "".
    """

    unknowns: int
    bytes_per_rank: float
    work: Work
    facts: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    shared: dict[str, Work] = field(default_factory=dict)
    refusal: str = ""

    @property
    def seconds(self) -> float:
        """Wall time on that many ranks of the reference machine, s; ranks are chosen by it, the same everywhere."""
        return self.work.seconds


@dataclass(frozen=True)
class Refusal:
    """A value that physics forbids: its dotted key, the value with its unit as text, and what is allowed."""

    key: str
    value: str
    message: str


def refused(key: str, value: str, wrong: bool, message: str) -> list[Refusal]:
    """Return the refusal of a value that is `wrong`, else none."""
    return [Refusal(key, value, message)] if wrong else []


def tried(key: str, value: object, work: Callable[[], Any]) -> tuple[Any, list[Refusal]]:
    """Return what `work` returns, and no refusal; or None, and the complaint of the ValueError that it raises."""
    try:
        return work(), []
    except ValueError as error:
        return None, [Refusal(key, str(value), str(error))]


def config_class(model: str) -> type[RunInput]:
    """Return the input class of a model; raises KeyError for a name that is no model."""
    if model not in MODELS:
        raise KeyError(model)
    return import_module(f"hpcx.{model}.config").Config


def load_input_modules(model: str) -> None:
    """Load the modules that reading an input of the model needs, on all ranks at the same time."""
    config_class(model)
    _module(f"hpcx.{model}.refusals")


@lru_cache(maxsize=64)
def _module(name: str) -> ModuleType | None:
    """Return a module that a model may have or not; looked for once, because every point of a sweep asks."""
    return import_module(name) if find_spec(name) else None


def solver(model: str) -> Callable[..., Any]:
    """Return `solve(comm, config, material, run) -> Result` of a model."""
    return import_module(f"hpcx.{model}.solve").solve


def estimator(model: str) -> Callable[..., Estimate]:
    """Return `estimate(config, material, ranks) -> Estimate` of a model."""
    return import_module(f"hpcx.{model}.estimate").estimate


def refusals(model: str, config: RunInput, material: Any) -> list[Refusal]:
    """Return which values of a valid input the physics of the model forbids; most models forbid none."""
    module = _module(f"hpcx.{model}.refusals")
    return module.refusals(config, material) if module else []


def shared_tables(model: str, config: RunInput, material: Any) -> dict[str, Callable[[], object]]:
    """Return by name how the tables are made that a point of the model shares with others; most models have none."""
    module = _module(f"hpcx.{model}.shared_tables")
    return module.shared_tables(config, material) if module else {}


def refinement(model: str, config: RunInput, material: Any) -> Refinement:
    """Return how a calculation is refined."""
    return import_module(f"hpcx.{model}.refinement").refinement(config, material)


def start_values(model: str) -> dict[str, Any]:
    """Return dotted keys of numerical parameters with values by which an input that lacks them becomes a valid one."""
    return import_module(f"hpcx.{model}.refinement").START
