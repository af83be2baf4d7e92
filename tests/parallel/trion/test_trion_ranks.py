"""The trion on any number of ranks: the same energies, products and saved states."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.exciton.config import Bands
from hpcx.exciton.observables import degeneracy
from hpcx.exciton.tight_binding_config import TightBindingFiles
from hpcx.io.states import write_states
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.trion import kernels
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.trion.solve import solve
from hpcx.trion.states import start_vector

SMALL = {
    ("MoS2", "singlet"): -0.47589023,
    ("MoS2", "triplet"): -0.44152864,
    ("WSe2", "singlet"): -0.42971505,
    ("WSe2", "triplet"): -0.42977962,
}


def config_of(material="MoS2", N=48, k0=0.1, species=("singlet", "triplet"), **solver):
    solver = {"states": 2, **solver}
    return Config(model="trion", material=material, mesh={"N": N, "k0": k0}, trion={"species": species}, solver=solver)


def run(comm, config, directory=None):
    surroundings = Run(directory)
    return solve(comm, config, load_material(config.material), surroundings), surroundings


@pytest.mark.mpi
@pytest.mark.parametrize(
    ("symmetry", "kernel"), [("none", "gemm"), ("C6", "fft"), ("C6v", "gemm"), ("C6v", "gemm-single")]
)
@pytest.mark.parametrize(("material", "species"), SMALL)
def test_energies_on_a_small_mesh(comm, material, species, symmetry, kernel):
    config = config_of(material, 40, 0.075, [species], symmetry=symmetry, kernel=kernel, states=1)
    energy = run(comm, config)[0].value(f"{species}/energy")[0]
    assert energy == pytest.approx(SMALL[material, species], abs=1e-8 if kernel != "gemm-single" else 1e-7)


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize(
    ("symmetry", "kernel", "N"), [("none", "gemm", 48), ("none", "fft", 40), ("C6v", "gemm", 60), ("C6v", "fft", 60)]
)
def test_results_do_not_depend_on_the_ranks(comm, on_one_rank, symmetry, kernel, N):
    config = config_of(N=N, k0=0.1, symmetry=symmetry, kernel=kernel)
    together, alone = run(comm, config)[0], on_one_rank(lambda ranks: run(ranks, config)[0])
    for species in ("singlet", "triplet"):
        for name, tolerance in (
            ("energy", 1e-11),
            ("binding_energy", 1e-11),
            ("dimension", 0),
            ("dimension_reduced", 0),
        ):
            assert together.value(f"{species}/{name}") == pytest.approx(alone.value(f"{species}/{name}"), abs=tolerance)
        weights = (result.value(f"{species}/oscillator_strength")[0] for result in (together, alone))
        assert next(weights) == pytest.approx(next(weights), rel=1e-5, abs=1e-9)
        assert together.value(f"{species}/residual").max() < 2e-8
        own, whole = together.datasets[f"{species}/wavefunction"], alone.value(f"{species}/wavefunction")
        assert own.shape == whole.shape and abs(own.data.size - whole.size / comm.size) <= len(whole)
        amplitude = np.concatenate(comm.allgather(own.data), axis=1)[0]
        assert np.abs(amplitude - whole[0]).max() < 1e-6 * np.abs(whole[0]).max()


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize(("symmetry", "kernel"), [("C3v", "gemm"), ("C3", "fft")])
def test_trions_of_a_tight_binding_valley_do_not_depend_on_the_ranks(comm, on_one_rank, symmetry, kernel):
    config = config_of("WSe2", symmetry=symmetry, kernel=kernel, states=1).model_copy(
        update={"bands": Bands(model="tight-binding"), "tight_binding": TightBindingFiles(builtin="liu2013:WSe2")}
    )
    together, alone = run(comm, config)[0], on_one_rank(lambda ranks: run(ranks, config)[0])
    for path in ("exciton/energy", "singlet/energy", "triplet/energy"):
        assert together.value(path) == pytest.approx(alone.value(path), abs=1e-10)


@pytest.mark.mpi
@pytest.mark.parametrize(("species", "symmetry"), [("triplet", "none"), ("singlet", "C6v")])
def test_degenerate_states_on_any_number_of_ranks(comm, species, symmetry):
    bands = {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5}
    config = config_of(N=40, k0=0.075, species=[species], symmetry=symmetry, states=5).model_copy(
        update={"bands": Bands(**bands)}
    )
    operator = operator_of(MPI.COMM_SELF, config, species, symmetry)
    dense = np.linalg.eigvalsh([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)])
    result = run(comm, config)[0]
    assert result.value(f"{species}/energy") == pytest.approx(dense[:5], abs=1e-11)
    assert np.array_equal(result.value(f"{species}/degeneracy"), degeneracy(dense, 1e-6)[:5])


def operator_of(comm, config, species, symmetry, kernel="gemm"):
    data = load_material(config.material)
    return TrionOperator(comm, trion_problem(config, data, exciton_of(config, data), species), symmetry, kernel)


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
@pytest.mark.parametrize("kernel", ["gemm", "fft"])
@pytest.mark.parametrize(("material", "species"), [("MoS2", "triplet"), ("WS2", "singlet")])
def test_products_do_not_depend_on_the_ranks(comm, material, species, symmetry, kernel, monkeypatch):
    monkeypatch.setattr(kernels, "_PAIRS_FROM", 0)
    config = config_of(material, 48)
    amplitude_k = np.linspace(2, 1, 61)
    together, alone = (operator_of(ranks, config, species, symmetry, kernel) for ranks in (comm, MPI.COMM_SELF))
    products = [operator.apply(start_vector(operator, amplitude_k)) for operator in (together, alone)]
    k1, k2 = together.group.pairs_of_columns(np.arange(61))
    left, right = (operator.amplitudes(y, k1, k2) for operator, y in zip((together, alone), products, strict=True))
    moved = sum(pull.far for term in together._terms for pull in (term.gather.pull, term.scatter.pull))
    sizes = comm.allgather((together.traffic.bytes, 16 * moved))  # of the same number of products on all ranks
    assert sum(sent for sent, _ in sizes) == together.traffic.exchanges * sum(received for _, received in sizes)
    assert np.abs(left - right).max() < 1e-13 * np.abs(right).max()


@pytest.mark.mpi(min_size=2)
def test_more_ranks_than_columns(comm, on_one_rank):
    config = config_of(N=20, k0=0.06, states=1)  # one ring of points: two columns in the wedge
    together, alone = run(comm, config)[0], on_one_rank(lambda ranks: run(ranks, config)[0])
    assert together.value("singlet/energy") == pytest.approx(alone.value("singlet/energy"), abs=1e-12)
    owners = operator_of(comm, config, "singlet", "C6v").owner_k
    assert len(np.unique(owners[owners >= 0])) <= 2


@pytest.mark.mpi
@pytest.mark.parametrize("symmetry", ["none", "C6v"])
def test_saved_states_start_a_run_on_other_ranks(comm, mpi_tmp_path, symmetry):
    expected, cost = run(comm, config_of(N=40, symmetry=symmetry, save_states=True), mpi_tmp_path)
    half = comm.Split(comm.rank % 2)
    again, surroundings = run(half, config_of(N=40, symmetry=symmetry, start=str(mpi_tmp_path)))
    half.Free()
    for species in ("singlet", "triplet"):
        assert again.value(f"{species}/energy") == pytest.approx(expected.value(f"{species}/energy"), abs=1e-12)
        assert surroundings.diagnostics[f"{species}_products"] < 0.85 * cost.diagnostics[f"{species}_products"]


@pytest.mark.mpi(min_size=2)
def test_saved_states_do_not_depend_on_the_ranks(comm, on_one_rank, mpi_tmp_path):
    import h5py

    config = config_of(states=1, species=["singlet"], save_states=True)
    single = mpi_tmp_path / "alone"
    run(comm, config, mpi_tmp_path)
    on_one_rank(lambda ranks: (single.mkdir(), run(ranks, config, single)) and None)
    with (
        h5py.File(mpi_tmp_path / "result.singlet.states.h5") as left,
        h5py.File(single / "result.singlet.states.h5") as right,
    ):
        assert np.array_equal(left["k1"], right["k1"]) and np.array_equal(left["k2"], right["k2"])
        phase = np.sign((left["amplitude"][0, 0] / right["amplitude"][0, 0]).real)
        assert np.abs(left["amplitude"][:] - phase * right["amplitude"][:]).max() < 1e-7


@pytest.mark.mpi
def test_rank_without_rows_takes_part_in_writing(comm, mpi_tmp_path):
    import h5py

    rows = np.array([1, 0]) if comm.rank == 0 else np.array([], int)
    values = np.array([10.0, 20.0]) if comm.rank == 0 else np.array([])
    write_states(comm, mpi_tmp_path / "few.h5", rows, 2, {"value": values}, {"N": 3})
    with h5py.File(mpi_tmp_path / "few.h5") as file:
        assert file["value"][0].tolist() == [20.0, 10.0]
        assert file["provenance/N"][()] == 3
