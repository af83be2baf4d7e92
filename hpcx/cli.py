"""The command `hpcx`: run, check, schema, materials."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from hpcx import __version__
from hpcx.registry import MODELS

#: exit status (see the README)
DONE, FAILED, BAD_INPUT, SOME_POINTS_FAILED = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script: run one command and exit with its status, alike on all ranks."""
    from mpi4py import MPI

    from hpcx.parallel import log
    from hpcx.parallel.errors import abort_on_exception

    comm = MPI.COMM_WORLD
    abort_on_exception(comm)
    words = sys.argv[1:] if arguments is None else arguments
    ours, petsc = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = _parse(comm, ours)
    options.petsc = petsc
    log.configure(comm, getattr(options, "verbose", False))
    status = options.command(comm, options)
    comm.Barrier()
    sys.stdout.flush()
    sys.exit(status)


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
    schema = commands.add_parser("schema", help="every key of a model with unit, default and meaning")
    schema.add_argument("model", nargs="?", choices=MODELS)
    schema.set_defaults(command=_schema)
    materials = commands.add_parser("materials", help="the materials and environments that come with hpcx")
    materials.add_argument("name", nargs="?", help="show the numbers of one, with their sources")
    materials.set_defaults(command=_materials)
    return parser


def _on_root(comm: Any, work: Callable[[], Any]) -> Any:
    """Return what `work` returns on rank 0, on all ranks; print a mistake of the user once and exit with status 2."""
    from hpcx.config.errors import InputError
    from hpcx.materials.loader import MaterialError

    outcome, message = None, None
    if comm.rank == 0:
        try:
            outcome = work()
        except (InputError, MaterialError) as error:
            message = str(error)
            print(f"hpcx: {message}", file=sys.stderr, flush=True)
    outcome, message = comm.bcast((outcome, message))
    if message is not None:
        comm.Barrier()
        sys.exit(BAD_INPUT)
    return outcome


def _load(comm: Any, options: argparse.Namespace) -> Any:
    from hpcx.config.load import load_plan

    return _on_root(comm, lambda: load_plan(options.file, options.set))


def _limit_threads(comm: Any) -> Any:
    """Give each rank one BLAS thread, unless the user asked for another number."""
    from threadpoolctl import threadpool_limits

    asked = os.environ.get("OMP_NUM_THREADS") or os.environ.get("OPENBLAS_NUM_THREADS")
    return threadpool_limits(int(asked) if asked and asked.isdigit() else 1)


def _run(comm: Any, options: argparse.Namespace) -> int:
    from hpcx.parallel.errors import AgreedError
    from hpcx.petsc.options import initialize

    plan = _load(comm, options)
    initialize(plan.config.petsc.options.split() + options.petsc)
    _limit_threads(comm)
    start = time.monotonic()
    from hpcx.sweep.fresh import set_aside
    from hpcx.sweep.run import run_plan

    try:
        if options.fresh:
            set_aside(comm, plan.config.output.directory)
        outcomes = run_plan(comm, plan)
    except AgreedError as error:
        if comm.rank == 0:
            print(f"hpcx: {error}", file=sys.stderr, flush=True)
        return FAILED
    if comm.rank == 0:
        _report(plan, outcomes, time.monotonic() - start)
    return _status(plan, outcomes)


def _status(plan: Any, outcomes: list[Any]) -> int:
    failed = sum(outcome.entry.status == "failed" for outcome in outcomes)
    if not failed:
        return DONE
    return SOME_POINTS_FAILED if plan.axes else FAILED


def _report(plan: Any, outcomes: list[Any], seconds: float) -> None:
    """Print results, timing tables of what was computed now, and PETSc options that nobody used."""
    from hpcx.petsc.options import unused_options

    for point, outcome in zip(plan.points, outcomes):
        title = ", ".join(f"{key} = {value}" for key, value in point.coordinates.items())
        print("\n".join([f"\n{title}" if title else "", *outcome.summary, *([outcome.table] if outcome.table else [])]))
    unused = unused_options()
    if unused:
        print(f"\nPETSc options that no solver used: {' '.join(unused)}")
    print(f"\nresults in {plan.config.output.directory}, {seconds:.1f} s", flush=True)


def _check(comm: Any, options: argparse.Namespace) -> int:
    plan = _load(comm, options)
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
