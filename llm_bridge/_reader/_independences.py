"""Texts that list which variables are independent, and ask what causes what, to a Problem.

    Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3 variables
    are as follows: A correlates with C. B correlates with C. However, A is independent of B.
    Hypothesis: A directly causes C.

The list is taken as complete, as such texts say; every pair must be spoken of. Names may have several words. A sentence
that is not understood in full makes the text unreadable.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scm import Independence

from .._problem import Problem, ProblemQuery, ProblemVariable, Reply
from ._relations import Told, claimed, says_the_rest, told, without_lead
from ._story import Unreadable, quoted

COMPLETE = "The relations that the text lists are all there are: whatever it does not call independent is dependent."
CLOSED = "The variables of the text have no common cause outside of it, and none was selected on."
MAX_SENTENCE = 2_000
MAX_NAMES = 12
"""Most variables: the independences of more are not listed in a text that anybody wrote."""

_ASIDE = re.compile(r"\s*\((?:i\.e\.|e\.g\.|that is|namely|also called|known as|or)[^()]{0,60}\)", re.IGNORECASE)
MAX_WORDS = 5
_CLAUSES = re.compile(r"(?:;|,? (?:but|while|whereas)|, and)\s+")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_KIND = re.compile(
    r"\b(?:independent|dependent|uncorrelated|correlates?|correlated|associated|(?:correlation|association) between)\b",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"%|\b(?:probability|chance|likelihood|odds|percent)\b", re.IGNORECASE)
_COUNTS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER = rf"(?:\d{{1,2}}|{'|'.join(_COUNTS)})"
_OF_SYSTEM = r"(?:variables?|quantities|factors|measurements|traits)"
_DECLARES = re.compile(
    r"^(?:premise: ?)?(?:(?:let us|let's) )?(?:(?:suppose|assume|imagine|consider|say|let)(?: that| there)* )?"
    r"(?:(?:there (?:is|exists)|there are|we (?:have|measure|study|look at|consider)|is|are|be|given) )?"
    r"(?:(?:an?|the|this) )?(?:following )?(?P<closed>closed |self-contained |isolated |causally sufficient )?"
    r"(?:system |set |study |world )?(?:(?:of|with|has|contains|consists of|consisting of|made of|in which|where) )?"
    rf"(?:the |exactly |only |just )*(?:following )?(?:(?P<n>{_NUMBER}) )?(?:observed |random )?{_OF_SYSTEM}"
    r"(?: (?:are|is|named|called|namely))?(?: measured)?[,:]? (?:namely |called |named )?(?P<names>.+)$",
    re.IGNORECASE,
)
_FORMS = re.compile(
    rf"^(?:premise: ?)?(?:the )?(?:(?P<n>{_NUMBER}) )?(?:{_OF_SYSTEM} )?(?P<names>.+?) (?:form|make up|constitute) "
    r"(?:a|the) (?P<closed>closed |self-contained |isolated )?(?:system|set|world)$",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    rf"^(?:premise: ?)?in (?:a|the) (?P<closed>closed |self-contained |isolated )?(?:system|set|world) (?:of|with) "
    rf"(?P<n>{_NUMBER}) {_OF_SYSTEM}(?:,|:| named| called)? (?P<rest>.+)$",
    re.IGNORECASE,
)
_MARK = re.compile(r"^(?:hypothesis|question|claim|conclusion)\s*:\s*", re.IGNORECASE)
_AFTER = re.compile(
    r"^(?:is (?:this|the|that)(?: hypothesis| claim| statement)? (?:necessarily )?(?:true|correct|valid|implied|right)"
    r"(?: or (?:false|not))?|(?:please )?answer (?:with )?['\"]?(?:yes|true)['\"]? or ['\"]?(?:no|false)['\"]?|"
    r"true or false|yes or no|does (?:this|the hypothesis) follow(?: from the premise)?)$",
    re.IGNORECASE,
)
_VERB = (
    r"(?:(?:is|are|becomes?|remains?|stays?) (?:not )?(?:statistically |marginally |conditionally |all )*"
    r"(?:correlated|independent|uncorrelated|dependent|associated)|correlates?|do(?:es)? not correlate)"
)
_LOOSE = re.compile(
    rf"^(?:there is (?:an?|no|some) \w+ between )?(?P<x>.+?)"
    rf"(?: {_VERB}(?: (?:with|of|from|on|to))?(?: (?!(?:given|conditional|controlling) )(?P<y>.+?))?)?"
    r"(?:,? (?:given|conditional on|controlling for) (?P<z>.+))?$",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"\b(?:if|when|how|which|that|causes?|given|not|correlates?|correlated|independent|dependent|method|look|between|they|"
    r"it|we|each|other|another|all|every|two|both|is|are|there|variables?)\b",
    re.IGNORECASE,
)


def read_independences(text: str) -> Problem | None:
    """The Problem of a text that lists independences; None for any other text.

    Raises:
        Unreadable: the text is of this kind, but a sentence of it is not understood, contradicts another one, or leaves
            a pair out.
    """
    if not _KIND.search(text) or _NUMERIC.search(text) or "<" in text or ">" in text:
        return None
    lines = _sentences(text)
    reading = _Reading()
    reading.declare(lines)
    if not 2 <= len(reading.names) <= MAX_NAMES or not any(_is_relation(reading.coded(s)) for s in lines):
        return None
    premises, question = _parted(lines)
    for sentence in premises:
        reading.premise(sentence)
    return reading.problem(question)


def _sentences(text: str) -> list[str]:
    clean = _ASIDE.sub("", re.sub(r"(?<=\w)\(e?s\)", "s", text.translate(_QUOTES)))
    clean = re.sub(r"(?im)^\s*(premise|hypothesis|question|claim|conclusion)\s*:\s*", r"\1: ", clean)
    clean = re.sub(r"(?<=[.?!:\s])(hypothesis|question)\s*:", r"\n\1:", clean, flags=re.IGNORECASE)
    parts = re.split(r"(?<=[.?!])\s+|\n\s*[-*•]?\s*", clean)
    found = [" ".join(part.split()).rstrip(".?! ,;") for part in parts]
    found = [sentence for sentence in found if sentence]
    long = next((sentence for sentence in found if len(sentence) > MAX_SENTENCE), None)
    if long is not None:
        raise Unreadable(f"A sentence of {len(long):,} characters, beginning {quoted(long, 60)}. Split it.")
    return found


def _parted(lines: Sequence[str]) -> tuple[list[str], str]:
    """The premises, and what is asked: what stands behind "Hypothesis:", or else the last sentence."""
    lines = [line for line in lines if not _AFTER.match(line)]
    marked = [i for i, line in enumerate(lines) if _MARK.match(line)]
    if len(marked) > 1:
        raise Unreadable(f"Two things are asked, {quoted(lines[marked[0]])} and {quoted(lines[marked[1]])}. Ask one.")
    place = marked[0] if marked else len(lines) - 1
    question = _MARK.sub("", lines[place])
    following = [line for line in lines[place + 1 :]]
    if not question and following:
        question, following = following[0], following[1:]
    if following:
        raise Unreadable(f"What does {quoted(following[0])} say behind the question? Leave it out.")
    return list(lines[:place]), question


def _is_relation(sentence: str) -> bool:
    return told(without_lead(sentence)[0], sentence) is not None


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    names: list[str] = field(default_factory=list[str])
    pairs: list[Told] = field(default_factory=list[Told])
    complete: bool = False
    closed: bool = False
    declaration: str = ""
    beginning: str = ""

    # --- names
    def declare(self, lines: Sequence[str]) -> None:
        """The names: those that the text declares, or else those that its relations speak of."""
        for line in lines:
            match = _FORMS.match(line) or _DECLARES.match(line)
            if match and not re.search(r"\b(?:correlat|independent)", match["names"], re.IGNORECASE):
                self.names = _listed(match["names"], match["n"], line)
                self.closed = match["closed"] is not None
                self.declaration = line
                return
            if match := _INSIDE.match(line):
                parts = re.split(r", and |, | and ", match["rest"], maxsplit=_count(match["n"]))
                self.names = _listed(", ".join(parts[:-1]), match["n"], line)
                self.closed = match["closed"] is not None
                self.beginning = line[: -len(parts[-1])]
                return
        found: dict[str, str] = {}
        for clause in (c for line in lines if _KIND.search(line) for c in _CLAUSES.split(line)):
            if match := _LOOSE.match(without_lead(clause)[0]):
                for name in (_plain(part) for text in match.groups() for part in _split(text or "")):
                    if name and not _NO_NAME.search(name) and len(name.split()) <= MAX_WORDS:
                        found.setdefault(name.lower(), name)
        self.names = list(found.values())[: MAX_NAMES + 1]

    def coded(self, sentence: str) -> str:
        """`sentence` with `<0>` for each name."""
        return _code(sentence.removeprefix(self.beginning) if self.beginning else sentence, self.names)

    # --- premises
    def premise(self, sentence: str) -> None:
        """One sentence before the question."""
        if sentence == self.declaration:
            return
        bare, complete = without_lead(re.sub(r"^premise: ?", "", self.coded(sentence), flags=re.IGNORECASE))
        self.complete |= complete
        if not bare or (complete and not bare.strip(" :,")):
            return
        if says_the_rest(bare):
            self.complete = True
            self.rest()
            return
        found = told(bare, sentence, self.pairs)
        if found is None:
            raise Unreadable(
                f"{quoted(sentence)} cannot be placed. Say which variables correlate and which are independent, such "
                f"as 'A is independent of B' or 'A and B are independent given C'; the names are "
                f"{', '.join(self.names)}."
            )
        self.pairs += found

    def rest(self) -> None:
        """All pairs that were not spoken of are dependent."""
        known = {one.key for one in self.pairs}
        for first, second in itertools.combinations(range(len(self.names)), 2):
            one = Told(True, first, second, (), "all other pairs are dependent")
            if one.key not in known:
                self.pairs.append(one)

    # --- the Problem
    def problem(self, question: str) -> Problem:
        """All of it, checked."""
        claim = claimed(self.coded(question), self.names)
        if claim is None:
            raise Unreadable(
                f"What is claimed in {quoted(question)}? Ask about two of the variables, such as 'A directly causes "
                f"B', 'A causes B', 'there is a common cause of A and B' or 'a common effect'; the names are "
                f"{', '.join(self.names)}."
            )
        self.check()
        independences = dict.fromkeys(
            Independence(self.names[a], self.names[b], tuple(self.names[i] for i in sorted(given)))
            for a, b, given in ((*sorted(one.key[0]), one.key[1]) for one in self.pairs if not one.dependent)
        )
        return Problem(
            variables=tuple(ProblemVariable(name=name, words=name) for name in self.names),
            independences=tuple(independences),
            queries=(ProblemQuery(claim=claim, words=question),),
            reply=Reply(kind="yes-no"),
            assumptions=tuple(self.assumed()),
        )

    def assumed(self) -> Iterable[str]:
        """What the reading adds to the text."""
        if not self.complete:
            yield COMPLETE
        if not self.closed:
            yield CLOSED

    def check(self) -> None:
        """That no pair is told two ways, that none is left out, and that each sentence makes sense by itself."""
        seen: dict[object, Told] = {}
        for one in self.pairs:
            if len({one.first, one.second, *one.given}) < 2 + len(one.given):
                raise Unreadable(f"{quoted(one.words)} names a variable twice. Name different variables.")
            other = seen.setdefault(one.key, one)
            if other.dependent != one.dependent:
                raise Unreadable(f"{quoted(other.words)} and {quoted(one.words)} contradict each other. Keep one.")
        for first, second in itertools.combinations(range(len(self.names)), 2):
            if (frozenset((first, second)), frozenset[int]()) not in seen:
                raise Unreadable(
                    f"The text does not say whether {quoted(self.names[first])} and {quoted(self.names[second])} "
                    f"correlate. Say it for every pair, or add 'All other pairs are dependent.'"
                )


def _count(number: str) -> int:
    return int(number) if number.isdigit() else _COUNTS.index(number.lower())


def _plain(name: str) -> str:
    return re.sub(r"^(?:(?:with|of|from|on|to) )?(?:(?:[Tt]he|an?) )?", "", name.strip(" ,'\""))


def _split(names: str) -> list[str]:
    return [part for part in re.split(r",? and |, ", names.strip()) if part.strip()]


def _listed(names: str, number: str | None, words: str) -> list[str]:
    """The names of a declaration, checked against the number that it gives."""
    names = re.sub(r"^(?:namely|called|named),? ", "", names.strip(" :,"))
    by_comma = [part for part in re.split(r", (?:and )?", names) if part.strip()]
    last = by_comma[-1].split(" and ") if by_comma else []
    found = [*by_comma[:-1], *last]
    wanted = None if number is None else _count(number)
    if wanted == len(by_comma) != len(found):
        found = by_comma  # a name with "and" in it
    found = [_plain(name) for name in found]
    if wanted is not None and wanted != len(found):
        raise Unreadable(f"{quoted(words)} speaks of {number} variables but names {len(found)}. Make them agree.")
    if len({name.lower() for name in found}) < len(found):
        raise Unreadable(f"{quoted(words)} names a variable twice. Name each once.")
    if not 2 <= len(found) <= MAX_NAMES:
        raise Unreadable(f"{quoted(words)} names {len(found)} variables; from 2 to {MAX_NAMES} can be read.")
    return found


def _code(sentence: str, names: Sequence[str]) -> str:
    """Names as `<0>`, the longest first; a single letter must be written as it was declared."""
    if not names:
        return sentence
    order = sorted(range(len(names)), key=lambda i: -len(names[i]))
    one_of = "|".join(
        f"(?P<n{i}>{re.escape(names[i]) if len(names[i]) == 1 else f'(?i:{re.escape(names[i])})'})" for i in order
    )
    pattern = re.compile(rf"(?<![\w<])(?:(?:[Tt]he|an?) )?['\"]?(?:{one_of})['\"]?(?![\w>])")
    return pattern.sub(lambda m: f"<{(m.lastgroup or 'n0')[1:]}>", sentence)
