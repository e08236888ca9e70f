"""Random models and queries of every kind, as the plain dicts and tuples that `tests.oracle` reads.

Everything follows from a seed: `pair(seed)` is the same model and query on every machine.
"""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle import Plain, Query, Unit, World, couple, freeze, unknown_noises

MAX_NOISE_STATES = 4000
"""Most noise states of a random model: keeps thousands of brute-force answers within minutes."""

NAMES = ("X", "Y", "Z", "W", "M", "A", "B", "C2", "Y_1", "age")
ODD_NAMES = ("blood pressure", "P", "E", "not", "größe", "x-y", "do", "u_X", 'say "hi"', "and", "Pr", "_")
STATES: tuple[tuple[Any, ...], ...] = (
    *((0, 1),) * 5,
    *((False, True),) * 3,
    (1, 0),
    (1, 0),
    (-1, 2),
    (0, 1, 2),
    (0, 1, 2),
    (3, 1, 2),
    ("small", "large"),
    ("low", "mid", "high"),
    ("it's", "no", "True"),
)
KINDS = ("see", "do", "imagine", "many", "many", "nested", "nested", "edge", "soft", "draw", "mixed")


def pair(seed: object, *, bare: float = 0.0, unknown: float = 0.2, kind: str | None = None) -> tuple[Plain, Query]:
    """A random model and a random query of it.

    Args:
        seed: the whole cause of the result.
        bare: share of variables that are tables without a stated noise.
        unknown: share of models with a noise of unknown law.
        kind: one of `KINDS`, for the worlds of the query; any of them by default.
    """
    rng = random.Random(f"pair {seed}")
    model = random_model(rng, bare=bare, unknown=unknown)
    return model, random_query(rng, model, kind)


# ---------------------------------------------------------------------------------------------------------------------
# Models


def random_model(rng: random.Random, *, bare: float = 0.0, unknown: float = 0.2, size: int | None = None) -> Plain:
    """A random model of 2 to 6 variables (or `size`), with at most `MAX_NOISE_STATES` states of its noise."""
    while True:
        model = _draft(rng, size or rng.choice((2, 3, 3, 4, 4, 5, 5, 6)), bare, unknown)
        if noise_states(model) <= MAX_NOISE_STATES:
            return model


def noise_states(model: Plain) -> int:
    """Number of noise states that brute force visits; an independent draw per row stands behind a bare table."""
    sizes = [len(noise["states"]) for noise in model["noises"].values()]
    rows = [law for variable in model["variables"] for law in variable.get("table", {}).values()]
    return math.prod(sizes) * math.prod(sum(p > 0 for p in law) for law in rows)


def _draft(rng: random.Random, size: int, bare: float, unknown: float) -> Plain:
    pool = NAMES + ODD_NAMES if rng.random() < 0.3 else NAMES
    names = rng.sample(pool, size)
    noises: dict[str, Any] = {}
    shared: dict[str, set[str]] = {}
    for i in range(rng.choice((0, 0, 1, 1, 2))):
        noises[f"shared {i}" if rng.random() < 0.2 else f"u{i}"] = _noise(rng)
        shared[list(noises)[-1]] = set(rng.sample(names, min(size, rng.choice((2, 2, 3)))))
    variables: list[dict[str, Any]] = []
    states: dict[str, tuple[Any, ...]] = {}
    for name in names:
        states[name] = rng.choice(STATES)
        parents = tuple(rng.sample(list(states)[:-1], rng.choice([k for k in (0, 1, 1, 2, 2, 3) if k < len(states)])))
        variable: dict[str, Any] = {"name": name, "states": states[name], "parents": parents}
        if rng.random() < bare:
            variable["table"] = {row: _law(rng, len(states[name])) for row in _rows(states, parents)}
        else:
            own = [u for u in (f"u_{name}", f"v_{name}") if u not in names][: rng.choice((0, 1, 1, 1, 1, 2))]
            noises |= {u: _noise(rng) for u in own}
            variable["noises"] = (*(u for u, users in shared.items() if name in users), *own)
            variable["function"] = _function(rng, variable, states, noises)
        variables.append(variable)
    if noises and rng.random() < unknown:
        for name in rng.sample(list(noises), min(len(noises), rng.choice((1, 1, 2)))):
            noises[name]["law"] = None
    return {"noises": noises, "variables": variables}


def _rows(states: Mapping[str, Sequence[Any]], names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return itertools.product(*(states[name] for name in names))


def _noise(rng: random.Random) -> dict[str, Any]:
    states = rng.choice(((False, True), (False, True), (0, 1), (0, 1, 2), ("calm", "nervous"), ("a", "b", "c")))
    return {"states": states, "law": _law(rng, len(states))}


def _law(rng: random.Random, size: int) -> tuple[Fraction, ...]:
    """A law in twentieths; impossible states and certain ones are not rare."""
    weights = [0 if rng.random() < 0.12 else rng.randint(1, 9) for _ in range(size)]
    if not any(weights):
        weights[rng.randrange(size)] = 1
    cuts = [round(20 * total / sum(weights)) for total in itertools.accumulate(weights)]
    return tuple(Fraction(top - below, 20) for below, top in itertools.pairwise([0, *cuts]))


def _function(
    rng: random.Random, variable: Plain, states: Mapping[str, Sequence[Any]], noises: Plain
) -> dict[tuple[Any, ...], Any]:
    """A random table of values; sometimes one that copies or adds up its arguments, so that noise can be recovered."""
    own = variable["states"]
    sizes = [*(states[p] for p in variable["parents"]), *(noises[u]["states"] for u in variable["noises"])]
    keys = list(itertools.product(*sizes))
    if rng.random() < 0.25:
        return {key: own[sum(s.index(x) for s, x in zip(sizes, key, strict=True)) % len(own)] for key in keys}
    return {key: rng.choice(own) for key in keys}


# ---------------------------------------------------------------------------------------------------------------------
# Queries


def random_query(rng: random.Random, model: Plain, kind: str | None = None) -> Query:
    """A random query of a model; its evidence is possible more often than not."""
    asker = Asker(rng, model, kind or rng.choice(KINDS))
    if rng.random() < 0.15:
        given = asker.evidence() if unknown_noises(model) else None
        parts = [asker.term(given) if given else asker.term(asker.evidence()) for _ in range(rng.choice((2, 2, 3)))]
        coefficients = [rng.choice((Fraction(1), Fraction(-1), Fraction(2), Fraction(-1, 2))) for _ in parts]
        return ("sum", tuple(zip(coefficients, parts, strict=True))) if given or not unknown_noises(model) else parts[0]
    return asker.term(asker.evidence(), distribution=True)


@dataclass
class Asker:
    """Builds the parts of one query. Evidence is mostly read off one specimen unit, hence possible."""

    rng: random.Random
    model: Plain
    kind: str

    def __post_init__(self) -> None:
        """Draw the specimen and the worlds the query speaks of."""
        closed = couple(self.model, "independent")
        self.effect, self.causes = self._subject()
        self.states: dict[str, tuple[Any, ...]] = {v["name"]: v["states"] for v in self.model["variables"]}
        self.order = list(self.states)
        self.specimen = Unit(closed, {name: self._possible(noise) for name, noise in closed["noises"].items()})
        worlds = [self.world(self.kind)]
        if self.kind not in ("see", "do"):
            worlds += [self.world(self.rng.choice(("imagine", self.kind)))] * (self.rng.random() < 0.4)
            worlds += [()] * (self.kind == "many" or self.rng.random() < 0.3)
        self.worlds: list[World] = worlds
        factual = self.kind not in ("see", "do") and self.rng.random() < 0.6
        self.evidence_worlds: list[World] = [()] if factual else worlds

    def _subject(self) -> tuple[str, list[str]]:
        """The variable asked about most, and what can change it: else most interventions would be irrelevant."""
        causes: dict[str, list[str]] = {}
        for variable in self.model["variables"]:
            above = [cause for parent in variable["parents"] for cause in (parent, *causes[parent])]
            causes[variable["name"]] = list(dict.fromkeys(above))
        effect = self.rng.choices(list(causes), [1 + 3 * len(above) for above in causes.values()])[0]
        return effect, causes[effect]

    def _possible(self, noise: Plain) -> Any:
        law = noise["law"] or [1] * len(noise["states"])
        return self.rng.choice([state for state, p in zip(noise["states"], law, strict=True) if p])

    def _numeric(self, name: str) -> bool:
        return not isinstance(self.states[name][0], str)

    # Worlds

    def world(self, kind: str, depth: int = 2) -> World:
        """A world whose first assignment is of `kind`."""
        if kind == "see":
            return ()
        kinds = [kind, *(["imagine"] * self.rng.choice((0, 0, 1)))]
        if kind == "mixed":
            kinds = self.rng.choices(("imagine", "nested", "edge", "soft", "draw"), k=self.rng.choice((2, 3)))
        found: dict[Any, Any] = {}
        for each in kinds:
            assignment = self._assignment(each, depth)
            target = assignment[1:3] if assignment[0] == "edge" else assignment[1]
            found.setdefault(target, assignment)
        return freeze(tuple(found.values()))

    def _assignment(self, kind: str, depth: int) -> tuple[Any, ...]:
        target = self.rng.choice(self.causes if self.causes and self.rng.random() < 0.8 else self.order)
        match kind:
            case "nested":
                return ("set", target, self._nested(target, depth))
            case "edge":
                edges = [(p, v["name"]) for v in self.model["variables"] for p in v["parents"]]
                near = [(p, c) for p, c in edges if c in (self.effect, *self.causes)]
                if edges:
                    parent, child = self.rng.choice(near if near and self.rng.random() < 0.8 else edges)
                    return ("edge", parent, child, self._nested(parent, depth if self.rng.random() < 0.3 else 0))
            case "soft":
                return ("soft", target, self._policy(target))
            case "draw":
                return self._draw(target)
        return ("set", target, ("const", self.rng.choice(self.states[target])))

    def _nested(self, target: str, depth: int) -> Any:
        """A value for `target`: what it, or a variable with states among its own, is in another world."""
        if depth == 0:
            return ("const", self.rng.choice(self.states[target]))
        like = [name for name in self.order if set(self.states[name]) <= set(self.states[target])]
        name = target if self.rng.random() < 0.7 else self.rng.choice(like)
        inner = self.rng.choice(("imagine", "imagine", "nested", "see", "mixed")) if depth > 1 else "imagine"
        return ("var", name, self.world(inner, depth - 1))

    def _policy(self, target: str) -> Any:
        """An expression over `target` and the variables before it that stays among the states of `target`."""
        earlier = self.order[: self.order.index(target) + 1]
        leaf = [("var", self.rng.choice(earlier), ()) for _ in range(2)]
        ends = [("const", x) for x in self.states[target]]
        options = [leaf[0], ("-", ends[-1], leaf[0]), ("*", leaf[0], leaf[1]), ("+", leaf[0], ends[-1])]
        options += [("-", ("+", leaf[0], leaf[1]), ("*", leaf[0], leaf[1])), ("-", ("const", 1), ("var", target, ()))]
        self.rng.shuffle(options)
        return next((x for x in options if self._closed(x, target)), self.rng.choice(ends))

    def _closed(self, x: Any, target: str) -> bool:
        names = sorted(variables_of(x))
        if any(not self._numeric(name) for name in [*names, target]) and x[0] != "var":
            return False
        rows = [dict(zip(names, row, strict=True)) for row in _rows(self.states, names)]
        return all(_evaluate(x, row) in self.states[target] for row in rows)

    def _draw(self, target: str) -> Any:
        law = zip(self.states[target], _law(self.rng, len(self.states[target])), strict=True)
        draw = freeze(("draw", target, dict(law)))
        self.specimen.noise = {**self.specimen.noise, draw: self.rng.choice(draw[2])[0]}
        return draw

    # Terms, events and conditions

    def variable(self, worlds: Sequence[World], numeric: bool = False) -> Any:
        """A variable in one of `worlds`; every other time the subject."""
        names = [name for name in self.order if not numeric or self._numeric(name)]
        name = self.effect if self.effect in names and self.rng.random() < 0.5 else self.rng.choice(names)
        return ("var", name, self.rng.choice(worlds))

    def atom(self, worlds: Sequence[World]) -> Any:
        """One relation."""
        term, style = self.variable(worlds), self.rng.random()
        if style < (0.4 if self.kind == "many" else 0.15):
            other_worlds = [w for w in worlds if w != term[2]]
            same = bool(other_worlds) and self.rng.random() < 0.7
            others = [n for n in self.order if self._numeric(n) == self._numeric(term[1]) and n != term[1]]
            if same or others:
                name = term[1] if same else self.rng.choice(others)
                return (self._relation(name), term, ("var", name, self.rng.choice(other_worlds if same else worlds)))
        if style < 0.45 and any(map(self._numeric, self.order)):
            left = self.number(worlds)
            # A variable alone is compared with one of its states: the engine takes anything else for a slip.
            constants = self.states[left[1]] if left[0] == "var" else (0, 1, 2)
            return (self._relation(next(iter(variables_of(left)))), left, ("const", self.rng.choice(constants)))
        return ("=", term, ("const", self.rng.choice(self.states[term[1]])))

    def _relation(self, name: str) -> str:
        return self.rng.choice(("=", "!=", "<", "<=", ">", ">=") if self._numeric(name) else ("=", "!="))

    def number(self, worlds: Sequence[World]) -> Any:
        """An expression over numeric variables."""
        left, right = self.variable(worlds, numeric=True), self.variable(worlds, numeric=True)
        if self.rng.random() < 0.5:
            return left
        if self.rng.random() < 0.3:
            right = ("const", self.rng.choice((-1, 1, 2)))
        return (self.rng.choice("+-*"), left, right)

    def event(self, worlds: Sequence[World], depth: int = 1) -> Any:
        """One relation, or several joined by and, or, not."""
        style = self.rng.random() if depth >= 0 else 1.0
        if style < 0.12:
            return ("not", self.event(worlds, depth - 1))
        if style < 0.5:
            parts = [self.event(worlds, depth - 1) for _ in range(self.rng.choice((2, 2, 3)))]
            return (self.rng.choice(("and", "and", "or")), *parts)
        return self.atom(worlds)

    def evidence(self) -> Any:
        """A condition, or none; true of the specimen four times in five."""
        parts = []
        for _ in range(self.rng.choice((0, 1, 1, 1, 2, 2))):
            part = self.event(self.evidence_worlds, 0) if self.rng.random() < 0.2 else self.atom(self.evidence_worlds)
            if not self.specimen.holds(part) and self.rng.random() < 0.8:
                literal = part[0] == "=" and part[2][0] == "const" and part[1][0] == "var"
                part = ("=", part[1], ("const", self.specimen.number(part[1]))) if literal else ("not", part)
            parts.append(part)
        return None if not parts else parts[0] if len(parts) == 1 else ("and", *parts)

    def term(self, given: Any, distribution: bool = False) -> Query:
        """A probability, an expectation, or (where allowed) a distribution."""
        style = self.rng.random()
        if distribution and style < 0.15:
            terms = [self.variable(self.worlds) for _ in range(self.rng.choice((1, 1, 2)))]
            return ("dist", tuple(dict.fromkeys(terms)), given)
        if style < 0.45 and any(map(self._numeric, self.order)):
            return ("expect", self.number(self.worlds), given)
        return ("prob", self.event(self.worlds), given)


def _evaluate(x: Any, values: Mapping[str, Any]) -> Any:
    """A policy's expression at given values of its variables (the generator's own check that it stays in range)."""
    match x:
        case ("const", value):
            return value
        case ("var", name, _):
            return values[name]
        case (sign, left, right):
            a, b = _evaluate(left, values), _evaluate(right, values)
            return a + b if sign == "+" else a - b if sign == "-" else a * b
    raise ValueError(x)


def variables_of(part: Any) -> set[str]:
    """Names of the variables in any part of a query, those inside worlds left out."""
    if not isinstance(part, tuple) or part[:1] == ("const",):
        return set()
    if len(part) == 3 and part[0] == "var":
        return {part[1]}
    return set().union(*map(variables_of, part))
