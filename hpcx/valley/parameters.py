"""The numbers of a material that the model needs, read once from its file and the environment's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hpcx.materials.loader import Material, MaterialError
from hpcx.physics.interaction import Interaction, interaction_of


@dataclass(frozen=True)
class PhononGroup:
    """A lumped branch: energy (eV) and deformation potential (eV/angstrom)."""

    energy: float
    coupling: float


@dataclass(frozen=True)
class Parameters:
    """Band edges, masses, screening and phonons of one monolayer in its environment.

    Attributes:
        exciton_energy: A exciton, eV.
        conduction_shift: band edge of the other K conduction branch from that of the A exciton, eV; negative in spin-dark
            monolayers.
        valence_splitting: A to B hole, eV.
        lambda_shift: band edge of the Lambda minimum from that of the A exciton's electron, eV.
        hole_masses: "A" and "B", m0.
        electron_masses: "A", "B" and "L" (Lambda), m0.
        velocity: a t of the k.p model, eV angstrom.
        dipole_gap: band gap in the dipole moment, eV.
        interaction: in the layer, lengths in angstrom.
        areal_density: kg/m^2; sound_velocity: angstrom/fs.
        acoustic: electron's and hole's deformation potential, eV.
        optical: electron's and hole's Gamma optical group (one energy).
        zone_edge: channel -> acoustic and optical group; channels "e:K-K'", "e:K-L", "e:K'-L", "h:K-K'".
        spin_flip_energies: phonons of a flip inside a valley and between valleys, eV.
    """

    exciton_energy: float
    conduction_shift: float
    valence_splitting: float
    lambda_shift: float
    hole_masses: dict[str, float]
    electron_masses: dict[str, float]
    velocity: float
    dipole_gap: float
    interaction: Interaction
    areal_density: float
    sound_velocity: float
    acoustic: tuple[float, float]
    optical: tuple[PhononGroup, PhononGroup]
    zone_edge: dict[str, tuple[PhononGroup, PhononGroup]]
    spin_flip_energies: tuple[float, float]


ZONE_EDGE_TABLES = {
    "e:K-K'": "electron_K_Kprime",
    "e:K-L": "electron_K_Lambda",
    "e:K'-L": "electron_Kprime_Lambda",
    "h:K-K'": "hole_K_Kprime",
}


def read_parameters(material: Material, environment: Material) -> Parameters:
    """Return the numbers of `material` in `environment`; raises MaterialError for what is missing, ValueError for surroundings that make no sense."""
    bands = _reader(material, "valley.bands.")
    phonons = _reader(material, "valley.phonons.")
    shift = _conduction_shift(material, bands("conduction_splitting", "eV"))
    return Parameters(
        exciton_energy=bands("exciton_energy", "eV"),
        conduction_shift=shift,
        valence_splitting=bands("valence_splitting", "eV"),
        lambda_shift=min(shift, 0.0) + bands("lambda_energy", "eV"),
        hole_masses={kind: bands(f"hole_{kind}_mass", "m0") for kind in "AB"},
        electron_masses={kind: bands(f"electron_{name}_mass", "m0") for kind, name in _ELECTRON_KINDS},
        velocity=bands("velocity", "eV*angstrom"),
        dipole_gap=bands("dipole_gap", "eV"),
        interaction=interaction_of(material.number("valley.screening.length", "angstrom"), environment, "angstrom"),
        areal_density=phonons("areal_density", "kg/m^2"),
        sound_velocity=phonons("sound_velocity", "angstrom/fs"),
        acoustic=(phonons("acoustic_electron", "eV"), phonons("acoustic_hole", "eV")),
        optical=(_optical(phonons, "electron"), _optical(phonons, "hole")),
        zone_edge={channel: _groups(phonons, table) for channel, table in ZONE_EDGE_TABLES.items()},
        spin_flip_energies=(phonons("spin_flip_intravalley_energy", "eV"), phonons("spin_flip_intervalley_energy", "eV")),
    )


_ELECTRON_KINDS = (("A", "A"), ("B", "B"), ("L", "lambda"))


def _reader(material: Material, prefix: str):
    return lambda key, unit: material.number(prefix + key, unit)


def _conduction_shift(material: Material, splitting: float) -> float:
    order: Literal["bright", "dark"] | str = material.text("bands.order")
    if order not in ("bright", "dark"):
        raise MaterialError(f"{material.name}: bands.order is {order!r}, must be 'bright' or 'dark'")
    return splitting if order == "bright" else -splitting


def _optical(phonons, carrier: str) -> PhononGroup:
    return PhononGroup(phonons("optical_energy", "eV"), phonons(f"optical_{carrier}", "eV/angstrom"))


def _groups(phonons, table: str) -> tuple[PhononGroup, PhononGroup]:
    acoustic, optical = (
        PhononGroup(phonons(f"{table}.{group}_energy", "eV"), phonons(f"{table}.{group}_coupling", "eV/angstrom")) for group in ("acoustic", "optical")
    )
    return acoustic, optical
