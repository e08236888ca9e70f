"""Sentences of statistical word problems: a graph in words, probabilities, rules without exception, one question."""

from __future__ import annotations

import re
from collections.abc import Callable

from .._lemma import words
from .._story import Unreadable, quoted
from ._asking import question_of
from ._count_tables import without_tables
from ._forms import Arrow, Rule, Seen, Way, World
from ._given import chance_in, compared_in, share_in, tie_in

LONGEST = 700
"""Longest sentence that is read, in characters; keeps the time for a sentence bounded."""

_ASK = (
    "Ask, of two names A and B, such as 'How much does A increase the chance of B?' or 'For those with A, what is the "
    "probability of B?'."
)

_FRAME = re.compile(r"^(?:imagine|suppose|consider|assume)\b[^.:?%]{0,300}:\s*", re.IGNORECASE)
_FIRST = re.compile(r"^[^.?!:]{3,300}[.!:]\s+")
_OPENS = words(
    """imagine suppose consider assume take think here now let us we you read picture the a an this that these there is
are be it of following holds hold true world worlds situation scenario story stories case problem facts setting
hypothetical imaginary self contained simple with only conditions condition and or without any no other unmentioned
factors factor causal relationships relationships given as follows about in which look at"""
)
"""Words of a first sentence that says nothing of what follows."""
_LEAD = re.compile(
    r"^(?:we know that|we are told that|it is known that|we also know that|also|moreover|in addition|furthermore|and"
    r"|then|finally|however|but|suppose(?: that)?|assume(?: that)?),? ",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[.?!])(?<!Dr\.)(?<!Mr\.)(?<!Ms\.)(?<!Mrs\.)(?<!St\.)\s+|\s*\n\s*(?:[-*\u2022]\s+)?")


_MARKS = str.maketrans(".!:,;-", "      ")


def split(text: str) -> list[str]:
    """The sentences of a text, each with its end mark."""
    body = _FRAME.sub("", " ".join(text.split(" ")).strip())
    first = _FIRST.match(body)
    if first and words(first.group().lower().translate(_MARKS)) <= _OPENS:
        body = body[first.end() :]
    return [s.strip() for s in _END.split(body) if s.strip()]


def read_sentences(text: str) -> World:
    """What the sentences say.

    Raises:
        Unreadable: a sentence that no pattern takes, no question, or two.
    """
    world = World()
    strange: list[str] = []
    for sentence in split(without_tables(text, world)):
        if len(sentence) > LONGEST:
            raise Unreadable(f"A sentence of {len(sentence):,} characters, beginning {quoted(sentence, 60)}: split it.")
        if sentence.endswith("?") or question_of(sentence):
            found = question_of(sentence)
            if found is None:
                raise Unreadable(f"The question {quoted(sentence, 160)} is not understood. {_ASK}")
            if world.question is not None:
                raise Unreadable(f"There are two questions: {quoted(world.question.words)} / {quoted(sentence)}.")
            world.question = found
        elif not all(_read(piece, sentence, world) for piece in _pieces(_bare(sentence))):
            strange.append(sentence)
    if not world.arrows and world.chances:
        _caused(world)
    if strange:
        raise Unreadable(f"{quoted(strange[0], 160)} has no place among the graph, the probabilities and the question.")
    if world.question is None:
        raise Unreadable("There is no question. End with one.")
    return world


def _caused(world: World) -> None:
    """Beside chances, `tea causes sleep` says what acts on what, not that it always does."""
    if not any(re.search(r"\b(?:or|not)\b", f"{rule.causes} {rule.effects}") for rule in world.rules):
        world.arrows += [Arrow(names_in(rule.causes), names_in(rule.effects), rule.words) for rule in world.rules]
        world.rules = []


_NEXT = re.compile(
    r"(?:,? (?:and|while|whereas|but)|;) "
    r"(?=(?:for|among|of|the (?:probability|chance)|(?:only )?\d|(?:one|two|three|half)\b).* )",
    re.IGNORECASE,
)
_IS_NUMBER = re.compile(r"\d|\b(?:half|thirds?|quarters?|fifths?|tenths?|times|twice)\b", re.IGNORECASE)


def _pieces(bare: str) -> list[str]:
    """The statements of a sentence that gives several numbers: `30% of smokers cough, and 10% of others do`."""
    pieces = _NEXT.split(bare)
    return pieces if all(_IS_NUMBER.search(piece) for piece in pieces) else [bare]


def _read(bare: str, sentence: str, world: World) -> bool:
    return any(reader(bare, sentence, world) for reader in _READERS)


def _bare(sentence: str) -> str:
    flat = " ".join(sentence.rstrip(".!; ").split())
    while (shorter := _LEAD.sub("", flat)) != flat:
        flat = shorter
    return flat


# ---------------------------------------------------------------------------------------------------------------------
# The graph

_EFFECT_ON = re.compile(
    r"^(?P<c>.+?) (?:has|have) an? (?:direct |causal |direct causal )?(?:effect|influence|impact) on (?P<e>.+)$"
    r"|^(?P<c2>.+?) directly (?:affects?|influences?|causes?|impacts?|determines?) (?P<e2>.+)$"
    r"|^(?P<c3>.+?) (?:affects?|influences?|impacts?) (?P<e3>.+)$"
    r"|^(?P<c4>.+?) (?:is|are) (?:a )?direct causes? of (?P<e4>.+)$"
    r"|^(?P<e5>.+?) (?:depends? (?:directly )?on|(?:is|are) (?:directly )?(?:affected|influenced|caused|determined) by)"
    r" (?P<c5>.+)$",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    r"^(?P<n>.+?) (?:is|are)(?: both| all)? (?:unobserved|not observed|unmeasured|not measured|hidden|latent"
    r"|not recorded|unrecorded|never observed|never measured)$",
    re.IGNORECASE,
)
_CALLED_HIDDEN = re.compile(
    r"^(?:an? |the |some )?(?:unobserved|unmeasured|unrecorded|hidden|latent) (?!by\b)", re.IGNORECASE
)
"""A name that says of its variable that nobody measures it: `an unobserved gene`."""
_NOT_SAID = re.compile(
    r"\b(?:not|never|no longer|may|might|could|can|cannot|would|should|must|will|hardly|rarely|seldom|scarcely|barely"
    r"|possibly|perhaps|probably|maybe|allegedly|supposedly|sometimes|only|neither|nor|nothing|do|does|did)\b|n['\u2019]t\b"
    r"|\b(?:if|unless|when|whenever|whether|provided|except|among)\b|^no\b|\| (?:nothing|no|neither)\b",
    re.IGNORECASE,
)
"""Words that make an edge less than said: denied, possible, or on a condition."""


def names_in(phrase: str) -> tuple[str, ...]:
    """The names of a list: `a, b and c`; `both a and b`."""
    flat = re.sub(r"^both ", "", phrase.strip(), flags=re.IGNORECASE)
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+(?:on\s+)?", flat)
    return tuple(re.sub(r"^(?:the|on) ", "", part.strip(), flags=re.IGNORECASE) for part in parts if part.strip())


def _arrow(bare: str, words: str, world: World) -> bool:
    match = _EFFECT_ON.match(bare)
    if match is None or "%" in bare or " more likely" in bare:
        return False
    sides = {k[0]: v for k, v in match.groupdict().items() if v}
    if odd := _NOT_SAID.search(f"{sides['c']} | {sides['e']}"):
        raise Unreadable(f"{quoted(odd.group())} in {quoted(words)} has no place: say only what acts on what.")
    one = re.search(r" has a", bare[len(sides["c"]) :][:8]) is not None
    arrow = Arrow((sides["c"],) if one else names_in(sides["c"]), names_in(sides["e"]), words)
    world.arrows.append(arrow)
    world.hidden.extend((name, words) for name in (*arrow.causes, *arrow.effects) if _CALLED_HIDDEN.match(name))
    return True


def _hidden(bare: str, words: str, world: World) -> bool:
    match = _HIDDEN.match(bare)
    if match is None:
        return False
    world.hidden.extend((name, words) for name in names_in(match["n"]))
    return True


# ---------------------------------------------------------------------------------------------------------------------
# Rules, observations, methods

_RULE = re.compile(r"^(?P<c>.+?) causes? (?P<e>.+)$", re.IGNORECASE)
_NOT_CAUSED = re.compile(
    r"\b(?:(?:do|does|did|can|could|would|will|may|might|must|should) not|never|no longer|may|might|could|can|cannot"
    r"|would|should|must|will|hardly|rarely|seldom|possibly|perhaps|probably|sometimes|often|usually|only"
    r"|n['\u2019]t)$",
    re.IGNORECASE,
)
_SAW = re.compile(r"^(?:we|i|you) (?:have )?(?:observed?|saw|see|found|noticed) (?:that )?(?P<s>.+)$", re.IGNORECASE)
_METHOD = re.compile(
    r"^method (?P<k>\d+): we look (?P<how>.+)$",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"^(?:directly )?at (?:how (?P<x>.+?) correlates? with (?P<y>.+?)|(?:this|the) correlation)"
    r"(?: in general| overall| (?:case by case|separately) (?:according to|for each value of|for each) (?P<z>.+))?$",
    re.IGNORECASE,
)


def _rule(bare: str, words: str, world: World) -> bool:
    pieces = re.split(r",? and we know that |, and (?=[^,]+ causes? )|; ", bare)
    matches = [_RULE.match(piece) for piece in pieces]
    if not all(matches):
        return False
    for match in matches:
        if match and (odd := _NOT_CAUSED.search(match["c"])):
            raise Unreadable(f"{quoted(odd.group())} in {quoted(words)} has no place: say only what causes what.")
    world.rules.extend(Rule(m["c"], m["e"], words) for m in matches if m)
    return True


def _saw(bare: str, words: str, world: World) -> bool:
    match = _SAW.match(bare)
    if match is None:
        return False
    world.seen.append(Seen(match["s"], words))
    return True


def _method(bare: str, words: str, world: World) -> bool:
    match = _METHOD.match(bare)
    how = _HOW.match(match["how"]) if match else None
    if match is None or how is None:
        return False
    world.ways.append(Way(match["k"], how["x"], how["y"], how["z"], words))
    return True


_READERS: tuple[Callable[[str, str, World], bool], ...] = (
    _method, tie_in, _saw, _hidden, chance_in, compared_in, share_in, _arrow, _rule,
)  # fmt: skip
