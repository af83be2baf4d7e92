"""Checks of an input that a run would fail: energy bins, detuning, cells, spot, landscape, number of time steps."""

from __future__ import annotations

import numpy as np

from hpcx.materials.loader import Material
from hpcx.registry import Refusal, tried
from hpcx.wigner.config import Config
from hpcx.wigner.parameters import interaction, read_excitons
from hpcx.wigner.problem import check_edges, detuning_of, make_edges, make_times
from hpcx.wigner.source import check_detuning
from hpcx.wigner.space.drift import longest_drift_step
from hpcx.wigner.space.problem import check_local_energies, make_spatial_problem
from hpcx.wigner.space.resolution_checks import check_spot
from hpcx.wigner.time_steps import levels_for, make_steps


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return the errors that a run of this input would end with."""
    _, found = tried("environment", config.environment, lambda: interaction(material, config.environment))
    if found:
        return found
    excitons, found = tried("material", config.material, lambda: read_excitons(material, config.environment))
    edges, wrong = tried("momentum", "energy bins", lambda: make_edges(config))
    found += wrong
    if not found:
        found += tried("momentum", "energy bins", lambda: check_edges(excitons.energy_v, edges, config.temperature))[1]
    if not found:
        detuned = lambda: check_detuning(excitons, edges, detuning_of(config, material), config.internal.pulse.duration)
        found += tried("pulse.photon_energy", str(config.pulse.photon_energy), detuned)[1]
    if found or config.time.rates_only:
        return found
    if not config.space.dimension:
        return _steps(config, np.inf)
    spatial, found = tried("space", "cells", lambda: make_spatial_problem(config))
    if found:
        return found
    found = tried(
        "space.points", str(config.space.points), lambda: check_spot(spatial.grid, config.internal.pulse.spot)
    )[1]
    local = lambda: check_local_energies(spatial, excitons.energy_v, edges, config.temperature)
    found += tried("landscape", config.landscape.kind, local)[1]
    longest = np.inf if spatial.gradient is None else longest_drift_step(edges, excitons.mass_v, spatial.gradient)
    return found + _steps(config, longest)


def _steps(config: Config, longest: float) -> list[Refusal]:
    """Return the errors of the coarsest time steps, which are no longer than `longest` (fs)."""
    pulse, stops = config.internal.pulse, make_times(config).stops
    return tried("time", "steps", lambda: make_steps(levels_for(pulse.duration, pulse.centre, 0, longest), stops))[1]
