"""`identify_general`: one routine for every rung, over any set of available laws.

A query is read as conjunctions of counterfactual equalities with numbers that depend on values; each is identified as
one term (Correa, Lee & Bareinboim 2021). A single world is worked out on sets of bits, more worlds on instances.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from .._bitgraph import BitGraph
from .._errors import InvalidQuery
from .._estimand import ONE, ZERO, At, Estimand, Index, Linear, Product, Quotient
from .._finding import Assumption, Step
from .._graph import CausalGraph
from .._query import (
    Contrast,
    Distribution,
    Expectation,
    Number,
    Probability,
    Query,
    Term,
    print_query,
    query_nodes,
    term_parts,
)
from .._relevance import relevant_world
from .._syntax import Assignment, Const, Expr, Placeholder, Set, Var, World, substitute, walk, world
from ._asking import ImpossibleCondition, question
from ._contrasts import cancelled
from ._kernels import Scope, Stuck, product
from ._known import Known, checked, known, plain, without_links
from ._many import Clash, Joined, in_many_worlds, lean
from ._obstacles import conflict, hedge, route_conflict
from ._reading import Reading, linear, moved, query_of, read
from ._result import Available, Identification, Method, Obstacle, Steps
from ._single import Failed, Solved, in_one_world
from ._steps import Record, Several, Single, Sure, recipe

POSITIVITY = Assumption(
    "Every combination of values that the estimand conditions on has positive probability.", "the method"
)
CANCELLED = "terms are one counterfactual quantity once assignments that cannot reach them are left out"
APART = Assumption(
    "Placeholders stand for values that differ from each other and from the constants named.", "the method"
)
ORDER: tuple[Method, ...] = ("seeing", "ID", "IDC", "g-ID", "ID*", "IDC*", "ctf-ID")
"""Methods, the one that says most of a query last."""


class NotIdentified(Exception):
    """A term has no estimand; carries the obstacle (None where that is not proved)."""

    def __init__(self, obstacle: Obstacle | None) -> None:
        self.obstacle = obstacle
        super().__init__("not identified")


@dataclass
class Work:
    """What is gathered while the terms of one query are identified."""

    graph: CausalGraph
    known: Known
    divides: bool = False
    methods: list[Method] = field(default_factory=list[Method])
    assumptions: list[Assumption] = field(default_factory=list[Assumption])
    axes: tuple[Index, ...] = ()
    records: list[Record] = field(default_factory=list[Record])


def identify_general(
    graph: CausalGraph, query: str | Query, available: Sequence[Available] | Available | None = None
) -> Identification:
    """The general routine alone: as `identify`, without named criteria first."""
    return identified(graph, query_of(graph, query), checked(graph, available))


def identified(graph: CausalGraph, query: Query, available: tuple[Available, ...]) -> Identification:
    """`identify_general` of a query and laws that are checked."""
    work = Work(graph, known(graph, available, _unmeasured(query, available)))
    try:
        estimand = _query(work, query)
    except NotIdentified as no:
        if isinstance(query, Contrast) and (less := cancelled(graph, query)) is not None:
            found = identified(graph, less, available)
            if found.identified:
                step = Step(
                    "cancellation", f"{print_query(query)} = {print_query(less)}", CANCELLED, "Galles & Pearl (1998)"
                )
                return replace(found, query=query, derivation=(step, *found.derivation))
        return _from_one_law(graph, query, available) or Identification(query, graph, available, obstacle=no.obstacle)
    granted = (*([POSITIVITY] if work.divides else ()), *dict.fromkeys(work.assumptions))
    method: Method = max(work.methods, key=ORDER.index) if work.methods else "seeing"
    derivation = Steps(recipe(work.records))
    return Identification(query, graph, available, estimand, work.axes, method, derivation, assumptions=granted)


def _from_one_law(graph: CausalGraph, query: Query, available: tuple[Available, ...]) -> Identification | None:
    """The query from one law alone, over what that law measures: a district need not be known if its margin is."""
    everything = {name for one in available for name in (*one.variables, *one.do)}
    for one in available if len(available) > 1 else ():
        if everything != {*one.variables, *one.do}:
            found = identified(graph, query, (one,))
            if found.identified:
                return replace(found, available=available)
    return None


def _unmeasured(query: Query, available: tuple[Available, ...]) -> tuple[str, ...]:
    """The variables of the query that no law speaks of."""
    spoken = {name for one in available for name in (*one.variables, *one.do)}
    named: set[str] = set()
    for node in query_nodes(query):
        if isinstance(node, Var):
            named.add(node.name)
            for a in node.world:
                named.update((a.target,) if a.parent is None else (a.target, a.parent))
    return tuple(sorted(named - spoken))


# ---------------------------------------------------------------------------------------------------------------------
# Queries as combinations of terms


def _query(work: Work, query: Query) -> Estimand:
    match query:
        case Number(value):
            return Linear((), value)
        case Contrast("/", left, right):
            work.divides = True
            return Quotient(_query(work, left), _query(work, right))
        case Contrast("*", left, right):
            return _times(_query(work, left), _query(work, right))
        case Contrast(op, left, right):
            return _plus(_query(work, left), _query(work, right), 1.0 if op == "+" else -1.0)
        case _:
            return _term(work, query)


def _times(left: Estimand, right: Estimand) -> Estimand:
    for number, other in ((left, right), (right, left)):
        if isinstance(number, Linear) and not number.parts:
            return _plus(ZERO, other, number.constant)
    return Product((left, right))


def _plus(left: Estimand, right: Estimand, factor: float) -> Estimand:
    parts: dict[Estimand, float] = {}
    constant = 0.0
    for side, times in ((left, 1.0), (right, factor)):
        inner = side if isinstance(side, Linear) else Linear(((1.0, side),))
        constant += times * inner.constant
        for c, part in inner.parts:
            parts[part] = parts.get(part, 0.0) + times * c
    return Linear(tuple((c, part) for part, c in parts.items() if c), constant)


def _term(work: Work, term: Term) -> Estimand:
    match term:
        case Expectation(expr):
            parts, constant = linear(substitute(expr, _value))
            found = [(c, _reading(work, replace(term, expr=part), read(term, part))) for c, part in parts]
            return found[0][1] if not constant and [c for c, _ in found] == [1.0] else Linear(tuple(found), constant)
        case Distribution():
            reading = read(term)
            axes = tuple(i for _, i in reading.axes)
            if work.axes and work.axes != axes:
                raise InvalidQuery(f"{print_query(term)}: distributions in one contrast are over the same variables.")
            work.axes = axes
            return _reading(work, term, reading)
        case Probability():
            return _reading(work, term, read(term))


def _value(leaf: Const | Placeholder | Var) -> Expr:
    """A term that its own world sets is the number it is set to."""
    if isinstance(leaf, Var):
        for a in leaf.world:
            if isinstance(a, Set) and a.target == leaf.name and a.parent is None and isinstance(a.value, Const):
                return a.value
    return leaf


def _reading(work: Work, term: Term, reading: Reading) -> Estimand:
    reading = _in_few_worlds(work.graph, reading)
    worlds = {t.world for t in reading.terms}
    scope = Scope(work.known.graph.names)
    for _, index in reading.axes:
        v = work.known.graph.place[index.variable]
        scope.used[v] = max(scope.used.get(v, 0), index.number + 1)
    if len(worlds) <= 1 and (done := _imposed(worlds.pop() if worlds else ())) is not None:
        estimand = _single(work, term, reading, done, scope)
    else:
        estimand = _several(work, term, reading, scope)
    work.divides |= scope.divides
    return estimand


# ---------------------------------------------------------------------------------------------------------------------
# One world


def _imposed(world: World) -> dict[str, At] | None:
    """The values that a world imposes; None where it does more than that."""
    found: dict[str, At] = {}
    for a in world:
        if not isinstance(a, Set) or a.parent is not None or isinstance(a.value, Var):
            return None
        found[a.target] = a.value
    return found


def _single(work: Work, term: Term, reading: Reading, done: dict[str, At], scope: Scope) -> Estimand:
    try:
        asked = question(work.known.graph.place, reading, done, scope)
    except ImpossibleCondition:
        raise impossible(term) from None
    if asked is None:
        return _impossible(work, term)
    if not asked.asked:
        return _certain(work, term, product(list(asked.weights)))
    reduced = without_links(work.known, asked.done | asked.asked | asked.given | asked.doubtful)
    found = in_one_world(reduced, asked, replace(scope, used=dict(scope.used)))
    if isinstance(found, Failed) and work.known.partial and reduced is not work.known:
        # A link can join what two laws show: one of its causes, the other of its effect.
        reduced = work.known
        found = in_one_world(reduced, asked, scope)
    if isinstance(found, Failed):
        raise _failed(work.known, found, asked.done | asked.given)
    work.methods.append(_method(found, bool(asked.given | asked.doubtful)))
    work.records.append(Single(term, work.known, reduced, asked, found))
    return found.estimand


def _method(found: Solved, conditional: bool) -> Method:
    if found.above.seen and not found.above.exchanged:
        return "seeing"
    parts = [p for p in (found.above, found.below) if p is not None]
    if any(f.source.name for p in parts for f in p.found):
        return "g-ID"
    return "IDC" if conditional else "ID"


def _impossible(work: Work, term: Term) -> Estimand:
    """The estimand of an event that cannot be; with the assumption that makes it so, where a placeholder may."""
    if any(isinstance(node, Placeholder) for part in term_parts(term) for node in walk(part)):
        work.assumptions.append(APART)
    work.records.append(Sure(term, ZERO, "it asks two values of one term"))
    return ZERO


def _certain(work: Work, term: Term, estimand: Estimand) -> Estimand:
    """The estimand of terms whose values are imposed or given."""
    work.records.append(Sure(term, estimand, "what it asks is imposed or follows from the condition"))
    return estimand


def impossible(term: Term) -> InvalidQuery:
    """That the condition contradicts itself."""
    return InvalidQuery(f"{print_query(term)}: the condition contradicts itself, so nothing is defined given it.")


# ---------------------------------------------------------------------------------------------------------------------
# Several worlds


def _in_few_worlds(graph: CausalGraph, reading: Reading) -> Reading:
    """The reading without assignments that cannot matter; all in one world where there is one that fits every term."""
    found = tuple(dict.fromkeys(reading.terms))
    if len({t.world for t in found}) <= 1:
        return reading
    own = {t: relevant_world(graph, t.name, t.world) for t in found}
    targets: dict[tuple[str, str | None], Assignment] = {}
    if all(targets.setdefault((a.target, a.parent), a) == a for w in own.values() for a in w):
        one = world(*targets.values())
        if all(relevant_world(graph, t.name, one) == w for t, w in own.items()):
            own = dict.fromkeys(found, one)
    return moved(reading, {t: Var(t.name, w) for t, w in own.items()})


def _several(work: Work, term: Term, reading: Reading, scope: Scope) -> Estimand:
    graph = work.known.graph
    named = [node for t in reading.terms for node in walk(t) if isinstance(node, Var)]
    worlds = [a for node in named for a in node.world]
    keep = graph.bits({node.name for node in named} | {n for a in worlds for n in (a.target, a.parent) if n})
    edges = [(a.parent, a.target) for a in worlds if a.parent is not None]
    hidden_route(work, edges)
    try:
        reduced, found = _across(work.known, keep, reading, scope, bool(edges))
    except Implied:
        return _certain(work, term, ONE)
    except ImpossibleCondition:
        raise impossible(term) from None
    if found is None:
        return _impossible(work, term)
    if isinstance(found, Clash):
        raise NotIdentified(conflict(graph, reading, found))
    if isinstance(found, Failed):
        raise _failed(work.known, found, keep)
    nested = any(a.parent is not None or not isinstance(a, Set) or isinstance(a.value, Var) for a in worlds)
    conditional = bool(reading.given or reading.doubts)
    work.methods.append("ctf-ID" if nested else "IDC*" if conditional else "ID*")
    work.records.append(Several(term, work.known, reduced, nested, conditional, found))
    return found.estimand


class Implied(Exception):
    """The condition implies all that is asked."""


def _across(
    whole: Known, keep: int, reading: Reading, scope: Scope, by_edge: bool
) -> tuple[Known, Joined | Failed | Clash | None]:
    """What comes of a term over several worlds, and over which part of what is known.

    First without variables that are only links, for shorter formulas. That refuses too much: where a link is left out,
    its causes become causes of its effect, whose district may then need one of them at two values.

    Raises:
        Implied, ImpossibleCondition: as their names say.
    """
    reduced = whole if by_edge else without_links(whole, keep)
    found: Joined | Failed | Clash | None = None
    for part in (whole,) if reduced is whole else (reduced, whole):
        own = replace(scope, used=dict(scope.used))
        found = _with_less(part, keep, reading, own)
        if not isinstance(found, (Clash, Failed)):
            scope.divides |= own.divides
            return part, found
    return whole, found


def _with_less(known: Known, keep: int, reading: Reading, scope: Scope) -> Joined | Failed | Clash | None:
    """One term, and where it is refused the same without what its condition implies."""
    graph = plain(known.graph, known.graph.ancestors(keep, known.within))
    found = in_many_worlds(known, graph, reading, scope)
    if isinstance(found, (Clash, Failed)) and reading.given and reading.facts:
        # Conditioning on what is asked hides nothing: without the part that is certain, less must be known.
        less = lean(graph, reading)
        if less is None:
            raise Implied
        if less != reading:
            return in_many_worlds(known, graph, less, scope)
    return found


def hidden_route(work: Work, edges: Iterable[tuple[str, str]]) -> None:
    """Refuse to set an edge beside which a route runs through variables that no law speaks of.

    Raises:
        NotIdentified: there is such a route.
    """
    whole = BitGraph.of(work.graph)
    for parent, target in dict.fromkeys(edges):
        end = 1 << whole.place[target]
        out = whole.everything & ~work.known.within
        through = whole.descendants(whole.children[whole.place[parent]], out) & whole.ancestors(end, out | end)
        if through:
            raise NotIdentified(route_conflict(target, parent, whole.named(through)))


def _failed(known: Known, failed: Failed, done: int) -> NotIdentified:
    """The hedge; where no law shows a district, that district twice. No proof where a law leaves variables out."""
    if known.partial:
        return NotIdentified(None)
    return NotIdentified(hedge(known.graph, failed.stuck or Stuck(failed.wanted, failed.wanted), done))
