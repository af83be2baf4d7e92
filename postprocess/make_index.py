"""The page of all figures, postprocess/README.md, with thumbnails of the results that are there.

    python postprocess/make_index.py [--results results]

Draws every figure of figures.toml from the result of its example input under the directory of results (`hpcx run
inputs/NAME.toml` makes it); a figure whose result is missing keeps the thumbnail that it has.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from matplotlib.image import thumbnail

HERE = Path(__file__).resolve().parent
#: width of a thumbnail over that of its figure, and columns of the page
SCALE, COLUMNS = 0.3, 3


def main() -> None:
    """Draw, shrink, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="directory in which the results of the inputs lie"
    )
    parser.add_argument("--page-only", action="store_true", help="write the page with the thumbnails that are there")
    options = parser.parse_args()
    entries = tomllib.loads((HERE / "figures.toml").read_text(encoding="utf-8"))
    for name, entry in entries.items() if not options.page_only else ():
        print(f"{name}: {draw(name, entry, options.results / entry['example'])}")
    (HERE / "README.md").write_text(page(entries), encoding="utf-8")
    print(f"wrote {HERE / 'README.md'}")


def draw(name: str, entry: dict, folder: Path) -> str:
    """Make the thumbnail of a figure from the result in a folder; return a word on how it went."""
    found = [folder / file for file in ("sweep.h5", "result.h5") if (folder / file).is_file()]
    if not found:
        return f"no result in {folder}, left as it is"
    target = HERE / "figures" / f"{name}{'.gif' if name == 'wigner_film' else '.png'}"
    with tempfile.TemporaryDirectory() as place:
        drawn = Path(place) / target.name
        command = [sys.executable, str(HERE / f"{name}.py"), str(found[0]), "-o", str(drawn), *entry.get("options", [])]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode or not list(Path(place).glob("*")):
            return run.stderr.strip()[-200:] or "nothing was drawn"
        if target.suffix == ".gif":
            target.write_bytes(drawn.read_bytes())
        else:
            thumbnail(
                str(min(Path(place).glob("*.png"))), str(target), scale=1.0 if name == "binding_energies" else SCALE
            )
    return "drawn"


def page(entries: dict[str, dict]) -> str:
    """Return the page: a table of thumbnails, and how each is made."""
    lines = [
        "# Figures\n",
        (
            "`hpcx plot FILE` lists what a result can show, `hpcx plot FILE --what NAME` draws it (`-o out.pdf`;"
            " options of the script follow `--`)."
        ),
        (
            "Every script is a program of its own as well, `python postprocess/NAME.py FILE`, reads result files alone"
            " and has `--help`."
        ),
        "`postprocess/make_index.py` makes this page from `figures.toml`.\n",
        "| " + " | ".join([" "] * COLUMNS) + " |",
        "|" + "---|" * COLUMNS,
    ]
    cells = [_cell(name, entry) for name, entry in entries.items()]
    cells += [" "] * (-len(cells) % COLUMNS)
    lines += ["| " + " | ".join(cells[first : first + COLUMNS]) + " |" for first in range(0, len(cells), COLUMNS)]
    return "\n".join(lines) + "\n"


def _cell(name: str, entry: dict) -> str:
    images = [path for path in sorted((HERE / "figures").glob(f"{name}.*")) if path.suffix in (".png", ".gif")]
    image = f"![{entry['shows']}](figures/{images[0].name})<br>" if images else ""
    keys = f"; a sweep over {json.dumps(entry['axes'])[1:-1]}".replace('"', "`") if entry["axes"] else ""
    return f"{image}[`{name}`]({name}.py): {entry['shows']}{keys} (`inputs/{entry['example']}.toml`)".replace(
        "|", "\\|"
    )  # one cell


if __name__ == "__main__":
    main()
