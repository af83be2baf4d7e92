"""Two-dimensional momenta: the exchange keeps its angular coherences instead of a rate.

Exchange couples Q of one valley to Q of the other by J_Q = |J| exp(-2 i theta). Between a species a and its mirror
image b it builds the coherence C_Q = i exp(-2 i theta) c_Q, and

    dn_a/dt = -(2 / hbar) |J| c,   dc/dt = (|J| / hbar)(n_a - n_b) - (g / hbar) c + in-scattering

(Maialle, de Andrada e Silva, Sham, PRB 47, 15776 (1993)). Rotation of the plane is a symmetry, so that populations stay
isotropic and c depends only on |Q|: populations with angular momentum 0 and coherences with angular momentum 2 form a
closed system, which is the whole two-dimensional problem for a pump at normal incidence. In-scattering by intravalley
phonons transfers c with a factor cos(2 theta), where theta is the scattering angle. Phonons that move a carrier to
another valley add a phase, and their in-scattering averages to zero.

The rate of the one-dimensional model follows if c is eliminated adiabatically and phonon scattering is isotropic.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.physics.constants import HBAR
from hpcx.valley.blocks import generator, out_rate
from hpcx.valley.config import Config
from hpcx.valley.mechanisms import exchange, phonon_intravalley
from hpcx.valley.problem import Problem
from hpcx.valley.rates import Rates
from hpcx.valley.transfer_kernel import Pair, coherence_width


def extended_generator(problem: Problem, config: Config, rates: Rates) -> sparse.csr_matrix:
    """Return the generator of populations and exchange coherences (size + pairs * cells, the same), 1/fs."""
    others = generator(rates.without("exchange"))
    out = out_rate(rates.phonons())
    pairs = exchange.pairs(problem)
    couplings = [coupling_cn(problem, pair) for pair in pairs]
    decays = [coherence_decay(problem, config, pair, out) for pair in pairs]
    rise = sparse.vstack(couplings)
    return sparse.bmat([[others, -2.0 * rise.T], [rise, sparse.block_diag(decays)]], format="csr")


def coupling_cn(problem: Problem, pair: Pair) -> sparse.csr_matrix:
    """Return |J| / hbar on the first species of a pair and minus that on the second (cells, size), 1/fs."""
    coupling = sparse.lil_matrix((problem.grid.cells, problem.size))
    coupling[:, problem.cells_of(pair.first)] = np.diag(pair.element_i / HBAR)
    coupling[:, problem.cells_of(pair.second)] = np.diag(-pair.element_i / HBAR)
    return coupling.tocsr()


def coherence_decay(problem: Problem, config: Config, pair: Pair, phonon_out: np.ndarray) -> np.ndarray:
    """Return the matrix (cells, cells) in 1/fs that acts on c: dephasing and in-scattering of the second harmonic."""
    decay = -np.diag(coherence_width(problem, config, pair, phonon_out) / HBAR)
    if not (config.momentum.coherence_in_scattering and config.mechanisms.phonon_intravalley):
        return decay
    within_cell = np.diag(np.diag(phonon_intravalley.rate_with_cell(problem, config, pair.first, 0)))
    return decay - within_cell + phonon_intravalley.rate_with_cell(problem, config, pair.first, 2)


def coherence_count(problem: Problem, config: Config) -> int:
    """Return the number of coherences in the state; zero in one dimension and without exchange."""
    if config.momentum.dimension == 1 or not config.mechanisms.exchange:
        return 0
    return len(exchange.pairs(problem)) * problem.grid.cells
