"""Numbers as a text prints them: digits, percentages, fractions and the few words that stand for one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ._text import Scan, Token, words

_LOW = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
_WORDS = (
    {"dozen": 12.0, "thousand": 1000.0}
    | {word: float(n) for n, word in enumerate(_LOW)}
    | {word: 10.0 * n for n, word in enumerate(_TENS, 3)}
)

_PARTS: dict[str, float] = {
    "half": 1 / 2, "third": 1 / 3, "thirds": 1 / 3, "quarter": 1 / 4, "quarters": 1 / 4, "fourth": 1 / 4,
    "seventh": 1 / 7, "sevenths": 1 / 7, "ninth": 1 / 9, "ninths": 1 / 9, "eighths": 1 / 8, "sixths": 1 / 6,
    "twelfth": 1 / 12, "twelfths": 1 / 12, "twentieth": 1 / 20, "hundredth": 1 / 100, "thousandth": 1 / 1000,
    "fifth": 1 / 5, "fifths": 1 / 5, "tenth": 1 / 10, "tenths": 1 / 10, "sixth": 1 / 6, "eighth": 1 / 8,
}  # fmt: skip
_TIMES: dict[str, float] = {"twice": 2.0, "double": 2.0, "doubles": 2.0, "triple": 3.0, "thrice": 3.0, "triples": 3.0}
_SPOKEN = frozenset((*_PARTS, *_TIMES, *_WORDS))
_PERCENT = frozenset(("%", "percent", "pct"))
_BETWEEN = frozenset(("/", "in", "of"))
_COUNTED = words(
    "time times case cases occasion occasions year years day days night nights visit visits trip trips person people "
    "patient patients home homes house houses trial trials attempt attempts chance chances"
)
"""What may stand between the two numbers of a fraction: "one time in five", "nine cases out of ten"."""
_OF_THEM = words("of the all every a our those these their its his her my your")
_CONFIDENCE = frozenset(("confidence", "ci", "credible", "confident", "sure", "significance"))


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number of a text.

    Attributes:
        value: what it is worth: 0.26 for "26%".
        parts: the whole numbers of a fraction or a count, (9, 10) for "9 in 10"; empty for others.
        kind: how it is printed; "loose" for "3 pills in 10 days", which need not be a fraction.
        first, last: its tokens, `last` excluded.
        text: as it stands.
    """

    value: float
    parts: tuple[float, ...]
    kind: str
    first: int
    last: int
    text: str

    @property
    def probable(self) -> bool:
        """Whether it is printed as a probability is: a percentage, a fraction, or a decimal between 0 and 1."""
        return self.kind in ("percent", "fraction") or (self.kind == "decimal" and -1 <= self.value <= 1)


@lru_cache(maxsize=128)
def numerals(text: Scan) -> tuple[Numeral, ...]:
    """The numbers of `text`, in order; the longest reading of each ("9 in 10" is one number)."""
    found: list[Numeral] = []
    tokens = text.tokens
    for place in [at for at, token in enumerate(tokens) if token.word in _SPOKEN or token.word[-1].isdigit()]:
        if found and place < found[-1].last:
            continue
        if (one := _at(text, tokens, place)) is not None:
            found.append(one)
    return tuple(found)


def _at(text: Scan, tokens: tuple[Token, ...], place: int) -> Numeral | None:
    plain = _plain(tokens, place)
    if plain is None:
        return None
    value, after, kind = plain
    parts: tuple[float, ...] = ()
    word = tokens[after].word if after < len(tokens) else ""
    if word in _PERCENT or (word == "per" and after + 1 < len(tokens) and tokens[after + 1].word == "cent"):
        value, after, kind = value / 100, after + (2 if word == "per" else 1), "percent"
        if after < len(tokens) and tokens[after].word in _CONFIDENCE:
            kind = "level"
    elif kind in ("whole", "word") and (whole := _whole(tokens, after)) is not None and 0 < whole[0] >= value >= 0:
        between = tokens[after].word.isalpha() and tokens[after].word not in (*_BETWEEN, "out")
        known = not between or any(t.word in _COUNTED for t in tokens[after : whole[1]])
        parts, kind, after = (value, whole[0]), "fraction" if known else "loose", whole[1]
        value = value / whole[0]
    start, end = tokens[place].start, tokens[after - 1].end
    return Numeral(value, parts, kind, place, after, text.text[start:end])


def _whole(tokens: tuple[Token, ...], after: int) -> tuple[float, int] | None:
    """The second number of a fraction, and where it ends: after "/", "in", "of", "out of", "of the"."""
    for between in (1, 2):
        place = after + between
        if place + 1 < len(tokens) and all(t.word.isalpha() for t in tokens[after:place]):
            following = tokens[place].word
            if following in ("out", "in"):
                after = place
                break
    if after + 1 >= len(tokens) or tokens[after].word not in (*_BETWEEN, "out"):
        return None
    place = after + 1
    while place < len(tokens) and tokens[place].word in _OF_THEM:
        place += 1
    plain = _plain(tokens, place) if place < len(tokens) else None
    return (plain[0], plain[1]) if plain is not None and plain[2] in ("whole", "word") else None


def _plain(tokens: tuple[Token, ...], place: int) -> tuple[float, int, str] | None:
    """A number by itself: its value, where it ends, how it is printed."""
    token = tokens[place]
    if token.word[-1:].isdigit() and not token.word[0].isalpha() and "_" not in token.word:
        digits = token.word.replace(",", "")
        try:
            value = float(digits)
        except ValueError:
            return None
        return value, place + 1, "decimal" if "." in digits else "whole"
    following = tokens[place + 1].word if place + 1 < len(tokens) else ""
    if token.word in _PARTS and following not in ("party", "parties"):
        return _PARTS[token.word], place + 1, "part"
    if token.word in _TIMES:
        return _TIMES[token.word], place + 1, "times"
    if token.word not in _WORDS:
        return None
    value, after = _WORDS[token.word], place + 1
    if following == "-" and place + 2 < len(tokens):
        after, following = place + 2, tokens[place + 2].word
    if following in _PARTS and following != "half":
        return value * _PARTS[following], after + 1, "part"
    if value >= 20 and 0 < _WORDS.get(following, 0) < 10:
        return value + _WORDS[following], after + 1, "word"
    return value, place + 1, "word"
