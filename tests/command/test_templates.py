"""`hpcx init` and `hpcx materials`: what is written is accepted, and its comments are true."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hpcx.config.load import load_plan
from hpcx.config.serving import lacking, overview, serving, what_is_missing
from hpcx.config.template import input_template, material_template
from hpcx.materials import catalogue
from hpcx.materials.catalogue import NOT_DESCRIBED, Allowed, known_keys, meaning
from hpcx.materials.loader import load_material, material_names
from hpcx.registry import MODELS


@pytest.mark.parametrize("model", MODELS)
def test_an_input_is_accepted_and_its_comments_show_the_defaults(model):
    text = input_template(model, serving(model).name, "input.toml")
    (point,) = load_plan("input.toml", [], text).points
    written_out, count = re.subn(r"(?m)^# (\w+ = \S.*    # .*)$", r"\1", re.sub(r"(?m)^# \w+ =     # .*\n", "", text))
    assert count > 10 and load_plan("input.toml", [], written_out).points[0].hash == point.hash and not point.error
    sweep = re.sub(r'(?m)^# (".*" = \[.*\])$', r"\1", text)
    assert len(load_plan("input.toml", [], sweep).points) == 3
    ranged = re.sub(r'(?m)^# (".*" = \{ start.*\})    # .*$', r"\1", text)
    assert len(load_plan("input.toml", [], ranged).points) == 5


def test_a_material_file_serves_the_models_that_it_is_for(tmp_path):
    first, *others = [load_material(name) for name in material_names()]
    patterns = [
        replace(
            first, numbers={key: number for key, number in first.numbers.items() if not key.startswith("excitons.")}
        ),
        *others,
    ]
    path = tmp_path / "WTe2.toml"
    path.write_text(material_template(list(MODELS), patterns, str(path)), encoding="utf-8")
    material = load_material(str(path))
    assert material.name == "WTe2" and not any(lacking(material).values())
    assert {number.source for number in material.numbers.values()} >= {
        "of MoS2, to be replaced [guess]",
        "of MoSe2, to be replaced [guess]",
    }
    near = {"wigner": ["pulse.photon_energy=1.98"]}  # the exciton's energy is that of MoS2
    for model in MODELS:
        assert (
            load_plan(
                "input.toml", [f"material={path}", *near.get(model, [])], input_template(model, "MoS2", "input.toml")
            )
            .points[0]
            .config.model
            == model
        )


def test_every_number_has_a_meaning():
    texts = {key: meaning(key) for key in known_keys()}
    assert all(text and "{" not in text for text in texts.values()) and NOT_DESCRIBED not in texts.values()
    assert texts["phonons.lumped.electron_Kprime_Lambda.acoustic_energy"] == (
        "energy of the acoustic phonons that move the electron between Kprime and Lambda, lumped"
    )


def test_a_new_number_of_the_catalogue_needs_no_description_at_once(monkeypatch):
    monkeypatch.setitem(catalogue.NUMBERS, "phonons.surface.potential", Allowed("eV/nm", 0, 100))
    assert meaning("phonons.surface.potential") == NOT_DESCRIBED
    with pytest.raises(KeyError, match="surface.energy"):
        meaning("phonons.surface.energy")


def test_what_a_material_serves_is_told():
    rows = {line.split()[0]: line.split()[1:] for line in overview().splitlines()}
    assert (
        rows["material"] == list(MODELS)
        and rows["MoS2"] == ["yes"] * 5
        and rows["MoSe2"] == ["yes", "yes", "yes", "lacks", "4", "yes"]
    )
    text = what_is_missing(load_material("WS2"))
    assert text.startswith("serves: exciton, trion, wigner, valley") and re.search(
        r"optics.exciton_B_energy +energy of the bright B", text
    )


def test_files_are_written_and_never_replaced(here, tmp_path):
    assert here("init", "valley").stdout == "wrote valley.toml\n"
    assert here("check", "valley.toml").returncode == 0
    again = here("init", "valley")
    assert again.returncode == 2 and "valley.toml exists" in again.stderr
    mine = here("init", "material", "valley", "-o", "mine.toml")
    assert mine.returncode == 0
    checked = here("check", "valley.toml", "--set", "material=mine.toml")
    assert "mine.toml has numbers of another material, to be replaced: carriers.hopping, " in checked.stdout
    assert "such as mine.toml, which is here" in here("check", "valley.toml", "--set", "material=mine").stderr
    assert "serves: valley" in here("materials", "mine.toml").stdout
