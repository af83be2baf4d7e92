"""What the tests of the formation model share: the material, a table cache, and inputs from a few keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.formation.config import Config
from hpcx.formation.perturbative import third_order_traces
from hpcx.formation.problem import Problem, build_problem
from hpcx.formation.traces import Traces
from hpcx.io.stages import Stages
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run


@pytest.fixture(scope="session")
def material() -> Material:
    return load_for("formation", "MoS2")


@pytest.fixture(scope="session")
def shared() -> dict[str, object]:
    return {}


@pytest.fixture(scope="session")
def make_config() -> Callable[..., Config]:
    """Return a function of the pump energy (eV), the approximations and further tables."""

    def make(energy: float, approximation: dict[str, Any] | None = None, **tables: Any) -> Config:
        tables["pump"] = {"photon_energy": energy, **tables.get("pump", {})}
        tables["signal"] = {"bootstrap": 0, **tables.get("signal", {})}
        return Config(model="formation", material="MoS2", approximation=approximation or {}, **tables)

    return make


@pytest.fixture(scope="session")
def make_problem(material: Material, shared: dict[str, object]) -> Callable[[Config], Problem]:
    return lambda config: build_problem(config, material, shared)


@pytest.fixture(scope="session")
def third_order(material: Material, shared: dict[str, object]) -> Callable[[Config, Any], Traces]:
    """Return a function that solves a point in third order at given delays."""

    def solve(config: Config, delay_d: Any) -> Traces:
        problem = build_problem(config, material, shared)
        return third_order_traces(Stages(MPI.COMM_SELF, Run(shared=shared)), config, problem, delay_d)[0]

    return solve
