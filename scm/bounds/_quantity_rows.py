"""A quantity as a fraction of two combinations of probabilities, and as rows that are linear in the laws.

`P(A | B) = p` is `P(A, B) - p P(B) = 0`, without a look at what `P(B)` is. Two conditions in one quantity need the
probability of each as a number; where only ends of it are known, the rows are those that hold for every number between
them. Probabilities are not negative, so that a coefficient with ends may take the end that cuts off less.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from .._evaluate import evaluate
from .._query import Contrast, Expectation, Number, Probability, Query, print_query
from .._statement import Correlation
from .._syntax import Const, Expr, Op, Value, Var, conjunction, conjuncts, print_expr, terms

Range: TypeAlias = tuple[float, float]
"""A number between two ends; exact where they are equal."""
Linear: TypeAlias = dict[Expr | None, Range]
"""Events with their coefficients; None is the sure event."""
Row: TypeAlias = tuple[tuple[tuple[float, Expr | None], ...], float, float]
"""A combination of probabilities, and its ends."""
ONE: Range = (1.0, 1.0)
MOST_STATES = 4096
"""Most joint states of the terms of one expectation."""


class NotLinear(Exception):
    """A quantity that is no row: the message says what would have to be known first."""


class Lookup(Protocol):
    """Numbers that are known."""

    def of(self, term: Probability) -> Range | None:
        """The ends of a probability; None where nothing is known of it."""
        ...


@dataclass(frozen=True)
class Fraction:
    """`above / below`.

    Attributes:
        above, below: combinations of probabilities.
        asked: the probability that it is, where it is one.
    """

    above: Linear
    below: Linear = field(default_factory=lambda: {None: ONE})
    asked: Probability | None = None


def rows_of(
    quantity: Query | Correlation,
    low: float,
    high: float,
    states: Mapping[str, tuple[Value, ...]],
    known: Lookup,
) -> list[Row]:
    """`low <= quantity <= high` as rows; ends may be infinite.

    Raises:
        NotLinear: it is none, as far as numbers are known.
    """
    if isinstance(quantity, Correlation):
        quantity, low, high = _joint(quantity, low, high, states, known)
    return _rows(fraction(quantity, states, known), low, high, known)


def is_exact(quantity: Query | Correlation, states: Mapping[str, tuple[Value, ...]], known: Lookup) -> bool:
    """Whether its rows need no number that is known between ends only: such rows hold, and others may be narrower.

    Raises:
        NotLinear: it has none, as far as numbers are known.
    """
    if isinstance(quantity, Correlation):
        events = (Op("=", (Var(name), Const(states[name][1]))) for name in (quantity.first, quantity.second))
        margins = [_margin(Probability(event, quantity.given), known) for event in events]
        return all(low == high for low, high in margins)
    part = fraction(quantity, states, known)
    return _exact(part.above) and _exact(part.below)


def fraction(query: Query, states: Mapping[str, tuple[Value, ...]], known: Lookup) -> Fraction:
    """A quantity as a fraction.

    Raises:
        NotLinear: it is none, as far as numbers are known.
    """
    match query:
        case Number(value):
            return Fraction({None: (float(value), float(value))})
        case Probability(event, given):
            return Fraction({joined(event, given): ONE}, {_event(given): ONE}, query)
        case Expectation(expr, given):
            return Fraction(_mean(expr, given, states), {_event(given): ONE})
        case Contrast(op, left, right):
            one, two = fraction(left, states, known), fraction(right, states, known)
            if op == "*":
                return _product(one, two, query, known)
            return _quotient(one, two, query, known) if op == "/" else _sum(one, two, op, query, known)
        case _:
            raise NotLinear("a whole law is no single number")


def joined(event: Expr, given: Expr | None) -> Expr | None:
    """`event` and `given`, each part once; None where both are sure."""
    parts = dict.fromkeys((*conjuncts(event), *conjuncts(given)))
    kept = [part for part in parts if not (isinstance(part, Const) and part.value is True)]
    return conjunction(*kept) if kept else None


def _event(given: Expr | None) -> Expr | None:
    return None if given is None else joined(given, None)


def _mean(expr: Expr, given: Expr | None, states: Mapping[str, tuple[Value, ...]]) -> Linear:
    """Each value of an expression, with the event that it has it."""
    leaves = terms(expr)
    if math.prod(len(states[leaf.name]) for leaf in leaves) > MOST_STATES:
        raise NotLinear(f"E[{print_expr(expr)}] ranges over more than {MOST_STATES:,} joint states")
    found: Linear = {}
    for values in itertools.product(*(states[leaf.name] for leaf in leaves)):
        at: dict[Var, Value] = dict(zip(leaves, values, strict=True))
        value = evaluate(expr, lambda term, at=at: at[term])
        if isinstance(value, str):
            raise NotLinear(f"E[{print_expr(expr)}] is about labels, which have no mean")
        if value:
            same = [Op("=", (leaf, Const(state))) for leaf, state in at.items()]
            event = joined(conjunction(*same), given) if same else _event(given)
            _add(found, event, (float(value), float(value)))
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic


def _add(linear: Linear, event: Expr | None, by: Range) -> None:
    low, high = linear.get(event, (0.0, 0.0))
    linear[event] = (low + by[0], high + by[1])


def _times(one: Range, two: Range) -> Range:
    corners = [a * b for a in one for b in two]
    return min(corners), max(corners)


def _scaled(linear: Linear, by: Range) -> Linear:
    return {event: _times(weight, by) for event, weight in linear.items()}


def _plus(one: Linear, two: Linear) -> Linear:
    found = dict(one)
    for event, weight in two.items():
        _add(found, event, weight)
    return found


def _inverse(number: Range, what: str) -> Range:
    if number[0] <= 0:
        raise NotLinear(f"{what} may be zero, and the quantity divides by it")
    return 1 / number[1], 1 / number[0]


def _number(linear: Linear, known: Lookup) -> Range | None:
    """The ends of a combination, where each of its probabilities has some."""
    total = (0.0, 0.0)
    for event, weight in linear.items():
        found = ONE if event is None else known.of(Probability(event))
        if found is None:
            return None
        part = _times(weight, found)
        total = (total[0] + part[0], total[1] + part[1])
    return total


def _value(part: Fraction, known: Lookup) -> Range | None:
    """The ends of a fraction, where they are known."""
    if part.asked is not None and (found := known.of(part.asked)) is not None:
        return found
    above = _number(part.above, known)
    below = None if above is None else _number(part.below, known)
    if above is None or below is None or below[0] <= 0:
        return None
    return _times(above, (1 / below[1], 1 / below[0]))


def _sum(one: Fraction, two: Fraction, op: str, query: Query, known: Lookup) -> Fraction:
    sign: Range = ONE if op == "+" else (-1.0, -1.0)
    if one.below == two.below:
        return Fraction(_plus(one.above, _scaled(two.above, sign)), one.below)
    if (number := _value(two, known)) is not None:
        return Fraction(_plus(one.above, _scaled(one.below, _times(number, sign))), one.below)
    if (number := _value(one, known)) is not None:
        return Fraction(_plus(_scaled(two.below, number), _scaled(two.above, sign)), two.below)
    left, right = (_over_number(part, query, known) for part in (one, two))
    return Fraction(_plus(left, _scaled(right, sign)))


def _product(one: Fraction, two: Fraction, query: Query, known: Lookup) -> Fraction:
    for part, other in ((one, two), (two, one)):
        if (number := _value(part, known)) is not None:
            return Fraction(_scaled(other.above, number), other.below)
    raise NotLinear(f"{print_query(query)} multiplies two numbers neither of which is known")


def _quotient(one: Fraction, two: Fraction, query: Query, known: Lookup) -> Fraction:
    if (number := _value(two, known)) is not None and number[0] > 0:
        return Fraction(_scaled(one.above, _inverse(number, "a known number")), one.below)
    if one.below == two.below:
        return Fraction(one.above, two.above)
    if (number := _value(one, known)) is not None:
        return Fraction(_scaled(two.below, number), two.above)
    return Fraction(_over_number(one, query, known), _over_number(two, query, known))


def _over_number(part: Fraction, query: Query, known: Lookup) -> Linear:
    """A fraction whose condition has a probability that is known."""
    number = _number(part.below, known)
    event = next((event for event in part.below if event is not None), None)
    name = "a condition" if event is None else print_query(Probability(event))
    if number is None:
        raise NotLinear(f"{print_query(query)} is about two conditions, and {name} is not known")
    return _scaled(part.above, _inverse(number, name))


# ---------------------------------------------------------------------------------------------------------------------
# Rows


def _exact(linear: Linear) -> bool:
    return all(low == high for low, high in linear.values())


def _rows(part: Fraction, low: float, high: float, known: Lookup) -> list[Row]:
    if any(weight[0] < 0 for weight in part.below.values()):
        number = _number(part.below, known)
        if number is not None and number[1] < 0:
            minus: Range = (-1.0, -1.0)
            part = Fraction(_scaled(part.above, minus), _scaled(part.below, minus))
        elif (number is None or number[0] <= 0) and not (low == high and _exact(part.above) and _exact(part.below)):
            raise NotLinear("it divides by a difference of probabilities that may be below zero")
    if low == high and _exact(part.above) and _exact(part.below):
        return [_row(_less(part, low), 0, 0.0, 0.0)]
    if part.below == {None: ONE} and _exact(part.above):
        return [_row(part.above, 0, low, high)]
    found: list[Row] = []
    if low > -math.inf and not (low <= 0 and all(weight[0] >= 0 for weight in part.above.values())):
        found.append(_row(_less(part, low), 1, 0.0, math.inf))
    if high < math.inf:
        found.append(_row(_less(part, high), 0, -math.inf, 0.0))
    return found


def _less(part: Fraction, value: float) -> Linear:
    """`above - value * below`."""
    return _plus(part.above, _scaled(part.below, (-value, -value)))


def _row(linear: Linear, end: int, low: float, high: float) -> Row:
    """A row with one end of each coefficient; what is certain goes to the other side."""
    sure = linear.get(None, (0.0, 0.0))[end]
    parts = tuple((weight[end], event) for event, weight in linear.items() if event is not None and weight[end] != 0)
    if not parts:
        return ((sure, None),), low, high
    return parts, low - sure, high - sure


# ---------------------------------------------------------------------------------------------------------------------
# Correlations


def _joint(
    quantity: Correlation, low: float, high: float, states: Mapping[str, tuple[Value, ...]], known: Lookup
) -> tuple[Probability, float, float]:
    """A correlation of two variables with known margins p, q as ends of P(both): pq + r sqrt(p(1-p) q(1-q))."""
    events = [Op("=", (Var(name), Const(states[name][1]))) for name in (quantity.first, quantity.second)]
    margins = [_margin(Probability(event, quantity.given), known) for event in events]
    spread = _times(_deviation(margins[0]), _deviation(margins[1]))
    base = _times(margins[0], margins[1])
    # An end at minus or plus infinity stays one.
    least, most = max(low, -1.0), min(high, 1.0)
    ends = _times((least, least), spread)[0], _times((most, most), spread)[1]
    return Probability(conjunction(*events), quantity.given), base[0] + ends[0], base[1] + ends[1]


def _margin(term: Probability, known: Lookup) -> Range:
    found = known.of(term)
    if found is None:
        raise NotLinear(f"a correlation needs {print_query(term)}, which is not known")
    return found


def _deviation(p: Range) -> Range:
    """The ends of sqrt(p (1 - p))."""
    ends = [math.sqrt(max(x * (1 - x), 0.0)) for x in p]
    return min(ends), 0.5 if p[0] <= 0.5 <= p[1] else max(ends)
