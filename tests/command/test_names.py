"""Names of files and directories as people have them: blanks, lines, dollars, other encodings;
and several results in one directory.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import hpcx

MATERIAL = Path(hpcx.__file__).parent / "materials/MoS2.toml"
#: no UTF-8; a new line; what matplotlib takes for a formula that does not end
STRANGE = os.fsdecode(b"\xff \xfe\n$\\frac{")
INPUT = (
    'title = "cost $\\\\frac{ 5$"\nmodel = "exciton"\nmaterial = "sub dir/5 $\\\\frac{ $.toml"\n[mesh]\nN = 24\nk0 ='
    " 0.1\n"
)


#: runs commands, given as a list in JSON, one after the other
SCRIPT = """
import json, sys
from hpcx.cli import command
for words in json.loads(sys.argv[1]):
    try:
        status = command(words)
    except SystemExit as end:
        status = end.code
    print("status", status, "of", words[0], flush=True)
"""


def told(tmp_path, *commands):
    """Run commands of hpcx in a process of its own, and return their statuses and what was said."""
    words = [sys.executable, "-c", SCRIPT, json.dumps(commands)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=120, env=dict(os.environ))
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert "Traceback" not in said and done.returncode == 0, said
    return [int(number) for number in re.findall(r"(?m)^status (\d+) of", said)], said


def test_strange_names(tmp_path):
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir/5 $\\frac{ $.toml").write_bytes(MATERIAL.read_bytes())
    (tmp_path / f"{STRANGE}.toml").write_text(INPUT, encoding="utf-8")
    where = f"output.directory={STRANGE}"
    axes = ['material=["MoS2", "sub dir/5 $\\\\frac{ $.toml"]', "mesh.N=[24, 30]", "mesh.k0=[0.1, 0.11]"]
    sweep = [word for axis in axes for word in ("--set", f"sweep.{axis}")]
    statuses, said = told(
        tmp_path,
        ("run", f"{STRANGE}.toml", "--set", where, *sweep),
        ("status", STRANGE),
        ("plot", STRANGE, "--what", "convergence"),
        ("converge", f"{STRANGE}.toml", "--set", where, "--target", "60 meV"),
        ("show", STRANGE),
        ("init", "exciton", "-o", f"{STRANGE}2.toml"),
        ("check", f"{STRANGE}2.toml"),
        ("init", "material", "-o", f'{STRANGE}"3.toml'),
        ("materials", f'{STRANGE}"3.toml'),
    )
    assert statuses == [0] * 9, said
    assert said.count("8 done") >= 2 and "also holds converge.h5" in said
    assert (tmp_path / STRANGE / "convergence_5 $\\frac{ $.png").exists()
    assert (tmp_path / STRANGE / "converge.png").exists()


def test_more_ranks_than_there_are_anywhere(tmp_path):
    statuses, said = told(tmp_path, ("check", "input.toml", "--ranks", "9" * 30))
    assert statuses == [2] and "give an integer >= 1 and <= " in said
