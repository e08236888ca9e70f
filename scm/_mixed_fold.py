"""Expressions without columns worked out: labels are compared before numbers are wanted."""

from __future__ import annotations

from ._evaluate import evaluate
from ._syntax import Const, Expr, Op, Value, Var


def folded(expr: Expr) -> Expr:
    """`expr` with every part that holds no term and no placeholder replaced by its value.

    Raises:
        InvalidQuery: an operation on values that it has no meaning for.
    """
    if not isinstance(expr, Op):
        return expr
    args = tuple(map(folded, expr.args))
    if all(isinstance(a, Const) for a in args):
        return Const(evaluate(Op(expr.op, args), _no_term))
    if expr.op in ("and", "or"):
        return _logic(expr.op == "and", args)
    if expr.op == "if" and isinstance(args[0], Const):
        return args[1] if args[0].value else args[2]
    return Op(expr.op, args)


def _logic(every: bool, args: tuple[Expr, ...]) -> Expr:
    """A conjunction, or a disjunction, without what is certain in it."""
    left = tuple(a for a in args if not isinstance(a, Const))
    if any(isinstance(a, Const) and bool(a.value) != every for a in args):
        return Const(not every)
    return left[0] if len(left) == 1 else Op("and" if every else "or", left)


def _no_term(term: Var) -> Value:
    raise AssertionError(term)
