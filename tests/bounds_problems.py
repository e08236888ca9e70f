"""Random questions about random finite models with hidden causes, and true things that are known of these models.

Everything follows from a seed. What is known are laws, statements and shapes (see `tests.bounds_oracle`): each is
true of the model, so that the truth must lie between whatever ends are found.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.bounds_oracle import (
    Graph,
    Source,
    Types,
    all_of,
    equal,
    impossible,
    law_source,
    setting,
    statement_source,
    value,
)

Laws = list[list[Fraction]]
SMALLEST = Fraction(1, 10**12)
"""A probability that a solver may take for zero."""
QUERIES = (
    "contrast",
    "arm",
    "necessity",
    "sufficiency",
    "both",
    "treated",
    "change",
    "direct",
    "joint",
    "given",
    "mean",
)
SPREADS = ("even", "even", "uneven", "zeros", "tiny", "structural", "structural")


@dataclass(frozen=True)
class Problem:
    """A question.

    Attributes:
        graph: the variables; each state is its number.
        types: all response types.
        laws: of the types of each component: the model.
        sources: what is known, all of it true.
        query: a plain tuple.
        truth: its value in the model.
    """

    graph: Graph
    types: Types
    laws: Laws
    sources: tuple[Source, ...]
    query: Any
    truth: Fraction


def problem(seed: object, most: int = 2_000) -> Problem:
    """A random problem.

    Args:
        seed: the whole cause of the result.
        most: combinations of response types, at most.
    """
    rng = random.Random(f"bounds {seed}")
    graph = random_graph(rng, most)
    types = Types(graph)
    laws = [random_law(rng, graph, c) for c in range(len(graph.components))]
    shapes: list[Source] = []
    if rng.random() < 0.25:
        shapes = grant(rng, types, laws)
    while True:
        query = random_query(rng, graph)
        truth = value(types, laws, query)
        if truth is not None:
            break
    sources = [*random_sources(rng, types, laws), *shapes]
    rng.shuffle(sources)
    return Problem(graph, types, laws, tuple(sources), query, truth)


# ---------------------------------------------------------------------------------------------------------------------
# Models


def random_graph(rng: random.Random, most: int) -> Graph:
    """Two to four variables with two or three states, and few enough response types."""
    while True:
        count = rng.choice((2, 2, 3, 3, 3, 4))
        names = ["X", "M", "Y", "Z", "W", "A"]
        rng.shuffle(names)
        names = names[:count]
        states = {name: rng.choice((2, 2, 2, 3)) for name in names}
        pairs = list(itertools.combinations(names, 2))
        edges = tuple(p for p in pairs if rng.random() < 0.65)
        confounded = tuple(p for p in pairs if rng.random() < 0.4)
        graph = Graph(states, edges, confounded)
        if edges and confounded and math.prod(graph.sizes) <= most:
            return graph


def random_law(rng: random.Random, graph: Graph, c: int) -> list[Fraction]:
    """The law of a component's response types."""
    kind, size = rng.choice(SPREADS), graph.sizes[c]
    members = graph.components[c]
    if len(members) > 1 and (kind == "structural" or not graph.clique(members)):
        return structural(rng, graph, members)
    choices = {"uneven": (1, 2, 5, 40, 200), "zeros": (0, 0, 0, 1, 2, 7)}.get(kind, (1, 2, 3, 4, 5, 6))
    raw = [rng.choice(choices) for _ in range(size)]
    if not any(raw):
        raw[rng.randrange(size)] = 1
    law = [Fraction(x, sum(raw)) for x in raw]
    if kind == "tiny":
        rare = [i for i in range(size) if rng.random() < 0.6]
        if len(rare) < size:
            law = [SMALLEST if i in rare else law[i] for i in range(size)]
            left = (1 - SMALLEST * len(rare)) / sum(law[i] for i in range(size) if i not in rare)
            law = [p if i in rare else p * left for i, p in enumerate(law)]
    return law


def structural(rng: random.Random, graph: Graph, members: Sequence[str]) -> list[Fraction]:
    """One hidden cause of two states for each pair, a noise of two for each variable, random functions."""
    pairs = [p for p in graph.confounded if set(p) <= set(members)]
    inputs = [*pairs, *members]
    chance = [Fraction(rng.randint(1, 9), 10) for _ in inputs]
    reads = {
        m: [i for i, key in enumerate(inputs) if key == m or (isinstance(key, tuple) and m in key)] for m in members
    }
    drawn: dict[Any, int] = {}
    law = [Fraction(0)] * math.prod(graph.types(m) for m in members)
    for bits in itertools.product((0, 1), repeat=len(inputs)):
        weight = math.prod((p if b else 1 - p for p, b in zip(chance, bits, strict=True)), start=Fraction(1))
        code = 0
        for m in members:
            own = 0
            for row in graph.rows(m):
                key = (m, row, tuple(bits[i] for i in reads[m]))
                own = own * graph.states[m] + drawn.setdefault(key, rng.randrange(graph.states[m]))
            code = code * graph.types(m) + own
        law[code] += weight
    return law


def grant(rng: random.Random, types: Types, laws: Laws) -> list[Source]:
    """That raising X never lowers Y, made true by leaving out the types that break it; the laws are changed."""
    graph = types.graph
    x, y = rng.choice(graph.edges)
    events = [
        ("<", ("var", y, setting({x: b})), ("var", y, setting({x: a})))
        for a, b in itertools.combinations(range(graph.states[x]), 2)
    ]
    broken = types.holds(("or", *events) if len(events) > 1 else events[0])
    axes = [c for c in range(len(laws)) if broken.shape[c] > 1]
    # Where the members of a component have hidden causes of their own, leaving out types would make these depend.
    if len(axes) != 1 or not graph.clique(graph.components[axes[0]]):
        return []
    kept = [Fraction(0) if bad else p for p, bad in zip(laws[axes[0]], broken.ravel(), strict=True)]
    if not sum(kept):
        return []
    laws[axes[0]] = [p / sum(kept) for p in kept]
    return [impossible(event) for event in events]


# ---------------------------------------------------------------------------------------------------------------------
# What is known


def random_sources(rng: random.Random, types: Types, laws: Laws) -> list[Source]:
    """Laws of all or some variables, experiments, statements."""
    names, found = list(types.graph.names), list[Source]()
    kind = rng.random()
    if kind < 0.6:
        found.append(law_source(types, laws, names))
    elif kind < 0.8:
        for _ in range(rng.choice((1, 2))):
            found.append(law_source(types, laws, in_order(names, rng.sample(names, rng.randint(1, len(names))))))
    if rng.random() < 0.35:
        do = in_order(names, rng.sample(names, rng.choice((1, 1, min(2, len(names) - 1)))))
        seen = [n for n in names if n not in do]
        found.append(law_source(types, laws, in_order(names, rng.sample(seen, rng.randint(1, len(seen)))), do))
    for _ in range(rng.choice((0, 0, 0, 1, 2, 3)) if found else rng.choice((1, 2, 3))):
        found += statement(rng, types, laws)
    return found


def in_order(names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    return [name for name in names if name in chosen]


def statement(rng: random.Random, types: Types, laws: Laws) -> list[Source]:
    """A true statement, exact or as its printed digits leave it."""
    query = random_query(
        rng, types.graph, rng.choice(("seen", "seen", "arm", "contrast", "necessity", "given", "joint"))
    )
    truth = value(types, laws, query)
    if truth is None or imposed_on_itself(query):
        return []
    if rng.random() < 0.5:
        return [statement_source(query, truth, truth)]
    face, half = Fraction(round(truth * 100), 100), Fraction(1, 200)
    return [statement_source(query, face - half, face + half)]


def imposed_on_itself(part: Any) -> bool:
    """Whether some term is a variable in a world that sets it, which no text would say."""
    if not isinstance(part, tuple):
        return False
    if len(part) == 3 and part[0] == "var" and any(a[1] == part[1] for a in part[2]):
        return True
    return any(map(imposed_on_itself, part))


# ---------------------------------------------------------------------------------------------------------------------
# Questions


def random_query(rng: random.Random, graph: Graph, kind: str | None = None) -> Any:
    """A question of one of `QUERIES`, or of what is `seen`."""
    return _Asker(rng, graph).ask(kind or rng.choice(QUERIES))


class _Asker:
    def __init__(self, rng: random.Random, graph: Graph) -> None:
        self.rng, self.graph = rng, graph
        names = list(graph.names)
        self.cause, self.effect = rng.choice(graph.edges) if rng.random() < 0.7 else (names[0], names[-1])
        self.x1, self.x0 = rng.sample(range(graph.states[self.cause]), 2)
        self.y = rng.randrange(graph.states[self.effect])
        self.other = rng.choice([y for y in range(graph.states[self.effect]) if y != self.y])

    def ask(self, kind: str) -> Any:
        made = getattr(self, kind)()
        return self.arm() if made is None else made

    def at(self, x: int) -> Any:
        return setting({self.cause: x})

    def some(self, but: Sequence[str] = ()) -> Any:
        """A variable that has one of its states, in the world as it is."""
        pool = [n for n in self.graph.names if n not in but] or list(self.graph.names)
        name = self.rng.choice(pool)
        return equal(name, self.rng.randrange(self.graph.states[name]))

    def seen(self) -> Any:
        first = self.some()
        if self.rng.random() < 0.5:
            return ("prob", first, None)
        second = self.some((first[1][1],))
        return ("prob", first, second) if self.rng.random() < 0.6 else ("prob", ("and", first, second), None)

    def arm(self) -> Any:
        return ("prob", equal(self.effect, self.y, self.at(self.x1)), None)

    def contrast(self) -> Any:
        return (
            "sum",
            tuple(
                (s, ("prob", equal(self.effect, self.y, self.at(x)), None)) for s, x in ((1, self.x1), (-1, self.x0))
            ),
        )

    def given(self) -> Any:
        """What would be, among those that would have something else."""
        name = self.rng.choice([n for n in self.graph.names if n != self.effect])
        given = equal(name, self.rng.randrange(self.graph.states[name]), self.at(self.x1))
        return ("prob", equal(self.effect, self.y, self.at(self.x1)), given)

    def necessity(self) -> Any:
        seen = all_of([equal(self.cause, self.x1), equal(self.effect, self.y)])
        away = equal(self.effect, self.other, self.at(self.x0))
        if self.rng.random() < 0.3:
            away = ("not", equal(self.effect, self.y, self.at(self.x0)))
        return ("prob", away, seen)

    def sufficiency(self) -> Any:
        seen = equal(self.effect, self.other)
        return ("prob", equal(self.effect, self.y, self.at(self.x1)), all_of([equal(self.cause, self.x0), seen]))

    def both(self) -> Any:
        parts = [equal(self.effect, self.y, self.at(self.x1)), equal(self.effect, self.other, self.at(self.x0))]
        return ("prob", all_of(parts), None)

    def treated(self) -> Any:
        return ("prob", equal(self.effect, self.y, self.at(self.x0)), equal(self.cause, self.x1))

    def change(self) -> Any:
        """How much those with x1 would change."""
        terms = [("var", self.effect, self.at(x)) for x in (self.x1, self.x0)]
        return ("expect", ("-", *terms), equal(self.cause, self.x1) if self.rng.random() < 0.7 else None)

    def direct(self) -> Any:
        """A natural effect, direct or not: another variable as it would be under x0."""
        between = [n for n in self.graph.names if n not in (self.cause, self.effect)]
        if not between:
            return None
        name = self.rng.choice(between)
        nested = ("set", name, ("var", name, self.at(self.x0)))
        first = ("prob", equal(self.effect, self.y, (*self.at(self.x1), nested)), None)
        if self.rng.random() < 0.4:
            return first
        return ("sum", ((1, first), (-1, ("prob", equal(self.effect, self.y, self.at(self.x0)), None))))

    def joint(self) -> Any:
        """Several worlds together, sometimes among those of whom something else is known."""
        parts = [equal(self.effect, self.y, self.at(self.x1))]
        for _ in range(self.rng.choice((1, 1, 2))):
            name = self.rng.choice(self.graph.names)
            others = [n for n in self.graph.names if n != name]
            imposed = self.rng.choice(others)
            world = (
                setting({imposed: self.rng.randrange(self.graph.states[imposed])}) if self.rng.random() < 0.6 else ()
            )
            parts.append(equal(name, self.rng.randrange(self.graph.states[name]), world))
        parts = list({part[1]: part for part in parts}.values())
        if len(parts) > 1 and self.rng.random() < 0.3:
            return ("prob", ("or", *parts), None)
        if len(parts) > 1 and self.rng.random() < 0.4:
            return ("prob", parts[0], all_of(parts[1:]))
        return ("prob", all_of(parts), None)

    def mean(self) -> Any:
        return ("expect", ("var", self.effect, self.at(self.x1)), None if self.rng.random() < 0.7 else self.some())
