"""Error bars of `hpcx converge` against much finer calculations, as `make validate-bars` has stored them."""

from __future__ import annotations

import json
import math
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

STORED = Path(__file__).with_name("stored") / "bars" / "error_bars.json"
LABELS = ("model", "input", "quantity", "target", "limit", "finer calculation", "bar over error")
COUNTS = ("model", "cases", "held by the bar", "bar over error, median")


def stored_bars(path: Path = STORED) -> dict[str, Any]:
    """Return the stored table with date and revision; nothing if there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def ratio(row: dict[str, Any]) -> float:
    """Return the bar over the error of a case, infinite if there is no error."""
    error = abs(row["limit"] - row["finer"])
    return row["bar"] / error if error else math.inf


def cells(row: dict[str, Any]) -> list[str]:
    """Return the cells of a case, HTML."""
    digits = max(1 - math.floor(math.log10(row["bar"])), 0)
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    numbers = [f"{row['limit']:.{digits}f} ± {row['bar']:.{digits}f}{unit}", f"{row['finer']:.{digits + 1}f}{unit}"]
    told = f"{ratio(row):.1f}" + ("" if row["held"] else ": outside")
    return [escape(text) for text in (row["model"], row["input"], row["quantity"], row["target"], *numbers, told)]


def counts(table: dict[str, Any]) -> list[list[str]]:
    """Return for each model and all of them how many cases there are, how many bars hold, and how wide they are."""
    models = list(dict.fromkeys(row["model"] for row in table["rows"]))
    return [_counted(model, [row for row in table["rows"] if row["model"] == model]) for model in models] + [
        _counted("all", table["rows"])
    ]


def _counted(name: str, rows: list[dict[str, Any]]) -> list[str]:
    return [name, str(len(rows)), str(sum(row["held"] for row in rows)), f"{median(map(ratio, rows)):.1f}"]
