"""The page: one HTML file without a network, light and dark, for screens wide and narrow and for paper."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from validation import error_bars
from validation.costs import Benchmarks
from validation.figures import shown_command
from validation.results import Missing, Results
from validation.table import Paper
from validation.verdicts import (
    DIFFERS,
    FAILS,
    HOLDS,
    IDENTITY,
    NOT_COMPARABLE,
    NOT_RUN,
    REPRODUCED,
    UNCERTAIN,
    VERDICTS,
    Judgement,
)

_CLASSES = {
    REPRODUCED: "good",
    UNCERTAIN: "fitted",
    DIFFERS: "bad",
    IDENTITY: "identity",
    NOT_COMPARABLE: "none",
    NOT_RUN: "absent-run",
    HOLDS: "good",
    FAILS: "bad",
}
_SIGNS = {"good": "✔", "fitted": "≈", "bad": "✘", "identity": "≡", "none": "–", "absent-run": "○"}


@dataclass(frozen=True)
class Section:
    """A paper with the verdicts on its statements and its drawn figures.

    Attributes:
        paper: what is compared.
        judgements: in the order of the table.
        figures: pairs of the figure's table and either ((PNG, (width, height)), "") or (None, reason).
    """

    paper: Paper
    judgements: list[Judgement]
    figures: list[tuple[dict[str, Any], tuple[bytes, tuple[int, int]] | None, str]]


@dataclass(frozen=True)
class Cost:
    """What the section on cost shows.

    Attributes:
        runs: a row for every run (see `costs.costs_of`).
        benchmarks: what `make bench` has printed.
        large: stored numbers of long runs.
        bars: stored comparison of error bars with finer calculations.
    """

    runs: list[dict[str, Any]]
    benchmarks: Benchmarks
    large: list[dict[str, Any]]
    bars: dict[str, Any]


def draw_figures(paper: Paper, results: Results, draw: Any) -> list[tuple[dict[str, Any], Any, str]]:
    """Return each figure of a paper with its image, or with the reason why there is none."""
    drawn = []
    for figure in paper.figures:
        try:
            drawn.append((figure, draw(figure, results), ""))
        except Missing as error:
            drawn.append((figure, None, str(error)))
    return drawn


def render(sections: list[Section], cost: Cost, facts: dict[str, str]) -> str:
    """Return the page as text."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    papers = [section for section in sections if not section.paper.checks]
    body = [
        "<header><h1>hpcx: comparison with published numbers</h1>",
        (
            "<p>Every statement below is compared by rule with result files that <code>hpcx run</code> has written; in"
            " the tables nothing was typed in by hand except the papers' own numbers, those of independent"
            " calculations, and the tolerances. <code>make validate</code> makes the page again.</p>"
        ),
        _legend(),
        _summary(papers),
        "</header>",
        _contents(sections),
        *(_section(section) for section in sections),
        _bars(cost.bars),
        _cost(cost),
        _facts(facts),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport"'
        ' content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light'
        f' dark">\n<title>hpcx: comparison with published numbers</title>\n<style>\n{style}</style>\n</head>\n<body>\n'
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


_EDGE_MARK = '<span class="edge">near its bound</span>'


def _badge(verdict: str) -> str:
    kind = _CLASSES[verdict]
    return f'<span class="verdict {kind}">{_SIGNS[kind]} {escape(verdict)}</span>'


def _legend() -> str:
    meanings = {
        REPRODUCED: (
            "our number obeys the stated rule, and no number of a material or of surroundings behind it is tagged as"
            " fitted, guessed or recalled from memory in the result's provenance, or the row says why these do not"
            " decide it"
        ),
        UNCERTAIN: (
            "it obeys the rule, but inputs behind it, by their tags or as the row says, or the number to compare with,"
            " were fitted, guessed or recalled: not counted as agreement"
        ),
        DIFFERS: "it does not obey the rule",
        IDENTITY: "it obeys the rule, and could not do otherwise: true by construction, not counted",
        NOT_COMPARABLE: "the paper gives no number that can be compared, or the number is an input",
        NOT_RUN: "the run behind it has no result here",
    }
    rows = "".join(f"<dt>{_badge(verdict)}</dt><dd>{escape(text)}</dd>" for verdict, text in meanings.items())
    edge = (
        "the number is within 10 % of the bound of its rule (of the tolerance, of half the width allowed) or within its"
        " numerical error"
    )
    return f'<dl class="legend">{rows}<dt>{_EDGE_MARK}</dt><dd>{escape(edge)}</dd></dl>'


def _summary(sections: list[Section]) -> str:
    head = "".join(f'<th scope="col">{escape(verdict)}</th>' for verdict in VERDICTS)
    rows = [_summary_row(section.paper.title, section.judgements, section.paper.name) for section in sections]
    total = _summary_row("all", [judgement for section in sections for judgement in section.judgements])
    return (
        '<table class="summary"><caption>Statements by paper and verdict</caption>'
        f'<thead><tr><th scope="col">paper</th>{head}</tr></thead><tbody>{"".join(rows)}{total}</tbody></table>'
    )


def _summary_row(title: str, judgements: list[Judgement], anchor: str = "") -> str:
    counts = [sum(judgement.verdict == verdict for judgement in judgements) for verdict in VERDICTS]
    name = f'<a href="#{anchor}">{escape(title)}</a>' if anchor else escape(title)
    cells = "".join(f'<td data-label="{escape(verdict)}">{count}</td>' for verdict, count in zip(VERDICTS, counts))
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _contents(sections: list[Section]) -> str:
    links = [f'<li><a href="#{section.paper.name}">{escape(section.paper.title)}</a></li>' for section in sections]
    links += [
        '<li><a href="#bars">Error bars</a></li>',
        '<li><a href="#cost">Cost</a></li>',
        '<li><a href="#made">How this page was made</a></li>',
    ]
    return f'<nav aria-label="contents"><ul>{"".join(links)}</ul></nav>'


def _section(section: Section) -> str:
    paper = section.paper
    groups = [
        (name, list(rows)) for name, rows in groupby(section.judgements, lambda judgement: judgement.statement.group)
    ]
    tables = "".join(_table(name, rows, paper.checks) for name, rows in groups)
    figures = "".join(_figure(*figure) for figure in section.figures)
    text = f"<p>{escape(paper.text)}</p>" if paper.text else ""
    return (
        f'<section id="{paper.name}"><h2>{escape(paper.title)}</h2><p'
        f' class="reference">{escape(paper.reference)}</p>{text}{tables}{figures}</section>'
    )


def _table(name: str, rows: list[Judgement], checks: bool) -> str:
    other = "expected" if checks else "paper"
    labels = ("where", "statement", other, "hpcx", "verdict and reason")
    head = "".join(f'<th scope="col">{label}</th>' for label in labels)
    body = "".join(_row(judgement, labels) for judgement in rows)
    return (
        "<table"
        f' class="rows"><caption>{escape(name)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _row(judgement: Judgement, labels: tuple[str, ...]) -> str:
    statement = judgement.statement
    cells = [
        escape(statement.place),
        escape(statement.says),
        escape(_with_unit(_paper_text(statement.paper), judgement.unit, isinstance(statement.paper, str))),
        _ours(judgement),
        f'{_badge(judgement.verdict)}{_marks(judgement)} <span class="reason">{escape(judgement.reason)}</span>',
    ]
    tagged = "".join(f'<td data-label="{label}">{cell or "&nbsp;"}</td>' for label, cell in zip(labels, cells))
    return f'<tr id="{escape(statement.id)}">{tagged}</tr>'


def _marks(judgement: Judgement) -> str:
    """Return where the inputs are from, unless they are from the literature,
    and whether the number is near its bound.
    """
    own, origin = judgement.statement.inputs, judgement.origin
    words = [word for word in dict.fromkeys((own, origin)) if word != "literature"]
    shown = bool(words) and not judgement.statement.not_comparable
    label = f' <span class="origin">{", ".join(words)}</span>' if shown else ""
    return label + (f" {_EDGE_MARK}" if judgement.edge else "")


def _paper_text(paper: float | list[float] | str) -> str:
    if isinstance(paper, list):
        return f"{paper[0]:g} to {paper[1]:g}"
    return paper if isinstance(paper, str) else f"{paper:g}"


def _with_unit(text: str, unit: str, words: bool) -> str:
    return text if words or unit in ("", "1") else f"{text} {unit}"


def _ours(judgement: Judgement) -> str:
    text = escape(
        _with_unit(
            judgement.shown(), judgement.unit if judgement.value is not None else "", bool(judgement.statement.shows)
        )
    )
    if judgement.error is not None:
        text += f' <span class="error" title="numerical error bar">± {judgement.error:.1g}</span>'
    for band in judgement.bands:
        text += f'<br><span class="band">{band.lower:.4g} to {band.upper:.4g}: {escape(band.source)}</span>'
    return text


def _figure(figure: dict[str, Any], image: tuple[bytes, tuple[int, int]] | None, reason: str) -> str:
    caption = f"<b>{escape(figure['place'])}.</b> {escape(figure['caption'])}"
    if image is None:
        return f'<p class="absent">{caption} Not drawn: {escape(reason)}</p>'
    data, (width, height) = image
    source = base64.b64encode(data).decode()
    return (
        f'<figure><img src="data:image/png;base64,{source}" width="{width}" height="{height}"'
        f' alt="{escape(figure["alt"])}"><figcaption>{caption} <code'
        f' class="command">{escape(shown_command(figure))}</code></figcaption></figure>'
    )


def _cost(cost: Cost) -> str:
    labels = (
        "input",
        "points",
        "ranks",
        "memory per rank (GB)",
        "wall time (s)",
        "processor time (s)",
        "core-hours",
        "what for",
    )
    rows = [_cost_row(run) for run in cost.runs]
    seconds = sum(run["cpu_seconds"] for run in cost.runs)
    total = f"<p>In all {seconds:.0f} s of processor time, {seconds / 2 / 60:.1f} minutes on two idle cores.</p>"
    text = (
        "<p>Wall times are those of runs that share the machine on which the page was made, one per core; processor"
        " times (of all ranks and of the launcher, waiting included) depend on it less. Memory is the most that any"
        " rank held at any time, the interpreter and its libraries included (about 0.15 GB).</p>"
    )
    table = _plain_table("Runs behind this page", labels, rows, "rows cost")
    return (
        "<section"
        f' id="cost"><h2>Cost</h2>{text}{table}{total}{_large(cost.large)}{_benchmarks(cost.benchmarks)}</section>'
    )


def _plain_table(caption: str, labels: tuple[str, ...], rows: list[list[str]], classes: str) -> str:
    """Return a table; the cells are HTML."""
    head = "".join(f'<th scope="col">{label}</th>' for label in labels)
    cells = (
        "".join(f'<td data-label="{label}">{cell or "&nbsp;"}</td>' for label, cell in zip(labels, row)) for row in rows
    )
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    top = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    return f'<table class="{classes}">{top}<tbody>{body}</tbody></table>'


def _cost_row(run: dict[str, Any]) -> list[str]:
    return [
        f"<code>{escape(run['input'])}</code>",
        str(run["points"]),
        str(run["ranks"]),
        f"{run['peak_memory'] / 1e9:.2f}" if run["peak_memory"] else "",
        f"{run['wall_seconds']:.1f}",
        f"{run['cpu_seconds']:.1f}",
        f"{run['core_hours']:.4f}",
        escape(run["text"]),
    ]


def _large(runs: list[dict[str, Any]]) -> str:
    head = "<h3>Long runs</h3>"
    if not runs:
        return f"{head}<p>No numbers are stored: <code>make validate-large</code> computes and stores them.</p>"
    tables = []
    for run in runs:
        caption = f"{run['title']}: {run['ranks']} ranks, {run['date']}, revision {run['revision']}"
        rows = [
            [escape(row["what"]), escape(_with_unit(f"{row['value']:.4g}", row["unit"], False))]
            for row in run["numbers"]
        ]
        tables.append(_plain_table(caption, ("what", "number"), rows, "rows pairs"))
    return f"{head}<p>Stored by <code>make validate-large</code>, not computed with this page.</p>{''.join(tables)}"


def _bars(table: dict[str, Any]) -> str:
    head = '<section id="bars"><h2>Error bars</h2>'
    if not table:
        return (
            f"{head}<p>No numbers are stored: <code>make validate-bars</code> computes and stores them.</p></section>"
        )
    revisions = ", ".join(sorted({row["revision"] for row in table["rows"]}))
    minutes = sum(row["processor_time"] for row in table["rows"]) / 60
    text = (
        "<p>Limits that <code>hpcx converge</code> finds for a cheap target, with their bars, beside a calculation in"
        " which every numerical parameter is well beyond all that the limit came from. Stored by <code>make"
        f" validate-bars</code>, {escape(table['date'])}, revision {escape(revisions)}, {minutes:.0f} minutes of"
        " processor time; not computed with this page.</p>"
    )
    short = _plain_table("Error bars by model", error_bars.COUNTS, error_bars.counts(table), "rows cost")
    rows = [error_bars.cells(row) for row in table["rows"]]
    return f"{head}{text}{short}{_plain_table('All cases', error_bars.LABELS, rows, 'rows cost')}</section>"


def _benchmarks(benchmarks: Benchmarks) -> str:
    head = "<h3>Benchmarks</h3>"
    if not benchmarks.log:
        return (
            f"{head}<p>No benchmarks have been run here: <code>make bench</code> leaves its numbers for this page.</p>"
        )
    rows = [[escape(what), escape(number)] for what, number in benchmarks.ratios]
    made = benchmarks.made or "date and revision unknown"
    table = _plain_table(f"Ratios of make bench, {made}", ("what", "ratio"), rows, "rows pairs") if rows else ""
    return (
        f"{head}{table}<details><summary>All that was printed"
        f" ({escape(made)})</summary><pre>{escape(benchmarks.log)}</pre></details>"
    )


def _facts(facts: dict[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    return f'<section id="made"><h2>How this page was made</h2><dl class="facts">{rows}</dl></section>'
