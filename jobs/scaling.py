"""Time of one calculation on several numbers of ranks, as measured and as predicted:
what `jobs/scaling.sh` prints at its end.

    python jobs/scaling.py results/scaling/trion_large --latency "2 us" --bandwidth "10 GB/s"

Reads FOLDER/RANKS/result.h5. The prediction is that of `hpcx check` for a processor as fast as this one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import h5py

from hpcx import registry, units
from hpcx.config.load import load_plan
from hpcx.parallel.machine import Machine, measured


def main() -> None:
    """Read, predict, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with a result.h5 for every number of ranks")
    parser.add_argument("--latency", default="1.5 us", help="latency of a message between ranks (default: %(default)s)")
    parser.add_argument("--bandwidth", default="1 GB/s", help="bandwidth of a rank (default: %(default)s)")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*/result.h5"), key=lambda path: int(path.parent.name))
    if not files:
        raise SystemExit(f"no {options.folder}/RANKS/result.h5: jobs/scaling.sh runs one calculation without a sweep")
    machine = measured().with_network(units.parse(options.latency, "s"), units.parse(options.bandwidth, "byte/s"))
    print("\n".join(table([row(path, machine) for path in files])))


def row(path: Path, machine: Machine) -> tuple[int, float, float, float]:
    """Return ranks, measured time, the part of it spent waiting for other ranks, and predicted time, s."""
    with h5py.File(path) as file:
        text = {name: file[f"provenance/{name}"].asstr()[()] for name in ("input", "settings", "timings")}
        ranks, seconds = int(file["provenance/ranks"][()]), float(file["provenance/wall_time"][()])
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as source:
        source.write(text["input"])
        source.flush()
        point = load_plan(source.name, json.loads(text["settings"])).points[0]
    estimate = registry.estimator(point.config.model)(point.config, point.material, ranks)
    return ranks, seconds, json.loads(text["timings"]).get("communication", 0.0), estimate.work.on(machine)


def table(rows: list[tuple[int, float, float, float]]) -> list[str]:
    """Return lines: times, and efficiencies relative to the smallest number of ranks."""
    first, measured_first, _, predicted_first = rows[0]
    lines = ["ranks  measured   waiting  efficiency  predicted  efficiency  measured / predicted"]
    for ranks, seconds, waiting, predicted in rows:
        efficiency, expected = (
            first * least / (ranks * value)
            for least, value in ((measured_first, seconds), (predicted_first, predicted))
        )
        lines.append(
            f"{ranks:5d}  {seconds:6.3g} s {waiting:7.3g} s  {efficiency:10.2f}  {predicted:7.3g} s  {expected:10.2f} "
            f" {seconds / predicted:20.2f}"
        )
    return lines


if __name__ == "__main__":
    main()
