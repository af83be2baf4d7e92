"""Whether error bars are honest: the bar from a cheap target must hold a calculation
that is much finer than all that it came from.

A trion costs the sixth power of the cut-off, and its energy is still moving in all that one can calculate: there the
limit of a study with half the bar, which needs larger meshes and disks, stands for the finer calculation.

`make validate-bars` keeps the table for the page of `make validate`.
"""

import json
import time
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from hpcx import units
from hpcx.config.choose import load_open
from hpcx.converge.command import begin, search
from hpcx.converge.run import quantity_of
from hpcx.io.provenance import source_revision
from hpcx.parallel.run import Run
from hpcx.parallel.stop import StopRequests
from hpcx.registry import MODELS, solver

#: where the table goes
TABLE = Path("results/validation/error_bars.json")
#: least factor by which each leading term of the finer calculation is smaller than the smallest one behind the bar
FINER = 1.9
PARABOLIC = '[bands]\nmodel = "parabolic"\n'
FORMATION = (
    "signal/rise_time[A, full]",
    "signal/rise_time[B, full]",
    "signal/peak_to_plateau[A, full]",
    "wannier/binding_energy[A]",
)
DIFFUSION = ("rates/stationary_diffusivity[KK]", "rates/stationary_diffusivity_common", "rates/relaxation_time[KL]")


def written(model, material, *more, **keys):
    """Return an input."""
    return (
        f'model = "{model}"\nmaterial = "{material}"\n'
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        + "".join(more)
    )


HONEYCOMB = (
    '[bands]\nmodel = "tight-binding"\n[mesh]\nregion = "zone"\n[parameters]\n"interaction.r0" = "40 angstrom"\n'
    '[tight_binding]\nfile = "inputs/models/honeycomb_tb.dat"\noccupied = 1\n'
)
THREE_BANDS = (
    '[bands]\nmodel = "tight-binding"\n[mesh]\nregion = "zone"\n[tight_binding]\nbuiltin = "liu2013:{}"\n'
    "[zone]\nvalence = 2\nconduction = 2\n"
)


#: input, quantity, target
CASES = [
    *[
        (written("exciton", material, bands, environment=around), "exciton/binding_energy", "1 %")
        for material, around, bands in product(
            ("MoS2", "MoSe2", "WS2", "WSe2"), ("vacuum", "SiO2", "hBN"), ("", PARABOLIC)
        )
    ],
    *[
        (written("exciton", "WSe2", HONEYCOMB, momentum, environment=around), quantity, "1 meV")
        for around, momentum, quantity in product(
            ("vacuum", "hBN"),
            ("", "[zone]\nmomentum = [0.1, 0.037]\nexchange = true\n"),
            ("exciton/binding_energy", "exciton/energy"),
        )
    ],
    *[
        (written("exciton", material, THREE_BANDS.format(material), environment=around), "exciton/energy", "1 meV")
        for material, around in product(("MoS2", "WSe2"), ("vacuum", "hBN"))
    ],
    *[
        (written("trion", material, bands, environment=around), "singlet/binding_energy", "10 %")
        for material, around, bands in (
            ("MoS2", "vacuum", ""),
            ("WS2", "SiO2", ""),
            ("MoSe2", "hBN", PARABOLIC),
            ("WSe2", "hBN", PARABOLIC),
        )
    ],
    *[
        (written("wigner", "WS2", temperature=temperature), quantity, "0.5 %")
        for temperature, quantity in product((50, 77, 150, 300), DIFFUSION)
    ],
    *[
        (written("formation", "MoS2", f'[pump]\nphoton_energy = "{energy} eV"\n'), quantity, "2 %")
        for energy, quantity in product((2.3, 2.5), FORMATION)
    ],
    *[
        (written("valley", material, temperature=temperature), "dichroism/slow_time", "3 %")
        for material, temperature in (("WSe2", 77), ("WSe2", 150), ("WSe2", 300))
    ],
]


def finer_values(model, ladders):
    """Return values of the parameters well beyond what a cheap target takes;
    the first ones of the `ladders` go with the problem.
    """
    first = {key: levels[0] for key, levels in ladders.items()}
    if model == "exciton":
        return {"mesh.N": 4 * first["mesh.N"], "mesh.k0": 0.5}
    if model == "wigner":
        return {
            "momentum.first_bin": first["momentum.first_bin"] / 10,
            "momentum.energy_max": 1.7 * first["momentum.energy_max"],
            "time.tolerance": 1e-6,
        }
    if model == "formation":
        return {"momentum.points": 300, "continuum.energy_max": 8.0, "solver.time_step": 0.1}
    return {"momentum.points": 160, "momentum.max": 0.6, "momentum.angles": 48, "time.refinement": 2.0}


@lru_cache(maxsize=4)
def results(text, folder, keys):
    """Return datasets of a calculation with some keys replaced."""
    study = begin(opened(text, folder), "1 %", None, None)
    point = study.problem.plan({}, [dict(keys)]).points[0]
    assert not point.error
    return solver(point.config.model)(MPI.COMM_SELF, point.config, point.material, Run()).datasets


def opened(text, folder):
    """Return an input with results in a folder."""
    return load_open("input.toml", [f"output.directory={folder}"], text)


def value_in(datasets, quantity):
    """Return a quantity among datasets, in its unit."""
    value = quantity_of(datasets[quantity.path].data, datasets[quantity.path].units, quantity)
    if not quantity.correction:
        return value
    known = datasets[quantity.correction]
    return value - units.convert(float(known.data), known.units, quantity.unit)


def finer_by(study, fine):
    """Return by which factor the leading term of each parameter is smaller
    than in the finest calculation of a study.
    """
    found = {}
    for number, parameter in enumerate(study.goal.parameters):
        finest = study.family.leading(number, max(place[number] for place in study.done))
        left = parameter.nominal(fine[parameter.key]) if parameter.nominal else parameter.terms(fine)[parameter.leading]
        found[parameter.key] = float(f"{finest / left:.3g}")
    return found


def finer_calculation(study, text, folder):
    """Return the quantity from a calculation that is finer than all of a study, and by which factors."""
    fine = finer_values(
        study.problem.start.config.model, {parameter.key: parameter.levels for parameter in study.refinement.parameters}
    )
    keys = study.refinement.lean(study.goal.quantities) | study.refinement.settings(fine)
    value = value_in(results(text, str(folder), tuple(sorted(keys.items(), key=str))), study.goal.quantities[0])
    return value, finer_by(study, fine)


def finer_study(study, text, folder):
    """Return the limit of a study with half the bar of another one, and by which factor it really is smaller."""
    cheap, quantity = study.answers[0], study.goal.quantities[0]
    fine = searched(text, quantity.text, f"{cheap.error / 2} {quantity.unit}", folder)
    assert set(study.done) < set(fine.done)
    return fine.answers[0].value, {"bar": float(f"{cheap.error / fine.answers[0].error:.3g}")}


def searched(text, name, target, folder):
    """Return a study that has come to its end."""
    study = begin(opened(text, folder), target, [name], None)
    search(MPI.COMM_SELF, study, str(folder), StopRequests(), None, lambda text: None)
    return study


def told(text):
    """Return an input in a line."""
    return "; ".join(text.splitlines()).replace("; [", " [")


def row_of(text, name, target, folder):
    """Return what is known of a case: limit and bar from a cheap target, and the same from a finer calculation."""
    begun = time.process_time()
    study = searched(text, name, target, folder)
    cheap, quantity = study.answers[0], study.goal.quantities[0]
    model = study.problem.start.config.model
    value, by = (finer_study if model == "trion" else finer_calculation)(study, text, folder)
    return {
        "model": model,
        "input": told(text).partition("; ")[2],
        "quantity": quantity.text,
        "unit": quantity.unit,
        "target": target,
        "calculations": len(study.done),
        "limit": cheap.value,
        "bar": cheap.error,
        "finer": value,
        "finer_by": by,
        "held": bool(abs(cheap.value - value) <= cheap.error),
        "revision": source_revision(),
        "processor_time": round(time.process_time() - begun, 1),
    }


def kept():
    """Return the rows of the table so far."""
    return json.loads(TABLE.read_text(encoding="utf-8"))["rows"] if TABLE.exists() else []


def keep(rows):
    """Put the rows of an input into the table, with the date."""
    others = [row for row in kept() if row["input"] != rows[0]["input"] or row["model"] != rows[0]["model"]]
    table = {"date": datetime.now(UTC).isoformat(timespec="seconds")}
    table["rows"] = sorted(others + rows, key=lambda row: [MODELS.index(row["model"]), row["input"], row["quantity"]])
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


@pytest.mark.validate
@pytest.mark.parametrize("text", list(dict.fromkeys(case[0] for case in CASES)), ids=told)
def test_finer_calculations_are_finer(text, tmp_path):
    rows = [row_of(*case, tmp_path) for case in CASES if case[0] == text]
    keep(rows)
    assert all(min(row["finer_by"].values()) >= FINER for row in rows)


@pytest.mark.validate
def test_bars_hold_much_finer_calculations():
    rows = kept()  # of the tests before this one
    assert {row["model"] for row in rows} == set(MODELS) and len(rows) == len(CASES) >= 40
    assert all(
        abs(row["limit"] - row["finer"]) > 1e-9 * abs(row["finer"]) for row in rows
    )  # a value that does not move says nothing
    error, bar = (np.array(column) for column in zip(*[(abs(row["limit"] - row["finer"]), row["bar"]) for row in rows]))
    assert np.mean(error <= bar) >= 0.95
    assert np.median(bar / error) <= 5
