"""The next calculations: the refinement that reduces the error most per processor time,
and a forecast of the total time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from hpcx.converge.ladders import CROSS, Answer, Family, Place

#: steps of a ladder beyond its base before anything is known of it
_BEYOND = 1
#: share of an error that a further step leaves at least: no better is promised
_LEAST_LEFT = 0.3
#: share that is left where nothing is known of the order
_USUAL_LEFT = 0.7
#: steps after which a forecast gives up
_FAR = 60
#: work of a calculation
Work = Callable[[Place], float]


@dataclass(frozen=True)
class Move:
    """One refinement: the source of the error that it makes smaller, where it computes,
    and the share of the error that it leaves.
    """

    source: str
    place: Place
    left: float


def first_places(family: Family) -> list[Place]:
    """Return the calculations with which every study begins: each ladder to a step beyond its base, and a corner."""
    numbers = range(len(family.parameters))
    most = [min(parameter.base + _BEYOND + 1, len(parameter.levels)) for parameter in family.parameters]
    found = [family.on_ladder(number, level) for number in numbers for level in range(most[number])]
    if len(family.parameters) > 1:
        found.append(tuple(count - 1 for count in most))
    return list(dict.fromkeys(found))


def moves(family: Family, known: Collection[Place], failed: Collection[Place]) -> list[Move]:
    """Return the refinements that are possible: one step more on each ladder, and a finer corner."""
    found = []
    known_values = dict.fromkeys(known, 0.0)
    tops = [family.levels(number, known_values)[-1] for number in range(len(family.parameters))]
    for number, parameter in enumerate(family.parameters):
        place = family.on_ladder(number, tops[number] + 1)
        if tops[number] + 1 < len(parameter.levels) and place not in failed:
            left = family.leading(number, tops[number] + 1) / family.leading(number, tops[number])
            usual = _USUAL_LEFT if () in parameter.models else _LEAST_LEFT
            found.append(Move(parameter.key, place, max(left, usual)))
    if len(family.parameters) > 1:
        corner = family.corner(known_values)
        finer = tuple(min(level + 1, top) for level, top in zip(corner, tops))
        if finer != corner and finer not in failed:
            found.append(Move(CROSS, finer, max(family.left(finer) / family.left(corner), _LEAST_LEFT)))
    return found


def gain(move: Move, answers: list[Answer], allowed: list[float], work: Work) -> float:
    """Return by how much a move lowers the squared errors, over what is allowed and over its work."""
    squares = [(answer.errors.get(move.source, 0.0) / most) ** 2 for answer, most in zip(answers, allowed)]
    return float(np.minimum(squares, 1e12).sum()) * (1 - move.left**2) / work(move.place)


def chosen_moves(possible: list[Move], answers: list[Answer], allowed: list[float], work: Work) -> list[Move]:
    """Return the best move, and those besides without which the target cannot be reached:
    they can be computed side by side.
    """
    useful = [move for move in possible if gain(move, answers, allowed, work) > 0]
    if not useful:
        return []
    best = max(useful, key=lambda move: gain(move, answers, allowed, work))
    alone = [
        move
        for move in useful
        if any(answer.errors.get(move.source, 0.0) > most for answer, most in zip(answers, allowed))
    ]
    return [best, *(move for move in alone if move is not best)]


@dataclass(frozen=True)
class Forecast:
    """What lies ahead: the work until the target is reached,
    or until nothing can be refined any more, and the errors then.

    Attributes:
        work: in the unit of `Refinement.work`.
        errors: of each quantity, in its unit.
        reached: whether the target is.
    """

    work: float
    errors: tuple[float, ...]
    reached: bool


def forecast(
    family: Family,
    known: Collection[Place],
    failed: Collection[Place],
    answers: list[Answer],
    allowed: list[float],
    work: Work,
    most: float,
) -> Forecast:
    """Return what lies ahead if every move leaves the share of the error that is expected,
    with no more than `most` work.
    """
    seen, spent, answers = set(known), 0.0, list(answers)
    for _ in range(_FAR):
        if are_reached(answers, allowed):
            return Forecast(spent, tuple(answer.error for answer in answers), True)
        step = chosen_moves(moves(family, seen, failed), answers, allowed, work)
        cost = sum(work(move.place) for move in step)
        if not step or spent + cost > most:
            break
        spent += cost
        for move in step:
            seen.add(move.place)
            answers = [
                replace(answer, errors=answer.errors | {move.source: answer.errors[move.source] * move.left})
                for answer in answers
            ]
    return Forecast(spent, tuple(answer.error for answer in answers), False)


def are_reached(answers: list[Answer], allowed: list[float]) -> bool:
    """Say whether every error is as small as it should be."""
    return all(answer.error <= most for answer, most in zip(answers, allowed))
