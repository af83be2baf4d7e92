"""Rules for all tests: markers, fixtures for tests under mpirun, and one report from all ranks.

* `@pytest.mark.mpi`: runs under mpirun (tests/parallel), on every rank, with as many ranks as there are: 1, 2, 3 and 4.
  `@pytest.mark.mpi(min_size=2)` leaves out one rank: a comparison with one rank shows nothing there.
* `@pytest.mark.validate`: a slow comparison with published numbers; left out unless `-m` asks for it.

Under mpirun rank 0 alone reports. A test that fails on any rank fails; when the other ranks hang in it, all are ended.
"""

from __future__ import annotations

import gc
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from mpi4py import MPI

#: seconds that a rank on which a test failed waits for the others before it ends the job
PATIENCE = 30.0

# The same examples on every rank and in every run; no deadline, because machines are shared
hypothesis.settings.register_profile("hpcx", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("hpcx")


class Ranks:
    """What the ranks tell each other about the tests, on a communicator of their own."""

    def __init__(self, config: pytest.Config) -> None:
        from mpi4py import MPI

        self.comm = MPI.COMM_WORLD.Dup()
        self.reporter = config.pluginmanager.getplugin("terminalreporter")
        self.capture = config.pluginmanager.getplugin("capturemanager")
        if self.comm.rank > 0:
            self.reporter._tw._file = self.silence = open("/dev/null", "w")

    def meet(self, failure: str | None) -> None:
        """Wait for all ranks; with a `failure` of this rank only for a while, then print it and end the job."""
        request = self.comm.Ibarrier()
        start = time.monotonic()
        while not request.Test():
            if failure and time.monotonic() - start > PATIENCE:
                with self.capture.global_and_fixture_disabled():
                    print(f"\nrank {self.comm.rank} failed while others wait for it:\n{failure}", flush=True)
                self.comm.Abort(1)
            time.sleep(1e-3)

    def same_tests(self, items: list[pytest.Item]) -> bool:
        """Say whether all ranks have collected the same tests in the same order."""
        names = [item.nodeid for item in items]
        return all(self.comm.allgather(names == self.comm.bcast(names)))


class Tally:
    """The tests that passed and failed on this rank, and after `collect` on any rank."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.failures: dict[str, str] = {}
        self.elsewhere: dict[str, str] = {}

    def collect(self, ranks: Ranks) -> None:
        """Gather the failures of all ranks; rank 0 keeps the text of those that it did not see itself."""
        for rank, failures in enumerate(ranks.comm.allgather(self.failures)):
            for name, text in failures.items():
                if name not in self.failures:
                    self.elsewhere.setdefault(name, f"rank {rank}: {text}")

    def failed(self) -> set[str]:
        """Return the names of the tests that failed on any rank."""
        return self.failures.keys() | self.elsewhere.keys()


TALLY = pytest.StashKey[Tally]()
RANKS = pytest.StashKey[Ranks | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options with which tests/run.sh calls."""
    parser.addoption("--ranks", type=int, help="number of ranks that mpirun was asked for; another number is an error")
    parser.addoption("--tally", type=Path, help="file into which the numbers of passed and failed tests are written")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set up the talk between the ranks; raises UsageError if the launcher belongs to another MPI than mpi4py."""
    config.addinivalue_line(
        "markers", "validate: slow comparison with published numbers, left out unless -m asks for it"
    )
    config.stash[TALLY] = Tally()
    config.pluginmanager.register(Counter(config.stash[TALLY]))
    config.stash[RANKS] = Ranks(config) if config.getoption("--with-mpi") else None
    wanted, ranks = config.getoption("--ranks"), config.stash[RANKS]
    if wanted and ranks and ranks.comm.size != wanted:
        raise pytest.UsageError(
            f"{wanted} ranks were asked for, but mpi4py sees {ranks.comm.size}: the launcher belongs to another MPI. "
            "Put the right mpirun first on the PATH, or name it: make test MPIRUN=..."
        )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the slow tests unless asked for; raises UsageError if the ranks differ in what they collected."""
    if "validate" not in config.option.markexpr:
        slow = [item for item in items if item.get_closest_marker("validate")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    ranks = config.stash[RANKS]
    if ranks and not ranks.same_tests(items):
        raise pytest.UsageError("the ranks have collected different tests: is something parametrized over a set?")


class Counter:
    """Counts the outcome of each test; where several processes share the tests,
    the one that started them is told of all.
    """

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the report of one phase of a test."""
        if report.failed:
            self.tally.failures[report.nodeid] = f"{report.nodeid} ({report.when})\n{report.longreprtext}"
        elif report.passed and report.when == "call":
            self.tally.passed.add(report.nodeid)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Meet before and after the fixtures are torn down, and destroy parallel objects on all ranks together."""
    ranks = item.config.stash[RANKS]
    if ranks:
        ranks.meet(item.config.stash[TALLY].failures.get(item.nodeid))
    yield
    if ranks:
        gc.collect(0)
        ranks.meet(None)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Count a file that cannot be read as one failure; the other files are tested all the same."""
    report = (yield).get_result()
    if report.failed:
        collector.config.stash[TALLY].failures[collector.nodeid] = f"{collector.nodeid}\n{report.longreprtext}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Join the outcomes of all ranks and write the tally."""
    tally, ranks = session.config.stash[TALLY], session.config.stash[RANKS]
    if ranks:
        tally.collect(ranks)
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK
    if tally.elsewhere:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    path = session.config.getoption("--tally")
    is_helper = hasattr(
        session.config, "workerinput"
    )  # a process that runs a share of the tests and reports to another one
    if path and not is_helper and (ranks is None or ranks.comm.rank == 0):
        path.write_text(f"{len(tally.passed - tally.failed())} {len(tally.failed())}\n")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the failures that rank 0 has not seen."""
    for text in config.stash[TALLY].elsewhere.values():
        terminalreporter.section("failed on another rank")
        terminalreporter.write_line(text)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Wait until rank 0 has reported: a rank that leaves with an error ends the job."""
    ranks = config.stash.get(RANKS, None)
    if ranks:
        ranks.meet(None)


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """Give the log of hpcx back to pytest when a command that the test has called has taken it."""
    logger = logging.getLogger("hpcx")
    handlers, propagate, level = logger.handlers[:], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = handlers, propagate
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def handlers_of_its_own() -> Iterator[None]:
    """Put the handlers of signals back that a test has changed: what is ignored here, all later processes ignore."""
    import signal

    from hpcx.parallel.stop import SIGNALS

    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)


@pytest.fixture
def comm() -> MPI.Comm:
    """Return the communicator of all ranks."""
    from mpi4py import MPI

    return MPI.COMM_WORLD


@pytest.fixture
def stop_after() -> type:
    """Return requests to stop that are there once a number of questions was answered with no; `left` counts down."""
    from hpcx.parallel.stop import StopRequests

    class StopAfter(StopRequests):
        """Made with the number of questions."""

        def __init__(self, questions: int) -> None:
            super().__init__()
            self.left = questions

        def reason(self) -> str:
            """Count, and return a reason in the end."""
            self.left -= 1
            return "the test wants it" if self.left < 0 else ""

    return StopAfter


@pytest.fixture
def mpi_tmp_path(comm: MPI.Comm) -> Iterator[Path]:
    """Yield an empty directory that all ranks share, made and removed by rank 0."""
    path = Path(comm.bcast(tempfile.mkdtemp(prefix="hpcx-") if comm.rank == 0 else None))
    yield path
    comm.Barrier()
    if comm.rank == 0:
        shutil.rmtree(path, ignore_errors=True)
