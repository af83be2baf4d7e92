"""Material files: what comes with hpcx, one's own by path, replaced numbers, and clear refusals."""

import math

import pytest

from hpcx.materials.catalogue import allowed_number
from hpcx.materials.environment import content, environment_names, load_environment
from hpcx.materials.listing import listing
from hpcx.materials.loader import MaterialError, load_material, material_names


def test_four_materials_and_three_environments():
    assert material_names() == ["MoS2", "MoSe2", "WS2", "WSe2"]
    assert {"vacuum", "SiO2", "hBN"} <= set(environment_names())
    assert load_environment("vacuum").number("kappa", "1") == 1.0


def test_environments_of_half_spaces_are_given_a_thickness_by_name():
    thick = load_environment("hBN-static:33 angstrom")
    assert (thick.name, thick.number("slab.1.thickness", "nm")) == ("hBN-static:33 angstrom", 3.3)
    assert load_environment("sapphire-optical:500").number("slab.1.thickness", "nm") == 500
    assert content(thick) != content(load_environment("hBN-static"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hBN:3.3 nm", "that of half spaces, and hBN has no slabs"),
        ("hBN-SiO2:3.3 nm", "and hBN-SiO2 has slabs of other thickness"),
        ("hBN-static:3.3 eV", "not convertible to nm"),
        ("hBN-static:-1", "expected .*0.001"),
        ("hBN-static:0", "expected .*0.001"),
        ("hBN-static:thick", "environment 'hBN-static:thick': "),
        ("hbn-static:3 nm", "no environment 'hbn-static:3 nm'; did you mean 'hBN-static'"),
    ],
)
def test_thicknesses_that_make_no_sense(name, message):
    with pytest.raises(MaterialError, match=message):
        load_environment(name)


@pytest.mark.parametrize(("name", "inverse"), [("MoS2", 1.97), ("WS2", 1.96), ("MoSe2", 1.90), ("WSe2", 1.90)])
def test_inverse_lattice_constants_are_those_of_the_paper(name, inverse):
    # Tempelaar and Berkelbach, Nat. Commun. 10, 3419 (2019) print 2 pi / a to two decimals (WS2 1.965 as 1.96)
    constant = load_material(name).number("lattice.constant", "angstrom")
    assert abs(2 * math.pi / constant - inverse) < 0.0051 + 1e-3


def test_every_number_of_every_file_has_a_source():
    files = [load_material(name) for name in material_names()] + [
        load_environment(name) for name in environment_names()
    ]
    for material in files:
        for key, number in material.numbers.items():
            assert number.source.strip(), f"{material.name}: {key}"


def test_units_are_converted():
    material = load_material("MoS2")
    assert material.number("lattice.constant", "nm") == pytest.approx(0.3193)
    with pytest.raises(MaterialError, match="not convertible"):
        material.number("lattice.constant", "eV")


def test_parameters_replace_numbers_and_are_marked():
    material = load_material("MoS2").with_parameters({"carriers.hopping": "1200 meV", "carriers.gap": 1.7})
    assert material.number("carriers.hopping", "eV") == pytest.approx(1.2)
    assert material.number("carriers.gap", "eV") == 1.7
    assert material.numbers["carriers.gap"].source == "input"
    with pytest.raises(MaterialError, match="did you mean 'carriers.hopping'"):
        load_material("MoS2").with_parameters({"carriers.hoping": 1.0})


def test_own_file_by_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[lattice]\nconstant = { value = 0.32, unit = "nm", source = "measured" }\n')
    material = load_material(str(path))
    assert material.name == "mine"
    assert material.number("lattice.constant", "angstrom") == pytest.approx(3.2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[lattice]\nconstant = 3.2\n", "value, unit, source"),
        ('[lattice]\nconstant = { value = 3.2, unit = "nm" }\n', "exactly value, unit and source"),
        ('[lattice]\nconstant = { value = "x", unit = "nm", source = "s" }\n', "must be a number"),
        ("[lattice\n", "Expected"),
    ],
)
def test_malformed_files_are_refused(tmp_path, content, message):
    path = tmp_path / "bad.toml"
    path.write_text(content)
    with pytest.raises(MaterialError, match=message):
        load_material(str(path))


def test_unknown_names_get_a_suggestion():
    with pytest.raises(MaterialError, match="did you mean 'MoS2'"):
        load_material("Mos2")
    with pytest.raises(MaterialError, match="cannot read"):
        load_material("nowhere/mine.toml")


def test_listing_shows_values_units_and_sources():
    row = next(line for line in listing("MoS2").splitlines() if line.startswith("carriers.hopping"))
    assert "1.1 eV" in row and "Xiao 2012" in row


FILE = """name = "XY2"
[lattice]
constant = { value = 3.4, unit = "angstrom", source = "a test" }
[carriers]
order = "bright"
hopping = { value = 1.0, unit = "eV", source = "a test" }
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("3.4", "-3.4", "lattice.constant = -3.4 angstrom: expected from 1 to 100 angstrom"),
        ("3.4", "inf", "expected a finite number"),
        ("3.4", "1" + 400 * "0", "expected a finite number"),
        ('"angstrom"', '"eV"', "not convertible to angstrom"),
        ('"angstrom"', '"9**9**9 m"', "as a unit"),
        ('"angstrom"', "1", "value, unit and source"),
        ("3.4", "[3.4]", "expected one number"),
        ("3.4", "true", "value must be a number"),
        ("hopping", "hoping", "'carriers.hoping'|did you mean 'carriers.hopping'"),
        ('"bright"', '"brite"', "carriers.order = 'brite': expected 'bright' or 'dark'"),
        ('order = "bright"', "order = 3", "'carriers.order' must be"),
        ('order = "bright"', 'ordre = "bright"', "did you mean 'carriers.order'"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(FILE.replace(old, new, 1))
    with pytest.raises(MaterialError, match=message):
        load_material(str(path))


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE.replace("3.4", "-1").replace("1.0", "inf").replace("bright", "brite"))
    with pytest.raises(MaterialError) as error:
        load_material(str(path))
    assert len(error.value.problems) == 3


def test_all_replacements_that_are_wrong_are_told_at_once():
    with pytest.raises(MaterialError) as error:
        load_material("MoS2").with_parameters(
            {"carriers.gap": -1.66, "lattice.constant": "0.5 kg", "carriers.hoping": 1, "substrate.photon_energy": 2},
        )
    assert len(error.value.problems) == 4


def test_every_number_of_every_file_is_known_and_inside_its_bounds():
    for material in [load_material(name) for name in material_names()] + [
        load_environment(name) for name in environment_names()
    ]:
        assert all(allowed_number(key) for key in material.numbers)


def test_layers_without_polarisability_are_allowed():
    assert load_material("MoS2").with_parameters({"interaction.r0": 0}).number("interaction.r0", "angstrom") == 0
