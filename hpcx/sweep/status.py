"""`hpcx status DIRECTORY`: a table of points from the files alone, while a job runs or after."""

from __future__ import annotations

from pathlib import Path

from hpcx.sweep.record import read_record
from hpcx.sweep.store import Store


def status_text(directory: Path) -> str:
    """Return one line per point (state, seconds, ranks, core hours, coordinates, message) and the totals.

    Raises FileNotFoundError if the directory holds no sweep.
    """
    record = read_record(directory)
    if record is None:
        raise FileNotFoundError(f"{directory} holds no sweep (no sweep.json)")
    store = Store(directory, single=False)
    entries = [(point, store.entry(point["id"], point["hash"])) for point in record["points"]]
    lines = [f"{'point':<14}{'state':<9}{'time/s':>10}{'ranks':>7}{'core-h':>10}  where"]
    for point, entry in entries:
        where = ", ".join(f"{key} = {value}" for key, value in point["coordinates"].items())
        seconds = f"{entry.wall_time:10.1f}" if entry.wall_time == entry.wall_time else f"{'-':>10}"
        hours = f"{entry.wall_time * entry.ranks / 3600:10.4f}" if entry.ranks else f"{'-':>10}"
        message = f": {entry.message}" if entry.message else ""
        lines.append(f"{point['id']:<14}{entry.status:<9}{seconds}{entry.ranks or '-':>7}{hours}  {where}{message}")
    states = [entry.status for _, entry in entries]
    totals = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return "\n".join([*lines, f"{len(states)} points: {totals}"])
