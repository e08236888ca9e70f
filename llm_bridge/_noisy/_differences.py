"""Where two readings of one text differ, part by part."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from scm import Claim, Expr, Var, claim_names, quantity_nodes, query_nodes, walk

from .._checks._reading import Fault
from .._parts import Part
from .._problem import Confounded, Edge, Equation, Problem, ProblemQuery, Statement

Item = Edge | Confounded | Equation | Statement | ProblemQuery | Claim

_LISTS = ("edges", "confounded", "equations", "statements", "independences", "queries")


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that one of two readings has and the other has not.

    Attributes:
        part: its place in the stated reading, such as "edges[2]"; empty where the part is missing there.
        names: the variables that it speaks of.
    """

    part: str
    names: frozenset[str]

    def named_in(self, fault: Fault) -> bool:
        """Whether a fault points here: to the place, or where it points to no place, by saying every name."""
        if self.part and fault.part:
            return _within(fault.part, self.part) or _within(self.part, fault.part)
        return not self.part and bool(self.names) and all(_said(name, fault.message) for name in self.names)


def differences(stated: Problem, right: Problem) -> tuple[Difference, ...]:
    """What `stated` has and `right` has not, and what it lacks; the words that are cited do not count."""
    found: list[Difference] = []
    for name in _LISTS:
        mine, wanted = _items(stated, name), _items(right, name)
        left = Counter(map(_plain, wanted))
        for i, item in enumerate(mine):
            if left[_plain(item)] > 0:
                left[_plain(item)] -= 1
            else:
                found.append(Difference(f"{name}[{i}]", _names(item)))
        found += [Difference("", _names(item)) for item in wanted if left[_plain(item)] > 0]
    if stated.reply != right.reply:
        found.append(Difference("reply", frozenset()))
    return tuple(found)


def _items(problem: Problem, name: str) -> tuple[Item, ...]:
    return tuple(getattr(problem, name) or ())


def _plain(item: Item) -> Item:
    """A part without the words that it cites."""
    return item.model_copy(update={"words": ""}) if isinstance(item, Part) else item


def _names(item: Item) -> frozenset[str]:
    match item:
        case Edge(cause=cause, effect=effect):
            return frozenset((cause, effect))
        case Confounded(pair=pair):
            return frozenset(pair)
        case Equation(variable=variable, expression=expression):
            return frozenset((variable, *_in(walk(expression))))
        case Statement(term=term):
            return frozenset(_in(quantity_nodes(term)))
        case ProblemQuery(query=query, claim=claim):
            return frozenset(_in(query_nodes(query)) if query is not None else claim_names(claim) if claim else ())
        case _:
            return frozenset(claim_names(item))


def _in(nodes: Iterable[Expr]) -> list[str]:
    terms = [node for node in nodes if isinstance(node, Var)]
    return [name for term in terms for name in (term.name, *(a.target for a in term.world))]


def _within(part: str, whole: str) -> bool:
    return part == whole or part.startswith((f"{whole}.", f"{whole}["))


def _said(name: str, message: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message, re.IGNORECASE) is not None
