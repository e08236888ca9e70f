"""Maps of the parents, the parts of a mechanism: a number, formula text, or a Python function of columns."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np

from .._domain import Domain, Real
from .._errors import InvalidModel, InvalidQuery, ScmError
from .._execution import precision_of
from .._noise import as_number
from .._parse import parse_expression
from .._resolve import resolve_expr
from .._syntax import Const, Expr, Op, Placeholder, Var, terms
from ._columns import as_numbers, column, numbers, quietly
from ._kinds import kind_of
from ._types import Column, Columns, Scope

PythonFunction: TypeAlias = Callable[..., Any]
Map: TypeAlias = "str | float | Expr | PythonFunction"
"""A number, formula text such as `"0.7*X + tanh(H)"`, or a function of the parents' columns in the order of `parents=`.

A function works on arrays with one entry a unit, by operators and `jax.numpy`. A finite parent comes as its numbers, or
as positions among its states where those are labels.
"""
KeptMap: TypeAlias = "Expr | PythonFunction"
"""A map as mechanisms keep it: text is parsed, a number is a constant."""


@dataclass(frozen=True, eq=False)
class Named:
    """A function with a name for files, and parameters that are kept apart from its code.

    Args:
        name: files keep it, and never code.
        function: `f(*columns)`, or `f(parameters, *columns)` where parameters are given.
        parameters: any tree of arrays.

    Raises:
        InvalidModel: no name, or no function.
    """

    name: str
    function: PythonFunction
    parameters: Any = None

    def __post_init__(self) -> None:
        """Check both."""
        if not isinstance(self.name, str) or not self.name.isidentifier():  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidModel(f"Named({self.name!r}, ...): a name of letters, digits and underscores is wanted.")
        if not callable(self.function):
            raise InvalidModel(f"Named({self.name!r}, {self.function!r}): a function is wanted.")

    @property
    def __name__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Named):
            return NotImplemented
        same = self.name == other.name and self.function == other.function
        return same and _same_tree(self.parameters, other.parameters)

    def __hash__(self) -> int:
        return hash((self.name, self.function))

    def __call__(self, *columns: Column) -> Column:
        """The function of columns."""
        return self.function(*columns) if self.parameters is None else self.function(self.parameters, *columns)

    def __repr__(self) -> str:
        return f"Named({self.name!r})"


def _same_tree(one: Any, other: Any) -> bool:
    """Whether two trees hold the same arrays; of what is neither tree nor array, whether it is the very same."""
    import numpy as np

    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same_tree(x, other[k]) for k, x in one.items())
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(_same_tree(x, y) for x, y in zip(one, other, strict=True))
    if hasattr(one, "__array__") and hasattr(other, "__array__"):
        a, b = np.asarray(one), np.asarray(other)
        return a.dtype == b.dtype and np.array_equal(a, b)
    return one is other or (isinstance(one, (int, float, str)) and type(one) is type(other) and one == other)


def is_expr(given: object) -> bool:
    """Whether this is a parsed formula."""
    return isinstance(given, (Const, Var, Op, Placeholder))


def as_map(given: object, where: str) -> KeptMap:
    """A map as it is kept.

    Raises:
        InvalidModel: it is none.
        QuerySyntaxError: a text that is no formula.
    """
    if isinstance(given, str):
        return parse_expression(given)
    if is_expr(given) or callable(given):
        return cast(KeptMap, given)
    number = as_number(given)
    if number is None or not abs(number) < float("inf"):
        raise InvalidModel(
            f"{where} is {given!r}; a finite number, formula text such as '0.7*X + tanh(H)', or a function of the "
            "parents is wanted."
        )
    return Const(float(number))


def as_function(given: object, where: str) -> PythonFunction:
    """A Python function.

    Raises:
        InvalidModel: it is none.
    """
    if not callable(given):
        raise InvalidModel(f"{where} is {given!r}; a Python function of columns is wanted.")
    return given


def names_read(maps: Sequence[KeptMap], parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
    """What maps read: the declared parents in order, or else what formulas speak of.

    Raises:
        InvalidModel: parents are declared, and a formula speaks of something else.
    """
    found = [t.name for m in maps if is_expr(m) for t in terms(cast(Expr, m)) if t.name in known]
    if parents is None:
        return tuple(dict.fromkeys(found))
    if extra := [name for name in found if name not in parents]:
        raise InvalidModel(
            f"A mechanism reads {extra[0]!r} in a formula, and parents={parents} are declared. Add it to them, or "
            "leave parents= out where every map is a formula."
        )
    return parents


@dataclass(frozen=True)
class BoundMap:
    """A map of columns.

    Attributes:
        given: the formula, with names checked, or the function.
        parents: what a function takes, in order; what a formula reads.
        scope: the domain of each.
        where: what it is, for messages.
    """

    given: KeptMap
    parents: tuple[str, ...]
    scope: Mapping[str, Domain]
    where: str

    def __call__(self, values: Columns, xp: Any) -> Column:
        """The map for each unit."""
        if is_expr(self.given):
            with quietly(xp):
                return as_numbers(column(cast(Expr, self.given), values, self.scope, xp))
        arguments = [argument(name, self.scope[name], values[name], xp) for name in self.parents]
        found = called(cast(PythonFunction, self.given), arguments, self.where, xp, names=self.parents)
        check_by_itself(cast(PythonFunction, self.given), arguments, found, self.where, xp)
        return found

    def reads(self, name: str) -> bool:
        """Whether it may depend on a parent."""
        return name in self.parents


def argument(name: str, domain: Domain, codes: Column, xp: Any) -> Column:
    """A parent as functions get it: floats; numbers of states; or positions among labels."""
    if isinstance(domain, Real) or numbers(domain) is None:
        return codes
    return column(Var(name), {name: codes}, {name: domain}, xp)


def called(
    function: PythonFunction,
    arguments: Sequence[Column],
    where: str,
    xp: Any,
    like: Column = 0.0,
    names: Sequence[str] | None = None,
) -> Column:
    """What a user's function gives of columns, in the array module; its shape is checked against theirs and `like`.

    Raises:
        InvalidModel: it failed, or gave something of another shape or kind.
    """
    found = called_freely(function, arguments, where, xp, names)
    wanted = xp.broadcast_shapes(*(xp.shape(a) for a in arguments), xp.shape(like))
    if xp.shape(found) not in ((), wanted):
        raise InvalidModel(
            f"{where}, the function {name_of(function)}, gave an array of shape {xp.shape(found)}; one number for each "
            f"unit, shape {wanted}, is wanted."
        )
    return found


def called_freely(
    function: PythonFunction, arguments: Sequence[Column], where: str, xp: Any, names: Sequence[str] | None = None
) -> Column:
    """What a user's function gives, an array of numbers of any shape.

    Raises:
        InvalidModel: it failed, or gave no numbers.
    """
    try:
        with in_double(xp), quietly(xp):
            found = xp.asarray(function(*arguments))
    except ScmError:
        raise
    except Exception as wrong:  # whatever a user's function raises
        raise InvalidModel(
            f"{where}, the function {name_of(function)}, failed: {type(wrong).__name__}: {str(wrong)[:300]}. "
            f"{_given(names)} and is written with operators and jax.numpy."
        ) from wrong
    if found.dtype.kind not in "biuf":
        raise InvalidModel(f"{where}, the function {name_of(function)}, gave {found.dtype}; numbers are wanted.")
    return as_numbers(found)


def _given(names: Sequence[str] | None) -> str:
    """What a function is called with, for messages."""
    if names is None:
        return "It gets an array for each parent"
    if not names:
        return "It gets no array, for no parents are declared (parents=(...) says which, in their order),"
    several = f"{len(names)} arrays" if len(names) > 1 else "1 array"
    return f"It gets {several}, {', '.join(map(repr, names))} (the parents as declared by parents=, then the noises),"


def check_by_itself(function: PythonFunction, arguments: Sequence[Column], found: Column, where: str, xp: Any) -> None:
    """That a function of columns works on each unit by itself, as far as the last unit shows; on NumPy only.

    Compiled programs are compared with NumPy on a few units, which shows it there.

    Raises:
        InvalidModel: the last unit alone gets another number than among the others.
    """
    if xp.__name__ != "numpy" or not any(np.size(a) > 1 for a in arguments):
        return
    last = [a[tuple(slice(-1, None) for _ in np.shape(a))] for a in map(np.asarray, arguments)]
    alone = float(np.ravel(called_freely(function, last, where, np))[-1])
    among = float(np.ravel(found)[-1])
    # Far wider than rounding: what is looked for is a mean or a sum over the units.
    wrong = not abs(alone - among) <= 1e-3 * max(1.0, abs(alone), abs(among))
    if wrong and np.isfinite(among):
        units = max(map(np.size, arguments))
        raise InvalidModel(
            f"{where}, the function {name_of(function)}, gives {among:.6g} for a unit among {units} and {alone:.6g} "
            "for it alone: it has to work on each unit by itself, without a sum, a mean or an order over units."
        )


def in_double(xp: Any) -> AbstractContextManager[object]:
    """Double precision for what a function does with JAX while all else is done in NumPy."""
    return precision_of("double") if xp.__name__ == "numpy" and "jax" in sys.modules else nullcontext()


def name_of(function: PythonFunction) -> str:
    """What messages call a function."""
    return str(getattr(function, "__name__", type(function).__name__))


def elementwise_slope(function: Callable[[Column], Column], at: Column, xp: Any) -> Column:
    """The derivative of a function that works on each entry by itself, by JAX."""
    import jax  # only where a user's function is differentiated
    import jax.numpy as jnp

    def run(x: Any) -> Any:
        x = jnp.asarray(x)
        return cast(Any, jax).jvp(function, (x,), (jnp.ones_like(x),))[1]

    if xp.__name__ != "numpy":
        return run(at)
    with precision_of("double"):
        return xp.asarray(run(xp.asarray(at, dtype=float)))


# ---------------------------------------------------------------------------------------------------------------------
# Binding


def bind_map(given: KeptMap, scope: Scope, what: str) -> BoundMap:
    """A map in the scope of a variable.

    Raises:
        InvalidModel: a formula that reads a noise, or gives labels.
        UnknownName, UnknownState: what the formula speaks of is not there.
    """
    where = f"The {what} of {scope.variable!r}"
    if not is_expr(given):
        return BoundMap(given, scope.parents, {n: scope.domains[n] for n in scope.parents}, where)
    states = {n: d for n, d in scope.domains.items() if not isinstance(d, Real)}
    reals = {n: d for n, d in scope.domains.items() if isinstance(d, Real)}
    try:
        expr = resolve_expr(cast(Expr, given), states, (), where, reals=reals)
        if kind_of(expr, scope.domains) == "label":
            raise InvalidModel(f"{where} gives labels; a number is wanted.")
    except InvalidQuery as wrong:
        raise InvalidModel(f"{where}: {wrong}") from None
    read = tuple(dict.fromkeys(t.name for t in terms(expr)))
    if noise := [n for n in read if n in scope.noises]:
        raise InvalidModel(
            f"{where} reads the noise {noise[0]!r}, which comes in by itself. Leave it out of the formula, or write "
            "the whole mechanism as equation=."
        )
    return BoundMap(expr, read, scope.domains, where)


def one_noise(scope: Scope, mechanism: str) -> str:
    """The one continuous noise of a variable.

    Raises:
        InvalidModel: it has none, several, or a finite one.
    """
    if len(scope.noises) != 1:
        raise InvalidModel(
            f"{scope.variable!r} has {mechanism} and {len(scope.noises)} noises {scope.noises}; one is wanted, such as "
            "noise=normal(0, 1)."
        )
    if not isinstance(scope.domains[scope.noises[0]], Real):
        raise InvalidModel(
            f"{scope.variable!r} has {mechanism} and the finite noise {scope.noises[0]!r}; a continuous one is wanted."
        )
    return scope.noises[0]


def real_domain(scope: Scope, mechanism: str) -> Real:
    """What a continuous variable is declared to be.

    Raises:
        InvalidModel: it was declared with states.
    """
    if isinstance(scope.own, tuple):
        raise InvalidModel(
            f"{scope.variable!r} has {mechanism}, which gives real numbers, and the states {scope.own}. Leave the "
            "states out, or use Threshold(...) or Choice(...)."
        )
    return scope.own or Real()


def unchanged(parents: Sequence[str], old: Columns, new: Columns) -> Column | bool:
    """Where every parent has the same value; True where every column is the very same one."""
    same: Column | bool = True
    for name in parents:
        if old[name] is not new[name]:
            same = same & (old[name] == new[name])
    return same
