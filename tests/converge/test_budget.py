"""What a study takes is told before anything is computed, and a budget that is too small, too."""

import re

import numpy as np
import pytest

from hpcx.cli import command
from hpcx.config.choose import load_open
from hpcx.converge.command import begin
from hpcx.converge.ladders import Answer
from hpcx.converge.outlook import look_ahead
from hpcx.converge.output import _limit, last_lines
from hpcx.converge.plan import first_places
from hpcx.converge.run import SHORT, Calculation, _refined

EXCITON = 'model = "exciton"\nmaterial = "MoS2"\n'
PUMP = 'model = "formation"\nmaterial = "MoS2"\n[pump]\nphoton_energy = "2.35 eV"\n'


def study(tmp_path, target, budget=None, text=EXCITON):
    return begin(load_open("input.toml", [f"output.directory={tmp_path / 'out'}"], text), target, None, budget)


def seconds(text):
    number, unit = re.search(r"about ([0-9.e+-]+) core-(s|min|h)", text).groups()
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def test_time_to_the_target_is_told_at_first(tmp_path):
    first, expected = look_ahead(study(tmp_path, "0.2 meV")).splitlines()
    assert first.startswith("the first 6 calculations") and 0 < seconds(first) < seconds(expected)


@pytest.mark.parametrize(("target", "unit"), [("0.2 meV", "meV"), ("0.05 %", "%")])
def test_a_budget_for_less_than_the_target_is_told_with_what_it_reaches(tmp_path, target, unit):
    enough = look_ahead(study(tmp_path, target)).splitlines()[0]
    warned = look_ahead(study(tmp_path, target, f"{1.3 * seconds(enough)} core-s")).splitlines()[1]
    assert re.fullmatch(
        rf"WARNING: the budget cannot reach the target: it needs about .*, the budget of .* about \+- [0-9.]+ {unit}",
        warned,
    )


def test_a_next_calculation_beyond_the_budget_ends_the_study(tmp_path):
    one = study(tmp_path, "0.02 meV", "100 core-s")
    one.done = {
        place: Calculation("", (540.0 - number,), 1.0, 1, 16.0) for number, place in enumerate(first_places(one.family))
    }
    one.learn()
    assert _refined(one) == [] and "what is left of the budget is too little" in one.end[1]


def test_no_limit_is_stated_without_an_error(tmp_path):
    one = study(tmp_path, "0.02 meV")
    one.history = [[Answer(540.0, {"mesh.N": 1.0, "mixed terms": float("inf")})]]
    assert last_lines(one) == ["exciton binding energy has no limit yet"]
    assert np.isnan(_limit(one.goal.quantities[0], one.answers[0])["limit/exciton/binding_energy"].data)


def test_nothing_more_is_promised_where_the_value_is_not_known(tmp_path):
    assert len(look_ahead(study(tmp_path, "0.3 fs", text=PUMP)).splitlines()) == 1
    assert len(look_ahead(study(tmp_path, "1 %", text=PUMP)).splitlines()) == 2


def test_a_budget_below_the_first_calculations_ends_at_once(tmp_path):
    short = study(tmp_path, "0.5 meV", "0.001 core-s")
    assert (
        look_ahead(short) == ""
        and short.end[0] == SHORT
        and "more than the budget of 0.001 core-s: nothing was computed" in short.end[1]
    )


def test_the_command_says_so_and_leaves_no_results(tmp_path, capfd):
    (tmp_path / "input.toml").write_text(EXCITON)
    words = ["converge", str(tmp_path / "input.toml"), "--target", "0.5 meV", "--budget", "0.001 core-s"]
    assert command([*words, "--set", f"output.directory={tmp_path / 'out'}"]) == 3
    assert "WARNING: +- 0.5 meV is not reached: the first 6 calculations" in capfd.readouterr().out
    assert not (tmp_path / "out").exists()
