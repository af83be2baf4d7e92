"""The shell completes commands, options and words as the parser knows them."""

import subprocess

import pytest

from hpcx.cli import parser
from hpcx.completion import bash_script


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("hpcx sta", {"status"}),
        ("hpcx status --j", {"--json"}),
        ("hpcx schema w", {"wigner"}),
        ("hpcx run --fr", {"--fresh"}),
        ("hpcx show res", set()),
    ],
)
def test_words_are_completed(line, wanted):
    words = line.split()
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _hpcx; echo ${{COMPREPLY[@]}}"
    run = subprocess.run(["bash", "-c", bash_script(parser()) + ask], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0 and set(run.stdout.split()) == wanted, run.stderr
