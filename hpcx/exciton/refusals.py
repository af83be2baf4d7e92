"""Surroundings that make no sense, and materials whose bands do not have the gap that the Dirac model needs."""

from __future__ import annotations

from hpcx.exciton.config import CarriersInput, Config
from hpcx.exciton.problem import material_bands, material_interaction
from hpcx.exciton.tight_binding import load_model, occupied_bands, pair_momenta
from hpcx.materials.loader import Material
from hpcx.registry import Refusal, tried

#: mesh on which a gap is looked for
_GAP_MESH = 12


def refusals(config: CarriersInput, material: Material) -> list[Refusal]:
    """Return surroundings that make no sense, a splitting that closes the gap of one spin, what is wrong with a tight-binding model."""
    return tried("environment", config.environment, lambda: material_interaction(config, material))[1] + _of_bands(config, material)


def _of_bands(config: CarriersInput, material: Material) -> list[Refusal]:
    if config.bands.model == "tight-binding":
        return _tight_binding(config)
    if config.bands.model != "dirac" or material_bands(config.bands, material).gap(1) > 0:
        return []
    splitting = material.number("bands.valence_splitting", "eV")
    reason = f"half of it must be below the gap of the Dirac model, bands.gap = {material.number('bands.gap', 'eV'):g} eV"
    return [Refusal("parameters.bands.valence_splitting", f"{splitting:g} eV", reason)]


def _tight_binding(config: Config) -> list[Refusal]:
    """Return a file that cannot be read, bands that it does not have, a path through points that are not there, no gap."""
    files, zone = config.tight_binding, config.zone
    source = ("tight_binding.file", files.file) if files.file else ("tight_binding.builtin", files.builtin)
    try:
        model = load_model(files)
    except ValueError as error:
        return [Refusal(*source, str(error))]
    occupied, found = occupied_bands(files), []
    if not zone.valence <= occupied <= model.orbitals - zone.conduction:
        reason = f"zone.valence = {zone.valence} bands below and zone.conduction = {zone.conduction} above do not fit into {model.orbitals} bands"
        return [Refusal("tight_binding.occupied", str(occupied), reason)]
    gap = model.gap(model.mesh(_GAP_MESH), occupied)
    if gap <= 0:
        found.append(Refusal("tight_binding.occupied", str(occupied), f"there is no gap above this band: {gap:.3f} eV on a coarse mesh"))
    widest = config.mesh.N * model.shortest_vector / 2
    if zone.reach is not None and zone.reach > widest:
        found.append(Refusal("zone.reach", f"{zone.reach:g} angstrom", f"must be at most {widest:.4g} angstrom, half the width of the supercell"))
    try:
        pair_momenta(config, model)
    except ValueError as error:
        found.append(Refusal("zone.path", str(zone.path), str(error)))
    return found
