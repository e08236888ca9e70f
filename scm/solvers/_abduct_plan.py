"""The plan of an abduction: what the evidence determines is solved for, finite things are enumerated, the rest drawn.

An equality on a continuous variable has density, not probability: a draw never meets it. So every observed continuous
instance either has its law given its parents, or is solved for one of its noises, and those noises are kept from being
drawn before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .._domain import Real
from .._gumbel import GumbelMax
from .._hindsight import drawn_noise
from ..mechanisms._types import Branching, Conditional, Invertible, NoiseGiven
from ._abduct_finite import FiniteMap, coupling_streams
from ._abduct_inverse import Inverse, check_levels, inverse_in
from ._abduct_part import AbductionPlan, Part, idle_steps, stream_of, weighs_hindsight
from ._abduct_steps import (
    Branch,
    Check,
    Compute,
    CouplingNoise,
    DrawNoise,
    FiniteNoise,
    FiniteState,
    Holds,
    JointWeight,
    Respond,
    Solve,
    Step,
    Weigh,
)
from ._abduct_view import View
from ._refusal import Refusal


def make_plan(view: View, most: int, most_with_draws: int, *, points: bool = False) -> AbductionPlan:
    """The plan of a task.

    Args:
        view: of the task.
        most: combinations of finite things that are enumerated, where nothing else is random.
        most_with_draws: the same, for every draw.
        points: whether the noises that an observed value may be of are enumerated where they are few, not drawn.

    Raises:
        Refusal: an observation that can be neither solved for nor weighed; an unknown law; a missing coupling.
    """
    plan = _Scheduler(view, None, points).plan()
    limits = [most_with_draws if part.draws else most for part in (plan.main, plan.apart)]
    if plan.main.combinations <= limits[0] and plan.apart.combinations <= limits[1]:
        return plan
    return _Scheduler(view, most_with_draws).plan()


class _Scheduler:
    def __init__(self, view: View, limit: int | None, points: bool = False) -> None:
        self.view, self.limit, self.points = view, limit, points
        self.known: list[Step] = []
        self.random: list[tuple[Step, frozenset[int | str]]] = []
        self.pending: list[int] = list(range(len(view.worlds.instances)))
        self.noises: dict[str, None] = {}
        self.varies: set[int | str] = set()
        self.axes: dict[str, int] = {}
        self.normals: list[str] = []
        self.uniforms: list[str] = []
        self.conditions = list(range(len(view.task.conditions)))
        self.readers: dict[str, set[int]] = {}
        for i in self.pending:
            for noise in view.noises(i):
                self.readers.setdefault(noise, set()).add(i)
        self.groups = self._groups()
        self.raced = {name: who for name, who in self.groups.items() if self._without_closed_form(name, who)}
        for name in self.raced:
            del self.groups[name]

    def _groups(self) -> dict[str, tuple[int, ...]]:
        """Variables that have a law and no noise, with more than one instance."""
        found: dict[str, list[int]] = {}
        for i, x in enumerate(self.view.worlds.instances):
            if self.view.own(i) and self.view.stochastic(i):
                found.setdefault(x.variable, []).append(i)
        return {name: tuple(who) for name, who in found.items() if len(who) > 1}

    def _without_closed_form(self, name: str, who: tuple[int, ...]) -> bool:
        """Whether the joint law of these instances can be drawn from only: Gumbel-max in three worlds."""
        domain = self.view.domain(name)
        several = len(who) > 2 and not isinstance(domain, Real) and len(domain) > 2
        return several and isinstance(self.view.coupling(name), GumbelMax) and not all(map(self._fixed, who))

    def plan(self) -> AbductionPlan:
        while self.pending or self.groups:
            if not self._certain():
                self._branch()
        self._conditions()
        bears = self._bears()
        return AbductionPlan(tuple(self.known), self._part(bears, True), self._part(bears, False))

    def _bears(self) -> set[int]:
        """The places of the random steps that what is asked depends on, or that evidence ties to such a step."""
        reached: set[int | str] = {i for i in self.view.asked_terms() if i in self.varies}
        found: set[int] = set()
        grown = True
        while grown:
            new = {k for k, (_, touched) in enumerate(self.random) if k not in found and touched & reached}
            grown = bool(new)
            found |= new
            reached.update(*(self.random[k][1] for k in new))
        return found

    def _part(self, bears: set[int], main: bool) -> Part:
        chosen = [(step, touched) for k, (step, touched) in enumerate(self.random) if (k in bears) == main]
        names = {name for _, touched in chosen for name in touched}
        steps = tuple(step for step, _ in chosen)
        hindsight = any(isinstance(step, Weigh) and step.stream is not None for step in steps)
        axes = {n: size for n, size in self.axes.items() if n in names}
        normals, uniforms = (tuple(n for n in some if n in names) for some in (self.normals, self.uniforms))
        smooth = not any(isinstance(step, (Check, Holds)) for step in steps)
        return Part(
            steps, axes, normals, uniforms, hindsight, main, weighs_hindsight(chosen), smooth, idle_steps(chosen)
        )

    # --- what is ready
    def _fixed(self, i: int) -> bool:
        return i in self.view.worlds.fixed

    def _ready(self, i: int) -> bool:
        return all(not isinstance(s, int) or s not in self.pending for _, s in self.view.slots(i))

    def _missing(self, i: int) -> list[str]:
        return [n for n in self.view.noises(i) if n not in self.noises]

    def _random_inputs(self, i: int) -> bool:
        slots = any(isinstance(s, int) and s in self.varies for _, s in self.view.slots(i))
        return slots or any(n in self.varies for n in self.view.noises(i))

    def _continuous(self, i: int) -> bool:
        return isinstance(self.view.domain_of(i), Real)

    def _name(self, i: int) -> str:
        return self.view.worlds.instances[i].variable

    # --- steps that make nothing new random
    def _certain(self) -> bool:
        """Take every step that draws nothing, as far as they go; whether there was any."""
        before = self._progress()
        for i in list(self.pending):
            if self._ready(i):
                self._settle(i)
        for name in list(self.groups):
            self._join(name)
        self._conditions()
        return self._progress() != before

    def _progress(self) -> tuple[int, ...]:
        return len(self.known), len(self.random), len(self.pending), len(self.groups)

    def _conditions(self) -> None:
        for place in list(self.conditions):
            read = self.view.condition_terms(place)
            if all(i not in self.pending or self._fixed(i) for i in read):
                self.conditions.remove(place)
                self._add(Holds(place), read)

    def _add(self, step: Step, reads: Iterable[int | str], *made: int | str, random: bool = False) -> None:
        """Add a step; it is random if it is said to be, or reads what is."""
        touched = {x for x in reads if x in self.varies}
        if random or touched:
            self.varies.update(made)
            self.random.append((step, frozenset(touched.union(made))))
        else:
            self.known.append(step)

    def _inputs(self, i: int) -> list[int | str]:
        """What an instance reads: other instances, and noises."""
        return [*(s for _, s in self.view.slots(i) if isinstance(s, int)), *self.view.noises(i)]

    def _done(self, i: int) -> None:
        self.pending.remove(i)

    def _settle(self, i: int) -> None:
        if self._fixed(i):
            self._meet(i)
        elif not self._missing(i) and not self.view.stochastic(i):
            self._add(Compute(i), self._inputs(i), i)
            self._done(i)

    def _meet(self, i: int) -> None:
        """An observed instance, where nothing has to be drawn for it."""
        check_levels(self.view, i, self.view.how(i), self.varies)
        missing, random = self._missing(i), self._random_inputs(i)
        if self.view.stochastic(i):
            if not self._grouped(i) and not (self.view.own(i) and self._name(i) in self.raced):
                self._add(Weigh(i), self._inputs(i))
            self._done(i)
        elif not missing:
            if self._continuous(i) and random:
                raise Refusal(self._unsolved(i, "none of its noises is left to solve for"))
            self._add(Check(i), self._inputs(i))
            self._done(i)
        elif self._continuous(i) and len(missing) == 1 and (inverse := self._inverse(i, missing[0])):
            self._solve(i, missing[0], inverse, random)
        elif self._by_law(i) and not self._needed_elsewhere(i):
            self._add(Weigh(i), self._inputs(i))
            self._done(i)

    def _grouped(self, i: int) -> bool:
        return self.view.own(i) and self._name(i) in self.groups

    def _inverse(self, i: int, noise: str) -> Inverse | None:
        how = self.view.how(i)
        if how is None or isinstance(how, FiniteMap) or not self.view.continuous(noise):
            return None
        return inverse_in(how, noise)

    def _solve(self, i: int, noise: str, inverse: Inverse, random: bool) -> None:
        unknown = self.view.unknown(noise)
        if unknown and random:
            raise Refusal(
                f"the law of the noise {noise!r} is unknown, and it weighs what is not known of {self._name(i)!r}'s "
                "causes; state its law, or observe them"
            )
        check_levels(self.view, i, inverse, self.varies)
        given = None if unknown else self.view.laws.given(noise, tuple(self.noises))
        reads = [*self._inputs(i), *(others := () if given is None else given.names)]
        if given is not None and given.sd == 0 and self.varies.intersection(reads):
            raise Refusal(self._unsolved(i, f"its noise {noise!r} is what {', '.join(map(repr, others))} makes it"))
        self._add(Solve(i, noise, inverse, given, self._needed_elsewhere(i)), reads, noise)
        self.noises[noise] = None
        self._done(i)

    def _by_law(self, i: int) -> bool:
        """Whether an observed instance can be weighed by its law given its parents: none of its noises is known."""
        how = self.view.how(i)
        if not isinstance(how, Conditional) or isinstance(how, (FiniteMap, Invertible)):
            return False
        return not any(n in self.noises for n in self._mates(i))

    def _mates(self, i: int) -> set[str]:
        laws, noises = self.view.laws, self.view.noises(i)
        return {mate for n in noises for mate in (laws.mates(n) if self.view.continuous(n) else (n,))}

    def _needed_elsewhere(self, i: int) -> bool:
        return any(self.readers.get(n, set()) - {i} for n in self._mates(i))

    def _join(self, name: str) -> None:
        """The joint weight of several instances of one variable, once all are there."""
        who = self.groups[name]
        if all(self._ready(i) and (i not in self.pending or self._fixed(i)) for i in who):
            reads = [x for i in who for x in (i, *self._inputs(i))]
            self._add(JointWeight(name, who, self.view.coupling(name)), reads)
            del self.groups[name]
            for i in who:
                if i in self.pending:
                    self._done(i)

    # --- steps that make something random
    def _branch(self) -> None:
        ready = [i for i in self.pending if self._ready(i)]
        i = min(ready, key=lambda i: (not self._hindsight(i), self._spoilt_by(i), i))
        if self._fixed(i):
            self._introduce_for_evidence(i)
        elif self.view.stochastic(i):
            self._state(i)
        else:
            for noise in self._missing(i):
                self._noise(noise)

    def _spoilt_by(self, i: int) -> int:
        """How many observed continuous instances could not be met any more, were the noises of `i` drawn."""
        drawn, spoilt = set(self._missing(i)), 0
        for j in self.pending:
            if j != i and self._fixed(j) and self._continuous(j):
                own, by_law = set(self._missing(j)), self._by_law(j)
                able = {n for n in own if self._inverse(j, n)}
                spoilt += bool(own & drawn) if by_law else bool(able) and able <= drawn
        return spoilt

    def _hindsight(self, i: int) -> bool:
        return self._fixed(i) and self._by_law(i) and isinstance(self.view.how(i), NoiseGiven)

    def _introduce_for_evidence(self, i: int) -> None:
        missing, continuous = self._missing(i), self._continuous(i)
        if self._hindsight(i):
            self._known_laws(missing)
            if self._branched(i, missing[0]):
                return
            self._add(Weigh(i, stream_of(f"given {missing}")), self._inputs(i), *missing, random=True)
            self.noises.update(dict.fromkeys(missing))
            self._done(i)
            return
        if not continuous:
            for noise in missing:
                self._noise(noise)
            return
        able = [n for n in missing if self._inverse(i, n)]
        if not able:
            raise Refusal(self._unsolved(i, "it cannot be solved for any of its noises"))
        for noise in missing:
            if noise != able[-1]:
                self._noise(noise)

    def _branched(self, i: int, noise: str) -> bool:
        """Make an axis of the noises that an observed value may be of, where nothing is to be drawn."""
        how, name = self.view.how(i), f"branch {i}"
        if not self.points or not isinstance(how, Branching):
            return False
        self.axes[name] = how.most
        self._add(Branch(i, noise, name), self._inputs(i), noise, name, random=True)
        self.noises[noise] = None
        self._done(i)
        return True

    def _unsolved(self, i: int, why: str) -> str:
        name = self._name(i)
        return (
            f"{name!r} was observed, and it is continuous: no draw of its noises meets its value exactly, and {why}. "
            "Observe its causes, give it a mechanism that can be inverted or that knows its law given its parents, or "
            f"ask with an interval of {name!r}"
        )

    def _known_laws(self, noises: Sequence[str]) -> None:
        for noise in noises:
            if self.view.unknown(noise):
                raise Refusal(
                    f"the law of the noise {noise!r} is unknown, and nothing observed determines it; state its law, or "
                    "observe the variable that it is a noise of, and its causes"
                )

    def _noise(self, noise: str) -> None:
        """Enumerate or draw a noise."""
        self._known_laws([noise])
        if self.view.continuous(noise):
            if not self.view.laws.drawable(noise):
                raise Refusal(f"the law of the noise {noise!r} has no quantiles that are known, to draw it by")
            given = self.view.laws.given(noise, tuple(self.noises))
            self._add(DrawNoise(noise, given), given.names, noise, random=given.sd > 0.0)
            self.normals += [noise] * (given.sd > 0.0)
        else:
            drawn = self._axis(noise, len(self.view.model.states[noise]))
            self._add(FiniteNoise(noise, drawn), (), noise, random=True)
        self.noises[noise] = None

    def _state(self, i: int) -> None:
        """Enumerate or draw the state of an instance that has a law and no noise."""
        domain = self.view.domain_of(i)
        assert not isinstance(domain, Real)
        if self.view.own(i) and self._name(i) in self.raced:
            self._respond(i, len(domain))
            return
        name, grouped = f"{self._name(i)} {i}", self._grouped(i)
        drawn = self._axis(name, len(domain), may_draw=not grouped)
        reads = () if grouped else self._inputs(i)
        self._add(FiniteState(i, name, drawn, not grouped), reads, i, name, random=True)
        self._done(i)

    def _respond(self, i: int, states: int) -> None:
        """The state that a coupling's noise gives; the noise is drawn given all that was observed of the variable."""
        variable = self._name(i)
        name, coupling = f"{variable} coupling", drawn_noise(self.view.coupling(variable))
        assert coupling is not None
        if name not in self.noises:
            seen = tuple(j for j in self.raced[variable] if self._fixed(j))
            if any(j in self.pending for j in seen):
                raise Refusal(f"what was observed of {variable!r} depends on what it would be in another world")
            streams = coupling_streams(name, coupling, states)
            reads = [x for j in seen for x in self._inputs(j)]
            self._add(CouplingNoise(name, seen, coupling, states), reads, name, *streams, random=True)
            self.uniforms += streams
            self.noises[name] = None
        self._add(Respond(i, name, coupling), [*self._inputs(i), name], i)
        self._done(i)

    def _axis(self, name: str, states: int, *, may_draw: bool = True) -> bool:
        """Make an axis of it, if the number of combinations stays within the limit; whether it is drawn instead."""
        size = math.prod(self.axes.values()) * states
        if self.limit is not None and size > self.limit:
            if not may_draw:
                raise Refusal(
                    f"more than {self.limit:,} combinations of finite states are left, and {name.split()[0]!r}, which "
                    "is in several worlds at once, is not drawn"
                )
            self.uniforms.append(name)
            return True
        self.axes[name] = states
        return False
