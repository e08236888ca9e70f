"""Statistical word problems: a graph in words, some probabilities or rules without exception, and a question.

The phrases of such a text ("high salary", "employees with high salaries", "the employee has a high salary", "if the
employee had not ...") are tied to states of the variables of its graph by their words, by denials, by their place in
the graph and by the order of mention. There is no list of stories; what these do not settle is not read.
"""

from __future__ import annotations

import re

from pydantic import ValidationError

from ..._problem import Problem
from .._story import Unreadable, quoted
from ._collect import Reading, evidence_of, net_of, readings
from ._evidence import Evidence, Net
from ._forms import ATTRIBUTIONS, World
from ._sentences import read_sentences
from ._states import states
from ._strays import no_strays
from ._tie import Tied, tie
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
    if (
        told.question is not None
        and told.question.kind in {"chance", "amount", *ATTRIBUTIONS}
        and not _GRAPH.search(text)
    ):
        raise Unreadable("A number is asked for of a text that does not say what has a direct effect on what.")
    net = net_of(told)
    tied = [_tied(reading, told, net) for reading in readings(told, net)]
    best = max((found for found in tied if found is not None), key=lambda found: found[2].score, default=None)
    if best is None:
        raise Unreadable("No way to tie the phrases to the variables fits what the sentences say of them.")
    reading, evidence, ties = best
    if ties.doubt:
        raise Unreadable(ties.doubt)
    _acquainted(ties, evidence)
    named = states(net, evidence, ties)
    no_strays(told, net, reading, named)
    try:
        return write(told, net, reading, named, [(odd.phrase, odd.name) for odd in ties.strangers])
    except ValidationError as wrong:
        raise Unreadable(wrong.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _tied(reading: Reading, told: World, net: Net) -> tuple[Reading, Evidence, Tied] | None:
    evidence = evidence_of(reading, told, net)
    try:
        return reading, evidence, tie(net, evidence)
    except Unreadable:
        return None


def _acquainted(ties: Tied, evidence: Evidence) -> None:
    """Refuse what shares no word with the graph: a sentence of strangers, or one among those that clearly belong there.

    Rules are tied by their place in the graph as well: of a text with rules, some phrase must share a word.
    """
    odd = {stranger.phrase: stranger for stranger in ties.strangers}
    group = {phrase: found.phrases[0] for found in ties.groups for phrase in found.phrases}
    beside = {group[phrase] for phrases in evidence.apart if len(phrases) > 1 for phrase in phrases}
    for phrases in [tuple(evidence.phrases)] if evidence.rules else evidence.apart:
        strange = [odd[group[phrase]] for phrase in phrases if group[phrase] in odd]
        alone = len(strange) == 1 and not strange[0].joined and strange[0].phrase not in beside
        if len(strange) == len(phrases) and (len(phrases) > 1 or alone):
            raise Unreadable(
                f"{' and '.join(map(quoted, phrases[:3]))} has no word in common with the graph: what is it about?"
            )
    strange_names = {stranger.name for stranger in ties.strangers if not stranger.company}
    if 3 * len(strange_names) > 2 * len(set(ties.names)):
        raise Unreadable(f"Most phrases, such as {quoted(min(odd))}, have no word in common with the graph.")
    for stranger in ties.strangers:
        if stranger.company and not evidence.rules:
            raise Unreadable(
                f"{quoted(stranger.phrase)} has no word in common with {quoted(stranger.name)} nor with "
                f"{quoted(stranger.company)}: what is it about?"
            )
