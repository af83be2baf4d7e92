"""What a run prints at its end: results of every point, what they have in common, and the timings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hpcx.config.load import Plan
from hpcx.config.sources import surroundings_of_all
from hpcx.parallel.timings import Timings
from hpcx.sweep.store import DONE, Entry

if TYPE_CHECKING:
    from hpcx.sweep.run import Report


def report_text(plan: Plan, report: Report, unused: str, seconds: float, verbose: bool = False) -> str:
    """Return the text; `unused` are PETSc options that no solver used, `seconds` is the time of the run.

    Lines that all points of a sweep have in common, mostly remarks, are printed once, at the end. The table of timings
    is that of all points computed now; `verbose` adds one for each of them.
    """
    common = _common([entry for entry in report.entries if entry.status == DONE])
    lines = []
    for number, (point, entry) in enumerate(zip(plan.points, report.entries)):
        title = ", ".join(f"{key} = {value}" for key, value in point.coordinates.items())
        state = [] if entry.status == DONE else [f"{entry.status}{': ' if entry.message else ''}{entry.message}"]
        own = [line for line in entry.summary if line not in common] if entry.status == DONE else []
        table = [report.timings[number].table()] if verbose and plan.axes and number in report.timings else []
        lines += [f"\n{title}" if title else "", *state, *own, *table]
    lines += ["\nat every point", *common] if common else []
    lines += [f"\n{_sum(report).table()}"] if report.timings else []
    lines += [f"\nPETSc options that no solver used: {unused}"] if unused else []
    lines += [f"\nidle share of the ranks {100 * report.idle_share:.1f} %"] if plan.axes and report.timings else []
    if report.elsewhere:
        names = ", ".join(report.elsewhere[:5]) + (
            f" and {len(report.elsewhere) - 5} more" if len(report.elsewhere) > 5 else ""
        )
        lines.append(
            f"\n{len(report.elsewhere)} of {len(plan.points)} points are being computed by another run: {names}"
        )
        lines.append("sweep.h5 lacks them until that run ends; see hpcx status, then rerun the same command")
    lines.append(f"\nsurroundings: {surroundings_of_all([point for point in plan.points if not point.error])}")
    study = Path(plan.config.output.directory) / "converge.h5"
    lines += [f"limits with error bars: hpcx show {study}"] if study.is_file() else []
    known = not report.timings and all(entry.status == DONE for entry in report.entries)
    took = f"{seconds:.1f} s" + (", nothing was left to compute" if known else "")
    end = f"stopped ({report.stopped}); rerun the same command to resume" if report.stopped else took
    return "\n".join([*lines, f"results in {plan.config.output.directory}: {end}"])


def _common(done: list[Entry]) -> list[str]:
    """Return the lines that several points have all in common, in their order."""
    counts = Counter(line for entry in done for line in dict.fromkeys(entry.summary))
    return [line for line in dict.fromkeys(done[0].summary) if counts[line] == len(done)] if len(done) > 1 else []


def _sum(report: Report) -> Timings:
    """Return the timings of all points computed now."""
    total = Timings()
    for timings in report.timings.values():
        for phase, seconds in timings.seconds.items():
            total.add(phase, seconds, timings.calls[phase])
        for kind, traffic in timings.exchanges.items():
            total.exchanged(kind, traffic)
        total.wall += timings.wall
    return total
