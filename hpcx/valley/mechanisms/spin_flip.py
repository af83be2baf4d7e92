"""Spin flips of single electrons, assisted by phonons, by phenomenological laws.

Law "phonon": the one-phonon kernel with constants of its own, inside a valley (chiral Gamma5 mode; Lagarde et al., PRB
110, 195403 (2024)) and between opposite spins of K and K' (zone-edge mode). Law "activated": a transfer at fixed
momentum with an Arrhenius law of free strength and activation energy, along one of these two paths.
Conserves: particles, holes; the Boltzmann distribution is stationary. Changes the spin by one.
Open questions: which law holds; neither constant is calculated. Needs all 24 species.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.physics.phonons import Mode
from hpcx.valley.blocks import block_matrix, with_absorption
from hpcx.valley.config import Config, SpinFlip
from hpcx.valley.phonon_kernel import SpeciesPair, electron_emission, phonon_matrix
from hpcx.valley.problem import Problem
from hpcx.valley.species import Species

INSIDE, BETWEEN = "flip inside", "flip between"
#: temperature (K) at which the strength of the Arrhenius law is given
REFERENCE_TEMPERATURE = 300.0


def matrix(problem: Problem, config: Config) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs."""
    flip = config.spin_flip.internal
    if flip.law == "activated":
        return _activated(problem, flip)
    inside, between = problem.parameters.spin_flip_energies
    groups = {INSIDE: Mode(inside, flip.intravalley), BETWEEN: Mode(between, flip.intervalley)}
    return phonon_matrix(problem, _pairs(problem), lambda pair: electron_emission(problem, pair, [groups[pair.name]]))


def _pairs(problem: Problem) -> list[SpeciesPair]:
    numbered = list(enumerate(problem.species))
    pairs = [(i, f, _name(a, b)) for i, a in numbered for f, b in numbered]
    return [SpeciesPair(i, f, name) for i, f, name in pairs if name]


def _name(a: Species, b: Species) -> str:
    """Return the kind of flip of the electron, within or between K and K', that connects two species; "" for none."""
    if a.hole != b.hole or a.electron.spin == b.electron.spin or "L" in (a.electron.kind, b.electron.kind):
        return ""
    return INSIDE if a.electron.valley == b.electron.valley else BETWEEN


def _activated(problem: Problem, flip: SpinFlip) -> sparse.csr_matrix:
    """Return W of the Arrhenius law; absorption follows from detailed balance."""
    inverse = 1.0 / problem.thermal_energy - 1.0 / (BOLTZMANN_EV_PER_K * REFERENCE_TEMPERATURE)
    rate = flip.rate * np.exp(-flip.activation * inverse)
    name = INSIDE if flip.path == "intravalley" else BETWEEN
    pairs = [(c.final, c.initial) for c in _pairs(problem) if c.name == name]
    edge = [species.edge for species in problem.species]
    downhill = [(f, i) for f, i in pairs if (edge[f], f) < (edge[i], i)]
    blocks = {pair: rate * np.eye(problem.grid.cells) for pair in downhill}
    return with_absorption(problem, block_matrix(problem, blocks))
