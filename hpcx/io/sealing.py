"""The seal of a file that many ranks have written: each of them takes the checksum of a part."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hpcx.io.seal import append_seal, part_checksum
from hpcx.parallel.errors import agreed
from hpcx.parallel.layout import own_rows


def seal(comm: Any, path: Path) -> None:
    """Put the seal behind the content of a file and see all of it on the disk; collective. Raises AgreedError.

    Every rank reads its share of the content while the first one waits for the disk.
    """
    with agreed(comm):
        length = path.stat().st_size if comm.rank == 0 else 0
    share = own_rows(comm, comm.bcast(length))
    with agreed(comm), ThreadPoolExecutor(1) as other:
        on_disk = other.submit(_sync, path) if comm.rank == 0 else None
        mine = part_checksum(path, share.start, share.stop)
        if on_disk is not None:
            on_disk.result()
    pieces = comm.gather(mine)
    with agreed(comm):
        if comm.rank == 0:
            append_seal(path, pieces)


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
