"""`jobs/scaling.sh`: one calculation on several numbers of ranks, with the times that the check predicts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_scaling_prints_measured_and_predicted_times(tmp_path):
    environment = os.environ | {"RANKS": "1 2", "HPCX": str(ROOT), "NETWORK": "--latency '1 ms' --bandwidth '1 GB/s'"}
    command = ["bash", str(ROOT / "jobs/scaling.sh"), str(ROOT / "inputs/trion_large.toml"), "--set", "mesh.N=36"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()[-3:]
    assert head.split() == "ranks measured waiting efficiency predicted efficiency measured / predicted".split()
    assert [row.split()[0] for row in rows] == ["1", "2"]
    assert rows[0].split()[5:] and all(float(row.split()[1]) > 0 for row in rows)
    predicted = [float(row.split()[6]) for row in rows]
    assert predicted[1] > predicted[0]  # hundreds of messages of a millisecond each
