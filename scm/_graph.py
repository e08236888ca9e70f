"""`CausalGraph`: a frozen acyclic mixed graph. It has a networkx graph; it is not one."""

from __future__ import annotations

import graphlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ._errors import InvalidGraph, InvalidModel, UnknownName

if TYPE_CHECKING:
    import networkx as nx

    Digraph = nx.DiGraph[str]


@dataclass(frozen=True)
class CausalGraph:
    """Directed edges (cause, effect) and bidirected edges (a hidden common cause).

    Args:
        variables: the names, in the order they are shown.
        edges: (cause, effect) pairs.
        confounded: pairs of variables that share a hidden cause.
        hidden: variables that nobody measures: no law of them is ever available, and no query may be about them.

    Raises:
        InvalidGraph: a name twice, a self-loop, a cycle (printed).
        UnknownName: an edge or a pair with a name that is not a variable, or a hidden one that is not.
    """

    variables: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()
    confounded: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check everything once, here."""
        known = set(self.variables)
        if len(known) != len(self.variables):
            twice = next(name for name in self.variables if self.variables.count(name) > 1)
            raise InvalidGraph(f"The variable {twice!r} is declared twice. Each variable is declared once.")
        for kind, pairs in (("An edge", self.edges), ("A hidden common cause", self.confounded)):
            for a, b in pairs:
                if a not in known or b not in known:
                    raise UnknownName(b if a in known else a, known, kind)
                if a == b:
                    raise InvalidGraph(
                        f"{a!r} is its own cause ({a} -> {a}). A variable cannot cause itself: drop the self-loop."
                    )
        for name in self.hidden:
            if name not in known:
                raise UnknownName(name, known, "The list of hidden variables")
        _ = self.order

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """The variables that are not hidden, as declared."""
        return tuple(name for name in self.variables if name not in set(self.hidden))

    @cached_property
    def networkx(self) -> Digraph:
        """The directed part, as a networkx graph (a copy is yours to change; this one is shared)."""
        import networkx as nx  # a tenth of a second that most questions do not need

        graph: Digraph = nx.DiGraph()
        graph.add_nodes_from(self.variables)
        graph.add_edges_from(self.edges)
        return graph

    def to_networkx(self) -> Digraph:
        """A networkx graph of your own.

        Its `.graph["confounded"]` lists the pairs with a hidden common cause, `.graph["hidden"]` the hidden variables.
        """
        graph = self.networkx.copy()
        graph.graph["confounded"] = list(self.confounded)
        graph.graph["hidden"] = list(self.hidden)
        return graph

    @staticmethod
    def from_networkx(
        graph: nx.Graph[Any], confounded: Iterable[tuple[str, str]] | nx.Graph[Any] | None = None
    ) -> CausalGraph:
        """The causal graph that a networkx graph is.

        Hidden are the variables in its `.graph["hidden"]`, or else in its `latents`, as pgmpy's graphs have them.

        Args:
            graph: directed, without parallel edges; every node is text.
            confounded: the pairs with a hidden common cause, or an undirected graph of them; by default what
                `.graph["confounded"]` holds, if anything.

        Raises:
            InvalidGraph: undirected, parallel edges, a node that is no text, a cycle (printed).
            UnknownName: a pair with a name that is no node.
        """
        if not graph.is_directed() or graph.is_multigraph():
            kind = "with parallel edges" if graph.is_directed() else "undirected: it does not say what causes what"
            raise InvalidGraph(f"Got a {type(graph).__name__}, which is {kind}; a DiGraph is wanted.")
        for node in graph.nodes:
            if not isinstance(node, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
                raise InvalidGraph(f"The graph has the node {node!r}; a variable's name is text. Relabel it.")
        given: object = graph.graph.get("confounded", ()) if confounded is None else confounded
        pairs = cast("Iterable[tuple[str, str]]", getattr(given, "edges", given))
        try:
            both = tuple((a, b) for a, b in pairs)
        except (TypeError, ValueError):
            raise InvalidGraph(f"Got confounded={given!r}; pairs of names are wanted, or a graph of them.") from None
        unseen: object = graph.graph.get("hidden", getattr(graph, "latents", ()))
        if not isinstance(unseen, list | tuple | set | frozenset):
            raise InvalidGraph(f"Got hidden={unseen!r} in the graph; a list of names is wanted.")
        names = cast("Iterable[str]", unseen)
        hidden = (*(node for node in graph.nodes if node in unseen), *(name for name in names if name not in graph))
        return CausalGraph(tuple(graph.nodes), tuple((a, b) for a, b in graph.edges), both, hidden)

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """Direct causes of each variable, in edge order."""
        found: dict[str, list[str]] = {name: [] for name in self.variables}
        for cause, effect in dict.fromkeys(self.edges):
            found[effect].append(cause)
        return {name: tuple(causes) for name, causes in found.items()}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every variable after its causes; ties as declared."""
        if _all_behind_their_causes(self.variables, self.parents):
            return tuple(self.variables)
        place = {name: i for i, name in enumerate(self.variables)}
        waits = {name: len(causes) for name, causes in self.parents.items()}
        effects: dict[str, list[str]] = {name: [] for name in self.variables}
        for effect, causes in self.parents.items():
            for cause in causes:
                effects[cause].append(effect)
        ready = [place[name] for name, causes in waits.items() if not causes]  # in order, and so a heap
        found: list[str] = []
        while ready:
            found.append(self.variables[heapq.heappop(ready)])
            for effect in effects[found[-1]]:
                waits[effect] -= 1
                if not waits[effect]:
                    heapq.heappush(ready, place[effect])
        if len(found) < len(self.variables):
            raise _circle(self.parents)
        return tuple(found)

    @cached_property
    def ancestors(self) -> Mapping[str, frozenset[str]]:
        """Causes of each variable, direct or not, with the variable itself."""
        return _Reached(self.parents)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Where each variable stands in `order`."""
        return {name: i for i, name in enumerate(self.order)}

    def descendants(self, names: Iterable[str]) -> frozenset[str]:
        """Everything that one of `names` can affect, with `names` themselves."""
        return _reached(self._children, names)

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {v: [] for v in self.variables}
        for cause, effect in self.edges:
            found[cause].append(effect)
        return {name: tuple(effects) for name, effects in found.items()}


def _all_behind_their_causes(names: Iterable[str], causes: Mapping[str, Iterable[str]]) -> bool:
    """Whether each of `names` stands after all of its causes: so most people write them."""
    before: set[str] = set()
    for name in names:
        if not before.issuperset(causes[name]):
            return False
        before.add(name)
    return True


def _circle(parents: Mapping[str, Sequence[str]]) -> InvalidGraph:
    """The error of a graph with a cycle, which it prints."""
    try:
        graphlib.TopologicalSorter(parents).prepare()
    except graphlib.CycleError as wrong:
        cycle: list[str] = wrong.args[1]
        shown = " -> ".join(cycle)
    else:
        raise AssertionError("a cycle was found, and then none")
    return InvalidGraph(
        f"The causes go round in a circle: {shown}. "
        "A causal model here must be acyclic: drop one of these edges, or split a variable by time."
    )


def _reached(steps: Mapping[str, Sequence[str]], names: Iterable[str]) -> frozenset[str]:
    """What can be reached from `names`, with themselves."""
    found = {name for name in names if name in steps}
    stack = list(found)
    while stack:
        for name in steps[stack.pop()]:
            if name not in found:
                found.add(name)
                stack.append(name)
    return frozenset(found)


class _Reached(Mapping[str, frozenset[str]]):
    """What each name reaches, worked out when it is asked for: all at once would be quadratic."""

    def __init__(self, steps: Mapping[str, Sequence[str]]) -> None:
        self._steps = steps
        self._found: dict[str, frozenset[str]] = {}

    def __getitem__(self, name: str) -> frozenset[str]:
        if name not in self._found:
            if name not in self._steps:
                raise KeyError(name)
            self._found[name] = _reached(self._steps, (name,))
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)


def name_tuple(names: object, where: str) -> tuple[str, ...]:
    """A tuple of names from any list of them; a text would be taken letter by letter, so it is refused.

    Raises:
        InvalidModel: it is something else.
    """
    if isinstance(names, Iterable) and not isinstance(names, (str, bytes, Mapping)):
        found = tuple(cast("Iterable[object]", names))
        if all(isinstance(name, str) for name in found):
            return cast("tuple[str, ...]", found)
    raise InvalidModel(f"{where} takes names in a tuple, such as ('X', 'Y') or ('X',), got {names!r:.60}.")


def check_graph(graph: object) -> CausalGraph:
    """That it is a graph.

    Raises:
        InvalidGraph: it is something else.
    """
    if isinstance(graph, CausalGraph):
        return graph
    advice = " graph_from_text makes one of text, read_graph of a file." if isinstance(graph, str) else ""
    raise InvalidGraph(f"A CausalGraph is wanted, got {type(graph).__name__}.{advice}")
