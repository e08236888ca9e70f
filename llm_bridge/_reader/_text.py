"""Text to sentences: phrases of words and commas separated by single blanks, so that patterns stay short."""

from __future__ import annotations

import re
from typing import NamedTuple

from ._lemma import VERBS, lemma, words
from ._story import Unreadable, quoted

MAX_WORDS = 120
"""Longest sentence that is read; keeps the time for a sentence bounded."""

_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "–": "-", "—": ",", "\u00a0": " "})
_TOKEN = re.compile(
    r"\d{1,3}(?:,\d{3})+(?![\d,])|\d+\s?/\s?\d+|\d*\.?\d+\s?%?|[^\W\d_]+(?:['-][^\W_]+)*'?|[.?!;:,]|\n\s*(?:[-*•]"
    r"|\(?\d+[.)])?|\S"
)
_CONTRACTIONS = {
    "won't": "will not", "can't": "can not", "cannot": "can not", "shan't": "shall not", "it's": "it is",
    "that's": "that is", "what's": "what is", "there's": "there is", "let's": "let us", "isn't": "is not",
    "noone": "nobody", "no-one": "nobody", "someone": "somebody", "anyone": "somebody", "anybody": "somebody",
}  # fmt: skip
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "st", "prof"})
_NAME_FOLLOWS = words(
    """and or is are was were does did do has had will would not alone together happens occurs happened occurred to
    nor cause causes caused leads lead results triggers trigger makes make prevents prevent stops stop
    brings produces"""
)


_WEATHER = frozenset({"rain", "snow", "hail", "frost", "fog", "wind", "storm", "thunder", "lightning"})
_FUNCTION_WORDS = words("""if when unless either neither both without with it there would had is was did does no not""")


_BEGINNINGS = words(
    """if when whenever unless without either neither both the there we would what how did does was is are were will had
    suppose assume given in it of among rules rule facts question observation every once provided"""
)


class Sentence(NamedTuple):
    """One sentence as a phrase, its end mark, and how it stands in the text."""

    phrase: str
    mark: str
    words: str


def sentences(text: str) -> list[Sentence]:
    """The sentences of `text`.

    Raises:
        Unreadable: a sentence that is too long, or signs that no pattern knows.
    """
    out: list[Sentence] = []
    tokens: list[str] = []
    first = last = 0
    clean = _even(text.translate(_QUOTES))
    matches = list(_TOKEN.finditer(clean))
    for i, match in enumerate(matches):
        token = match[0]
        following = matches[i + 1][0] if i + 1 < len(matches) else ""
        if _ends(token, tokens, following):
            if tokens:
                out.append(_sentence(tokens, token, text[first:last]))
            tokens = []
            continue
        if token.startswith("\n") or (token == "." and tokens):
            continue
        if not tokens:
            first = match.start()
        last = match.end()
        tokens += _words(token, initial=not tokens, following=following)
    if tokens:
        out.append(_sentence(tokens, "", text[first:last]))
    return _without_capitals(out)


_LEADING_MARK = re.compile(r"^\s*(?:\(?\d+[.)]|[-*•])(?=\s)")
_DASH = re.compile(r"(?<=[^\s\d])([ \t]+)--?(?=[ \t])")
_N, _X = r"\d{1,15}", r"\d{1,15}(?:\.\d{1,15})?"
# Without a look behind, every digit of a long number would be tried as the first.
_SHARE = re.compile(rf"(?<![\d.])(?:({_X}) ?% \(({_N}) (?:out )?of ({_N})\)|({_N}) (?:out )?of ({_N}) \(({_X}) ?%\))")


def _even(text: str) -> str:
    """`text`, as long as before, with signs that only set things off as commas or blanks."""
    text = _LEADING_MARK.sub(lambda m: " " * len(m[0]), text)
    text = _DASH.sub(lambda m: f"{m[1]},".ljust(len(m[0])), text)
    text = re.sub(r"\band/or\b", "or    ", text)
    return _SHARE.sub(_one_share, text)


def _one_share(match: re.Match[str]) -> str:
    """`93% (81 of 87)` is 81 of 87, where the two agree."""
    percent, part, whole = match[1] or match[6], int(match[2] or match[4]), int(match[3] or match[5])
    unit = 10.0 ** -len(percent.partition(".")[2])
    agrees = whole > 0 and abs(100 * part / whole - float(percent)) <= 0.51 * unit
    return f"{part} of {whole}".ljust(len(match[0])) if agrees else match[0]


def _without_capitals(found: list[Sentence]) -> list[Sentence]:
    """Sentences whose first word loses the capital that only its place gave it."""
    inside = {word for s in found for word in s.phrase.split()[1:]}
    lemmas = {lemma(word) for word in inside if word.islower()}
    out: list[Sentence] = []
    for sentence in found:
        first, _, rest = sentence.phrase.partition(" ")
        low = first.lower()
        common = lemma(low) in lemmas or lemma(low) in VERBS or lemma(low) in _WEATHER or low in _FUNCTION_WORDS
        if first[:1].isupper() and len(first) > 1 and first not in inside and common:
            sentence = sentence._replace(phrase=f"{low} {rest}".strip())
        out.append(sentence)
    return out


def _ends(token: str, tokens: list[str], following: str) -> bool:
    if token == ".":
        return not (tokens and tokens[-1].lower() in _TITLES)
    if token.startswith("\n"):
        # A new line ends a sentence when an empty line, a bullet or a word that can only begin a sentence follows; a
        # name may as well stand there because the text was wrapped.
        begins = following[:1].isupper() and following.lower() in _BEGINNINGS
        return token.count("\n") > 1 or len(token.strip()) > 0 or begins
    return token in ("?", "!", ";", ":")


def _words(token: str, *, initial: bool, following: str) -> list[str]:
    low = token.lower()
    if low in _CONTRACTIONS:
        return _CONTRACTIONS[low].split()
    if low.endswith("n't") and len(low) > 3:
        return [token[:-3], "not"]
    if low.endswith("'ll"):
        return [token[:-3], "will"]
    if token == "A" and initial and following.lower() not in _NAME_FOLLOWS and following != ",":
        return ["a"]
    if low == "there" or (initial and low in ("the", "an")):
        return [low]
    return [re.sub(r"\s+", "", token)]


def _sentence(tokens: list[str], mark: str, words: str) -> Sentence:
    if len(tokens) > MAX_WORDS:
        raise Unreadable(
            f"A sentence of {len(tokens)} words, beginning {quoted(words, 60)}; at most {MAX_WORDS} are read. Split it."
        )
    strange = [t for t in tokens if not (t[0].isalnum() or t == "," or (t[0] == "." and len(t) > 1))]
    if strange:
        raise Unreadable(
            f"The sign {strange[0]!r} in {quoted(words)} has no meaning here. Leave it out, in plain words."
        )
    return Sentence(" ".join(tokens).strip(" ,"), mark, " ".join(words.split()))
