"""What an exciton run will cost."""

from __future__ import annotations

import math

from hpcx.exciton.config import Config
from hpcx.exciton.problem import DENSE_LIMIT, material_mesh
from hpcx.materials.loader import Material
from hpcx.registry import Estimate

#: resident memory of the interpreter with all libraries, bytes (measured)
BASE_BYTES = 1.4e8
#: seconds per entry and level of a padded FFT with its elementwise work, one core (measured)
FFT_SECONDS = 1.1e-9
#: products for the lowest state, and for each further one, at the default tolerance (measured)
FIRST_PRODUCTS, NEXT_PRODUCTS = 60, 12


def products(states: int) -> int:
    """Return about how many products the eigensolver needs for a number of states."""
    return FIRST_PRODUCTS + NEXT_PRODUCTS * (states - 1)


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and time of an exciton run; times are those of one core at about 60 GF/s in matrix products."""
    n = material_mesh(config.mesh, material).size
    facts = {"mesh points": str(n), "method": "dense matrix" if n <= DENSE_LIMIT else "matrix-free FFT"}
    if n <= DENSE_LIMIT:
        return Estimate(n, BASE_BYTES + 64.0 * n**2, 1e-9 * n**3, facts)
    padded = 4 * (4 / 3 / 0.68) * 4 * n
    seconds = products(config.solver.states) * FFT_SECONDS * 2 * padded * math.log2(padded) / min(ranks, 4)
    memory = BASE_BYTES + 16 * padded / min(ranks, 4) + 16 * n * (20 + 2 * config.solver.states)
    return Estimate(n, memory, seconds, facts)
