"""What `hpcx check` prints: the points of an input and what they will cost."""

from __future__ import annotations

from hpcx import registry
from hpcx.config.idle import idle_keys
from hpcx.config.load import Plan
from hpcx.config.point import Point
from hpcx.registry import Estimate


def check_text(plan: Plan, ranks: int) -> str:
    """Return one line per point (unknowns, memory per rank, time on `ranks` ranks), what else is known, and totals."""
    lines = [f"{plan.source}: model {plan.config.model}, {len(plan.points)} point(s), estimated for {ranks} rank(s)"]
    estimates = []
    for point in plan.points:
        label = ", ".join(f"{key} = {value}" for key, value in point.coordinates.items()) or point.id
        if point.error:
            lines.append(f"{label}: cannot be computed: {point.error}")
            continue
        estimate = _estimate(point, ranks)
        estimates.append(estimate)
        lines += _lines(label, estimate)
    lines += [f"WARNING: {sentence}" for sentence in idle_keys(plan)]
    return "\n".join([*lines, f"in all about {duration(in_all(estimates))}"])


def in_all(estimates: list[Estimate]) -> float:
    """Return the seconds of all points one after the other, what they share counted once."""
    once = {name: seconds for estimate in estimates for name, seconds in estimate.shared.items()}
    return sum(estimate.seconds - sum(estimate.shared.values()) for estimate in estimates) + sum(once.values())


def _estimate(point: Point, ranks: int) -> Estimate:
    return registry.estimator(point.config.model)(point.config, point.material, ranks)


def _lines(label: str, estimate: Estimate) -> list[str]:
    head = f"{label}: {estimate.unknowns} unknowns, {estimate.bytes_per_rank / 1e9:.2f} GB per rank, {duration(estimate.seconds)}"
    facts = [f"    {name}: {text}" for name, text in estimate.facts.items()]
    return [head, *facts, *(f"    WARNING: {warning}" for warning in estimate.warnings)]


def duration(seconds: float) -> str:
    """Return a time in the unit in which people think of it."""
    if seconds < 120:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
