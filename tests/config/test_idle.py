"""Keys that do nothing are told, and no input of the repository has one."""

from pathlib import Path

import pytest

from hpcx.config.idle import idle_keys
from hpcx.config.load import load_plan

ROOT = Path(__file__).resolve().parents[2]
INPUTS = [*sorted((ROOT / "inputs").glob("*.toml")), *sorted((ROOT / "inputs/validation").glob("*.toml"))]


@pytest.mark.parametrize(
    "name, settings, told",
    [
        (
            "wigner_moments",
            ["space.initial.shape=ring", "momentum.harmonics=4"],
            ["space.initial.shape", "momentum.harmonics"],
        ),
        ("wigner_moments", ["time.distributions=[1, 2]"], ["time.distributions"]),
        ("wigner_phase_space", ["landscape.depth=5"], ["landscape.depth"]),
        ("wigner_phase_space", ["space.initial.radius=0.5"], ["space.initial.radius"]),
        ("valley_quickstart", ["spin_flip.rate=3"], ["spin_flip.rate"]),
        ("valley_quickstart", ["mechanisms.set=full + spin_flip", "spin_flip.rate=3"], ["spin_flip.rate"]),
        ("valley_quickstart", ["mechanisms.set=full + spin_flip", "spin_flip.law=activated", "spin_flip.rate=3"], []),
        ("formation_fig3", ["solver.tolerance=1e-5"], ["solver.tolerance"]),
        ("trion_quickstart", ["absorption.broadening=2 meV"], ["absorption.broadening"]),
        ("trion_quickstart", ["absorption.broadening=2 meV", "absorption.enabled=true"], []),
        (
            "trion_quickstart",
            ["absorption.broadening=2 meV", "absorption.enabled=true", "phonons.enabled=true"],
            ["absorption.broadening"],
        ),
        (
            "trion_quickstart",
            ["phonons.residual=1 meV", "twod.enabled=true", "twod.pair_shift=1 meV"],
            ["phonons.residual", "twod.pair_shift"],
        ),
        ("trion_quickstart", ["phonons.enabled=true", "phonons.transverse=true"], ["phonons.transverse"]),
        ("trion_quickstart", ["phonons.enabled=true", "phonons.transverse=true", "material=WS2"], []),
        (
            "trion_quickstart",
            [
                *("phonons.enabled=true", "phonons.transverse=true"),
                "parameters.phonons.acoustic.coupling_ratio_TA=0.5",
            ],
            [],
        ),
        ("trion_quickstart", ["sweep.absorption.enabled=[true, false]", "absorption.broadening=2 meV"], []),
    ],
)
def test_keys_without_effect_are_told(name, settings, told):
    sentences = idle_keys(load_plan(str(ROOT / f"inputs/{name}.toml"), settings).points)
    assert [sentence.partition(" ")[0] for sentence in sentences] == told


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_inputs_of_the_repository_have_no_idle_keys_and_no_old_names(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    plan = load_plan(str(path), [])
    assert idle_keys(plan.points) == [] and not [sentence for sentence in plan.notices if "next release" in sentence]
