"""Store what a long run has shown, with date and revision, for the page of `make validate`,
which has no time to run it.

    python postprocess/store_large.py results/wigner_plane/result.h5

Reads a finished result of `wigner` in space or of `trion` and writes postprocess/validation/stored/NAME.json (NAME: the
run's folder).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import h5py
from common import open_result, read

STORED = Path(__file__).parent / "validation" / "stored"
#: before this time (ps) excitons are still being made
EARLIEST = 1.0


def main() -> None:
    """Read, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="result.h5 of a run")
    parser.add_argument("--output", type=Path, default=STORED, help="folder of the stored numbers")
    options = parser.parse_args()
    with open_result(options.file) as file:
        facts = {"name": options.file.resolve().parent.name} | _origin(file) | {"numbers": _numbers(file)}
    options.output.mkdir(parents=True, exist_ok=True)
    target = options.output / f"{facts['name']}.json"
    target.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {target}")


def _origin(file: h5py.File) -> dict[str, Any]:
    """Return what a result's provenance says of the run."""
    text = {name: _text(file, f"provenance/{name}") for name in ("config", "versions", "finished")}
    config, versions = json.loads(text["config"]), json.loads(text["versions"])
    return {
        "title": config["title"],
        "date": text["finished"],
        "revision": versions["git"],
        "versions": versions,
        "ranks": int(read(file, "provenance/ranks")),
    }


def _text(file: h5py.File, path: str) -> str:
    value = read(file, path)
    return value.decode() if isinstance(value, bytes) else str(value)


def _numbers(file: h5py.File) -> list[dict[str, Any]]:
    """Return rows: what, its number, its unit."""
    seconds, ranks = float(read(file, "provenance/wall_time")), int(read(file, "provenance/ranks"))
    rows = [
        ("wall time", seconds, "s"),
        ("core-hours", seconds * ranks / 3600, "h"),
        ("processor time of all ranks", float(read(file, "provenance/processor_time")), "s"),
        ("largest resident memory of a rank", float(read(file, "provenance/peak_memory")) / 1e9, "GB"),
        *(_trion(file) if "exciton" in file else _space(file)),
    ]
    return [{"what": what, "value": value, "unit": unit} for what, value, unit in rows]


def _trion(file: h5py.File) -> list[tuple[str, Any, str]]:
    """Return size, cost and energies of the lowest trion of each species."""
    shown, ranks = json.loads(_text(file, "provenance/diagnostics")), int(read(file, "provenance/ranks"))
    rows: list[tuple[str, Any, str]] = [
        ("binding energy of the exciton", 1e3 * float(read(file, "exciton/binding_energy")), "meV")
    ]
    for species in (name for name in ("singlet", "triplet") if name in file):
        unknowns, seconds = (
            int(read(file, f"{species}/dimension_reduced")),
            json.loads(_text(file, "provenance/timings"))["products"],
        )
        rows += [
            (f"pair states of the {species}", int(read(file, f"{species}/dimension")), ""),
            ("unknowns", unknowns, ""),
            (
                "memory of all ranks per unknown",
                float(read(file, "provenance/peak_memory")) * ranks / unknowns,
                "bytes",
            ),
            ("products with the Hamiltonian", shown[f"{species}_products"], ""),
            ("seconds in products", seconds, "s"),
            (f"binding energy of the {species}", 1e3 * float(read(file, f"{species}/binding_energy")), "meV"),
            ("residual", float(read(file, f"{species}/residual").max()), "eV"),
        ]
    return rows


def _space(file: h5py.File) -> list[tuple[str, Any, str]]:
    """Return size and diagnostics of a run in space."""
    shown = json.loads(_text(file, "provenance/diagnostics"))
    return [
        ("time steps", shown["steps"], ""),
        ("unknowns", shown["unknowns"], ""),
        (
            "largest difference of populations, widths and diffusivities from the moments",
            shown["difference_from_moments"],
            "",
        ),
        ("density at the edge of the box over its maximum", float(read(file, "checks/edge").max()), ""),
        ("smallest density over largest", float(read(file, "checks/minimum").min()), ""),
        *_shrinking(file),
    ]


def _shrinking(file: h5py.File) -> list[tuple[str, float, str]]:
    """Return when the spot of KK shrinks and the smallest diffusivity; nothing if it never does."""
    time, diffusivity = read(file, "observables/time"), read(file, "observables/diffusivity")[:, 0]
    late = time > EARLIEST
    negative = time[late & (diffusivity < 0)]
    if not negative.size:
        return []
    return [
        ("the spot of KK shrinks from", float(negative[0]), "ps"),
        ("until", float(negative[-1]), "ps"),
        ("smallest diffusivity of KK", float(diffusivity[late].min()), "cm2/s"),
    ]


if __name__ == "__main__":
    main()
