"""From text to points: `--set`, sweeps, hashes, and what counts as the same physics."""

import hashlib
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hpcx
from hpcx.config import contents, load
from hpcx.config.errors import InputError
from hpcx.config.fields import keys_of
from hpcx.config.load import load_plan, model_of
from hpcx.config.point import digest
from hpcx.exciton.config import Config
from hpcx.materials.loader import as_json
from hpcx.registry import MODELS, config_class
from hpcx.spelling import nearest

INPUT = 'model = "exciton"\nmaterial = "MoS2"\n[mesh]\nN = 40\nk0 = 0.1\n'


@pytest.fixture
def plan(tmp_path):
    """Return a function that loads an input with more lines and settings."""

    def load(extra="", settings=(), text=INPUT):
        path = tmp_path / "input.toml"
        path.write_text(text + extra)
        return load_plan(str(path), list(settings))

    return load


def test_points_are_the_product_last_axis_fastest(plan):
    found = plan('[sweep]\nmaterial = ["MoS2", "WS2"]\n"mesh.N" = [40, 60, 80]\n')
    assert [tuple(point.coordinates.values()) for point in found.points] == [
        (material, size) for material in ("MoS2", "WS2") for size in (40, 60, 80)
    ]
    assert [point.config.mesh.N for point in found.points[:3]] == [40, 60, 80]
    assert found.points[3].material.name == "WS2"
    assert len({point.hash for point in found.points}) == 6


@pytest.mark.parametrize(
    "axis",
    [
        '"gap" = ["2500 meV", 2.0, 2.5]',
        '"parameters.carriers.hopping" = ["1.2 eV", 1.1, "1200 meV"]',
        '"screening.kappa" = [1, 2, 1.0]',
    ],
)
def test_the_same_value_twice_is_refused(plan, axis):
    """Written differently, it would be one point with two places."""
    with pytest.raises(InputError, match=r"sweep\.\S+: .* and .* are the same calculation; leave one out"):
        plan(f"[sweep]\n{axis}\n")


def test_each_file_is_read_once_for_all_points(plan, tmp_path, monkeypatch):
    surroundings = tmp_path / "air.toml"
    surroundings.write_text('kappa = { value = 1.5, unit = "1", source = "a" }\n')
    read = []
    for name in ("load_numbers", "load_environment"):
        module = load if name == "load_numbers" else contents
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *words, real=real: read.append(words[0]) or real(*words))
    found = plan(
        f'[screening]\nkappa = "{surroundings}"\n[sweep]\n"parameters.carriers.hopping" ='
        f" {[1 + 0.01 * i for i in range(50)]}\n"
    )
    assert len({point.hash for point in found.points}) == 50 and sorted(read) == sorted(["MoS2", str(surroundings)])


@given(
    st.dictionaries(
        st.sampled_from("abcdmxyz"), st.one_of(st.integers(), st.text(), st.lists(st.floats())), min_size=1
    ),
    st.data(),
)
def test_a_hash_does_not_depend_on_what_was_encoded_before(data, draw):
    known = draw.draw(st.sets(st.sampled_from(sorted(data))))
    whole = hashlib.sha256(
        json.dumps(data, sort_keys=True).encode()
    ).hexdigest()  # as it is in the results of earlier versions
    assert digest(data, {key: as_json(data[key]) for key in known}) == whole


def test_hash_counts_physics_only(plan):
    first = plan().points[0].hash
    for setting in ('title="x"', "output.directory=elsewhere", 'petsc.options="-a 1"', "output.checkpoint='1 h'"):
        assert plan(settings=[setting]).points[0].hash == first
    for setting in ("mesh.N=41", "solver.states=5", "parameters.carriers.hopping=1.2", "gap=2.5", "screening.kappa=2"):
        assert plan(settings=[setting]).points[0].hash != first
    assert plan(settings=["gap='2500 meV'"]).points[0].hash == plan(settings=["gap=2.5"]).points[0].hash


def test_what_the_input_names_counts(plan, tmp_path):
    """A changed file of the same name is other physics; so is a changed environment."""
    data, surroundings = tmp_path / "energy.npy", tmp_path / "air.toml"
    wigner = (
        'model = "wigner"\nmaterial = "WS2"\ntemperature = 77\n[space]\ndimension = 1\n[landscape]\nkind ='
        f' "file"\nfile = "{data}"\n'
    )
    hashes = []
    for content in (5, 6):
        np.save(data, np.full(20, float(content)))
        surroundings.write_text(
            f'name = "air"\nkappa = {{ value = 1.0{content}, unit = "1", source = "version {content}" }}\n'
        )
        hashes.append(
            (plan(text=wigner).points[0].hash, plan(settings=[f"screening.kappa={surroundings}"]).points[0].hash)
        )
    assert hashes[0][0] != hashes[1][0] and hashes[0][1] != hashes[1][1]
    data.unlink()
    with pytest.raises(InputError, match="landscape.file = .*: cannot be read: No such file"):
        plan(text=wigner)


def test_a_swept_point_is_the_single_point(plan):
    swept = plan('[sweep]\n"mesh.N" = [60, 40]\n').points[1]
    assert swept.hash == plan().points[0].hash


def test_parameters_can_be_swept(plan):
    found = plan('[sweep]\n"parameters.carriers.hopping" = ["1.0 eV", "1200 meV"]\n')
    assert [point.material.number("carriers.hopping", "eV") for point in found.points] == [1.0, pytest.approx(1.2)]


def test_an_unknown_material_in_a_sweep_is_told_before_anything_runs(plan):
    with pytest.raises(InputError) as caught:
        plan('[sweep]\nmaterial = ["MoS2", "nowhere.toml"]\n')
    assert "nowhere.toml" in str(caught.value)


def test_all_mistakes_at_once(plan):
    text = 'model = "exciton"\nmaterial = "WSe3"\nextra = 1\n[mesh]\nN = 1.5\nk0 = -1\n[solver]\ntolerance = "1 nm"\n'
    with pytest.raises(InputError) as caught:
        plan(text=text)
    assert {mistake.key for mistake in caught.value.mistakes} == {
        "material",
        "extra",
        "mesh.N",
        "mesh.k0",
        "solver.tolerance",
    }


def test_every_key_is_described():
    for key in keys_of(Config):
        assert key.description, key.name
        assert key.kind or key.choices, key.name


@given(st.text(max_size=40))
def test_settings_never_crash(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("settings") / "input.toml"
    path.write_text(INPUT)
    try:
        load_plan(str(path), [text, f"mesh.N={text}", f"gap={text}"])
    except InputError as error:
        assert str(error)


def test_the_model_is_known_before_the_input_is_checked():
    text = 'model = "exciton"\n[mesh]\nN = "mistaken"\n'
    assert model_of(text, []) == "exciton"
    assert model_of(text, ['model="valley"', "nonsense"]) == "valley"
    assert model_of(text, ["model=none"]) is None and model_of("model = ", []) is None


@pytest.mark.parametrize("model", MODELS)
def test_every_number_of_an_input_has_bounds_on_both_sides(model):
    numbers = [key for key in keys_of(config_class(model)) if "number" in key.kind or "integer" in key.kind]
    assert [key.name for key in numbers if "<" not in key.bounds or ">" not in key.bounds] == []
    assert len(numbers) > 5


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        (["parameters.carriers.gap=-1.66", "parameters.lattice.constant=-3"], ["carriers.gap", "lattice.constant"]),
        (["parameters.carriers.gap=0.05"], ["half of it must be smaller than the gap"]),
        (["bands.electron_mass=0.5 kg"], ["must be a number >= 0.01 and <= 100 in m0"]),
        (["screening.kappa=inf"], ["screening.kappa"]),
        (["solver.tolerance=inf"], ["solver.tolerance"]),
        (["absorption.broadening=1e400"], ["absorption.broadening"]),
    ],
)
def test_absurd_numbers_are_refused(plan, settings, messages):
    with pytest.raises(InputError) as error:
        plan(settings=settings)
    assert all(message in str(error.value) for message in messages)


@pytest.mark.parametrize(("model", "needed"), [("trion", 2), ("wigner", 48), ("formation", 8), ("valley", 35)])
def test_everything_that_a_material_lacks_for_a_model_is_told_at_once(tmp_path, model, needed):
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'name = "XY2"\n[lattice]\nconstant = { value = 3.4, unit = "angstrom", source = "a test" }\n'
        + "".join(
            f'[{table}]\n{key} = {{ value = 1.5, unit = "{unit}", source = "a test" }}\n'
            for table, key, unit in (("carriers", "gap", "eV"), ("interaction", "r0", "angstrom"))
        )
    )
    tables = {
        "trion": "mesh = {N = 40, k0 = 0.1}",
        "wigner": "temperature = 300",
        "formation": "pump = {photon_energy = 2.4}",
    }
    text = f'model = "{model}"\nmaterial = "{mine}"\n{tables.get(model, "")}\n'
    path = tmp_path / "input.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        load_plan(str(path), [])
    assert len(error.value.mistakes) >= needed and all("has no '" in str(mistake) for mistake in error.value.mistakes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            INPUT + '[absorption]\nresolution = "1e-7 eV"\n',
            "points of the spectrum are more than 1e\\+06: raise absorption.resolution",
        ),
        (INPUT + '[absorption]\nbroadening = "1e-6 eV"\n', "line widths in absorption.window"),
        (
            (
                'model = "trion"\nmaterial = "WS2"\n[mesh]\nN = 15\nk0 = 0.1\n[twod]\npoints = 4001\nwaiting_times ='
                " [0, 1, 2, 3]\n"
            ),
            "lower twod.points",
        ),
        (
            'model = "trion"\nmaterial = "WS2"\n[mesh]\nN = 15\nk0 = 0.1\n[twod]\ntrace_step = 0.001\n',
            "raise twod.trace_step",
        ),
        (
            'model = "wigner"\nmaterial = "WS2"\ntemperature = 77\n[space]\ndimension = 2\npoints = 50000\n',
            "cells are more than",
        ),
        (
            'model = "wigner"\nmaterial = "WS2"\ntemperature = 77\n[time]\noutputs = [[1e-6, 1e6]]\n',
            "lengthen the intervals",
        ),
        (
            'model = "formation"\nmaterial = "MoS2"\n[pump]\nphoton_energy = 2.4\n[dephasing]\ncontinuum = 0.01\n',
            "raise .dephasing.",
        ),
        ('model = "valley"\nmaterial = "WSe2"\n[time]\nend = "1000 ps"\nstep = "0.1 fs"\n', "raise time.step"),
        ('model = "valley"\nmaterial = "WSe2"\n[momentum]\npoints = 2000\n', "lower momentum.points"),
    ],
)
def test_sizes_that_need_too_much_memory_are_refused_by_count(plan, text, message):
    tracemalloc.start()
    with pytest.raises(InputError, match=message):
        plan(text=text)
    assert tracemalloc.get_traced_memory()[1] < 1e8
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["mesh.N=" + "9" * 5000], "mesh.N"),
        (["gap=" + "[" * 5000], "gap"),
        (["parameters=3", "parameters.carriers.gap=1"], "'parameters' is not a table"),
        (["material=x\0.toml"], "null byte"),
        (["screening.kappa=x\0.toml"], "screening.kappa"),
        (["screening.kappa=MoS2"], "no environment 'MoS2'"),
    ],
)
def test_settings_that_are_no_values(plan, settings, message):
    with pytest.raises(InputError, match=message):
        plan(settings=settings)


def test_files_that_are_none_and_environments_that_lack_something(plan, tmp_path):
    """A device has no end, and what several keys name is told at once, with what the material lacks."""
    (tmp_path / "air.toml").write_text('name = "air"\n')
    (tmp_path / "mine.toml").write_text('name = "X"\n[carriers]\norder = "bright"\n')
    wigner = (
        'model = "wigner"\nmaterial = "mine.toml"\ntemperature = 77\n[space]\ndimension = 1\n[landscape]\nkind ='
        ' "file"\nfile = "/dev/zero"\n'
    )
    with pytest.raises(InputError, match=r"landscape.file = '/dev/zero': cannot be read: it is not a file") as error:
        plan(text=wigner.replace("mine.toml", str(tmp_path / "mine.toml")))
    assert "has no 'carriers.hole_A_mass'" in str(error.value)
    with pytest.raises(InputError, match=r"screening.kappa = .*air.toml.* has no 'kappa'"):
        plan(settings=[f"screening.kappa={tmp_path / 'air.toml'}"])


def test_more_points_than_anybody_computes_are_counted(plan):
    with pytest.raises(InputError, match="sweep: 1000 x 1001 = 1001000 points are more than 100000"):
        plan(
            settings=["sweep.gap={start=1, stop=2, points=1000}", "sweep.mesh.k0={start=0.05, stop=0.15, points=1001}"]
        )


@pytest.mark.parametrize("path", ["/dev/zero", "-"])
def test_an_input_has_an_end(path):
    script = (
        "from hpcx.config.load import read_input; from hpcx.config.errors import InputError\ntry:"
        f" read_input({path!r})\nexcept InputError as e: print(e)"
    )
    with open("/dev/zero", "rb") as endless:
        run = subprocess.run([sys.executable, "-c", script], stdin=endless, capture_output=True, text=True, timeout=60)
    assert "file: it is larger than 34 MB" in run.stdout


def test_materials_and_surroundings_are_files(plan, tmp_path):
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    for key in ("material", "screening.kappa"):
        with pytest.raises(InputError, match=r"endless\.toml': it is not a file"):
            plan(settings=[f"{key}={tmp_path / 'endless.toml'}"])


def test_names_that_are_too_long_are_mistakes(tmp_path, plan):
    for name in ("b" * 300, "b" * 300 + ".toml", "[" * 5000):
        with pytest.raises(InputError, match="material"):
            plan(settings=[f"material={name}"])


@pytest.mark.parametrize("text", ["", "a\\u0000b"])
def test_what_names_no_directory(plan, text):
    with pytest.raises(InputError, match="is not a directory name"):
        plan(settings=[f'output.directory="{text}"'])


def test_files_are_looked_for_beside_the_input(tmp_path, monkeypatch):
    folder = tmp_path / "below"
    folder.mkdir()
    text = (Path(hpcx.__file__).parent / "materials/MoS2.toml").read_text(encoding="utf-8")
    (folder / "mine.toml").write_text(text.replace('name = "MoS2"', 'name = "mine"'))
    (folder / "around.toml").write_text('name = "around"\nkappa = { value = 3, unit = "1", source = "test" }\n')
    (folder / "input.toml").write_text(
        'model = "exciton"\nmaterial = "mine.toml"\n[mesh]\nN = 40\nk0 = 0.1\n[screening]\nkappa = "around.toml"\n'
    )
    monkeypatch.chdir(folder)
    (there,) = load_plan("input.toml", []).points
    monkeypatch.chdir(tmp_path)
    (here,) = load_plan("below/input.toml", []).points
    assert (
        here.hash == there.hash and here.material.name == "mine" and here.config.screening.kappa == "below/around.toml"
    )
    swept, other = load_plan("below/input.toml", ['sweep.material=["mine.toml", "MoS2"]']).points
    assert (
        swept.material.name == "mine"
        and other.material.name == "MoS2"
        and swept.coordinates == {"material": "mine.toml"}
    )
    (tmp_path / "elsewhere.toml").write_text(
        text
    )  # as before: from the current directory, if it is not beside the input
    assert load_plan("below/input.toml", ["material=elsewhere.toml"]).points[0].material.name == "MoS2"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["Sweep.mesh.N=[40]"], r"Sweep: unknown key; did you mean 'sweep'\?"),
        (["material=mos2"], "did you mean 'MoS2'"),
        (["screening.kappa=hbn"], r"no environment 'hbn'; did you mean 'hBN'\? Known: .*SiO2, .*vacuum"),
        (["model=EXCITON"], "did you mean 'exciton'"),
        (["Mesh.N=40"], "did you mean 'mesh'"),
        (["sweep.mesh.N=40"], r"sweep.mesh.N = 40: must be a list of at least one value"),
        (["sweep=3"], "must be a table of lists"),
    ],
)
def test_wrong_case_and_missing_lists(settings, words, tmp_path):
    text = 'model = "exciton"\nmaterial = "MoS2"\n[mesh]\nN = 40\nk0 = 0.1\n'
    with pytest.raises(InputError, match=words):
        load_plan("input.toml", settings, text)


def test_what_was_written_is_never_suggested():
    text = 'model = "trion"\nmaterial = "MoS2"\n[mesh]\nN = 40\nk0 = 0.1\n[trion]\ncharge = "1"\n'
    with pytest.raises(InputError) as caught:
        load_plan("input.toml", [], text)
    assert "trion.charge = '1': must be" in str(caught.value) and str(caught.value).endswith("; without quotes")
    assert (
        nearest("MoS2", ["MoS2"]) is None
        and nearest("mos2", ["WS2", "MoS2"]) == "MoS2"
        and nearest("zzz", ["MoS2"]) is None
    )


@pytest.mark.parametrize(
    "model, settings, message",
    [
        (
            "trion",
            ["mesh.k0=0.1", "mesh.N=40", 'trion.species=["doublet"]'],
            "trion.species = 'doublet': must be a list of 'singlet', 'triplet'",
        ),
        (
            "trion",
            ["mesh.k0=0.1", "mesh.N=40", "trion.species=singlet"],
            "trion.species = 'singlet': must be a list of 'singlet', 'triplet'; in brackets",
        ),
        (
            "formation",
            ["pump.photon_energy=2.4", "pump.polarization=z"],
            "pump.polarization = 'z': must be one of 'x', 'y', 'sigma+', 'sigma-' or a list of them",
        ),
        (
            "formation",
            ["pump.photon_energy=2.4", "delay.stop=-300"],
            "delay.stop = -300.0 fs must be above delay.start = -100.0 fs",
        ),
    ],
)
def test_a_message_says_what_is_allowed_and_names_its_key_once(plan, model, settings, message):
    with pytest.raises(InputError) as error:
        plan(settings=settings, text=f'model = "{model}"\nmaterial = "MoS2"\n')
    assert str(error.value).splitlines()[1:] == [f"  {message}"]
