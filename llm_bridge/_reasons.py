"""Why a fact holds in a world: the shortest chain of rules that leads to it, with every value checked by the engine."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from scm import Const, Expr, Model, Op, Probability, ScmError, Set, Value, Var, ask, conjuncts, possible_units, world
from scm._evaluate import evaluate
from scm._mechanism import Equation

Setting: TypeAlias = tuple[tuple[str, Value], ...]
"""What is imposed, by name."""

MOST_ASKED = 80
"""Most questions that one explanation may put to the engine."""
MOST_CASES = 512
"""Most joint states of a rule's inputs that are tried for a shorter reason."""


class _Shared(NamedTuple):
    """What the possible units agree on; None where they differ."""

    value: Value | None


class TooLong(Exception):
    """The explanation would need too many questions."""


@dataclass(frozen=True, slots=True)
class Because:
    """One fact, and the facts that its rule needs for it."""

    name: str
    value: Value
    reasons: Setting


@dataclass
class Chain:
    """How an event follows.

    Attributes:
        inferred: facts that the evidence alone makes certain.
        before: what follows from those in the world as it is.
        after: what follows in the imagined world.
        observed: facts of the evidence that it rests on directly.
    """

    inferred: list[tuple[str, Value]] = field(default_factory=list[tuple[str, Value]])
    before: list[Because] = field(default_factory=list[Because])
    after: list[Because] = field(default_factory=list[Because])
    observed: list[tuple[str, Value]] = field(default_factory=list[tuple[str, Value]])


class Certainties:
    """Values that are certain given the evidence, in the world as it is and in the imagined one."""

    def __init__(self, model: Model, query: Probability, imposed: Setting) -> None:
        self.model = model
        self.given = query.given
        self.imposed = dict(imposed)
        self.world = world(*(Set(name, Const(value)) for name, value in imposed))
        self.affected = model.graph.descendants(self.imposed) - self.imposed.keys() if imposed else frozenset[str]()
        self.observed = observed_values(query.given)
        self._units = possible_units(model, query)
        self._known: dict[tuple[str, bool], Value | None] = {}

    def value(self, name: str, *, imagined: bool) -> Value | None:
        """The value that `name` certainly has; None where it may have several."""
        if imagined and name in self.imposed:
            return self.imposed[name]
        imagined = imagined and name in self.affected
        if not imagined and name in self.observed:
            return self.observed[name]
        if (name, imagined) not in self._known:
            found = self._from_units(name, imagined)
            self._known[name, imagined] = self._ask(name, imagined) if found is None else found.value
        return self._known[name, imagined]

    def _from_units(self, name: str, imagined: bool) -> _Shared | None:
        """The value that all possible units share, where the units can be listed."""
        values: set[Value] = set()
        for unit in self._units or ():
            there = unit.worlds.get(self.world if imagined else (), {})
            if name not in there:
                return None
            values.add(there[name])
        return _Shared(values.pop() if len(values) == 1 else None) if values else None

    def _ask(self, name: str, imagined: bool) -> Value | None:
        """The same from the engine, one variable at a time: where units are too many, or hidden in tables."""
        term = Var(name, self.world if imagined else ())
        states = self.model.states[name]
        for state in states[-1:] if len(states) == 2 else states:
            if len(self._known) > MOST_ASKED:
                raise TooLong
            answer = ask(self.model, Probability(Op("=", (term, Const(state))), self.given))
            if answer.finding == "exact" and answer.value == 1:
                return state
            if answer.finding == "exact" and answer.value == 0 and len(states) == 2:
                return states[0]
        return None

    def reasons(self, name: str, *, imagined: bool) -> Setting | None:
        """The fewest certain causes whose values alone give `name` its value; None where its rule does not say."""
        mechanism = self.model.mechanisms[name]
        wanted = self.value(name, imagined=imagined)
        if not isinstance(mechanism, Equation) or wanted is None:
            return None
        inputs = {n: self.model.states[n] for n in mechanism.inputs}
        if math.prod(map(len, inputs.values())) > MOST_CASES:
            return None
        parents = [p for p in self.model.graph.parents[name] if p in inputs]
        certain = [(p, v) for p in parents if (v := self.value(p, imagined=imagined)) is not None]
        for size in range(len(certain) + 1):
            for chosen in itertools.combinations(certain, size):
                if _forced(mechanism.expr, inputs, dict(chosen), wanted):
                    return chosen
        return None


def observed_values(given: Expr | None) -> dict[str, Value]:
    """Variables that the evidence fixes one by one."""
    out: dict[str, Value] = {}
    for part in conjuncts(given):
        match part:
            case Op("=", (Var(name, ()), Const(value))):
                out[name] = value
            case _:
                pass
    return out


def _forced(expr: Expr, inputs: Mapping[str, Sequence[Value]], chosen: Mapping[str, Value], wanted: Value) -> bool:
    """Whether the rule gives `wanted` whatever the other inputs are."""
    free = [n for n in inputs if n not in chosen]
    for values in itertools.product(*(inputs[n] for n in free)):
        scope = {**chosen, **dict(zip(free, values, strict=True))}
        try:
            if evaluate(expr, lambda term, scope=scope: scope[term.name]) != wanted:
                return False
        except ScmError:
            return False
    return True


def chain_to(targets: Sequence[str], certain: Certainties) -> Chain | None:
    """How the values of `targets` follow; None where they are not certain, or no rule says why.

    Raises:
        TooLong: the explanation would need too many questions.
    """
    chain = Chain()
    order = {name: place for place, name in enumerate(certain.model.graph.order)}
    seen: set[str] = set()
    stack = list(targets)
    while stack:
        name = stack.pop()
        if name in seen or name in certain.imposed:
            continue
        seen.add(name)
        imagined = name in certain.affected
        value = certain.value(name, imagined=imagined)
        if value is None:
            return None
        if not imagined and name in certain.observed:
            chain.observed.append((name, value))
            continue
        reasons = certain.reasons(name, imagined=imagined)
        if reasons is None and imagined:
            return None
        if reasons is None:
            chain.inferred.append((name, value))
            continue
        (chain.after if imagined else chain.before).append(Because(name, value, reasons))
        stack += [cause for cause, _ in reasons]
    for facts in (chain.inferred, chain.observed):
        facts.sort(key=lambda fact: order[fact[0]])
    for steps in (chain.before, chain.after):
        steps.sort(key=lambda step: order[step.name])
    return chain
