"""Random mixed graphs of up to 12 variables and random queries on every rung, as plain tuples (see `tests.oracle`).

Everything follows from a seed. States are 0, 1, ...; what is available is a list of (name, variables, imposed).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.admg_truth import Mixed

KINDS = (
    *("do",) * 5,
    *("given",) * 3,
    *("ett",) * 2,
    *("nested",) * 2,
    *("edge",) * 2,
    *("joint",) * 2,
    "necessity",
    "sufficiency",
    "contrast",
    "law",
    "mean",
    "either",
)


@dataclass(frozen=True)
class Asked:
    """A query over a mixed graph, with what is available to answer it from."""

    kind: str
    graph: Mixed
    query: Any
    available: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    states: dict[str, int]


def asked(seed: object, most: int = 12) -> Asked:
    """The random question of this seed, over at most so many variables."""
    rng = random.Random(f"admg {seed}")
    graph = random_graph(rng, rng.randint(2, most))
    kind = rng.choice(KINDS)
    asker = _Asker(rng, graph)
    query = asker.query(kind)
    few = len(graph.names) <= 5 and rng.random() < 0.1
    states = {name: 3 if few and rng.random() < 0.3 else 2 for name in graph.names}
    return Asked(kind, graph, query, _available(rng, graph), states)


def random_graph(rng: random.Random, size: int) -> Mixed:
    """Sparse to dense, with few or many hidden causes; no variable with more than 4 parents or 3 hidden causes."""
    names = tuple(f"V{i}" for i in range(size))
    order = rng.sample(names, size)
    each, pairs = rng.choice((1.0, 1.5, 2.0, 3.0)), rng.choice((0.2, 0.5, 0.8, 1.2))
    edges: list[tuple[str, str]] = []
    confounded: list[tuple[str, str]] = []
    for i, name in enumerate(order):
        chance = min(1.0, each / max(1, i)) if i else 0
        before = [a for a in order[:i] if rng.random() < chance]
        edges += [(a, name) for a in before[:4]]
    every = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    rng.shuffle(every)
    count = dict.fromkeys(names, 0)
    for a, b in every[: round(pairs * size)]:
        if max(count[a], count[b]) < 3:
            confounded.append((a, b))
            count[a] += 1
            count[b] += 1
    rng.shuffle(edges)
    return Mixed(tuple(order), tuple(edges), tuple(confounded))


def _available(rng: random.Random, graph: Mixed) -> tuple[Any, ...]:
    whole = ("", graph.names, ())
    chance = rng.random()
    if chance < 0.65 or len(graph.names) < 3:
        return (whole,)
    found: list[Any] = [whole]
    if chance > 0.9:
        found = [("", tuple(n for n in graph.names if rng.random() < 0.8) or graph.names, ())]
    for i in range(rng.choice((1, 1, 2))):
        imposed = tuple(rng.sample(graph.names, rng.choice((1, 1, 2))))
        rest = tuple(n for n in graph.names if n not in imposed)
        if rng.random() < 0.3:
            rest = tuple(n for n in rest if rng.random() < 0.8) or rest
        found.append((f"trial {i + 1}", rest, imposed))
    return tuple(found[1:]) if chance > 0.97 else tuple(found)


class _Asker:
    """Builds queries whose outcome has causes, so that most interventions matter."""

    def __init__(self, rng: random.Random, graph: Mixed) -> None:
        self.rng, self.graph = rng, graph
        self.above: dict[str, list[str]] = {}
        for name in graph.names:
            parents = graph.parents(name)
            self.above[name] = list(dict.fromkeys([*(x for p in parents for x in self.above[p]), *parents]))
        weights = [1 + 4 * len(above) for above in self.above.values()]
        self.effect = rng.choices(graph.names, weights)[0]
        self.causes = self.above[self.effect] or [n for n in graph.names if n != self.effect]
        self.cause = rng.choice(self.causes)

    def query(self, kind: str) -> Any:
        makers: dict[str, Callable[[], Any]] = {
            "do": self.do,
            "given": self.given,
            "ett": self.ett,
            "nested": self.nested,
            "edge": self.edge,
            "joint": self.joint,
            "necessity": self.necessity,
            "sufficiency": self.sufficiency,
            "contrast": self.contrast,
            "law": self.law,
            "mean": self.mean,
            "either": self.either,
        }
        return makers[kind]()

    # Parts

    def bit(self) -> Any:
        return ("const", self.rng.randint(0, 1))

    def pick(self, most: int, *, but: tuple[str, ...] = ()) -> list[str]:
        """Some variables, causes of the effect more often than not."""
        pool = [n for n in self.graph.names if n not in but]
        near = [n for n in self.causes if n not in but]
        found: list[str] = []
        for _ in range(self.rng.randint(1, most)):
            options = near if near and self.rng.random() < 0.8 else pool
            if options:
                found.append(self.rng.choice(options))
        return list(dict.fromkeys(found))

    def setting(self, most: int = 3, but: tuple[str, ...] = ()) -> Any:
        names = list(dict.fromkeys([*([self.cause] if self.cause not in but else []), *self.pick(most, but=but)]))[
            :most
        ]
        return tuple(("set", name, self.bit()) for name in names)

    def outcomes(self, world: Any, most: int = 2) -> list[Any]:
        taken = tuple(a[1] for a in world)
        names = [self.effect, *self.pick(most, but=(*taken, self.effect))][: self.rng.randint(1, most)]
        return [("var", name, world) for name in names]

    def equal(self, term: Any) -> Any:
        return ("=", term, self.bit())

    def all(self, parts: list[Any]) -> Any:
        return parts[0] if len(parts) == 1 else ("and", *parts)

    # Kinds

    def do(self) -> Any:
        world = self.setting()
        return ("prob", self.all([self.equal(t) for t in self.outcomes(world)]), None)

    def given(self) -> Any:
        world = self.setting(2)
        terms = self.outcomes(world)
        taken = (*(a[1] for a in world), *(t[1] for t in terms))
        seen = [("var", name, world) for name in self.pick(2, but=taken)] if len(taken) < len(self.graph.names) else []
        given = self.all([self.equal(t) for t in seen]) if seen else None
        return ("prob", self.all([self.equal(t) for t in terms]), given)

    def ett(self) -> Any:
        world = self.setting(2)
        seen = [("=", ("var", name, ()), self.bit()) for _, name, _ in world]
        others = self.pick(1, but=(*(a[1] for a in world), self.effect)) if self.rng.random() < 0.3 else []
        seen += [self.equal(("var", name, ())) for name in others]
        return ("prob", self.equal(("var", self.effect, world)), self.all(seen))

    def nested(self) -> Any:
        x1, x0 = self.rng.choice(((1, 0), (0, 1)))
        between = [n for n in self.causes if self.cause in self.above[n]] or self.pick(1, but=(self.cause, self.effect))
        inner = (("set", self.cause, ("const", x0)),)
        found = self.rng.sample(between, min(len(between), self.rng.choice((1, 1, 2))))
        nested = tuple(("set", m, ("var", m, inner)) for m in found)
        world = (("set", self.cause, ("const", x1)), *nested)
        left = ("prob", self.equal(("var", self.effect, world)), None)
        if self.rng.random() < 0.4:
            return ("sum", ((1, left), (-1, ("prob", (*left[1][:1], ("var", self.effect, inner), left[1][2]), None))))
        return left

    def edge(self) -> Any:
        near = [(a, b) for a, b in self.graph.edges if b == self.effect or b in self.causes]
        if not near:
            return self.do()
        chosen = self.rng.sample(near, min(len(near), self.rng.choice((1, 1, 2))))
        world = tuple(("edge", a, b, self.bit()) for a, b in chosen)
        if self.rng.random() < 0.3:
            world = (*world, ("set", self.cause, self.bit()))
        return ("prob", self.equal(("var", self.effect, world)), None)

    def joint(self) -> Any:
        parts = [self.equal(("var", self.effect, self.setting(2, but=(self.effect,))))]
        for _ in range(self.rng.choice((1, 1, 2))):
            name = self.rng.choice([self.effect, *self.causes])
            world = self.setting(2, but=(name,)) if self.rng.random() < 0.7 else ()
            parts.append(self.equal(("var", name, world)))
        parts = list({part[1]: part for part in parts}.values())
        if len(parts) > 1 and self.rng.random() < 0.4:
            return ("prob", parts[0], self.all(parts[1:]))
        return ("prob", self.all(parts), None)

    def _at(self, x: int, y: int) -> Any:
        return ("=", ("var", self.effect, (("set", self.cause, ("const", x)),)), ("const", y))

    def necessity(self) -> Any:
        seen = ("and", ("=", ("var", self.cause, ()), ("const", 1)), ("=", ("var", self.effect, ()), ("const", 1)))
        return ("prob", self._at(0, 0), seen)

    def sufficiency(self) -> Any:
        return ("prob", ("and", self._at(1, 1), self._at(0, 0)), None)

    def contrast(self) -> Any:
        return ("sum", ((1, ("prob", self._at(1, 1), None)), (-1, ("prob", self._at(0, 1), None))))

    def law(self) -> Any:
        world = self.setting(2)
        return ("dist", tuple(self.outcomes(world)), None)

    def mean(self) -> Any:
        world = self.setting(2)
        terms = self.outcomes(world)
        return ("expect", terms[0] if len(terms) == 1 else ("*", terms[0], terms[1]), None)

    def either(self) -> Any:
        world = self.setting(1)
        terms = self.outcomes(world)
        event = self.equal(terms[0]) if len(terms) == 1 else ("or", self.equal(terms[0]), self.equal(terms[1]))
        return ("prob", event, None)
