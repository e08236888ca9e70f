"""The layers of the project, and the rules that keep it readable: which way imports go, and how long code may be.

`LAYERS` is the only place where the order is written. To add a module to `scm`, put its name into the layer it belongs
to, below everything it imports.
"""

from __future__ import annotations

import ast
import graphlib
import io
import subprocess
import sys
import tokenize
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A module imports from lower layers or, within its own layer, from a module above it here. A name without underscore
# is a subpackage; files inside one may import each other as long as there is no cycle.
LAYERS: dict[str, tuple[str, ...]] = {
    "0 what went wrong": ("_errors",),
    "1 what can be said": (
        "_graph",
        "_bitgraph",
        "_claims",
        "_syntax",
        "_evaluate",
        "_values",
        "_text",
        "_scanner",
        "_memo",
        "_graph_ops",
        "_cuts",
        "_separation",
        "_pattern",
        "_equivalence",
        "_holds",
        "_query",
        "_bind",
        "_latex",
        "_grammar",
        "_lalr",
        "_parse",
        "_document",
        "_structured",
        "_quantities",
        "_printed",
        "_statement",
        "_claims_text",
        "_statement_text",
        "_estimand",
        "_estimand_parts",
        "_estimand_text",
        "_estimand_parse",
        "_estimand_data",
        "_estimand_canonical",
        "_estimand_simplify",
    ),
    "2 what is known, and what an answer is": (
        "_domain",
        "_noise",
        "_continuous",
        "_resolve",
        "_frames",
        "_read_ahead",
        "_codes",
        "_seen_states",
        "_rows",
        "_groups",
        "_real_column",
        "_mixed_rows",
        "_laws",
        "_mechanism",
        "_coupling",
        "_hindsight",
        "_gumbel",
        "_coupling_laws",
        "_execution",
        "_sample",
        "_aggregates",
        "mechanisms",
        "_variable",
        "_assemble",
        "_assemble_columns",
        "_sample_columns",
        "_json_parts",
        "_array_json",
        "_law_json",
        "_mechanism_json",
        "_model_json",
        "_tensor_file",
        "_model_file",
        "_model",
        "_finite_only",
        "_path_coefficients",
        "_by_noise",
        "_grants",
        "_finding",
        "_render",
        "_results",
        "_answer",
        "io",
        "_known_equation",
        "_strata",
        "_study",
        "_shapes",
        "_shapes_text",
    ),
    "3 counterfactual worlds, identification": ("_relevance", "_worlds", "identify"),
    "4 ways to solve": ("solvers", "statements", "bounds"),
    "5 the account of an answer": ("_trace", "_standard_error", "_nesting", "_derivation", "_plan_report"),
    "6 the front door": (
        "_arguments",
        "_identified",
        "_bounds_ends",
        "_bounds_told",
        "_law_independences",
        "_ask_bounds",
        "_mixed_kinds",
        "_mixed_finite",
        "_mixed_parts",
        "_mixed_found",
        "_mixed_fold",
        "_mixed_values",
        "_mixed_density",
        "_mixed_mixture",
        "_mixed_hidden",
        "_mixed_ranges",
        "_mixed_solve",
        "_mixed_trace",
        "_mixed_account",
        "_mixed_explain",
        "_ask_mixed",
        "_ask_unused",
        "_ask_laws",
        "_ask_beside",
        "_ask_samples",
        "_row_estimand",
        "_ask_strata",
        "_formula_asked",
        "_bound_formulas",
        "_ask_study",
        "_end_draws",
        "_draws_of_ends",
        "_bound_draws",
        "_ask_open",
        "_curves",
        "_ask",
        "_sensitivity",
        "_further_number",
        "_further_asked",
        "_further_numbers",
        "_draws",
        "_explain",
        "_prepare",
        "_ladder",
        "_range",
        "_units",
        "_asked",
        "_posteriors",
        "_most_probable",
        "_settings",
        "_unit_rows",
        "_imagined",
        "_imagine_ready",
        "_imagine",
        "_checkpoint",
        "_imagine_stream",
    ),
    "7 pictures": ("plot",),
}

# Identification reads graphs and queries only: worlds carry mechanisms by an opaque id.
COUPLINGS = frozenset({"_coupling", "_gumbel", "_coupling_laws", "_by_noise", "_grants"})
MODELS = COUPLINGS | frozenset({"_noise", "_laws", "_mechanism", "_variable", "_assemble", "_model"})
APART: dict[str, frozenset[str]] = {
    "_relevance": MODELS,
    "_worlds": MODELS,
    "identify": MODELS,
}

# `import scm` must load none of these: a graph, a query and the help text need no array library.
HEAVY = frozenset(
    {
        "jax",
        "jaxlib",
        "scipy",
        "networkx",
        "highspy",
        "pandas",
        "polars",
        "pyarrow",
        "pgmpy",
        "numpyro",
        "matplotlib",
        "llm_bridge",
        "openai",
    }
)

MOST_MODULE_LINES = 400
MOST_FUNCTION_LINES = 50

PLACE = {name: (depth, row) for depth, names in enumerate(LAYERS.values()) for row, name in enumerate(names)}


class Import(NamedTuple):
    """`importer` (a dotted module name) loads `imported` at `line`."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}, imports {self.imported}"


def modules(package: str, root: Path = ROOT) -> dict[str, Path]:
    """Every module of a package by dotted name; a subpackage stands under its own name."""
    found: dict[str, Path] = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(package: str, root: Path = ROOT) -> Iterator[Import]:
    """Every import in a package, wherever in a file it stands, of anything at all."""
    known = modules("scm", root) | modules("llm_bridge", root)
    for importer, path in modules(package, root).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
                for target in targets(node, importer, path.name == "__init__.py", known.keys()):
                    yield Import(importer, target, node.lineno)


def targets(node: ast.AST, importer: str, importer_is_package: bool, known: Collection[str]) -> Iterator[str]:
    """The modules that one statement or call loads, as dotted names; `known` tells a module from a name in one."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            parts = importer.split(".")
            above = parts[: len(parts) - level + importer_is_package] if level else []
            base = ".".join([*above, *([module] if module else [])])
            yield from (inner if (inner := f"{base}.{alias.name}") in known else base for alias in names)
        case ast.Call(
            func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            yield name if not name.startswith(".") else importer.split(".")[0] + name


def unit(module: str) -> str:
    """The name under which a module of `scm` stands in `LAYERS`; '' for the face, `scm/__init__.py`."""
    return module.split(".")[1] if "." in module else ""


def breaks_a_layer(found: Import) -> str | None:
    """What is wrong with an import inside `scm`, if anything."""
    source, target = unit(found.importer), unit(found.imported)
    if source == "":
        return None  # the face may re-export everything
    if target == "":
        return f"{found}: a module asks the module it needs, not the package's face"
    if source == target:
        return None  # within a subpackage only cycles are refused
    if target in APART.get(source, ()):
        return f"{found}: {source} must do without models and their parts"
    if {source, target} <= PLACE.keys() and PLACE[target] >= PLACE[source]:
        return f"{found}: that is not below it in LAYERS ({Path(__file__).name})"
    return None


def inside(package: str, root: Path = ROOT) -> list[Import]:
    """The imports of a package from itself."""
    return [found for found in imports(package, root) if found.imported.split(".")[0] == package]


def test_every_module_of_scm_has_a_layer():
    unknown = {unit(name) for name in modules("scm")} - PLACE.keys() - {""}
    assert not unknown, f"Not in LAYERS: {sorted(unknown)}. Add each to its layer, below what it imports."


def test_imports_go_down_the_layers():
    wrong = [reason for found in inside("scm") if (reason := breaks_a_layer(found))]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("package", ["scm", "llm_bridge"])
def test_no_import_cycle(package):
    needs: dict[str, set[str]] = {name: set() for name in modules(package)}
    for found in inside(package):
        if found.imported != package:
            needs[found.importer].add(found.imported)
    graphlib.TopologicalSorter(needs).prepare()  # raises CycleError, which shows the cycle


def test_the_engine_does_not_know_the_bridge():
    wrong = [str(found) for found in imports("scm") if found.imported.split(".")[0] == "llm_bridge"]
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_bridge_uses_the_public_engine():
    private = [str(found) for found in imports("llm_bridge") if found.imported.startswith("scm._")]
    assert not private, "Re-export what the bridge needs from scm/__init__.py:\n" + "\n".join(private)


def test_a_wrong_arrow_is_noticed(tmp_path):
    """Each rule about layers can fail: a small package that breaks them all."""
    files = {
        "__init__": "from ._ask import ask",
        "_errors": "from . import _graph",
        "_graph": "def late():\n    from ._query import Query",
        "_query": "import scm._errors",
        "_ask": "from scm import ask",
        "_worlds": "import importlib\nimportlib.import_module('scm._model')",
        "_model": "from llm_bridge import read",
        "solvers/__init__": "from ._exact import Exact",
        "solvers/_exact": "from .._worlds import plan\nfrom . import _order",
        "solvers/_order": "",
    }
    for name, text in files.items():
        path = tmp_path / "scm" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "llm_bridge").mkdir()

    broken = {
        (unit(found.importer), unit(found.imported)) for found in inside("scm", tmp_path) if breaks_a_layer(found)
    }
    assert broken == {("_errors", "_graph"), ("_graph", "_query"), ("_ask", ""), ("_worlds", "_model")}
    assert [found.imported for found in imports("scm", tmp_path) if found.importer == "scm._model"] == ["llm_bridge"]
    assert [found.imported for found in imports("scm", tmp_path) if found.importer == "scm.solvers._exact"] == [
        "scm._worlds",
        "scm.solvers._order",
    ]


def loaded_by(statement: str, names: frozenset[str]) -> set[str]:
    """Which of the top-level modules `names` a fresh interpreter holds after running `statement`."""
    probe = f"import sys; {statement}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(run.stdout.split()) & names


def test_importing_the_engine_is_light():
    assert loaded_by("import scm", HEAVY) == set()


def test_a_heavy_import_is_noticed():
    assert loaded_by("import scm, llm_bridge, scipy.special", HEAVY) >= {"llm_bridge", "scipy"}


def code_lines(source: str) -> set[int]:
    """The numbers of the lines that hold code: no blank line, no comment, no docstring."""
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in blank:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=last):
                lines.difference_update(range(first, (last or first) + 1))
    return lines


def too_long(source: str) -> Iterator[tuple[str, int]]:
    """The functions of a file with more than `MOST_FUNCTION_LINES` lines of code, and how many they have."""
    lines = code_lines(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = len(lines & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))
            if length > MOST_FUNCTION_LINES:
                yield node.name, length


@pytest.mark.parametrize("package", ["scm", "llm_bridge"])
def test_modules_and_functions_are_short(package):
    wrong: list[str] = []
    for name, path in modules(package).items():
        source = path.read_text(encoding="utf-8")
        count = len(source.splitlines())
        if count > MOST_MODULE_LINES and name not in ("scm", "llm_bridge"):  # a face is a tested list
            wrong.append(f"{name}: {count} lines, at most {MOST_MODULE_LINES}")
        wrong += [
            f"{name}.{function}: {n} lines of code, at most {MOST_FUNCTION_LINES}" for function, n in too_long(source)
        ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_long_function_is_noticed():
    def function(lines_of_code: int) -> str:
        body = "\n".join(f"    # why\n\n    x = {n}" for n in range(lines_of_code - 1))
        return f'def f():\n    """Says\n\n    why.\n    """\n{body}\n'

    assert list(too_long(function(MOST_FUNCTION_LINES))) == []
    assert list(too_long(function(MOST_FUNCTION_LINES + 1))) == [("f", MOST_FUNCTION_LINES + 1)]
