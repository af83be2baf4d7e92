"""Texts that are no TOML: one kind of error, whatever the parser stumbles over."""

import pytest

from hpcx import toml


def test_a_table():
    assert toml.loads('a = 1\n[b]\nc = "d"\n') == {"a": 1, "b": {"c": "d"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "Invalid value"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "thousands of digits"),
        ("[" + ".".join("a" * 3000) + "]\n", "more than 50 deep"),
        (".".join("a" * 60) + " = 1", "more than 50 deep"),
        ("a = \x00", "Invalid"),
    ],
)
def test_what_is_none(text, message):
    with pytest.raises(toml.TomlError, match=message):
        toml.loads(text)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("material = MoS2", "stand in quotes"),
        ("gap = 1.8 eV", "stand in quotes"),
        ("mesh.k0 = 0,12", "a decimal point"),
        ("model: trion", "write key = value"),
        ("absorption.enabled = True", "write true"),
    ],
)
def test_the_line_is_shown_with_what_was_meant(line, told):
    with pytest.raises(toml.TomlError, match=f"at line 2.*{line}; .*{told}"):
        toml.loads(f"title = 'x'\n{line}\n")
