"""Results of all models, with all that can be asked for, open in xarray as a tree, and so do their sweeps.

The pages of the models say what each dataset is: their tables are held against the same results.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from mpi4py import MPI

import hpcx
from hpcx.config.datasets import datasets_of
from hpcx.config.load import load_plan
from hpcx.parallel.stop import StopRequests
from hpcx.petsc.options import initialize
from hpcx.registry import MODELS
from hpcx.sweep.run import run_plan

EXCITON = {
    "model": "exciton", "material": "MoS2", "mesh.N": 30, "mesh.k0": 0.1, "gap": 2.0, "absorption.enabled": True,
    "exchange.long_range": True, "exchange.momenta": [0, 1], "phonons.enabled": True,
    "sweep.parameters.carriers.hopping": [1.0, "1.2 eV"],
}  # fmt: skip
DARK = {
    "model": "exciton", "material": "WSe2", "bands.model": "parabolic", "mesh.N": 30, "mesh.k0": 0.1,
    "exciton.electron": "K':c1",
}  # fmt: skip
ZONE = {
    "model": "exciton", "material": "WSe2", "mesh.N": 6, "mesh.region": "zone", "bands.model": "tight-binding",
    "tight_binding.builtin": "liu2013:WSe2", "solver.states": 2, "zone.valence": 2, "zone.conduction": 2,
}  # fmt: skip
TRION = {
    "model": "trion", "material": "WSe2", "mesh.N": 40, "mesh.k0": 0.1, "solver.states": 1, "absorption.enabled": True,
    "absorption.maps": ["0 meV", "-20 meV"], "twod.enabled": True, "twod.waiting_times": [0, 50, 100], "twod.points": 9,
    "phonons.enabled": True, "phonons.temperature": 20, "sweep.twod.pathway": ["rephasing", "sum"],
}  # fmt: skip
THERMAL = {
    "model": "trion", "material": "WSe2", "mesh.N": 30, "mesh.k0": 0.1, "solver.states": 1, "absorption.enabled": True,
    "trion.temperature": "30 K", "sweep.mesh.N": [28, 30],
}  # fmt: skip
CHANNEL = {key: value for key, value in TRION.items() if not key.startswith(("twod", "phonons", "sweep.twod"))} | {
    "mesh.N": 24, "trion.species": [], "trion.channels.CHANNEL": ["K:c2", "K':c1", "K:v1"], "exchange.contact": 5.0,
}  # fmt: skip
GRID = {"momentum.energy_max": 80, "momentum.first_bin": 2, "momentum.growth": 1.5, "momentum.largest_bin": 12}
WIGNER = {
    "model": "wigner", "material": "WS2", "temperature": 77, **GRID, "time.end": 1, "time.outputs": [[0.25, 1]],
    "time.tolerance": 0.1,
    "time.densities": [[0.5, 1]], "time.distributions": [0.5, 1.0], "pulse.spot": "1 um",
}  # fmt: skip
MOMENTS = {key: value for key, value in WIGNER.items() if key not in ("time.densities", "time.distributions")}
RATES = {key: value for key, value in MOMENTS.items() if not key.startswith(("time", "pulse"))} | {
    "time.rates_only": True
}
WELL = WIGNER | {
    "space.dimension": 1, "space.points": 36, "space.width": "4 um", "time.end": 0.6, "time.densities": [[0.3, 1]],
    "time.distributions": [0.5],
    "landscape.kind": "well", "landscape.depth": "2 meV", "landscape.length": "2 um",
}  # fmt: skip
PLANE = WELL | {
    "landscape.kind": "none", "space.dimension": 2, "space.points": 36, "space.width": "4 um",
    "annihilation.rate": 0.01, "annihilation.density": "1e11/cm^2",
}  # fmt: skip
FORMATION = {
    "model": "formation", "material": "MoS2", "pump.photon_energy": 2.48, "delay.points": 6, "momentum.points": 40,
    "signal.photon_energies.points": 3,
    "signal.bootstrap": 2, "approximation.grating": True,
}  # fmt: skip
VALLEY = {
    "model": "valley", "material": "WSe2", "momentum.points": 8, "time.end": "0.4 ps",
    "mechanisms.set": "full + spin_flip",
    "sweep.temperature": [77, 100], "probe.kerr_energy": "1.75 eV",
}  # fmt: skip
ONE = {key: value for key, value in VALLEY.items() if not key.startswith("sweep.")}
ANGULAR, SATURATED = ONE | {"mechanisms.set": "full", "momentum.dimension": 2}, ONE | {"approximation.saturation": True}
IN_TIME = {
    "model": "formation", "material": "MoS2", "pump.photon_energy": 2.48, "delay.points": 8, "momentum.points": 20,
    "momentum.tail_points": 8,
    "solver.route": "time", "solver.tolerance": 1e-3, "signal.bootstrap": 0,
}  # fmt: skip
POLARISED = FORMATION | {"pump.polarization": ["x", "sigma+"], "signal.photon_energies.points": 0}
CASES = {
    "exciton": EXCITON, "exciton of two valleys": DARK,
    "excitons on a path": ZONE | {"zone.path": "G-K", "zone.points": 3},
    "excitons in light": ZONE | {"absorption.enabled": True}, "trion": TRION, "channel": CHANNEL,
    "thermal trion": THERMAL, "wigner": MOMENTS,
    "wigner's rates": RATES, "uncertain wigner": MOMENTS | {"uncertainty.samples": 2, "time.end": 3},
    "wigner in a well": WELL, "wigner in the plane": PLANE, "formation": FORMATION, "polarised formation": POLARISED,
    "formation in time": IN_TIME,
    "valley": VALLEY, "angular valley": ANGULAR, "saturated valley": SATURATED,
}  # fmt: skip


def as_toml(value) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def compute(folder: Path, case: dict) -> list[Path]:
    """Run a case, and return its files."""
    (folder / "input.toml").write_text(
        f'model = "{case["model"]}"\nmaterial = "{case["material"]}"\n[output]\ndirectory = "{folder}/out"\n'
    )
    settings = [f"{key}={as_toml(value)}" for key, value in case.items() if key not in ("model", "material")]
    initialize([])
    report = run_plan(MPI.COMM_SELF, load_plan(str(folder / "input.toml"), settings), StopRequests())
    assert {entry.status for entry in report.entries} == {"done"}, [entry.message for entry in report.entries]
    return sorted((folder / "out").glob("*.h5")) + sorted((folder / "out/points").glob("*.h5"))


SLOW = ("formation in time", "saturated valley", "thermal trion")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return a function that computes a case once, and gives its files."""
    known: dict[str, list[Path]] = {}

    def files(name: str) -> list[Path]:
        if name not in known:
            known[name] = compute(tmp_path_factory.mktemp("case"), CASES[name])
        return known[name]

    return files


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.validate) if name in SLOW else name for name in CASES]
)
def test_every_result_opens_as_a_tree(name, results, caplog):
    caplog.set_level(logging.CRITICAL)
    files = results(name)
    assert len(files) == (3 if any(key.startswith("sweep.") for key in CASES[name]) else 1)
    for path in files:
        with xarray.open_datatree(path, engine="h5netcdf") as tree:
            for node in tree.subtree:
                for variable in node.ds.variables.values():
                    if "provenance" not in node.path and "index" not in node.path:
                        assert {"units", "long_name"} <= variable.attrs.keys(), (node.path, variable)
                    variable.load()
        look_at(path, CASES[name])
    undocumented = datasets(files[-1]) - documented(CASES[name]["model"])
    assert undocumented == set()


@pytest.mark.parametrize("model", MODELS)
def test_no_dataset_of_a_page_is_missing(model, results, caplog):
    caplog.set_level(logging.CRITICAL)
    cases = [name for name, case in CASES.items() if case["model"] == model and name not in SLOW]
    found = set().union(*(datasets(results(name)[-1]) for name in cases))
    assert documented(model) - found == set()


def datasets(path: Path) -> set[tuple[str, tuple[str, ...], str]]:
    """Return path, axes and unit of all datasets of a point but its provenance and axes that only count."""
    found = set()

    def visit(name: str, item: h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("provenance/"):
            axes = tuple(scales[0].name.rpartition("/")[2] for scales in item.dims if len(scales))
            axes = axes[axes[:1] == ("polarization",) :]  # which the page names once
            counts = (
                h5py.h5ds.is_scale(item.id) and item.dtype.kind in "iu" and np.array_equal(item, np.arange(len(item)))
            )
            found.update([] if counts else [(name, axes, item.attrs["units"])])

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def documented(model: str) -> set[tuple[str, tuple[str, ...], str]]:
    """Return path, axes and unit of all datasets that `hpcx schema MODEL --results` lists."""
    return {(dataset.path, dataset.axes, dataset.unit) for dataset in datasets_of(model)}


def look_at(path: Path, case: dict) -> None:
    """See that `hpcx.open` tells what a file is about."""
    swept = [key.removeprefix("sweep.") for key in case if key.startswith("sweep.")]
    with hpcx.open(path) as tree:
        assert (
            tree.attrs["model"] == case["model"]
            and tree.attrs["material"] == case["material"]
            and "kappa = " in tree.attrs["environment"]
        )
        assert (
            tree.attrs["axes"] == (swept if path.name == "sweep.h5" else []) and tree.attrs["hpcx"] == hpcx.__version__
        )
        assert not {"k", "xy"} & {name for node in tree.subtree for name in node.ds.variables}
        groups = [
            node for node in tree.subtree if node.ds.data_vars and not node.path.startswith(("/index", "/provenance"))
        ]
        for key, value in case.items():
            if isinstance(value, (int, float, bool)) and not key.startswith("sweep."):
                assert all(group[key].ndim == 0 and group[key] == value for group in groups), key
        assert {
            "material",
            *(key for key, value in case.items() if type(value) in (int, float, bool) and "sweep" not in key),
        } <= set(tree["input"].data_vars)
        written = {key.removeprefix("sweep.") for key in case} | {"material"}
        shown = {key for group in groups for key in group.coords if key in tree["input"].data_vars}
        assert all(key in written or key.rpartition(".")[0] in written for key in shown), shown - written
        complex_data = [
            name for name in ("twod/signal", "singlet/wavefunction") if case["model"] == "trion" and name in tree
        ]
        assert all(np.iscomplexobj(tree[name]) for name in complex_data)
        if "singlet" in tree.children:
            assert {"kx", "ky"} <= set(tree["singlet/wavefunction"].coords)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """The directory of a small sweep in surroundings whose number is a guess,
    with a number of the material replaced.
    """
    case = {key: value for key, value in EXCITON.items() if "absorption" not in key and "sweep" not in key}
    more = {"screening.kappa": "hBN", "parameters.carriers.gap": "1.7 eV", "sweep.mesh.N": [30, 32]}
    return compute(tmp_path_factory.mktemp("sweep"), case | more)[0].parent


def test_a_sweep_tells_the_sources_of_all_numbers(sweep):
    with hpcx.open(sweep) as tree:
        assert tree.attrs["environment"] == "hBN: kappa = 4.5 (hBN on both sides [guess])"
        about = {
            name: json.loads(tree[f"provenance/{name}"].item())
            for name in ("materials", "environments", "versions", "units")
        }
    numbers = about["materials"]["MoS2"]["numbers"]
    assert numbers["carriers.gap"] == {"value": 1.7, "unit": "eV", "source": "input"} and numbers["carriers.hopping"][
        "source"
    ].startswith("Xiao")
    assert about["environments"]["hBN.toml"]["numbers"]["kappa"]["source"] == "hBN on both sides [guess]"
    assert {"hpcx", "numpy", "petsc4py", "hdf5"} <= about["versions"].keys() and about["units"]["gap"] == "eV"


def test_groups_of_several_results_can_be_joined(sweep):
    files = sorted((sweep / "points").glob("*.h5"))
    with hpcx.open(files[0]) as one, hpcx.open(files[1]) as two:
        joined = xarray.concat([one["exciton"].to_dataset(), two["exciton"].to_dataset()], "mesh.N").sortby("mesh.N")
    with hpcx.open(sweep) as tree:
        assert np.array_equal(joined["binding_energy"], tree["exciton/binding_energy"]) and list(joined["mesh.N"]) == [
            30,
            32,
        ]


def test_what_is_no_result_is_told(tmp_path):
    for path, words in ((tmp_path, "holds no sweep.h5"), (tmp_path / "nothing.h5", "does not exist")):
        with pytest.raises(FileNotFoundError, match=words):
            hpcx.open(path)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = 1
    with pytest.raises(ValueError, match="not a result of hpcx"):
        hpcx.open(tmp_path / "other.h5")


def test_a_swept_number_of_the_material_keeps_its_unit(tmp_path):
    files = compute(tmp_path, EXCITON)
    with xarray.open_datatree(files[0], engine="h5netcdf") as tree:
        swept = tree["parameters.carriers.hopping"]
        assert swept.attrs["units"] == "eV" and np.array_equal(swept, [1.0, 1.2])
        assert swept.attrs["long_name"] == "carriers.hopping of the material"
        assert tree["exciton/binding_energy"].dims == ("parameters.carriers.hopping",)
