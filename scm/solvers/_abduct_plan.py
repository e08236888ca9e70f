"""The plan of an abduction: what the evidence determines is solved for, finite things are enumerated, the rest drawn.

An equality on a continuous variable has density, not probability: a draw never meets it. So every observed continuous
instance either has its law given its parents, or is solved for one of its noises, and those noises are kept from being
drawn before.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from .._domain import Real
from ..mechanisms._types import Conditional, Invertible, NoiseGiven
from ._abduct_finite import FiniteMap
from ._abduct_inverse import Inverse, inverse_in
from ._abduct_steps import Check, Compute, DrawNoise, FiniteNoise, FiniteState, Holds, JointWeight, Solve, Step, Weigh
from ._abduct_view import View
from ._refusal import Refusal


@dataclass(frozen=True)
class AbductionPlan:
    """Steps, in order.

    Attributes:
        known: those that read nothing random: what the evidence of a unit determines.
        random: the others.
        axes: what is enumerated, with the number of its states.
        normals: continuous noises that are drawn.
        uniforms: finite things that are drawn.
        hindsight: whether a mechanism draws its own noise given what was observed.
        eager: whether a step needs NumPy.
    """

    known: tuple[Step, ...]
    random: tuple[Step, ...]
    axes: dict[str, int]
    normals: tuple[str, ...]
    uniforms: tuple[str, ...]
    hindsight: bool
    eager: bool

    @property
    def combinations(self) -> int:
        """Of what is enumerated."""
        out = 1
        for size in self.axes.values():
            out *= size
        return out

    @property
    def draws(self) -> bool:
        """Whether anything is drawn."""
        return bool(self.normals or self.uniforms or self.hindsight)


def stream_of(name: str) -> int:
    """The number of a name's stream of random numbers: the same noise has the same draws in every task."""
    return zlib.crc32(name.encode())


def make_plan(view: View, most: int, most_with_draws: int) -> AbductionPlan:
    """The plan of a task.

    Args:
        view: of the task.
        most: combinations of finite things that are enumerated, where nothing else is random.
        most_with_draws: the same, for every draw.

    Raises:
        Refusal: an observation that can be neither solved for nor weighed; an unknown law; a missing coupling.
    """
    plan = _Scheduler(view, None).plan()
    if plan.draws and plan.combinations > most_with_draws:
        return _Scheduler(view, most_with_draws).plan()
    if plan.combinations > most:
        return _Scheduler(view, most_with_draws).plan()
    return plan


class _Scheduler:
    def __init__(self, view: View, limit: int | None) -> None:
        self.view, self.limit = view, limit
        self.steps: list[Step] = []
        self.pending: list[int] = list(range(len(view.worlds.instances)))
        self.noises: dict[str, None] = {}
        self.varies: set[int | str] = set()
        self.axes: dict[str, int] = {}
        self.normals: list[str] = []
        self.uniforms: list[str] = []
        self.hindsight = self.eager = False
        self.conditions = list(range(len(view.task.conditions)))
        self.first_random: int | None = None
        self.readers: dict[str, set[int]] = {}
        for i in self.pending:
            for noise in view.noises(i):
                self.readers.setdefault(noise, set()).add(i)
        self.groups = self._groups()

    def _groups(self) -> dict[str, tuple[int, ...]]:
        """Variables that have a law and no noise, with more than one instance."""
        found: dict[str, list[int]] = {}
        for i, x in enumerate(self.view.worlds.instances):
            if self.view.own(i) and self.view.stochastic(i):
                found.setdefault(x.variable, []).append(i)
        return {name: tuple(who) for name, who in found.items() if len(who) > 1}

    def plan(self) -> AbductionPlan:
        while self.pending or self.groups:
            if not self._certain():
                self._branch()
        self._conditions()
        cut = len(self.steps) if self.first_random is None else self.first_random
        known, random = tuple(self.steps[:cut]), tuple(self.steps[cut:])
        return AbductionPlan(
            known, random, self.axes, tuple(self.normals), tuple(self.uniforms), self.hindsight, self.eager
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
        before = len(self.steps), len(self.pending), len(self.groups)
        for i in list(self.pending):
            if self._ready(i):
                self._settle(i)
        for name in list(self.groups):
            self._join(name)
        self._conditions()
        return (len(self.steps), len(self.pending), len(self.groups)) != before

    def _conditions(self) -> None:
        for place in list(self.conditions):
            read = self.view.condition_terms(place)
            if all(i not in self.pending or self._fixed(i) for i in read):
                self.conditions.remove(place)
                self._add(Holds(place), any(i in self.varies for i in read))

    def _add(self, step: Step, random: bool, *made: int | str) -> None:
        if random:
            self.varies.update(made)
            if self.first_random is None:
                self.first_random = len(self.steps)
            self.steps.append(step)
        elif self.first_random is None:
            self.steps.append(step)
        else:  # known after all, though something random was scheduled before
            self.steps.insert(self.first_random, step)
            self.first_random += 1

    def _done(self, i: int) -> None:
        self.pending.remove(i)

    def _settle(self, i: int) -> None:
        if self._fixed(i):
            self._meet(i)
        elif not self._missing(i) and not self.view.stochastic(i):
            self._add(Compute(i), self._random_inputs(i), i)
            self._done(i)

    def _meet(self, i: int) -> None:
        """An observed instance, where nothing has to be drawn for it."""
        missing, random = self._missing(i), self._random_inputs(i)
        if self.view.stochastic(i):
            if not self._grouped(i):
                self._add(Weigh(i), random)
            self._done(i)
        elif not missing:
            if self._continuous(i) and random:
                raise Refusal(self._unsolved(i, "none of its noises is left to solve for"))
            self._add(Check(i), random)
            self._done(i)
        elif self._continuous(i) and len(missing) == 1 and (inverse := self._inverse(i, missing[0])):
            self._solve(i, missing[0], inverse, random)
        elif self._by_law(i) and not self._needed_elsewhere(i):
            self._add(Weigh(i), random)
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
        given = None if unknown else self.view.laws.given(noise, tuple(self.noises))
        random = random or (given is not None and any(n in self.varies for n in given.names))
        self._add(Solve(i, noise, inverse, given), random, noise)
        self.noises[noise] = None
        self._done(i)

    def _by_law(self, i: int) -> bool:
        """Whether an observed instance can be weighed by its law given its parents: none of its noises is known."""
        how = self.view.how(i)
        if not isinstance(how, Conditional) or isinstance(how, (FiniteMap, Invertible)):
            return False
        return not any(n in self.noises for n in self._mates(i))

    def _mates(self, i: int) -> set[str]:
        found: set[str] = set()
        for noise in self.view.noises(i):
            found.update(self.view.laws.mates(noise) if self.view.continuous(noise) else (noise,))
        return found

    def _needed_elsewhere(self, i: int) -> bool:
        return any(self.readers.get(n, set()) - {i} for n in self._mates(i))

    def _join(self, name: str) -> None:
        """The joint weight of several instances of one variable, once all are there."""
        who = self.groups[name]
        if all(self._ready(i) and (i not in self.pending or self._fixed(i)) for i in who):
            random = any(self._random_inputs(i) or i in self.varies for i in who)
            self.eager = True
            self._add(JointWeight(name, who, self.view.coupling(name)), random)
            del self.groups[name]
            for i in who:
                if i in self.pending:
                    self._done(i)

    # --- steps that make something random
    def _branch(self) -> None:
        ready = [i for i in self.pending if self._ready(i)]
        kept = self._reserved()
        i = min(ready, key=lambda i: (not self._hindsight(i), self._touches(i, kept), i))
        if self._fixed(i):
            self._introduce_for_evidence(i, kept)
        elif self.view.stochastic(i):
            self._state(i)
        else:
            for noise in self._missing(i):
                self._noise(noise)

    def _reserved(self) -> set[str]:
        """Noises that an observed continuous instance will be solved for: the only ones that it can be."""
        found: set[str] = set()
        for i in self.pending:
            if self._fixed(i) and self._continuous(i) and not self._by_law(i):
                able = [n for n in self._missing(i) if self._inverse(i, n)]
                found.update(able if len(able) == 1 else ())
        return found

    def _touches(self, i: int, kept: set[str]) -> int:
        missing = self._missing(i)
        reserved = sum(n in kept for n in missing)
        return max(reserved - 1, 0) if self._fixed(i) and self._continuous(i) else reserved

    def _hindsight(self, i: int) -> bool:
        return self._fixed(i) and self._by_law(i) and isinstance(self.view.how(i), NoiseGiven)

    def _introduce_for_evidence(self, i: int, kept: set[str]) -> None:
        missing, continuous = self._missing(i), self._continuous(i)
        if self._hindsight(i):
            self._known_laws(missing)
            self.hindsight = True
            self._add(Weigh(i, stream_of(f"given {missing}")), True, *missing)
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
        chosen = next((n for n in reversed(able) if n in kept), able[-1])
        for noise in missing:
            if noise != chosen:
                self._noise(noise)

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
            random = given.sd > 0.0 or any(n in self.varies for n in given.names)
            self._add(DrawNoise(noise, given), random, noise)
            self.normals += [noise] * (given.sd > 0.0)
        else:
            drawn = self._axis(noise, len(self.view.model.states[noise]))
            self._add(FiniteNoise(noise, drawn), True, noise)
        self.noises[noise] = None

    def _state(self, i: int) -> None:
        """Enumerate or draw the state of an instance that has a law and no noise."""
        domain = self.view.domain_of(i)
        assert not isinstance(domain, Real)
        name, grouped = f"{self._name(i)} {i}", self._grouped(i)
        drawn = self._axis(name, len(domain), may_draw=not grouped)
        self._add(FiniteState(i, name, drawn, not grouped), True, i)
        self._done(i)

    def _axis(self, name: str, states: int, *, may_draw: bool = True) -> bool:
        """Make an axis of it, if the number of combinations stays within the limit; whether it is drawn instead."""
        size = states
        for other in self.axes.values():
            size *= other
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
