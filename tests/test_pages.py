"""The pages of the models: their formulas are TeX, and their commands run as written,
in a directory beside the repository's inputs.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.mathtext import MathTextParser

ROOT = Path(__file__).resolve().parents[1]
PAGES = {name: (ROOT / "hpcx" / name / "MODEL.md").read_text() for name in ("trion", "wigner", "formation", "valley")}


def commands(page):
    """Return the command lines behind prompts."""
    lines = "\n".join(re.findall(r"```console\n(.*?)```", page, re.DOTALL)).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def named_files(page):
    """Return name and text of the files that the page tells to write: the last name before each block."""
    found = {}
    for before, text in re.findall(r"^(.*?)\n\n```toml\n(.*?)```", page, re.DOTALL | re.MULTILINE):
        found[re.findall(r"`(\w+\.toml)`", before)[-1]] = text
    return found


@pytest.mark.parametrize("name", PAGES)
def test_formulas_are_tex(name):
    parser, page = MathTextParser("path"), PAGES[name]
    formulas = re.findall(r"```math\n(.*?)\n```", page, re.DOTALL) + re.findall(r"\$`(.*?)`\$", page)
    assert len(formulas) > 20
    for formula in formulas:
        parser.parse(f"${formula}$")
    assert "$" not in re.sub(r"\$`.*?`\$|```.*?```", "", page, flags=re.DOTALL)


@pytest.mark.validate
@pytest.mark.parametrize("name", PAGES)
def test_the_tutorial_runs(name, tmp_path):
    page, programs = PAGES[name], Path(sys.executable).parent
    for folder in ("inputs", "postprocess"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for file, text in named_files(page).items():
        (tmp_path / file).write_text(text)
    assert len(commands(page)) >= 3
    for line in commands(page):
        words = [
            str(programs / Path(word).name) if word.startswith(".venv/bin/") else word for word in shlex.split(line)
        ]
        words = [os.environ.get("MPIRUN", "mpirun")] + words[1:] if words[0] == "mpirun" else words
        run = subprocess.run(
            words,
            cwd=tmp_path,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=500,
            stdin=subprocess.DEVNULL,
        )
        assert run.returncode == 0, f"{line}\n{run.stdout[-800:]}{run.stderr[-800:]}"
        if " converge " in line:
            assert f"`{run.stdout.splitlines()[-1]}`" in page
    for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        subprocess.run([sys.executable, "-c", text], cwd=tmp_path, env=dict(os.environ), check=True, timeout=100)
    named = re.findall(r"`(results/\S+\.png)`", page)
    assert named and [path for path in named if not (tmp_path / path).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_inputs_of_a_page_are_valid(name, tmp_path, monkeypatch):
    from hpcx.config.load import load_plan

    monkeypatch.chdir(tmp_path)
    files = named_files(PAGES[name])
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    inputs = [file for file, text in files.items() if re.search("^model ", text, re.MULTILINE)]
    assert inputs
    for file in inputs:
        assert load_plan(file, []).points
