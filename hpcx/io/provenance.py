"""Where a result comes from: input, versions, machine, times."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import h5py
import numpy

import hpcx
from hpcx.parallel.fingerprint import code_fingerprint


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@lru_cache(maxsize=8)
def versions(revision: str) -> dict[str, str]:
    """Return the versions of hpcx, which is of `revision`, and of everything that a number depends on."""
    import mpi4py
    from mpi4py import MPI

    found = {
        "hpcx": hpcx.__version__,
        "git": revision,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "hdf5": h5py.version.hdf5_version,
        "h5py": h5py.__version__,
        "mpi4py": mpi4py.__version__,
        "mpi": MPI.Get_library_version().split(",")[0].strip("\x00 \n"),
    }
    return found | {package: _loaded_version(package) for package in ("petsc4py", "slepc4py", "scipy")}


def _loaded_version(package: str) -> str:
    loaded = getattr(sys.modules.get(package), "__version__", None)
    try:
        return loaded or version(package)
    except PackageNotFoundError:
        return "not installed"


@lru_cache(maxsize=1)
def source_revision() -> str:
    """Return the revision of the running program; it starts git, so call it on one rank only.

    It is the last commit that changed the package, followed by "+" and part of a hash of the source text if that has
    been changed since. Without git it is the version.
    """
    here = Path(hpcx.__file__).parent
    text = code_fingerprint("")[:8]
    commit = _git(here, "log", "-1", "--format=%h", "--abbrev=12", "--", ".")
    if commit:
        return f"{commit}+{text}" if _git(here, "status", "--porcelain", "--", ".") else commit
    # git does not know the package, or refuses
    below_git = any((folder / ".git").exists() for folder in here.parents)
    return f"{hpcx.__version__}+{text}" if below_git else hpcx.__version__


def _git(folder: Path, *words: str) -> str:
    """Return what a command of git prints, or "" if it fails."""
    try:
        run = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, encoding="utf-8", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


def plain(entries: Mapping[str, Any]) -> dict[str, str | float | int]:
    """Return entries as HDF5 takes them: text and numbers as they are, all else as JSON."""
    return {
        key: value if isinstance(value, (str, int, float)) else json.dumps(value, sort_keys=True, default=str)
        for key, value in entries.items()
    }
