"""Scripts of postprocess/ in the process of the tests: starting Python and matplotlib takes longer than a figure."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "postprocess"


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Return a function that runs a script with arguments and returns what it has printed."""
    from matplotlib import pyplot

    monkeypatch.syspath_prepend(str(SCRIPTS))

    def run(script: str, *words: str) -> str:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", [script, *words])
        runpy.run_path(str(SCRIPTS / script), run_name="__main__")
        pyplot.close("all")
        return capsys.readouterr().out

    return run
