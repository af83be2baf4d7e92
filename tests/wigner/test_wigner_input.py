"""Input of the Wigner model, inputs that come with it, spots, checks of box and grid, estimate, uncertainty study."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from pydantic import ValidationError

from hpcx.config.load import load_plan
from hpcx.config.serving import load_for
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.parallel.tiling import border_traffic, make_tiling
from hpcx.wigner.config import Config, Initial
from hpcx.wigner.estimate import estimate
from hpcx.wigner.problem import make_problem
from hpcx.wigner.refusals import refusals
from hpcx.wigner.solve import solve
from hpcx.wigner.space.initial_density import brightness
from hpcx.wigner.space.problem import make_spatial_problem
from hpcx.wigner.space.spatial_grid import SpatialGrid, is_mirror_symmetric
from hpcx.wigner.space.transport import absorption
from hpcx.wigner.uncertainty import factors, study, weak_numbers

INPUTS = sorted((Path(__file__).parents[2] / "inputs").glob("wigner_*.toml"))


def config(**tables) -> Config:
    return Config(**({"model": "wigner", "material": "WS2", "temperature": 77.0} | tables))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_inputs_are_valid_and_can_be_estimated(path):
    plan = load_plan(path, [])
    for point in plan.points:
        found = estimate(point.config, point.material, 2)
        assert found.unknowns > 0 and found.seconds > 0
        assert found.warnings == []


@pytest.mark.parametrize(
    "tables, words",
    [
        ({"pulse": {"centre": 0.05}}, "pulse.centre"),
        ({"time": {"outputs": [(0.1, 5), (0.2, 3)]}}, "intervals"),
        ({"landscape": {"kind": "well"}}, "space.dimension"),
        ({"space": {"dimension": 1, "initial": {"shape": "image"}}}, "space.initial.file"),
        ({"mechanisms": {"intervalley": False, "intervalley_off_at": 3}}, "intervalley_off_at"),
        ({"uncertainty": {"samples": 3}, "space": {"dimension": 1}}, "uncertainty.samples"),
        ({"time": {"end": 4, "distributions": [5]}}, "time.distributions"),
    ],
)
def test_contradictions_are_named(tables, words):
    with pytest.raises(ValidationError, match=words):
        config(**tables)


@pytest.mark.parametrize(
    "tables, words",
    [
        ({"momentum": {"energy_max": 40}}, "momentum.energy_max"),
        ({"momentum": {"first_bin": 5}}, "momentum.first_bin"),
    ],
)
def test_coarse_energy_bins_are_refused(tables, words):
    with pytest.raises(ValueError, match=words):
        make_problem(MPI.COMM_SELF, config(**tables), load_for("wigner", "WS2"), Run())
    assert words in refusals(config(**tables), load_for("wigner", "WS2"))[0].message


def test_coarse_cells_and_small_boxes_are_refused():
    short = {"end": 1.0}
    with pytest.raises(AgreedError, match="space.points = 20"):
        solve(MPI.COMM_SELF, config(space={"dimension": 1, "points": 20}, time=short), load_for("wigner", "WS2"), Run())
    with pytest.raises(AgreedError, match="1/e radius"):
        solve(
            MPI.COMM_SELF,
            config(space={"dimension": 1, "points": 20, "width": 0.6}, time=short),
            load_for("wigner", "WS2"),
            Run(),
        )


def test_materials_without_the_numbers_say_so():
    rich = load_for("wigner", "MoS2")
    poor = replace(
        rich, numbers={key: number for key, number in rich.numbers.items() if key != "excitons.degeneracy_KK"}
    )
    with pytest.raises(ValueError, match="excitons.degeneracy_KK"):
        make_problem(MPI.COMM_SELF, config(), poor, Run())


@pytest.mark.parametrize("shape", ["gaussian", "ring", "two spots"])
def test_spots_are_normalised_and_symmetric(shape):
    bright = brightness(SpatialGrid((41, 41), 4000.0), Initial(shape=shape), 212.0)
    assert 0.98 < bright.max() <= 1 + 1e-9
    assert is_mirror_symmetric(bright)
    birth = make_spatial_problem(
        config(space={"dimension": 2, "points": 40, "width": 4, "initial": {"shape": shape}})
    ).birth
    assert birth.sum() == pytest.approx(1, rel=1e-14)


def test_image_as_spot(tmp_path):
    pixels = np.zeros((10, 20))
    pixels[:5, :10] = 1.0
    np.save(tmp_path / "corner.npy", pixels)
    initial = Initial(shape="image", file=str(tmp_path / "corner.npy"))
    spatial_grid = SpatialGrid((40, 40), 4000.0)
    bright = brightness(spatial_grid, initial, 212.0)
    assert bright.max() == 1
    birth = bright / bright.sum()
    x, y = spatial_grid.coordinates()
    # the top left quarter of the image: x < 0, y > 0
    assert np.sum(x * birth) == pytest.approx(-1000, rel=0.05)
    assert np.sum(y * birth) == pytest.approx(1000, rel=0.05)
    assert not is_mirror_symmetric(birth)
    np.save(tmp_path / "dark.npy", 0 * pixels)
    with pytest.raises(ValueError, match="not all dark"):
        brightness(spatial_grid, Initial(shape="image", file=str(tmp_path / "dark.npy")), 212.0)


def test_absorbing_layer_lies_at_the_edge():
    rate = absorption(SpatialGrid((40, 40), 4000.0))
    assert rate[20, 20] == 0 and rate[0, 20] > 1e-3 and rate[20, -1] > 1e-3
    assert np.mean(rate > 0) < 0.35


def test_symmetry_is_used_only_where_it_is():
    assert make_spatial_problem(config(space={"dimension": 2, "points": 40, "width": 3})).mirror
    assert not make_spatial_problem(config(space={"dimension": 1, "points": 41})).mirror
    disorder = config(space={"dimension": 1, "points": 40}, landscape={"kind": "disorder"})
    assert not make_spatial_problem(disorder).mirror


def test_uncertainty_study_is_seeded_and_ranks_inputs():
    case = config(
        temperature=20.0,
        momentum={"first_bin": 0.5, "growth": 1.4, "largest_bin": 3.0},
        time={"outputs": [(0.5, 12.0), (2.0, 100.0)], "end": 100.0},
        uncertainty={"samples": 6},
    )
    material = load_for("wigner", "WS2")
    weak = weak_numbers(material, case.uncertainty)
    assert {"phonons.electron_K_Kprime.potential_acoustic", "phonons.acoustic.velocity_TA"} <= set(weak)
    assert np.array_equal(factors(weak, 6, 1), factors(weak, 6, 1))
    assert not np.array_equal(factors(weak, 6, 1), factors(weak, 6, 2))
    result = study(MPI.COMM_SELF, case, material, Run())
    bands = result.value("uncertainty/diffusivity")
    assert bands.shape[0] == 5 and np.all(np.diff(bands, axis=0) >= 0)
    assert np.ptp(result.value("uncertainty/peak")) > 0
    assert json.dumps(result.summary)


def test_absorbing_edges_take_excitons_without_echo():
    """In a small absorbing box the middle looks as in a large periodic one while excitons leave."""
    bins = {"energy_max": 115, "first_bin": 3.0, "growth": 1.3, "largest_bin": 14.0}
    times = {"end": 4.0, "outputs": [(1.0, 4.0)], "densities": [(4.0, 4.0)], "tolerance": 1e-2}
    results = []
    for points, width, boundary in ((30, 1.2, "absorbing"), (80, 3.2, "periodic")):
        space = {"dimension": 1, "points": points, "width": width, "boundary": boundary}
        case = config(temperature=300.0, space=space, momentum=bins, time=times)
        results.append(solve(MPI.COMM_SELF, case, load_for("wigner", "WS2"), Run()))
    small, large = results
    number = small.value("checks/particle_number")
    assert np.all(np.diff(number[1:]) < 0) and number[-1] < -1e-4
    middle, reference = small.value("density/density")[-1, :, 9:21], large.value("density/density")[-1, :, 34:46]
    assert middle == pytest.approx(reference, rel=0.01)


def test_the_exponent_counts_from_the_width_at_which_excitons_are_made():
    """Growth and diffusivity do not depend on where excitons are made, so neither does the exponent."""
    bins = {"energy_max": 115, "first_bin": 3.0, "growth": 1.3, "largest_bin": 14.0}
    found = []
    for shape in ("gaussian", "two spots"):
        space = {"dimension": 1, "points": 44, "width": 3.6, "initial": {"shape": shape, "separation": 0.8}}
        times = {"end": 1.0, "outputs": [(0.25, 1.0)], "densities": [(1.0, 1.0)], "tolerance": 1e-2}
        case = config(temperature=300.0, space=space, momentum=bins, time=times, mechanisms={"radiative": False})
        found.append(solve(MPI.COMM_SELF, case, load_for("wigner", "WS2"), Run()).value("observables/exponent")[1:])
    assert found[1] == pytest.approx(found[0], rel=1e-5)


@pytest.mark.parametrize(("shape", "key", "value"), [("ring", "radius", 3.0), ("two spots", "separation", 6.0)])
def test_light_outside_the_box_is_refused(shape, key, value):
    space = {"dimension": 2, "points": 24, "width": "6 um"}
    Config(
        model="wigner", material="WS2", temperature=77, space={**space, "initial": {"shape": shape, key: 0.9 * value}}
    )
    with pytest.raises(ValueError, match=f"space.initial.{key} puts the light 3 um from the centre"):
        Config(model="wigner", material="WS2", temperature=77, space={**space, "initial": {"shape": shape, key: value}})


def test_the_estimate_tells_what_ranks_send_and_how_uneven_they_are():
    material, plane = load_for("wigner", "WS2"), config(space={"dimension": 2, "points": 60})
    cells, ranks = (30, 30), 7  # a quarter is computed
    tiling = make_tiling(cells, ranks)
    found, alone = estimate(plane, material, ranks), estimate(plane, material, 1)
    sent = border_traffic(tiling, mirror=True)
    size = 8 * found.unknowns // 900 * sent.cells.max()
    assert (
        found.facts["sent per rank at most"] == f"{sent.messages.max()} messages, {size / 1e6:.3f} MB, 6 times per step"
    )
    assert found.facts["cells of the busiest rank over the mean"] == f"{tiling.cells().max() * ranks / 900:.2f}"
    assert "sent per rank at most" not in alone.facts
