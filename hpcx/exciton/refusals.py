"""Surroundings that make no sense, and materials whose bands do not have the gap that the Dirac model needs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial, reduce
from typing import Any

import numpy as np

from hpcx.exciton.carriers import A_PAIR, carrier_bands, is_bright, named_pair, pair_gap, pair_labels, species_of
from hpcx.exciton.config import CarriersInput, Config
from hpcx.exciton.problem import material_interaction, surroundings
from hpcx.exciton.tight_binding import load_model, load_valleys, occupied_bands, pair_momenta
from hpcx.materials.environment import apart
from hpcx.materials.loader import Material
from hpcx.physics.bands import Dirac
from hpcx.physics.mesh import lattice_mesh
from hpcx.physics.tightbinding import TightBinding
from hpcx.registry import Refusal, tried
from hpcx.units import from_internal

#: mesh on which a gap is looked for
_GAP_MESH = 12
#: largest mesh on which degenerate bands are looked for, and the distance of levels up to which bands are degenerate,
#: eV (files have six digits)
_LEVELS_MESH, _SAME_LEVEL = 24, 1e-5
#: keys of the exchange of electron and hole
_EXCHANGE = ("exchange.long_range", "exchange.contact", "zone.exchange")
#: N k0 of the mesh on which bands are followed
_COARSE = 6


def refusals(config: CarriersInput, material: Material) -> list[Refusal]:
    """Return surroundings that make no sense, a splitting that closes the gap of one spin,
    what is wrong with a tight-binding model.
    """
    found = tried("environment", config.environment, lambda: material_interaction(config, material))[1]
    found, exchange = found + (_of_bands(config, material) or _named(config, material)), config.exchange
    if not found and apart(surroundings(config)):
        return _of_overlaps(config)
    if not found and exchange.long_range:
        with_layer = exchange.screening == "layer"
        found += tried(
            "exchange.screening", exchange.screening, lambda: material_interaction(config, material, with_layer)
        )[1]
    return found


def _named(config: CarriersInput, material: Material) -> list[Refusal]:
    """Return named carriers that are not there or cannot be followed, light that does not make their pair,
    and a gap that says nothing about it.
    """
    words = config.carrier_words
    found = [
        replace(refusal, message=refusal.message.removeprefix(f"{word}: "))
        for name, word in words.items()
        for refusal in tried(f"exciton.{name}", word, partial(species_of, config, material, word))[1]
    ]
    pair, more = tried("exciton", ", ".join(words.values()), partial(named_pair, config, material))
    if found or more or pair is None:
        return found or more
    if config.absorption.enabled and not is_bright(pair):
        reason = (
            "light does not make this pair, whose carriers are in two valleys or of opposite spin; its absorption needs"
            " phonons and is not implemented"
        )
        found.append(Refusal("absorption.enabled", "true", reason))
    if config.gap is not None and math.isnan(pair_gap(config, material) or 0.0):
        reason = (
            "is that of the A exciton, and nobody says how far the edges of this pair are from its edges (in a material"
            " carriers.conduction_splitting, valence_splitting, Lambda_energy); leave it out"
        )
        found.append(Refusal("gap", f"{config.gap:g} eV", reason))
    if not found and config.bands.model == "tight-binding":
        found = followed(config, pair_labels(config, material))
    return found


def _of_overlaps(config: CarriersInput) -> list[Refusal]:
    """Return the keys that need electron and hole in one sheet;
    the dipole of a tight-binding model is that of its own states.
    """
    light = () if config.bands.model == "tight-binding" else ("absorption.enabled", "twod.enabled")
    whole: Any = config
    wanted = {
        key: reduce(lambda table, name: getattr(table, name, None), key.split("."), whole)
        for key in (*_EXCHANGE, *light)
    }
    reason = "needs the overlap of electron and hole, which are in different sheets of this environment"
    return [Refusal(key, str(value).lower(), reason) for key, value in wanted.items() if value]


def _of_bands(config: CarriersInput, material: Material) -> list[Refusal]:
    if config.bands.model == "tight-binding":
        return _tight_binding(config)
    bands = carrier_bands(config, material)
    if not isinstance(bands, Dirac) or bands.gap(1) > 0:
        return []
    splitting = material.number("carriers.valence_splitting", "eV")
    reason = (
        "half of it must be smaller than the gap of the Dirac model, carriers.gap ="
        f" {material.number('carriers.gap', 'eV'):g} eV"
    )
    return [Refusal("parameters.carriers.valence_splitting", f"{splitting:g} eV", reason)]


def _tight_binding(config: CarriersInput) -> list[Refusal]:
    """Return a file that cannot be read, and bands or places that its model does not have."""
    files = config.tight_binding
    key, source = ("tight_binding.file", files.file) if files.file else ("tight_binding.builtin", files.builtin)
    model, found = tried(key, source, lambda: load_model(files))
    if found:
        return found
    return (
        _zone(config, model) if isinstance(config, Config) and config.mesh.region == "zone" else _valleys(config, model)
    )


def _valleys(config: CarriersInput, model: TightBinding) -> list[Refusal]:
    """Return a valley that is not there, bands that the model does not have or that
    cannot be followed to the border of the disk.
    """
    files = config.tight_binding
    occupied = occupied_bands(files)
    if occupied >= model.orbitals:
        return [
            Refusal(
                "tight_binding.occupied",
                str(occupied),
                f"the model has only {model.orbitals} bands, so none is left above the gap",
            )
        ]
    valleys, found = tried("tight_binding.valley", files.valley, lambda: load_valleys(files))
    if found:
        return found
    energies, found = tried("tight_binding.spin", files.spin, lambda: [valleys.energy(carrier) for carrier in A_PAIR])
    if found:
        return found
    if energies[0] <= energies[1]:
        return [
            Refusal("tight_binding.occupied", str(occupied), "there is no gap above this band at the valley's centre")
        ]
    other, limit = min(valleys.cutoff_limits.items(), key=lambda item: item[1])
    if config.mesh.cutoff > limit:
        shown = math.floor(limit * 1e4) / 1e4
        reason = f"must be at most {shown:g}, or the disks of the valley and of {other} overlap"
        return [Refusal("mesh.k0", f"{config.mesh.cutoff:g}", reason)]
    return followed(config, A_PAIR) if not config.carrier_words else []


def followed(config: CarriersInput, carriers: Iterable[Any], points: int = _COARSE) -> list[Refusal]:
    """Return why bands of a tight-binding model cannot be followed to the border of the disk,
    looked for on a mesh with `points` along its radius.
    """
    valleys, cutoff = load_valleys(config.tight_binding), config.mesh.cutoff
    momentum_kx = lattice_mesh(max(3, math.ceil(points / cutoff)), cutoff, valleys.lattice).momentum_kx
    return tried("mesh.k0", cutoff, lambda: [valleys.band(momentum_kx, carrier) for carrier in carriers])[1]


def _zone(config: Config, model: TightBinding) -> list[Refusal]:
    """Return bands that the model does not have, a gap that it does not have, a reach that is too far,
    a path through points that are not there.
    """
    zone, found = config.zone, []
    occupied = occupied_bands(config.tight_binding)
    if not zone.valence <= occupied <= model.orbitals - zone.conduction:
        reason = (
            f"zone.valence = {zone.valence} bands below and zone.conduction = {zone.conduction} above do not fit into"
            f" {model.orbitals} bands"
        )
        return [Refusal("tight_binding.occupied", str(occupied), reason)]
    gap = model.gap(model.mesh(_GAP_MESH), occupied)
    if gap <= 0:
        found.append(
            Refusal(
                "tight_binding.occupied",
                str(occupied),
                f"there is no gap above this band: {gap:.3f} eV on a coarse mesh",
            )
        )
    widest = config.mesh.N * model.shortest_vector / 2
    reach = zone.internal.reach
    if reach is not None and reach > widest:
        reason = f"must be at most {from_internal(widest, 'angstrom'):.4g} angstrom, half the width of the supercell"
        found.append(Refusal("zone.reach", f"{zone.reach:g} angstrom", reason))
    momentum_qv, wrong = tried("zone.path", config.zone.path, lambda: pair_momenta(config, model))
    return found + wrong if found or wrong else _cut_levels(config, model, momentum_qv)


def _cut_levels(config: Config, model: TightBinding, momentum_qv: np.ndarray) -> list[Refusal]:
    """Return numbers of bands that leave out a part of a degenerate level: which part would depend on rounding.

    Looked for on those points of the mesh that a coarser one has, too, for conduction bands moved by the pair momenta.
    """
    zone, occupied = config.zone, occupied_bands(config.tight_binding)
    divisions = max(number for number in range(1, _LEVELS_MESH + 1) if config.mesh.N % number == 0)
    moved_qv = np.unique(np.round(momentum_qv * divisions % 1, 6), axis=0) / divisions
    found = []
    for name, border, moved_qx in (
        ("valence", occupied - zone.valence, np.zeros((1, 2))),
        ("conduction", occupied + zone.conduction, moved_qv @ model.reciprocal_vx),
    ):
        if not 0 < border < model.orbitals:
            continue
        apart_k = np.concatenate(
            [np.diff(model.energies(model.mesh(divisions) + q_x)[:, border - 1 : border + 1])[:, 0] for q_x in moved_qx]
        )
        if apart_k.min() < _SAME_LEVEL:
            reason = (
                f"bands {border} and {border + 1} are degenerate at points of the mesh: which of the two forms pairs"
                " there would depend on rounding; take both or neither"
            )
            found.append(Refusal(f"zone.{name}", str(getattr(zone, name)), reason))
    return found
