"""Every instance of the worlds as pieces of affine functions of known columns and normal noises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._domain import Domain, Real
from .._syntax import Const, Expr, Op, Operator, Placeholder, Value, Var, print_expr
from .._worlds import Fixed, Fresh, Instance, Own, Policy, Slot
from ..mechanisms._formula import Formula, InvertibleFormula
from ..mechanisms._types import Linear
from ._gaussian_finite import check_possible
from ._gaussian_noise import loadings
from ._gaussian_pieces import Algebra, Event, Known, Pieces, joined, negated
from ._gaussian_space import EPS, Form, Space
from ._refusal import Refusal
from ._task import Task


@dataclass(frozen=True, eq=False)
class State:
    """A finite variable whose state is known.

    Attributes:
        codes: position among the states, one for all rows or one each.
        key: tells two of them apart.
    """

    codes: int | NDArray[np.intp]
    states: tuple[Value, ...]
    key: str


Leaf: TypeAlias = "Pieces | State"
Lookup: TypeAlias = Callable[[Var], Leaf]

_BOOLEAN = frozenset({"and", "or", "xor", "not", "=", "!=", "<", "<=", ">", ">=", "in"})
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "sin": np.sin, "cos": np.cos,
    "/": np.divide, "**": np.power,
}  # fmt: skip


@dataclass
class System:
    """The worlds of one task as linear equations.

    Attributes:
        numbers: of each instance; None for a finite one that is given by a table.
        odd: sources of noise that are not normal, and why not.
        evidence: forms that are zero.
        events: what the evidence on finite variables says of continuous ones.
    """

    task: Task
    space: Space
    algebra: Algebra
    noises: Mapping[str, Form]
    odd: Mapping[int, str]
    numbers: list[Pieces | None] = field(default_factory=lambda: [])
    evidence: list[Form] = field(default_factory=lambda: [])
    events: list[Event] = field(default_factory=lambda: [])

    def check_normal(self, forms: Iterable[Form]) -> None:
        """That more than two moments of what forms vary with are known.

        Raises:
            Refusal: names the noise that is not normal.
        """
        for form in forms:
            for k, why in self.odd.items():
                if form.noise[k]:
                    raise Refusal(why)

    # -----------------------------------------------------------------------------------------------------------------
    # Leaves

    def placeholder(self, name: str, domain: Domain | None = None) -> Leaf:
        """A column that the rows bring."""
        column = self.task.columns.get(name)
        if column is None:
            raise Refusal(f"the placeholder ?{name} has no value")
        if isinstance(domain, tuple):
            return State(np.asarray(column, dtype=np.intp), domain, name)
        return self.algebra.of(self.space.column(column, ("placeholder", name)))

    def value(self, variable: str, value: Fixed) -> Leaf:
        """A value of a variable that is imposed on it or observed."""
        domain = self.task.model.domains[variable]
        if isinstance(value, Placeholder):
            return self.placeholder(value.name, domain)
        if isinstance(domain, Real):
            return self.algebra.number(float(value.value))
        return State(domain.index(value.value), domain, repr(value.value))

    def slot(self, variable: str, slot: Slot) -> Leaf:
        """What stands in a slot; an observed instance is its value."""
        if not isinstance(slot, int):
            return self.value(variable, slot)
        if slot in self.task.worlds.fixed:
            return self.value(variable, self.task.worlds.fixed[slot])
        found = self.numbers[slot]
        if found is None:
            raise Refusal(f"{self.task.worlds.instances[slot].variable!r} is finite, and its value is not known")
        return found

    def term(self, var: Var) -> Leaf:
        """A term of the query."""
        return self.slot(var.name, self.task.worlds.terms[var])

    def as_number(self, leaf: Leaf) -> Pieces:
        """A leaf in arithmetic."""
        if not isinstance(leaf, State):
            return leaf
        if any(isinstance(s, str) for s in leaf.states):
            raise Refusal(f"a variable with the labels {leaf.states} stands where a number is wanted")
        numbers = np.array([float(s) for s in leaf.states])
        if isinstance(leaf.codes, int):
            return self.algebra.number(float(numbers[leaf.codes]))
        return self.algebra.of(self.space.column(numbers[leaf.codes], ("state", leaf.key, leaf.states)))

    # -----------------------------------------------------------------------------------------------------------------
    # Expressions

    def number(self, expr: Expr, lookup: Lookup) -> Pieces:
        """An expression as a number.

        Raises:
            Refusal: an operation that leaves what is normal.
        """
        match expr:
            case Const(value):
                if isinstance(value, str):
                    raise Refusal(f"the label {value!r} stands where a number is wanted")
                return self.algebra.number(float(value))
            case Placeholder(name):
                return self.as_number(self.placeholder(name))
            case Var():
                return self.as_number(lookup(expr))
            case Op(op, args):
                if op in _BOOLEAN:
                    return self.algebra.truth(self.event(expr, lookup))
                if op == "if":
                    chosen = [self.number(a, lookup) for a in args[1:]]
                    return self.algebra.choose(self.event(args[0], lookup), chosen[0], chosen[1])
                return self._arithmetic(expr, [self.number(a, lookup) for a in args])

    def _arithmetic(self, expr: Op, args: list[Pieces]) -> Pieces:
        algebra, op = self.algebra, str(expr.op)
        match op:
            case "+":
                return algebra.add(args)
            case "*":
                return algebra.multiply(args)
            case "neg":
                return algebra.scale(args[0], -1.0)
            case "abs":
                return algebra.choose(
                    algebra.compare("<", args[0], algebra.number(0.0)), algebra.scale(args[0], -1.0), args[0]
                )
            case "min" | "max":
                found = args[0]
                for other in args[1:]:
                    found = algebra.choose(algebra.compare("<" if op == "min" else ">", other, found), other, found)
                return found
            case _:
                return self._function(expr, op, args)

    def _function(self, expr: Op, op: str, args: list[Pieces]) -> Pieces:
        """A function that is worked out where its arguments are known; a quotient also where its divisor is."""
        algebra = self.algebra
        known = [algebra.known(a) for a in args]
        last = known[-1]
        if op == "/" and last is not None and (last == last[:1]).all() and last[0] != 0:
            return algebra.scale(args[0], 1.0 / float(last[0]))
        whole = op == "**" and last is not None and (last == last[:1]).all() and float(last[0]) in range(1, 9)
        if whole and known[0] is None and last is not None:
            return algebra.multiply([args[0]] * int(last[0]))
        if op == "/" and last is not None:
            inverse = algebra.of(self.space.column(self._applied(expr, op, [np.ones(self.space.rows), last])))
            return algebra.multiply([args[0], inverse])
        columns = [k for k in known if k is not None]
        if len(columns) < len(args) or op not in _FUNCTIONS:
            raise Refusal(f"{print_expr(expr)[:80]} is not linear in what is not known")
        return algebra.of(self.space.column(self._applied(expr, op, columns)))

    def _applied(self, expr: Op, op: str, columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            found = _FUNCTIONS[op](*columns)
        if not np.isfinite(found).all():
            row = int(np.argmin(np.isfinite(found)))
            raise Refusal(f"{print_expr(expr)[:80]} is {found[row]} in row {row + 1}")
        return found

    def event(self, expr: Expr, lookup: Lookup) -> Event:
        """An expression as an event."""
        match expr:
            case Const(value):
                return Known(np.full(self.space.rows, bool(value)))
            case Op("not", (part,)):
                return negated(self.event(part, lookup))
            case Op(("and" | "or" | "xor") as op, args):
                return joined(op, [self.event(a, lookup) for a in args])
            case Op(("=" | "!=" | "in" | "<" | "<=" | ">" | ">=") as op, args):
                return self._comparison(str(op), args, lookup)
            case Op("if", (condition, yes, no)):
                when = self.event(condition, lookup)
                first = joined("and", [when, self.event(yes, lookup)])
                return joined("or", [first, joined("and", [negated(when), self.event(no, lookup)])])
            case _:
                return self.algebra.compare("!=", self.number(expr, lookup), self.algebra.number(0.0))

    def _comparison(self, op: str, args: tuple[Expr, ...], lookup: Lookup) -> Event:
        first, *others = args
        if op == "!=":
            return negated(self._comparison("=", args, lookup))
        if op in ("=", "in"):
            return joined("or", [self._equal(first, other, lookup) for other in others])
        taken = apart(op, first, others[0])
        if taken is not None:
            return self.event(taken, lookup)
        left, right = (self._side(one, other, lookup) for one, other in ((first, others[0]), (others[0], first)))
        return self.algebra.compare(op, self.as_number(left), self.as_number(right))

    def _equal(self, one: Expr, other: Expr, lookup: Lookup) -> Event:
        left, right = self._side(one, other, lookup), self._side(other, one, lookup)
        if isinstance(left, State) and isinstance(right, State):
            places = {s: k for k, s in enumerate(left.states)}
            theirs = np.array([places.get(s, -1) for s in right.states], dtype=np.intp)
            same = np.asarray(left.codes) == theirs[right.codes]
            return Known(np.broadcast_to(same, (self.space.rows,)))
        return self.algebra.compare("=", self.as_number(left), self.as_number(right))

    def _side(self, expr: Expr, other: Expr, lookup: Lookup) -> Leaf:
        """One side of a comparison; beside a finite variable a value is one of its states."""
        if isinstance(expr, Var):
            return lookup(expr)
        domain = self.task.model.domains[other.name] if isinstance(other, Var) else None
        if isinstance(domain, tuple):
            if isinstance(expr, Placeholder):
                return self.placeholder(expr.name, domain)
            if isinstance(expr, Const) and expr.value in domain:
                return State(domain.index(expr.value), domain, repr(expr.value))
        return self.number(expr, lookup)

    # -----------------------------------------------------------------------------------------------------------------
    # Instances

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

    def _own(self, variable: str, lookup: Lookup) -> Pieces:
        mechanism = self.task.model.columnar[variable]
        if isinstance(mechanism, Formula | InvertibleFormula):
            return self.number(mechanism.expr, lookup)
        if not isinstance(mechanism, Linear):
            raise Refusal(f"the mechanism of {variable!r} ({type(mechanism).__name__}) is not linear")
        affine = mechanism.affine()
        parts = [self.algebra.number(affine.constant)]
        for name, coefficient in affine.coefficients.items():
            parts.append(self.algebra.scale(self.as_number(lookup(Var(name))), coefficient))
        return self.algebra.add(parts)

    def _observe(self, variable: str, found: Pieces, fixed: Fixed, finite: bool) -> None:
        observed = self.as_number(self.value(variable, fixed))
        if finite:
            self.events.append(self.algebra.compare("=", found, observed))
            return
        form = self.algebra.affine(found, f"{variable!r}, which is observed,")
        value = self.algebra.affine(observed, variable)
        self.evidence.append(self.space.combine([(1.0, form), (-1.0, value)]))


_MIRRORED: Mapping[str, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def apart(op: str, left: Expr, right: Expr) -> Expr | None:
    """An order of a least, greatest or absolute value as orders of what is in it; None where there is none.

    Cases would compare those with one another too, and so speak of more combinations than the event does.
    """
    own: Operator = _MIRRORED[_MIRRORED[op]]
    match left, right:
        case Op(("min" | "max") as outer, args), _:
            every = (outer == "min") == (op in (">", ">="))
            return Op("and" if every else "or", tuple(Op(own, (arg, right)) for arg in args))
        case Op("abs", (arg,)), _:
            both_sides = (Op(own, (arg, right)), Op(own, (Op("neg", (arg,)), right)))
            return Op("and" if op in ("<", "<=") else "or", both_sides)
        case _, Op(("min" | "max" | "abs"), _):
            return apart(_MIRRORED[op], right, left)
        case _:
            return None


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
            if not isinstance(mechanism, (Formula, InvertibleFormula, Linear)):
                raise Refusal(f"the mechanism of {instance.variable!r} ({type(mechanism).__name__}) is not linear")
            read |= dict.fromkeys(mechanism.noises)
    known = loadings(model, read)
    space = Space(task.rows, known.count, (16 + 2 * len(task.worlds.instances)) * EPS)
    noises = {name: space.noise(*found) for name, found in known.of.items()}
    system = System(task, space, Algebra(space), noises, known.odd)
    for place, instance in enumerate(task.worlds.instances):
        system.add(place, instance)
    return system
