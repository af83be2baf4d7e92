"""Zone-edge phonons that move the electron between K, K' and Lambda; the hole stays.

Source: Selig et al., 2D Mater. 5, 035017 (2018); phonon energies after Jin et al., PRB 90, 045422 (2014), lumped into
an acoustic and an optical group.
Conserves: both spins, the hole; the Boltzmann distribution is stationary.
Open questions: the deformation potentials are known within a factor of about two.
"""

from __future__ import annotations

from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.phonon_kernel import SpeciesPair, electron_emission, phonon_matrix
from hpcx.valley.problem import Problem
from hpcx.valley.species import Carrier


def matrix(problem: Problem, config: Config) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs."""
    return phonon_matrix(
        problem,
        pairs(problem),
        lambda pair: electron_emission(problem, pair, problem.parameters.zone_edge[pair.name]),
    )


def pairs(problem: Problem) -> list[SpeciesPair]:
    """Return all ordered pairs of species that differ in the electron's valley alone."""
    numbered = list(enumerate(problem.species))
    return [
        SpeciesPair(i, f, _name(a.electron, b.electron))
        for i, a in numbered
        for f, b in numbered
        if a.hole == b.hole and a.electron.spin == b.electron.spin and a.electron.valley != b.electron.valley
    ]


def _name(first: Carrier, second: Carrier) -> str:
    if "L" not in (first.kind, second.kind):
        return "e:K-K'"
    return "e:K-L" if first.side == second.side else "e:K'-L"
