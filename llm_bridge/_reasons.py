"""Why a fact holds in a world: the shortest chain of rules that leads to it, with every value checked by the engine."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from scm import (
    Const,
    Equation,
    Expr,
    Model,
    Op,
    Probability,
    ScmError,
    Set,
    Value,
    Var,
    ask,
    conjunction,
    conjuncts,
    evaluate,
    possible_units,
    terms,
    world,
)

Setting: TypeAlias = tuple[tuple[str, Value], ...]
"""What is imposed, by name."""

MOST_ASKED = 80
"""Most questions that one explanation may put to the engine."""
MOST_UNITS = 64
"""Most possible units that are followed; beyond, the engine is asked about one variable at a time."""
MOST_CASES = 512
"""Most joint states of a rule's inputs that are tried one by one."""


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
        self._units = possible_units(model, _with_roots(model, query), most=MOST_UNITS)
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
        parents = [p for p in self.model.graph.parents[name] if p in inputs]
        certain = [(p, v) for p in parents if (v := self.value(p, imagined=imagined)) is not None]
        for chosen in ((), *((fact,) for fact in certain)):
            if _forced(mechanism.expr, inputs, dict(chosen), wanted):
                return chosen
        if not _forced(mechanism.expr, inputs, dict(certain), wanted):
            return None
        # From the last, every cause that the others make needless is left out.
        kept = certain
        for fact in reversed(certain):
            fewer = [other for other in kept if other != fact]
            kept = fewer if _forced(mechanism.expr, inputs, dict(fewer), wanted) else kept
        return tuple(kept)


def _with_roots(model: Model, query: Probability) -> Probability:
    """`query` with every root among its causes spoken of, so that its units say what those roots are too."""
    spoken = {term.name for part in (query.event, query.given) if part is not None for term in terms(part)}
    causes = frozenset[str]().union(*(model.graph.ancestors[name] for name in spoken))
    roots = [name for name in model.graph.order if name in causes and not model.graph.parents[name]]
    named = (Op("=", (Var(name), Const(model.states[name][0]))) for name in roots)
    return Probability(conjunction(*conjuncts(query.event), *named), query.given)


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
    """Whether the rule surely gives `wanted` whatever the other inputs are; with too many cases, by logic alone."""
    free = [n for n in inputs if n not in chosen]
    if math.prod(len(inputs[n]) for n in free) > MOST_CASES:
        found = _settled(expr, chosen)
        return found is not None and found == wanted
    for values in itertools.product(*(inputs[n] for n in free)):
        scope = {**chosen, **dict(zip(free, values, strict=True))}
        try:
            if evaluate(expr, lambda term, scope=scope: scope[term.name]) != wanted:
                return False
        except ScmError:
            return False
    return True


def _settled(expr: Expr, chosen: Mapping[str, Value]) -> Value | None:
    """What known inputs settle of a rule of and, or, not, by Kleene's three-valued logic; None where they do not."""
    match expr:
        case Const(value):
            return value
        case Var(name, ()):
            return chosen.get(name)
        case Op("not", (part,)):
            found = _settled(part, chosen)
            return None if found is None else not found
        case Op("and" | "or" as op, parts):
            settles = op == "or"
            values = [_settled(part, chosen) for part in parts]
            if any(value is not None and bool(value) == settles for value in values):
                return settles
            return None if None in values else not settles
        case _:
            return None


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
