"""Queries over several worlds: ID*, IDC* and nested ones, over instances of variables.

An instance with its slots is a counterfactual `W_pa`, so an ancestral set of instances is in counterfactual factor form
already: its joint law is a product over districts. A district whose variables would need two values of one variable is
in two worlds at once, and no law gives it (Correa, Lee & Bareinboim 2021, on inconsistent factors).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .._bitgraph import members
from .._estimand import At, Estimand, Index, Weight
from .._evaluate import evaluate
from .._graph import CausalGraph
from .._graph_ops import joined_parts
from .._syntax import Const, Expr, Op, Var
from .._worlds import Fresh, Instance, Own, Policy, Worlds, build_worlds
from ._asking import ImpossibleCondition, bits, same
from ._kernels import Scope
from ._known import Found, Known, find, formula
from ._reading import Reading, Valued, renamed
from ._single import Failed, Part, written
from ._tidy import quotient, sum_of


@dataclass(frozen=True)
class Clash:
    """Two instances of one district that need `variable` at two values."""

    worlds: Worlds
    first: int
    second: int
    variable: int
    district: int
    tokens: Mapping[int, At]


@dataclass(frozen=True)
class Joined:
    """The estimand, and what a derivation tells of it."""

    estimand: Estimand
    above: Part
    below: Part | None
    worlds: Worlds
    tokens: Mapping[int, At]


@dataclass
class Frame:
    """Instances with the values at which they stand, while the law of some terms is written.

    Attributes:
        worlds: the instances.
        scope: of indices.
        tokens: the value of each instance that has one.
        weights: what multiplies the joint law.
    """

    worlds: Worlds
    scope: Scope
    place: Mapping[str, int]
    tokens: dict[int, At]
    weights: list[Estimand]

    @staticmethod
    def of(worlds: Worlds, scope: Scope, place: Mapping[str, int]) -> Frame:
        """With the values that the event fixes."""
        return Frame(worlds, scope, place, dict(worlds.fixed), [])

    def at(self, term: Var) -> At:
        """The value of a term; one without a value gets an index."""
        slot = self.worlds.terms[term]
        if not isinstance(slot, int):
            return slot
        if slot not in self.tokens:
            self.tokens[slot] = self.scope.fresh(self.place[term.name])
        return self.tokens[slot]

    def axis(self, term: Var, index: Index) -> None:
        """Give a term an open index."""
        slot = self.worlds.terms[term]
        old = self.tokens.setdefault(slot, index) if isinstance(slot, int) else slot
        if old != index:
            self.weights.append(same(term, index, old))

    def weigh(self, valued: Valued) -> None:
        """Multiply by a number that depends on values."""
        expr, found = valued
        names: dict[Var, str] = {}
        for t in found:
            name = t.name
            while name in names.values():
                name += "'"
            names[t] = name
        where = tuple(sorted((names[t], self.at(t)) for t in found))
        self.weights.append(Weight(renamed(expr, names), where))


def in_many_worlds(known: Known, graph: CausalGraph, reading: Reading, scope: Scope) -> Joined | Failed | Clash | None:
    """The estimand of one term over several worlds; None where the event is impossible.

    Args:
        known: what is known.
        graph: the same graph by name.
        reading: the term.
        scope: of indices.

    Raises:
        ImpossibleCondition: the condition contradicts itself.
    """
    every = tuple(dict.fromkeys(reading.terms))
    condition = build_worlds(graph, every, reading.given)
    if condition.impossible:
        raise ImpossibleCondition
    if reading.doubts:
        _check_doubts(condition, reading)
    kept = _connected(known, condition, reading)
    given = [t for t, _ in reading.given if condition.terms[t] in kept]
    doubts = [valued for valued in reading.doubts if any(condition.terms[t] in kept for t in valued[1])]
    asked = [t for t, _ in (*reading.facts, *reading.axes)] + [t for _, found in reading.weights for t in found]
    unsure = [t for _, found in doubts for t in found]
    worlds = build_worlds(graph, every, (*reading.given, *reading.facts)) if reading.facts else condition
    if worlds.impossible:
        return None
    frame = Frame.of(worlds, scope, known.graph.place)
    for term, index in reading.axes:
        frame.axis(term, index)
    for valued in (*reading.weights, *doubts):
        frame.weigh(valued)
    open_ = frozenset(i for _, i in reading.axes)
    above = law_of(known, frame, [*asked, *given, *unsure], open_)
    if not isinstance(above, Part):
        return above
    if not given and not unsure:
        return Joined(above.estimand, above, None, worlds, frame.tokens)
    terms = tuple(dict.fromkeys((*given, *unsure)))
    bottom = Frame.of(build_worlds(graph, terms, reading.given), scope, known.graph.place)
    for valued in doubts:
        bottom.weigh(valued)
    below = law_of(known, bottom, list(terms), open_)
    if not isinstance(below, Part):
        return below
    scope.divides = True
    return Joined(quotient(above.estimand, below.estimand), above, below, worlds, frame.tokens)


def lean(graph: CausalGraph, reading: Reading) -> Reading | None:
    """The reading without asked equalities that the condition and the others imply; None where nothing is left."""
    facts = list(reading.facts)
    for fact in reading.facts:
        rest = [other for other in facts if other != fact]
        worlds = build_worlds(graph, (fact[0],), (*reading.given, *rest))
        slot = worlds.terms[fact[0]]
        if not worlds.impossible and (worlds.fixed.get(slot) if isinstance(slot, int) else slot) == fact[1]:
            facts = rest
    if not facts and not reading.weights and not reading.axes:
        return None
    return replace(reading, facts=tuple(facts))


def _connected(known: Known, worlds: Worlds, reading: Reading) -> set[object]:
    """The instances that what is asked is connected to; slots of values that are given read no instance.

    Ancestral components of Correa, Lee & Bareinboim (2021): by slots, by districts of their variables, and by numbers
    of the condition that depend on several.
    """

    def slots(found: Iterable[Var]) -> list[int]:
        return [slot for t in found if isinstance(slot := worlds.terms[t], int)]

    groups = [[i, *(slot for _, slot in x.slots if isinstance(slot, int))] for i, x in enumerate(worlds.instances)]
    groups += _by_district(known, worlds)
    groups += [slots(found) for _, found in reading.doubts]
    asked = [t for t, _ in (*reading.facts, *reading.axes)] + [t for _, found in reading.weights for t in found]
    wanted = set(slots(asked))
    return {i for part in joined_parts(len(worlds.instances), groups) if wanted & set(part) for i in part}


def _by_district(known: Known, worlds: Worlds) -> list[list[int]]:
    """Instances whose variables lie in one district."""
    first: dict[int, int] = {}
    groups: list[list[int]] = []
    for i, x in enumerate(worlds.instances):
        if isinstance(x.mechanism, Own):
            groups.append([i, first.setdefault(known.graph.place[x.variable], i)])
    for v, i in first.items():
        groups.append([i, *(first[s] for s in members(known.graph.siblings[v]) if s in first)])
    return groups


def _check_doubts(worlds: Worlds, reading: Reading) -> None:
    for expr, found in reading.doubts:
        slots = {t: worlds.terms[t] for t in found}
        fixed = {t: worlds.fixed.get(s, s) if isinstance(s, int) else s for t, s in slots.items()}
        values = {t: at.value for t, at in fixed.items() if isinstance(at, Const)}
        if len(values) == len(found) and not evaluate(expr, values.__getitem__):
            raise ImpossibleCondition


def law_of(known: Known, frame: Frame, terms: Iterable[Var], open_: frozenset[Index]) -> Part | Failed | Clash:
    """The joint law of the terms at their values, summed over whatever is not open."""
    worlds, tokens, scope = frame.worlds, frame.tokens, frame.scope
    causes: set[int] = set()
    stack = [slot for t in terms if isinstance(slot := worlds.terms[t], int)]
    while stack:
        i = stack.pop()
        if i not in causes:
            causes.add(i)
            stack += [slot for _, slot in worlds.instances[i].slots if isinstance(slot, int)]
    order = sorted(causes)
    for i in order:
        if i not in tokens:
            tokens[i] = scope.fresh(frame.place[worlds.instances[i].variable])
    policies: list[Estimand] = []
    own: dict[int, int] = {}
    for i in order:
        x = worlds.instances[i]
        if not isinstance(x.mechanism, Own):
            policies.append(_policy(x, i, tokens))
            continue
        v = frame.place[x.variable]
        if v in own:
            return Clash(worlds, own[v], i, v, known.graph.district(1 << v, bits(own)), tokens)
        own[v] = i
    over = list(dict.fromkeys(t for i in order if isinstance(t := tokens[i], Index) and t not in open_))
    return _product(known, frame, own, over, [*frame.weights, *policies])


def _product(
    known: Known, frame: Frame, own: dict[int, int], over: list[Index], weights: list[Estimand]
) -> Part | Failed | Clash:
    """The sum of weights and the districts' formulas, each at the values of its own world."""
    variables = bits(own)
    found: list[tuple[Found, dict[int, At]]] = []
    for district in known.graph.districts(variables):
        env = environment(frame, own, district)
        if isinstance(env, Clash):
            return env
        one = find(known, district)
        if not isinstance(one, Found):
            return Failed(district, one)
        found.append((one, env))
    everywhere: dict[int, At] = {}
    alike = all(everywhere.setdefault(v, at) == at for _, env in found for v, at in env.items())
    parts = tuple(one for one, _ in found)
    if alike and found:
        busy = {at for w in weights if isinstance(w, Weight) for _, at in w.where}
        gone = bits(v for v, i in own.items() if frame.tokens[i] in over and frame.tokens[i] not in busy)
        body = written(known, list(parts), variables, gone, variables & ~gone, everywhere, frame.scope)
        rest = [i for i in over if i not in {frame.tokens[own[v]] for v in members(gone)}]
        return Part(variables, gone, parts, sum_of(rest, [*weights, body]))
    formulas = [formula(one, env, frame.scope) for one, env in found]
    return Part(variables, 0, parts, sum_of(over, [*weights, *formulas]))


def environment(frame: Frame, own: Mapping[int, int], district: int) -> dict[int, At] | Clash:
    """The one value of each variable that a district's instances have or read, or two of them that disagree."""
    env: dict[int, At] = {}
    by: dict[int, int] = {}
    for v in members(district):
        env[v], by[v] = frame.tokens[own[v]], own[v]
    for v in members(district):
        for name, slot in frame.worlds.instances[own[v]].slots:
            p = frame.place[name]
            at = frame.tokens[slot] if isinstance(slot, int) else slot
            if env.setdefault(p, at) != at:
                return Clash(frame.worlds, by[p], own[v], p, district, frame.tokens)
            by.setdefault(p, own[v])
    return env


def _policy(x: Instance, i: int, tokens: Mapping[int, At]) -> Weight:
    """A policy or a law drawn afresh as a number: it is known, whatever the model."""
    where: dict[str, At] = {}
    for name, slot in x.slots:
        where[name] = tokens[slot] if isinstance(slot, int) else slot
    out = x.variable
    while out in where:
        out += "'"
    where[out] = tokens[i]
    match x.mechanism:
        case Policy(expr):
            worth: Expr = Op("=", (Var(out), expr))
        case Fresh(draw):
            worth = Const(0.0)
            for condition, law in reversed(draw.cases):
                chance: Expr = Const(0.0)
                for value, p in reversed(law):
                    chance = Op("if", (Op("=", (Var(out), Const(value))), Const(p), chance))
                worth = chance if condition is None else Op("if", (condition, chance, worth))
        case Own():
            raise AssertionError("a variable's own mechanism is no policy")
    return Weight(worth, tuple(sorted(where.items())))
