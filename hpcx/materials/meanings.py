"""What the numbers and words of a material file mean: for templates and tables."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hpcx.materials.catalogue import known_keys

#: by pattern of the dotted key; the first that fits counts. {0}, {1}, ... are what stands in place of the stars
_MEANINGS: dict[str, str] = {
    "lattice.constant": "lattice constant a",
    "lattice.mass_density": "mass of the layer per area",
    "carriers.hopping": (
        "hopping t of the massive Dirac model; a t is the velocity of its bands, and a t over a gap the optical dipole"
        " moment"
    ),
    "carriers.gap": "gap Delta of the massive Dirac model, which sets masses and overlaps; not the gap of the spectrum",
    "carriers.valence_splitting": "splitting 2 lambda of the valence bands at K",
    "carriers.conduction_splitting": "splitting of the conduction bands at K",
    "carriers.Lambda_energy": "Lambda minimum above the lowest conduction band at K",
    "carriers.order": (
        'which conduction band at K is lower: of the spin of the upper valence band ("bright") or of the other ("dark")'
    ),
    "carriers.electron_Lambda_mass": "electron mass at Lambda",
    "carriers.electron_*_mass": (
        "electron mass at K in the conduction band of the {0} exciton; at K' the other band has this spin"
    ),
    "carriers.hole_*_mass": "hole mass at K in the valence band of the {0} exciton",
    "interaction.r0": "screening length r0 = 2 pi chi of the layer of polarisability chi, in vacuum",
    "interaction.kappa": "dielectric constant of the surroundings, if the input names none",
    "optics.exciton_*_energy": "energy of the bright {0} exciton, 1s",
    "optics.dipole_gap": "band gap E_g in the optical dipole moment a t / E_g",
    "optics.dephasing_acoustic": "half width of the 1s exciton by acoustic phonons, per kelvin",
    "optics.dephasing_optical": "half width of the 1s exciton by absorption of optical phonons, per phonon",
    "optics.radiative_broadening": "radiative broadening of the bright exciton, hbar times its rate of decay",
    "optics.refractive_index": "refractive index of the surroundings, which bounds the light cone",
    "excitons.energy_*": "energy of the {0} exciton relative to the bright one (hole at K, electron at K)",
    "excitons.degeneracy_*": "number of equivalent {0} valleys for one hole at K",
    "phonons.acoustic.velocity_*": (
        "velocity of {0} phonons; without those of TA, acoustic phonons have the velocity of LA"
    ),
    "phonons.acoustic.coupling_ratio_TA": "coupling of TA over that of LA phonons; 0 where that stands for both",
    "phonons.acoustic.electron_potential_*": (
        "deformation potential of electrons at {0} for acoustic phonons, inside a valley"
    ),
    "phonons.acoustic.hole_potential": "deformation potential of holes at K for acoustic phonons, inside a valley",
    "phonons.optical_*.energy": (
        "energy of the {0} phonons at Gamma; branches like this take the place of the lumped ones"
    ),
    "phonons.optical_*.*_potential": "deformation potential of the {1} for the {0} phonons at Gamma, inside a valley",
    "phonons.optical.energy": "energy of the optical phonons at Gamma, lumped",
    "phonons.optical.*_potential": "deformation potential of the {0} for the optical phonons at Gamma, inside a valley",
    "phonons.lumped.*_*_*.*_energy": "energy of the {3} phonons that move the {0} between {1} and {2}, lumped",
    "phonons.lumped.*_*_*.*_potential": (
        "deformation potential of the {3} phonons that move the {0} between {1} and {2}, lumped"
    ),
    "phonons.spin_flip.*_energy": "energy of the phonon that flips the electron's spin, {0}",
    "phonons.electron_*_*.potential_*": (
        "deformation potential of each branch of {2} phonons that move electrons between {0} and {1}"
    ),
    "phonons.*.energy_*": "energy of the {1} phonon at the point {0} of the zone",
    "substrate.oxide_index": "refractive index of the oxide on the substrate",
    "substrate.oxide_thickness": "thickness of the oxide on the substrate",
    "substrate.photon_energy": "photon energies at which the indices of silicon are given, ascending",
    "substrate.silicon_index": "refractive index of silicon at these photon energies",
    "substrate.silicon_extinction": "extinction coefficient of silicon at these photon energies",
    "slab.*.side": "on which side of the layer the slab lies; slabs on one side are listed from the layer outwards",
    "slab.*.parallel": "in-plane relative permittivity of the slab",
    "slab.*.perpendicular": "out-of-plane relative permittivity of the slab",
    "slab.*.thickness": "thickness of the slab; without it the slab is a half space",
    "sheet.*.r0": "screening length r0 = 2 pi chi of the sheet of polarisability chi, in vacuum",
    "sheet.*.height": "height of the sheet",
    "sheet.*.carriers": "which carriers are in the sheet; a sheet without them only screens",
    "sheet.*.gap_parallel": "in-plane relative permittivity of the gap below the sheet; default: vacuum",
    "sheet.*.gap_perpendicular": "out-of-plane relative permittivity of this gap",
    "interaction": "name of the interaction of charges in these surroundings",
    "table.q": "momenta at which the interaction is given, ascending",
    "table.epsilon": "dielectric function at these momenta",
    "table.epsilon_inverse": "inverse dielectric function at these momenta",
    "table.W": "screened interaction at these momenta",
    "table.column": "quantities in the columns of the table's file",
    "table.file": "file with the table",
    "table.q_unit": "unit of the momenta in the file",
    "table.unit": "unit of the values in the file",
    "kappa": "dielectric constant: mean of those above and below the layer",
}


#: of a key of the catalogue that this table does not have yet
NOT_DESCRIBED = "no description yet"


def meaning(key: str) -> str:
    """Return what a number or word of a material means; raises KeyError for one that the catalogue does not know."""
    if key in _MEANINGS:
        return _MEANINGS[key]
    pattern = next((pattern for pattern in _MEANINGS if fnmatchcase(key, pattern)), None)
    if pattern is None and key not in known_keys():
        raise KeyError(key)
    return _MEANINGS[pattern].format(*_in_place_of_stars(key, pattern)) if pattern else NOT_DESCRIBED


def _in_place_of_stars(key: str, pattern: str) -> list[str]:
    """Return the parts of a key where its pattern has stars, each as short as it can be."""
    found, (first, *literals) = [], pattern.split("*")
    rest = key.removeprefix(first)
    for literal in literals:
        end = rest.index(literal) if literal else len(rest)
        found.append(rest[:end])
        rest = rest[end + len(literal) :]
    return found
