"""`--fresh`: old results are set aside under a dated name, never deleted."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from hpcx.parallel.errors import agreed

log = logging.getLogger("hpcx")


def set_aside(comm: Any, directory: str) -> None:
    """Rename the output directory to `<directory>.<date>-<time>` if it exists; raises AgreedError if it cannot."""
    old = Path(directory)
    with agreed(comm):
        if comm.rank == 0 and old.exists():
            kept = _free_name(old, datetime.now().strftime("%Y%m%d-%H%M%S"))
            old.rename(kept)
            log.info("old results are now in %s", kept)


def _free_name(old: Path, stamp: str) -> Path:
    """Return a dated name that is not taken: two calls within a second get different ones."""
    kept = old.with_name(f"{old.name}.{stamp}")
    number = 1
    while kept.exists():
        number += 1
        kept = old.with_name(f"{old.name}.{stamp}-{number}")
    return kept
