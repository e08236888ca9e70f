"""What a question asks, by its words: what is imposed, seen, compared, and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .._problem import ProblemVariable
from ._lexicon import BE, COMPARED_DOWN, COMPARED_UP, FORWARD, NEGATIONS, NOUNS, PREVENTING, stems
from ._markers import markers
from ._mentions import Mention, mentions
from ._text import Scan, Sentence, Token, fold, remembered, words

Role: TypeAlias = Literal["plain", "imposed", "seen", "via", "against", "aside"]

_AUXILIARIES = words(
    "would will could does did do is are was were can should what which how has have might may who whom isn't aren't "
    "wouldn't won't doesn't didn't couldn't"
)
_SUPPOSE = words("assume assuming suppose supposing imagine imagining pretend say had were if without")
_IMPOSE = words("assume assuming suppose supposing imagine imagining pretend without forced forcing force set setting")
_SEE = words(
    "given observing observed observe observes seeing among amongst knowing conditional conditioning when whenever "
    "look looking know learn see"
)
_STRONG_SEE = words(
    "given observing observed observe among amongst knowing conditional conditioning look looking when see"
)
_AFTER_IF_SEEN = words("look observe observed see saw know learn learned find found condition consider restrict")
_AFTER_IF_ASIDE = words("disregard ignore exclude block neglect")
_VIA = words("through via mediation mediated mediating mediator")
_AGAINST = words("instead rather than versus vs")
_ASIDE = words("regardless irrespective disregarding ignoring disregard ignore")
_WOULD = words("would could might wouldn't couldn't")
_BEFORE_HAD = words("if that have has having would could might he she they it we who there which to")
_ASK = words("ask asks asked asking wonder wonders wondered know knows see tell say says find")
_GOES_ON = words("did does do is are was were has have")
_VERBS = FORWARD | PREVENTING | NOUNS | stems("make lead depend result")
_DOING = words(
    "force forced forcing intervene intervening intervention do impose imposed assign assigned randomly regardless"
)


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, with the sentences that set it up.

    Attributes:
        text: the words, for messages.
        roles: each mention with the part it plays.
        causes, outcomes: of the plain mentions, those that act and those acted on.
        would: whether it asks what would be.
        causal: whether a causal verb joins cause and outcome.
        compared: 1 for "more", "increase"; -1 for "less", "decrease"; 0 for neither or both.
        spoken: all of its words.
        sentences: the numbers of its sentences.
    """

    text: str
    roles: tuple[tuple[Mention, Role], ...]
    causes: tuple[Mention, ...]
    outcomes: tuple[Mention, ...]
    would: bool
    causal: bool
    compared: int
    spoken: frozenset[str]
    sentences: frozenset[int] = field(default_factory=frozenset[int])

    def having(self, role: Role) -> tuple[Mention, ...]:
        """The mentions that play `role`."""
        return tuple([m for m, r in self.roles if r == role])

    @property
    def sees(self) -> bool:
        """Whether it speaks of seeing, plainly."""
        return not self.spoken.isdisjoint(_STRONG_SEE)

    @property
    def does(self) -> bool:
        """Whether it speaks of doing, plainly."""
        return not self.spoken.isdisjoint(_DOING)


@remembered
def asking(text: Scan, variables: tuple[ProblemVariable, ...], cited: str) -> Asking | None:
    """The question of `text` that `cited` words belong to; None where there is no question."""
    found = question_sentences(text, cited)
    if not found:
        return None
    numbers = frozenset([s.index for s in found])
    here = [m for m in mentions(text, variables) if m.sentence in numbers]
    roles: list[tuple[Mention, Role]] = []
    for sentence in found:
        inside = [m for m in here if m.sentence == sentence.index]
        roles += _roles(text, sentence, inside, supposed=not sentence.question)
    last = found[-1]
    plain = [m for m, role in roles if role == "plain"]
    taken = {at for m in here for at in range(m.first, m.last)}
    causes, outcomes, causal = _causes(text, last, plain, taken)
    spoken = frozenset([t.word for s in found for t in text.of(s)])
    return Asking(
        " ".join([s.text for s in found]),
        tuple(roles),
        causes,
        outcomes,
        not spoken.isdisjoint(_WOULD),
        causal,
        _compared(text, last, taken),
        spoken,
        numbers,
    )


@remembered
def question_sentences(text: Scan, cited: str) -> tuple[Sentence, ...]:
    """The question that `cited` belongs to, else the last one; with the suppositions right before it."""
    asked = [s for s in text.sentences if s.question]
    if not asked:
        return text.sentences[-1:]
    folded = fold(cited)
    chosen = [s for s in asked if folded and (fold(s.text) in folded or folded in fold(s.text))]
    last = chosen[-1] if chosen else asked[-1]
    first = last.index
    while first and _supposes(text, text.sentences[first - 1]):
        first -= 1
    return text.sentences[first : last.index + 1]


def _supposes(text: Scan, sentence: Sentence) -> bool:
    tokens = text.of(sentence)
    opening = any([t.word in _SUPPOSE for t in tokens[:3]])
    return opening and not sentence.question and not markers(tokens, 0, len(tokens), ())


# ---------------------------------------------------------------------------------------------------------------------
# Roles


def _roles(text: Scan, sentence: Sentence, here: Sequence[Mention], *, supposed: bool) -> list[tuple[Mention, Role]]:
    by_start = {m.first: m for m in here}
    role: Role = "plain"
    before: Role = "plain"
    found: list[tuple[Mention, Role]] = []
    at = sentence.first
    reset = _fronted_end(text, sentence)
    while at < sentence.last:
        if at in by_start:
            found.append((by_start[at], role))
            at = by_start[at].last
            continue
        word = text.tokens[at].word
        changed = _cue(text.tokens, at, sentence, role) if word in _CUE_WORDS else None
        if changed is not None:
            before, role = role if changed == "against" else before, changed
        elif word == "," and role == "against":
            role = before
        elif at == reset and not supposed:
            role = "plain"
        at += 1
    return found


def _fronted_end(text: Scan, sentence: Sentence) -> int:
    """The comma after which the main clause comes, where no auxiliary opens that: "If not A, B would occur?"."""
    spoken = [token.word for token in text.of(sentence)]
    would = [at for at, word in enumerate(spoken) if word in _WOULD]
    commas = [at for at, word in enumerate(spoken[: would[-1]]) if word == ","] if would else []
    return sentence.first + commas[-1] if commas else -1


_CUES: tuple[tuple[frozenset[str], Role], ...] = (
    (_AGAINST, "against"),
    (_VIA, "via"),
    (_ASIDE, "aside"),
    (_IMPOSE, "imposed"),
    (_SEE, "seen"),
)


_CUE_WORDS = frozenset(["if", "unless", "for", "in", "of", "had", "were"]).union(
    _AUXILIARIES, *[cues for cues, _ in _CUES]
)


def _cue(tokens: Sequence[Token], at: int, sentence: Sentence, role: Role) -> Role | None:
    """The role that the word at `at`, one of `_CUE_WORDS`, gives to what follows; None where it gives none."""
    word = tokens[at].word
    opens = at == sentence.first or tokens[at - 1].word in (",", "then", ":", "and", "but", ".", "question")
    if word == "if" and at > sentence.first and tokens[at - 1].word in _ASK:
        return None  # "Legal asks if": whether
    if word in ("if", "unless"):
        ahead = {t.word for t in tokens[at + 1 : min(at + 4, sentence.last)]}
        return "seen" if ahead & _AFTER_IF_SEEN else "aside" if ahead & _AFTER_IF_ASIDE else "imposed"
    if word == "for" and at > sentence.first and tokens[at - 1].word == "but":
        return "imposed"
    if word in ("had", "were") and not opens and role == "plain" and tokens[at - 1].word not in _BEFORE_HAD:
        return "imposed" if any(t.word in _WOULD for t in tokens[sentence.first : at]) else None
    if word in ("had", "were") and opens:
        return "imposed"
    if word in _AUXILIARIES and (opens or at == sentence.first):
        goes_on = word in _GOES_ON and role == "seen" and tokens[at - 1].word in ("and", "but")
        return None if goes_on else "plain"  # "given that somebody fell ill and was not treated"
    for role_words, given in _CUES:
        if word in role_words:
            gave = word == "given" and at > sentence.first and tokens[at - 1].word in BE
            return None if gave else _kept(word, given, role)
    if word in ("for", "in", "of") and at == sentence.first:
        return "seen"
    return None


def _kept(word: str, given: Role, role: Role) -> Role | None:
    """The new role, but for words that are weak inside another."""
    if (
        given == "seen"
        and (word == "see" or role == "imposed")
        and word in ("see", "when", "observe", "observed", "know")
    ):
        return None  # "would it be more likely to see Y"
    return given


def _causes(
    text: Scan, last: Sentence, plain: Sequence[Mention], taken: set[int]
) -> tuple[tuple[Mention, ...], tuple[Mention, ...], bool]:
    """Of the plain mentions, what acts and what is acted on."""
    here = [m for m in plain if m.sentence == last.index]
    stated = text.tokens[last.first].word in BE  # "is the chance of finding work lower with the subsidy"
    for at in range(last.first, last.last):
        token = text.tokens[at]
        if at in taken or token.stem not in _VERBS or (token.word == "lower" and stated):
            continue
        left = tuple(m for m in here if m.last <= at)
        right = tuple(m for m in here if m.first > at)
        if token.stem in NOUNS and at + 1 < last.last and text.tokens[at + 1].word == "of":
            on = next((i for i in range(at, last.last) if text.tokens[i].word in ("on", "upon")), None)
            if on is not None:
                return tuple(m for m in right if m.last <= on), tuple(m for m in right if m.first > on), True
        if left and right:
            backward = token.word.startswith("depend") or (
                token.word.endswith("ed") and at + 1 < last.last and text.tokens[at + 1].word == "by"
            )
            return (right, left, True) if backward else (left, right, True)
    return (), tuple(here), False


def _compared(text: Scan, last: Sentence, taken: set[int]) -> int:
    """Which way the question compares; negation right before a comparison turns it ("not more likely")."""
    ways: set[int] = set()
    for at in range(last.first, last.last):
        token = text.tokens[at]
        way = 1 if token.stem in COMPARED_UP else -1 if token.stem in COMPARED_DOWN else 0
        if token.word in ("unlikely", "improbable"):
            way = -1
        if at in taken or not way:
            continue
        if at > last.first and at - 1 not in taken and text.tokens[at - 1].word in NEGATIONS:
            way = -way
        if not (token.word == "more" and at + 1 < last.last and text.tokens[at + 1].word in ("correct", "than")):
            ways.add(way)
    return ways.pop() if len(ways) == 1 else 0
