"""The quick start's figure is drawn from a result file alone."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

INPUT = """\
model = "trion"
material = "MoS2"
[output]
directory = "out"
[mesh]
k0 = 0.10
[sweep]
"mesh.N" = [40, 48]
"""


def test_figure_and_table(tmp_path):
    (tmp_path / "input.toml").write_text(INPUT)
    command = [str(Path(sys.executable).with_name("hpcx")), "run", "input.toml"]
    subprocess.run(command, cwd=tmp_path, env=dict(os.environ), check=True, capture_output=True, timeout=300)
    script = [sys.executable, str(ROOT / "postprocess/binding_energies.py"), "out/sweep.h5"]
    run = subprocess.run(script, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    for suffix in (".png", ".pdf"):
        assert (tmp_path / "out" / f"binding_energies{suffix}").stat().st_size > 5000
    rows = [line.split() for line in run.stdout.splitlines() if line.split()[0] in ("40", "48")]
    # MoS2, k0 = 0.10: independent calculation
    assert [float(row[2]) for row in rows] == [26.18, 25.86]
