"""Limits of functions of two parameters that are known, and the choice of what is refined next."""

import numpy as np
import pytest

from hpcx.converge.ladders import CROSS, Family
from hpcx.converge.plan import chosen_moves, first_places, forecast, moves
from hpcx.refinement import Parameter, Quantity, powers

N = Parameter("N", (8, 12, 16, 24, 32, 48, 64, 96), powers("N", 2, 3), (("2",), ("2", "3")), "second order")
K = Parameter("k", (1, 2, 3, 4, 6, 8, 12, 16), powers("k", 1, 2), (("1",), ("1", "2")), "first order")
LIMIT = 5.0


def exact(values, mixed=3.0, second=1.0):
    n, k = values["N"], values["k"]
    return LIMIT + 40 / n**2 - 0.5 / k + second * (0.2 / k**2 + 100 / n**3) + mixed / (n**2 * k)


def study(target, function=exact, most=30):
    """Return the answers of a search, and what was computed, in order."""
    family, quantity, order = Family((N, K)), Quantity("x", "x", "1"), []
    answers, places = [], first_places(family)
    while places and len(answers) < most:
        order += places
        known = {place: function(family.values(place)) for place in order}
        answers.append(family.answer(known, quantity))
        if answers[-1].error <= target:
            break
        step = chosen_moves(
            moves(family, known, ()), [answers[-1]], [target], lambda place: family.values(place)["N"] ** 2
        )
        places = [move.place for move in step]
    return answers, order


@pytest.mark.parametrize("mixed", [-10.0, 0.0, 10.0])
def test_the_bar_holds_the_limit_all_the_way(mixed):
    answers, order = study(1.5e-2, lambda values: exact(values, mixed))
    assert answers[-1].error <= 1.5e-2 and len(order) == len(set(order))
    assert all(abs(answer.value - LIMIT) <= answer.error for answer in answers)


def test_products_of_leading_terms_are_exact():
    answers, _ = study(1e-9, lambda values: exact(values, second=0.0), most=1)
    assert answers[0].value == pytest.approx(LIMIT, abs=1e-9) and answers[0].errors[CROSS] > 0.005


def test_what_errs_most_per_work_is_refined():
    family, quantity = Family((N, K)), Quantity("x", "x", "1")
    known = {place: exact(family.values(place)) for place in first_places(family)}
    answer = family.answer(known, quantity)
    best = chosen_moves(moves(family, known, ()), [answer], [1e-3], lambda place: 1.0)[0]
    assert best.source == max(answer.errors, key=answer.errors.get)
    ahead = forecast(family, known, (), [answer], [3e-2], lambda place: 1.0, np.inf)
    assert ahead.reached and 0 < ahead.work < 30
    assert not forecast(family, known, (), [answer], [3e-2], lambda place: 1.0, 0.5).reached


def test_what_the_values_of_other_parameters_blur_is_evened():
    def blurred(values):
        return {name: value * (1 + 0.02 * np.sin(7 * values["N"])) for name, value in powers("k", 1, 2)(values).items()}

    def value(values):
        return LIMIT + 40 / values["N"] ** 2 - 0.5 * blurred(values)["1"]

    parameters = [
        Parameter("k", K.levels, blurred, K.models, "", nominal=nominal) for nominal in (None, lambda k: 1 / k)
    ]
    errors = []
    for parameter in parameters:
        family = Family((N, parameter))
        known = {place: value(family.values(place)) for place in first_places(family)}
        errors.append(abs(family.answer(known, Quantity("x", "x", "1")).value - LIMIT))
    assert errors[1] < 1e-9 < 1e-4 < errors[0]
