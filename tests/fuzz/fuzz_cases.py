"""Mutated inputs: small ones of every model, with wrong types, absurd numbers,
other units, misspelt or missing keys, broken files.

Everything follows from a seed: `hostile(number)` and `plausible(number)` return the same case in every run.
"""

from __future__ import annotations

import json
import math
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from hpcx.config.fields import Key, keys_of
from hpcx.config.serving import keys_for
from hpcx.materials.loader import material_names
from hpcx.registry import MODELS, config_class

#: small inputs: each computes within seconds
SMALL: dict[str, list[dict]] = {
    "exciton": [
        {"material": "MoS2", "mesh": {"N": 24, "k0": 0.12}, "solver": {"states": 3}},
        {"material": "WS2", "mesh": {"N": 60, "k0": 0.1}, "solver": {"states": 2}},
        {
            "material": "WSe2",
            "mesh": {"N": 30, "k0": 0.1},
            "bands": {"model": "parabolic"},
            "screening": {"kappa": "hBN"},
        },
        {
            "material": "MoSe2",
            "mesh": {"N": 30, "k0": 0.1},
            "absorption": {"enabled": True, "broadening": "8 meV", "resolution": "1 meV"},
        },
    ],
    "trion": [
        {"material": "MoS2", "mesh": {"N": 15, "k0": 0.1}, "solver": {"states": 2}},
        {
            "material": "WS2",
            "mesh": {"N": 15, "k0": 0.1},
            "solver": {"states": 2, "symmetry": "none"},
            "trion": {"species": ["singlet"]},
        },
        {
            "material": "MoSe2",
            "mesh": {"N": 18, "k0": 0.12},
            "solver": {"states": 1},
            "absorption": {"enabled": True, "broadening": "10 meV", "resolution": "1 meV"},
            "twod": {"enabled": True, "points": 11, "waiting_times": [0, 100], "trace_step": "10 fs"},
        },
        {
            "material": "WSe2",
            "mesh": {"N": 15, "k0": 0.1},
            "solver": {"states": 1, "symmetry": "none"},
            "trion": {"species": ["triplet"], "charge": 1, "temperature": 50},
            "absorption": {"enabled": True, "broadening": "10 meV", "resolution": "1 meV"},
        },
    ],
    "wigner": [
        {
            "momentum": {"first_bin": "1 meV", "growth": 1.4},
            "time": {"end": "1 ps", "outputs": [[0.2, 2]], "tolerance": 0.05},
        },
        {
            "momentum": {"first_bin": "1 meV", "growth": 1.4, "harmonics": 1},
            "space": {"dimension": 1, "points": 40, "width": "4 um"},
            "time": {
                "end": "0.6 ps",
                "outputs": [[0.2, 2]],
                "densities": [[0.3, 2]],
                "distributions": [0.5],
                "tolerance": 0.1,
            },
        },
        {
            "momentum": {"first_bin": "2 meV", "growth": 1.5, "harmonics": 1},
            "space": {"dimension": 2, "points": 24, "width": "2.4 um", "initial": {"shape": "ring"}},
            "landscape": {"kind": "cosine", "depth": "5 meV", "length": "1.2 um", "rate_step": "20 meV"},
            "time": {"end": "0.5 ps", "outputs": [[0.5, 2]], "densities": [[0.5, 2]], "tolerance": 0.1},
        },
        {
            "momentum": {"first_bin": "2 meV", "growth": 1.5},
            "time": {"end": "1.5 ps", "outputs": [[0.3, 2]], "tolerance": 0.1},
            "uncertainty": {"samples": 3},
        },
    ],
    "formation": [
        {
            "pump": {"photon_energy": 2.35},
            "momentum": {"points": 40, "tail_points": 10},
            "delay": {"points": 9},
            "signal": {"bootstrap": 2},
        },
        {
            "pump": {"photon_energy": "2.5 eV", "polarization": "sigma+"},
            "momentum": {"points": 40, "tail_points": 10},
            "delay": {"points": 7},
            "signal": {"bootstrap": 0, "photon_energies": {"points": 3}},
            "approximation": {"substrate": True, "grating": True},
        },
        {
            "pump": {"photon_energy": "2.4 eV"},
            "momentum": {"points": 24, "tail_points": 6},
            "delay": {"points": 3},
            "signal": {"bootstrap": 0},
            "solver": {"route": "time", "tolerance": 1e-4},
            "approximation": {"biexciton": False},
        },
    ],
    "valley": [
        {
            "momentum": {"points": 12, "angles": 8},
            "time": {"end": "3 ps", "step": "20 fs"},
            "flow": {"times": ["1 ps"]},
            "modes": {"count": 2},
        },
        {
            "momentum": {"points": 10, "angles": 8},
            "time": {"end": "1 ps", "step": "50 fs"},
            "mechanisms": {"spin_flip": True},
            "approximation": {"saturation": True},
            "modes": {"count": 1},
        },
        {
            "momentum": {"points": 10, "angles": 8, "dimension": 2},
            "time": {"end": "1 ps", "step": "50 fs"},
            "modes": {"count": 1},
        },
    ],
}
DEFAULTS = {
    "wigner": {"material": "WS2", "temperature": 77},
    "formation": {"material": "MoS2"},
    "valley": {"material": "WSe2", "temperature": 77},
}
#: keys whose values decide how long a run takes; they stay small in inputs that are computed
SIZES = {
    "mesh.N": (4, 60), "mesh.k0": (0.03, 0.16), "solver.states": (1, 6), "twod.points": (2, 20),
    "absorption.max_steps": (1, 300),
    "absorption.resolution": (5e-4, 0.1), "absorption.accuracy": (1e-3, 0.5), "absorption.broadening": (4e-3, 0.1),
    "solver.tolerance": (1e-9, 1e-5), "trion.temperature": (0, 100), "twod.trace_end": (10, 1000),
    "twod.trace_step": (2, 100),
    "space.points": (8, 40), "momentum.harmonics": (1, 3), "time.end": (0.2, 2), "time.tolerance": (1e-2, 0.1),
    "momentum.first_bin": (0.5, 5), "momentum.growth": (1.2, 1.6), "momentum.largest_bin": (2, 20),
    "momentum.energy_max": (40, 300),
    "uncertainty.samples": (0, 4), "landscape.rate_step": (5, 50), "delay.points": (2, 9), "momentum.points": (8, 40),
    "momentum.tail_points": (4, 12), "signal.bootstrap": (0, 3), "signal.photon_energies.points": (0, 3),
    "solver.time_step": (0.3, 1),
    "momentum.angles": (4, 12), "modes.count": (1, 3), "time.step": (10, 100), "time.refinement": (0.3, 2),
    "dephasing.1s": (5, 200),
    "dephasing.bound": (5, 200), "dephasing.continuum": (5, 200), "pump.duration": (5, 200), "probe.duration": (5, 200),
    "delay.start": (-300, 0), "delay.stop": (10, 500), "time.start": (-500, -10),
}  # fmt: skip
#: values that are no good numbers for anything
ABSURD: list[Any] = [
    0, -1, 1, 2, 0.5, 1e-12, 1e-300, 5e-324, 1e12, 1e300, -1e300, math.inf, -math.inf, math.nan, 2**31, 2**63, 10**30,
    10**400,
    True, False, "", " ", "nan", "inf", "-inf eV", "1e999 eV", "nan K", "9**9**9 eV", "9**9**9", "2*3", "2,5 ps",
    "1 9 eV", "1e3e3",
    "1 eV^99", "3 kg", "1 lightyear", "25 degC", "3 dB", "0x10", "1_000", "1" * 500, "eV", "\x00", "MoS2\x00", "é",
    "\u202e1 eV",
    "😀", "../..", "/", "/dev/null", "/dev/zero", "~", "nowhere.toml", "none", "auto", [], [1], [[]], [[1, 2], [3]],
    [math.nan, 1],
    [1, "a", True], {}, {"value": 1}, {"a": {"b": {}}}, ["x"] * 300, list(range(3000)), -0.0, "0 eV", "-1 meV",
]  # fmt: skip
UNITS = [
    "eV",
    "meV",
    "K",
    "nm",
    "angstrom",
    "um",
    "fs",
    "ps",
    "s",
    "m0",
    "kg",
    "1",
    "1/nm",
    "cm^-2",
    "uJ/cm^2",
    "eV*angstrom^2",
    "m/s",
]


@dataclass
class Case:
    """A mutated input: its text, files that it names, what is given by `--set`, and what was done to it."""

    text: str
    files: dict[str, bytes] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write the input and its files into an empty folder; return the input's path."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        path = folder / "input.toml"
        path.write_bytes(self.text.encode("utf-8", "surrogatepass"))
        return path


def hostile(number: int) -> Case:
    """Return a case of which two thirds are no valid input."""
    chance = random.Random(f"hostile {number}")
    table = _base(chance)
    case = Case("")
    gentle, rough = chance.choice(((0, 1), (0, 1), (0, 2), (0, 3), (1, 1), (2, 1), (1, 0), (2, 0), (4, 0)))
    for changes in (PLAUSIBLE,) * gentle + (HOSTILE,) * rough:
        case.done.append(chance.choice(changes)(table, chance, case))
    case.text = dumps(table)
    if chance.random() < 0.04:
        case.text, done = _garbled(case.text, chance)
        case.done.append(done)
    return case


def plausible(number: int) -> Case:
    """Return a case of values within their bounds, small enough to be computed."""
    chance = random.Random(f"plausible {number}")
    table = _base(chance)
    case = Case("")
    for _ in range(chance.randint(1, 4)):
        case.done.append(chance.choice(PLAUSIBLE)(table, chance, case))
    case.text = dumps(table)
    return case


def _base(chance: random.Random) -> dict:
    """Return a small input, with its results beside it."""
    model = chance.choice(MODELS)
    table = {"model": model} | DEFAULTS.get(model, {}) | json.loads(json.dumps(chance.choice(SMALL[model])))
    return table | {"output": {"directory": "out"}}


def _keys(table: dict) -> list[Key]:
    model = table.get("model")
    keys = keys_of(config_class(model if model in MODELS else "exciton"))
    return [key for key in keys if key.name.split(".")[0] not in ("output", "petsc", "title", "model")]


def _put(table: dict, name: str, value: Any) -> None:
    """Write a value under a dotted key, through whatever stands there."""
    *above, last = name.split(".")
    for part in above:
        below = table.get(part)
        table[part] = below = below if isinstance(below, dict) else {}
        table = below
    table[last] = value


#: keys from the top down to a value
Place = tuple[str, ...]


def _written(table: dict, above: Place = ()) -> list[Place]:
    """Return the places of all values."""
    found = []
    for key, value in table.items():
        found += _written(value, (*above, key)) if isinstance(value, dict) and value else [(*above, key)]
    return found


def _parent(table: dict, place: Place) -> tuple[dict, str]:
    for part in place[:-1]:
        table = table[part]
    return table, place[-1]


def _entries(material: dict) -> list[Place]:
    """Return the places of the numbers of a material."""
    return [place[:-1] for place in _written(material) if place[-1] == "value"]


def _absurd_value(table: dict, chance: random.Random, case: Case) -> str:
    key, value = chance.choice(_keys(table)).name, chance.choice(ABSURD)
    _put(table, key, value)
    return f"{key} = {value!r:.40}"


def _extreme_number(table: dict, chance: random.Random, case: Case) -> str:
    numbers = [key for key in _keys(table) if "number" in key.kind or "integer" in key.kind]
    key = chance.choice(numbers)
    value = chance.choice((-1, 1)) * 10.0 ** chance.uniform(-20, 20)
    value = int(value) if "integer" in key.kind and chance.random() < 0.8 else value
    value = [value] * chance.choice((1, 2, 3)) if "list" in key.kind else value
    _put(table, key.name, value)
    return f"{key.name} = {value!r:.40}"


def _at_bound(table: dict, chance: random.Random, case: Case) -> str:
    key = chance.choice([key for key in _keys(table) if _limits(key)])
    value = chance.choice(_limits(key))
    value = [value] * chance.choice((1, 2, 3)) if "list" in key.kind else value
    _put(table, key.name, value)
    return f"{key.name} = {value!r:.40}"


def _other_unit(table: dict, chance: random.Random, case: Case) -> str:
    key = chance.choice([key for key in _keys(table) if key.unit] or _keys(table))
    value = f"{chance.choice((1, 2.5, -3, 1e-9, 1e9))} {chance.choice(UNITS)}"
    _put(table, key.name, value)
    return f"{key.name} = {value!r}"


def _dropped(table: dict, chance: random.Random, case: Case) -> str:
    name = chance.choice(_written(table))
    place, last = _parent(table, name)
    del place[last]
    return f"{'.'.join(name)} dropped"


def _misspelt(table: dict, chance: random.Random, case: Case) -> str:
    name = chance.choice(_written(table))
    place, last = _parent(table, name)
    letter = chance.randrange(len(last) + 1)
    spelt = chance.choice(
        (last[:letter] + last[letter + 1 :], last[:letter] + "x" + last[letter:], last.upper(), last + "\u00e9", "")
    )
    place[spelt] = place.pop(last)
    return f"{'.'.join(name)} spelt {spelt!r}"


def _nested(table: dict, chance: random.Random, case: Case) -> str:
    name = chance.choice(_written(table))
    place, last = _parent(table, name)
    place[last] = chance.choice(({"x": place[last]}, {last: {last: 1}}, [place[last]], _deep(chance.choice((3, 50)))))
    return f"{'.'.join(name)} nested"


def _deep(levels: int) -> dict:
    return {"a": _deep(levels - 1)} if levels else {"a": 1}


def _swapped(table: dict, chance: random.Random, case: Case) -> str:
    names = [chance.choice(_written(table)) for _ in range(2)]
    (first, one), (second, other) = (_parent(table, name) for name in names)
    if names[0] != names[1]:
        first[one], second[other] = second[other], first[one]
    return f"{'.'.join(names[0])} and {'.'.join(names[1])} swapped"


def _swept(table: dict, chance: random.Random, case: Case) -> str:
    key = chance.choice(_keys(table))
    values = [chance.choice((*ABSURD, *_limits(key))) for _ in range(chance.randint(0, 4))]
    name = chance.choice((key.name, key.name, f"parameters.{key.name}", "output.directory", "sweep", ""))
    table["sweep"] = chance.choice(
        ({name: values}, {name: values}, {name: values}, values, {name: 3}, {name: {"a": values}})
    )
    return f"sweep over {name}"


def _set(table: dict, chance: random.Random, case: Case) -> str:
    key = chance.choice(_keys(table)).name
    word = chance.choice(
        (
            f"{key}={chance.choice(ABSURD)!r:.60}", f"{key}={chance.choice(_limits_text(table))}", key, "=", "=3",
            f"{key}.x=1", f"{key}=",
            f"parameters.{key}=1", "parameters=3", "sweep=3", f"sweep.{key}=[1,2]", "a.b.c.d=1", f"{key}=[[[[",
            f"{key}=\x00",
            "model=trion", "model.x=1", "material.x=1", f'"{key}"=1', "output.directory=''", f"{key}={'9' * 5000}",
            "sweep.x={}",
            f"{key}=1979-05-27", f"{key}={'[' * 2000}", "title=" + "\u00e9" * 40, ".=1", "..=1", f".{key}=1",
        )
    )  # fmt: skip
    case.settings.append(word)
    return f"--set {word!r:.60}"


def _limits(key: Key) -> list[float]:
    words = key.bounds.replace("and", " ").split()
    numbers = [
        float(word) for word in words if word.lstrip("-").replace(".", "").replace("e-", "").replace("e+", "").isdigit()
    ]
    return [int(number) if "integer" in key.kind and number.is_integer() else number for number in numbers]


def _limits_text(table: dict) -> list[str]:
    return [repr(value) for key in _keys(table) for value in _limits(key)] or ["1"]


def _material_table(name: str) -> dict:
    """Return the file of a material that comes with hpcx, that of MoS2 for any other name."""
    folder = Path(str(resources.files("hpcx.materials")))
    path = folder / f"{name if name in material_names() else 'MoS2'}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _own_material(table: dict, chance: random.Random, case: Case) -> str:
    """Give the input an own copy of its material with some entry changed."""
    material = _material_table(str(table.get("material")))
    done = []
    for entry in chance.sample(_entries(material), chance.choice((1, 1, 2, 4))):
        place, last = _parent(material, entry)
        done.append(f"{'.'.join(entry)} {_wrong_entry(place, last, chance)}")
    case.files["own.toml"] = dumps(material).encode("utf-8", "surrogatepass")
    table["material"] = "own.toml"
    return "own material: " + ", ".join(done)


def _wrong_entry(place: dict, last: str, chance: random.Random) -> str:
    entry = place[last]
    kind = chance.choice(
        ("absurd", "scaled", "negative", "unit", "dropped", "misspelt", "no source", "bare", "list", "unit type")
    )
    if not isinstance(entry, dict):
        return "left"
    value = entry.get("value")
    if kind == "absurd":
        entry["value"] = chance.choice(ABSURD)
    elif kind in ("scaled", "negative") and isinstance(value, (int, float)):
        entry["value"] = value * (-1 if kind == "negative" else 10 ** chance.uniform(-12, 12))
    elif kind == "unit":
        entry["unit"] = chance.choice([*UNITS, "9**9**9 eV", "", "eV eV", "x" * 200, "\x00", "m0*"])
    elif kind == "dropped":
        del place[last]
    elif kind == "misspelt":
        place[last + chance.choice("skx_")] = place.pop(last)
    elif kind == "no source":
        entry.pop("source", None)
    elif kind == "bare":
        place[last] = entry.get("value", 1)
    elif kind == "list":
        entry["value"] = chance.choice(([], [value, value], [[value]], value if isinstance(value, list) else [value]))
    else:
        entry[chance.choice(("unit", "source"))] = chance.choice((1, [], {}, True))
    return kind


def _own_environment(table: dict, chance: random.Random, case: Case) -> str:
    kappa = chance.choice(ABSURD)
    entry = {"value": kappa, "unit": chance.choice(("1", "eV", "", 3)), "source": "test"}
    case.files["own_environment.toml"] = dumps({"name": "own", chance.choice(("kappa", "kapa")): entry}).encode(
        "utf-8", "surrogatepass"
    )
    key = (
        chance.choice(("screening.kappa", "environment"))
        if table.get("model") in ("exciton", "trion")
        else "environment"
    )
    _put(table, key, "own_environment.toml")
    return f"environment of kappa {kappa!r:.40}"


def _own_slabs(table: dict, chance: random.Random, case: Case) -> str:
    """Surroundings of slabs or sheets, or a table of a dielectric function,
    with an entry that may be absurd or missing.
    """
    entry = lambda value, unit: {"value": value, "unit": unit, "source": "test"}
    value = chance.choice(ABSURD)
    slabs = [
        {"side": chance.choice(("above", "below", "both", "left", 1)), "parallel": entry(4.0, "1")},
        {
            "side": "below",
            "parallel": entry(chance.choice((2.0, value)), "1"),
            "thickness": entry(chance.choice((5.0, value)), "nm"),
        },
    ]
    q = chance.choice(([0.0, 1.0, 2.0], [0.0, 2.0, 1.0], [1.0], [0.0, value, 2.0], []))
    rows = {
        "q": entry(q, "1/nm"),
        chance.choice(("epsilon", "W", "epsilon_inverse", "eps")): entry([1.0, 2.0, chance.choice((3.0, value))], "1"),
    }
    sheets = [
        {
            "carriers": chance.choice(("both", "electron", 1)),
            "r0": entry(chance.choice((4.0, value)), "nm"),
            "height": entry(0.0, "nm"),
        }
    ]
    sheets += chance.choice(
        ([], [{"carriers": "hole", "r0": entry(3.0, "nm"), "height": entry(chance.choice((0.6, value)), "nm")}])
    )
    content = chance.choice(
        (
            {"sheet": sheets},
            {"sheet": sheets, "slab": slabs},
            {"slab": slabs},
            {"slab": slabs[::-1]},
            {"table": rows},
            {"slab": slabs, "table": rows},
            {"slab": 1},
            {"slab": []},
        )
    )
    case.files["own_environment.toml"] = dumps({"name": "own", **content}).encode("utf-8", "surrogatepass")
    _put(table, "environment", "own_environment.toml")
    return f"environment of {', '.join(content)} with {value!r:.40}"


def _parameters(table: dict, chance: random.Random, case: Case) -> str:
    material = _material_table(str(table.get("material")))
    names = [".".join(place) for place in _entries(material)] or ["carriers.gap"]
    chosen = {chance.choice(names): chance.choice(ABSURD) for _ in range(chance.randint(1, 3))}
    table["parameters"] = chosen
    return f"parameters {chosen!r:.60}"


def _broken_file(table: dict, chance: random.Random, case: Case) -> str:
    """Name a file of a landscape or an image that is broken, or not what it should be."""
    kind = chance.choice(("landscape", "image"))
    name = chance.choice(("map.npy", "map.png", "map", "map\x00.npy", "/", "."))
    content = chance.choice(FILES)(chance)
    if name.startswith("map") and "\x00" not in name:
        case.files[name] = content
    table.setdefault("space", {})
    if isinstance(table["space"], dict):
        table["space"].setdefault("dimension", chance.choice((1, 2)))
        table["space"].setdefault("points", 24)
    if kind == "landscape":
        table["landscape"] = {"kind": "file", "file": name}
    else:
        _put(table, "space.initial", {"shape": "image", "file": name})
    return f"{kind} {name!r} of {len(content)} bytes"


def _npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def _png(chance: random.Random) -> bytes:
    from io import BytesIO

    from matplotlib.image import imsave

    stream = BytesIO()
    imsave(stream, np.random.default_rng(chance.randrange(1000)).random((16, 16)), format="png")
    return stream.getvalue()


def _cut(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return chance.choice((content[:place], content[:place] + b"\x00\xff" + content[place + 2 :]))


def _lying_header(chance: random.Random) -> bytes:
    """Return a .npy file whose header promises far more than there is."""
    shape = chance.choice(("(1000000000, 1000000)", "(100000000000,)", "(-3, 4)", "(4,)"))
    return _npy(np.zeros((16, 16))).replace(b"(16, 16)".ljust(len(shape)), shape.encode(), 1)


FILES: list[Callable[[random.Random], bytes]] = [
    lambda chance: b"",
    lambda chance: b"not an array",
    lambda chance: bytes(chance.randrange(256) for _ in range(200)),
    lambda chance: _npy(np.random.default_rng(1).random((16, 16))),
    lambda chance: _npy(np.random.default_rng(1).random(16)),
    lambda chance: _npy(np.random.default_rng(1).random((3, 16, 16))),
    lambda chance: _npy(np.full((16, 16), np.nan)),
    lambda chance: _npy(np.full(16, 1e300)),
    lambda chance: _npy(-np.ones((16, 16))),
    lambda chance: _npy(np.zeros((0, 16))),
    lambda chance: _npy(np.zeros((1, 1))),
    lambda chance: _npy(np.zeros(())),
    lambda chance: _npy(np.array(["a", "b"])),
    lambda chance: _npy(np.ones(16, complex)),
    lambda chance: _npy(np.array([{}, None], object), True),
    lambda chance: _npy(np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])),
    lambda chance: _npy(np.ones((16, 16), bool)),
    lambda chance: _cut(_npy(np.random.default_rng(1).random((16, 16))), chance),
    _lying_header,
    _png,
    lambda chance: _cut(_png(chance), chance),
]


def _choice(table: dict, chance: random.Random, case: Case) -> str:
    key = chance.choice([key for key in _keys(table) if key.choices or key.kind == "true or false"])
    value = chance.choice([True, False] if not key.choices else [_word(choice) for choice in key.choices])
    _put(table, key.name, value)
    return f"{key.name} = {value!r}"


def _word(choice: str) -> int | str:
    return int(choice) if choice.lstrip("-").isdigit() else choice


def _number_within(table: dict, chance: random.Random, case: Case) -> str:
    """Set a number within its bounds; one on which the time of a run depends stays small."""
    numbers = [key for key in _keys(table) if _limits(key) and "list" not in key.kind]
    key = chance.choice(numbers)
    low, high = SIZES.get(key.name) or (min(_limits(key)), max(_limits(key)))
    value = _between(low, high, chance)
    value = round(value) if "integer" in key.kind else value
    _put(table, key.name, value)
    return f"{key.name} = {value!r}"


def _between(low: float, high: float, chance: random.Random) -> float:
    """Return a number of any magnitude between two limits, or one of them."""
    if chance.random() < 0.15:
        return chance.choice((low, high))
    if low > 0 or high < 0:
        return math.copysign(math.exp(chance.uniform(*sorted((math.log(abs(low)), math.log(abs(high)))))), low)
    return chance.choice((high, low)) * 10 ** chance.uniform(-6, 0)


def _default_scaled(table: dict, chance: random.Random, case: Case) -> str:
    numbers = [
        key for key in _keys(table) if isinstance(key.default, (int, float)) and not isinstance(key.default, bool)
    ]
    key = chance.choice([key for key in numbers if key.name not in SIZES and key.default])
    value = key.default * 10 ** chance.uniform(-1, 1)
    value = round(value) if "integer" in key.kind else value
    _put(table, key.name, value)
    return f"{key.name} = {value!r}"


def _own_numbers(table: dict, chance: random.Random, case: Case) -> str:
    """Change numbers of the material by factors up to ten."""
    material = _material_table(str(table.get("material")))
    asked = keys_for(table["model"])
    places = [place for place in _entries(material) if ".".join(place) in asked]
    chosen = {}
    for place in chance.sample(places, min(len(places), chance.randint(1, 3))):
        above, last = _parent(material, place)
        if isinstance(above[last]["value"], (int, float)):
            chosen[".".join(place)] = above[last]["value"] * 10 ** chance.uniform(-1, 1)
    table["parameters"] = chosen
    return f"parameters {chosen}"


HOSTILE = [
    _absurd_value, _absurd_value, _extreme_number, _extreme_number, _at_bound, _other_unit, _dropped, _misspelt,
    _nested, _swapped, _swept,
    _set, _set, _own_material, _own_material, _own_material, _own_environment, _own_slabs, _parameters, _broken_file,
    _choice,
]  # fmt: skip
PLAUSIBLE = [_choice, _choice, _number_within, _number_within, _default_scaled, _own_numbers, _own_numbers]


def _garbled(text: str, chance: random.Random) -> tuple[str, str]:
    place = chance.randrange(len(text) + 1)
    junk = chance.choice(
        (
            "\x00",
            "[",
            "]]",
            "=",
            '"',
            "\n[a.b]\n",
            "\ud800",
            "\ufeff",
            "'''",
            "\r",
            "#",
            "[[a]]\n",
            "[" * 3000,
            "\x7f",
            "a" * 9999,
        )
    )
    return text[:place] + junk + text[place + chance.choice((0, 0, 1, 10)) :], f"text garbled by {junk!r:.20}"


def dumps(table: dict) -> str:
    """Return a table as TOML, everything in one line per key."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _text(key)


def _text(text: str) -> str:
    return (
        json.dumps(text, ensure_ascii=True).replace("\x7f", "\\u007f")
        if "\ud800" > max(text, default="a")
        else '"' + text + '"'
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    return repr(value)
