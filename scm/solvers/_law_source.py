"""Where the laws that an estimand speaks of come from: exact joint arrays, or a fitted model."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidQuery, UnknownName, UnknownState, listing
from .._finite_only import check_finite
from .._model import Model
from .._query import Distribution
from .._study import KnownLaw
from .._syntax import Placeholder, Set, Value, Var, world
from ._budget import Budget
from ._named import check_entries
from ._setting import Record, Setting
from .exact import solve

Names = tuple[str, ...]
Array = NDArray[np.float64]


class LawSource(Protocol):
    """What gives the laws that an estimand speaks of."""

    def law(self, of: Names, given: Names, do: Names, source: str) -> Array:
        """`P(of | given; do)` at every value.

        Args:
            of: names of variables.
            given: others, in the condition.
            do: others again, imposed.
            source: `Law.source`, the name of an available law.

        Returns:
            Shape (states of each of `of`..., of `given`..., of `do`...), perhaps with one more axis at the end for
            several models at once; NaN where the condition has probability zero.

        Raises:
            ScmError: this law is not available.
        """
        ...


def conditional(joint: Array, of: int) -> Array:
    """`P(of | rest)` from `P(of, rest)`, where `of` are the first axes; NaN where P(rest) = 0."""
    below = joint.sum(axis=tuple(range(of)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, joint / below, np.nan)


def position(variable: str, state: Value, domain: Sequence[Value]) -> int:
    """Where a state stands.

    Raises:
        UnknownState: nowhere.
    """
    for i, own in enumerate(domain):
        if own == state and isinstance(own, str) == isinstance(state, str):
            return i
    raise UnknownState(variable, state, domain)


class JointLaws:
    """Laws from exact joint arrays.

    Args:
        tables: one for each available law; the name of each is what estimands call it.

    Raises:
        InvalidQuery: two tables of one name, or an array with another number of axes than it has variables.
    """

    def __init__(self, tables: Sequence[KnownLaw]) -> None:
        if not isinstance(tables, Sequence) or not all(isinstance(table, KnownLaw) for table in tables):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise InvalidQuery("JointLaws takes a list of KnownLaw.")
        self._tables = {table.name: table for table in tables}
        if len(self._tables) < len(tables):
            raise InvalidQuery("Two laws have the same name. Give each a name of its own.")
        for table in tables:
            names = (*table.do, *table.variables)
            if len(names) != np.ndim(table.array) or len(set(names)) < len(names):
                raise InvalidQuery(
                    f"A law over {listing(names)} is an array with one axis for each, got {np.ndim(table.array)} axes."
                )
        self._kept: dict[tuple[Names, Names, Names, str], Array] = {}

    def law(self, of: Names, given: Names, do: Names, source: str) -> Array:
        """See `LawSource.law`."""
        key = (of, given, do, source)
        if key not in self._kept:
            self._kept[key] = self._made(of, given, do, source)
        return self._kept[key]

    def _made(self, of: Names, given: Names, do: Names, source: str) -> Array:
        table = self._tables.get(source)
        if table is None:
            raise UnknownName(source, self._tables, "The formula")
        check_available(of + given, do, table.variables, table.do, source)
        names = (*table.do, *table.variables)
        wanted = (*of, *given, *do)
        array = np.asarray(table.array, dtype=float)
        summed = array.sum(axis=tuple(i for i, name in enumerate(names) if name not in wanted))
        left = [name for name in names if name in wanted]
        joint = summed.transpose([left.index(name) for name in wanted])
        return conditional(joint, len(of)) if given else joint


class StrataLaws:
    """Laws of several strata at once, from arrays whose first axis is theirs; for a law without strata, of none.

    Args:
        tables: one for each available law, checked (see `Study`); the name of each is what estimands call it.
        rows: which strata.
    """

    def __init__(self, tables: Sequence[KnownLaw], rows: slice) -> None:
        self._tables = {table.name: table for table in tables}
        self._rows = rows

    def law(self, of: Names, given: Names, do: Names, source: str) -> Array:
        """See `LawSource.law`; the last axis is that of the strata, of length one for a law that has none."""
        table = self._tables[source]
        check_available(of + given, do, table.variables, table.do, source)
        names = (*table.do, *table.variables)
        wanted = (*of, *given, *do)
        array = np.asarray(table.array, dtype=float)
        array = array[self._rows] if table.strata else array[None]
        lost = tuple(i + 1 for i, name in enumerate(names) if name not in wanted)
        summed = array.sum(axis=lost) if lost else array
        left = [name for name in names if name in wanted]
        joint = summed.transpose([*(left.index(name) + 1 for name in wanted), 0])
        return conditional(joint, len(of)) if given else joint


def check_available(wanted: Names, do: Names, variables: Sequence[str], imposed: Sequence[str], source: str) -> None:
    """That a law of `wanted` under `do` follows from the law of `variables` under `imposed`.

    Raises:
        InvalidQuery: it does not, or a variable stands in it twice.
    """
    name = f"The law {source!r}" if source else "The law of what is seen"
    if len(set(wanted + do)) < len(wanted + do):
        raise InvalidQuery(f"A law names a variable twice: {listing(wanted + do)}.")
    if set(do) != set(imposed):
        raise InvalidQuery(f"{name} imposes {listing(imposed)}; the formula wants it with {listing(do)} imposed.")
    for variable in wanted:
        if variable not in variables:
            raise UnknownName(variable, variables, name)


class ModelLaws:
    """Laws of a fitted model, each worked out by exact inference when it is asked for; no joint array is made.

    Args:
        model: finite; hidden causes may be variables of it like others.
        budget: of one law.

    Every source is a law of the same model; what is imposed is imposed on it.
    """

    def __init__(self, model: Model, budget: Budget | None = None) -> None:
        check_finite(model, "ModelLaws()", "Its laws are arrays over states.")
        self.model = model
        self.budget = Budget() if budget is None else budget
        self._kept: dict[tuple[Names, Names, Names], Array] = {}

    def law(self, of: Names, given: Names, do: Names, source: str) -> Array:
        """See `LawSource.law`.

        Raises:
            UnknownName: a variable that the model does not have.
            TooWide: an array past the budget.
        """
        key = (of, given, do)
        if key not in self._kept:
            for name in (*of, *given, *do):
                if name not in self.model.variable_states:
                    raise UnknownName(name, self.model.variable_states, "The formula")
            self._kept[key] = self._made(of, given, do)
        return self._kept[key]

    def _made(self, of: Names, given: Names, do: Names) -> Array:
        states = self.model.variable_states
        check_entries(int(np.prod([len(states[name]) for name in (*of, *given, *do)], dtype=float)))
        here = world(*(Set(name, Placeholder(name)) for name in do))
        grid = np.array(list(itertools.product(*(range(len(states[name])) for name in do))), dtype=np.intp)
        columns = {name: np.ascontiguousarray(grid[:, i]) for i, name in enumerate(do)}
        query = Distribution(tuple(Var(name, here) for name in (*of, *given)))
        domains = {name: states[name] for name in do}
        setting = Setting(self.model, (), self.budget, columns, domains, len(grid), Record(), plans=self.model.plans)
        found = solve(setting, query).lower
        joint = found.reshape([len(states[name]) for name in (*of, *given, *do)])
        return conditional(joint, len(of)) if given else joint
