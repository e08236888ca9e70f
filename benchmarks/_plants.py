"""Changes of meaning to plant in a text, by kind: each says what it changed. None is a change of style alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

FIGURE = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w%]|\.\d)")
FACT = r"(?:is|does|would|would still|has|had|were|did|are|do)"


class Planted(NamedTuple):
    """A text with one change of meaning, of what kind, and what was changed."""

    kind: str
    text: str
    what: str


Change = tuple[str, str]
"""The changed text, and what was changed."""
Planter = Callable[[str, random.Random], "Change | None"]


def _at(text: str, match: re.Match[str], new: str) -> Change:
    return text[: match.start()] + new + text[match.end() :], f"{match[0]!r} became {new!r}"


def _one(pattern: str | re.Pattern[str], text: str, rng: random.Random) -> re.Match[str] | None:
    found = list(re.finditer(pattern, text))
    return rng.choice(found) if found else None


def swaps(*pairs: tuple[str, str]) -> Planter:
    """One place where a pattern stands, with what the pair says in its stead."""

    def plant(text: str, rng: random.Random) -> Change | None:
        fitting = [(p, new) for p, new in pairs if re.search(p, text)]
        if not fitting:
            return None
        pattern, new = rng.choice(fitting)
        match = _one(pattern, text, rng)
        return None if match is None else _at(text, match, match.expand(new))

    return plant


def added(*sentences: str) -> Planter:
    """A sentence more, in front, behind or between two others."""

    def plant(text: str, rng: random.Random) -> Change | None:
        new = rng.choice(sentences)
        places = [0, len(text), *(m.end() for m in re.finditer(r"\.(?= [A-Z])", text))]
        at = rng.choice(places)
        return f"{text[:at]} {new} {text[at:]}".replace("  ", " ").strip(), f"added {new!r}"

    return plant


# ---------------------------------------------------------------------------------------------------------------------
# Figures


def figure(change: Callable[[str, random.Random], str | None]) -> Planter:
    """One figure of the text, changed."""

    def plant(text: str, rng: random.Random) -> Change | None:
        match = _one(FIGURE, text, rng)
        new = None if match is None else change(match[0], rng)
        return None if match is None or new is None or new == match[0] else _at(text, match, new)

    return plant


def _value(digits: str) -> Fraction:
    return Fraction(digits.replace(",", ""))


def _digit(digits: str, rng: random.Random) -> str:
    place = rng.choice([i for i, c in enumerate(digits) if c.isdigit()])
    return digits[:place] + rng.choice([c for c in "0123456789" if c != digits[place]]) + digits[place + 1 :]


def _decimal_place(digits: str, rng: random.Random) -> str | None:
    if not _value(digits):
        return None
    moved = _value(digits) * Fraction(rng.choice((10, 100, Fraction(1, 10))))
    return f"{float(moved):.6g}"


def _percent(digits: str, rng: random.Random) -> str | None:
    """A percent sign behind the figure: a hundredth of what was said."""
    return digits + rng.choice(("%", " %", " percent", " percentage points")) if _value(digits) else None


def _rounded(digits: str, rng: random.Random) -> str | None:
    if "." not in digits or _value(digits) == (short := Fraction(f"{float(digits.replace(',', '')):.1g}")):
        return None
    return rng.choice(("", "about ", "roughly ")) + f"{float(short):g}"


def _in_words(digits: str, rng: random.Random) -> str:
    return rng.choice(
        ("a third", "half", "twice as much", "two thirds", "one in ten", "nearly all", "a dozen", "zero", "fifty-fifty")
    )


_SUPER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _other_digits(digits: str, rng: random.Random) -> str:
    """The last digits as superscripts, the next figure in other digits, or Roman ones."""
    other = _digit(digits, rng)
    return rng.choice(
        (other.translate(_ARABIC), digits[:-1] + digits[-1].translate(_SUPER), "IV", f"{digits}²", f"{digits}e-1")
    )


def _power(digits: str, rng: random.Random) -> str | None:
    return f"{digits}{rng.choice(('^2', '**2', ' squared', 'e3', ' x 10^-2', ' times 10'))}" if _value(digits) else None


def _range(digits: str, rng: random.Random) -> str:
    other = _digit(digits, rng)
    return rng.choice(
        (f"{digits}-{other}", f"{digits} or {other}", f"between {digits} and {other}", f"{digits} to {other}")
    )


def _sign(digits: str, rng: random.Random) -> str | None:
    if not _value(digits):
        return None
    return digits[1:] if digits.startswith("-") else rng.choice(("-", "\u2212", "minus ")) + digits


def _bounded(digits: str, rng: random.Random) -> str:
    return rng.choice(("at least ", "at most ", "more than ", "less than ", "up to ", "almost ", "not ")) + digits


def _dropped(digits: str, rng: random.Random) -> str:
    return rng.choice(("a certain value", "high", "low", "unknown"))


def exchanged(text: str, rng: random.Random) -> Change | None:
    """Two figures in each other's place."""
    found = list(FIGURE.finditer(text))
    pairs = [(a, b) for i, a in enumerate(found) for b in found[i + 1 :] if _value(a[0]) != _value(b[0])]
    if not pairs:
        return None
    return _exchange(text, *rng.choice(pairs))


def _exchange(text: str, a: re.Match[str], b: re.Match[str]) -> Change:
    changed = text[: a.start()] + b[0] + text[a.end() : b.start()] + a[0] + text[b.end() :]
    return changed, f"{a[0]!r} and {b[0]!r} changed places"


def copied(text: str, rng: random.Random) -> Change | None:
    """One figure in the place of another as well."""
    found = list(FIGURE.finditer(text))
    pairs = [(a, b) for a in found for b in found if _value(a[0]) != _value(b[0])]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    return _at(text, a, b[0])


FIGURES: dict[str, Planter] = {
    "a digit": figure(_digit),
    "a decimal place": figure(_decimal_place),
    "percent or points": figure(_percent),
    "a rounder figure": figure(_rounded),
    "a number in words": figure(_in_words),
    "other digits": figure(_other_digits),
    "a power": figure(_power),
    "a range": figure(_range),
    "a sign of a figure": figure(_sign),
    "a bound on a figure": figure(_bounded),
    "a figure dropped": figure(_dropped),
    "figures exchanged": exchanged,
    "a figure copied": copied,
}


# ---------------------------------------------------------------------------------------------------------------------
# Names and what belongs to what


def names_exchanged(names: Sequence[str]) -> Planter:
    """Two names in each other's place, once."""

    def plant(text: str, rng: random.Random) -> Change | None:
        places = [m for name in names for m in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)]
        places.sort(key=lambda m: m.start())
        pairs = [
            (a, b)
            for i, a in enumerate(places)
            for b in places[i + 1 :]
            # "a and b" says the same as "b and a"
            if a.end() < b.start() and a[0].lower() != b[0].lower()
            and not re.fullmatch(r",? ?(and|or|,) ?", text[a.end() : b.start()])
        ]  # fmt: skip
        return _exchange(text, *rng.choice(pairs)) if pairs else None

    return plant


def near_name(names: Sequence[str]) -> Planter:
    """A name with one letter changed, dropped or doubled."""

    def plant(text: str, rng: random.Random) -> Change | None:
        match = _one("|".join(rf"(?<!\w){re.escape(n)}(?!\w)" for n in names) or r"(?!)", text, rng)
        if match is None:
            return None
        name, place = match[0], rng.randrange(len(match[0]))
        if not name[place].isalnum():
            return None
        letter = rng.choice("aeioubdklmnrstvxz0123456789")
        new = rng.choice(
            (name[:place] + letter + name[place + 1 :], name + letter, f"{name} {letter.upper()}", f"un{name}")
        )
        return None if new.lower() == name.lower() else _at(text, match, new)

    return plant


def quotes_exchanged(text: str, rng: random.Random) -> Change | None:
    """Two quoted phrases in each other's place: the figures then belong to other cases."""
    found = list(re.finditer(r'"[^"]+"', text))
    pairs = [(a, b) for i, a in enumerate(found) for b in found[i + 1 :] if a[0] != b[0]]
    return _exchange(text, *rng.choice(pairs)) if pairs else None


def quote_changed(text: str, rng: random.Random) -> Change | None:
    """A quoted phrase with another word in it, or no longer quoted."""
    match = _one(r'"([^"]+)"', text, rng)
    if match is None:
        return None
    words = match[1].split()
    place = rng.randrange(len(words))
    return _at(
        text, match, '"' + " ".join([*words[:place], rng.choice(("not", "other", "all", "few")), *words[place:]]) + '"'
    )


def statement_dropped(text: str, rng: random.Random) -> Change | None:
    parts = re.split(r"(?<=[.?]) (?=[A-Z])", text)
    if len(parts) < 2:
        return None
    place = rng.randrange(len(parts))
    return " ".join(parts[:place] + parts[place + 1 :]), f"dropped {parts[place]!r}"


def causes_exchanged(text: str, rng: random.Random) -> Change | None:
    """What follows from what, the other way round."""
    shapes = (
        r"(?P<lead>[Ss]ince )(?P<a>[^,.;]+)(?P<mid>, )(?P<b>[^,.;]+)",
        r"(?P<lead>\b)(?P<a>\w+)(?P<mid> (?:->|<-) )(?P<b>\w+)",
        r"(?P<lead>)(?P<a>\b\w+)(?P<mid> is an? (?:direct |indirect )?cause of )(?P<b>\w+)",
        r"(?P<lead>Then |, so )(?P<a>[^,.;]+)(?P<mid>, so )(?P<b>[^,.;]+)",
        r"(?P<lead>We know that )(?P<a>[^;.,]+)(?P<mid>; that is possible only if )(?P<b>[^.,;]+)",
        r"(?P<lead>[Gg]iven that )(?P<a>[^,.;]+)(?P<mid>, the probability that )(?P<b>.+?)(?= is \d| if )",
        r"(?P<lead>(?:^|\. |the probability that ))(?P<a>[^,.;:]+?)(?P<mid> if )(?P<b>[^,.;:]+?)(?= is \d|\.$|\. )",
    )
    fitting = [m for shape in shapes for m in re.finditer(shape, text) if m["a"].lower() != m["b"].lower()]
    if not fitting:
        return None
    match = rng.choice(fitting)
    return _at(text, match, match["lead"] + match["b"] + match["mid"] + match["a"])


def condition_dropped(text: str, rng: random.Random) -> Change | None:
    match = _one(
        r"[Gg]iven that [^,.]+, | if (?!,)[^,.:;]+?(?= is \d| and \d|\.|,|$)|, with everything else left as it was"
        r"|, whatever else was observed|By the but-for test, |[Bb]y what is said,? | given [\w, ]+(?=\.|$)"
        r"| and (?:the |it |there )[^,.;]+(?=[,.;])|, but not in all",
        text,
        rng,
    )
    return None if match is None else _at(text, match, "")


def condition_added(text: str, rng: random.Random) -> Change | None:
    match = _one(r"(?<=\w)[.](?= |$)|(?<=[a-z]), ", text, rng)
    more = rng.choice(
        (" if it rains", " unless something else happens", " in most cases", " among adults", " on weekdays",
        " for now",
         " given that nothing else changes", " as far as we can tell", " when the dose is high", " in theory")
    )  # fmt: skip
    return None if match is None else _at(text, match, more + match[0])
