"""Instruments: effects under an assumption that the user grants, and never without one.

Wald's ratio is the average effect on the compliers where nobody is a defier (Imbens & Angrist 1994), and the average
effect on all where that effect is the same in every group (homogeneity). The two are different questions with one
formula, and neither grant answers the other's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from .._bitgraph import members
from .._cuts import nearest, smallest, undirected
from .._estimand import Estimand, Law, Linear, Quotient
from .._estimand_text import print_estimand
from .._finding import Assumption, Step
from .._graph import CausalGraph
from .._query import Contrast, Expectation, Probability, Query, print_query
from .._separation import connected
from .._syntax import Const, Expr, Op, Set, Var, print_const
from ._adjustment import Effect, effect_of
from ._formulas import both, indices, running, total
from ._one_world import OneWorld, read_term
from ._reasons import set_text
from ._result import Available, Identification

InstrumentGrant: TypeAlias = Literal["no_defiers", "homogeneity"]
"""What makes Wald's ratio an effect, by the name that `assume` takes."""
GRANTS: tuple[InstrumentGrant, ...] = ("no_defiers", "homogeneity")
"""All of them."""
CITATIONS: dict[InstrumentGrant, str] = {
    "no_defiers": "Imbens & Angrist (1994), theorem 1; with covariates, Froelich (2007), theorem 1",
    "homogeneity": "Wald (1940); Hernan & Robins (2020), section 16.3",
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """A variable that moves the cause and reaches the effect in no other way, given `given`.

    Attributes:
        name: the instrument.
        given: the covariates that make it one.
        causal: it causes the cause, and the covariates block its own back doors too; what a local effect needs.
    """

    name: str
    given: tuple[str, ...]
    causal: bool


def instruments(graph: CausalGraph, cause: str, effect: str) -> Iterator[Instrument]:
    """The instruments for the effect of `cause` on `effect`, each with covariates that make it one.

    Without the edges out of the cause, the covariates separate the instrument from the effect; they leave it joined to
    the cause; the cause affects none of them (Brito & Pearl 2002; Pearl 2009, definition 7.4.1). The covariates tried
    are the minimal set nearest to the effect, which serves where any set of ancestors does (van der Zander, Textor &
    Liskiewicz 2015), and for an instrument that causes the cause also the smallest set that blocks its back doors.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: the treatment.
        effect: the outcome.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    return (each for i in members(_candidates(found)) for each in _as_instrument(found, i))


def _candidates(effect: Effect) -> int:
    return effect.observed & ~(effect.bits.descendants(effect.cause) | effect.effect)


def _as_instrument(effect: Effect, i: int) -> Iterator[Instrument]:
    """The ways in which one variable is an instrument: the one that serves a local effect first."""
    bits, name = effect.bits, effect.bits.names[i]
    given = _randomising(effect, i)
    if given is not None:
        yield Instrument(name, bits.named(given), True)
        return
    cut = bits.without_edges(out_of=effect.cause)
    allowed = _candidates(effect) & ~(1 << i)
    given = nearest(undirected(cut, effect.effect, 1 << i, allowed), effect.effect, 1 << i)
    if given is not None and connected(bits, 1 << i, given) & effect.cause:
        yield Instrument(name, bits.named(given), False)


def _randomising(effect: Effect, i: int) -> int | None:
    """Covariates given which the instrument is as good as randomised; None where it is not, or has a way round."""
    bits, below = effect.bits, effect.bits.descendants(1 << i)
    if not below & effect.cause or bits.descendants(1 << i, ~effect.cause) & effect.effect:
        return None
    ends = effect.cause | effect.effect
    cut = bits.without_edges(out_of=1 << i)
    return smallest(undirected(cut, 1 << i, ends, effect.observed & ~(below | ends)), 1 << i, ends)


@dataclass(frozen=True, slots=True)
class _Asked:
    """An effect of one cause between two values: on everyone, or on the compliers of an instrument.

    Attributes:
        outcome: what is averaged, at the first value of the cause.
        cause: the treatment.
        x1: its first value.
        x0: its second.
        compliers: the instrument with its two values; None where everyone is asked about.
    """

    outcome: OneWorld
    cause: str
    x1: Const
    x0: Const
    compliers: tuple[str, Const, Const] | None


def by_instrument(
    graph: CausalGraph, query: Query, assume: Collection[str], available: Sequence[Available] | None = None
) -> Identification | None:
    """An average effect as Wald's ratio, under what the user grants; None where that does not give it.

    Args:
        graph: an acyclic mixed graph.
        query: the effect on the compliers (see `late`) with `no_defiers` granted, or the average effect between two
            values of one cause (see `ate`) with `homogeneity` granted.
        assume: what is granted.
        available: the laws that are known; only that of all observed variables with nothing imposed is used.
    """
    laws = (Available(graph.observed),) if available is None else tuple(available)
    source = next((a.name for a in laws if not a.do and set(graph.observed) <= set(a.variables)), None)
    asked = _read(graph, query)
    if source is None or asked is None:
        return None
    grant: InstrumentGrant = "homogeneity" if asked.compliers is None else "no_defiers"
    if grant not in assume:
        return None
    if len(asked.outcome.of) != 1:
        return None
    usable = [
        found
        for found in instruments(graph, asked.cause, asked.outcome.of[0][0])
        if asked.compliers is None or (found.causal and found.name == asked.compliers[0])
    ]
    if not usable:
        return None
    best = min(usable, key=lambda found: (len(found.given), not found.causal))
    return _identification(graph, query, laws, asked, best, grant, source)


def _identification(
    graph: CausalGraph,
    query: Query,
    laws: tuple[Available, ...],
    asked: _Asked,
    found: Instrument,
    grant: InstrumentGrant,
    source: str,
) -> Identification:
    z1, z0 = (asked.compliers[1], asked.compliers[2]) if asked.compliers else (Const(1), Const(0))
    estimand = _wald(asked, found, z1, z0, source)
    x, y, z = asked.cause, asked.outcome.of[0][0], found.name
    states = f"{x} has only the states {print_const(asked.x1.value)} and {print_const(asked.x0.value)}"
    moved = " >= ".join(f"{x}[{z}={print_const(at.value)}]" for at in (z1, z0))
    given = f" given {set_text(found.given)}" if found.given else ""
    granted = {
        "no_defiers": f"no defiers: {z} moves no unit the other way, so that {moved} in every unit; {states}",
        "homogeneity": f"homogeneity: the average effect of {x} on {y} is the same in every group of units, whatever "
        f"their hidden causes{' and ' + set_text(found.given) if found.given else ''}; {states}",
    }
    reason = (
        f"{z} moves {x}; without the edges out of {x} nothing joins {z} to {y}{given}, so that {z} reaches {y} through "
        f"{x} alone; granted: {grant}"
    )
    step = Step("instrument", f"{print_query(query)} = {print_estimand(estimand)}", reason, CITATIONS[grant])
    needs = set_text((z, *found.given))
    positive = f"positivity: every value of {needs} that the formula conditions on has a chance; {z} does change {x}"
    return Identification(
        query,
        graph,
        laws,
        estimand,
        method="instrument",
        derivation=(step,),
        assumptions=(Assumption(granted[grant], "the user"), Assumption(positive, "the method")),
    )


def _wald(asked: _Asked, found: Instrument, z1: Const, z0: Const, source: str) -> Estimand:
    """How much the outcome moves with the instrument, over how much the cause does."""

    def mean(of: OneWorld, at: Const) -> Estimand:
        w = running(found.given)
        law = Law(of.of, both(w, ((found.name, at),)), (), source)
        return total((*of.over, *indices(w)), (*of.weights, law, *((Law(w, (), (), source),) if w else ())))

    treated = OneWorld(((asked.cause, asked.x1),), (), ())
    above, below = (Linear(((1.0, mean(of, z1)), (-1.0, mean(of, z0)))) for of in (asked.outcome, treated))
    return Quotient(above, below)


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def _read(graph: CausalGraph, query: Query) -> _Asked | None:
    """A difference of one term under two values of one cause, on everyone or on compliers."""
    sides = _sides(query)
    if sides is None or sides[0].given != sides[1].given:
        return None
    outcomes = [read_term(graph, replace(side, given=None)) for side in sides]
    first, second = outcomes
    if first is None or second is None or first.axes or replace(first, do=second.do) != second:
        return None
    match first.do, second.do:
        case ((cause, Const() as x1),), ((other, Const() as x0),) if cause == other and x1 != x0:
            pass
        case _:
            return None
    if sides[0].given is None:
        return _Asked(first, cause, x1, x0, None)
    compliers = _compliers(sides[0].given, cause, x1, x0)
    return None if compliers is None else _Asked(first, cause, x1, x0, compliers)


def _sides(query: Query) -> tuple[Probability | Expectation, Probability | Expectation] | None:
    match query:
        case Contrast("-", (Probability() | Expectation()) as left, (Probability() | Expectation()) as right):
            return left, right
        case Expectation(Op("+", (first, Op("neg", (second,)))), given):
            return Expectation(first, given), Expectation(second, given)
        case _:
            return None


def _compliers(given: Expr, cause: str, x1: Const, x0: Const) -> tuple[str, Const, Const] | None:
    """The instrument and its values, where `given` says who takes `x1` with the first and `x0` with the second."""
    match given:
        case Op("and", (Op("=", (Var() as a, Const() as at_a)), Op("=", (Var() as b, Const() as at_b)))):
            if (at_a, at_b) == (x0, x1):
                a, b = b, a
            elif (at_a, at_b) != (x1, x0):
                return None
        case Op(">", (Var() as a, Var() as b)) | Op("<", (Var() as b, Var() as a)):
            if isinstance(x1.value, str) or isinstance(x0.value, str) or x1.value <= x0.value:
                return None
        case _:
            return None
    match a, b:
        case Var(x, (Set(z, Const() as z1, None),)), Var(y, (Set(w, Const() as z0, None),)):
            return (z, z1, z0) if x == y == cause and z == w and z1 != z0 else None
        case _:
            return None
