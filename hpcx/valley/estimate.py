"""Size, memory and time of one point of the model `valley`, without solving anything."""

from __future__ import annotations

from hpcx.materials.loader import Material
from hpcx.registry import Estimate
from hpcx.valley.config import Config
from hpcx.valley.rates import COULOMB, PHONONS
from hpcx.valley.refusals import unknown_count
from hpcx.valley.species import species_count
from hpcx.valley.steps import step_count

#: measured on one core of a common server: per step and unknown, per entry of the kernels, and the rest (s)
SECONDS_PER_STEP_UNKNOWN = 2.6e-6
#: the same with saturation, which factors once per step and runs the helicities one by one
SECONDS_PER_SATURATED_STEP_UNKNOWN = 1.2e-4
SECONDS_PER_KERNEL_ENTRY = 3e-8
SECONDS_FIXED = 0.4
#: interpreter with its libraries
BYTES_FIXED = 2.0e8
#: share of the cells that one cell is coupled to, and copies of matrices and factors
FILL, COPIES = 0.06, 12


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return what one point costs; it uses one rank, whatever `ranks` is."""
    species, unknowns = species_count(config.mechanisms.spin_flip), unknown_count(config)
    steps = step_count(config)
    kernels = config.momentum.points**2 * config.momentum.angles
    states = 2 * 3 * 8 * steps * unknowns
    factors = COPIES * 16 * FILL * unknowns**2
    per_step = SECONDS_PER_SATURATED_STEP_UNKNOWN if config.approximation.saturation else SECONDS_PER_STEP_UNKNOWN
    seconds = SECONDS_FIXED + per_step * steps * unknowns + SECONDS_PER_KERNEL_ENTRY * 60 * kernels
    return Estimate(
        unknowns=unknowns,
        bytes_per_rank=BYTES_FIXED + states + factors + 40 * 8 * kernels,
        seconds=seconds,
        facts={"species": str(species), "cells of the momentum": str(config.momentum.points), "time steps": str(steps)},
        warnings=_warnings(config) + ([f"a point uses one rank; {ranks - 1} have no work"] if ranks > 1 else []),
    )


def _warnings(config: Config) -> list[str]:
    on = config.mechanisms
    warnings = []
    if not any(getattr(on, name) for name in PHONONS):
        idle = [name for name in COULOMB if getattr(on, name)]
        warnings.append(f"no phonons: no population forms, so {', '.join(idle) or 'nothing'} cannot act on populations")
    if on.spin_flip and config.spin_flip.law == "phonon" and config.spin_flip.intravalley == config.spin_flip.intervalley == 0:
        warnings.append("mechanisms.spin_flip is on, but both deformation potentials in [spin_flip] are zero")
    if on.dexter_kernel == "detailed-balance" and not (on.dexter_dark or on.dexter_intravalley):
        warnings.append("mechanisms.dexter_kernel has no effect: no Dexter transfer of populations is on")
    return warnings
