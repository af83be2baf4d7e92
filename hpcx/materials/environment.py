"""What is around a layer: one permittivity, slabs, several polarisable sheets,
or a table of the whole dielectric function.

An environment is a number, or a file (of `hpcx/materials/environments` or one's own) that has one of

    # the same on both sides, far away
    kappa = { value = 4.5, unit = "1", source = "..." }

    # as many as there are, on each side from the layer outwards
    [[slab]]
    side = "both"                                            # "above", "below" or "both"
    parallel = { value = 6.93, unit = "1", source = "..." }  # permittivity along the plane; `perpendicular`, if another
    thickness = { value = 10, unit = "nm", source = "..." }  # a half space without it; behind the last slab is vacuum

    # several layers, from any on: electron and hole in one or in two of them; slabs are above and below all of them
    [[sheet]]
    carriers = "electron"                                    # "electron", "hole", "both"; without: only screens
    r0 = { value = 3.9, unit = "nm", source = "..." }        # of this sheet: that of the material does not count
    height = { value = 0.65, unit = "nm", source = "..." }
    gap_parallel = { value = 1, unit = "1", source = "..." } # of the gap below, with `gap_perpendicular`; or vacuum

    # of the layer in its surroundings: the layer's own r0 does not count
    [table]
    file = "epsilon.dat"                                     # rows of q and a value, or arrays of an HDF5 or .npz file;
    q_unit = "1/angstrom"                                    # or the lists q and epsilon themselves
    column = "epsilon"                                       # or "epsilon_inverse"; or "W", with a unit
    source = "..."

One that comes with hpcx and whose slabs are half spaces is given a thickness by name: "hBN-static:3.3 nm".
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
_KINDS = ("kappa", "slab", "sheet", "table")
_OF_SLAB = ("parallel", "perpendicular", "thickness")
_OF_SHEET = ("r0", "height", "gap_parallel", "gap_perpendicular")
_COLUMNS = ("epsilon", "epsilon_inverse", "W")
#: files of arrays, and what reads them, which is loaded for them alone: an input is read without numerics
_ARRAY_FILES = (".npz", ".h5", ".hdf5")
_ARRAYS = "hpcx.io.dielectric_arrays"


def environment_names() -> list[str]:
    """Return the names of the environments that come with hpcx."""
    return list(library("environment"))


def is_environment(name: str) -> bool:
    """Say whether a name or path is that of an environment and not of a material;
    raises MaterialError if a file cannot be read.
    """
    known = _parted(name)[0] in environment_names()
    if known or name in library("material"):
        return known
    return any(_given(load_file(name, "material"), entry) for entry in _KINDS)


def load_environment(name: str | float) -> Material:
    """Load an environment by name, by path, or of one permittivity; raises MaterialError with all that is wrong."""
    if not isinstance(name, str):
        return Material(f"{name:g}", "input", {"kappa": Number(float(name), "1", "input")}, {})
    known, thickness = _parted(name)
    if thickness:
        return _of_thickness(load_environment(known), name, thickness)
    environment = load_file(name, "environment")
    if "table.file" in environment.texts:
        environment = _with_table(environment, library("environment").get(name, Path(name)).parent)
    problems = _problems(environment)
    if problems:
        raise MaterialError(*(f"{environment.name} ({environment.origin}) {problem}" for problem in problems))
    return environment


def _parted(name: str) -> tuple[str, str]:
    """Return "hBN-static" and "3.3 nm" of "hBN-static:3.3 nm"; a name or path without thickness is whole."""
    known, _, thickness = name.partition(":")
    return (known, thickness) if known in library("environment") else (name, "")


def _of_thickness(environment: Material, name: str, thickness: str) -> Material:
    """Return slabs of this thickness in place of half spaces, with vacuum behind them; raises MaterialError."""
    keys = [f"slab.{i}.thickness" for i in _counted(environment, "slab")]
    if not keys or any(map(environment.has, keys)):
        raise MaterialError(
            f"environment '{name}': a thickness is that of half spaces, and {environment.name} has"
            f" {'slabs of other thickness' if keys else 'no slabs'}; hpcx materials lists others, or write a file"
        )
    try:
        number = {"value": units.parse(thickness.strip(), "nm"), "unit": "nm", "source": "input"}
        thick = {key: number_of(key, number) for key in keys}
    except ValueError as error:
        raise MaterialError(f"environment '{name}': {error}") from error
    texts = {**environment.texts, "name": name, "comment": "slabs of this thickness, vacuum behind"}
    return replace(environment, name=name, numbers={**environment.numbers, **thick}, texts=texts)


def content(environment: Material) -> dict[str, object]:
    """Return all of an environment that can change a result, as plain data."""
    numbers = {key: (number.value, number.unit) for key, number in environment.numbers.items()}
    return {**numbers, **{key: text for key, text in environment.texts.items() if key.rpartition(".")[2] not in NOTES}}


def told(environment: Material) -> str:
    """Return an environment in words: its permittivity with its source,
    its slabs from the layer outwards, or the source of its table.
    """
    numbers = environment.numbers
    if environment.has("kappa"):
        return f"{environment.name}: {told_number('kappa', numbers['kappa'])}"
    if environment.has("sheet.1.r0"):
        return (
            f"{environment.name}: sheets"
            f" {_told_parts(environment, 'sheet', _OF_SHEET, 'carriers')}{_told_around(environment)}"
        )
    if environment.has("table.q"):
        column = next(name for name in _COLUMNS if environment.has(f"table.{name}"))
        return (
            f"{environment.name}: table of {column} at {len(numbers['table.q'].values)} momenta"
            f" ({numbers[f'table.{column}'].source})"
        )
    return f"{environment.name}: slabs {_told_parts(environment, 'slab', _OF_SLAB, 'side')}"


def _told_around(environment: Material) -> str:
    return f"; slabs {_told_parts(environment, 'slab', _OF_SLAB, 'side')}" if environment.has("slab.1.parallel") else ""


def _told_parts(environment: Material, entry: str, names: tuple[str, ...], word: str) -> str:
    """Return the numbers of all slabs or sheets, in the order of the file, each behind its word."""

    def told_part(i: str) -> str:
        """Return "electron r0 5.2 nm, height 0.65 nm"."""
        numbers = {
            name: environment.numbers[f"{entry}.{i}.{name}"] for name in names if environment.has(f"{entry}.{i}.{name}")
        }
        label = "{} " if entry == "sheet" else ""
        parts = [
            label.format(name) + f"{number.value:g} {number.unit}".removesuffix(" 1")
            for name, number in numbers.items()
        ]
        return f"{environment.texts.get(f'{entry}.{i}.{word}', '')} {', '.join(parts)}".strip()

    return "; ".join(map(told_part, _counted(environment, entry)))


def told_number(name: str, number: Number) -> str:
    """Return "kappa = 4.5 (its source)"."""
    return f"{name} = {number.value:g} ({number.source})"


def _given(environment: Material, entry: str) -> bool:
    return any(key == entry or key.startswith(f"{entry}.") for key in (*environment.numbers, *environment.texts))


def _problems(environment: Material) -> list[str]:
    """Return what an environment lacks or has too much of, one clause each."""
    given = [entry for entry in _KINDS if _given(environment, entry)]
    if not given:
        return ["has no 'kappa', no [[slab]], no [[sheet]] and no [table]: one is needed"]
    if len(given) > 1 and given != ["slab", "sheet"]:
        return [f"has both {' and '.join(given)}: give one"]
    if given == ["table"]:
        columns = [name for name in _COLUMNS if environment.has(f"table.{name}")]
        lacking = [] if environment.has("table.q") else ["has no 'table.q'"]
        return lacking + (
            []
            if len(columns) == 1
            else [f"has {' and '.join(columns) or 'none'} of {', '.join(_COLUMNS)} in [table]: give one"]
        )
    return _lacking(environment, "slab", ("side", "parallel")) + (_of_sheets(environment) if "sheet" in given else [])


def _lacking(environment: Material, entry: str, names: tuple[str, ...]) -> list[str]:
    """Return what slabs or sheets lack."""
    known = {**environment.numbers, **environment.texts}
    return [
        f"has no '{name}' in its {entry} number {i}"
        for i in _counted(environment, entry)
        for name in names
        if f"{entry}.{i}.{name}" not in known
    ]


def _of_sheets(environment: Material) -> list[str]:
    """Return what sheets lack, and carriers that are in none of them or in several."""
    found, words = (
        _lacking(environment, "sheet", ("r0", "height")),
        [text for key, text in environment.texts.items() if key.endswith(".carriers")],
    )
    for carrier in ("electron", "hole"):
        count = sum(word in (carrier, "both") for word in words)
        found += [] if count == 1 else [f"must have one sheet with the {carrier} among its carriers, and has {count}"]
    return found


def _counted(environment: Material, entry: str) -> list[str]:
    """Return the numbers of the slabs or sheets, as text."""
    return list(
        dict.fromkeys(
            key.split(".")[1] for key in (*environment.numbers, *environment.texts) if key.startswith(f"{entry}.")
        )
    )


def apart(environment: Material) -> bool:
    """Say whether electron and hole are in sheets of different heights."""
    if not environment.has("sheet.1.r0"):
        return False
    electron, hole = (
        environment.number(f"{_sheet_of(environment, carrier)}.height", "nm") for carrier in ("electron", "hole")
    )
    return electron != hole


def together(environment: Material, why: str) -> Material:
    """Return an environment if electron and hole are in one sheet;
    raises MaterialError that says `why` they must be.
    """
    if apart(environment):
        raise MaterialError(f"electron and hole are in different sheets of {environment.name}: {why}")
    return environment


def alike(environment: Material, carrier: str) -> Material:
    """Return sheets with electron and hole both where `carrier` is: their interaction is that of two such carriers."""
    others = {key: text for key, text in environment.texts.items() if not key.endswith(".carriers")}
    return replace(environment, texts={**others, f"{_sheet_of(environment, carrier)}.carriers": "both"})


def _sheet_of(environment: Material, carrier: str) -> str:
    """Return the sheet of a carrier, as "sheet.2"."""
    return next(
        key.removesuffix(".carriers")
        for key, word in environment.texts.items()
        if key.endswith(".carriers") and word in (carrier, "both")
    )


def _with_table(environment: Material, folder: Path) -> Material:
    """Return the environment with the columns of its table's file; raises MaterialError."""
    path, written = folder / environment.texts["table.file"], environment.texts
    try:
        texts = {**written, **_stated(path, written)}
        lacking = [key for key in ("q_unit", "column", "source") if f"table.{key}" not in texts]
        if lacking:
            raise MaterialError(
                *(
                    f"{environment.name} ({environment.origin}) has no 'table.{key}' for its table.file"
                    for key in lacking
                )
            )
        column, source = texts["table.column"], texts["table.source"]
        q, values = import_module(_ARRAYS).columns(path, column) if path.suffix in _ARRAY_FILES else _columns(path)
        units_of = {"q": texts["table.q_unit"], column: texts.get("table.unit", "1")}
        read = {
            f"table.{name}": {"value": list(values), "unit": unit, "source": source}
            for (name, unit), values in zip(units_of.items(), (q, values))
        }
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
    """Return the keys of a table that its file states itself;
    raises ValueError if the environment says otherwise, and OSError.
    """
    if path.suffix not in _ARRAY_FILES:
        return {}
    found = {
        f"table.{key}": text
        for key, text in import_module(_ARRAYS).stated(path, written.get("table.column", "")).items()
    }
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
    """Return the two columns of a text file; lines that begin with # and empty ones are skipped.
    Raises ValueError, OSError.
    """
    rows = []
    for number, line in enumerate(text_of(path).splitlines(), 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        try:
            q, value = map(float, words)
        except ValueError:
            raise ValueError(
                f"line {number}: expected two numbers, q and a value, found {line.strip()!r:.60}"
            ) from None
        rows.append((q, value))
    if not rows:
        raise ValueError("has no rows of numbers")
    return tuple(q for q, _ in rows), tuple(value for _, value in rows)
