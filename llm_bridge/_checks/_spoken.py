"""The check of mentions: the words that a part cites speak of the variables that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from scm import Probability, Var, quantity_nodes, walk

from .._problem import Problem
from ._given import quoted
from ._lexicon import BACK_REFERENCES, CAUSAL, NEUTRAL, STOP
from ._mentions import found_in
from ._reading import Fault, Reading
from ._text import Scan, Token, fold, folded_sentences, scan, spoken_in, words


def spoken(reading: Reading) -> Iterable[Fault]:
    """Parts that cite sentences which do not speak of their variables."""
    problem, text = reading.problem, scan(reading.text)
    mentioned = found_in(text, problem.variables)
    spoken_of = {at: {v for one in here for v in one.variables} for at, here in mentioned.by_sentence.items()}
    anywhere = set[int]().union(*spoken_of.values())
    place = {v.name: n for n, v in enumerate(problem.variables)}
    for part, names, source in _concerned(problem):
        there = sentences_of(text, source)
        if not there:
            continue
        said = set[int]().union(*[spoken_of.get(at, ()) for at in there])
        lacking = [name for name in names if place[name] in anywhere and place[name] not in said]
        if part.startswith("equations") and names[0] not in lacking and len(lacking) < len(names) - 1:
            continue  # the other causes may stand in other sentences
        if lacking:
            before = set[int]().union(*[spoken_of.get(at - 1, ()) for at in there])
            opened = set(lacking) <= _conditions(problem, part) and all(place[name] in before for name in lacking)
            strongly = {m.variable for at in there for m in mentioned.by_sentence.get(at, ()) if not m.weak}
            beside = strongly - {place[name] for name in names} - {-1}
            partly = part.startswith("statements") and len(lacking) < len(names) and not beside
            unclear = (
                opened or partly or any(strange(text, at, mentioned.covered) or elliptical(text, at) for at in there)
            )
            yield Fault(
                "mentions",
                part,
                f"This part is about {' and '.join(map(repr, names))}, but the words it cites, {quoted(source)}, do "
                f"not mention {' or '.join(map(repr, lacking))}. Wanted: the sentence that speaks of all of them. Look "
                "for it; if the cited sentence is the right one, the variables are not.",
                "hint" if unclear else "fault",
            )


def strange(text: Scan, sentence: int, covered: Set[int]) -> bool:
    """Whether a sentence has words that may speak of a variable in a way not known here ("men" for a gender)."""
    here = text.sentences[sentence]
    return any(
        token.word[0].isalpha() and at not in covered and token.word not in _PLAIN and token.stem not in CAUSAL
        for at, token in enumerate(text.of(here), here.first)
    )


def _conditions(problem: Problem, part: str) -> set[str]:
    """What a statement conditions on: the sentence before may name that ("In the wet it is worse. 12% ...")."""
    name, _, number = part.partition("[")
    term = problem.statements[int(number[:-1])].term if name == "statements" else None
    given = term.given if isinstance(term, Probability) else None
    return set() if given is None else {n.name for n in walk(given) if isinstance(n, Var)}


def elliptical(text: Scan, sentence: int) -> bool:
    """Whether a word of a sentence stands for others: "of those with one 70%, of those without 45%"."""
    tokens = text.of(text.sentences[sentence])
    for token, following in zip(tokens, (*tokens[1:], None), strict=True):
        if token.word in _STANDS_FOR or (token.word in ("those", "these") and not _followed(following)):
            return True
        if token.word in ("with", "without", "not") and (following is None or not following.word[0].isalnum()):
            return True
    return False


def _followed(following: Token | None) -> bool:
    return following is not None and following.word in ("who", "that", "whose", "which")


def _concerned(problem: Problem) -> Iterator[tuple[str, list[str], str]]:
    for i, edge in enumerate(problem.edges):
        yield f"edges[{i}]", [edge.cause, edge.effect], edge.words
    for i, both in enumerate(problem.confounded):
        yield f"confounded[{i}]", list(both.pair), both.words
    for i, equation in enumerate(problem.equations):
        yield f"equations[{i}]", list(dict.fromkeys((equation.variable, *equation.names))), equation.words
    for i, statement in enumerate(problem.statements):
        names = [n.name for n in quantity_nodes(statement.term) if isinstance(n, Var)]
        yield f"statements[{i}]", list(dict.fromkeys(names)), statement.words


def covered_by(text: Scan, problem: Problem) -> Set[int]:
    """The tokens inside mentions."""
    return found_in(text, problem.variables).covered


def sentences_of(text: Scan, words: str) -> list[int]:
    """The sentences in which `words` stand, with the one before where they refer back; none where that is unclear."""
    piece = fold(words)
    if not piece or piece not in text.folded:
        return []
    found = [at for at, sentence in enumerate(folded_sentences(text)) if piece in sentence or sentence in piece]
    back = [at - 1 for at in found if at and not _BACK.isdisjoint(spoken_in(text, at))]
    return [*back, *found]


_BACK = BACK_REFERENCES | {"otherwise", "others", "rest", "remaining", "he", "she", "its", "their", "here", "so"}
_STANDS_FOR = words(
    "one ones it they them he she him his her hers their theirs its this both neither either none rest others such so "
    "same figures which too likewise otherwise latter former respectively"
)
_PLAIN = STOP | NEUTRAL
