"""A text as words: folded for comparison, cut into tokens and sentences. Worked out once for each text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, ParamSpec, TypeVar

_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u00ab": '"', "\u00bb": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-",
        "\u2212": "-", "\u00ad": None, "\u200b": None, "\ufeff": None,
    }
)  # fmt: skip
_TOKEN = re.compile(
    r"[^\W\d_]+(?:'[^\W\d_]+)?(?:\d\w*)?"  # a word: first, since most are
    r"|(?:(?<![\w.)])-)?(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![^\W_])|-?(?<![\w.])\.\d+"  # a number
    r"|\w+|[^\w\s]"  # a code, a mark
)
_ENDS = frozenset(".?!")
_MAY_END = _ENDS | {":"}
_SHORT = frozenset(("vs", "dr", "mr", "mrs", "ms", "st", "fig", "approx", "g", "e", "i"))
_OPENS_QUESTION = frozenset(
    ("Would", "Will", "Could", "Does", "Did", "Do", "Is", "Are", "Was", "Were", "What", "Which", "How", "Can", "Should")
)


@cache
def words(text: str) -> frozenset[str]:
    """The words of a short list, as lexicons are written. Cached, since some stand where they are used."""
    return frozenset(text.split())


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """`text` as it is compared: white space, case, typographic quotes and dashes do not count."""
    return " ".join((text if text.isascii() else _plain(text)).split()).casefold()


def _plain(text: str) -> str:
    """`text` with straight quotes and dashes; as it is, where it is ASCII, which is most of the time."""
    return text if text.isascii() else unicodedata.normalize("NFC", text).translate(_TYPOGRAPHIC)


class Token(NamedTuple):
    """One word, number or mark. A tuple, which is the cheapest value to make: a text has hundreds.

    Attributes:
        text: as written.
        word: lower case.
        stem: the word without its usual endings; what mentions are compared by.
        start, end: where it stands in `Scan.text`.
        sentence: the number of its sentence.
    """

    text: str
    word: str
    stem: str
    start: int
    end: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: the tokens `first` to `last - 1`."""

    index: int
    first: int
    last: int
    text: str
    question: bool


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """A text with its tokens and sentences. `text` has straight quotes and dashes, otherwise as it was given.

    One is equal to itself only: `scan` gives the same one for the same text, and comparing tokens would cost time.
    """

    text: str
    folded: str
    tokens: tuple[Token, ...]
    sentences: tuple[Sentence, ...]

    def of(self, sentence: Sentence) -> tuple[Token, ...]:
        """The tokens of one sentence."""
        return self.tokens[sentence.first : sentence.last]


P = ParamSpec("P")
T = TypeVar("T")


def remembered(work: Callable[P, T]) -> Callable[P, T]:
    """`work`, with its last results kept: first by the identity of the arguments, then by value.

    Every check asks the same of the same text and variables, and hashing the variables of a Problem takes longer than
    most of the work. What is known by identity keeps its arguments alive, so that no other can take their place.
    """
    by_value = lru_cache(maxsize=64)(work)
    known: dict[tuple[int, ...], tuple[tuple[object, ...], T]] = {}

    def recall(*args: P.args, **kwargs: P.kwargs) -> T:
        key = tuple(map(id, args))
        kept = known.get(key)
        if kept is not None:
            return kept[1]
        found = by_value(*args, **kwargs)
        if len(known) >= _MOST_KEPT:
            known.clear()
        known[key] = (args, found)
        return found

    return recall


_MOST_KEPT = 64
"""Few: one question is looked at before the next, and the garbage collector goes through all that is kept."""


@lru_cache(maxsize=256)
def spoken_in(text: Scan, sentence: int) -> frozenset[str]:
    """The words of one sentence. Cached, since most checks ask which words it has."""
    return frozenset([token.word for token in text.of(text.sentences[sentence])])


@lru_cache(maxsize=128)
def folded_sentences(text: Scan) -> tuple[str, ...]:
    """The sentences as they are compared."""
    return tuple([fold(sentence.text) for sentence in text.sentences])


def pieces(text: str) -> list[str]:
    """The texts of the tokens of `text`."""
    return _TOKEN.findall(_plain(text).replace("_", " "))


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a short text such as a name; its sentences are not looked for where it is one word."""
    if not (text.isascii() and text.isalpha()):
        return scan(text).tokens
    word = text.casefold()
    return (Token(text, word, stem(word), 0, len(text), 0),)


@lru_cache(maxsize=128)
def scan(text: str) -> Scan:
    """`text`, cut up. Cached, since every check looks at the same text, and repairs come back to it."""
    if text.isascii() and text.isalpha():  # as most names are
        return Scan(text, text.casefold(), tokens_of(text), (Sentence(0, 0, 1, text, question=False),))
    plain = _plain(text).replace("_", " ")
    found = [(match[0], *match.span()) for match in _TOKEN.finditer(plain)]
    tokens: list[Token] = []
    sentences: list[Sentence] = []
    for number, last in enumerate(_lasts(plain, found)):
        first = len(tokens)
        for piece, start, end in found[first : last + 1]:
            word = piece.casefold()
            tokens.append(Token(piece, word, stem(word), start, end, number))
        piece, _, end = found[last]
        body = plain[found[first][1] : end]
        sentences.append(Sentence(number, first, last + 1, " ".join(body.split()), piece == "?"))
    return Scan(plain, fold(text), tuple(tokens), tuple(sentences))


def _lasts(text: str, found: list[tuple[str, int, int]]) -> list[int]:
    """The places of the last tokens of sentences. Few tokens can end one: the rest are not looked at twice."""
    lines, final = "\n" in text, len(found) - 1
    lasts = [
        place
        for place in range(final)
        if (lines or found[place][0] in _MAY_END or found[place + 1][0] in _OPENS_QUESTION)
        and _ends(text, found, place)
    ]
    return [*lasts, final] if found else []


def _ends(text: str, found: list[tuple[str, int, int]], place: int) -> bool:
    """Whether a sentence ends with this token: a mark before white space, or a line break before a new start."""
    piece, start, end = found[place]
    following = found[place + 1]
    if piece in _ENDS:
        before = found[place - 1][0] if place and found[place - 1][2] == start else ""
        return following[1] > end and not (piece == "." and before.casefold() in _SHORT and before != before.upper())
    if following[0] in _OPENS_QUESTION and piece[0].isalnum():
        return True  # the full stop before a question is often lost
    if piece == ":" and following[0][:1].isupper():
        return place > 6 and not any(one[0] in _ENDS for one in found[place - 6 : place])  # after a long opening
    between = text[end : following[1]]
    return "\n" in between and (following[0][:1].isupper() or between.count("\n") > 1)


_ENDINGS = (
    "ations", "ation", "ating", "ated", "ates", "ate", "ments", "ment", "nesses", "ness", "ings", "ing",
    "ions", "ion",
    "ities", "ity", "eries", "ery", "isms", "ism", "ists", "ist", "encies", "ency", "ences", "ence", "ents",
    "ent", "ances", "ance", "ants", "ant", "ers", "ors", "ies", "ied", "ed", "er", "or", "ly", "es", "al",
    "e", "s", "y",
)  # fmt: skip


_IRREGULAR = {
    form: base
    for base, forms in {
        "drink": "drank drunk", "eat": "ate eaten", "write": "wrote written", "run": "ran",
        "sleep": "slept", "win": "won",
        "lose": "lost", "break": "broke broken", "fall": "fell fallen", "rise": "rose risen",
        "die": "died dead death dying",
        "grow": "grew grown", "choose": "chose chosen", "drive": "drove driven", "pay": "paid", "buy": "bought",
        "teach": "taught", "catch": "caught", "throw": "threw thrown", "freeze": "froze frozen", "sell": "sold",
        "feed": "fed", "shoot": "shot", "build": "built", "speak": "spoke spoken", "man": "men",
        "woman": "women",
        "child": "children", "mouse": "mice", "blow": "blew blown", "swim": "swam swum",
        "wear": "wore worn", "ring": "rang rung", "sink": "sank sunk", "burn": "burnt", "steal": "stole stolen",
    }.items()
    for form in forms.split()
}  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """`word` without its usual endings: light, so that "vaccinated" and "vaccination" meet."""
    bare = word.removesuffix("'s").replace("'", "")
    bare = _IRREGULAR.get(bare, bare)
    if not bare.isalpha() or len(bare) < 4:
        return bare
    if len(bare) == 4:
        return _single(bare.removesuffix("s") if not bare.endswith("ss") else bare)
    for ending in _ENDINGS if bare.endswith(_ENDINGS) else ():
        if bare.endswith(ending) and len(bare) - len(ending) >= (4 if _leaves_four(ending) else 3):
            bare = bare[: -len(ending)]
            if ending in ("ed", "ing") and len(bare) > 4:
                bare = stem(bare)  # "recovered" as "recover"
            break
    return _single(bare[:-1] if len(bare) > 3 and bare[-1] in "eiy" else bare)


def _leaves_four(ending: str) -> bool:
    """Whether an ending is one only behind four letters or more: "treated" has "treat", not "tre"."""
    if ending.startswith("at") or ending in ("ery", "eries", "ist", "ism", "ists", "isms"):
        return True
    return "n" in ending and ending != "ing"


def _single(bare: str) -> str:
    """Without the second of two last consonants: "tann" as "tan"."""
    return bare[:-1] if len(bare) > 3 and bare[-1] == bare[-2] and bare[-1] not in "aeiou" else bare
