"""Statistical word problems: a graph in words, some probabilities or rules without exception, and a question.

The phrases of such a text ("high salary", "employees with high salaries", "the employee has a high salary", "if the
employee had not ...") are tied to states of the variables of its graph by their words, by denials, by their place in the
graph and by the order of mention. There is no list of stories; what these do not settle is not read.
"""

from __future__ import annotations

import re

from ..._problem import Problem
from .._story import Unreadable, quoted
from ._collect import evidence_of, net_of, readings
from ._sentences import read_sentences
from ._states import states
from ._tie import tie
from ._write import write

_GRAPH = re.compile(r"\b(?:has|have) a direct (?:causal )?(?:effect|influence|impact) on\b", re.IGNORECASE)
MOST = 20_000
"""Longest text that is tried, in characters."""


def says_graph(text: str) -> bool:
    """Whether a text gives a graph in the words that no other reader takes."""
    return len(text) <= MOST and _GRAPH.search(text) is not None


def read_world(text: str) -> Problem:
    """The Problem of a statistical word problem.

    Raises:
        Unreadable: with the words that have no place, or that have two.
    """
    if len(text) > MOST:
        raise Unreadable(f"The text has {len(text):,} characters; at most {MOST:,} are read.")
    told = read_sentences(text)
    if not told.arrows:
        raise Unreadable("The text does not say what acts on what.")
    net = net_of(told)
    best: tuple[float, Problem] | None = None
    why: Unreadable | None = None
    for reading in readings(told, net):
        evidence = evidence_of(reading, told, net)
        try:
            tied = tie(net, evidence) if evidence.phrases else None
            if tied is not None and best is not None and tied.score <= best[0]:
                continue
            named = states(net, evidence, tied) if tied else {}
            if tied and not told.rules:
                _acquainted(tied.strangers)
            problem = write(told, net, reading, named, [(p, n) for p, n, _ in tied.strangers] if tied else ())
        except Unreadable as wrong:
            why = why or wrong
            continue
        best = (tied.score if tied else 0.0, problem)
    if best is None:
        raise why or Unreadable("The text is not understood.")
    return best[1]


def _acquainted(strangers: list[tuple[str, str, str]]) -> None:
    """Refuse a phrase that shares a variable, and no word, with others that clearly belong there."""
    for phrase, name, company in strangers:
        if company:
            raise Unreadable(
                f"{quoted(phrase)} has no word in common with {quoted(name)} nor with {quoted(company)}: what is it about?"
            )
