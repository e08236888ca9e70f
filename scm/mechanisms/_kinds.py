"""What an equation over columns gives: real numbers, or one of finitely many states. Labels are never numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, assert_never

from .._domain import Domain, Real
from .._errors import InvalidQuery
from .._evaluate import evaluate
from .._syntax import BOOLEAN_OPERATORS, Const, Expr, Op, Placeholder, Value, Var, print_expr, terms
from .._values import ordered_states, possible_values

Kind: TypeAlias = Literal["truth", "number", "label", "real"]
"""What an expression is: 0 or 1, one of finitely many numbers, of finitely many states with a label, a real number."""

_BY_WIDTH: tuple[Kind, ...] = ("truth", "number", "label", "real")
_LOGIC = frozenset({"and", "or", "xor", "not"})
_EQUALITIES = frozenset({"=", "!=", "in"})


def kind_of(expr: Expr, scope: Mapping[str, Domain]) -> Kind:
    """The kind of value that `expr` has.

    Raises:
        InvalidQuery: a part without meaning, such as a label plus one.
    """
    match expr:
        case Const(value):
            return _kind((value,))
        case Placeholder():
            check_part(expr)
            return "number"
        case Var(name):
            domain = scope[name]
            return "real" if isinstance(domain, Real) else _kind(domain)
        case Op():
            return _kind_of_operation(expr, scope)
        case _:
            assert_never(expr)


def check_part(part: Expr) -> None:
    """That a part of an equation is one that equations have.

    Raises:
        InvalidQuery: a placeholder, or a term in a world of its own.
    """
    match part:
        case Placeholder(name):
            raise InvalidQuery(f"The placeholder ?{name} stands in an equation; equations have none.")
        case Var(name, world) if world:
            raise InvalidQuery(f"The term {name}[...] stands in an equation; equations speak of one world only.")
        case _:
            return


def _kind(states: tuple[Value, ...]) -> Kind:
    if any(isinstance(s, str) for s in states):
        return "label"
    return "truth" if all(s in (0, 1) for s in states) else "number"


def _kind_of_operation(expr: Op, scope: Mapping[str, Domain]) -> Kind:
    op, args = expr.op, expr.args
    if not terms(expr):
        return _kind((evaluate(expr, lambda term: term.name),))
    kinds: list[Kind] = [kind_of(a, scope) for a in args]
    if op in _LOGIC:
        for arg, kind in zip(args, kinds, strict=True):
            _check_truth(arg, kind, scope)
        return "truth"
    if op in _EQUALITIES:
        _check_alike(expr, kinds)
        return "truth"
    if op == "if":
        _check_truth(args[0], kinds[0], scope)
        return _either(expr, kinds[1], kinds[2])
    for arg, kind in zip(args, kinds, strict=True):
        if kind == "label":
            raise InvalidQuery(_no_number(expr, arg, scope))
    if op in BOOLEAN_OPERATORS:
        return "truth"
    return "real" if "real" in kinds else "number"


def _no_number(whole: Op, part: Expr, scope: Mapping[str, Domain]) -> str:
    if isinstance(part, Var):
        own = states_of(part, scope)
        compared = print_expr(Op("=", (part, Const(own[0]))))
        return f"{part.name!r} has labels {own}, and {print_expr(whole)} needs numbers; compare it, as in {compared}."
    return f"{print_expr(part)} is a label, and {print_expr(whole)} needs numbers. Compare labels with =."


def _check_truth(part: Expr, kind: Kind, scope: Mapping[str, Domain]) -> None:
    if kind == "number" and set(states_of(part, scope)) <= {0, 1}:
        return
    if kind != "truth":
        raise InvalidQuery(
            f"{print_expr(part)} stands where a truth value is wanted, and it is {_IN_WORDS[kind]}. "
            f"Compare it: {print_expr(Op('>', (part, Const(0)))) if kind != 'label' else print_expr(part) + ' = ...'}."
        )


_IN_WORDS: Mapping[Kind, str] = {
    "truth": "a truth value", "number": "a number", "label": "a label", "real": "a real number",
}  # fmt: skip


def _check_alike(expr: Op, kinds: list[Kind]) -> None:
    if "label" in kinds and "real" in kinds:
        raise InvalidQuery(f"{print_expr(expr)} compares a label with a real number; they are never equal.")


def _either(expr: Op, one: Kind, other: Kind) -> Kind:
    if {one, other} == {"label", "real"}:
        raise InvalidQuery(f"{print_expr(expr)} is a real number in one case and a label in the other. Use one kind.")
    return _BY_WIDTH[max(_BY_WIDTH.index(one), _BY_WIDTH.index(other))]


def states_of(expr: Expr, scope: Mapping[str, Domain], where: str = "The equation") -> tuple[Value, ...]:
    """The values that an expression which is no real number can take, in order.

    Continuous variables stand in it only below comparisons; each of those may turn out either way.

    Raises:
        InvalidModel: too many values.
        InvalidQuery: an operation without meaning on some of them.
    """
    if isinstance(expr, Const):
        return (expr.value,)
    if isinstance(expr, Var):
        domain = scope[expr.name]
        assert not isinstance(domain, Real)
        return domain
    open_ends: dict[Expr, Var] = {}
    plain = _without_reals(expr, scope, open_ends)
    states: dict[str, tuple[Value, ...]] = {v.name: (False, True) for v in open_ends.values()}
    for name, domain in scope.items():
        if not isinstance(domain, Real):
            states[name] = domain
    return ordered_states(possible_values(plain, states, where)[0])


def _without_reals(expr: Expr, scope: Mapping[str, Domain], found: dict[Expr, Var]) -> Expr:
    """`expr` with every truth value that rests on continuous variables as a variable of its own."""
    if not isinstance(expr, Op):
        return expr
    if expr.op in BOOLEAN_OPERATORS and any(isinstance(scope[t.name], Real) for t in terms(expr)):
        return found.setdefault(expr, Var(f"\0{len(found)}"))
    return Op(expr.op, tuple(_without_reals(a, scope, found) for a in expr.args))
