"""Output: a result of 1 GB, written as it comes and given its name,
against plain MPI-IO of the same bytes by the same ranks.

The density of 1440 x 1440 cells in three valleys, 20 times of 50 MB, every rank its rectangle. Both ways end with the
data on the disk (fsync), take turns, and the median counts. A third column is the same without waiting for the disk.
"""

# ranks: 1 2

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from mpi4py import MPI

from hpcx.io.growing import growing
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.parallel.tiling import make_tiling

POINTS, VALLEYS, TIMES = (1440, 1440), 3, 20
SIZE = 8 * TIMES * VALLEYS * POINTS[0] * POINTS[1]
TURNS = 5
COMM = MPI.COMM_WORLD


def parts() -> Part:
    """Return this rank's part of all times."""
    return Part.block((VALLEYS, *POINTS), (slice(0, VALLEYS), *make_tiling(POINTS, COMM.size).box(COMM.rank))).under(
        TIMES
    )


def by_hpcx(folder: Path, part: Part, values: np.ndarray) -> Path:
    """Write through the code that writes the maps of a run; return the file."""
    outputs = Result()
    outputs.add("density/time", np.arange(TIMES, dtype=float), ("time",), "ps", "time")
    outputs.add("density/density", np.empty((0,) * 4), ("time", "valley", "y", "x"), "1/um^2", "density", part=part)
    place = growing(COMM, folder / "growing.h5", outputs)
    place.begin()
    for number in range(TIMES):
        place.write("density", number, {"density": values})
    result = Result()
    place.add_to(result)
    write_result(COMM, folder / "result.h5", result, {})
    return folder / "result.h5"


def by_mpi(folder: Path, part: Part, values: np.ndarray) -> Path:
    """Write the same bytes to the same places of a file without a format,
    the file open all the time; return the file.
    """
    path = folder / "plain"
    own = [(runs[0].start, runs[0].stop - runs[0].start) for runs in part.runs[1:]]
    shape = part.shape[1:]
    kind = MPI.DOUBLE.Create_subarray(shape, [length for _, length in own], [start for start, _ in own]).Commit()
    file = MPI.File.Open(COMM, str(path), MPI.MODE_CREATE | MPI.MODE_WRONLY)
    for number in range(TIMES):
        file.Set_view(8 * number * int(np.prod(shape)), MPI.DOUBLE, kind)
        file.Write_all(values)
    file.Close()
    kind.Free()
    return path


def timed(write, part: Part, values: np.ndarray) -> np.ndarray:
    """Return wall seconds until the call is back and until all is on the disk."""
    folder = Path(COMM.bcast(tempfile.mkdtemp(dir=os.environ.get("BENCH_DIRECTORY")) if COMM.rank == 0 else None))
    os.sync()
    COMM.Barrier()
    start = time.perf_counter()
    path = write(folder, part, values)
    COMM.Barrier()
    back = time.perf_counter() - start
    if COMM.rank == 0:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    COMM.Barrier()
    on_disk = time.perf_counter() - start
    if COMM.rank == 0:
        assert path.stat().st_size >= SIZE
        path.unlink()
        folder.rmdir()
    return np.array([on_disk, back])


def main() -> None:
    """Let both take turns and print their speeds."""
    part = parts()
    values = np.random.default_rng(COMM.rank).random(part.local_shape[1:])
    ways = {"hpcx": by_hpcx, "plain MPI-IO": by_mpi}
    found = {name: np.array([timed(write, part, values) for _ in range(1)]) for name, write in ways.items()}
    turns = [{name: timed(write, part, values) for name, write in ways.items()} for _ in range(TURNS)]
    found = {name: np.median([turn[name] for turn in turns], axis=0) for name in ways}
    ratio = np.median([turn["plain MPI-IO"] / turn["hpcx"] for turn in turns], axis=0)
    if COMM.rank:
        return
    for name, seconds in found.items():
        speed = SIZE / seconds / 1e6
        print(
            f"{name:<14} {SIZE / 1e9:.2f} GB on {COMM.size} rank(s): {speed[0]:6.0f} MB/s to the disk, {speed[1]:6.0f}"
            " MB/s to the system"
        )
    print(f"ratio: output, hpcx over plain MPI-IO, {COMM.size} rank(s): {ratio[0]:.2f}")
    print(f"to the system alone: {ratio[1]:.2f}")


if __name__ == "__main__":
    main()
