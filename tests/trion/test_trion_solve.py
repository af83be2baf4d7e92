"""What a run of the trion reports, saved states, start from them, and mistakes."""

import h5py
import numpy as np
import pytest
from mpi4py import MPI
from pydantic import ValidationError

from hpcx.materials.loader import load_material
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped
from hpcx.petsc.eigen import SolverError
from hpcx.petsc.options import initialize
from hpcx.trion.config import Config
from hpcx.trion.estimate import estimate
from hpcx.trion.solve import solve


def config_of(material="MoS2", N=48, **tables):
    tables.setdefault("mesh", {"N": N, "k0": 0.1})
    return Config(model="trion", material=material, **tables)


def run(directory=None, **tables):
    config, surroundings = config_of(**tables), Run(directory)
    return solve(MPI.COMM_SELF, config, load_material(config.material), surroundings), surroundings


def test_results_have_the_agreed_names_and_units():
    result, surroundings = run()
    points = 61
    shapes = {
        "energy": ((4,), "eV"),
        "binding_energy": ((), "eV"),
        "oscillator_strength": ((4,), "1"),
        "dimension": ((), "1"),
        "dimension_reduced": ((), "1"),
        "residual": ((4,), "eV"),
        "degeneracy": ((4,), "1"),
        "wavefunction": ((4, points), "1"),
        "kx": ((points,), "1/angstrom"),
        "ky": ((points,), "1/angstrom"),
        "k": ((points, 2), "1/angstrom"),  # the old name
    }
    for species in ("singlet", "triplet"):
        for name, (shape, unit) in shapes.items():
            dataset = result.datasets[f"{species}/{name}"]
            assert (dataset.data.shape, dataset.units) == (shape, unit)
    assert result.value("exciton/energy").shape == (4,)
    assert set(surroundings.timings.seconds) >= {"set-up", "products", "communication", "orthogonalisation"}
    assert surroundings.diagnostics["singlet_products"] > 10


def test_summary_says_what_a_symmetric_sector_does_not_show():
    lines = run()[0].summary
    assert any("finds fully symmetric (bright) states only" in line for line in lines)
    assert any(line.startswith("triplet") and 'solver.symmetry = "none"' in line for line in lines)
    assert not any("bright" in line for line in run(solver={"symmetry": "none"})[0].summary)


def test_wavefunction_is_the_same_in_every_sector():
    slices = [
        run(solver={"symmetry": symmetry}, trion={"species": ["singlet"]})[0] for symmetry in ("none", "C6", "C6v")
    ]
    first, *others = (result.value("singlet/wavefunction")[0] for result in slices)
    for other in others:
        assert np.abs(other - first).max() < 1e-6
    assert np.argmax(np.abs(first)) == 0 and first[0].real > 0


def test_gap_moves_all_energies():
    plain, moved = run()[0], run(gap="2.53 eV")[0]
    for name in ("exciton/energy", "singlet/energy", "triplet/energy"):
        assert moved.value(name) == pytest.approx(plain.value(name) + 2.53)
        optical, edge = (name.replace("energy", other) for other in ("optical_energy", "energy_from_band_edge"))
        assert np.array_equal(moved.value(optical), moved.value(name)) and optical not in plain.datasets
        assert np.array_equal(moved.value(edge), plain.value(edge))
    assert moved.value("singlet/binding_energy") == pytest.approx(plain.value("singlet/binding_energy"))


@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
def test_saved_states_start_another_run(tmp_path, symmetry):
    solver = {"symmetry": symmetry, "states": 2}
    first, cost = run(tmp_path, solver={**solver, "save_states": True})
    again, saved = run(solver={**solver, "start": str(tmp_path)})
    for species in ("singlet", "triplet"):
        assert again.value(f"{species}/energy") == pytest.approx(first.value(f"{species}/energy"), abs=1e-12)
        assert saved.diagnostics[f"{species}_products"] < 0.75 * cost.diagnostics[f"{species}_products"]
    with h5py.File(tmp_path / "result.singlet.states.h5") as file:
        assert file["amplitude"].shape[0] == 2
        assert file["k1"].shape == file["k2"].shape == (1, file["amplitude"].shape[1])
        assert file["provenance/energy"][()] == pytest.approx(first.value("singlet/energy"))
    assert not list(tmp_path.glob("*.part"))


def test_saved_states_start_another_material_and_more_states(tmp_path):
    run(tmp_path, solver={"states": 1, "save_states": True}, trion={"species": ["singlet"]})
    path = str(tmp_path / "result.singlet.states.h5")
    for material in ("MoS2", "WS2"):
        tables = {"material": material, "trion": {"species": ["singlet"]}}
        started = run(solver={"states": 3, "start": path}, **tables)[0]
        expected = run(solver={"states": 3}, **tables)[0]
        assert started.value("singlet/energy") == pytest.approx(expected.value("singlet/energy"), abs=1e-11)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"N": 60}, "mesh.N = 48, this run 60"),
        ({"solver": {"symmetry": "C6"}}, "solver.symmetry = C6v, this run C6"),
        ({"solver": {"start": "nowhere"}}, "cannot read saved states from nowhere"),
    ],
)
def test_states_of_another_problem_are_refused(tmp_path, change, message):
    run(tmp_path, solver={"save_states": True})
    solver = {"start": str(tmp_path), **change.get("solver", {})}
    with pytest.raises(AgreedError, match=message):
        run(**{**change, "solver": solver})


def test_directory_with_several_files_is_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.singlet.states.h5").touch()
    with pytest.raises(AgreedError, match="2 files"):
        run(solver={"start": str(tmp_path)})


def test_solver_that_does_not_converge_says_what_to_turn():
    initialize(["-trion_eps_max_it", "1"])
    try:
        with pytest.raises(SolverError, match="-trion_eps_ncv"):
            run(N=60)
    finally:
        initialize(["-trion_eps_max_it", "10000"])


def test_request_to_stop_ends_the_solver():
    surroundings = Run()
    surroundings.requests.reason = lambda: "a test"
    with pytest.raises(Stopped, match="a test"):
        solve(MPI.COMM_SELF, config_of(N=60), load_material("MoS2"), surroundings)


def test_more_states_than_there_are():
    result, _ = run(mesh={"N": 20, "k0": 0.06}, solver={"states": 50})
    assert result.value("singlet/energy").shape == (result.value("singlet/dimension_reduced"),)


def test_mesh_of_one_point_is_refused_with_advice():
    with pytest.raises(ValidationError, match=r"raise mesh.N or mesh.k0 until N k0 = 0.2 is at least"):
        run(mesh={"N": 2, "k0": 0.1}, trion={"species": ["triplet"]})


@pytest.mark.parametrize(
    "tables",
    [
        {"solver": {"kernel": "csr"}},
        {"solver": {"symmetry": "C4"}},
        {"solver": {"states": 0}},
        {"solver": {"tolerance": 0}},
        {"trion": {"species": []}},
        {"trion": {"species": ["singlet", "singlet"]}},
        {"trion": {"charge": 0}},
        {"trion": {"transition": "C"}},
        {"mesh": {"N": 48, "k0": 0.7}},
        {"screening": {"kappa": -1}},
        {"screening": {"w0": "hex"}},
    ],
)
def test_bad_input_is_refused(tables):
    with pytest.raises(ValidationError):
        config_of(**tables)


@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
def test_estimate_knows_the_sizes(symmetry):
    config = config_of(solver={"symmetry": symmetry}, trion={"species": ["singlet"]})
    found = estimate(config, load_material("MoS2"), 1)
    result = solve(MPI.COMM_SELF, config, load_material("MoS2"), Run())
    assert found.facts["pair states"] == str(result.value("singlet/dimension"))
    assert found.unknowns == pytest.approx(int(result.value("singlet/dimension_reduced")), rel=0.02)
    assert found.facts["kernel"] == "gemm"


def test_estimate_warns():
    facts = estimate(config_of(mesh={"N": 480, "k0": 0.2}, solver={"symmetry": "none"}), load_material("MoS2"), 1)
    assert any("32-bit" in warning for warning in facts.warnings)
    assert any("no work" in warning for warning in estimate(config_of(), load_material("MoS2"), 64).warnings)
    assert any("dark" in warning for warning in estimate(config_of(), load_material("MoS2"), 1).warnings)
