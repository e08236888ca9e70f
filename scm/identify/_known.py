"""What is known, as bits: sources, and the graph without what no law measures; which source gives a district."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .._bitgraph import BitGraph, members
from .._errors import InvalidQuery, UnknownName, listing
from .._estimand import ONE, Estimand, Quotient, Sum
from .._graph import CausalGraph
from ._kernels import Base, Env, Kernel, Scope, Source, Stuck, descend, law
from ._result import Available
from ._tidy import sum_of


@dataclass(frozen=True)
class Known:
    """A graph and the laws that are available, as bits.

    Attributes:
        graph: without hidden variables, numbered as the graph that was given.
        within: its variables.
        sources: the laws; the law of what is seen first, where there is one.
        partial: some law does not measure everything, so that a failure here is no proof of non-identifiability.
    """

    graph: BitGraph
    within: int
    sources: tuple[Source, ...]
    partial: bool = False

    @property
    def seen(self) -> Source | None:
        """The law of everything that is seen, with nothing imposed; None where that is not known."""
        first = self.sources[0] if self.sources else None
        return first if first and not first.imposed and not first.name and first.measured == self.within else None


def _laws(available: Sequence[Available] | Available) -> tuple[Available, ...]:
    laws = (available,) if isinstance(available, Available) else available
    if not isinstance(laws, Sequence) or not all(isinstance(law, Available) for law in laws):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"available= takes laws, such as Available(('X', 'Y')), got {available!r:.60}.")
    return tuple(laws)


def checked(graph: CausalGraph, available: Sequence[Available] | Available | None) -> tuple[Available, ...]:
    """What is available; by default the law of all observed variables.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: no law; one of hidden variables; one that both measures and imposes a variable; two of one name.
    """
    if available is None:
        return (Available(graph.observed),)
    laws = _laws(available)
    _refuse_impossible(graph, laws)
    return tuple(sorted(laws, key=lambda one: bool(one.do)))


def _refuse_impossible(graph: CausalGraph, laws: tuple[Available, ...]) -> None:
    if not any(one.variables for one in laws):
        raise InvalidQuery(
            "No available law measures anything, so that nothing can follow. Name laws, such as "
            "Available(('X', 'Y')), or leave `available` out: then the law of all observed variables is known."
        )
    hidden = set(graph.hidden)
    for one in laws:
        what = f"The available law {one.name!r}" if one.name else "The available law of what is seen"
        for name in (*one.variables, *one.do):
            if name not in graph.parents:
                raise UnknownName(name, graph.variables, what)
            if name in hidden:
                raise InvalidQuery(
                    f"{what} speaks of {name!r}, which the graph calls hidden. Leave it out, or unhide it."
                )
        if both := set(one.variables) & set(one.do):
            raise InvalidQuery(
                f"{what} both measures and imposes {listing(sorted(both))}: list what is imposed in `do` only."
            )
        if one.do and not one.name:
            raise InvalidQuery(f"The law where {listing(one.do)} is imposed needs a name, such as name='trial'.")
    names = [one.name for one in laws]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise InvalidQuery(f"Two available laws are called {twice!r}. Give each its own name.")
    if names.count("") > 1:
        raise InvalidQuery(
            "Two available laws have no name: only the law of what is seen, with nothing imposed, has none."
        )


@lru_cache(maxsize=256)
def known(graph: CausalGraph, available: tuple[Available, ...], named: tuple[str, ...] = ()) -> Known:
    """The graph and laws as bits; what is not `named` and no law speaks of is projected away like what is hidden."""
    bits = BitGraph.of(graph)
    spoken = bits.bits(named)
    for one in available:
        spoken |= bits.bits(one.variables) | bits.bits(one.do)
    whole = project(bits, bits.everything & ~spoken)
    sources: list[Source] = []
    partial = False
    for one in available:
        measured, imposed = bits.bits(one.variables), bits.bits(one.do)
        left = spoken & ~measured & ~imposed
        partial |= bool(left)
        world = whole.without_edges(into=imposed) if imposed else whole
        sources.append(Source(project(world, left) if left else world, measured, imposed, one.name))
    return Known(whole, spoken, tuple(sources), partial)


def project(graph: BitGraph, out: int) -> BitGraph:
    """The latent projection without `out`, whose numbers stay but stand alone (Tian & Pearl 2002)."""
    if not out:
        return graph
    parents, children, siblings = list(graph.parents), list(graph.children), list(graph.siblings)
    for v in members(out):
        bit, above, below, beside = 1 << v, parents[v], children[v], siblings[v]
        for p in members(above):
            children[p] = (children[p] | below) & ~bit
        for c in members(below):
            parents[c] = (parents[c] | above) & ~bit
            siblings[c] = (siblings[c] | below | beside) & ~(1 << c)
        for s in members(beside):
            siblings[s] = (siblings[s] | below & ~(1 << s)) & ~bit
        parents[v] = children[v] = siblings[v] = 0
    return BitGraph(graph.names, tuple(parents), tuple(children), tuple(siblings))


def without_links(known: Known, keep: int) -> Known:
    """`known` without variables whose projection neither adds nor hides anything.

    Such a variable has no hidden common cause and one effect, and its causes lie outside the district of that effect:
    no C-forest gains or loses an edge. The query and what is imposed are kept.
    """
    graph = known.graph
    for source in known.sources:
        keep |= source.imposed
    out, again = 0, True
    while again:
        again = False
        for v in reversed(list(members(known.within & ~keep & ~out))):
            below = graph.children[v]
            if graph.siblings[v] or not below or below & (below - 1):
                continue
            if not graph.parents[v] & graph.district(below, known.within & ~out):
                graph, out, again = project(graph, 1 << v), out | 1 << v, True
    if not out:
        return known
    left = known.within & ~out
    sources = tuple(
        Source(
            (graph.without_edges(into=s.imposed) if s.imposed else graph)
            if s.measured | s.imposed == known.within
            else project(s.graph, out & s.measured),
            s.measured & left,
            s.imposed,
            s.name,
        )
        for s in known.sources
    )
    return Known(graph, left, sources, known.partial)


@dataclass(frozen=True)
class Found:
    """A district with the kernel it comes from."""

    district: int
    source: Source
    kernel: Kernel

    @property
    def plain(self) -> bool:
        """Whether the kernel is the district's own, as a product of conditionals."""
        kernel = self.kernel
        return isinstance(kernel, Base) and sum(of for of, _ in kernel.conditionals) == self.district


def find(known: Known, district: int) -> Found | Stuck | None:
    """Where `Q[district]` comes from; the hedge of the first source that cannot give it; None if none speaks of it."""
    stuck: Stuck | None = None
    causes = known.graph.parents_of(district) & ~district
    for source in known.sources:
        if district & ~source.measured or causes & ~(source.measured | source.imposed):
            continue
        kernel = descend(source, district)
        if not isinstance(kernel, Stuck):
            return Found(district, source, kernel)
        stuck = stuck or kernel
    return stuck


def formula(found: Found, env: Env, scope: Scope) -> Estimand:
    """`Q[district]` at the values of `env`, and its mean over values that it is written with but that do not matter."""
    before = set(scope.free)
    body = found.kernel.formula(found.district, env, scope)
    free = {v: i for v, i in scope.free.items() if v not in before}
    for v in free:
        del scope.free[v]
    if not free:
        return body
    measured = [v for v in sorted(free) if found.source.measured >> v & 1]
    imposed = [v for v in sorted(free) if not found.source.measured >> v & 1]
    if measured:
        weight = law(found.source, sum(1 << v for v in measured), 0, {**env, **free}, scope)
        over, factors = (list(body.over), [body.body]) if isinstance(body, Sum) else ([], [body])
        body = sum_of([*(free[v] for v in measured), *over], [weight, *factors])
    if imposed:
        states = tuple(free[v] for v in imposed)
        body = Quotient(Sum(states, body), Sum(states, ONE))
    return body


def plain(graph: BitGraph, within: int) -> CausalGraph:
    """A part of a graph, by name."""
    names = graph.names
    edges = tuple((names[p], names[v]) for v in members(within) for p in members(graph.parents[v] & within))
    pairs = tuple((names[v], names[s]) for v in members(within) for s in members(graph.siblings[v] & within) if v < s)
    return CausalGraph(graph.named(within), edges, pairs)
