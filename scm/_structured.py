"""Expressions and queries as plain JSON data and back: the form for files, schemas and programs that dislike parsing.

    {"const": true}   {"var": "Y", "world": [{"set": "X", "value": {"const": 1}}]}   {"op": "and", "args": [...]}
    {"probability": <expression>, "given": <expression>}   {"contrast": "-", "left": <query>, "right": <query>}

A document may come from anyone: its depth, size, names and numbers are bounded, unknown keys are refused, and every
error names the place inside the document. `expr_from_data(expr_to_data(x)) == x`, and the same for queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, assert_never, cast, get_args

from ._document import Where, as_list, as_name, as_number, as_value, check_keys, misfit, only_kind, place, shortened
from ._errors import InvalidFile, InvalidQuery, listing, near
from ._query import Contrast, Distribution, Expectation, Number, Probability, Query
from ._syntax import (
    FUNCTIONS,
    MAX_DEPTH,
    Assignment,
    Const,
    Draw,
    Expr,
    Law,
    Op,
    Operator,
    Placeholder,
    Set,
    Soft,
    Value,
    Var,
    World,
    world,
)

Data: TypeAlias = dict[str, Any]
"""A JSON object."""

MAX_NODES = 5_000
"""Most parts (objects) of one document."""
MAX_TERMS = 4 * MAX_DEPTH
"""Longest chain of `+ - * /` between queries; as in the query text."""

_OPERATORS: tuple[str, ...] = get_args(Operator)
_ARITY: dict[str, tuple[int, int | None]] = {
    "and": (2, None), "or": (2, None), "xor": (2, None), "+": (2, None), "*": (2, None),
    "not": (1, 1), "neg": (1, 1), "abs": (1, 1), "min": (1, None), "max": (1, None),
    "=": (2, 2), "!=": (2, 2), "<": (2, 2), "<=": (2, 2), ">": (2, 2), ">=": (2, 2), "/": (2, 2),
    "in": (2, None), "if": (3, 3), "**": (2, 2), **dict.fromkeys(FUNCTIONS, (1, 1)),
}  # fmt: skip
_EXPRESSIONS = ("const", "placeholder", "var", "op")
_ASSIGNMENTS = ("set", "soft", "draw")
_QUERIES = ("probability", "expectation", "distribution", "number", "contrast")


# ---------------------------------------------------------------------------------------------------------------------
# Syntax to data


def expr_to_data(expr: Expr) -> Data:
    """`expr` as JSON data."""
    match expr:
        case Const(value):
            return {"const": value}
        case Placeholder(name):
            return {"placeholder": name}
        case Var(name, assignments):
            return (
                {"var": name, "world": [_assignment_to_data(a) for a in assignments]} if assignments else {"var": name}
            )
        case Op(op, args):
            return {"op": op, "args": [expr_to_data(a) for a in args]}
        case _:
            assert_never(expr)


def _assignment_to_data(assignment: Assignment) -> Data:
    out: Data
    match assignment:
        case Set(target, value):
            out = {"set": target, "value": expr_to_data(value)}
        case Soft(target, value):
            out = {"soft": target, "value": expr_to_data(value)}
        case Draw(target, _, _, policy) if policy is not None:
            out = {"draw": target, "policy": policy}
        case Draw(target, cases):
            out = {"draw": target, "cases": [_case_to_data(condition, law) for condition, law in cases]}
        case _:
            assert_never(assignment)
    return out if assignment.parent is None else {**out, "parent": assignment.parent}


def _case_to_data(condition: Expr | None, law: Law) -> Data:
    out: Data = {} if condition is None else {"if": expr_to_data(condition)}
    return out | {"law": [{"state": state, "probability": p} for state, p in law]}


def query_to_data(query: Query) -> Data:
    """`query` as JSON data."""
    match query:
        case Probability(event, given):
            return {"probability": expr_to_data(event)} | _given_to_data(given)
        case Expectation(expr, given):
            return {"expectation": expr_to_data(expr)} | _given_to_data(given)
        case Distribution(of, given):
            return {"distribution": [expr_to_data(term) for term in of]} | _given_to_data(given)
        case Number(value):
            return {"number": value}
        case Contrast(op, left, right):
            return {"contrast": op, "left": query_to_data(left), "right": query_to_data(right)}
        case _:
            assert_never(query)


def _given_to_data(given: Expr | None) -> Data:
    return {} if given is None else {"given": expr_to_data(given)}


# ---------------------------------------------------------------------------------------------------------------------
# Data to syntax


def expr_from_data(data: object, where: str = "expression") -> Expr:
    """The expression that `data` says.

    Args:
        data: JSON data as `expr_to_data` writes it, from any source.
        where: what to call the document in messages.

    Raises:
        InvalidFile: the data is not of this form, or too deep, too long or too large.
        InvalidQuery: the form is right but the meaning is not, such as one world that sets a variable twice.
    """
    return _Reader().expr(data, where, 1)


def query_from_data(data: object, where: str = "query") -> Query:
    """The query that `data` says; arguments and errors as for `expr_from_data`."""
    return _Reader().query(data, where, 1)


class _Reader:
    """One pass over one document; counts its parts."""

    def __init__(self) -> None:
        self._nodes = 0

    def _object(self, data: object, where: Where, level: int, cap: int = MAX_DEPTH) -> dict[str, object]:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise InvalidFile(f"{place(where)}: more than {MAX_NODES:,} parts. Split it into several.")
        if level > cap:
            raise InvalidFile(f"{shortened(place(where))}: nested deeper than {cap} levels. Split it into parts.")
        if not isinstance(data, dict):
            raise misfit(where, data, "an object", "Write {...} with the keys described in the documentation.")
        return cast("dict[str, object]", data)

    def expr(self, data: object, where: Where, level: int) -> Expr:
        """Any expression."""
        given = self._object(data, where, level)
        kind = only_kind(given, _EXPRESSIONS, where)
        if kind == "const":
            check_keys(given, where, "const")
            return Const(as_value(given["const"], (where, "const")))
        if kind == "placeholder":
            check_keys(given, where, "placeholder")
            return Placeholder(as_name(given["placeholder"], (where, "placeholder")))
        if kind == "var":
            return self._var(given, where, level)
        return self._op(given, where, level)

    def _var(self, given: Mapping[str, object], where: Where, level: int) -> Var:
        if len(given) == 1:
            return Var(as_name(given["var"], (where, "var")))
        check_keys(given, where, "var", optional=("world",))
        assignments = as_list(given["world"], (where, "world"))
        read = [self._assignment(item, (where, "world", i), level) for i, item in enumerate(assignments)]
        return Var(as_name(given["var"], (where, "var")), _world(read, (where, "world")))

    def _op(self, given: Mapping[str, object], where: Where, level: int) -> Op:
        check_keys(given, where, "op", "args")
        op = given["op"]
        if not isinstance(op, str) or op not in _OPERATORS:
            hint = near(op, _OPERATORS).strip() if isinstance(op, str) else ""
            raise misfit((where, "op"), op, f"one of {listing(_OPERATORS, 30)}", hint)
        args = as_list(given["args"], (where, "args"))
        least, most = _ARITY[op]
        if len(args) < least or (most is not None and len(args) > most):
            wanted = f"{least}" if least == most else f"at least {least}"
            raise InvalidFile(
                f"{place(where)}.args: {op!r} takes {wanted} argument{'s' if wanted != '1' else ''}, got {len(args)}."
            )
        read = tuple(self.expr(arg, (where, "args", i), level + 1) for i, arg in enumerate(args))
        return Op(cast(Operator, op), read)

    def _assignment(self, data: object, where: Where, level: int) -> Assignment:
        given = self._object(data, where, level)
        kind = only_kind(given, _ASSIGNMENTS, where)
        target = as_name(given[kind], (where, kind))
        parent = None if "parent" not in given else as_name(given["parent"], (where, "parent"))
        if kind == "draw":
            return self._draw(given, target, parent, where, level)
        check_keys(given, where, kind, "value", optional=("parent",))
        value = self.expr(given["value"], (where, "value"), level + 1)
        if kind == "soft":
            return Soft(target, value, parent)
        if isinstance(value, Op):
            raise misfit(
                (where, "value"), given["value"], "a constant, a placeholder or a variable", "For a formula use 'soft'."
            )
        return Set(target, value, parent)

    def _draw(self, given: Mapping[str, object], target: str, parent: str | None, where: Where, level: int) -> Draw:
        if "policy" in given:
            check_keys(given, where, "draw", "policy", optional=("parent",))
            return Draw(target, (), parent, as_name(given["policy"], (where, "policy")))
        check_keys(given, where, "draw", "cases", optional=("parent",))
        cases = as_list(given["cases"], (where, "cases"))
        read = tuple(self._case(case, (where, "cases", i), level) for i, case in enumerate(cases))
        conditional = [condition is not None for condition, _ in read]
        if conditional != [True] * (len(read) - 1) + [False]:
            raise InvalidFile(
                f"{place(where)}.cases: every case but the last has an 'if', and the last has none; got {len(read)} "
                "cases."
            )
        return Draw(target, read, parent)

    def _case(self, data: object, where: Where, level: int) -> tuple[Expr | None, Law]:
        given = self._object(data, where, level)
        check_keys(given, where, "law", optional=("if",))
        condition = self.expr(given["if"], (where, "if"), level + 1) if "if" in given else None
        weights = as_list(given["law"], (where, "law"))
        if not weights:
            raise misfit((where, "law"), weights, "at least one state with its probability")
        return condition, tuple(self._weight(item, (where, "law", i), level) for i, item in enumerate(weights))

    def _weight(self, data: object, where: Where, level: int) -> tuple[Value, float]:
        given = self._object(data, where, level)
        check_keys(given, where, "state", "probability")
        return as_value(given["state"], (where, "state")), as_number(given["probability"], (where, "probability"))

    def query(self, data: object, where: Where, level: int) -> Query:
        """Any query."""
        given = self._object(data, where, level, MAX_TERMS)
        kind = only_kind(given, _QUERIES, where)
        if kind == "number":
            check_keys(given, where, "number")
            return Number(as_number(given["number"], (where, "number")))
        if kind == "contrast":
            return self._contrast(given, where, level)
        check_keys(given, where, kind, optional=("given",))
        condition = self.expr(given["given"], (where, "given"), 1) if "given" in given else None
        if kind == "distribution":
            return Distribution(self._terms(given["distribution"], where), condition)
        asked = self.expr(given[kind], (where, kind), 1)
        return Probability(asked, condition) if kind == "probability" else Expectation(asked, condition)

    def _terms(self, data: object, where: Where) -> tuple[Var, ...]:
        named = (where, "distribution")
        read = [self.expr(item, (*named, i), 1) for i, item in enumerate(as_list(data, named))]
        of = tuple(term for term in read if isinstance(term, Var))
        if not of or len(of) < len(read):
            raise misfit(named, data, "a list of variables, at least one", "For an event use 'probability'.")
        return of

    def _contrast(self, given: Mapping[str, object], where: Where, level: int) -> Contrast:
        check_keys(given, where, "contrast", "left", "right")
        op = given["contrast"]
        if op not in ("+", "-", "*", "/"):
            raise misfit((where, "contrast"), op, "one of '+', '-', '*', '/'")
        left = self.query(given["left"], (where, "left"), level + 1)
        right = self.query(given["right"], (where, "right"), level + 1)
        return Contrast(op, left, right)


def _world(assignments: list[Assignment], where: Where) -> World:
    try:
        return world(*assignments)
    except InvalidQuery as wrong:
        raise InvalidQuery(f"{place(where)}: {wrong}") from None
