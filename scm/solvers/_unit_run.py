"""Carry out the steps of a plan over columns, in NumPy or traced by JAX: one function serves both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, cast

import numpy as np

from .._domain import Domain, Real
from .._errors import InvalidModel, InvalidRows, ScmError
from .._noise import plain
from .._syntax import Const, Placeholder, Value
from .._worlds import Slot
from ..mechanisms._types import Column, Conditional, Hiding, Invertible, Transporting, Vouched
from ._declared import breach_of, out_of_range, set_out_of_range, strays
from ._unit_maps import FiniteLaw, FiniteMap, UnitMechanism, look_up
from ._unit_plan import Abduct, Admit, Carry, Compare, Move, Predict, Step, UnitPlan

HIDDEN = "a mechanism gives what was seen whatever its noise, so that the noise is not known"
"""Why a unit is not determined though all is seen: X = 0 hides the noise of X * u."""


class NotShown(InvalidRows):
    """A row that does not show a noise that is needed, though all of it is there."""


AGREE = 0.6
"""Two determined values agree within the spacing of floating point to this power, relative to what they were worked out
from: 4e-10 in double precision."""


@dataclass
class UnitRun:
    """Values as they are found.

    Attributes:
        plan: whose steps are carried out.
        columns: a value for each placeholder.
        xp: the array module.
        spacing: of floating point, in the coarsest of the columns.
        values: of instances.
        noises: by name.
        defined: whether the evidence is possible, for each unit.
        changes: differences of inputs, that several values move by.
        sound: whether every mechanism gave a number for numbers, for each unit; what JAX finds by `taint` aside.
        taint: NaN where one did not, or the unit is undefined; in JAX only.
        outside: where a value was worked out, or set, outside the range its variable was declared with.
        strayed: the first such value, as an error; looked for only where it is to be told.
        hold: keeps a value that was worked out from being worked out again by each of its readers.
        hidden: units in which evidence that is possible does not show a noise that is needed; they are not sound.
        unshown: for a noise, where the evidence that was to show it does not.
    """

    plan: UnitPlan
    columns: Mapping[str, Column]
    xp: Any
    spacing: float
    values: dict[int, Column] = field(default_factory=lambda: {})
    noises: dict[str, Column] = field(default_factory=lambda: {})
    changes: dict[tuple[str, Slot, Slot], Column] = field(default_factory=lambda: {})
    defined: Any = True
    sound: Any = True
    hidden: Any = False
    unshown: dict[str, Any] = field(default_factory=lambda: {})
    taint: Any = 0.0
    outside: Any = False
    strayed: list[Callable[[int], ScmError]] | None = None
    hold: Callable[[Column], Column] = lambda value: value

    def go(self) -> UnitRun:
        """Carry out every step."""
        for step in self.plan.steps:
            self.step(step)
        return self

    def step(self, step: Step) -> None:
        """Carry out one step."""
        i = step.instance
        mechanism = self.plan.mechanisms[i]
        assert mechanism is not None
        match step:
            case Abduct():
                self._abduct(i, mechanism)
            case Predict(_, like):
                value = self._forward(i, mechanism)
                self._set(i, value if like is None else self._where_alike(i, like, value), step)
                self._need(i, mechanism)
            case Carry(_, source):
                seen = self.instance(source)
                moved = cast(Transporting, mechanism).transport(seen, self.inputs(source), self.inputs(i), self.xp)
                self._set(i, moved, step)  # (a check of a protocol takes longer than a small column)
                self._lost(self._hidden(source, mechanism), i)
            case Move(_, source, parts):
                self._set(i, self._moved(self.instance(source), parts), step)
            case Compare():
                for noise in set(self.unshown) & set(mechanism.noises):
                    self._lose(self.unshown[noise])
                self._compare(i, mechanism)
            case Admit():
                self.defined = self.defined & self._admitted(i, mechanism)

    # --- values -------------------------------------------------------------------------------------------------------

    def instance(self, i: int) -> Column:
        """The value of an instance, observed or worked out."""
        if i in self.values:
            return self.values[i]
        return self.fixed(self.plan.worlds.fixed[i], self.plan.domains[self.plan.worlds.instances[i].variable])

    def fixed(self, value: Const | Placeholder, domain: Domain) -> Column:
        """A constant, or the column of a placeholder, as a value in `domain`."""
        if isinstance(value, Placeholder):
            return self.columns[value.name]
        return constant(value.value, domain)

    def slot(self, name: str, slot: Slot) -> Column:
        """What stands in the input `name`."""
        own, domains = self.plan.domains[name], self.plan.domains
        carrier = self.plan.worlds.instances[slot].variable if isinstance(slot, int) else self.plan.carriers.get(slot)
        value = self.instance(slot) if isinstance(slot, int) else self.fixed(slot, own)
        if carrier is None or carrier == name:
            return value
        value = recoded(value, domains[carrier], own, self.xp)
        if (ends := strays(domains[carrier], own)) is not None:
            value = self._kept(value, ends, 0.0, partial(set_out_of_range, name, ends))
        return value

    def inputs(self, i: int) -> dict[str, Column]:
        """The inputs of an instance, by name."""
        return {name: self.slot(name, slot) for name, slot in self.plan.slots(i)}

    def _size(self, step: Step) -> Any:
        """How large the numbers are that a value is worked out from."""
        match step:
            case Carry(i, source):
                return abs(self.instance(source)) + self._scale(self.inputs(source)) + self._scale(self.inputs(i))
            case Move(_, source, parts):
                each = [(name, s, abs(effect)) for name, *both, effect in parts for s in both]
                return sum((abs(self.slot(n, s)) * x for n, s, x in each), start=abs(self.instance(source)))
            case _:
                mechanism = self.plan.mechanisms[step.instance]
                noises = {} if mechanism is None else {n: self.noises[n] for n in mechanism.noises}
                return self._scale(self.inputs(step.instance) | noises)

    def _forward(self, i: int, mechanism: UnitMechanism) -> Column:
        assert not isinstance(mechanism, FiniteLaw)
        return mechanism.forward(self.inputs(i) | {n: self.noises[n] for n in mechanism.noises}, self.xp)

    def _set(self, i: int, value: Column, step: Step) -> None:
        if (ends := self.plan.ends.get(i)) is not None:
            instance = self.plan.worlds.instances[i]
            value = self._kept(
                value, ends, self._size(step), lambda x, n: out_of_range(instance, ends, x, n, given=self._given(i))
            )
        value = self.values[i] = self.hold(value)
        if isinstance(self.plan.domains[self.plan.worlds.instances[i].variable], Real):
            if self.xp is not np:
                self.taint = self.taint + value * 0.0  # NaN where it is no finite number; dearer to tell one by one
            elif not np.isfinite(_square(value)):  # that is quicker than a look at each
                self.sound = self.sound & (np.isfinite(value) | np.logical_not(self.defined))
        elif not isinstance(self.plan.mechanisms[i], FiniteMap):
            # A function of the user's that gives no position among the states gives -1.
            if self.xp is not np:
                self.taint = self.taint + self.xp.where(value < 0, np.nan, 0.0)
            elif np.min(value, initial=0) < 0:
                self.sound = self.sound & ((np.asarray(value) >= 0) | np.logical_not(self.defined))

    def _given(self, i: int) -> str:
        return ", ".join(f"{k} = {plain(np.ravel(v)[0])!r}" for k, v in self.inputs(i).items())

    def _kept(self, value: Column, ends: Real, scale: Any, error: Callable[[float, int], ScmError]) -> Column:
        """A value inside its range: at an end where rounding put it past it; noted where it is farther out."""
        inside = self.xp.clip(value, ends.lower, ends.upper)
        off = abs(value - inside) > 16 * self.spacing * (abs(inside) + scale)  # False where it is NaN
        self.outside = self.outside | off
        if self.strayed is not None and np.any(off):
            self.strayed.append(partial(error, float(np.ravel(value)[0])))
        return self.xp.where(off, value, inside)

    def _moved(self, value: Column, parts: Sequence[tuple[str, Slot, Slot, float]]) -> Column:
        lost: Any = None
        for name, slot, before, effect in parts:
            # A change of nothing is +0.0 times a positive number; and x - 0.0 is x, bit for bit.
            change = self._change(name, before, slot) if effect > 0 else self._change(name, slot, before)
            step = change * abs(effect)
            lost = step if lost is None else lost + step
        return value if lost is None else value - lost

    def _change(self, name: str, slot: Slot, other: Slot) -> Column:
        key = (name, slot, other)
        if key not in self.changes:
            self.changes[key] = self.slot(name, slot) - self.slot(name, other)
        return self.changes[key]

    def _where_alike(self, i: int, like: int, value: Column) -> Column:
        alike: Any = True
        for (name, one), (_, other) in zip(self.plan.slots(i), self.plan.slots(like), strict=True):
            if one != other:
                alike = alike & (self.slot(name, one) == self.slot(name, other))
        return self.xp.where(alike, self.instance(like), value)

    # --- evidence -----------------------------------------------------------------------------------------------------

    def _abduct(self, i: int, mechanism: UnitMechanism) -> None:
        name, value, inputs = mechanism.noises[0], self.instance(i), self.inputs(i)
        if isinstance(mechanism, FiniteMap):
            assert mechanism.shown is not None
            found = look_up(mechanism.shown, [*inputs.values(), value], self.xp)
            self.defined = self.defined & (found >= 0)
            self.noises[name] = self.xp.maximum(found, 0)
            return
        mechanism = cast(Invertible, mechanism)
        self.noises[name] = found = mechanism.noise_of(value, inputs, self.xp)
        support = self.plan.supports.get(name)
        if self.xp is np and not np.isfinite(found).all():
            # No noise gives this value, or the mechanism gives no number whatever its noise.
            some = mechanism.forward(inputs | {name: np.full(np.shape(found), 0.5)}, np)
            self.sound = self.sound & (np.isfinite(found) | np.isfinite(some))
        hidden = self._hidden(i, mechanism) if self.xp is not np or np.isnan(found).any() else False
        if hidden is not False:
            self.unshown[name] = hidden
        broken = self._broken(mechanism, value, inputs)
        if support is not None:
            slack = 16 * self.spacing * (abs(value) + self._scale(inputs))
            self.defined = self.defined & (support.has(found, slack, self.xp) | hidden | broken)

    def _broken(self, mechanism: UnitMechanism, value: Column, inputs: Mapping[str, Column]) -> Any:
        """Where the inverse that a user gave is none; False for nowhere."""
        if not _vouched(type(mechanism)):
            return False
        broken = cast(Vouched, mechanism).broken(value, inputs, self.xp) & self.defined
        if self.xp is np:
            self.sound = self.sound & np.logical_not(broken)
        else:
            self.taint = self.taint + self.xp.where(broken, np.nan, 0.0)
        return broken

    def _hidden(self, i: int, mechanism: UnitMechanism) -> Any:
        """Where the parents of an observed instance give what is seen whatever its noise; False for nowhere."""
        if not _hides(type(mechanism)):
            return False
        found = cast(Hiding, mechanism).hidden(self.instance(i), self.inputs(i), self.xp)
        return False if self.xp is np and not np.any(found) else found

    def _need(self, i: int, mechanism: UnitMechanism) -> None:
        """Note where a value was worked out from a noise that is not shown."""
        for noise in set(self.unshown) & set(mechanism.noises):
            self._lost(self.unshown[noise], i)

    def _lost(self, hidden: Any, i: int) -> None:
        if hidden is False:
            return
        if isinstance(self.plan.domains[self.plan.worlds.instances[i].variable], Real):
            hidden = hidden & ~self.xp.isfinite(self.values[i])  # equal parents give what was seen, all the same
        self._lose(hidden)

    def _lose(self, hidden: Any) -> None:
        lost = hidden & self.defined
        self.hidden = self.hidden | lost
        if self.xp is np:
            self.sound = self.sound & np.logical_not(lost)
        else:
            self.taint = self.taint + self.xp.where(lost, np.nan, 0.0)

    def _scale(self, inputs: Mapping[str, Column]) -> Any:
        return sum((abs(column) for column in inputs.values()), start=0.0)

    def _compare(self, i: int, mechanism: UnitMechanism) -> None:
        seen, found = self.instance(i), self._forward(i, mechanism)
        if not isinstance(self.plan.domains[self.plan.worlds.instances[i].variable], Real):
            self.defined = self.defined & (seen == found)
            return
        parts = self.inputs(i) | {n: self.noises[n] for n in mechanism.noises}
        scale = abs(seen) + abs(found) + self._scale(parts)
        self.defined = self.defined & (abs(seen - found) <= self.spacing**AGREE * scale)

    def _admitted(self, i: int, mechanism: UnitMechanism) -> Any:
        value, inputs = self.instance(i), self.inputs(i)
        if isinstance(mechanism, (FiniteMap, FiniteLaw)):
            return look_up(mechanism.admitted, [*(inputs[n] for n in mechanism.parents), value], self.xp)
        assert isinstance(mechanism, Conditional)
        return mechanism.log_probability(value, inputs, self.xp) > -np.inf


@lru_cache(maxsize=256)
def _hides(kind: type) -> bool:
    """Whether mechanisms of this class may be deprived of their noise; to ask a protocol is slow."""
    return hasattr(kind, "hidden")


@lru_cache(maxsize=256)
def _vouched(kind: type) -> bool:
    """Whether the inverse of mechanisms of this class is the user's word."""
    return hasattr(kind, "broken")


def _square(value: Any) -> Any:
    return cast(Any, np).vdot(value, value)


def constant(value: Value, domain: Domain) -> float | int:
    """A value as columns hold it: a number, or a position among states."""
    if isinstance(domain, Real):
        return float(value)
    return next(i for i, s in enumerate(domain) if s == value and isinstance(s, str) == isinstance(value, str))


def recoded(column: Column, carrier: Domain, own: Domain, xp: Any) -> Column:
    """A column of one domain as a column of another."""
    if carrier == own or isinstance(carrier, Real) or isinstance(own, Real):
        return column
    at = np.array([constant(s, own) if s in own else 0 for s in carrier], dtype=np.int32)
    return look_up(at, [column], xp)


def error_of(plan: UnitPlan, columns: Mapping[str, Any], row: int, number: int) -> ScmError:
    """Why a unit whose evidence is possible has no number: a mechanism gives none, or its noise is not shown.

    Or there is one, outside the range that its variable was declared with.

    Args:
        plan: whose steps are carried out.
        columns: a value for each placeholder.
        row: which one.
        number: of the row, counted from 1.
    """
    one = {name: c if np.ndim(c) == 0 else np.asarray(c)[row : row + 1] for name, c in columns.items()}
    strayed: list[Callable[[int], ScmError]] = []
    run = UnitRun(plan, one, np, float(np.finfo(np.float64).eps), strayed=strayed)
    said = ""
    with np.errstate(all="ignore"):
        for step in plan.steps:
            run.step(step)
            if strayed and np.all(run.defined):
                return strayed[0](number)
            if not np.all(run.sound):
                if broken := _breach(plan, run, step):
                    return InvalidModel(f"Row {number}: {broken}.")
                said = _fault(plan, run, step)
                if np.any(run.hidden):
                    return NotShown(f"{HIDDEN}: {said}.", number)
                break
    said = said or "A mechanism gives no number in single precision, though it does in double precision"
    return InvalidModel(f"Row {number}: {said}. A mechanism gives a finite number for every unit that can be.")


def _breach(plan: UnitPlan, run: UnitRun, step: Step) -> str:
    """How the inverse that a user gave for the mechanism of a step is none; empty where it is one."""
    mechanism = plan.mechanisms[step.instance]
    if not isinstance(step, Abduct) or not _vouched(type(mechanism)):
        return ""
    how, value, inputs = cast(Vouched, mechanism), run.instance(step.instance), run.inputs(step.instance)
    return breach_of(how, value, inputs, 0) if np.any(how.broken(value, inputs, np)) else ""


def _fault(plan: UnitPlan, run: UnitRun, step: Step) -> str:
    i = step.instance
    name, inputs = plan.worlds.instances[i].variable, run.inputs(i)
    given = ", ".join(f"{k} = {plain(np.ravel(v)[0])!r}" for k, v in inputs.items())
    found = run.values.get(i, np.nan)
    return f"The mechanism of {name!r} gives {float(np.ravel(found)[0])!r} for {given or 'its noise alone'}"
