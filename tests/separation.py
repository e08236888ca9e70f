"""d-separation by the moral graph of the ancestors, with every noise a node. Shares no code with the engine."""

from collections.abc import Set as AbstractSet
from itertools import combinations

from tests.oracle import Plain

Parents = dict[str, set[str]]


def graph_of(model: Plain) -> Parents:
    """The parents of each variable, its noises among them; a shared noise is a hidden common cause."""
    causes = {v["name"]: set(v["parents"]) | {f"noise {u}" for u in v.get("noises", ())} for v in model["variables"]}
    return causes | {f"noise {u}": set() for u in model["noises"]}


def ancestors(graph: Parents, names: AbstractSet[str]) -> set[str]:
    """These nodes and everything above them."""
    found, todo = set(names), list(names)
    while todo:
        new = graph[todo.pop()] - found
        found |= new
        todo += new
    return found


def separated(graph: Parents, a: AbstractSet[str], b: AbstractSet[str], given: AbstractSet[str]) -> bool:
    """Whether `given` d-separates `a` from `b` (Lauritzen et al. 1990)."""
    kept = ancestors(graph, {*a, *b, *given})
    near: Parents = {name: set() for name in kept}
    for child in kept:
        for left, right in combinations({child, *graph[child]}, 2):
            near[left].add(right)
            near[right].add(left)
    reached, todo = set(a), list(a)
    while todo:
        new = near[todo.pop()] - reached - given
        reached |= new
        todo += new
    return not reached & b


def do_calculus_graph(
    model: Plain, rule: int, x: AbstractSet[str], z: AbstractSet[str], w: AbstractSet[str]
) -> Parents:
    """The graph in which a rule of do-calculus asks for separation of Y and Z given X and W (Pearl 1995, theorem 3)."""
    graph = _cut_into(graph_of(model), x)
    match rule:
        case 1:
            return graph
        case 2:
            return {child: parents - z for child, parents in graph.items()}
    return _cut_into(graph, z - ancestors(graph, w))


def _cut_into(graph: Parents, names: AbstractSet[str]) -> Parents:
    """The graph without the arrows into `names`."""
    return {child: set() if child in names else parents for child, parents in graph.items()}
