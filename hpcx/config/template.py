"""What `hpcx init` writes: an input with all keys of a model, or a material file with all numbers it needs."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from hpcx.config.fields import Key, keys_of
from hpcx.config.serving import keys_for, with_usual_set
from hpcx.config.sources import REPLACE
from hpcx.materials.catalogue import WORDS, allowed_number, meaning
from hpcx.materials.loader import Material
from hpcx.registry import config_class

_WIDTH = 110
_HEAD = """\
# Input of hpcx for the model "{model}": every key that it has.
# Those behind a "#" show their defaults; take the "#" away to change one.
# A plain number has the unit given beside it; text carries its own, such as "25 meV". Then:
#     hpcx check {file}
#     mpirun -n 2 hpcx run {file}
#     hpcx show results/{model}

"""
_SWEEP = """\
# any key with several values; the points are the product of all
[sweep]
# "{key}" = [{values}]
# "{key}" = {{ start = {start}, stop = {stop}, points = 5 }}    # or step = ... in place of points
"""
_MATERIAL = """\
# Your own material for {models}: every number with unit and source. Those below are of other materials,
# and have to be replaced, with their sources, which go into every result.
# `hpcx materials {file}` tells which models it serves; its path as `material` of an input uses it.
name = {title}
formula = {title}
"""


def input_template(model: str, material: str, file: str) -> str:
    """Return a valid input; `file` is its name, `material` one that serves the model."""
    # tables come after the keys above them; sorting keeps the order otherwise
    keys = sorted(keys_of(config_class(model)), key=lambda key: "." in key.name)
    given = {"model": model, "material": material, "output.directory": f"results/{model}"}
    tables = groupby((key for key in keys if key.name != "parameters"), key=lambda key: key.name.rpartition(".")[0])
    parts = [
        "\n".join([*([f"[{table}]"] if table else []), *(line for key in members for line in _lines(key, given))])
        for table, members in tables
    ]
    swept = next((key for key in keys if key.example is not None), None)
    values = {"key": "temperature", "values": "77, 100, 300", "start": 50, "stop": 300}
    if swept is not None:
        start, stop = swept.examples
        values = {
            "key": swept.name,
            "values": f"{start:g}, {(start + stop) / 2:g}, {stop:g}",
            "start": f"{start:g}",
            "stop": f"{stop:g}",
        }
    replaced = '# numbers of the material file replaced for this run\n[parameters]\n# "carriers.hopping" = "1.2 eV"'
    return "\n\n".join(
        [_HEAD.format(model=model, file=_as_typed(file)) + parts[0], *parts[1:], replaced, _SWEEP.format(**values)]
    )


def _lines(key: Key, given: dict[str, str]) -> Iterator[str]:
    """Yield the lines of a key: what it means, then its value, behind a "#" unless a value has to stand there."""
    yield from textwrap.wrap(key.description, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    value = given.get(key.name, key.example)
    name = key.name.rpartition(".")[2]
    if value is not None:
        yield f"{name} = {as_toml(value)}    # {key.wanted()}"
    elif key.default is None:
        yield f"# {name} =     # {key.wanted()}; may be left out"
    else:
        yield f"# {name} = {as_toml(key.default)}    # {key.wanted()}"


def as_toml(value: Any) -> str:
    """Return a value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(as_toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _as_typed(file: str) -> str:
    """Return the name of a file as typed in a shell, or FILE if it cannot be part of a comment."""
    return shlex.quote(file) if file.isprintable() else "FILE"


def material_template(models: list[str], patterns: list[Material], file: str) -> str:
    """Return a valid material file for the models; each number is that of the first pattern that has it."""
    keys = {
        key: [with_usual_set(pattern, model) for pattern in patterns]
        for model in reversed(models)
        for key in keys_for(model)
    }
    title = file.rpartition("/")[2].removesuffix(".toml").encode(errors="replace").decode()
    parts = [_MATERIAL.format(models=", ".join(models), file=_as_typed(file), title=as_toml(title)).rstrip()]
    for table, members in groupby(sorted(keys, key=_table_of), key=_table_of):
        parts.append("\n".join([f"[{table}]", *(line for key in members for line in _number(key, keys[key]))]))
    return "\n\n".join(parts) + "\n"


def _table_of(key: str) -> str:
    return key.rpartition(".")[0]


def _number(key: str, patterns: list[Material]) -> Iterator[str]:
    """Yield the lines of a number or a word of a material: what it means and may be, then its value."""
    name, pattern = (
        key.rpartition(".")[2],
        next(material for material in patterns if key in material.numbers or key in material.texts),
    )
    yield from textwrap.wrap(f"{meaning(key)}; {_range(key)}", _WIDTH, initial_indent="# ", subsequent_indent="# ")
    if key in WORDS:
        yield f'{name} = "{pattern.texts[key]}"'
        return
    number = pattern.numbers[key]
    yield (
        f'{name} = {{ value = {as_toml(number.value)}, unit = "{number.unit}", source = "of {pattern.name}, {REPLACE}'
        ' [guess]" }'
    )


def _range(key: str) -> str:
    allowed = allowed_number(key)
    return " or ".join(map(repr, WORDS[key].words)) if allowed is None else allowed.range
