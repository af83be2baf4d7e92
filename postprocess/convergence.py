"""Limits of binding energies for dense meshes and large cut-offs, with error bars, against published values.

    python postprocess/convergence.py results/trion_table1/sweep.h5
    python postprocess/convergence.py results/trion_parabolic/sweep.h5 --reference monte_carlo radial

The sweep runs over mesh.N and mesh.k0, and over materials if wanted. First N goes to infinity at each k0, then k0 at N
= infinity.
Exciton energies are corrected by what the mesh is known to miss of the interaction (exciton/finite_mesh_correction),
after which they converge fast; a straight line in 1/N through the uncorrected ones is shown to compare. Writes the
table and one figure per material next to the data.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, named, open_result, plt, read, save, settings, shown, subject, texts
from matplotlib.ticker import MaxNLocator

from hpcx.converge.limits import MESH_MODELS, Limit, extrapolate, power_limit

#: powers of 1/k0 that are tried: the tail beyond the cut-off, W^2 over the kinetic energy, falls like k0^-3 (linear
#: bands) or k0^-4 (parabolic ones). Neighbouring powers show how much this matters.
CUTOFF_MODELS = {"k0^-3": (3,), "k0^-4": (4,), "k0^-3 and k0^-5": (3, 5)}
SPECIES = ("exciton", "singlet", "triplet")


@dataclass(frozen=True)
class Study:
    """One species of one material.

    Attributes:
        material, species: names.
        sizes: N, rising.
        cutoffs: k0, rising.
        energy_kN: binding energies, (k0, N), meV; the exciton's with the lattice correction.
        plain_kN: without.
    """

    material: str
    species: str
    sizes: np.ndarray
    cutoffs: np.ndarray
    energy_kN: np.ndarray
    plain_kN: np.ndarray

    def mesh_limits(self) -> list[Limit]:
        """Return the limit for dense meshes at each cut-off."""
        nothing = np.zeros(len(self.sizes))
        return [extrapolate(1 / self.sizes, energy_N, nothing, MESH_MODELS) for energy_N in self.energy_kN]

    def limit(self, mesh_limits: list[Limit]) -> Limit:
        """Return the limit for large cut-offs of the limits for dense meshes."""
        values, errors = (np.array([getattr(limit, name) for limit in mesh_limits]) for name in ("value", "error"))
        found = extrapolate(1 / self.cutoffs, values, errors, CUTOFF_MODELS)
        doubts = list(found.warnings)
        for cutoff, limit in zip(self.cutoffs, mesh_limits, strict=True):
            doubts += [f"k0 = {cutoff:g}: {text}" for text in limit.warnings]
        return Limit(found.value, found.error, found.models, doubts)

    def lines(self) -> np.ndarray:
        """Return what a straight line in 1/N through the uncorrected values of the denser half gives, (k0,)."""
        half = len(self.sizes) // 2
        return np.array([power_limit(1 / self.sizes[half:], plain_N[half:], (1,))[0] for plain_N in self.plain_kN])


def main() -> None:
    """Read, extrapolate, print the table with all doubts, draw."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps mesh.N and mesh.k0")
    parser.add_argument(
        "--reference",
        nargs="*",
        default=["tempelaar"],
        help="tables of references.toml to compare with; none: no comparison",
    )
    parser.add_argument(
        "--k0", type=float, default=0.14, help="a column is shown, besides the limit, at the cut-off next to this"
    )
    options = parser.parse_args()
    studies = read_studies(options.file)
    references = tomllib.loads(Path(__file__).with_name("references.toml").read_text(encoding="utf-8"))
    unknown = [name for name in options.reference if name not in references]
    if unknown:
        raise SystemExit(f"no reference '{unknown[0]}'; known: {', '.join(references)}")
    with open_result(options.file) as file:
        swept, surroundings, config = "material" in file, subject(file), settings(file)
    compared, left_out = comparable({name: references[name] for name in options.reference}, config)
    text = "\n".join(table(studies, compared, options.k0) + left_out)
    print(text)
    options.file.with_name("convergence.txt").write_text(text + "\n", encoding="utf-8")
    for material in dict.fromkeys(study.material for study in studies):
        about = ", ".join(part for part in (shown(material) if swept else "", surroundings) if part)
        of_one = [study for study in studies if study.material == material]
        save(draw(of_one, about), options.file.with_name(f"convergence_{material}"))


def comparable(references: dict[str, dict], config: dict) -> tuple[dict[str, dict], list[str]]:
    """Return the references of the same surroundings and bands as a run's, and sentences on those that are left out."""
    kappa, bands = config["screening"].get("kappa"), config["bands"]["model"]
    compared = {name: rows for name, rows in references.items() if (rows["kappa"], rows["bands"]) == (kappa, bands)}
    left = [
        f"{name} is not compared: it is for kappa = {rows['kappa']:g} and {rows['bands']} bands, this is {kappa} and"
        f" {bands}"
        for name, rows in references.items()
        if name not in compared
    ]
    return compared, left


def read_studies(path: Path) -> list[Study]:
    """Return all studies of a sweep."""
    with open_result(path) as file:
        sizes, cutoffs = (np.atleast_1d(read(file, name)) for name in ("mesh.N", "mesh.k0"))
        names = [
            named(name) for name in (texts(file, "material") if "material" in file else [settings(file)["material"]])
        ]
        order = [axis for axis in ("material", "mesh.k0", "mesh.N") if axis in file]
        found = []
        for species in SPECIES:
            if f"{species}/binding_energy" not in file:
                continue
            dataset = file[f"{species}/binding_energy"]
            plain = _ordered(dataset, order)
            if min(len(sizes), len(cutoffs)) < 2:
                raise SystemExit(
                    f"{path} has {len(sizes)} mesh.N and {len(cutoffs)} mesh.k0; a limit needs at least two of each"
                )
            missed = _ordered(file["exciton/finite_mesh_correction"], order) if species == "exciton" else 0 * plain
            place = np.argsort(cutoffs)[:, None], np.argsort(sizes)[None]
            for number, name in enumerate(names):
                shape = len(names), *plain.shape[-2:]
                plain_kN, missed_kN = (1e3 * values.reshape(shape)[number][place] for values in (plain, missed))
                found.append(
                    Study(str(name), species, np.sort(sizes), np.sort(cutoffs), plain_kN - missed_kN, plain_kN)
                )
    return found


def _ordered(dataset: h5py.Dataset, order: list[str]) -> np.ndarray:
    """Return a dataset with its axes in the order material, k0, N; SystemExit if it has others."""
    axes = [dataset.dims[axis][0].name.rpartition("/")[2] for axis in range(dataset.ndim)]
    if sorted(axes) != sorted(order):
        raise SystemExit(f"{dataset.file.filename} sweeps {', '.join(axes)}; this study needs {', '.join(order)}")
    values = np.transpose(read(dataset.file, dataset.name), [axes.index(name) for name in order])
    if np.isnan(values).any():
        raise SystemExit(f"{dataset.name}: {np.isnan(values).sum()} points are missing; run the sweep again")
    return values


def table(studies: list[Study], references: dict[str, dict], cutoff: float) -> list[str]:
    """Return the lines of the table, and what is doubtful."""
    cutoffs = studies[0].cutoffs
    column = int(np.argmin(np.abs(cutoffs - cutoff)))
    cutoff = cutoffs[column]
    heads = "".join(f"{name[:12]:>14}" for name in references)
    columns = f"{f'k0 = {cutoff:g}':>18}{'k0 to infinity':>18}"
    lines = ["binding energies (meV)", f"{'':16}{heads}{columns}   against the published values"]
    doubts = []
    for study in studies:
        mesh_limits = study.mesh_limits()
        limit = study.limit(mesh_limits)
        published = {name: rows.get(study.material, {}).get(study.species) for name, rows in references.items()}
        values = "".join(f"{_published(value, study.species):>14}" for value in published.values())
        there, known = mesh_limits[column], {name: value for name, value in published.items() if value is not None}
        verdict = "; ".join(_verdict(name, value, there, limit, study.species) for name, value in known.items())
        lines.append(f"{study.material:7}{study.species:9}{values}{_shown(there):>18}{_shown(limit):>18}   {verdict}")
        doubts += [f"{study.material} {study.species}: {text}" for text in limit.warnings]
        if study.species == "exciton":
            lines_k = ", ".join(f"{value:.1f} ({k0:g})" for value, k0 in zip(study.lines(), study.cutoffs, strict=True))
            doubts.append(
                f"{study.material} exciton: a straight line in 1/N without the correction gives, at k0, {lines_k}"
            )
    sources = [f"{name}: {rows['source']}" for name, rows in references.items()]
    return lines + ["", *[f"note: {text}" for text in doubts], *sources]


def _published(value: float | None, species: str) -> str:
    if value is None:
        return "-"
    return "unbound" if value == 0 and species == "triplet" else f"{value:g}"


def _shown(limit: Limit) -> str:
    return f"{limit.value:.2f} +- {limit.error:.2f}"


def _verdict(name: str, value: float, at_cutoff: Limit, limit: Limit, species: str) -> str:
    """Say whether a published value is inside the error bars, or by how much it is outside."""
    if value == 0 and species == "triplet":
        bound = limit.value - limit.error > 0.5
        return f"{name}: unbound, here {'bound' if bound else 'unbound as well'}"
    parts = []
    for label, own in (("k0", at_cutoff), ("limit", limit)):
        outside = abs(value - own.value) - own.error
        parts.append(f"{label} inside" if outside <= 0 else f"{label} {own.value - value:+.1f}")
    return f"{name}: " + ", ".join(parts)


def draw(studies: list[Study], about: str) -> plt.Figure:
    """Return a figure titled `about` with one row per species:
    against 1/N for each cut-off, and the limits against 1/k0.
    """
    figure, axes = plt.subplots(len(studies), 2, figsize=(7.4, 2.4 * len(studies)), squeeze=False)
    for (left, right), study in zip(axes, studies, strict=True):
        mesh_limits = study.mesh_limits()
        for cutoff, energy_N, limit in zip(study.cutoffs, study.energy_kN, mesh_limits, strict=True):
            line = left.plot(1 / study.sizes, energy_N, "o-", label=rf"$k_0$ = {cutoff:g} $\times$ 2$\pi$/$a$")[0]
            left.errorbar(0, limit.value, limit.error, fmt="s", color=line.get_color(), capsize=2, clip_on=False)
        values, errors = ([getattr(limit, name) for limit in mesh_limits] for name in ("value", "error"))
        right.errorbar(1 / study.cutoffs, values, errors, fmt="o-", capsize=2)
        limit = study.limit(mesh_limits)
        right.errorbar(0, limit.value, limit.error, fmt="s", color="k", capsize=2, clip_on=False)
        corrected = ", corrected" if study.species == "exciton" else ""
        left.set_ylabel(f"{study.species}{corrected}\nbinding (meV)")
        for axis in (left, right):
            axis.set_xlim(left=0)
    for axis in axes.flat:
        axis.xaxis.set_major_locator(MaxNLocator(5))
    axes[-1, 0].legend(fontsize=8, loc="best")
    axes[-1, 0].set_xlabel("$1/N$")
    axes[-1, 1].set_xlabel(r"$1/k_0$ ($a/2\pi$), $N \to \infty$")
    letters(axes.flat)
    figure.suptitle(about)
    figure.tight_layout()
    return figure


if __name__ == "__main__":
    main()
