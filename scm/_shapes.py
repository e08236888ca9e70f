"""Shapes that a user grants of an effect: what `assume=` takes beside names. Values only.

A shape restricts what is possible, so that bounds become narrower: that raising the cause never lowers the effect, that
an effect lies within two ends, that a hidden confounder is no stronger than a number. Each is a list of statements
about probabilities, which `granted_limits` writes out for the states at hand.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal, TypeAlias, cast

from ._errors import InvalidQuery, UnknownName
from ._graph import CausalGraph
from ._query import Contrast, Expectation, Probability, Query
from ._resolve import state_of
from ._statement import Correlation
from ._syntax import Const, Expr, Op, Set, Value, Var, conjunction, print_const, print_name, world
from ._text import number_text

ShapeName: TypeAlias = Literal[
    "no_prevention", "no_defiers", "effect_within", "additive_confounding", "marginal_sensitivity"
]
"""What a shape is called."""
CITATIONS: dict[ShapeName, str] = {
    "no_prevention": "Tian & Pearl (2000), section 4.3; Pearl (2009), definition 9.2.13",
    "no_defiers": "Imbens & Angrist (1994), condition 2",
    "effect_within": "",
    "additive_confounding": "Brumback, Hernan, Haneuse & Robins (2004)",
    "marginal_sensitivity": "Tan (2006); Zhao, Small & Bhattacharya (2019)",
}
"""Who introduced each."""
States: TypeAlias = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Something granted about the effect of one variable on another; see the functions that make one.

    Attributes:
        name: which shape.
        cause, effect: whose effect on what; for `no_defiers` the instrument and the treatment.
        low, high: the ends within which the number that the shape is about lies.
        given: covariates within whose strata it holds.
        x1, x0: for an effect, the two values of the cause.
        y1: for an effect, the state whose probability it is about; None where it is about the mean.
    """

    name: ShapeName
    cause: str
    effect: str
    low: float = 0.0
    high: float = 0.0
    given: tuple[str, ...] = ()
    x1: Value = 1
    x0: Value = 0
    y1: Value | None = None

    @property
    def claim(self) -> str:
        """What is granted, in words."""
        x, y = print_name(self.cause), print_name(self.effect)
        within = f" in every stratum of {', '.join(map(print_name, self.given))}" if self.given else ""
        high = number_text(self.high)
        match self.name:
            case "no_prevention" | "no_defiers":
                words = "no prevention" if self.name == "no_prevention" else "no defiers"
                if self.high == 0:
                    return f"{words}: raising {x} lowers {y} in no unit"
                return f"{words} but for a share: raising {x} lowers {y} in at most {high} of the units"
            case "effect_within":
                number = f"E[{y}]" if self.y1 is None else f"P({y}={print_const(self.y1)})"
                change = f"from {x}={print_const(self.x0)} to {x}={print_const(self.x1)}"
                return f"the effect {change} on {number} lies between {number_text(self.low)} and {high}"
            case "additive_confounding":
                return (
                    f"hidden confounding of {x} and {y} is at most {high}: units with different values of {x} would, "
                    f"under the same value, differ by no more than that in the probability of a state of {y}{within}"
                )
            case "marginal_sensitivity":
                return (
                    f"hidden confounding of {x} and {y} is at most {high} in odds: to know what {y} would be under a "
                    f"value of {x} changes the odds of having that value by no more than this factor{within}"
                )

    @property
    def strength(self) -> str:
        """What the number that is granted is a number of: the axis of a sensitivity curve."""
        x, y = print_name(self.cause), print_name(self.effect)
        match self.name:
            case "no_prevention" | "no_defiers":
                return f"share of units in which raising {x} may lower {y}"
            case "additive_confounding":
                return f"hidden confounding of {x} and {y} (difference of probabilities)"
            case "marginal_sensitivity":
                return f"hidden confounding of {x} and {y} (odds ratio)"
            case "effect_within":
                return f"strength of what is granted of {x} and {y}"

    @property
    def citation(self) -> str:
        """Who introduced it."""
        return CITATIONS[self.name]

    def __str__(self) -> str:
        return self.claim


def no_prevention(cause: str, effect: str, *, violated: float = 0.0) -> Shape:
    """Raising the cause lowers the effect in no unit: monotonicity of the total effect (Tian & Pearl 2000).

    States are ordered as numbers, labels as they are declared. For the other direction, state it as
    `P(Y[X=1] > Y[X=0]) = 0`.

    Args:
        cause: the treatment.
        effect: the outcome.
        violated: the share of units, for each two values of the cause, in which it may fail.

    Raises:
        InvalidQuery: names that are none, a share that is none.
    """
    return _monotone("no_prevention", cause, effect, violated)


def no_defiers(instrument: str, cause: str, *, violated: float = 0.0) -> Shape:
    """Raising the instrument lowers the treatment in no unit (Imbens & Angrist 1994).

    Args:
        instrument: what moves the treatment.
        cause: the treatment.
        violated: the share of units that may be defiers.

    Raises:
        InvalidQuery: names that are none, a share that is none.
    """
    return _monotone("no_defiers", instrument, cause, violated)


def _monotone(name: ShapeName, cause: str, effect: str, violated: float) -> Shape:
    _check_pair(name, cause, effect)
    if not 0 <= _number(name, "violated", violated) <= 1:
        raise InvalidQuery(f"{name}(violated=) is a share of the units, between 0 and 1, got {violated!r}.")
    return Shape(name, cause, effect, 0.0, float(violated))


def effect_within(
    cause: str, effect: str, low: float, high: float, *, x1: Value = 1, x0: Value = 0, y1: Value | None = None
) -> Shape:
    """The average effect lies within two ends: `low <= E[Y[X=x1]] - E[Y[X=x0]] <= high`.

    Args:
        cause: the treatment.
        effect: the outcome.
        low: the least effect that is thought possible.
        high: the largest.
        x1: the value of the cause under which the effect is looked at.
        x0: the value that it is compared with.
        y1: the state of the effect whose probability is meant, not the mean.

    Raises:
        InvalidQuery: names that are none, ends that are none or stand the wrong way round.
    """
    _check_pair("effect_within", cause, effect)
    if _number("effect_within", "low", low) > _number("effect_within", "high", high):
        raise InvalidQuery(f"effect_within(low=, high=) got {low!r} and {high!r}: the lower end comes first.")
    if x1 == x0:
        raise InvalidQuery(f"effect_within compares two values of {cause!r}, and x1 and x0 are both {x1!r}.")
    return Shape("effect_within", cause, effect, float(low), float(high), (), x1, x0, y1)


def additive_confounding(cause: str, effect: str, at_most: float, *, given: Sequence[str] = ()) -> Shape:
    """A hidden confounder shifts probabilities by no more than a number (Brumback et al. 2004).

    For every two values x, x' of the cause and every state y: `|P(Y_x=y | X=x, c) - P(Y_x=y | X=x', c)| <= at_most`.
    With 0 there is no confounding beside the covariates; with 1 nothing is granted.

    Args:
        cause: the treatment.
        effect: the outcome.
        at_most: the strength, between 0 and 1.
        given: covariates c, in whose strata it holds.

    Raises:
        InvalidQuery: names that are none, a strength that is none.
    """
    _check_pair("additive_confounding", cause, effect, given)
    if not 0 <= _number("additive_confounding", "at_most", at_most) <= 1:
        raise InvalidQuery(f"additive_confounding(at_most=) lies between 0 and 1, got {at_most!r}.")
    return Shape("additive_confounding", cause, effect, -float(at_most), float(at_most), tuple(given))


def marginal_sensitivity(cause: str, effect: str, odds: float, *, given: Sequence[str] = ()) -> Shape:
    """A hidden confounder changes the odds of treatment by no more than a factor (Tan 2006).

    For every value x of the cause and every state y: the odds of X=x among units with Y_x=y are at most `odds` times,
    and at least 1/`odds` times, those among all units, in each stratum c. With 1 there is no confounding beside the
    covariates. It is linear, and so made use of, where the law of the cause (and covariates) is known.

    Args:
        cause: the treatment.
        effect: the outcome.
        odds: the factor, 1 or more.
        given: covariates c, in whose strata it holds.

    Raises:
        InvalidQuery: names that are none, a factor that is none.
    """
    _check_pair("marginal_sensitivity", cause, effect, given)
    if _number("marginal_sensitivity", "odds", odds) < 1:
        raise InvalidQuery(f"marginal_sensitivity(odds=) is a factor of 1 or more, got {odds!r}.")
    return Shape("marginal_sensitivity", cause, effect, 1 / float(odds), float(odds), tuple(given))


def _check_pair(name: str, cause: object, effect: object, given: object = ()) -> None:
    """That names are names, and different ones."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InvalidQuery(
            f"{name}(given=) takes the names of covariates, got {given!r}. Write a tuple, such as ('Z',)."
        )
    names: tuple[object, ...] = (cause, effect, *cast("Sequence[object]", given))
    for item in names:
        if not isinstance(item, str):
            raise InvalidQuery(f"{name} takes names of variables, got {item!r:.60}.")
    if len(set(names)) < len(names):
        raise InvalidQuery(f"{name} names a variable twice: {', '.join(map(repr, names))}.")


def _number(name: str, what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidQuery(f"{name}({what}=) takes a number, got {value!r:.60}.")
    return float(value)


# ---------------------------------------------------------------------------------------------------------------------
# What a shape says of the laws


@dataclass(frozen=True, slots=True)
class Ranged:
    """`low <= quantity <= high`; the ends may be infinite.

    Attributes:
        quantity, low, high: what lies between which ends.
        same: other forms of the same quantity, which need other numbers to be known.
    """

    quantity: Query | Correlation
    low: float
    high: float
    same: tuple[Query, ...] = ()


def check_shape(shape: Shape, graph: CausalGraph, states: States) -> None:
    """That a shape can be meant on a graph.

    Raises:
        UnknownName, UnknownState, InvalidQuery: as their messages say.
    """
    for name in (shape.cause, shape.effect, *shape.given):
        if name not in graph.parents:
            raise UnknownName(name, graph.variables, f"The assumption {shape.name}")
    if shape.effect not in graph.descendants([shape.cause]):
        turned = shape.cause in graph.descendants([shape.effect])
        hint = f" Is it the other way round, {shape.name}({shape.effect!r}, {shape.cause!r})?" if turned else ""
        raise InvalidQuery(
            f"{shape.name} is granted for {shape.cause!r} and {shape.effect!r}, but no arrows lead from one to the "
            f"other: there is no effect that it could be about.{hint}"
        )
    if late := [name for name in shape.given if name in graph.descendants([shape.cause])]:
        raise InvalidQuery(
            f"{shape.name}(given=) has {late[0]!r}, which {shape.cause!r} affects: strata are of what comes before it."
        )
    if shape.name == "effect_within":
        for value in (shape.x1, shape.x0):
            state_of(shape.cause, value, states[shape.cause])
        if shape.y1 is not None:
            state_of(shape.effect, shape.y1, states[shape.effect])
        elif any(isinstance(state, str) for state in states[shape.effect]):
            raise InvalidQuery(
                f"effect_within is about the mean of {shape.effect!r}, whose states are labels. Say which of them is "
                f"meant: y1={states[shape.effect][-1]!r}."
            )


def granted_limits(shape: Shape, states: States) -> Iterator[Ranged]:
    """What a shape says, as probabilities with ends; see `check_shape` for what may stand in it."""
    match shape.name:
        case "no_prevention" | "no_defiers":
            yield from _never_lowers(shape, states)
        case "effect_within":
            sides = [_effect_term(shape, x, states) for x in (shape.x1, shape.x0)]
            yield Ranged(Contrast("-", *sides), shape.low, shape.high)
        case "additive_confounding":
            yield from _shifted(shape, states)
        case "marginal_sensitivity":
            yield from _tilted(shape, states)


def ordered(states: Sequence[Value]) -> tuple[Value, ...]:
    """States from least to most: numbers by size, labels as they are declared."""
    if any(isinstance(state, str) for state in states):
        return tuple(states)
    return tuple(sorted(states, key=lambda state: float(state)))


def _is(term: Var, value: Value) -> Expr:
    return Op("=", (term, Const(value)))


def _under(effect: str, cause: str, value: Value) -> Var:
    return Var(effect, world(Set(cause, Const(value))))


def _never_lowers(shape: Shape, states: States) -> Iterator[Ranged]:
    """For each two values of the cause, how many units the larger one lowers; neighbours suffice where nobody is."""
    values, least_first = ordered(states[shape.cause]), ordered(states[shape.effect])
    pairs = itertools.combinations(values, 2) if shape.high else itertools.pairwise(values)
    for low, high in pairs:
        before, after = (_under(shape.effect, shape.cause, value) for value in (low, high))
        parts: list[Query] = [
            Probability(conjunction(_is(after, less), _is(before, more)))
            for less, more in itertools.combinations(least_first, 2)
        ]
        yield Ranged(reduce(lambda left, right: Contrast("+", left, right), parts), 0.0, shape.high)


def _effect_term(shape: Shape, value: Value, states: States) -> Query:
    term = _under(shape.effect, shape.cause, state_of(shape.cause, value, states[shape.cause]))
    if shape.y1 is None:
        return Expectation(term)
    return Probability(_is(term, state_of(shape.effect, shape.y1, states[shape.effect])))


def _strata(shape: Shape, states: States) -> Iterator[tuple[Expr, ...]]:
    for values in itertools.product(*(states[name] for name in shape.given)):
        yield tuple(_is(Var(name), value) for name, value in zip(shape.given, values, strict=True))


def _told_apart(states: Sequence[Value]) -> Sequence[Value]:
    """The states whose probabilities say everything: of two, one."""
    return states[1:] if len(states) == 2 else states


def _shifted(shape: Shape, states: States) -> Iterator[Ranged]:
    if shape.high >= 1:
        return
    for stratum in _strata(shape, states):
        for x, other in itertools.permutations(states[shape.cause], 2):
            for y in _told_apart(states[shape.effect]):
                event = _is(_under(shape.effect, shape.cause, x), y)
                there = Probability(event, conjunction(_is(Var(shape.cause), other), *stratum))
                yield Ranged(Contrast("-", _seen(shape, x, y, stratum), there), shape.low, shape.high)


def _seen(shape: Shape, x: Value, y: Value, stratum: tuple[Expr, ...]) -> Probability:
    """The probability of a state among those who have a value: by consistency it is that under the value."""
    return Probability(_is(Var(shape.effect), y), conjunction(_is(Var(shape.cause), x), *stratum))


def _tilted(shape: Shape, states: States) -> Iterator[Ranged]:
    """Tan's odds ratio, which by Bayes' rule is the ratio of two probabilities of the effect as well."""
    for stratum in _strata(shape, states):
        given = conjunction(*stratum) if stratum else None
        for x in states[shape.cause]:
            others = [other for other in states[shape.cause] if other != x]
            has = _is(Var(shape.cause), x)
            lacks = _is(Var(shape.cause), others[0]) if len(others) == 1 else Op("!=", (Var(shape.cause), Const(x)))
            all_units = Contrast("/", Probability(has, given), Probability(lacks, given))
            for y in states[shape.effect]:
                event = _is(_under(shape.effect, shape.cause, x), y)
                among = conjunction(event, *stratum)
                those = Contrast("/", Probability(has, among), Probability(lacks, among))
                ratio = Contrast("/", _seen(shape, x, y, stratum), Probability(event, conjunction(lacks, *stratum)))
                yield Ranged(Contrast("/", those, all_units), shape.low, shape.high, (ratio,))
