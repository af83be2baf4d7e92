"""What `hpcx show` prints of a result or a sweep: what was computed, what came out, and where it is from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcx.inspection.numbers import used_by, weak_numbers
from hpcx.io.reading import datasets_in, reading, stored, swept_keys
from hpcx.tree import decoded, file_of, flat, results_in, written_keys

#: most values of a sweep that are written out
_SOME = 8
_LABEL = 14


def show_text(path: Path) -> str:
    """Return the text; raises FileNotFoundError, OSError if it cannot be read, ValueError if it is no result."""
    found = file_of(path)
    with reading(found) as file:
        if "provenance" not in file:
            raise ValueError(f"{found} is not a result of hpcx: it has no group 'provenance'")
        about = {name: decoded(item[()]) for name, item in file["provenance"].items()}
        parts = [
            list(part)
            for part in (
                _what(found, file, about),
                _keys(about, [*swept_keys(file), *file.get("budget", ())]),
                _results(file, about),
                _weak(about),
                _origin(about),
            )
        ]
    parts.append([f"{path} also holds {name}: hpcx show {path / name}" for name in results_in(path)[1:]])
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{text}"


def _what(path: Path, file: h5py.File, about: dict[str, Any]) -> Iterator[str]:
    config = about["config"]
    yield f"{path}: {config['model']}" + (f', "{config["title"]}"' if config.get("title") else "")
    materials = about.get("materials", {config["material"]: about.get("material")})
    yield _line(
        "material",
        ", ".join(
            f"{file['name']} ({name})" if file and file["name"] != name else name for name, file in materials.items()
        ),
    )
    sets = dict.fromkeys(file["parameter_set"] for file in materials.values() if file and file.get("parameter_set"))
    if sets:
        yield _line("numbers of", f"{', '.join(sets)}, in place of some of the material file")
    if about.get("surroundings"):
        yield _line("surroundings", about["surroundings"])
    for axis in swept_keys(file):
        values = [decoded(value) for value in file[axis][()].tolist()]
        yield _line("sweep", f"{axis} = {_some(values)}{_unit(file[axis])}")
    if "index/status" in file:
        names, counts = np.unique(np.ravel(stored(file["index/status"])), return_counts=True)
        yield _line("points", ", ".join(f"{count} {name}" for name, count in zip(names, counts)))


def _some(values: list[Any]) -> str:
    """Return some values as text: all of a short list, the ends of a long one."""
    texts = [f"{value:.6g}" if isinstance(value, float) else str(value) for value in values]
    return (
        ", ".join(texts) if len(texts) <= _SOME else f"{texts[0]}, {texts[1]}, ..., {texts[-1]} ({len(texts)} values)"
    )


def _unit(item: h5py.Dataset) -> str:
    unit = str(item.attrs.get("units", "1"))
    return "" if unit == "1" else f" {unit}"


def _keys(about: dict[str, Any], changed: list[str]) -> Iterator[str]:
    """Yield the keys that were written and are not swept or refined, as the program has understood them."""
    written, units = written_keys(about) - set(changed), about.get("units", {})
    found = {
        key: value
        for key, value in flat(about["config"], lists=True)
        if key in written and not key.startswith(("title", "model", "material", "output"))
    }
    if found:
        yield "written in the input (all else are defaults)"
    for key, value in found.items():
        yield f"  {key} = {json.dumps(value, ensure_ascii=False)}{f' {units[key]}' if key in units else ''}"


def _results(file: h5py.File, about: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that the run printed, or of a sweep the numbers of every point."""
    if "summary" in about:
        yield "results"
        yield from (f"  {line}" for line in about["summary"])
        return
    if "limit" in file:
        yield from _limits(file)
        return
    shape, rows = file["index/status"].shape, []
    for name, item in datasets_in(file).items():
        inside = name.startswith(("index/", "provenance/")) or "/" not in name
        if not inside and item.shape == shape and item.dtype.kind == "f" and not h5py.h5ds.is_scale(item.id):
            rows.append(f"  {name:<44} {_range(item[()])}{_unit(item)}")
    if rows:
        yield "results against the swept keys"
        yield from rows


def _limits(file: h5py.File) -> Iterator[str]:
    """Yield the limits of a search for convergence, with their error bars."""
    names = [name for name in datasets_in(file["limit"]) if not name.endswith("_error")]
    yield "limits with error bars"
    for name in names:
        value, error = file[f"limit/{name}"], file[f"limit/{name}_error"]
        yield f"  {name:<44} {value[()]:.6g} +- {error[()]:.2g}{_unit(value)}"


def _range(values: np.ndarray) -> str:
    if values.ndim == 1 and values.size <= _SOME:
        return ", ".join(f"{value:.6g}" for value in values)
    known = values[np.isfinite(values)]
    return f"from {known.min():.6g} to {known.max():.6g}" if known.size else "no values"


def _weak(about: dict[str, Any]) -> Iterator[str]:
    """Yield the numbers behind the result that are guesses, fits, or of the input in place of the material's."""
    around = list(about.get("environments", {}).values())
    described = [*about.get("materials", {}).values(), *([about["material"]] if "material" in about else []), *around]
    lines = []
    for file in described:
        weak = weak_numbers(file["numbers"])
        lines += [f"  {file['name']}: {key} = {weak[key]}" for key in used_by(about["config"], weak, around)]
    if lines:
        yield "numbers behind it that are guessed, fitted, or replaced in the input"
        yield from lines


def _origin(about: dict[str, Any]) -> Iterator[str]:
    versions = about.get("versions", {})
    yield "provenance"
    names = {
        "hpcx": "hpcx",
        "git": "revision",
        "python": "Python",
        "numpy": "numpy",
        "petsc4py": "PETSc",
        "slepc4py": "SLEPc",
        "hdf5": "HDF5",
        "mpi": "MPI",
    }
    yield "  " + ", ".join(f"{label} {versions[name]}" for name, label in names.items() if name in versions)
    if "ranks" in about:
        yield (
            f"  {about['ranks']} rank(s) on {', '.join(about['hosts'])}, {about['started']}, {about['wall_time']:.1f} s"
        )
    if about.get("petsc_options_given"):
        yield f"  PETSc options: {about['petsc_options_given']}"
    if about.get("settings"):
        yield f"  --set {' --set '.join(about['settings'])}"
