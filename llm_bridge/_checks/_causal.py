"""The checks of causes: what the text says acts on what, against the edges and equations of the Problem."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scm import CausalClaim

from .._problem import Problem
from ._given import quoted
from ._reading import Fault, Reading, Severity
from ._relations import Pair, Rule, Told, told
from ._spoken import covered_by, sentences_of, strange
from ._text import scan


def direction(reading: Reading) -> Iterable[Fault]:
    """Edges and equations that run against what a sentence says."""
    problem = reading.problem
    if problem.independences is not None:
        return
    said, have = _told(reading), _pairs(problem)
    for pair, rules in said.surely.items():
        back = (pair[1], pair[0])
        if back in have and pair not in have and back not in said.perhaps:
            cause, effect = _names(problem, pair)
            yield Fault(
                "direction",
                part_of(problem, back),
                f"The Problem makes {effect!r} a cause of {cause!r}, while the text says the reverse: "
                f"{quoted(rules[0].sentence.text)}. Wanted: {cause!r} as the cause and {effect!r} as the effect. Read "
                "which of the two acts on the other there, and turn this part round.",
                _sure(reading, rules),
            )


def coverage(reading: Reading) -> Iterable[Fault]:
    """Causes that the text tells and the Problem lacks, and causes of the Problem that no sentence tells."""
    problem = reading.problem
    if problem.independences is not None:
        return
    said, have = _told(reading), _pairs(problem)
    for pair, rules in said.surely.items():
        if pair not in have and (pair[1], pair[0]) not in have:
            yield _dropped(reading, pair, rules)
    place = {v.name: n for n, v in enumerate(problem.variables)}
    claimed = {
        (place[q.claim.first], place[q.claim.second]) for q in problem.queries if isinstance(q.claim, CausalClaim)
    }  # what is asked whether it holds is no rule
    for pair in have:
        possible = pair in said.perhaps or (pair[1], pair[0]) in said.surely or not _known(said, pair)
        # A number or a question beside both may mean the edge, unless the text tells how the one comes to the other.
        if not possible and (pair not in said.faintly or pair in claimed or _path(said, pair)):
            yield _added(reading, pair)


def _told(reading: Reading) -> Told:
    return told(scan(reading.text), reading.problem.variables)


def _pairs(problem: Problem) -> list[Pair]:
    place = {v.name: n for n, v in enumerate(problem.variables)}
    return [(place[c], place[e]) for e, causes in problem.causes.items() for c in causes if c != e]


def _path(said: Told, pair: Pair) -> bool:
    """Whether the text tells a way from the cause to the effect, so that a number or a question speaks of that."""
    seen, stack = {pair[0]}, [pair[0]]
    while stack:
        node = stack.pop()
        for cause, effect in said.surely:
            if cause == node and effect not in seen:
                seen.add(effect)
                stack.append(effect)
    return pair[1] in seen


def _names(problem: Problem, pair: Pair) -> tuple[str, str]:
    return problem.variables[pair[0]].name, problem.variables[pair[1]].name


def part_of(problem: Problem, pair: Pair) -> str:
    """The place of the edge or the equation that holds `pair`; the lists where none does."""
    cause, effect = _names(problem, pair)
    for i, edge in enumerate(problem.edges):
        if (edge.cause, edge.effect) == (cause, effect):
            return f"edges[{i}]"
    for i, equation in enumerate(problem.equations):
        if equation.variable == effect:
            return f"equations[{i}]"
    return "equations" if problem.equations and not problem.edges else "edges"


def _cites(problem: Problem, pair: Pair) -> str:
    """The words that support `pair`, if any."""
    part = part_of(problem, pair)
    name, _, number = part.partition("[")
    if not number:
        return ""
    return getattr(problem, name)[int(number[:-1])].words


def _known(said: Told, pair: Pair) -> bool:
    """Whether both ends stand in sentences about causes, so that the text would be the place to say it."""
    return pair[0] in said.somewhere and pair[1] in said.somewhere


def _sure(reading: Reading, rules: Sequence[Rule]) -> Severity:
    """A fault where all words of a sentence that says it are known; else a hint, for it may say something else."""
    text = scan(reading.text)
    covered = covered_by(text, reading.problem)
    return "hint" if all(strange(text, rule.sentence.index, covered) for rule in rules) else "fault"


def _dropped(reading: Reading, pair: Pair, rules: Sequence[Rule]) -> Fault:
    problem, rule = reading.problem, rules[0]
    cause, effect = _names(problem, pair)
    equation = any(e.variable == effect for e in problem.equations)
    lacks = (
        f"the equation of {effect!r} does not speak of {cause!r}"
        if equation
        else f"there is no edge {cause!r} -> {effect!r}"
    )
    return Fault(
        "coverage",
        part_of(problem, pair),
        f"The text says {quoted(rule.sentence.text)}, but {lacks}. Wanted: a part for every cause that a sentence "
        f"names, one for each of its effects. Read whether {cause!r} acts on {effect!r} there, and put it in.",
        _sure(reading, rules),
    )


def _added(reading: Reading, pair: Pair) -> Fault:
    """A cause that no sentence tells; only a hint where its words may tell it in a way that is not understood."""
    problem, text = reading.problem, scan(reading.text)
    cause, effect = _names(problem, pair)
    words = _cites(problem, pair)
    there = sentences_of(text, words)
    sure = bool(there) and not any(strange(text, at, covered_by(text, problem)) for at in there)
    got = f"and cites {quoted(words)}" if words else "and cites nothing"
    return Fault(
        "coverage",
        part_of(problem, pair),
        f"The Problem makes {cause!r} a cause of {effect!r} {got}, but no sentence of the text says so. Wanted: "
        f"causes that the text names. Read what the text says acts on {effect!r}.",
        "fault" if sure else "hint",
    )
