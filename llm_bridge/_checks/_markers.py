"""Causal markers of a sentence: the verbs, nouns and conditions that say which side is the cause."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, TypeAlias

from ._lexicon import (
    BE,
    CONDITIONS,
    FORWARD,
    HAVE,
    NEGATIONS,
    NOUNS,
    PREVENTING,
    STRICT,
    UNSIGNED,
    WITH_FROM,
    WITH_IN,
    WITH_ON,
    WITH_TO,
)
from ._text import Token, words

Direction: TypeAlias = Literal["forward", "backward", "of-on", "if", "unclear"]
"""Where the cause stands: left of the marker, right of it, between "of" and "on", after "if", or nobody knows."""

_ARTICLES = words("a an the no any this that some its their each every")
_ADVERBS = words("directly also both together always only partly strongly not never in turn turn itself then")
_NOUN_WORDS = words("a an the main direct common possible likely only one root key major sole")
_NO_VERBS = words("general generally generic causal causally director directors lowest productive effective")
_HELPS = words("does do did is are was were has have will can may would")
_BETWEEN = words("directly also ever actually any be been")
_DIRECT = words("direct directly")
_REASONS = {"due": "to", "because": "of", "thanks": "to", "owing": "to", "result": "of"}

_STEMS = FORWARD | PREVENTING | NOUNS | WITH_TO | WITH_IN | WITH_FROM | WITH_ON
_WORDS = CONDITIONS | frozenset(_REASONS) | {"responsible", "because"}


class Marker(NamedTuple):
    """One causal marker.

    Attributes:
        first, last: its tokens, `last` excluded.
        direction: where the cause stands.
        against: whether the cause works against the effect ("prevents").
        denied: whether a negation denies the relation itself ("does not cause", "has no effect on").
        direct: whether the text says "direct".
        signed: whether it says which state brings about which ("causes", "if"; not "affects").
        strict: whether it says so without exception ("causes", "if"; not "raises").
    """

    first: int
    last: int
    direction: Direction
    against: bool = False
    denied: bool = False
    direct: bool = False
    signed: bool = True
    strict: bool = True


def markers(tokens: Sequence[Token], first: int, last: int, taken: Collection[int]) -> list[Marker]:
    """The markers among the tokens `first` to `last - 1`, in order; words inside a mention (`taken`) are none."""
    found: list[Marker] = []
    possible = [at for at in range(first, last) if tokens[at].stem in _STEMS or tokens[at].word in _WORDS]
    after = first
    for place in possible:
        if place < after or place in taken:
            continue
        one = _marker(tokens, place, first, last)
        if one is not None:
            after = one.last
            if not (found and one.first < found[-1].last):
                found.append(one)
    return found


def _marker(tokens: Sequence[Token], place: int, first: int, last: int) -> Marker | None:
    token = tokens[place]
    following = tokens[place + 1].word if place + 1 < last else ""
    before = tokens[place - 1].word if place > first else ""
    if _REASONS.get(token.word) == following and (token.word != "result" or before == "a"):
        start = place - 2 if token.word == "result" else place
        at_start = all(t.word in ("and", "but", "so") for t in tokens[first:start])
        return Marker(start, place + 2, "if" if at_start else "backward")
    if token.word in CONDITIONS or token.word == "because":
        return Marker(place, place + 1, "if", against=token.word == "unless")
    if token.word == "responsible" and following == "for":
        return _denial(tokens, Marker(place, place + 2, "forward"), first)
    if token.stem in NOUNS and (noun := _noun(tokens, place, first, last)) is not None:
        return noun
    if (token.stem in FORWARD or token.stem in PREVENTING) and token.word not in _NO_VERBS:
        return _verb(tokens, place, first, last)
    direction, length = _with_preposition(tokens, place, last)
    if direction is None:
        return None
    signed = token.stem not in WITH_ON and token.word not in ("contributes", "contribute", "contributed")
    return _denial(tokens, Marker(place, place + length, direction, signed=signed, strict=signed), first)


def _with_preposition(tokens: Sequence[Token], place: int, last: int) -> tuple[Direction | None, int]:
    """Verbs that are causal before a preposition: "leads to", "results in", "depends on", "brings about"."""
    token = tokens[place]
    near = [t.word for t in tokens[place + 1 : min(place + 4, last)]]
    if token.stem in WITH_TO and "to" in near[:3] and near[:1] != [","]:
        return "forward", near.index("to") + 2
    if token.stem in WITH_TO and near[:1] == ["about"]:
        return "forward", 2
    if token.stem in WITH_IN and near[:1] == ["in"]:
        return "forward", 2
    if token.stem in WITH_FROM and "from" in near[:2]:
        return "backward", near.index("from") + 2
    if token.stem in WITH_ON and ("on" in near[:3] or "upon" in near[:3]):
        on = near.index("on") if "on" in near else near.index("upon")
        return "forward" if token.word.startswith("act") else "backward", on + 2
    return None, 0


def _noun(tokens: Sequence[Token], place: int, first: int, last: int) -> Marker | None:
    """The nouns: "has an effect on" and "the effect of ... on"."""
    near = [t.word for t in tokens[place + 1 : min(place + 3, last)]]
    back = range(place - 1, max(first - 1, place - 6), -1)
    have = next((at for at in back if tokens[at].word in HAVE), None)
    direct = any(tokens[at].word == "direct" for at in range(max(first, place - 2), place))
    if have is not None and ("on" in near or "upon" in near):
        on = place + 1 + (near.index("on") if "on" in near else near.index("upon"))
        denied = any(tokens[at].word in NEGATIONS for at in range(have, on))
        one = Marker(have, on + 1, "forward", denied=denied, direct=direct, signed=False, strict=False)
        return _denial(tokens, one, first)
    if near[:1] == ["of"]:
        return Marker(place, place + 2, "of-on", direct=direct, signed=False, strict=False)
    return None


def _verb(tokens: Sequence[Token], place: int, first: int, last: int) -> Marker | None:
    token = tokens[place]
    back = place - 1
    while back >= first and tokens[back].word in _ADVERBS:
        back -= 1
    before = tokens[back].word if back >= first else ""
    near = [t.word for t in tokens[place + 1 : min(place + 4, last)]]
    direct = not _DIRECT.isdisjoint([t.word for t in tokens[max(first, place - 2) : place]])
    against, signed, strict = token.stem in PREVENTING, token.stem not in UNSIGNED, token.stem in STRICT
    base = Marker(place, place + 1, "forward", against, direct=direct, signed=signed, strict=strict)
    done = token.word.endswith("ed")
    if "by" in near[:2] and (done or token.word == "driven" or (before in BE and not token.word.endswith("ing"))):
        after = place + near.index("by") + 2
        return _denial(tokens, base._replace(last=after, direction="backward"), first)
    if done and before in BE:
        return None  # "is increased": a state, and no cause is named
    if near[:1] == ["of"] and token.word in ("cause", "causes"):
        named = back >= first and tokens[back].word in _NOUN_WORDS
        before_that = {t.word for t in tokens[max(first, back - 3) : back + 1]}
        clear = bool(before_that & BE) and named
        return _denial(tokens, base._replace(last=place + 2, direction="forward" if clear else "unclear"), first)
    if before in ("each", "every", "both") and token.stem == "caus":
        return base._replace(direction="unclear")
    if before in _ARTICLES or before in _NOUN_WORDS or near[:1] in (["in"], ["of"]):
        return None  # "an increase in": a noun
    if before == "to" and token.word not in ("causes",):
        return base._replace(direction="unclear")
    return _denial(tokens, base, first)


def _denial(tokens: Sequence[Token], one: Marker, first: int) -> Marker:
    """`one`, denied where "does not", "doesn't", "never" stand right before it."""
    back = one.first - 1
    while back >= first and tokens[back].word in _BETWEEN:
        back -= 1
    if back < first:
        return one
    word = tokens[back].word
    helped = back > first and tokens[back - 1].word in _HELPS
    if word.endswith("n't") or word in ("never", "cannot") or (word == "not" and helped):
        return one._replace(denied=not one.denied)
    return one
