"""What a model says that it needs of a material is what it reads: neither less, which would be told late, nor more."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from hpcx.config.serving import load_for
from hpcx.exciton.problem import exciton_problem
from hpcx.formation.problem import build_problem as formation_problem
from hpcx.formation.problem import radiation_of
from hpcx.materials.environment import load_environment
from hpcx.materials.loader import Material
from hpcx.registry import config_class
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.valley.parameters import read_parameters
from hpcx.wigner.parameters import read_excitons

DISK = {"mesh": {"N": 24, "k0": 0.1}}
PARABOLIC = {"bands": {"model": "parabolic"}}


def trion(config, material):
    return [trion_problem(config, material, exciton_of(config, material), species) for species in config.trion.species]


def formation(config, material):
    return formation_problem(config, material, {}), radiation_of(config, material)


READERS = {
    "exciton": exciton_problem,
    "trion": trion,
    "wigner": lambda config, material: read_excitons(material),
    "formation": formation,
    "valley": lambda config, material: read_parameters(material, load_environment("SiO2")),
}
CASES = [
    ("exciton", DISK),
    ("exciton", DISK | PARABOLIC),
    ("exciton", DISK | {"bands": {"model": "parabolic", "hole_mass": 0.4}}),
    ("trion", DISK),
    ("trion", DISK | PARABOLIC),
    ("wigner", {"temperature": 77}),
    ("formation", {"pump": {"photon_energy": 2.4}}),
    ("formation", {"pump": {"photon_energy": 2.4}, "approximation": {"substrate": True, "common_masses": True}}),
    ("formation", {"pump": {"photon_energy": 2.4}, "environment": "hBN"}),
    ("valley", {}),
]


@pytest.mark.parametrize(("model", "keys"), CASES)
def test_declared_keys_are_those_that_are_read(monkeypatch, model, keys):
    name = {"wigner": "WS2"}.get(model, "MoS2")
    config, material, read = config_class(model)(model=model, material=name, **keys), load_for(model, name), set()
    for method in ("number", "numbers_of", "text"):
        plain = getattr(Material, method)

        def noted(self, key, *unit, plain=plain):
            """Note the key, if it is of the material and not of an environment."""
            if self.name == name:
                read.add(key)
            return plain(self, key, *unit)

        monkeypatch.setattr(Material, method, noted)
    READERS[model](config, material)
    assert read == set(config.material_keys())


def test_every_file_of_numbers_is_installed():
    root = Path(import_module("hpcx").__file__).parent
    text = (root.parent / "pyproject.toml").read_text(encoding="utf-8")
    patterns = tomllib.loads(text)["tool"]["setuptools"]["package-data"]["hpcx"]
    installed = {path for pattern in patterns for path in root.glob(pattern)}
    assert set(root.rglob("*.toml")) <= installed
