"""An oracle for questions about models with continuous variables. It shares no code with the engine.

A model here is a list of rules that NumPy evaluates; a question is a list of worlds in which they are evaluated again.
Where everything is observed the noise is found by subtraction; where all is linear and normal the answer is that of a
textbook formula for normal vectors; elsewhere it is a sum over a fine grid of noises, or a share of many draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Values = Mapping[str, Any]
FUNCTIONS: dict[str, Callable[[Any], Any]] = {"": lambda x: x, "sin": np.sin, "tanh": np.tanh, "exp": np.exp}


@dataclass(frozen=True)
class Rule:
    """`name = constant + sum of coefficient * function(parent) + scale * noise`, or a coin that shows 1 with `chance`.

    Attributes:
        cut: where it is given, the variable is whether that sum is above it.
    """

    name: str
    constant: float = 0.0
    parents: tuple[tuple[str, float, str], ...] = ()
    scale: float = 1.0
    chance: float | None = None
    cut: float | None = None

    @property
    def text(self) -> str:
        """The sum as an equation."""
        parts = [repr(self.constant), *(f"{c!r} * {f}({p})" if f else f"{c!r} * {p}" for p, c, f in self.parents)]
        total = " + ".join([*parts, f"{self.scale!r} * u_{self.name}"])
        return total if self.cut is None else f"{total} > {self.cut!r}"

    def mean(self, parents: Values) -> Any:
        """The sum without the noise."""
        return self.constant + sum(c * FUNCTIONS[f](parents[p]) for p, c, f in self.parents)

    def value(self, parents: Values, noise: Any) -> Any:
        """The variable."""
        if self.chance is not None:
            return noise
        total = self.mean(parents) + self.scale * noise
        return total if self.cut is None else (total > self.cut) * 1.0


@dataclass(frozen=True)
class Setting:
    """What one world imposes on a variable, or on one edge into `target`.

    Attributes:
        number: a constant.
        term: the value of another term, in a world of its own.
        scale: a policy: this many times what the variable would be there, plus `number`.
    """

    name: str
    number: float = 0.0
    term: Term | None = None
    scale: float | None = None
    target: str | None = None

    @property
    def text(self) -> str:
        """As in a query."""
        where = self.name if self.target is None else f"{self.name}->{self.target}"
        if self.scale is not None:
            return f"{where} := {self.scale!r} * {self.name} + {self.number!r}"
        return f"{where}={self.number!r}" if self.term is None else f"{where}={self.term.text}"


@dataclass(frozen=True)
class Term:
    """A variable in a world."""

    name: str
    world: tuple[Setting, ...] = ()

    @property
    def text(self) -> str:
        """As in a query."""
        return self.name + (f"[{', '.join(s.text for s in self.world)}]" if self.world else "")


@dataclass(frozen=True)
class System:
    """Rules in causal order."""

    rules: tuple[Rule, ...]

    def __getitem__(self, name: str) -> Rule:
        return next(rule for rule in self.rules if rule.name == name)

    def at(self, term: Term, noise: Values) -> Any:
        """What a term is for units with these noises."""
        return self._in(term.name, term.world, noise)

    def _in(self, name: str, world: tuple[Setting, ...], noise: Values) -> Any:
        for s in world:
            if s.name == name and s.target is None:
                return self._imposed(s, world, noise)
        rule = self[name]
        parents: dict[str, Any] = {}
        for p, _, _ in rule.parents:
            edge = next((s for s in world if s.name == p and s.target == name), None)
            parents[p] = self._in(p, world, noise) if edge is None else self._imposed(edge, world, noise)
        return rule.value(parents, noise[name])

    def _imposed(self, s: Setting, world: tuple[Setting, ...], noise: Values) -> Any:
        if s.scale is not None:
            return s.scale * self._in(s.name, tuple(w for w in world if w is not s), noise) + s.number
        return s.number if s.term is None else self.at(s.term, noise)

    def noise_of(self, unit: Values) -> dict[str, Any]:
        """The noises of a unit of which everything is seen."""
        found: dict[str, Any] = {}
        for r in self.rules:
            found[r.name] = unit[r.name] if r.chance is not None else (unit[r.name] - r.mean(unit)) / r.scale
        return found

    def drawn(self, n: int, rng: np.random.Generator) -> dict[str, Any]:
        """Noises of `n` units."""
        return {
            r.name: rng.standard_normal(n) if r.chance is None else (rng.random(n) < r.chance) * 1.0 for r in self.rules
        }

    def whole(self, noise: Values) -> dict[str, Any]:
        """Every variable in the factual world."""
        return {r.name: self._in(r.name, (), noise) for r in self.rules}


# ---------------------------------------------------------------------------------------------------------------------
# Normal vectors


@dataclass(frozen=True)
class Normal:
    """The law of some terms of a linear system given others."""

    mean: Any
    covariance: Any

    def above(self, c: float, k: int = 0) -> float:
        """P(the k-th is above c)."""
        return 0.5 * math.erfc((c - float(self.mean[k])) / math.sqrt(2 * float(self.covariance[k, k])))


def given(system: System, asked: Sequence[Term], evidence: Sequence[tuple[Term, float]]) -> Normal:
    """The law of terms given the values of others, where every rule is linear with a normal noise."""
    names = [r.name for r in system.rules]
    terms = [*asked, *(t for t, _ in evidence)]
    zero = {n: 0.0 for n in names}
    offset = np.array([system.at(t, zero) for t in terms])
    loading = np.array([[system.at(t, {**zero, n: 1.0}) for n in names] for t in terms]) - offset[:, None]
    covariance = loading @ loading.T
    k = len(asked)
    if not evidence:
        return Normal(offset, covariance)
    gain = covariance[:k, k:] @ np.linalg.pinv(covariance[k:, k:], rcond=1e-12)
    seen = np.array([v for _, v in evidence]) - offset[k:]
    return Normal(offset[:k] + gain @ seen, covariance[:k, :k] - gain @ covariance[k:, :k])


# ---------------------------------------------------------------------------------------------------------------------
# Grids


@dataclass(frozen=True)
class Grid:
    """Noises of a system on a fine grid, weighted by their law and by what was seen.

    Every variable seen is solved for its noise, so that only the others' noises have an axis.
    """

    noise: Values
    weight: Any

    def mean(self, values: Any) -> float:
        """The expectation of a function of the noises."""
        return float((np.broadcast_to(values, self.weight.shape) * self.weight).sum() / self.weight.sum())


def grid(system: System, seen: Values, width: float = 7.5) -> Grid:
    """The grid of the noises of what is not seen (two at most of them continuous)."""
    free = [r for r in system.rules if r.name not in seen]
    line = np.linspace(-width, width, 6001 if sum(r.chance is None for r in free) < 2 else 601)
    axes = [np.array([0.0, 1.0]) if r.chance is not None else line for r in free]
    mesh = np.meshgrid(*axes, indexing="ij") if axes else []
    shape = mesh[0].shape if mesh else (1,)
    noise: dict[str, Any] = {r.name: m for r, m in zip(free, mesh, strict=True)}
    values: dict[str, Any] = {}
    weight = np.ones(shape)
    for r in system.rules:
        parents = {p: values[p] for p, _, _ in r.parents}
        if r.name in seen:
            values[r.name] = seen[r.name]
            noise[r.name] = seen[r.name] if r.chance is not None else (seen[r.name] - r.mean(parents)) / r.scale
        else:
            values[r.name] = r.value(parents, noise[r.name])
        u = noise[r.name]
        weight = weight * (np.exp(-(u**2) / 2) if r.chance is None else np.where(u == 1, r.chance, 1 - r.chance))
    return Grid({n: np.broadcast_to(u, shape) for n, u in noise.items()}, weight)


# ---------------------------------------------------------------------------------------------------------------------
# Random systems and worlds


@dataclass
class Maker:
    """Random systems and questions from one generator."""

    rng: np.random.Generator
    made: int = field(default=0)

    def number(self, low: float = -2.0, high: float = 2.0) -> float:
        """A number with two decimals, so that text holds it exactly."""
        return round(float(self.rng.uniform(low, high)), 2)

    def system(self, size: int, *, functions: Sequence[str] = ("",), coins: int = 0, cuts: int = 0) -> System:
        """A random system.

        Args:
            size: how many variables.
            functions: of parents.
            coins: how many of the first are coins.
            cuts: how many of the last are whether a sum is above something.
        """
        rules: list[Rule] = []
        for i in range(size):
            name = f"V{i}"
            if i < coins:
                rules.append(Rule(name, chance=round(float(self.rng.uniform(0.2, 0.8)), 2)))
                continue
            parents = [r.name for r in rules if self.rng.random() < 0.7] or [r.name for r in rules[-1:]]
            chosen = tuple((p, self.number() or 1.0, str(self.rng.choice(functions))) for p in parents)
            cut = 0.25 if i >= size - cuts else None
            rules.append(Rule(name, self.number(), chosen, round(float(self.rng.uniform(0.5, 1.5)), 2), cut=cut))
        return System(tuple(rules))

    def world(self, system: System, *, depth: int = 1) -> tuple[Setting, ...]:
        """A random world that imposes one or two things on continuous variables."""
        inner = [r for r in system.rules[:-1] if r.chance is None and r.cut is None]
        picked = self.rng.choice(len(inner), size=min(len(inner), int(self.rng.integers(1, 3))), replace=False)
        out: list[Setting] = []
        for k in sorted(picked.tolist()):
            name = inner[k].name
            children = [r.name for r in system.rules if name in [p for p, _, _ in r.parents]]
            kind = self.rng.integers(0, 4)
            if kind == 1 and depth:
                out.append(Setting(name, term=Term(name, self.world(system, depth=depth - 1))))
            elif kind == 2:
                out.append(Setting(name, self.number(), scale=self.number()))
            elif kind == 3 and children:
                out.append(Setting(name, self.number(), target=str(self.rng.choice(children))))
            else:
                out.append(Setting(name, self.number()))
        return tuple(out)
