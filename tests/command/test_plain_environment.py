"""A plain `pip install .` is enough for all commands but those that compute, for `hpcx.open` and for figures."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: packages of the extras alone, by the names under which they are imported
EXTRAS = {
    re.split(r"[^\w-]", line)[0].replace("-", "_")
    for extra in PROJECT["optional-dependencies"].values()
    for line in extra
}
WITHOUT = f"import sys\nfor name in {sorted(EXTRAS)!r}:\n    sys.modules[name] = None  # an import of it is an error\n"


def without_extras(script, place):
    """Run a script where the packages of the extras are not there."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + script], cwd=place, capture_output=True, text=True, timeout=100
    )


def test_all_models_are_checked(tmp_path):
    script = """
from hpcx.cli import command
from hpcx.registry import MODELS
for model in MODELS:
    assert command(["init", model]) == 0 and command(["check", model + ".toml"]) == 0
    command(["schema", model])
assert command(["materials"]) == command(["info"]) == command(["init", "material"]) == 0
"""
    assert EXTRAS >= {"mpi4py", "petsc4py", "slepc4py", "numba"}
    run = without_extras(script, tmp_path)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr


def test_an_estimator_that_cannot_be_loaded_is_an_error(tmp_path):
    (tmp_path / "input.toml").write_text('model = "trion"\nmaterial = "MoS2"\n[mesh]\nN = 30\nk0 = 0.1\n')
    script = (
        "from hpcx.cli import command\nsys.modules['hpcx.trion.kernels'] = None\nsys.exit(command(['check',"
        " 'input.toml']))"
    )
    run = without_extras(script, tmp_path)
    assert (
        run.returncode == 1
        and "hpcx.trion.kernels" in run.stderr
        and "Traceback" not in run.stderr
        and run.stdout == ""
    )


def test_results_are_read_and_drawn(here, write, tmp_path):
    assert here("run", write("[sweep]\n'mesh.N' = [30, 36, 42]\n'mesh.k0' = [0.09, 0.1]\n")).returncode == 0
    script = """
import hpcx
from hpcx.cli import command
assert hpcx.open("out")["exciton/binding_energy"].size == 6
assert [command(words) for words in (["show", "out"], ["status", "out"], ["compare", "out", "out"])] == [0, 0, 0]
"""
    run = without_extras(script, tmp_path)
    assert run.returncode == 0, run.stderr
    figure = (
        f"sys.argv[1:] = ['out/sweep.h5']\nimport runpy\nrunpy.run_path({str(ROOT / 'postprocess/convergence.py')!r},"
        " run_name='__main__')"
    )
    run = without_extras(f"sys.path.insert(0, {str(ROOT / 'postprocess')!r})\n{figure}", tmp_path)
    assert run.returncode == 0 and list(tmp_path.glob("out/*.png")), run.stdout + run.stderr


def test_what_computes_says_what_is_missing(tmp_path, monkeypatch):
    script = """
import importlib.util
from hpcx import cli
cli.find_spec = lambda name: None if name in ("mpi4py", "petsc4py") else object()
sys.exit(cli.command(["run", "input.toml"]))
"""
    run = without_extras(script, tmp_path)
    assert (
        run.returncode == 1 and "run needs mpi4py, petsc4py: `make env`" in run.stderr and "Traceback" not in run.stderr
    )


@pytest.mark.parametrize("words", [("--version",), ("check", "input.toml"), ("materials",), ("show", "--help")])
def test_commands_start_without_heavy_packages(words, write, tmp_path):
    write()
    script = f"""
import sys
from hpcx.cli import command
try:
    command({list(words)!r})
except SystemExit:
    pass
assert not {{"matplotlib", "xarray", "numba", "pandas"}} & set(sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
