"""`hpcx show`, `compare`, `info` and `status --json`: what they print is what the files hold, and needs no MPI."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from mpi4py import MPI

from hpcx.config.load import load_plan
from hpcx.inspection.compare import compare_text
from hpcx.inspection.info import info_text
from hpcx.inspection.show import show_text
from hpcx.parallel.stop import StopRequests
from hpcx.petsc.options import initialize
from hpcx.sweep.run import run_plan
from hpcx.sweep.status import status_json

INPUT = """\
title = "Exciton in hBN"
model = "exciton"
material = "MoS2"
[mesh]
k0 = 0.1
[screening]
kappa = "hBN"
"""


def compute(folder: Path, *settings: str) -> Path:
    """Run the exciton with other keys, and return its directory."""
    initialize([])
    plan = load_plan("input.toml", [*settings, f"output.directory={folder}"], INPUT)
    assert {entry.status for entry in run_plan(MPI.COMM_SELF, plan, StopRequests()).entries} == {"done"}
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A sweep, one of its points as a run of its own, and that with another gap."""
    place = tmp_path_factory.mktemp("results")
    sweep = compute(place / "sweep", "sweep.mesh.N=[28, 30]")
    return (
        sweep,
        compute(place / "one", "mesh.N=30"),
        compute(place / "other", "mesh.N=30", "parameters.carriers.gap=1.7 eV"),
    )


def test_show_tells_input_numbers_and_sources(results):
    sweep, _, other = map(show_text, results)
    assert (
        "surroundings  hBN: kappa = 4.5 (hBN on both sides [guess])" in sweep
        and "sweep         mesh.N = 28, 30" in sweep
    )
    with h5py.File(results[0] / "sweep.h5", "r") as file:
        energies = ", ".join(f"{energy:.6g}" for energy in file["exciton/binding_energy"][()])
    assert re.search(rf"exciton/binding_energy +{energies} eV\n", sweep) and "2 done" in sweep
    assert "mesh.N = 28\n" not in sweep and "valley." not in other
    assert (
        "  mesh.k0 = 0.1\n" in other
        and "MoS2: carriers.gap = 1.7 eV (input)" in other
        and "exciton binding energy" in other
    )
    assert re.search(r"hpcx 0.1.0, revision .*PETSc 3", sweep) and "1 rank(s) on" in other


def test_compare_tells_what_differs(results):
    sweep, one, other = results
    same = compare_text(sweep, one)
    assert "mesh.N: 28, 30 -> 30" in same and " 0 are not" in same  # the sweep at N = 30 is the run of N = 30
    text = compare_text(one, other)
    assert "  parameters.carriers.gap: (none) -> 1.7" in text and "  carriers.gap: 1.66 eV -> 1.7 eV" in text
    with h5py.File(one / "result.h5", "r") as a, h5py.File(other / "result.h5", "r") as b:
        energies = [file["exciton/binding_energy"][()] for file in (a, b)]
    assert f"{energies[0]:.8g} -> {energies[1]:.8g} eV: {energies[1] - energies[0]:+.3g} eV" in text
    assert "the inputs are the same" in compare_text(one, one) and " 0 are not" in compare_text(one, one)


def test_limits_are_compared_with_limits(results, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, names in ((first, ["converge.h5"]), (second, ["result.h5", "converge.h5"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes((results[1] / "result.h5").read_bytes())
    assert f"A: {first / 'converge.h5'}\nB: {second / 'converge.h5'}" in compare_text(first, second)


def test_differences_are_told_in_error_bars(results, tmp_path):
    paths = [tmp_path / f"{name}.h5" for name in "ab"]
    for number, path in enumerate(paths):
        path.write_bytes((results[1] / "result.h5").read_bytes())
        with h5py.File(path, "r+") as file:
            file["exciton/gap"], file["exciton/gap_error"] = 1.0 + 0.1 * number, 0.03 + 0.01 * number
    assert re.search(r"exciton/gap +1 -> 1.1: \+0.1 \(\+9.09 %\), 2 error bars", compare_text(*paths))


def test_status_as_json(results):
    sweep, one, _ = (json.loads(status_json(path)) for path in results)
    assert [point["coordinates"] for point in sweep["points"]] == [{"mesh.N": 28}, {"mesh.N": 30}] and sweep[
        "warnings"
    ] == []
    assert [point["status"] for point in one["points"]] == ["done"] and one["points"][0]["wall_time"] > 0
    alone = json.loads(status_json(results[0] / "sweep.h5"))
    assert [point["id"] for point in alone["points"]] == [point["id"] for point in sweep["points"]]


def test_info_tells_the_stack():
    lines = dict(re.findall(r"(?m)^(\S+) +(.*)$", info_text()))
    assert {"hpcx", "Python", "MPI", "launcher", "PETSc", "SLEPc", "HDF5", "threads", "packages"} <= lines.keys()
    assert "complex128, indices int" in lines["PETSc"] and h5py.__version__ in lines["HDF5"]


@pytest.mark.parametrize(
    "words",
    [("info",), ("show", "one"), ("compare", "one", "other"), ("status", "--json", "one"), ("materials", "hBN")],
)
def test_no_mpi_is_loaded(results, words):
    script = f"""
import sys
sys.modules["petsc4py.PETSc"] = sys.modules["slepc4py.SLEPc"] = None  # loading them is an error
from hpcx.cli import command
assert command({list(words)!r}) == 0
mpi = sys.modules.get("mpi4py.MPI")
assert mpi is None or not mpi.Is_initialized()
"""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=results[0].parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0 and run.stdout, run.stderr


def test_what_is_no_result_is_told_in_a_sentence(here, tmp_path):
    (tmp_path / "input.toml").write_text(INPUT)
    for name, status, words in (("input.toml", 1, "is an input"), ("nothing", 2, "does not exist")):
        run = here("show", name)
        assert run.returncode == status and words in run.stderr and "Traceback" not in run.stderr
