"""The named criteria, tried in the order in which people know them: seeing, adjustment, front door, g-formula."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .._cuts import minimal_sets
from .._estimand import Estimand, Index, Linear, Product, Quotient
from .._estimand_text import print_estimand
from .._finding import Assumption, Step
from .._graph import CausalGraph
from .._graph_ops import bits_of
from .._query import Contrast, Expectation, Number, Query, Term, print_query, term_parts
from .._syntax import Const, Expr, Op, terms
from ._adjustment import Effect, smallest_set
from ._formulas import adjusted, both, seen, stepwise, through
from ._front_door import minimal_front_door
from ._one_world import OneWorld, read_term
from ._reading import query_of
from ._reasons import adjustment_reason, front_door_reason, positivity, seeing_reason, sequential_reason
from ._result import Available, Identification, Method, Steps
from ._sequential import find_plan

Account = Callable[[], tuple[Step, ...]]
"""Writes steps: paths are looked for, and formulas printed, when somebody reads them."""


@dataclass(frozen=True)
class Found:
    """What a criterion gave for one part of a query."""

    estimand: Estimand
    method: Method
    steps: tuple[Account, ...] = ()
    positive: tuple[str, ...] = ()
    by: tuple[str, ...] | None = None
    axes: tuple[Index, ...] = ()


def by_criterion(
    graph: CausalGraph, query: Query, available: Sequence[Available] | None = None
) -> Identification | None:
    """What the query equals by the first named criterion that fits, or None, which does not say that it is unknowable.

    Each term of a contrast is identified by itself. Terms about one world are read: probabilities, expectations and
    distributions of any events there. In order: what is asked is seen already; adjustment, by nothing or else by a
    smallest set; the front door; the g-formula for several treatments.

    Args:
        graph: an acyclic mixed graph.
        query: of any kind.
        available: the laws that are known; by default that of all observed variables. Those with nothing imposed are
            tried one by one.
    """
    laws = (Available(graph.observed),) if available is None else tuple(available)
    for law in laws:
        found = None if law.do else _Search(graph, law).query(query)
        if found is not None:
            return _identification(graph, query, laws, found)
    return None


def alternatives(graph: CausalGraph, query: str | Query) -> Iterator[Identification]:
    """A query by every named criterion that fits: each minimal adjustment set, the front door, the g-formula.

    One by one, so that a first few cost little; what `identify` chose comes among them. None where no criterion fits,
    and for queries whose terms do not share one cause and one effect.

    Args:
        graph: an acyclic mixed graph.
        query: text, or a `Query`.

    Raises:
        QuerySyntaxError, UnknownName, InvalidQuery: as for `identify`.
    """
    return _alternatives(graph, query_of(graph, query))


def _alternatives(graph: CausalGraph, query: Query) -> Iterator[Identification]:
    laws = (Available(graph.observed),)
    search = _Search(graph, *laws)
    if search.query(query) is None or len(search.effects) != 1:
        return
    (effect,) = search.effects.values()
    sets = minimal_sets(effect.near, effect.cause, effect.effect) if effect.some() is not None else iter(())
    for by in sets:
        yield from _one(graph, query, laws, _Search(graph, *laws, ("adjustment",), by))
    for methods in _OTHERS:
        yield from _one(graph, query, laws, _Search(graph, *laws, methods))


def _one(graph: CausalGraph, query: Query, laws: tuple[Available, ...], search: _Search) -> Iterator[Identification]:
    found = search.query(query)
    if found is not None:
        yield _identification(graph, query, laws, found)


def _identification(graph: CausalGraph, query: Query, laws: tuple[Available, ...], found: Found) -> Identification:
    assumptions = (Assumption(positivity(found.positive), "the method"),) if found.positive else ()
    return Identification(
        query,
        graph,
        laws,
        found.estimand,
        found.axes,
        found.method,
        Steps(lambda: _told_once(step for account in found.steps for step in account())),
        assumptions=assumptions,
        adjustment=found.by if found.method == "adjustment" else None,
    )


def _told_once(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Each step once; a reason that was given before is not given again in full."""
    told: dict[Step, Step] = {}
    reasons: set[str] = set()
    for step in steps:
        told.setdefault(step, replace(step, reason="as before") if step.reason in reasons else step)
        reasons.add(step.reason)
    return tuple(told.values())


_RANK: tuple[Method, ...] = ("seeing", "adjustment", "front-door", "g-formula")
_EXCLUSION = "Galles & Pearl (1998)"
_CAUSAL: tuple[Method, ...] = _RANK[1:]
_OTHERS: tuple[tuple[Method, ...], ...] = (("front-door",), ("g-formula",))


class _Search:
    """One query: effects that several terms share are worked out once.

    Args:
        graph: the graph.
        law: of what is seen; what it does not measure is not adjusted for.
        methods: those that are tried for effects.
        by: the adjustment set to use, where it is chosen already.
    """

    def __init__(
        self, graph: CausalGraph, law: Available, methods: tuple[Method, ...] = _CAUSAL, by: int | None = None
    ) -> None:
        self.graph, self.source, self.methods, self.by = graph, law.name, methods, by
        self.measured = frozenset(law.variables)
        self.effects: dict[tuple[int, int, int, int], Effect] = {}
        self.sets: dict[tuple[int, int, int, int], int | None] = {}

    def query(self, query: Query) -> Found | None:
        """The whole of a query, or nothing."""
        match query:
            case Number(value):
                return Found(Linear((), value), "seeing")
            case Contrast(op, left, right):
                a = self.query(left)
                b = None if a is None else self.query(right)
                return None if a is None or b is None or a.axes != b.axes else _combined(op, a, b)
            case _:
                return self.term(query)

    def term(self, term: Term) -> Found | None:
        """One term; an expectation of a sum over several worlds is the sum of expectations."""
        asked = read_term(self.graph, term)
        if asked is not None:
            return self.one_world(term, asked)
        parts = _linear_parts(term.expr) if isinstance(term, Expectation) else None
        if parts is None or not isinstance(term, Expectation):
            return None
        found: Found | None = None
        for factor, expr in parts:
            each = _constant(expr) or self.term(Expectation(expr, term.given))
            if each is None:
                return None
            scaled = replace(each, estimand=_operation("*", Linear((), factor), each.estimand))
            found = scaled if found is None else _combined("+", found, scaled)
        return found

    def one_world(self, term: Term, asked: OneWorld) -> Found | None:
        """One term about one world."""
        if not self.measured.issuperset(
            name for part in (asked.of, asked.given, asked.do, asked.treated) for name, _ in part
        ):
            return None
        if asked.treated == asked.do:
            return self.seeing(term, asked)
        effect = self.effect(asked)
        if effect is None:
            return None
        for method in self.methods:
            found = self.by_method(method, effect, asked, term)
            if found is not None:
                return replace(found, axes=asked.axes)
        return None

    def effect(self, asked: OneWorld) -> Effect | None:
        """The effect that is asked about; None where an effect of the causes is given."""
        bits = bits_of(self.graph)
        cause, of, given = (bits.bits(name for name, _ in part) for part in (asked.do, asked.of, asked.given))
        below = bits.descendants(cause)
        if given & below or not of & below:
            return None
        fixed = of & ~below | given
        # Within a group, or given covariates, the law of the set must be that which it has where nothing is imposed.
        key = cause, of & below, fixed, below if fixed or asked.treated else 0
        if key not in self.effects:
            self.effects[key] = Effect(bits, cause, of & below, bits.bits(self.measured), fixed, key[3])
        return self.effects[key]

    def seeing(self, term: Term, asked: OneWorld) -> Found:
        """Nothing is imposed, or nothing that matters."""
        estimand = seen(asked, self.source)
        given = both(asked.given, asked.treated)
        positive = (", ".join(name for name, _ in given),) if given else ()
        account = _account(term, asked, "seeing", estimand, lambda: seeing_reason(asked.treated))
        return Found(estimand, "seeing", (account,), positive, axes=asked.axes)

    def by_method(self, method: Method, effect: Effect, asked: OneWorld, term: Term) -> Found | None:
        """One term by one criterion."""
        match method:
            case "adjustment":
                return self.adjustment(effect, asked, term)
            case "front-door":
                return self.front_door(effect, asked, term)
            case _:
                return self.sequential(effect, asked, term)

    def adjustment(self, effect: Effect, asked: OneWorld, term: Term) -> Found | None:
        """By the smallest adjustment set, or the one that is chosen."""
        key = effect.cause, effect.effect, effect.fixed, effect.barred
        if key not in self.sets:
            self.sets[key] = smallest_set(effect) if self.by is None else self.by
        chosen = self.sets[key]
        if chosen is None:
            return None
        by = effect.bits.named(chosen | effect.fixed)
        estimand = adjusted(asked, effect.bits.named(chosen), effect.bits.named(effect.fixed), self.source)
        account = _account(
            term, asked, "adjustment", estimand, lambda: adjustment_reason(effect, chosen | effect.fixed, asked.treated)
        )
        return Found(estimand, "adjustment", (account,), (_names(asked, by),), by)

    def front_door(self, effect: Effect, asked: OneWorld, term: Term) -> Found | None:
        """Through what carries the whole effect."""
        chosen = None if effect.barred else minimal_front_door(effect, effect.observed)
        if chosen is None:
            return None
        by = effect.bits.named(chosen)
        estimand = through(asked, by, self.source)
        account = _account(term, asked, "front door", estimand, lambda: front_door_reason(effect, chosen))
        return Found(estimand, "front-door", (account,), (_names(asked, by),))

    def sequential(self, effect: Effect, asked: OneWorld, term: Term) -> Found | None:
        """Treatment by treatment."""
        if effect.barred or effect.cause & (effect.cause - 1) == 0:
            return None  # of one treatment this is adjustment
        steps = find_plan(effect)
        if steps is None:
            return None
        plan = [(effect.bits.names[i], effect.bits.named(chosen)) for i, chosen in steps]
        estimand = stepwise(asked, plan, self.source)
        account = _account(term, asked, "g-formula", estimand, lambda: sequential_reason(plan))
        read = tuple(name for _, covariates in plan for name in covariates)
        return Found(estimand, "g-formula", (account,), (_names(asked, read),))


def _account(
    term: Term, asked: OneWorld, name: str, estimand: Estimand, reason: Callable[[], tuple[str, str]]
) -> Account:
    """The steps of one term: what is dropped, then the criterion with its reason and citation."""

    def steps() -> tuple[Step, ...]:
        claim = f"{print_query(term)} = {print_estimand(estimand)}"
        return (*_exclusion(term, asked), Step(name, claim, *reason()))

    return steps


def _exclusion(term: Term, asked: OneWorld) -> tuple[Step, ...]:
    """The step that drops what is imposed but reaches nothing that is asked."""
    kept = dict(asked.do)
    found = [t for part in term_parts(term) for t in terms(part)]
    dropped = dict.fromkeys(a.target for t in found for a in t.world if a.target not in kept)
    if not dropped:
        return ()
    said = " or ".join(dropped)
    claim = f"do({', '.join(dropped)}) is dropped from {print_query(term)}"
    asked_for = ", ".join(dict.fromkeys(t.name for t in found))
    behind = f" once {', '.join(kept)} {'is' if len(kept) == 1 else 'are'} imposed" if kept else ""
    return (Step("exclusion", claim, f"no directed path leads from {said} to {asked_for}{behind}", _EXCLUSION),)


def _names(asked: OneWorld, by: Sequence[str]) -> str:
    return ", ".join((*(name for name, _ in asked.do), *by))


def _combined(op: str, a: Found, b: Found) -> Found:
    """Two parts of a contrast."""
    numbers = [isinstance(part.estimand, Linear) and not part.estimand.parts for part in (a, b)]
    method = a.method if _RANK.index(a.method) > _RANK.index(b.method) else b.method
    by = a.by if a.by == b.by or numbers[1] else b.by if numbers[0] else None
    estimand = _operation(op, a.estimand, b.estimand)
    return Found(estimand, method, a.steps + b.steps, tuple(dict.fromkeys(a.positive + b.positive)), by, a.axes)


def _operation(op: str, a: Estimand, b: Estimand) -> Estimand:
    match op:
        case "+" | "-":
            sign = 1.0 if op == "+" else -1.0
            left, right = _linear(a), _linear(b)
            parts = (*left.parts, *((sign * factor, part) for factor, part in right.parts))
            return Linear(parts, left.constant + sign * right.constant)
        case "*":
            for number, part in ((a, b), (b, a)):
                if isinstance(number, Linear) and not number.parts:
                    scaled = _linear(part)
                    parts = tuple((factor * number.constant, p) for factor, p in scaled.parts)
                    return Linear(parts, scaled.constant * number.constant)
            return Product((a, b))
        case _:
            return Quotient(a, b)


def _constant(expr: Expr) -> Found | None:
    match expr:
        case Const(bool() | int() | float() as value):
            return Found(Linear((), float(value)), "seeing")
        case _:
            return None


def _linear(part: Estimand) -> Linear:
    return part if isinstance(part, Linear) else Linear(((1.0, part),))


def _linear_parts(expr: Expr) -> tuple[tuple[float, Expr], ...] | None:
    """An expression as a sum of factors times others; None where it is no sum."""
    match expr:
        case Op("+", args):
            parts: list[tuple[float, Expr]] = []
            for arg in args:
                parts += _linear_parts(arg) or ((1.0, arg),)
            return tuple(parts)
        case Op("neg", (arg,)):
            return tuple((-factor, part) for factor, part in _linear_parts(arg) or ((1.0, arg),))
        case Op("*", (Const(bool() | int() | float() as factor), arg)):
            return tuple((factor * f, part) for f, part in _linear_parts(arg) or ((1.0, arg),))
        case _:
            return None
