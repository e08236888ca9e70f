"""Terms and expressions of a task as pieces of affine functions, and as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._domain import Domain, Real
from .._syntax import Const, Expr, Op, Operator, Placeholder, Value, Var, print_expr
from .._worlds import Fixed, Slot
from ._gaussian_pieces import Algebra, Event, Known, Pieces, joined, negated
from ._gaussian_space import Space
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


@dataclass(frozen=True, eq=False)
class Cut:
    """A finite variable whose state is where a number falls among cuts: state k above k of them."""

    latent: Pieces
    cuts: tuple[float, ...]
    states: tuple[Value, ...]


Leaf: TypeAlias = "Pieces | State | Cut"
Lookup: TypeAlias = Callable[[Var], Leaf]

_BOOLEAN = frozenset({"and", "or", "xor", "not", "=", "!=", "<", "<=", ">", ">=", "in"})
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "sin": np.sin, "cos": np.cos,
    "/": np.divide, "**": np.power,
}  # fmt: skip


@dataclass
class Terms:
    """What the terms of one task are.

    Attributes:
        numbers: what each instance is; None for a finite one that is given by a table.
    """

    task: Task
    space: Space
    algebra: Algebra
    numbers: list[Leaf | None] = field(default_factory=lambda: [])

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
        if isinstance(leaf, tuple):
            return leaf
        if any(isinstance(s, str) for s in leaf.states):
            raise Refusal(f"a variable with the labels {leaf.states} stands where a number is wanted")
        numbers = np.array([float(s) for s in leaf.states])
        if isinstance(leaf, Cut):
            found = self.algebra.number(float(numbers[0]))
            for cut, number in zip(leaf.cuts, numbers[1:], strict=True):
                above = self.algebra.compare(">", leaf.latent, self.algebra.number(cut))
                found = self.algebra.choose(above, self.algebra.number(float(number)), found)
            return found
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
        return self.equal(self._side(one, other, lookup), self._side(other, one, lookup))

    def equal(self, left: Leaf, right: Leaf) -> Event:
        """That two leaves are the same; labels are by their states."""
        if isinstance(left, State | Cut) and isinstance(right, State | Cut):
            mine, theirs = self._states(left), self._states(right)
            cases = [joined("and", (mine[s], theirs[s])) for s in mine if s in theirs]
            return joined("or", cases) if cases else Known(np.zeros(self.space.rows, bool))
        return self.algebra.compare("=", self.as_number(left), self.as_number(right))

    def _states(self, leaf: State | Cut) -> dict[Value, Event]:
        """When a finite variable has each of its states."""
        if isinstance(leaf, State):
            codes = np.broadcast_to(np.asarray(leaf.codes), (self.space.rows,))
            return {s: Known(codes == k) for k, s in enumerate(leaf.states)}
        above = [self.algebra.compare(">", leaf.latent, self.algebra.number(c)) for c in leaf.cuts]
        found: dict[Value, Event] = {}
        for k, s in enumerate(leaf.states):
            sides = [*(above[k - 1 : k] if k else []), *(negated(a) for a in above[k : k + 1])]
            found[s] = sides[0] if len(sides) == 1 else joined("and", sides)
        return found

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
