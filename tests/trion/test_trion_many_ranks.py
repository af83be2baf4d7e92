"""A trion on more ranks than `make test` starts: products send what the layout says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpcx.physics.lattice import hexagonal
from hpcx.physics.mesh import lattice_mesh
from hpcx.trion.exchanges import exchanges

SCRIPT = Path(__file__).with_name("trion_ranks.py")


def as_foretold(sizes):
    command = [os.environ.get("MPIRUN", "mpirun"), "-n", sizes[-1], sys.executable, "-m", "mpi4py", str(SCRIPT), *sizes]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.validate
def test_one_to_sixteen_ranks_send_what_is_foretold():
    sizes = [str(ranks) for ranks in range(1, 17)]
    assert as_foretold(sizes) == {ranks: [True] * 4 for ranks in sizes}


def test_one_rank_sends_nothing_and_many_share_the_work():
    mesh = lattice_mesh(60, 0.1, hexagonal(0.32))
    alone, many = (exchanges(mesh, "C6v", False, ranks) for ranks in (1, 4))
    assert alone.messages.tolist() == [0] and alone.amplitudes.tolist() == [0]
    assert many.work.sum() == pytest.approx(4) and many.work.max() < 1.3
    assert 0 < many.messages.max() <= 4 * 3  # two exchanges of amplitudes and two of results go to other ranks
