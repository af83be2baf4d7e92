"""The Wigner equation in space: equal to the moments, independent of ranks,
angular harmonics and cells, restartable.
"""

from __future__ import annotations

import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from gathering import gathered, outputs
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.io.checkpoint import Checkpoint
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped
from hpcx.wigner.config import Config
from hpcx.wigner.history import History
from hpcx.wigner.problem import Problem, make_problem
from hpcx.wigner.simulation import run_moments
from hpcx.wigner.solve import solve
from hpcx.wigner.space.output import density_maps
from hpcx.wigner.space.problem import SpatialProblem, make_spatial_problem, place_source
from hpcx.wigner.space.simulation import Simulation
from hpcx.wigner.space.transport import Transport
from hpcx.wigner.time_steps import make_steps

pytestmark = pytest.mark.mpi

BINS = {"energy_max": 110, "first_bin": 2.0, "growth": 1.3, "largest_bin": 12.0}
STEPS = [(50.0, np.inf)]
MAPS = ("density/density", "wigner/distribution", "density/shape_variation")


STRAIN = {"kind": "well", "length": 0.4, "depth": 20.0, "factor_KLambda": -0.6, "rate_step": 4.0}
LOSS = {"rate": 1.0, "density": 1e12}


def settle(
    comm: MPI.Comm,
    harmonics: int = 2,
    end: float = 1.0,
    mirror: bool | None = None,
    landscape: dict | None = None,
    annihilation: dict | None = None,
    **space,
) -> tuple[Problem, SpatialProblem]:
    config = Config(
        model="wigner",
        material="WS2",
        temperature=300.0,
        space={"points": 60, "width": 3.0} | space,
        landscape=landscape or {},
        annihilation=annihilation or {},
        momentum=BINS | {"harmonics": harmonics},
        time={"end": end, "outputs": [(0.5, end)], "densities": [(1.0, end)], "distributions": [1.0]},
    )
    problem = make_problem(comm, config, load_for("wigner", "WS2"), Run())
    spatial = make_spatial_problem(config)
    if mirror is not None:
        spatial = replace(spatial, mirror=mirror)
    return place_source(problem, spatial), spatial


def simulated(comm: MPI.Comm, problem: Problem, spatial: SpatialProblem, run: Run | None = None) -> Simulation:
    transport = Transport(comm, problem, spatial)
    simulation = Simulation(transport, make_steps(STEPS, problem.times.stops), run or Run())
    simulation.advance()
    return simulation


def difference(first: History, second: History) -> float:
    names = ("population", "mean_squared_displacement", "diffusivity")
    return max(float(np.max(np.abs(first.observables[name] / second.observables[name] - 1))) for name in names)


@pytest.mark.parametrize(
    "dimension, points, width, harmonics",
    [(1, 60, 3.0, 1), (1, 60, 3.0, 4), (1, 90, 3.0, 2), (2, 48, 3.0, 1), (2, 40, 3.0, 3)],
)
def test_equals_moments_for_any_harmonics_and_cells(comm, dimension, points, width, harmonics):
    problem, spatial = settle(comm, harmonics, dimension=dimension, points=points, width=width)
    simulation = simulated(comm, problem, spatial)
    assert np.max(simulation.series.values["edge"]) < 1e-14
    moments = run_moments(problem, make_steps(STEPS, problem.times.stops))
    assert difference(simulation.history, moments) < 1e-10
    assert (
        np.max(np.abs(simulation.history.observables["particle_number"] - moments.observables["particle_number"]))
        < 1e-12
    )
    assert simulation.transport.stepper.explicit_calls == 6 * len(simulation.steps)
    simulation.transport.destroy()


def test_quarter_equals_the_whole_box(comm):
    densities = []
    for mirror in (True, False):
        problem, spatial = settle(comm, dimension=2, points=24, width=2.4, mirror=mirror)
        simulation = simulated(comm, problem, spatial)
        found = outputs(simulation)
        densities.append([gathered(comm, found, name)[-1] for name in MAPS])
        simulation.transport.destroy()
    for quarter, whole in zip(*densities):
        # the variation of the shape is a small difference of densities
        assert np.max(np.abs(quarter - whole)) < 1e-13 * max(np.max(np.abs(whole)), np.max(densities[1][0]))


def test_round_spots_stay_round(comm):
    problem, spatial = settle(comm, dimension=2, points=32, width=2.4, mirror=False)
    simulation = simulated(comm, problem, spatial)
    x, y = spatial.grid.coordinates()
    for density in gathered(comm, outputs(simulation), "density/density")[-1]:
        size = np.sum((x**2 + y**2) * density)
        assert abs(np.sum((x**2 - y**2) * density)) < 1e-12 * size
        assert abs(np.sum(x * y * density)) < 1e-12 * size
    simulation.transport.destroy()


def results(simulation):
    """Return the whole maps and the history of a simulation, and free it."""
    found = outputs(simulation)
    maps = {name: gathered(simulation.transport.comm, found, name) for name in MAPS}
    simulation.transport.destroy()
    return maps, simulation.history


def on_all_and_on_one(comm, on_one_rank, run):
    """Check that what `run` makes is the same on all ranks as on one, and return both histories."""
    (shared, together), (own, alone) = results(run(comm)), on_one_rank(lambda ranks: results(run(ranks)))
    for name, expected in own.items():
        scale = max(np.max(np.abs(expected)), np.max(own["density/density"]) if "variation" in name else 0.0)
        assert np.max(np.abs(shared[name] - expected)) < 1e-13 * scale
    assert difference(together, alone) < 1e-10
    return together, alone


@pytest.mark.mpi(min_size=2)
def test_same_on_one_rank(comm, on_one_rank):
    """A shape without symmetry."""

    def run(where):
        problem, spatial = settle(where, dimension=2, points=24, width=2.4)
        x, y = spatial.grid.coordinates()
        birth = np.exp(-((x - 200) ** 2 + 0.5 * (y + 100) ** 2) / 250.0**2)
        spatial = replace(spatial, birth=birth / birth.sum(), mirror=False)
        return simulated(where, place_source(problem, spatial), spatial)

    on_all_and_on_one(comm, on_one_rank, run)


@pytest.mark.parametrize("landscape", [None, STRAIN], ids=["flat", "valleys moved apart"])
def test_restart_is_bitwise(comm, mpi_tmp_path, stop_after, landscape):
    problem, spatial = settle(comm, dimension=1, landscape=landscape)
    whole = simulated(comm, problem, spatial)
    stem = mpi_tmp_path / "point"
    with pytest.raises(Stopped):
        simulated(comm, problem, spatial, Run(checkpoint=Checkpoint(stem), requests=stop_after(11)))
    resumed = simulated(comm, problem, spatial, Run(checkpoint=Checkpoint(stem)))
    assert np.array_equal(whole.transport.state, resumed.transport.state)
    for name in ("population", "mean_squared_displacement", "diffusivity"):
        assert np.array_equal(whole.history.observables[name], resumed.history.observables[name])
    with h5py.File(Checkpoint(stem).outputs, "r") as file:
        found = outputs(whole)
        for name in found.datasets:
            if found.datasets[name].part is not None:
                assert np.array_equal(file[name][...], gathered(comm, found, name))
    for simulation in (whole, resumed):
        simulation.transport.destroy()


@pytest.mark.mpi(min_size=2)
def test_valleys_moved_apart_on_any_ranks(comm, on_one_rank):
    """Rates that depend on position."""

    def run(where):
        problem, spatial = settle(where, dimension=2, points=24, width=2.4, landscape=STRAIN)
        assert len(spatial.regions.offset_rv) > 3
        return simulated(where, problem, spatial)

    on_all_and_on_one(comm, on_one_rank, run)


@pytest.mark.mpi(min_size=2)
def test_annihilation_on_any_ranks(comm, on_one_rank):
    """What is lost depends on the density of all valleys, and is counted over all cells."""

    def run(where):
        return simulated(where, *settle(where, dimension=2, points=24, width=2.4, annihilation=LOSS))

    together, alone = on_all_and_on_one(comm, on_one_rank, run)
    assert together.observables["annihilated"] == pytest.approx(alone.observables["annihilated"], rel=1e-12)
    assert alone.observables["annihilated"][-1] > 0.1
    assert np.max(np.abs(alone.observables["particle_number"][1:])) < 1e-4  # of the pulse in steps of 50 fs


@pytest.mark.mpi(min_size=2)
def test_restart_on_other_ranks(comm, mpi_tmp_path, stop_after):
    """Written by all ranks together, continued by each rank alone."""
    problem, spatial = settle(comm, dimension=1)
    whole = simulated(comm, problem, spatial)
    stem = mpi_tmp_path / "point"
    with pytest.raises(Stopped):
        simulated(comm, problem, spatial, Run(checkpoint=Checkpoint(stem), requests=stop_after(11)))
    own = mpi_tmp_path / f"rank{comm.rank}"
    own.mkdir()
    for path in mpi_tmp_path.glob("point.*"):
        shutil.copy(path, own)
    alone = simulated(MPI.COMM_SELF, problem, spatial, Run(checkpoint=Checkpoint(own / "point")))
    assert difference(alone.history, whole.history) < 1e-10
    with h5py.File(Checkpoint(own / "point").outputs, "r") as file:
        density = gathered(comm, outputs(whole), "density/density")
        assert np.max(np.abs(file["density/density"][...] - density)) < 1e-13 * np.max(density)
    for simulation in (alone, whole):
        simulation.transport.destroy()


def peak_of_maps(comm):
    """Return the most memory (bytes) that making the maps of a state takes on this rank beside the state."""
    problem, spatial = settle(comm, 1, dimension=2, points=72, width=3.0, mirror=False)
    transport = Transport(comm, problem, spatial)
    maps = density_maps(transport)
    maps.values()
    tracemalloc.start()
    maps.values()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    transport.destroy()
    return peak


def test_memory_of_maps_is_the_share_of_a_rank(comm):
    alone = peak_of_maps(MPI.COMM_SELF)
    assert alone > 8 * 7 * 72 * 72  # densities and shape variation of three valleys, and light
    assert (
        peak_of_maps(comm) < 1.05 * alone / comm.size + 80_000
    )  # rates between valleys take some memory on every rank


def test_solve_reports_space(comm, mpi_tmp_path: Path):
    config = Config(
        model="wigner",
        material="WS2",
        temperature=300.0,
        space={"dimension": 2, "points": 24, "width": 2.4},
        momentum=BINS,
        time={"end": 1.0, "outputs": [(0.1, 1.0)], "densities": [(0.5, 1.0)], "distributions": [0.5]},
    )
    result = solve(comm, config, load_for("wigner", "WS2"), Run())
    density, light, variation = (
        gathered(comm, result, f"density/{name}") for name in ("density", "photoluminescence", "shape_variation")
    )
    assert density.shape == (2, 3, 24, 24) and light.shape == (2, 24, 24)
    assert gathered(comm, result, "wigner/distribution").shape[:3] == (1, 3, 24)
    cell = (2.4 / 24) ** 2
    population = density.sum(axis=(2, 3)) * cell
    assert population[-1] == pytest.approx(result.value("observables/population")[-1], rel=1e-12)
    emitted = light.sum(axis=(1, 2)) * cell
    assert emitted[-1] == pytest.approx(result.value("observables/photoluminescence")[-1], rel=1e-12)
    assert np.all(np.abs(variation.sum(axis=(2, 3))) < 1e-10 * np.abs(variation).sum(axis=(2, 3)))
    minimum, edge = result.value("checks/minimum"), result.value("checks/edge")
    assert minimum.shape == edge.shape == (len(result.value("checks/time")), 3)
    assert np.all(np.abs(edge) < 1)
