"""Free flight and drift in a landscape: equilibrium, conservation, sign of the force."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.petsc.cells import CellGrid
from hpcx.wigner.config import Config, Landscape, Time
from hpcx.wigner.energy_grid import energy_edges, make_grid
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.problem import make_problem
from hpcx.wigner.rates import padded
from hpcx.wigner.solve import solve
from hpcx.wigner.space.advection import Flight, labels
from hpcx.wigner.space.drift import Drift
from hpcx.wigner.space.potential import force_gradient, potential_energy
from hpcx.wigner.space.problem import make_spatial_problem
from hpcx.wigner.space.spatial_grid import SpatialGrid
from hpcx.wigner.space.transport import Transport

BINS = {"energy_max": 115, "first_bin": 3.0, "growth": 1.3, "largest_bin": 14.0}
KINDS = [
    Landscape(kind="cosine", length=1.2),
    Landscape(kind="well", length=0.3, factor_KKprime=0.9, factor_KLambda=-0.6),
    Landscape(kind="disorder", length=0.2, factor_KK=0.0),
]


@pytest.mark.parametrize("landscape", KINDS, ids=lambda landscape: landscape.kind)
@pytest.mark.parametrize("dimension", [1, 2])
def test_boltzmann_distribution_is_stationary(landscape, dimension):
    excitons = read_excitons(load_for("wigner", "WS2"))
    grid = make_grid(excitons, 100.0, energy_edges(5e-4, 1.2, 4e-3, 0.08), radiative=False)
    spatial_grid, harmonics = SpatialGrid((24,) * dimension, 1200.0), 3
    energy = potential_energy(spatial_grid, landscape)
    values, components = padded(grid.size), len(labels(harmonics, dimension))
    state = np.zeros((*spatial_grid.points, components, values))
    boltzmann = np.moveaxis(np.exp(-energy / grid.kT), 0, -1)
    state[..., 0, : grid.size] = np.repeat(boltzmann, grid.bins, axis=-1) * grid.weight_i
    velocity_i = np.pad(grid.velocity_i, (0, values - grid.size))
    flight = np.empty((np.prod(spatial_grid.points), components, values))
    cells = CellGrid(MPI.COMM_SELF, spatial_grid.points, components, values)
    Flight(velocity_i, spatial_grid.spacing, harmonics, cells)(state.reshape(cells.shape), flight)
    total = flight.copy()
    gradient = force_gradient(spatial_grid, energy, grid.kT).reshape(dimension, 3, -1)
    drift = Drift(grid, excitons.mass_v, gradient, harmonics, dimension)
    drift.add(state.reshape(flight.shape), total)
    assert np.max(np.abs(total)) < 1e-13 * np.max(np.abs(flight))
    # any other state keeps its number, bin by bin of space
    other = np.random.default_rng(1).random(flight.shape) * np.pad(grid.weight_i, (0, values - grid.size))
    change = np.zeros_like(other)
    drift.add(other, change)
    size = np.abs(change[:, 0]).sum(axis=-1)
    assert np.max(np.abs(change[:, 0].sum(axis=-1))) < 1e-13 * np.max(size)


def test_force_accelerates_downhill():
    """The mean momentum of a cold gas changes by minus the gradient of V per exciton, in every valley by its own."""
    gradient_v = np.array([5e-5, 3e-5, -2e-5])
    excitons = read_excitons(load_for("wigner", "WS2"))
    grid = make_grid(excitons, 100.0, energy_edges(5e-5, 1.05, 5e-4, 0.1), radiative=False)
    state = np.zeros((1, 2, padded(grid.size)))
    state[0, 0, : grid.size] = grid.weight_i
    change = np.zeros_like(state)
    Drift(grid, excitons.mass_v, gradient_v.reshape(1, 3, 1), 1, 1).add(state, change)
    momentum = np.repeat(excitons.mass_v, grid.bins) * grid.velocity_i
    for valley in range(3):
        bins = slice(valley * grid.bins, (valley + 1) * grid.bins)
        force = momentum[bins] @ change[0, 1, bins] / state[0, 0, bins].sum()
        assert force == pytest.approx(-gradient_v[valley], rel=5e-3)


def config(landscape: dict, end: float, points: int, width: float) -> Config:
    return Config(
        model="wigner",
        material="WS2",
        temperature=300.0,
        space={"dimension": 1, "points": points, "width": width},
        landscape=landscape,
        momentum=BINS,
        time={"end": end, "outputs": [(end / 4, end)], "densities": [(end / 4, end)], "tolerance": 1e-2},
        mechanisms={"radiative": False},
    )


PER_VALLEY = pytest.param({"factor_KKprime": 0.8, "factor_KLambda": -0.5}, id="per valley", marks=pytest.mark.validate)


@pytest.mark.parametrize("factors", [pytest.param({}, id="common"), PER_VALLEY])
def test_equilibrium_in_a_landscape(factors):
    """In the end every valley follows exp(-V_v/kT), with the shares of the valleys that the local energies give."""
    case = config(
        {"kind": "cosine", "depth": 30.0, "length": 0.2} | factors, 60.0, 8, 0.2
    )  # a quarter of the time that 0.4 um takes
    result = solve(MPI.COMM_SELF, case, load_for("wigner", "WS2"), Run())
    share = result.value("density/density")[-1] / result.value("density/equilibrium")
    assert np.max(np.abs(share - 1)) < 0.01
    assert np.max(np.abs(result.value("checks/particle_number"))) < 1e-6


def test_local_scattering_conserves_and_knows_its_equilibrium():
    """Valleys moved apart: number, detailed balance and the stored inverses, to rounding,
    however coarse the rounding of energies.
    """
    landscape = {
        "kind": "well",
        "depth": 30.0,
        "length": 0.3,
        "factor_KKprime": 0.9,
        "factor_KLambda": -0.5,
        "rate_step": 7.0,
    }
    case = config(landscape, 1.0, 16, 1.2)
    problem, spatial = make_problem(MPI.COMM_SELF, case, load_for("wigner", "WS2"), Run()), make_spatial_problem(case)
    transport = Transport(MPI.COMM_SELF, problem, spatial)
    grid, local = problem.grid, transport._local
    rng = np.random.default_rng(2)
    state = np.zeros(transport.cells.shape)
    state[..., : grid.size] = rng.random((*state.shape[:2], grid.size)) * grid.weight_i

    def scatter(given: np.ndarray) -> np.ndarray:
        """Implicit and explicit part of the scattering together."""
        change = np.empty_like(given)
        local.apply(given, change)
        change[..., : grid.size] -= local.excess_ci[:, None] * given[..., : grid.size]
        return change

    change = scatter(state)
    assert np.max(np.abs(change[:, 0].sum(axis=1))) < 1e-12 * np.max(np.abs(change[:, 0]).sum(axis=1))
    energy_v = transport.local(potential_energy(spatial.grid, case.landscape))
    equilibrium = np.zeros_like(state)
    equilibrium[:, 0, : grid.size] = np.repeat(np.exp(-energy_v / grid.kT).T, grid.bins, axis=1) * grid.weight_i
    leaving = equilibrium[:, 0, : grid.size] * problem.rates.out_rate()
    assert np.max(np.abs(scatter(equilibrium))[:, 0].max(axis=1) / leaving.max(axis=1)) < 1e-12
    solved, back = np.empty_like(state), np.empty_like(state)
    local.solve(0.03, state, solved)
    local.apply(solved, back)
    assert np.max(np.abs(back - 0.03 * solved - state)) < 1e-12 * np.max(np.abs(0.03 * solved))
    assert np.allclose(local.exchange(state[:, 0, : grid.size]).sum(axis=1), 0, atol=1e-12 * np.max(np.abs(change)))
    transport.destroy()


def test_diffusivity_is_the_slope_of_the_width():
    """The parts from free flight, local intervalley scattering and birth add up to
    a quarter of the slope of the squared width.
    """
    landscape = {"kind": "well", "depth": 30.0, "length": 0.4, "factor_KLambda": -0.5}
    case = config(landscape, 1.0, 60, 3.0).model_copy(
        update={"time": Time(end=1.0, outputs=[(0.01, 1.0)], densities=[(1.0, 1.0)])}
    )
    result = solve(MPI.COMM_SELF, case, load_for("wigner", "WS2"), Run())
    time, width, slope = (
        result.value(f"observables/{name}") for name in ("time", "mean_squared_displacement", "diffusivity")
    )
    differences = 1e4 * (width[2:] - width[:-2]) / (4 * (time[2:] - time[:-2]))[:, None]  # um^2/ps in cm^2/s
    late = time[1:-1] > 0.4
    assert np.max(np.abs(differences - slope[1:-1])[late]) < 1e-2 * np.max(np.abs(slope[1:-1][late]))


def test_shifted_valleys_are_another_material(tmp_path):
    """Energies that do not depend on position but on the valley do what the same change of the material does."""
    shift_v = (0.0, 4.0, -6.0)
    np.save(tmp_path / "shift.npy", np.repeat(np.array(shift_v)[:, None], 5, axis=1))
    landscape = {"kind": "file", "file": str(tmp_path / "shift.npy"), "rate_step": 1.0}
    keys = ("KK", "KKprime", "KLambda")
    old = load_for("wigner", "WS2")
    numbers = {
        f"excitons.energy_{key}": old.number(f"excitons.energy_{key}", "meV") + d for key, d in zip(keys, shift_v)
    }
    moved = solve(MPI.COMM_SELF, config(landscape, 0.5, 40, 1.6), old, Run())
    other = solve(MPI.COMM_SELF, config({"kind": "none"}, 0.5, 40, 1.6), old.with_parameters(numbers), Run())
    for name in (
        "density/density",
        "density/shape_variation",
        "observables/population",
        "observables/diffusivity",
        "checks/particle_number",
    ):
        assert moved.value(name) == pytest.approx(other.value(name), rel=1e-6, abs=1e-9)


def test_rounding_of_local_energies_matters_little():
    """The births near thresholds feel it at first; soon it is gone."""
    landscape = {"kind": "cosine", "depth": 30.0, "length": 0.4, "factor_KLambda": -0.5}
    densities, regions = [], []
    for step in (3.2, 0.2):
        result = solve(
            MPI.COMM_SELF, config(landscape | {"rate_step": step}, 4.0, 28, 0.4), load_for("wigner", "WS2"), Run()
        )
        densities.append(result.value("density/density"))
        regions.append(next(line for line in result.summary if "regions" in line))
    assert regions[0] != regions[1]
    rounded, exact = densities
    assert np.max(np.abs(rounded[-1] / exact[-1] - 1)) < 1e-3


def test_uniform_landscape_is_none():
    results = []
    for landscape in ({"kind": "none"}, {"kind": "cosine", "depth": 0.0, "length": 0.8}):
        case = config(landscape, 0.5, 40, 1.6)
        results.append(solve(MPI.COMM_SELF, case, load_for("wigner", "WS2"), Run()).value("density/density"))
    assert np.max(np.abs(results[0] - results[1])) < 1e-14 * np.max(results[0])
