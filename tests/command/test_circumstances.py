"""Commands that need no MPI work where there is none;
every command works in any locale and with any standard output.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INPUTS = ROOT / "inputs"
TITLE = "Größe – λ→∞ µm"
TEXT = (
    f'title = "{TITLE}"\nmodel = "exciton"\nmaterial = "MoS2"\n[output]\ndirectory = "out"\n[mesh]\nN = 40\nk0 = 0.1\n'
)

#: runs commands one after the other in an interpreter that lacks some packages
LACKING = """
import sys
from importlib.abc import MetaPathFinder

class Lacking(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Lacking())
from hpcx.cli import main

for words in {commands!r}:
    try:
        main(words)
    except SystemExit as end:
        print("exit status", end.code or 0, flush=True)
"""
PARALLEL = ("mpi4py", "petsc4py", "slepc4py")
#: the shell of `srun --pty bash`: Open MPI takes it for a launcher that it does not know, and ends the process
SRUN_SHELL = {
    "SLURM_NODELIST": "node1",
    "SLURM_STEP_ID": "0",
    "SLURM_JOB_ID": "7",
    "SLURM_JOBID": "7",
    "SLURM_PROCID": "0",
}
#: locales that lack most characters, with Python's own remedies switched off
PLAIN_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LATIN_1 = PLAIN_C | {"PYTHONIOENCODING": "latin-1"}


@pytest.fixture
def shell(tmp_path):
    """Return a function that runs a line of bash in an empty directory with the file input.toml,
    `hpcx` being the command.
    """
    (tmp_path / "input.toml").write_text(TEXT, encoding="utf-8")

    def run(line, **environment):
        bash = ["bash", "-c", f'set -o pipefail; hpcx() {{ "{sys.executable}" -m hpcx "$@"; }}; {line}']
        return subprocess.run(bash, cwd=tmp_path, env=dict(os.environ) | environment, capture_output=True, timeout=120)

    return run


def run_lacking(tmp_path, packages, commands):
    script = LACKING.format(packages=packages, commands=commands)
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in run.stderr, run.stderr
    return run


def test_without_mpi_petsc_and_hdf5(tmp_path):
    inputs = ["exciton_convergence", "trion_quickstart", "wigner_moments", "formation_fig3", "valley_quickstart"]
    commands = [["--help"], ["--version"], ["schema"], ["materials"], ["materials", "WS2"]]
    commands += [["check", str(INPUTS / f"{name}.toml")] for name in inputs]
    run = run_lacking(tmp_path, (*PARALLEL, "h5py"), [*commands, ["status", "out"]])
    statuses = [line for line in run.stdout.splitlines() if line.startswith("exit status")]
    assert statuses == ["exit status 0"] * len(commands) + ["exit status 1"], run.stderr
    assert "needs the Python package h5py" in run.stderr


def test_status_with_a_serial_h5py_alone(shell, tmp_path):
    assert shell("hpcx run input.toml").returncode == 0
    run = run_lacking(tmp_path, PARALLEL, [["status", "out"]])
    assert "exciton binding energy 490.24 meV" in run.stdout and "exit status 0" in run.stdout


def test_where_mpi_cannot_start(shell):
    assert shell(f"'{sys.executable}' -c 'from mpi4py import MPI'", **SRUN_SHELL).returncode != 0, (
        "else this test shows nothing"
    )
    assert shell("hpcx run input.toml").returncode == 0
    lines = ["--help", "--version", "schema exciton", "materials", "check input.toml", "status out"]
    run = shell(" && ".join(f"hpcx {line}" for line in lines), **SRUN_SHELL)
    assert run.returncode == 0, run.stderr
    assert b"490.24 meV" in run.stdout


def test_under_mpirun_one_process_speaks_and_all_end_alike(hpcx, write):
    run = hpcx("check", write(), ranks=2)
    assert run.returncode == 0 and run.stdout.count("model exciton") == 1 and "planned for 2 rank(s)" in run.stdout
    assert hpcx("check", "absent.toml", ranks=2).returncode == 2
    run = hpcx("check", "--ranks", "none", write(), ranks=2)
    assert run.returncode == 2 and run.stderr.count("is not a number of ranks; give an integer >= 1") == 1


def test_a_reader_that_goes_away_is_no_error(shell):
    run = shell("hpcx schema | head -n 1; hpcx run input.toml | head -c 1")
    assert (
        run.stdout.startswith(b'# model = "exciton"\n')
        and b"Traceback" not in run.stderr
        and b"Error" not in run.stderr
    )
    assert b"490.24 meV" in shell("hpcx status out").stdout


@pytest.mark.parametrize(("command", "status"), [("check input.toml", 1), ("run input.toml", 0)])
def test_standard_output_on_a_full_disk(shell, command, status):
    run = shell(f"hpcx {command} > /dev/full")
    assert run.returncode == status
    assert (
        run.stderr.count(b"hpcx: cannot write to standard output: No space left on device") == 1
        and b"Traceback" not in run.stderr
    )


def test_closed_standard_output(shell):
    run = shell("hpcx run input.toml >&- && hpcx check input.toml >&-")
    assert run.returncode == 0 and b"Traceback" not in run.stderr


@pytest.mark.parametrize(("locale", "encoding"), [(PLAIN_C, "ascii"), (LATIN_1, "latin-1")])
def test_locales_that_lack_characters(shell, tmp_path, locale, encoding):
    (tmp_path / "input.toml").write_text("\ufeff" + TEXT.replace('"MoS2"', '"eigenes.toml"'), encoding="utf-8")
    own = (ROOT / "hpcx/materials/MoS2.toml").read_text(encoding="utf-8")
    (tmp_path / "eigenes.toml").write_text("\ufeff" + own.replace('source = "', 'source = "Gödel λ '), encoding="utf-8")
    run = shell("hpcx run input.toml && hpcx status out && hpcx materials eigenes.toml", **locale)
    assert run.returncode == 0, run.stderr
    assert TITLE.encode(encoding, "backslashreplace") in run.stderr
    assert "Gödel λ".encode(encoding, "backslashreplace") in run.stdout


def test_input_that_is_not_utf8_says_where(shell, tmp_path):
    (tmp_path / "input.toml").write_bytes(TEXT.replace("exciton", "größe").encode("latin-1", "replace"))
    run = shell("hpcx check input.toml")
    assert run.returncode == 2 and b"is not UTF-8 text: line 1" in run.stderr


@pytest.mark.parametrize(
    "command",
    ["check <(sed s/40/60/ input.toml)", "check - < input.toml", "run <(cat input.toml)", "run - < input.toml"],
)
def test_input_from_a_pipe(shell, command):
    run = shell(f"hpcx {command}")
    assert run.returncode == 0, run.stderr
    expected = b"97 unknowns" if "60" in command else b"43 unknowns" if "check" in command else b"43 mesh points"
    assert expected in run.stdout


@pytest.mark.parametrize("command", ["run ../input.toml", "check ../input.toml", "status ../out"])
def test_a_current_directory_that_is_gone(shell, command):
    run = shell(f"mkdir below; cd below; rmdir ../below; hpcx {command}")
    assert (
        run.returncode == 1
        and run.stderr.startswith(b"hpcx: the current directory was removed")
        and len(run.stderr.splitlines()) == 1
    )


@pytest.mark.parametrize(
    "environment", ["env -i", "env -u HOME -u USER -u LOGNAME setpriv --reuid=54321 --regid=54321 --clear-groups"]
)
def test_users_and_processes_without_surroundings(shell, tmp_path, environment):
    """Open MPI ends with a segmentation fault for a user without password entry and HOME,
    and asks for ssh where there is no PATH.
    """
    allowed = "env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
    command = f"{environment} {allowed} '{sys.executable}' -m hpcx run input.toml"
    if shell(f"{environment} '{sys.executable}' -c 'import hpcx.cli'").returncode:
        pytest.skip("this process may not become another user, or that one may not read this environment")
    tmp_path.chmod(0o777)
    run = shell(command)
    assert run.returncode == 0 and b"490.24 meV" in run.stdout, run.stderr[-2000:]
