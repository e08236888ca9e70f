"""Events, expressions and equations: one small closed syntax, shared by queries, equations and policies.

An expression is a constant, a placeholder, a counterfactual term (`Var`, a variable in a world) or an operation. A
world is a set of assignments; the empty world is the factual one. Text and LaTeX are printed from here, parsed in
`_parse`; `parse(print(x)) == x`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from ._errors import InvalidQuery

Value: TypeAlias = bool | int | float | str
"""A state of a variable. `True` and `1` are the same state, as in Python."""
Operator: TypeAlias = Literal[
    "and", "or", "xor", "not", "=", "!=", "<", "<=", ">", ">=", "in", "+", "*", "/", "**", "neg", "if",
    "min", "max", "abs", "exp", "log", "sqrt", "tanh", "sin", "cos",
]  # fmt: skip
FUNCTIONS = ("exp", "log", "sqrt", "tanh", "sin", "cos")
"""Functions of one number. Their names are names like any other where no bracket follows."""
BOOLEAN_OPERATORS = frozenset({"and", "or", "xor", "not", "=", "!=", "<", "<=", ">", ">=", "in"})
"""Operations that give a truth value."""
ASSOCIATIVE = frozenset({"and", "or", "+", "*"})
KEYWORDS = frozenset(
    ["and", "or", "not", "xor", "if", "else", "in", "do", "min", "max", "abs", "True", "False", "true", "false"]
)
MAX_DEPTH = 60
"""Deepest nesting of an expression or world that is accepted."""
MAX_NUMBER = 1e15
"""Numbers past this are refused: a hostile equation must not grow integers without end."""

NAMELESS = "A bare ? takes the name of the variable beside it; here write ?name."


@dataclass(frozen=True, slots=True)
class Const:
    """A state: a number, a truth value or a label. `True` and `1` are the same state, as in Python."""

    value: Value


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value that each row of data fills in: `?x`."""

    name: str


@dataclass(frozen=True, slots=True)
class Var:
    """A variable in a world: `Y[X=1]` is the value Y would have had, had X been 1. Inside equations also a noise."""

    name: str
    world: World = ()


@dataclass(frozen=True, slots=True)
class Op:
    """An operation. Nested associative ones of one kind are one operation: `(a and b) and c` is `a and b and c`."""

    op: Operator
    args: tuple[Expr, ...]

    def __post_init__(self) -> None:
        """Flatten nested associative operations, so that equal expressions are equal values."""
        if self.op in ASSOCIATIVE and self.op in [a.op for a in self.args if isinstance(a, Op)]:
            flat: list[Expr] = []
            for a in self.args:
                flat.extend(a.args if isinstance(a, Op) and a.op == self.op else (a,))
            object.__setattr__(self, "args", tuple(flat))


Expr: TypeAlias = Const | Placeholder | Var | Op
"""An event, a formula or an equation's right side."""


@dataclass(frozen=True, slots=True)
class Set:
    """`target = value`: impose a constant, a placeholder or (nested) the value a term takes in its own world.

    With `parent`, only the edge `parent -> target` carries the value: `target`'s other parents, and the other children
    of `parent`, are untouched.
    """

    target: str
    value: Const | Placeholder | Var
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Soft:
    """`target := expr`: a policy of variables *in the same world*; `target` in it means its natural value."""

    target: str
    value: Expr
    parent: str | None = None


Law: TypeAlias = tuple[tuple[Value, float], ...]
"""States with their probabilities."""


@dataclass(frozen=True, slots=True)
class Draw:
    """`target ~ law`: a stochastic intervention, drawn afresh.

    `cases` are (condition, law) pairs, the last without a condition. A `policy` name stands for cases that `bind`
    supplies.
    """

    target: str
    cases: tuple[tuple[Expr | None, Law], ...]
    parent: str | None = None
    policy: str | None = None


Assignment: TypeAlias = Set | Soft | Draw
World: TypeAlias = tuple[Assignment, ...]
"""What is imposed, in canonical order (see `world`); the empty world is the factual one."""


def world(*assignments: Assignment) -> World:
    """The world where all `assignments` hold, in canonical order.

    Raises:
        InvalidQuery: two different assignments to one target.
    """
    if len(assignments) < 2:
        return assignments
    unique = dict.fromkeys(assignments)
    seen: dict[tuple[str, str | None], Assignment] = {}
    for item in unique:
        key = (item.target, item.parent)
        if key in seen:
            where = target_text(item)
            raise InvalidQuery(
                f"One world sets {where} twice: {print_assignment(seen[key])} and {print_assignment(item)}. "
                "Keep one, or write two terms, one for each world."
            )
        seen[key] = item
    return tuple(sorted(unique, key=lambda a: (a.target, a.parent or "")))


def carrier_of(assignment: Assignment) -> str:
    """The variable whose value the assignment replaces: the target, or the parent at the end of an edge."""
    return assignment.target if assignment.parent is None else assignment.parent


def conjunction(*parts: Expr) -> Expr:
    """All of `parts`; one part is itself."""
    return parts[0] if len(parts) == 1 else Op("and", parts)


def conjuncts(event: Expr | None) -> tuple[Expr, ...]:
    """The parts that must all hold."""
    if event is None:
        return ()
    return event.args if isinstance(event, Op) and event.op == "and" else (event,)


def children(expr: Expr) -> tuple[Expr, ...]:
    """Direct sub-expressions, those inside worlds included."""
    match expr:
        case Op(_, args):
            return args
        case Var(_, assignments):
            return tuple(part for a in assignments for part in assignment_parts(a))
        case Const() | Placeholder():
            return ()
        case _:
            assert_never(expr)


def assignment_parts(assignment: Assignment) -> tuple[Expr, ...]:
    """Expressions inside an assignment."""
    match assignment:
        case Set(_, value) | Soft(_, value):
            return (value,)
        case Draw(_, cases):
            return tuple(condition for condition, _ in cases if condition is not None)
        case _:
            assert_never(assignment)


def walk(expr: Expr) -> Iterator[Expr]:
    """Every sub-expression, worlds included, without recursion."""
    found: list[Expr] = []
    stack = [expr]
    while stack:
        node = stack.pop()
        found.append(node)
        if isinstance(node, Op):
            stack.extend(reversed(node.args))
        elif isinstance(node, Var) and node.world:
            stack.extend(reversed(children(node)))
    return iter(found)


def depth(expr: Expr) -> int:
    """How deep `expr` is nested (no recursion, so that a hostile text cannot exhaust the stack)."""
    deepest, level = 0, [expr]
    while level:
        deepest += 1
        level = [part for node in level for part in children(node)]
        if deepest > MAX_DEPTH:
            break
    return deepest


def leaves(expr: Expr) -> list[Var]:
    """The counterfactual terms of `expr`, in order, as often as they occur; terms nested in worlds are not listed."""
    found: list[Var] = []
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Var):
            found.append(node)
        elif isinstance(node, Op):
            stack.extend(reversed(node.args))
    return found


def terms(expr: Expr) -> tuple[Var, ...]:
    """The counterfactual terms of `expr`, in order, each once; terms nested in worlds are not listed."""
    return (expr,) if isinstance(expr, Var) else tuple(dict.fromkeys(leaves(expr)))


def substitute(expr: Expr, replace: Callable[[Const | Placeholder | Var], Expr]) -> Expr:
    """`expr` with every leaf replaced; worlds are left to `replace`."""
    if isinstance(expr, Op):
        return Op(expr.op, tuple(substitute(arg, replace) for arg in expr.args))
    return replace(expr)


# ---------------------------------------------------------------------------------------------------------------------
# Text

_PLAIN = re.compile(r"[^\W\d](?:(?!_\{)\w)*\Z")
_LEVEL: dict[str, int] = {
    "if": 0, "or": 1, "xor": 2, "and": 3, "not": 4,
    "=": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "in": 5,
    "+": 6, "*": 7, "/": 7, "neg": 8, "**": 9, "min": 10, "max": 10, "abs": 10,
    **dict.fromkeys(FUNCTIONS, 10),
}  # fmt: skip
"""How tightly each operation binds."""


def print_name(name: str) -> str:
    """A name as query text: quoted when it has spaces or odd characters."""
    if _PLAIN.match(name) and name not in KEYWORDS:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def print_const(value: Value) -> str:
    """A state as query text."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(value)


def print_expr(expr: Expr, level: int = 0) -> str:
    """`expr` as query text; in brackets if it binds looser than `level`."""
    match expr:
        case Const(value):
            text = print_const(value)
            return f"({text})" if level > 8 and text.startswith("-") else text
        case Placeholder(name):
            return "?" + print_name(name)
        case Var(name, assignments):
            return print_name(name) + (f"[{', '.join(map(print_assignment, assignments))}]" if assignments else "")
        case Op(op, _):
            text = _print_op(expr)
            return f"({text})" if _LEVEL[op] < level else text
        case _:
            assert_never(expr)


def _print_op(expr: Op) -> str:
    op, args, level = expr.op, expr.args, _LEVEL[expr.op]
    match op:
        case "min" | "max" | "abs" | "exp" | "log" | "sqrt" | "tanh" | "sin" | "cos":
            return f"{op}({', '.join(print_expr(a) for a in args)})"
        case "**":  # to the right: a ** b ** c is a ** (b ** c), and -a ** b is -(a ** b)
            return f"{print_expr(args[0], level + 1)} ** {print_expr(args[1], level - 1)}"
        case "not":
            return f"not {print_expr(args[0], level)}"
        case "neg":
            return f"-{print_expr(args[0], level + 1)}"
        case "in":
            return f"{print_expr(args[0], level + 1)} in {{{', '.join(print_expr(a, level + 1) for a in args[1:])}}}"
        case "if":
            return f"{print_expr(args[1], 1)} if {print_expr(args[0], 1)} else {print_expr(args[2])}"
        case "+":
            head, *rest = args
            return print_expr(head, level + 1) + "".join(_print_summand(a) for a in rest)
        case _:
            return f" {op} ".join(print_expr(a, level + 1) for a in args)


def _print_summand(expr: Expr) -> str:
    if isinstance(expr, Op) and expr.op == "neg":
        return f" - {print_expr(expr.args[0], _LEVEL['+'] + 1)}"
    return f" + {print_expr(expr, _LEVEL['+'] + 1)}"


def target_text(assignment: Assignment) -> str:
    """`X`, or `X->M` for one edge."""
    target = print_name(assignment.target)
    return f"{print_name(assignment.parent)}->{target}" if assignment.parent is not None else target


def print_assignment(assignment: Assignment) -> str:
    """One assignment of a world as query text."""
    target = target_text(assignment)
    match assignment:
        case Set(_, value):
            return f"{target}={print_expr(value, 6)}"
        case Soft(_, value):
            return f"{target} := {print_expr(value)}"
        case Draw(_, cases, _, policy):
            return f"{target} ~ {print_name(policy) if policy is not None else _print_cases(cases)}"
        case _:
            assert_never(assignment)


def _print_cases(cases: tuple[tuple[Expr | None, Law], ...]) -> str:
    parts: list[str] = []
    for condition, law in cases:
        text = "{" + ", ".join(f"{print_const(value)}: {p!r}" for value, p in law) + "}"
        parts.append(text if condition is None else f"{text} if {print_expr(condition, 1)} else ")
    return "".join(parts)
