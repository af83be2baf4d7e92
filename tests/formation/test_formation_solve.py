"""A whole point: datasets and their names, refused pumps, the estimate, and what leaves the result unchanged."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from mpi4py import MPI
from pydantic import ValidationError

from hpcx.config.load import load_plan
from hpcx.formation import perturbative
from hpcx.formation.estimate import estimate
from hpcx.formation.linear import sheet_field
from hpcx.formation.optics import Pulse
from hpcx.formation.perturbative import RESPONSES_KEPT, response_key
from hpcx.formation.problem import build_problem
from hpcx.formation.refusals import refusals
from hpcx.formation.shared_tables import shared_tables
from hpcx.formation.solve import solve
from hpcx.parallel.machine import Work
from hpcx.parallel.run import Run, spoken
from hpcx.sweep.check import FILES, START, check, in_all
from hpcx.sweep.planning import Planner

QUICK = {
    "momentum": {"points": 55},
    "delay": {"points": 36},
    "signal": {"bootstrap": 2, "photon_energies": {"points": 3}},
}


@pytest.fixture(scope="module")
def result(make_config, material):
    return solve(MPI.COMM_SELF, make_config(2.48, **QUICK), material, Run())


def test_ordinary_rise_times_are_not_at_their_bound(result):
    assert not result.value("signal/rise_time_at_bound")[:, :2].any()
    assert "at its bound" not in "\n".join(result.summary)


def test_result_has_the_agreed_datasets(result):
    for name in (
        "delay", "resonance", "contribution", "reflectivity_change", "rise_time", "rise_time_plain", "decay_time",
        "rise_time_error", "peak_delay", "peak_to_plateau", "coherent_share", "coherent_difference", "spectrum", "time",
        "formation_time", "fit", "population",
    ):  # fmt: skip
        assert f"signal/{name}" in result.datasets
    assert {"wannier/energy", "wannier/binding_energy"} <= result.datasets.keys()
    assert result.datasets["signal/spectrum"].dims == ("contribution", "photon_energy", "delay")
    assert result.datasets["signal/reflectivity_change"].data.shape == (2, 3, 36)
    assert np.all(np.isfinite(result.value("signal/rise_time")))


def test_contributions_add_up_and_the_population_feeds_the_signal(result):
    full, incoherent, coherent = result.value("signal/reflectivity_change").transpose(1, 0, 2)
    assert full == pytest.approx(incoherent + coherent, abs=1e-15)
    population_mt, time_t = result.value("signal/population")[0], result.value("signal/time")
    assert population_mt.min() >= 0
    late = incoherent[0, -1] / np.interp(result.value("signal/delay")[-1], time_t, population_mt[0])
    earlier = incoherent[0, -6] / np.interp(result.value("signal/delay")[-6], time_t, population_mt[0])
    assert late == pytest.approx(earlier, rel=2e-3)


def absorbed_photons(problem):
    """Return the share of a weak pulse of 2.35 eV and 20 fs that the sheet absorbs,
    1 - |r|^2 - |t|^2 over its spectrum.
    """
    energy_w = np.linspace(2.0, 2.7, 2001)
    transmission_w = sheet_field(problem, energy_w)
    intensity_w = Pulse(2.35, 20.0, 1.0).spectrum(energy_w) ** 2
    absorbed_w = 1 - np.abs(transmission_w) ** 2 - np.abs(transmission_w - 1) ** 2
    return (intensity_w * absorbed_w * 2.35 / energy_w).sum() / intensity_w.sum()


@pytest.mark.parametrize(
    "pump, shares, route",
    [
        ("x", (0.5, 0.5), "third-order"),
        ("sigma+", (1, 0), "third-order"),
        ("sigma-", (0, 1), "third-order"),
        ("sigma-", (0, 1), "time"),
    ],
)
def test_populations_stand_in_the_valley_that_the_pump_drives(make_config, material, shared, pump, shares, route):
    tables = {"momentum": {"points": 40, "tail_points": 16}, "continuum": {"energy_max": 1.2}}
    tables |= {"delay": {"start": 0, "stop": 40, "points": 2}, "solver": {"route": route, "tolerance": 1e-4}}
    pulses = {"pump": {"polarization": pump, "fluence": 0.05}, "probe": {"polarization": pump}}
    point = solve(
        MPI.COMM_SELF, make_config(2.35, {"biexciton": False}, **pulses, **tables), material, Run(shared=shared)
    )
    population_vmt, by_state = point.value("signal/population"), point.value("signal/population_by_state")
    total_t = population_vmt.sum(axis=(0, 1))
    assert [part.sum() for part in population_vmt] == pytest.approx(
        [share * total_t.sum() for share in shares], abs=1e-12
    )
    assert population_vmt.sum(axis=0) == pytest.approx(by_state[:, 0], rel=1e-12)
    assert point.value("signal/exciton_density") == pytest.approx(1e14 * by_state.sum(axis=(0, 1)), rel=1e-12)
    photons = 0.05e-6 / (2.35 * 1.602176634e-19)
    assert point.value("signal/excitons_made") == pytest.approx(
        point.value("signal/absorbed_share") * photons, rel=1e-9
    )
    absorbed = absorbed_photons(build_problem(make_config(2.35, {"biexciton": False}, **tables), material, shared))
    assert 0.02 < absorbed < 0.2 and point.value("signal/absorbed_share") == pytest.approx(absorbed, rel=3e-3)


def test_both_readings_of_the_coherent_share_are_given(result):
    shares_hr = result.value("signal/coherent_share_by_extent")
    assert shares_hr.shape == (2, 2)
    assert shares_hr[0] == pytest.approx(result.value("signal/coherent_share"))
    assert np.all(shares_hr[1] > shares_hr[0])


@pytest.mark.parametrize("energy", [2.2, 3.49])
def test_pump_outside_the_states_is_refused_with_the_range(make_config, material, energy):
    [refusal] = refusals(make_config(energy), material)
    assert refusal.key == "pump.photon_energy" and f"{energy} eV" in refusal.value
    assert "from 2.230 eV, the A gap, to 3.480 eV" in refusal.message


@pytest.mark.parametrize("energy", [2.24, 3.47])
def test_pump_inside_the_states_is_not_refused(make_config, material, energy):
    assert refusals(make_config(energy), material) == []


def test_pump_below_the_b_gap_is_allowed_and_said(make_config, material):
    [warning] = estimate(make_config(2.29), material, 1).warnings
    assert "below the B gap" in warning
    assert estimate(make_config(2.48), material, 1).warnings == []


def test_a_substrate_that_cannot_be_followed_in_time_is_refused(make_config, material):
    thick = material.with_parameters({"substrate.oxide_thickness": 3000.0})
    bare = material.with_parameters({"substrate.oxide_thickness": 0.0})
    time, short = {"solver": {"route": "time"}}, {"probe": {"duration": 2}}
    config, third_order = (
        make_config(2.48, {"substrate": True}, **time),
        make_config(2.48, {"substrate": True}, **short),
    )
    assert refusals(config, material) == refusals(third_order, thick) == []
    assert refusals(make_config(2.48, {"substrate": True, "radiation": "frozen"}, **time, **short), thick) == []
    brief = make_config(2.48, {"substrate": True}, **time, **short)
    for refused, substrate in ((config, thick), (config, bare), (brief, material)):
        [refusal] = refusals(refused, substrate)
        assert refusal.key == "approximation.radiation" and "must be 'frozen' here" in refusal.message


def test_the_resonances_of_a_substrate_are_expected_to_cost_steps(make_config, material):
    frozen, dispersive = (
        estimate(make_config(2.48, {"substrate": True, "radiation": radiation}, solver={"route": "time"}), material, 1)
        for radiation in ("frozen", "dispersive")
    )
    assert dispersive.warnings == frozen.warnings == []
    assert 2 < dispersive.seconds / frozen.seconds < 3


def test_a_rise_time_at_its_bound_is_said(make_config, material):
    """A slow relaxation makes the rise longer than the fit can tell."""
    config = make_config(2.75, **{**QUICK, "cascade": {"speed": 2}, "delay": {"points": 36}})
    slow = solve(MPI.COMM_SELF, config, material, Run())
    flagged = slow.value("signal/rise_time_at_bound")[:, 0].astype(bool)
    assert flagged[0] and "at its bound, 0.3 to 80 fs: not a result" in "\n".join(slow.summary)
    assert np.array_equal(flagged, np.isclose(slow.value("signal/rise_time")[:, 0], 80.0))


def test_estimate_knows_ranks_and_stiff_chains(make_config, material):
    time = {"solver": {"route": "time"}}
    one, four = (estimate(make_config(2.48, **time), material, ranks) for ranks in (1, 4))
    assert four.seconds < 0.3 * one.seconds
    [warning] = estimate(make_config(2.48, {"cascade": "printed"}, **time), material, 1).warnings
    assert "printed cascade" in warning


def test_what_points_share_is_expected_once(tmp_path):
    """Two energies and two polarisations: tables once, responses once per energy."""
    text = 'model = "formation"\nmaterial = "MoS2"\n[output]\ndirectory = "out"\n[sweep]\n'
    text += '"pump.photon_energy" = [2.48, 2.58]\n"pump.polarization" = ["x", "y"]\n'
    (tmp_path / "input.toml").write_text(text)
    plan = load_plan(str(tmp_path / "input.toml"), [])
    found = [estimate(point.config, point.material, 1) for point in plan.points]
    responses = [e.shared[response_key(point.config)] for e, point in zip(found, plan.points)]
    tables = Work.total(found[0].shared.values()) - responses[0]
    expected = Work.total(e.work for e in found) - 3 * tables - responses[0] - responses[2] + START + FILES * 4
    assert in_all(found).seconds == pytest.approx(expected.seconds, rel=1e-12)
    assert f"in all about {spoken(expected.seconds)} on 1 rank(s)" in check(plan, Planner(plan.points, 1, 1e10)).text
    assert (expected - START).seconds < 0.65 * sum(e.seconds for e in found)


def kinds(shared) -> Counter:
    """Return how many tables of each kind there are."""
    return Counter(key.split("/")[1] for key in shared)


def test_responses_are_shared_and_do_not_pile_up(make_config, material):
    run = Run()
    first = solve(MPI.COMM_SELF, make_config(2.48, **QUICK), material, run).value("signal/reflectivity_change")
    tables = kinds(run.shared)
    crossed = make_config(2.48, **QUICK, probe={"polarization": "y"})
    turned = solve(MPI.COMM_SELF, crossed, material, Run(shared=run.shared)).value("signal/reflectivity_change")
    assert kinds(run.shared) == tables
    assert np.abs(turned - first).max() > 0.01 * np.abs(first).max()
    for speed in (10, 12, 15):
        other = make_config(2.48, **{**QUICK, "cascade": {"speed": speed}})
        changed = solve(MPI.COMM_SELF, other, material, Run(shared=run.shared)).value("signal/reflectivity_change")
        assert np.abs(changed - first).max() > 0.01 * np.abs(first).max()
    assert kinds(run.shared)["linear"] == 1
    assert kinds(run.shared)["pump"] == kinds(run.shared)["relaxation"] == RESPONSES_KEPT


def test_tables_that_ranks_make_together_are_those_that_a_point_takes(make_config, material):
    config = make_config(2.48, **QUICK)
    together = {name: make() for name, make in shared_tables(config, material).items()}
    shared = dict(together)
    found = solve(MPI.COMM_SELF, config, material, Run(shared=shared))
    assert len(together) == 4 and all(shared[name] is table for name, table in together.items())
    assert {"two excitons", "convergence"} == set(kinds(together))
    alone = solve(MPI.COMM_SELF, config, material, Run())
    assert all(
        np.array_equal(found.value(name), alone.value(name))
        for name in ("signal/reflectivity_change", "wannier/convergence")
    )


@pytest.mark.parametrize("polarization", ["y", "sigma+", "sigma-"])
def test_a_shared_response_gives_what_an_own_one_gives(make_config, material, polarization):
    run = Run()
    solve(MPI.COMM_SELF, make_config(2.48, **QUICK), material, run)
    config = make_config(2.48, **QUICK, pump={"polarization": polarization})
    shared, alone = (solve(MPI.COMM_SELF, config, material, Run(shared=tables)) for tables in (run.shared, {}))
    for name, dataset in alone.datasets.items():
        assert np.array_equal(shared.value(name), dataset.data, equal_nan=dataset.data.dtype.kind == "f"), name


@pytest.mark.parametrize(
    "tables",
    [
        {"delay": {"start": 10, "stop": 0}},
        {"momentum": {"uniform_max": 40}},
        {"probe": {"polarization": "z"}},
        {"approximation": {"hartree_fock": "2s"}},
    ],
)
def test_impossible_inputs_are_refused(make_config, tables):
    approximation = tables.pop("approximation", {})
    with pytest.raises(ValidationError):
        make_config(2.48, approximation, **tables)


def test_environment_changes_the_binding_energy_and_leaves_the_exciton_where_it_was_measured(make_config, make_problem):
    fitted, encapsulated = (
        make_problem(make_config(2.48, {"biexciton": False}, environment=name)).manifolds[0] for name in (None, "hBN")
    )
    assert -1e3 * encapsulated.states.energy_l[0] < 250 < -1e3 * fitted.states.energy_l[0]
    assert encapsulated.energy_l[0] == pytest.approx(1.88) == fitted.energy_l[0]


@pytest.mark.parametrize("route", ["third-order", pytest.param("time", marks=pytest.mark.validate)])
def test_polarisations_of_the_pump_are_an_axis(make_config, material, route):
    """A list of them gives what each gives alone, to the last bit, along an axis with their names."""
    time = {"solver": {"route": route, "tolerance": 1e-3}, "delay": {"start": 0, "stop": 150, "points": 6}}
    small = {"momentum": {"points": 20, "tail_points": 6}, **time}
    names = ["x", "y", "sigma+"] if route == "third-order" else ["x", "sigma-"]
    together = solve(
        MPI.COMM_SELF, make_config(2.3, {"biexciton": False}, pump={"polarization": names}, **small), material, Run()
    )
    assert list(together.value("signal/polarization")) == names
    for number, name in enumerate(names):
        alone = solve(
            MPI.COMM_SELF, make_config(2.3, {"biexciton": False}, pump={"polarization": name}, **small), material, Run()
        )
        for path, data in alone.datasets.items():
            found = together.datasets[path]
            values = found.data[number] if found.dims[:1] == ("polarization",) else found.data
            assert np.array_equal(values, data.data, equal_nan=data.data.dtype.kind == "f"), (name, path)
    assert together.datasets["signal/rise_time"].dims == ("polarization", "resonance", "contribution")
    assert any(line.startswith(f"pump {names[1]}: A: rise time") or "no rise time" in line for line in together.summary)


def test_polarisations_that_are_no_polarisations(make_config):
    for wrong, words in ((["x", "x"], "names one twice"), ([], "at least 1 item"), (["x", "z"], "'sigma-'")):
        with pytest.raises(ValidationError, match=words):
            make_config(2.3, pump={"polarization": wrong})


@pytest.mark.validate
def test_a_scatter_of_energies_has_its_limit_and_enough_shifts(make_config, third_order, monkeypatch):
    delay_d = np.linspace(-60, 150, 8)

    def traces(width, nodes):
        monkeypatch.setattr(perturbative, "SCATTER_NODES", nodes)
        config = make_config(
            2.48, {"substrate": True, "background": "8 nm"}, dephasing={"inhomogeneous": width}, momentum={"points": 40}
        )
        return third_order(config, delay_d).change_rcd

    sharp, narrow, wide, finer = traces(0, 15), traces(0.01, 15), traces(20, 15), traces(20.000001, 25)
    scale = np.abs(sharp).max()
    assert np.abs(narrow - sharp).max() < 1e-5 * scale
    assert np.abs(wide - finer).max() < 2e-4 * scale < 1e-2 * np.abs(wide - sharp).max()
