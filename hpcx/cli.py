"""The command `hpcx`: run, check, status, schema, materials."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcx import __version__
from hpcx.parallel.deadline import process_age
from hpcx.parallel.stop import Stopped, StopRequests
from hpcx.registry import MODELS

#: exit status (see the README)
DONE, FAILED, BAD_INPUT, SOME_POINTS_FAILED, STOPPED = 0, 1, 2, 3, 75


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script: run one command and exit with its status, alike on all ranks."""
    words = sys.argv[1:] if arguments is None else arguments
    requests = StopRequests()
    if words[:1] == ["run"]:
        requests.install()  # before MPI and PETSc are loaded, which takes a second or more
    try:
        status = command(words, requests)
    except SystemExit as end:  # help, and mistakes of the command line
        status = end.code
    _leave(int(status or 0), words)


def command(words: list[str], requests: StopRequests | None = None) -> int:
    """Run one command on all ranks and return its status; `requests` to stop may have come already."""
    from mpi4py import MPI

    from hpcx.parallel import log
    from hpcx.parallel.errors import abort_on_exception

    comm = MPI.COMM_WORLD
    abort_on_exception(comm)
    ours, petsc = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = _parse(comm, ours)
    options.petsc, options.requests = petsc, requests or StopRequests()
    log.configure(comm, getattr(options, "verbose", False))
    status = options.command(comm, options)
    comm.Barrier()
    return status


def _leave(status: int, words: list[str]) -> None:
    """End this rank after MPI_Finalize without the clean-up of Python and PETSc, unless PETSc is to report (-log_view).

    petsc4py cleans up collectively, and does not end when the ranks have had different points or none.
    """
    from mpi4py import MPI

    sys.stdout.flush()
    sys.stderr.flush()
    if any(word.startswith("-log") for word in words):
        sys.exit(status)
    MPI.Finalize()
    os._exit(status)


def _parse(comm: Any, words: list[str]) -> argparse.Namespace:
    """Parse on all ranks, letting only rank 0 speak."""
    if comm.rank:
        sys.stdout = sys.stderr = open(os.devnull, "w")
    try:
        return _parser().parse_args(words)
    finally:
        if comm.rank:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hpcx",
        description="Excitons and trions in two-dimensional semiconductors. Run under mpirun for more than one rank.",
    )
    parser.add_argument("--version", action="version", version=f"hpcx {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (("run", _run, "compute what an input file describes"), ("check", _check, "validate an input and estimate its cost")):
        sub = commands.add_parser(name, help=text, description=text + "; what follows -- goes to PETSc")
        sub.add_argument("file", help="input file (TOML)")
        sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="replace a key of the input, e.g. mesh.N=60")
        sub.set_defaults(command=command)
        if name == "check":
            sub.add_argument("--ranks", type=int, help="number of ranks to estimate for (default: those it runs on)")
        else:
            sub.add_argument("--fresh", action="store_true", help="set old results aside under a dated name and start anew")
            sub.add_argument("--verbose", action="store_true", help="log more")
            limit = "end with a checkpoint within this time from the start: '2 h', 2:00:00, 1-12:00:00, or a number of seconds"
            sub.add_argument("--time-limit", metavar="TIME", help=limit)
            sub.add_argument("--group-size", type=int, metavar="N", help="ranks per point of a sweep (default: chosen by cost and memory)")
    status = commands.add_parser("status", help="state of a run, point by point, from its files")
    status.add_argument("directory", help="output directory, or a sweep.h5")
    status.add_argument("--all", action="store_true", help="list every point of a long sweep")
    status.set_defaults(command=_status_of_directory)
    schema = commands.add_parser("schema", help="every key of a model with unit, default and meaning")
    schema.add_argument("model", nargs="?", choices=MODELS)
    schema.set_defaults(command=_schema)
    materials = commands.add_parser("materials", help="the materials and environments that come with hpcx")
    materials.add_argument("name", nargs="?", help="show the numbers of one, with their sources")
    materials.set_defaults(command=_materials)
    return parser


def _on_root(comm: Any, work: Callable[[], Any]) -> Any:
    """Return what `work` returns on rank 0, on all ranks.

    Print a mistake of the user once and exit with status 2, and if rank 0 was asked to stop, exit with status 75.
    """
    from hpcx.config.errors import InputError
    from hpcx.materials.loader import MaterialError

    outcome, status, message = None, DONE, ""
    if comm.rank == 0:
        try:
            outcome = work()
        except (InputError, MaterialError, FileNotFoundError) as error:
            status, message = BAD_INPUT, str(error)
        except Stopped as error:
            status, message = STOPPED, f"stopped ({error}) before anything was computed; run again to begin"
        if message:
            print(f"hpcx: {message}", file=sys.stderr, flush=True)
    outcome, status = comm.bcast((outcome, status))
    if status != DONE:
        comm.Barrier()
        sys.exit(status)
    return outcome


def _load(comm: Any, options: argparse.Namespace) -> tuple[Any, float | None]:
    """Return the plan and the time limit in seconds, read on rank 0, on all ranks; these load modules meanwhile."""
    from hpcx import registry
    from hpcx.config.load import load_plan, model_of

    model = comm.bcast(model_of(options.file, options.set) if comm.rank == 0 else None)
    if model and comm.rank:
        registry.load_input_modules(model)

    def read() -> tuple[Any, float | None]:
        """Read the input and the time limit."""
        with options.requests.at_once():
            return load_plan(options.file, options.set), _seconds(getattr(options, "time_limit", None))

    return _on_root(comm, read)


def _seconds(text: str | None) -> float | None:
    """Return the seconds of `--time-limit`; raises InputError."""
    from hpcx import units
    from hpcx.config.errors import InputError, Mistake
    from hpcx.parallel.deadline import clock_seconds

    if text is None:
        return None
    try:
        seconds = clock_seconds(text)
        seconds = units.parse(text, "s") if seconds is None else seconds
    except ValueError as error:
        raise InputError("the command line", [Mistake("--time-limit", f"{error}; or a time as h:mm:ss or d-hh:mm:ss", text)]) from error
    if seconds <= 0:
        raise InputError("the command line", [Mistake("--time-limit", "must be more than zero; leave it out for no limit", text)])
    return seconds


def _limit_threads() -> None:
    """Give each rank one BLAS thread, unless the user asked for another number."""
    from threadpoolctl import threadpool_limits

    asked = os.environ.get("OMP_NUM_THREADS") or os.environ.get("OPENBLAS_NUM_THREADS")
    threadpool_limits(int(asked) if asked and asked.isdigit() else 1)


def _run(comm: Any, options: argparse.Namespace) -> int:
    from hpcx.parallel.errors import AgreedError
    from hpcx.petsc.options import initialize
    from hpcx.sweep.fresh import set_aside
    from hpcx.sweep.run import run_plan

    requests = options.requests
    requests.install()
    plan, seconds = _load(comm, options)
    try:
        initialize(plan.config.petsc.options.split() + options.petsc)
    except (RuntimeError, ValueError) as error:  # real scalars, a value without an option: alike on all ranks
        return _complain(comm, error, BAD_INPUT)
    _limit_threads()
    _tell_idle(comm, plan)
    _watch(comm, requests, plan, seconds)
    start = time.monotonic()
    try:
        if options.fresh:
            set_aside(comm, plan.config.output.directory)
        report = run_plan(comm, plan, requests, options.group_size)
    except AgreedError as error:
        return _complain(comm, error, BAD_INPUT if error.bad_input else FAILED)
    finally:
        requests.ignore()
    if comm.rank == 0:
        _print_report(plan, report, time.monotonic() - start)
    return comm.bcast(_status(plan, report) if comm.rank == 0 else None)


def _tell_idle(comm: Any, plan: Any) -> None:
    """Warn once of keys that were written but do nothing."""
    from hpcx.config.idle import idle_keys

    if comm.rank == 0:
        for sentence in idle_keys(plan):
            logging.getLogger("hpcx").warning("%s", sentence)


def _complain(comm: Any, error: Exception, status: int) -> int:
    """Print an error that all ranks have met once, and return the status with which to end."""
    if comm.rank == 0:
        print(f"hpcx: {error}", file=sys.stderr, flush=True)
    return status


def _watch(comm: Any, requests: Any, plan: Any, seconds: float | None) -> None:
    """Watch for a file STOP in the output directory, and for the end of the time that there is."""
    from hpcx.parallel.deadline import deadline, slurm_seconds_left

    directory = Path(plan.config.output.directory)
    if comm.rank == 0:  # a STOP that has been obeyed must not stop the continuation
        with suppress(OSError):
            (directory / "STOP").unlink()
    left = slurm_seconds_left(os.environ)
    if comm.rank == 0 and left is not None and left <= 0:
        print("hpcx: SLURM_JOB_END_TIME has passed, so it is of an earlier job and does not count", file=sys.stderr, flush=True)
    end = deadline(seconds, process_age(), os.environ)
    requests.watch(directory, comm.bcast(end))  # the ranks of other nodes may not know of the job's end


def _status(plan: Any, report: Any) -> int:
    from hpcx.sweep import store

    if report.stopped:
        return STOPPED
    states = {entry.status for entry in report.entries}
    if plan.axes:
        return SOME_POINTS_FAILED if states & {store.FAILED, store.MISSING} else DONE
    return DONE if states == {store.DONE} else FAILED


def _print_report(plan: Any, report: Any, seconds: float) -> None:
    """Print results, timing tables of what was computed now, and PETSc options that nobody used."""
    from hpcx.petsc.options import unused_options

    for number, (point, entry) in enumerate(zip(plan.points, report.entries)):
        title = ", ".join(f"{key} = {value}" for key, value in point.coordinates.items())
        state = [] if entry.status == "done" else [f"{entry.status}{': ' if entry.message else ''}{entry.message}"]
        summary = entry.summary if entry.status == "done" else []
        print("\n".join([f"\n{title}" if title else "", *state, *summary, *filter(None, [report.tables.get(number)])]))
    unused = unused_options()
    if unused:
        print(f"\nPETSc options that no solver used: {unused}")
    if plan.axes and report.tables:
        print(f"\nidle share of the ranks {100 * report.idle_share:.1f} %")
    end = f"stopped ({report.stopped}); the same command goes on from here" if report.stopped else f"{seconds:.1f} s"
    print(f"\nresults in {plan.config.output.directory}: {end}", flush=True)


def _status_of_directory(comm: Any, options: argparse.Namespace) -> int:
    from hpcx.sweep.status import status_text

    text = _on_root(comm, lambda: status_text(Path(options.directory), options.all))
    if comm.rank == 0:
        print(text)
    return DONE


def _check(comm: Any, options: argparse.Namespace) -> int:
    plan, _ = _load(comm, options)
    if comm.rank == 0:
        from hpcx.sweep.check import check_text

        print(check_text(plan, options.ranks or comm.size), flush=True)
    return DONE


def _schema(comm: Any, options: argparse.Namespace) -> int:
    if comm.rank == 0:
        from hpcx.config.schema import schema_text
        from hpcx.registry import config_class

        for model in [options.model] if options.model else MODELS:
            print(f'# model = "{model}"\n{schema_text(config_class(model))}\n')
    return DONE


def _materials(comm: Any, options: argparse.Namespace) -> int:
    from hpcx.materials.listing import listing, overview

    text = _on_root(comm, lambda: listing(options.name) if options.name else overview())
    if comm.rank == 0:
        print(text)
    return DONE
