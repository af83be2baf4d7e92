"""The processor time that `hpcx check` states against that of the run: within a factor of two for every input.

Inputs that take long are made smaller by settings that leave their kind of work as it is: meshes on which trions are
computed by transforms stay above the 700 points from which on they are.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from hpcx import registry
from hpcx.config.load import load_plan
from hpcx.parallel.machine import measured
from hpcx.sweep.check import FILES, START, in_all

INPUTS = Path(__file__).resolve().parents[2] / "inputs"
#: what makes inputs quick enough for a test, by name
SMALLER = {
    "trion_2des_cluster": ["mesh.N=170"],
    "trion_absorption_cluster": ["mesh.N=170"],
    "trion_doping_cluster": ["sweep.mesh.N=[60, 170]"],
    "trion_large": ["mesh.N=180"],
    "trion_parabolic": ["sweep.mesh.N=[48, 84]", 'sweep.material=["MoS2"]'],
    "trion_table1": ["sweep.mesh.N=[60]", 'sweep.material=["MoS2"]'],
    "trion_table1_cluster": ["sweep.mesh.N=[60]", 'sweep.material=["MoS2"]'],
    "trion_binding": ['sweep.material=["MoS2"]'],
    "formation_time": ["delay.points=3"],
    "formation_uncertainty": ["sweep.dephasing.continuum=[25]"],
    "formation_temperature_cluster": ["sweep.temperature=[77]", "sweep.pump.photon_energy=[2.3, 2.6]"],
    "formation_fluence": ["delay.points=3"],
    "valley_ablation": [
        "sweep.temperature=[77]",
        'sweep.material=["WSe2"]',
        'sweep.mechanisms.set=["full", "phonons"]',
    ],
    "valley_study": ["sweep.temperature=[77]"],
    "valley_flip_law": ["sweep.temperature=[77]", 'sweep.spin_flip.path=["intravalley"]'],
    "valley_fluence": ['sweep.pump.density=["1e10 cm^-2"]'],
    "valley_kerr": ["sweep.probe.kerr_energy=[1.7, 1.8]"],
    "valley_pump": ["sweep.temperature=[77]"],
    "valley_pump_cluster": ["sweep.temperature=[77]", "sweep.pump.photon_energy=[1.7, 1.9]"],
    "wigner_hot_cluster": ["sweep.temperature=[20, 150]", "sweep.pulse.photon_energy=[2.05, 2.15]"],
    "wigner_plane_20K": ["time.end=0.3"],
    "wigner_plane": ["time.end=0.3", "space.points=48"],
    "wigner_photoluminescence": ["time.end=2"],
    "wigner_uncertainty": ["uncertainty.samples=4"],
}


@pytest.mark.validate
@pytest.mark.parametrize("path", sorted(INPUTS.rglob("*.toml")), ids=lambda path: path.stem)
def test_time_is_within_a_factor_of_two(tmp_path, path):
    settings = [*SMALLER.get(path.stem, []), f"output.directory={tmp_path / 'out'}"]
    plan = load_plan(str(path), settings)
    found = [registry.estimator(point.config.model)(point.config, point.material, 1) for point in plan.points]
    given = [word for setting in settings for word in ("--set", setting)]
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "hpcx", "run", str(path), *given], cwd=INPUTS.parent, check=True, capture_output=True
    )
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
    stated = in_all(found).on(measured())
    points = stated - (START + FILES * len(found)).on(measured())
    print(
        f"ratio: {path.stem}: run {spent / stated:.2f}, points"
        f" {(of_points := _processor_time(tmp_path / 'out')) / points:.2f}"
    )
    assert 0.5 < spent / stated < 2 and 0.5 < of_points / points < 2


def _processor_time(directory: Path) -> float:
    """Return what the points of a run took, s."""
    total = 0.0
    for path in [*directory.glob("points/*.h5"), *directory.glob("result.h5")]:
        with h5py.File(path, "r") as file:
            total += float(file["provenance/processor_time"][()])
    return total
