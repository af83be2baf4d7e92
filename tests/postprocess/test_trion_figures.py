"""The figures of spectra and limits are drawn from result files alone."""

import pytest
from mpi4py import MPI

from hpcx.config.load import load_plan
from hpcx.parallel.stop import StopRequests
from hpcx.sweep.run import run_plan

MESH = '[output]\ndirectory = "out"\n[solver]\nstates = 1\n[mesh]\nN = 40\nk0 = 0.1\n'
SPECTRA = MESH + '[absorption]\nenabled = true\nwindow = ["-60 meV", "320 meV"]\naccuracy = 0.01\n'
SINGLET = '[trion]\nspecies = ["singlet"]\n'
#: material and tables of the input
INPUTS = {
    "absorption": ("MoS2", SPECTRA + 'maps = ["-26 meV", "9 meV"]\n'),
    "doping": ("MoS2", SPECTRA + SINGLET + '[sweep]\n"mesh.N" = [40, 44, 48]\n'),
    "temperature": ("MoS2", SPECTRA + SINGLET + '[sweep]\n"trion.temperature" = [0, 20]\n'),
    "beats": (
        "WSe2",
        SPECTRA + '[twod]\nenabled = true\npoints = 41\n[sweep]\n"twod.triplet_shift" = ["0 meV", "7 meV"]\n',
    ),
    "map": ("MoSe2", SPECTRA + "[twod]\nenabled = true\nwaiting_times = [0, 100]\npoints = 61\n"),
    "signals": (
        "MoSe2",
        MESH
        + '[twod]\nenabled = true\npoints = 31\npair_shift = "10 meV"\n'
        + '[sweep]\n"twod.signals" = ["emission", "emission and bleaching", "all"]\n',
    ),
    "widths": (
        "MoS2",
        MESH
        + SINGLET
        + '[phonons]\nenabled = true\n[sweep]\nmaterial = ["MoS2", "WS2"]\n"phonons.temperature" = [20, 300]\n',
    ),
    "limits": (
        "MoS2",
        MESH + SINGLET + '[sweep]\nmaterial = ["MoS2", "WSe2"]\n"mesh.k0" = [0.08, 0.1]\n"mesh.N" = [36, 40, 48]\n',
    ),
}
#: by input: scripts with their arguments, the figure that each makes, and what it prints
SCRIPTS = {
    "absorption": [("absorption.py out/result.h5", ["absorption"], "map b")],
    "doping": [
        ("doping.py out/sweep.h5", ["doping"], "line through the origin"),
        ("absorption_sizes.py out/sweep.h5", ["absorption_sizes"], "2p resonance"),
    ],
    "temperature": [("absorption_temperature.py out/sweep.h5", ["absorption_temperature"], "20 K: trion")],
    "beats": [("beats.py out/sweep.h5", ["beats"], "WSe2, triplet +7 meV: period")],
    "map": [
        ("two_dimensional.py out/result.h5 --time 100", ["two_dimensional_total_100fs"], "excitation X, detection T")
    ],
    "signals": [
        ("two_dimensional_signals.py out/sweep.h5", ["two_dimensional_signals"], "emission and bleaching   TT +2.000")
    ],
    "widths": [("linewidths.py out/sweep.h5", ["linewidths"], "half widths of exciton / trion")],
    "limits": [("convergence.py out/sweep.h5", ["convergence_MoS2", "convergence_WSe2"], "tempelaar")],
}


@pytest.mark.parametrize("name", INPUTS)
def test_figures_are_drawn(tmp_path, monkeypatch, draw, name):
    material, tables = INPUTS[name]
    monkeypatch.chdir(tmp_path)
    plan = load_plan("input.toml", [], f'model = "trion"\nmaterial = "{material}"\n{tables}')
    assert {entry.status for entry in run_plan(MPI.COMM_SELF, plan, StopRequests()).entries} == {"done"}
    for script, figures, text in SCRIPTS[name]:
        assert text in draw(*script.split())
        for figure in figures:
            for suffix in (".png", ".pdf"):
                assert (tmp_path / "out" / f"{figure}{suffix}").stat().st_size > 5000
