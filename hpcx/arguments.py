"""The words and options of the command `hpcx`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from hpcx import __version__, commands
from hpcx.registry import MODELS

#: largest number of ranks that can be planned for
MOST_RANKS = 100_000


#: what runs a command and returns the exit status
Command = Callable[..., int]


def parser(run: Command, converge: Command, completion: Command) -> argparse.ArgumentParser:
    """Return the parser of the command line; the arguments are the commands that `hpcx.commands` does not have."""
    made = argparse.ArgumentParser(
        prog="hpcx",
        description="Excitons and trions in two-dimensional semiconductors. Run under mpirun for more than one rank.",
    )
    made.add_argument("--version", action="version", version=f"hpcx {__version__}")
    added = made.add_subparsers(required=True, metavar="COMMAND")
    _add_run(added, run)
    _add_converge(added, converge)
    _add_check(added)
    _add_readers(added)
    info = added.add_parser("info", help="versions and threads, for a bug report")
    info.set_defaults(command=commands.info)
    shell = added.add_parser("completion", help="a script that completes commands and options in bash and zsh")
    shell.set_defaults(command=completion)
    _add_descriptions(added)
    return made


def _add_run(added: Any, command: Command) -> None:
    run = _with_input(added, "run", command, "compute what an input file describes")
    _add_running(run)
    run.add_argument(
        "--shared",
        action="store_true",
        help="end with status 0 even if other jobs are still computing points (for job arrays)",
    )


def _add_check(added: Any) -> None:
    check = _with_input(added, "check", commands.check, "validate an input and estimate its cost")
    check.add_argument(
        "--ranks", type=_positive, metavar="N", help="number of ranks to plan for (default: those it runs on)"
    )
    check.add_argument(
        "--memory", metavar="SIZE", help="memory that one rank may use, e.g. '4 GB' (default: what is free here)"
    )
    check.add_argument(
        "--latency", metavar="TIME", default="1.5 us", help="latency of a message between ranks (default: %(default)s)"
    )
    check.add_argument(
        "--bandwidth", metavar="RATE", default="1 GB/s", help="bandwidth of a rank (default: %(default)s)"
    )
    check.add_argument("--all", action="store_true", help="list every point of a long sweep")


def _add_readers(added: Any) -> None:
    """Add the commands that read results."""
    status = added.add_parser("status", help="state of a run, point by point, from its files")
    status.add_argument("directory", help="output directory, or a sweep.h5")
    status.add_argument("--all", action="store_true", help="list every point of a long sweep")
    status.add_argument("--json", action="store_true", help="every point as JSON, for scripts")
    status.set_defaults(command=commands.status)
    show = added.add_parser("show", help="summary of a result: input, numbers, provenance")
    show.add_argument("file", help="a result.h5 or sweep.h5, or the directory of a run")
    show.set_defaults(command=commands.show)
    compare = added.add_parser("compare", help="differences between two results: inputs and datasets")
    compare.add_argument("first", metavar="A", help="a result.h5 or sweep.h5, or the directory of a run")
    compare.add_argument("second", metavar="B", help="another one")
    compare.set_defaults(command=commands.compare)
    text = "list or draw the figures of a result"
    plot = added.add_parser(
        "plot", help=text, description=text + "; what follows -- goes to the script, e.g. -- --temperature 150"
    )
    plot.add_argument("file", help="a result.h5 or sweep.h5, or the directory of a run")
    plot.add_argument("--what", metavar="NAME", help="the figure to draw, or all (default: list them)")
    plot.add_argument(
        "-o", "--output", metavar="FILE", help=".pdf, .png or .svg (default: .png and .pdf next to the data)"
    )
    plot.set_defaults(command=commands.plot)


def _add_descriptions(added: Any) -> None:
    """Add the commands that tell what inputs, results and materials are, and write the first ones."""
    schema = added.add_parser("schema", help="every key of a model with unit, default and meaning")
    schema.add_argument("model", nargs="?", choices=MODELS)
    schema.add_argument(
        "--results", action="store_true", help="every dataset of the results with axes, unit and meaning instead"
    )
    schema.set_defaults(command=commands.schema)
    materials = added.add_parser("materials", help="the materials and environments that come with hpcx")
    materials.add_argument("name", nargs="?", help="show the numbers of one, with their sources")
    materials.add_argument("--model", choices=MODELS, help="only the numbers that this model takes with its defaults")
    materials.set_defaults(command=commands.materials)
    init = added.add_parser(
        "init", help="write an input with every key of a model, or a material file, to be filled in"
    )
    init.add_argument("what", choices=(*MODELS, "material"), help="a model, or your own material")
    init.add_argument(
        "models", nargs="*", metavar="MODEL", help="models for which the material is (default: exciton trion)"
    )
    init.add_argument(
        "-o", "--output", metavar="FILE", help="file to write (default: WHAT.toml), or - for standard output"
    )
    init.add_argument("--material", metavar="NAME", help="material of the input, or that from which numbers are taken")
    init.set_defaults(command=commands.init)


def _with_input(added: Any, name: str, command: Command, text: str) -> argparse.ArgumentParser:
    """Add a command that reads an input file."""
    sub = added.add_parser(name, help=text, description=text + "; what follows -- goes to PETSc")
    sub.add_argument("file", help="input file (TOML), or - for standard input")
    sub.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="replace a key of the input, e.g. mesh.N=60"
    )
    sub.add_argument(
        "--group-size",
        type=_positive,
        metavar="N",
        help="ranks per point of a sweep (default: chosen by cost and memory)",
    )
    sub.set_defaults(command=command, name=name)
    return sub


def _add_running(run: argparse.ArgumentParser) -> None:
    """Add the options of the commands that compute."""
    run.add_argument(
        "--fresh",
        action="store_true",
        help="rename the old output directory (with the date in its name) and start from scratch",
    )
    run.add_argument(
        "-v", "--verbose", action="store_true", help="log more, and print a table of timings for every point of a sweep"
    )
    run.add_argument(
        "--time-limit",
        metavar="TIME",
        help="end with a checkpoint within this time: '2 h', 2:00:00, 1-12:00:00, or seconds",
    )
    run.add_argument(
        "--alone",
        action="store_true",
        help="run although a launcher has started several processes that do not see each other",
    )


def _add_converge(added: Any, command: Command) -> None:
    """Add `hpcx converge`, whose own options replace keys of the table [converge]."""
    text = "refine the numerical parameters of an input until its error bar meets the target"
    converge = _with_input(added, "converge", command, text)
    _add_running(converge)
    converge.add_argument("--target", metavar="TEXT", help="largest error bar: '0.5 meV', '1 %%'")
    quantity = (
        "a dataset of the results, e.g. singlet/binding_energy; may be given several times (default: the model's first"
        " one)"
    )
    converge.add_argument("--quantity", action="append", metavar="PATH", help=quantity)
    converge.add_argument("--budget", metavar="TEXT", help="processor time that may be spent: '10 core-min'")


def _positive(text: str) -> int:
    """Return a number of ranks; argparse tells the name of the option and this message."""
    if not text.isdecimal() or not 1 <= int(text[:20]) <= MOST_RANKS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of ranks; give an integer >= 1 and <= {MOST_RANKS}")
    return int(text)
