"""Names of files and directories as people have them: blanks, lines, dollars, other encodings;
and several results in one directory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import hpcx

MATERIAL = Path(hpcx.__file__).parent / "materials/MoS2.toml"
#: no UTF-8; a new line; what matplotlib takes for a formula that does not end
STRANGE = os.fsdecode(b"\xff \xfe\n$\\frac{")
INPUT = (
    'title = "cost $\\\\frac{ 5$"\nmodel = "exciton"\nmaterial = "sub dir/5 $\\\\frac{ $.toml"\n[mesh]\nN = 24\nk0 ='
    " 0.1\n"
)


@pytest.fixture
def command(tmp_path):
    """Return a function that runs hpcx in an empty directory and returns status and what was said."""

    def run(*words):
        done = subprocess.run(
            [sys.executable, "-m", "hpcx", *words], cwd=tmp_path, capture_output=True, timeout=120, env=dict(os.environ)
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert "Traceback" not in said, said
        return done.returncode, said

    return run


def test_strange_names(command, tmp_path):
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir/5 $\\frac{ $.toml").write_bytes(MATERIAL.read_bytes())
    (tmp_path / f"{STRANGE}.toml").write_text(INPUT, encoding="utf-8")
    where = f"output.directory={STRANGE}"
    axes = ['material=["MoS2", "sub dir/5 $\\\\frac{ $.toml"]', "mesh.N=[24, 30]", "mesh.k0=[0.1, 0.11]"]
    sweep = [word for axis in axes for word in ("--set", f"sweep.{axis}")]
    assert command("run", f"{STRANGE}.toml", "--set", where, *sweep)[0] == 0
    assert "8 done" in command("status", STRANGE)[1]
    assert command("plot", STRANGE, "--what", "convergence")[0] == 0
    assert (tmp_path / STRANGE / "convergence_5 $\\frac{ $.png").exists()
    assert command("converge", f"{STRANGE}.toml", "--set", where, "--target", "60 meV")[0] == 0
    status, said = command("show", STRANGE)
    assert status == 0 and "8 done" in said and "also holds converge.h5" in said
    assert (tmp_path / STRANGE / "converge.png").exists()
    assert command("init", "exciton", "-o", f"{STRANGE}2.toml")[0] == 0 and command("check", f"{STRANGE}2.toml")[0] == 0
    assert (
        command("init", "material", "-o", f'{STRANGE}"3.toml')[0] == 0
        and command("materials", f'{STRANGE}"3.toml')[0] == 0
    )


def test_more_ranks_than_there_are_anywhere(command):
    status, said = command("check", "input.toml", "--ranks", "9" * 30)
    assert status == 2 and "give an integer >= 1 and <= " in said
