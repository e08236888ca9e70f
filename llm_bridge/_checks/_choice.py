"""The check of a choice: each option stands beside its own query, and the comparison is that of the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scm import Value

from .._problem import Problem
from ._asking import asking, question_sentences
from ._given import quoted
from ._mentions import Mention, mentions
from ._queried import asked_of
from ._reading import Fault
from ._text import Scan, fold, scan, words

_LIKELY = words("likely probable")
_MORE = words("more most likelier likeliest")
_LESS = words("less least unlikelier unlikeliest")
_THAN = words("than")


def choice(problem: Problem, text: Scan) -> Iterator[Fault]:
    """Options that do not fit the queries, a comparison that the question does not make, a "which" without options."""
    question = question_sentences(text, problem.queries[0].words)
    spoken = [t.word for s in question for t in text.of(s)]
    if problem.reply.kind != "choice":
        yield from _several(problem, text)
        yield from _unoffered(problem, question[-1].text if question else "", spoken)
    elif wrong := _misshapen(problem):
        yield Fault("asked", "reply", wrong)
    else:
        yield from _swapped(problem)
        yield from _compared(problem, text, spoken)


def _several(problem: Problem, text: Scan) -> Iterator[Fault]:
    """Only the first query would be answered: one question has one query."""
    numbers = all(query.query is not None for query in problem.queries)  # of claims, all that are asked together count
    if len(problem.queries) > 1 and numbers and sum(s.question for s in text.sentences) < 2:
        yield Fault(
            "asked",
            "queries",
            f"The Problem has {len(problem.queries)} queries and the reply is a {problem.reply.kind}, "
            "while the text asks one question. Wanted: one query, that of the question; or the kind 'choice', with an "
            "option for each.",
        )


def _unoffered(problem: Problem, question: str, spoken: Sequence[str]) -> Iterator[Fault]:
    if spoken[:1] != ["which"] or not {*spoken} & _LIKELY or not {*spoken} & (_MORE | _LESS):
        return
    if {*spoken} & _THAN or problem.queries[0].query is None:
        return
    yield Fault(
        "asked",
        "reply",
        f"{quoted(question)} asks which one, but the reply is a {problem.reply.kind}. Wanted: the kind 'choice', "
        "with an option and a query for each that may be named.",
    )


def _misshapen(problem: Problem) -> str:
    """Why no option can be told from the answers; empty where one can."""
    options, count = problem.reply.options, len(problem.queries)
    if len(options) != count:
        return f"The choice has {len(options)} options and {count} queries. Wanted: a query for each, in their order."
    if len(set(map(fold, options))) < len(options):
        return f"The options {', '.join(map(quoted, options))} repeat one. Wanted: each option once, beside its query."
    if problem.reply.comparison == "=" and all(query.query is not None for query in problem.queries):
        return "A choice takes the largest or the smallest value, got the comparison '='. Wanted: '>' or '<'."
    return ""


def _swapped(problem: Problem) -> Iterator[Fault]:
    """An option that speaks of another option's query, and not of its own."""
    named = [_named(option, problem) for option in problem.reply.options]
    asked = [_states(problem, place) for place in range(len(named))]
    for place, (option, of) in enumerate(zip(problem.reply.options, named, strict=True)):
        others = [other for other, states in enumerate(asked) if other != place and of and of <= states]
        if others and not of <= asked[place]:
            yield Fault(
                "asked",
                f"queries[{place}]",
                f"The option {quoted(option)} stands beside the query {problem.queries[place].text}, and the query "
                f"{problem.queries[others[0]].text} is about it. Wanted: options and queries in the same order.",
            )


def _named(option: str, problem: Problem) -> set[tuple[str, Value]]:
    """The states that an option speaks of; none where that is unclear."""
    found = mentions(scan(option), problem.variables)
    if not all(_clear(one) for one in found):
        return set()
    return {(problem.variables[one.variable].name, one.state) for one in found if one.state is not None}


def _clear(one: Mention) -> bool:
    return one.variable >= 0 and one.state is not None and not one.odd


def _states(problem: Problem, place: int) -> set[tuple[str, Value]]:
    """The states that a query asks of, imposes or takes as seen."""
    query = problem.queries[place].query
    if query is None:
        return set()
    parts = asked_of(query).parts
    found = (pair for part in parts for kind in (part.event, part.imposed, part.given) for pair in kind.items())
    return {(name, state) for name, state in found if state is not None}


def _compared(problem: Problem, text: Scan, spoken: Sequence[str]) -> Iterator[Fault]:
    """The largest where the question says "more likely", the smallest where it says "less likely"."""
    ways = {word in _MORE for word in spoken if word in _MORE | _LESS}
    if len(ways) != 1 or not {*spoken} & _LIKELY:
        return
    signs = {_sign(problem, text, place) for place in range(len(problem.queries))}
    if len(signs) != 1 or not (sign := signs.pop()):
        return
    largest = ways.pop() == (sign > 0)
    if problem.reply.comparison.startswith(">") != largest:
        yield Fault(
            "asked",
            "reply",
            f"The reply takes the {'smallest' if largest else 'largest'} value, while the question asks for what is "
            f"{'more' if largest == (sign > 0) else 'less'} likely. Wanted: the comparison "
            f"'{'>' if largest else '<'}', or queries of the other state.",
        )


def _sign(problem: Problem, text: Scan, place: int) -> int:
    """1 where a query asks of the state that its option or the question names, -1 for another, 0 where unclear."""
    query = problem.queries[place].query
    parts = asked_of(query).parts if query is not None else ()
    if len(parts) != 1 or len(parts[0].event) != 1:
        return 0
    ((name, state),) = parts[0].event.items()
    question = asking(text, problem.variables, problem.queries[place].words)
    told = dict(_named(problem.reply.options[place], problem))
    told |= {
        problem.variables[one.variable].name: one.state
        for one in (question.outcomes if question else ())
        if _clear(one) and problem.variables[one.variable].name not in told and one.state is not None
    }
    if name not in told or state is None:
        return 0
    return 1 if told[name] == state else -1
