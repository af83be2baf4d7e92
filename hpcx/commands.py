"""The commands that need neither MPI nor PETSc and run on one process: check, status, show, plot, schema, ..."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcx import terminal
from hpcx.parallel import log
from hpcx.parallel.launcher import place

#: exit status (see the README)
DONE, FAILED, BAD_INPUT, SOME_POINTS_FAILED, STOPPED = 0, 1, 2, 3, 75

#: bytes that a rank needs before it computes anything
_LEAST_MEMORY = 1e8


def alone(options: argparse.Namespace) -> int:
    """Run a command on the first process of a launcher only, and return its status; the others have nothing to do."""
    from hpcx.config.errors import InputError
    from hpcx.materials.loader import MaterialError

    if place()[0] > 0:
        return DONE
    terminal.end_with_the_reader()
    _read_hdf5_without_mpi()
    log.configure_alone()
    try:
        return options.command(options)
    except (InputError, MaterialError, FileNotFoundError) as error:
        terminal.complain(str(error))
        return BAD_INPUT
    except ModuleNotFoundError as error:
        terminal.complain(f"this command needs the Python package {error.name}: pip install {error.name}")
        return FAILED
    except (OSError, ValueError, ImportError) as error:  # a file or a package that cannot be read
        terminal.complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def _read_hdf5_without_mpi() -> None:
    """Keep h5py from starting MPI, which aborts where no launcher is: on login nodes, in the shell of an srun."""
    os.environ.pop("H5PY_ALWAYS_USE_MPI", None)  # the serial one of Debian's two builds of h5py is sufficient
    with suppress(ImportError):
        import mpi4py

        mpi4py.rc.initialize = False


def check(options: argparse.Namespace) -> int:
    """Validate an input, estimate its cost and plan the run; the exit status is that of the run."""
    from hpcx.config.load import load_plan
    from hpcx.parallel.machine import measured
    from hpcx.parallel.memory import free_memory
    from hpcx.sweep.check import check
    from hpcx.sweep.planning import Planner

    plan, ranks = load_plan(options.file, options.set), options.ranks or place()[1]
    _refuse_options(plan, options.petsc)
    machine = measured().with_network(
        _number("--latency", options.latency, "s"), _number("--bandwidth", options.bandwidth, "byte/s")
    )
    least = f"must be at least {_LEAST_MEMORY / 1e6:.0f} MB, e.g. '4 GB'"
    given = None if options.memory is None else _number("--memory", options.memory, "byte", least, _LEAST_MEMORY)
    here = min(ranks, os.cpu_count() or 1)
    memory = free_memory() / here if given is None else given
    found = check(plan, Planner(plan.points, ranks, memory, options.group_size, not plan.axes), options.all, machine)
    speed = (
        f"\nassumed: processors as fast as one core of this machine now ({machine}), messages of {options.latency},"
        f" {options.bandwidth} per rank"
    )
    assumed = (
        ""
        if given
        else (
            f"\nassumed: {here} rank(s) per node with the free memory of this machine; --memory '4 GB' says what a rank"
            " may use"
        )
    )
    terminal.write(found.text + speed + assumed)
    return _refused_place(plan) or (
        BAD_INPUT if found.refused == found.points else SOME_POINTS_FAILED if found.refused else DONE
    )


def _refuse_options(plan: Any, words: list[str]) -> None:
    """Raise InputError if the options for PETSc are not ones that a run accepts."""
    from hpcx.config.errors import InputError, Mistake
    from hpcx.petsc.options import pairs

    try:
        pairs(plan.config.petsc.options.split() + words)
    except ValueError as error:
        raise InputError(plan.source, [Mistake("petsc.options", str(error))]) from error


def _refused_place(plan: Any) -> int:
    """Report why a run could not use its output directory, and return the status that it would have, or 0."""
    from hpcx.parallel.errors import BadInput
    from hpcx.sweep.place import refuse_place

    try:
        refuse_place(plan)
    except (OSError, BadInput) as error:
        terminal.complain(str(error))
        return BAD_INPUT if isinstance(error, BadInput) else FAILED
    return DONE


def _number(option: str, text: str, unit: str, wanted: str = "must be more than zero", least: float = 0.0) -> float:
    """Return the number of an option in a unit, more than zero and at least `least`; raises InputError."""
    from hpcx import units
    from hpcx.config.errors import InputError, Mistake
    from hpcx.parallel.deadline import clock_seconds

    try:
        clock = clock_seconds(text) if option == "--time-limit" else None
        value = units.parse(text, unit) if clock is None else clock
    except ValueError as error:
        more = "; or a time as h:mm:ss or d-hh:mm:ss" if option == "--time-limit" else ""
        raise InputError("the command line", [Mistake(option, f"{error}{more}", text)]) from error
    if value <= 0 or not least <= value < float("inf"):
        raise InputError("the command line", [Mistake(option, wanted, text)])
    return value


def seconds(text: str | None) -> float | None:
    """Return the seconds of `--time-limit`; raises InputError."""
    return (
        None
        if text is None
        else _number("--time-limit", text, "s", "must be more than zero; leave it out for no limit")
    )


def status(options: argparse.Namespace) -> int:
    """Print the state of an output directory, as a table or as JSON."""
    from hpcx.sweep.status import status_json, status_text
    from hpcx.tree import file_of

    path = Path(options.directory)
    if path.suffix == ".toml":
        file_of(path)  # says what to give instead of an input
    terminal.write(status_json(path) if options.json else status_text(path, options.all))
    return DONE


def show(options: argparse.Namespace) -> int:
    """Print what a result or a sweep is: input, numbers, provenance."""
    from hpcx.inspection.show import show_text

    terminal.write(show_text(Path(options.file)))
    return DONE


def compare(options: argparse.Namespace) -> int:
    """Print differences between two results: inputs and datasets."""
    from hpcx.inspection.compare import compare_text

    terminal.write(compare_text(Path(options.first), Path(options.second)))
    return DONE


def info(options: argparse.Namespace) -> int:
    """Print versions and what else a report of a fault should say."""
    from hpcx.inspection.info import info_text

    terminal.write(info_text())
    return DONE


def plot(options: argparse.Namespace) -> int:
    """List what a result can show, or draw it."""
    from hpcx.inspection.drawing import draw, drawable
    from hpcx.tree import file_of

    path, more = file_of(Path(options.file)), options.petsc  # what follows --
    found = {figure.name: figure.shows for figure in drawable(path)}
    if not found:
        own = path.with_suffix(".png")
        drawn = (
            f"its figure is {own}"
            if path.stem.startswith("converge") and own.is_file()
            else "no script of postprocess/ draws this"
        )
        terminal.write(f"{path}: {drawn}; hpcx.open(path) opens it in Python")
        return DONE
    if options.what is None:
        width = max(map(len, found))
        terminal.write("\n".join(f"{name:{width}}  {shows}" for name, shows in found.items()))
        terminal.write(f"draw one with hpcx plot {path} --what NAME, or all with --what all")
        return DONE
    if options.what not in (*found, "all"):
        terminal.complain(f"{path} cannot show '{options.what}'; it can show {', '.join(found)}")
        return BAD_INPUT
    if options.what == "all" and (options.output or more):
        terminal.complain(
            "--what all draws every figure next to the data; -o and options of a script go with one figure"
        )
        return BAD_INPUT
    names = list(found) if options.what == "all" else [options.what]
    return max(draw(name, path, options.output, more) for name in names)


def schema(options: argparse.Namespace) -> int:
    """Print every key of the input, or every dataset of the results, of one model or all."""
    from hpcx.config.datasets import datasets_text
    from hpcx.config.schema import schema_text
    from hpcx.registry import MODELS, config_class

    for model in [options.model] if options.model else MODELS:
        text = datasets_text(model) if options.results else schema_text(config_class(model))
        terminal.write(f'# model = "{model}"\n{text}\n')
    return DONE


def materials(options: argparse.Namespace) -> int:
    """Print which models each material serves and the environments, or one material and what it lacks."""
    from hpcx.config.serving import keys_for, overview, what_is_missing
    from hpcx.materials.environment import is_environment
    from hpcx.materials.listing import environments, listing
    from hpcx.materials.loader import load_material
    from hpcx.materials.sets import set_names

    if not options.name:
        more = (
            "numbers and sources of one, and what it lacks for a model: hpcx materials NAME (or the path of your own"
            " .toml file) [--model MODEL]"
        )
        terminal.write(
            f"{overview()}\n\nenvironments:\n{environments()}\n\nparameter sets: {', '.join(set_names())}\n{more}"
        )
        return DONE
    wanted = keys_for(options.model) if options.model else None
    terminal.write(listing(options.name, wanted))
    if not is_environment(options.name):
        terminal.write(f"\n{what_is_missing(load_material(options.name), options.model)}")
    return DONE


def init(options: argparse.Namespace) -> int:
    """Write an input for a model, or a material file for one or more models."""
    from hpcx.config.serving import serving
    from hpcx.config.template import input_template, material_template
    from hpcx.materials.loader import load_material, material_names

    path = options.output or f"{options.what}.toml"
    name = f"{options.what}.toml" if path == "-" else path
    if options.what == "material":
        patterns = [*([options.material] if options.material else []), *material_names()]
        text = material_template(
            options.models or ["exciton", "trion"], [load_material(pattern) for pattern in patterns], name
        )
    else:
        text = input_template(options.what, options.material or serving(options.what).name, name)
    if path == "-":
        terminal.write(text)
        return DONE
    try:
        with open(path, "x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except FileExistsError:
        terminal.complain(f"{path} exists; -o gives another name")
        return BAD_INPUT
    terminal.write(f"wrote {path}")
    return DONE
