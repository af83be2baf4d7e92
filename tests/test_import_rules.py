"""The rules of the house: who may import whom, no work at import time,
small files and functions, documented interfaces.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from hpcx.registry import MODELS

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "hpcx").rglob("*.py"))
SCRIPTS = sorted((ROOT / "postprocess").rglob("*.py"))
MODEL_PACKAGES = {*MODELS, "exciton", "trion", "wigner", "formation", "valley"}
PARALLEL_LIBRARIES = {"mpi4py", "petsc4py", "slepc4py"}
NUMERICS = {"numpy", "scipy", "h5py", "ducc0", "numba"} | PARALLEL_LIBRARIES

#: what each part of hpcx may import from hpcx; types alone (`if TYPE_CHECKING`) do not count
ALLOWED = {
    "__init__": {"tree"},
    "tree": {"tree_points", "io.seal", "renamed"},
    "inspection": {"inspection", "tree", "io", "materials", "registry", "parallel.launcher"},
    "tree_points": {"io.reading"},
    "units": {"spelling", "physics.constants"},
    "toml": set(),
    "textfile": set(),
    "spelling": set(),
    "completion": set(),
    "registry": {"parallel.machine"},
    "refinement": set(),
    "renamed": set(),
    "physics": {"physics"},
    "materials": {"materials", "units", "toml", "textfile", "spelling"},
    "config": {"config", "materials", "units", "toml", "textfile", "registry", "spelling"},
    "parallel": {"parallel"},
    "petsc": {"petsc", "parallel"},
    "io": {"io", "parallel", "physics", "renamed", "units"},
    "sweep": {"sweep", "config", "materials", "units", "textfile", "registry", "parallel", "petsc", "io"},
    "converge": {
        "converge",
        "refinement",
        "renamed",
        "sweep",
        "config",
        "materials",
        "units",
        "registry",
        "parallel",
        "petsc",
        "io",
        "spelling",
    },
    "terminal": set(),
    "commands": {
        "inspection",
        "tree",
        "terminal",
        "sweep",
        "config",
        "materials",
        "units",
        "registry",
        "parallel",
        "petsc.options",
    },
    "arguments": {"commands", "registry"},
    "cli": {
        "arguments",
        "commands",
        "completion",
        "terminal",
        "converge",
        "sweep",
        "config",
        "materials",
        "units",
        "registry",
        "parallel",
        "petsc",
        "io",
    },
    "__main__": {"cli"},
}
FOR_MODELS = {"physics", "materials", "units", "registry", "refinement", "parallel", "petsc", "io", "config.base"}
#: what scripts share with the program: the extrapolation, checksums of files, old names of datasets; these know arrays
#: and bytes alone
FOR_SCRIPTS = {"hpcx.converge.limits", "hpcx.io.seal", "hpcx.renamed"}
#: sections of inputs outside `config`
INPUT_SECTIONS = {"exciton.carriers_config", "exciton.tight_binding_config", "valley.mechanism_sets"}
FRIENDS = {"trion": {"exciton"}}


def module_name(path: Path) -> str:
    """Return the dotted name below hpcx, e.g. "config.base"; a package's own file counts as the package."""
    parts = path.relative_to(ROOT / "hpcx").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def is_type_checking(node: ast.AST) -> bool:
    """Say whether a node is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, without what only type checkers read."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not is_type_checking(child):
            yield from running(child)


def imports(path: Path, source: str | None = None) -> set[str]:
    """Return the dotted names that a file imports anywhere, relative ones resolved; `from a import b` counts as a.b."""
    names = set()
    for node in running(ast.parse(source or path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = path.parents[node.level - 1].relative_to(ROOT).parts if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names - {"hpcx.__version__"}


def foreign_parts(path: Path, source: str | None = None) -> set[str]:
    """Return what a file imports of hpcx and may not, below hpcx: "wigner.rates.table"."""
    allowed = allowed_parts(module_name(path))
    parts = {name.removeprefix("hpcx.") for name in imports(path, source) if name.startswith("hpcx.")}
    return {name for name in parts if not within(name, allowed)}


def libraries(path: Path, source: str | None = None) -> set[str]:
    """Return the top-level packages that a file imports."""
    return {name.split(".")[0] for name in imports(path, source)}


def allowed_parts(module: str) -> set[str]:
    """Return what a module may import of hpcx."""
    part = module.split(".")[0]
    if part not in MODEL_PACKAGES:
        return ALLOWED[part]
    friends = FRIENDS.get(part, set())
    if module == f"{part}.config" or module in INPUT_SECTIONS:
        return {
            "config.base",
            "materials",
            "units",
            "spelling",
            part,
            *INPUT_SECTIONS,
            *(f"{one}.config" for one in friends),
        }
    return FOR_MODELS | {part} | friends


def within(name: str, parts: set[str]) -> bool:
    """Say whether a dotted name is one of `parts` or lies below one."""
    return any(name == part or name.startswith(part + ".") for part in parts)


def offenders(paths: list[Path], rule: Callable[[Path], Collection[str]]) -> dict[str, list[str]]:
    """Return the files that break a rule, each with what the rule found in it."""
    found = {str(path.relative_to(ROOT)): sorted(rule(path)) for path in paths}
    return {path: what for path, what in found.items() if what}


def files_in(*parts: str) -> list[Path]:
    """Return the files of hpcx whose dotted names lie within `parts`."""
    return [path for path in FILES if within(module_name(path), set(parts))]


def test_every_module_imports_only_what_its_place_allows():
    assert offenders(FILES, foreign_parts) == {}


def test_what_needs_no_mpi_loads_none():
    modules = [
        "hpcx.commands",
        "hpcx.sweep.check",
        "hpcx.sweep.status",
        *(f"hpcx.{model}.estimate" for model in MODELS),
    ]
    assert loaded(modules, {"mpi4py.MPI", "petsc4py", "slepc4py"}, H5PY_ALWAYS_USE_MPI=None) == []


def test_only_the_petsc_package_imports_petsc():
    others = [path for path in FILES if path not in files_in("petsc")]
    assert offenders(others, lambda path: libraries(path) & {"petsc4py", "slepc4py"}) == {}


def test_physics_imports_numpy_and_scipy_alone():
    allowed = {"numpy", "scipy", "hpcx"} | sys.stdlib_module_names
    assert offenders(files_in("physics"), lambda path: libraries(path) - allowed) == {}


def test_input_is_read_without_numerics():
    paths = files_in("config", "units", "registry", "materials", *(f"{model}.config" for model in MODEL_PACKAGES))
    assert offenders(paths, lambda path: libraries(path) & NUMERICS) == {}


def loaded(modules, among, **environment):
    """Return which libraries a fresh interpreter loads with modules of hpcx; the environment without what is None."""
    script = f"import {', '.join(modules)}, sys; print(*({among!r} & set(sys.modules)))"
    environment = {key: value for key, value in (os.environ | environment).items() if value is not None}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_reading_an_input_loads_no_numerics():
    assert (
        loaded(["hpcx.config.load", "hpcx.config.schema", *(f"hpcx.{model}.config" for model in MODELS)], NUMERICS)
        == []
    )


def test_what_the_first_rank_asks_alone_begins_nothing_that_is_collective():
    modules = [f"hpcx.{model}.refusals" for model in MODELS if find_spec(f"hpcx.{model}.refusals")]
    assert modules and loaded(modules, {"mpi4py.MPI", "petsc4py.PETSc", "slepc4py.SLEPc"}) == []


def test_figure_scripts_know_result_files_only():
    assert offenders(SCRIPTS, lambda path: libraries(path) & PARALLEL_LIBRARIES) == {}
    ours = {str(path): {name for name in imports(path) if name.startswith("hpcx")} for path in SCRIPTS}
    assert {path: names for path, names in ours.items() if not all(within(name, FOR_SCRIPTS) for name in names)} == {}


def test_what_scripts_share_knows_arrays_and_bytes_alone():
    paths = [path for path in FILES if f"hpcx.{module_name(path)}" in FOR_SCRIPTS]
    assert paths and offenders(paths, lambda path: libraries(path) - {"numpy", "isal"} - sys.stdlib_module_names) == {}


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported: all but the bodies of functions and what only type checkers read."""
    yield node
    body = node.body if isinstance(node, FUNCTION | ast.Lambda) else []
    for child in ast.iter_child_nodes(node):
        if child is not body and child not in (body if isinstance(body, list) else []) and not is_type_checking(child):
            yield from at_import(child)


def global_communicators(path: Path) -> set[str]:
    """Return the communicators that a module names when it is imported, defaults of arguments included."""
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in at_import(ast.parse(path.read_text()))}
    return names & {"COMM_WORLD", "COMM_SELF"}


def calls_at_import(path: Path) -> list[str]:
    """Return the calls that stand alone at the top of a module: work at import time."""
    body = ast.parse(path.read_text()).body
    return [ast.unparse(node) for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]


def test_the_communicator_is_an_argument():
    assert offenders(FILES, global_communicators) == {}


def test_no_work_at_import_time():
    assert offenders(FILES, calls_at_import) == {}


def files_in_the_locale(path: Path) -> list[str]:
    """Return the calls that read or write text in whatever encoding the locale has; all our files are UTF-8."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    calls = [
        call
        for call in calls
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in ("open", "read_text", "write_text")
    ]
    texts = [ast.unparse(call) for call in calls if not any(word.arg == "encoding" for word in call.keywords)]
    return [text for text in texts if not any(foreign in text for foreign in ("os.open(", "h5", "b'"))]


def test_text_files_are_utf8_whatever_the_locale_is():
    assert offenders(FILES + SCRIPTS + [ROOT / "jobs/list_inputs.py"], files_in_the_locale) == {}


def long_functions(path: Path) -> list[str]:
    """Return the functions and methods of more than 60 lines."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTION)]
    return [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in nodes
        if node.end_lineno - node.lineno >= 60
    ]


def test_models_are_shaped_alike():
    parts = [{"config"}, {"problem"}, {"operator", "rates"}, {"solve"}, {"observables"}, {"output"}, {"estimate"}]
    files = {model: {path.stem for path in files_in(model)} for model in MODELS}
    assert [(model, part) for model in MODELS for part in parts if not part & files[model]] == []


def test_files_and_functions_are_small():
    assert [str(path) for path in FILES + SCRIPTS if len(path.read_text().splitlines()) >= 400] == []
    assert offenders(FILES + SCRIPTS, long_functions) == {}


def own_lines(node: ast.FunctionDef) -> int:
    """Return the lines of a function from its `def`, without its docstring."""
    text = node.body[0] if ast.get_docstring(node) is not None else None
    return node.end_lineno - node.lineno + 1 - (text.end_lineno - text.lineno + 1 if text else 0)


def test_half_of_all_functions_have_at_most_five_lines():
    nodes = [node for path in FILES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTION)]
    assert median(map(own_lines, nodes)) <= 5


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield the public functions and classes of a module and the public methods of those classes."""
    for node in tree.body:
        if isinstance(node, FUNCTION | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def undocumented(path: Path) -> list[str]:
    """Return the public names of a module that have no docstring, and "module" if it has none itself."""
    tree = ast.parse(path.read_text())
    return [getattr(node, "name", "module") for node in (tree, *public(tree)) if not ast.get_docstring(node)]


def untyped(path: Path) -> list[str]:
    """Return the arguments and results of public functions and methods that have no type."""
    nodes = [node for node in public(ast.parse(path.read_text())) if isinstance(node, FUNCTION)]
    return [f"{node.name}({what})" for node in nodes for what in unannotated(node)]


def unannotated(node: ast.FunctionDef) -> list[str]:
    """Return the arguments without a type, and "return" if the result has none."""
    arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
    arguments += [extra for extra in (node.args.vararg, node.args.kwarg) if extra]
    missing = [
        argument.arg for argument in arguments if not argument.annotation and argument.arg not in ("self", "cls")
    ]
    return missing + ([] if node.returns else ["return"])


def test_the_public_interface_is_documented():
    assert offenders(FILES, undocumented) == {}


def test_the_public_interface_is_typed():
    assert offenders(FILES, untyped) == {}


def test_the_linter_is_content():
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", ROOT], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_test_modules_do_not_get_in_each_others_way():
    paths = sorted((ROOT / "tests").rglob("*.py"))
    names = Counter(path.name for path in paths if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []
    assert offenders(paths, lambda path: {name for name in imports(path) if "conftest" in name.split(".")}) == {}


def test_imports_are_seen_wherever_they_stand():
    source = (
        "if TYPE_CHECKING:\n    import petsc4py\ndef f():\n    from ..wigner import rates as r\n    import slepc4py"
        " as s\n"
    )
    path = ROOT / "hpcx" / "trion" / "example.py"
    assert libraries(path, source) == {"hpcx", "slepc4py"}
    assert foreign_parts(path, source) == {"wigner.rates"}
    assert foreign_parts(path, "import hpcx.cli\nfrom hpcx.exciton import solve\nfrom . import operator") == {"cli"}
