"""The worked examples of the developer's page: each patch applies to a copy of hpcx, does what the page says,
and leaves a copy that takes every material.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

ROOT = Path(__file__).resolve().parents[1]
PATCHES = re.findall(r"```diff\n(.*?)```", (ROOT / "hpcx" / "README.md").read_text(), re.DOTALL)

VALLEY = """\
model = "valley"
material = "WSe2"
[momentum]
points = 14
[time]
end = "3 ps"
[flow]
times = ["1 ps"]
[modes]
count = 2
"""

MATERIALS = ("WS2", "WSe2", "MoS2", "MoSe2")
FROM_HERE = "import os, sys, hpcx; from hpcx import cli; assert hpcx.__file__.startswith(os.getcwd())\n"
CHECK = f"""\
for material in {MATERIALS}:
    words = ["check", "input.toml", "--set", "material=" + material, *sys.argv[1:]]
    assert cli.command(words) == 0, material
"""

WIGNER = """\
model = "wigner"
material = "WS2"
temperature = 300
[momentum]
first_bin = "1 meV"
growth = 1.3
[time]
end = "0.5 ps"
outputs = [[0.1, 1]]
tolerance = 1e-1
"""


@pytest.fixture
def patched(tmp_path):
    """Return a function that applies a patch to a copy of hpcx, and one that runs the copy."""
    shutil.copytree(ROOT / "hpcx", tmp_path / "hpcx", ignore=shutil.ignore_patterns("__pycache__"))

    def apply(patch):
        (tmp_path / "example.patch").write_text(patch)
        run = subprocess.run(["git", "apply", "-p1", "example.patch"], cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr

    def python(script, *words):
        run = subprocess.run(
            [sys.executable, "-c", FROM_HERE + script, *words],
            cwd=tmp_path,
            env=dict(os.environ) | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert run.returncode == 0, run.stderr + run.stdout

    def hpcx(text, *settings, sweep):
        (tmp_path / "input.toml").write_text(text)
        words = [word for setting in settings for word in ("--set", setting)]
        python(CHECK, *words)
        (tmp_path / "input.toml").write_text(text + sweep)
        python("cli.main(['run', 'input.toml', *sys.argv[1:]])", *words)
        return tmp_path / "results"

    return apply, hpcx


@pytest.mark.parametrize("patch", PATCHES, ids=["valley", "wigner"])
def test_an_example_has_less_than_fifty_lines(patch):
    added = [line for line in patch.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert 10 < len(added) < 50


def test_a_mechanism_for_valley(patched):
    apply, hpcx = patched
    apply(PATCHES[0])
    sets = '[sweep]\n"mechanisms.set" = ["phonons", "phonons + defects"]\n'
    results = hpcx(VALLEY, "defects.strength=50", sweep=sets)
    with h5py.File(results / "sweep.h5", "r") as file:
        time, spin = file["checks/time"][()], file["checks/spin"][:, 0]
        late = (time > 1000) & (time <= 3000)
        assert abs(spin[1, late] / spin[1, -1] - 1).max() < 1e-4  # defects leave the spin alone
        change = file["dichroism/circular_dichroism"][1] - file["dichroism/circular_dichroism"][0]
        assert abs(change).max() > 1e-3  # and do something
        moved = file["flow/rate"][:, 0, list(file["flow/mechanism"]).index(b"defects")]
        assert moved[0].max() == 0 and moved[1].max() > 0


def test_an_interaction_for_wigner(patched):
    apply, hpcx = patched
    apply(PATCHES[1])
    sweep = '[sweep]\n"parameters.phonons.surface.potential" = ["0 eV/angstrom", "4 eV/angstrom"]\n'
    results = hpcx(WIGNER, sweep=sweep)
    with h5py.File(results / "sweep.h5", "r") as file:
        out_rate, relaxation = file["rates/out_rate"][()], file["rates/relaxation_time"][()]
        number, energy = file["checks/particle_number"][()], file["rates/energy"][()]
    more = out_rate[1] - out_rate[0]
    # above its energy the phonon is emitted, n + 1, below absorbed alone, n
    emitted, absorbed = more[:, energy > 61].mean(axis=1), more[:, energy < 10].mean(axis=1)
    assert (emitted / absorbed > 5).all() and (relaxation[1] < relaxation[0]).all()
    assert abs(number[0] - number[1]).max() < 1e-6
