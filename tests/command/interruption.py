"""Runs that are interrupted at a moment of one's choice, and what must hold afterwards. One small input per model."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

HEAD = '[output]\ndirectory = "out"\ncheckpoint = "0 s"\n'
FORMATION = (
    f'model = "formation"\nmaterial = "MoS2"\n{HEAD}[signal]\nbootstrap = 0\n[signal.photon_energies]\nstart = "1.8'
    ' eV"\nstop = "2.1 eV"\npoints = 30\n'
)
VALLEY = f'model = "valley"\nmaterial = "WSe2"\ntemperature = 77\n{HEAD}[sweep]\ntemperature = [77, 150]\n'
TRION = f'model = "trion"\nmaterial = "MoS2"\n{HEAD}[trion]\nspecies = ["singlet"]\n'


@dataclass(frozen=True)
class Case:
    """A sweep of a model with a checkpoint at every step, and how exactly a continued run must agree.

    Attributes:
        text: input file.
        results: paths that are compared.
        tolerance: largest difference, relative to the largest value (of energies: in eV).
    """

    text: str
    results: tuple[str, ...]
    tolerance: float


# Eigensolvers have the smallest basis that they work with, so that they restart often. The spectrum is asked to 1e-11:
# numbers of ranks agree to what is asked, because rounding changes late coefficients of a Lanczos recursion
# (hpcx/parallel/recursion.py).
CASES = {
    "exciton": Case(
        f'model = "exciton"\nmaterial = "MoS2"\n{HEAD}[petsc]\noptions = "-exciton_eps_ncv 16"\n[mesh]\nN = 60\nk0 ='
        ' 0.16\n[solver]\nstates = 12\ntolerance = 1e-10\n[sweep]\n"mesh.N" = [120, 132, 144]\n',
        ("exciton/energy",),
        1e-9,
    ),
    "trion": Case(
        f'{TRION}[petsc]\noptions = "-trion_eps_ncv 6"\n[mesh]\nN = 48\nk0 = 0.1\n[solver]\nstates ='
        ' 3\n[sweep]\n"mesh.N" = [48, 60]\n',
        ("singlet/energy",),
        1e-9,
    ),
    "absorption": Case(
        f'{TRION}[mesh]\nN = 48\nk0 = 0.1\n[absorption]\nenabled = true\naccuracy = 1e-11\nbroadening = "30 meV"\n'
        'window = ["-60 meV", "200 meV"]\n[sweep]\n"mesh.N" = [36, 42]\n',
        ("exciton/absorption/absorption", "singlet/absorption/absorption"),
        1e-10,
    ),
    "wigner": Case(
        f'model = "wigner"\nmaterial = "WS2"\ntemperature = 300\n{HEAD}[space]\ndimension = 1\npoints = 48\nwidth = "3'
        ' um"\n[momentum]\nenergy_max = "110 meV"\nfirst_bin = "2 meV"\ngrowth = 1.4\nlargest_bin = "20'
        ' meV"\nharmonics = 2\n[time]\nend = "1 ps"\ntolerance = 1e-2\n[sweep]\ntemperature = [300, 250]\n',
        ("observables/population", "observables/mean_squared_displacement"),
        1e-10,
    ),
    "moments": Case(
        f'model = "wigner"\nmaterial = "WS2"\ntemperature = 300\n{HEAD}[momentum]\nenergy_max = "110 meV"\nfirst_bin ='
        ' "2 meV"\ngrowth = 1.2\nlargest_bin = "5 meV"\n[time]\nend = "3 ps"\ntolerance = 1e-2\n[sweep]\ntemperature ='
        " [300, 250]\n",
        ("observables/population", "observables/mean_squared_displacement"),
        1e-10,
    ),
    "response": Case(
        f'{FORMATION}[pump]\nphoton_energy = "2.48 eV"\n[momentum]\npoints = 30\ntail_points ='
        ' 8\n[sweep]\n"pump.duration" = ["20 fs", "30 fs"]\n',
        ("signal/reflectivity_change",),
        1e-10,
    ),
    "nonlinear": Case(
        f'{FORMATION}[pump]\nphoton_energy = "2.3 eV"\n[momentum]\npoints = 20\ntail_points ='
        ' 6\n[approximation]\nbiexciton = false\nhartree_fock = "none"\n[delay]\nstart = "0 fs"\nstop = "10'
        ' fs"\npoints = 2\n[solver]\nroute = "time"\ntolerance = 1e-3\n[sweep]\n"pump.fluence" = [5, 50]\n',
        ("signal/reflectivity_change",),
        1e-10,
    ),
    "valley": Case(
        f'{VALLEY}[momentum]\npoints = 30\n[time]\nend = "2 ps"\n',
        ("dichroism/circular_dichroism", "population/population"),
        1e-10,
    ),
    "saturated": Case(
        f'{VALLEY}[momentum]\npoints = 20\n[time]\nend = "0.5 ps"\n[pump]\ndensity = "1e11'
        ' cm^-2"\n[approximation]\nsaturation = true\n',
        ("dichroism/circular_dichroism", "population/population"),
        1e-10,
    ),
}
MODELS = sorted(CASES)


class Interrupted:
    """A run of `hpcx` in its own session, alone (ranks None) or under mpirun."""

    def __init__(
        self, folder: Path, *words: str, ranks: int | None = None, command: tuple[str, ...] = (), patience: int = 5
    ) -> None:
        """Start `hpcx run input.toml` with further words, or another command, in a directory.

        When mpirun is told to end, or a rank ends with a status, it waits `patience` seconds, sends SIGTERM to the
        ranks that are left, waits again, and kills them.
        """
        command = command or (str(Path(sys.executable).with_name("hpcx")), "run", "input.toml", *words)
        launcher = [] if ranks is None else [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks)]
        self.folder = folder
        self.log = open(folder / "log", "a")
        self.process = subprocess.Popen(
            [*launcher, *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            env=os.environ | {"OMPI_MCA_odls_base_sigkill_timeout": str(patience)},
        )

    def wait_for(self, pattern: str, seconds: float = 60.0) -> bool:
        """Wait until a file in the output directory matches `pattern` and is not empty;
        False if the run ends or the time is over before.
        """
        deadline = time.monotonic() + seconds
        while not self._has(pattern):
            if self.process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _has(self, pattern: str) -> bool:
        """Say whether there is such a file. An empty lock file says nothing:
        it has been made and may not be locked yet.
        """
        with suppress(FileNotFoundError):
            return any(path.stat().st_size for path in (self.folder / "out").glob(pattern))
        return False

    def wait(self, seconds: float = 90.0) -> int:
        """Return the exit status; a run that does not end in time is killed, and subprocess.TimeoutExpired raised."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.log.close()

    def pids(self) -> list[int]:
        """Return the processes of the run: all of its session."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _session(pid) == self.process.pid]

    def ranks(self) -> list[int]:
        """Return the processes that compute: Python, not mpirun."""
        return [pid for pid in self.pids() if b"python" in _command(pid).split(b"\0")[0]]

    @contextmanager
    def held(self, pattern: str) -> Iterator[None]:
        """Wait until a file in the output directory matches `pattern`, and hold the ranks where they are meanwhile.

        Raises AssertionError if the run ends before.
        """
        ranks: list[int] = []
        while not ranks or not self._has(pattern):  # gone again, because this process was late
            _signal_all(ranks, signal.SIGCONT)
            assert self.wait_for(pattern), (self.folder / "log").read_text()
            ranks = self.ranks()
            _signal_all(ranks, signal.SIGSTOP)
        yield
        _signal_all(ranks, signal.SIGCONT)

    def hold_until_told(self, number: int) -> None:
        """Hold the ranks until the signal waits for all of them:
        mpirun wakes them first, and tells them to end later.
        """
        ranks = self.ranks()
        while self.process.poll() is None and not all(_is_pending(pid, number) for pid in ranks):
            _signal_all(ranks, signal.SIGSTOP)
            time.sleep(0.01)

    def kill(self) -> None:
        """End everything at once, as a power failure would."""
        while pids := [pid for pid in self.pids() if _alive(pid)]:
            _signal_all(pids, signal.SIGKILL)
            self.process.poll()
        self.process.wait()
        self.log.close()


def _signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_pending(pid: int, number: int) -> bool:
    masks = re.findall(r"^(?:Sig|Shd)Pnd:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _alive(pid: int) -> bool:
    """Say whether a process holds its files still: while one of its threads ends, the others may be gone already."""
    try:
        ended = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        return not ended or len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def make_folder(folder: Path, case: Case) -> Path:
    """Make a directory with the input of a case."""
    folder.mkdir()
    (folder / "input.toml").write_text(case.text)
    return folder


def finished_files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return inode and time of every result, after checking that each one that has its final name is whole."""
    found = {}
    for path in sorted((folder / "out/points").glob("*.h5")):
        with h5py.File(path, "r") as file:
            assert "summary" in file["provenance"] and "hash" in file["provenance"]
        found[path] = path.stat().st_ino, path.stat().st_mtime_ns
    return found


def largest_difference(folder: Path, reference: Path, case: Case) -> float:
    """Return by how much the results of two directories differ, relative to the tolerance."""
    worst = 0.0
    with h5py.File(folder / "out/sweep.h5", "r") as index:
        assert set(index["index/status"].asstr()[()].flat) == {"done"}
    pairs = [sorted((place / "out/points").glob("*.h5")) for place in (folder, reference)]
    for path, other in zip(*pairs, strict=True):
        assert path.name == other.name
        with h5py.File(path, "r") as a, h5py.File(other, "r") as b:
            for name in case.results:
                x, y = a[name][...], b[name][...]
                assert x.shape == y.shape and np.array_equal(np.isfinite(x), np.isfinite(y)), name
                known = np.isfinite(y)
                scale = 1.0 if name.endswith("/energy") else np.abs(y[known]).max()
                worst = max(worst, float(np.abs(x - y)[known].max()) / scale)
    return worst / case.tolerance


def check_continued(
    folder: Path, model: str, reference: Path, finished: dict[Path, tuple[int, int]], ranks: int | None = None
) -> None:
    """Run to the end, with few checkpoints; what was finished must not be touched,
    all must be as in an undisturbed run.
    """
    assert Interrupted(folder, "--set", "output.checkpoint=1 h", ranks=ranks).wait() == 0, (folder / "log").read_text()
    after = finished_files(folder)
    assert {path: after[path] for path in finished} == finished
    assert largest_difference(folder, reference, CASES[model]) <= 1
    left = [path for pattern in ("*.lock", "*.part", "*.checkpoint.h5") for path in (folder / "out").rglob(pattern)]
    assert not left
