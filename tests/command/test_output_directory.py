"""What happens to the output directory while a run uses it, and who may write there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from interruption import CASES, Interrupted, finished_files, make_folder


@pytest.mark.parametrize("ranks", [None, 2])
def test_directory_that_is_removed_in_mid_run(tmp_path, ranks):
    sizes = ", ".join(str(size) for size in range(60, 260, 2))
    folder = make_folder(tmp_path / "removed", CASES["exciton"])
    text = CASES["exciton"].text.replace("120, 132, 144", sizes).replace('checkpoint = "0 s"', "")
    (folder / "input.toml").write_text(text)
    run = Interrupted(folder, ranks=ranks)
    assert run.wait_for("points/*.h5"), (folder / "log").read_text()
    shutil.move(folder / "out", folder / "elsewhere")
    assert run.wait() == 1
    assert "was removed while the run used it" in (folder / "log").read_text()
    (folder / "elsewhere").rename(folder / "kept")
    shutil.rmtree(folder / "out", ignore_errors=True)  # what was in flight may have made it anew
    (folder / "kept").rename(folder / "out")
    assert finished_files(folder)


def others_can_run():
    try:
        command = [sys.executable, "-c", "import hpcx.cli, mpi4py.MPI"]
        return (
            subprocess.run(
                command, cwd="/", user="nobody", capture_output=True, env=os.environ | {"HOME": "/tmp"}
            ).returncode
            == 0
        )
    except PermissionError:
        return False


@pytest.mark.skipif(os.geteuid() != 0, reason="another user can be taken by root only")
@pytest.mark.parametrize("ranks", [None, 2])
def test_directory_of_another_user(ranks):
    if not others_can_run():
        pytest.skip("other users cannot read this interpreter or this checkout")
    folder = Path(tempfile.mkdtemp(prefix="hpcx-"))
    try:
        folder.chmod(0o755)
        (folder / "out").mkdir()
        (folder / "input.toml").write_text(CASES["exciton"].text)
        launcher = [] if ranks is None else [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks)]
        run = subprocess.run(
            [*launcher, str(Path(sys.executable).with_name("hpcx")), "run", "input.toml"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            user="nobody",
            env=os.environ | {"HOME": "/tmp"},
        )
        assert run.returncode == 1, run.stderr
        assert (
            "cannot write to output.directory = 'out': Permission denied" in run.stderr
            and "Traceback" not in run.stderr
        )
        assert not list((folder / "out").iterdir())
    finally:
        shutil.rmtree(folder)


def test_status_while_running_and_after_a_kill(here, tmp_path):
    folder = make_folder(tmp_path / "running", CASES["valley"])
    run = Interrupted(folder, ranks=2)
    assert run.wait_for("checkpoints/*.checkpoint.h5"), (folder / "log").read_text()
    during = here("status", "running/out").stdout
    run.kill()
    after = here("status", "running/out").stdout
    assert "running" in during and "temperature = 77" in during, during
    assert "running" not in after and "cut off 1 time(s), has a checkpoint" in after, after
