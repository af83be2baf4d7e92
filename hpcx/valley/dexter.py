"""Rates of Dexter transfer by the kernel of the input.

"lorentzian" and "detailed-balance" transfer excitons between the two species at fixed momentum
(`hpcx.valley.transfer_kernel`). With "phonon-assisted" energy is conserved: the coupling mixes the species, so that
the lower one contains a fraction |V / (E_upper - E_lower)|^2 of the upper one, whose hole is scattered by phonons. The
rate from the lower species to the final species of this hole scattering is that of hole scattering times the fraction,
with the energies of the lower and the final species. The upper species is never occupied.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.blocks import block_matrix, with_absorption
from hpcx.valley.config import Config
from hpcx.valley.mechanisms import phonon_hole
from hpcx.valley.phonon_kernel import SpeciesPair
from hpcx.valley.problem import Problem
from hpcx.valley.transfer_kernel import Pair, transfer_matrix


def dexter_matrix(problem: Problem, config: Config, pairs: list[Pair], phonon_out: np.ndarray) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs; `phonon_out` are the out-rates by phonons (size,) that dephase."""
    kernel = config.mechanisms.dexter_kernel
    if kernel == "phonon-assisted":
        return _assisted(problem, config, pairs)
    return transfer_matrix(problem, config, pairs, phonon_out, kernel == "detailed-balance")


def _assisted(problem: Problem, config: Config, pairs: list[Pair]) -> sparse.csr_matrix:
    """Return W of the hole scattering of the admixed upper species; absorption follows from detailed balance."""
    blocks: dict[tuple[int, int], np.ndarray] = {}
    edge = [species.edge for species in problem.species]
    for pair in pairs:
        lower, upper = sorted((pair.first, pair.second), key=lambda index: edge[index])
        share_i = (pair.element_i / (problem.energy(upper) - problem.energy(lower))) ** 2
        for final in phonon_hole.partners(problem, upper):
            form_squared = phonon_hole.form_squared(
                problem, SpeciesPair(upper, final, phonon_hole.NAME), config.approximation.hole_closure
            )
            onward = phonon_hole.emission(problem, lower, final, share_i[:, None, None] * form_squared)
            back = phonon_hole.emission(problem, final, lower, form_squared * share_i[:, None])
            for place, rate in (((final, lower), onward), ((lower, final), back)):
                blocks[place] = blocks.get(place, 0.0) + rate
    return with_absorption(problem, block_matrix(problem, blocks))
