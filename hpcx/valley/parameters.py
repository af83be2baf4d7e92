"""The numbers of a material that the model needs, read once from its file and the environment's."""

from __future__ import annotations

from dataclasses import dataclass

from hpcx.materials.environment import together
from hpcx.materials.loader import Material
from hpcx.physics.interaction import Interaction, layer_interaction
from hpcx.physics.phonons import Mode


@dataclass(frozen=True)
class Parameters:
    """Band edges, masses, screening and phonons of one monolayer in its environment.

    Attributes:
        exciton_energy: A exciton, eV.
        conduction_shift: band edge of the other K conduction branch from that of the A exciton, eV; negative in
            spin-dark monolayers.
        valence_splitting: A to B hole, eV.
        lambda_shift: band edge of the Lambda minimum from that of the A exciton's electron, eV.
        hole_masses: "A" and "B", m0.
        electron_masses: "A", "B" and "L" (Lambda), m0.
        velocity: a t of the k.p model, eV nm.
        dipole_gap: band gap in the dipole moment, eV.
        interaction: in the layer.
        mass_density: of the layer, eV fs^2/nm^4; sound_velocity: nm/fs.
        acoustic: electron's and hole's deformation potential, eV.
        optical: electron's and hole's Gamma optical group (one energy).
        zone_edge: carrier and valleys -> acoustic and optical group: "e:K-K'", "e:K-L", "e:K'-L", "h:K-K'".
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
    mass_density: float
    sound_velocity: float
    acoustic: tuple[float, float]
    optical: tuple[Mode, Mode]
    zone_edge: dict[str, tuple[Mode, Mode]]
    spin_flip_energies: tuple[float, float]


#: carrier and valleys -> their part of the keys of a material
ZONE_EDGE_PAIRS = {
    "e:K-K'": "electron_K_Kprime",
    "e:K-L": "electron_K_Lambda",
    "e:K'-L": "electron_Kprime_Lambda",
    "h:K-K'": "hole_K_Kprime",
}


def read_parameters(material: Material, environment: Material) -> Parameters:
    """Return the numbers of `material` in `environment`.

    Raises MaterialError for missing numbers and ValueError for an unphysical environment.
    """
    number = material.number
    shift = number("carriers.conduction_splitting", "eV") * (1 if material.text("carriers.order") == "bright" else -1)
    return Parameters(
        exciton_energy=number("optics.exciton_A_energy", "eV"),
        conduction_shift=shift,
        valence_splitting=number("carriers.valence_splitting", "eV"),
        lambda_shift=min(shift, 0.0) + number("carriers.Lambda_energy", "eV"),
        hole_masses={kind: number(f"carriers.hole_{kind}_mass", "m0") for kind in "AB"},
        electron_masses={kind[0]: number(f"carriers.electron_{kind}_mass", "m0") for kind in ("A", "B", "Lambda")},
        velocity=number("carriers.hopping", "eV") * number("lattice.constant", "nm"),
        dipole_gap=number("optics.dipole_gap", "eV"),
        interaction=layer_interaction(
            material,
            together(environment, "exchange and optical transitions are implemented for pairs in one sheet only"),
        ),
        mass_density=number("lattice.mass_density", "eV*fs^2/nm^4"),
        sound_velocity=number("phonons.acoustic.velocity_LA", "nm/fs"),
        acoustic=(
            number("phonons.acoustic.electron_potential_K", "eV"),
            number("phonons.acoustic.hole_potential", "eV"),
        ),
        optical=(
            _mode(material, "optical.", "electron_"),
            _mode(material, "optical.", "hole_"),
        ),
        zone_edge={
            name: (_mode(material, f"lumped.{pair}.acoustic_"), _mode(material, f"lumped.{pair}.optical_"))
            for name, pair in ZONE_EDGE_PAIRS.items()
        },
        spin_flip_energies=(
            number("phonons.spin_flip.intravalley_energy", "eV"),
            number("phonons.spin_flip.intervalley_energy", "eV"),
        ),
    )


def _mode(material: Material, group: str, carrier: str = "") -> Mode:
    return Mode(
        material.number(f"phonons.{group}energy", "eV"), material.number(f"phonons.{group}{carrier}potential", "eV/nm")
    )
