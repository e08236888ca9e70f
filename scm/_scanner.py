"""`Scanner`: a short text that is read from the left, token by token; its faults show the place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ._errors import QuerySyntaxError


@dataclass(slots=True)
class Scanner:
    """A text that is read from the left.

    Attributes:
        text: the whole of it.
        token: its kinds of token are named groups; marks of one character are the group `mark`.
        place: where the next token begins.
    """

    text: str
    token: re.Pattern[str]
    place: int = 0

    def fault(self, problem: str, place: int | None = None) -> QuerySyntaxError:
        """An error that points at the next token, or at `place`."""
        at = self.place if place is None else place
        rest = self.text[at:]
        return QuerySyntaxError(self.text, at + len(rest) - len(rest.lstrip()), problem)

    def take(self, kind: str) -> str | None:
        """The next token if it is of this kind (or is this mark)."""
        match = self.token.match(self.text, self.place)
        if match is None or (match["mark"] != kind if len(kind) == 1 else match[kind] is None):
            return None
        self.place = match.end()
        return match[match.lastgroup or "mark"]

    def mark(self, *marks: str) -> str:
        """The next token, which is to be one of these marks."""
        for mark in marks:
            if self.take(mark):
                return mark
        raise self.fault(f"Expected {' or '.join(repr(mark) for mark in marks)} here.")
