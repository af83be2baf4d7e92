"""The comparison with the papers: its table is sound, verdicts follow their rules,
and the page is whole without a network.
"""

import json
import os
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

from validation import error_bars
from validation.costs import costs_of, read_benchmarks, stored_runs
from validation.figures import SCRIPTS, draw, runs_of
from validation.page import Cost, Section, draw_figures, render
from validation.results import Missing, Results, merge
from validation.table import Paper, Run, Statement, load_papers, load_runs
from validation.verdicts import DIFFERS, IDENTITY, NOT_COMPARABLE, NOT_RUN, REPRODUCED, UNCERTAIN, judge, near_bound

PAPERS = load_papers()
STATEMENTS = [statement for paper in PAPERS for statement in paper.statements]


def named(operand):
    """Yield every run that an operand names."""
    if isinstance(operand, dict):
        yield from ([operand["run"]] if "run" in operand else []) + operand.get("runs", [])
        for value in operand.values():
            yield from named(value)
    elif isinstance(operand, list):
        for value in operand:
            yield from named(value)


def test_rows_are_unique_and_name_runs_that_exist():
    names = [statement.id for statement in STATEMENTS]
    assert len(names) == len(set(names)) and len(names) > 100
    known = {run.name for run in load_runs(ROOT)}
    used = {name for s in STATEMENTS for part in (s.ours, s.finer, s.error, s.band, s.study) for name in named(part)}
    used |= {name for paper in PAPERS for figure in paper.figures for name in runs_of(figure)}
    assert used == known


@pytest.mark.parametrize(
    "figure", [figure for paper in PAPERS for figure in paper.figures], ids=lambda figure: figure["place"]
)
def test_a_figure_is_drawn_by_a_script_or_says_why_not(figure):
    if "absent" not in figure:
        assert (SCRIPTS / figure["command"][0]).exists() and runs_of(figure)
        assert len(figure["alt"]) > 60 and figure["image"]


@pytest.mark.parametrize("run", load_runs(ROOT), ids=lambda run: run.name)
def test_inputs_are_valid(run):
    plan = load_plan(str(ROOT / run.input), list(run.settings))
    assert all(not point.error for point in plan.points)
    assert (ROOT / plan.config.output.directory) == run.directory
    resolved = plan.config.model_dump(mode="json", by_alias=True)  # as in the provenance of a result
    assert type(plan.config).model_validate(resolved).model_dump() == plan.config.model_dump()


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
        (RULE | {"inputs": "fitted", "note": "x"}, UNCERTAIN),
        (RULE | {"inputs": "guessed", "note": "x"}, UNCERTAIN),
        (RULE | {"inputs": "recalled", "note": "x"}, UNCERTAIN),
        (RULE | {"identity": "x"}, IDENTITY),
        (RULE | {"identity": "x", "paper": 3.5}, DIFFERS),
        (RULE | {"inputs": "guessed", "note": "x", "paper": 3.5}, DIFFERS),
        ({"paper": [2, 4]}, REPRODUCED),
        ({"paper": "words", "expect": "> 2, < 2.5"}, DIFFERS),
        ({"not_comparable": "an input"}, NOT_COMPARABLE),
        (RULE | {"ours": {"run": "two", "path": "number"}}, NOT_RUN),
        (RULE | {"ours": {"run": "one", "path": "nothing"}}, NOT_RUN),
    ],
)
def test_verdicts(results, keys, verdict):
    assert judge(statement(**keys), results).verdict == verdict


@pytest.fixture
def sourced(tmp_path):
    """Results of a sweep over two materials, whose provenance has the sources of their numbers."""
    sources = {"carriers.hopping": "X [recalled, unverified]", "carriers.gap": "X", "phonons.optical.energy": "[guess]"}
    numbers = {key: {"value": 1.0, "unit": "eV", "source": source} for key, source in sources.items()}
    measured = {key: number | {"source": "measured"} for key, number in numbers.items()}
    fitted = {"kappa": {"value": 2.0, "unit": "1", "source": "[fit] to a binding energy"}}
    with h5py.File(tmp_path / "sweep.h5", "w") as file:
        file["material"] = np.array(["A", "B"], dtype=h5py.string_dtype())
        file["material"].make_scale("material")
        file["number"] = [3.0, 3.0]
        file["number"].dims[0].attach_scale(file["material"])
        about = {
            "material_keys": ["carriers.hopping", "carriers.gap"],
            "materials": {"A": {"numbers": numbers}, "B, set": {"numbers": measured}},
        }
        for name, content in (about | {"environments": {"around": {"numbers": {}}}}).items():
            file[f"provenance/{name}"] = json.dumps(content)
    (tmp_path / "fit").mkdir()  # another run, of one point, in fitted surroundings
    shutil.copy(tmp_path / "sweep.h5", tmp_path / "fit" / "result.h5")
    with h5py.File(tmp_path / "fit" / "result.h5", "r+") as file:
        for name in ("materials", "environments"):
            del file[f"provenance/{name}"]
        file["provenance/material"] = json.dumps({"numbers": measured})
        file["provenance/environments"] = json.dumps({"around": {"numbers": fitted}})
    return Results({"one": tmp_path, "fit": tmp_path / "fit"})


@pytest.mark.parametrize(
    "chosen, keys, verdict, origin, words",
    [
        ({"run": "one", "select": {"material": "A"}}, {}, UNCERTAIN, "recalled", "recalled: carriers.hopping"),
        ({"run": "one", "select": {"material": "B"}}, {}, REPRODUCED, "literature", ""),
        ({"run": "one", "select": {"material": "A"}}, {"inputs": "fitted", "note": "x"}, UNCERTAIN, "fitted", "; x"),
        ({"run": "one", "select": {"material": "A"}}, {"independent": "a sign"}, REPRODUCED, "literature", "a sign"),
        ({"run": "one", "select": {"material": "A"}}, {"identity": "x"}, IDENTITY, "literature", "; x"),
        ({"run": "fit", "select": {"material": "B"}}, {}, UNCERTAIN, "fitted", "fitted: kappa"),
        (
            {"measure": "sum", "of": [{"run": "one", "select": {"material": name}, "times": 0.5} for name in "AB"]},
            {},
            UNCERTAIN,
            "recalled",
            "recalled: carriers.hopping",
        ),
    ],
)
def test_tags_in_the_provenance_make_a_label_weaker(sourced, chosen, keys, verdict, origin, words):
    judgement = judge(statement(**RULE | keys, ours={"path": "number"} | chosen), sourced)
    assert (judgement.verdict, judgement.origin) == (verdict, origin)
    assert judgement.reason.endswith(words) and "guessed" not in judgement.reason


def test_a_check_without_its_run_does_not_fail(results):
    assert judge(statement(**RULE, ours={"run": "two", "path": "number"}), results, check=True).verdict == NOT_RUN


@pytest.mark.parametrize(
    "rule, value, near",
    [
        ({"paper": 10, "tolerance": 2.0, "tolerance_reason": "x"}, 11.5, False),
        ({"paper": 10, "tolerance": 2.0, "tolerance_reason": "x"}, 11.9, True),
        ({"paper": 10, "tolerance": 2.0, "tolerance_reason": "x"}, 7.9, True),
        ({"paper": [0, 4]}, 2, False),
        ({"paper": [0, 4]}, 4.1, True),
        ({"paper": "words", "expect": "> 5"}, 5.4, True),
        ({"paper": "words", "expect": "> 5"}, 6, False),
        ({"paper": "words", "expect": "> 0.9, < 1.1"}, 1.0, False),
        ({"paper": "words", "expect": "> 0.9, < 1.1"}, 1.095, True),
        ({"paper": "words", "expect": "> 0"}, 1e-6, False),
    ],
)
def test_numbers_near_a_bound_are_marked(rule, value, near):
    assert near_bound(statement(**rule), value, 0.0) == near
    assert near_bound(statement(**rule), value, 100.0)  # as are those whose error reaches it


def test_the_reason_of_a_missing_result_is_told(results):
    assert "it failed" in judge(statement(**RULE, ours={"run": "two", "path": "number"}), results).reason


@pytest.mark.parametrize(
    "measure, arguments, value",
    [
        ("maximum", {}, 4),
        ("where_minimum", {}, 2),
        ("first_negative", {}, 2),
        ("at", {"x0": 0.5}, 2),
        ("settled", {"within": 0.1}, 2),
    ],
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
    [band] = judgement.bands
    assert judgement.error == pytest.approx(0.3) and (band.lower, band.upper) == pytest.approx((1.5, 3.0))
    assert judge(
        statement(**RULE, error={"run": "one", "path": "number", "scale": 0.1}), results
    ).error == pytest.approx(0.3)


@pytest.fixture
def studies(tmp_path):
    """Results of a random study, a third of whose samples lacks the number, and of a sweep over two keys."""
    for name in ("random", "sweep"):
        (tmp_path / name).mkdir()
    with h5py.File(tmp_path / "random" / "result.h5", "w") as file:
        file["samples"] = np.where(np.arange(150) % 3, np.arange(150.0), np.nan)
        file["percentile"] = np.array([5.0, 50.0, 95.0])
        file["percentile"].make_scale("percentile")
        file["bands"] = np.array([1.0, 2.0, 4.0])
        file["bands"].dims[0].attach_scale(file["percentile"])
    with h5py.File(tmp_path / "sweep" / "sweep.h5", "w") as file:
        for name, values in {"a.x": [1.0, 2.0], "b.y": np.array(["p", "q"], dtype=h5py.string_dtype())}.items():
            file[name] = values
            file[name].make_scale(name)
        for name, values in {
            "number": [[3.0, 5.0], [np.nan, -1.0]],
            "index/status": np.full((2, 2), "done", h5py.string_dtype()),
        }.items():
            file[name] = values
            for axis, key in enumerate(("a.x", "b.y")):
                file[name].dims[axis].attach_scale(file[key])
    return Results({name: tmp_path / name for name in ("random", "sweep", "two")})


@pytest.mark.parametrize(
    "study, ends, words",
    [
        ({"samples": {"run": "random", "path": "samples"}}, None, "5 to 95 % of 150 samples, made up (100 of 150"),
        ({"percentiles": {"run": "random", "path": "bands"}}, (1, 4), "5 to 95 % of the samples"),
        ({"run": "sweep", "over": ["a.x", "b.y"]}, (-1, 5), "all 3 combinations: made up"),
    ],
)
def test_bands_of_studies(studies, study, ends, words):
    ours = {"run": "sweep", "path": "number", "select": {"a.x": 1.0, "b.y": "p"}}
    [band] = judge(statement(**RULE, ours=ours, study=study | {"from": "made up"}), studies).bands
    known = np.arange(150)[np.arange(150) % 3 > 0]
    assert (band.lower, band.upper) == pytest.approx(
        ends or tuple(np.percentile(known, (5, 95)))
    ) and band.source.startswith(words)
    assert (
        judge(statement(**RULE, ours=ours, study={"samples": {"run": "two", "path": "x"}, "from": "x"}), studies).bands
        == ()
    )


def test_a_sweep_with_points_missing_is_told(studies):
    operand = {"measure": "dense_limit", "runs": ["sweep"], "arguments": {"material": "MoS2", "species": "exciton"}}
    with h5py.File(studies.file("sweep"), "r+") as file:
        file["index/status"][0, 1] = "missing"
    with pytest.raises(Missing, match="1 of 4 points of the run 'sweep' are missing"):
        studies.number(operand)


def test_orders_of_convergence(tmp_path):
    with h5py.File(tmp_path / "result.h5", "w") as file:
        for number, step in enumerate((0.4, 0.2, 0.1)):
            file[f"number{number}"] = 1 + step**3
            x = (np.arange(4 * 3**number) + 0.5) / 3**number  # centres of cells, each cut into three
            file[f"curve{number}"] = np.sin(x) * (1 + 3.0 ** (-2 * number))
        file["text"] = '{"error": 0.8, "step": 0.2, "smaller": 0.05}'
    results = Results({"one": tmp_path})
    parts = [{"path": f"number{number}"} for number in range(3)]
    assert results.number({"run": "one", "measure": "order", "arguments": {"ratio": 2}, "of": parts}) == pytest.approx(
        3
    )
    parts = [{"path": f"curve{number}"} for number in range(3)]
    assert results.number(
        {"run": "one", "measure": "curve_order", "arguments": {"ratio": 3}, "arrays": parts}
    ) == pytest.approx(2)
    parts = [
        {"path": "text#error"},
        {"path": "text#step"},
        {"path": "text#smaller"},
        {"path": "text#smaller", "times": 2},
    ]
    assert results.number({"run": "one", "measure": "order_of_errors", "of": parts}) == pytest.approx(4)


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


BENCH = "# made today, revision abc, 2 cores\n== bench\nratio: ours < theirs: 2.50\nother 1 < 2\n"
LARGE = {"title": "Long", "ranks": 2, "date": "yesterday", "revision": "abc"}
LARGE["numbers"] = [{"what": "wall time", "value": 369.0, "unit": "s"}]


BAR = {
    "model": "exciton",
    "input": "a < b",
    "quantity": "x",
    "unit": "meV",
    "target": "1 %",
    "limit": 10.0,
    "bar": 0.5,
    "finer": 10.2,
    "held": True,
}
BAR |= {"revision": "abc", "processor_time": 60}
BARS = {
    "date": "today",
    "rows": [BAR, BAR | {"limit": 11.0, "held": False}, BAR | {"model": "trion", "finer": 10.0}],
}


def test_error_bars_are_counted_by_model():
    assert error_bars.counts(BARS) == [
        ["exciton", "2", "1", "1.6"],
        ["trion", "1", "1", "inf"],
        ["all", "3", "2", "2.5"],
    ]
    assert error_bars.cells(BAR) == ["exciton", "a &lt; b", "x", "1 %", "10.00 ± 0.50 meV", "10.200 meV", "2.5"]
    assert error_bars.cells(BARS["rows"][1])[-1] == "0.6: outside"


def test_stored_error_bars_are_whole():
    table = error_bars.stored_bars()
    assert table["date"] and len(table["rows"]) >= 40 and all(row["revision"] for row in table["rows"])
    assert sum(row["held"] for row in table["rows"]) >= 0.95 * len(table["rows"])


def test_benchmarks_are_read(tmp_path):
    assert read_benchmarks(tmp_path / "none.log").log == ""
    (tmp_path / "bench.log").write_text(BENCH)
    bench = read_benchmarks(tmp_path / "bench.log")
    assert (bench.made, bench.ratios) == ("today, revision abc, 2 cores", [("ours < theirs", "2.50")])


def test_stored_runs_say_when_and_from_which_revision():
    for run in stored_runs():
        assert run["date"] and run["revision"] and all(np.isfinite(row["value"]) for row in run["numbers"])


SHORT = """\
title = "Short"
model = "wigner"
material = "WS2"
temperature = 300
[output]
directory = "short"
[space]
dimension = 1
points = 48
width = "2.4 um"
[momentum]
first_bin = "4 meV"
growth = 1.4
largest_bin = "12 meV"
harmonics = 1
[time]
end = "1 ps"
outputs = [[0.5, 1]]
tolerance = 1e-2
"""


def test_a_long_run_is_stored(tmp_path):
    (tmp_path / "input.toml").write_text(SHORT)
    for words in (
        [str(Path(sys.executable).with_name("hpcx")), "run", "input.toml"],
        [sys.executable, str(ROOT / "postprocess/store_large.py"), "short/result.h5", "--output", "stored"],
    ):
        run = subprocess.run(words, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=200)
        assert run.returncode == 0, run.stderr
    stored = json.loads((tmp_path / "stored" / "short.json").read_text())
    numbers = {row["what"]: row["value"] for row in stored["numbers"]}
    assert (stored["title"], stored["ranks"]) == ("Short", 1) and stored["date"]
    assert 0.05 < numbers["largest resident memory of a rank"] < 4 and numbers["unknowns"] > 1000
    assert numbers["largest difference of populations, widths and diffusivities from the moments"] < 1e-2
    [cost] = costs_of(
        Results({"run": tmp_path / "short"}), [Run("run", "input.toml", "t", 1, tmp_path / "short")], tmp_path
    )
    assert cost["points"] == 1 and cost["peak_memory"] == pytest.approx(
        1e9 * numbers["largest resident memory of a rank"]
    )


SCRIPT = """\
import sys
from pathlib import Path
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.figure().savefig(Path(sys.argv[1]).with_name("curve.png"))
"""


def test_the_page_is_whole(results, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [str(tmp_path / "script.py"), "{one}"]
    figure = {"place": "Figure 1", "caption": "A <curve>.", "alt": "a curve", "command": command, "image": "curve"}
    absent = [
        figure | {"command": [command[0], "{two}"]},
        {"place": "Figure 2", "caption": "Idea.", "absent": "a drawing"},
    ]
    absent += [figure | {"image": "other"}]
    rows = [
        statement(**RULE, says="a < b & c"),
        statement(id="b", paper=[1, 2], group="h"),
        statement(id="c", not_comparable="x"),
    ]
    paper = Paper("made-up", "Made up", "Nobody (2000)", "Text.", tuple(rows), (figure, *absent))
    drawn = draw_figures(paper, results, draw)
    run = {
        "input": "i.toml",
        "points": 1,
        "ranks": 2,
        "wall_seconds": 1.0,
        "cpu_seconds": 2.0,
        "core_hours": 0.1,
        "text": "t",
    }
    (tmp_path / "bench.log").write_text(BENCH)
    cost = Cost([run | {"peak_memory": 2.5e8}], read_benchmarks(tmp_path / "bench.log"), [LARGE], BARS)
    text = render([Section(paper, [judge(row, results) for row in rows], drawn)], cost, {"made": "today"})
    parser = Images()
    parser.feed(text)
    assert parser.outside == [] and [image["alt"] for image in parser.images] == ["a curve"]
    assert "a &lt; b &amp; c" in text and "ours &lt; theirs" in text
    assert [reason for _, _, reason in drawn][:3] == ["", "it failed", "a drawing"] and "no image" in drawn[3][2]
    assert re.search(r"<td(?! data-label=)", text) is None  # on a narrow screen a cell stands alone, with its label
    assert "0.25" in text and "369 s" in text and "yesterday, revision abc" in text
    assert "Error bars by model" in text and "0.6: outside" in text
    assert {"prefers-color-scheme: dark", "@media print"} <= set(
        re.findall(r"prefers-color-scheme: dark|@media print", text)
    )
    if shutil.which("tidy"):
        (tmp_path / "index.html").write_text(text)
        check = subprocess.run(["tidy", "-e", "-q", str(tmp_path / "index.html")], capture_output=True, text=True)
        assert (check.returncode, check.stderr) == (0, "")
