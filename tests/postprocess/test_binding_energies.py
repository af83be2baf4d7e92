"""The quick start's figure is drawn from a result file alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import xarray

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
SURROUNDINGS = """\
name = "guessed"
kappa = { value = 1.0, unit = "1", source = "[guess] like vacuum" }
"""


def test_figure_and_table(tmp_path):
    """Drawn by somebody who was given sweep.h5 and nothing else."""
    (tmp_path / "input.toml").write_text(INPUT)
    (tmp_path / "mine.toml").write_text(SURROUNDINGS)
    command = [str(Path(sys.executable).with_name("hpcx")), "run", "input.toml", "--set", "screening.kappa=mine.toml"]
    subprocess.run(command, cwd=tmp_path, env=dict(os.environ), check=True, capture_output=True, timeout=300)
    (tmp_path / "mail").mkdir()
    (tmp_path / "out/sweep.h5").rename(tmp_path / "mail/sweep.h5")
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "mine.toml").unlink()
    script = [sys.executable, str(ROOT / "postprocess/binding_energies.py"), "sweep.h5"]
    run = subprocess.run(
        script, cwd=tmp_path / "mail", env=dict(os.environ), capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0 and run.stderr == "", run.stderr
    for suffix in (".png", ".pdf"):
        assert (tmp_path / "mail" / f"binding_energies{suffix}").stat().st_size > 5000
    rows = [line.split() for line in run.stdout.splitlines() if line.split()[0] in ("40", "48")]
    # MoS2, k0 = 0.10: independent calculation
    assert [float(row[2]) for row in rows] == [26.18, 25.86]
    look_inside(tmp_path / "mail/sweep.h5")


def look_inside(path):
    """All of it opens in xarray, and what is behind the numbers is in it, a guessed kappa too."""
    with xarray.open_datatree(path, engine="h5netcdf") as tree:
        assert {"exciton", "singlet", "triplet", "index", "provenance"} <= set(tree.children)
        assert list(tree["index/status"].values) == ["done", "done"] and tree["singlet/binding_energy"].dims == (
            "mesh.N",
        )
        about = {name: tree[f"provenance/{name}"].item() for name in ("input", "settings", "materials", "environments")}
    assert about["input"] == INPUT and json.loads(about["settings"]) == ["screening.kappa=mine.toml"]
    kappa = json.loads(about["environments"])["mine.toml"]["numbers"]["kappa"]
    assert kappa == {"value": 1.0, "unit": "1", "source": "[guess] like vacuum"}
    hopping = json.loads(about["materials"])["MoS2"]["numbers"]["carriers.hopping"]
    assert hopping["unit"] == "eV" and hopping["source"]
