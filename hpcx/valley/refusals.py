"""Surroundings that make no sense."""

from __future__ import annotations

from hpcx.materials.environment import load_environment
from hpcx.materials.loader import Material
from hpcx.registry import Refusal, tried
from hpcx.valley.config import Config
from hpcx.valley.parameters import read_parameters


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return an environment in which there is no interaction."""
    return tried("environment", config.environment, lambda: read_parameters(material, load_environment(config.environment)))[1]
