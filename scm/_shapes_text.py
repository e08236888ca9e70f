"""Granted shapes as text: `no_prevention(X, Y)`, `effect_within(X, Y, -0.1, 0.3)`. Read as data; nothing is executed.

    no_prevention(X, Y)                    no_prevention(X, Y, violated=0.05)
    no_defiers(Z, X)                       no_defiers(Z, X, violated=5%)
    effect_within(X, Y, -0.1, 0.3)         effect_within(X, Y, 0, 0.3, x1='high', x0='low', y1='well')
    additive_confounding(X, Y, 0.1)        additive_confounding(X, Y, 10%, given=(Z, W))
    marginal_sensitivity(X, Y, 1.5)        marginal_sensitivity(X, Y, 1.5, given=Z)

Names and states are quoted as in queries. `parse_shape(print_shape(s)) == s`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ._errors import InvalidQuery, QuerySyntaxError, listing, near
from ._scanner import Scanner
from ._shapes import (
    CITATIONS,
    Shape,
    additive_confounding,
    effect_within,
    marginal_sensitivity,
    no_defiers,
    no_prevention,
)
from ._syntax import Value, print_const, print_name
from ._text import exact_text

_MAKERS: dict[str, Any] = {
    "no_prevention": no_prevention,
    "no_defiers": no_defiers,
    "effect_within": effect_within,
    "additive_confounding": additive_confounding,
    "marginal_sensitivity": marginal_sensitivity,
}
assert _MAKERS.keys() == CITATIONS.keys()
_ORDER: dict[str, tuple[str, ...]] = {
    "no_prevention": ("cause", "effect"),
    "no_defiers": ("instrument", "cause"),
    "effect_within": ("cause", "effect", "low", "high"),
    "additive_confounding": ("cause", "effect", "at_most"),
    "marginal_sensitivity": ("cause", "effect", "odds"),
}
"""What stands in each place; all of it must be said."""
_KEYED: dict[str, tuple[str, ...]] = {
    "no_prevention": ("violated",),
    "no_defiers": ("violated",),
    "effect_within": ("x1", "x0", "y1"),
    "additive_confounding": ("given",),
    "marginal_sensitivity": ("given",),
}
"""What may be said besides, by its name."""
_NAMES = frozenset({"cause", "effect", "instrument"})
_STATES = frozenset({"x1", "x0", "y1"})
_LONGEST = 2_000
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<label>'(?:[^'\\]|\\.)*')
    |(?P<number>[-+\u2212]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?%?)|(?P<plain>[^\W\d]\w*)|(?P<mark>[(){},=]))""",
    re.VERBOSE,
)
Said: TypeAlias = "tuple[str, str]"
"""The kind of a token and its text."""


def parse_shape(text: str) -> Shape:
    """The shape that a text grants; see the module's docstring for what can be said.

    Raises:
        QuerySyntaxError: the text is no shape; the message has a caret.
        InvalidQuery: a number that is none for this shape, or a variable that stands twice.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"A shape must be text, got {type(text).__name__}.")
    if len(text) > _LONGEST:
        raise QuerySyntaxError(text, _LONGEST, f"A shape of {len(text):,} characters; at most {_LONGEST:,} are read.")
    reader = _Reader(text, _TOKEN)
    start = reader.place
    word = reader.take("plain")
    if word not in _MAKERS:
        reader.place = start
        raise reader.fault(f"Expected one of {listing(_MAKERS)}.{near(word, _MAKERS) if word else ''}")
    reader.mark("(")
    found = reader.arguments(word)
    wanted = _ORDER[word]
    missing = [name for name in wanted if name not in found]
    if missing:
        example = f"{word}({', '.join(wanted)})"
        raise QuerySyntaxError(text, len(text.rstrip()) - 1, f"{example} is wanted; it lacks {listing(missing)}.")
    shape: Shape = _MAKERS[word](**found)
    return shape


def print_shape(shape: Shape) -> str:
    """The text of a shape, which `parse_shape` reads back to an equal one."""
    parts = [print_name(shape.cause), print_name(shape.effect)]
    match shape.name:
        case "no_prevention" | "no_defiers":
            parts += [f"violated={exact_text(shape.high)}"] if shape.high else []
        case "effect_within":
            parts += [exact_text(shape.low), exact_text(shape.high)]
            both = (shape.x1, shape.x0)
            usual = both == (1, 0) and not any(isinstance(x, bool) for x in both)
            parts += [] if usual else [f"x1={print_const(shape.x1)}", f"x0={print_const(shape.x0)}"]
            parts += [] if shape.y1 is None else [f"y1={print_const(shape.y1)}"]
        case "additive_confounding" | "marginal_sensitivity":
            parts.append(exact_text(shape.high))
            parts += [f"given=({', '.join(map(print_name, shape.given))})"] if shape.given else []
    return f"{shape.name}({', '.join(parts)})"


@dataclass(slots=True)
class _Reader(Scanner):
    """The text of a shape. `found` has its arguments so far."""

    found: dict[str, Any] = field(default_factory=dict[str, Any])

    def next(self) -> Said | None:
        """The next token, which is not taken."""
        match = _TOKEN.match(self.text, self.place)
        return None if match is None or match.lastgroup is None else (match.lastgroup, match[match.lastgroup])

    def arguments(self, word: str) -> dict[str, Any]:
        """What stands between the brackets, by name."""
        places = iter(_ORDER[word])
        while True:
            start = self.place
            key = self._key()
            if key is None:
                key = next(places, None)
                if key is None:
                    more = listing([f"{name}=" for name in _KEYED[word]])
                    raise self.fault(f"{word} takes {len(_ORDER[word])} things, and by name {more}.", start)
            elif key not in (*_ORDER[word], *_KEYED[word]):
                raise self.fault(f"{word} takes no {key!r}.{near(key, (*_ORDER[word], *_KEYED[word]))}", start)
            if key in self.found:
                raise self.fault(f"{key!r} is said twice.", start)
            self.found[key] = self._value(key)
            if self.mark(",", ")") == ")":
                break
        if self.text[self.place :].strip():
            raise self.fault("Nothing may follow the closing bracket.")
        return self.found

    def _key(self) -> str | None:
        """The name before a `=`; None where there is none."""
        start = self.place
        key = self.take("plain")
        if key is not None and self.take("=") is not None:
            return key
        self.place = start
        return None

    def _value(self, key: str) -> Any:
        if key in _NAMES:
            return self._name()
        if key == "given":
            return self._names()
        return self._state() if key in _STATES else self._number()

    def _name(self) -> str:
        quoted = self.take("quoted")
        name = _unescaped(quoted) if quoted is not None else self.take("plain")
        if name is None or not name.strip():
            raise self.fault('Expected the name of a variable here, such as X or "blood pressure".')
        return name

    def _names(self) -> tuple[str, ...]:
        close = {"(": ")", "{": "}"}.get((self.next() or ("", ""))[1])
        if close is None:
            return (self._name(),)
        self.mark("(", "{")
        if self.take(close):
            return ()
        found = [self._name()]
        while self.mark(",", close) == ",":
            if self.take(close):  # (Z,)
                break
            found.append(self._name())
        return tuple(found)

    def _number(self) -> float:
        number = self.take("number")
        if number is None:
            raise self.fault("Expected a number here, such as 0.1 or 10%.")
        value = float(number.removesuffix("%").replace("\u2212", "-"))
        return value / 100 if number.endswith("%") else value

    def _state(self) -> Value:
        label = self.take("label")
        if label is not None:
            return _unescaped(label)
        start, word = self.place, self.take("plain")
        if word is not None:
            if word.lower() in ("true", "false"):
                return word.lower() == "true"
            raise self.fault(f"Expected a state here: a number, True, False, or a label in quotes, {word!r}.", start)
        value = self._number()
        return int(value) if value.is_integer() else value


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])
