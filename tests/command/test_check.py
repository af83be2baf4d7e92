"""`hpcx check`: the plan is that of the run, refusals are those of the run, and large meshes are counted."""

from __future__ import annotations

import re
import resource
import subprocess
import sys

import h5py
import pytest

TRIONS = (
    'model = "trion"\nmaterial = "MoS2"\n[output]\ndirectory = "out"\n[mesh]\nk0 = 0.1\n[sweep]\n"mesh.N" = [24, 30,'
    " 72]\n"
)
PLANE = """\
model = "wigner"
material = "WS2"
temperature = 77
[output]
directory = "out"
[momentum]
first_bin = 3
growth = 1.4
[space]
dimension = 1
points = 132
width = 8
[time]
end = 0.4
"""


def test_a_run_uses_the_ranks_that_were_planned(hpcx, here, write, tmp_path):
    name = write(text=TRIONS)
    planned = re.findall(r"^mesh\.N = \d+: .* on (\d) rank", here("check", name, "--ranks", "2").stdout, re.MULTILINE)
    assert planned == ["1", "1", "2"]
    assert hpcx("run", name, ranks=2).returncode == 0
    with h5py.File(tmp_path / "out/sweep.h5", "r") as file:
        assert [str(ranks) for ranks in file["index/ranks"][()]] == planned


def test_status_is_that_of_the_run(here, write):
    name = write(text=TRIONS)
    some = here("check", name, "--set", "sweep.mesh.N=[24, 2000]", "--memory", "1 GB")
    assert some.returncode == 3 and "1 of 2 points cannot be computed" in some.stdout
    assert here("check", name, "--set", "sweep.mesh.N=[2000]", "--memory", "1 GB").returncode == 2
    assert here("check", name, "--set", "sweep.mesh.N=[2000]", "--memory", "64 GB", "--ranks", "256").returncode == 0
    wrong = here("check", name, "--memory", "4")
    assert wrong.returncode == 2 and "--memory = '4': must be at least 100 MB" in wrong.stderr


def test_more_ranks_than_cells_are_refused(here, write):
    name = write(text=PLANE)
    found = [here("check", name, "--ranks", "200"), here("check", name, "--ranks", "1")]
    assert [run.returncode for run in found] == [2, 0], found[1].stdout + found[1].stderr
    assert "cannot be computed" in found[0].stdout and "for 200 ranks" in found[0].stdout


LIMIT = 1_500_000_000


@pytest.mark.parametrize("model", ["exciton", "trion"])
def test_a_mesh_that_nobody_could_make_is_counted(tmp_path, model):
    (tmp_path / "input.toml").write_text(f'model = "{model}"\nmaterial = "MoS2"\n[mesh]\nN = 20000\nk0 = 0.5\n')
    run = subprocess.run(
        [sys.executable, "-m", "hpcx", "check", "input.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
    )
    assert run.returncode == 2 and "mesh points: 272069" in run.stdout and "cannot be computed: needs" in run.stdout, (
        run.stderr
    )


def test_what_keeps_a_run_from_its_directory_is_told_before(here, write, tmp_path):
    name = write()
    (tmp_path / "file").touch()
    assert here("run", name).returncode == 0
    for setting, status, text in (
        ("output.directory=file", 1, "cannot write to output.directory = 'file'"),
        ("mesh.N=60", 2, "mesh.N: 40 -> 60"),
    ):
        found = [here(command, name, "--set", setting) for command in ("check", "run")]
        assert [run.returncode for run in found] == [status, status] and all(text in run.stderr for run in found), found


def test_options_that_petsc_does_not_take_are_told_before(here, write):
    name = write()
    found = [
        here(command, name, "--set", 'petsc.options="-exciton_eps_ncv 5"', "--", "6") for command in ("check", "run")
    ]
    assert [run.returncode for run in found] == [2, 2] and all(
        "'6' follows no option name" in run.stderr for run in found
    )
