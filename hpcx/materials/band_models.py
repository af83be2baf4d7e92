"""The band models that an input can select: their classes and the numbers of the material that they need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class BandEntry:
    """A band model of the table.

    Attributes:
        place: module and class, as "hpcx.physics.bands:Dirac"; loaded when the bands are made (see
            `hpcx.physics.bands.BandModel`).
        keys: numbers of the material file that it needs.
        isotropic: whether its bands have all symmetries of the mesh, so that an estimate need not test them.
    """

    place: str
    keys: tuple[str, ...]
    isotropic: bool = False

    def lacking(self, masses: Collection[str]) -> list[str]:
        """Return the keys that are required apart from `masses` of the input ("electron_mass", "hole_mass")."""
        return [key for key in self.keys if key.rpartition(".")[2].replace("_A_", "_") not in masses]


#: by the name that an input gives in bands.model; the last one is made of a file (`hpcx.exciton.tight_binding`)
BAND_MODELS: dict[str, BandEntry] = {
    "dirac": BandEntry(
        "hpcx.physics.bands:Dirac",
        ("lattice.constant", "carriers.hopping", "carriers.gap", "carriers.valence_splitting"),
        True,
    ),
    "parabolic": BandEntry("hpcx.physics.bands:Parabolic", ("carriers.electron_A_mass", "carriers.hole_A_mass"), True),
    "tight-binding": BandEntry("hpcx.physics.valley_bands:TightBindingValleys", ()),
}
