"""Parameter sets: what a paper used in place of numbers of the material files;
and the names that numbers had in hpcx 0.1.
"""

import math

import pytest

from hpcx.config.choose import load_open
from hpcx.config.errors import InputError
from hpcx.config.load import load_plan
from hpcx.config.serving import load_for
from hpcx.config.sources import cautions
from hpcx.materials.catalogue import known_keys
from hpcx.materials.listing import listing
from hpcx.materials.loader import MaterialError, load_material, material_names
from hpcx.materials.renamed import renamed
from hpcx.materials.sets import load_set, set_names, with_set

WIGNER = 'model = "wigner"\nmaterial = "{}"\ntemperature = 77\n{}'.format


def point_of(text, *settings, folder=""):
    return load_plan(f"{folder}input.toml", list(settings), text).points[0]


def test_sets_replace_numbers_and_are_told():
    plain, used = load_material("WS2"), load_for("wigner", "WS2")
    assert plain.number("interaction.r0", "angstrom") == pytest.approx(2 * math.pi * 6.03, rel=1e-15)
    assert used.number("interaction.r0", "angstrom") == 37.9 and used.number("interaction.kappa", "1") == 4.5
    assert not plain.has("interaction.kappa") and plain.parameter_set == ""
    described = used.described()
    assert described["parameter_set"] == "rosati2020"
    assert {key for key, number in described["numbers"].items() if number["source"].endswith("(rosati2020)")} == set(
        load_set("rosati2020")["WS2"]
    )
    assert "parameter set rosati2020, in place of these:" in listing("WS2")


def test_the_input_selects_a_set():
    usual, same, other = (
        point_of(WIGNER("WS2", more))
        for more in ("", 'parameter_set = "rosati2020"', 'parameter_set = "none"\nenvironment = 4.5')
    )
    assert usual.hash == same.hash != other.hash  # what counts is the numbers
    assert other.material.number("interaction.r0", "angstrom") == pytest.approx(37.887607, rel=1e-6)
    with pytest.raises(InputError, match="'dogadov2025'|has no 'interaction.kappa'"):
        point_of(WIGNER("WS2", 'parameter_set = "dogadov2025"'))
    with pytest.raises(InputError, match="the parameter set 'trovatello2020' has no numbers of WS2; it has MoS2"):
        point_of(WIGNER("WS2", 'parameter_set = "trovatello2020"'))
    with pytest.raises(InputError, match="no parameter set 'rosati2021'.*did you mean 'rosati2020'"):
        point_of(WIGNER("WS2", 'parameter_set = "rosati2021"'))


def test_sets_are_swept_and_one_of_ones_own_lies_beside_the_input(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\n[MoS2.carriers]\nhopping = { value = 1.2, unit = "eV", source = "a test" }\n'
    )
    text = (
        'model = "exciton"\nmaterial = "MoS2"\nmesh = {N = 24, k0 = 0.1}\n[sweep]\nparameter_set = ["none",'
        ' "mine.toml"]\n'
    )
    plan = load_plan(str(tmp_path / "input.toml"), [], text)
    assert [point.material.number("carriers.hopping", "eV") for point in plan.points] == [1.1, 1.2]
    assert plan.points[1].material.numbers["carriers.hopping"].source == "a test (mine)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[WS2.carriers]\norder = "dark"\n', "'WS2.carriers.order': a parameter set has tables of numbers"),
        ('order = "dark"\n', "'order': a parameter set has tables of numbers, each under the name of a material"),
        ("[WS2.carriers]\nhoping = { value = 1, unit = 'eV', source = 'a test' }\n", "did you mean 'carriers.hopping'"),
    ],
)
def test_what_is_wrong_with_a_set_is_told(tmp_path, content, message):
    path = tmp_path / "bad.toml"
    path.write_text(content)
    with pytest.raises(MaterialError, match=message):
        with_set(load_material("WS2"), "exciton", str(path), "none")


def test_numbers_have_one_unit_in_all_files_and_sets():
    """Plain numbers in [parameters] are in the unit of the file: a set must not change it."""
    units = {}
    for name in material_names():
        files = [load_material(name).numbers, *(load_set(other).get(name, {}) for other in set_names())]
        for key, number in ((key, number) for file in files for key, number in file.items()):
            assert units.setdefault(key, number.unit) == number.unit, f"{name}: {key}"


def test_a_usual_set_never_touches_a_material_of_ones_own(tmp_path):
    path = tmp_path / "WS2.toml"
    path.write_text('name = "WS2"\n[interaction]\nr0 = { value = 5, unit = "nm", source = "a test" }\n')
    own = load_material(str(path))
    assert with_set(own, "wigner", None, "rosati2020") is own
    replaced = with_set(own, "wigner", "rosati2020", "none").numbers["interaction.r0"]
    assert replaced.value == pytest.approx(3.79, rel=1e-15) and replaced.unit == "nm"  # the unit of the file


OLD = """name = "XY2"
[lattice]
constant = { value = 3.2, unit = "angstrom", source = "a test" }
[bands]
order = "dark"
hopping = { value = 1.1, unit = "eV", source = "a test" }
[screening]
polarizability = { value = 6, unit = "angstrom", source = "a test" }
[valley.bands]
velocity = { value = 3.84, unit = "eV*angstrom", source = "a test" }
[valley.screening]
length = { value = 4, unit = "nm", source = "a test" }
[wigner.bands]
electron_mass_Kprime = { value = 0.4, unit = "m0", source = "a test" }
"""


def test_old_material_files_mean_what_they_meant_to_each_model(tmp_path):
    path = tmp_path / "old.toml"
    path.write_text(OLD)
    trion, valley, wigner = (load_for(model, str(path)) for model in ("trion", "valley", "wigner"))
    assert (
        trion.number("interaction.r0", "angstrom") == pytest.approx(12 * math.pi)
        and trion.number("carriers.hopping", "eV") == 1.1
    )
    assert valley.number("interaction.r0", "angstrom") == 40 and valley.number(
        "carriers.hopping", "eV"
    ) == pytest.approx(1.2)
    assert wigner.number("carriers.electron_B_mass", "m0") == 0.4 and not valley.has("carriers.electron_B_mass")
    assert trion.text("carriers.order") == "dark"
    (told,) = cautions(
        [
            point_of(
                f'model = "exciton"\nmaterial = "{path}"\nmesh = {{N = 24, k0 = 0.1}}\nbands = {{model = "parabolic",'
                " electron_mass = 1, hole_mass = 1}"
            )
        ]
    )
    assert "valley.bands.velocity is carriers.hopping times lattice.constant" in told and told in listing(str(path))
    path.write_text(OLD.replace("constant", "constent").replace("lattice", "lattice_"))
    with pytest.raises(MaterialError, match="'valley.bands.velocity' is carriers.hopping times lattice.constant now"):
        load_material(str(path))


def test_old_names_of_replaced_numbers_are_taken_and_announced():
    text, axis = (
        'model = "exciton"\nmaterial = "MoS2"\nmesh = {N = 24, k0 = 0.1}\n',
        '[sweep]\n"parameters.bands.gap" = [1.6, "1700 meV"]\n',
    )
    old = load_plan(
        "input.toml", ["parameters.bands.hopping=1.2 eV", "parameters.screening.polarizability=0.7 nm"], text + axis
    )
    new = load_plan(
        "input.toml",
        ["parameters.carriers.hopping=1.2 eV", f"parameters.interaction.r0={14 * math.pi!r} angstrom"],
        text + axis.replace("bands", "carriers"),
    )
    assert [point.hash for point in old.points] == [point.hash for point in new.points]
    (told,) = old.notices
    assert "bands.hopping is carriers.hopping" in told and not new.notices
    assert (
        "screening.polarizability is interaction.r0 / (2 pi)" in told
    )  # whoever takes the new name must not keep the number
    inputs = (
        ('model = "valley"\nmaterial = "WS2"\n', "valley.screening.length=40"),
        (WIGNER("WS2", ""), "wigner.screening.length=4"),
    )
    assert (
        point_of(WIGNER("WS2", ""), "parameters.excitons.members_KLambda=2").material.number(
            "excitons.degeneracy_KLambda", "1"
        )
        == 2
    )
    assert [
        point_of(text, f"parameters.{key}").material.number("interaction.r0", "nm") for text, key in inputs
    ] == pytest.approx([4, 4])
    lumped = "phonons.lumped.electron_K_Lambda.acoustic_"
    taken = point_of('model = "valley"\nmaterial = "WS2"\n', f"parameters.{lumped}coupling=3 eV/angstrom")
    assert taken.material.number(f"{lumped}potential", "eV/angstrom") == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("parameters.valley.screening.length=4", "no number 'valley.screening.length'"),  # another model's
        ("parameters.wigner.screening.length=4", "is given twice: it is interaction.r0 now"),
        ("parameters.bands.gap=4", "no number 'bands.gap'"),
    ],
)
def test_old_names_that_cannot_be_taken_are_refused(setting, message):
    with pytest.raises(InputError, match=message):
        point_of(WIGNER("WS2", '[parameters]\n"interaction.r0" = 4\n'), setting)
    with pytest.raises(InputError, match="is carriers.hopping times lattice.constant now"):
        point_of('model = "valley"\nmaterial = "WS2"\n', "parameters.valley.bands.velocity=4")


def test_every_number_that_models_had_apart_is_known_by_its_new_name():
    words = ("K_Kprime", "K_Lambda", "Kprime_Lambda")
    old = [
        "bands.order",
        "exciton.parabolic.hole_mass",
        "valley.bands.lambda_energy",
        "formation.B.electron_mass",
        "formation.substrate.oxide_index",
        "wigner.bands.members_KK",
        "excitons.members_KLambda",
    ]
    old += [f"valley.phonons.electron_{word}.acoustic_energy" for word in words] + [
        "valley.phonons.spin_flip_intravalley_energy",
        "valley.phonons.optical_hole",
        *(f"{table}.hole_K_Kprime.optical_coupling" for table in ("valley.phonons", "phonons.lumped")),
    ]
    old += [f"wigner.phonons_{q}.potential_optical" for q in ("K", "Lambda", "M", "LambdaLambda")] + [
        "wigner.phonons_M.energy_A1",
        "wigner.acoustic.velocity_TA",
    ]
    assert {renamed(key).key for key in old} <= set(known_keys()) and renamed("phonons.M.energy_A1") is None


def test_a_search_for_limits_announces_old_names_too(tmp_path):
    path = tmp_path / "input.toml"
    path.write_text('model = "exciton"\nmaterial = "MoS2"\n')
    problem = load_open(str(path), ["parameters.bands.gap=1.7 eV"])
    assert (
        problem.start.material.number("carriers.gap", "eV") == 1.7
        and "bands.gap is carriers.gap now" in problem.notices[0]
    )
