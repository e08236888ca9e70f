"""Words of the text for a part that the text does not say: the stretch of it that comes nearest."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .._parts import Part
from .._problem import Problem, ProblemVariable

WIDEST = 30
"""Most mentions that a cited stretch goes over."""

_CITING = ("variables", "edges", "confounded", "equations", "statements", "queries")
_QUOTED = re.compile(r'"([^"]+)"')
_END = re.compile(r"[.!?;,:](?=\s|$)")
_STOP = re.compile(r"[.!?](?=\s|$)")
_DENIAL = re.compile(r"(?<!\w)(?:not|no|never|without|neither|nor|absence|lack)(?!\w)|n['’]t(?!\w)")
NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?:\s?%)?(?![\w])")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where the text names a variable, or where a number stands (`about` is then the number)."""

    start: int
    end: int
    about: str


@dataclass(frozen=True)
class Citer:
    """Cites the text of a Problem.

    Attributes:
        text: the text.
        mentions: every mention of a variable and every number, in order.
    """

    text: str
    mentions: tuple[Mention, ...]

    @classmethod
    def of(cls, problem: Problem, text: str) -> Citer:
        """What `text` mentions of the variables of `problem`; a state's own name or phrase mentions its variable."""
        owner = {form: variable.name for variable in reversed(problem.variables) for form in _forms(variable)}
        found: list[Mention] = [Mention(m.start(), m.end(), m[0]) for m in NUMBER.finditer(text)]
        if owner:
            longest_first = sorted(owner, key=len, reverse=True)
            pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(_either_case, longest_first)) + r")(?!\w)")
            names = [Mention(m.start(), m.end(), _owner(owner, m[0])) for m in pattern.finditer(text)]
            found = [n for n in found if not any(m.start < n.end and n.start < m.end for m in names)] + names
        return cls(text, tuple(sorted(found, key=lambda m: m.start)))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of the text, as printed there, each once."""
        return tuple(dict.fromkeys(m.about for m in self.mentions if NUMBER.fullmatch(m.about)))

    def words(
        self, wanted: Collection[str], *, last: str | None = None, denied: bool | None = None, near: str = ""
    ) -> str:
        """The stretch of the text that mentions most of `wanted` and least else; empty where it mentions none.

        Args:
            wanted: names of variables, and numbers as the text prints them.
            last: the name that should come last, as effects do.
            denied: whether the stretch should hold a negation; None where either will do.
            near: the words that the right reading cites: preferred among equals.
        """
        place = self.text.find(near) if near else -1
        spans = [
            (first, end)
            for first, mention in enumerate(self.mentions)
            if mention.about in wanted
            for end in range(first, min(first + WIDEST, len(self.mentions)))
            if self.mentions[end].about in wanted
        ]
        if not spans:
            return ""

        def cost(span: tuple[int, int]) -> tuple[int, ...]:
            return (*self._cost(*span, wanted, last, denied), self._away(span[0], place), self._length(*span))

        return self._widened(*min(spans, key=cost))

    def _cost(
        self, first: int, end: int, wanted: Collection[str], last: str | None, denied: bool | None
    ) -> tuple[int, ...]:
        """What speaks against citing from one mention to another, the gravest first."""
        inside = {m.about for m in self.mentions[first : end + 1]}
        stretch = self.text[self.mentions[first].start : self.mentions[end].end]
        missing = len(set(wanted) - inside)
        foreign = len(inside - set(wanted))
        wrong_sign = int(denied is not None and denied != bool(_DENIAL.search(stretch)))
        wrong_end = int(last is not None and self.mentions[end].about != last)
        return missing, len(_STOP.findall(stretch)), foreign, wrong_sign, wrong_end

    def _away(self, first: int, place: int) -> int:
        return 0 if place < 0 else abs(self.mentions[first].start - place)

    def _length(self, first: int, end: int) -> int:
        return self.mentions[end].end - self.mentions[first].start

    def _widened(self, first: int, last: int) -> str:
        """From one mention to another, out to the ends of the clause as long as nothing else is mentioned."""
        low = self.mentions[first - 1].end if first else 0
        high = self.mentions[last + 1].start if last + 1 < len(self.mentions) else len(self.text)
        start, end = self.mentions[first].start, self.mentions[last].end
        before = [m.end() for m in _END.finditer(self.text, low, start)]
        after = _END.search(self.text, end, high)
        if before or not first:
            start = before[-1] if before else 0
        if after or last + 1 == len(self.mentions):
            end = after.start() if after else len(self.text)
        return self.text[start:end].strip()


def _forms(variable: ProblemVariable) -> list[str]:
    """What the text may call a variable: its name, its states where they are words, the phrases of its description."""
    states = [state for state in variable.states if isinstance(state, str)]
    phrases: list[str] = _QUOTED.findall(variable.description)
    return [form for form in (variable.name, *states, *phrases) if form.strip()]


def _either_case(form: str) -> str:
    """A name in lower case may open a sentence."""
    first = form[0]
    opening = f"[{re.escape(first)}{re.escape(first.upper())}]" if first.islower() else re.escape(first)
    return opening + r"\s+".join(map(re.escape, form[1:].split(" ")))


def _owner(owner: dict[str, str], found: str) -> str:
    folded = " ".join(found.split())
    return owner[folded] if folded in owner else owner[folded[0].lower() + folded[1:]]


def cited(problem: Problem, text: str) -> Problem:
    """`problem` with its words as the text has them: what a bracket of the text was left out of gets it back."""

    def copied(words: str) -> str:
        if words in text:
            return words
        gap = r"\s+(?:\([^()]*\)\s*)?"
        found = re.search(gap.join(map(re.escape, words.split())), text, re.IGNORECASE)
        return found[0] if found else words

    changed = {
        name: tuple(part.model_copy(update={"words": copied(part.words)}) for part in getattr(problem, name))
        for name in _CITING
    }
    return problem.model_copy(update=changed)


def uncited(problem: Problem, right: Problem) -> Problem:
    """`problem` without the words of the parts that another reading does not have."""

    def bare(name: str) -> Iterator[Part]:
        known = getattr(right, name)
        for part in getattr(problem, name):
            yield part if part in known or not part.words else part.model_copy(update={"words": ""})

    return problem.model_copy(update={name: tuple(bare(name)) for name in _CITING})
