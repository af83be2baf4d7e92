"""The steps of `hpcx converge` around the search itself: reading the goal, reporting, writing the result."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcx import registry
from hpcx.config.choose import Open
from hpcx.config.errors import InputError, Mistake
from hpcx.config.idle import idle_keys
from hpcx.config.sources import cautions
from hpcx.converge.ladders import Place
from hpcx.converge.outlook import look_ahead
from hpcx.converge.output import batch_lines, keep_other, last_lines, verdict, write_file
from hpcx.converge.run import FAILED, STOPPED, Study, converge, open_study
from hpcx.converge.target import read_goal
from hpcx.parallel.errors import agreed
from hpcx.parallel.stop import StopRequests
from hpcx.refinement import NotRefinedError

log = logging.getLogger("hpcx")

#: prints a text for the user
Say = Callable[[str], None]


def begin(problem: Open, target: str | None, quantity: list[str] | None, budget: str | None) -> Study:
    """Return the study that an input and the command line ask for; the latter counts.
    Raises InputError with all mistakes.
    """
    start = problem.start
    idle = idle_keys([start], registry.start_values(start.config.model))  # those may be none of the user's
    for sentence in [*idle, *cautions([start]), *problem.notices]:
        log.warning("%s", sentence)
    asked = {
        name: value
        for name, value in (("target", target), ("quantity", quantity), ("budget", budget))
        if value is not None
    }
    written = start.config.converge.model_copy(update=asked)
    try:
        refinement = registry.refinement(start.config.model, start.config, start.material)
    except NotRefinedError as error:
        raise InputError(problem.source, [Mistake(error.key, str(error))]) from error
    goal = read_goal(written, refinement, problem.source)
    if refinement.choices:
        log.warning("%s", refinement.choices)
    return open_study(problem, goal, refinement)


def search(
    comm: Any, study: Study | None, where: str, requests: StopRequests, group_size: int | None, say: Say
) -> None:
    """Search for the limits, collectively; the first rank, which alone has the study,
    says what each batch brings and keeps converge.h5.

    Raises AgreedError if the output directory `where` cannot be used.
    """
    directory = Path(where)

    def tell(now: Study, places: list[Place]) -> None:
        """Print the batch and write the file."""
        say("\n".join(batch_lines(now, places)))
        if now.answers:
            keep_other(now, directory)
            write_file(now, directory)

    with agreed(comm):
        if study and (ahead := look_ahead(study)):
            say(ahead)
    if comm.rank == 0:
        with suppress(OSError):  # problems of the directory are reported when it is opened
            (directory / "STOP").unlink(missing_ok=True)  # one that has been obeyed does not stop the continuation
    converge(comm, study, requests, group_size, tell)


def end(study: Study, say: Say) -> str:
    """Write the file for the last time, draw the figure, print the limits, and return how the study has ended;
    on the first rank.
    """
    directory = Path(study.problem.start.config.output.directory)
    state, why = study.end
    lines = [verdict(study) + ("; rerun the same command to resume" if state == STOPPED else "")]
    if study.answers:
        made = [write_file(study, directory), _figure(study, directory)]
        lines.append("wrote " + ", ".join(str(path) for path in made if path))
    if state == FAILED:
        lines = [f"failed: {why}"]
    say("\n".join(lines + last_lines(study)))
    return state


def _figure(study: Study, directory: Path) -> Path | None:
    from hpcx.converge.figure import draw

    try:
        return draw(study, directory / "converge")
    except (OSError, ImportError) as error:
        log.warning("no figure: %s", error)
        return None
