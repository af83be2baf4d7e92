"""What the numbers and words of a material file mean: for templates and tables."""

from __future__ import annotations

from fnmatch import fnmatchcase

#: by pattern of the dotted key; the first that fits counts. {0}, {1}, ... are what stands in place of the stars
_MEANINGS: dict[str, str] = {
    "lattice.constant": "lattice constant a",
    "bands.hopping": "hopping t of the massive Dirac model; a t is the velocity of its bands",
    "bands.gap": "gap Delta of the massive Dirac model, which sets masses and overlaps; not the gap of the spectrum",
    "bands.valence_splitting": "splitting 2 lambda of the valence bands at K",
    "bands.order": 'which conduction band at K is lower: of the spin of the upper valence band ("bright") or of the other ("dark")',
    "screening.polarizability": "two-dimensional polarizability chi of the layer; the screening length is r0 = 2 pi chi",
    "exciton.parabolic.electron_mass": "electron mass of parabolic bands",
    "exciton.parabolic.hole_mass": "hole mass of parabolic bands",
    "valley.bands.exciton_energy": "energy of the bright A exciton",
    "valley.bands.conduction_splitting": "splitting of the conduction bands at K",
    "valley.bands.valence_splitting": "splitting of the valence bands at K",
    "valley.bands.lambda_energy": "Lambda minimum above the lowest conduction band at K",
    "valley.bands.velocity": "a t of the two-band model",
    "valley.bands.dipole_gap": "band gap E_g in the optical dipole moment a t / E_g",
    "valley.bands.electron_lambda_mass": "electron mass at Lambda",
    "valley.bands.electron_*_mass": "electron mass at K of the {0} exciton's conduction band",
    "valley.bands.hole_*_mass": "hole mass at K of the {0} exciton's valence band",
    "*.screening.length": "screening length r0 = 2 pi chi of the layer, in vacuum",
    "valley.phonons.areal_density": "mass of the layer per area",
    "wigner.lattice.mass_density": "mass of the layer per area",
    "valley.phonons.sound_velocity": "velocity of acoustic phonons, LA and TA lumped",
    "valley.phonons.acoustic_*": "deformation potential of the {0} for acoustic phonons, inside a valley",
    "valley.phonons.optical_energy": "energy of the optical phonons at Gamma, lumped",
    "valley.phonons.optical_*": "coupling of the {0} to optical phonons at Gamma, inside a valley",
    "valley.phonons.spin_flip_*_energy": "energy of the phonon that flips the electron's spin, {0}",
    "valley.phonons.electron_*_*.*_energy": "energy of the {2} phonons that move an electron between {0} and {1}, lumped",
    "valley.phonons.electron_*_*.*_coupling": "coupling to the {2} phonons that move an electron between {0} and {1}, lumped",
    "valley.phonons.hole_*_*.*_energy": "energy of the {2} phonons that move a hole between {0} and {1}, lumped",
    "valley.phonons.hole_*_*.*_coupling": "coupling to the {2} phonons that move a hole between {0} and {1}, lumped",
    "wigner.bands.energy_*": "energy of the {0} exciton from that of the bright one (hole at K, electron at K)",
    "wigner.bands.electron_mass_*": "electron mass at {0}",
    "wigner.bands.hole_mass": "hole mass at K",
    "wigner.bands.members_*": "number of equivalent {0} valleys that one hole at K sees",
    "wigner.screening.permittivity": "dielectric constant of the surroundings",
    "wigner.acoustic.velocity_*": "velocity of {0} phonons",
    "wigner.acoustic.coupling_ratio_TA": "coupling of TA phonons over that of LA phonons",
    "wigner.acoustic.electron_potential_*": "deformation potential of electrons at {0} for acoustic phonons",
    "wigner.acoustic.hole_potential": "deformation potential of holes at K for acoustic phonons",
    "wigner.optical.energy": "energy of the optical phonon at Gamma",
    "wigner.optical.*_potential": "coupling of the {0} to the optical phonon at Gamma",
    "wigner.phonons_*.energy_*": "energy of the {1} phonon at the point {0} of the zone",
    "wigner.phonons_LambdaLambda.potential_*": "coupling of electrons to {0} phonons that move them between Lambda valleys",
    "wigner.phonons_*.potential_*": "coupling of electrons to {1} phonons at the point {0} of the zone, which move them between valleys",
    "wigner.radiation.broadening": "radiative broadening of the bright exciton, hbar times its rate of decay",
    "wigner.radiation.photon_energy": "energy of the bright exciton",
    "wigner.radiation.refractive_index": "refractive index of the surroundings, which bounds the light cone",
    "formation.hopping_length": "a t of the two-band model",
    "formation.screening.r0": "screening length of the layer, in vacuum",
    "formation.screening.kappa": "dielectric constant of the surroundings",
    "formation.*.exciton_energy": "energy of the {0} exciton, 1s",
    "formation.*.electron_mass": "electron mass of the {0} exciton",
    "formation.*.hole_mass": "hole mass of the {0} exciton",
    "formation.dephasing.acoustic": "broadening by acoustic phonons, per kelvin",
    "formation.dephasing.optical": "broadening by absorption of optical phonons, per phonon",
    "formation.dephasing.optical_energy": "energy of the optical phonons that dephase",
    "formation.substrate.oxide_index": "refractive index of the oxide on the substrate",
    "formation.substrate.oxide_thickness": "thickness of the oxide on the substrate",
    "formation.substrate.photon_energy": "photon energies at which the indices of silicon are given, rising",
    "formation.substrate.silicon_index": "refractive index of silicon at these photon energies",
    "formation.substrate.silicon_extinction": "extinction coefficient of silicon at these photon energies",
    "slab.*.side": "on which side of the layer the slab lies; those of a side are told from the layer outwards",
    "slab.*.parallel": "relative permittivity of the slab along the layer",
    "slab.*.perpendicular": "relative permittivity of the slab across the layer",
    "slab.*.thickness": "thickness of the slab; without it the slab has no end",
    "interaction": "by which interaction the surroundings act",
    "table.q": "momenta at which the interaction is given, rising",
    "table.epsilon": "dielectric function at these momenta",
    "table.epsilon_inverse": "inverse dielectric function at these momenta",
    "table.W": "screened interaction at these momenta",
    "table.column": "what the columns of the table's file are",
    "table.file": "file with the table",
    "table.q_unit": "unit of the momenta in the file",
    "table.unit": "unit of the values in the file",
    "kappa": "dielectric constant: the mean of that above the layer and that below",
}


def meaning(key: str) -> str:
    """Return what a number or word of a material means; raises KeyError for one that is not known."""
    if key in _MEANINGS:
        return _MEANINGS[key]
    pattern = next((pattern for pattern in _MEANINGS if fnmatchcase(key, pattern)), None)
    if pattern is None:
        raise KeyError(key)
    return _MEANINGS[pattern].format(*_in_place_of_stars(key, pattern))


def _in_place_of_stars(key: str, pattern: str) -> list[str]:
    """Return the parts of a key where its pattern has stars, each as short as it can be."""
    found, (first, *literals) = [], pattern.split("*")
    rest = key.removeprefix(first)
    for literal in literals:
        end = rest.index(literal) if literal else len(rest)
        found.append(rest[:end])
        rest = rest[end + len(literal) :]
    return found
