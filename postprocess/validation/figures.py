"""Figures of the page: each is drawn by a script of `postprocess/`, called as a user calls it, and read back as PNG.

A figure of a statement file says

    command = ["wigner_diffusivity.py", "{wigner_moments}"]     words; {run} becomes the run's sweep.h5 or result.h5
    image = "diffusivity"                                       the stem of what the script writes beside its first file

or, if nothing can be drawn, `absent`, why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from validation.results import Missing, Results

SCRIPTS = Path(__file__).resolve().parents[1]
#: shown pixels per pixel of the image: screens with twice the usual density show it sharply
SCALE = 0.55


def draw(figure: dict[str, Any], results: Results) -> tuple[bytes, tuple[int, int]]:
    """Return a figure as PNG with the width and height at which to show it;
    raises Missing if it cannot be drawn, with the reason.
    """
    if "absent" in figure:
        raise Missing(figure["absent"])
    files = {run: results.file(run) for run in runs_of(figure)}
    words = [re.sub(r"\{(\w+)\}", lambda found: str(files[found[1]]), word) for word in figure["command"]]
    image = next(iter(files.values())).with_name(f"{figure['image']}.png")
    image.unlink(missing_ok=True)
    script, *arguments = words
    run = subprocess.run(
        [sys.executable, str(SCRIPTS / script), *arguments],
        env=dict(os.environ),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
    )
    if run.returncode or not image.exists():
        lines = (run.stderr or run.stdout).strip().splitlines() or ["no image"]
        raise Missing(f"{script}: {lines[-1]}")
    return image.read_bytes(), shown_size(image.read_bytes())


def runs_of(figure: dict[str, Any]) -> list[str]:
    """Return the runs whose files a figure's command names, in their order."""
    return [name for word in figure.get("command", []) for name in re.findall(r"\{(\w+)\}", word)]


def shown_command(figure: dict[str, Any]) -> str:
    """Return the command line that draws a figure, `{run}` standing for the run's result."""
    return " ".join(["python", f"postprocess/{figure['command'][0]}", *figure["command"][1:]])


def shown_size(png: bytes) -> tuple[int, int]:
    """Return width and height at which to show an image."""
    # both stand in the header of a PNG
    return tuple(round(SCALE * int.from_bytes(png[begin : begin + 4], "big")) for begin in (16, 20))
