"""Files that somebody has changed or put in the place of others:
every reader tells it, none waits, none shows another number.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hpcx
from hpcx.inspection.drawing import drawable
from hpcx.io.reading import Damaged, Unreadable, reading
from hpcx.sweep import stacking
from hpcx.sweep.claims import Claims, is_locked
from hpcx.sweep.index import refresh_index
from hpcx.sweep.record import read_record
from hpcx.sweep.status import status_text
from hpcx.sweep.store import Entry, Store

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "postprocess"))
import sweep_file  # noqa: E402
from common import open_result  # noqa: E402

#: what may stand in the place of a small file, or of a line of it
TEXTS = [b"", b"no JSON", b"{}", b"[]", b"null", b"17", b'{"point": 3}', b'{"status": [3]}', b"\xff{", b'{"a": ' * 3000]
TEXTS += [b'{"axes": [{}], "points": 3, "physics": {}}']


def make_sweep(folder: Path) -> Store:
    """Make a sweep of two points with real files."""
    from test_standalone import make_sweep

    store = make_sweep(folder, 2)
    refresh_index(store)
    return store


def flip(path: Path, values: np.ndarray) -> None:
    """Change one bit of the last of some values."""
    whole, number = path.read_bytes(), values[-1].tobytes()
    assert number in whole
    path.write_bytes(whole.replace(number, bytes([number[0] ^ 1]) + number[1:]))


def test_every_reader_looks_at_the_checksum(tmp_path):
    path = make_sweep(tmp_path).directory / "sweep.h5"
    with hpcx.open(path) as tree:
        values = tree["signal/trace"].values
    flip(path, values)
    for read in (hpcx.open, drawable, status_text):
        with pytest.raises(OSError, match="damaged"):
            read(path)
    with pytest.raises(SystemExit, match="damaged"):
        open_result(path)


def test_so_it_is_with_what_is_too_large_for_the_sweep(tmp_path, monkeypatch):
    monkeypatch.setattr(stacking, "COPIED_BYTES", 2 * 8)
    store = make_sweep(tmp_path)
    flip(store.result("p1"), 1 + np.arange(3.0))
    with hpcx.open(store.directory) as tree:
        assert np.array_equal(tree["signal/trace"][0], np.arange(3.0))
        for _ in range(2):  # what was found once is found again
            with pytest.raises(OSError, match=r"p1\.h5 cannot be read: .*damaged"):
                tree["signal/trace"][1].load()
    with open_result(store.directory / "sweep.h5") as file, pytest.raises(sweep_file.Lost, match=r"p1\.h5"):
        sweep_file.values(file, "signal/trace")


def test_a_file_of_another_program_is_no_result(tmp_path):
    import h5py

    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["provenance/config"], file["provenance/hash"] = "a word", 3.0
    with pytest.raises(ValueError, match="is not a result of hpcx"):
        hpcx.open(tmp_path / "other.h5")


@pytest.mark.parametrize("text", TEXTS, ids=[text[:16].decode(errors="replace") for text in TEXTS])
def test_any_text_in_the_place_of_a_small_file(tmp_path, text):
    store = Store(tmp_path, single=False)
    store.prepare()
    for path in (store.failure("p"), tmp_path / "points/p.lock", tmp_path / "sweep.json"):
        path.write_bytes(text)
    assert store.failed("p") is None and store.entry("p", "hash").status == "missing"
    assert store.claims.attempts("p") <= 1 and store.claims.last_point("p") == "" and store.claims.running("p") is None
    with pytest.raises(Damaged, match=r"sweep\.json is damaged"):
        read_record(tmp_path)


def test_a_failure_is_read_as_it_was_written(tmp_path):
    store = Store(tmp_path, single=False)
    store.prepare()
    store.fail("p", Entry("failed", "why", "trace", float("nan"), 3, ["line"], "run"))
    found = store.failed("p")
    assert (found.message, found.ranks, found.summary, found.run) == (
        "why",
        3,
        ["line"],
        "run",
    ) and found.wall_time != found.wall_time


def test_nobody_waits_for_a_pipe_that_nobody_fills(tmp_path):
    script = f"""
from pathlib import Path
from hpcx.io.reading import Unreadable, reading
from hpcx.sweep.record import read_record
from hpcx.sweep.store import Store
store = Store(Path({str(tmp_path)!r}), single=False)
assert store.failed("p") is None and store.claims.attempts("p") == 0 and store.claims.running("p") is None
for look in (lambda: reading(store.result("p")).__enter__(), lambda: read_record(store.directory)):
    try:
        look()
    except OSError:
        continue
    raise AssertionError
"""
    (tmp_path / "points").mkdir()
    for name in ("points/p.h5", "points/p.lock", "points/p.failed.json", "sweep.json"):
        os.mkfifo(tmp_path / name)
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
    with pytest.raises(Unreadable, match="is not a file"), reading(tmp_path / "points/p.h5"):
        pass
    assert not is_locked(tmp_path / "points/p.lock")


def test_a_clock_that_goes_back_gives_no_negative_time(tmp_path):
    path = tmp_path / "p.lock"
    path.write_text(json.dumps({"point": "p", "started": 1e11, "ranks": 2}) + "\n")
    claims = Claims(tmp_path)
    assert claims.acquire("q") and claims.attempts("p") == 1
    script = (
        f"import fcntl, sys; file = open({str(path)!r}, 'a+'); fcntl.lockf(file, fcntl.LOCK_EX); print('ready',"
        " flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        assert claims.running("p") == (0.0, 2)
        process.communicate("end\n")
