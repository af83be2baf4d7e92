"""Results that are there are used again if they meet what is asked for now, and a mixture of programs is said."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

import hpcx as package
from hpcx.sweep.reuse import mixture, numerical, objection
from hpcx.sweep.store import DONE, MISSING, Entry, Store

TRION = """\
model = "trion"
material = "MoS2"
[output]
directory = "out"
[mesh]
N = 30
k0 = 0.1
[trion]
species = ["singlet"]
"""
LOOSE = "-trion_eps_tol 1e-1"


def _entry(path: Path) -> Entry:
    with h5py.File(path, "r") as file:
        return Store(path.parent, single=True).done("result", file["provenance/hash"].asstr()[()])


def residual(folder: Path) -> float:
    with h5py.File(folder / "out/result.h5", "r") as file:
        return float(file["singlet/residual"][...].max())


def test_a_result_of_loose_solvers_is_not_taken_by_a_strict_run(hpcx, write, tmp_path):
    words = ["run", write(text=TRION)]
    first = hpcx(*words, "--", *LOOSE.split())
    assert first.returncode == 0 and residual(tmp_path) > 1e-4
    assert "WARNING: the largest error is" in first.stdout
    again = hpcx(*words)
    assert (
        again.returncode == 0
        and "was computed with other PETSc options (-trion_eps_tol 1e-1; now none)" in again.stderr
    )
    assert residual(tmp_path) < 1e-7
    assert len(list((tmp_path / "out").glob("result.h5.other-options.*"))) == 1  # nothing is deleted
    looser = hpcx(*words, "--", *LOOSE.split())  # the strict result meets it
    assert looser.returncode == 0 and "computed again" not in looser.stderr and residual(tmp_path) < 1e-7


@pytest.mark.parametrize("way", ["environment", "input"])
def test_options_are_recorded_wherever_they_come_from(hpcx, write, tmp_path, monkeypatch, way):
    if way == "environment":
        monkeypatch.setenv("PETSC_OPTIONS", LOOSE)
    words = [] if way == "environment" else ["--set", f"petsc.options='{LOOSE}'"]
    assert hpcx("run", write(text=TRION), *words).returncode == 0
    entry = _entry(tmp_path / "out/result.h5")
    assert entry.options == LOOSE and entry.excess > 1e4
    assert objection(entry, "", "trion") and not objection(entry, LOOSE, "trion")


@pytest.mark.parametrize(
    ("then", "now", "excess", "usable"),
    [
        ("", "", float("nan"), True),
        ("", "", 3.0, True),  # the same solvers would do it again
        ("-trion_eps_tol 1e-1", "", 1e7, False),
        ("-trion_eps_tol 1e-1", "-trion_eps_tol 1e-1", 1e7, True),
        ("-trion_eps_ncv 40", "", 0.5, True),
        ("-trion_eps_ncv 40", "", float("nan"), False),
        ("", "-exciton_eps_tol 1e-12", float("nan"), False),
        ("-trion_eps_monitor -log_view -trion_eps_view ascii -malloc_debug", "", float("nan"), True),
        ("-valley_ts_rtol 1", "", float("nan"), True),  # of another model
    ],
)
def test_what_makes_a_result_usable(then, now, excess, usable):
    assert (objection(Entry(DONE, options=then, excess=excess), now, "trion") == "") == usable


def test_time_steppers_know_no_error_so_their_options_must_be_the_same():
    assert numerical("-valley_ts_rtol 1e-2 -trion_eps_tol 1 -valley_ts_monitor", "valley") == {"valley_ts_rtol": "1e-2"}
    assert "its error is not known" in objection(Entry(DONE, options="-valley_ts_rtol 1e-2"), "", "valley")


def test_a_mixture_of_programs_is_a_warning():
    old, new = Entry(DONE, version="0.1", revision="abc"), Entry(DONE, version="0.1", revision="def")
    assert mixture([old, old, Entry(MISSING)]) == "" == mixture([old], ("0.1", "abc")) == mixture([], ("0.1", "abc"))
    assert "2 with hpcx 0.1 (abc), 1 with hpcx 0.1 (def)" in mixture([old, new, old])
    assert "1 with hpcx 0.1 (abc), those to come with hpcx 0.2 (def)" in mixture([old], ("0.2", "def"))


def test_points_of_an_earlier_program_are_told_from_new_ones(here, write, tmp_path):
    sweep = '[sweep]\n"screening.kappa" = [1, 2]\n'
    assert here("run", write(sweep)).returncode == 0
    point = sorted((tmp_path / "out/points").glob("*.h5"))[0]
    with h5py.File(point, "r+") as file:
        versions = json.loads(file["provenance/versions"].asstr()[()])
        file["provenance/versions"][()] = json.dumps({**versions, "hpcx": "0.0.9", "git": "0123abc"})
    again = here("run", "input.toml", "--set", "sweep.screening.kappa=[1, 2, 3]")
    assert again.returncode == 0
    status = here("status", "out").stdout
    for words in (
        "1 with hpcx 0.0.9 (0123abc)",
        "To compute all of them with one version give --fresh",
        "remove their files in points/",
    ):
        assert words in again.stderr and words in status
    with h5py.File(tmp_path / "out/sweep.h5", "r") as file:
        revisions = list(file["index/revision"].asstr())
        assert sorted(file["index/version"].asstr()) == sorted(["0.0.9", package.__version__, package.__version__])
        assert revisions.count("0123abc") == 1 and len(set(revisions)) == 2


def test_the_revision_is_that_of_the_package(tmp_path):
    """Clean and changed under git, in somebody else's repository, and outside of any."""

    def revision(folder: Path) -> str:
        words = [sys.executable, "-c", "from hpcx.io.provenance import source_revision; print(source_revision())"]
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    def git(*words: str) -> str:
        about = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *about, *words], cwd=tmp_path / "own", capture_output=True, text=True, check=True
        ).stdout.strip()

    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(package.__file__).parent, tmp_path / "own/hpcx", ignore=ignore)
    assert revision(tmp_path / "own") == package.__version__
    git("init", "-q")
    (tmp_path / "own/other").touch()
    (tmp_path / "own/.gitignore").write_text("__pycache__\n")
    git("add", "other")
    git("commit", "-q", "-m", "other")
    foreign = revision(tmp_path / "own")
    assert foreign.startswith(f"{package.__version__}+") and git("log", "-1", "--format=%h") not in foreign
    git("add", "hpcx")
    git("commit", "-q", "-m", "hpcx")
    clean = git("log", "-1", "--format=%h", "--abbrev=12")
    git("commit", "-q", "-m", "nothing of the package", "--allow-empty")
    assert revision(tmp_path / "own") == clean
    with open(tmp_path / "own/hpcx/units.py", "a") as file:
        file.write("# changed\n")
    assert revision(tmp_path / "own").startswith(f"{clean}+")
