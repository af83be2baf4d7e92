"""What may be asked for, and how mistakes are told."""

from pathlib import Path

import pytest

from hpcx.config.base import Converge
from hpcx.config.choose import load_open
from hpcx.config.errors import InputError
from hpcx.converge.command import begin
from hpcx.converge.output import with_error
from hpcx.converge.target import read_goal
from hpcx.refinement import Parameter, Quantity, Refinement, powers

LADDER = Parameter("mesh.N", (8, 12, 16), powers("mesh.N", 2), (("2",),), "")
REFINEMENT = Refinement(
    (LADDER,),
    (
        Quantity("singlet/binding_energy", "trion binding energy", "meV"),
        Quantity("rates/diffusivity", "diffusivity", "cm^2/s", labels=(("KK", "KL"),)),
    ),
    lambda values: {},
    lambda wanted: {},
    lambda values: 1.0,
)


def goal(**written):
    return read_goal(Converge(**{"target": "1 %", **written}), REFINEMENT, "input")


def test_targets_and_budgets_have_units():
    assert goal(target="0.5 meV").targets == goal(target="5e-4 eV").targets == (0.5,)
    relative = goal(target="1 %", quantity="rates/diffusivity[KL]", budget="10 core-min")
    assert relative.allowed(0, -6.0) == pytest.approx(0.06) and relative.budget == 600
    assert relative.quantities[0].chosen == ("KL",)
    assert goal(quantity="rates/diffusivity").quantities[0].chosen == ("KK",)
    assert [goal(quantity=short).quantities[0].text for short in ("singlet", "diffusivity[KL]")] == [
        "singlet/binding_energy",
        "rates/diffusivity[KL]",
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"target": None}, "missing: how large the error may be"),
        ({"target": "0.5"}, "has no unit: e.g. --target '0.5 meV'"),
        ({"target": "0.5 nm"}, "not convertible"),
        ({"target": "-1 meV"}, "more than zero"),
        ({"quantity": "singlet/bindng_energy"}, "did you mean 'singlet/binding_energy'"),
        ({"quantity": "diffusivities"}, "known are singlet/binding_energy, rates/diffusivity"),
        ({"quantity": "rates/diffusivity[KM]"}, "rates/diffusivity has KK or KL"),
        ({"budget": "10 min"}, "such as '10 core-min'"),
        ({"limits": ["mesh.n"]}, "did you mean 'mesh.N'"),
    ],
)
def test_mistakes_are_told_with_what_is_right(written, told):
    with pytest.raises(InputError, match=r"converge\.") as error:
        goal(**written)
    assert told in str(error.value)


def test_an_input_needs_no_mesh_and_has_one_problem(tmp_path):
    path = tmp_path / "input.toml"
    path.write_text('model = "exciton"\nmaterial = "MoS2"\n[mesh]\nk0 = 0.2\n[sweep]\n"mesh.N" = [40, 48]\n')
    start = load_open(str(path), []).start.config
    assert start.mesh.N > 0 and start.mesh.k0 == 0.2
    with pytest.raises(InputError, match="limits belong to one problem"):
        load_open(str(path), ["sweep.material=['MoS2', 'WS2']"])


def test_keys_without_effect_are_told(caplog):
    text = 'model = "exciton"\nmaterial = "MoS2"\nexchange = { screening = "environment" }\n'
    begin(load_open("input.toml", [], text), "1 meV", None, None)
    assert [one.message for one in caplog.records] == ["exchange.screening has no effect: exchange.long_range = false"]


def test_a_sum_that_oscillates_with_the_mesh_has_no_limit():
    path = str(Path(__file__).resolve().parents[2] / "inputs" / "exciton_zone.toml")
    with pytest.raises(InputError, match=r"zone\.whole_cells: .* oscillates with mesh\.N and has no limit"):
        begin(load_open(path, ["zone.whole_cells=true"]), "1 meV", None, None)
    words = [
        begin(load_open(path, []), "1 meV", [word], None).goal.quantities[0].text for word in ("exciton", "energy")
    ]
    assert words == ["exciton/binding_energy", "exciton/energy"]


def test_two_digits_of_the_error():
    assert with_error(13.8912, 0.1804, "meV") == "13.89 +- 0.18 meV"
    assert with_error(176.886, 0.2996, "meV") == "176.89 +- 0.30 meV"
    assert with_error(1234.5, 56.7, "1") == "1234 +- 57"


def test_a_value_at_the_bound_of_its_search_is_none():
    time = Quantity("dichroism/slow_time", "depolarisation time", "ps", between=(0.4, 200.0))
    assert time.complaint(0.5) == "" and Quantity("x", "x", "1").complaint(0.4) == ""
    assert all(
        "at a bound of its search, 0.4 to 200 ps" in time.complaint(value) for value in (0.4, 0.4 * (1 + 1e-9), 200.0)
    )
    assert time.complaint(float("nan")) == "dichroism/slow_time has no finite value"
