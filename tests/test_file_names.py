"""Every file of ours that a page, a comment or a message names is there."""

import re
import subprocess
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: a path with a folder, or a bare name of what cannot be a user's own file
NAME = re.compile(
    r"(?<![\w./<>{*$-])((?:[\w.-]+/)+[\w-]+\.(?:py|toml|sh|md|png|mplstyle|def)|[\w-]+\.(?:py|sh|md|mplstyle|def))(?![\w*/])"
)
PATCH = re.compile(r"(?m)^(?:diff --git|---|\+\+\+) .*$")


def tracked():
    """Return the files of the repository, and those that will be added."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    return [name for name in run.stdout.split("\n") if (ROOT / name).is_file()]


def unknown_names(file, text, known):
    """Return the names in a text that no file has, seen from the root, from the file's folder or from the package;
    placeholders are in capitals.
    """
    places = (ROOT, (ROOT / file).parent, ROOT / "hpcx")
    found = []
    for name in dict.fromkeys(NAME.findall(PATCH.sub("", text))):
        own = name.startswith("results/") or PurePath(name).stem.isupper()
        there = any((place / name).exists() for place in places) if "/" in name else name in known
        if not (own or there or name.startswith("README")):
            found.append(name)
    return found


def test_files_that_are_named_are_there():
    files = tracked()
    if not files:
        pytest.skip("no git here, which knows the files")
    known, wrong = {PurePath(name).name for name in files}, {}
    for name in files:
        if not name.startswith("tests/") and name.endswith(
            (".py", ".toml", ".sh", ".md", ".cff", "Makefile", "Dockerfile", ".def")
        ):
            lost = unknown_names(name, (ROOT / name).read_text(encoding="utf-8"), known)
            wrong |= {name: lost} if lost else {}
    assert wrong == {}


def test_a_lost_file_is_seen():
    text = (
        "sbatch jobs/single.sh inputs/trion_mos2.toml, see gone.py; inputs/FILE.toml, results/a/b.png, mine.toml and"
        " README.md are no matter"
    )
    assert unknown_names("jobs/single.sh", text, {"single.sh"}) == ["inputs/trion_mos2.toml", "gone.py"]


def test_the_container_recipes_take_the_same_files():
    docker = re.findall(r"(?m)^COPY (.*) \S+$", (ROOT / "jobs/Dockerfile").read_text(encoding="utf-8"))
    taken = " ".join(docker).split()
    recipe = (ROOT / "jobs/hpcx.def").read_text(encoding="utf-8")
    apptainer = re.findall(r"(?m)^    (\S+) /opt/hpcx/\S+$", recipe[recipe.index("%files") : recipe.index("%post")])
    assert sorted(taken) == sorted(apptainer) and all((ROOT / name).exists() for name in taken)
