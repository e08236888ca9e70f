"""Random mixed graphs and effects asked about, for the benchmark of identification. Everything follows from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

NODES = (10, 20, 40, 60)
PARENTS = {"sparse": 1.5, "dense": 4.0}
"""Mean number of direct causes, of a variable that has enough before it."""
HIDDEN = {"few hidden": 0.2, "many hidden": 1.0}
"""Hidden common causes of two variables, for each variable."""
ASKED = {"one": (1, 0), "three": (3, 0), "one, given one": (1, 1)}
"""How many treatments, and how many variables are conditioned on."""


@dataclass(frozen=True)
class Kind:
    """What the questions of one case have in common."""

    nodes: int
    parents: str
    hidden: str
    asked: str

    def __str__(self) -> str:
        return f"{self.nodes} {self.parents}, {self.hidden}, {self.asked}"


@dataclass(frozen=True)
class Effect:
    """P(outcome | do(treatments), given) over a mixed graph."""

    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    confounded: tuple[tuple[str, str], ...]
    treatments: tuple[str, ...]
    outcome: str
    given: tuple[str, ...]

    @property
    def text(self) -> str:
        """As a query of this engine."""
        parts = [f"do({', '.join(f'{name}=1' for name in self.treatments)})", *(f"{name}=1" for name in self.given)]
        return f"P({self.outcome} | {', '.join(parts)})"

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def kinds(*, quick: bool) -> list[Kind]:
    """Every case, small graphs first."""
    return [
        Kind(nodes, parents, hidden, asked)
        for nodes in (NODES[:2] if quick else NODES)
        for parents in PARENTS
        for hidden in HIDDEN
        for asked in ASKED
    ]


def effects(kind: Kind, count: int) -> Iterator[Effect]:
    """So many questions; each treatment is a cause of the outcome, which is among the last third."""
    for number in range(count):
        rng = random.Random(f"identification {kind} {number}")
        treatments, given = ASKED[kind.asked]
        while True:
            names, edges, confounded = _graph(rng, kind)
            outcome = rng.choice(names[2 * len(names) // 3 :])
            causes = _causes(edges, outcome)
            if len(causes) >= treatments:
                break
        chosen = rng.sample(causes, treatments)
        others = [name for name in names if name not in (*chosen, outcome)]
        yield Effect(names, edges, confounded, tuple(chosen), outcome, tuple(rng.sample(others, given)))


Pairs = tuple[tuple[str, str], ...]


def _graph(rng: random.Random, kind: Kind) -> tuple[tuple[str, ...], Pairs, Pairs]:
    names = tuple(f"V{i}" for i in range(kind.nodes))
    most = round(2 * PARENTS[kind.parents]) + 1
    edges: list[tuple[str, str]] = []
    for i, name in enumerate(names):
        count = sum(rng.random() < PARENTS[kind.parents] / most for _ in range(most))
        edges += [(cause, name) for cause in rng.sample(names[:i], min(i, count))]
    every = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return names, tuple(edges), tuple(rng.sample(every, round(HIDDEN[kind.hidden] * kind.nodes)))


def _causes(edges: Pairs, effect: str) -> list[str]:
    found, left = {effect}, [effect]
    while left:
        name = left.pop()
        new = {cause for cause, of in edges if of == name} - found
        found |= new
        left += new
    return sorted(found - {effect})
