"""Input of the valley model."""

import pytest
from pydantic import ValidationError

from hpcx.config.load import load_plan
from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.valley.config import Config
from hpcx.valley.estimate import estimate
from hpcx.valley.mechanism_sets import SWITCHES, expand_sets, select
from hpcx.valley.refusals import refusals
from hpcx.valley.simulate import simulate
from hpcx.valley.steps import step_count


def test_defaults_with_units(configure):
    config = configure()
    assert config.pump.density == pytest.approx(8e11) and config.dexter.constant == pytest.approx(15.0)
    assert config.spin_flip.intervalley == 0.25 and config.time.end == 10.0


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("phonons + exchange", {"phonon_intravalley", "phonon_electron", "phonon_hole", "exchange"}),
        ("full - dexter_dark", set(SWITCHES) - {"dexter_dark", "spin_flip"}),
        ("full + spin_flip", set(SWITCHES)),
        ("phonon_hole", {"phonon_hole"}),
    ],
)
def test_sets_as_text(text, on):
    assert {name for name, value in select(text).items() if value} == on


def test_modifiers_of_a_set(configure):
    mechanisms = configure(mechanisms={"set": "full + detailed_balance - offresonant_drive"}).mechanisms
    assert mechanisms.dexter_kernel == "detailed-balance" and not mechanisms.offresonant_drive


def test_unknown_and_contradicting_sets(configure):
    with pytest.raises(ValidationError, match="did you mean 'dexter_dark'"):
        configure(mechanisms={"set": "full - dexter_drk"})
    with pytest.raises(ValidationError, match="contradicts mechanisms.exchange"):
        configure(mechanisms={"set": "full", "exchange": False})


def test_resolved_input_can_be_read_again(configure):
    config = configure(mechanisms={"set": "full + spin_flip"})
    assert Config.model_validate(config.model_dump()) == config


def test_families_of_sets():
    assert len(expand_sets(["each alone"])) == 7 and len(expand_sets(["each left out"])) == 7
    subsets = [frozenset(name for name, on in select(text).items() if on) for text in expand_sets(["all subsets"])]
    assert len(set(subsets)) == 64 and all("phonon_intravalley" in subset for subset in subsets)
    assert expand_sets(["full", "each left out", "full"]).count("full") == 1


def test_a_sweep_over_a_family(tmp_path):
    path = tmp_path / "input.toml"
    path.write_text(
        'model = "valley"\nmaterial = "WSe2"\n[sweep]\n"mechanisms.set" = ["each left out"]\ntemperature = [77, 300]\n'
    )
    plan = load_plan(str(path), [])
    assert len(plan.points) == 14 and "full - exchange" in plan.axes["mechanisms.set"]


def test_flow_times_outside_the_run(configure):
    with pytest.raises(ValidationError, match="flow.times"):
        configure(time={"end": "5 ps"}, flow={"times": ["6 ps"]})
    assert configure(time={"end": "2 ps"}).flow_times == [100.0, 300.0, 1000.0]


def test_estimate_counts_and_warns(configure):
    material = load_for("valley", "WSe2")
    assert estimate(configure(), material, 1).unknowns == 840
    flips = estimate(configure(mechanisms={"spin_flip": True}), material, 1)
    assert flips.unknowns == 1680 and flips.seconds > estimate(configure(), material, 1).seconds
    assert "no phonons" in estimate(configure(mechanisms={"set": "exchange"}), material, 1).warnings[0]


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("time.end", {"time": {"end": 1000, "refinement": 100}}),
        ("time.end", {"pump": {"duration": 1e5}, "momentum": {"points": 1000, "angles": 4}}),
        ("time.step", {"probe": {"duration": 1e5}, "time": {"step": 0.4}}),
        ("momentum.points", {"approximation": {"saturation": True}, "momentum": {"points": 1500, "angles": 4}}),
        ("pump.density", {"approximation": {"saturation": True}, "pump": {"density": 1e15}}),
        ("momentum.broadening", {"temperature": 10}),
    ],
)
def test_what_a_run_cannot_do_is_refused_before(configure, key, keys):
    material = load_for("valley", "WSe2")
    assert [refusal.key for refusal in refusals(configure(**keys), material)] == [key]
    assert refusals(configure(), material) == []


def test_steps_are_counted_as_they_are_taken(setup):
    config, problem = setup(
        momentum={"points": 8, "angles": 4}, time={"end": "0.3 ps"}, pump={"duration": "200 fs"}, modes={"count": 1}
    )
    assert simulate(problem, config, Run()).dynamics.statistics["steps"] == step_count(config)
