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
