"""Results as trees of xarray: what `hpcx.open` returns. Needs xarray and h5netcdf, and nothing else of hpcx."""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcx.io.seal import is_broken
from hpcx.renamed import present

if TYPE_CHECKING:
    import xarray

#: old names of results and the new ones beside them in the same group: kept in files for one release
_OLD = {"k": "kx", "xy": "kx"}
#: results that a directory may hold; the first that is there is read
_RESULTS = ("sweep.h5", "result.h5", "converge.h5")
#: keys of the input that are no coordinates: attributes, and where a run has written
_NO_COORDINATES = ("title", "model", "output", "petsc")


def open_tree(path: str | Path) -> xarray.DataTree:
    """Return a result, or a sweep with all results stacked, as a tree of groups; values are read when they are used.

    Attributes of the tree: `title`, `model`, `material`, `environment` (what it is, with the sources of its numbers),
    `axes` (the swept keys), `hpcx` (version), and `warning` where there is something to know. The group `input` has all
    other keys of the input that are one number or word. Those that were written, not left at their defaults, are also
    scalar coordinates of every group that holds results, so that results of several runs can be concatenated along any
    of them.

    Args:
        path: a `result.h5` or `sweep.h5`, or the directory of a run.

    Raises FileNotFoundError if there is no result, OSError if it cannot be read, ValueError if it is none of hpcx.
    """
    import xarray

    file = file_of(Path(path))
    if is_broken(file):
        raise OSError(f"{file} is damaged (its checksum is wrong)")
    try:
        tree = xarray.open_datatree(file, engine="h5netcdf")
        if "provenance" not in tree.children:
            raise ValueError("it has no group 'provenance'")
        return _understood(file, tree)
    except OSError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:  # a file of another program
        raise ValueError(f"{file} is not a result of hpcx: {error}") from error


def _understood(file: Path, tree: xarray.DataTree) -> xarray.DataTree:
    """Set attributes and coordinates; raises KeyError, TypeError, AttributeError, ValueError if it is no result."""
    import xarray

    about = {str(name): decoded(variable.values) for name, variable in tree["provenance"].data_vars.items()}
    axes, refined = _axes(tree), list(tree["budget"].children) if "budget" in tree.children else []
    fixed = _scalars(
        {key: value for key, value in flat(about.get("config", {})) if key not in [*axes, *refined]},
        about.get("units", {}),
    )
    written, large = written_keys(about) | set(about.get("coordinates", {})), _large(file, tree)
    for node in tree.subtree:
        if not node.path.startswith(("/provenance", "/index")):
            _complete(node, {key: value for key, value in fixed.items() if key in written}, large)
    tree["input"] = xarray.DataTree(xarray.Dataset(fixed))
    tree.attrs = _attributes(about, axes) | _warning(file, tree)
    return tree


def file_of(path: Path) -> Path:
    """Return the file to read; raises FileNotFoundError, ValueError for an input."""
    found = next((path / name for name in _RESULTS if (path / name).is_file()), path)
    if found.suffix == ".toml":
        raise ValueError(f"{path} is an input; give the directory into which `hpcx run` has written, or a file of it")
    if found.is_file():
        return found
    wanted = "holds no sweep.h5, result.h5 or converge.h5" if path.is_dir() else "does not exist"
    raise FileNotFoundError(f"{path} {wanted}: give a directory into which `hpcx run` has written, or a file of it")


def results_in(path: Path) -> list[str]:
    """Return the names of the results in a directory, that of `file_of` first."""
    return [name for name in _RESULTS if (path / name).is_file()]


def decoded(value: Any) -> Any:
    """Return an entry of the provenance: what is JSON as data, other text and numbers as they are, of Python."""
    plain = value.item() if hasattr(value, "item") else value
    text = plain.decode() if isinstance(plain, bytes) else plain
    if isinstance(text, str) and text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _axes(tree: xarray.DataTree) -> list[str]:
    """Return the swept keys."""
    return [str(axis) for axis in tree["index"]["status"].dims] if "index" in tree.children else []


def flat(table: dict[str, Any], prefix: str = "", lists: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield dotted key and value of all keys with one number or word, with `lists` also of lists."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.", lists)
        elif isinstance(value, (bool, int, float, str)) or (lists and isinstance(value, list)):
            yield prefix + key, value


def written_keys(about: dict[str, Any]) -> set[str]:
    """Return the keys that the input or `--set` gave, from the provenance."""
    written = {setting.partition("=")[0].strip() for setting in about.get("settings", [])}
    with suppress(tomllib.TOMLDecodeError):  # the file was edited
        written |= {key for key, _ in flat(tomllib.loads(about.get("input", "")), lists=True)}
    return written


def _scalars(keys: dict[str, Any], units: dict[str, str]) -> dict[str, tuple]:
    """Return keys of the input as scalars of xarray with their units."""
    return {
        key: ((), value, {"units": units[key]} if key in units else {})
        for key, value in keys.items()
        if not key.startswith(_NO_COORDINATES)
    }


def _complete(node: xarray.DataTree, coordinates: dict[str, tuple], large: dict[str, Callable]) -> None:
    """Add coordinates and results that are too large for `sweep.h5` to a group, and remove old names."""
    data = node.to_dataset(inherit=False)
    for name in data.data_vars:
        path = f"{node.path}/{name}".strip("/")
        if path in large:
            data[name] = large[path](data[name].variable)
    data = data.drop_vars(
        [name for name in data.variables if _OLD.get(str(name), present(str(name))) in set(data.variables) - {name}]
    )
    # files of an earlier version
    data = data.rename({name: present(str(name)) for name in data.data_vars if present(str(name)) != name})
    if data.data_vars:
        data = data.assign_coords(
            {key: value for key, value in coordinates.items() if key not in data.variables and key not in node.children}
        )
    node.dataset = data


def _attributes(about: dict[str, Any], axes: list[str]) -> dict[str, Any]:
    """Return what a reader wants to know first."""
    config = about.get("config", {})
    own = about.get("material") or {}
    materials = list(about["materials"]) if "material" in axes else [own.get("name") or config.get("material", "")]
    named = {key: config.get(key, "") for key in ("title", "model")}
    version = about.get("versions", {}).get("hpcx", about.get("version", ""))
    return named | {
        "material": ", ".join(materials),
        "environment": about.get("surroundings", ""),
        "axes": axes,
        "hpcx": version,
    }


def _warning(file: Path, tree: xarray.DataTree) -> dict[str, str]:
    """Return a warning, also issued by Python, of missing values, which are read as NaN."""
    texts = [tree.attrs.get("warning", "")]
    if "index" in tree.children:
        index = tree["index"]
        unfinished = int((index["status"] != "done").sum())
        texts += (
            [f"{unfinished} of {index['status'].size} points have no result: their values are NaN"]
            if unfinished
            else []
        )
    text = "; ".join(filter(None, texts))
    if text:
        warnings.warn(f"{file}: {text}", stacklevel=5)
    return {"warning": text} if text else {}


def _large(file: Path, tree: xarray.DataTree) -> dict[str, Callable[[xarray.Variable], xarray.Variable]]:
    """Return by path functions that read large results from the points' files.

    HDF5 would silently read NaN where files are missing or too many are open.
    """
    from hpcx.tree_points import from_points

    index = tree["index"].to_dataset() if "index" in tree.children else {}
    if "virtual" not in index or "note" in index["virtual"].attrs:  # the note: all were put into this file
        return {}
    done = index["status"].values == "done"
    paths = [
        file.parent / "points" / f"{name}.h5" if there else None
        for name, there in zip(index["id"].values.ravel(), done.ravel())
    ]

    def reader(name: str) -> Callable[[xarray.Variable], xarray.Variable]:
        """Return how one of them is read."""
        return lambda variable: from_points(variable, name, paths, done.ndim)

    return {str(name): reader(str(name)) for name in index["virtual"].values}
