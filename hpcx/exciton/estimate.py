"""What an exciton run will cost."""

from __future__ import annotations

import math

from hpcx.exciton.config import Config
from hpcx.exciton.problem import DENSE_LIMIT, coarse_mesh
from hpcx.exciton.tight_binding import load_model, pair_momenta
from hpcx.materials.loader import Material
from hpcx.physics.mesh import count_points
from hpcx.registry import Estimate

#: resident memory of the interpreter with all libraries, bytes (measured)
BASE_BYTES = 1.4e8
#: seconds per entry and level of a padded FFT with its elementwise work, one core (measured)
FFT_SECONDS = 1.1e-9
#: seconds per complex multiplication of small factors with arrays on the zone, and per orbital^3 of a diagonalisation (measured)
ORBITAL_SECONDS, DIAGONALISATION_SECONDS = 4e-9, 4e-9
#: products for the lowest state, and for each further one, at the default tolerance (measured)
FIRST_PRODUCTS, NEXT_PRODUCTS = 60, 12


def products(states: int) -> int:
    """Return about how many products the eigensolver needs for a number of states."""
    return FIRST_PRODUCTS + NEXT_PRODUCTS * (states - 1)


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and time of an exciton run; times are those of one core at about 60 GF/s in matrix products."""
    if config.mesh.region == "zone":
        return _zone(config, ranks)
    n = count_points(config.mesh.N, config.mesh.k0)
    facts = {"mesh points": str(n), "method": "dense matrix" if n <= DENSE_LIMIT else "matrix-free FFT"}
    if n <= DENSE_LIMIT:
        return Estimate(n, BASE_BYTES + 64.0 * n**2, 1e-9 * n**3, facts, coarse_mesh(config.mesh))
    padded = 4 * (4 / 3 / 0.68) * 4 * n
    seconds = products(config.solver.states) * FFT_SECONDS * 2 * padded * math.log2(padded) / min(ranks, 4)
    memory = BASE_BYTES + 16 * padded / min(ranks, 4) + 16 * n * (20 + 2 * config.solver.states)
    return Estimate(n, memory, seconds, facts, coarse_mesh(config.mesh))


def _zone(config: Config, ranks: int) -> Estimate:
    """Return the cost of pairs on the whole zone: two transforms for every pair of orbitals, for each pair momentum."""
    model, zone, n = load_model(config.tight_binding), config.zone, config.mesh.N
    momenta, pairs = len(pair_momenta(config, model)), zone.valence * zone.conduction
    workers = min(ranks, model.orbitals)
    per_product = model.orbitals**2 * n**2 * (2 * FFT_SECONDS * 2 * math.log2(n) + ORBITAL_SECONDS * (zone.valence + 1)) / workers
    per_product += ORBITAL_SECONDS * model.orbitals * n**2 * pairs / workers
    count = products(config.solver.states)
    seconds = momenta * (count * per_product + DIAGONALISATION_SECONDS * n**2 * model.orbitals**3)
    states = 16.0 * n**2 * model.orbitals * (model.orbitals + zone.valence + zone.conduction)
    memory = BASE_BYTES + 2 * states + 8.0 * model.orbitals**2 * n**2 + 16.0 * n**2 * pairs * (4 + (28 + 2 * config.solver.states) / ranks)
    facts = {
        "orbitals": str(model.orbitals),
        "pair momenta": str(momenta),
        "products": f"about {count} per pair momentum",
        "method": "matrix-free FFT on the whole zone",
    }
    idle = [f"{ranks - model.orbitals} ranks have no orbital of the electron to work on"] if ranks > model.orbitals else []
    return Estimate(n**2 * pairs, memory, seconds, facts, idle)
