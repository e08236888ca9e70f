"""A text as words, figures and marks, fit to be compared: which characters may stand in it, what a capital means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .._pipeline import Reply

SEP = "."
"""Any mark between two statements: a full stop, a semicolon, a colon or a dash."""
_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) | {"\n"}
_TYPOGRAPHIC = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "\u2014"})
_DASH = "\u2014"
_RANGE = re.compile(r"\d\s*\u2014|\u2014\s*\d")
_TOKEN = re.compile(
    r"""
    (?P<quote>"[^"]*"|(?<!\w)'[^'"]*'(?!\w))                          # what is quoted stays as it is
    | (?P<number>(?:(?<![\w)\]"'.%-])[-+])?(?:\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)%?(?!\w))
    | (?P<word>\w+(?:['\-]\w+)*)
    | (?P<mark><->|->|<-|<=|>=|!=|_\|\|_|\S)
    """,
    re.VERBOSE,
)
_ENDS = frozenset(".?!;:(") | {_DASH}
_FOLDED = frozenset((".", ";", ":", _DASH))
_LISTED = "cannot hold together"
"""Where this stands, semicolons part what it is said of: they are kept."""


@dataclass(frozen=True)
class Lexicon:
    """What a template's words are, so that both texts are read alike.

    Attributes:
        characters: those that may stand in a wording beside plain ones.
        capitals: words that begin with a capital wherever they stand.
        loaded: words of the names that the text speaks of; no rule may touch a phrase with one of them.
        listed: whether semicolons and colons are kept apart from full stops.
    """

    characters: frozenset[str]
    capitals: frozenset[str]
    loaded: frozenset[str]
    listed: bool


def lexicon(template: str, reply: Reply) -> Lexicon:
    """The lexicon of a template, the text of `reply` in some style."""
    names = list(_names(reply))
    spoken = [word for name in names for word in re.findall(r"\w+", name)]
    inner = [word for word, first in _words(template) if not first]
    capitals = {word for word in (*spoken, *inner) if word[:1].isupper()}
    loaded = {word.lower() for word in spoken}
    return Lexicon(frozenset(template), frozenset(capitals), frozenset(loaded), _LISTED in template)


def _names(reply: Reply) -> Iterable[str]:
    """The names of what the reply is about: variables, their states, and options."""
    problem = reply.problem
    if problem is None:
        return
    for variable in problem.variables:
        yield variable.name
        yield from (state for state in variable.states if isinstance(state, str))
    yield from problem.reply.options


def strange(text: str, known: Lexicon) -> str:
    """The first character that has no place in a wording; empty if there is none."""
    allowed = _PLAIN | known.characters | {"\u2018", "\u2019", "\u201c", "\u201d", "\u2013", _DASH}
    return next((c for c in text if c not in allowed), "")


def _words(text: str) -> Iterable[tuple[str, bool]]:
    """Each word outside quotes, and whether it begins a statement."""
    first = True
    for match in _TOKEN.finditer(text):
        if match["word"]:
            yield match["word"], first
        first = match["mark"] in _ENDS if match["mark"] else False


def tokens(text: str, known: Lexicon) -> list[str]:
    """`text` as tokens: words in lower case but for names, contractions spelt out, statements parted by `SEP`."""
    text = text.translate(_TYPOGRAPHIC)
    ranges = bool(_RANGE.search(text))
    out: list[str] = []
    first = True
    for match in _TOKEN.finditer(text):
        token = match[0]
        if match["word"]:
            out += _spelt(_lowered(token, known) if first else token)
        elif match["mark"] and token in _FOLDED and not (ranges and token == _DASH):
            out.append(token if known.listed and token != _DASH else SEP)
        else:
            out.append(token)
        first = match["mark"] in _ENDS if match["mark"] else False
    return out


def _lowered(word: str, known: Lexicon) -> str:
    """A word that begins a statement, without the capital that it owes to that."""
    if word in known.capitals or word[1:] != word[1:].lower() or (len(word) == 1 and word not in "AI"):
        return word
    return word[:1].lower() + word[1:]


_SHORT = {"can't": ("cannot",), "won't": ("will", "not"), "let's": ("let", "us")}
_HELPING = "is are was were do does did has have had would could should"
_HELPERS = frozenset(_HELPING.split())


def _spelt(word: str) -> tuple[str, ...]:
    """`does not` for `doesn't`, `it is` for `it's`."""
    if word in _SHORT:
        return _SHORT[word]
    if word.endswith("n't") and word[:-3] in _HELPERS:
        return word[:-3], "not"
    if word.endswith("'s") and word[:-2] in ("it", "that", "there"):
        return word[:-2], "is"
    return (word,)
