"""The figures and the table of the formation model from the results of small sweeps."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.load import load_plan
from hpcx.parallel.stop import StopRequests
from hpcx.sweep.run import run_plan

ROOT = Path(__file__).resolve().parents[2]
SMALL = [
    "momentum.points=24",
    "momentum.tail_points=10",
    "continuum.energy_max=1.0",
    "signal.bootstrap=0",
    "delay.points=36",
]


def run_small(name: str, folder: Path, *settings: str) -> Path:
    """Compute an input of inputs/ on a small grid and return its sweep.h5."""
    words = [*SMALL, f'output.directory="{folder}"', "sweep.pump.photon_energy=[2.35, 2.75]", *settings]
    report = run_plan(MPI.COMM_SELF, load_plan(str(ROOT / "inputs" / name), words), StopRequests())
    assert {entry.status for entry in report.entries} == {"done"}
    return folder / "sweep.h5"


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("formation")
    return {
        "fig3": run_small("formation_fig3.toml", folder / "fig3", "signal.photon_energies.points=5"),
        "tradeoff": run_small("validation/formation_pump.toml", folder / "tradeoff"),
        "temperature": run_small("formation_temperature.toml", folder / "temperature", "sweep.temperature=[20, 300]"),
        "uncertainty": run_small(
            "formation_uncertainty.toml",
            folder / "uncertainty",
            "sweep.dephasing.continuum=[50, 100]",
            "sweep.cascade.speed=[20]",
            "sweep.approximation.excited_bleaching=[1.0]",
            "approximation.biexciton=false",
        ),
    }


@pytest.mark.parametrize(
    ("script", "sweep", "figure"),
    [
        ("formation_fig3.py", "fig3", True),
        ("formation_fig4.py", "fig3", True),
        ("formation_ladder.py", "fig3", True),
        ("formation_map.py", "fig3", True),
        ("formation_table.py", "fig3", False),
        ("formation_temperature.py", "temperature", True),
        ("formation_uncertainty.py", "uncertainty", True),
    ],
)
def test_script(sweeps, draw, script, sweep, figure):
    printed = draw(script, str(sweeps[sweep]))
    if figure:
        for suffix in (".png", ".pdf"):
            assert sweeps[sweep].with_name(script).with_suffix(suffix).stat().st_size > 1000
    else:
        assert len(printed.splitlines()) == 2 + 4


def test_the_tradeoff_has_the_numbers_of_the_page(sweeps, draw):
    with h5py.File(sweeps["tradeoff"]) as file:
        trace, rise = file["signal/reflectivity_change"][0, 0], file["signal/rise_time"][0, 0, 0, 0]
        delay = file["signal/delay"][()]
    row = draw("formation_tradeoff.py", str(sweeps["tradeoff"])).splitlines()[2].split()
    assert row[:5] == ["50", "meV,", "Hartree-Fock:", "1s", "2.35"]
    full, coherent = trace[0, 0], trace[0, 2]
    rising = slice(0, int(full.argmax()) + 1)  # monotonic in this sweep
    half = np.interp(0.5 * full.max(), full[rising], delay[rising])
    share = np.interp(half, delay, coherent) / (0.5 * full.max())
    dip = trace[1, 0][delay < -10].min() / trace[1, 0].max()
    assert row[5:] == [f"{share:.2f}", f"{rise:.1f}", f"{dip:.4f}"]
    assert sweeps["tradeoff"].with_name("formation_tradeoff.png").stat().st_size > 1000
