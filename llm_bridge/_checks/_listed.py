"""Claims against their wording, and a complete list of independences against the sentences that it was read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from scm import Adjusts, print_claim

from .._problem import Problem, ProblemVariable
from ._asking import question_sentences
from ._given import quoted
from ._markers import markers
from ._mentions import Mention, mentions
from ._reading import Fault, Reading
from ._text import Scan, Sentence, scan, words

_INDEPENDENT = words("independent unrelated uncorrelated independence")
_DEPENDENT = words("correlates correlate correlated dependent associated depends")
_GIVEN = words("given conditional conditioned controlling adjusting knowing")
_LABELS = words("method option approach strategy plan way")
_NOT = words("not no never isn't aren't don't doesn't neither nor")


@dataclass(frozen=True, slots=True)
class _Relation:
    """What one sentence says of a pair."""

    first: int
    second: int
    given: frozenset[int]
    independent: bool
    sentence: Sentence

    @property
    def key(self) -> tuple[frozenset[int], frozenset[int]]:
        return frozenset((self.first, self.second)), self.given


def independences(reading: Reading) -> Iterable[Fault]:
    """Independences that the list lacks, that no sentence says, or that a sentence denies."""
    problem = reading.problem
    if problem.independences is None:
        return
    said, complete = _relations(scan(reading.text), problem.variables)
    place = {v.name: n for n, v in enumerate(problem.variables)}
    listed = {
        (frozenset((place[one.first], place[one.second])), frozenset(place[n] for n in one.given)): (i, one)
        for i, one in enumerate(problem.independences)
    }
    independent = {one.key for one in said if one.independent}
    for one in said:
        if one.independent and one.key not in listed:
            yield _lacking(problem, one)
        elif not one.independent and one.key in listed and one.key not in independent:
            i, claim = listed[one.key]
            yield Fault(
                "coverage",
                f"independences[{i}]",
                f"The list says {print_claim(claim)}, while the text says {quoted(one.sentence.text)}. Wanted: only "
                "independences; what correlates is left out of the list.",
            )
    dependent = {one.key for one in said if not one.independent}
    for key, (i, claim) in listed.items():
        if complete and key not in independent and key not in dependent:
            yield Fault(
                "coverage",
                f"independences[{i}]",
                f"The list says {print_claim(claim)}, but no sentence of the text says so. Wanted: one entry for every "
                "sentence about an independence, with the variables it is given, and none beyond them.",
            )


def _lacking(problem: Problem, one: _Relation) -> Fault:
    names = [problem.variables[n].name for n in (one.first, one.second)]
    given = ", ".join(problem.variables[n].name for n in sorted(one.given))
    wanted = f"independent({names[0]}, {names[1]}{f' | {given}' if given else ''})"
    return Fault(
        "coverage",
        "independences",
        f"The text says {quoted(one.sentence.text)}, but the list has no {wanted}. Wanted: one entry for every "
        "sentence about an independence, with exactly the variables that it is given.",
    )


@lru_cache(maxsize=128)
def _relations(text: Scan, variables: tuple[ProblemVariable, ...]) -> tuple[tuple[_Relation, ...], bool]:
    """What the sentences say of dependence, and whether every sentence about an independence was understood."""
    found: list[_Relation] = []
    complete = True
    every: dict[int, list[Mention]] = {}
    for one in mentions(text, variables):
        every.setdefault(one.sentence, []).append(one)
    for sentence in text.sentences:
        spoken = {t.word for t in text.of(sentence)}
        if sentence.question or not spoken & (_INDEPENDENT | _DEPENDENT):
            continue
        relation = _relation(text, sentence, every.get(sentence.index, []), spoken)
        complete = complete and (relation is not None or not spoken & _INDEPENDENT)
        if relation is not None:
            found.append(relation)
    return tuple(found), complete


def _relation(text: Scan, sentence: Sentence, here: list[Mention], spoken: set[str]) -> _Relation | None:
    """The pair and the condition; None where the sentence is of another form."""
    if any(m.variable < 0 for m in here) or bool(spoken & _INDEPENDENT) == bool(spoken & _DEPENDENT):
        return None
    cue = next((at for at in range(sentence.first, sentence.last) if text.tokens[at].word in _GIVEN), sentence.last)
    pair = [m.variable for m in here if m.last <= cue]
    given = frozenset(m.variable for m in here if m.first > cue)
    if len(pair) != 2 or pair[0] == pair[1] or given & set(pair):
        return None
    negated = bool(spoken & _NOT)
    return _Relation(pair[0], pair[1], given, bool(spoken & _INDEPENDENT) != negated, sentence)


# ---------------------------------------------------------------------------------------------------------------------
# Claims


def claims(reading: Reading) -> Iterable[Fault]:
    """Claims with the reply of their denial, and rules of adjustment that are not those the question names."""
    problem, text = reading.problem, scan(reading.text)
    if not any(q.claim is not None for q in problem.queries):
        return
    yield from _denied(problem, text)
    if all(isinstance(q.claim, Adjusts) for q in problem.queries):
        yield from _labelled(problem, text)


def _denied(problem: Problem, text: Scan) -> Iterator[Fault]:
    question = question_sentences(text, problem.queries[-1].words)
    if not question or problem.reply.kind != "yes-no" or len(problem.queries) > 2:
        return
    last = question[-1]
    taken = {at for m in mentions(text, problem.variables) for at in range(m.first, m.last)}
    found = markers(text.tokens, last.first, last.last, taken)
    tokens = [t.word for t in text.of(last)]
    less = any(a == "less" and b in ("correct", "appropriate", "valid") for a, b in pairwise(tokens))
    denied = less != any(m.denied for m in found)
    turned = problem.reply.comparison.startswith("<")
    if denied != turned and problem.reply.comparison != "=":
        what = "denies" if denied else "asserts"
        yield Fault(
            "asked",
            "reply",
            f"{quoted(last.text)} {what} the claim, but the reply says yes where the claim "
            f"{'fails' if turned else 'holds'} (comparison {problem.reply.comparison!r}). Wanted: '>' where the "
            "question asserts the claim, '<' where it denies it.",
        )


def _labelled(problem: Problem, text: Scan) -> Iterator[Fault]:
    """Options with a label ("Method 1: ...") in the order of the question, each with the variables that it names."""
    question = question_sentences(text, problem.queries[-1].words)
    options = _options(text, problem.variables)
    if not question or len(problem.queries) != 2 or len(options) != 2:
        return
    order = _order(text, question[-1], options)
    if order is None:
        return
    place = {v.name: n for n, v in enumerate(problem.variables)}
    for i, (query, label) in enumerate(zip(problem.queries, order, strict=True)):
        claim = query.claim
        assert isinstance(claim, Adjusts)
        sentence, named = options[label]
        by = {place[n] for n in claim.by}
        if by != named - {place[claim.cause], place[claim.effect]}:
            yield Fault(
                "asked",
                f"queries[{i}]",
                f"The claim {print_claim(claim)} stands for {label!r}, which the text explains otherwise: "
                f"{quoted(sentence)} "
                "Wanted: the two claims in the order of the question, each adjusting for the variables of its own "
                "rule.",
            )


def _options(text: Scan, variables: tuple[ProblemVariable, ...]) -> dict[str, tuple[str, set[int]]]:
    found: dict[str, tuple[str, set[int]]] = {}
    for sentence in text.sentences:
        tokens = text.of(sentence)
        if len(tokens) > 3 and tokens[0].word in _LABELS and tokens[2].word == ":":
            named = {m.variable for m in mentions(text, variables) if m.sentence == sentence.index}
            found[f"{tokens[0].word} {tokens[1].word}"] = (sentence.text, named - {-1})
    return found


def _order(text: Scan, question: Sentence, options: dict[str, tuple[str, set[int]]]) -> list[str] | None:
    """The labels in the order in which the question compares them."""
    tokens = text.of(question)
    spoken = [f"{a.word} {b.word}" for a, b in pairwise(tokens)]
    found = [pair for pair in spoken if pair in options]
    return found if len(found) == 2 and found[0] != found[1] else None
