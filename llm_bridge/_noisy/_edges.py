"""Edges misread, in the edges and the equations of a Problem alike: turned round, moved, left out, made up."""

from __future__ import annotations

from functools import partial
from random import Random

from scm import Const, Expr, Op, Var, walk

from .._problem import Confounded, Edge, Equation, Problem
from ._cite import Citer
from ._slip import Slip, Slips

Pair = tuple[str, str]


def turned(problem: Problem, cites: Citer, rng: Random) -> Slips:
    """A cause read as the effect of its effect; or read as a cause of something else."""
    back: list[Slip] = []
    moved: list[Slip] = []
    names = [variable.name for variable in problem.variables]
    known = _pairs(problem)
    for cause, effect in known:
        make = partial(_replaced, problem, cites, (cause, effect), (effect, cause), rng.random() < 0.5)
        back.append(Slip(f"{cause} -> {effect} read as {effect} -> {cause}", make))
        others = [name for name in names if name not in (cause, effect) and (cause, name) not in known]
        if others:
            other = rng.choice(others)
            make = partial(_replaced, problem, cites, (cause, effect), (cause, other), rng.random() < 0.5)
            moved.append(Slip(f"{cause} -> {effect} read as {cause} -> {other}", make))
    return [back, moved]


def left_out(problem: Problem, cites: Citer) -> Slips:
    """A cause overlooked; or a hidden common cause."""
    dropped = [
        Slip(f"{cause} -> {effect} left out", partial(_without, problem, cites, (cause, effect)))
        for cause, effect in _pairs(problem)
    ]
    parted = [
        Slip(f"{one.pair[0]} <-> {one.pair[1]} left out", partial(_parted, problem, one)) for one in problem.confounded
    ]
    return [dropped, parted]


def made_up(problem: Problem, cites: Citer, rng: Random) -> Slips:
    """A cause that the text does not give."""
    if problem.independences is not None:
        return []
    known = set(_pairs(problem))
    names = [variable.name for variable in problem.variables]
    free = [(a, b) for a in names for b in names if a != b and (a, b) not in known and (b, a) not in known]
    return [
        [
            Slip(f"{a} -> {b} made up", partial(_with, problem, cites, (a, b), rng.random() < 0.5))
            for a, b in free
            if problem.edges or problem.equations
        ]
    ]


def _pairs(problem: Problem) -> list[Pair]:
    return [(cause, effect) for effect, causes in problem.causes.items() for cause in causes]


def _replaced(problem: Problem, cites: Citer, old: Pair, new: Pair, both: bool) -> Problem | None:
    without = _without(problem, cites, old)
    return None if without is None else _with(without, cites, new, both)


def _parted(problem: Problem, one: Confounded) -> Problem:
    return problem.model_copy(update={"confounded": tuple(pair for pair in problem.confounded if pair != one)})


# ---------------------------------------------------------------------------------------------------------------------
# One edge less


def _without(problem: Problem, cites: Citer, pair: Pair) -> Problem | None:
    cause, effect = pair
    edges = tuple(edge for edge in problem.edges if (edge.cause, edge.effect) != pair)
    equations: list[Equation] = []
    for equation in problem.equations:
        if equation.variable != effect:
            equations.append(equation)
            continue
        left = pruned(equation.expression, cause)
        if left is not None and any(isinstance(n, Var) and n.name == cause for n in walk(left)):
            return None
        if left is not None:
            equations.append(reworded(equation, left, cites))
    return problem.model_copy(update={"edges": edges, "equations": tuple(equations)})


def pruned(expr: Expr, name: str) -> Expr | None:
    """`expr` as one reads it who overlooks `name`; None where nothing is left. What cannot be parted stays whole."""
    if isinstance(expr, Var):
        return None if expr.name == name else expr
    if not isinstance(expr, Op):
        return expr
    if expr.op in ("and", "or", "xor", "not"):
        left = [part for arg in expr.args if (part := pruned(arg, name)) is not None]
        if not left:
            return None
        return left[0] if len(left) == 1 and expr.op != "not" else Op(expr.op, tuple(left))
    named = {node.name for node in walk(expr) if isinstance(node, Var)}
    return None if named == {name} else expr


def reworded(equation: Equation, expression: Expr, cites: Citer, denied: bool | None = None) -> Equation:
    """The equation with another right side, and the words that come nearest to saying that."""
    names = dict.fromkeys([equation.variable, *(n.name for n in walk(expression) if isinstance(n, Var))])
    words = cites.words(names, last=equation.variable, denied=denied, near=equation.words) if equation.words else ""
    return Equation(variable=equation.variable, expression=expression, words=words)


# ---------------------------------------------------------------------------------------------------------------------
# One edge more


def _with(problem: Problem, cites: Citer, pair: Pair, both: bool) -> Problem | None:
    """One more cause; it joins the others of an equation as they are joined, or by `and` or `or` as `both` says."""
    cause, effect = pair
    edges, equations = problem.edges, problem.equations
    if edges or not equations:
        edges = (*edges, Edge(cause=cause, effect=effect, words=cites.words((cause, effect), last=effect)))
    if equations:
        grown = _grown(problem, cites, pair, both)
        if grown is None:
            return None
        equations = grown
    return problem.model_copy(update={"edges": edges, "equations": equations})


def _grown(problem: Problem, cites: Citer, pair: Pair, both: bool) -> tuple[Equation, ...] | None:
    cause, effect = pair
    if not all(set(problem.states(name)) == {False, True} for name in pair):
        return None
    old = next((equation for equation in problem.equations if equation.variable == effect), None)
    if old is None:
        words = cites.words((cause, effect), last=effect)
        return (*problem.equations, Equation(variable=effect, expression=Var(cause), words=words))
    joined: Expr
    match old.expression:
        case Const():
            joined = Var(cause)
        case Op("and" | "or" | "xor" as op, args):
            joined = Op(op, (*args, Var(cause)))
        case alone:
            joined = Op("and" if both else "or", (alone, Var(cause)))
    new = reworded(old, joined, cites)
    return tuple(new if equation is old else equation for equation in problem.equations)
