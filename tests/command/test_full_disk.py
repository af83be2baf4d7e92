"""A file system that becomes full: a small one in memory, mounted for the test."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from interruption import finished_files

SMALL = """\
model = "exciton"
material = "MoS2"
[output]
directory = "disk/out"
[mesh]
N = 30
k0 = 0.1
"""
#: points along which the disk becomes full: a result needs more than a megabyte while it is written, and keeps a tenth
#: of that
SWEEP = '[sweep]\n"mesh.N" = [%s]\n' % ", ".join(map(str, range(24, 64)))
INPUTS = {"single": "", "sweep": SWEEP}
#: ranks, input, bytes that are left: nothing; enough for the small files; enough for all but a result
EVERY_TIME = [(2, "single", 1 << 19), (1, "sweep", 1 << 14)]
OTHERS = [case for case in itertools.product((1, 2), INPUTS, (0, 1 << 14, 1 << 19)) if case not in EVERY_TIME]


def mount(*words: object) -> bool:
    return subprocess.run(["mount", *map(str, words)], capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of two megabytes; skip where this process may not."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", place):
        pytest.skip("this process may not mount a file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def enlarge(disk: Path) -> None:
    assert mount("-o", "remount,size=64m", disk)


def fill(disk: Path, leave: int) -> None:
    """Take all space but `leave` bytes."""
    (disk / "filler").write_bytes(bytes((2 << 20) - leave))


def check_tidy(disk: Path) -> None:
    assert not list(disk.rglob("*.part")) and not list(disk.rglob("*.lock")) and not list(disk.rglob(".probe*"))


@pytest.mark.parametrize("ranks", [pytest.param(1, marks=pytest.mark.validate), 2])
def test_sweep_on_a_disk_that_becomes_full(hpcx, here, write, disk, ranks):
    name = write(SWEEP, text=SMALL)
    full = hpcx("run", name, ranks=ranks)
    # 1 where not even the small files of a sweep have room in the end; the points that failed before are then not all
    # on record
    assert full.returncode in (1, 3) and "No space left on device" in full.stdout, full.stderr
    assert "Traceback" not in full.stdout + full.stderr
    finished = finished_files(disk)
    assert 0 < len(finished) < 40
    status = here("status", "disk/out").stdout
    assert f"{len(finished)} done" in status, status
    assert full.returncode == 1 or f"{40 - len(finished)} failed" in status, status
    enlarge(disk)
    assert hpcx("run", name, ranks=ranks).returncode == 0
    after = finished_files(disk)
    assert len(after) == 40 and {path: after[path] for path in finished} == finished
    check_tidy(disk)


def check_full_from_the_start(hpcx, write, disk, ranks, kind, leave):
    fill(disk, leave)
    name = write(INPUTS[kind], text=SMALL)
    full = hpcx("run", name, ranks=ranks)
    print(full.returncode, full.stdout[-900:], full.stderr[-900:])
    assert full.returncode in (1, 3) and "No space left on device" in full.stdout + full.stderr
    assert "Traceback" not in full.stdout + full.stderr and not list(disk.rglob("*result.h5"))
    (disk / "filler").unlink()
    enlarge(disk)
    assert hpcx("run", name, ranks=ranks).returncode == 0
    check_tidy(disk)


@pytest.mark.parametrize(("ranks", "kind", "leave"), EVERY_TIME)
def test_disk_that_is_full(hpcx, write, disk, ranks, kind, leave):
    check_full_from_the_start(hpcx, write, disk, ranks, kind, leave)


@pytest.mark.validate
@pytest.mark.parametrize(("ranks", "kind", "leave"), OTHERS)
def test_disk_that_is_full_in_every_way(hpcx, write, disk, ranks, kind, leave):
    check_full_from_the_start(hpcx, write, disk, ranks, kind, leave)
