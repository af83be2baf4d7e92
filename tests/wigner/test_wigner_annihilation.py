"""Exciton-exciton annihilation: the widening of a Gaussian spot,
the decay of a uniform density, what is lost is counted.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.wigner.config import Config
from hpcx.wigner.observables import Observer
from hpcx.wigner.problem import make_problem
from hpcx.wigner.solve import solve
from hpcx.wigner.space.problem import make_spatial_problem
from hpcx.wigner.space.transport import Transport

MATERIAL = load_for("wigner", "WS2")
BINS = {"energy_max": 115, "first_bin": 3.0, "growth": 1.3, "largest_bin": 14.0}
#: R (nm^2/fs) and density (1/nm^2) of 0.5 cm^2/s and 1e12 cm^-2
RATE, DENSITY = 0.05, 1e-2
#: D_eff - D over R n0 w^2 of a spot exp(-r^2 / w^2) and of a stripe exp(-x^2 / w^2), w^2 = 2 <x^2>
FACTORS = {1: 1 / (8 * np.sqrt(2)), 2: 1 / 16}


def config(dimension=1, points=40, width=2.8, **tables):
    losses = {"rate": 0.5, "density": 1e12}
    tables = {"annihilation": losses, "momentum": BINS, "mechanisms": {"radiative": False}} | tables
    return Config(
        model="wigner",
        material="WS2",
        temperature=300,
        space={"dimension": dimension, "points": points, "width": width},
        **tables,
    )


def settled(case, birth=None):
    """Return a transport in which all excitons are present, in equilibrium, at the shares `birth` of the cells."""
    problem, spatial = make_problem(MPI.COMM_SELF, case, MATERIAL, Run()), make_spatial_problem(case)
    transport = Transport(MPI.COMM_SELF, problem, spatial if birth is None else replace(spatial, birth=birth))
    share_i = problem.grid.weight_i / problem.grid.weight_i.sum()
    transport.state[..., 0, : problem.grid.size] = transport.local(transport.spatial.birth)[..., None] * share_i
    return transport


@pytest.mark.parametrize("dimension", [1, 2])
def test_a_gaussian_spot_widens_by_annihilation(dimension):
    """d_t w^2 = -R (int r^2 n^2 - w^2 int n^2) / int n, and n^2 is half as wide in w^2 as n."""
    transport = settled(config(dimension))
    problem = transport.problem
    changes = transport.changes(1e5)  # long after the pulse
    assert np.max(np.abs(changes.exchanged[0])) < 1e-15 and not changes.born.any()
    found = Observer(problem).snapshot(transport.moments()[:, : problem.grid.size], changes)
    expected = FACTORS[dimension] * RATE * DENSITY * found["mean_squared_displacement"]
    assert found["mean_squared_displacement"] == pytest.approx([problem.source.spot**2] * 3, rel=1e-9)
    assert found["diffusivity_annihilation"] == pytest.approx(expected, rel=1e-9)
    assert found["diffusivity_total"] == pytest.approx(expected[0], rel=1e-9)  # at rest, so that nothing else moves
    transport.destroy()


def test_a_uniform_density_decays_as_one_over_time():
    """n = n0 / (1 + R n0 t), and what is lost is counted to rounding."""
    case = config(points=8, width=0.8)
    transport = settled(case, np.full(8, 1 / 8))
    rate, step, late = transport.spatial.annihilation / 8, 20.0, 5e4
    for number in range(50):
        transport.stepper.step(late + step * number, step)
    left = transport.moments()[0, : transport.problem.grid.size].sum()
    assert left == pytest.approx(1 / (1 + rate * 50 * step), rel=1e-9)
    assert left < 0.82
    assert left + transport.changes(late).lost == pytest.approx(1, abs=1e-13)
    transport.destroy()


def test_a_run_counts_what_is_annihilated_and_its_slope_has_all_parts():
    times = {"end": 1.0, "outputs": [(0.02, 1.0)], "densities": [(1.0, 1.0)], "tolerance": 1e-2}
    result = solve(MPI.COMM_SELF, config(points=60, width=2.4, time=times), MATERIAL, Run())
    assert 0.1 < result.value("observables/annihilated")[-1] < 0.5
    assert np.max(np.abs(result.value("checks/particle_number")[20:])) < 1e-6
    time, width, slope = (
        result.value(f"observables/{name}") for name in ("time", "mean_squared_displacement_total", "diffusivity_total")
    )
    differences = 1e4 * (width[2:] - width[:-2]) / (4 * (time[2:] - time[:-2]))  # um^2/ps in cm^2/s
    late = time[1:-1] > 0.5
    assert differences[late] == pytest.approx(slope[1:-1][late], rel=1e-2)
    parts = sum(
        result.value(f"observables/diffusivity_{part}")
        for part in ("intervalley", "free", "radiative", "source", "annihilation")
    )
    assert parts == pytest.approx(result.value("observables/diffusivity"), rel=1e-12)


def test_annihilation_needs_space():
    with pytest.raises(ValueError, match="annihilation.rate needs space.dimension"):
        config(dimension=0)
