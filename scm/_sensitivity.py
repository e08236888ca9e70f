"""`sensitivity`: the derivative of an answer with respect to every probability that it depends on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer
from ._ask import ask, prepared
from ._coupling import Coupling
from ._finding import Number
from ._finite_only import check_finite
from ._model import Model
from ._query import Query, print_query
from ._render import plain
from ._syntax import Const, Op, Value, Var, print_expr
from ._text import number_text
from .solvers import Budget, NeedsCoupling, NeedsSampling, NotOneNumber, Setting, TooWide, entries_of, slopes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TableSensitivity:
    """The derivatives with respect to one table, or to the law of one noise.

    Attributes:
        name: of the variable or noise.
        inputs: what the table's rows are given; empty for a noise.
        domains: the states of each input.
        states: of the variable or noise.
        probability: shape (states of the inputs..., states).
        partial: the partial derivative, every entry moved alone: of the answer as a ratio of multilinear functions (the
            divisor left out where there is no evidence). Only differences within a row matter to laws, which sum to
            one. A table that stands in one plan with several instances has a joint law only where rows sum to one:
            its part is the derivative along `row + t (state - row)`. Shape: rows of data (if any), states of a
            distribution (if any), then as `probability`; NaN where there is no derivative or no answer.
        covariation: the derivative as one entry moves and the others of its row are rescaled in proportion (Chan &
            Darwiche 2002); same shape. NaN, besides, for an entry of one: how the rest would grow is not said. For an
            entry of zero it is one-sided.
        kink: where there is no derivative: the slopes on two sides of the row differ, or the answer is not determined
            beside the table; or none is told, a state of the table being too faint (below 1e-12, rank preserving).
    """

    name: str
    inputs: tuple[str, ...]
    domains: tuple[tuple[Value, ...], ...]
    states: tuple[Value, ...]
    probability: Array
    partial: Array
    covariation: Array
    kink: NDArray[np.bool_]

    def entry(self, at: Sequence[int]) -> EntrySensitivity:
        """One entry: the positions of the inputs' states, then of the state."""
        return EntrySensitivity(
            self.name,
            self.states[at[-1]],
            {n: d[k] for n, d, k in zip(self.inputs, self.domains, at[:-1], strict=True)},
            float(self.probability[(*at,)]),
            _number(self.partial[(..., *at)]),
            _number(self.covariation[(..., *at)]),
        )


@dataclass(frozen=True)
class EntrySensitivity:
    """One probability and the derivatives with respect to it; NaN (in a number: None) where there is none.

    Attributes:
        name, state: P(name = state | given); a noise has nothing given.
        given: the state of each parent.
        probability: as the model has it.
        partial, covariation: see `TableSensitivity`; arrays have rows of data first, then states of a distribution.
    """

    name: str
    state: Value
    given: Mapping[str, Value]
    probability: float
    partial: Number | None
    covariation: Number | None

    def __str__(self) -> str:
        def told(name: str, value: Value) -> str:
            return print_expr(Op("=", (Var(name), Const(value))))

        given = ", ".join(told(n, v) for n, v in self.given.items())
        return f"P({told(self.name, self.state)}{f' | {given}' if given else ''})"


@dataclass(frozen=True)
class Sensitivity:
    """What `sensitivity` returns.

    Attributes:
        answer: of the query itself.
        tables: the derivatives, by variable or noise; empty where `refusal` says why there are none.
        refusal: why there are no derivatives; None where there are.
        summed: whether the rows' derivatives were added up.
    """

    answer: Answer
    tables: Mapping[str, TableSensitivity] = field(default_factory=lambda: {})
    refusal: str | None = None
    summed: bool = False

    def entries(self) -> Iterator[EntrySensitivity]:
        """Every probability that the answer depends on, table by table."""
        for table in self.tables.values():
            for at in itertools.product(*map(range, table.probability.shape)):
                yield table.entry(at)

    def top(self, n: int = 10) -> tuple[EntrySensitivity, ...]:
        """The `n` entries with the largest covariation derivative (in arrays: its largest size)."""
        found: list[tuple[float, TableSensitivity, int]] = []
        for table in self.tables.values():
            flat = np.abs(table.covariation).reshape(-1, table.probability.size)
            sizes = np.max(flat, axis=0, initial=0.0, where=~np.isnan(flat))
            first = np.argsort(-sizes, kind="stable")[:n]
            found += [(float(sizes[k]), table, k) for k in first.tolist()]
        found.sort(key=lambda x: -x[0])
        return tuple(t.entry([int(i) for i in np.unravel_index(k, t.probability.shape)]) for _, t, k in found[:n])

    def to_columns(self) -> dict[str, list[Any]]:
        """One line for each entry, row of data and state of a distribution: {column: values}, for a data frame."""
        kinds = [f"state of {name}" for name, _ in self.answer.states]
        cells = [states for _, states in self.answer.states]
        out: dict[str, list[Any]] = {k: [] for k in ("name", "given", "state", "probability", "row", *kinds)}
        out |= {"partial": [], "covariation": []}
        for entry in self.entries():
            partial, covariation = (np.asarray(_filled(x)) for x in (entry.partial, entry.covariation))
            rows = partial.shape[: partial.ndim - len(cells)]
            for row in np.ndindex(rows):
                for cell in itertools.product(*(range(len(states)) for states in cells)):
                    told = {"name": entry.name, "given": dict(entry.given), "state": entry.state}
                    told |= {"probability": entry.probability, "row": row[0] if row else None}
                    told |= {k: states[c] for k, states, c in zip(kinds, cells, cell, strict=True)}
                    told |= {"partial": _plain(partial[(*row, *cell)])}
                    told |= {"covariation": _plain(covariation[(*row, *cell)])}
                    for k, value in told.items():
                        out[k].append(value)
        return out

    def to_text(self, n: int = 10) -> str:
        """The query and its `n` most telling probabilities, a line each."""
        lines = [self.answer.to_text(derivation=False)]
        if self.refusal is not None:
            return "\n".join([*lines, f"  no derivatives: {self.refusal}"])
        lines.append("  derivative as one probability moves and its row keeps its proportions (partial derivative):")
        for entry in self.top(n):
            pair = f"{_told(entry.covariation)} ({_told(entry.partial)})"
            lines.append(f"    {entry} = {number_text(entry.probability)}: {pair}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()

    def to_json(self) -> dict[str, Any]:
        """The derivatives as JSON data (no NaN: what is not there is null)."""
        tables = [
            {
                "name": t.name,
                "inputs": [{"name": n, "states": list(d)} for n, d in zip(t.inputs, t.domains, strict=True)],
                "states": list(t.states),
                "probability": plain(t.probability),
                "partial": plain(t.partial),
                "covariation": plain(t.covariation),
                "kink": plain(t.kink),
            }
            for t in self.tables.values()
        ]
        return {
            "query": print_query(self.answer.query),
            "answer": self.answer.to_json(),
            "summed": self.summed,
            "refusal": self.refusal,
            "tables": tables,
        }


def sensitivity(
    model: Model,
    query: str | Query,
    *,
    rows: object = None,
    ignored: Sequence[str] = (),
    assume: str | Coupling | Sequence[str | Coupling] = (),
    budget: float | str | Budget | None = None,
    summed: bool = False,
) -> Sensitivity:
    """The exact derivative of an answer with respect to every probability of a table or noise that it depends on.

    Equations have no entries, and noises of unknown law no numbers. `gumbel_max` and a user's couplings
    are differentiated numerically, alone; all else is exact in float64. `by_noise` does not say what the noise would be
    beside the table, so that only derivatives that do not hang on it are given.

    Args:
        model: the model.
        query: see `ask`.
        rows: see `ask`; there are then derivatives for each row.
        ignored: columns of the rows that mean nothing here.
        assume: what the user grants, see `ask`.
        budget: see `ask`; the derivatives have one of the same size of their own.
        summed: add the derivatives of all rows up (rows that are not defined have no part in it).

    Returns:
        A `Sensitivity`; where the answer is no number, its `refusal` says so.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery, InvalidRows: as `ask`.
    """
    check_finite(model, "sensitivity()")
    answer = ask(model, query, rows=rows, ignored=ignored, assume=assume, budget=budget)
    if answer.finding not in ("exact", "estimate"):
        return Sensitivity(answer, refusal=f"the answer is {answer.finding}, which is no number", summed=summed)
    setting, question = prepared(model, query, rows, ignored, assume, budget, None, None)
    try:
        tables = _tables(setting, question.query, answer, summed, batch=rows is not None)
    except (TooWide, NotOneNumber, NeedsCoupling, NeedsSampling) as wrong:
        return Sensitivity(answer, refusal=str(wrong), summed=summed)
    return Sensitivity(answer, tables, summed=summed)


def _tables(
    setting: Setting, query: Query, answer: Answer, summed: bool, *, batch: bool
) -> dict[str, TableSensitivity]:
    cells = tuple(len(states) for _, states in answer.states)
    data = 1 if summed else setting.rows
    sums: dict[str, Array] = {}
    kinks: dict[str, NDArray[np.bool_]] = {}
    for part in slopes(setting, query):
        for name, partial in part.partial.items():
            missing = part.missing.get(name, np.zeros(partial.shape, dtype=bool))
            if name not in sums:
                shape = (*partial.shape[:3], data)
                _check_size(shape, sums, setting.budget)
                sums[name], kinks[name] = np.zeros(shape), np.zeros(shape, dtype=bool)
            if summed:
                times = np.bincount(part.at, minlength=partial.shape[-1])
                sums[name] += (np.where(np.isnan(part.value), 0.0, partial) * times).sum(axis=-1, keepdims=True)
                kinks[name] |= missing.any(axis=-1, keepdims=True)
            else:
                sums[name][..., part.rows] = partial[..., part.at]
                kinks[name][..., part.rows] = missing[..., part.at]
    return {
        name: _table(setting.model, name, sums[name], kinks[name], cells, batch and not summed)
        for name in (*setting.model.mechanisms, *setting.model.noises)
        if name in sums
    }


def _check_size(shape: tuple[int, ...], held: Mapping[str, Array], budget: Budget) -> None:
    size = math.prod(shape) + sum(a.size for a in held.values())
    if shape[-1] > 1 and size > budget.entries:
        raise TooWide(
            f"The derivatives of all rows are {size:,} numbers or more; the budget is {budget.entries:,.0f}. Ask about "
            "fewer rows at once, or for their sum (summed=True)."
        )


def _table(
    model: Model, name: str, partial: Array, kink: NDArray[np.bool_], cells: tuple[int, ...], batch: bool
) -> TableSensitivity:
    entries = entries_of(model, name)
    assert entries is not None
    inputs = () if name in model.noises else model.mechanisms[name].inputs
    domains = tuple(model.states[n] for n in inputs)
    row = entries[:, :, None, None]
    rest = 1 - row
    toward = partial - (row * partial).sum(axis=1, keepdims=True)
    covariation = np.where(rest > 0, toward / np.where(rest > 0, rest, 1.0), np.nan)

    def shaped(array: NDArray[Any]) -> NDArray[Any]:
        # From (configurations, states, cells, rows) to (rows, cells..., inputs..., states).
        out = array.transpose(3, 2, 0, 1)
        out = out.reshape(out.shape[0], *(cells or ()), *map(len, domains), array.shape[1])
        out = np.array(out if batch else out[0], order="C")
        out.flags.writeable = False  # a value
        return out

    partial, covariation = (np.where(kink, np.nan, a) for a in (partial, covariation))
    probability = entries.reshape([*map(len, domains), entries.shape[1]])
    return TableSensitivity(
        name, inputs, domains, model.states[name], probability, shaped(partial), shaped(covariation), shaped(kink)
    )


def _number(array: Any) -> Number | None:
    found = np.asarray(array, dtype=float)
    return found if found.ndim else _plain(found)


def _plain(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _filled(value: Number | None) -> Number:
    return math.nan if value is None else value


def _size(value: Number | None) -> float:
    sizes = np.abs(np.asarray(_filled(value)))
    return float(np.max(sizes, initial=0.0, where=~np.isnan(sizes)))


def _told(value: Number | None) -> str:
    if value is None:
        return "none"
    return number_text(value) if isinstance(value, float) else f"up to {number_text(_size(value))} in size"
