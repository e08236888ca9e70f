"""Probabilities that can be said in plain words: facts of one world, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scm import Const, Expr, Op, Probability, Query, Set, Value, Var, conjunction, conjuncts

from ._reasons import Setting


class Asked(NamedTuple):
    """A probability that can be said in plain words: facts in one world, and what was seen."""

    event: Setting
    imposed: Setting
    given: Expr | None


def asked_of(query: Query) -> Asked | None:
    """`query` as something to say in plain words; None for nested, compared, soft or combined terms."""
    if not isinstance(query, Probability):
        return None
    facts: list[tuple[str, Value]] = []
    worlds: set[Setting] = set()
    for part in conjuncts(query.event):
        match part:
            case Op("=", (Var(name, there), Const(value))) if (imposed := _plain_world(there)) is not None:
                facts.append((name, value))
                worlds.add(imposed)
            case _:
                return None
    return Asked(tuple(facts), worlds.pop(), query.given) if len(worlds) == 1 else None


def together(query: Query) -> tuple[Asked, ...]:
    """A probability of facts in several worlds, world by world; nothing where `asked_of` says it or no words do."""
    if not isinstance(query, Probability):
        return ()
    worlds: dict[Setting, list[Expr]] = {}
    for part in conjuncts(query.event):
        one = asked_of(Probability(part, query.given))
        if one is None:
            return ()
        worlds.setdefault(one.imposed, []).append(part)
    found = (asked_of(Probability(conjunction(*parts), query.given)) for parts in worlds.values())
    return tuple(one for one in found if one is not None) if len(worlds) > 1 else ()


def _plain_world(there: Sequence[object]) -> Setting | None:
    out: list[tuple[str, Value]] = []
    for item in there:
        if not isinstance(item, Set) or item.parent is not None or not isinstance(item.value, Const):
            return None
        out.append((item.target, item.value.value))
    return tuple(out)
