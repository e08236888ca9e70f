"""Markov equivalence: all the graphs without hidden causes that imply the same independences, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from ._bitgraph import members
from ._claims import Independence
from ._errors import InvalidGraph, InvalidQuery, UnknownName, listing
from ._graph import CausalGraph, check_graph
from ._graph_ops import bits_of
from ._pattern import Pattern, count_members
from ._separation import connected

if TYPE_CHECKING:
    import networkx as nx

    Digraph = nx.DiGraph[str]

MOST_MEMBERS = 100_000
"""Most members that are listed unless more are asked for."""

MOST_LISTED_VARIABLES = 12
"""Most variables of a complete list of independences: there are 67,584 questions about twelve."""


@dataclass(frozen=True)
class EquivalenceClass:
    """A Markov equivalence class, by its CPDAG (completed partially directed acyclic graph, or essential graph).

    Two graphs are equivalent if they have the same adjacencies and the same v-structures (Verma & Pearl 1990); an edge
    points one way in all of them, or each way in some (Andersson, Madigan & Perlman 1997).

    Args:
        variables: the names, in the order they are shown.
        directed: the (cause, effect) pairs that are edges of every member.
        undirected: the pairs that are joined in every member, this way in some and the other way in others.

    Raises:
        InvalidGraph: these edges are the CPDAG of no acyclic graph.
        UnknownName: an edge with a name that is not a variable.
    """

    variables: tuple[str, ...]
    directed: tuple[tuple[str, str], ...] = ()
    undirected: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Check that the edges are what the member that they lead to has for its own class."""
        for name in (name for pair in (*self.directed, *self.undirected) for name in pair):
            if name not in self.variables:
                raise UnknownName(name, self.variables, "An edge")
        member, faithful = self._pattern.extended()
        if not faithful or member.completed() != self._pattern:
            raise InvalidGraph(
                f"{self} is no CPDAG: its edges are not those of any equivalence class. Make the class from a graph "
                "(equivalence_class) or from a complete list of independences (class_from_independences)."
            )

    def __str__(self) -> str:
        """Its edges: `A -> B, B - C`."""
        edges = [f"{a} -> {b}" for a, b in self.directed] + [f"{a} - {b}" for a, b in self.undirected]
        alone = [v for v in self.variables if not any(v in pair for pair in (*self.directed, *self.undirected))]
        return ", ".join(edges + alone)

    @cached_property
    def _pattern(self) -> Pattern:
        place = {name: i for i, name in enumerate(self.variables)}
        if len(place) != len(self.variables):
            raise InvalidGraph(f"A variable is declared twice in {listing(self.variables)}.")
        directed, undirected = ([(place[a], place[b]) for a, b in pairs] for pairs in (self.directed, self.undirected))
        return Pattern.of(len(place), directed, undirected)

    @property
    def cpdag(self) -> Digraph:
        """A networkx graph of your own; an edge that may point either way is there both ways."""
        import networkx as nx  # a tenth of a second that most questions do not need

        graph: Digraph = nx.DiGraph()
        graph.add_nodes_from(self.variables)
        graph.add_edges_from(self.directed)
        graph.add_edges_from(edge for a, b in self.undirected for edge in ((a, b), (b, a)))
        return graph

    @cached_property
    def size(self) -> int:
        """How many graphs are in the class, without listing them (He, Jia & Yu 2015).

        Raises:
            InvalidQuery: the undirected part is too large and dense to count.
        """
        found = count_members(self._pattern)
        if found is None:
            raise InvalidQuery(
                f"The class of {len(self.variables)} variables with {len(self.undirected)} undirected edges is too "
                "large to count its members."
            )
        return found

    def members(self, most: int = MOST_MEMBERS) -> Iterator[CausalGraph]:
        """Every graph of the class, one by one.

        Args:
            most: a class with more members is refused.

        Raises:
            InvalidQuery: the class has more members than `most`.
        """
        if self.size > most:
            raise InvalidQuery(
                f"The class of {self} has {self.size:,} members, more than the {most:,} that are gone through. "
                "`members` takes a larger number as `most`."
            )
        return (_graph_of(self.variables, member) for member in self._pattern.members())

    @cached_property
    def member(self) -> CausalGraph:
        """One graph of the class."""
        return _graph_of(self.variables, self._pattern.extended()[0])


def equivalence_class(graph: CausalGraph) -> EquivalenceClass:
    """The Markov equivalence class of a graph without hidden causes (Verma & Pearl 1990; Meek 1995).

    Raises:
        InvalidGraph: the graph has hidden variables or hidden common causes, whose classes are not CPDAGs.
    """
    check_graph(graph)
    if graph.confounded or graph.hidden:
        what = graph.hidden or [f"{a} <-> {b}" for a, b in graph.confounded]
        raise InvalidGraph(
            f"The graph has hidden causes ({listing(what)}); a Markov equivalence class is made from a graph without."
        )
    place = {name: i for i, name in enumerate(graph.variables)}
    edges = [(place[a], place[b]) for a, b in graph.edges]
    return _class_of(graph.variables, Pattern.of(len(place), edges, ()))


def class_from_independences(variables: Sequence[str], independences: Iterable[Independence]) -> EquivalenceClass:
    """The class of graphs whose independences are exactly those listed: no hidden causes, no others than these.

    The list must be complete: a pair and a set that are not listed are taken as dependent. Adjacent is what no set
    separates; a v-structure is where the middle is not in the separating set (Spirtes, Glymour & Scheines 1993; Meek
    1995). What results is then compared with the whole list, every pair with every set.

    Args:
        variables: all of them, at most twelve.
        independences: in any order; a statement said twice, or with its sides exchanged, counts once.

    Raises:
        UnknownName: a statement about a name that is not a variable.
        InvalidQuery: a statement with a variable twice, or more variables than can be gone through.
        InvalidGraph: no such graph has exactly these independences; the message names the first that does not fit.
    """
    names = tuple(variables)
    if len(names) > MOST_LISTED_VARIABLES:
        raise InvalidQuery(
            f"Got {len(names)} variables; complete lists of independences are read for at most {MOST_LISTED_VARIABLES}."
        )
    listed = _read_statements(names, independences)
    pattern = _pattern_of(len(names), listed)
    member, _ = pattern.extended()
    graph = _graph_of(names, member)
    _compare(graph, listed)
    return _class_of(names, member)


_Statements = dict[tuple[int, int, int], Independence]


def _read_statements(names: tuple[str, ...], independences: Iterable[Independence]) -> _Statements:
    place = {name: i for i, name in enumerate(names)}
    if len(place) != len(names):
        raise InvalidGraph(f"A variable is declared twice in {listing(names)}.")
    found: _Statements = {}
    for said in independences:
        spoken = (said.first, said.second, *dict.fromkeys(said.given))
        for name in spoken:
            if name not in place:
                raise UnknownName(name, names, f"The statement that {_words(said)}")
        if len(set(spoken)) < len(spoken):
            raise InvalidQuery(f"The statement that {_words(said)} has a variable on two sides.")
        a, b = sorted((place[said.first], place[said.second]))
        found.setdefault((a, b, sum(1 << place[name] for name in spoken[2:])), said)
    return found


def _pattern_of(n: int, listed: _Statements) -> Pattern:
    """The adjacencies and v-structures that a list says; where two v-structures clash the first is kept."""
    apart: dict[tuple[int, int], int] = {}
    for a, b, given in listed:
        apart.setdefault((a, b), given)
    joined = [pair for pair in combinations(range(n), 2) if pair not in apart]
    near = Pattern.of(n, (), joined).near
    arrows: dict[tuple[int, int], None] = {}
    for (a, b), given in apart.items():
        for c in members(near[a] & near[b] & ~given):
            for end in (a, b):
                if (c, end) not in arrows:
                    arrows[end, c] = None
    return Pattern.of(n, arrows, [(a, b) for a, b in joined if (a, b) not in arrows and (b, a) not in arrows])


def _compare(graph: CausalGraph, listed: _Statements) -> None:
    """That the graph's independences are those listed.

    Raises:
        InvalidGraph: they are not. No other graph would do then: if one had exactly the listed independences, it would
            have had the adjacencies and v-structures that were read off, and so would be equivalent to this one.
    """
    bits = bits_of(graph)
    place = [bits.place[name] for name in graph.variables]
    implied = {
        (a, b, given)
        for a, b in combinations(range(len(place)), 2)
        for given in _sets_without(len(place), a, b)
        if not connected(bits, 1 << place[a], _moved(given, place)) >> place[b] & 1
    }
    wrong = next((said for key, said in listed.items() if key not in implied), None)
    if wrong is not None:
        raise _clash(graph, wrong, "is listed, yet it does not hold in")
    missing = min((key for key in implied if key not in listed), default=None)
    if missing is not None:
        a, b, given = missing
        names = graph.variables
        said = Independence(names[a], names[b], tuple(names[i] for i in members(given)))
        raise _clash(graph, said, "is not listed, yet it holds in")


def _clash(graph: CausalGraph, said: Independence, problem: str) -> InvalidGraph:
    edges = ", ".join(f"{a} -> {b}" for a, b in graph.edges) or "no edges"
    return InvalidGraph(
        f"No graph without hidden causes has exactly the independences listed. That {_words(said)} {problem} the graph "
        f"that the list leads to ({edges}). The list must be complete: what is not listed is taken as dependent."
    )


def _sets_without(n: int, a: int, b: int) -> Iterator[int]:
    """Every set of other variables, as bits."""
    others = [1 << i for i in range(n) if i not in (a, b)]
    return (sum(chosen) for size in range(n - 1) for chosen in combinations(others, size))


def _moved(bits: int, place: Sequence[int]) -> int:
    """A set by declaration as a set by causal order."""
    return sum(1 << place[i] for i in members(bits))


def _words(said: Independence) -> str:
    given = f" given {', '.join(said.given)}" if said.given else ""
    return f"{said.first} is independent of {said.second}{given}"


def _class_of(names: tuple[str, ...], member: Pattern) -> EquivalenceClass:
    found = member.completed()
    return EquivalenceClass(
        names,
        tuple((names[a], names[b]) for b in range(len(names)) for a in members(found.parents[b])),
        tuple((names[a], names[b]) for a in range(len(names)) for b in members(found.beside[a]) if a < b),
    )


def _graph_of(names: tuple[str, ...], member: Pattern) -> CausalGraph:
    edges = [(names[a], name) for name, above in zip(names, member.parents, strict=True) for a in members(above)]
    return CausalGraph(names, tuple(edges))
