"""What the variables of a Problem are called: phrases for each, and for its states."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scm import Value

from .._problem import ProblemVariable
from ._lexicon import NEGATIONS, PREFIXES, STOP
from ._text import Token, remembered, stem, tokens_of

_STATE_PHRASE = re.compile(r"""(?P<state>[\w.+-]+)\s*(?::|=|means|is)\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^",;]+))""")
_RATHER = re.compile(r"\b(rather than|instead of|as opposed to|versus|vs\.?)\b")


class Phrase(NamedTuple):
    """Words for a variable, or for one of its states.

    Attributes:
        variable: its number in the Problem.
        state: the state it says; None where it names the variable only.
        stems: what must be met.
        negated: whether it holds a negation itself ("do not drink").
        whole: whether it says its state only where all of it stands, as a name does.
    """

    variable: int
    state: Value | None
    stems: frozenset[str]
    negated: bool
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The phrases for the variables of a Problem.

    Attributes:
        variables: them.
        phrases: all of their phrases.
        by_stem: the phrases that hold a stem.
        exact: names of one letter, which are compared as written.
        small: words that say little, of which a phrase consists nevertheless.
        alone: stems of variables that are called by this one stem and nothing else.
        bares: each word that was looked up, with its stem.
    """

    variables: tuple[ProblemVariable, ...]
    phrases: tuple[Phrase, ...]
    by_stem: dict[str, list[Phrase]] = field(compare=False)
    exact: dict[str, int] = field(compare=False)
    small: frozenset[str]
    alone: frozenset[str]
    bares: Bares = field(compare=False)


class Bares(dict[str, str]):
    """The stem of a word, without a prefix that negates where the rest is known and the whole is not.

    Worked out where a word is first met, since words come again.
    """

    def __init__(self, known: Collection[str]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, word: str) -> str:
        found = stem(word)
        if found not in self._known and word.startswith(PREFIXES):
            found = _without_prefix(word, self._known) or found
        self[word] = found
        return found


def content(text: Sequence[Token], known: frozenset[str]) -> tuple[frozenset[str], bool]:
    """The stems of `text` that tell something, and whether it is negated an odd number of times."""
    negated, found = False, set[str]()
    for token in text:
        if token.word in NEGATIONS or token.word.endswith("n't"):
            negated = not negated
        elif token.word not in STOP and token.word[0].isalnum():
            bare, turned = unprefixed(token, known) if token.word.startswith(PREFIXES) else (token.stem, False)
            negated ^= turned
            found.add(bare)
    return frozenset(found), negated


def unprefixed(token: Token, known: Collection[str]) -> tuple[str, bool]:
    """The stem of `token`, without a prefix that negates ("un-") where the rest is known; whether it had one."""
    bare = _without_prefix(token.word, known)
    return (token.stem, False) if bare is None else (bare, True)


def _without_prefix(word: str, known: Collection[str]) -> str | None:
    for prefix in PREFIXES if word.startswith(PREFIXES) else ():
        if word.startswith(prefix) and len(word) >= len(prefix) + 3 and (rest := stem(word[len(prefix) :])) in known:
            return rest
    return None


@remembered
def vocabulary(variables: tuple[ProblemVariable, ...]) -> Vocabulary:
    """The phrases for `variables`: their names, the phrases of their descriptions, the words they cite."""
    raw = [[(state, tokens_of(_spaced(text))) for state, text in _sayings(variable)] for variable in variables]
    known = frozenset([t.stem for said in raw for _, tokens in said for t in tokens if t.word not in STOP])
    phrases: list[Phrase] = []
    small = set[str]()
    alone, shared = set[str](), set[str]()
    by_stem: defaultdict[str, list[Phrase]] = defaultdict(list)
    for number, said in enumerate(raw):
        own = _own_phrases(number, variables[number], said, known, small)
        phrases += own
        for phrase in own:
            for one in phrase.stems:
                by_stem[one].append(phrase)
        called = own[0].stems if len(own) == 1 else frozenset[str]().union(*[p.stems for p in own])
        (alone if len(called) == 1 else shared).update(called)
    exact = {v.name: n for n, v in enumerate(variables) if len(v.name) == 1}
    stems = dict(by_stem)
    return Vocabulary(
        variables, tuple(phrases), stems, exact, frozenset(small), frozenset(alone - shared), Bares(stems)
    )


def _own_phrases(
    number: int,
    variable: ProblemVariable,
    said: Sequence[tuple[Value | None, Sequence[Token]]],
    known: frozenset[str],
    small: set[str],
) -> list[Phrase]:
    """The phrases of one variable, as `said`; to `small` come the words of those that consist of small words."""
    found: dict[Phrase, None] = {}
    for state, tokens in said:
        stems, negated = content(tokens, known)
        if not stems:
            small |= {t.word for t in tokens}
            stems = frozenset([t.stem for t in tokens if t.word[0].isalnum() and t.word not in NEGATIONS])
        if stems:
            found[Phrase(number, state, stems, negated)] = None
    if set(variable.states) != {False, True}:
        return list(found)
    told = [p for p in found if p.state is not None]
    if not told:  # a name says the true state by itself, unless other words do
        return [Phrase(number, not p.negated, p.stems, p.negated, whole=True) for p in found]
    return list(dict.fromkeys([p if p.state is not None else _with_own_state(p, told) for p in found]))


def _spaced(name: str) -> str:
    spaced = name.replace("_", " ")
    return spaced if spaced[1:].islower() else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", spaced)


def _sayings(variable: ProblemVariable) -> Iterator[tuple[Value | None, str]]:
    """What a variable, or a state of it, is called."""
    yield None, variable.name
    if variable.description:
        yield from _described(variable)
    if variable.words and variable.words != variable.name:
        yield None, variable.words
    for state in variable.states:
        if isinstance(state, str):
            yield state, state


def _described(variable: ProblemVariable) -> Iterator[tuple[Value | None, str]]:
    """What the description calls a variable, or a state of it."""
    labels = {str(state).casefold(): state for state in variable.states}
    labels |= {"true": True, "false": False} if set(variable.states) == {False, True} else {}
    said = False
    for match in _STATE_PHRASE.finditer(variable.description):
        state = labels.get(match["state"].casefold())
        if state is not None:
            said = True
            yield state, match["quoted"] or match["bare"] or ""
    if not said:
        one, opposite = _opposites(variable.description)
        boolean = opposite and set(variable.states) == {False, True}
        yield True if boolean else None, one
        if boolean:
            yield False, opposite


def _opposites(description: str) -> tuple[str, str]:
    """Split "polluted rather than clean" into its halves; without such words, into all of it and nothing."""
    one, between, opposite = (
        _RATHER.split(description, maxsplit=1) if _RATHER.search(description) else (description, "", "")
    )
    return one, opposite.partition(";")[0] if between else ""


def _with_own_state(phrase: Phrase, told: Sequence[Phrase]) -> Phrase:
    """`phrase` with the state that it says beside others, which are `told` to say theirs."""
    same = [p for p in told if p.stems <= phrase.stems]
    if not same:  # "places where people smoke" beside "places where people do not smoke" say what "smoking" is
        same = [p for p in told if phrase.stems <= p.stems and any(_opposed(p, q) for q in told)]
    if same:
        state = bool(same[0].state) ^ (same[0].negated != phrase.negated)
        return Phrase(phrase.variable, state, phrase.stems, phrase.negated, whole=True)
    return phrase


def _opposed(first: Phrase, second: Phrase) -> bool:
    return first.stems == second.stems and first.negated != second.negated and first.state != second.state
