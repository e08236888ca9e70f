"""`identify_general`: one routine for every rung, over any set of available laws.

A query is read as conjunctions of counterfactual equalities with numbers that depend on values; each is identified as
one term (Correa, Lee & Bareinboim 2021). A single world is worked out on sets of bits, more worlds on instances.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .._bitgraph import BitGraph
from .._errors import InvalidQuery
from .._estimand import ZERO, At, Estimand, Index, Linear, Product, Quotient, Weight
from .._finding import Assumption
from .._graph import CausalGraph
from .._query import Contrast, Distribution, Expectation, Number, Probability, Query, Term, print_query, term_parts
from .._relevance import relevant_world
from .._syntax import Assignment, Placeholder, Set, Var, World, walk, world
from ._kernels import Scope, product
from ._known import Known, checked, known, plain, without_links
from ._many import Clash, ImpossibleCondition, in_many_worlds, same, void
from ._obstacles import conflict, hedge, route_conflict
from ._reading import Reading, Valued, linear, moved, query_of, read, renamed
from ._result import Available, Identification, Method, Obstacle
from ._single import Asked, Failed, Solved, in_one_world

POSITIVITY = Assumption(
    "Every combination of values that the estimand conditions on has positive probability.", "the method"
)
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


def identify_general(
    graph: CausalGraph, query: str | Query, available: Sequence[Available] | Available | None = None
) -> Identification:
    """The general routine alone: as `identify`, without named criteria first."""
    return identified(graph, query_of(graph, query), checked(graph, available))


def identified(graph: CausalGraph, query: Query, available: tuple[Available, ...]) -> Identification:
    """`identify_general` of a query and laws that are checked."""
    work = Work(graph, known(graph, available))
    try:
        estimand = _query(work, query)
    except NotIdentified as no:
        return Identification(query, graph, available, obstacle=no.obstacle)
    granted = (*([POSITIVITY] if work.divides else ()), *dict.fromkeys(work.assumptions))
    method: Method = max(work.methods, key=ORDER.index) if work.methods else "seeing"
    return Identification(query, graph, available, estimand, work.axes, method, assumptions=granted)


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
            parts, constant = linear(expr)
            found = [(c, _reading(work, term, read(term, part))) for c, part in parts]
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
    place = work.known.graph.place
    imposed = {place[name]: value for name, value in done.items()}
    base: dict[int, At] = dict(imposed)
    for t, value in reading.given:
        if base.setdefault(place[t.name], value) != value:
            raise impossible(term)
    given = _bits(v for v in base if v not in imposed)
    values = dict(base)
    for t, value in reading.facts:
        if (old := values.setdefault(place[t.name], value)) != value:
            if isinstance(old, Placeholder) or isinstance(value, Placeholder):
                work.assumptions.append(APART)
            return ZERO
    weights: list[Weight] = []
    for t, index in reading.axes:
        at = values.setdefault(place[t.name], index)
        if at != index:
            weights.append(same(t, index, at))
    weights += [_weight(valued, values, place, scope) for valued in reading.weights]
    asked = _bits(v for v in values if v not in base)
    doubts = [_weight(valued, values, place, scope) for valued in reading.doubts]
    below = dict(base)
    doubts_below = [_weight(valued, below, place, scope) for valued in reading.doubts]
    if any(void(weight) for weight in doubts_below):
        raise impossible(term)
    groups = tuple(_bits(v for t in found if (v := place[t.name]) not in base) for _, found in reading.doubts)
    if not asked:
        return product(list(weights))
    question = Asked(
        done=_bits(imposed), asked=asked, given=given, doubtful=_bits(v for v in below if v not in base),
        groups=groups, values=values, weights=tuple(weights), doubts=tuple(doubts), below=below,
        doubts_below=tuple(doubts_below), open=frozenset(i for _, i in reading.axes),
    )  # fmt: skip
    reduced = without_links(work.known, question.done | asked | given | question.doubtful)
    found = in_one_world(reduced, question, scope)
    if isinstance(found, Failed):
        raise _failed(work.known, found, question.done)
    work.methods.append(_method(found, bool(given | question.doubtful)))
    return found.estimand


def _method(found: Solved, conditional: bool) -> Method:
    if found.above.seen and not found.above.exchanged:
        return "seeing"
    parts = [p for p in (found.above, found.below) if p is not None]
    if any(f.source.name for p in parts for f in p.found):
        return "g-ID"
    return "IDC" if conditional else "ID"


def _weight(valued: Valued, values: dict[int, At], place: dict[str, int], scope: Scope) -> Weight:
    """A number with the values that it depends on; a variable without one gets an index."""
    expr, found = valued
    where: dict[str, At] = {}
    for t in found:
        v = place[t.name]
        if v not in values:
            values[v] = scope.fresh(v)
        where[t.name] = values[v]
    return Weight(renamed(expr, {t: t.name for t in found}), tuple(sorted(where.items())))


def impossible(term: Term) -> InvalidQuery:
    """That the condition contradicts itself."""
    return InvalidQuery(f"{print_query(term)}: the condition contradicts itself, so nothing is defined given it.")


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for v in numbers:
        found |= 1 << v
    return found


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
    reduced = work.known if edges else without_links(work.known, keep)
    within = reduced.graph.ancestors(keep, reduced.within)
    try:
        found = in_many_worlds(reduced, plain(reduced.graph, within), reading, scope)
    except ImpossibleCondition:
        raise impossible(term) from None
    if found is None:
        if any(isinstance(node, Placeholder) for part in term_parts(term) for node in walk(part)):
            work.assumptions.append(APART)
        return ZERO
    if isinstance(found, Clash):
        raise NotIdentified(conflict(graph, reading, found))
    if isinstance(found, Failed):
        raise _failed(work.known, found, graph.bits({a.target for a in worlds}))
    nested = any(a.parent is not None or not isinstance(a, Set) or isinstance(a.value, Var) for a in worlds)
    conditional = bool(reading.given or reading.doubts)
    work.methods.append("ctf-ID" if nested else "IDC*" if conditional else "ID*")
    return found.estimand


def hidden_route(work: Work, edges: Iterable[tuple[str, str]]) -> None:
    """Refuse to set an edge beside which a route runs through variables that no law speaks of.

    Raises:
        NotIdentified: there is such a route.
    """
    whole = BitGraph.of(work.graph)
    for parent, target in dict.fromkeys(edges):
        a, b = 1 << whole.place[parent], 1 << whole.place[target]
        out = whole.everything & ~work.known.within
        through = whole.descendants(whole.children[whole.place[parent]] & out, out) & whole.ancestors(b, out | b)
        if through and a:
            raise NotIdentified(route_conflict(target, parent, whole.named(through)))


def _failed(known: Known, failed: Failed, done: int) -> NotIdentified:
    return NotIdentified(None if failed.stuck is None else hedge(known.graph, failed.stuck, done))
