"""Compare hpcx with the papers: run what is needed, judge every statement, write validation.json and index.html.

python postprocess/validate.py            everything (`make validate`)
python postprocess/validate.py --no-runs  judge and draw what results there are
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
from validation.costs import costs_of, read_benchmarks, stored_runs
from validation.error_bars import stored_bars
from validation.figures import draw
from validation.page import Cost, Section, draw_figures, render
from validation.results import Missing, Results
from validation.runs import run_all
from validation.table import Run, load_papers, load_runs
from validation.verdicts import CHECKS, VERDICTS, as_json, judge_paper

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run, judge, write; return 1 if a run failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-runs", action="store_true", help="only judge and draw what results there are")
    parser.add_argument("--only", nargs="+", metavar="RUN", help="run these alone, and write no page")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "validation", help="folder of the page")
    options = parser.parse_args()
    runs = load_runs(ROOT)
    if options.only:
        return 1 if run_all(ROOT, [run for run in runs if run.name in options.only], options.output) else 0
    failures = _old_failures(options.output) if options.no_runs else run_all(ROOT, runs, options.output)
    results = Results({run.name: run.directory for run in runs}, failures)
    sections = _judge(results)
    options.output.mkdir(parents=True, exist_ok=True)
    facts = _facts(results, runs)
    cost = Cost(
        costs_of(results, runs, options.output),
        read_benchmarks(ROOT / "results" / "bench.log"),
        stored_runs(),
        stored_bars(),
    )
    _write(options.output / "validation.json", json.dumps(_data(sections, facts, cost), indent=1) + "\n")
    _write(options.output / "index.html", render(sections, cost, facts))
    _print_summary(sections, failures)
    return 1 if failures else 0


def _old_failures(folder: Path) -> dict[str, str]:
    path = folder / "failures.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _judge(results: Results) -> list[Section]:
    return [Section(paper, judge_paper(paper, results), draw_figures(paper, results, draw)) for paper in load_papers()]


def _data(sections: list[Section], facts: dict[str, str], cost: Cost) -> dict[str, Any]:
    papers = [
        {"name": s.paper.name, "title": s.paper.title, "reference": s.paper.reference}
        | {"statements": [as_json(judgement) for judgement in s.judgements]}
        for s in sections
    ]
    bench = {"made": cost.benchmarks.made, "ratios": dict(cost.benchmarks.ratios)}
    return {
        "made": facts,
        "papers": papers,
        "runs": cost.runs,
        "benchmarks": bench,
        "large": cost.large,
        "bars": cost.bars,
    }


def _facts(results: Results, runs: list[Run]) -> dict[str, str]:
    facts = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "command": "make validate"}
    machine = f"{os.cpu_count()} cores, {os.uname().machine}"
    for run in runs:
        try:
            versions = _versions(results.file(run.name))
        except Missing:
            continue
        return facts | {
            "machine": machine,
            "versions of the first run": ", ".join(f"{k} {v}" for k, v in versions.items()),
        }
    return facts | {"machine": machine}


def _versions(path: Path) -> dict[str, str]:
    source = path if path.name == "result.h5" else next(iter(sorted(path.parent.glob("points/*.h5"))), None)
    if source is None:
        return {}
    with h5py.File(source, "r") as file:
        return json.loads(file["provenance/versions"][()])


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
    print(f"wrote {path}")


def _print_summary(sections: list[Section], failures: dict[str, str]) -> None:
    for section in sections:
        verdicts = [judgement.verdict for judgement in section.judgements]
        words = CHECKS if section.paper.checks else VERDICTS
        print(f"{section.paper.title}: " + ", ".join(f"{verdicts.count(word)} {word}" for word in words))
    for name, message in failures.items():
        print(f"run {name}: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
