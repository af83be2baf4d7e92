"""The errors of mesh and cut-off are what the refinement of the exciton says."""

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from mpi4py import MPI

import hpcx
from hpcx.cli import command
from hpcx.config.choose import load_open
from hpcx.converge.command import begin, search
from hpcx.converge.output import keep_other
from hpcx.converge.run import quantity_of
from hpcx.exciton.config import Config
from hpcx.exciton.problem import exciton_problem
from hpcx.exciton.refinement import mesh_parameters, refinement
from hpcx.exciton.solve import solve_exciton
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.parallel.stop import StopRequests
from hpcx.physics.lattice import hexagonal
from hpcx.physics.rytova_keldysh import Logarithmic, RytovaKeldysh
from hpcx.physics.screening import image_field
from hpcx.refinement import Quantity
from hpcx.registry import solver
from hpcx.trion.config import Config as TrionConfig
from hpcx.trion.refinement import refinement as trion_refinement
from hpcx.trion.refusals import refusals

MATERIAL = load_material("MoS2")


def corrected(N, k0):
    """Return the corrected binding energy, meV."""
    problem = exciton_problem(Config(model="exciton", material="MoS2", mesh={"N": N, "k0": k0}), MATERIAL)
    return -1e3 * (solve_exciton(MPI.COMM_SELF, problem, 1, 1e-7).energy[0] + problem.finite_mesh_correction)


def test_the_corrected_energy_is_linear_in_the_field_of_the_images():
    law = RytovaKeldysh(MATERIAL.number("interaction.r0", "nm"), 1.0)
    sizes = (36, 48, 60, 96)
    field = np.array([image_field(N, hexagonal(0.3193), law) for N in sizes])
    slopes = np.diff([corrected(N, 0.4) for N in sizes]) / np.diff(1e3 * field)
    assert slopes == pytest.approx(1.33, rel=0.06)  # <r^2> in nm^2


@pytest.mark.parametrize("law", [RytovaKeldysh(4.15, 1.0), Logarithmic(4.15, 1.0), RytovaKeldysh(0.0, 1.0)])
def test_the_field_falls_like_the_cube(law):
    far = image_field(4000, hexagonal(0.3193), law) / image_field(8000, hexagonal(0.3193), law)
    assert far == pytest.approx(8, rel=0.02)


def test_ladders_fit_the_size_of_the_exciton():
    def ladders(**keys):
        config = Config(model="exciton", material="MoS2", mesh={"N": 60, "k0": 0.14}, **keys)
        return [parameter.levels[0] for parameter in mesh_parameters(config, MATERIAL)]

    (tight, high), (wide, low) = ladders(), ladders(screening={"kappa": "hBN"})
    assert tight < wide and high > low


def test_the_tail_is_what_the_cut_off_leaves_out():
    config = Config(model="exciton", material="MoS2", mesh={"N": 60, "k0": 0.14})
    parameter = refinement(config, MATERIAL).parameters[1]
    cutoffs = (0.2, 0.283, 0.401)
    tail = np.array([parameter.terms({"mesh.N": 48, "mesh.k0": k0})["tail"] for k0 in cutoffs])
    slopes = -np.diff([corrected(48, k0) for k0 in cutoffs]) / np.diff(tail)
    assert slopes[0] == pytest.approx(slopes[1], rel=0.15)


INPUT = """
model = "exciton"
material = "MoS2"
[output]
directory = "{directory}"
[converge]
target = "2 meV"
"""


def test_the_command_finds_a_limit_and_the_second_run_computes_nothing(tmp_path, capfd):
    path = tmp_path / "input.toml"
    path.write_text(INPUT.format(directory=tmp_path / "out"))
    assert command(["converge", str(path)]) == 0
    first = capfd.readouterr().out
    assert "mesh.k0 (2 pi / a)  exciton/binding_energy (meV)    core-s" in first
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "out/converge/points").glob("*.h5")}
    assert command(["converge", str(path)]) == 0
    assert times == {file: file.stat().st_mtime_ns for file in (tmp_path / "out/converge/points").glob("*.h5")}
    last = capfd.readouterr().out.splitlines()[-1]
    assert last == first.splitlines()[-1] and last.startswith("exciton binding energy 54") and last.endswith(" meV")
    assert (tmp_path / "out/converge.h5").exists() and (tmp_path / "out/converge.png").exists()
    with hpcx.open(tmp_path / "out") as tree:
        value, error = (tree[f"limit/exciton/binding_energy{what}"].item() for what in ("", "_error"))
        assert tree.attrs["environment"].startswith("kappa = ") and "mesh.N" not in tree["limit/exciton"].coords
    assert command(["show", str(tmp_path / "out")]) == 0
    assert f"exciton/binding_energy                       {value:.6g} +- {error:.2g} meV" in capfd.readouterr().out


def test_the_ladder_of_a_tight_binding_model_ends_where_its_bands_can_be_followed():
    keys = {
        "bands": {"model": "tight-binding"},
        "tight_binding": {"builtin": "liu2013:WSe2"},
        "mesh": {"N": 60, "k0": 0.12},
        "environment": "hBN",
    }
    config = TrionConfig(model="trion", material="WSe2", **keys)
    cutoff = trion_refinement(config, load_material("WSe2")).parameters[1]
    highest = cutoff.levels[-1]
    assert 0.2 < highest < 0.33
    for N in (78, 120):  # denser than the mesh on which the end was looked for
        beyond = [cutoff.terms({"mesh.N": N, "mesh.k0": k0})["exciton's"] for k0 in cutoff.levels]
        assert np.all(np.diff(beyond) < 0)
    far = config.model_copy(update={"mesh": config.mesh.model_copy(update={"k0": 1.1 * highest, "N": 120})})
    assert refusals(far, load_material("WSe2"))


def zone_study(tmp_path, *words):
    path = Path(__file__).resolve().parents[2] / "inputs" / "exciton_honeycomb.toml"
    study = begin(load_open(str(path), [f"output.directory={tmp_path}", *words]), "1 meV", ["exciton", "energy"], None)
    search(MPI.COMM_SELF, study, str(tmp_path), StopRequests(), None, lambda text: None)
    return study


def zone_values(study, N):
    point = study.problem.plan(study.refinement.lean(study.goal.quantities), [{"mesh.N": N}]).points[0]
    found = solver("exciton")(MPI.COMM_SELF, point.config, point.material, Run()).datasets
    return [quantity_of(found[one.path].data, found[one.path].units, one) for one in study.goal.quantities]


@pytest.mark.parametrize("word", ["zone.path=K-G", "zone.path=G-(0.1,0.037)"])
def test_bars_of_the_whole_zone_hold_a_much_finer_calculation(tmp_path, word):
    study = zone_study(tmp_path, word)
    finer = zone_values(study, 72)
    error = np.abs([answer.value - value for answer, value in zip(study.answers, finer)])
    bar = np.array([answer.error for answer in study.answers])
    assert max(study.family.values(place)["mesh.N"] for place in study.done) <= 36
    assert np.all((error > 1e-3) & (error < bar) & (bar <= 1))
    if word.endswith("G"):  # errors fall as tails do, one valley without phases
        (terms,) = study.goal.parameters
        left = np.array([one.values[0] - finer[0] for _, one in sorted(study.done.items())])
        tails = [terms.terms(study.family.values(place))["tail"] for place in sorted(study.done)]
        assert np.diff(np.log(left)) == pytest.approx(np.diff(np.log(tails)), rel=0.25)


def test_limits_of_another_quantity_are_kept(tmp_path):
    def study(*paths):
        return SimpleNamespace(goal=SimpleNamespace(quantities=[Quantity(path, "", "meV") for path in paths]))

    exciton, singlet = "exciton/binding_energy", "singlet/binding_energy"
    with h5py.File(tmp_path / "converge.h5", "w") as file:
        file[f"limit/{exciton}"], file[f"limit/{exciton}_error"] = 543.0, 0.3
    (tmp_path / "converge.png").touch()
    keep_other(study(exciton, singlet), tmp_path)  # will have this one, too
    assert (tmp_path / "converge.h5").is_file()
    keep_other(study(singlet), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "converge_exciton_binding_energy.h5",
        "converge_exciton_binding_energy.png",
    ]
    (tmp_path / "converge.h5").write_text("damaged")
    keep_other(study(singlet), tmp_path)
    assert (tmp_path / "converge.h5").is_file()
