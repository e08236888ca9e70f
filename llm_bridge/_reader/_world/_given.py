"""Sentences that give numbers: chances, shares, counts, comparisons of chances, correlations."""

from __future__ import annotations

import re

from .._lemma import is_past
from ._forms import Chance, Compared, Tie, World

_CHANCE = r"(?:the )?(?:probability|chance|likelihood|rate|frequency|prevalence|share|proportion|odds are that)"
_NUM = (
    r"(?P<p>\d+(?:\.\d+)?\s?%|\d+(?:\.\d+)? (?:percent|per cent)|\d+\s?/\s?\d+|\d+ (?:in|out of) \d+"
    r"|0?\.\d+|[01](?:\.\d+)?|(?:a |one )half"
    r"|(?:a|one|two) thirds?|(?:a|one|two|three) quarters?|(?:a|one|two|three|four) fifths?"
    r"|(?:a|one|three|seven|nine) tenths?)"
)
_AMONG = r"(?:for|among|amongst|in|within|given|of)"
_FOR_ALL = r"(?:overall|in general|in total|(?:in|across) (?:the )?(?:whole|entire|general) population)"
_OVERALL = re.compile(
    rf"^(?:the )?(?:overall|general|marginal) {_CHANCE} of (?P<n>.+?) is {_NUM}$"
    rf"|^{_FOR_ALL}, {_CHANCE} of (?P<n2>.+?) is {_NUM.replace('?P<p>', '?P<p2>')}$"
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
_VERB = r"(?:have|has|are|is|get|do|show|suffer from|did|had|were|was)"
_NO_CLAUSE = r"(?<!\bwho)(?<!\bthat)(?<!\bwhich)"
"""Where a verb does not begin what is said of those: `people who | do not drink`."""
_SHARE = re.compile(
    rf"^{_NUM} of (?:the |all )?(?P<c>.+?){_NO_CLAUSE} {_VERB} (?P<n>.+)$"
    r"|^(?P<a>\d+) (?:out of|of|in) (?:the |every )?(?P<b>\d+) (?P<c2>.+?)"
    rf"{_NO_CLAUSE} {_VERB} (?P<n2>.+)$"
    rf"|^(?:among|of|in) (?:the |a group of )?(?P<b3>\d+) (?P<c3>.+?), (?P<a3>\d+) {_VERB} (?P<n3>.+)$"
    rf"|^{_AMONG} (?P<c4>.+?), {_NUM.replace('?P<p>', '?P<p4>')} (?:of them )?(?:{_VERB} )?(?P<n4>.+)$",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"^(?P<a>\d+) (?:out of|of) (?:the )?(?P<b>\d+) (?P<c>.+) (?P<n>\S+)$", re.IGNORECASE)
_TIMES_WORD = r"(?P<t>twice|half|(?:two|three|four|five|ten|\d+(?:\.\d+)?) times)"
_COMPARED = (
    re.compile(
        rf"^(?:for )?(?P<c>.+?),? (?:(?P<n>.+?) is|are|is) {_TIMES_WORD} as likely"
        r"(?: to (?P<n2>.+?))?(?: as (?:for |among )?(?P<d>.+))?$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^{_CHANCE} of (?P<n>.+?) (?:is|are) {_TIMES_WORD} (?:as (?:high|large|great) )?(?:for|among) (?P<c>.+?)"
        r" (?:as|than|compared to|compared with) (?:for |among )?(?P<d>.+)$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^{_CHANCE} of (?P<n>.+?) (?:for|among) (?P<c>.+?) is {_TIMES_WORD} (?:that|the one)"
        r" (?:for|among|of) (?P<d>.+)$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^{_CHANCE} of (?P<n>.+?) is (?P<points>\d+(?:\.\d+)?) (?:percentage )?points"
        r" (?P<way>higher|lower|larger|smaller) (?:for|among) (?P<c>.+?) than (?:for |among )?(?P<d>.+)$",
        re.IGNORECASE,
    ),
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


def chance_in(bare: str, words: str, world: World) -> bool:
    """`For smokers, the probability of cough is 30%`; overall; of two things at once."""
    if match := _OVERALL.match(bare):
        world.chances.append(
            Chance(_first(match, "n", "n2", "n3", "n4"), None, printed(_first(match, "p", "p2", "p3")), words)
        )
    elif match := _AMONG_THESE.match(bare) or _OF_FOR.match(bare):
        world.chances.append(Chance(match["n"], match["c"], printed(match["p"]), words))
    elif match := _BOTH.match(bare):
        world.chances.append(Chance(match["n"], None, printed(match["p"]), words, joint=" and " in match["n"]))
    else:
        return False
    return True


def share_in(bare: str, words: str, world: World) -> bool:
    """`30% of smokers cough`, `30 of 100 smokers have a cough`, `among 100 smokers, 30 have a cough`."""
    match = _SHARE.match(bare)
    if match is None:
        bare_verb = _COUNTED.match(bare)
        if bare_verb is None or not is_past(bare_verb["n"].lower()):
            return False
        number = (int(bare_verb["a"]), int(bare_verb["b"]))
        world.chances.append(Chance(bare_verb["n"], bare_verb["c"], number, words))
        return True
    part, total = match["a"] or match["a3"], match["b"] or match["b3"]
    counted = part and not re.match(r"\d+ in \d", bare)
    number = (int(part), int(total)) if counted else printed(match["p"] or match["p4"] or f"{part} in {total}")
    given = _first(match, "c", "c2", "c3", "c4")
    everybody = given.lower() in ("people", "them", "cases", "units", "individuals", "persons")
    world.chances.append(Chance(_first(match, "n", "n2", "n3", "n4"), None if everybody else given, number, words))
    return True


def compared_in(bare: str, words: str, world: World) -> bool:
    """`Smokers are twice as likely to cough as nonsmokers`; a chance that is so many points higher."""
    match = next((found for pattern in _COMPARED if (found := pattern.match(bare))), None)
    said = match.groupdict() if match else {}
    outcome = said.get("n") or said.get("n2")
    if match is None or not outcome:
        return False
    if points := said.get("points"):
        number = f"{'-' if said['way'].lower() in ('lower', 'smaller') else ''}{points}%"
        world.compared.append(Compared(outcome, said["c"], said["d"], "-", number, words))
        return True
    word = said["t"].split()[0].lower()
    times = _TIMES[word] if word in _TIMES else float(word)
    world.compared.append(Compared(outcome, said["c"], said["d"], "/", f"{times:g}", words))
    return True


def tie_in(bare: str, words: str, world: World) -> bool:
    """`For smokers, the correlation between N and M is 0.2`."""
    match = _TIE.match(bare)
    if match is None:
        return False
    world.ties.append(Tie(match["n"], match["m"], match["c"] or match["c2"], match["p"], words))
    return True
