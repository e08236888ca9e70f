"""Sentences that grant a shape, such as "The treatment never prevents recovery." and "There are no defiers.".

They are about units and not about chances, so that no number of a text says them. Only where a text with such a
sentence is not read as a whole are they set aside, and the variables that they name looked up in the Problem of the
rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from scm import CausalGraph, ScmError, Set, Shape, Var, instruments, no_defiers, no_prevention, query_nodes

from .._judged import graph_of
from .._problem import Grant, Problem, ProblemVariable
from ._story import Unreadable, quoted

_LEAD = r"(?:(?:we )?(?:assume|suppose|know|grant|take it)(?: that)?,? |it is (?:known|assumed|granted)(?: that)? )?"
_NOBODY = r"(?:nobody|no one|no (?:patient|person|unit|individual|participant|subject)|not a single (?:patient|person))"
_NEVER = re.compile(
    rf"{_LEAD}(?P<cause>[^.,:;?]{{1,80}}?) (?:never|in no case) (?:prevents?|lowers?|reduces?|decreases?|hinders?) "
    rf"(?P<effect>[^.,:;?]{{1,80}})\."
    rf"|{_LEAD}(?P<cause2>[^.,:;?]{{1,80}}?) (?:prevents?|lowers?|reduces?|decreases?|hinders?) "
    rf"(?P<effect2>[^.,:;?]{{1,80}}?) (?:in|for|of) {_NOBODY}\.",
    re.IGNORECASE,
)
_DEFIERS = re.compile(
    rf"{_LEAD}(?:there (?:are|were) no defiers|{_NOBODY} (?:is a defier"
    r"|(?:does|did|would do) the opposite of (?:(?:what (?:they|he or she) (?:are|were|is|was)|what is|what was) "
    r"assigned(?: to (?:them|him or her))?|(?:their|the|his or her) assignment)))\.",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_ARTICLE = re.compile(r"\A(?:the|a|an|taking|getting|receiving) ", re.IGNORECASE)


def grants(text: str) -> bool:
    """Whether a text has a sentence that grants a shape."""
    return any(_NEVER.fullmatch(s) or _DEFIERS.fullmatch(s) for s in _SENTENCE.split(text.strip()))


def read_granted(text: str, read: Callable[[str], Problem]) -> Problem:
    """The Problem of a text that grants shapes beside what `read` takes.

    Args:
        text: with sentences that grant something.
        read: makes the Problem of the other sentences.

    Raises:
        Unreadable: the rest is not read, or it is not clear which variables a sentence is about.
    """
    sentences = _SENTENCE.split(text.strip())
    granting = [s for s in sentences if _NEVER.fullmatch(s) or _DEFIERS.fullmatch(s)]
    problem = read(" ".join(s for s in sentences if s not in granting))
    if problem.cannot is not None:
        raise Unreadable(problem.cannot)
    found = tuple(Grant(shape=_shape(problem, sentence), words=sentence) for sentence in granting)
    return Problem.from_data({**problem.model_dump(mode="json"), "granted": [g.model_dump(mode="json") for g in found]})


def _shape(problem: Problem, sentence: str) -> Shape:
    match = _NEVER.fullmatch(sentence)
    if match is None:
        return no_defiers(*_assigned(problem, sentence))
    sides = (_variable(problem, match[name] or match[f"{name}2"], sentence) for name in ("cause", "effect"))
    return no_prevention(*sides)


def _variable(problem: Problem, phrase: str, sentence: str) -> str:
    """The variable that a phrase names, by its name or by the words of the state that it is raised to."""
    said = _plain(phrase)
    fitting = [v.name for v in problem.variables if said in (_plain(v.name), _plain(v.words))]
    fitting = fitting or [v.name for v in problem.variables if said == _state(v, last=True)]
    if not fitting and any(said == _state(v, last=False) for v in problem.variables):
        raise Unreadable(f"{quoted(sentence)} speaks of a state that its variable leaves; say it of the other state.")
    if len(fitting) != 1:
        known = ", ".join(quoted(v.name) for v in problem.variables)
        raise Unreadable(f"Which variable is {quoted(phrase)} in {quoted(sentence)}? There are {known}.")
    return fitting[0]


def _state(variable: ProblemVariable, *, last: bool) -> str:
    """The words for the last or the first state, where the reader kept them."""
    state = str(variable.states[-1 if last else 0])
    found = dict(re.findall(r'(?:^|, )(\w+): "([^"]*)"', variable.description))
    return _plain(found.get(state, ""))


def _plain(phrase: str) -> str:
    return _ARTICLE.sub("", phrase.strip().lower())


def _assigned(problem: Problem, sentence: str) -> tuple[str, str]:
    """What is assigned and what may be done instead: the one instrument for the effect that is asked about."""
    graph = graph_of(problem)
    pairs = dict.fromkeys(_pairs(problem, graph)) if isinstance(graph, CausalGraph) else {}
    if len(pairs) != 1:
        what = "several assignments could be meant" if pairs else "nothing in the text is an assignment to what is done"
        raise Unreadable(f"{quoted(sentence)}: {what}.")
    return next(iter(pairs))


def _pairs(problem: Problem, graph: CausalGraph) -> Iterator[tuple[str, str]]:
    for item in problem.queries:
        for node in query_nodes(item.query) if item.query is not None else ():
            if not isinstance(node, Var):
                continue
            for cause in (a.target for a in node.world if isinstance(a, Set)):
                try:
                    yield from ((one.name, cause) for one in instruments(graph, cause, node.name) if not one.given)
                except ScmError:
                    continue
