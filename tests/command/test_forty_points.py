"""A sweep of forty unequal points on four ranks: what fails fails alone, and the ranks have little idle time."""

from __future__ import annotations

import re

import h5py
import numpy as np
import pytest

TRIONS = """\
model = "trion"
material = "MoS2"
[output]
directory = "out"
[mesh]
N = 20
k0 = 0.1
[solver]
states = 1
[trion]
species = ["triplet"]
[sweep]
"mesh.N" = [%s]
"""

VALLEYS = """\
model = "valley"
material = "WSe2"
temperature = 77
[output]
directory = "out"
[sweep]
temperature = [10, 30, 50, 77, 100, 150, 200, 300]
"momentum.points" = [30, 40, 50, 60, 70]
"""


def test_one_failing_and_one_impossible_point(hpcx, write, tmp_path):
    """Two points along each lattice vector hold no triplet; two thousand do not fit into any memory."""
    sizes = [2, 2000, *range(20, 58)]
    run = hpcx("run", write(text=TRIONS % ", ".join(map(str, sizes))), ranks=4, timeout=300)
    assert run.returncode == 3, run.stderr
    assert len(list((tmp_path / "out/points").glob("*.h5"))) == 38
    with h5py.File(tmp_path / "out/sweep.h5", "r") as file:
        states, messages = (file[f"index/{name}"].asstr()[...] for name in ("status", "message"))
        assert list(states) == ["failed", "failed"] + ["done"] * 38
        assert "raise mesh.N or mesh.k0" in messages[0] and "GB per rank on 4 rank(s)" in messages[1]
        assert "AgreedError" in file["index/traceback"].asstr()[0]
        assert (
            np.isnan(file["triplet/binding_energy"][:2]).all() and np.isfinite(file["triplet/binding_energy"][2:]).all()
        )
    again = hpcx("run", "input.toml", "--set", f"sweep.mesh.N={sizes[1:]}", ranks=2)
    assert again.returncode == 3 and again.stderr.count("rank(s)\n") == 1  # the failed point alone is tried again


@pytest.mark.validate
def test_idle_share_of_forty_points(hpcx, write, tmp_path):
    run = hpcx("run", write(text=VALLEYS), ranks=4, timeout=1800)
    assert run.returncode == 0, run.stderr
    with h5py.File(tmp_path / "out/sweep.h5", "r") as file:
        seconds = file["index/wall_time"][...]
    assert seconds.size == 40 and seconds.max() < 0.1 * seconds.sum()
    share = float(re.search(r"idle share of the ranks ([\d.]+) %", run.stdout)[1])
    print(f"idle share {share} %, longest point {100 * seconds.max() / seconds.sum():.1f} % of the total")
    assert share < 10
