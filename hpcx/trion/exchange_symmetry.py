"""Symmetric sectors of channels that exchange couples.

A rotation turns the overlap O = <c|v> of a pair by a phase exp(i l angle), of a pair in the time-reversed valley by the
opposite one. The sum over a pair that channels with one spectator share then couples angular momenta that differ as
their l do: where the one channel is fully symmetric, as light makes it, the other one is not. There is a sector for
each of the channels; mirrors are left out unless all l are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.exciton.problem import ExcitonProblem
from hpcx.materials.loader import Material
from hpcx.physics.mesh import POINT_GROUPS
from hpcx.physics.valley_bands import interband
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.exchange_pairs import Pair, acting_pairs, pair_bands
from hpcx.trion.problem import Label, trion_problem
from hpcx.trion.symmetry import TOLERANCE, broken

#: points whose overlaps with all others are looked at
_SAMPLE = 40


@dataclass(frozen=True)
class CoupledSector:
    """A sector of coupled channels.

    Attributes:
        symmetry: one of `POINT_GROUPS`.
        momenta: angular momentum of each channel, in the order of their names.
        phase_pg: factor of each pair's overlap under each operation.
    """

    symmetry: str
    momenta: tuple[int, ...]
    phase_pg: dict[Pair, np.ndarray]


def coupled_sectors(
    config: Config, material: Material, exciton: ExcitonProblem, names: list[str]
) -> list[CoupledSector]:
    """Return the sectors of the largest symmetry that coupled channels have and the input allows,
    or none if there is no such symmetry.
    """
    problems = [trion_problem(config, material, exciton, name) for name in names]
    for symmetry in allowed(config.solver.symmetry):
        if any(broken(problem, symmetry) for problem in problems):
            continue
        phase_pg = _phases(config, material, exciton, names, symmetry)
        momenta = _momenta(names, phase_pg, symmetry)
        if momenta:
            turns = POINT_GROUPS[symmetry].rotations
            return [
                CoupledSector(symmetry, tuple((m - least) % turns for m in momenta), phase_pg)
                for least in dict.fromkeys(momenta)
            ]
    return []


def lacking_symmetry(names: list[str]) -> str:
    """Return why coupled channels are refused a symmetry."""
    between = f"the exchange between {' and '.join(names)}"
    return f'{between} has neither this symmetry nor a subgroup of it; set solver.symmetry = "none"'


def allowed(asked: str) -> list[str]:
    """Return the symmetries whose sectors an input allows, the largest first:
    all, or those within the one that it names.
    """
    most = POINT_GROUPS["C6v" if asked == "auto" else asked]
    within = [
        name
        for name, group in POINT_GROUPS.items()
        if most.rotations % group.rotations == 0 and group.mirrors <= most.mirrors
    ]
    return within if asked in ("auto", "none") else within[:-1]


def _phases(
    config: Config, material: Material, exciton: ExcitonProblem, names: list[str], symmetry: str
) -> dict[Pair, np.ndarray]:
    """Return by which factor each operation multiplies the overlap of every pair that exchange acts on,
    NaN if it is none; 1 for contacts.
    """
    move_gk, conjugates_g = exciton.mesh.point_group(symmetry)
    sample, everywhere = np.arange(min(_SAMPLE, exciton.mesh.size))[:, None], np.arange(exciton.mesh.size)[None]
    found = {}
    for pair in acting_pairs(config, {name: channel(config, material, name) for name in names}):
        found[pair] = np.ones(len(move_gk), complex)
        if not pair.in_one_valley:
            continue
        electron, hole = pair_bands(config, material, exciton.mesh, pair)
        plain = interband(electron, hole, sample, everywhere)
        for g, (move_k, conjugates) in enumerate(zip(move_gk, conjugates_g, strict=True)):
            image, kept = (
                interband(electron, hole, move_k[sample], move_k[everywhere]),
                plain.conj() if conjugates else plain,
            )
            factor = np.vdot(kept, image) / np.vdot(kept, kept)
            found[pair][g] = factor if np.abs(image - factor * kept).max() < TOLERANCE else np.nan
    return found


def _momenta(names: list[str], phase_pg: dict[Pair, np.ndarray], symmetry: str) -> list[int]:
    """Return angular momenta of the channels from that of the first one, which is 0;
    nothing if the overlaps do not go together.
    """
    group, momentum = POINT_GROUPS[symmetry], {names[0]: 0}
    base: dict[Label, int] = {}
    if any(np.isnan(phase_g).any() for phase_g in phase_pg.values()):
        return []
    turn = {
        pair: round(np.angle(phase_g[1 % len(phase_g)]) * group.rotations / (2 * np.pi))
        for pair, phase_g in phase_pg.items()
    }
    shared = [pair for pair in phase_pg if pair.in_one_valley]
    for _ in names:  # every round reaches the channels that share a spectator with those that are known
        for pair in shared:
            if pair.channel in momentum:
                base.setdefault(pair.spectator, (momentum[pair.channel] - turn[pair]) % group.rotations)
            elif pair.spectator in base:
                momentum[pair.channel] = (base[pair.spectator] + turn[pair]) % group.rotations
    fits = all((momentum[pair.channel] - turn[pair] - base[pair.spectator]) % group.rotations == 0 for pair in shared)
    if group.mirrors:
        alike = {pair.spectator: phase_pg[pair] for pair in shared}
        fits &= not any(momentum.values()) and all(
            np.allclose(phase_pg[pair], alike[pair.spectator]) for pair in shared
        )
    return [momentum[name] for name in names] if fits else []
