"""`hpcx check` on mutated inputs, in this process: python tests/fuzz/fuzz_check.py FIRST COUNT [--show]

Each case ends as accepted (status 0) or refused (status 2, or 3 for some points of a sweep, with a message); an
exception, a time beyond LIMIT or another status is a finding. Prints one line per finding and a line of JSON with the
counts.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fuzz_cases import Case, hostile

#: seconds of processor time that the check of one case may take
LIMIT = 10


class TooLong(BaseException):
    """The check of a case goes on and on."""


@dataclass(frozen=True)
class Outcome:
    """How a check ended: "accepted", "refused", "some points refused", "error", "hang" or "status";
    with what it said, and its processor time in s.
    """

    kind: str
    text: str
    seconds: float


def check(case: Case, folder: Path) -> Outcome:
    """Return how `hpcx check` ends for a case that is written into `folder`."""
    case.write(folder)
    words = ["check", "input.toml", *(word for setting in case.settings for word in ("--set", setting))]
    said, start = io.StringIO(), time.process_time()
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = _status(words)
        kind = {0: "accepted", 2: "refused", 3: "some points refused"}.get(status, "status")
        if "refused" in kind and not said.getvalue().strip():
            kind = "status"
    except TooLong:
        kind = "hang"
        said.write(traceback.format_exc())
    except Exception:
        kind = "error"
        said.write(traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    seconds = time.process_time() - start
    return Outcome("hang" if seconds > LIMIT else kind, said.getvalue(), seconds)


def _status(words: list[str]) -> int:
    from hpcx.cli import command

    try:
        return command(words)
    except SystemExit as end:
        return int(end.code or 0)


def _too_long(number: int, frame: object) -> None:
    raise TooLong


def peak_megabytes() -> float:
    """Return the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(first: int, count: int, show: bool = False) -> dict:
    """Check cases and return the counts; prints the findings."""
    counts, greedy, slowest = Counter(), [], (0.0, -1)
    for number in range(first, first + count):
        case, before = hostile(number), peak_megabytes()
        with tempfile.TemporaryDirectory() as folder:
            outcome = check(case, Path(folder))
        counts[outcome.kind] += 1
        slowest = max(slowest, (outcome.seconds, number))
        grown = peak_megabytes() - before
        if grown > 100 and number > first:
            greedy.append((round(grown), number))
        if show or outcome.kind not in ("accepted", "refused", "some points refused"):
            last = outcome.text.strip().splitlines()
            print(
                f"{number} {outcome.kind} {outcome.seconds:.1f} s {case.done}\n    "
                + "\n    ".join(last[-1 if show else -8 :]),
                flush=True,
            )
    return dict(counts) | {"peak_megabytes": round(peak_megabytes()), "grown": greedy, "slowest": slowest}


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), "--show" in sys.argv)))
