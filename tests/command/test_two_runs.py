"""Two runs in one directory: of other physics, of the same, of one sweep; and `--fresh` while a run is alive."""

from __future__ import annotations

import os
from dataclasses import replace

import h5py
import pytest
from interruption import CASES, Interrupted, make_folder

from hpcx.io.checkpoint import Checkpoint

SWEEP = CASES["valley"]
#: what makes a case save at every step
EVERY_STEP = 'checkpoint = "0 s"\n'
SINGLE = replace(SWEEP, text=SWEEP.text[: SWEEP.text.index("[sweep]")] + SWEEP.text[SWEEP.text.index("[momentum]") :])
OTHER = ("--set", "temperature=150")
CHECKPOINT = "checkpoints/*.checkpoint.h5"


def temperature(path):
    with h5py.File(path, "r") as file:
        return '"temperature": 150.0' in file["provenance/config"].asstr()[()]


def test_a_run_of_other_physics_or_of_the_same_finds_a_single_run_at_work(here, tmp_path):
    folder = make_folder(tmp_path / "here", replace(SINGLE, text=SINGLE.text.replace(EVERY_STEP, "")))
    words = ("run", "here/input.toml", "--set", "output.directory=here/out")
    run = Interrupted(folder)
    with run.held("result.lock"):
        other, same, fresh = (here(*words, *more) for more in (OTHER, (), ("--fresh",)))
        assert here("status", "here/out").stdout.splitlines()[1].startswith("result        running")
        (folder / "out/STOP").touch()
        assert here(*words).returncode == 75 and (folder / "out/STOP").exists()  # it is for the other run
        (folder / "out/STOP").unlink()
    assert run.wait() in (0, 75)
    assert other.returncode == 2 and "another run with a different input is using here/out" in other.stderr
    assert same.returncode == 75 and "1 of 1 points are being computed by another run" in same.stdout
    assert fresh.returncode == 2 and "a run is still active in here/out" in fresh.stderr
    assert [path.name for path in folder.iterdir() if path.name.startswith("out")] == ["out"]


def test_the_first_to_end_is_not_overwritten(here, tmp_path):
    """Both look before either has begun; who comes second says so and touches nothing."""
    folder = make_folder(tmp_path / "race", replace(SINGLE, text=SINGLE.text.replace(EVERY_STEP, "")))
    runs = [Interrupted(folder), Interrupted(folder, *OTHER)]
    statuses = [run.wait() for run in runs]
    assert sorted(statuses) == [0, 2], (folder / "log").read_text()
    assert temperature(folder / "out/result.h5") == (statuses[1] == 0)


def test_a_result_that_appears_where_locks_are_not_known_is_not_overwritten(here, tmp_path):
    """As on a file system whose locks hold on one node alone: another node has written its result meanwhile."""
    folder = make_folder(tmp_path / "nodes", SINGLE)
    run = Interrupted(folder)
    with run.held(CHECKPOINT):
        assert here("run", "nodes/input.toml", *OTHER, "--set", "output.directory=elsewhere").returncode == 0
        os.link(tmp_path / "elsewhere/result.h5", folder / "out/result.h5")
    assert run.wait() == 1
    assert "result.h5 belongs to another input" in (folder / "log").read_text()
    assert temperature(folder / "out/result.h5")
    assert any(path.exists() for path in Checkpoint(folder / "out/checkpoints/result").paths())


def test_a_sweep_that_ends_while_another_run_computes_a_point(here, tmp_path):
    folder = make_folder(tmp_path / "here", SWEEP)
    words = ("run", "here/input.toml", "--set", "output.directory=here/out")
    run = Interrupted(folder)
    with run.held(CHECKPOINT):
        first, again = here(*words), here(*words, "--shared")
        with h5py.File(folder / "out/sweep.h5", "r") as file:
            assert sorted(file["index/status"].asstr()) == ["done", "running"]
    assert run.wait() == 0
    assert (
        first.returncode == 75
        and "1 of 2 points are being computed by another run" in first.stdout
        and "temperature = " in first.stdout
    )
    assert again.returncode == 0 and "1 of 2 points are being computed by another run" in again.stdout
    with h5py.File(folder / "out/sweep.h5", "r") as file:
        assert sorted(file["index/status"].asstr()) == ["done", "done"]


def test_a_result_that_another_program_has_open_is_neither_renamed_nor_computed_again(hpcx, here, write, tmp_path):
    name = write('[sweep]\n"mesh.N" = [40, 48]\n')
    assert here("run", name).returncode == 0
    before = {path: path.stat().st_ino for path in (tmp_path / "out/points").iterdir()}
    with h5py.File(next(iter(before)), "r+"):
        run = hpcx("run", name)
    assert run.returncode == 3 and "another program has it open" in run.stdout
    assert {path: path.stat().st_ino for path in (tmp_path / "out/points").iterdir()} == before
    assert here("run", name).returncode == 0


def test_fresh_leaves_a_link_a_link(here, write, tmp_path):
    (tmp_path / "large/disk").mkdir(parents=True)
    (tmp_path / "out").symlink_to("large/disk")
    assert here("run", write()).returncode == 0
    assert here("run", "input.toml", "--fresh").returncode == 0
    assert (tmp_path / "out").is_symlink() and (tmp_path / "large/disk/result.h5").exists()
    kept = [path for path in (tmp_path / "large").iterdir() if path.name.startswith("disk.")]
    assert len(kept) == 1 and (kept[0] / "result.h5").exists()


@pytest.mark.parametrize("directory", [".", "..", ""])
def test_fresh_does_not_rename_where_the_user_is(here, write, tmp_path, directory):
    run = here("run", write(), "--fresh", "--set", f"output.directory={directory or tmp_path}")
    assert run.returncode == 2 and "--fresh would rename" in run.stderr
    assert (tmp_path / "input.toml").exists()
