"""What an expression of a mixed query may say of continuous variables and of labels, checked before anything is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from ._domain import Domain, Real
from ._errors import InvalidQuery
from ._query import Contrast, Distribution, Expectation, Number, Probability, Query, query_nodes, query_terms
from ._syntax import Const, Expr, Op, Soft, Value, Var, carrier_of, conjunction, conjuncts, print_const, print_expr

_LOGIC = frozenset({"and", "or", "xor", "not"})
_COMPARING = frozenset({"=", "!=", "in", "<", "<=", ">", ">="})
_EQUATING = frozenset({"=", "!=", "in"})


def check_kinds(query: Query, domains: Mapping[str, Domain]) -> None:
    """That arithmetic is done with numbers, and that truth values are none of continuous variables.

    Raises:
        InvalidQuery: a continuous variable where something true or false is wanted, a label where a number is, a
            table of a continuous law, a policy that gives a variable what it cannot be.
    """
    for term in query_terms(query):
        match term:
            case Distribution(of):
                for t in of:
                    _check_table(t, domains)
            case Expectation(expr):
                _check(expr, domains, wanted="number")
            case Probability(event):
                _check(event, domains, wanted="event")
        for part in conjuncts(term.given):
            _check(part, domains, wanted="event")
    policies = (a for node in query_nodes(query) if isinstance(node, Var) for a in node.world if isinstance(a, Soft))
    for a in policies:
        if not (_labels(domains[carrier_of(a)]) and _gives_label(a.value, domains)):
            _check(a.value, domains, wanted="number")


def parts_with_equality(query: Query, domains: Mapping[str, Domain]) -> list[Expr]:
    """Conditions that equate a continuous variable with something, and are no plain fact."""
    found: list[Expr] = []
    for term in query_terms(query):
        for part in conjuncts(term.given):
            if not (isinstance(part, Op) and part.op == "=" and _plain_fact(part)):
                found += [part for op in _ops(part) if op.op in ("=", "in") and _continuous(op, domains)]
    return found


def _plain_fact(part: Op) -> bool:
    return sum(isinstance(a, Var) for a in part.args) == 1 and not any(isinstance(a, Op) for a in part.args)


def _ops(expr: Expr) -> list[Op]:
    if not isinstance(expr, Op):
        return []
    return [expr, *(op for a in expr.args for op in _ops(a))]


def _continuous(op: Op, domains: Mapping[str, Domain]) -> bool:
    return any(isinstance(t, Var) and isinstance(domains[t.name], Real) for a in op.args for t in _leaves(a))


def _leaves(expr: Expr) -> list[Expr]:
    return [leaf for a in expr.args for leaf in _leaves(a)] if isinstance(expr, Op) else [expr]


def _check_table(t: Var, domains: Mapping[str, Domain]) -> None:
    if isinstance(domains[t.name], Real):
        shown = print_expr(t)
        raise InvalidQuery(
            f"P({shown}) is a law over states, and {t.name!r} is continuous: it has a density, not a table. Ask for "
            f"E[{shown} | ...], for the probability of an event such as P({shown} <= 1 | ...), or for moments and "
            "quantiles over units."
        )


def _labels(domain: Domain) -> bool:
    return not isinstance(domain, Real) and any(isinstance(state, str) for state in domain)


def _gives_label(expr: Expr, domains: Mapping[str, Domain]) -> bool:
    match expr:
        case Var(name):
            return _labels(domains[name])
        case Const(value):
            return isinstance(value, str)
        case Op("if", (_, first, second)):
            return _gives_label(first, domains) and _gives_label(second, domains)
        case _:
            return False


def _check(expr: Expr, domains: Mapping[str, Domain], wanted: str) -> None:
    match expr:
        case Var(name) if isinstance(domains[name], Real):
            if wanted == "event":
                raise InvalidQuery(
                    f"{print_expr(expr)} stands where something true or false is wanted, and {name!r} is continuous. "
                    f"Compare it with a number: {print_expr(expr)} > 0."
                )
        case Var(name) if _labels(domains[name]):
            shown, state = print_expr(expr), next(s for s in domains[name] if isinstance(s, str))  # pyright: ignore
            raise InvalidQuery(
                f"{shown} stands where a number is wanted, and the states of {name!r} are labels. "
                f"Compare it with one: {shown} = {print_const(state)}."
            )
        case Const(str() as label):
            raise InvalidQuery(f"The label {label!r} stands where a number is wanted.")
        case Op(op, args):
            _check_op(op, args, domains, expr, wanted)
        case _:
            pass


def _check_op(op: str, args: tuple[Expr, ...], domains: Mapping[str, Domain], expr: Expr, wanted: str) -> None:
    if op in _LOGIC:
        for a in args:
            _check(a, domains, "event")
    elif op == "if":
        _check(args[0], domains, "event")
        for a in args[1:]:
            _check(a, domains, wanted)
    elif op in _EQUATING and any(_gives_label(a, domains) for a in args):
        for a in args:
            if isinstance(a, (Var, Op)) and not _gives_label(a, domains):
                raise InvalidQuery(f"{print_expr(expr)} compares labels with what has none; its sides differ in kind.")
    else:
        for a in args:
            _check(a, domains, "number")
        if wanted == "event" and op not in _COMPARING:
            raise InvalidQuery(f"{print_expr(expr)} is a number; compare it: {print_expr(expr)} > 0.")


def is_distribution(query: Query) -> bool:
    """Whether a query asks for a table."""
    return any(isinstance(term, Distribution) for term in query_terms(query))


def cells(query: Query, states: Mapping[str, tuple[Value, ...]], at: tuple[int, ...]) -> Query:
    """`query` with each table replaced by one of its cells.

    Args:
        query: whose terms are all tables over the same states.
        states: of each variable.
        at: the position of the cell along each axis.
    """
    match query:
        case Contrast(op, left, right):
            return Contrast(op, cells(left, states, at), cells(right, states, at))
        case Distribution(of, given):
            facts = [Op("=", (t, Const(states[t.name][k]))) for t, k in zip(of, at, strict=True)]
            return Probability(conjunction(*facts), given)
        case Number() | Probability() | Expectation():
            return query
        case _:
            assert_never(query)
