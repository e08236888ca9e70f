"""Rule texts over bare names: the grammar of CounterBench, token by token.

    We know that Ziklo causes Blaf and not Trune, and Blaf or Trune causes Lumbo. We observed Blaf.
    Would Lumbo occur if not Ziklo instead of Ziklo?

A name is one capitalised word and a complete proposition. "together" adds nothing to "and"; a negation belongs to the
one name behind it; a comma fragment without a verb continues the list of effects; "instead of X" says what is replaced,
not what was seen. Whatever is not in this grammar is left to the reader of ordinary English.
"""

from __future__ import annotations

import re

from scm import Expr, Var, conjunction

from .._problem import Problem, ProblemQuery, Reply
from ._story import Fact, Rule, Story, Unreadable, ask_whether, disjunction, negate, quoted

_TOKEN = re.compile(r"\s*(?:([^\W\d_][\w'’-]*)|([.,;?!])|(\S))")
_KEYWORDS = frozenset({"we", "would", "assume", "not", "and", "or", "if", "instead", "together"})
_VERBS = frozenset({"cause", "causes"})


class _Elsewhere(Exception):
    """The text is not in this grammar."""


def read_bare(text: str) -> Problem | None:
    """The Problem of a text in this grammar; `None` for any other text.

    Raises:
        Unreadable: the text is in this grammar, but asks about something that no rule mentions.
    """
    try:
        return _Bare(text).problem()
    except _Elsewhere:
        return None


class _Bare:
    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        for match in _TOKEN.finditer(text.rstrip()):
            if match[3] is not None:
                raise _Elsewhere
            self.words.append(match[1] or match[2])
            self.starts.append(match.start(match.lastindex or 0))
            self.ends.append(match.end())
        self.lower = [word.lower() for word in self.words]
        self.at = 0
        self.story = Story()

    def problem(self) -> Problem:
        self.expect("we", "know", "that")
        while True:
            self.rules()
            self.skip(".")
            if not self.accept("we", "know", "that"):
                break
        while self.accept("we", "observed"):
            self.observation()
            self.skip(".")
        return self.question()

    # --- tokens
    def peek(self) -> str:
        return self.lower[self.at] if self.at < len(self.words) else ""

    def accept(self, *words: str) -> bool:
        if tuple(self.lower[self.at : self.at + len(words)]) == words:
            self.at += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise _Elsewhere

    def skip(self, mark: str) -> None:
        while self.accept(mark):
            pass

    def name(self) -> str:
        word = self.words[self.at] if self.at < len(self.words) else ""
        if not word[:1].isupper() or word.lower() in _KEYWORDS:
            raise _Elsewhere
        self.at += 1
        return word

    def literal(self) -> Fact:
        negative = self.accept("not")
        return Fact(self.name(), not negative)

    def span(self, first: int) -> str:
        return self.text[self.starts[first] : self.ends[self.at - 1]]

    # --- rules
    def rules(self) -> None:
        cause: Expr | None = None
        while True:
            self.accept("and")
            first = self.at
            cause = self.causes() if self.has_verb() else cause
            if cause is None:
                raise _Elsewhere
            for effect in self.literals("and"):
                self.story.declare(effect.name, effect.name)
                kind = "enough" if effect.value else "prevents"
                self.story.rules.append(Rule(effect.name, kind, cause, self.span(first)))
            if not self.accept(","):
                return

    def has_verb(self) -> bool:
        """Whether a verb comes before the end of this comma fragment."""
        for word in self.lower[self.at :]:
            if word in _VERBS:
                return True
            if word in (",", ".", ";"):
                return False
        return False

    def causes(self) -> Expr:
        literals = self.literals("and", "or")
        joined_by_or = self.joined == "or"
        self.accept("together")
        if self.peek() not in _VERBS:
            raise _Elsewhere
        self.at += 1
        for literal in literals:
            self.story.declare(literal.name, literal.name)
        parts = [Var(item.name) if item.value else negate(Var(item.name)) for item in literals]
        return disjunction(parts) if joined_by_or else conjunction(*parts)

    def literals(self, *joints: str) -> list[Fact]:
        """Literals joined by one and the same word; `joined` remembers which."""
        found = [self.literal()]
        self.joined = ""
        while self.peek() in joints:
            if self.joined not in ("", self.peek()):
                raise _Elsewhere
            self.joined = self.peek()
            self.at += 1
            found.append(self.literal())
        return found

    # --- what was seen, what is asked
    def observation(self) -> None:
        for literal in self.literals("and"):
            self.known(literal.name, "We observed")
            self.story.seen.append(literal.event())

    def known(self, name: str, who: str) -> None:
        if name not in self.story.variables:
            raise Unreadable(f"{who} {quoted(name)}, but no rule mentions it. Say what it causes, or check the name.")

    def question(self) -> Problem:
        first = self.at
        imposed = self.assumed()
        self.expect("would")
        event = self.literal()
        self.expect("occur")
        if self.accept("if"):
            imposed += self.literals("and")
            if self.accept("instead", "of"):
                self.literals("and")
        self.skip("?")
        self.skip(".")
        if self.at < len(self.words):
            raise _Elsewhere
        self.known(event.name, "The question is about")
        self.impose(imposed)
        query = ask_whether(event, imposed, self.story.seen)
        return self.story.problem([ProblemQuery(query=query, words=self.span(first))], Reply(kind="yes-no"))

    def assumed(self) -> list[Fact]:
        if not self.accept("assume"):
            return []
        found = self.literals("and")
        while self.accept(",", "and", "based", "on", "this", "assumption", ",", "further", "suppose"):
            found += self.literals("and")
        self.skip(".")
        return found

    def impose(self, imposed: list[Fact]) -> None:
        values: dict[str, bool] = {}
        for literal in imposed:
            if values.setdefault(literal.name, literal.value) != literal.value:
                raise Unreadable(f"The question imposes both {quoted(literal.name)} and its opposite. Keep one.")
            if literal.name not in self.story.variables:
                self.story.declare(literal.name, literal.name)
                self.story.assume(f"No rule mentions {quoted(literal.name)}, so it has no effect on anything.")
