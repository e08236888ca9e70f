"""Events, formulas and quantities as plain words that can be read in one way only.

Names stand in double quotes and labels in single ones, whatever joins others stands in brackets where it is itself
joined, and what is so and what would be are told apart in every fact: `"Y" is 1`, `"Y" would be 1 if "X" were set to
1`. Expressions that mean different things have different words.
"""

from __future__ import annotations

from collections.abc import Iterable

from scm import (
    Const,
    Contrast,
    Correlation,
    Distribution,
    Draw,
    Expectation,
    Expr,
    Number,
    Op,
    Placeholder,
    Probability,
    Quantity,
    Query,
    Set,
    Soft,
    Value,
    Var,
    World,
    conjuncts,
    print_assignment,
    walk,
)

_COMPARED = {
    "=": "equals",
    "!=": "does not equal",
    "<": "is less than",
    "<=": "is at most",
    ">": "is greater than",
    ">=": "is at least",
}
_JOINED = {"+": "plus", "*": "times", "/": "divided by", "**": "to the power of"}
_CALLED = {"min": "the least of", "max": "the greatest of", "abs": "the size of"}
_APPLIED = {
    "exp": "e to the power of", "log": "the natural logarithm of", "sqrt": "the square root of",
    "tanh": "the hyperbolic tangent of", "sin": "the sine of", "cos": "the cosine of",
}  # fmt: skip
_CONTRAST = {"-": "minus", "+": "plus", "*": "times", "/": "divided by"}
_LOGIC = frozenset({"and", "or", "xor", "not", "=", "!=", "<", "<=", ">", ">=", "in"})


def quoted(text: str, mark: str = '"') -> str:
    """`text` in quotes, with quotes inside and characters that cannot be seen escaped."""
    inner = "".join(f"\\{c}" if c in (mark, "\\") else c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)
    return f"{mark}{inner}{mark}"


def state(value: Value) -> str:
    """A state: true, false, a number, or a label in single quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value, "'") if isinstance(value, str) else repr(value)


def fact(event: Expr) -> str:
    """An expression that is true or false, as a clause."""
    match event:
        case Var(name, there):
            return _clause(name, "true", there)
        case Op("not", (Var(name, there),)):
            return _clause(name, "not true", there)
        case Op("=" | "!=" as op, (Var(name, there), Const(value))):
            return _clause(name, f"{'' if op == '=' else 'other than '}{state(value)}", there)
        case Op("in", (Var(name, there), *rest)) if all(isinstance(a, Const) for a in rest):
            return _clause(name, f"one of {_listed(a.value for a in rest if isinstance(a, Const))}", there)
        case Const(bool() as value):
            return "nothing is asked" if value else "the impossible happens"
        case Op():
            return _joined(event)
        case _:
            return f"{amount(event)} counts as true"


def _joined(event: Op) -> str:
    match event:
        case Op("not", (part,)):
            return f"it is not so that {_bracketed(part)}"
        case Op("and" | "or" as op, parts):
            return f" {op} ".join(map(_bracketed, parts))
        case Op("xor", parts):
            return f"an odd number of these hold: {', '.join(map(_bracketed, parts))}"
        case Op(op, (left, right)) if op in _COMPARED:
            return f"{amount(left)} {_COMPARED[op]} {amount(right)}"
        case Op("in", (first, *rest)):
            return f"{amount(first)} is one of [{', '.join(map(amount, rest))}]"
        case Op("if", (condition, then, other)):
            return f"if {_bracketed(condition)} then {_bracketed(then)} and otherwise {_bracketed(other)}"
        case _:
            return f"{amount(event)} counts as true"


def _bracketed(part: Expr) -> str:
    told = fact(part)
    return told if _simple(part) else f"({told})"


def _simple(part: Expr) -> bool:
    """Whether the words of `part` need no brackets: a fact of the world as it is."""
    match part:
        case Var(_, there) | Op("not", (Var(_, there),)) | Op("=" | "!=", (Var(_, there), Const())):
            return not there
        case _:
            return False


def _clause(name: str, what: str, there: World) -> str:
    if not there:
        return f"{quoted(name)} is {what}"
    return f"{quoted(name)} would be {what} if {_imposed(there)}"


def amount(expr: Expr) -> str:
    """An expression that has a value."""
    match expr:
        case Const(value):
            return state(value)
        case Placeholder(name):
            return f"the open value {quoted(name)}"
        case Var(name, there):
            return quoted(name) if not there else f"(what {quoted(name)} would be if {_imposed(there)})"
        case Op("neg", (part,)):
            return f"(minus {amount(part)})"
        case Op("min" | "max" | "abs" as op, parts):
            return f"({_CALLED[op]} [{', '.join(map(amount, parts))}])"
        case Op(op, (part,)) if op in _APPLIED:
            return f"({_APPLIED[op]} {amount(part)})"
        case Op("if", (condition, then, other)):
            return f"({amount(then)} if {_bracketed(condition)} and otherwise {amount(other)})"
        case Op(op, parts) if op in _JOINED:
            return f"({f' {_JOINED[op]} '.join(map(amount, parts))})"
        case Op():
            return f"(1 if {fact(expr)}, and 0 if not)"


def is_logical(expr: Expr) -> bool:
    """Whether an expression is true or false by its form."""
    match expr:
        case Op("if", (_, then, other)):
            return is_logical(then) and is_logical(other)
        case Op(op, _):
            return op in _LOGIC
        case Const(value):
            return isinstance(value, bool)
        case _:
            return False


def _imposed(there: World) -> str:
    return " and ".join(map(_assignment, there))


def _assignment(item: Set | Soft | Draw) -> str:
    where = quoted(item.target)
    if item.parent is not None:
        where = f"{where} as far as it answers to {quoted(item.parent)}"
    match item:
        case Set(_, value):
            verb = "were set to" if item.parent is None else "were made to answer as to"
            return f"{where} {verb} {amount(value)}"
        case Soft(_, value):
            return f"{where} were set by the rule {amount(value)}"
        case Draw():
            return f"{where} were drawn by lot, {quoted(print_assignment(item), '`')}"


def _listed(values: Iterable[Value]) -> str:
    return f"[{', '.join(map(state, values))}]"


def quantity(query: Query | Quantity) -> str:
    """A query, or what a statement is about, as a noun phrase."""
    match query:
        case Number(value):
            return repr(value)
        case Probability(event, given):
            return f"the probability that {_facts(event)}{_given(given)}"
        case Expectation(expr, given):
            return f"the average of {amount(expr)}{_given(given)}"
        case Distribution(of, given):
            return f"the chances of every state of {' with '.join(map(amount, of))}{_given(given)}"
        case Correlation(first, second, given):
            return f"the correlation of {quoted(first)} and {quoted(second)}{_given(given)}"
        case Contrast(op, left, right):
            return f"[{quantity(left)}] {_CONTRAST[op]} [{quantity(right)}]"


def _facts(event: Expr) -> str:
    parts = conjuncts(event)
    return fact(event) if len(parts) == 1 else " and ".join(map(_bracketed, parts))


def _given(given: Expr | None) -> str:
    if given is None:
        return ""
    imagined = any(isinstance(node, Var) and node.world for node in walk(given))
    return f", among cases where {'it holds' if imagined else 'it was seen'} that {_facts(given)}"
