"""Where a text speaks of the variables of a Problem, and in which state. By words, without grammar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence, Set
from typing import NamedTuple

from scm import Value

from .._problem import ProblemVariable
from ._lexicon import ANTONYMS, CAUSAL, NEGATIONS, NEUTRAL, PREVENTING, STOP, TURNING
from ._text import Scan, Token, pieces, remembered, words
from ._vocabulary import Phrase, Vocabulary, unprefixed, vocabulary

_MARKS = frozenset(",;:.?!()")
_JOINS = frozenset(("and", "or", "but", "nor"))
_BREAKS = _MARKS | _JOINS | words("instead rather than when if because while given so therefore hence then")
_OR_MORE = words("more less higher lower above below greater fewer older younger better worse")
_DENY_WITH = {
    "for": words("but"),
    "to": words("fail fails failed failing"),
    "of": words("free devoid short"),
    "from": words("free"),
}
_NOT = words("not never")
_SETTLED = words("with without no lack absence presence")
_FALSE = words("false absent off missing")
_HAPPENS = words("occur occurs occurred occurring happen happens happened happening present true hold holds held")
_BECOMES = words("is are was were be been being stays stayed remains remained becomes became had has have would not")
_SAID_OF = words(
    "independent unobserved observed hidden common rare likely unlikely also still always never caused known"
)
_HELPING = words("did does do is was were are had has have been be would will could can ever to actually")
_GOES_ON = _NOT | _FALSE | _HAPPENS | _HELPING | _BECOMES
"""What may follow a mention and say something of it; after any other word nothing is looked for."""
_LEADS_ON = (STOP - _BREAKS) | NEGATIONS | {"-"}
"""What may stand before a mention with a negation before it, or is one; so may verbs that change a state."""
_PLAIN = STOP | NEUTRAL


class Mention(NamedTuple):
    """A place of the text that speaks of a variable. A tuple, which is cheap to make and to compare.

    Attributes:
        variables: which ones it may be; one, where that is clear.
        variable: that one; -1 where it is not clear.
        state: the state said there; None where that is unclear. With a negation beside it, the other state.
        first, last: its tokens, `last` excluded.
        negated: whether a negation stands at it.
        sentence: the number of its sentence.
        weak: whether only some words of a phrase stand there, and no state.
        odd: whether words beside it may change its state in a way not known here.
    """

    variables: tuple[int, ...]
    variable: int
    state: Value | None
    first: int
    last: int
    negated: bool
    sentence: int
    weak: bool = False
    odd: bool = False


class Found(NamedTuple):
    """What a text says of variables.

    Attributes:
        mentions: every place that speaks of one, in order.
        by_sentence: the mentions of each sentence that has any.
        covered: the tokens inside mentions.
    """

    mentions: tuple[Mention, ...]
    by_sentence: dict[int, list[Mention]]
    covered: Set[int]


def mentions(text: Scan, variables: tuple[ProblemVariable, ...]) -> tuple[Mention, ...]:
    """Every place of `text` that speaks of one of `variables`, in order."""
    return found_in(text, variables).mentions


@remembered
def found_in(text: Scan, variables: tuple[ProblemVariable, ...]) -> Found:
    """What `text` says of `variables`."""
    known, tokens = vocabulary(variables), text.tokens
    bares, by_stem = [known.bares[token.word] for token in tokens], known.by_stem
    source = _Source(text, tokens, bares, known, by_stem)
    found: list[Mention] = []
    covered = set[int]()
    alike: dict[str, Mention] = {}  # a word that says all that its variable is called says the same at every place
    for place in [at for at, stem in enumerate(bares) if stem in by_stem or tokens[at].text in known.exact]:
        if place in covered:
            continue
        token = tokens[place]
        if (same := alike.get(token.text)) is not None:
            one = _at(same, place, token.sentence)
        elif (one := _mention(source, place)) is None:
            continue
        elif bares[place] in known.alone:
            alike[token.text] = one
        found.append(one)
        covered.update(range(place, one.last))
    by_sentence: defaultdict[int, list[Mention]] = defaultdict(list)
    every = tuple([_with_negation(source, one, covered) for one in found])
    for one in every:
        by_sentence[one.sentence].append(one)
    return Found(every, dict(by_sentence), covered)


def _at(one: Mention, place: int, sentence: int) -> Mention:
    """The mention by one word, where the same word stands at another place."""
    return Mention(one.variables, one.variable, one.state, place, place + 1, one.negated, sentence, one.weak, one.odd)


class _Source(NamedTuple):
    """A text that is looked through for mentions.

    Attributes:
        text: it.
        tokens: of it.
        bares: the stem of each token, without a prefix that negates where the rest is known.
        known: what the variables are called.
        stems: every stem of that.
    """

    text: Scan
    tokens: tuple[Token, ...]
    bares: list[str]
    known: Vocabulary
    stems: Collection[str]


def perhaps(text: str, variables: tuple[ProblemVariable, ...]) -> set[int]:
    """Every variable that `mentions` may find in `text`, and perhaps more: word by word, which takes less time."""
    known, found = vocabulary(variables), pieces(text)
    stems = {known.bares[piece.casefold()] for piece in found}
    here = {phrase.variable for stem in stems if stem in known.by_stem for phrase in known.by_stem[stem]}
    return here.union([known.exact[piece] for piece in found if piece in known.exact]) if known.exact else here


def _mention(source: _Source, place: int) -> Mention | None:
    """The mention that starts at `place`: the run of words that says most of one phrase."""
    text, tokens, bares, known, stems = source
    token = tokens[place]
    if (number := known.exact.get(token.text)) is not None:
        return Mention((number,), number, True, place, place + 1, False, token.sentence)
    if len(token.word) == 1 and token.word in map(str.casefold, known.exact):
        return None
    if token.word in STOP and token.word not in known.small:
        return None
    stem = bares[place]
    if stem in known.alone:
        leading, last, told, met = known.by_stem[stem], place + 1, {stem}, {stem}
    else:
        leading, last, told, met = _heard(source, place, text.sentences[token.sentence].last)
    variables = (leading[0].variable,) if len(leading) == 1 else tuple(dict.fromkeys([p.variable for p in leading]))
    state = _state(source, leading, told, place, last) if len(variables) == 1 else None
    weak = state is None and not any([p.stems <= met for p in leading])
    named = state is not None and all([p.whole for p in leading])
    negated = _inner_negation(tokens, place, last, stems)
    variable = variables[0] if len(variables) == 1 else -1
    return Mention(variables, variable, state, place, last, negated, token.sentence, weak, odd=named)


def _heard(source: _Source, place: int, end: int) -> tuple[Sequence[Phrase], int, set[str], set[str]]:
    """The phrases that the words from `place` on say most of, where they end, the stems up to there, and all stems."""
    known = source.known
    run = _run(source, place, end)
    met = {one for _, one in run}
    near: Iterable[Phrase] = known.by_stem[source.bares[place]]
    if len(met) > 1:
        own = {p.variable for p in near}
        near = dict.fromkeys([p for one in met for p in known.by_stem[one] if p.variable in own])
    leading = _leading(near, met)
    said = leading[0].stems if len(leading) == 1 else frozenset[str]().union(*[p.stems for p in leading])
    last = max([at for at, one in run if one in said]) + 1
    return leading, last, {one for at, one in run if at < last}, met


def _leading(near: Iterable[Phrase], met: set[str]) -> list[Phrase]:
    """The phrases of which most is said."""
    best: tuple[float, float] = (0.0, 0.0)
    leading: list[Phrase] = []
    for phrase in near:
        count = len(phrase.stems & met)
        score = (count, count / len(phrase.stems))
        if score > best:
            best, leading = score, []
        if score == best:
            leading.append(phrase)
    return leading


def _run(source: _Source, place: int, end: int) -> list[tuple[int, str]]:
    """The words from `place` on that may belong to one phrase: up to a mark, a join, or four words that say nothing."""
    _, tokens, bares, _, stems = source
    run: list[tuple[int, str]] = []
    at, idle = place, 0
    while at < end and idle <= 3:
        token, one = tokens[at], bares[at]
        if at > place and (token.word in _BREAKS or (token.stem in CAUSAL and one not in stems)):
            if token.word == "or" and at + 1 < end and tokens[at + 1].word in _OR_MORE:
                at += 1  # "a degree or higher"
                continue
            break
        if one in stems:
            if any([one == before for _, before in run]):
                break  # a new mention begins
            run.append((at, one))
            idle = 0
        else:
            idle += 1 if token.word not in STOP else 0.5
        at += 1
    return run


def _strangers(source: _Source, first: int, last: int) -> set[str]:
    """Words in and right beside a mention that no phrase knows: they may say another state ("eat well")."""
    text, tokens, bares, _, stems = source
    end = text.sentences[tokens[first].sentence].last
    return {
        t.stem
        for at in range(max(0, first - 1), min(last + 1, end))
        if bares[at] not in stems
        and (t := tokens[at]).word not in STOP
        and t.stem not in CAUSAL
        and t.word[0].isalpha()
    }


def _state(source: _Source, leading: Sequence[Phrase], met: set[str], first: int, last: int) -> Value | None:
    """The state that the leading phrases say, before negation is looked at; None where they differ or say half."""
    known = source.known
    variable = known.variables[leading[0].variable]
    plain = set[Value | None]()
    for phrase in leading:
        state = _other(variable, phrase.state) if phrase.negated else phrase.state
        if phrase.state is not None and not phrase.stems <= met:
            lacking, strangers = phrase.stems - met, _strangers(source, first, last)
            others = (strangers | met) - phrase.stems
            if any(ANTONYMS.get(one) in others for one in lacking):
                state = _other(variable, state)
            elif (
                phrase.whole or strangers or 2 * len(lacking) > len(phrase.stems) or not met & _own_stems(phrase, known)
            ):
                state = None
        plain.add(state)
    return next(iter(plain)) if len(plain) == 1 else None


def _own_stems(phrase: Phrase, known: Vocabulary) -> set[str]:
    """The stems that no phrase of another state of the same variable has."""
    others = [p for p in known.phrases if p.variable == phrase.variable and p.state != phrase.state]
    return {one for one in phrase.stems if not any(one in p.stems for p in others)}


def _other(variable: ProblemVariable, state: Value | None) -> Value | None:
    if state is None or len(variable.states) != 2:
        return None
    return variable.states[1] if state == variable.states[0] else variable.states[0]


def _inner_negation(tokens: Sequence[Token], first: int, last: int, stems: Collection[str]) -> bool:
    negated = False
    for token in tokens[first:last]:
        if token.word in NEGATIONS or token.word.endswith("n't"):
            negated = not negated
        elif token.stem not in stems and token.word not in STOP:
            negated ^= unprefixed(token, stems)[1]
    return negated


def _with_negation(source: _Source, one: Mention, covered: Container[int]) -> Mention:
    """`one` with what stands beside it taken into account: negations, words that may change its state."""
    tokens, negated, odd = source.tokens, one.negated, False
    before = tokens[one.first - 1]
    if before.word in _LEADS_ON or before.stem in TURNING or before.word.endswith("n't"):
        negated ^= _denied_before(tokens, one)
        odd = _turned_before(tokens, one)
    after = tokens[one.last].word if one.last < len(tokens) else ""
    if after in _GOES_ON or after.endswith("n't"):
        negated ^= _denied_after(tokens, one)
        odd = odd or _turned_after(tokens, one)
    odd = odd or (one.odd and _strange_clause(source, one, covered))
    state = None if odd else one.state
    if negated and one.variable >= 0:
        state = _other(source.known.variables[one.variable], state)
    if odd is one.odd and negated is one.negated and state is one.state:
        return one
    return Mention(one.variables, one.variable, state, one.first, one.last, negated, one.sentence, one.weak, odd)


def _denied_before(tokens: Sequence[Token], one: Mention) -> bool:
    """Whether a negation stands before a mention, up to three words that say little away."""
    at, seen = one.first - 1, 0
    while at >= 0 and seen <= 3 and tokens[at].sentence == one.sentence:
        word = tokens[at].word
        if (
            word in NEGATIONS
            or word.endswith("n't")
            or (word in _DENY_WITH and at > 0 and tokens[at - 1].word in _DENY_WITH[word])
        ):
            return True
        if word != "-" and (word in _BREAKS or word not in STOP):
            return False
        at, seen = at - 1, seen + (word != "-")
    return False


def _denied_after(tokens: Sequence[Token], one: Mention) -> bool:
    """Whether the words after a mention deny it: "A did not occur", "A is false", "A is absent"."""
    seen_not = False
    for token in tokens[one.last : one.last + 4]:
        if token.sentence != one.sentence:
            break
        if token.word in _NOT or token.word.endswith("n't"):
            seen_not = True
        elif token.word in _FALSE:
            return not seen_not
        elif token.word in _HAPPENS:
            return seen_not
        elif token.word not in _HELPING:
            break
    return False


def _strange_clause(source: _Source, one: Mention, covered: Container[int]) -> bool:
    """Whether the clause of a bare name has words that are not known: "had the doctors not prescribed warfarin"."""
    _, tokens, bares, _, stems = source
    for step in (-1, 1):
        at = one.first - 1 if step < 0 else one.last
        while 0 <= at < len(tokens) and tokens[at].sentence == one.sentence:
            token = tokens[at]
            word = token.word
            ends = word in _BREAKS or token.stem in CAUSAL
            if ends or (at in covered if step > 0 else word in _SETTLED):
                break
            plain = word in _PLAIN or at in covered or bares[at] in stems or not word[0].isalpha()
            if not plain and not word.endswith("n't"):
                return True
            at += step
    return False


def turned(tokens: Sequence[Token], one: Mention) -> bool:
    """Whether a word beside a mention changes its state in a way not known here."""
    return _turned_before(tokens, one) or _turned_after(tokens, one)


def prevented(tokens: Sequence[Token], one: Mention) -> bool:
    """Whether a verb right before a mention is one of preventing: "if we prevented the heater from running"."""
    return _word_before(tokens, one) in PREVENTING


def _turned_before(tokens: Sequence[Token], one: Mention) -> bool:
    """Whether a word before a mention changes its state in a way not known here: "stop smoking"."""
    return _word_before(tokens, one) in TURNING


def _word_before(tokens: Sequence[Token], one: Mention) -> str:
    """The stem of the first of three words before a mention that says something; empty where none does."""
    for at in range(one.first - 1, max(-1, one.first - 4), -1):
        token = tokens[at]
        if token.sentence != one.sentence:
            return ""
        if token.word in _BREAKS or token.word not in STOP:
            return token.stem
    return ""


def _turned_after(tokens: Sequence[Token], one: Mention) -> bool:
    """Whether words after a mention change its state in a way not known here: "the lamp is dark"."""
    at, denied = one.last, False
    while at < len(tokens) and tokens[at].word in _BECOMES:
        denied = denied or tokens[at].word in _NOT
        at += 1
    if at == one.last or at >= len(tokens) or tokens[at].sentence != one.sentence:
        return False
    token = tokens[at]
    said = token.word in _FALSE or token.word in _HAPPENS or not token.word[0].isalpha()
    plain = said or (token.word in STOP and not denied)
    if token.stem in CAUSAL:  # "the merger had been blocked", but not "is caused by"
        after = tokens[at + 1].word if at + 1 < len(tokens) else ""
        return token.word.endswith("ed") and after != "by"
    return not plain and token.word not in _SAID_OF
