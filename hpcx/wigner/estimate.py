"""What a run of the model `wigner` will cost; measured on the reference machine (`hpcx.parallel.machine`)."""

from __future__ import annotations

import numpy as np

from hpcx.materials.loader import Material
from hpcx.parallel.machine import Work
from hpcx.parallel.tiling import border_traffic, check_ranks, make_tiling
from hpcx.petsc.imex import KEPT_SHIFTS
from hpcx.registry import Estimate
from hpcx.wigner.config import Config
from hpcx.wigner.parameters import VALLEYS, read_excitons
from hpcx.wigner.problem import PS_PER_FS, check_edges, make_edges, make_stops
from hpcx.wigner.rates import padded
from hpcx.wigner.space.advection import STABLE_COURANT, labels
from hpcx.wigner.space.drift import longest_drift_step
from hpcx.wigner.space.problem import SpatialProblem, check_local_energies, make_spatial_problem
from hpcx.wigner.space.resolution_checks import check_spot
from hpcx.wigner.time_steps import levels_for, make_steps

#: interpreter with its libraries, bytes
BASE_BYTES = 200e6
#: vectors of the size of the state that the integrator and the ghosts take
STATE_VECTORS = 31
#: on larger lattices what is sent is not counted: it would take seconds
MOST_CELLS_COUNTED = 250_000
#: matrix products per step, and seconds per operation of one
PRODUCTS_PER_STEP, FLOP_SECONDS = 6, 1.7e-11
#: a point, its rates and what is read off them per value^2, and an output time
POINT, RATE_SECONDS, OUTPUT = Work(calls=0.06), 7.5e-7, Work(calls=8e-4)
#: a step of the moments: calls, and seconds per value^2 of the matrices that pass through memory
MOMENT_STEP, MOMENT_SECONDS = Work(calls=4.5e-4), 1.3e-8
#: steps of all runs of the moments over those of the coarsest: that run, and one with halved steps
MOMENT_RUNS = 3
#: a step of the full equation: calls, and seconds per unknown beside the products
SPACE_STEP, UNKNOWN_SECONDS = Work(calls=6e-4), 2.4e-7


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and work of one point without solving it."""
    edges = make_edges(config)
    warnings = _complaints(config, material, edges)
    values = padded(len(VALLEYS) * (len(edges) - 1))
    matrices = 4 * 2 + 2 * 8
    facts = {"energy bins": f"{len(edges) - 1} per valley"}
    bytes_per_rank = BASE_BYTES + 8.0 * values**2 * matrices
    if config.space.dimension:
        return _with_space(Estimate(3 * values, bytes_per_rank, _rates(values), facts, warnings), config, material, edges, ranks)
    work = _rates(values)
    if not config.time.rates_only:
        work += _moments(values, len(_steps(config, np.inf)), 1 if config.uncertainty.samples else MOMENT_RUNS, config)
    if config.uncertainty.samples:
        work *= int(np.ceil(config.uncertainty.samples / ranks))
    return Estimate(3 * values, bytes_per_rank, work, facts, warnings)


def _rates(values: int) -> Work:
    return POINT + Work(arrays=RATE_SECONDS * values**2)


def _moments(values: int, steps: int, runs: int, config: Config) -> Work:
    """Return the work for runs of the moments and for what is read off them at the output times."""
    return (MOMENT_STEP + Work(memory=MOMENT_SECONDS * values**2)) * (steps * runs) + OUTPUT * len(make_stops(config))


def _with_space(alone: Estimate, config: Config, material: Material, edges: np.ndarray, ranks: int) -> Estimate:
    """Add the moments and the full equation to the estimate of the rates."""
    spatial = make_spatial_problem(config)
    values = padded(len(VALLEYS) * (len(edges) - 1))
    rows = tuple(count // (2 if spatial.mirror else 1) for count in spatial.grid.points)
    cells = int(np.prod(rows))
    unknowns = cells * len(labels(spatial.harmonics, spatial.grid.dimension)) * values
    steps = _steps(config, _longest_step(config, spatial, edges, material))
    cost = Work(products=PRODUCTS_PER_STEP * 2 * values * FLOP_SECONDS, memory=UNKNOWN_SECONDS)
    busiest = _busiest(rows, ranks)
    work = alone.work + _moments(values, len(steps), MOMENT_RUNS, config) + (SPACE_STEP + cost * (unknowns * busiest)) * len(steps)
    regions = 1 if spatial.regions is None else len(spatial.regions.offset_rv)
    kept = regions * (1 + min(len(np.unique(np.round(steps[:, 1], 9))), KEPT_SHIFTS))
    memory = alone.bytes_per_rank + 8.0 * unknowns * STATE_VECTORS * busiest + 8.0 * values**2 * (spatial.harmonics + 1) * (kept + 2)
    facts = alone.facts | {"cells": f"{cells}{' (mirror symmetry used)' if spatial.mirror else ''}", "steps": f"about {len(steps)}"}
    facts |= {"regions with rates of their own": f"{regions}"} if spatial.regions is not None else {}
    facts |= _borders(rows, spatial.mirror, ranks, 8 * unknowns // cells)
    return Estimate(unknowns, float(memory), work, facts, alone.warnings, refusal=_too_many(rows, ranks))


def _busiest(rows: tuple[int, ...], ranks: int) -> float:
    """Return the share of the cells that the rank with most of them has."""
    return 1 / ranks if _too_many(rows, ranks) else float(make_tiling(rows, ranks).cells().max() / np.prod(rows))


def _borders(rows: tuple[int, ...], mirror: bool, ranks: int, cell: int) -> dict[str, str]:
    """Return what the ranks send each other, which follows from the layout; `cell` is the size of a cell in bytes."""
    if ranks == 1 or np.prod(rows) > MOST_CELLS_COUNTED or _too_many(rows, ranks):
        return {}
    sent = border_traffic(make_tiling(rows, ranks), mirror)
    text = f"{sent.messages.max()} messages, {sent.cells.max() * cell / 1e6:.3f} MB, {PRODUCTS_PER_STEP} times per step"
    return {"sent per rank at most": text, "cells of the busiest rank over the mean": f"{_busiest(rows, ranks) * ranks:.2f}"}


def _too_many(rows: tuple[int, ...], ranks: int) -> str:
    """Return why so many ranks cannot share the cells, or ""."""
    try:
        check_ranks(rows, ranks)
    except ValueError as error:
        return str(error)
    return ""


def _complaints(config: Config, material: Material, edges: np.ndarray) -> list[str]:
    found = []
    try:
        energy_v = read_excitons(material, config.environment).energy_v
        check_edges(energy_v, edges, config.temperature)
        if config.space.dimension:
            spatial = make_spatial_problem(config)
            check_spot(spatial.grid, config.pulse.spot)
            check_local_energies(spatial, energy_v, edges, config.temperature)
    except ValueError as error:
        found.append(str(error))
    return found


def _steps(config: Config, longest: float) -> np.ndarray:
    return make_steps(levels_for(config.pulse.duration * PS_PER_FS, config.pulse.centre, 0, longest), make_stops(config))


def _longest_step(config: Config, spatial: SpatialProblem, edges: np.ndarray, material: Material) -> float:
    mass_v = read_excitons(material, config.environment).mass_v
    flight = STABLE_COURANT * spatial.grid.spacing / float(np.sqrt(2 * edges[-1] / mass_v.min()))
    return flight if spatial.gradient is None else 1 / (1 / flight + 1 / longest_drift_step(edges, mass_v, spatial.gradient))
