"""Write inputs/README.md: every input with its points,
its cost on one core as `hpcx check` estimates it, and its title.

.venv/bin/python jobs/list_inputs.py
"""

from __future__ import annotations

from pathlib import Path

from hpcx import registry
from hpcx.config.load import load_plan
from hpcx.parallel.run import spoken
from hpcx.sweep.check import in_all

ROOT = Path(__file__).resolve().parents[1]

TEXT = """# Inputs

One or more per published figure. `hpcx run inputs/FILE.toml` runs one, alone or under mpirun; the comment at the top
of each file says which figure it is and which script of `postprocess/` draws it. Times and memory are those of `hpcx
check` for one core of the machine on which costs were measured (63 GF/s in matrix products, 14 GB/s of memory); it
also says what other numbers of ranks need. Points of a sweep are shared by groups of ranks, so a sweep of many points
on P ranks takes about a P-th. `jobs/list_inputs.py` writes this page.

{own}

## For `make validate`

What the comparison with the papers computes beside inputs of the list above (`postprocess/validation/runs.toml` names
them all); results go to `results/validation/`. Inputs named `ranks_...` are run on one rank and on three, those named
`convergence_...` measure orders.

{validation}
"""

HEAD = "| input | points | one core | memory per rank | what it computes |\n|---|---|---|---|---|\n"


def row(path: Path) -> str:
    """Return the line of one input."""
    plan = load_plan(str(path), [])
    estimates = [registry.estimator(point.config.model)(point.config, point.material, 1) for point in plan.points]
    memory = max(estimate.bytes_per_rank for estimate in estimates) / 1e9
    name = path.relative_to(ROOT / "inputs")
    return (
        f"| `{name}` | {len(plan.points)} | {spoken(in_all(estimates).seconds)} | {memory:.2f} GB |"
        f" {plan.config.title} |"
    )


def table(paths: list[Path]) -> str:
    """Return the table of some inputs."""
    return HEAD + "\n".join(row(path) for path in sorted(paths))


def page() -> str:
    """Return the text of the page."""
    tables = {
        "own": list((ROOT / "inputs").glob("*.toml")),
        "validation": list((ROOT / "inputs" / "validation").glob("*.toml")),
    }
    return TEXT.format(**{name: table(paths) for name, paths in tables.items()})


if __name__ == "__main__":
    (ROOT / "inputs" / "README.md").write_text(page(), encoding="utf-8")
