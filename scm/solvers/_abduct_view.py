"""`View`: a task as an abduction reads it: what each instance is, and what is asked, as functions of columns."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import TypeAlias

import numpy as np

from .._coupling import Coupling
from .._domain import Domain, Real
from .._errors import ScmError
from .._mechanism import Equation, Table
from .._noise import Unknown
from .._resolve import resolve_expr
from .._syntax import Const, Expr, Op, Placeholder, Var, terms
from .._worlds import Fresh, Own, Policy, Slot
from ..mechanisms._formula import Formula, column
from ..mechanisms._types import Column, Forward, NeedsCoupling
from ._abduct_finite import FiniteMap
from ._abduct_laws import NoiseLaws
from ._abduct_state import State
from ._declared import strays, unkept
from ._refusal import Refusal
from ._task import Task

Asked: TypeAlias = Callable[[State], Column]


class View:
    """What the steps of an abduction read of a task."""

    def __init__(self, task: Task) -> None:
        self.task, self.model, self.worlds = task, task.model, task.worlds
        self.laws = NoiseLaws(task.model)
        self.how = cache(self._how)
        self.ends = cache(self._ends)
        self.imposed = cache(self._imposed)

    def domain(self, name: str) -> Domain:
        """Of a variable or a noise."""
        return self.model.domains[name]

    def domain_of(self, i: int) -> Domain:
        """Of an instance."""
        return self.model.domains[self.worlds.instances[i].variable]

    def slots(self, i: int) -> tuple[tuple[str, Slot], ...]:
        """What stands in each input of an instance."""
        return self.worlds.instances[i].slots

    def read(self, state: State, slot: Slot, domain: Domain) -> Column:
        """What stands in a slot, as positions among the states of `domain` where that is finite.

        A nested intervention puts one variable's value in another's place, whose states may be in another order.
        """
        found, own = state.slot(slot, domain), self._slot_domain(slot)
        if own is None or isinstance(own, Real) or isinstance(domain, Real) or own == domain:
            return found
        place = np.array([domain.index(x) if x in domain else -1 for x in own], dtype=np.intp)
        return state.xp.asarray(place)[found]

    def _slot_domain(self, slot: Slot) -> Domain | None:
        if isinstance(slot, int):
            return self.domain_of(slot)
        return self._placeholders.get(slot) if isinstance(slot, Placeholder) else None

    @cached_property
    def _placeholders(self) -> dict[Placeholder, Domain]:
        """What the column of each placeholder is of: the variable observed, or else the one that is set."""
        found: dict[Placeholder, Domain] = {}
        for i, value in self.worlds.fixed.items():
            if isinstance(value, Placeholder):
                found.setdefault(value, self.domain_of(i))
        for x in self.worlds.instances:
            for name, slot in x.slots:
                if isinstance(slot, Placeholder):
                    found.setdefault(slot, self.domain(name))
        return found

    def own(self, i: int) -> bool:
        """Whether the instance has its variable's own mechanism."""
        return isinstance(self.worlds.instances[i].mechanism, Own)

    def _ends(self, i: int) -> Real | None:
        """The declared ends that the instance need not keep."""
        return None if i in self.worlds.fixed else unkept(self.how(i), self.domain_of(i), self.model.domains)

    def _imposed(self, i: int) -> list[tuple[str, Slot, Real]]:
        """Inputs that stand for another variable's value, which need not keep to the range of this one."""
        carriers = {v: self.worlds.instances[k].variable for k, v in self.worlds.fixed.items()}
        found: list[tuple[str, Slot, Real]] = []
        for name, slot in self.slots(i):
            carrier = self.worlds.instances[slot].variable if isinstance(slot, int) else None
            if isinstance(slot, Placeholder):
                carrier = carriers.get(slot)
            ends = None if carrier in (None, name) else strays(self.domain(carrier), self.domain(name))
            found += [] if ends is None else [(name, slot, ends)]
        return found

    def _how(self, i: int) -> Forward | FiniteMap | None:
        """What gives the instance its value; None where it has a law and no noise."""
        instance = self.worlds.instances[i]
        name = instance.variable
        match instance.mechanism:
            case Policy(expr):
                return self._policy(i, expr)
            case Fresh():
                return None
            case _:
                pass
        if name in self.model.columnar:
            return self.model.columnar[name]
        mechanism = self.model.mechanisms[name]
        if isinstance(mechanism, Table):
            return None
        inputs = {n: self.model.states[n] for n in mechanism.inputs}
        return FiniteMap(mechanism, self.model.states[name], inputs, f"the mechanism of {name!r}")

    def _policy(self, i: int, expr: Expr) -> Forward | FiniteMap:
        slots, domain = self.slots(i), self.domain_of(i)
        name = self.worlds.instances[i].variable
        scope = {n: self.domain(n) for n, _ in slots}
        states = {n: d for n, d in scope.items() if not isinstance(d, Real)}
        if len(states) == len(scope) and not isinstance(domain, Real):
            return FiniteMap(Equation(expr, tuple(scope)), domain, states, f"the policy for {name!r}")
        labels = () if isinstance(domain, Real) else domain
        reals = {n: d for n, d in scope.items() if isinstance(d, Real)}
        found = resolve_expr(expr, states, labels, f"The policy for {name!r}", reals=reals)
        return Formula(found, tuple(scope), (), domain, scope)

    def noises(self, i: int) -> tuple[str, ...]:
        """The noises that an instance reads."""
        if not self.own(i):
            return ()
        name = self.worlds.instances[i].variable
        if name in self.model.columnar:
            return self.model.columnar[name].noises
        return tuple(n for n in self.model.mechanisms[name].inputs if n in self.model.noises)

    def continuous(self, noise: str) -> bool:
        """Whether a noise is continuous."""
        return noise in self.laws.block_of

    def unknown(self, noise: str) -> bool:
        """Whether nothing is known of a noise's law."""
        return self.laws.unknown(noise) if self.continuous(noise) else isinstance(self.model.noises[noise].law, Unknown)

    def stochastic(self, i: int) -> bool:
        """Whether an instance has a law given its parents, and no noise."""
        how = self.how(i)
        return how is None or (not isinstance(how, FiniteMap) and isinstance(how, NeedsCoupling))

    def table(self, variable: str) -> tuple[Table, tuple[int, ...]] | None:
        """The table of a variable and the sizes of its inputs, where it has one."""
        found = self.model.mechanisms.get(variable)
        if not isinstance(found, Table):
            return None
        return found, tuple(len(self.model.states[n]) for n in found.inputs)

    def coupling(self, variable: str) -> Coupling | None:
        """The coupling that was granted for a variable."""
        fits = (c for c in self.task.grants if c.variables is None or variable in c.variables)
        return next(fits, None)

    # --- what is asked
    @cached_property
    def asked(self) -> Asked:
        """The value asked for; of an event, whether it holds."""
        return self._function(self.task.asked, self.task.event)

    @cached_property
    def conditions(self) -> tuple[Asked, ...]:
        """Whether each condition holds."""
        return tuple(self._function(c, True) for c in self.task.conditions)

    def condition_terms(self, place: int) -> tuple[int, ...]:
        """The instances that a condition reads."""
        return self._instances(self.task.conditions[place])

    def asked_terms(self) -> tuple[int, ...]:
        """The instances that what is asked reads."""
        return self._instances(self.task.asked)

    def _instances(self, expr: Expr) -> tuple[int, ...]:
        found = (self.worlds.terms[t] for t in terms(expr))
        return tuple(s for s in found if isinstance(s, int))

    def _function(self, expr: Expr, event: bool) -> Asked:
        names = _Names(self)
        plain = names.plain(expr)

        def value(state: State) -> Column:
            xp = state.xp
            given = {n: names.value(n, state) for n in names.slots}
            try:
                found = column(plain, given, names.scope, xp)
            except ScmError as wrong:
                raise Refusal(str(wrong)) from None
            found = xp.broadcast_to(xp.asarray(found), (state.size,))
            return found.astype(bool) if event else found.astype(float)

        return value


class _Names:
    """Plain names for the terms and placeholders of an expression."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.scope: dict[str, Domain] = {}
        self.slots: dict[str, tuple[Slot, Domain]] = {}

    def value(self, name: str, state: State) -> Column:
        slot, domain = self.slots[name]
        if isinstance(slot, int) and slot in self.view.worlds.fixed:
            slot = self.view.worlds.fixed[slot]
        return self.view.read(state, slot, domain)

    def plain(self, expr: Expr) -> Expr:
        """The expression over plain names; finite variables compared with one another go by position."""
        if isinstance(expr, Op):
            if expr.op in ("=", "!=", "in") and (domain := self._shared(expr)) is not None:
                return Op(expr.op, tuple(self._leaf(a, domain, by_position=True) for a in expr.args))
            return Op(expr.op, tuple(self.plain(a) for a in expr.args))
        return self._leaf(expr, Real(), by_position=False)

    def _shared(self, expr: Op) -> Domain | None:
        """The states that all terms of a comparison have, where a term or placeholder is compared with a term."""
        domains = {self.view.domain(a.name) for a in expr.args if isinstance(a, Var)}
        several = sum(isinstance(a, (Var, Placeholder)) for a in expr.args) > 1
        leaves = all(isinstance(a, (Var, Placeholder, Const)) for a in expr.args)
        if not several or not leaves or len(domains) != 1:
            return None
        (domain,) = domains
        return None if isinstance(domain, Real) else domain

    def _leaf(self, expr: Expr, domain: Domain, *, by_position: bool) -> Expr:
        if isinstance(expr, Var):
            domain = self.view.domain(expr.name)
            slot: Slot = self.view.worlds.terms[expr]
        elif isinstance(expr, Placeholder):
            slot = expr
        elif by_position and isinstance(expr, Const) and not isinstance(domain, Real):
            return Const(domain.index(expr.value) if expr.value in domain else -1)
        else:
            return expr
        name = f"t{len(self.slots)}"
        self.slots[name] = (slot, domain)
        self.scope[name] = tuple(range(len(domain))) if by_position and not isinstance(domain, Real) else domain
        return Var(name)
