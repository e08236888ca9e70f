"""Why there is no estimand, by the names of the literature."""

from __future__ import annotations

from collections.abc import Sequence

from .._bitgraph import BitGraph, members
from .._estimand import At, Index
from .._syntax import Assignment, Const, Placeholder, Set, Var, print_expr, world
from .._worlds import Own, Worlds
from ._kernels import Stuck
from ._many import Clash
from ._reading import Reading
from ._result import Conflict, Hedge


def hedge(graph: BitGraph, stuck: Stuck, done: int) -> Hedge:
    """Two nested C-forests (Shpitser & Pearl 2006, theorem 4)."""
    outer, inner = stuck.district, stuck.wanted
    roots = 0
    for v in members(inner):
        if not graph.children[v] & inner:
            roots |= 1 << v
    return Hedge(graph.named(outer), graph.named(inner), graph.named(roots), graph.named(outer & ~inner & done))


def conflict(graph: BitGraph, reading: Reading, clash: Clash) -> Conflict:
    """A district in two worlds at once, by the name it has.

    Where both instances are causes of one term, the term is nested or sets single edges: a variable twice is a
    recanting witness (Avin, Shpitser & Pearl 2005), two variables of one district a recanting district (Shpitser 2013).
    """
    worlds = clash.worlds
    first, second = worlds.instances[clash.first], worlds.instances[clash.second]
    pair = {clash.first, clash.second}
    together = any(pair <= _causes(worlds, slot) for t in reading.terms if isinstance(slot := worlds.terms.get(t), int))
    kind = "inconsistent pair"
    if together:
        kind = "recanting witness" if first.variable == second.variable else "recanting district"
    return Conflict(
        kind,
        graph.names[clash.variable],
        _text(clash, clash.first),
        _text(clash, clash.second),
        graph.named(clash.district),
    )


def _causes(worlds: Worlds, slot: int) -> set[int]:
    found, stack = {slot}, [slot]
    while stack:
        for _, cause in worlds.instances[stack.pop()].slots:
            if isinstance(cause, int) and cause not in found:
                found.add(cause)
                stack.append(cause)
    return found


def _text(clash: Clash, i: int) -> str:
    """`Y[X=1] = 1`."""
    return f"{print_expr(term_of(clash.worlds, i))} = {at_text(clash.tokens[i])}"


def at_text(at: At) -> str:
    """A value; an index as its variable in small letters."""
    return at.variable.lower() + "'" * at.number if isinstance(at, Index) else print_expr(at)


def term_of(worlds: Worlds, i: int) -> Var:
    """An instance as a counterfactual term: the values that reach it from outside."""
    settings: dict[int, dict[str, Assignment]] = {}
    for k in range(i + 1):
        x = worlds.instances[k]
        mine: dict[str, Assignment] = {}
        if not isinstance(x.mechanism, Own):
            settings[k] = mine
            continue
        inner: list[tuple[str, int]] = []
        for name, slot in x.slots:
            if isinstance(slot, (Const, Placeholder)):
                mine[name] = Set(name, slot)
            else:
                inner.append((name, slot))
        for name, slot in inner:
            # A cause that lives in another world than what is set already is nested.
            if all(mine.get(n, a) == a for n, a in settings[slot].items()):
                mine.update(settings[slot])
            else:
                mine[name] = Set(name, Var(name, world(*settings[slot].values())))
        settings[k] = mine
    return Var(worlds.instances[i].variable, world(*settings[i].values()))


def route_conflict(target: str, parent: str, through: Sequence[str]) -> Conflict:
    """An edge that is set although an unmeasured route runs beside it: nobody can tell the two apart."""
    return Conflict(
        "recanting witness",
        through[0],
        f"{parent} -> {target} set",
        f"{parent} -> {' -> '.join(through)} not set",
        (target,),
    )
