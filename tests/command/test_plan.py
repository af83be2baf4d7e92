"""What `hpcx check --ranks P` plans for thirty points is what a run on P ranks does:
groups, order, processor time, idle share.
"""

from __future__ import annotations

import re

import h5py
import pytest

THIRTY = """\
model = "trion"
material = "MoS2"
[output]
directory = "out"
[mesh]
k0 = 0.1
[sweep]
"mesh.N" = { start = 40, stop = 98, step = 2 }
"""
#: by how much the idle share of the run may exceed that of the plan: ranks wait for processors where these are fewer
UNEVEN = 0.25


@pytest.mark.validate
@pytest.mark.parametrize("ranks", [4, 8])
def test_thirty_points_run_as_planned(hpcx, write, tmp_path, ranks):
    name = write(text=THIRTY)
    plan = hpcx("check", name, "--ranks", str(ranks)).stdout
    run = hpcx("run", name, ranks=ranks, timeout=250)
    assert run.returncode == 0, run.stderr
    planned = re.findall(r"^mesh\.N = (\d+): .* on (\d+) ranks?$", plan, re.MULTILINE)
    with h5py.File(tmp_path / "out/sweep.h5", "r") as file:
        names = file["index/id"].asstr()[()].tolist()
        assert list(map(str, file["index/ranks"][()])) == [size for _, size in planned]
    spent, idle = sum(_processor_time(tmp_path / f"out/points/{name}.h5") for name in names), _idle(run.stdout)
    stated = float(re.search(r"on one rank: ([\d.]+) s of processor time", plan)[1])
    print(
        f"{ranks} ranks: idle share {idle:.0f} % (planned {_idle(plan):.0f} %), points {spent:.1f} s (all {stated:.1f}"
        " s on one rank)"
    )
    assert 0.5 < spent / stated < 2 and idle < _idle(plan) + 100 * UNEVEN
    begun = re.findall(r"\(mesh\.N = (\d+)\) on (\d+) rank", run.stdout + run.stderr)
    assert len(begun) == 30 and [float(size) for _, size in begun] == sorted(
        (float(size) for _, size in begun), reverse=True
    )
    for size in {
        size for _, size in begun
    }:  # groups of one size take the longest first; what is alike may change places
        order = [int(number) for number, found in begun if found == size]
        assert all(later <= earlier + 4 for earlier, later in zip(order, order[1:]))


def _idle(text: str) -> float:
    return float(re.search(r"idle share of the ranks ([\d.]+) %", text)[1])


def _processor_time(path) -> float:
    """Return the processor time of all ranks of a point, s."""
    with h5py.File(path, "r") as file:
        return float(file["provenance/processor_time"][()])
