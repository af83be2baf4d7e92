"""What is around a layer: one permittivity, slabs, or a table of the whole dielectric function.

An environment is a number, or a file (of `hpcx/materials/environments` or one's own) that has one of

    kappa = { value = 4.5, unit = "1", source = "..." }      # the same on both sides, far away

    [[slab]]                                                 # as many as there are, on each side from the layer outwards
    side = "both"                                            # "above", "below" or "both"
    parallel = { value = 6.93, unit = "1", source = "..." }  # permittivity along the plane; `perpendicular`, if it is another
    thickness = { value = 10, unit = "nm", source = "..." }  # without it there is nothing behind; behind the last slab is vacuum

    [table]                                                  # of the layer in its surroundings: the layer's own r0 does not count
    file = "epsilon.dat"                                     # rows of q and a value, or arrays of an HDF5 or .npz file; or the lists q and epsilon themselves
    q_unit = "1/angstrom"
    column = "epsilon"                                       # or "epsilon_inverse", or "W" (then with unit = "eV*angstrom^2")
    source = "..."

`interaction` names another kind of interaction that these numbers mean than the usual one (`hpcx.physics.interaction`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from hpcx import units
from hpcx.materials.catalogue import NOTES
from hpcx.materials.loader import Material, MaterialError, Number, library, load_file, number_of
from hpcx.textfile import text_of

#: what an environment may be given by
_KINDS = ("kappa", "slab", "table")
_OF_SLAB = ("parallel", "perpendicular", "thickness")
_COLUMNS = ("epsilon", "epsilon_inverse", "W")
#: files of arrays, and what reads them, which is loaded for them alone: an input is read without numerics
_ARRAY_FILES = (".npz", ".h5", ".hdf5")
_ARRAYS = "hpcx.io.dielectric_arrays"


def environment_names() -> list[str]:
    """Return the names of the environments that come with hpcx."""
    return list(library("environment"))


def is_environment(name: str) -> bool:
    """Say whether a name or path is that of an environment and not of a material; raises MaterialError if a file cannot be read."""
    if name in environment_names() or name in library("material"):
        return name in environment_names()
    return any(_given(load_file(name, "material"), entry) for entry in _KINDS)


def load_environment(name: str | float) -> Material:
    """Load an environment by name, by path, or of one permittivity; raises MaterialError with all that is wrong."""
    if not isinstance(name, str):
        return Material(f"{name:g}", "input", {"kappa": Number(float(name), "1", "input")}, {})
    environment = load_file(name, "environment")
    if "table.file" in environment.texts:
        environment = _with_table(environment, library("environment").get(name, Path(name)).parent)
    problems = _problems(environment)
    if problems:
        raise MaterialError(*(f"{environment.name} ({environment.origin}) {problem}" for problem in problems))
    return environment


def content(environment: Material) -> dict[str, object]:
    """Return all of an environment that can change a result, as plain data."""
    numbers = {key: (number.value, number.unit) for key, number in environment.numbers.items()}
    return {**numbers, **{key: text for key, text in environment.texts.items() if key.rpartition(".")[2] not in NOTES}}


def told(environment: Material) -> str:
    """Return an environment in words: its permittivity with its source, its slabs from the layer outwards, or the source of its table."""
    numbers, texts = environment.numbers, environment.texts
    if environment.has("kappa"):
        return f"{environment.name}: {told_number('kappa', numbers['kappa'])}"
    if environment.has("table.q"):
        column = next(name for name in _COLUMNS if environment.has(f"table.{name}"))
        return f"{environment.name}: table of {column} at {len(numbers['table.q'].values)} momenta ({numbers[f'table.{column}'].source})"
    slabs = dict.fromkeys(key.split(".")[1] for key in numbers if key.startswith("slab."))
    parts = {i: [numbers[f"slab.{i}.{name}"] for name in _OF_SLAB if environment.has(f"slab.{i}.{name}")] for i in slabs}
    words = [f"{texts[f'slab.{i}.side']} {', '.join(f'{part.value:g} {part.unit}'.removesuffix(' 1') for part in parts[i])}" for i in slabs]
    return f"{environment.name}: slabs {'; '.join(words)}"


def told_number(name: str, number: Number) -> str:
    """Return "kappa = 4.5 (its source)"."""
    return f"{name} = {number.value:g} ({number.source})"


def _given(environment: Material, entry: str) -> bool:
    return any(key == entry or key.startswith(f"{entry}.") for key in (*environment.numbers, *environment.texts))


def _problems(environment: Material) -> list[str]:
    """Return what an environment lacks or has too much of, one clause each."""
    given = [entry for entry in _KINDS if _given(environment, entry)]
    if len(given) != 1:
        return ["has no 'kappa', no [[slab]] and no [table]: one is needed" if not given else f"has both {' and '.join(given)}: give one"]
    if given == ["slab"]:
        numbers = dict.fromkeys(key.split(".")[1] for key in (*environment.numbers, *environment.texts) if key.startswith("slab."))
        return [
            f"has no '{what}' in its slab number {i}"
            for i in numbers
            for what in ("side", "parallel")
            if f"slab.{i}.{what}" not in {**environment.numbers, **environment.texts}
        ]
    if given == ["table"]:
        columns = [name for name in _COLUMNS if environment.has(f"table.{name}")]
        lacking = [] if environment.has("table.q") else ["has no 'table.q'"]
        return lacking + ([] if len(columns) == 1 else [f"has {' and '.join(columns) or 'none'} of {', '.join(_COLUMNS)} in [table]: give one"])
    return []


def _with_table(environment: Material, folder: Path) -> Material:
    """Return the environment with the columns of its table's file; raises MaterialError."""
    path, written = folder / environment.texts["table.file"], environment.texts
    try:
        texts = {**written, **_stated(path, written)}
        lacking = [key for key in ("q_unit", "column", "source") if f"table.{key}" not in texts]
        if lacking:
            raise MaterialError(*(f"{environment.name} ({environment.origin}) has no 'table.{key}' for its table.file" for key in lacking))
        column, source = texts["table.column"], texts["table.source"]
        q, values = import_module(_ARRAYS).columns(path, column) if path.suffix in _ARRAY_FILES else _columns(path)
        units_of = {"q": texts["table.q_unit"], column: texts.get("table.unit", "1")}
        read = {f"table.{name}": {"value": list(values), "unit": unit, "source": source} for (name, unit), values in zip(units_of.items(), (q, values))}
        numbers = {key: number_of(key, entry) for key, entry in read.items()}
    except MaterialError:
        raise
    except OSError as error:
        raise MaterialError(f"cannot read the table {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise MaterialError(f"{path}: {error}") from error
    where = {"table.file", "table.q_unit", "table.column", "table.unit", "table.source"}
    kept = {key: text for key, text in texts.items() if key not in where}
    return replace(environment, numbers={**environment.numbers, **numbers}, texts=kept)


def _stated(path: Path, written: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of a table that its file states itself; raises ValueError if the environment says otherwise, and OSError."""
    if path.suffix not in _ARRAY_FILES:
        return {}
    found = {f"table.{key}": text for key, text in import_module(_ARRAYS).stated(path, written.get("table.column", "")).items()}
    for key, text in found.items():
        if not _same_unit(text, written.get(key, text)):
            raise ValueError(f"{key}: expected {written[key]!r}, as the environment says, found {text!r}")
    return found


def _same_unit(first: str, second: str) -> bool:
    try:
        return first == second or units.convert(1.0, first, second) == 1.0
    except ValueError:
        return False


def _columns(path: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the two columns of a text file; lines that begin with # and empty ones are skipped. Raises ValueError, OSError."""
    rows = []
    for number, line in enumerate(text_of(path).splitlines(), 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        try:
            q, value = map(float, words)
        except ValueError:
            raise ValueError(f"line {number}: expected two numbers, q and a value, found {line.strip()!r:.60}") from None
        rows.append((q, value))
    if not rows:
        raise ValueError("has no rows of numbers")
    return tuple(q for q, _ in rows), tuple(value for _, value in rows)
