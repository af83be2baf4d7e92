"""Problems and runs of the valley model that several tests use."""

import pytest

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.valley.config import Config
from hpcx.valley.problem import build_problem
from hpcx.valley.solve import compute


def make_config(material="WSe2", **keys):
    return Config.model_validate({"model": "valley", "material": material, **keys})


def make_problem(material="WSe2", **keys):
    config = make_config(material, **keys)
    return config, build_problem(config, load_for("valley", material))


@pytest.fixture(scope="session")
def setup():
    return make_problem


@pytest.fixture(scope="session")
def configure():
    return make_config


@pytest.fixture(scope="session")
def calculate():
    """Return a function that computes a point once per session; phonon matrices are shared."""
    known, shared = {}, {}

    def result(material="WSe2", **keys):
        name = repr((material, keys))
        if name not in known:
            config = make_config(material, **keys)
            known[name] = compute(config, load_for("valley", material), Run(shared=shared))
        return known[name]

    return result
