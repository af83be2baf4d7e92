"""All rate matrices of one point; points of a sweep share those of phonons.

Phonon matrices depend only on material, temperature and grid, and are kept for the other points of the sweep. Coulomb
matrices are cheap and depend, through the dephasing, on the enabled phonons, so each point computes its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scipy import sparse

from hpcx.parallel.fingerprint import Excerpt
from hpcx.parallel.shared_tables import SharedTable
from hpcx.valley.blocks import generator, out_rate
from hpcx.valley.config import Config
from hpcx.valley.mechanism_sets import SWITCHES
from hpcx.valley.mechanisms import (
    dexter_dark,
    dexter_intravalley,
    exchange,
    phonon_electron,
    phonon_hole,
    phonon_intravalley,
    rashba,
    spin_flip,
)
from hpcx.valley.problem import Problem

#: phonons, which dephase polarisations and form populations; then mechanisms that only transfer population
PHONONS = {"phonon_intravalley": phonon_intravalley, "phonon_electron": phonon_electron, "phonon_hole": phonon_hole}
FLIPS = {"spin_flip": spin_flip}
COULOMB = {
    "exchange": exchange,
    "dexter_intravalley": dexter_intravalley,
    "dexter_dark": dexter_dark,
}
#: input keys that phonon matrices do not depend on: points that differ only in these share them. Material, temperature
#: and environment enter through the problem. A key that is not listed, as a new one, makes matrices different
UNSEEN = (
    *("title", "output", "petsc", "material", "parameters", "temperature", "environment"),
    *("pump", "probe", "time", "modes", "flow", "dexter", "dephasing"),
    *(f"mechanisms.{key}" for key in ("set", *SWITCHES, "dexter_kernel", "offresonant_drive", "exchange_short_range")),
)


@dataclass(frozen=True)
class Rates:
    """The rate matrices W of the enabled mechanisms by name (size, size), 1/fs; a mechanism that is off has none.

    `dephasing` names those that dephase polarisations and form populations from them.
    """

    size: int
    matrices: dict[str, sparse.csr_matrix]
    dephasing: tuple[str, ...] = tuple(PHONONS)

    def phonons(self) -> sparse.csr_matrix:
        """Return the sum of the mechanisms that dephase polarisations and form populations."""
        return self.sum_of(self.dephasing)

    def total(self) -> sparse.csr_matrix:
        """Return the sum of all mechanisms."""
        return self.sum_of(self.matrices)

    def without(self, name: str) -> sparse.csr_matrix:
        """Return the sum of all mechanisms but one."""
        return self.sum_of([other for other in self.matrices if other != name])

    def generator(self) -> sparse.csr_matrix:
        """Return the generator of all mechanisms."""
        return generator(self.total())

    def sum_of(self, names: Iterable[str]) -> sparse.csr_matrix:
        """Return the sum of the named mechanisms, as far as they are enabled."""
        chosen = [self.matrices[name] for name in names if name in self.matrices]
        return sum(chosen, sparse.csr_matrix((self.size, self.size)))


def build_rates(problem: Problem, config: Config, shared: dict[str, Any]) -> Rates:
    """Return the matrices of the enabled mechanisms; those of phonons are kept in `shared`."""
    enabled, by_mixing = config.mechanisms, config.spin_flip.law == "rashba"
    matrices = {}
    for name in (*PHONONS, *(() if by_mixing else FLIPS)):
        if getattr(enabled, name):
            matrices[name] = phonon_table(problem, config, name).take(shared)
    rates = Rates(problem.size, matrices, (*PHONONS, *(FLIPS if config.spin_flip.dephases else ())))
    dephasing = out_rate(rates.phonons())
    if config.dephasing.within_cells and enabled.phonon_intravalley:
        dephasing = dephasing + phonon_intravalley.within_cells(problem, config)
    if enabled.spin_flip and by_mixing:
        matrices["spin_flip"] = rashba.matrix(problem, config, dephasing)
    for name, mechanism in COULOMB.items():
        if getattr(enabled, name):
            matrices[name] = mechanism.matrix(problem, config, dephasing)
    return rates


def phonon_table(problem: Problem, config: Config, name: str) -> SharedTable:
    """Return the matrix of the phonon mechanism `name` as a table that points share."""
    mechanism = {**PHONONS, **FLIPS}[name]
    unseen = UNSEEN if name in FLIPS else (*UNSEEN, "spin_flip")
    return SharedTable(f"valley/{name}", mechanism.matrix, (problem, Excerpt(config, unseen)))
