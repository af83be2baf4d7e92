"""`--fresh`: old results are set aside under a dated name, never deleted."""

from __future__ import annotations

import itertools
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from hpcx.parallel.errors import BadInput, agreed
from hpcx.sweep.claims import others_at_work

log = logging.getLogger("hpcx")


def set_aside(comm: Any, directory: str, source: str) -> None:
    """Rename an existing output directory to `<directory>.<date>-<time>`; a link then points to an empty one.

    Raises AgreedError if it cannot be renamed, a run is alive in it, or it holds the current directory or the input
    file `source`.
    """
    with agreed(comm):
        if comm.rank == 0 and Path(directory).exists():
            _set_aside(Path(directory), Path(source))


def _set_aside(directory: Path, source: Path) -> None:
    old = directory.resolve()
    for name, place in (("the current directory", Path.cwd()), ("the input file", source.resolve())):
        if place.is_relative_to(old):
            raise BadInput(f"--fresh would rename {old}, which holds {name}; choose another output.directory")
    held = others_at_work(old)
    if held:
        raise BadInput(f"a run is still active in {directory} ({held[0].name} is locked); stop it before using --fresh")
    kept = _free_name(old, datetime.now().strftime("%Y%m%d-%H%M%S"))
    old.rename(kept)
    if directory.is_symlink():
        old.mkdir()
    log.info("old results are now in %s", kept)


def _free_name(old: Path, stamp: str) -> Path:
    """Return a dated name that is not taken: two calls within a second get different ones."""
    names = (f"{old.name}.{stamp}" + (f"-{number}" if number > 1 else "") for number in itertools.count(1))
    return next(path for path in map(old.with_name, names) if not path.exists())
