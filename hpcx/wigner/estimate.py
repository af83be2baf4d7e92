"""Cost of a run of the model `wigner`; measured on the reference machine (`hpcx.parallel.machine`)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hpcx.materials.loader import Material
from hpcx.parallel.machine import Work
from hpcx.parallel.tiling import border_traffic, check_ranks, make_tiling
from hpcx.petsc.imex import KEPT_SHIFTS
from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.physics.valley_excitons import VALLEYS, Excitons
from hpcx.registry import Estimate
from hpcx.wigner.config import Config
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.problem import make_edges, make_times
from hpcx.wigner.processes import fastest_exchange
from hpcx.wigner.rates import padded
from hpcx.wigner.space.advection import labels
from hpcx.wigner.space.problem import SpatialProblem, longest_stable_step, make_spatial_problem
from hpcx.wigner.time_steps import TIME_DIGITS, levels_for, make_steps

#: interpreter with its libraries, bytes
BASE_BYTES = 200e6
#: memory of integrator and ghosts in vectors of the size of the state
STATE_VECTORS = 31
#: on larger grids messages are not counted: that would take seconds
MOST_CELLS_COUNTED = 250_000
#: matrix products per step, and seconds per operation of one
PRODUCTS_PER_STEP, FLOP_SECONDS = 6, 1.7e-11
#: a point; its rates and stationary numbers, per value^2; an output time
POINT, RATE_SECONDS, OUTPUT = Work(calls=0.06), 7.5e-7, Work(calls=8e-4)
#: a step of the moments: calls, and seconds per value^2 for reading the matrices from memory
MOMENT_STEP, MOMENT_SECONDS = Work(calls=4.5e-4), 1.3e-8
#: a step of the full equation: calls, and seconds per unknown beside the products
SPACE_STEP, UNKNOWN_SECONDS = Work(calls=6e-4), 2.4e-7
#: a region: its rates, and seconds per value^2 of them; its share of an output time; of every product: calls, seconds
#: per byte of its matrices and per unknown
REGION, REGION_SECONDS, REGION_OUTPUT = Work(calls=0.017), 2.7e-7, Work(calls=4e-4)
REGION_PRODUCT, BYTE_SECONDS, SCALED_SECONDS = Work(calls=2e-5), 1e-10, 1.5e-8
#: error of the coarsest steps (measured: 5e-6 to 5e-4)
COARSE_ERROR = 4e-5


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and work of one point without solving it."""
    edges = make_edges(config)
    excitons = read_excitons(material, config.environment)
    values = padded(len(VALLEYS) * (len(edges) - 1))
    matrices = 4 * 2 + 2 * 8
    facts = {"energy bins": f"{len(edges) - 1} per valley"}
    bytes_per_rank = BASE_BYTES + 8.0 * values**2 * matrices
    alone = Estimate(3 * values, bytes_per_rank, POINT + Work(arrays=RATE_SECONDS * values**2), facts)
    if config.space.dimension:
        return _with_space(alone, config, excitons, edges, ranks)
    samples = config.uncertainty.samples
    work = alone.work
    if not config.time.rates_only:
        schedules = _schedules(config, np.inf)
        work += _moments(values, len(schedules[0]) if samples else sum(map(len, schedules)), config)
    return replace(alone, work=work * math.ceil(samples / ranks) if samples else work)


def _moments(values: int, steps: int, config: Config) -> Work:
    """Return the work for steps of the moments and for the observables at the output times."""
    return (MOMENT_STEP + Work(memory=MOMENT_SECONDS * values**2)) * steps + OUTPUT * len(make_times(config).stops)


def _with_space(alone: Estimate, config: Config, excitons: Excitons, edges: np.ndarray, ranks: int) -> Estimate:
    """Add the moments and the full equation to the estimate of the rates."""
    spatial = make_spatial_problem(config)
    values = padded(len(VALLEYS) * (len(edges) - 1))
    rows = tuple(count // (2 if spatial.mirror else 1) for count in spatial.grid.points)
    cells = int(np.prod(rows))
    unknowns = cells * len(labels(spatial.harmonics, spatial.grid.dimension)) * values
    schedules = _schedules(config, _longest_step(config, spatial, edges, excitons))
    steps = schedules[-2]  # the coarsest whose error is known
    cost = Work(products=PRODUCTS_PER_STEP * 2 * values * FLOP_SECONDS, memory=UNKNOWN_SECONDS)
    busiest = _busiest(rows, ranks)
    facts = alone.facts | {
        "cells": f"{cells}{' (mirror symmetry used)' if spatial.mirror else ''}",
        "steps": f"about {len(steps)}",
    }
    work = alone.work + _moments(values, sum(map(len, schedules)), config)
    step, regions = SPACE_STEP + cost * (unknowns * busiest), 1
    if spatial.regions is not None:
        regions = len(spatial.regions.offset_rv)
        own = min(regions, math.ceil(cells * busiest))
        work += (REGION + Work(arrays=REGION_SECONDS * values**2)) * math.ceil(regions / ranks)
        work += REGION_OUTPUT * (own * len(make_times(config).stops))
        step += _region_step(spatial, values, own, unknowns * busiest)
        facts["regions with separate rates"] = f"{regions}"
    messages, sending = _borders(rows, spatial.mirror, ranks, 8 * unknowns // cells)
    kept = regions * (1 + min(len(np.unique(np.round(steps[:, 1], TIME_DIGITS))), KEPT_SHIFTS))
    memory = alone.bytes_per_rank + 8.0 * unknowns * STATE_VECTORS * busiest
    memory += 8.0 * values**2 * (spatial.harmonics + 1) * (kept + 2)
    work += (step + sending) * len(steps)
    return Estimate(unknowns, float(memory), work, facts | messages, refusal=_too_many(rows, ranks))


def _region_step(spatial: SpatialProblem, values: int, own: int, unknowns: float) -> Work:
    """Return the additional work of a step if products use the matrices of `own` regions in turn."""
    product = REGION_PRODUCT + Work(memory=BYTE_SECONDS * 8.0 * (spatial.harmonics + 1) * values**2)
    return (product * own + Work(memory=SCALED_SECONDS * unknowns)) * PRODUCTS_PER_STEP


def _busiest(rows: tuple[int, ...], ranks: int) -> float:
    """Return the largest fraction of the cells that a rank has."""
    return 1 / ranks if _too_many(rows, ranks) else float(make_tiling(rows, ranks).cells().max() / np.prod(rows))


def _borders(rows: tuple[int, ...], mirror: bool, ranks: int, cell: int) -> tuple[dict[str, str], Work]:
    """Return facts about the messages between ranks, and their time per step; `cell` is the size of a cell in bytes."""
    if ranks == 1 or np.prod(rows) > MOST_CELLS_COUNTED or _too_many(rows, ranks):
        return {}, Work()
    sent = border_traffic(make_tiling(rows, ranks), mirror)
    text = f"{sent.messages.max()} messages, {sent.cells.max() * cell / 1e6:.3f} MB, {PRODUCTS_PER_STEP} times per step"
    facts = {
        "sent per rank at most": text,
        "cells of the busiest rank over the mean": f"{_busiest(rows, ranks) * ranks:.2f}",
    }
    return facts, Work.sending(float(sent.messages.max()), float(sent.cells.max()) * cell) * PRODUCTS_PER_STEP


def _too_many(rows: tuple[int, ...], ranks: int) -> str:
    """Return why the cells cannot be distributed over so many ranks, or ""."""
    try:
        check_ranks(rows, ranks)
    except ValueError as error:
        return str(error)
    return ""


def _schedules(config: Config, longest: float) -> list[np.ndarray]:
    """Return the steps of the runs of the moments: they are halved from run to run until the error is small enough."""
    stops, pulse = make_times(config).stops, config.internal.pulse
    # errors are proportional to the fourth power of the steps
    halvings = max(1, 1 + round(math.log(COARSE_ERROR / config.time.tolerance, 16)))
    levels = (levels_for(pulse.duration, pulse.centre, halved, longest) for halved in range(halvings + 1))
    return [make_steps(level, stops) for level in levels]


def _longest_step(config: Config, spatial: SpatialProblem, edges: np.ndarray, excitons: Excitons) -> float:
    """Return the longest stable step, fs, as in a run, with an intervalley scattering rate that needs no matrices."""
    kT = BOLTZMANN_EV_PER_K * config.temperature
    scatters = spatial.regions is not None and config.mechanisms.intervalley
    return longest_stable_step(
        spatial, edges, excitons.mass_v, kT, fastest_exchange(excitons, float(edges[-1]), kT) if scatters else 0.0
    )
