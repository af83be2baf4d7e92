"""The comparison with the papers: its table is sound, verdicts follow their rules, and the page is whole without a network."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcx.config.load import load_plan

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "postprocess"))

from validation.figures import draw  # noqa: E402
from validation.page import Section, draw_figures, render  # noqa: E402
from validation.results import Missing, Results, merge  # noqa: E402
from validation.table import Paper, Statement, load_papers, load_runs  # noqa: E402
from validation.verdicts import DIFFERS, FITTED, NOT_COMPARABLE, REPRODUCED, judge  # noqa: E402

PAPERS = load_papers()
STATEMENTS = [statement for paper in PAPERS for statement in paper.statements]


def runs_of(operand):
    """Yield every run that an operand names."""
    if isinstance(operand, dict):
        yield from ([operand["run"]] if "run" in operand else []) + operand.get("runs", [])
        for value in operand.values():
            yield from runs_of(value)
    elif isinstance(operand, list):
        for value in operand:
            yield from runs_of(value)


def test_rows_are_unique_and_name_runs_that_exist():
    names = [statement.id for statement in STATEMENTS]
    assert len(names) == len(set(names)) and len(names) > 100
    known = {run.name for run in load_runs(ROOT)}
    used = {name for paper in PAPERS for s in paper.statements for part in (s.ours, s.finer, s.band) for name in runs_of(part)}
    used |= {name for paper in PAPERS for name in runs_of(list(paper.figures))}
    assert used == known


@pytest.mark.parametrize("run", load_runs(ROOT), ids=lambda run: run.name)
def test_inputs_are_valid(run):
    plan = load_plan(str(ROOT / run.input), list(run.settings))
    assert all(not point.error for point in plan.points)
    assert (ROOT / plan.config.output.directory) == run.directory


def test_fitted_inputs_are_named():
    with pytest.raises(ValueError, match="must be named"):
        Statement("a", "g", "p", "s", 1.0, ours={"run": "r"}, inputs="fitted", tolerance=1.0, tolerance_reason="r")
    with pytest.raises(ValueError, match="exactly one"):
        Statement("a", "g", "p", "s", 1.0, ours={"run": "r"}, expect="> 0", tolerance=1.0, tolerance_reason="r")


@pytest.fixture
def results(tmp_path):
    """Results of one run with a curve of known values."""
    (tmp_path / "one").mkdir()
    with h5py.File(tmp_path / "one" / "result.h5", "w") as file:
        file["time"] = np.arange(5.0)
        file["time"].make_scale("time")
        file["curve"] = np.array([0.0, 4.0, -2.0, 1.0, 1.0])
        file["curve"].dims[0].attach_scale(file["time"])
        file["number"] = 3.0
    return Results({"one": tmp_path / "one", "two": tmp_path / "two"}, {"two": "it failed"})


def statement(**keys):
    given = {"id": "a", "group": "g", "place": "p", "says": "s", "paper": 3.1, "unit": "eV"}
    return Statement(**given | {"ours": {"run": "one", "path": "number"}} | keys)


RULE = {"tolerance": 0.2, "tolerance_reason": "made up"}


@pytest.mark.parametrize(
    "keys, verdict",
    [
        (RULE, REPRODUCED),
        (RULE | {"paper": 3.5}, DIFFERS),
        (RULE | {"inputs": "fitted", "note": "x"}, FITTED),
        (RULE | {"inputs": "guessed", "note": "x"}, FITTED),
        (RULE | {"inputs": "guessed", "note": "x", "paper": 3.5}, DIFFERS),
        ({"paper": [2, 4]}, REPRODUCED),
        ({"paper": "words", "expect": "> 2, < 2.5"}, DIFFERS),
        ({"not_comparable": "an input"}, NOT_COMPARABLE),
        (RULE | {"ours": {"run": "two", "path": "number"}}, NOT_COMPARABLE),
        (RULE | {"ours": {"run": "one", "path": "nothing"}}, NOT_COMPARABLE),
    ],
)
def test_verdicts(results, keys, verdict):
    assert judge(statement(**keys), results).verdict == verdict


def test_the_reason_of_a_missing_result_is_told(results):
    assert "it failed" in judge(statement(**RULE, ours={"run": "two", "path": "number"}), results).reason


@pytest.mark.parametrize(
    "measure, arguments, value",
    [("maximum", {}, 4), ("where_minimum", {}, 2), ("first_negative", {}, 2), ("at", {"x0": 0.5}, 2), ("settled", {"within": 0.1}, 2)],
)
def test_measures(results, measure, arguments, value):
    operand = {"run": "one", "path": "curve", "measure": measure, "arguments": arguments}
    assert results.number(operand) == pytest.approx(value)


def test_operands_combine_select_and_window(results):
    operand = {"measure": "ratio", "run": "one", "path": "curve", "of": [{"select": {"time": 1}}, {"path": "number"}]}
    assert results.number(operand) == pytest.approx(4 / 3)
    assert results.number(merge(operand, {"scale": 2.0}) | {"times": 3}) == pytest.approx(4)
    assert results.number({"run": "one", "path": "curve", "where": {"time": [2, 4]}, "measure": "maximum"}) == 1
    with pytest.raises(Missing, match="no time = 9"):
        results.number({"run": "one", "path": "curve", "select": {"time": 9}})


def test_error_bar_and_band(results):
    row = statement(**RULE, finer={"scale": 1.1}, band=[{"scale": 0.5}, {"run": "two"}], band_from="made up")
    judgement = judge(row, results)
    assert judgement.error == pytest.approx(0.3) and judgement.band == pytest.approx((1.5, 3.0))


class Images(HTMLParser):
    """Collects images and everything that would need a network."""

    def __init__(self):
        super().__init__()
        self.images, self.outside = [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "img":
            self.images.append(attributes)
        address = attributes.get("src", "") + attributes.get("href", "")
        if not address.startswith(("data:", "#")) and address:
            self.outside.append(address)


def test_the_page_is_whole(results, tmp_path):
    figure = {"place": "Figure 1", "caption": "A <curve>.", "alt": "a curve", "panel": [{"curve": [{"run": "one", "path": "curve"}]}]}
    absent = figure | {"panel": [{"curve": [{"run": "two", "path": "curve"}]}]}
    rows = [statement(**RULE, says="a < b & c"), statement(id="b", paper=[1, 2], group="h"), statement(id="c", not_comparable="x")]
    paper = Paper("made-up", "Made up", "Nobody (2000)", "Text.", tuple(rows), (figure, absent))
    drawn = draw_figures(paper, results, draw)
    cost = {"input": "i.toml", "points": 1, "ranks": 2, "wall_seconds": 1.0, "cpu_seconds": 2.0, "core_hours": 0.1, "text": "t"}
    text = render([Section(paper, [judge(row, results) for row in rows], drawn)], [cost], {"made": "today"}, "1 < 2")
    parser = Images()
    parser.feed(text)
    assert parser.outside == [] and [image["alt"] for image in parser.images] == ["a curve"]
    assert "a &lt; b &amp; c" in text and "Not drawn: nothing of this figure" in text
    assert {"prefers-color-scheme: dark", "@media print"} <= set(re.findall(r"prefers-color-scheme: dark|@media print", text))
    if shutil.which("tidy"):
        (tmp_path / "index.html").write_text(text)
        check = subprocess.run(["tidy", "-e", "-q", str(tmp_path / "index.html")], capture_output=True, text=True)
        assert (check.returncode, check.stderr) == (0, "")
