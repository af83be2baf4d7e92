"""The plane on more ranks than `make test` starts: equal results, and borders that cost what the layout says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.validate


def test_same_on_any_number_of_ranks():
    sizes = [str(ranks) for ranks in range(1, 17)]
    script = Path(__file__).with_name("many_ranks.py")
    command = [os.environ.get("MPIRUN", "mpirun"), "-n", sizes[-1], sys.executable, "-m", "mpi4py", str(script), *sizes]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert list(found) == sizes
    for ranks, (difference, foretold) in found.items():
        assert difference < 1e-13, (ranks, difference)
        assert foretold, ranks
