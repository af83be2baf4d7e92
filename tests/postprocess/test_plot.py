"""`hpcx plot` lists what a result can show and draws it;
every script that draws is known, and stands on the page of figures.
"""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from mpi4py import MPI

from hpcx.cli import command
from hpcx.config.load import load_plan
from hpcx.inspection.drawing import figures
from hpcx.parallel.stop import StopRequests
from hpcx.petsc.options import initialize
from hpcx.sweep.run import run_plan

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "postprocess"
sys.path.insert(0, str(SCRIPTS))

from common import told
from convergence import comparable
from make_index import page

INPUT = (
    'model = "exciton"\nmaterial = "MoS2"\nmesh = {{ N = 30, k0 = 0.1 }}\n[absorption]\nenabled ='
    ' true\n[output]\ndirectory = "{}"\n'
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The directories of one run and of a sweep."""
    found = []
    for settings in ([], ["sweep.mesh.N=[30,36]"]):
        place = tmp_path_factory.mktemp("plot")
        (place / "input.toml").write_text(INPUT.format(place / "out"))
        initialize([])
        run_plan(MPI.COMM_SELF, load_plan(str(place / "input.toml"), settings), StopRequests())
        found.append(place / "out")
    return found


def test_what_a_result_can_show_is_listed(results, capfd):
    assert command(["plot", str(results[0])]) == 0
    assert [line.split()[0] for line in capfd.readouterr().out.splitlines()[:-1]] == ["absorption", "exciton_disk"]
    assert command(["plot", str(results[1] / "sweep.h5")]) == 0
    assert "no script" in capfd.readouterr().out  # spectra of an exciton against N have no figure
    assert command(["plot", str(results[0]), "--what", "beats"]) == 2
    assert "it can show absorption, exciton_disk" in capfd.readouterr().err
    assert command(["plot", str(results[0] / "none.h5")]) == 2


def test_a_figure_goes_where_it_is_wanted_and_names_its_subject(results, tmp_path, capfd):
    assert (
        command(
            [
                "plot",
                str(results[0]),
                "--what",
                "absorption",
                "-o",
                str(tmp_path / "mine.svg"),
                "--",
                "--species",
                "singlet",
            ]
        )
        == 0
    )
    assert f"wrote {tmp_path / 'mine.svg'}" in capfd.readouterr().out
    text = (tmp_path / "mine.svg").read_text()
    assert "<!-- MoS2, vacuum -->" in text and "<!-- photon energy from the band gap (eV) -->" in text
    assert [path.name for path in tmp_path.iterdir()] == ["mine.svg"]


def test_every_script_that_draws_is_known():
    drawing = {
        path.stem
        for path in SCRIPTS.glob("*.py")
        if re.search(r"command_line\(__doc__\)|draw_(sweep|two)\(__file__", path.read_text())
    }
    assert {figure.name for figure in figures()} == drawing


def test_the_page_of_figures_is_that_of_the_table():
    entries = tomllib.loads((SCRIPTS / "figures.toml").read_text())
    assert page(entries) == (SCRIPTS / "README.md").read_text()
    assert all((ROOT / "inputs" / f"{entry['example']}.toml").is_file() for entry in entries.values())
    assert all(
        (SCRIPTS / "figures" / f"{name}{'.gif' if name == 'wigner_film' else '.png'}").is_file() for name in entries
    )


@pytest.mark.parametrize(
    "kappa, bands, names", [(1.0, "dirac", ["tempelaar"]), ("hBN", "dirac", []), (1.0, "parabolic", ["monte_carlo"])]
)
def test_published_values_of_other_surroundings_or_bands_are_not_compared(kappa, bands, names):
    references = tomllib.loads((SCRIPTS / "references.toml").read_text())
    chosen = {name: references[name] for name in ("tempelaar", "monte_carlo")}
    compared, left = comparable(chosen, {"screening": {"kappa": kappa}, "bands": {"model": bands}})
    assert list(compared) == names and len(left) == 2 - len(names)


def test_a_sweep_and_its_points_are_one_subject():
    assert told(["WS2", "WS2, 300 K", "", "WS2, 77 K", "MoSe2, hBN", "WS2"]) == ["WS2", "MoSe2, hBN"]
