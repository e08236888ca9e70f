"""A question about one world: what is asked, what is given, and what is imposed, as cells of a law."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._estimand import At, Cells, Index, Weight, cells
from .._graph import CausalGraph
from .._query import Distribution, Expectation, Probability, Term
from .._relevance import relevant_world
from .._syntax import Assignment, Const, Expr, Op, Placeholder, Set, Var, conjuncts, substitute, terms


@dataclass(frozen=True, slots=True)
class OneWorld:
    """`sum over indices of weights * P(of | given; do)`, where every variable is in the world that `do` makes.

    Among units of a group, if any are `treated`: then all is given, too, that in fact they had these values of what is
    imposed (the effect of treatment on the treated).

    Attributes:
        of: the variables asked about.
        given: those given.
        do: what is imposed, irrelevant assignments left out.
        weights: of the states, for expectations and events that are no conjunctions of equalities.
        over: the indices that are summed over.
        axes: the indices that stay open, in the order asked.
        treated: the values that imposed variables had in fact.
    """

    of: Cells
    given: Cells
    do: Cells
    weights: tuple[Weight, ...] = ()
    over: tuple[Index, ...] = ()
    axes: tuple[Index, ...] = ()
    treated: Cells = ()


def read_term(graph: CausalGraph, term: Term) -> OneWorld | None:
    """`term` as a question about one world; None where it is about several, or imposes more than plain values."""
    given = _equalities(conjuncts(term.given))
    if given is None:
        return None
    over: tuple[Index, ...] = ()
    axes: tuple[Index, ...] = ()
    rest: tuple[Expr, ...] = ()
    of: dict[Var, At] | None
    match term:
        case Probability(event):
            parts = conjuncts(event)
            rest = tuple(part for part in parts if _equality(part) is None)
            of = _equalities(part for part in parts if _equality(part) is not None)
        case Expectation(expr):
            of, rest = {}, (expr,)
        case Distribution(asked):
            of = {v: Index(v.name) for v in asked}
            axes = tuple(Index(v.name) for v in asked)
            if len(set(axes)) < len(axes):
                return None
    if of is None:
        return None
    for v in (v for part in rest for v in terms(part) if v not in of):
        of[v] = Index(v.name)
        over = (*over, Index(v.name))
    return _in_one_world(graph, of, given, rest, over, axes)


def _in_one_world(
    graph: CausalGraph,
    of: dict[Var, At],
    given: dict[Var, At],
    rest: tuple[Expr, ...],
    over: tuple[Index, ...],
    axes: tuple[Index, ...],
) -> OneWorld | None:
    if not of:
        return None
    reached = {a.target for v in of for a in relevant_world(graph, v.name, v.world)}
    treated = {v: at for v, at in given.items() if v.name in reached and not v.world}
    found = [v for v in (*of, *given) if v not in treated]
    do = imposed(graph, found)
    names = [v.name for v in (*of, *given)]
    if do is None or len(set(names)) < len(names):
        return None
    where = cells({v.name: at for v, at in of.items()})
    weights = tuple(Weight(_plain(part), _only(where, part)) for part in rest)
    others, group = ({v.name: at for v, at in given.items() if (v in treated) == side} for side in (False, True))
    return OneWorld(where, cells(others), do, weights, over, axes, cells(group))


def imposed(graph: CausalGraph, found: Iterable[Var]) -> Cells | None:
    """What is imposed in the one world that all terms fit; None where there is no such world.

    A term fits a world if it means there what it means in its own, so that irrelevant assignments do not matter.
    """
    own = [(v.name, relevant_world(graph, v.name, v.world)) for v in found]
    together: dict[str, Assignment] = {}
    do: dict[str, At] = {}
    for a in (a for _, world in own for a in world):
        if not isinstance(a, Set) or a.parent is not None or isinstance(a.value, Var):
            return None
        if together.setdefault(a.target, a) != a:
            return None
        do[a.target] = a.value
    world = tuple(together[name] for name in sorted(together))
    for name, relevant in own:
        if name in do or (len(relevant) < len(world) and set(relevant_world(graph, name, world)) != set(relevant)):
            return None
    return cells(do)


def _equality(part: Expr) -> tuple[Var, Const | Placeholder] | None:
    match part:
        case Op("=", (Var() as v, (Const() | Placeholder()) as at)) | Op(
            "=", ((Const() | Placeholder()) as at, Var() as v)
        ):
            return v, at
        case _:
            return None


def _equalities(parts: Iterable[Expr]) -> dict[Var, At] | None:
    """The value of each variable; None for other events, and for two values of one."""
    found: dict[Var, At] = {}
    for part in parts:
        pair = _equality(part)
        if pair is None or found.setdefault(*pair) != pair[1]:
            return None
    return found


def _plain(expr: Expr) -> Expr:
    return substitute(expr, lambda leaf: Var(leaf.name) if isinstance(leaf, Var) else leaf)


def _only(where: Cells, expr: Expr) -> Cells:
    names = {v.name for v in terms(expr)}
    return tuple(cell for cell in where if cell[0] in names)
