"""The command `hpcx`: its words and options; what runs on all ranks is here, all else in `commands`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hpcx import __version__, commands, terminal
from hpcx.commands import BAD_INPUT, DONE, FAILED, SOME_POINTS_FAILED, STOPPED
from hpcx.parallel.deadline import process_age
from hpcx.parallel.launcher import complete_environment, place, strangers, tasks_left_idle
from hpcx.parallel.stop import Stopped, StopRequests
from hpcx.registry import MODELS

#: ranks that can be planned for: more than any machine has
MOST_RANKS = 100_000
#: packages without which nothing is computed; all other commands do without
ENGINES = ("mpi4py", "petsc4py", "slepc4py")


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script: run one command and exit with its status, under mpirun alike on all ranks."""
    words = sys.argv[1:] if arguments is None else arguments
    terminal.prepare()
    requests = StopRequests()
    if words[:1] in (["run"], ["converge"]):
        requests.install()  # before MPI and PETSc are loaded, which takes a second or more
    try:
        status = command(words, requests)
    except SystemExit as end:  # help, and mistakes of the command line or the input
        status = end.code if isinstance(end.code, int) else FAILED if end.code else DONE
    except (ImportError, MemoryError) as error:  # while modules are loaded; a point that needs too much fails with its own message
        status = _cannot_be_loaded(error)
    _leave(status, words)


def command(words: list[str], requests: StopRequests | None = None) -> int:
    """Run one command and return its status, alike on all ranks; `requests` to stop may have come already."""
    ours, petsc = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = _parse(ours)
    if terminal.is_nowhere(place()[0] == 0):
        return FAILED
    options.petsc, options.requests = petsc, requests or StopRequests()
    return _on_all_ranks(options) if options.command in (_run, _converge) else commands.alone(options)


def _on_all_ranks(options: argparse.Namespace) -> int:
    """Run a command on all ranks and return its status."""
    lacking = [name for name in ENGINES if find_spec(name) is None]
    if lacking:
        if place()[0] == 0:
            terminal.complain(f"{options.name} needs {', '.join(lacking)}: `make env` in the source of hpcx brings all of it, or see `hpcx info`")
        return FAILED
    complete_environment()
    from mpi4py import MPI

    from hpcx.parallel import log
    from hpcx.parallel.errors import abort_on_exception

    comm = MPI.COMM_WORLD
    abort_on_exception(comm)
    log.configure(comm, options.verbose)
    try:
        status = options.command(comm, options)
    except (ImportError, MemoryError) as error:
        status = _cannot_be_loaded(error)
        if comm.size > 1:  # the other ranks may wait for this one
            comm.Abort(status)
    comm.Barrier()
    return status


def _cannot_be_loaded(error: Exception) -> int:
    """Say that a library does not work here, and return the status with which to end."""
    why = str(error) or "not enough memory; `ulimit -v` and the batch system say what this process may use"
    terminal.complain(f"a library cannot be loaded: {why}")
    return FAILED


def _leave(status: int, words: list[str]) -> None:
    """End this process; where MPI was started without the clean-up of Python and PETSc, unless PETSc is to report (-log_view).

    petsc4py cleans up collectively, and does not end when the ranks have had different points or none.
    """
    terminal.flush()
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is None or not mpi.Is_initialized() or any(word.startswith("-log") for word in words):
        sys.exit(status)
    mpi.Finalize()
    os._exit(status)


def _parse(words: list[str]) -> argparse.Namespace:
    """Parse the command line, before MPI is started; of the processes of a launcher only the first one speaks."""
    if place()[0] == 0:
        return _parser().parse_args(words)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        return _parser().parse_args(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hpcx",
        description="Excitons and trions in two-dimensional semiconductors. Run under mpirun for more than one rank.",
    )
    parser.add_argument("--version", action="version", version=f"hpcx {__version__}")
    added = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _with_input(added, "run", _run, "compute what an input file describes")
    _add_running(run)
    run.add_argument("--shared", action="store_true", help="end with status 0 although other jobs compute points (for the tasks of an array)")
    text = "refine the numerical parameters of an input until a quantity is known as well as it should be"
    _add_converge(_with_input(added, "converge", _converge, text))
    check = _with_input(added, "check", commands.check, "validate an input and estimate its cost")
    check.add_argument("--ranks", type=_positive, metavar="N", help="number of ranks to plan for (default: those it runs on)")
    check.add_argument("--memory", metavar="SIZE", help="memory that one rank may use, e.g. '4 GB' (default: what is free here)")
    check.add_argument("--latency", metavar="TIME", default="1.5 us", help="time of a message between ranks (default: %(default)s)")
    check.add_argument("--bandwidth", metavar="RATE", default="1 GB/s", help="what a rank sends per second (default: %(default)s)")
    check.add_argument("--all", action="store_true", help="list every point of a long sweep")
    status = added.add_parser("status", help="state of a run, point by point, from its files")
    status.add_argument("directory", help="output directory, or a sweep.h5")
    status.add_argument("--all", action="store_true", help="list every point of a long sweep")
    status.add_argument("--json", action="store_true", help="every point as JSON, for scripts")
    status.set_defaults(command=commands.status)
    show = added.add_parser("show", help="what a result is: its input, its numbers, where it is from")
    show.add_argument("file", help="a result.h5 or sweep.h5, or the directory of a run")
    show.set_defaults(command=commands.show)
    compare = added.add_parser("compare", help="what differs between two results, in their inputs and in what came out")
    compare.add_argument("first", metavar="A", help="a result.h5 or sweep.h5, or the directory of a run")
    compare.add_argument("second", metavar="B", help="another one")
    compare.set_defaults(command=commands.compare)
    text = "what a result can show, and drawing it"
    plot = added.add_parser("plot", help=text, description=text + "; what follows -- goes to the script, e.g. -- --temperature 150")
    plot.add_argument("file", help="a result.h5 or sweep.h5, or the directory of a run")
    plot.add_argument("--what", metavar="NAME", help="the figure to draw, or all (default: list them)")
    plot.add_argument("-o", "--output", metavar="FILE", help=".pdf, .png or .svg (default: .png and .pdf next to the data)")
    plot.set_defaults(command=commands.plot)
    added.add_parser("info", help="versions and threads: what to put into a report of a fault").set_defaults(command=commands.info)
    completion = added.add_parser("completion", help="a script that completes commands and options in bash and zsh")
    completion.set_defaults(command=_completion)
    schema = added.add_parser("schema", help="every key of a model with unit, default and meaning")
    schema.add_argument("model", nargs="?", choices=MODELS)
    schema.add_argument("--results", action="store_true", help="every dataset of the results with axes, unit and meaning instead")
    schema.set_defaults(command=commands.schema)
    materials = added.add_parser("materials", help="the materials and environments that come with hpcx")
    materials.add_argument("name", nargs="?", help="show the numbers of one, with their sources")
    materials.add_argument("--model", choices=MODELS, help="only the numbers that this model takes with its defaults")
    materials.set_defaults(command=commands.materials)
    init = added.add_parser("init", help="write an input with every key of a model, or a material file, to be filled in")
    init.add_argument("what", choices=(*MODELS, "material"), help="a model, or your own material")
    init.add_argument("models", nargs="*", metavar="MODEL", help="models for which the material is (default: exciton trion)")
    init.add_argument("-o", "--output", metavar="FILE", help="file to write (default: WHAT.toml), or - for standard output")
    init.add_argument("--material", metavar="NAME", help="material of the input, or that from which numbers are taken")
    init.set_defaults(command=commands.init)
    return parser


def _completion(options: argparse.Namespace) -> int:
    """Print the script for the shell."""
    from hpcx.completion import bash_script

    terminal.write(bash_script(_parser()))
    return DONE


def _with_input(added: Any, name: str, command: Callable[..., int], text: str) -> argparse.ArgumentParser:
    """Add a command that reads an input file."""
    sub = added.add_parser(name, help=text, description=text + "; what follows -- goes to PETSc")
    sub.add_argument("file", help="input file (TOML), or - for standard input")
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="replace a key of the input, e.g. mesh.N=60")
    sub.add_argument("--group-size", type=_positive, metavar="N", help="ranks per point of a sweep (default: chosen by cost and memory)")
    sub.set_defaults(command=command, name=name)
    return sub


def _add_running(run: argparse.ArgumentParser) -> None:
    """Add the options of the commands that compute."""
    run.add_argument("--fresh", action="store_true", help="rename the old output directory (with the date in its name) and start from scratch")
    run.add_argument("-v", "--verbose", action="store_true", help="log more, and print a table of timings for every point of a sweep")
    run.add_argument("--time-limit", metavar="TIME", help="end with a checkpoint within this time: '2 h', 2:00:00, 1-12:00:00, or seconds")
    run.add_argument("--alone", action="store_true", help="run although a launcher has started several processes that do not see each other")


def _add_converge(converge: argparse.ArgumentParser) -> None:
    """Add the options of `hpcx converge` alone; they replace keys of the table [converge]."""
    _add_running(converge)
    converge.add_argument("--target", metavar="TEXT", help="largest error bar: '0.5 meV', '1 %%'")
    quantity = "a dataset of the results, e.g. singlet/binding_energy; may be given several times (default: the model's first one)"
    converge.add_argument("--quantity", action="append", metavar="PATH", help=quantity)
    converge.add_argument("--budget", metavar="TEXT", help="processor time that may be spent: '10 core-min'")


def _positive(text: str) -> int:
    """Return a number of ranks; argparse tells the name of the option and this message."""
    if not text.isdecimal() or not 1 <= int(text[:20]) <= MOST_RANKS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of ranks; give an integer >= 1 and <= {MOST_RANKS}")
    return int(text)


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
            status, message = STOPPED, f"stopped ({error}) before anything was computed; rerun the same command to start"
        if message:
            terminal.complain(message)
    outcome, status = comm.bcast((outcome, status))
    if status != DONE:
        comm.Barrier()
        sys.exit(status)
    return outcome


def _load(comm: Any, options: argparse.Namespace, load: Callable[[str, list[str], str], Any]) -> tuple[Any, float | None]:
    """Return what `load` makes of the input and the time limit in seconds, read on rank 0, on all ranks; these load modules meanwhile."""
    from hpcx import registry
    from hpcx.config.load import model_of, read_input

    def text() -> str:
        """Read the file, once: it may be a pipe."""
        with options.requests.at_once():
            return read_input(options.file)

    written = _on_root(comm, text)
    model = model_of(written, options.set)
    if model and comm.rank:
        registry.load_input_modules(model)

    def read() -> tuple[Any, float | None]:
        """Read the input and the time limit."""
        with options.requests.at_once():
            return load(options.file, options.set, written), commands.seconds(options.time_limit)

    return _on_root(comm, read)


def _limit_threads() -> None:
    """Give each rank one BLAS thread, unless the user asked for another number."""
    from threadpoolctl import threadpool_limits

    asked = os.environ.get("OMP_NUM_THREADS") or os.environ.get("OPENBLAS_NUM_THREADS")
    threadpool_limits(int(asked) if asked and asked.isdigit() else 1)


def _run(comm: Any, options: argparse.Namespace) -> int:
    from hpcx.config.load import load_plan
    from hpcx.parallel.errors import AgreedError
    from hpcx.petsc.options import given_options
    from hpcx.sweep.fresh import set_aside
    from hpcx.sweep.report import report_text
    from hpcx.sweep.run import run_plan

    requests = options.requests
    requests.install()
    if not _is_together(comm, options.alone):
        return FAILED
    plan, seconds = _load(comm, options, load_plan)
    if not _is_ready(comm, options, plan.config, seconds):
        return BAD_INPUT
    _tell_idle(comm, plan)
    start = time.monotonic()
    try:
        if options.fresh:
            set_aside(comm, plan.config.output.directory, plan.source)
        report = run_plan(comm, plan, requests, options.group_size)
    except AgreedError as error:
        return _complain(comm, error, BAD_INPUT if error.bad_input else FAILED)
    finally:
        requests.ignore()
    if comm.rank == 0:
        terminal.say(report_text(plan, report, given_options(used=False), time.monotonic() - start, options.verbose))
    return comm.bcast(_status(plan, report, options.shared) if comm.rank == 0 else None)


def _converge(comm: Any, options: argparse.Namespace) -> int:
    from hpcx import registry
    from hpcx.config.choose import load_open
    from hpcx.converge import run
    from hpcx.converge.command import begin, end, search
    from hpcx.parallel.errors import AgreedError
    from hpcx.sweep.fresh import set_aside

    requests = options.requests
    requests.install()
    if not _is_together(comm, options.alone):
        return FAILED
    problem, seconds = _load(comm, options, load_open)
    begun: list[Any] = []  # on the first rank, which alone decides what is computed
    _on_root(comm, lambda: begun.append(begin(problem, options.target, options.quantity, options.budget)))
    study, config = begun[0] if begun else None, problem.start.config
    if not _is_ready(comm, options, config, seconds):
        return BAD_INPUT
    registry.solver(config.model)  # SLEPc begins here, on all ranks together: the first one may need it alone later
    try:
        if options.fresh:
            set_aside(comm, config.output.directory, problem.source)
        search(comm, study, config.output.directory, requests, options.group_size, terminal.say)
    except AgreedError as error:
        return _complain(comm, error, BAD_INPUT if error.bad_input else FAILED)
    finally:
        requests.ignore()
    status = {run.REACHED: DONE, run.SHORT: SOME_POINTS_FAILED, run.STOPPED: STOPPED, run.FAILED: FAILED}
    return comm.bcast(status[end(study, terminal.say)] if study is not None else None)


def _is_ready(comm: Any, options: argparse.Namespace, config: Any, seconds: float | None) -> bool:
    """Start PETSc with its options, limit threads and watch for requests to stop; say whether PETSc has accepted the options."""
    from hpcx.petsc.options import initialize

    try:
        initialize(config.petsc.options.split() + options.petsc)
    except (RuntimeError, ValueError) as error:  # real scalars, a value without an option: alike on all ranks
        _complain(comm, error, BAD_INPUT)
        return False
    _limit_threads()
    _watch(comm, options.requests, config, seconds)
    return True


def _is_together(comm: Any, alone: bool) -> bool:
    """Say whether this run may begin: not if a launcher has started several processes that do not see each other."""
    from mpi4py import MPI

    wrong = "" if alone else strangers(comm.size, MPI.Get_library_version().split(",")[0].strip("\x00 \n"))
    if wrong and place()[0] == 0:
        terminal.complain(wrong)
    idle = tasks_left_idle(comm.size)
    if idle:
        logging.getLogger("hpcx").warning("%s", idle)
    return not wrong


def _tell_idle(comm: Any, plan: Any) -> None:
    """Warn once of keys that were written but do nothing, of numbers of a template that nobody has replaced, and of old names."""
    from hpcx.config.idle import idle_keys
    from hpcx.config.sources import cautions

    if comm.rank == 0:
        for sentence in [*idle_keys(plan), *cautions(plan.points), *plan.notices]:
            logging.getLogger("hpcx").warning("%s", sentence)


def _complain(comm: Any, error: Exception, status: int) -> int:
    """Print an error that all ranks have met once, and return the status with which to end."""
    if comm.rank == 0:
        terminal.complain(str(error))
    return status


def _watch(comm: Any, requests: Any, config: Any, seconds: float | None) -> None:
    """Watch for a file STOP in the output directory, and for the end of the time that there is."""
    from hpcx.parallel.deadline import deadline, slurm_seconds_left

    directory = Path(config.output.directory)
    left = slurm_seconds_left(os.environ)
    if comm.rank == 0 and left is not None and left <= 0:
        terminal.complain("SLURM_JOB_END_TIME has passed, so it is of an earlier job and does not count")
    end = deadline(seconds, process_age(), os.environ)
    requests.watch(directory, comm.bcast(end))  # the ranks of other nodes may not know of the job's end


def _status(plan: Any, report: Any, shared: bool) -> int:
    """Return the exit status; while another run computes some of the points it is that of an unfinished run, unless `shared`."""
    from hpcx.sweep import store

    states = {entry.status for entry in report.entries}
    if report.stopped or (store.RUNNING in states and not shared):
        return STOPPED
    states.discard(store.RUNNING)
    if plan.axes:
        return SOME_POINTS_FAILED if states & {store.FAILED, store.MISSING} else DONE
    return DONE if states <= {store.DONE} else FAILED
