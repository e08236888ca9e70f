"""Every instance of the worlds as pieces of affine functions of known columns and noises, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from .._syntax import Expr, Var
from .._worlds import Fixed, Fresh, Instance, Own, Policy
from ..mechanisms._additive import Stretched
from ..mechanisms._formula import Formula
from ..mechanisms._maps import BoundMap, is_expr
from ..mechanisms._threshold import CutScore
from ..mechanisms._types import Linear
from ._gaussian_censored import has_cases, seen_as
from ._gaussian_finite import check_possible
from ._gaussian_noise import loadings
from ._gaussian_pieces import Algebra, Event, Pieces, Truth
from ._gaussian_space import EPS, Form, Space
from ._gaussian_terms import Cut, Leaf, Lookup, State, Terms
from ._refusal import Refusal
from ._task import Task


@dataclass
class System(Terms):
    """The worlds of one task as linear equations.

    Attributes:
        noises: every noise that is read.
        odd: sources of noise that are not normal, and why not.
        evidence: forms that are zero.
        events: what the evidence on finite variables, and on censored ones, says of continuous ones.
        doubtful: rows in which a density of some evidence was left out beside a probability.
    """

    noises: Mapping[str, Form] = field(default_factory=lambda: {})
    odd: Mapping[int, str] = field(default_factory=lambda: {})
    evidence: list[Form] = field(default_factory=lambda: [])
    events: list[Event] = field(default_factory=lambda: [])
    doubtful: Truth | Literal[False] = False

    def check_posed(self, defined: Truth) -> None:
        """That evidence which is impossible was not made so by what was left out of it.

        Raises:
            Refusal: it may have been.
        """
        wrong = self.doubtful & ~defined
        if np.any(wrong):
            raise Refusal(
                f"a value in row {int(np.argmax(wrong)) + 1} has a probability in one case and a density in another, "
                "and the other evidence leaves only the density"
            )

    def check_normal(self, forms: Iterable[Form]) -> None:
        """That more than two moments of what forms vary with are known.

        Raises:
            Refusal: names the noise that is not normal.
        """
        for form in forms:
            for k, why in self.odd.items():
                if form.noise[k]:
                    raise Refusal(why)

    def add(self, place: int, instance: Instance) -> None:
        """Work out one instance, and what its evidence says."""
        model, fixed = self.task.model, self.task.worlds.fixed.get(place)
        slots = dict(instance.slots)

        def lookup(var: Var) -> Leaf:
            if var.name in slots:
                return self.slot(var.name, slots[var.name])
            if var.name in self.noises:
                return self.algebra.of(self.noises[var.name])
            raise Refusal(f"{instance.variable!r} reads the finite noise {var.name!r}, which is not known")

        finite = instance.variable in model.states
        match instance.mechanism:
            case Own():
                if instance.variable not in model.columnar:
                    self._finite(place, fixed)
                    return
                found = self._own(instance.variable, lookup)
            case Policy(expr):
                if finite and any(isinstance(s, str) for s in model.states[instance.variable]):
                    self._finite(place, fixed)
                    return
                found = self.number(expr, lookup)
            case Fresh():
                self._finite(place, fixed)
                return
        self.numbers.append(found)
        if fixed is not None:
            self._observe(instance.variable, found, fixed, finite)

    def _finite(self, place: int, fixed: Fixed | None) -> None:
        if fixed is not None:
            check_possible(self.task, place, fixed)
        self.numbers.append(None)

    def _own(self, variable: str, lookup: Lookup) -> Leaf:
        """A variable by its own mechanism."""
        mechanism = self.task.model.columnar[variable]
        if isinstance(mechanism, Linear):
            affine = mechanism.affine()
            read = [(x, self.as_number(lookup(Var(name)))) for name, x in affine.coefficients.items()]
            return self.algebra.weighted([(1.0, self.algebra.number(affine.constant)), *read])
        if isinstance(mechanism, Formula):
            return self.number(mechanism.expr, lookup)
        if isinstance(mechanism, Stretched | CutScore):
            noise = self.as_number(lookup(Var(mechanism.noises[0])))
            if isinstance(mechanism, CutScore):
                latent = self.algebra.add((self._map(variable, mechanism.score, lookup), noise))
                return Cut(latent, mechanism.cuts, mechanism.domain)
            if mechanism.scale is not None:
                noise = self.algebra.multiply((self._map(variable, mechanism.scale, lookup), noise))
            if mechanism.shift is None:
                return noise
            return self.algebra.add((self._map(variable, mechanism.shift, lookup), noise))
        raise Refusal(_not_linear(variable))

    def _map(self, variable: str, found: BoundMap, lookup: Lookup) -> Pieces:
        """A map of parents; a Python function where they are known."""
        if is_expr(found.given):
            return self.number(cast(Expr, found.given), lookup)
        columns: dict[str, NDArray[Any]] = {}
        for parent in found.parents:
            leaf = lookup(Var(parent))
            known = self.algebra.known(leaf) if isinstance(leaf, tuple) else None
            if isinstance(leaf, State):
                columns[parent] = np.broadcast_to(np.asarray(leaf.codes), (self.space.rows,))
            elif known is not None:
                columns[parent] = known
            else:
                raise Refusal(f"{found.where} is a function of {parent!r}, which is not known")
        value = np.broadcast_to(np.asarray(found(columns, np), dtype=np.float64), (self.space.rows,))
        if not np.isfinite(value).all():
            row = int(np.argmin(np.isfinite(value)))
            raise Refusal(f"{found.where} is {value[row]} in row {row + 1}, so that {variable!r} has no value")
        return self.algebra.of(self.space.column(value))

    def _observe(self, variable: str, found: Leaf, fixed: Fixed, finite: bool) -> None:
        if finite:
            self.events.append(self.equal(found, self.value(variable, fixed)))
            return
        value = self.algebra.affine(self.as_number(self.value(variable, fixed)), variable)
        number, what = self.as_number(found), f"{variable!r}, which is observed,"
        if has_cases(number):
            seen = seen_as(self.algebra, number, value, what)
            self.evidence += seen.evidence
            self.events += seen.events
            self.doubtful = self.doubtful | seen.doubtful
            return
        form = self.algebra.affine(number, what)
        self.evidence.append(self.space.combine([(1.0, form), (-1.0, value)]))


def _not_linear(variable: str) -> str:
    return f"the mechanism of {variable!r} is not linear"


def build_system(task: Task) -> System:
    """The linear equations of a task.

    Raises:
        Refusal: names the first mechanism or noise that is not linear or not normal.
        RowsDiffer: a coefficient differs between rows.
    """
    for name, column in task.columns.items():
        if np.asarray(column).dtype.kind == "f" and not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column)))
            raise Refusal(f"?{name} is {column[row]} in row {row + 1}; finite numbers are wanted")
    model = task.model
    read: dict[str, None] = {}
    for instance in task.worlds.instances:
        if isinstance(instance.mechanism, Own) and instance.variable in model.columnar:
            mechanism = model.columnar[instance.variable]
            if not isinstance(mechanism, (Formula, Linear, Stretched, CutScore)):
                raise Refusal(_not_linear(instance.variable))
            read |= dict.fromkeys(mechanism.noises)
    known = loadings(model, read)
    space = Space(task.rows, known.count, (16 + 2 * len(task.worlds.instances)) * EPS)
    noises = {name: space.noise(*found) for name, found in known.of.items()}
    system = System(task, space, Algebra(space), noises=noises, odd=known.odd)
    for place, instance in enumerate(task.worlds.instances):
        system.add(place, instance)
    return system
