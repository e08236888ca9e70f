"""Whether statements on doing can hold beside the others: by what these identify, else by consistency."""

from __future__ import annotations

import itertools
from dataclasses import replace

from .._query import Expectation, Probability
from .._statement import Correlation, Statement
from .._syntax import Const, Op, Var, conjunction
from ..identify import identify
from ._clash import impossible
from ._readings import Read
from ._solve import Statements, TooLarge, regimes_of
from ._terms import Flat, flat

SLACK = 1e-9
"""What the machine's rounding leaves."""
SHARE = 0.25
"""How much wider a rounding interval is taken to be: its ends were searched, not proved."""
MOST_CORNERS = 4
"""Rounded statements whose corners are all tried."""
MOST = 8
"""Statements on doing that are looked at."""


def doing_clash(knowledge: Statements) -> tuple[int, ...]:
    """Statements that cannot hold together, since what is said of doing is not what the others give for it.

    Each equality on doing is asked of the statements on other regimes. Where they identify it, the two numbers must
    agree. Where they only give what is seen, P(y, x) <= P(y | do(x)) <= 1 - P(not y, x), as x imposed changes nothing
    for those who take it anyway (consistency; Robins 1989, Manski 1990). Only what goes beyond the rounding counts.
    """
    graph, said = knowledge.graph, knowledge.statements
    if impossible(said):  # by itself, which says more
        return ()
    regimes = [frozenset(regimes_of(graph, s.quantity)) - {()} for s in said]
    told = [k for k, s in enumerate(said) if regimes[k] and _plain(s)]
    for k in told[:MOST]:
        kept = [j for j in range(len(said)) if not regimes[j] & regimes[k]]
        if not kept:
            continue
        others = Statements(graph, knowledge.states, [said[j] for j in kept], identify)
        try:
            used = _against(others, said[k])
        except TooLarge:
            continue
        if used is not None:
            return tuple(sorted({k, *(kept[j] for j in used)}))
    return ()


def _plain(given: Statement) -> bool:
    return given.relation == "=" and given.total is None and not isinstance(given.quantity, Correlation)


def _against(others: Statements, given: Statement) -> tuple[int, ...] | None:
    """The other statements that a statement contradicts."""
    assert not isinstance(given.quantity, Correlation)
    found = others.answer(given.quantity, pins=False)
    if found.clash:
        return None
    if (ends := _ends(found.read)) is not None and found.read is not None:
        return found.read.used if _apart((given.low, given.high), ends) else None
    if found.ends is not None and _apart((given.low, given.high), (found.ends.low, found.ends.high)):
        return _beyond(others, given)
    term = flat(others.graph, given.quantity) if isinstance(given.quantity, (Probability, Expectation)) else None
    if term is None or term.worth or term.given is not None:
        return None
    return _inconsistent(others, given, term)


def _beyond(others: Statements, given: Statement) -> tuple[int, ...] | None:
    """All the others, where their ends exclude a statement at every corner of what their digits leave open."""
    assert not isinstance(given.quantity, Correlation)
    said = others.statements
    if any(s.total is not None for s in said) or sum(s.low < s.high for s in said) > MOST_CORNERS:
        return None
    found: list[tuple[float, float]] = []
    for values in itertools.product(*({s.low, s.value, s.high} for s in said)):
        moved = [replace(s, value=value) for s, value in zip(said, values, strict=True)]
        ends = Statements(others.graph, others.states, moved, others.identify).answer(given.quantity, pins=False).ends
        if ends is None:
            return None
        found.append((ends.low, ends.high))
    least, most = min(low for low, _ in found), max(high for _, high in found)
    face = others.answer(given.quantity, pins=False).ends
    spread = 0.0 if face is None else max(face.low - least, most - face.high)
    return tuple(range(len(said))) if _apart((given.low, given.high), (least - spread, most + spread)) else None


def _inconsistent(others: Statements, given: Statement, term: Flat) -> tuple[int, ...] | None:
    """The statements on what is seen that leave no room for what is said of doing."""
    took = [Op("=", (Var(name), Const(value))) for name, value in term.regime]
    for event, above in ((term.asked, False), (Op("not", (term.asked,)), True)):
        read = others.answer(Probability(conjunction(*took, event)), pins=False).read
        ends = _ends(read)
        if read is None or ends is None:
            continue
        least, margin = ends[0], SHARE * (ends[1] - ends[0]) + SLACK
        most = 1 - given.low if above else given.high
        if least - margin > most:
            return read.used
    return None


def _ends(read: Read | None) -> tuple[float, float] | None:
    """What the digits leave of a number; None where it is no number or was counted."""
    if read is None or read.error is not None:
        return None
    low, high = read.rounding or (read.value, read.value)
    return (low, high) if -1e12 < low <= high < 1e12 else None


def _apart(first: tuple[float, float], second: tuple[float, float]) -> bool:
    margin = SHARE * (second[1] - second[0]) + SLACK
    return first[1] < second[0] - margin or second[1] + margin < first[0]
