"""What every model says of its refinement fits its input and its results."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.choose import load_open
from hpcx.converge.command import begin
from hpcx.converge.plan import first_places
from hpcx.converge.run import quantity_of
from hpcx.parallel.run import Run
from hpcx.registry import refinement, solver

INPUTS = {
    "exciton": 'material = "MoS2"',
    "trion": 'material = "WSe2"\nenvironment = "hBN"\n[bands]\nmodel = "parabolic"',
    "wigner": 'material = "WS2"\ntemperature = 300\n[space]\ndimension = 1\nwidth = "3 um"',
    "formation": 'material = "MoS2"\ntemperature = 150\n[pump]\nphoton_energy = "2.35 eV"',
    "valley": 'material = "WSe2"',
    "zone": (
        'material = "MoS2"\nmesh = { N = 12, region = "zone" }\nbands = { model = "tight-binding" }\n'
        'tight_binding = { builtin = "liu2013:MoS2" }\nzone = { valence = 2, conduction = 2, path = "G-K" }'
    ),
}
#: models of inputs that are not called after theirs
MODEL = {"zone": "exciton"}


def opened(tmp_path, model, more=""):
    path = tmp_path / "input.toml"
    path.write_text(f'model = "{MODEL.get(model, model)}"\n{more}{INPUTS[model]}\n')
    return load_open(str(path), [f"output.directory={tmp_path / 'out'}"])


@pytest.mark.parametrize("model", INPUTS)
def test_the_first_calculations_are_valid_and_differ(tmp_path, model):
    study = begin(opened(tmp_path, model), "1 %", None, None)
    places = first_places(study.family)
    points = study.plan(places).points
    assert [point.error for point in points] == [""] * len(places)
    assert len({point.hash for point in points}) == len(places)
    assert all(study.work(place) > 0 for place in places)


@pytest.mark.parametrize("model", INPUTS)
def test_ladders_refine_towards_zero_error(tmp_path, model):
    study = begin(opened(tmp_path, model), "1 %", None, None)
    for number, parameter in enumerate(study.goal.parameters):
        terms = [study.family.leading(number, level) for level in range(len(parameter.levels))]
        assert parameter.reason and np.all(np.diff(terms) < 0) and terms[-1] > 0
        assert {name for names in parameter.models for name in names} <= set(
            parameter.terms(study.family.values(study.family.base))
        )


@pytest.mark.parametrize("model", ["exciton", "formation", "zone"])
def test_quantities_are_among_the_results(tmp_path, model):
    start = opened(tmp_path, model).start
    model = start.config.model
    known = refinement(model, start.config, start.material).quantities
    result = solver(model)(MPI.COMM_SELF, start.config, start.material, Run())
    for quantity in known:
        dataset = result.datasets[quantity.path]
        assert dataset.data.ndim == len(quantity.labels) and np.isfinite(
            quantity_of(dataset.data, dataset.units, quantity)
        )
