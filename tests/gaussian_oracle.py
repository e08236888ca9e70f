"""Linear models with normal noises as one joint law over all worlds, in rational numbers; no code of the engine.

A model is `Plain`: constants, coefficients and the covariance of its noises, one noise a variable. A world is a dict of
what is imposed: `{"X": 2}`, `{"X": ("term", "X", other world)}`, `{("X", "M"): 0}` for an edge, `{"X": ("soft", {"X":
1, None: 1})}` for a policy that adds one to the natural value.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Vector = dict


@dataclass
class Plain:
    """Variables in topological order with constants, coefficients of causes, and the covariance of their noises."""

    names: list
    constants: dict
    weights: dict
    covariance: list
    loadings: list

    def unit(self, rng):
        """Noises of one unit that can occur."""
        hidden = [number(rng) for _ in self.loadings[0]]
        return [sum((x * h for x, h in zip(row, hidden, strict=True)), Fraction(0)) for row in self.loadings]

    def text(self, name):
        """The equation of one variable in the engine's grammar."""
        parts = [f"{float(w)!r}*{c}" for (c, e), w in self.weights.items() if e == name]
        return " + ".join([f"{float(self.constants[name])!r}", *parts, f"e_{name}"])


def value(model, name, world):
    """A variable in a world as {None: constant, noise position: coefficient}."""
    memo = {}

    def imposed(carrier, item, key):
        match item:
            case ("term", other, there):
                return value(model, other, there)
            case ("soft", coefficients):  # of its own natural value: without this assignment
                rest = {k: v for k, v in world.items() if k != key}
                constant = {None: Fraction(coefficients[None])}
                return plus(constant, value(model, carrier, rest), Fraction(coefficients[carrier]))
            case number:
                return {None: Fraction(number)}

    def find(v):
        if v not in memo:
            memo[v] = imposed(v, world[v], v) if v in world else natural(v)
        return memo[v]

    def natural(v):
        total = {None: Fraction(model.constants[v]), model.names.index(v): Fraction(1)}
        for (cause, effect), w in model.weights.items():
            if effect == v:
                edge = (cause, v)
                inner = imposed(cause, world[edge], edge) if edge in world else find(cause)
                total = plus(total, inner, w)
        return total

    return find(name)


def plus(a, b, scale=Fraction(1)):
    """a + scale * b."""
    out = dict(a)
    for k, x in b.items():
        out[k] = out.get(k, Fraction(0)) + scale * x
    return out


def mean(a):
    """The expectation of one vector."""
    return a.get(None, Fraction(0))


def cov(model, a, b):
    """The covariance of two vectors."""
    return sum(
        (x * y * model.covariance[i][j] for i, x in a.items() if i is not None for j, y in b.items() if j is not None),
        Fraction(0),
    )


def at(a, noises):
    """The value of a vector for one unit."""
    return sum((x * (1 if i is None else noises[i]) for i, x in a.items()), Fraction(0))


def condition(model, asked, facts) -> Any:
    """Means and covariance of vectors given (vector, value) facts, by generic elimination; None for a contradiction."""
    n = len(asked)
    every = [*asked, *(v for v, _ in facts)]
    m = [mean(a) for a in every]
    c = [[cov(model, a, b) for b in every] for a in every]
    for k, (_, seen) in enumerate(facts, start=n):
        variance, off = c[k][k], Fraction(seen) - m[k]
        if variance == 0:
            if off != 0:
                return None
            continue
        gain = [c[i][k] / variance for i in range(len(every))]
        m = [x + g * off for x, g in zip(m, gain, strict=True)]
        c = [[c[i][j] - gain[i] * c[k][j] for j in range(len(every))] for i in range(len(every))]
    return m[:n], [row[:n] for row in c[:n]]


def number(rng, low=-8, high=8):
    """A random multiple of a quarter."""
    return Fraction(rng.randint(low, high), 4)


def random_model(rng, size, singular=False):
    """A random model: about half of the edges, noises correlated in some, singular in some."""
    names = [f"V{i}" for i in range(size)]
    weights = {
        (a, b): w for j, b in enumerate(names) for a in names[:j] if rng.random() < 0.5 and (w := number(rng)) != 0
    }
    width = rng.randint(1, size) if singular else size
    loadings = [[number(rng, -3, 3) if rng.random() < 0.3 else Fraction(0) for _ in range(width)] for _ in names]
    if not singular:
        for i in range(size):
            loadings[i][i] = Fraction(rng.randint(2, 6), 4)
    covariance = [[sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0)) for b in loadings] for a in loadings]
    return Plain(names, {n: number(rng) for n in names}, weights, covariance, loadings)


def random_world(rng, model, depth=1):
    """A random world, and its text."""
    world, parts = {}, []
    for name in rng.sample(model.names, rng.randint(0, min(2, len(model.names)))):
        kind = rng.random()
        if kind < 0.6:
            world[name] = number(rng)
            parts.append(f"{name}={float(world[name])!r}")
        elif kind < 0.75 and depth:
            inner, text = random_world(rng, model, depth - 1)
            world[name] = ("term", name, inner)
            parts.append(f"{name}={name}{text}")
        elif kind < 0.9:
            w, c = number(rng), number(rng)
            world[name] = ("soft", {name: w, None: c})
            parts.append(f"{name} := {float(w)!r}*{name} + {float(c)!r}")
        elif edges := [e for e in model.weights if e[1] == name]:
            edge = rng.choice(edges)
            world[edge] = number(rng)
            parts.append(f"{edge[0]}->{name}={float(world[edge])!r}")
    return world, f"[{', '.join(parts)}]" if parts else ""


def rng_of(seed):
    """A generator of random models."""
    return random.Random(seed)
