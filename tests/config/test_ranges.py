"""Ranges of swept keys are written out as lists, or told to be wrong."""

import pytest

from hpcx.config.errors import InputError
from hpcx.config.load import load_plan
from hpcx.config.ranges import written_out

INPUT = 'model = "exciton"\nmaterial = "MoS2"\n[mesh]\nN = 40\nk0 = 0.1\n[sweep]\n'


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ({"start": 40, "stop": 120, "step": 40}, [40, 80, 120]),
        ({"start": 40, "stop": 110, "step": 40}, [40, 80]),
        ({"start": 0.1, "stop": 0.7, "step": 0.2}, [0.1, 0.3, 0.5, 0.7]),
        ({"start": 3, "stop": 1, "points": 3}, [3, 2, 1]),
        ({"start": "0 meV", "stop": "1 meV", "points": 3}, ["0.0 meV", "0.5 meV", "1.0 meV"]),
        ([1, 2], [1, 2]),
        ({"N": [1]}, {"N": [1]}),
    ],
)
def test_values_of_a_range(written, values):
    assert written_out(written) == values


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"start": 1, "stop": 2}, "either step or points"),
        ({"start": 1, "stop": 2, "step": 1, "points": 2}, "either step or points"),
        ({"start": 1, "stop": 2, "step": -1}, "steps of -1 do not lead from 1 to 2"),
        ({"start": 1, "stop": 2, "step": 0}, "steps of 0 do not lead"),
        ({"start": "1 meV", "stop": "2 eV", "points": 3}, "the same unit, not eV, meV"),
        ({"start": 1, "stop": "2 eV", "points": 3}, "the same unit, not eV, none"),
        ({"start": 1, "stop": float("inf"), "step": 1}, "stop is not finite"),
        ({"start": 1, "stop": True, "step": 1}, "stop = True is neither a number"),
        ({"start": 1, "stop": 2, "points": 1}, "points = 1 must be an integer >= 2"),
        ({"start": 0, "stop": 1, "step": 1e-9}, "more than 100000"),
    ],
)
def test_what_is_wrong_with_a_range(written, words):
    with pytest.raises(ValueError, match=words):
        written_out(written)


def test_a_range_in_an_input_is_its_list():
    ranged = load_plan(
        "input",
        ["sweep.mesh.k0={start=0.1, stop=0.2, points=2}"],
        INPUT + '"mesh.N" = { start = 40, stop = 80, step = 20 }\n',
    )
    listed = load_plan("input", ["sweep.mesh.k0=[0.1, 0.2]"], INPUT + '"mesh.N" = [40, 60, 80]\n')
    assert [point.hash for point in ranged.points] == [
        point.hash for point in listed.points
    ] and ranged.axes == listed.axes
    with pytest.raises(InputError, match=r"sweep.mesh.N: a range has start, stop"):
        load_plan("input", [], INPUT + '"mesh.N" = { start = 40, stop = 80 }\n')
