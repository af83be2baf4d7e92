"""What every model says of its refinement fits its input and its results."""

import numpy as np
import pytest
from mpi4py import MPI
from tight_binding_files import rectangular, tb_text

from hpcx.config.choose import load_open
from hpcx.converge.command import begin
from hpcx.converge.plan import first_places
from hpcx.converge.run import quantity_of
from hpcx.exciton.refinement import effective_cutoff
from hpcx.exciton.tight_binding import load_valleys
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


@pytest.mark.parametrize("kappa", [1.0, 2.5, 6.0])
@pytest.mark.parametrize("lattice_vx", [((0.437, 0), (0, 0.331)), ((0.4, 0), (0, 0.4)), ((0.3, 0), (0.11, 0.52))])
def test_ladders_of_any_lattice_repeat_no_level_and_stay_in_the_zone(tmp_path, lattice_vx, kappa):
    (tmp_path / "any_tb.dat").write_text(tb_text(rectangular(lattice_vx=lattice_vx)))
    text = (
        f'model = "exciton"\nmaterial = "WSe2"\nscreening.kappa = {kappa}\nbands.model = "tight-binding"\n'
        f'tight_binding = {{ file = "{tmp_path}/any_tb.dat", occupied = 1, valley = "G" }}\n'
    )
    study = begin(load_open("input.toml", [f"output.directory={tmp_path / 'out'}"], text), "1 meV", None, None)
    divisions, cutoffs = (parameter.levels for parameter in study.goal.parameters)
    assert np.all(np.diff(divisions) > 0) and np.all(np.diff(cutoffs) > 0) and divisions[0] * cutoffs[0] >= 2.5
    limit = load_valleys(study.problem.start.config.tight_binding).largest_cutoff
    assert cutoffs[-1] < min(limit, 0.5)
    for number, _ in enumerate(study.goal.parameters):
        terms = [study.family.leading(number, level) for level in range(len(study.goal.parameters[number].levels))]
        assert np.all(np.diff(terms) < 0)
    cutoff = effective_cutoff(300, 0.3, load_valleys(study.problem.start.config.tight_binding).lattice)
    assert cutoff == pytest.approx(0.3, rel=1e-2)


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
