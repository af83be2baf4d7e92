"""What a run of the model `wigner` will cost."""

from __future__ import annotations

from hpcx.materials.loader import Material
from hpcx.registry import Estimate
from hpcx.wigner.config import Config
from hpcx.wigner.parameters import VALLEYS
from hpcx.wigner.problem import make_edges
from hpcx.wigner.rates import padded

#: interpreter with its libraries, bytes
BASE_BYTES = 200e6
#: seconds per step and per matrix entry of the moments (six stages, three blocks, memory-bound)
SECONDS_PER_ENTRY = 2.5e-9
#: steps of the moments to 150 ps, both schedules that are compared
MOMENT_STEPS = 4000


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and time of one point without solving it."""
    bins = len(make_edges(config)) - 1
    values = padded(len(VALLEYS) * bins)
    matrices = 4 * 2 + 2 * 8
    return Estimate(
        unknowns=3 * values,
        bytes_per_rank=BASE_BYTES + 8.0 * values**2 * matrices,
        seconds=1.0 + MOMENT_STEPS * SECONDS_PER_ENTRY * values**2,
        facts={"energy bins": f"{bins} per valley"},
    )
