"""`hpcx run`: results, sweeps, resuming, refusing, setting aside, failing points."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

#: Tempelaar and Berkelbach model, MoS2, N = 80, k0 = 0.10: independent calculation
REFERENCE_80 = {"cell-average": 0.49822683, "zero": 0.33122185}

SWEEP = '[sweep]\n"mesh.N" = [40, 60, 80]\n"screening.w0" = ["cell-average", "zero"]\n'


def binding(path):
    with h5py.File(path, "r") as file:
        return file["exciton/binding_energy"][()]


def test_single_run_and_its_provenance(hpcx, write, tmp_path):
    run = hpcx("run", write(), "--set", "mesh.N=80", "--", "-unknown_option", "3")
    assert run.returncode == 0, run.stderr
    assert "-unknown_option" in run.stdout  # told to be unused
    assert binding(tmp_path / "out/result.h5") == pytest.approx(REFERENCE_80["cell-average"], abs=1e-7)
    with h5py.File(tmp_path / "out/result.h5", "r") as file:
        provenance = {key: item[()] for key, item in file["provenance"].items()}
    assert {
        "input",
        "config",
        "hash",
        "versions",
        "ranks",
        "hosts",
        "started",
        "finished",
        "wall_time",
        "processor_time",
        "peak_memory",
    } <= set(provenance)
    assert json.loads(provenance["config"])["mesh"]["N"] == 80
    assert {"carriers.hopping", "interaction.r0"} <= set(json.loads(provenance["material_keys"]))
    assert {"hpcx", "numpy", "petsc4py", "hdf5", "mpi"} <= set(json.loads(provenance["versions"]))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["result.h5"]


def test_sweep_is_stacked_and_opens_in_xarray(hpcx, write, tmp_path):
    run = hpcx("run", write(SWEEP), ranks=2)
    assert run.returncode == 0, run.stderr
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(tmp_path / "out/sweep.h5", engine="h5netcdf", group="exciton") as data:
        assert data["binding_energy"].dims == ("mesh.N", "screening.w0")
        assert data["binding_energy"].attrs["units"] == "eV"
        for w0, value in REFERENCE_80.items():
            found = float(data["binding_energy"].sel({"mesh.N": 80, "screening.w0": w0}))
            assert found == pytest.approx(value, abs=1e-7)
    with xarray.open_dataset(tmp_path / "out/sweep.h5", engine="h5netcdf", group="index") as index:
        assert set(index["status"].values.ravel()) == {"done"}


def test_second_run_computes_nothing_and_new_values_alone(hpcx, here, write, tmp_path):
    name = write(SWEEP)
    assert here("run", name).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/points").glob("*.h5")}
    assert hpcx("run", name).returncode == 0
    assert here("run", name, "--set", "sweep.mesh.N=[40,48,80]").returncode == 0
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/points").glob("*.h5")}
    assert {path: after[path] for path in before} == before
    assert len(after) == len(before) + 2
    with h5py.File(tmp_path / "out/sweep.h5", "r") as file:
        assert list(file["mesh.N"]) == [40, 48, 80]
        assert np.isfinite(file["exciton/binding_energy"][...]).all()


@pytest.mark.parametrize("extra", ["", SWEEP])
def test_other_physics_in_the_same_directory_is_refused(hpcx, here, write, tmp_path, extra):
    name = write(extra)
    assert here("run", name).returncode == 0
    run = hpcx("run", name, "--set", "mesh.k0=0.12", ranks=2)
    assert run.returncode == 2 and "mesh.k0: 0.1 -> 0.12" in run.stderr
    fresh = here("run", name, "--set", "mesh.k0=0.12", "--fresh")
    assert fresh.returncode == 0
    kept = [path for path in tmp_path.iterdir() if path.name.startswith("out.")]
    assert len(kept) == 1 and (kept[0] / ("sweep.h5" if extra else "result.h5")).exists()


def test_a_failing_point_does_not_stop_the_others(hpcx, here, write, tmp_path):
    # small meshes are diagonalised as matrices; the large one needs more than one restart of the eigensolver
    name = write('[sweep]\n"mesh.N" = [40, 120, 48]\n')
    for ranks in (None, 2):
        run = hpcx("run", name, "--", "-exciton_eps_max_it", "1", ranks=ranks)
        assert run.returncode == 3
        assert "raise -exciton_eps_max_it" in run.stdout
    with h5py.File(tmp_path / "out/sweep.h5", "r") as file:
        assert list(file["index/status"].asstr()) == ["done", "failed", "done"]
        assert "SolverError" in file["index/traceback"].asstr()[1]
        assert list(np.isnan(file["exciton/binding_energy"])) == [False, True, False]
    assert "2 done, 1 failed" in here("status", "out").stdout


def test_directory_that_cannot_be_written(hpcx, write, tmp_path):
    (tmp_path / "out").write_text("a file, not a directory")
    run = hpcx("run", write(), ranks=2)
    assert run.returncode == 1 and "cannot write to output.directory" in run.stderr and "Traceback" not in run.stderr
    assert (tmp_path / "out").read_text() == "a file, not a directory"


@pytest.mark.parametrize("ranks", [1, 2])
def test_full_disk_leaves_nothing_that_looks_whole(write, tmp_path, ranks):
    # the limit is set after MPI has made its own files
    script = tmp_path / "limited.py"
    script.write_text(
        "import resource\nfrom mpi4py import MPI\nfrom hpcx.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, resource.RLIM_INFINITY))\n"
        f"main(['run', '{write()}'])\n"
    )
    command = [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks), sys.executable, str(script)]
    run = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and "File too large" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert not list((tmp_path / "out").glob("*.h5"))


def test_stop_before_a_point_and_continue(hpcx, here, write, tmp_path):
    name = write(SWEEP)
    run = hpcx("run", name, "--time-limit", "0.01 s", ranks=2)
    assert run.returncode == 75, run.stderr
    assert "stopped (time limit of 0.01 s); rerun the same command to resume" in run.stdout
    assert not list((tmp_path / "out/points").glob("*.h5"))
    assert here("run", name).returncode == 0
    assert len(list((tmp_path / "out/points").glob("*.h5"))) == 6


def test_signal_ends_a_sweep_cleanly(write, tmp_path):
    name = write('[sweep]\n"mesh.N" = [' + ", ".join(str(size) for size in range(200, 400, 2)) + "]\n")
    command = [str(Path(sys.executable).with_name("hpcx")), "run", name, "--set", "mesh.k0=0.16"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out/points").glob("*.h5")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=60) == 75
    found = list((tmp_path / "out/points").glob("*.h5"))
    assert 0 < len(found) < 100
    assert not list((tmp_path / "out").rglob("*.part")) and not list((tmp_path / "out").rglob("*.lock"))


def test_a_rank_that_raises_ends_the_job_within_seconds(tmp_path):
    script = tmp_path / "raise.py"
    script.write_text(
        "from mpi4py import MPI\n"
        "from hpcx.parallel.errors import abort_on_exception\n"
        "abort_on_exception(MPI.COMM_WORLD)\n"
        "if MPI.COMM_WORLD.rank == 1:\n    raise ValueError('only here')\n"
        "MPI.COMM_WORLD.Barrier()\n"
    )
    start = time.monotonic()
    command = [os.environ.get("MPIRUN", "mpirun"), "-n", "2", sys.executable, str(script)]
    run = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert run.returncode != 0 and "only here" in run.stderr and "rank 1 of 2" in run.stderr
    assert time.monotonic() - start < 30
