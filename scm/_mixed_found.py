"""Values for rows with what may be wrong with them: standard errors of draws, and the rounding of the arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._query import Contrast, Expectation, Number, Probability, Query
from ._syntax import Const, Expr, Op
from .solvers import Solution

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Term = Probability | Expectation


@dataclass(frozen=True)
class Turned:
    """Rows that no solver answers.

    Attributes:
        rows: which of all rows.
        refusals: each solver's reason.
        partial: what the last one had found before it gave up, for the rows `of`.
    """

    rows: NDArray[np.intp]
    refusals: tuple[tuple[str, str], ...]
    partial: Solution | None = None
    of: NDArray[np.intp] | None = None


@dataclass(frozen=True)
class Found:
    """A value for each row.

    Attributes:
        value: rows are the last axis; NaN where it is not defined.
        defined: whether the row's evidence is possible; shape (rows,).
        error: standard error of what was drawn; None where nothing was.
        rounding: bound on the absolute error of the arithmetic, as far as solvers tell.
        turned: rows among them that were refused; their value is NaN.
    """

    value: Array
    defined: Bools
    error: Array | None = None
    rounding: float = 0.0
    turned: tuple[Turned, ...] = ()

    def refused(self, rows: NDArray[np.intp]) -> Bools:
        """Which of the rows, by their numbers among all, were refused."""
        return (
            np.isin(rows, np.concatenate([t.rows for t in self.turned])) if self.turned else np.zeros(len(rows), bool)
        )

    def some(self, at: NDArray[np.intp]) -> Found:
        """Of these places only."""
        error = None if self.error is None else self.error[at]
        return replace(self, value=self.value[at], defined=self.defined[at], error=error, turned=())

    def replaced(self, at: NDArray[np.intp], other: Found) -> Found:
        """With these places from `other`."""
        value, defined = self.value.copy(), self.defined.copy()
        value[at], defined[at] = other.value, other.defined
        error = np.zeros(len(value)) if self.error is None else self.error.copy()
        error[at] = 0.0 if other.error is None else other.error
        drawn = self.error is not None or other.error is not None
        rounding = max(self.rounding, other.rounding)
        return replace(self, value=value, defined=defined, error=error if drawn else None, rounding=rounding)


def nothing(rows: int) -> Found:
    """What is found where the evidence is impossible."""
    return Found(np.full(rows, np.nan), np.zeros(rows, bool))


def number(value: float, rows: int) -> Found:
    """The same number for every row."""
    return Found(np.full(rows, value), np.ones(rows, bool))


def scaled(found: Found, scale: float) -> Found:
    """A multiple."""
    error = None if found.error is None else abs(scale) * found.error
    return Found(scale * found.value, found.defined, error, abs(scale) * found.rounding, found.turned)


def combined(query: Query, found: Mapping[Query, Found], rows: int) -> Found:
    """The value of a contrast from those of its terms.

    Standard errors of terms that were drawn are combined as if the draws were perfectly dependent, the worst case.
    """
    match query:
        case Number(value):
            return number(float(value), rows)
        case Contrast(op, left, right):
            return contrast(op, combined(left, found, rows), combined(right, found, rows))
        case _:
            return found[query]


def contrast(op: str, a: Found, b: Found) -> Found:
    """Two values combined; see `combined`."""
    x, y, defined = a.value, b.value, a.defined & b.defined
    with np.errstate(divide="ignore", invalid="ignore"):
        value = _OPERATION[op](x, y)
        if op == "/":
            # A divisor that may be nothing but rounding divides nothing.
            defined = defined & np.isfinite(value) & (np.abs(y) > b.rounding)
        drawn = a.error is not None or b.error is not None
        error = _spread(op, x, y, *(np.zeros(()) if e is None else e for e in (a.error, b.error))) if drawn else None
        off = _spread(op, x, y, np.asarray(a.rounding), np.asarray(b.rounding))
    largest = float(np.max(np.broadcast_to(off, defined.shape), initial=0.0, where=defined & np.isfinite(off)))
    return Found(value, defined, error, largest, (*a.turned, *b.turned))


_OPERATION = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


def _spread(op: str, x: Array, y: Array, ex: Array, ey: Array) -> Array:
    """How far off `x op y` is where its sides are off by `ex` and `ey`, the worst case."""
    match op:
        case "+" | "-":
            return ex + ey
        case "*":
            return np.abs(y) * ex + np.abs(x) * ey + ex * ey
        case _:
            return (ex + np.abs(x / y) * ey) / np.abs(y)


# ---------------------------------------------------------------------------------------------------------------------
# Linearity


def summands(expr: Expr) -> list[tuple[float, Expr]]:
    """`expr` as a sum of multiples; one that cannot be split is itself, once."""
    match expr:
        case Op("+", args):
            return [found for arg in args for found in summands(arg)]
        case Op("neg", (arg,)):
            return [(-c, e) for c, e in summands(arg)]
        case Op("*", args):
            numbers = [float(a.value) for a in args if isinstance(a, Const) and not isinstance(a.value, str)]
            others = [a for a in args if not isinstance(a, Const)]
            if numbers and len(others) == 1:
                scale = float(np.prod(numbers))
                return [(scale * c, e) for c, e in summands(others[0])]
        case Op("/", (above, Const(value))) if not isinstance(value, str) and value:
            return [(c / float(value), e) for c, e in summands(above)]
        case _:
            pass
    return [(1.0, expr)]


def as_sum(query: Query) -> tuple[float, list[tuple[float, Term]]] | None:
    """A query as a number and multiples of its terms; None where it is not linear in them."""
    match query:
        case Number(value):
            return float(value), []
        case Contrast(("+" | "-") as op, left, right):
            a, b = as_sum(left), as_sum(right)
            if a is None or b is None:
                return None
            sign = 1.0 if op == "+" else -1.0
            return a[0] + sign * b[0], [*a[1], *((sign * c, term) for c, term in b[1])]
        case Contrast("*", Number(value), other) | Contrast("*", other, Number(value)):
            return _times(as_sum(other), float(value))
        case Contrast("/", other, Number(value)) if value:
            return _times(as_sum(other), 1 / float(value))
        case Probability() | Expectation():
            return 0.0, [(1.0, query)]
        case _:
            return None


def _times(
    found: tuple[float, list[tuple[float, Term]]] | None, scale: float
) -> tuple[float, list[tuple[float, Term]]] | None:
    return None if found is None else (scale * found[0], [(scale * c, term) for c, term in found[1]])


def joined(parts: list[tuple[float, Term]]) -> Expectation:
    """A sum of multiples of terms under one condition as one expectation; an event counts as 1 where it holds."""
    exprs: list[Expr] = []
    for scale, term in parts:
        expr = Op("if", (term.event, Const(1.0), Const(0.0))) if isinstance(term, Probability) else term.expr
        exprs.append(expr if scale == 1 else Op("*", (Const(scale), expr)))
    return Expectation(exprs[0] if len(exprs) == 1 else Op("+", tuple(exprs)), parts[0][1].given)
