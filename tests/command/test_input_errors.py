"""A user's mistakes: all at once, once, with what is allowed; status 2 and nothing written."""

import re

import pytest

FIVE = """\
model = "exciton"
material = "MoS3"
[output]
directory = "out"
[mesh]
M = 40
N = 60
k0 = "0.1 eV"
[screening]
w0 = "cell-averag"
[solver]
states = 0
"""


def test_five_mistakes_on_two_ranks(hpcx, write, tmp_path):
    run = hpcx("run", write(text=FIVE), ranks=2)
    assert run.returncode == 2
    assert "Traceback" not in run.stdout + run.stderr
    for mistake in (
        "mesh.M: unknown key",
        "mesh.k0 = '0.1 eV': must be a number > 0 and <= 0.5",
        "did you mean 'cell-average'?",
        "solver.states = 0: must be an integer >= 1",
        "did you mean 'MoS2'?",
    ):
        assert run.stderr.count(mistake) == 1, mistake
    assert "5 errors" in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input.toml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "mesh.NN=3"], r"mesh\.NN: unknown key; did you mean 'mesh\.N'"),
        (["--set", "N=60"], r"N: unknown key; did you mean 'mesh\.N'"),
        (["--set", "gap=3 nm"], r"gap = '3 nm': .*not convertible to eV.*in eV"),
        (["--set", "mesh=3"], r"mesh = 3: must be a table; \[mesh\] has N"),
        (["--set", "nonsense"], r"must have the form key=value"),
        (["--set", "model=excitn"], r"did you mean 'exciton'"),
        (["--set", "sweep.mesh.n=[40]"], r"not a key that can be swept; did you mean 'mesh\.N'"),
        (["--set", "sweep.mesh.N=40"], r"must be a list"),
        (["--set", "sweep.mesh.N=[40,40]"], r"has a value twice"),
        (["--set", "sweep.mesh.N=[40,'x']"], r"mesh\.N = 'x': must be an integer"),
        (["--set", "sweep=3"], r"sweep = 3: must be a table of lists"),
        (["--set", "sweep=3", "--set", "sweep.mesh.N=[40]"], r"'sweep' is not a table"),
        (["--set", "parameters.bands.hoping=1.1"], r"did you mean 'carriers\.hopping'"),
        (["--time-limit", "2 eV"], r"--time-limit"),
        (["--", "40"], r"'40' follows no option name"),
    ],
)
def test_message_names_key_value_and_range(here, write, tmp_path, words, message):
    run = here("run", write(), *words)
    assert run.returncode == 2
    assert re.search(message, run.stderr), run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"), [("model = ", "Invalid value"), ("", "model: missing"), (None, "No such file")]
)
def test_files_that_are_no_input(here, tmp_path, content, message):
    if content is not None:
        (tmp_path / "bad.toml").write_text(content)
    run = here("check", "bad.toml")
    assert run.returncode == 2 and message in run.stderr and "Traceback" not in run.stderr


def test_help_and_version_are_printed_once_on_two_ranks(hpcx):
    run = hpcx("--version", ranks=2)
    assert run.returncode == 0 and run.stdout.count("hpcx ") == 1


def test_schema_shows_unit_default_and_meaning(here):
    text = here("schema", "exciton").stdout
    assert re.search(r"solver\.tolerance .*in eV; default 1e-08", text)
    assert re.search(r"mesh\.N .*required", text)
    assert here("schema").stdout.count('# model = "') >= 2


def test_schema_shows_what_results_hold(here):
    text = here("schema", "valley", "--results").stdout
    assert re.search(
        r"dichroism/circular_dichroism +against transition, time; unit 1\n +sigma\+ less sigma- pump", text
    )
    assert here("schema", "--results").stdout.count('# model = "') == 5


def test_materials(here):
    assert "WSe2" in here("materials").stdout
    assert "Xiao 2012" in here("materials", "WS2").stdout
    assert here("materials", "WSe").returncode == 2


PUMP = 'model = "formation"\nmaterial = "MoS2"\n[output]\ndirectory = "out"\n[pump]\nphoton_energy = "2.3 eV"\n'
RANGE = r"must be from 2\.230 eV, the A gap, to 3\.480 eV, the highest kept state less 0\.2 eV"


@pytest.mark.parametrize(
    ("command", "words", "energies"),
    [
        ("check", ["--set", "pump.photon_energy=2.2"], ["2.2"]),
        ("run", ["--set", "pump.photon_energy=3490 meV"], ["3.49"]),
        (
            "run",
            ["--set", "sweep.pump.photon_energy=[2.1, 2.3, 3.5]", "--set", 'sweep.pump.polarization=["x", "y"]'],
            ["2.1", "3.5"],
        ),
    ],
)
def test_pump_energies_that_physics_forbids_are_bad_input(here, write, tmp_path, command, words, energies):
    run = here(command, write(text=PUMP), *words)
    assert run.returncode == 2 and "Traceback" not in run.stderr
    found = re.findall(rf"pump\.photon_energy = '([\d.]+) eV': {RANGE}", run.stderr)
    assert found == energies
    assert not (tmp_path / "out").exists()


def test_a_pump_energy_that_another_swept_key_allows_is_left_to_its_points(here, write):
    permittivities = "sweep.parameters.interaction.kappa=[2.121, 2.5]"
    run = here("check", write(text=PUMP), "--set", "sweep.pump.photon_energy=[2.22, 2.3]", "--set", permittivities)
    assert run.returncode == 3
    [impossible] = [line for line in run.stdout.splitlines() if "cannot be computed:" in line]
    assert impossible.startswith("pump.photon_energy = 2.22, parameters.interaction.kappa = 2.121") and re.search(
        RANGE, impossible
    )
    assert run.stdout.count("is below the B gap") == 3
