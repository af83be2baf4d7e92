"""Files of an output directory are damaged, then every command looks at them:
python tests/fuzz/fuzz_files.py FIRST COUNT [SCENE ...] [--show]

A finding is a traceback, an end by a signal, a time beyond LIMIT, a value that is not that of the undamaged directory,
or an intact result that was set aside or computed again. Prints a line per finding and a line of JSON with the counts.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from in_child import Ended, in_child

#: seconds that one command may take
LIMIT = 60
HEAD = '[output]\ndirectory = "out"\ncheckpoint = "0 s"\n'
WIGNER = f'model = "wigner"\nmaterial = "WS2"\ntemperature = 300\n{HEAD}[momentum]\nfirst_bin = "1 meV"\ngrowth = 1.4\n'


@dataclass(frozen=True)
class Scene:
    """An output directory as runs leave it.

    Attributes:
        text: input of the run that is to continue or to find everything done.
        words: of the command that computes.
        before: more words for the run that makes the directory.
        questions: after how many questions for a reason to stop that run is stopped; 0: it runs to its end.
        tolerance: relative difference of continued results.
    """

    text: str
    words: tuple[str, ...] = ("run", "input.toml")
    before: tuple[str, ...] = ()
    questions: int = 0
    tolerance: float = 1e-9


SCENES = {
    "sweep": Scene(
        f'model = "exciton"\nmaterial = "MoS2"\n{HEAD}[mesh]\nk0 = 0.1\n[sweep]\n"mesh.N" = [24, 30, 36]\n',
        before=("--set", "sweep.mesh.N=[24, 30]"),
    ),
    "single": Scene(
        'model = "valley"\nmaterial = "WSe2"\ntemperature = 77\n'
        + HEAD + '[momentum]\npoints = 10\nangles = 8\n[time]\nend = "1 ps"\n'
    ),
    "moments": Scene(WIGNER + '[time]\nend = "1 ps"\noutputs = [[0.1, 2]]\ntolerance = 0.05\n', questions=24),
    "line": Scene(
        WIGNER + 'harmonics = 1\n[space]\ndimension = 1\npoints = 40\nwidth = "2.4 um"\n'
        '[time]\nend = "0.3 ps"\noutputs = [[0.1, 2]]\ndensities = [[0.1, 2]]\ntolerance = 0.1\n',
        questions=24,
    ),
    "converge": Scene(
        f'model = "exciton"\nmaterial = "MoS2"\n{HEAD}[mesh]\nk0 = 0.1\n',
        words=("converge", "input.toml", "--target", "60 meV"),
    ),
}  # fmt: skip
#: endings of names of files that are not results: what they say is not compared
NO_RESULTS = (".json", ".lock", ".toml", ".png", ".pdf", ".svg")


def make(scene: Scene, folder: Path) -> None:
    """Make a directory `out` as runs leave it, with its input, and what a process that was killed leaves."""
    (folder / "input.toml").write_text(scene.text, encoding="utf-8")
    ended = command(folder, [*scene.words, *scene.before], scene.questions)
    assert ended.status in (0, 75), ended.said
    assert scene.questions == 0 or list((folder / "out/checkpoints").glob("*.checkpoint.h5")), ended.said
    result = (
        next((folder / "out/points").glob("*.h5"), None)
        if (folder / "out/points").is_dir()
        else folder / "out/result.h5"
    )
    if result is not None:
        line = {"point": result.stem, "host": "node1", "pid": 1, "started": 1.7e9, "ranks": 2}
        result.with_suffix(".lock").write_text(json.dumps(line) + "\n", encoding="utf-8")
        failed = {"status": "failed", "message": "of an earlier run", "run": "earlier"}
        result.with_suffix(".failed.json").write_text(json.dumps(failed), encoding="utf-8")


def command(folder: Path, words: list[str], questions: int = 0, user: int | None = None) -> Ended:
    """Run `hpcx` with words in a folder, in a process of its own;
    it is stopped after a number of `questions` if there is one.
    """
    return in_child(lambda: _hpcx(words, questions), folder, LIMIT, user)


def _hpcx(words: list[str], questions: int) -> None:
    from hpcx.cli import main
    from hpcx.parallel.stop import StopRequests

    if questions:
        asked = iter(range(questions))
        StopRequests.reason = lambda self: "" if next(asked, None) is not None else "the test wants it"
    main(words)


def values(where: str) -> dict[str, Any]:
    """Return all numbers of what `hpcx.open` finds, by path; called in a process of its own."""
    import warnings

    import numpy as np

    import hpcx

    warnings.simplefilter("ignore")
    try:
        tree = hpcx.open(where)
        found = {
            f"{node.path}/{name}": np.asarray(item.values)
            for node in tree.subtree
            for name, item in node.variables.items()
        }
    except (OSError, ValueError) as error:
        print(f"hpcx: {error}")
        raise SystemExit(1) from None
    return {
        name: item
        for name, item in found.items()
        if item.dtype.kind in "fci" and not name.startswith(("/provenance", "/index", "/points"))
    }


#: what may stand in the place of a file
TEXTS = (
    b"no result at all\n",
    b"{}",
    b"[]",
    b"null",
    b"17",
    b'{"status": 3}',
    b'{"point": 3}\n',
    b"[1, 2]\n",
    b"\xff{",
    b'{"a": ' * 3000,
)
Damage = Callable[[Path, random.Random], None]


def _cut(path: Path, dice: random.Random) -> None:
    os.truncate(path, dice.randrange(path.stat().st_size + 1))


def _flip(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice((1, 1, 3, 30)) if content else 0):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


def _zero(path: Path, dice: random.Random) -> None:
    content, length = bytearray(path.read_bytes()), dice.choice((16, 512, 4096))
    first = dice.randrange(len(content) + 1)
    content[first : first + length] = bytes(len(content[first : first + length]))
    path.write_bytes(content)


def _text(path: Path, dice: random.Random) -> None:
    path.write_bytes(dice.choice(TEXTS))


def _directory(path: Path, dice: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _other_hdf5(path: Path, dice: random.Random) -> None:
    from itertools import product

    groups = list(product((False, True), repeat=3))[dice.randrange(8)]
    in_child(lambda: _write_hdf5(str(path), groups), path.parent, LIMIT, None)


def _write_hdf5(name: str, groups: tuple[bool, ...]) -> None:
    import h5py

    with h5py.File(name, "w") as file:
        file["numbers"] = [1.0, 2.0]
        for group, there in zip(("provenance", "index", "exciton"), groups):
            if there:
                file.create_group(group)["status"] = "of another program"
        if groups[0]:
            file["provenance/hash"], file["provenance/physics"], file["provenance/config"] = 3.0, "[]", "3"


def _link(path: Path, dice: random.Random) -> None:
    path.unlink()
    path.symlink_to(dice.choice(("nowhere", path.name, "/dev/null", "/dev/zero")))


def _fifo(path: Path, dice: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Damage] = {
    "cut": _cut,
    "flipped": _flip,
    "zeroed": _zero,
    "empty": lambda path, dice: path.write_bytes(b""),
    "text": _text,
    "directory": _directory,
    "locked away": lambda path, dice: path.chmod(0),
    "link": _link,
    "another program's": _other_hdf5,
    "fifo": _fifo,
    "longer": lambda path, dice: path.write_bytes(path.read_bytes() + dice.randbytes(dice.choice((1, 20, 5000)))),
    "gone": lambda path, dice: path.unlink(),
}


@dataclass
class Known:
    """A scene with what must come out: the directory, what `hpcx.open` says of it, and of that when all is done."""

    scene: Scene
    folder: Path
    now: dict[str, Any] = field(default_factory=dict)
    end: dict[str, Any] = field(default_factory=dict)


def prepared(root: Path, names: list[str]) -> dict[str, Known]:
    """Make scenes."""
    found = {}
    for name in names:
        scene = SCENES[name]
        folder = root / name
        folder.mkdir()
        make(scene, folder)
        whole = root / f"{name}-done"
        shutil.copytree(folder, whole)
        ended = command(whole, list(scene.words))
        assert ended.status == 0, ended.said
        now, end = (in_child(lambda: values("out"), place, LIMIT) for place in (folder, whole))
        assert end.status == 0, end.said
        found[name] = Known(scene, folder, now.answer or {}, end.answer)
    return found


def targets(folder: Path) -> list[Path]:
    """Return the files of an output directory, from `folder`."""
    return sorted(
        path.relative_to(folder)
        for path in (folder / "out").rglob("*")
        if path.is_file() and path.suffix not in (".png", ".pdf")
    )


@dataclass(frozen=True)
class Case:
    """Which file of which scene is damaged, and how."""

    scene: str
    target: Path
    damage: str
    seed: int

    def __str__(self) -> str:
        return f"{self.scene} {self.target} {self.damage}"


def case_of(number: int, scenes: dict[str, Known]) -> Case:
    """Return case `number`: scenes, files and damages in turn."""
    dice = random.Random(number)
    scene = list(scenes)[number % len(scenes)]
    target = dice.choice(targets(scenes[scene].folder))
    return Case(scene, target, dice.choice(list(DAMAGES)), number)


def findings(case: Case, known: Known, folder: Path) -> tuple[list[str], str]:
    """Damage a copy of the scene in `folder`, let every command look at it,
    and return what is wrong, with how the commands ended.
    """
    place = folder / "place"
    shutil.copytree(known.folder, place)
    intact = {
        path: (place / path).stat()
        for path in targets(place)
        if path != case.target and path.suffix == ".h5" and "checkpoints" not in path.parts
    }
    DAMAGES[case.damage](place / case.target, random.Random(case.seed))
    user = _give_away(folder) if case.damage == "locked away" and os.geteuid() == 0 else None
    found: list[str] = []
    looks = [
        ["status", "out"],
        ["status", "--json", "out"],
        ["show", "out"],
        ["plot", "out"],
        ["compare", "out", "out"],
    ]
    looks += [[word, str(case.target)] for word in ("show", "status", "plot")] if case.target.suffix == ".h5" else []
    for words in looks:
        _judge(words, command(place, words, user=user), found, (0, 1, 2))
    _compare("open", in_child(lambda: values("out"), place, LIMIT, user), known.now, 0.0, found, partly=True)
    run = command(place, list(known.scene.words), user=user)
    _judge(list(known.scene.words), run, found, (0, 1, 2, 3))
    if run.status == 0:
        after = in_child(lambda: values("out"), place, LIMIT, user)
        _compare("open after the run", after, known.end, known.scene.tolerance, found, partly=False)
    found += _moved(place, intact, case)
    return found, f"run {run.status}: {_last(run.said)}"


def _give_away(folder: Path) -> int:
    """Give a folder to a user whom permissions bind, and return its number."""
    nobody = 65534
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, nobody, nobody, follow_symlinks=False)
    return nobody


def _judge(words: list[str], ended: Ended, found: list[str], statuses: tuple[int, ...]) -> None:
    if ended.status is None:
        found.append(f"{' '.join(words)}: out of time")
    elif "Traceback" in ended.said or ended.status not in statuses:
        found.append(f"{' '.join(words)}: status {ended.status}\n" + "\n".join(ended.said.strip().splitlines()[-12:]))
    elif ended.status and not ended.said.strip():
        found.append(f"{' '.join(words)}: status {ended.status} without a word")


def _compare(
    what: str, ended: Ended, reference: dict[str, Any], tolerance: float, found: list[str], partly: bool
) -> None:
    """Note what is not as in the reference; `partly`: an error that is said,
    and datasets that are not there, are right.
    """
    import numpy as np

    _judge([what], ended, found, (0, 1) if partly else (0,))
    values = ended.answer or {}
    if not partly and set(values) != set(reference) and ended.status == 0:
        found.append(f"{what}: other datasets: {sorted(set(values) ^ set(reference))[:6]}")
    for name in set(values) & set(reference):
        one, other = values[name], reference[name]
        scale = tolerance * np.max(np.abs(other[np.isfinite(other)]), initial=0.0)
        equal = one.shape == other.shape and np.allclose(one, other, rtol=0, atol=scale, equal_nan=True)
        if not equal and not (
            partly and one.shape == other.shape and np.array_equal(one[~np.isnan(one)], other[~np.isnan(one)])
        ):
            found.append(f"{what}: other values of {name}")


def _moved(place: Path, intact: dict[Path, os.stat_result], case: Case) -> list[str]:
    """Return which intact results are not what they were, and which were set aside."""
    found = []
    for path, old in intact.items():
        if path.name in ("sweep.h5", "converge.h5"):  # views, written anew
            continue
        now = (place / path).lstat() if (place / path).exists() else None
        if now is None or (now.st_ino, now.st_mtime_ns) != (old.st_ino, old.st_mtime_ns):
            found.append(f"{path} is intact, and was touched")
    aside = [
        path for word in ("damaged", "other-physics", "other-options") for path in (place / "out").rglob(f"*.{word}.*")
    ]
    return found + [f"{path.name} was set aside" for path in aside if not path.name.startswith(case.target.name)]


def _last(said: str) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def main(first: int, count: int, names: list[str], show: bool = False) -> dict:
    """Go through cases of some scenes and return the counts; prints the findings."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
        scenes = prepared(Path(root), names)
        for number in range(first, first + count):
            case = case_of(number, scenes)
            with tempfile.TemporaryDirectory(dir=root) as folder:
                found, end = findings(case, scenes[case.scene], Path(folder))
            counts["finding" if found else "fine"] += 1
            if found or show:
                print(f"{number} {case}\n  {end}\n    " + "\n    ".join("\n".join(found).splitlines()), flush=True)
    return dict(counts)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = [word for word in sys.argv[3:] if word in SCENES]
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), chosen or list(SCENES), "--show" in sys.argv)))
