"""Sentences of statistical word problems: a graph in words, probabilities, rules without exception, one question."""

from __future__ import annotations

import re
from collections.abc import Callable

from .._lemma import is_past
from .._story import Unreadable, quoted
from ._asking import question_of
from ._forms import Alike, Arrow, Chance, Rule, Seen, Tie, Way, World

LONGEST = 700
"""Longest sentence that is read, in characters; keeps the time for a sentence bounded."""

_FRAME = re.compile(
    r"^imagine (?:a|an) (?:self-contained, )?(?:hypothetical|imaginary)?,? ?world with only the following conditions,"
    r" and without any unmentioned factors or causal relationships:\s*"
    r"|^(?:suppose|imagine|consider) (?:the following|a|an) [^.:]{0,60}:\s*",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:we know that|we are told that|it is known that|we also know that|also|moreover|in addition|furthermore|and"
    r"|then|finally|however|but|suppose(?: that)?|assume(?: that)?),? ",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[.?!])(?<!Dr\.)(?<!Mr\.)(?<!Ms\.)(?<!Mrs\.)(?<!St\.)\s+|\s*\n\s*(?:[-*\u2022]\s+)?")
_CHANCE = r"(?:the )?(?:probability|chance|likelihood|rate|frequency|prevalence|share|proportion|odds are that)"
_NUM = (
    r"(?P<p>\d+(?:\.\d+)?\s?%|\d+(?:\.\d+)? (?:percent|per cent)|\d+\s?/\s?\d+|\d+ (?:in|out of) \d+"
    r"|0?\.\d+|[01](?:\.\d+)?|(?:a |one )half"
    r"|(?:a|one|two) thirds?|(?:a|one|two|three) quarters?|(?:a|one|two|three|four) fifths?"
    r"|(?:a|one|three|seven|nine) tenths?)"
)
_AMONG = r"(?:for|among|amongst|in|within|given|of)"


def split(text: str) -> list[str]:
    """The sentences of a text, each with its end mark."""
    body = _FRAME.sub("", " ".join(text.split(" ")).strip())
    return [s.strip() for s in _END.split(body) if s.strip()]


def read_sentences(text: str) -> World:
    """What the sentences say.

    Raises:
        Unreadable: a sentence that no pattern takes, no question, or two.
    """
    world = World()
    strange: list[str] = []
    for sentence in split(text):
        if len(sentence) > LONGEST:
            raise Unreadable(f"A sentence of {len(sentence):,} characters, beginning {quoted(sentence, 60)}: split it.")
        if sentence.endswith("?") or question_of(sentence):
            found = question_of(sentence)
            if found is None:
                raise Unreadable(f"The question {quoted(sentence, 160)} is not understood.")
            if world.question is not None:
                raise Unreadable(f"There are two questions: {quoted(world.question.words)} / {quoted(sentence)}.")
            world.question = found
        elif not any(reader(_bare(sentence), sentence, world) for reader in _READERS):
            strange.append(sentence)
    if strange:
        raise Unreadable(f"{quoted(strange[0], 160)} has no place among the graph, the probabilities and the question.")
    if world.question is None:
        raise Unreadable("There is no question. End with one.")
    return world


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
    one = re.search(r" has a", bare[len(sides["c"]) :][:8]) is not None
    world.arrows.append(Arrow((sides["c"],) if one else names_in(sides["c"]), names_in(sides["e"]), words))
    return True


def _hidden(bare: str, words: str, world: World) -> bool:
    match = _HIDDEN.match(bare)
    if match is None:
        return False
    world.hidden.extend((name, words) for name in names_in(match["n"]))
    return True


# ---------------------------------------------------------------------------------------------------------------------
# Probabilities

_OVERALL = re.compile(
    rf"^(?:the )?(?:overall|general|marginal) {_CHANCE} of (?P<n>.+?) is {_NUM}$"
    rf"|^(?:overall|in general), {_CHANCE} of (?P<n2>.+?) is {_NUM.replace('?P<p>', '?P<p2>')}$"
    rf"|^{_CHANCE} of (?P<n3>.+?) (?:overall|in general) is {_NUM.replace('?P<p>', '?P<p3>')}$",
    re.IGNORECASE,
)
_AMONG_THESE = re.compile(
    rf"^(?:{_AMONG}|if|when) (?P<c>.+?), {_CHANCE} (?:of|for|that) (?P<n>.+?) is {_NUM}$", re.IGNORECASE
)
_OF_FOR = re.compile(
    rf"^{_CHANCE} of (?P<n>.+?) (?:for|among|amongst|given|if|when) (?P<c>.+?) is {_NUM}$", re.IGNORECASE
)
_BOTH = re.compile(rf"^{_CHANCE} (?:of|that) (?P<n>.+?) is {_NUM}$", re.IGNORECASE)
_SHARE = re.compile(
    rf"^{_NUM} of (?:the |all )?(?P<c>.+?) (?:have|has|are|is|get|do|show|suffer from|did|had|were|was) (?P<n>.+)$"
    r"|^(?P<a>\d+) (?:out of|of|in) (?:the |every )?(?P<b>\d+) (?P<c2>.+?)"
    r" (?:have|has|are|is|get|do|show|suffer from|did|had|were|was) (?P<n2>.+)$",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"^(?P<a>\d+) (?:out of|of) (?:the )?(?P<b>\d+) (?P<c>.+) (?P<n>\S+)$", re.IGNORECASE)
_ALIKE = re.compile(
    r"^(?:for )?(?P<c>.+?),? (?:(?P<n2>.+?) is|are|is)"
    r""
    r" (?P<t>twice|half|(?:two|three|four|five|ten|\d+(?:\.\d+)?) times) as likely"
    r"(?: to (?P<n>.+?))?(?: as (?:for |among )?(?P<d>.+))?$",
    re.IGNORECASE,
)
_TIE = re.compile(
    r"^(?:(?:for|among|in) (?P<c>.+?), )?the correlation between (?P<n>.+?) and (?P<m>.+?)"
    r"(?: (?:for|among) (?P<c2>.+?))? is (?P<p>-?\d*\.?\d+)$",
    re.IGNORECASE,
)
_TIMES = {"twice": 2.0, "half": 0.5, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "ten": 10.0}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_HOW_MANY = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "seven": 7, "nine": 9}


def printed(text: str) -> str:
    """A number as a Problem takes it."""
    low = " ".join(text.lower().split())
    low = re.sub(r" ?(?:percent|per cent)$", "%", low)
    word = re.match(r"(?:(\w+) )?(half|third|quarter|fifth|tenth)s?$", low)
    return f"{_HOW_MANY[word[1] or 'a']}/{_PARTS[word[2]]}" if word else low


def _first(match: re.Match[str], *names: str) -> str:
    return next(value for name in names if (value := match.groupdict().get(name)))


def _chance(bare: str, words: str, world: World) -> bool:
    if match := _OVERALL.match(bare):
        world.chances.append(
            Chance(_first(match, "n", "n2", "n3"), None, printed(_first(match, "p", "p2", "p3")), words)
        )
    elif match := _AMONG_THESE.match(bare) or _OF_FOR.match(bare):
        world.chances.append(Chance(match["n"], match["c"], printed(match["p"]), words))
    elif match := _BOTH.match(bare):
        world.chances.append(Chance(match["n"], None, printed(match["p"]), words, joint=" and " in match["n"]))
    else:
        return False
    return True


def _share(bare: str, words: str, world: World) -> bool:
    match = _SHARE.match(bare)
    if match is None:
        bare_verb = _COUNTED.match(bare)
        if bare_verb is None or not is_past(bare_verb["n"].lower()):
            return False
        number = (int(bare_verb["a"]), int(bare_verb["b"]))
        world.chances.append(Chance(bare_verb["n"], bare_verb["c"], number, words))
        return True
    number = (int(match["a"]), int(match["b"])) if match["a"] else printed(match["p"])
    given = _first(match, "c", "c2")
    everybody = given.lower() in ("people", "them", "cases", "units", "individuals", "persons")
    world.chances.append(Chance(_first(match, "n", "n2"), None if everybody else given, number, words))
    return True


def _alike(bare: str, words: str, world: World) -> bool:
    match = _ALIKE.match(bare)
    if match is None or not (match["n"] or match["n2"]):
        return False
    word = match["t"].split()[0].lower()
    times = _TIMES[word] if word in _TIMES else float(word)
    world.alike.append(Alike(match["n"] or match["n2"], match["c"], match["d"], times, words))
    return True


def _tie(bare: str, words: str, world: World) -> bool:
    match = _TIE.match(bare)
    if match is None:
        return False
    world.ties.append(Tie(match["n"], match["m"], match["c"] or match["c2"], match["p"], words))
    return True


# ---------------------------------------------------------------------------------------------------------------------
# Rules, observations, methods

_RULE = re.compile(r"^(?P<c>.+?) causes? (?P<e>.+)$", re.IGNORECASE)
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
    _method, _tie, _saw, _hidden, _chance, _alike, _share, _arrow, _rule,
)  # fmt: skip
