"""What the evidence of a unit determines: steps, in order, from known values to noises and to values in other worlds.

An instance is known where it was observed, or where its inputs and its noise are. An observed instance with known
inputs shows its noise where its mechanism can be inverted; so a noise may become known late, and the instances are gone
over until nothing new is found. Abduction, action, prediction: Pearl (2009), theorem 7.1.7, for a unit whose noise is
determined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from .._domain import Domain, Real
from .._model import Model
from .._syntax import Placeholder
from .._worlds import Fresh, Instance, Own, Policy, Slot, Worlds
from ..mechanisms._types import Conditional, Invertible, Linear, NeedsCoupling, Transporting
from ._declared import open_ends
from ._unit_maps import FiniteLaw, FiniteMap, UnitMechanism, mechanisms_of, policy_map
from ._unit_steps import Abduct, Admit, Carry, Compare, Move, Predict, Step, moved
from ._unit_support import Support, noise_support, singular, takes_all


@dataclass(frozen=True, eq=False)
class UnitPlan:
    """Steps for a set of worlds.

    Attributes:
        worlds: whose instances the steps speak of.
        steps: in order.
        mechanisms: of each instance.
        domains: of each variable and noise.
        supports: of each continuous noise that is to be checked.
        unknown: why an instance is not known, for those wanted.
        unchecked: why it cannot be told whether an observed instance is possible.
        ends: declared for an instance that is worked out, where its mechanism need not keep them.
    """

    worlds: Worlds
    steps: tuple[Step, ...]
    mechanisms: tuple[UnitMechanism | None, ...]
    domains: Mapping[str, Domain]
    supports: Mapping[str, Support]
    unknown: tuple[str, ...]
    unchecked: tuple[str, ...]
    ends: Mapping[int, Real]

    @cached_property
    def carriers(self) -> dict[Slot, str]:
        """Whose value the column of a placeholder is, where it was observed."""
        worlds = self.worlds
        return {v: worlds.instances[i].variable for i, v in worlds.fixed.items() if isinstance(v, Placeholder)}

    def slots(self, i: int) -> tuple[tuple[str, Slot], ...]:
        """What stands in each input of an instance."""
        return self.worlds.instances[i].slots


def make_unit_plan(model: Model, worlds: Worlds, wanted: Iterable[int], noises: Iterable[str] = ()) -> UnitPlan:
    """The steps to the wanted instances, and to noises that are asked for by name.

    Evidence that may be impossible is checked on the way.
    """
    return _Planner(model, worlds).plan(tuple(dict.fromkeys(wanted)), tuple(noises))


class _Planner:
    """What is known so far, and the steps that made it so."""

    def __init__(self, model: Model, worlds: Worlds) -> None:
        self.model, self.worlds = model, worlds
        self.own = mechanisms_of(model)
        self.mechanisms = tuple(map(self._mechanism, worlds.instances))
        self.known: set[int] = set(worlds.fixed)
        self.shown: dict[str, int] = {}  # noises, and the instances that show them
        self.accounted: set[int] = set()
        self.steps: list[Step] = []
        self.examples: dict[str, int] = {}  # for each variable an instance with known value and inputs

    def _mechanism(self, instance: Instance) -> UnitMechanism | None:
        match instance.mechanism:
            case Own():
                return self.own[instance.variable]
            case Policy(expr):
                scope = {name: self.model.domains[name] for name, _ in instance.slots}
                own = self.model.domains[instance.variable]
                return policy_map(expr, scope, own, instance.variable)
            case Fresh():
                return None

    def plan(self, wanted: tuple[int, ...], noises: tuple[str, ...]) -> UnitPlan:
        found = -1
        while found != len(self.steps):
            found = len(self.steps)
            for i in range(len(self.worlds.instances)):
                self._visit(i)
        unknown = [self._why(i) for i in wanted if i not in self.known]
        unknown += [self._why_noise(n) for n in noises if n not in self.shown]
        unchecked = [why for i in sorted(self.worlds.fixed) if i not in self.accounted and (why := self._account(i))]
        unchecked += self._tied()
        supports = {n: self._support(n) for n in self.shown if n in self.model.continuous_names}
        ends = open_ends(self.worlds, self.mechanisms, self.model.domains)
        self.steps = moved(self.steps, self.worlds, self.mechanisms, self.model.domains, ends)
        steps = self._pruned(wanted, noises)
        return UnitPlan(
            self.worlds,
            steps,
            self.mechanisms,
            self.model.domains,
            supports,
            tuple(dict.fromkeys(unknown)),
            tuple(dict.fromkeys(unchecked)),
            ends,
        )

    # --- what is known ------------------------------------------------------------------------------------------------

    def _ready(self, i: int) -> bool:
        return all(not isinstance(s, int) or s in self.known for _, s in self.worlds.instances[i].slots)

    def _visit(self, i: int) -> None:
        mechanism = self.mechanisms[i]
        if mechanism is None or not self._ready(i) or (i in self.known and i not in self.worlds.fixed):
            return
        if i in self.worlds.fixed:
            if i not in self.accounted:
                self._observed(i, mechanism)
        elif (source := self._source(i, mechanism)) is not None:
            self._learn(Carry(i, source))
        elif self._noises_known(mechanism):
            self._learn(Predict(i, None if isinstance(mechanism, FiniteMap) else self._like(i)))

    def _like(self, i: int) -> int | None:
        """An instance of the variable whose value and inputs are known.

        Also where there is no noise: a compiled program may round in another way than what gave the row its value.
        """
        name = self.worlds.instances[i].variable
        if name not in self.examples:
            for k in self.worlds.fixed:
                if self.worlds.instances[k].variable == name and self._ready(k):
                    self._example(k)
        return self.examples.get(name) if isinstance(self.worlds.instances[i].mechanism, Own) else None

    def _learn(self, step: Predict | Carry) -> None:
        self.steps.append(step)
        self.known.add(step.instance)
        self._example(step.instance)

    def _observed(self, i: int, mechanism: UnitMechanism) -> None:
        """An observed instance with known inputs: it shows its noise, or agrees with it."""
        if self._noises_known(mechanism):
            self.steps.append(Compare(i))
        elif (noise := _noise_shown(mechanism)) is not None:
            self.shown[noise] = i
            self.steps.append(Abduct(i))
        else:
            return
        self.accounted.add(i)
        self._example(i)

    def _example(self, i: int) -> None:
        instance = self.worlds.instances[i]
        if isinstance(instance.mechanism, Own):
            self.examples.setdefault(instance.variable, i)

    def _noises_known(self, mechanism: UnitMechanism) -> bool:
        return not _by_law(mechanism) and all(n in self.shown for n in mechanism.noises)

    def _source(self, i: int, mechanism: UnitMechanism) -> int | None:
        """The observed instance that shows the noise of `i`, where the value can be had without the noise."""
        if not isinstance(mechanism, Transporting) or not isinstance(self.worlds.instances[i].mechanism, Own):
            return None
        source = self.shown.get(mechanism.noises[0]) if len(mechanism.noises) == 1 else None
        same = source is not None and self.worlds.instances[source].variable == self.worlds.instances[i].variable
        return source if same else None

    # --- evidence that shows no noise ---------------------------------------------------------------------------------

    def _account(self, i: int) -> str:
        """Add the step that checks evidence whose noise stays unknown; else why it cannot be checked."""
        instance, mechanism = self.worlds.instances[i], self.mechanisms[i]
        name = instance.variable
        said = f"whether {name!r} can have been observed so is not determined"
        if mechanism is None:
            return f"{said}: it is drawn afresh there"
        if tied := singular(self.model, mechanism.noises):
            return f"{said}: the joint law of {', '.join(map(repr, tied))} is singular"
        others = [self.mechanisms[k] for k in self.worlds.fixed if k != i]
        shared = next((n for n in mechanism.noises if any(m is not None and n in m.noises for m in others)), None)
        if shared is not None or any(n in self.shown for n in mechanism.noises):
            return f"{said}: its noise {shared or mechanism.noises[0]!r} serves other evidence too"
        if _by_law(mechanism) and any(m is mechanism for m in others):
            return f"{said}: it was observed in two worlds"
        if isinstance(mechanism, (FiniteMap, FiniteLaw)) and mechanism.admitted.all():
            return ""
        if isinstance(mechanism, (Linear, Invertible)) and any(
            takes_all(mechanism, self._support(n)) for n in mechanism.noises if n in self.model.continuous_names
        ):
            return ""
        if self._ready(i) and isinstance(mechanism, (FiniteLaw, FiniteMap, Conditional)):
            self.steps.append(Admit(i))
            return ""
        return f"{said}: {self._open_inputs(i) or f'its noise {listed(mechanism.noises)} is not determined'}"

    def _tied(self) -> list[str]:
        """Noises that are shown, and whose joint law lets only some of their values go together."""
        blocks = {block.names for block in self.model.continuous_noises if len(block.names) > 1}
        shown = [tuple(n for n in names if n in self.shown) for names in sorted(blocks)]
        return [
            f"whether the noises {listed(names)} can be so together is not determined: their joint law is singular"
            for names in shown
            if len(names) > 1 and singular(self.model, names)
        ]

    def _support(self, noise: str) -> Support:
        return noise_support(self.model, noise)

    # --- words --------------------------------------------------------------------------------------------------------

    def _open_inputs(self, i: int, path: tuple[int, ...] = ()) -> str:
        slots = [s for _, s in self.worlds.instances[i].slots if isinstance(s, int)]
        return next((self._why(s, path) for s in slots if s not in self.known and s not in path), "")

    def _why(self, i: int, path: tuple[int, ...] = ()) -> str:
        """Why an instance is not known: its first cause that has nothing unknown above it.

        `path` are instances that led here: one noise may be read by a cause and by its effect.
        """
        instance, mechanism = self.worlds.instances[i], self.mechanisms[i]
        path = (*path, i)
        if above := self._open_inputs(i, path):
            return above
        name = instance.variable
        if mechanism is None:
            return f"{name!r} is drawn afresh"
        if _by_law(mechanism):
            law = "a table of probabilities does" if isinstance(mechanism, FiniteLaw) else "probabilities alone do"
            return f"{name!r} has no value {self._where(i)}, and {law} not determine it"
        open_noises = [n for n in mechanism.noises if n not in self.shown]
        return f"{name!r} has no value {self._where(i)}; {self._why_noise(open_noises[0], path)}"

    def _where(self, i: int) -> str:
        observed = any(
            self.worlds.instances[k].variable == self.worlds.instances[i].variable for k in self.worlds.fixed
        )
        return "of its own in that world" if observed else "in these rows"

    def _why_noise(self, noise: str, path: tuple[int, ...] = ()) -> str:
        readers = [name for name, m in self.own.items() if noise in m.noises]
        seen = [k for k in self.worlds.fixed if self.worlds.instances[k].variable in readers]
        said = (
            f"its noise {noise!r} is not determined" if len(readers) < 2 else f"the noise {noise!r} is not determined"
        )
        for k in seen:
            mechanism, name = self.mechanisms[k], self.worlds.instances[k].variable
            if mechanism is not None and _noise_shown(mechanism) is None:
                return f"{said}: the mechanism of {name!r} does not show it"
            if why := self._open_inputs(k, path):
                return f"{said}: {name!r} was observed, but {why}"
        return said

    # --- only what is needed ------------------------------------------------------------------------------------------

    def _pruned(self, wanted: tuple[int, ...], noises: tuple[str, ...]) -> tuple[Step, ...]:
        needed, need_noise = set(wanted), set(noises)
        kept: list[Step] = []
        for step in reversed(self.steps):
            if not self._needed(step, needed, need_noise):
                continue
            kept.append(step)
            mechanism = self.mechanisms[step.instance]
            assert mechanism is not None
            sources = [s for _, s in self.worlds.instances[step.instance].slots]
            if isinstance(step, (Predict, Compare)):
                need_noise.update(mechanism.noises)
            other = step.like if isinstance(step, Predict) else step.source if isinstance(step, Carry) else None
            if isinstance(step, Move):
                sources = [slot for _, *both, _ in step.parts for slot in both]
            if other is not None:
                sources += [other, *(s for _, s in self.worlds.instances[other].slots)]
            needed.update(s for s in sources if isinstance(s, int))
        return tuple(reversed(kept))

    def _needed(self, step: Step, needed: set[int], noises: set[str]) -> bool:
        match step:
            case Compare() | Admit():
                return True
            case Predict(i) | Carry(i) | Move(i):
                return i in needed
            case Abduct(i):
                mechanism = self.mechanisms[i]
                assert mechanism is not None
                return mechanism.noises[0] in noises or not self._surely_possible(mechanism)

    def _surely_possible(self, mechanism: UnitMechanism) -> bool:
        noise = mechanism.noises[0]
        if isinstance(mechanism, (FiniteLaw, FiniteMap)) or noise not in self.model.continuous_names:
            return False
        return takes_all(mechanism, self._support(noise)) and not singular(self.model, mechanism.noises)


def _by_law(mechanism: UnitMechanism) -> bool:
    """Whether a mechanism has a law and no noise that would decide a unit."""
    return isinstance(mechanism, (FiniteLaw, NeedsCoupling))


def _noise_shown(mechanism: UnitMechanism) -> str | None:
    """The noise that an observed value and its parents determine."""
    if isinstance(mechanism, FiniteMap):
        return mechanism.noises[0] if mechanism.shown is not None else None
    return mechanism.noises[0] if isinstance(mechanism, Invertible) and len(mechanism.noises) == 1 else None


def listed(names: tuple[str, ...]) -> str:
    """Names for a message."""
    return ", ".join(map(repr, names))
