"""README: its commands run, as written, in an empty directory beside the repository's inputs,
and its numbers are the program's.
"""

import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcx.config.load import load_plan

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory that looks like the repository's root, with its own results."""
    path = tmp_path_factory.mktemp("readme")
    for name in ("inputs", "postprocess"):
        (path / name).symlink_to(ROOT / name)
    for name, text in zip(("my_material.toml", "my_environment.toml"), blocks("toml")):
        (path / name).write_text(text)
    return path


def blocks(language):
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands(of_files=False):
    """Return the command lines behind prompts; those of tight-binding files stand apart."""
    lines = "\n".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ") and ("honeycomb" in line) == of_files]


def run(line, place):
    """Run a command line of the README with this environment's programs."""
    programs = Path(sys.executable).parent
    words = [str(programs / Path(word).name) if word.startswith(".venv/bin/") else word for word in shlex.split(line)]
    if words[0] == "mpirun":
        words[0] = os.environ.get("MPIRUN", "mpirun")
    # without what MPI, if this process has started it, has put into the environment
    return subprocess.run(
        words, cwd=place, env=dict(os.environ), capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def outputs(place):
    """What each command of the README printed, in their order."""
    found = {line: run(line, place) for line in commands()}
    failed = {line: result.stderr[-500:] for line, result in found.items() if result.returncode}
    assert failed == {}
    return {line: result.stdout for line, result in found.items()}


def test_the_commands_run(outputs):
    assert len(outputs) == 10
    assert all(text.strip() for text in outputs.values())


@pytest.mark.validate
def test_from_a_tight_binding_file_to_exciton_and_trion(place):
    printed = []
    for line in commands(of_files=True):
        result = run(line, place)
        assert result.returncode == 0, result.stderr
        printed += result.stdout.splitlines()[-2:] if " converge " in line else []
    assert len(printed) == 4 and all(f"    {line}\n" in README for line in printed)
    assert (place / "results/exciton_honeycomb/exciton_zone.png").exists()


def test_inputs_that_are_shown_are_those_that_come_along():
    whole, part = (tomllib.loads(block) for block in blocks("toml") if "honeycomb_tb.dat" in block)
    trion, exciton = (
        tomllib.loads((ROOT / f"inputs/{name}_honeycomb.toml").read_text()) for name in ("trion", "exciton")
    )
    assert whole == {key: value for key, value in trion.items() if key != "title"}
    assert part == {
        "tight_binding": exciton["tight_binding"],
        "zone": exciton["zone"] | {"valence": 1, "conduction": 1},
    }


def test_the_table_holds_the_numbers_of_the_run(place, outputs):
    rows = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in table("mesh.N")}
    with h5py.File(place / "results/trion_quickstart/sweep.h5", "r") as file:
        assert list(file["mesh.N"]) == rows["mesh.N"]
        for name in ("exciton", "singlet", "triplet"):
            np.testing.assert_allclose(1e3 * file[f"{name}/binding_energy"][()], rows[name], atol=0.006)


def test_the_limits_are_those_of_the_run(outputs):
    (row,) = [
        line
        for line in next(text for line, text in outputs.items() if "binding_energies" in line).splitlines()
        if "limit" in line[:12]
    ]
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", row)]
    for name, found in zip(("exciton", "singlet"), (numbers[:2], numbers[2:4])):
        assert [f"{number:.1f}" for number in found] == list(
            re.search(rf"{name}\s(\d+\.\d) \+- (\d\.\d)", README).groups()
        )


def test_the_number_with_its_bar_is_that_of_the_run(outputs):
    last = next(text for line, text in outputs.items() if " converge " in line).splitlines()[-1]
    assert f"    {last}\n" in README


def table(first):
    """Return the lines of the indented block whose first word is `first`."""
    block = next(b for b in re.findall(r"(?:^    .*\n)+", README, re.MULTILINE) if b.split()[0] == first)
    return block.splitlines()


def test_the_python_lines_run(place, outputs):
    pytest.importorskip("xarray")
    run = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]],
        cwd=place,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert "mesh.N" in run.stdout


def test_the_example_is_the_input():
    shown = next(b for b in re.findall(r"(?:^    .*\n)+", README, re.MULTILINE) if b.split()[0] == "title")
    assert tomllib.loads(shown) == tomllib.loads((ROOT / "inputs/trion_quickstart.toml").read_text())


def test_the_costs_are_those_of_check():
    from hpcx.parallel.run import spoken
    from hpcx.registry import estimator

    (point,) = load_plan(str(ROOT / "inputs/trion_largest.toml"), []).points
    for ranks, memory, time in re.findall(r"^\| (\d+) \| ([\d.]+) GB \| ([\d.]+ \w+)", README, re.MULTILINE):
        estimate = estimator("trion")(point.config, point.material, int(ranks))
        assert f"{estimate.bytes_per_rank / 1e9:.2f}" == memory
        assert spoken(estimate.seconds) == time


#: model -> the smallest input for a material that `hpcx init` has made
OWN = {
    "wigner": "temperature = 300\n[momentum]\nfirst_bin = 2\ngrowth = 1.4\n[time]\nend = 0.5\ntolerance = 0.1\n",
    "formation": (
        "[pump]\nphoton_energy = 2.4\n[momentum]\npoints = 24\n[delay]\npoints = 36\n[signal]\nbootstrap = 0\n"
    ),
    "valley": "[momentum]\npoints = 14\n[time]\nend = '3 ps'\n",
}


@pytest.mark.parametrize("model", OWN)
def test_a_material_that_init_makes_is_computed(model, tmp_path):
    (tmp_path / "input.toml").write_text(f'model = "{model}"\nmaterial = "mine.toml"\n{OWN[model]}')
    assert run(f".venv/bin/hpcx init material {model} -o mine.toml", tmp_path).returncode == 0
    result = run(".venv/bin/hpcx run input.toml", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_list_of_inputs_has_all_of_them_with_the_costs_of_check():
    written = runpy.run_path(str(ROOT / "jobs/list_inputs.py"))["page"]()
    assert (ROOT / "inputs/README.md").read_text(encoding="utf-8") == written, "run jobs/list_inputs.py"
