"""The command `hpcx`: what runs on all ranks; its words are in `arguments`, the other commands in `commands`."""

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

from hpcx import arguments, commands, terminal
from hpcx.commands import BAD_INPUT, DONE, FAILED, SOME_POINTS_FAILED, STOPPED
from hpcx.parallel.deadline import process_age
from hpcx.parallel.launcher import complete_environment, place, strangers, tasks_left_idle
from hpcx.parallel.stop import Stopped, StopRequests

#: packages that `run` and `converge` need; the other commands do not
ENGINES = ("mpi4py", "petsc4py", "slepc4py")


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script: run one command and exit with its status, under mpirun alike on all ranks."""
    words = sys.argv[1:] if arguments is None else arguments
    terminal.prepare()
    requests = StopRequests()
    if words[:1] in (["run"], ["converge"]):
        requests.install()  # before MPI and PETSc are loaded, which takes a second or more
    try:
        status = _command(words, requests)
    except SystemExit as end:  # help, and mistakes of the command line or the input
        status = end.code if isinstance(end.code, int) else FAILED if end.code else DONE
    except (ImportError, MemoryError) as error:  # while loading modules; points that need too much have own messages
        status = _cannot_be_loaded(error)
    _leave(status, words)


def command(words: list[str]) -> int:
    """Run one command from Python and return its status, alike on all ranks; signals are then handled as before."""
    requests = StopRequests()
    try:
        return _command(words, requests)
    finally:
        requests.restore()


def _command(words: list[str], requests: StopRequests) -> int:
    """Run one command and return its status, alike on all ranks; `requests` to stop may have come already."""
    ours, petsc = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = _parse(ours)
    if terminal.is_nowhere(place()[0] == 0):
        return FAILED
    options.petsc, options.requests = petsc, requests
    return _on_all_ranks(options) if options.command in (_run, _converge) else commands.alone(options)


def _on_all_ranks(options: argparse.Namespace) -> int:
    """Run a command on all ranks and return its status."""
    lacking = [name for name in ENGINES if find_spec(name) is None]
    if lacking:
        if place()[0] == 0:
            terminal.complain(
                f"{options.name} needs {', '.join(lacking)}: `make env` in the source of hpcx brings all of it, or see"
                " `hpcx info`"
            )
        return FAILED
    complete_environment()
    from mpi4py import MPI

    from hpcx.parallel import log
    from hpcx.parallel.errors import AgreedError, abort_on_exception

    comm = MPI.COMM_WORLD
    abort_on_exception(comm)
    log.configure(comm, options.verbose)
    options.requests.install()
    try:
        status = options.command(comm, options) if _is_together(comm, options.alone) else FAILED
    except AgreedError as error:
        status = _complain(comm, error, BAD_INPUT if error.bad_input else FAILED)
    except (ImportError, MemoryError) as error:
        status = _cannot_be_loaded(error)
        if comm.size > 1:  # the other ranks may wait for this one
            comm.Abort(status)
    finally:
        options.requests.ignore()
    comm.Barrier()
    return status


def _cannot_be_loaded(error: Exception) -> int:
    """Report that a library cannot be loaded, and return the exit status."""
    why = str(error) or "not enough memory; `ulimit -v` and the batch system say what this process may use"
    terminal.complain(f"a library cannot be loaded: {why}")
    return FAILED


def _leave(status: int, words: list[str]) -> None:
    """End this process, after MPI was started without the clean-up of Python and PETSc (but for -log_view).

    The clean-up of petsc4py is collective and hangs if ranks have computed different points or none.
    """
    terminal.flush()
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is None or not mpi.Is_initialized() or any(word.startswith("-log") for word in words):
        sys.exit(status)
    mpi.Finalize()
    os._exit(status)


def _parse(words: list[str]) -> argparse.Namespace:
    """Parse the command line, before MPI is started; of the processes of a launcher only the first one prints."""
    if place()[0] == 0:
        return parser().parse_args(words)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        return parser().parse_args(words)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    return arguments.parser(_run, _converge, _completion)


def _completion(options: argparse.Namespace) -> int:
    """Print the script for the shell."""
    from hpcx.completion import bash_script

    terminal.write(bash_script(parser()))
    return DONE


def _on_root(comm: Any, work: Callable[[], Any]) -> Any:
    """Return what `work` returns on rank 0, on all ranks.

    An error of the input is printed once and ends all ranks with status 2, a request to stop with status 75.
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
            message = f"stopped ({error}) before anything was computed; rerun the same command to start"
            status = STOPPED
        if message:
            terminal.complain(message)
    outcome, status = comm.bcast((outcome, status))
    if status != DONE:
        comm.Barrier()
        sys.exit(status)
    return outcome


def _load(
    comm: Any, options: argparse.Namespace, load: Callable[[str, list[str], str], Any]
) -> tuple[Any, float | None]:
    """Return the input as `load` reads it on rank 0, and the time limit in s, on all ranks."""
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
    from hpcx.petsc.options import given_options
    from hpcx.sweep.report import report_text
    from hpcx.sweep.run import run_plan

    plan, seconds = _load(comm, options, load_plan)
    if not _is_ready(comm, options, plan.config, plan.source, seconds):
        return BAD_INPUT
    _tell_idle(comm, plan)
    start = time.monotonic()
    report = run_plan(comm, plan, options.requests, options.group_size)
    if comm.rank == 0:
        terminal.say(report_text(plan, report, given_options(used=False), time.monotonic() - start, options.verbose))
    return comm.bcast(_status(plan, report, options.shared) if comm.rank == 0 else None)


def _converge(comm: Any, options: argparse.Namespace) -> int:
    from hpcx import registry
    from hpcx.config.choose import load_open
    from hpcx.converge import run
    from hpcx.converge.command import begin, end, search

    problem, seconds = _load(comm, options, load_open)
    begun: list[Any] = []  # on the first rank, which decides what is computed
    _on_root(comm, lambda: begun.append(begin(problem, options.target, options.quantity, options.budget)))
    study, config = begun[0] if begun else None, problem.start.config
    if not _is_ready(comm, options, config, problem.source, seconds):
        return BAD_INPUT
    registry.solver(config.model)  # starts SLEPc on all ranks together, because the first rank may need it alone later
    search(comm, study, config.output.directory, options.requests, options.group_size, terminal.say)
    status = {run.REACHED: DONE, run.SHORT: SOME_POINTS_FAILED, run.STOPPED: STOPPED, run.FAILED: FAILED}
    return comm.bcast(status[end(study, terminal.say)] if study is not None else None)


def _is_ready(comm: Any, options: argparse.Namespace, config: Any, source: str, seconds: float | None) -> bool:
    """Start PETSc, limit threads, watch for requests to stop and set old results aside if that is asked for.

    Return whether PETSc accepts its options; raises AgreedError as `set_aside` does.
    """
    from hpcx.petsc.options import initialize
    from hpcx.sweep.fresh import set_aside

    try:
        initialize(config.petsc.options.split() + options.petsc)
    except (RuntimeError, ValueError) as error:  # real scalars, a value without an option: alike on all ranks
        _complain(comm, error, BAD_INPUT)
        return False
    _limit_threads()
    _watch(comm, options.requests, config, seconds)
    if options.fresh:
        set_aside(comm, config.output.directory, source)
    return True


def _is_together(comm: Any, alone: bool) -> bool:
    """Return False, with a message, if a launcher has started several processes that do not see each other."""
    from mpi4py import MPI

    wrong = "" if alone else strangers(comm.size, MPI.Get_library_version().split(",")[0].strip("\x00 \n"))
    if wrong and place()[0] == 0:
        terminal.complain(wrong)
    idle = tasks_left_idle(comm.size)
    if idle:
        logging.getLogger("hpcx").warning("%s", idle)
    return not wrong


def _tell_idle(comm: Any, plan: Any) -> None:
    """Warn once of keys without effect, of numbers of a template that were not replaced, and of old names."""
    from hpcx.config.idle import idle_keys
    from hpcx.config.sources import cautions

    if comm.rank == 0:
        for sentence in [*idle_keys(plan.points), *cautions(plan.points), *plan.notices]:
            logging.getLogger("hpcx").warning("%s", sentence)


def _complain(comm: Any, error: Exception, status: int) -> int:
    """Print an error that all ranks have met once, and return the status with which to end."""
    if comm.rank == 0:
        terminal.complain(str(error))
    return status


def _watch(comm: Any, requests: Any, config: Any, seconds: float | None) -> None:
    """Watch for a file STOP in the output directory, and for the time limit."""
    from hpcx.parallel.deadline import deadline, slurm_seconds_left

    directory = Path(config.output.directory)
    left = slurm_seconds_left(os.environ)
    if comm.rank == 0 and left is not None and left <= 0:
        terminal.complain("SLURM_JOB_END_TIME is in the past, so it belongs to an earlier job and is ignored")
    end = deadline(seconds, process_age(), os.environ)
    requests.watch(directory, comm.bcast(end))  # the ranks of other nodes may not know of the job's end


def _status(plan: Any, report: Any, shared: bool) -> int:
    """Return the exit status; unless `shared`, points that another run computes count as unfinished."""
    from hpcx.sweep import store

    states = {entry.status for entry in report.entries}
    if report.stopped or (store.RUNNING in states and not shared):
        return STOPPED
    states.discard(store.RUNNING)
    if plan.axes:
        return SOME_POINTS_FAILED if states & {store.FAILED, store.MISSING} else DONE
    return DONE if states <= {store.DONE} else FAILED
