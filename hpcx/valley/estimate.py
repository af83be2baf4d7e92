"""Size, memory and time of one point of the model `valley`, without solving anything."""

from __future__ import annotations

from hpcx.materials.loader import Material
from hpcx.parallel.machine import Work
from hpcx.registry import Estimate
from hpcx.valley.config import Config
from hpcx.valley.rates import COULOMB, PHONONS
from hpcx.valley.refusals import unknown_count
from hpcx.valley.species import species_count
from hpcx.valley.steps import step_count

#: measured on the reference machine (`hpcx.parallel.machine`): overhead of a point (set-up, polarisation, signals)
POINT = Work(calls=0.45)
#: a time step: overhead, and seconds per unknown^2 of its solves with stored factors
STEP, SOLUTION_SECONDS = Work(calls=3e-4), 6.8e-9
#: seconds per time step and unknown with saturation, which factors once per step, for one helicity after the other
SATURATED_SECONDS = 1.2e-4
#: seconds per entry of the kernels of the scattering integrals, and per unknown^2 of the slowest modes
KERNEL_SECONDS, MODES_SECONDS = 1.8e-6, 1.4e-7
#: interpreter with its libraries
BYTES_FIXED = 1.4e8
#: fraction of the cells to which one cell is coupled, and number of copies of matrices and factors
FILL, COPIES = 0.06, 12


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return the cost of one point, which uses one rank for any number of `ranks`."""
    species, unknowns = species_count(config.mechanisms.spin_flip), unknown_count(config)
    steps = step_count(config)
    kernels = config.momentum.points**2 * config.momentum.angles
    states = 2 * 3 * 8 * steps * unknowns
    factors = COPIES * 16 * FILL * unknowns**2
    saturated = config.approximation.saturation
    step = (
        Work(memory=SATURATED_SECONDS * unknowns) if saturated else STEP + Work(memory=SOLUTION_SECONDS * unknowns**2)
    )
    work = POINT + step * steps + Work(arrays=KERNEL_SECONDS * kernels + MODES_SECONDS * unknowns**2)
    return Estimate(
        unknowns=unknowns,
        bytes_per_rank=BYTES_FIXED + states + factors + 40 * 8 * kernels,
        work=work,
        facts={"species": str(species), "cells of the momentum": str(config.momentum.points), "time steps": str(steps)},
        warnings=_warnings(config) + ([f"a point uses one rank; {ranks - 1} have no work"] if ranks > 1 else []),
    )


def _warnings(config: Config) -> list[str]:
    on = config.mechanisms
    warnings = []
    if not any(getattr(on, name) for name in PHONONS):
        idle = [name for name in COULOMB if getattr(on, name)]
        warnings.append(f"no phonons: no population forms, so {', '.join(idle) or 'nothing'} cannot act on populations")
    if (
        on.spin_flip
        and config.spin_flip.law == "phonon"
        and config.spin_flip.intravalley == config.spin_flip.intervalley == 0
    ):
        warnings.append("mechanisms.spin_flip is on, but both deformation potentials in [spin_flip] are zero")
    if on.dexter_kernel != "lorentzian" and not (on.dexter_dark or on.dexter_intravalley):
        warnings.append("mechanisms.dexter_kernel has no effect: no Dexter transfer of populations is on")
    return warnings
