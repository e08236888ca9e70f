"""Mechanisms over columns as plain data for JSON and back, by a closed table of classes.

A mechanism is kept as the arguments that make an equal one. A formula stays text; an array goes beside the text, or
into it; of a Python function only the name is kept, and whoever reads the file supplies the function again. Of a flow
the arrays are kept, and a flow of the same build is supplied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, runtime_checkable

from ._array_json import array_data, array_of, arrays_in, with_arrays
from ._continuous import ContinuousLaw, UnknownLaw
from ._domain import Real
from ._errors import InvalidFile, InvalidModel, QuerySyntaxError, ScmError, listing, near
from ._json_parts import MAX_NUMBER, as_list, as_object, as_pair, as_real, as_text, only
from ._law_json import ends_data, ends_of, law_data, law_of
from ._noise import Bernoulli, Categorical, Unknown, plain
from ._parse import parse_expression
from ._syntax import Const, Op, Placeholder, Var, print_expr
from .mechanisms._flow import Flow
from .mechanisms._maps import Named
from .mechanisms._types import Unbound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.generic]

MAX_DEPTH = 60
"""Deepest nesting of lists and objects inside one mechanism."""

Functions: TypeAlias = Mapping[str, Any]
"""The Python functions and flows that a file names, supplied by its reader."""


@runtime_checkable
class Kept(Protocol):
    """A mechanism that says itself which arguments make an equal one; of the others, their fields do."""

    def arguments(self) -> Mapping[str, object]:
        """Keyword arguments of the class."""
        ...


@dataclass
class Keeping:
    """What a text refers to while it is written.

    Attributes:
        apart: the arrays that stand beside the text, by name; None where the text holds them.
        functions: the functions that it names.
    """

    apart: dict[str, Array] | None = None
    functions: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class Supplied:
    """What a text refers to while it is read: arrays that stand beside it, and functions, by name."""

    apart: Mapping[str, Array]
    functions: Functions


_CLASSES = (
    "Additive", "Choice", "Flow", "Function", "Linear", "LocationScale", "Multiplicative", "PostNonlinear", "Quantile",
    "Threshold",
)  # fmt: skip


def classes() -> Mapping[str, type]:
    """The mechanisms that a file may name. Nothing else is ever made from a file."""
    from . import mechanisms

    return {name: getattr(mechanisms, name) for name in _CLASSES if hasattr(mechanisms, name)}


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def mechanism_data(mechanism: Unbound, where: str, keeping: Keeping) -> dict[str, Any]:
    """A mechanism as plain data.

    Raises:
        InvalidModel: a class of the user's own, a function without a name, or a number that is not finite.
    """
    name = type(mechanism).__name__
    if classes().get(name) is not type(mechanism):
        raise InvalidModel(
            f"{where} is a {name}, a class that no file names; those are {listing(sorted(classes()))}. "
            "Write it as Function(f, ...), which keeps the name of f."
        )
    data: dict[str, Any] = {"class": name}
    if isinstance(mechanism, Flow):
        arrays = arrays_in(mechanism.flow)
        return data | {"arrays": [array_data(a, f"{where}.{i}", keeping.apart) for i, a in enumerate(arrays)]}
    for key, value in _arguments(mechanism).items():
        data[key] = _data(value, f"{where}.{key}", keeping)
    return data


def _arguments(mechanism: Unbound) -> Mapping[str, object]:
    if isinstance(mechanism, Kept):
        return mechanism.arguments()
    assert is_dataclass(mechanism)
    return {f.name: getattr(mechanism, f.name) for f in fields(mechanism) if f.init}


def _data(value: Any, where: str, keeping: Keeping) -> object:
    value = value if type(value).__name__ == "ndarray" else plain(value)
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return _number_data(value, where)
        case Const() | Var() | Op() | Placeholder():
            return {"formula": print_expr(value)}
        case Real():
            return {"real": ends_data(value)}
        case Bernoulli() | Categorical() | Unknown() | ContinuousLaw() | UnknownLaw():
            return {"law": law_data(value)}
        case tuple():
            return [_data(x, where, keeping) for x in cast("tuple[object, ...]", value)]
        case list():
            return {"list": [_data(x, where, keeping) for x in cast("list[object]", value)]}
        case Mapping():
            pairs = cast("Mapping[object, object]", value).items()
            return {"pairs": [[_data(k, where, keeping), _data(x, where, keeping)] for k, x in pairs]}
        case _:
            return _other_data(value, where, keeping)


def _number_data(value: float, where: str) -> object:
    if isinstance(value, float) and math.isinf(value):
        return {"infinite": 1 if value > 0 else -1}
    if not abs(value) <= MAX_NUMBER:  # NaN too
        raise InvalidModel(f"{where} is {value!r}; a model file holds numbers up to {MAX_NUMBER:g}.")
    return value


def _other_data(value: Any, where: str, keeping: Keeping) -> object:
    if hasattr(value, "__array__") and hasattr(value, "dtype"):
        return {"array": array_data(value, where, keeping.apart)}
    if isinstance(value, Unbound):
        return mechanism_data(value, where, keeping)
    if isinstance(value, Named):
        name = _function_name(value.function, where, keeping, value.name)
        return {"function": name, "parameters": _data(value.parameters, f"{where}.{name}", keeping)}
    if callable(value):
        return {"function": _function_name(value, where, keeping)}
    raise InvalidModel(f"{where} is {value!r:.80}, of type {type(value).__name__}, which no model file holds.")


def _function_name(value: Any, where: str, keeping: Keeping, name: object = None) -> str:
    name = name or getattr(value, "__name__", None)
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidModel(
            f"{where} is the function {value!r:.80}, which has no name to keep. A file keeps the name alone: define it "
            "by `def name(...)`, give it one by Named('name', f), or write it as a formula."
        )
    if keeping.functions.setdefault(name, value) is not value:
        raise InvalidModel(f"Two different functions are called {name!r}; a file tells them apart by name. Rename one.")
    return name


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def mechanism_of(data: object, where: str, supplied: Supplied, depth: int = 0) -> Unbound:
    """The mechanism that plain data describes.

    Raises:
        InvalidFile: it describes none, or names a function that was not supplied.
        InvalidModel: a mechanism that cannot be.
    """
    entry = as_object(data, where)
    name, known = as_text(entry.get("class"), f"{where}.class"), classes()
    if name not in known:
        raise InvalidFile(f"{where}.class: there is no mechanism {name[:60]!r}.{near(name[:200], known)}")
    if known[name] is Flow:
        return _flow(entry, where, supplied)
    given = {k: _value(v, f"{where}.{k}", supplied, depth + 1) for k, v in entry.items() if k != "class"}
    try:
        return known[name](**given)
    except ScmError as wrong:
        raise InvalidFile(f"{where}: {wrong}") from None
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, OverflowError) as wrong:
        raise InvalidFile(f"{where}: {name} takes no such arguments ({str(wrong)[:200]}).") from None


def _flow(entry: dict[str, object], where: str, supplied: Supplied) -> Unbound:
    only(entry, ("class", "arrays"), where)
    arrays = [array_of(a, where, supplied.apart) for a in as_list(entry.get("arrays"), where)]
    name = f"{where.removesuffix('.mechanism')}.flow"
    if name not in supplied.functions:
        raise InvalidFile(
            f"{where} is a Flow, of which a file holds the arrays and not the code. Supply a flow of the same build, "
            f"with any arrays: read_model(path, functions={{{name!r}: flow}}).{near(name, supplied.functions)}"
        )
    return Flow(with_arrays(supplied.functions[name], arrays, f"functions[{name!r}]"))


def _value(data: object, where: str, supplied: Supplied, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise InvalidFile(f"{where[:80]} is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(data, list):
        return tuple(_value(x, where, supplied, depth + 1) for x in cast("list[object]", data))
    if isinstance(data, dict):
        return _tagged(cast("dict[str, object]", data), where, supplied, depth)
    if data is None or isinstance(data, (bool, str)):
        return data
    as_real(data, where)
    return data


def _tagged(data: dict[str, object], where: str, supplied: Supplied, depth: int) -> object:
    if "class" in data:
        return mechanism_of(data, where, supplied, depth)
    if "function" in data:
        return _function(data, where, supplied, depth)
    if len(data) != 1:
        raise InvalidFile(f"{where} has the entries {listing(data)}; one that says what it is is wanted.")
    ((kind, inner),) = data.items()
    match kind:
        case "list":
            return [_value(x, where, supplied, depth + 1) for x in as_list(inner, where)]
        case "pairs":
            return _pairs(inner, where, supplied, depth)
        case "array":
            return array_of(inner, where, supplied.apart)
        case _ if kind in _LEAVES:
            return _LEAVES[kind](inner, where)
        case _:
            raise InvalidFile(f"{where} has the entry {kind[:60]!r}, which is nothing that a mechanism is made of.")


def _infinite(data: object, where: str) -> float:
    return math.copysign(math.inf, as_real(data, where))


def _formula(data: object, where: str) -> object:
    try:
        return parse_expression(as_text(data, where))
    except QuerySyntaxError as wrong:
        raise InvalidFile(f"{where}: {wrong}") from None


_LEAVES: Mapping[str, Callable[[object, str], object]] = {
    "infinite": _infinite, "formula": _formula, "real": ends_of, "law": law_of,
}  # fmt: skip


def _pairs(data: object, where: str, supplied: Supplied, depth: int) -> dict[object, object]:
    out: dict[object, object] = {}
    for entry in as_list(data, where):
        given = as_pair(entry, where)
        key, value = (_value(x, where, supplied, depth + 1) for x in given)
        try:
            if key in out:
                raise InvalidFile(f"{where}: {str(key)[:60]!r} stands there twice.")
        except TypeError:
            raise InvalidFile(f"{where}: a key is a state, a name or a list of them.") from None
        out[key] = value
    return out


def _function(data: dict[str, object], where: str, supplied: Supplied, depth: int) -> object:
    only(data, ("function", "parameters"), where)
    name = as_text(data["function"], where)
    if name not in supplied.functions:
        shown = name[:60]
        raise InvalidFile(
            f"{where} is the Python function {shown!r}, which a file names and does not hold. Supply it: "
            f"read_model(path, functions={{{shown!r}: {shown if shown.isidentifier() else 'f'}}})."
            f"{near(shown, supplied.functions)}"
        )
    found = supplied.functions[name]
    if not callable(found):
        raise InvalidFile(f"functions[{name!r}] is {found!r:.60}; a Python function is wanted.")
    if "parameters" not in data:
        return found
    return Named(name, found.function if isinstance(found, Named) else found,
                 _value(data["parameters"], where, supplied, depth + 1))  # fmt: skip
