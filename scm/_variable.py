"""`Variable`: one variable with its mechanism, as a user writes it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ._continuous import AnyContinuousLaw, ContinuousLaw, ContinuousNoise, UnknownLaw, is_continuous
from ._domain import Domain, Real
from ._errors import InvalidModel
from ._laws import Laws, as_laws, widened
from ._mechanism import Rows
from ._noise import Noise, NoiseLaw, as_number, check_states, plain
from ._parse import parse_expression
from ._syntax import Expr, Value, leaves
from .mechanisms._types import Unbound

if TYPE_CHECKING:
    from numpy.typing import NDArray

OwnLaw: TypeAlias = NoiseLaw | ContinuousLaw | UnknownLaw
"""The law of one noise, finite or continuous; a distribution object of NumPyro is one too."""

Key: TypeAlias = tuple[Value, ...]
"""One state for each input of a mechanism."""
Items: TypeAlias = tuple[tuple[Key, object], ...]
"""Rows as they are kept: hashable pairs of key and row, not yet checked."""


def _as_items(rows: Rows | Sequence[float] | None) -> Items | None:
    if rows is None:
        return None
    if not isinstance(rows, Mapping):
        return (((), _held(rows)),)
    return tuple((_key(key), _held(row)) for key, row in rows.items())


def _as_table(rows: Rows | Sequence[float] | NDArray[Any] | None, name: str) -> Items | Laws | None:
    if rows is None:
        return None
    return as_laws(rows, name) if hasattr(rows, "__array__") else _as_items(cast("Rows | Sequence[float]", rows))


def _key(key: Value | tuple[Value, ...]) -> Key:
    return tuple(cast(Value, plain(x)) for x in (key if isinstance(key, tuple) else (key,)))


def _held(row: object) -> object:
    """A row as a value that nobody can change, of plain Python numbers."""
    if isinstance(row, Mapping):
        return tuple((plain(state), _cell(p)) for state, p in cast("Mapping[object, object]", row).items())
    if isinstance(row, Sequence) and not isinstance(row, str):
        return tuple(_cell(p) for p in cast("Sequence[object]", row))
    if hasattr(row, "__array__") and getattr(row, "ndim", 0):
        array = cast("NDArray[Any]", row)
        return tuple(widened(array).tolist()) if array.dtype.kind == "f" else tuple(_cell(p) for p in array)
    return _cell(row)


def _cell(value: object) -> object:
    """A number as JSON can hold it; what is no number is refused later, where its place is known."""
    value = plain(value)
    if isinstance(value, (int, float, str)):
        return value
    number = as_number(value)
    return value if number is None else float(number) if isinstance(number, Fraction) else number


@dataclass(frozen=True, init=False)
class Variable:
    """A variable with its mechanism, as a user writes it.

    Args:
        name: any text; in queries, names with spaces are quoted.
        states: ordered; by default those the equation can take, or False and True. `Real()` makes a variable
            continuous, or `Real(lower, upper)`; what has a continuous noise or continuous parents is so by itself.
        parents: the inputs of `table`, `counts` or `function`, in the order of their keys; shared noises may be among
            them.
        equation: a formula of parents and noises, e.g. `"order or u_nervous"` or `"exp(0.5 * dose) + u_Y"`: `and`,
            `or`, `xor`, `not`, comparisons, `in`, `a if c else b`, `+ - * / **`, `min`, `max`, `abs`, `exp`, `log`,
            `sqrt`, `tanh`, `sin`, `cos`. What it can do (show its noise, be linear) is read off it.
        table: P(variable | parents) as {parents' states: probabilities in the order of `states`, or {state: p}}; for a
            root, the law itself. Or an array of shape (states of each parent..., states), or (rows, states) with the
            last parent varying fastest.
        counts: like `table`, with counts of observed units; answers are then estimates.
        function: the outcome for {parents' states..., own noises' states...}: an explicit noise table.
        mechanism: how a continuous variable, or a finite one with continuous parents, gets its value where a formula
            does not say it: `Linear(...)`, `Additive(...)` and the others of `scm.mechanisms`.
        noise: a law (of the noise `u_<name>`), or {noise name: law}; finite laws, or continuous ones such as
            `normal(0, 1)` or a distribution of NumPyro; or the name of a noise that the model declares. Without any
            mechanism the variable is its noise.
        description: what it means, in words.

    Raises:
        InvalidModel: two mechanisms, or none.
    """

    name: str
    states: tuple[Value, ...] | None
    parents: tuple[str, ...] | None
    equation: Expr | None
    table: Items | Laws | None
    counts: Items | Laws | None
    function: Items | None
    noise: tuple[Noise, ...]
    description: str
    real: Real | None
    mechanism: Unbound | None
    continuous: tuple[ContinuousNoise, ...]
    shared: tuple[str, ...]

    def __init__(
        self,
        name: str,
        states: Sequence[Value] | Real | None = None,
        *,
        parents: Sequence[str] | None = None,
        equation: str | Expr | None = None,
        table: Rows | Sequence[float] | NDArray[Any] | None = None,
        counts: Rows | Sequence[float] | NDArray[Any] | None = None,
        function: Rows | None = None,
        mechanism: Unbound | None = None,
        noise: OwnLaw | Mapping[str, OwnLaw] | str | Any | None = None,
        description: str = "",
    ) -> None:
        """Keep what was given, as values."""
        if not isinstance(name, str) or not name.strip():  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise InvalidModel(f"A variable's name is text, got {name!r}.")
        ways = (("equation", equation), ("table", table), ("counts", counts), ("function", function))
        given = [way for way, value in (*ways, ("mechanism", mechanism)) if value is not None]
        _check_kinds(name, equation, mechanism)
        _check_mechanism(name, given, parents, noise is not None)
        own = _own_laws(name, noise)
        vars(self).update(
            name=name,
            states=None if states is None or isinstance(states, Real) else check_states(states, f"Variable {name!r}"),
            parents=None if parents is None else tuple(parents),
            equation=parse_expression(equation) if isinstance(equation, str) else equation,
            table=_as_table(table, name),
            counts=_as_table(counts, name),
            function=_as_items(function),
            noise=tuple([Noise(n, law) for n, law in own if not is_continuous(law)]),
            description=description,
            real=states if isinstance(states, Real) else None,
            mechanism=mechanism,
            continuous=tuple(
                [ContinuousNoise((n,), cast(AnyContinuousLaw, law)) for n, law in own if is_continuous(law)]
            ),
            shared=(noise,) if isinstance(noise, str) else (),
        )


def _own_laws(name: str, noise: object) -> list[tuple[str, Any]]:
    """Each noise of a variable's own with its law."""
    if noise is None or isinstance(noise, str):
        return []
    if isinstance(noise, Mapping):
        return list(cast("Mapping[str, Any]", noise).items())
    return [(f"u_{name}", noise)]


def _check_kinds(name: str, equation: object, mechanism: object) -> None:
    """That an equation is no function, and a mechanism is one, not its class."""
    if callable(equation):
        raise InvalidModel(
            f"{name!r} has a Python function as its equation; a formula as text is wanted, or "
            "mechanism=Function(f) with parents=(...) for a function of columns."
        )
    if mechanism is not None and (isinstance(mechanism, type) or not isinstance(mechanism, Unbound)):
        raise InvalidModel(
            f"{name!r} has mechanism={mechanism!r}; Linear(...), Additive(...) or another mechanism is wanted."
        )


def _check_mechanism(name: str, given: Sequence[str], parents: object, has_noise: bool) -> None:
    """That one mechanism is there, with what belongs to it."""
    if len(given) > 1:
        raise InvalidModel(f"{name!r} has {' and '.join(given)}; one mechanism is wanted.")
    if isinstance(parents, str):
        raise InvalidModel(f"{name!r} has parents={parents!r}; a tuple of names is wanted: parents=({parents!r},).")
    if not given and parents is not None:
        raise InvalidModel(
            f"{name!r} has parents but no equation, table, counts, function or mechanism. Say how it depends on them."
        )
    if not given and not has_noise:
        raise InvalidModel(
            f"{name!r} has no mechanism. "
            "Give an equation, table, counts, function, mechanism or noise (noise=Unknown() if nothing is known)."
        )
    if has_noise and given and given[0] in ("table", "counts"):
        raise InvalidModel(
            f"{name!r} has a table and a noise. A table has no explicit noise; use function= or equation=."
        )


def with_states(variable: Variable, states: tuple[Value, ...]) -> Variable:
    """The same variable with its states spelt out, so that they no longer depend on its parents' mechanisms."""
    copy = object.__new__(Variable)
    vars(copy).update(vars(variable) | {"states": states})
    return copy


def declared(variable: Variable) -> Domain | None:
    """What the variable was declared to be; None where that follows from its mechanism."""
    return variable.states if variable.real is None else variable.real


def noises_of(variable: Variable) -> tuple[str, ...]:
    """The names of its own noises and of a shared one that it names."""
    own = [n.name for n in variable.noise]
    return (*own, *[n for block in variable.continuous for n in block.names], *variable.shared)


def inputs_of(variable: Variable, known: Container[str]) -> tuple[str, ...]:
    """Everything the mechanism reads: parents, shared noises, own noises. `known` are all names of the model."""
    if variable.equation is not None:
        # Any other bare name is a label, or is refused when the equation is resolved.
        return tuple(dict.fromkeys([leaf.name for leaf in leaves(variable.equation) if leaf.name in known]))
    own = noises_of(variable)
    if variable.mechanism is not None:
        return tuple(dict.fromkeys((*variable.mechanism.reads(variable.parents, known), *own)))
    if variable.table is None and variable.counts is None and variable.function is None:
        return own
    return (*(variable.parents or ()), *own)
