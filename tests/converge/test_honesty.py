"""Whether error bars are honest: the bar from a cheap target must hold a much finer calculation. The table is kept for the page."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from hpcx.cli import command
from hpcx.config.choose import load_open
from hpcx.converge.command import begin

#: where the table goes: beside the page of `make validate`
TABLE = Path("results/validation/honesty.json")
CHEAP, FINE = "2 %", "0.2 %"
PARABOLIC = '[bands]\nmodel = "parabolic"\n'

CASES = [
    *[
        (f'model = "exciton"\nmaterial = "{material}"\nenvironment = "{around}"\n{bands}', "exciton/binding_energy")
        for material, around, bands in product(("MoS2", "MoSe2", "WS2", "WSe2"), ("vacuum", "SiO2", "hBN"), ("", PARABOLIC))
    ],
    *[
        (f'model = "wigner"\nmaterial = "WS2"\ntemperature = {temperature}\n', quantity)
        for temperature, quantity in product(
            (50, 77, 150, 300), ("rates/stationary_diffusivity[KK]", "rates/stationary_diffusivity_common", "rates/relaxation_time[KL]")
        )
    ],
    *[
        (f'model = "formation"\nmaterial = "MoS2"\n[pump]\nphoton_energy = "{energy} eV"\n', quantity)
        for energy, quantity in product((2.3, 2.5), ("signal/rise_time[A, full]", "signal/rise_time[B, full]", "wannier/binding_energy[A]"))
    ],
    *[
        (f'model = "valley"\nmaterial = "{material}"\ntemperature = {temperature}\n', "dichroism/slow_time")
        for material, temperature in (("WSe2", 77), ("WSe2", 300), ("MoSe2", 77))
    ],
    *[
        (f'model = "trion"\nmaterial = "{material}"\nenvironment = "{around}"\n', "singlet/binding_energy")
        for material, around in (("MoS2", "vacuum"), ("MoSe2", "hBN"), ("WS2", "SiO2"))
    ],
]


def limit(path, folder, text, quantity, target):
    """Return limit and bar, and the name of the quantity's unit."""
    path.write_text(text)
    settings = ["--set", f"output.directory={folder}"]
    assert command(["converge", str(path), "--target", target, "--quantity", quantity, "--budget", "20 core-min", *settings]) in (0, 3)
    import h5py

    study = begin(load_open(str(path), [f"output.directory={folder}"]), target, [quantity], None)
    name = "_".join([study.goal.quantities[0].path, *study.goal.quantities[0].chosen])
    with h5py.File(folder / "converge.h5") as file:
        return float(file[f"limit/{name}"][()]), float(file[f"limit/{name}_error"][()])


@pytest.mark.validate
def test_bars_hold_much_finer_calculations(tmp_path):
    rows = []
    for number, (text, quantity) in enumerate(CASES):
        cheap, bar = limit(tmp_path / "input.toml", tmp_path / str(number), text, quantity, CHEAP)
        fine, rest = limit(tmp_path / "input.toml", tmp_path / str(number), text, quantity, FINE)
        rows.append({"input": text, "quantity": quantity, "cheap": cheap, "bar": bar, "fine": fine, "fine_bar": rest})
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        TABLE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    error, bar = (np.array(column) for column in zip(*[(abs(row["cheap"] - row["fine"]), row["bar"]) for row in rows]))
    held = error <= bar + np.array([row["fine_bar"] for row in rows])
    assert len(rows) >= 40 and held.mean() >= 0.95
    assert np.median(bar / np.maximum(error, 1e-12)) <= 5
