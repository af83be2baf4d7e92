"""Hashes of all that an object holds, and tables that points share under them:
nothing new can be left out of the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass, replace

import numpy as np
import pytest
from mpi4py import MPI
from pydantic import Field, create_model

from hpcx.config.serving import load_for
from hpcx.formation.config import Config as FormationConfig
from hpcx.formation.perturbative import response_key
from hpcx.formation.problem import build_problem as formation_problem
from hpcx.parallel.fingerprint import Excerpt, code_fingerprint, fingerprint
from hpcx.parallel.run import Run
from hpcx.parallel.shared_tables import SharedTable
from hpcx.valley.config import Config, Mechanisms
from hpcx.valley.problem import build_problem
from hpcx.valley.rates import FLIPS, PHONONS, phonon_table
from hpcx.wigner import rate_cache
from hpcx.wigner.energy_grid import energy_edges, make_grid
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.processes import emission_processes

VALLEY = {"model": "valley", "material": "WSe2", "momentum": {"points": 8}}


@dataclass(frozen=True)
class Inner:
    """Something small."""

    a: int = 1
    b: float = 2.0


@dataclass(frozen=True)
class Outer:
    """Something that holds it."""

    first: Inner = Inner()
    several: tuple[Inner, ...] = (Inner(), Inner(3))
    array: np.ndarray = field(default_factory=lambda: np.arange(4.0))

    @property
    def product(self) -> float:
        """Something that looks at the whole."""
        return self.first.a * self.first.b


VALUES = [
    None, True, 1, 1.0, "1", b"1", 1 + 0j, np.float32(1), np.float64(1), np.float64(1 + 1e-15), (1, 2), (1, (2,)),
    ((1,), 2), ("ab",), ("a", "b"),
    {1, 2}, {"a": 1}, np.arange(2), np.arange(2.0), np.arange(2.0)[None], np.array([1, 0]), slice(1, 2), Inner(),
    Inner(b=2.5), Outer(),
    Outer(several=()), Outer(array=np.arange(4.0) + 1e-15), Excerpt(Outer(), ["first"]), Excerpt(Outer(), ["first.a"]),
    Excerpt(Outer(), ["several.a"]),
]  # fmt: skip


def test_values_that_differ_have_different_fingerprints():
    assert len({fingerprint(value) for value in VALUES}) == len(VALUES)
    assert fingerprint(Outer()) == fingerprint(Outer()) and fingerprint([1, 2]) == fingerprint((1, 2))
    assert fingerprint({1, 2}) == fingerprint({2, 1}) and fingerprint(np.arange(6)[::2]) == fingerprint(
        np.array([0, 2, 4])
    )


def test_a_function_counts_with_what_it_has_captured():
    def power(exponent):
        return lambda x: x**exponent

    assert fingerprint(power(2)) == fingerprint(power(2)) != fingerprint(power(3))
    with pytest.raises(TypeError, match="object has no fingerprint"):
        fingerprint((1, object()))


def test_what_is_left_out_neither_counts_nor_can_be_read():
    part = Excerpt(Outer(), ["array", "first.b", "several.a"])
    others = [Outer(array=np.ones(1)), Outer(first=Inner(b=5.0)), Outer(several=(Inner(7), Inner(8)))]
    assert {fingerprint(Excerpt(other, ["array", "first.b", "several.a"])) for other in others} == {fingerprint(part)}
    assert part.first.a == 1 and [inner.b for inner in part.several] == [2.0, 2.0]
    for read in (lambda: part.array, lambda: part.first.b, lambda: part.several[1].a, lambda: part.product):
        with pytest.raises(AttributeError, match="must not be read here"):
            read()
    with pytest.raises(ValueError, match="has no arrays"):
        Excerpt(Outer(), ["arrays"])


def test_a_shared_table_is_that_of_its_arguments():
    shared = {}
    doubled = [
        SharedTable("test/double", lambda x: 2 * x, (number,)).take(shared, kept=2) for number in (1.0, 2.0, 3.0, 3.0)
    ]
    assert doubled == [2.0, 4.0, 6.0, 6.0] and sorted(shared.values()) == [4.0, 6.0]


@pytest.mark.parametrize("name", [*PHONONS, *FLIPS])
@pytest.mark.parametrize("place", ["a new table", "a new switch of the mechanisms", "a new number of the material"])
def test_an_unknown_key_makes_another_phonon_matrix(name, place):
    """A key that was added to the model, and to no list of what matrices depend on, tells them apart."""

    def key(value):
        config = Config.model_validate(VALLEY)
        problem = build_problem(config, load_for("valley", "WSe2"))
        if place == "a new table":
            config = create_model("Config", __base__=Config, novel=(float, 0.0)).model_validate(
                VALLEY | {"novel": value}
            )
        elif place == "a new switch of the mechanisms":
            mechanisms = create_model("Mechanisms", __base__=Mechanisms, novel=(float, 0.0))
            longer = create_model("Config", __base__=Config, mechanisms=(mechanisms, Field(default_factory=mechanisms)))
            config = longer.model_validate(VALLEY | {"mechanisms": {"novel": value}})
        else:
            longer = make_dataclass("Parameters", [("novel", float)], bases=(type(problem.parameters),), frozen=True)
            problem = replace(problem, parameters=longer(**vars(problem.parameters), novel=value))
        return phonon_table(problem, config, name).key

    assert key(1.0) == key(1.0) != key(2.0)


def test_phonon_matrices_cannot_look_at_what_their_key_leaves_out():
    config = Config.model_validate(VALLEY)
    table = phonon_table(build_problem(config, load_for("valley", "WSe2")), config, "phonon_hole")
    seen = table.of[1]
    assert seen.mechanisms.phonon_interference == "none" and seen.approximation.hole_closure
    for read in (lambda: seen.pump, lambda: seen.mechanisms.exchange, lambda: seen.spin_flip, lambda: seen.flow_times):
        with pytest.raises(AttributeError):
            read()


def test_an_unknown_number_makes_other_wigner_rates(monkeypatch):
    excitons = read_excitons(load_for("wigner", "WS2"))
    grid = make_grid(excitons, 77.0, energy_edges(1e-3, 1.3, 8e-3, 0.08), radiative=True)
    longer = make_dataclass("Excitons", [("novel", float, 0.0)], bases=(type(excitons),), frozen=True)
    fields = {name: value for name, value in vars(excitons).items() if name in excitons.__dataclass_fields__}
    keys = {
        rate_cache.rates_key(longer(**fields, novel=value), grid, 1, emission_processes(excitons))
        for value in (1.0, 2.0)
    }
    assert len(keys) == 2
    before = rate_cache.rates_key(excitons, grid, 1, emission_processes(excitons))
    monkeypatch.setattr(rate_cache, "code_fingerprint", lambda *packages: "of another version")
    assert rate_cache.rates_key(excitons, grid, 1, emission_processes(excitons)) != before
    assert code_fingerprint("wigner") != code_fingerprint("valley") != code_fingerprint("wigner", "valley")


def test_an_unknown_key_makes_other_tables_of_formation():
    text = {"model": "formation", "material": "MoS2", "pump": {"photon_energy": 2.48}, "momentum": {"points": 40}}
    longer = create_model("Config", __base__=FormationConfig, novel=(float, 0.0))
    shared = {}
    for value in (1.0, 2.0, 2.0):
        formation_problem(longer.model_validate(text | {"novel": value}), load_for("formation", "MoS2"), shared)
    kinds = [key.rpartition("/")[0] for key in shared]
    assert (
        kinds.count("formation/manifold") == 4 and kinds.count("formation/two excitons") == 3
    )  # A and B; A, B and their mean
    keys = {response_key(longer.model_validate(text | {"novel": value})) for value in (1.0, 2.0)}
    assert len(keys) == 2


def test_rates_of_a_sweep_over_an_unknown_number_differ(tmp_path):
    """Both points of a process: the second does not get the rates of the first."""
    excitons = read_excitons(load_for("wigner", "WS2"))
    grid = make_grid(excitons, 77.0, energy_edges(1e-3, 1.3, 8e-3, 0.08), radiative=True)
    run = Run(tmp_path)
    couplings = [factor * excitons.hole_acoustic for factor in (1.0, 2.0)]
    first, second = (
        rate_cache.flat_rates(MPI.COMM_SELF, replace(excitons, hole_acoustic=coupling), grid, 1, run)
        for coupling in couplings
    )
    assert np.abs(second.intravalley_mij - first.intravalley_mij).max() > 0.01 * np.abs(first.intravalley_mij).max()
