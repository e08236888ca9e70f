"""Random mixed graphs, and what they mean worked out from the definitions. Shares no code with the engine."""

import random
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations, pairwise

from scm import CausalGraph

NAMES = ("A", "B", "C", "D", "E", "F", "G", "H")


def random_graph(
    rng: random.Random, most: int = 7, *, density: float | None = None, hidden: float = 0.0, confounded: bool = True
) -> CausalGraph:
    """A random acyclic mixed graph of 2 to `most` variables, declared in an order that is not the causal one."""
    names = list(NAMES[: rng.choice((rng.randint(2, most), most))])
    rng.shuffle(names)
    directed = rng.uniform(0.1, 0.7) if density is None else density
    both = rng.uniform(0.0, 0.4) if confounded else 0.0
    pairs = list(combinations(names, 2))
    rng.shuffle(pairs)
    joined = [(a, b) if rng.random() < 0.5 else (b, a) for a, b in pairs if rng.random() < both]
    return CausalGraph(
        tuple(sorted(names)),
        tuple(pair for pair in pairs if rng.random() < directed),
        tuple(joined),
        tuple(name for name in sorted(names) if rng.random() < hidden),
    )


def subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every subset, small ones first."""
    for size in range(len(names) + 1):
        yield from combinations(names, size)


def paths(graph: CausalGraph, start: str, end: str) -> Iterator[list[tuple[str, str, str]]]:
    """Every path as its steps (mark at the variable that is left, variable, mark at the variable that is entered)."""
    steps: dict[str, list[tuple[str, str, str]]] = {name: [] for name in graph.variables}
    for cause, effect in set(graph.edges):
        steps[cause].append(("tail", effect, "head"))
        steps[effect].append(("head", cause, "tail"))
    for a, b in {(a, b) for pair in graph.confounded for a, b in (pair, pair[::-1])}:
        steps[a].append(("head", b, "head"))

    def extend(path: list[tuple[str, str, str]], seen: set[str]) -> Iterator[list[tuple[str, str, str]]]:
        at = path[-1][1] if path else start
        if at == end:
            yield path
            return
        for step in steps[at]:
            if step[1] not in seen:
                yield from extend([*path, step], {*seen, step[1]})

    yield from extend([], {start})


def below(graph: CausalGraph, name: str) -> set[str]:
    """A variable and everything that a directed path leads to from it."""
    found, todo = {name}, [name]
    while todo:
        at = todo.pop()
        new = {effect for cause, effect in graph.edges if cause == at} - found
        found |= new
        todo += new
    return found


def is_open(graph: CausalGraph, path: Sequence[tuple[str, str, str]], given: AbstractSet[str]) -> bool:
    """Whether a path is m-connecting, word for word from the definition (Richardson 2003)."""
    for (_, name, entered), (left, _, _) in pairwise(path):
        if entered == left == "head":
            if not below(graph, name) & given:
                return False
        elif name in given:
            return False
    return True


def separated_by_paths(
    graph: CausalGraph, first: AbstractSet[str], second: AbstractSet[str], given: AbstractSet[str]
) -> bool:
    """m-separation by looking at every path."""
    return not any(is_open(graph, path, given) for a in first for b in second for path in paths(graph, a, b))
