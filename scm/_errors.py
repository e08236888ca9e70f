"""The few error classes, sorted by who must act. Every message says what was got, what was wanted, what to try."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ScmError(ValueError):
    """Base of every error this package raises on purpose; its text is fit for a user."""


class QuerySyntaxError(ScmError):
    """A text is not in the query grammar. The message shows the text with a caret under the place."""

    def __init__(self, text: str, position: int, problem: str) -> None:
        self.text = text
        self.position = position
        self.problem = problem
        super().__init__(f"{problem}\n{caret(text, position)}")


class UnknownName(ScmError):
    """A name was used that the model or graph does not have; where a state could stand, `states` are those known."""

    def __init__(
        self, name: str, known: Iterable[str], where: str = "The query", states: Iterable[object] = ()
    ) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        found = tuple(states)
        or_state = f", and the states there {listing(found)}" if found else ""
        told = f"{where} speaks of {name!r}, but the known names are {listing(self.known)}{or_state}."
        super().__init__(told + near(name, self.known))


_MANY = 20
"""Numbers with decimals that are more than this are those of a continuous variable."""


class UnknownState(ScmError):
    """A value was used that is not a state of its variable."""

    def __init__(self, variable: str, value: object, states: Iterable[object]) -> None:
        self.variable = variable
        self.value = value
        known = tuple(states)
        hint = near(str(value), [str(state) for state in known]) if isinstance(value, str) else ""
        if len(known) > _MANY and any(isinstance(state, float) and not state.is_integer() for state in known):
            hint = f" Of {len(known)} different numbers each is a state of its own: cut such a variable into classes."
        super().__init__(f"{value!r} is not a state of {variable!r}; its states are {listing(known)}.{hint}")


class InvalidQuery(ScmError):
    """A query that parses but cannot mean anything on this model (a cyclic policy, E over labels, ...)."""


class InvalidModel(ScmError):
    """A model, mechanism or noise law that cannot be, such as a law that does not sum to one."""


class InvalidGraph(ScmError):
    """A graph with a cycle, a self-loop, or an edge to a name that is not there."""


class InvalidFile(ScmError):
    """A file or JSON document that is not what it should be."""


class InvalidRows(ScmError):
    """Rows of evidence that do not fit the query or the model.

    Attributes:
        problem: what is wrong, without the row.
        row: the first row it is wrong in, counted from 1; None where it is no matter of one row.
    """

    def __init__(self, problem: str, row: int | None = None) -> None:
        self.problem = problem
        self.row = row
        super().__init__(problem if row is None else f"Row {row}, {problem}")


class ZeroCell(ScmError):
    """A formula divides by the probability of a stratum that has none.

    Attributes:
        stratum: as text, such as `P(X=1, Z='old')`.
    """

    def __init__(self, stratum: str) -> None:
        self.stratum = stratum
        super().__init__(
            f"{stratum} = 0, and the formula divides by it: nobody in that stratum was ever seen, so nothing says what "
            "happens there. Merge states, or ask about a population that has it."
        )


class MissingPackage(ScmError):
    """A package that is not installed would be needed."""

    def __init__(self, package: str, extra: str, why: str) -> None:
        self.package = package
        super().__init__(f"{why}, which is not installed. Install it: pip install 'twinworld[{extra}]'.")


def near(name: str, known: Iterable[str]) -> str:
    """' Did you mean ...?' when a known name is close, else ''."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def listing(items: Iterable[object], most: int = 12) -> str:
    """Items for a message, cut to the first `most`."""
    shown = [repr(item) for item in items]
    rest = len(shown) - most
    return ", ".join(shown[:most]) + (f", and {rest} more" if rest > 0 else "") if shown else "none"


def caret(text: str, position: int, width: int = 100) -> str:
    """The part of `text` around `position` with a caret under it."""
    flat = "".join(" " if character in "\n\r\t" else character for character in text)
    position = max(0, min(position, len(flat)))
    start = max(0, position - width // 2)
    piece = flat[start : start + width]
    return f"  {piece}\n  {' ' * (position - start)}^"
