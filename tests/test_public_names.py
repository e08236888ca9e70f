"""What the two packages promise: every public name is there, explained, and re-exported by name."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("scm", "llm_bridge")


def public_names() -> list[tuple[str, str]]:
    return [(package, name) for package in PACKAGES for name in importlib.import_module(package).__all__]


def own_docstring(value: object) -> str | None:
    """The docstring that somebody wrote for a class, function or module: no inherited or generated one."""
    if not isinstance(value, type):
        return inspect.getdoc(value)
    doc = value.__dict__.get("__doc__")
    return None if str(doc).startswith(f"{value.__name__}(") else doc  # so do dataclasses and named tuples begin theirs


def explained_values(package: str) -> Iterator[str]:
    """The module-level names of a package whose assignment is followed by a string that explains it."""
    for path in (ROOT / package).rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for statement, after in itertools.pairwise(body):
            match statement, after:
                case (
                    ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str())),
                ):
                    yield name


def is_explained(package: str, name: str) -> bool:
    value = getattr(importlib.import_module(package), name)
    if isinstance(value, type | types.ModuleType) or inspect.isroutine(value):
        return bool(own_docstring(value))
    return name in explained_values(package)


def public_methods(cls: type) -> Iterator[tuple[str, object]]:
    """The methods and properties that a class itself defines under a public name."""
    for name, value in cls.__dict__.items():
        inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not name.startswith("_") and (inspect.isfunction(inner) or isinstance(inner, property)):
            yield name, inner


@pytest.mark.parametrize("package", PACKAGES)
def test_the_list_of_public_names_is_in_order(package):
    names = list(importlib.import_module(package).__all__)
    assert names, f"{package} promises nothing"
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith("_") and name != "__version__"]


@pytest.mark.parametrize(("package", "name"), public_names())
def test_a_public_name_is_there_and_explained(package, name):
    module = importlib.import_module(package)
    assert hasattr(module, name), f"{package}.__all__ promises {name}, which is not there"
    assert name in dir(module), f"dir({package}) does not show {name}"
    if name != "__version__":
        assert is_explained(package, name), (
            f"{package}.{name} has no docstring of its own (for a value or an alias: a string on the line below it)"
        )


@pytest.mark.parametrize(("package", "name"), public_names())
def test_public_methods_are_explained(package, name):
    value = getattr(importlib.import_module(package), name)
    if not isinstance(value, type):
        return
    bare = [
        method
        for method, function in public_methods(value)
        if not inspect.getdoc(function) and not any(hasattr(base, method) for base in value.__bases__)
    ]
    assert not bare, f"{package}.{name}: no docstring on {bare}"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_face_only_re_exports(package):
    """`__init__.py` names what it re-exports: no star, and no code of its own but the lazy loading of PEP 562."""
    body = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body
    stars = [node.lineno for node in body if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    assert not stars, f"{package}/__init__.py, lines {stars}: import by name"
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert defined <= {"__getattr__", "__dir__"}, f"{package}/__init__.py defines {defined}: move it to a module"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_imported_by_name_is_promised(package):
    """A public name that the face brings in stands in `__all__`; what is not promised is not shown."""
    module = importlib.import_module(package)
    body = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body
    shown = {
        alias.asname or alias.name
        for node in body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    public = {name for name in shown if not name.startswith("_")}
    assert public <= set(module.__all__), f"Not in {package}.__all__: {sorted(public - set(module.__all__))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_types_are_shipped(package):
    assert (ROOT / package / "py.typed").is_file()
