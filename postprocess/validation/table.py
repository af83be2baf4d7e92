"""The table of statements: one TOML file per paper, and `runs.toml` with the inputs that are computed for them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

#: where the inputs behind a number, or the number to compare with, are from; agreement counts for the first alone
ORIGINS = ("literature", "recalled", "fitted", "guessed")


@dataclass(frozen=True)
class Statement:
    """One statement of a paper, and how our number is compared with it.

    Exactly one rule applies: `tolerance` around the number `paper`, the interval `paper` of two numbers, or `expect`, a
    condition such as "> 0.5" on our number. With `not_comparable` nothing is compared. With `identity` the rule is
    checked but not counted.

    Attributes:
        id: unique name.
        group: heading under which it stands.
        place: figure, table, equation or section of the paper.
        says: the statement in few words.
        paper: the paper's number, an interval, or words.
        unit: unit of both numbers.
        ours: operand (see `results`), or None.
        inputs: one of ORIGINS: the worst of the inputs that decide the number, as far as tags in the provenance of its
            results do not say it (see `origins`): they can only make it weaker.
        independent: why tagged numbers do not decide the verdict, so that `inputs` stands, or "".
        note: which inputs, or what else explains the verdict.
        tolerance: largest difference that counts as agreement, with its reason in `tolerance_reason`.
        expect: condition on our number.
        finer: changes of the operand for a finer numerical calculation; the difference is the error bar.
        error: operand that is the error bar itself.
        band: changes of the operand for other values of uncertain inputs.
        band_from: what is varied in the band.
        study: runs that vary uncertain inputs together, and how the band is read off them (see `bands`), or None.
        shows: how our number is shown, a format with {0}; by default four digits.
        not_comparable: why nothing can be compared, or "".
        identity: why the statement is true by construction of the model or of the operand, or "".
    """

    id: str
    group: str
    place: str
    says: str
    paper: float | list[float] | str
    unit: str = ""
    ours: dict[str, Any] | None = None
    inputs: str = "literature"
    independent: str = ""
    note: str = ""
    tolerance: float | None = None
    tolerance_reason: str = ""
    expect: str = ""
    finer: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    band: list[dict[str, Any]] = field(default_factory=list)
    band_from: str = ""
    study: dict[str, Any] | None = None
    shows: str = ""
    not_comparable: str = ""
    identity: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a row that cannot be judged."""
        rules = [self.tolerance is not None, isinstance(self.paper, list), bool(self.expect), bool(self.not_comparable)]
        if sum(rules) != 1:
            raise ValueError(f"{self.id}: needs exactly one of tolerance, an interval, expect, not_comparable")
        if self.inputs not in ORIGINS:
            raise ValueError(f"{self.id}: inputs is '{self.inputs}', must be one of {', '.join(ORIGINS)}")
        if self.tolerance is not None and not (self.tolerance_reason and isinstance(self.paper, (int, float))):
            raise ValueError(f"{self.id}: a tolerance needs a number of the paper and a reason")
        if not self.not_comparable and self.ours is None:
            raise ValueError(f"{self.id}: does not say where our number is from")
        if self.inputs != "literature" and not self.note and not self.not_comparable:
            raise ValueError(f"{self.id}: recalled, fitted or guessed inputs must be named in note")
        if self.identity and self.not_comparable:
            raise ValueError(f"{self.id}: an identity needs a rule")


@dataclass(frozen=True)
class Paper:
    """All statements and figures of one paper (or of the section on numerics).

    Attributes:
        name: of the file.
        title, reference: for the heading.
        text: what the section says first.
        statements, figures: in the order of the page.
        checks: true for the section on numerics, whose rows hold or fail.
        order: place on the page.
    """

    name: str
    title: str
    reference: str
    text: str
    statements: tuple[Statement, ...]
    figures: tuple[dict[str, Any], ...]
    checks: bool = False
    order: int = 0


def load_paper(path: Path) -> Paper:
    """Read one file of statements; raises ValueError for rows that cannot be judged, TypeError for unknown keys."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    statements = tuple(Statement(**row) for row in table.get("statement", []))
    head = (table["title"], table["reference"], table.get("text", ""))
    return Paper(
        path.stem, *head, statements, tuple(table.get("figure", [])), table.get("checks", False), table["order"]
    )


def load_papers() -> list[Paper]:
    """Read all statements, in the order of the page."""
    return sorted(map(load_paper, (HERE / "statements").glob("*.toml")), key=lambda paper: paper.order)


@dataclass(frozen=True)
class Run:
    """One input that validation needs.

    Attributes:
        name: as operands call it.
        input: path from the root of the repository.
        text: what it is for.
        ranks: number of ranks.
        directory: output directory.
        settings: `--set` words.
    """

    name: str
    input: str
    text: str
    ranks: int
    directory: Path
    settings: tuple[str, ...] = ()


def load_runs(root: Path) -> list[Run]:
    """Read the list of runs; the output directories are those of the inputs, or of the settings if these say so."""
    table = tomllib.loads((HERE / "runs.toml").read_text(encoding="utf-8"))
    return [_run(root, row) for row in table["run"]]


def _run(root: Path, row: dict[str, Any]) -> Run:
    settings = tuple(row.get("set", []))
    directories = [word.partition("=")[2] for word in settings if word.startswith("output.directory=")]
    path = root / row["input"]
    written = (
        tomllib.loads(path.read_text(encoding="utf-8"))["output"]["directory"]
        if path.exists()
        else f"results/{path.stem}"
    )
    return Run(
        row["name"], row["input"], row["text"], row.get("ranks", 1), root / (directories or [written])[-1], settings
    )
